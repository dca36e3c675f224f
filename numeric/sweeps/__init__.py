"""Sweeps: millions of trajectories over grids of epsilon, step size and starts, without storing their paths."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
