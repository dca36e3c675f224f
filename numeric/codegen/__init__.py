"""Generated kernels: exact maps -> one straight-line program -> many number types.

``schedule_program(map)`` finds coordinates and an operation-minimal program; the targets turn it into code.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
