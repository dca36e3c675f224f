"""Real algebraic numbers, as roots of irreducible polynomials over Q in rational intervals that isolate them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, total_ordering
from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq, fmpq_mpoly, fmpq_poly, fmpz_poly

from ...algebra.errors import DomainError
from ...algebra.rings import to_fraction

BITS = (64, 128, 256, 512, 1024, 2048, 4096)
"""Precisions at which a comparison is tried, one after the other."""


def primitive(coefficients: list[fmpq]) -> fmpz_poly:
    """The primitive integer polynomial with positive leading coefficient, lowest power first."""
    numerator = fmpq_poly(coefficients).numer()
    content = numerator.content()
    reduced = fmpz_poly([c // content for c in numerator.coeffs()])
    return -reduced if reduced.coeffs()[-1] < 0 else reduced


def in_one(polynomial: fmpq_mpoly, index: int) -> fmpz_poly:
    """A polynomial in which one variable occurs, as an integer polynomial in it.

    Raises:
        DomainError: another variable occurs, or the polynomial is 0.
    """
    terms = {tuple(map(int, e)): c for e, c in polynomial.to_dict().items()}
    if not terms or any(any(p for k, p in enumerate(e) if k != index) for e in terms):
        raise DomainError.of("in_one()", "a polynomial in one variable", str(polynomial), "Eliminate the others.")
    coefficients = [fmpq(0)] * (max(e[index] for e in terms) + 1)
    for e, c in terms.items():
        coefficients[e[index]] = c
    return primitive(coefficients)


def real_roots(polynomial: fmpz_poly) -> list[arb]:
    """Balls about the real roots of a square-free polynomial at flint's precision, disjoint, in order."""
    if polynomial.degree() < 1:
        return []
    # of a polynomial over Z flint isolates all roots, and makes those that are real exactly real
    roots: Any = polynomial.complex_roots()
    found: list[arb] = [root.real for root, _ in roots if root.imag == 0]
    return sorted(found, key=lambda ball: ball.mid())


@lru_cache(maxsize=4096)
def _known_roots(coefficients: tuple[int, ...], bits: int) -> tuple[arb, ...]:
    with ctx.workprec(bits):
        return tuple(real_roots(fmpz_poly(list(coefficients))))


def ends(ball: arb) -> tuple[Fraction, Fraction]:
    """The exact rational ends of a ball."""

    def exact(value: arb) -> Fraction:
        mantissa, exponent = value.man_exp()
        return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)

    middle, radius = exact(ball.mid()), exact(ball.rad())
    return middle - radius, middle + radius


MOST_BITS = 10_000_000
"""Bits of precision that can be asked for."""


