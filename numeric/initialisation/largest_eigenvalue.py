"""Moments of the largest eigenvalue of the real Wishart law, to high accuracy at any size, without simulation.

The distribution function is a Pfaffian over the orthogonal Laguerre ensemble. In orthonormal Laguerre functions phi_i
the inverse of the Pfaffian's matrix on (0, infinity) is tridiagonal: ``2 d(s phi_i)/ds = c_(i+1) phi_(i+1) - c_i
phi_(i-1)``. So the ratio of Pfaffians is the square root of a Fredholm determinant on (x, infinity) with a small
numerical rank, discretised here by Gauss-Legendre quadrature (de Bruijn 1955; Bornemann 2010 for the method).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincc, gammaln

from ...symbolic.algebra.errors import PrecisionError
from ..runs.limits import check_count

Array = npt.NDArray[np.float64]

WHERE = "largest_eigenvalue_moments()"
#: Rows of Laguerre functions held in memory at a time.
BLOCK = 256
#: Powers of the eigenvalue whose means are computed.
POWERS = range(1, 7)
#: Rows in which all functions lie below this are left out.
NEGLIGIBLE = 1e-40
#: Quadrature nodes (in x for the moments, in s for the determinant), coarse and fine.
RESOLUTIONS = ((52, 46), (72, 62))


@dataclass(frozen=True)
class EigenvalueMoments:
    """Moments of one eigenvalue of ``J J'``, J with independent standard normal entries.

    Attributes:
        outputs: D.
        parameters: P.
        moments: ``E[lambda], E[lambda^2], ..`` up to the sixth.
        relative_error: bound on the relative error of all, from two resolutions; 0 where the values are exact.
        method: how they were found.
    """

    outputs: int
    parameters: int
    moments: tuple[float, ...]
    relative_error: float
    method: str

    @property
    def first(self) -> float:
        """``E[lambda]``."""
        return self.moments[0]

    @property
    def second(self) -> float:
        """``E[lambda^2]``."""
        return self.moments[1]

    @property
    def quotient(self) -> float:
        """``E[lambda^2] / E[lambda]``."""
        return self.second / self.first


def _integration_matrix(nodes: Array) -> Array:
    """``A[p, q] = integral from -1 to x_p`` of the q-th Lagrange polynomial on Gauss-Legendre nodes."""
    count = len(nodes)
    _, weights = np.polynomial.legendre.leggauss(count)
    values = np.polynomial.legendre.legvander(nodes, count)
    coefficients = (np.arange(count) + 0.5)[:, None] * values[:, :count].T * weights
    integrals = np.empty((count, count))
    integrals[:, 0] = nodes + 1
    k = np.arange(1, count)
    integrals[:, 1:] = (values[:, 2:] - values[:, : count - 1]) / (2 * k + 1)
    return integrals @ coefficients


def _rows(n: int, alpha: int, s: Array) -> Iterator[tuple[int, Array, Array]]:
    """Orthonormal Laguerre functions ``phi_i`` and their primitives, in blocks of rows.

    Args:
        n: number of functions.
        alpha: of the Laguerre weight ``s^alpha exp(-s)``, of which each function holds the root times ``s^(-1/2)``.
        s: points, shape ``(points,)``.

    Yields:
        First row, then ``phi`` and primitives, shape ``(rows, points)``. Consecutive blocks share one row. For odd n a
        last row holds ``phi = 0`` and the primitive 1 (the border of the Pfaffian).
    """
    i = np.arange(n + 1, dtype=np.float64)
    c = np.sqrt(i * (i + alpha))
    half = (alpha + 1) / 2
    scale = (half - 1) * np.log(s) - s / 2 - 0.5 * gammaln(alpha + 1)
    mass = math.exp(half * math.log(2) + gammaln(half) - 0.5 * gammaln(alpha + 1))
    before, now, phi = np.zeros_like(s), np.ones_like(s), np.exp(scale)
    older, primitive = np.zeros_like(s), mass * (0.5 - gammaincc(half, s / 2))
    first, phis, primitives = 0, [phi], [primitive]
    quiet = phi.max() < NEGLIGIBLE
    for k in range(n - 1):
        before, now = now, ((2 * k + alpha + 1 - s) * now - c[k] * before) / c[k + 1]
        if k % 2 == 0 and k:
            mass *= c[k - 1] / c[k]
        if k % 16 == 0:
            if (large := np.abs(now) > 1e80).any():  # a step grows by less than 1e8
                shrink = np.where(large, 1e-80, 1.0)
                before, now = before * shrink, now * shrink
                scale = scale + np.where(large, 80 * math.log(10), 0.0)
            if quiet and (scale + np.log(np.abs(now) + 1e-300)).max() > math.log(NEGLIGIBLE):
                quiet = False  # so far the functions vanish here, and the primitives are half the even masses
                phi, older = before * np.exp(scale), np.zeros_like(s)
                primitive = np.full_like(s, mass / 2)
                first, phis, primitives = k, [phi], [primitive]
        if quiet:
            continue
        older, primitive = primitive, (2 * s * phi + c[k] * older) / c[k + 1]
        phi = now * np.exp(scale)
        phis.append(phi)
        primitives.append(primitive)
        if len(phis) == BLOCK:
            yield first, np.array(phis), np.array(primitives)
            first, phis, primitives = k + 1, [phi], [primitive]
    if n % 2:
        phis.append(np.zeros_like(s))
        primitives.append(np.ones_like(s))
    if len(phis) > 1:
        yield first, np.array(phis), np.array(primitives)


def _subdiagonal(n: int, alpha: int) -> Array:
    """Of the inverse of the Pfaffian's matrix: ``c_i / 2``, and for odd n the border ``1 / integral of phi_(n-1)``."""
    i = np.arange(1, n, dtype=np.float64)
    c = np.sqrt(i * (i + alpha))
    if n % 2 == 0:
        return c / 2
    half = (alpha + 1) / 2
    log_mass = half * math.log(2) + gammaln(half) - 0.5 * gammaln(alpha + 1)
    log_mass += np.sum(np.log(c[0::2]) - np.log(c[1::2]))
    return np.append(c / 2, math.exp(-log_mass))


