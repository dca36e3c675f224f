"""Exact algebra that knows no model: symbols, errors, polynomials, quotients, truncated series, a safe reader.

Here: the bridge to python-flint and SymPy, the one table of symbols, series with a stated remainder. Not here:
anything that knows what a residual or an edge is.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
