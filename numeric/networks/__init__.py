"""Any model with its data and loss, from JAX or PyTorch: measured with bounds, watched in training, predicted.

Here: sources of derivatives, curvature, step rules and runs, predictions beside them. Not here: exact derivations, of
which the edges and flows of optimisers come from below.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
