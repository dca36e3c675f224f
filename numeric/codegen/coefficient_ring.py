"""Polynomials in the state whose coefficients are rational functions of the parameters, exactly.

This is the ring Q(parameters)[state] in which coordinates are changed and schedules are proved equal to their source.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import sympy as sp
from flint import fmpq, fmpq_mpoly

from ...symbolic.algebra.rings import Exponents, PolyRing, to_fraction


class CoefficientRing:
    """Q(parameters)[state].

    Args:
        state: the polynomial variables.
        parameters: symbols that may also stand in denominators.
    """

    def __init__(self, state: Iterable[sp.Symbol], parameters: Iterable[sp.Symbol]) -> None:
        self.state = tuple(state)
        self.parameters = tuple(parameters)
        self.ring = PolyRing((*self.state, *self.parameters))

    @property
    def zero(self) -> ExactPoly:
        """The polynomial 0."""
        return ExactPoly(self, self.ring.zero, self.ring.one)

    @property
    def one(self) -> ExactPoly:
        """The polynomial 1."""
        return self.constant(1)

    def constant(self, value: int | Fraction | fmpq) -> ExactPoly:
        """A rational constant."""
        return ExactPoly(self, self.ring.constant(value), self.ring.one)

    def generator(self, symbol: sp.Symbol) -> ExactPoly:
        """One variable or parameter."""
        return ExactPoly(self, self.ring.generator(symbol), self.ring.one)

    def from_polynomial(self, poly: fmpq_mpoly) -> ExactPoly:
        """A polynomial of Q[state, parameters]."""
        return ExactPoly(self, poly, self.ring.one)


class ExactPoly:
    """One element: a polynomial in state and parameters over a polynomial in the parameters, in lowest terms.

    Args:
        home: its ring.
        numerator: polynomial in state and parameters.
        denominator: polynomial in the parameters alone, not zero.
    """

    __slots__ = ("denominator", "home", "numerator")

    def __init__(self, home: CoefficientRing, numerator: fmpq_mpoly, denominator: fmpq_mpoly) -> None:
        common = numerator.gcd(denominator) if not denominator.is_one() else denominator
        if not (common.is_one() or numerator.is_zero()):
            numerator, denominator = numerator / common, denominator / common
        if numerator.is_zero():
            denominator = home.ring.one
        lead = denominator.leading_coefficient()
        self.home = home
        self.numerator: fmpq_mpoly = numerator / lead
        self.denominator: fmpq_mpoly = denominator / lead

    def __add__(self, other: ExactPoly) -> ExactPoly:
        return ExactPoly(
            self.home,
            self.numerator * other.denominator + other.numerator * self.denominator,
            self.denominator * other.denominator,
        )

    def __neg__(self) -> ExactPoly:
        return ExactPoly(self.home, -self.numerator, self.denominator)

    def __sub__(self, other: ExactPoly) -> ExactPoly:
        return self + (-other)

    def __mul__(self, other: ExactPoly) -> ExactPoly:
        return ExactPoly(self.home, self.numerator * other.numerator, self.denominator * other.denominator)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ExactPoly):
            return NotImplemented
        return bool(self.numerator * other.denominator == other.numerator * self.denominator)

    def __hash__(self) -> int:
        return hash(str(self))

    def __bool__(self) -> bool:
        return not self.numerator.is_zero()

    def __str__(self) -> str:
        return str(self.to_expr())

    def terms(self) -> dict[Exponents, ExactPoly]:
        """Exponents of the state to coefficients (elements without state variables)."""
        n = len(self.home.state)
        split: dict[Exponents, dict[Exponents, fmpq]] = {}
        for exponents, value in self.numerator.to_dict().items():
            split.setdefault(exponents[:n], {})[(*(0,) * n, *exponents[n:])] = value
        context = self.home.ring.context
        return {e: ExactPoly(self.home, context.from_dict(c), self.denominator) for e, c in split.items()}

    def coefficient(self, exponents: Exponents) -> ExactPoly:
        """The coefficient of one monomial of the state."""
        return self.terms().get(exponents, self.home.zero)

    def monomial(self, exponents: Exponents) -> ExactPoly:
        """This times a monomial of the state."""
        full = (*exponents, *(0,) * len(self.home.parameters))
        return ExactPoly(self.home, self.numerator * self.home.ring.from_dict({full: 1}), self.denominator)

    def degree(self) -> int:
        """Total degree in the state; 0 for constants and for zero."""
        n = len(self.home.state)
        return max((sum(e[:n]) for e in self.numerator.to_dict()), default=0)

    def is_constant(self) -> bool:
        """Whether no state variable occurs."""
        return self.degree() == 0

    def rational(self) -> Fraction | None:
        """The number it is, or None when a variable or parameter occurs."""
        if not (self.numerator.is_constant() and self.denominator.is_constant()):
            return None
        value = self.numerator.leading_coefficient() if self else fmpq(0)
        value = value / self.denominator.leading_coefficient()
        return to_fraction(value)

    def content(self) -> fmpq_mpoly:
        """Greatest common divisor of the numerators of the coefficients, a polynomial in the parameters."""
        common = self.home.ring.zero
        for value in self.terms().values():
            common = common.gcd(value.numerator)
        return common

    def divide(self, other: ExactPoly) -> ExactPoly | None:
        """The quotient, or None when it is no polynomial in the state.

        Args:
            other: the divisor, not zero.

        Returns:
            The exact quotient, or None.
        """
        content = other.content()
        primitive = other.numerator / content
        quotient, rest = divmod(self.numerator, primitive)
        if not rest.is_zero():
            return None
        return ExactPoly(self.home, quotient * other.denominator, self.denominator * content)

    def compose(self, images: Sequence[ExactPoly]) -> ExactPoly:
        """Put elements (of any ring with the same parameters) in place of the state variables.

        Args:
            images: one element for each state variable, all of one ring.

        Returns:
            The composition, in the images' ring.
        """
        home = images[0].home
        powers: list[list[ExactPoly]] = [[home.one] for _ in images]
        total = home.zero
        for exponents, value in self.terms().items():
            term = constant_in(value, home)
            for row, image, power in zip(powers, images, exponents, strict=True):
                while len(row) <= power:
                    row.append(row[-1] * image)
                term = term * row[power]
            total = total + term
        return total

    def to_expr(self) -> sp.Expr:
        """As a SymPy expression."""
        ring = self.home.ring
        return ring.to_expr(self.numerator) / ring.to_expr(self.denominator)


def constant_in(value: ExactPoly, home: CoefficientRing) -> ExactPoly:
    """A constant of one ring in another ring with the same parameters."""
    n, m = len(value.home.state), len(home.state)

    def move(poly: fmpq_mpoly) -> fmpq_mpoly:
        return home.ring.context.from_dict({((0,) * m + e[n:]): c for e, c in poly.to_dict().items()})

    return ExactPoly(home, move(value.numerator), move(value.denominator))
