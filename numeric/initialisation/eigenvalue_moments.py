"""Moments of every eigenvalue of the real Wishart law to any number of digits, from the Pfaffian form, for small sizes.

The same Pfaffian as in ``edgestab.wick.exact_wishart_moments``, with incomplete gamma functions where ``D - P`` is even
and the moments are irrational; in mpmath, with guard digits for the cancellation, and Gauss-Legendre quadrature in
``sqrt(x)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import flint
import mpmath

from ...symbolic.algebra.errors import DomainError, PrecisionError
from ...symbolic.wick.exact_moments import pfaffian
from ..runs.limits import check_count

#: Largest number of eigenvalues: cancellation costs digits and each point costs 2^n products.
MOST = 8


@dataclass(frozen=True)
class PreciseMoments:
    """Moments of the k-th largest eigenvalue of ``J J'``, J with standard normal entries, as mpmath numbers.

    Attributes:
        outputs: D.
        parameters: P.
        rank: k, from the largest.
        first: ``E[lambda_k]``.
        second: ``E[lambda_k^2]``.
        digits: that two resolutions and two precisions agree to.
    """

    outputs: int
    parameters: int
    rank: int
    first: Any
    second: Any
    digits: int


def tail_probabilities(n: int, m: int, x: Any, ranks: int) -> list[Any]:
    """``P(at least k eigenvalues above x)`` for k = 1..ranks, in the working precision of mpmath.

    Args:
        n: number of eigenvalues.
        m: degrees of freedom.
        x: positive.
        ranks: 1, or n.

    Returns:
        Probabilities.
    """
    mp = mpmath.mp
    a = (mp.mpf(m) - n - 1) / 2
    exponents = [a + i for i in range(n)]
    below = [2 ** (c + 1) * mp.gammainc(c + 1, 0, x / 2) for c in exponents]
    above = [2 ** (c + 1) * mp.gammainc(c + 1, x / 2) for c in exponents]
    squares = {k: (mp.gammainc(2 * a + k + 2, 0, x), mp.gammainc(2 * a + k + 2, x)) for k in range(2 * n - 1)}
    edge = [x ** (c + 1) * mp.exp(-x / 2) for c in exponents]

    def value(z: int) -> Any:
        table = {}
        for i in range(n):
            entry = mp.mpf(0)
            for j in range(i, n):
                table[i, j] = entry
                low, high = squares[i + j]
                jump = (1 - z) * edge[j] * (below[i] - z * above[i])
                entry = 2 * (exponents[j] + 1) * entry - 2 * jump + 4 * (low + z**2 * high)

        def skew(i: int, j: int) -> Any:
            return below[i] + z * above[i] if j == n else table[i, j]

        return pfaffian(skew, n + n % 2, mp.mpf(1))

    if ranks == 1:
        return [1 - value(0) / value(1)]
    values = [value(z) for z in range(n + 1)]
    counts = [v / values[1] for v in values]
    # coefficients of the polynomial in z through its values at 0..n: Newton's forward differences
    differences, row = [], counts
    while row:
        differences.append(row[0])
        row = [q - p for p, q in pairwise(row)]
    coefficients = [mp.mpf(0)] * (n + 1)
    falling = [mp.mpf(1)]
    for k, difference in enumerate(differences):
        for power, c in enumerate(falling):
            coefficients[power] += difference * c / mp.factorial(k)
        shifted = [mp.mpf(0), *falling]
        falling = [s - k * (falling[p] if p < len(falling) else 0) for p, s in enumerate(shifted)]
    total, tails = mp.mpf(0), []
    for c in reversed(coefficients[1:]):
        total += c
        tails.append(total)
    return tails[::-1]


def _integrate(n: int, m: int, rank: int, points: int, reach: Any) -> tuple[Any, Any]:
    mp = mpmath.mp
    nodes = _gauss_legendre(points, mp.dps)
    first = second = mp.mpf(0)
    for t, w in nodes:
        u = reach * (t + 1) / 2
        tail = tail_probabilities(n, m, u * u, 1 if rank == 1 else n)[rank - 1]
        weight = w * reach / 2
        first += weight * 2 * u * tail
        second += weight * 4 * u**3 * tail
    return first, second


@lru_cache(maxsize=8)
def _gauss_legendre(points: int, digits: int) -> list[tuple[Any, Any]]:
    """Nodes and weights on (-1, 1), from Arb's enclosures of the Legendre roots."""
    with flint.ctx.workdps(digits + 10):
        pairs = [flint.arb.legendre_p_root(points, k, weight=True) for k in range(points)]
        return [
            (mpmath.mpf(t.mid().str(digits + 5, radius=False)), mpmath.mpf(w.mid().str(digits + 5, radius=False)))
            for t, w in pairs
        ]


def eigenvalue_moments(outputs: int, parameters: int, rank: int = 1, digits: int = 30) -> PreciseMoments:
    """``E[lambda_k]`` and ``E[lambda_k^2]`` of ``J J'`` to a number of digits, for any parity of ``D - P``.

    Args:
        outputs: D, at least 1.
        parameters: P, at least 1; ``min(D, P) <= 8``.
        rank: k, counted from the largest eigenvalue; default 1.
        digits: 10..60; default 30.

    Returns:
        The moments for standard normal J; the digits hold between two quadratures at two precisions.

    Raises:
        DomainError: a size, rank or number of digits out of range.
        PrecisionError: the digits cannot be held.

    Source:
        de Bruijn 1955, for the Pfaffian.

    Example:
        >>> es.initialisation.eigenvalue_moments(2, 2, digits=12).first  # 2 + pi / 2
        mpf('3.5707963267948966')
    """
    where = "eigenvalue_moments()"
    d, p = check_count(where, "outputs", outputs), check_count(where, "parameters", parameters)
    n, m = min(d, p), max(d, p)
    if n > MOST:
        raise DomainError.of(
            "eigenvalue_moments()", f"min(D, P) <= {MOST}", n, "Use largest_eigenvalue_moments() in double."
        )
    if not 1 <= rank <= n:
        raise DomainError.of(where, f"a rank in 1..{n}", rank, "Ranks count from the largest.")
    if not 10 <= digits <= 60:
        raise DomainError.of(where, "10..60 digits", digits, "Ask for fewer digits.")
    results = []
    for extra, density in ((10 + 4 * n, 3), (20 + 4 * n, 4)):
        with mpmath.workdps(digits + extra):
            # the root of the largest eigenvalue is 1-Lipschitz: exp(-t^2/2) bounds what lies t above the edge
            tail = mpmath.sqrt(2 * mpmath.log(10) * (digits + 8))
            reach = mpmath.sqrt(n) + mpmath.sqrt(m) + tail
            results.append(_integrate(n, m, rank, 20 + density * digits, reach))
    (first, second), (fine_first, fine_second) = results
    with mpmath.workdps(digits + 10):
        error = max(abs(first / fine_first - 1), abs(second / fine_second - 1))
        if error > mpmath.mpf(10) ** (-digits):
            raise PrecisionError.of(where, f"{digits} digits", mpmath.nstr(error, 3), "Ask for fewer.")
        return PreciseMoments(d, p, rank, +fine_first, +fine_second, digits)
