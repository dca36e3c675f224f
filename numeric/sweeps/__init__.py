"""Sweeps: millions of orbits over grids of epsilon, step size and starts, without storing their paths.

Here: grids, chunks, resumption, phase diagrams, spot checks. Not here: high precision, which single orbits have.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
