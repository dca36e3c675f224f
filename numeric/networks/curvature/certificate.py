"""Whether an eigenvalue was missed: ceilings that hold with a stated probability, from a random start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..backends.backend import Array


@dataclass(frozen=True, eq=False)
class Certificate:
    """What a random start says of the eigenvalues beyond those found, at one end.

    Attributes:
        end: ``"largest"`` or ``"smallest"``.
        beyond: of all eigenvalues but the k found, none lies further out than this, with the confidence stated.
        outermost: no eigenvalue at all lies further out than this, with the same confidence.
        complete: whether the k values found are then the k outermost ones, each within its ``paired`` bound.
        confidence: probability over the random start, rounding aside.
        products: how many it took.

    Source:
        van Dorsselaer, Hochstenbach and van der Vorst 2001, from the Lanczos polynomial; for the exponent in the number
        of steps Kuczynski and Wozniakowski 1992.

    Example:
        >>> import numpy as np
        >>> model = es.RegressionModel(np.eye(30)[:, :3] * [3.0, 2.0, 1.0], np.zeros((3, 30, 30)), np.ones(3))
        >>> problem = es.networks.Problem.from_regression(model, np.zeros(30))
        >>> pairs = es.networks.top_eigenpairs(problem.at().hessian, 1, certify=True)
        >>> (certificate,) = pairs.certificates
        >>> certificate.complete, certificate.confidence
        (True, 0.999)
    """

    end: str
    beyond: float
    outermost: float
    complete: bool
    confidence: float
    products: int


@dataclass(frozen=True, eq=False)
class Tridiagonal:
    """Lanczos' matrix of a start, with its basis.

    Attributes:
        diagonal: shape ``(m,)``.
        off: shape ``(m,)``; the last is the length of what is left, 0 where the subspace is invariant.
        basis: orthonormal columns.
    """

    diagonal: Array
    off: Array
    basis: Array

    def ritz(self) -> tuple[Array, Array]:
        """Ritz values ascending, and their vectors in the basis."""
        from scipy.linalg import eigh_tridiagonal

        return eigh_tridiagonal(self.diagonal, self.off[:-1]) if len(self.off) > 1 else (self.diagonal, np.ones((1, 1)))


class Lanczos:
    """Lanczos' method with full reorthogonalisation, one step at a time, in the complement of a block."""

    def __init__(self, multiply: Callable[[Array], Array], start: Array, block: Array) -> None:
        """Begin.

        Args:
            multiply: product with one column ``(n, 1)``.
            start: shape ``(n,)``; its part in the complement is taken.
            block: orthonormal columns that stay out.
        """
        self._multiply, self._block = multiply, block
        self._columns: list[Array] = []
        self._diagonal: list[float] = []
        self._off: list[float] = []
        self._next = self._clean(start)
        self._next = self._next / np.linalg.norm(self._next)
        self._scale = 0.0

    def _clean(self, vector: Array) -> Array:
        for _ in range(2):
            vector = vector - self._block @ (self._block.T @ vector)
            for column in self._columns:
                vector = vector - column * (column @ vector)
        return vector

    @property
    def exhausted(self) -> bool:
        """Whether the subspace is invariant."""
        return bool(self._off) and self._off[-1] == 0.0

    def step(self) -> None:
        """One product."""
        current = self._next
        image = self._multiply(current[:, None])[:, 0]
        self._columns.append(current)
        self._diagonal.append(float(current @ image))
        rest = self._clean(image)
        length = float(np.linalg.norm(rest))
        self._scale = max(self._scale, float(np.linalg.norm(image)))
        room = len(current) - self._block.shape[1] - len(self._columns)
        small = length <= 1e-12 * self._scale or room <= 0
        self._off.append(0.0 if small else length)
        if not small:
            self._next = rest / length

    def tridiagonal(self) -> Tridiagonal:
        """What was found so far."""
        return Tridiagonal(np.array(self._diagonal), np.array(self._off), np.stack(self._columns, 1))


def least_component(size: int, risk: float) -> float:
    """The number that a given coordinate of a random unit vector exceeds in size, but for a risk.

    Args:
        size: dimension n.
        risk: probability allowed to be below it.

    Returns:
        ``delta`` with ``P(|x_1| < delta) = risk``; the square has the law Beta(1/2, (n - 1)/2).
    """
    from scipy.special import betaincinv

    return 1.0 if size == 1 else float(np.sqrt(betaincinv(0.5, (size - 1) / 2, risk)))


def ceiling(matrix: Tridiagonal, size: int, risk: float) -> float:
    """No eigenvalue lies above this, but for the risk, if the start was drawn evenly from the unit sphere.

    The Lanczos polynomial p has ``|x_1| |p(lambda_1)| <= 1``, x_1 the start's part along the top eigenvector, and grows
    to the right of its largest zero, the top Ritz value.

    Args:
        matrix: after some steps.
        size: dimension that the start was drawn in.
        risk: probability allowed.

    Returns:
        The ceiling.
    """
    top = float(matrix.ritz()[0][-1])
    if matrix.off[-1] == 0.0:
        return top
    target = -np.log(least_component(size, risk))

    def log_polynomial(at: float) -> float:
        # the recurrence in ratios p_(j+1) / p_j, which are positive to the right of all zeros
        total, ratio = 0.0, np.inf
        for j, (a, b) in enumerate(zip(matrix.diagonal, matrix.off, strict=True)):
            ratio = (at - a - (matrix.off[j - 1] / ratio if j else 0.0)) / b
            if ratio <= 0:
                return -np.inf
            total += float(np.log(ratio))
        return total

    width = max(float(matrix.off[-1]), 1e-15 * abs(top))
    high = top + width
    while log_polynomial(high) < target:
        width *= 2
        high = top + width
    low = top
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if log_polynomial(middle) < target else (low, middle)
    return high


def outermost_with(inner: float, beyond: float, coupling: float) -> float:
    """The largest eigenvalue of two blocks with a coupling, from the largest of each.

    Args:
        inner: largest value of the block found.
        beyond: largest of the rest.
        coupling: norm of what couples them.

    Returns:
        ``lambda_max`` of ``[[inner, coupling], [coupling, beyond]]``, which bounds it.
    """
    mean, half = (inner + beyond) / 2, (inner - beyond) / 2
    return float(mean + np.hypot(half, coupling))
