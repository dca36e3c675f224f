"""Top eigenvalues of one curvature along a run, each measurement started from the one before."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..point import Curvature

Array = np.ndarray[Any, np.dtype[Any]]
DENSE = 64
"""Up to this size a matrix is diagonalised whole."""


class Spectrum:
    """Follows the k largest eigenvalues of one curvature."""

    def __init__(self, k: int, tolerance: float) -> None:
        self.k, self.tolerance = k, tolerance
        self.vectors: Array | None = None

    def measure(self, curvature: Curvature) -> tuple[Array, Array, Array]:
        """Eigenvalues, largest first, their residual bounds, and the vectors."""
        from scipy.sparse.linalg import eigsh

        if curvature.size <= max(DENSE, self.k + 1):
            values, vectors = np.linalg.eigh(curvature.dense().astype(np.float64))
        else:
            begin = np.ones(curvature.size) if self.vectors is None else self.vectors.sum(axis=1)
            values, vectors = eigsh(curvature.as_scipy(), k=self.k, which="LA", v0=begin, tol=self.tolerance)
        order = np.argsort(values)[::-1][: self.k]
        values, vectors = values[order], vectors[:, order]
        self.vectors = vectors
        rest = curvature @ vectors.astype(curvature.dtype) - values * vectors
        return values, np.linalg.norm(rest, axis=0), vectors

    def state(self) -> dict[str, Array]:
        """What the next measurement starts from."""
        return {} if self.vectors is None else {"vectors": self.vectors}

    def restore(self, state: dict[str, Array]) -> None:
        """Start the next measurement from a state that was kept."""
        self.vectors = state.get("vectors")


def preconditioned(curvature: Curvature, diagonal: Array) -> Curvature:
    """The matrix ``D^(-1/2) H D^(-1/2)``."""
    root = 1 / np.sqrt(diagonal)[:, None]
    return Curvature("preconditioned", curvature.size, curvature.dtype, lambda v: root * (curvature @ (root * v)))
