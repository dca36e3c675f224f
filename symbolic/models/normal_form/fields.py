"""Where coefficients live: rationals, rational functions of symbols, or balls; one interface, so one formula for all."""

from __future__ import annotations

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


class NotInField(DomainError):
    """A number that the field does not hold exactly: balls do."""


class Field:
    """What linear algebra and series ask of numbers.

    Attributes:
        exact: whether a zero is known as one.
    """

    exact = True
    zero: Element
    one: Element

    def read(self, expr: sp.Expr) -> Element:
        """The number of an exact expression."""
        raise NotImplementedError

    def sign(self, value: Element) -> int | None:
        """-1, 0, 1, or None where it is open."""
        raise NotImplementedError

    def expression(self, value: Element) -> sp.Expr | arb:
        """The number for people: exact as SymPy, a ball as it is."""
        raise NotImplementedError

    def function(self, name: str, value: Element) -> Element:
        """A function of a number."""
        raise NotImplementedError

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
            raise NotInField.of("Rationals", "a rational function of its symbols", expr, "Use balls.")
        if any(not n.is_Rational for n in expr.atoms(sp.Number, sp.NumberSymbol)) or expr.has(sp.Function):
            raise NotInField.of("Rationals", "rational coefficients", expr, "Use balls.")
        if any(not p.exp.is_Integer for p in expr.atoms(sp.Pow)):
            raise NotInField.of("Rationals", "whole powers", expr, "Use balls.")
        return to_fmpq(expr) if self.ring is None else RationalFunction.from_expr(self.ring, expr)

    def sign(self, value: Element) -> int | None:
        """The sign of a rational; of a function of symbols what their assumptions say."""
        if self.ring is None:
            return (value > 0) - (value < 0)
        if value.is_zero():
            return 0
        expr = sp.factor(value.to_expr())
        return 1 if expr.is_positive else -1 if expr.is_negative else None

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
        raise NotInField.of("Rationals", "a rational value", f"{name}({self.expression(value)})", "Use balls.")


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
        if name == "log" and not value > 0 or name == "sqrt" and not value >= 0:
            raise DomainError.of("normal form", "an argument in the domain", f"{name}({value})", "Choose another point.")
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
    return value.str(15) if isinstance(value, arb) else str(value)


def data(value: sp.Expr | arb) -> str | dict[str, str]:
    """A number as data: an exact string, or the two ends of an interval that holds it."""
    if not isinstance(value, arb):
        return str(value)
    return {"low": _decimal(value, -1), "high": _decimal(value, 1)}


def _decimal(value: arb, side: int) -> str:
    """An end of a ball as a decimal fraction of 25 places or so, moved outwards."""
    end = value.lower() if side < 0 else value.upper()
    if not end.is_finite():
        return "-inf" if side < 0 else "inf"
    size = max(0, 25 - max(0, len(str(abs(int(end.mid().fmpq().p // end.mid().fmpq().q))))))
    exact = end.mid().fmpq() * fmpq(10) ** size
    whole = exact.p // exact.q + (1 if side > 0 else 0)
    text = str(abs(int(whole))).rjust(size + 1, "0")
    sign = "-" if whole < 0 else ""
    return sign + (text[:-size] + "." + text[-size:] if size else text)
