"""Small tanh networks trained by full-batch gradient descent, with their curvature at every step.

Here: the network that the poster sets beside the model. Not here: anything that the model itself needs.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
