"""Whether derivatives of a model are those of the model: products against differences of the order below.

Some operations of PyTorch have derivatives that are wrong in silence (see ``torch_norms``), and an operation of the
user's own may have. So the first Hessian product and the first third derivative are compared once, on a few examples in
float64, with what differences of gradients and of Hessian products give.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .backend import Array, Derivatives

STEP = 1e-5
TOLERANCE = 1e-3
"""Far above the error of the differences, about 1e-9, and far below that of a wrong derivative."""
TRIES = 3


def agrees(at: Callable[[Array], Derivatives], start: Array, name: str) -> bool:
    """Compare a product with a difference quotient, along up to three random directions with ever smaller steps.

    One direction that agrees is enough: a step across a kink (ReLU) spoils a difference, but hardly three of them.

    Args:
        at: derivatives at a point, in float64.
        start: where.
        name: ``"hessian"`` or ``"third"``.

    Returns:
        Whether they agree to 1e-3.
    """
    rng = np.random.default_rng(0)
    here = at(start)
    for attempt in range(TRIES):
        u, v = rng.standard_normal((2, len(start)))
        v /= np.linalg.norm(v)
        step = STEP / 10**attempt
        ends = [at(start + sign * step * v) for sign in (1, -1)]
        if name == "hessian":
            found = here.hessian_product(v[:, None])[:, 0]
            below = [end.gradient() for end in ends]
        else:
            found = here.third_product(u, v)
            below = [end.hessian_product(u[:, None])[:, 0] for end in ends]
        expected = (below[0] - below[1]) / (2 * step)
        # a derivative that vanishes is measured against rounding of the order below
        scale = np.abs(expected).max() + 1e-12 * np.abs(below[0]).max() / step
        if np.abs(found - expected).max() <= TOLERANCE * scale:
            return True
    return False
