"""Curvatures with a known spectrum, for tests."""

from typing import Any

import numpy as np

from edgestab.numeric.networks.point import Curvature


def of_matrix(matrix: Any, dtype: str = "float64") -> Curvature:
    """A curvature that multiplies with a dense matrix; one in float32 knows its double."""
    dense = np.asarray(matrix, dtype=float)
    kept = dense.astype(dtype)
    return Curvature("test", len(dense), np.dtype(dtype), lambda v: kept @ v, lambda: of_matrix(dense))


def with_spectrum(values: Any, seed: int = 0, dtype: str = "float64") -> Curvature:
    """A curvature with these eigenvalues, in random directions."""
    size = len(values)
    turn, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))
    matrix = turn @ (np.asarray(values, dtype=float)[:, None] * turn.T)
    return of_matrix((matrix + matrix.T) / 2, dtype)


def diagonal(values: Any) -> Curvature:
    """A diagonal matrix, cheap at any size."""
    entries = np.asarray(values, dtype=float)[:, None]
    return Curvature("test", len(entries), np.dtype(float), lambda v: entries * v)
