"""What long runs share: work in chunks, here or on a cluster, results in files, one style of figures."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
