"""Rayleigh and Ritz on a growing subspace, and the low-rank model of a matrix that its past products teach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ..backends.backend import Array
from ..point import Curvature
from .frame import deeper

DEPENDENT = 1e-7
"""A candidate that keeps less than this of its length beside the subspace brings nothing new."""

FAINT = 1e-10
"""Squared share of a unit vector beside a block below which there is nothing of it but rounding."""

FLOOR = 0.05
"""Share of the eigenvalue below which a denominator of a correction is not let fall."""


def chosen_ends(count: int, k: int, ends: str) -> Array:
    """Which of ``count`` values in descending order are wanted.

    Args:
        count: how many there are.
        k: how many at each end.
        ends: ``"largest"``, ``"smallest"`` or ``"both"``.

    Returns:
        Their places, ascending.
    """
    low = k if ends != "smallest" else 0
    high = k if ends != "largest" else 0
    places = np.arange(count)
    return places if low + high >= count else places[(places < low) | (places >= count - high)]


def new_directions(basis: Array, candidates: Array) -> Array:
    """What candidates add to an orthonormal basis, as orthonormal columns; those that add nothing are dropped.

    Args:
        basis: shape ``(n, m)``.
        candidates: shape ``(n, c)``.

    Returns:
        Shape ``(n, at most c)``.
    """
    lengths = np.linalg.norm(candidates, axis=0)
    rest = candidates[:, lengths > 0] / lengths[lengths > 0]
    for _ in range(2):
        rest = rest - basis @ (basis.T @ rest)
    kept: list[Array] = []
    for column in rest.T:
        direction = column
        for _ in range(2):
            for earlier in kept:
                direction = direction - earlier * (earlier @ direction)
        length = float(np.linalg.norm(direction))
        if length > DEPENDENT:
            direction = direction / length
            direction = direction - basis @ (basis.T @ direction)
            kept.append(direction / np.linalg.norm(direction))
    return np.stack(kept, 1) if kept else np.zeros((len(candidates), 0))


@dataclass(frozen=True, eq=False)
class Ritz:
    """Ritz pairs of a subspace, values in descending order.

    Attributes:
        values: all of them, shape ``(m,)``.
        chosen: places of the wanted ones.
        vectors: wanted vectors, shape ``(n, c)``.
        images: their products, shape ``(n, c)``.
    """

    values: Array
    chosen: Array
    vectors: Array
    images: Array

    @property
    def wanted(self) -> Array:
        """The wanted values."""
        return self.values[self.chosen]

    @property
    def residuals(self) -> Array:
        """``A x - theta x`` of the wanted ones."""
        return np.asarray(self.images - self.vectors * self.wanted)


class Search:
    """A subspace S with the products of its basis, which grows until the wanted Ritz pairs are good enough.

    Attributes:
        curvature: the matrix.
        basis: orthonormal columns S, float64.
        images: the products.
        small: ``S'AS``, symmetrised.
        scale: the largest Ritz value in size so far: what tolerances are relative to.
    """

    def __init__(self, curvature: Curvature) -> None:
        """Begin with nothing.

        Args:
            curvature: the matrix.
        """
        self.curvature = curvature
        self.basis = np.zeros((curvature.rows, 0))
        self.images = np.zeros((curvature.rows, 0))
        self.small = np.zeros((0, 0))
        self.scale = 0.0
        self._found: dict[tuple[int, str], Ritz] = {}

    def restart(self) -> None:
        """Forget the subspace, but not the scale."""
        self.basis, self.images = self.basis[:, :0], self.images[:, :0]
        self.small = np.zeros((0, 0))
        self._found = {}

    def grow(self, candidates: Array) -> int:
        """Add what candidates bring.

        Args:
            candidates: shape ``(n, c)``.

        Returns:
            By how much the dimension grew.
        """
        self._deepen(len(candidates))
        self._found = {}
        found = new_directions(self.basis, candidates)
        if found.shape[1]:
            images = multiply(self.curvature, found)
            old, height = len(self.small), len(images)
            self._deepen(height)
            found = deeper(found, height)
            self.basis = np.concatenate([self.basis, found], 1)
            self.images = np.concatenate([self.images, images], 1)
            # both ways: the mean halves what rounding makes asymmetric
            rows = (found.T @ self.images + images.T @ self.basis) / 2
            own = rows[:, old:]
            self.small = np.block([[self.small, rows[:, :old].T], [rows[:, :old], (own + own.T) / 2]])
        return found.shape[1]

    def _deepen(self, height: int) -> None:
        self.basis, self.images = deeper(self.basis, height), deeper(self.images, height)

    def ritz(self, k: int, ends: str) -> Ritz:
        """The Ritz pairs.

        Args:
            k: how many are wanted at each end.
            ends: which ends.

        Returns:
            All values, wanted vectors and their products.
        """
        if (k, ends) in self._found:
            return self._found[k, ends]
        values, inner = np.linalg.eigh(self.small)
        self.scale = max(self.scale, float(np.abs(values).max(initial=0.0)))
        chosen = chosen_ends(len(values), k, ends)
        inner = inner[:, ::-1][:, chosen]
        self._found[k, ends] = Ritz(values[::-1], chosen, self.basis @ inner, self.images @ inner)
        return self._found[k, ends]


def multiply(curvature: Curvature, vectors: Array) -> Array:
    """A product in float64, refused where it is not finite.

    Args:
        curvature: the matrix.
        vectors: shape ``(n, c)``.

    Returns:
        Shape ``(n, c)``.

    Raises:
        DomainError: NaN or infinity.
    """
    found = np.asarray(curvature @ vectors, dtype=np.float64)
    if not np.isfinite(found).all():
        fix = "The run has diverged or the model overflows there: measure an earlier step."
        raise DomainError.of("top_eigenpairs()", f"finite products of the {curvature.name}", "NaN or infinity", fix)
    return found


class LowRankModel:
    """A symmetric matrix of low rank, ``U diag(d) U'``, that agrees with the latest products.

    Learning is the least change in the Frobenius norm that makes ``B S = Y`` (Powell's symmetric Broyden update for a
    block): what the latest products do not contradict stays as earlier steps saw it.

    Attributes:
        vectors: U, orthonormal, shape ``(n, r)``.
        values: d, shape ``(r,)``.
        rank: the most that is kept.
    """

    def __init__(self, size: int, rank: int) -> None:
        """Begin with the zero matrix.

        Args:
            size: n.
            rank: the most that is kept.
        """
        self.vectors, self.values, self.rank = np.zeros((size, 0)), np.zeros(0), rank

    def copy(self, room: int, height: int = 0) -> LowRankModel:
        """The same model, with room for more rank, and of a frame's present height."""
        found = LowRankModel(len(self.vectors), self.rank + room)
        found.vectors, found.values = deeper(self.vectors, height), self.values
        return found

    def __matmul__(self, columns: Array) -> Array:
        """Products of the model."""
        return np.asarray(self.vectors @ (self.values[:, None] * (self.vectors.T @ columns)))

    def learn(self, basis: Array, images: Array) -> None:
        """Agree with new products.

        Args:
            basis: orthonormal columns S.
            images: their products Y.
        """
        wrong = images - self @ basis
        old, new = self.vectors.shape[1], basis.shape[1]
        outer, inner = np.linalg.qr(np.concatenate([self.vectors, basis, wrong], 1))
        middle = np.zeros((old + 2 * new,) * 2)
        middle[:old, :old] = np.diag(self.values)
        overlap = basis.T @ wrong
        middle[old : old + new, old : old + new] = -(overlap + overlap.T) / 2
        middle[old : old + new, old + new :] = middle[old + new :, old : old + new] = np.eye(new)
        small = inner @ middle @ inner.T
        values, rotation = np.linalg.eigh((small + small.T) / 2)
        kept = np.argsort(-np.abs(values), kind="stable")[: self.rank]
        self.values, self.vectors = values[kept], outer @ rotation[:, kept]

    def beside(self, block: Array) -> tuple[Array, Array]:
        """Eigenvectors of the model in the complement of a block, and their values, descending.

        Args:
            block: orthonormal columns.

        Returns:
            Vectors ``(n, r)`` and values ``(r,)``.
        """
        if not self.values.size:
            return self.vectors, self.values
        # with U'(I - X X')U = V g V', an orthonormal basis of the complement is (I - X X') U V g^(-1/2)
        overlap = block.T @ self.vectors
        shares, turn = np.linalg.eigh(np.eye(overlap.shape[1]) - overlap.T @ overlap)
        turn, roots = turn[:, shares > FAINT], np.sqrt(shares[shares > FAINT])
        half = turn * roots
        values, inner = np.linalg.eigh(half.T @ (self.values[:, None] * half))
        weights = (turn / roots) @ inner[:, ::-1]
        return self.vectors @ weights - block @ (overlap @ weights), values[::-1]

    def correct(self, values: Array, residuals: Array, scale: float, block: Array | None = None) -> Array:
        """Corrections of Ritz vectors, ``(theta - B)^(-1) r``, up to their lengths where a block is not given.

        Where the eigenvalue is small against the rest, the complement of the model tells nothing and the residual
        itself is the correction, as in Lanczos' method.

        Args:
            values: Ritz values theta, shape ``(c,)``.
            residuals: r, shape ``(n, c)``.
            scale: of the matrix.
            block: solve in the complement of these orthonormal columns, as Jacobi's correction does.

        Returns:
            Shape ``(n, c)``.
        """
        vectors, known = (self.vectors, self.values) if block is None else self.beside(block)
        parts = vectors.T @ residuals
        corrections = np.empty_like(residuals)
        for j, theta in enumerate(values):
            if abs(theta) < FLOOR * scale:
                corrections[:, j] = residuals[:, j] if block is None else 0.0
                continue
            gaps = theta - known
            least = FLOOR * abs(theta)
            gaps = np.where(np.abs(gaps) < least, np.where(gaps < 0, -least, least), gaps)
            corrections[:, j] = residuals[:, j] / theta + vectors @ (parts[:, j] / gaps - parts[:, j] / theta)
        return corrections
