"""Trapping regions of Theorem 1 and the sign conditions that make them invariant.

Here: the Lyapunov function, regions with their barriers, strips about the slow curve, sets of starts. Not here: whether
a condition holds on its box; that is judged by certificates and by Coq (proofs).
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
