"""Derivation logs: the equations of an appendix, each step checked by exact algebra before it is written.

Here: the log and its checks. Not here: the log of a particular object, which stands beside the object.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
