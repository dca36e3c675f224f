"""Theorem 2: Gaussian index calculus, contracted by code, for the model with D outputs.

Here: expectations over z, J and Q at initialisation, exact at every size, and the ledger of conventions. Not here:
sampling, and moments by quadrature (numeric.initialisation).
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
