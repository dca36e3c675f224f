"""Handwritten digits of 8 by 8 pixels that come with scikit-learn."""

from __future__ import annotations

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...runs.limits import check_count, check_seed
from .targets import Array, one_hot


def digits_data(examples: int = 200, seed: int = 0) -> tuple[Array, Array]:
    """Handwritten digits of scikit-learn, centred and scaled to unit mean square, with one-hot targets.

    Args:
        examples: number of examples, drawn without replacement.
        seed: seed of the draw.

    Returns:
        Inputs ``(N, 64)`` and targets ``(N, 10)``.

    Raises:
        DomainError: scikit-learn is not installed, or on a count out of range.

    Source:
        Alpaydin and Kaynak 1998, as shipped with scikit-learn.

    Example:
        >>> [a.shape for a in es.networks.digits_data(examples=30)]
        [(30, 64), (30, 10)]
    """
    count, seed = check_count("digits_data()", "examples", examples), check_seed("digits_data()", seed)
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        raise DomainError.of(
            "digits_data()", "scikit-learn", "no such package", "Install it: pip install 'edgestab[digits]'."
        ) from error
    images, labels = load_digits(return_X_y=True)
    if count > len(images):
        raise DomainError.of("digits_data()", f"1 to {len(images)} examples", examples, "Choose fewer.")
    chosen = np.random.default_rng(seed).choice(len(images), count, replace=False)
    x = images[chosen] - images[chosen].mean(axis=0)
    return x / np.sqrt(np.mean(x**2)), one_hot("digits_data()", labels[chosen], 10)
