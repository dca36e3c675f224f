"""Single orbits of an exact map: simulation at any precision, where they end, limits predicted and resummed.

Here: one start at a time, with trusted digits or an enclosure. Not here: millions of starts (sweeps).
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
