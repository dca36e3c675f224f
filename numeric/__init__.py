"""Numbers: generated kernels, precision, simulation, ensembles, plots. Knows no claim."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
