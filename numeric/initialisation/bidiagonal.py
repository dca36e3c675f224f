"""The bidiagonal chi model of a Gaussian J: its law of singular values in ``O(D + P)`` memory.

By Householder rotations from both sides, which leave Gaussian z, J and Q unchanged in law, a D x P matrix J of
independent standard normal entries becomes the n x n lower bidiagonal B, n = min(D, P), with independent chi entries:
``chi_m, .., chi_(m-n+1)`` on the diagonal and ``chi_(n-1), .., chi_1`` below it (Dumitriu and Edelman 2002).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh_tridiagonal, solveh_banded

Array = npt.NDArray[np.float64]

#: Up to this many eigenvalues, all of them are computed densely in one batch.
DENSE = 48


@dataclass(frozen=True)
class Bidiagonal:
    """A batch of bidiagonal matrices B.

    Attributes:
        diagonal: shape ``(batch, n)``.
        below: shape ``(batch, n - 1)``.
    """

    diagonal: Array
    below: Array

    @property
    def tridiagonal(self) -> tuple[Array, Array]:
        """Diagonal and off-diagonal of ``B B'``."""
        main = self.diagonal**2
        main[:, 1:] += self.below**2
        return main, self.diagonal[:, :-1] * self.below

    def apply(self, x: Array) -> Array:
        """``B x`` for a batch of vectors."""
        y = self.diagonal * x
        y[:, 1:] += self.below * x[:, :-1]
        return y

    def apply_transposed(self, x: Array) -> Array:
        """``B' x`` for a batch of vectors."""
        y = self.diagonal * x
        y[:, :-1] += self.below * x[:, 1:]
        return y


def sample_bidiagonal(rng: np.random.Generator, n: int, m: int, batch: int) -> Bidiagonal:
    """Draw the chi model.

    Args:
        rng: source of randomness.
        n: number of singular values.
        m: at least n.
        batch: how many matrices.

    Returns:
        The batch, with unit variance of the entries of J.
    """
    i = np.arange(n)
    diagonal = np.sqrt(rng.chisquare(np.maximum(m - i, 1), size=(batch, n)))
    below = np.sqrt(rng.chisquare(np.maximum(n - 1 - i[:-1], 1), size=(batch, n - 1)))
    return Bidiagonal(diagonal, below)


def all_eigenvalues(b: Bidiagonal) -> Array:
    """All eigenvalues of ``B B'``, ascending, shape ``(batch, n)``; dense, for small n."""
    main, off = b.tridiagonal
    n = main.shape[1]
    full = np.zeros((len(main), n, n))
    k = np.arange(n)
    full[:, k, k] = main
    full[:, k[1:], k[:-1]] = off
    return np.asarray(np.linalg.eigvalsh(full), dtype=np.float64)


def log_minor(b: Bidiagonal, x: Array, largest: Array) -> tuple[Array, Array]:
    """``log prod over j >= 2 of |x - lambda_j|`` and its derivative in x, by the Sturm recursion.

    Args:
        b: the batch.
        x: points, shape ``(batch, q)``, none of them an eigenvalue.
        largest: the largest eigenvalue, whose factor is divided out, shape ``(batch, 1)``.

    Returns:
        Both, shape ``(batch, q)``; ``O(n q)`` work, ``O(n + q)`` memory.
    """
    main, off = b.tridiagonal
    square = off**2
    pivot = main[:, :1] - x
    slope = np.full_like(x, -1.0)
    total, derivative, product = np.zeros_like(x), slope / pivot, np.abs(pivot)
    for i in range(1, main.shape[1]):
        ratio = square[:, i - 1 : i] / pivot
        slope = ratio * slope / pivot - 1
        pivot = main[:, i : i + 1] - x - ratio
        derivative += slope / pivot
        product *= np.abs(pivot)
        if i % 8 == 0:  # pivots lie well within 1e-30 and 1e30
            total += np.log(product)
            product = np.ones_like(x)
    total += np.log(product)
    return total - np.log(np.abs(x - largest)), derivative - 1 / (x - largest)


