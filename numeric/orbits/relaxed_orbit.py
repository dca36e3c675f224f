"""The limit of orbits that have forgotten their start, at one epsilon, without the limit series.

Away from ``z = 0`` the slow manifold attracts strongly. An orbit started there, on the resummed manifold, and iterated
down with the exact map ends where relaxed orbits end; its start's error shrinks on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from ...symbolic.algebra.errors import DomainError
from ...symbolic.planar.maps import PolynomialMap
from ...symbolic.planar.slow_manifold import SlowManifold, derive_slow_manifold
from .orbit_limit import orbit_limit
from .resummation import pade
from .simulate import check_epsilon

STARTS = (Fraction(3, 10), Fraction(1, 3))
"""Residuals to start from, inside the stable two-cycles (z below 0.38)."""

DIGITS = 24


@dataclass(frozen=True)
class RelaxedLimit:
    """Where relaxed orbits end.

    Attributes:
        value: limit of T.
        spread: largest difference between starts and approximants, an estimate of the error.
    """

    value: float
    spread: float


@lru_cache(maxsize=8)
def _manifold(one_step: PolynomialMap, order: int) -> SlowManifold:
    # the extra degrees make the truncation in z at z = 1/3 smaller than DIGITS
    return derive_slow_manifold(one_step, order, 5 * order)


def manifold_values(manifold: SlowManifold, z0: Fraction) -> list[Fraction]:
    """The coefficients of powers of epsilon of the manifold at one z, exactly for the series as truncated."""
    values = []
    for row in manifold.rows:
        total = Fraction(0)
        for c in reversed(row.coeffs()):
            total = total * z0 + Fraction(int(c.p), int(c.q))
        values.append(total)
    return values


def relaxed_limit(
    one_step: PolynomialMap, epsilon: object, order: int = 12, starts: Sequence[Fraction] = STARTS
) -> RelaxedLimit:
    """Iterate the exact map from starts on the resummed slow manifold.

    Args:
        one_step: the map.
        epsilon: in (0, 1), exact; past about 0.35 the manifold cannot be resummed.
        order: powers of epsilon of the manifold used, 6 or more.
        starts: residuals to start from.

    Returns:
        The limit, with the spread over starts and the last two diagonal Pade approximants.

    Raises:
        DomainError: an orbit does not converge, or the order is below 6.
    """
    eps = check_epsilon(epsilon, "relaxed_limit()")
    if order < 6:
        raise DomainError.of("relaxed_limit()", "an order of at least 6", order, "Take the default.")
    found = []
    for z0 in starts:
        values = manifold_values(_manifold(one_step, order), z0)
        for half in (order // 2, order // 2 - 1):
            end = orbit_limit(one_step, eps, z0, pade(values, half, half, eps), digits=DIGITS)
            if end.value is None:
                raise DomainError.of("relaxed_limit()", "orbits that converge", end.status, "Take a smaller epsilon.")
            found.append(float(end.value))
    return RelaxedLimit(found[-2], max(found) - min(found))
