"""Exact mathematics: every formula of edgestab as an object that code, LaTeX, certificates and proofs are made from.

Here: what is true for all numbers, in exact rational arithmetic. Not here: floats, files, printing, plots, claims.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
