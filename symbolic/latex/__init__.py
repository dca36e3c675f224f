"""LaTeX that people paste: printing, line breaking, whole documents, and reading back.

Here: how any equation is typeset and read. Not here: which equations an object consists of; the object says that.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
