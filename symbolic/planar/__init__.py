"""Maps of the plane near the edge, and all that follows from one: nullcline, two steps, slow manifold, limits."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
