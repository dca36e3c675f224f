"""Maps of the plane near the edge, and all that follows from one.

Here: the one map object, its nullcline, two-step recurrence, slow manifold, limit series, limit law, line of minima.
Not here: where a map comes from (models), regions that trap its orbits (trapping), numbers.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
