"""Where maps come from: the quadratic regression model, a loss of the user's own, the literature.

Here: losses, their gradient steps, closed coordinates, gradient flow, self-stabilisation, and the hypotheses that each
derivation rests on. Not here: what follows from a map once it is closed (planar).
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
