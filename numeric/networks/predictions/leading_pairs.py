"""Eigenpairs at the edge, in the metric of a diagonal preconditioner: ``H u = s P u`` with ``u' P u = 1``."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ..backends.backend import Array
from ..curvature.tracker import SpectrumTracker
from ..point import Curvature, Point
from ..problem import Problem

DENSE = 64
"""Up to this many parameters the matrix is diagonalised densely, which takes no longer than a search."""

TOLERANCE = 1e-4
"""Bound of each eigenvalue, relative to the largest; the values are then good to about its square over their gap."""


class Pairs(NamedTuple):
    """Largest eigenvalues of a preconditioned Hessian; the edge is at 2.

    Attributes:
        values: s, descending, shape ``(k,)``.
        vectors: u, shape ``(P, k)``, ``U' P U`` the identity.
        products: Hessian products this took.
    """

    values: Array
    vectors: Array
    products: int


class LeadingPairs:
    """The k largest eigenvalues of ``P^(-1/2) H P^(-1/2)`` along a path of points, each begun from those before."""

    def __init__(self, problem: Problem, k: int) -> None:
        """Set up; nothing is computed yet.

        Args:
            problem: whose Hessian.
            k: how many.

        Raises:
            DomainError: k above the number of parameters, or below 1.
        """
        if not 1 <= k <= problem.dimension:
            got = f"{k} eigenvalues"
            raise DomainError.of("LeadingPairs()", f"1 to {problem.dimension} eigenvalues", got, "Ask for fewer.")
        self._k, self._root = k, np.ones((problem.dimension, 1))
        self._tracker = SpectrumTracker(problem, k, of=self._scaled, tolerance=TOLERANCE)

    def _scaled(self, point: Point) -> Curvature:
        """The preconditioned Hessian in the metric of the moment."""
        root = self._root
        return Curvature(
            "preconditioned",
            len(root),
            np.dtype(np.float64),
            lambda vectors: root * np.asarray(point.hessian @ (root * vectors), dtype=np.float64),
        )

    def at(self, point: Point, metric: Array) -> Pairs:
        """The pairs at the next point.

        Args:
            point: where.
            metric: the diagonal of P, positive, shape ``(P,)``.

        Returns:
            The pairs.
        """
        self._root = 1 / np.sqrt(metric)[:, None]
        size = len(metric)
        if size <= DENSE:
            matrix = self._scaled(point).dense()
            values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
            values, vectors = values[::-1][: self._k], vectors[:, ::-1][:, : self._k]
            return Pairs(values, self._root * vectors, size)
        found = self._tracker.measure_at(point)
        return Pairs(found.values, self._root * found.vectors, found.products)
