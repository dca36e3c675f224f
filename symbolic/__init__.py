"""Exact mathematics: models, maps, truncated series, recurrences. No floats, no input or output."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
