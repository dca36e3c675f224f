"""Statements within statements: for every .. there is .., in the order in which they are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sympy as sp
from sympy.core.symbol import Str

from .statement import Range, domain_text
from .terms import Domain, Named, Node


class Space(sp.Basic):
    """A named domain, or the set that a variable stands for, as an argument of a term."""

    @classmethod
    def of(cls, named: Named) -> Space:
        """The node of a named domain."""
        return cls(Str(named.text), Str(named.latex), Str(named.coq))

    @property
    def named(self) -> Named:
        """The named domain of this node."""
        return Named(*(arg.name for arg in self.args))


class Either(Node):
    """``Either(a, b, ..)``: one of them holds at least; it keeps their order."""

    def written(self, parts: list[str], name: str) -> str:
        """As text."""
        return " or ".join(parts)

    def written_latex(self, parts: list[str]) -> str:
        """As LaTeX."""
        return r" \vee ".join(parts)


class Quantified(Node):
    """Variables with their ranges, hypotheses, and a conclusion of several parts.

    A range may be a set that is itself a variable further out: "for every theta_0 in U".
    """

    words = ""
    sign = ""

    def __new__(cls, *args: sp.Basic) -> Quantified:
        """Take the three tuples of :meth:`of`."""
        return super().__new__(cls, *(sp.Tuple(*a) for a in args))

    @classmethod
    def of(
        cls, over: Sequence[Range], given: Sequence[sp.Basic] = (), conclusion: Sequence[sp.Basic] = ()
    ) -> Quantified:
        """Build from ranges, hypotheses and parts, as a statement is built.

        Args:
            over: the variables.
            given: hypotheses.
            conclusion: parts.

        Returns:
            The node.
        """
        ranges = [sp.Tuple(r.symbol, Space.of(r.domain) if isinstance(r.domain, Named) else r.domain) for r in over]
        return cls(ranges, given, conclusion)

    @property
    def over(self) -> tuple[Range, ...]:
        """The variables with their ranges."""
        return tuple(Range(s, d.named if isinstance(d, Space) else d) for s, d in self.args[0])

    @property
    def given(self) -> tuple[sp.Basic, ...]:
        """The hypotheses."""
        return tuple(self.args[1])

    @property
    def conclusion(self) -> tuple[sp.Basic, ...]:
        """The parts of what is claimed."""
        return tuple(self.args[2])

    @property
    def free_symbols(self) -> set[sp.Basic]:
        """All symbols but the variables that are bound here."""
        return super().free_symbols - self.bound_symbols

    @property
    def bound_symbols(self) -> frozenset[sp.Symbol]:
        """The variables."""
        return frozenset(r.symbol for r in self.over)

    def _sympystr(self, printer: Any) -> str:
        groups: dict[str, list[str]] = {}
        for r in self.over:
            groups.setdefault(_domain_text(r.domain), []).append(printer._print(r.symbol))
        ranges = "; ".join(f"{', '.join(symbols)} in {domain}" for domain, symbols in groups.items())
        given, parts = (" and ".join(_inside(p, printer) for p in terms) for terms in self._premises_and_parts())
        return f"{self.words} {ranges}{f', if {given}' if given else ''}{self.sign} {parts}"

    def _premises_and_parts(self) -> tuple[tuple[sp.Basic, ...], tuple[sp.Basic, ...]]:
        """What is supposed, and what then holds."""
        return self.given, self.conclusion

    def _latex(self, printer: Any) -> str:
        ranges = r",\ ".join(rf"{printer._print(r.symbol)} \in {_domain_latex(r.domain, printer)}" for r in self.over)
        given, parts = (
            r",\ ".join(_inside(p, printer, r"\bigl(", r"\bigr)") for p in terms)
            for terms in self._premises_and_parts()
        )
        # a new line before the hypotheses and before the parts: it stands in an aligned display
        arrow = rf"{given} \implies \\ &\qquad " if given else ""
        return rf"{self.latex_sign} {ranges}: \\ &\qquad {arrow}{parts}"

    latex_sign = ""

    def variants(self) -> Iterator[tuple[str, sp.Basic]]:
        """The node with one hypothesis dropped, or one end of a range closed or opened."""
        ranges, given, parts = self.args
        for i, hypothesis in enumerate(given):
            yield f"hypothesis dropped: {hypothesis}", self.func(ranges, [*given[:i], *given[i + 1 :]], parts)
        for i, (symbol, domain) in enumerate(ranges):
            if not isinstance(domain, sp.Interval) or domain is sp.S.Reals:
                continue
            start, end, left, right = domain.start, domain.end, domain.left_open, domain.right_open
            for changed in (sp.Interval(start, end, not left, right), sp.Interval(start, end, left, not right)):
                if changed != domain:  # an infinite end stays open
                    moved = [*ranges[:i], sp.Tuple(symbol, changed), *ranges[i + 1 :]]
                    yield f"{domain} -> {changed}", self.func(moved, given, parts)


class NotEmpty(Node):
    """``NotEmpty(U)``: the set that a variable stands for has an element."""

    def written(self, parts: list[str], name: str) -> str:
        """As text."""
        return f"{parts[0]} is not empty"

    def written_latex(self, parts: list[str]) -> str:
        """As LaTeX."""
        return rf"{parts[0]} \ne \emptyset"


class Open(Node):
    """``Open(U)``: the set that a variable stands for is open."""

    def written(self, parts: list[str], name: str) -> str:
        """As text."""
        return f"{parts[0]} is open"

    def written_latex(self, parts: list[str]) -> str:
        """As LaTeX."""
        return rf"{parts[0]} \text{{ is open}}"


class ForAll(Quantified):
    """For every value of the variables that meets the hypotheses, all parts hold."""

    words, sign, latex_sign = "for every", ":", r"\forall"


class Exists(Quantified):
    """For some values of the variables the hypotheses and all parts hold."""

    words, sign, latex_sign = "there are", " with", r"\exists"

    def _premises_and_parts(self) -> tuple[tuple[sp.Basic, ...], tuple[sp.Basic, ...]]:
        return (), (*self.given, *self.conclusion)


def _inside(term: sp.Basic, printer: Any, opened: str = "(", closed: str = ")") -> str:
    """A term within a list of terms, in brackets where it is made of several itself."""
    text = str(printer._print(term))
    return f"{opened}{text}{closed}" if isinstance(term, Quantified | Either) else text


def _domain_text(domain: Domain | sp.Symbol) -> str:
    return domain.name if isinstance(domain, sp.Symbol) else domain_text(domain)


def _domain_latex(domain: Domain | sp.Symbol, printer: Any) -> str:
    return domain.latex if isinstance(domain, Named) else str(printer._print(domain))
