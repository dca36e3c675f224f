"""What differentiates a model: JAX, PyTorch, or the closed formulas of the quadratic regression model.

Here: derivatives of one model at flat parameters, as NumPy arrays. Not here: what is measured or predicted from them.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
