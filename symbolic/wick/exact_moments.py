"""Exact moments of every eigenvalue of the real Wishart law, as rationals, for small sizes.

The joint density of the eigenvalues of ``J J'`` (n = min(D, P), m = max(D, P), standard normal entries) is
proportional to ``prod lambda_i^a exp(-lambda_i / 2) prod |lambda_i - lambda_j|``, ``a = (m - n - 1) / 2``. By de
Bruijn's formula the generating function of the number of eigenvalues above x is a ratio of Pfaffians. Their entries
obey a recursion by parts; for even ``m - n - 1`` they are polynomials in x and ``exp(-x/2)``, and all moments are
rational.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import factorial
from typing import Any, TypeVar

import sympy as sp
from flint import fmpq, fmpq_mpoly

from ..algebra.errors import DomainError
from ..algebra.rings import PolyRing, poly_terms, to_rational

R = TypeVar("R")
_X, _E, _Z = sp.symbols("x e z")
_RING = PolyRing((_X, _E, _Z))
#: x, exp(-x/2), and the weight of an eigenvalue above x.
X, E, Z = (_RING.generator(s) for s in (_X, _E, _Z))
#: Largest number of eigenvalues that is offered; the work grows about tenfold with each.
MOST = 12


@dataclass(frozen=True)
class ExactMoments:
    """Moments of the k-th largest eigenvalue of ``J J'``, J with standard normal entries.

    Attributes:
        outputs: D.
        parameters: P.
        rank: k, counted from the largest; 1..min(D, P).
        first: ``E[lambda_k]``.
        second: ``E[lambda_k^2]``.
    """

    outputs: int
    parameters: int
    rank: int
    first: sp.Rational
    second: sp.Rational


def pfaffian(entry: Callable[[int, int], R], size: int, one: R) -> R:
    """The Pfaffian of a skew-symmetric matrix.

    Args:
        entry: the entry above the diagonal, from ``i < j``.
        size: even number of rows.
        one: the ring's unit.

    Returns:
        The Pfaffian; ``size * 2^(size/2)`` products or fewer than ``2^size``, so this is for small sizes.

    Raises:
        DomainError: the size is odd.
    """
    if size % 2:
        raise DomainError.of("pfaffian()", "an even number of rows", size, "Border the matrix first.")
    minors: dict[tuple[int, ...], Any] = {(): one}

    def minor(rows: tuple[int, ...]) -> Any:
        if rows not in minors:
            head, rest = rows[0], rows[1:]
            total: Any = None
            for place, other in enumerate(rest):
                term: Any = entry(head, other) * minor(rest[:place] + rest[place + 1 :])
                if place % 2:
                    term = -term
                total = term if total is None else total + term
            minors[rows] = total
        return minors[rows]

    found: R = minor(tuple(range(size)))
    return found


def _lower(c: int) -> fmpq_mpoly:
    """``integral of s^c exp(-s/2)`` over (0, x), for c >= 0."""
    return _RING.constant(2 ** (c + 1) * factorial(c)) - _upper(c)


def _upper(c: int) -> fmpq_mpoly:
    """``integral of s^c exp(-s/2)`` over (x, infinity)."""
    total = _RING.zero
    for k in range(c + 1):
        total += X**k * fmpq(factorial(c), factorial(k)) * 2 ** (c - k + 1)
    return total * E


def _upper_square(c: int) -> fmpq_mpoly:
    """``integral of s^c exp(-s)`` over (x, infinity)."""
    total = _RING.zero
    for k in range(c + 1):
        total += X**k * fmpq(factorial(c), factorial(k))
    return total * E**2


def generating_function(n: int, m: int) -> fmpq_mpoly:
    """``E[z^(number of eigenvalues above x)]`` as a polynomial in x, ``exp(-x/2)`` and z, exactly.

    With ``chi = 1`` below x and z above it, the entries are ``I_cd = integral of sgn(t - s) chi(s) chi(t) phi_c(s)
    phi_d(t)``, ``phi_c = s^c exp(-s/2)``, ``c = a, .., a + n - 1``. By parts in t,
    ``I_(c,d+1) = 2 (d+1) I_cd - 2 (1 - z) phi_(d+1)(x) (L_c - z U_c) + 4 (integral below of s^(c+d+1) exp(-s) + z^2
    (the same above))``.

    Args:
        n: number of eigenvalues, 1..12.
        m: degrees of freedom, with ``m - n`` odd.

    Returns:
        The polynomial.

    Raises:
        DomainError: the size is out of range, or the entries are no polynomials.
    """
    if not 1 <= n <= MOST or m < n:
        raise DomainError.of(
            "generating_function()", f"1 <= n <= {MOST}, m >= n", (n, m), "Use largest_eigenvalue_moments()."
        )
    if (m - n) % 2 == 0:
        raise DomainError.of(
            "generating_function()", "m - n odd (else error functions enter)", (n, m), "Use eigenvalue_moments()."
        )
    a = (m - n - 1) // 2
    mass = {c: _lower(c) + Z * _upper(c) for c in range(a, a + n)}
    table: dict[tuple[int, int], fmpq_mpoly] = {}
    for c in range(a, a + n):
        entry = _RING.zero
        for d in range(c, a + n):
            table[c, d] = entry
            power = c + d + 1
            whole = _RING.constant(factorial(power)) + (Z**2 - 1) * _upper_square(power)
            jump = (1 - Z) * X ** (d + 1) * E * (_lower(c) - Z * _upper(c))
            entry = 2 * (d + 1) * entry - 2 * jump + 4 * whole

    def skew(i: int, j: int) -> fmpq_mpoly:
        return mass[a + i] if j == n else table[a + i, a + j]

    numerator = pfaffian(skew, n + n % 2, _RING.one)
    norm = numerator.compose(X, _RING.zero, _RING.one, ctx=_RING.context)  # z = 1: the whole half-line
    return numerator / norm


def exact_wishart_moments(outputs: int, parameters: int, rank: int = 1) -> ExactMoments:
    """``E[lambda_k]`` and ``E[lambda_k^2]`` of ``J J'`` as exact rationals, J with standard normal entries.

    Args:
        outputs: D, at least 1.
        parameters: P, at least 1; ``D - P`` odd, ``min(D, P) <= 12``.
        rank: k, counted from the largest eigenvalue, in ``1..min(D, P)``; default 1.

    Returns:
        The moments, exact.

    Raises:
        DomainError: a size or rank out of range, or ``D - P`` even (the moments are irrational then).

    Source:
        de Bruijn 1955, for the Pfaffian; the recursion of its entries is derived here.

    Example:
        >>> found = es.wick.exact_wishart_moments(4, 5)
        >>> found.first, es.wick.exact_wishart_moments(4, 5, rank=4).first
        (1915/162, 1/2)
    """
    n, m = min(outputs, parameters), max(outputs, parameters)
    if not 1 <= rank <= n:
        raise DomainError.of(
            "exact_wishart_moments()", f"a rank in 1..{n}", rank, "Ranks count from the largest eigenvalue."
        )
    first, second = (_moment(n, m, rank, power) for power in (1, 2))
    return ExactMoments(outputs, parameters, rank, first, second)


@lru_cache(maxsize=32)
def _tails(n: int, m: int) -> tuple[fmpq_mpoly, ...]:
    """``P(at least k eigenvalues above x)`` for k = 1..n."""
    by_count: dict[int, dict[tuple[int, ...], fmpq]] = {}
    for (i, j, k), c in poly_terms(generating_function(n, m)).items():
        by_count.setdefault(k, {})[i, j, 0] = c
    found, total = [], _RING.zero
    for k in range(n, 0, -1):
        total += _RING.from_dict(by_count.get(k, {}))
        found.append(total)
    return tuple(reversed(found))


def _moment(n: int, m: int, rank: int, power: int) -> sp.Rational:
    """``integral of power x^(power-1) P(at least rank eigenvalues above x)``, term by term."""
    total = fmpq(0)
    for (i, j, _), c in poly_terms(_tails(n, m)[rank - 1]).items():
        if j == 0:
            raise DomainError.of("exact_wishart_moments()", "a tail that decays", (n, m, rank), "Please report this.")
        top = i + power - 1
        total += c * power * factorial(top) * fmpq(2, j) ** (top + 1)
    return to_rational(total)
