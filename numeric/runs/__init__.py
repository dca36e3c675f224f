"""What long runs share: how a run ended, work in chunks here or on a cluster, results in files, the style of figures.

Here: what any room may need for a run. Not here: what is run.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
