"""Trapping regions of Theorem 1: the Lyapunov function, barriers, strips about the slow curve, starts."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