@total_ordering
@dataclass(frozen=True, eq=False)
class AlgebraicNumber:
    """One real root of an irreducible polynomial over Q.

    Attributes:
        coefficients: of the primitive integer polynomial, lowest power first.
        index: which of its real roots, counted from the least.

    Source:
        Derived here.

    Example:
        >>> root = es.models.AlgebraicNumber((-4, 2, 1), 1)
        >>> root.expression(), root.digits(6)
        (-1 + sqrt(5), '1.23607')
    """

    coefficients: tuple[int, ...]
    index: int

    def __post_init__(self) -> None:
        """Refuse what names no root.

        Raises:
            DomainError: no polynomial of degree 1 or more, coefficients that are no integers, or a root that it lacks.
        """
        where = "AlgebraicNumber()"
        whole = all(isinstance(c, int) and not isinstance(c, bool) for c in self.coefficients)
        if len(self.coefficients) < 2 or not whole or not self.coefficients[-1]:
            fix = "Give the constant first; the last is not 0."
            raise DomainError.of(where, "integer coefficients, lowest power first", self.coefficients, fix)
        real = 1 if self.degree == 1 else len(_known_roots(self.coefficients, 64))
        if not 0 <= self.index < real:
            raise DomainError.of(where, f"one of {real} real roots, from 0", self.index, "Choose another index.")

    @property
    def polynomial(self) -> fmpz_poly:
        """The minimal polynomial, primitive over the integers."""
        return fmpz_poly(list(self.coefficients))

    @property
    def degree(self) -> int:
        """Its degree over Q."""
        return len(self.coefficients) - 1

    def ball(self, bits: int = 64) -> arb:
        """A ball that contains the number and no other root of its polynomial.

        Args:
            bits: working precision.

        Returns:
            The ball; its radius is near ``2^-bits`` times the number.
        """
        if not 2 <= bits <= MOST_BITS:
            raise DomainError.of("AlgebraicNumber.ball()", f"2 to {MOST_BITS} bits", bits, "Choose fewer.")
        with ctx.workprec(bits):
            if self.degree == 1:
                return arb(fmpq(-self.coefficients[0], self.coefficients[1]))
            return _known_roots(self.coefficients, bits)[self.index]

    def bounds(self, bits: int = 64) -> tuple[Fraction, Fraction]:
        """Rational numbers between which the number lies, equal where it is rational.

        Args:
            bits: working precision.

        Returns:
            Lower and upper bound.
        """
        if self.degree == 1:
            exact = Fraction(-self.coefficients[0], self.coefficients[1])
            return exact, exact
        return ends(self.ball(bits))

    def sign_of(self, polynomial: fmpz_poly) -> int:
        """The exact sign of an integer polynomial at the number."""
        if not (divmod(fmpq_poly(polynomial), fmpq_poly(self.polynomial))[1]):
            return 0
        for bits in BITS:
            with ctx.workprec(bits):
                value = polynomial(self.ball(bits))
            if value > 0:
                return 1
            if value < 0:
                return -1
        raise DomainError.of("sign_of()", "a sign within 4096 bits", str(polynomial), "Report it.")

    def _compare(self, other: AlgebraicNumber | Fraction | int) -> int:
        if not isinstance(other, AlgebraicNumber):
            other = rational(other)
        if self.coefficients == other.coefficients:
            return (self.index > other.index) - (self.index < other.index)
        for bits in BITS:
            a, b = self.ball(bits), other.ball(bits)
            if a < b:
                return -1
            if a > b:
                return 1
        raise DomainError.of("AlgebraicNumber", "different numbers told apart within 4096 bits", self, "Report it.")

    def __eq__(self, other: object) -> bool:
        """Whether both are the same number: irreducible polynomials that differ share no root."""
        if not isinstance(other, AlgebraicNumber | int | Fraction):
            return NotImplemented
        return self._compare(other) == 0

    def __lt__(self, other: AlgebraicNumber | Fraction | int) -> bool:
        return self._compare(other) < 0

    def __hash__(self) -> int:
        return hash((self.coefficients, self.index))

    def __float__(self) -> float:
        return float(self.ball().mid())

    def __str__(self) -> str:
        return str(self.expression()) if self.degree <= 2 else f"{self.digits()}.."

    def expression(self) -> sp.Expr:
        """Exact, in radicals to degree 2; beyond that the indexed root of its polynomial.

        Returns:
            A SymPy number.
        """
        x = sp.Symbol("x")
        terms = sp.Poly(list(reversed(self.coefficients)), x)
        if self.degree <= 2:
            return sp.expand(sp.radsimp(sorted(sp.roots(terms), key=lambda r: float(r))[self.index]))
        return sp.CRootOf(terms, self.index)

    def equation(self, name: sp.Symbol) -> sp.Expr:
        """The minimal polynomial in a symbol."""
        return sp.Add(*(sp.Integer(c) * name**k for k, c in enumerate(self.coefficients)))

    def digits(self, count: int = 12) -> str:
        """Correct decimals, cut (not rounded) unless the number is rational with few digits.

        Args:
            count: significant digits.

        Returns:
            The decimals.
        """
        low, high = self.bounds(64 + 4 * count)
        shown = sp.N(sp.Rational(low.numerator, low.denominator), count)
        other = sp.N(sp.Rational(high.numerator, high.denominator), count)
        return str(shown if abs(shown - other) == 0 else sp.N(shown, count - 1))

    def json(self) -> dict[str, object]:
        """Minimal polynomial, an isolating interval and decimals."""
        low, high = self.bounds()
        return {
            "exact": str(self.expression()) if self.degree <= 2 else None,
            "minimal_polynomial": [str(c) for c in self.coefficients],
            "between": [str(low), str(high)],
            "decimal": self.digits(),
        }


def roots_between(polynomial: fmpz_poly, low: Fraction, high: Fraction | None = None) -> list[AlgebraicNumber]:
    """The real roots of a polynomial inside an open interval, in order, each once.

    Args:
        polynomial: any non-zero integer polynomial.
        low: lower end.
        high: upper end; none when not given.

    Returns:
        The roots, exact.
    """
    found = []
    for factor, _ in polynomial.factor()[1]:
        exact = primitive([fmpq(c) for c in factor.coeffs()])
        if exact.degree() < 1:
            continue
        key = tuple(int(c) for c in exact.coeffs())
        count = 1 if len(key) == 2 else len(_known_roots(key, BITS[0]))
        found += [
            number
            for k in range(count)
            if low < (number := AlgebraicNumber(key, k)) and (high is None or number < high)
        ]
    return sorted(set(found))


def rational(value: Fraction | int) -> AlgebraicNumber:
    """A rational number among the algebraic ones."""
    exact = Fraction(value)
    return AlgebraicNumber((-exact.numerator, exact.denominator), 0)


def between(low: AlgebraicNumber, high: AlgebraicNumber) -> Fraction:
    """A rational with a small denominator strictly between two algebraic numbers."""
    for bits in BITS:
        below, above = low.bounds(bits)[1], high.bounds(bits)[0]
        if below < above:
            middle, width = (below + above) / 2, (above - below) / 4
            return middle.limit_denominator(max(1, int(1 / width) + 1))
    raise DomainError.of("between()", "two different numbers", f"{low}, {high}", "Report it.")


def from_rational(value: sp.Rational) -> AlgebraicNumber:
    """A SymPy rational among the algebraic numbers."""
    return rational(to_fraction(value))
