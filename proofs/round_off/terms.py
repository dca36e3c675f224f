"""Expressions over the reals that are printed for Gappa and for Coq alike, so that both read the same tree."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Term:
    """A name, an exact number, or an operation on terms.

    Attributes:
        kind: ``name``, ``number``, ``neg``, ``add``, ``sub``, ``mul`` or ``round``.
        parts: its operands.
        value: the name or the number.
    """

    kind: str
    parts: tuple[Term, ...] = ()
    value: str | Fraction = ""

    def __add__(self, other: Term) -> Term:
        return Term("add", (self, other))

    def __sub__(self, other: Term) -> Term:
        return Term("sub", (self, other))

    def __mul__(self, other: Term) -> Term:
        return Term("mul", (self, other))

    def __neg__(self) -> Term:
        return Term("neg", (self,))


def name(text: str) -> Term:
    """A variable, or a value defined before."""
    return Term("name", value=text)


def number(value: Fraction | int) -> Term:
    """An exact number."""
    return Term("number", value=Fraction(value))


def rounded(term: Term) -> Term:
    """The nearest double, ties to even."""
    return Term("round", (term,))


ONE = number(1)

_SIGNS = {"add": "+", "sub": "-", "mul": "*"}


def gappa_number(value: Fraction) -> str:
    """A number as Gappa reads it: dyadic where it is, else a quotient of integers."""
    size, sign = abs(value), "-" if value < 0 else ""
    if size.denominator == 1:
        return f"{sign}{size.numerator}"
    if size.denominator & (size.denominator - 1) == 0:
        return f"{sign}{size.numerator}b-{size.denominator.bit_length() - 1}"
    return f"({sign}{size.numerator} / {size.denominator})"


def coq_number(value: Fraction) -> str:
    """A number as a Coq real."""
    sign = f"- {abs(value.numerator)}" if value < 0 else str(value.numerator)
    text = sign if value.denominator == 1 else f"{sign} / {value.denominator}"
    return f"({text})" if value < 0 or value.denominator != 1 else text


def gappa(term: Term, constants: dict[Fraction, str]) -> str:
    """A term in Gappa's language, every operation in parentheses.

    Args:
        term: the term.
        constants: names of numbers; new ones are added. A number that is a variable of one value is printed by Gappa
            in Coq as it stands here, where Gappa's own constants are printed in another form.

    Returns:
        The text.
    """
    if term.kind == "name":
        return str(term.value)
    if term.kind == "number":
        return constants.setdefault(Fraction(term.value), f"c{len(constants) + 1}")
    if term.kind == "round":
        return f"rnd({gappa(term.parts[0], constants)})"
    if term.kind == "neg":
        return f"(-{gappa(term.parts[0], constants)})"
    left, right = (gappa(part, constants) for part in term.parts)
    return f"({left} {_SIGNS[term.kind]} {right})"


def coq(term: Term) -> str:
    """A term as a Coq real, every operation in parentheses; ``rnd`` is the rounding."""
    if term.kind == "name":
        return str(term.value)
    if term.kind == "number":
        return coq_number(Fraction(term.value))
    if term.kind == "round":
        return f"(rnd {coq(term.parts[0])})"
    if term.kind == "neg":
        return f"(- {coq(term.parts[0])})"
    left, right = map(coq, term.parts)
    return f"({left} {_SIGNS[term.kind]} {right})"
