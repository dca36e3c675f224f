"""Exact algebra that knows no model: symbols, polynomials, quotients, truncated series, a safe reader of formulas."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
