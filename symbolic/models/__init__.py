"""Where maps come from: the quadratic regression model, a loss of the user's own, the literature."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
