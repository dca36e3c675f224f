"""A Chebyshev polynomial on a few points: the smallest task that shows the edge."""

from __future__ import annotations

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...runs.limits import check_count
from .targets import Array

MOST = 10**6


def chebyshev_data(degree: int = 5, examples: int = 20) -> tuple[Array, Array]:
    """A Chebyshev polynomial on equally spaced points of ``[-1, 1]``.

    Args:
        degree: degree of the polynomial.
        examples: number of points, at least 2.

    Returns:
        Inputs ``(N, 1)`` and targets ``(N, 1)``.

    Raises:
        DomainError: a degree below 1 or fewer than 2 points.

    Source:
        Cohen et al. 2021, toy regression tasks.

    Example:
        >>> inputs, targets = es.networks.chebyshev_data(degree=2, examples=3)
        >>> targets.round(12).ravel().tolist()
        [1.0, -1.0, 1.0]
    """
    where = "chebyshev_data()"
    check_count(where, "degree", degree)
    if check_count(where, "examples", examples, 2) > MOST:
        raise DomainError.of(where, f"at most {MOST} examples", examples, "That many points of an interval are enough.")
    x = np.linspace(-1, 1, examples)[:, None]
    return x, np.cos(degree * np.arccos(x))