class Frame(ABC):
    """A batch of J in coordinates in which it is cheap, with the top singular pair and the reduced resolvent.

    Attributes:
        b: the bidiagonal matrices.
        size: n, the number of singular values.
        largest: ``lambda_1``, shape ``(batch,)``.
        second: ``lambda_2``, shape ``(batch,)``; 0 where n = 1.
        left: top left singular vector, shape ``(batch, n)``.
        right: top right singular vector, shape ``(batch, n)``.
    """

    b: Bidiagonal
    size: int
    largest: Array
    second: Array
    left: Array
    right: Array

    @abstractmethod
    def apply(self, x: Array) -> Array:
        """``J x``, shape ``(batch, n)``."""

    @abstractmethod
    def apply_transposed(self, x: Array) -> Array:
        """``J' x``, shape ``(batch, n)``."""

    @abstractmethod
    def resolvent(self, x: Array) -> Array:
        """``sum over j != 1, j <= n of (u_j . x)^2 / (lambda_1 - lambda_j)``, shape ``(batch,)``."""

    @abstractmethod
    def log_minor(self, x: Array) -> tuple[Array, Array]:
        """``log prod over j >= 2 of (x - lambda_j)`` and its derivative, for x of shape ``(batch, q)``."""


class SpectralFrame(Frame):
    """Coordinates of the singular vectors; needs all singular values (small n)."""

    def __init__(self, b: Bidiagonal) -> None:
        self.b = b
        self.values = all_eigenvalues(b)[:, ::-1]
        self.roots = np.sqrt(np.maximum(self.values, 0.0))
        self.size, self.largest = self.values.shape[1], self.values[:, 0]
        self.second = self.values[:, 1] if self.size > 1 else np.zeros(len(self.values))
        self.left = np.zeros_like(self.values)
        self.left[:, 0] = 1
        self.right = self.left

    def apply(self, x: Array) -> Array:
        """``J x``: a product of entries."""
        return self.roots * x

    apply_transposed = apply

    def resolvent(self, x: Array) -> Array:
        """A sum over the other eigenvalues."""
        gaps = self.largest[:, None] - self.values[:, 1:]
        total: Array = np.sum(x[:, 1:] ** 2 / gaps, axis=1)
        return total

    def log_minor(self, x: Array) -> tuple[Array, Array]:
        """Sums over the other eigenvalues."""
        differences = x[:, None, :] - self.values[:, 1:, None]
        return np.sum(np.log(np.abs(differences)), axis=1), np.sum(1 / differences, axis=1)


class ChiFrame(Frame):
    """Coordinates of the bidiagonal matrix: two eigenvalues, one vector, recursions and banded solves (n >= 2)."""

    def __init__(self, b: Bidiagonal) -> None:
        self.b = b
        main, off = b.tridiagonal
        self.size = n = main.shape[1]
        pairs = [
            eigh_tridiagonal(d, e, select="i", select_range=(n - 2, n - 1), check_finite=False)
            for d, e in zip(main, off, strict=True)
        ]
        self.largest = np.array([values[1] for values, _ in pairs])
        self.second = np.array([values[0] for values, _ in pairs])
        self.left = np.array([vectors[:, 1] for _, vectors in pairs])
        self.right = b.apply_transposed(self.left) / np.sqrt(self.largest)[:, None]

    def apply(self, x: Array) -> Array:
        """``B x``."""
        return self.b.apply(x)

    def apply_transposed(self, x: Array) -> Array:
        """``B' x``."""
        return self.b.apply_transposed(x)

    def resolvent(self, x: Array) -> Array:
        """With one row left out ``lambda_1 - B B'`` is positive definite in two blocks: two banded solves."""
        main, off = self.b.tridiagonal
        found = np.empty(len(main))
        for k, (d, e, w) in enumerate(zip(main, off, self.left, strict=True)):
            r = x[k] - (w @ x[k]) * w
            split = int(np.argmax(np.abs(w)))
            solution = np.zeros_like(r)
            for begin, end in ((0, split), (split + 1, len(r))):
                if end - begin == 1:
                    solution[begin] = r[begin] / (self.largest[k] - d[begin])
                elif end > begin:
                    band = np.zeros((2, end - begin))
                    band[0, 1:] = -e[begin : end - 1]
                    band[1] = self.largest[k] - d[begin:end]
                    solution[begin:end] = solveh_banded(band, r[begin:end], check_finite=False)
            found[k] = r @ solution
        return found

    def log_minor(self, x: Array) -> tuple[Array, Array]:
        """The Sturm recursion, the largest eigenvalue's factor divided out."""
        return log_minor(self.b, x, self.largest[:, None])


def frame(b: Bidiagonal) -> Frame:
    """The cheaper frame for this size."""
    return SpectralFrame(b) if b.diagonal.shape[1] <= DENSE else ChiFrame(b)
