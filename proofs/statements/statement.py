"""A statement: for every .. in .., if .., then ..; over names that are all defined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp

from ...symbolic.algebra.symbols import TABLE
from .names import table
from .names.entry import Name
from .terms import Domain, Named, Node, leaves, names_in


@dataclass(frozen=True)
class Range:
    """A variable of a statement with what it ranges over: "for every ``symbol`` in ``domain``".

    Attributes:
        symbol: the variable.
        domain: a SymPy set, or a named domain such as the formal variables.

    Source:
        Derived here.

    Example:
        >>> str(es.get_claim("one-step-map").statement.over[0])
        'z in the real numbers'
    """

    symbol: sp.Symbol
    domain: Domain

    def __str__(self) -> str:
        return f"{self.symbol.name} in {domain_text(self.domain)}"


@dataclass(frozen=True)
class Definition:
    """A name that one statement defines for itself.

    Attributes:
        name: a symbol, an applied function such as ``phi(z)``, or an indexed base.
        meaning: in one sentence.
        value: what it equals, in other symbols, if it is an abbreviation.
    """

    name: sp.Basic
    meaning: str
    value: sp.Basic | None = None

    @property
    def key(self) -> str:
        """As :func:`.terms.names_in` gives it."""
        name = self.name
        if isinstance(name, sp.IndexedBase):
            return f"{name.label}()"
        return f"{name.func.__name__}()" if name.args else str(name)


@dataclass(frozen=True)
class Statement:
    """What a claim says. Its parts are relations; every one of them is claimed.

    Attributes:
        conclusion: what is claimed, one relation (or node) a part.
        over: the variables and what they range over.
        given: hypotheses, one relation each.
        where: names that this statement defines for itself.
        prose: what no term can express; a claim that has any is CHECKED at most, unless Coq states it.

    Source:
        Derived here.

    Example:
        >>> statement = es.get_claim("nullcline-at-zero").statement
        >>> [str(part) for part in statement.conclusion], [str(h) for h in statement.given]
        (['Eq(f_0(z), 2/(1 - z))'], ['Ne(z, 1)'])
        >>> statement.undefined()
        set()
    """

    conclusion: tuple[sp.Basic, ...] = ()
    over: tuple[Range, ...] = ()
    given: tuple[sp.Basic, ...] = ()
    where: tuple[Definition, ...] = ()
    prose: str = ""

    def terms(self) -> Iterator[sp.Basic]:
        """Every term of the statement: conclusion, hypotheses, sets, values of its own definitions."""
        yield from self.conclusion
        yield from self.given
        yield from (r.domain for r in self.over if not isinstance(r.domain, Named))
        yield from (d.value for d in self.where if d.value is not None)

    def names(self) -> set[str]:
        """Every name that stands in the statement and is not one of its variables."""
        found = set().union(*(names_in(t) for t in (*self.conclusion, *self.given)))
        found = found.union(*(names_in(r.domain) for r in self.over if not isinstance(r.domain, Named)))
        # an abbreviation may speak of variables that are bound further in, where it stands
        inner = {s.name for s in self.inner_variables()}
        found = found.union(*(names_in(d.value) - inner for d in self.where if d.value is not None))
        return found - {r.symbol.name for r in self.over}

    def inner_variables(self) -> tuple[sp.Symbol, ...]:
        """Variables that nodes of the statement bind, by name."""
        nodes = (node for t in (*self.conclusion, *self.given) for _, node in leaves(t) if isinstance(node, Node))
        return tuple(sorted({s for node in nodes for s in node.bound_symbols}, key=str))

    def undefined(self) -> set[str]:
        """Names without a definition: not a variable, nor in the table of names, nor defined by the statement."""
        return self.names() - table().keys() - {d.key for d in self.where}

    def used_names(self) -> tuple[Name, ...]:
        """Entries of the table of names that the statement uses, by key."""
        own = {d.key for d in self.where}
        used = self.names() - own
        return tuple(entry for key, entry in sorted(table().items()) if key in used)


def number_text(value: sp.Expr) -> str:
    """A bound of an interval as text."""
    return str(value).replace("oo", "infinity")


def domain_text(domain: Domain) -> str:
    """A domain for reading in a terminal."""
    if isinstance(domain, Named):
        return domain.text
    known = {
        sp.S.Reals: "the real numbers",
        sp.S.Naturals: "the positive integers",
        sp.S.Naturals0: "the natural numbers with 0",
        sp.S.Integers: "the integers",
    }
    if domain in known:
        return known[domain]
    if isinstance(domain, sp.Interval):
        left, right = "(" if domain.left_open else "[", ")" if domain.right_open else "]"
        return f"{left}{number_text(domain.start)}, {number_text(domain.end)}{right}"
    if isinstance(domain, sp.FiniteSet):
        return "{" + ", ".join(str(v) for v in sorted(domain.args, key=sp.default_sort_key)) + "}"
    return str(domain)


def meaning_of(symbol: sp.Symbol) -> str:
    """What the table of symbols says a variable is; empty for another symbol of the same letters."""
    row = TABLE.get(symbol.name)
    return row.meaning if row and row.symbol == symbol else ""
