"""Where coefficients live: rationals, rational functions of symbols, or balls; one interface, one formula for all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, TypeAlias

import sympy as sp
from flint import arb, ctx, fmpq

from ...algebra.errors import DomainError
from ...algebra.rational import RationalFunction
from ...algebra.rings import PolyRing, to_fmpq, to_rational
from ..own_loss.numbers import enclose

BITS = 256
"""Working precision of balls: 100 parameters lose some 60 bits to elimination, so that 40 digits are left."""

Element: TypeAlias = Any
"""A number of a field: ``fmpq``, ``RationalFunction`` or ``arb``."""


class NotInFieldError(DomainError):
    """A number that the field does not hold exactly: balls do."""


class Field(ABC):
    """What linear algebra and series ask of numbers.

    Attributes:
        exact: whether a zero is known as one.
    """

    exact = True
    zero: Element
    one: Element

    @abstractmethod
    def read(self, expr: sp.Expr) -> Element:
        """The number of an exact expression."""

    @abstractmethod
    def sign(self, value: Element) -> int | None:
        """-1, 0, 1, or None where it is open."""

    @abstractmethod
    def expression(self, value: Element) -> sp.Expr | arb:
        """The number for people: exact as SymPy, a ball as it is."""

    @abstractmethod
    def function(self, name: str, value: Element) -> Element:
        """A function of a number."""

    def is_zero(self, value: Element) -> bool | None:
        """Whether it is 0; None where it is open."""
        found = self.sign(value)
        return None if found is None else found == 0


class Rationals(Field):
    """Rationals, or rational functions of symbols over them.

    Args:
        symbols: the symbols; none for plain rationals.
    """

    def __init__(self, symbols: Sequence[sp.Symbol] = ()) -> None:
        self.symbols = tuple(symbols)
        self.ring = PolyRing(self.symbols) if symbols else None
        self.zero, self.one = self.read(sp.S.Zero), self.read(sp.S.One)

    def read(self, expr: sp.Expr) -> Element:
        """The number of a rational expression."""
        if not expr.is_rational_function(*self.symbols) or not expr.free_symbols <= set(self.symbols):
            raise NotInFieldError.of("Rationals", "a rational function of its symbols", expr, "Use balls.")
        if any(not n.is_Rational for n in expr.atoms(sp.Number, sp.NumberSymbol)) or expr.has(sp.Function):
            raise NotInFieldError.of("Rationals", "rational coefficients", expr, "Use balls.")
        if any(not p.exp.is_Integer for p in expr.atoms(sp.Pow)):
            raise NotInFieldError.of("Rationals", "whole powers", expr, "Use balls.")
        return to_fmpq(expr) if self.ring is None else RationalFunction.from_expr(self.ring, expr)

    def sign(self, value: Element) -> int | None:
        """The sign of a rational; of a function of symbols what their assumptions say."""
        if self.ring is None:
            return (value > 0) - (value < 0)
        if value.is_zero():
            return 0
        top, low = (_sign_of(self.ring.to_expr(p)) for p in (value.numerator, value.denominator))
        # where the quotient is defined its denominator is not 0
        return None if top is None or low is None or not top[1] else top[0] * low[0]

    def is_zero(self, value: Element) -> bool | None:
        """Whether it is the number 0, or the function 0."""
        return bool(value == 0) if self.ring is None else value.is_zero()

    def expression(self, value: Element) -> sp.Expr | arb:
        """As SymPy, factored."""
        return to_rational(value) if self.ring is None else sp.factor(value.to_expr())

    def function(self, name: str, value: Element) -> Element:
        """The few values of elementary functions that are rational."""
        if self.is_zero(value) and name != "log":
            return self.one if name in ("exp", "cos", "cosh") else self.zero
        if name == "log" and self.is_zero(value - self.one):
            return self.zero
        if name == "sqrt":
            return self.read(sp.sqrt(self.expression(value)))
        raise NotInFieldError.of("Rationals", "a rational value", f"{name}({self.expression(value)})", "Use balls.")


def _sign_of(poly: sp.Expr) -> tuple[int, bool] | None:
    """The sign of a polynomial in real symbols where it is not 0, and whether it never is; None where it has both."""
    number, factors = sp.factor_list(poly)
    sign, never = int(sp.sign(number)), True
    for factor, power in factors:
        own = _definite_factor(factor)
        if own is not None:
            sign *= own**power
        elif factor.is_nonnegative or power % 2 == 0:
            never = False
        else:
            return None
    return sign, never


def _definite_factor(factor: sp.Expr) -> int | None:
    """The sign of an irreducible polynomial without real zeros, as far as assumptions or Sturm's count say."""
    if factor.is_positive or factor.is_negative:
        return 1 if factor.is_positive else -1
    symbols = factor.free_symbols
    if len(symbols) != 1:
        return None
    poly = sp.Poly(factor, *symbols, domain="QQ")
    low = 0 if next(iter(symbols)).is_positive else None
    if poly.count_roots(low, None):
        return None
    return int(sp.sign(poly.eval(1)))


