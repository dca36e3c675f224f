"""How fast a polynomial map of the plane grows, decided from its monomials for all values of its letters at once.

For weights ``w > 0`` the degree of the n-th iterate is at most ``lambda^n``, where lambda is the least number such that
no component gains more than a factor lambda; at the weights that reach it, the leading forms decide whether it is less.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache

from flint import fmpz_mpoly

from .shapes import FIRST_CONSTANT, RING, Pair

Monomial = tuple[int, int]
FINE = 1 << 48
"""Weights that are no ratios of small numbers are kept to this resolution."""
WANTED = 3
"""The growth of the gradient step in the weights."""


@dataclass(frozen=True)
class Coefficients:
    """A polynomial by its monomials in x and y: how many terms each coefficient has, and whether it may vanish.

    Attributes:
        sure: monomials whose coefficient is one term without additive constants, so that it never vanishes.
        all: all monomials.
    """

    sure: frozenset[Monomial]
    all: frozenset[Monomial]


def coefficients(poly: fmpz_mpoly) -> Coefficients:
    """The monomials of a polynomial, and which of them never vanish."""
    found: dict[Monomial, bool] = {}
    for exponents in poly.monoms():
        monomial = (int(exponents[0]), int(exponents[1]))
        found[monomial] = monomial not in found and not any(exponents[FIRST_CONSTANT:])
    return Coefficients(frozenset(m for m, sure in found.items() if sure), frozenset(found))


def never_zero(poly: fmpz_mpoly, constants: int = 2) -> bool:
    """Whether some coefficient never vanishes; one constant alone is transcendental, and no root of anything."""
    return bool(coefficients(poly).sure) if constants > 1 else not poly.is_zero()


@lru_cache(maxsize=1 << 16)
def corners(monomials: frozenset[Monomial]) -> tuple[Monomial, ...]:
    """The monomials that divide no other: they alone decide weighted degrees."""
    kept = [m for m in monomials if not any(n != m and n[0] >= m[0] and n[1] >= m[1] for n in monomials)]
    return tuple(sorted(kept))


@dataclass(frozen=True)
class Growth:
    """The weights at which both components gain the same factor, as whole numbers.

    Attributes:
        x: weight of x.
        y: weight of y.
        gain: the weight of the image of x; the factor is ``gain / x``.
        slack: by how much weights may differ and still be equal; 0 where the ratio of the weights is rational.
    """

    x: int
    y: int
    gain: int
    slack: int

    def compared(self) -> int:
        """-1, 0 or 1: the factor against :data:`WANTED`."""
        difference = self.gain - WANTED * self.x
        return 0 if abs(difference) <= self.slack else 1 if difference > 0 else -1


@cache
def growth(first: tuple[Monomial, ...], second: tuple[Monomial, ...]) -> Growth:
    """The common factor of two components, y in the first and x in the second.

    With weights 1 and w the gain of the second over that of the first falls from plus to minus infinity. Its zero is
    bisected; it is rational with a denominator of at most the largest exponent, or a quadratic irrational: then no two
    monomials have the same weight, and the factor is no whole number.

    Args:
        first: corners of the first component.
        second: corners of the second.

    Returns:
        Weights and factor.
    """

    def gains(x: int, y: int) -> tuple[int, int]:
        return max(i * x + j * y for i, j in first) * y, max(i * x + j * y for i, j in second) * x

    low, high = FINE >> 6, FINE << 6
    for _ in range(60):
        middle = (low + high) // 2
        one, two = gains(FINE, middle)
        if one == two:
            low = high = middle
            break
        low, high = (middle, high) if two > one else (low, middle)
    near = Fraction(low, FINE).limit_denominator(64)
    one, two = gains(near.denominator, near.numerator)
    if one == two:
        return Growth(near.denominator, near.numerator, one // near.numerator, 0)
    return Growth(FINE, low, gains(FINE, low)[0] // low, FINE >> 20)


def leading(poly: fmpz_mpoly, at: Growth) -> fmpz_mpoly:
    """The part of highest weight."""
    terms = poly.to_dict()
    weights = [int(e[0]) * at.x + int(e[1]) * at.y for e in terms]
    least = max(weights) - at.slack
    return RING.from_dict({e: c for (e, c), w in zip(terms.items(), weights, strict=True) if w >= least})


def jacobian(first: fmpz_mpoly, second: fmpz_mpoly) -> fmpz_mpoly:
    """The determinant of the derivative."""
    return first.derivative(0) * second.derivative(1) - first.derivative(1) * second.derivative(0)


def iterate_leading(forms: Pair) -> Pair:
    """The leading forms, applied to themselves."""
    rest = RING.gens()[2:]
    return forms[0].compose(*forms, *rest), forms[1].compose(*forms, *rest)
