"""Eigenpairs at the edge, in the metric of a diagonal preconditioner: ``H u = s P u`` with ``u' P u = 1``.

Along a flow the next point is near the last, and a step of the flow asks for the pairs three times: what counts is the
time of one call, not the number of products. So the vectors of the last call, and a few beside them, are multiplied as
one block, and the residuals of what is not good enough yet join the block until it is (Davidson's method without a
preconditioner, which is block Lanczos from a good start).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ..backends.backend import Array
from ..point import Point
from ..problem import Problem

DENSE = 64
"""Up to this many parameters the matrix is diagonalised densely, which takes no longer than a search."""

TOLERANCE = 1e-4
"""Bound of each eigenvalue, relative to the largest; the values are then good to about its square over their gap."""

GUARDS = 2
"""Pairs followed beside the wanted ones, so that what rises from below is there already when it passes them."""

SCOUT = 16
"""Calls between random vectors, which find what lies in none of the directions followed."""

WIDEST = 60
"""Columns of the block above which it is cut back to its best vectors."""

ROUNDS = 300
"""Rounds at most; one or two are usual, the first point takes some ten."""


class Pairs(NamedTuple):
    """Largest eigenvalues of a preconditioned Hessian; the edge is at 2.

    Attributes:
        values: s, descending, shape ``(k,)``; nan where the Hessian is not finite.
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
        self._k, self._kept = k, min(k + GUARDS, problem.dimension)
        self._last: Array | None = None
        self._calls = 0

    def at(self, point: Point, metric: Array) -> Pairs:
        """The pairs at the next point.

        Args:
            point: where.
            metric: the diagonal of P, positive, shape ``(P,)``.

        Returns:
            The pairs.
        """
        root, size = 1 / np.sqrt(metric)[:, None], len(metric)
        if size <= DENSE:
            matrix = _times(point, root, np.eye(size))
            if not np.isfinite(matrix).all():
                return self._unknown(root, size)
            values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
            values, vectors = values[::-1][: self._k], vectors[:, ::-1][:, : self._k]
            return Pairs(values, root * vectors, size)
        return self._search(point, root)

    def _search(self, point: Point, root: Array) -> Pairs:
        """The pairs from those of the last call."""
        basis, k = self._begin(len(root)), self._k
        images = _times(point, root, basis)
        products = basis.shape[1]
        for round_ in range(ROUNDS):
            if not np.isfinite(images).all():
                self._last = None
                return self._unknown(root, products)
            inner = basis.T @ images
            values, turn = np.linalg.eigh((inner + inner.T) / 2)
            values, turn = values[::-1], turn[:, ::-1]
            seen = turn[:, : self._kept]
            rest = images @ seen - (basis @ seen) * values[: self._kept]
            off = np.linalg.norm(rest, axis=0) > TOLERANCE * np.abs(values).max(initial=1e-300)
            # the guards are taken along once a call, however good the others are
            if not off[:k].any() and (round_ or not off.any()):
                break
            if basis.shape[1] > WIDEST:
                basis, images = basis @ seen, images @ seen
            new = _beside(basis, rest[:, off])
            if not new.shape[1]:
                break
            basis = np.concatenate([basis, new], 1)
            images = np.concatenate([images, _times(point, root, new)], 1)
            products += new.shape[1]
        vectors = basis @ turn[:, : self._kept]
        self._last = vectors
        return Pairs(values[:k], root * vectors[:, :k], products)

    def _begin(self, size: int) -> Array:
        """Where the search begins: the last vectors, now and then a random one, at first nothing else."""
        rng = np.random.default_rng(self._calls)
        self._calls += 1
        if self._last is None:
            return np.linalg.qr(rng.standard_normal((size, self._kept)))[0]
        parts = [self._last]
        if self._calls % SCOUT == 0 and self._kept < size:
            parts.append(rng.standard_normal((size, 1)))
        return np.linalg.qr(np.concatenate(parts, 1))[0]

    def _unknown(self, root: Array, products: int) -> Pairs:
        """What is said where the Hessian is not finite."""
        nothing = np.full((len(root), self._k), np.nan)
        return Pairs(np.full(self._k, np.nan), nothing, products)


def _times(point: Point, root: Array, vectors: Array) -> Array:
    """The preconditioned Hessian times columns."""
    return root * np.asarray(point.hessian @ (root * vectors), dtype=np.float64)


def _beside(basis: Array, vectors: Array) -> Array:
    """Orthonormal columns that add to a basis what the vectors have beside it."""
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=0), 1e-300)
    for _ in range(2):
        vectors = vectors - basis @ (basis.T @ vectors)
    found, upper = np.linalg.qr(vectors)
    found = found[:, np.abs(np.diag(upper)) > 1e-10]
    return np.asarray(found - basis @ (basis.T @ found))