def exceedance(n: int, m: int, x: Array, nodes: int = 56, reach: float | None = None) -> Array:
    """``P(lambda_max > x)`` of the real Wishart law with n eigenvalues and m degrees of freedom.

    Args:
        n: number of eigenvalues.
        m: degrees of freedom, at least n.
        x: points, shape ``(k,)``, positive.
        nodes: of the quadrature on ``(x, reach)``.
        reach: where the tail is cut (square root of the eigenvalue); default far beyond the edge.

    Returns:
        Probabilities, shape ``(k,)``; absolute error near 1e-13 with 56 nodes within 12 edge widths of the edge, and
        relative error near 1e-11 in the upper tail.
    """
    alpha = m - n
    t, weights = np.polynomial.legendre.leggauss(nodes)
    end = _window(n, m)[1] if reach is None else reach
    start = np.sqrt(x)[:, None]
    # the variable u = sqrt(s) removes the root singularity of the functions at s = 0
    half = (np.maximum(end, start + 1e-3) - start) / 2
    u = start + half * (t + 1)
    jacobian = 2 * u * half
    w = weights * jacobian
    gram = np.zeros((len(x), 2 * nodes, 2 * nodes))
    sub = _subdiagonal(n, alpha)
    for first, phi, primitive in _rows(n, alpha, (u * u).ravel()):
        shape = (len(phi), len(x), nodes)
        both = np.concatenate((phi.reshape(shape), primitive.reshape(shape)), axis=2).transpose(1, 2, 0)
        slope = sub[first : first + len(phi) - 1]
        half_gram = (both[:, :, 1:] * slope) @ both[:, :, :-1].transpose(0, 2, 1)
        gram += half_gram - half_gram.transpose(0, 2, 1)
    sign = _integration_matrix(t)[None] * jacobian[:, None, :] - 0.5 * w[:, None, :]
    core = np.zeros_like(gram)
    k = np.arange(nodes)
    core[:, :nodes, :nodes] = -w[:, :, None] * sign
    core[:, k, nodes + k] = w
    core[:, nodes + k, k] = -w
    discretised = core @ gram
    above: Array = 1 - np.sqrt(np.clip(np.linalg.det(np.eye(2 * nodes) - discretised), 0.0, 1.0))
    tail = np.abs(np.trace(discretised, axis1=1, axis2=2)) < 1e-3
    if tail.any():  # the logarithm of the determinant by traces keeps small probabilities to all digits
        small, power = discretised[tail], discretised[tail]
        log_determinant = np.zeros(len(small))
        for order in range(1, 6):
            log_determinant -= np.trace(power, axis1=1, axis2=2) / order
            power = power @ small
        above[tail] = -np.expm1(log_determinant / 2)
    return above


