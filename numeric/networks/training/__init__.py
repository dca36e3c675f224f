"""Training runs that are watched: step rules, a monitor for any loop, checkpoints, the records of a run, its figure.

Here: how parameters move and what is written down on the way. Not here: how curvature is computed (curvature).
"""