class Balls(Field):
    """Balls at the working precision, which the caller sets (``flint.ctx.workprec``)."""

    exact = False

    def __init__(self) -> None:
        self.zero, self.one = arb(0), arb(1)

    def read(self, expr: sp.Expr) -> Element:
        """A ball around an exact number."""
        found = enclose(expr) if expr.is_number else None
        if found is None or not found.is_finite():
            raise DomainError.of(
                "normal form", "an exact number that can be enclosed", expr, "Give constants values; say them plainly."
            )
        return found

    def sign(self, value: Element) -> int | None:
        """The sign, proved, or None; 0 only for the exact 0."""
        return 1 if value > 0 else -1 if value < 0 else 0 if value == 0 else None

    def expression(self, value: Element) -> sp.Expr | arb:
        """The ball."""
        return value

    def function(self, name: str, value: Element) -> Element:
        """The ball of a function's values."""
        if (name == "log" and not value > 0) or (name == "sqrt" and not value >= 0):
            raise DomainError.of(
                "normal form", "an argument in the domain", f"{name}({value})", "Choose another point."
            )
        found: arb = getattr(value, name)()
        return found


def to_ball(value: Element) -> arb:
    """A rational or a ball as a ball.

    Args:
        value: the number.

    Returns:
        Its ball at the working precision.
    """
    return value if isinstance(value, arb) else arb(value)


def middle(value: arb) -> arb:
    """The midpoint as an exact number."""
    return arb(value.mid())


def precision() -> int:
    """The working precision in bits."""
    return int(ctx.prec)


def rational(value: int, over: int = 1) -> fmpq:
    """A rational."""
    return fmpq(value, over)


def shown(value: sp.Expr | arb) -> str:
    """A number as text: exact, or a ball as ``[mid +/- radius]`` with its sure digits."""
    if not isinstance(value, arb):
        return str(value)
    with ctx.workprec(BITS):
        return str(value.str(15))


def data(value: sp.Expr | arb) -> str | dict[str, str]:
    """A number as data: an exact string, or the two ends of an interval that holds it."""
    if not isinstance(value, arb):
        return str(value)
    with ctx.workprec(BITS):
        return {"low": _decimal(value.lower(), -1), "high": _decimal(value.upper(), 1)}


DECIMALS = 30


def _decimal(end: arb, side: int) -> str:
    """An end of a ball as a decimal fraction, moved outwards."""
    if not end.is_finite():
        return "-inf" if side < 0 else "inf"
    exact = end.mid().fmpq() * fmpq(10) ** DECIMALS
    whole = int(exact.p // exact.q if side < 0 else -((-exact.p) // exact.q))
    text = str(abs(whole)).rjust(DECIMALS + 1, "0")
    return ("-" if whole < 0 else "") + f"{text[:-DECIMALS]}.{text[-DECIMALS:]}"
