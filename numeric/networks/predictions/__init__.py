"""What is predicted to happen at the edge, beside what happened.

Here: central flow, two steps in the top eigendirection, self-stabilisation and the second-order Taylor model of any
problem, each with the number of steps for which it holds. Not here: curvature itself, and training loops of the user.
"""
