"""A Chebyshev polynomial on a few points: the smallest task that shows the edge."""

from __future__ import annotations

import numpy as np

from ....symbolic.algebra.errors import DomainError
from .targets import Array


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
    if degree < 1 or examples < 2:
        raise DomainError.of("chebyshev_data()", "degree >= 1 and examples >= 2", (degree, examples), "Raise them.")
    x = np.linspace(-1, 1, examples)[:, None]
    return x, np.cos(degree * np.arccos(x))
