"""Theorem 2 by numbers: the random model at initialisation, its laws, samplers and moments.

Here: one instant, the start of training. Not here: the motion afterwards (regression).
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
