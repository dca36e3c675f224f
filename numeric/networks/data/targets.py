"""What every data set shares: labels as one-hot targets, inputs as rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError

Array = np.ndarray[Any, np.dtype[Any]]


def one_hot(where: str, labels: Array, classes: int | None = None) -> Array:
    """Labels as targets for both losses: rows of the identity matrix, probabilities of one class each.

    Args:
        where: for the message.
        labels: integers of at least 0, shape ``(N,)``.
        classes: number of classes; one more than the largest label by default.

    Returns:
        Shape ``(N, classes)``, float64.

    Raises:
        DomainError: a label is negative or too large.
    """
    least, most = int(labels.min()), int(labels.max())
    count = max(most + 1, 2) if classes is None else classes
    if least < 0 or most >= count:
        raise DomainError.of(where, f"labels 0 to {count - 1}", f"{least} to {most}", "Number the classes from 0.")
    return np.eye(count)[labels]
