"""The quadratic regression model with D outputs and P parameters, from initialisation to convergence.

Here: descent, gradient flow, spectra, NTK eigenvalues at convergence, descent at infinite size. Not here: the exact
planar map of one output, which orbits and sweeps run.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