def _window(n: int, m: int) -> tuple[float, float]:
    """Where ``sqrt(lambda_max)`` lies but for a probability below 1e-17."""
    root_n, root_m = math.sqrt(n), math.sqrt(m)
    edge = root_n + root_m
    width = (1 / root_n + 1 / root_m) ** (1 / 3) / 2
    # the root is 1-Lipschitz in J, so exp(-t^2/2) bounds both tails; the edge law is narrower for large sizes
    return max(1e-9, edge - min(12 * width, 13.0)), edge + min(11.5, 12 * width * (1 + 6 / n))


def _moments_once(n: int, m: int, points: int, nodes: int) -> tuple[float, ...]:
    low, high = _window(n, m)
    t, weights = np.polynomial.legendre.leggauss(points)
    u = low + (high - low) / 2 * (t + 1)
    above = exceedance(n, m, u * u, nodes, high + (high - low) / 30)
    if (above[0] < 1 - 1e-10 and low > 1e-6) or above[-1] > 1e-13:
        raise PrecisionError.of(WHERE, "a window that holds the law", (n, m), "Please report this size.")
    w = weights * (high - low) / 2
    return tuple(low ** (2 * q) + float(np.sum(w * 2 * q * u ** (2 * q - 1) * above)) for q in POWERS)


def largest_eigenvalue_moments(outputs: int, parameters: int) -> EigenvalueMoments:
    """Moments of the largest eigenvalue of ``J J'``, J of shape ``(D, P)`` with standard normal entries, at any size.

    Args:
        outputs: D, at least 1.
        parameters: P, at least 1; D and P may be swapped, for ``J'J`` has the same non-zero eigenvalues.

    Returns:
        The first six moments with a bound on their relative error, near 1e-12 from D = P = 2 to 100,000.

    Raises:
        DomainError: a size below 1.
        PrecisionError: two resolutions disagree by more than a part in 1e8.

    Source:
        de Bruijn 1955 and Bornemann 2010; the tridiagonal form of the inverse is derived here.

    Example:
        >>> found = es.initialisation.largest_eigenvalue_moments(4, 5)
        >>> abs(found.first - 1915 / 162) <= found.relative_error * found.first
        True
    """
    return _largest(check_count(WHERE, "outputs", outputs), check_count(WHERE, "parameters", parameters))


@lru_cache(maxsize=64)
def _largest(d: int, p: int) -> EigenvalueMoments:
    n, m = min(d, p), max(d, p)
    if n == 1:
        chi = tuple(float(math.prod(m + 2 * k for k in range(q))) for q in POWERS)
        return EigenvalueMoments(d, p, chi, 0.0, "chi-square")
    coarse, fine = (_moments_once(n, m, *r) for r in RESOLUTIONS)
    error = max(abs(a / b - 1) for a, b in zip(coarse, fine, strict=True))
    rounding = np.finfo(float).eps * (64 + 4 * (n + m) ** (1 / 3))
    if error > 1e-8:
        raise PrecisionError.of(WHERE, "agreement of two quadratures", error, "Please report this size.")
    return EigenvalueMoments(d, p, fine, float(error + rounding), "Fredholm determinant")
