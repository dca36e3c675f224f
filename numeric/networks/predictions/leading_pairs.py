"""Eigenpairs at the edge, in the metric of a diagonal preconditioner: ``H u = s P u`` with ``u' P u = 1``."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ..backends.backend import Array
from ..point import Point

DENSE = 150
"""Up to this many parameters the matrix is diagonalised densely: that costs fewer milliseconds than a search."""


class Pairs(NamedTuple):
    """Largest eigenvalues of a preconditioned Hessian; the edge is at 2.

    Attributes:
        values: s, descending, shape ``(k,)``.
        vectors: u, shape ``(P, k)``, ``U' P U`` the identity.
    """

    values: Array
    vectors: Array


def leading_pairs(point: Point, metric: Array, k: int, start: Array | None = None) -> Pairs:
    """The k largest eigenvalues of ``P^(-1/2) H P^(-1/2)``.

    Args:
        point: where.
        metric: the diagonal of P, positive, shape ``(P,)``.
        k: how many.
        start: vectors u of a nearby point, shape ``(P, k)``, to begin the search at.

    Returns:
        The pairs.

    Raises:
        DomainError: k above the number of parameters.
    """
    size = len(metric)
    if not 1 <= k <= size:
        raise DomainError.of("leading_pairs()", f"1 to {size} eigenvalues", k, "Ask for fewer.")
    root = 1 / np.sqrt(metric)[:, None]

    def multiply(vectors: Array) -> Array:
        columns = vectors.reshape(size, -1)
        return np.asarray(root * (point.hessian @ (root * columns)), dtype=np.float64)

    if size <= DENSE:
        matrix = multiply(np.eye(size))
        values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    else:
        from scipy.sparse.linalg import LinearOperator, eigsh

        operator = LinearOperator((size, size), matvec=multiply, matmat=multiply, dtype=np.float64)
        begin = np.ones(size) if start is None else (start / root).sum(axis=1)
        values, vectors = eigsh(
            operator, k=k, which="LA", v0=begin + 1e-3 * np.linalg.norm(begin) / np.sqrt(size), tol=1e-7
        )
    order = np.argsort(values)[::-1][:k]
    return Pairs(values[order], root * vectors[:, order])
