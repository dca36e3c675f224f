"""Numbers made from exact objects: generated kernels, orbits, sweeps, random models, networks, figures.

Here: what is computed, with its error stated. Not here: formulas typed by hand, and claims.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
