"""Generated kernels: exact maps become one straight-line program, and that program code in many number types.

Here: coordinates, search and proof of programs, and the targets. Not here: starts, stopping, and what orbits mean.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
