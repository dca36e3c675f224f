"""The quadratic regression model with D outputs and P parameters: ensembles, descent, flow, spectra."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
