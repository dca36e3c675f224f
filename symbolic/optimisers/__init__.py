"""Optimisers as data, and where each loses stability.

Here: an optimiser as a linear filter with look-ahead or ascent, the curvature of its edge by exact root location, the
slow manifold at that edge. Not here: what a model makes of an optimiser (models), numbers.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
