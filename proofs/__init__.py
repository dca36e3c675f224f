"""Claims as data, their checks, certificates, proofs and reports.

Here: what edgestab asserts and how each assertion is judged. Not here: derivations and numbers, which stand below.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
