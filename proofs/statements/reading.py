"""A statement as a check reads it: whatever is taken from it is noted, and nothing else counts as judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from ...symbolic.algebra.errors import ProofError
from .statement import Statement
from .terms import Domain, is_relation
from .text import term_text

_BELOW = (sp.Lt, sp.Le)
_ABOVE = (sp.Gt, sp.Ge)
_STRICT = (sp.Lt, sp.Gt)


def _missing(what: str, found: object) -> ProofError:
    return ProofError.of("the statement", what, found, "The check cannot judge another statement.")


@dataclass(frozen=True)
class Bounds:
    """Between what a quantity lies, as a statement says; None where it says nothing.

    Attributes:
        low: lower bound.
        high: upper bound.
        low_strict: whether the lower bound itself is excluded.
        high_strict: whether the upper bound itself is excluded.
    """

    low: sp.Expr | None = None
    high: sp.Expr | None = None
    low_strict: bool = False
    high_strict: bool = False


def to_number(value: Any) -> sp.Expr:
    """An exact SymPy number from an int, a Fraction, a float (its exact value), or anything SymPy reads."""
    if isinstance(value, Fraction):
        return sp.Rational(value.numerator, value.denominator)
    if isinstance(value, float):
        return sp.Float(value) if value != value or value in (float("inf"), -float("inf")) else sp.Rational(value)
    return sp.sympify(value)


class Reading:
    """What a check takes a statement from.

    Attributes:
        statement: the statement.
        covered: numbers of the conclusion's parts that were read.
    """

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.covered: set[int] = set()
        self._read: set[str] = set()

    def unread(self) -> list[str]:
        """Ranges and hypotheses that were not read."""
        s = self.statement
        ranges = [str(r) for r in s.over if f"over {r.symbol.name}" not in self._read]
        return ranges + [term_text(h) for i, h in enumerate(s.given) if f"given {i}" not in self._read]

    # the conclusion

    def part(self, index: int) -> sp.Basic:
        """One part of the conclusion."""
        if index >= len(self.statement.conclusion):
            raise _missing(f"a part number {index}", f"{len(self.statement.conclusion)} parts")
        self.covered.add(index)
        return self.statement.conclusion[index]

    def parts(self) -> tuple[sp.Basic, ...]:
        """All parts of the conclusion."""
        return tuple(self.part(i) for i in range(len(self.statement.conclusion)))

    def relations(self, left: sp.Basic) -> list[sp.Basic]:
        """The parts whose left side is a given term."""
        found = [i for i, p in enumerate(self.statement.conclusion) if p.args and p.args[0] == left]
        return [self.part(i) for i in found]

    def equation(self, left: sp.Basic) -> sp.Expr:
        """The right side of the one part that is an equation for a term.

        Raises:
            ProofError: there is none, or several.
        """
        found = [p for p in self.relations(left) if isinstance(p, sp.Eq)]
        if len(found) != 1:
            raise _missing(f"one equation for {left}", [term_text(p) for p in self.statement.conclusion])
        return found[0].args[1]

    def bounds(self, quantity: sp.Expr, given: bool = False) -> Bounds:
        """Between what a quantity lies, by the conclusion or (``given``) by the hypotheses.

        Args:
            quantity: the left or right side of inequalities.
            given: read the hypotheses instead of the conclusion.

        Raises:
            ProofError: two bounds on one side, or none at all.
        """
        parts = self.statement.given if given else self.statement.conclusion
        sides: dict[bool, tuple[sp.Expr, bool]] = {}
        for index, part in enumerate(parts):
            if not isinstance(part, (*_BELOW, *_ABOVE)) or quantity not in part.args:
                continue
            left = part.args[0] == quantity
            upper = isinstance(part, _BELOW) == left
            if upper in sides:
                raise _missing(f"one bound of {quantity} from each side", [term_text(p) for p in parts])
            sides[upper] = (part.args[1 if left else 0], isinstance(part, _STRICT))
            if given:
                self._read.add(f"given {index}")
            else:
                self.covered.add(index)
        if not sides:
            raise _missing(f"a bound of {quantity}", [term_text(p) for p in parts])
        (low, low_strict), (high, high_strict) = sides.get(False, (None, False)), sides.get(True, (None, False))
        return Bounds(low, high, low_strict, high_strict)

    # ranges and hypotheses

    def domain(self, symbol: sp.Symbol) -> Domain:
        """What a variable ranges over."""
        for r in self.statement.over:
            if r.symbol == symbol:
                self._read.add(f"over {symbol.name}")
                return r.domain
        raise _missing(f"a range of {symbol}", [str(r) for r in self.statement.over])

    def interval(self, symbol: sp.Symbol) -> sp.Interval:
        """The interval that a variable ranges over.

        Raises:
            ProofError: it ranges over something else.
        """
        domain = self.domain(symbol)
        if domain is sp.S.Reals:
            return sp.Interval(-sp.oo, sp.oo)
        if not isinstance(domain, sp.Interval):
            raise _missing(f"an interval for {symbol}", domain)
        return domain

    def within(self, symbol: sp.Symbol, largest: Domain) -> None:
        """Read a variable's range, which may not be larger than what the check covers.

        Args:
            symbol: the variable.
            largest: the range on which the check's argument holds.

        Raises:
            ProofError: the statement's range is larger.
        """
        domain = self.domain(symbol)
        if isinstance(domain, sp.Set) and isinstance(largest, sp.Set):
            if domain.is_subset(largest):
                return
        elif domain == largest:
            return
        raise _missing(f"{symbol} in {largest}", domain)

    def given(self) -> tuple[sp.Basic, ...]:
        """All hypotheses."""
        self._read |= {f"given {i}" for i in range(len(self.statement.given))}
        return self.statement.given

    def hypotheses_on(self, symbol: sp.Symbol) -> list[sp.Basic]:
        """The hypotheses that mention a symbol."""
        found = [i for i, h in enumerate(self.statement.given) if symbol in h.free_symbols]
        self._read |= {f"given {i}" for i in found}
        return [self.statement.given[i] for i in found]

    def assumed(self, relation: sp.Basic) -> None:
        """Read a hypothesis that has to be there as it is.

        Raises:
            ProofError: it is not.
        """
        if relation not in self.statement.given:
            raise _missing(f"the hypothesis {term_text(relation)}", [term_text(h) for h in self.statement.given])
        self._read.add(f"given {self.statement.given.index(relation)}")

    def value(self, symbol: sp.Symbol) -> sp.Expr:
        """What the one hypothesis that is an equation for a symbol says that it is.

        Raises:
            ProofError: there is none, or several.
        """
        found = [i for i, h in enumerate(self.statement.given) if isinstance(h, sp.Eq) and h.args[0] == symbol]
        if len(found) != 1:
            raise _missing(f"one hypothesis {symbol} = ..", [term_text(h) for h in self.statement.given])
        self._read.add(f"given {found[0]}")
        return self.statement.given[found[0]].args[1]

    # the statement's own definitions

    def defined(self, name: sp.Basic) -> sp.Basic:
        """The value that the statement itself gives a name."""
        for definition in self.statement.where:
            if definition.name == name and definition.value is not None:
                return definition.value
        raise _missing(f"a definition of {name}", [str(d.name) for d in self.statement.where])

    def unfolded(self, term: sp.Basic) -> sp.Basic:
        """A term with the statement's own abbreviations replaced by their values."""
        for definition in reversed(self.statement.where):
            if definition.value is not None:
                term = term.subs(definition.name, definition.value)
        return term

    # at measured values

    def admits(self, values: Mapping[sp.Basic, Any]) -> bool:
        """Whether the ranges and hypotheses hold at given values.

        Args:
            values: symbol (or applied function) to number; a range of a variable without a value is not read.

        Raises:
            ProofError: a hypothesis mentions a name without a value.
        """
        numbers = {name: to_number(v) for name, v in values.items()}
        for r in self.statement.over:
            if r.symbol not in numbers or not isinstance(self.domain(r.symbol), sp.Set):
                continue
            if r.domain.contains(numbers[r.symbol]) is not sp.true:
                return False
        return all(self.decided(h, numbers) for h in self.given())

    def holds(self, values: Mapping[sp.Basic, Any], *indices: int) -> bool:
        """Whether the conclusion holds at given values.

        Args:
            values: symbol (or applied function) to number.
            *indices: the parts asked for; none means all.

        Raises:
            ProofError: a part mentions a name without a value.
        """
        numbers = {name: to_number(v) for name, v in values.items()}
        asked = indices or tuple(range(len(self.statement.conclusion)))
        found = [self.decided(self.part(i), numbers) for i in asked]
        return all(found)

    def decided(self, relation: sp.Basic, values: Mapping[sp.Basic, sp.Expr]) -> bool:
        """Whether a relation holds once every name has its number."""
        here = self.unfolded(relation).xreplace(dict(values))
        if is_relation(here):
            here = here.func(*(sp.sympify(a).doit() for a in here.args))
        if here is sp.true or here is sp.false:
            return here is sp.true
        raise _missing(
            f"values for every name of {term_text(relation)}", sorted(map(str, here.free_symbols)) or str(here)
        )
