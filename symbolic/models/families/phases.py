"""Phases of a family: exact intervals of its parameter, with what was decided in each, as text, LaTeX and data."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy as sp

from ...explain.derived import Derived
from ...explain.log import DerivationLog
from ...latex.document import Section, document, escape
from ...latex.equations import Equation, Style, align
from .algebraic import AlgebraicNumber

LONGEST = 80
"""Characters that the coefficients of a printed minimal polynomial may take; longer ones are in the JSON."""


@dataclass(frozen=True)
class Threshold:
    """A parameter at which something changes.

    Attributes:
        value: the exact parameter.
        kind: ``sign``, ``monotone``, ``flip``, ``fold``, ``period three`` or ``escape``.
        meaning: what changes there, in words.
        period: of the cycle concerned, 1 for a fixed point; 0 where none is.

    Source:
        Derived here.

    Example:
        >>> [str(t.value) for t in es.models.family("product-3").phases().thresholds if t.kind == "flip"]
        ['2/3', '0.829738261893..']
    """

    value: AlgebraicNumber
    kind: str
    meaning: str
    period: int = 0

    def json(self) -> dict[str, Any]:
        """The threshold as data with exact strings."""
        return {"kind": self.kind, "period": self.period, "meaning": self.meaning, **self.value.json()}


@dataclass(frozen=True)
class Phase:
    """An open interval of the parameter on which the answers do not change.

    Attributes:
        name: one or two words.
        low: its lower end.
        high: its upper end; None where it has none.
        facts: what was decided, one sentence each.
        sample: the rational parameter at which counts and signs were decided; None where none was needed.
        parameter: the name of the parameter.

    Source:
        Derived here.

    Example:
        >>> str(es.models.family("product-3").phases().phases[1])
        'two-cycle: 2/3 < a < 0.829738261893..'
    """

    name: str
    low: AlgebraicNumber
    high: AlgebraicNumber | None
    facts: tuple[str, ...]
    sample: Fraction | None = None
    parameter: str = "a"

    def __str__(self) -> str:
        return f"{self.name}: {self.interval()}"

    def interval(self) -> str:
        """The interval as text."""
        if self.high is None:
            return f"{self.parameter} > {self.low}"
        return f"{self.low} < {self.parameter} < {self.high}"

    def holds(self, value: Fraction) -> bool:
        """Whether a rational parameter lies in the interval."""
        return self.low < value and (self.high is None or self.high > value)

    def json(self) -> dict[str, Any]:
        """The phase as data with exact strings."""
        return {
            "name": self.name,
            "low": str(self.low),
            "high": None if self.high is None else str(self.high),
            "facts": list(self.facts),
            "sample": None if self.sample is None else str(self.sample),
        }


@dataclass(frozen=True)
class PhaseTable(Derived):
    """The phases of a family in the order of the parameter.

    Attributes:
        title: what the family is.
        parameter: the parameter.
        step: one step of the family.
        phases: the intervals, without gaps but their ends.
        thresholds: what changes where, in order.
        log: how the thresholds were found and checked.

    Source:
        Derived here.

    Example:
        >>> table = es.models.family("product-3").phases()
        >>> [phase.name for phase in table.phases]
        ['catapult', 'two-cycle', 'cascade', 'divergent']
    """

    kind = "phases"
    title: str
    parameter: sp.Symbol
    step: tuple[Equation, ...]
    phases: tuple[Phase, ...]
    thresholds: tuple[Threshold, ...]
    log: DerivationLog = field(compare=False, repr=False)

    def at(self, value: Fraction) -> Phase | None:
        """The phase of a rational parameter, None on a threshold or outside the table."""
        return next((p for p in self.phases if p.holds(value)), None)

    def equations(self) -> tuple[Equation, ...]:
        """One step, and each threshold: its value in radicals, or the equation of least degree if that is short."""
        rows = []
        for number, t in enumerate(self.thresholds, 1):
            name = sp.Symbol(f"{self.parameter}_{number}", real=True)
            if t.value.degree <= 2:
                rows.append(Equation(name, t.value.expression(), tag=f"t{number}", own=frozenset((name,))))
            elif len(str(t.value.coefficients)) <= LONGEST:
                rows.append(Equation(t.value.equation(name), sp.S.Zero, tag=f"t{number}", own=frozenset((name,))))
        return (*self.step, *rows)

    def json(self) -> dict[str, Any]:
        """Phases and thresholds as data."""
        return {
            "family": self.title,
            "parameter": str(self.parameter),
            "step": {e.tag: str(e.rhs) for e in self.step},
            "phases": [p.json() for p in self.phases],
            "thresholds": [t.json() for t in self.thresholds],
        }

    def explain(self) -> DerivationLog:
        """How each threshold was found."""
        return self.log

    def text(self) -> str:
        """The table for a terminal."""
        lines = [f"# phases of {self.title}", *(f"{left} = {right}" for left, right in _sides(self.step)), ""]
        wide = max((len(p.interval()) for p in self.phases), default=0)
        name = max((len(p.name) for p in self.phases), default=0)
        for p in self.phases:
            lines.append(f"{p.interval():<{wide}}  {p.name:<{name}}  {p.facts[0] if p.facts else ''}".rstrip())
            lines += [" " * (wide + name + 4) + fact for fact in p.facts[1:]]
        lines += ["", "thresholds:"]
        short = max((len(str(t.value)) for t in self.thresholds), default=0)
        for t in self.thresholds:
            tail = "" if t.value.degree <= 2 else f" (root of a polynomial of degree {t.value.degree})"
            lines.append(f"  {t.value!s:<{short}}  {t.value.digits(10):<12} {t.meaning}{tail}")
        return "\n".join([*lines, f"# {self.remainder()}"])

    def align(self, style: Style | None = None) -> str:
        """A ``tabular`` of the phases, and the thresholds as equations, to paste into a paper."""
        chosen = style or Style()
        rows = [
            rf"${_interval_latex(p, self)}$ & {escape(p.name)} & {escape('; '.join(p.facts))} \\" for p in self.phases
        ]
        marks = [
            rf"${self.parameter}_{{{number}}} {_value_latex(t.value)}$ & {escape(t.kind)} & {escape(t.meaning)} \\"
            for number, t in enumerate(self.thresholds, 1)
        ]
        tables = (
            "\\begin{tabular}{@{}llp{0.5\\textwidth}@{}}\n\\hline\n" + "\n".join(part) + "\n\\hline\n\\end{tabular}"
            for part in (rows, marks)
        )
        return "\n\n".join((*tables, align(self.equations(), chosen)))

    def document(self, title: str = "", style: Style | None = None) -> str:
        """A file that pdflatex compiles."""
        own = frozenset((self.parameter, *(s for e in self.step for s in e.symbols())))
        shown = tuple(
            Equation(e.lhs, e.rhs, e.remainder, e.order, e.tag, e.relation, e.own | own) for e in self.equations()
        )
        items = tuple((p.interval(), f"{p.name}: {'; '.join(p.facts)}") for p in self.phases)
        where = tuple((f"{t.value}", f"{t.meaning}") for t in self.thresholds)
        sections = [
            Section("One step and thresholds", "Thresholds by number, least first.", shown),
            Section("Phases", "", items=items),
            Section("What changes where", "", items=where),
        ]
        return document(title or f"Phases of {self.title}", sections, style, frozenset())

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


def _value_latex(value: AlgebraicNumber) -> str:
    if value.degree <= 2:
        return f"= {sp.latex(value.expression())}"
    return rf"\approx {value.digits(8)}"


def _sides(step: tuple[Equation, ...]) -> list[tuple[str, str]]:
    return [(str(e.lhs).replace("@1", "'"), sp.sstr(e.rhs, order="rev-lex")) for e in step]


def _interval_latex(phase: Phase, table: PhaseTable) -> str:
    def end(value: AlgebraicNumber) -> str:
        if value.degree <= 2:
            return str(sp.latex(value.expression()))
        number = next(k for k, t in enumerate(table.thresholds, 1) if t.value == value)
        return f"{table.parameter}_{{{number}}}"

    if phase.high is None:
        return f"{table.parameter} > {end(phase.low)}"
    return f"{end(phase.low)} < {table.parameter} < {end(phase.high)}"


def ordered(thresholds: list[Threshold]) -> tuple[Threshold, ...]:
    """Thresholds by their exact values."""
    return tuple(sorted(thresholds, key=lambda t: t.value))
