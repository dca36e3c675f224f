r"""Equations as data, and their LaTeX: ``aligned`` for notebooks, ``align`` with labels for papers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import sympy as sp

from ..algebra.errors import DomainError
from .layout import DEFAULT_WIDTH, break_terms, width_of
from .names import NameMap
from .printer import ExactPrinter, Order, Term, product_of

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{0,60}")


@dataclass(frozen=True)
class Equation:
    r"""``lhs = rhs + O(remainder)``, with how its terms are to be grouped.

    Attributes:
        lhs: a symbol or an expression.
        rhs: an exact expression.
        remainder: the lowest dropped monomials, empty for an exact equation.
        order: grouping and order of the terms of the right-hand side.
        tag: distinguishes the equations of one object in labels, for example ``"z"``.
        relation: the sign between both sides.
        own: symbols that a user brought; the symbol table does not speak of them.
    """

    lhs: sp.Expr
    rhs: sp.Expr
    remainder: tuple[sp.Expr, ...] = ()
    order: Order = field(default_factory=Order)
    tag: str = ""
    relation: str = "="
    own: frozenset[sp.Symbol] = frozenset()

    def symbols(self) -> frozenset[sp.Symbol]:
        """All symbols in it."""
        return frozenset().union(*(e.free_symbols for e in (self.lhs, self.rhs, *self.remainder)))

    def lines(self, names: NameMap, width: float = DEFAULT_WIDTH) -> tuple[str, list[str]]:
        """The left-hand side, and the right-hand side broken into lines.

        Args:
            names: how symbols are written.
            width: widest line.

        Returns:
            Left-hand side and lines, without alignment marks.
        """
        names = names.plainly(self.own)
        names.check_distinct(self.symbols())
        printer = ExactPrinter(names, self.order)
        left = printer.doprint(self.lhs) if isinstance(self.lhs, sp.Symbol) else _joined(printer.terms(self.lhs))
        start = width_of(left) + 3
        room = max(width - start, 10)
        terms = [printer.term(piece) for part in printer.parts(self.rhs) for piece in _fitting(part, printer, room)]
        if self.remainder:
            inside = ", ".join(printer.doprint(m) for m in self.remainder)
            terms.append(Term(False, rf"O\left({inside}\right)"))
            if self.rhs == 0:
                terms.pop(0)
        return left, break_terms(terms, start, width)

    def inline(self, names: NameMap | None = None) -> str:
        """On one line, without environment."""
        left, lines = self.lines(names or NameMap(), float("inf"))
        return f"{left} {self.relation} {lines[0]}"


def _fitting(part: sp.Expr, printer: ExactPrinter, room: float) -> list[sp.Expr]:
    """The term itself, or, if it is wider than a line, its inner sum dealt out over several terms."""
    factors = sp.Mul.make_args(part)
    sums = [f for f in factors if isinstance(f, sp.Add)]
    if not sums or width_of(printer.term(part).body) <= room:
        return [part]
    inner = sorted(sums[0].args, key=printer.grading.key)
    others = [f for f in factors if f is not sums[0]]
    half = len(inner) // 2
    pieces: list[sp.Expr] = []
    for chunk in (inner[:half], inner[half:]):
        total = sp.Add(*chunk)
        piece = product_of(*others, total) if isinstance(total, sp.Add) else sp.Mul(*others, total)
        pieces.extend(_fitting(piece, printer, room))
    return pieces


def _joined(terms: Sequence[Term]) -> str:
    return " ".join(t.signed(i == 0) for i, t in enumerate(terms))


@dataclass(frozen=True)
class Style:
    r"""How equations are set.

    Attributes:
        width: widest line, in digits of the body font.
        names: renamed symbols.
        label: prefix of the labels; no labels (and no numbers) when empty.

    Raises:
        DomainError: the width is out of range, or the label has other characters than labels may.

    Source:
        Derived here.

    Example:
        >>> style = es.latex.Style(label="eq:map")
        >>> r"\label{eq:map-z}" in es.models.main_case().align(style)
        True
    """

    width: int = DEFAULT_WIDTH
    names: NameMap = field(default_factory=NameMap)
    label: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.width, bool) or not 20 <= self.width <= 10_000:
            raise DomainError.of("--width", "a width in 20..10000", self.width, "80 fits an A4 text block.")
        if self.label and not _LABEL.fullmatch(self.label):
            raise DomainError.of(
                "--label", "letters, digits and : . _ - (at most 61)", self.label, "For example eq:two-step."
            )

    def with_label(self, label: str) -> Style:
        """The same style under another label."""
        return replace(self, label=label)


def align(equations: Sequence[Equation], style: Style | None = None) -> str:
    r"""An ``align`` block (``align*`` without label) that people paste into papers.

    Args:
        equations: one or more equations; each gets its own number and label.
        style: width, names, label.

    Returns:
        LaTeX; needs only ``amsmath``.
    """
    chosen = style or Style()
    chosen.names.check_known(frozenset().union(*(e.symbols() for e in equations)))
    rows: list[str] = []
    for index, equation in enumerate(equations):
        left, lines = equation.lines(chosen.names, chosen.width)
        last = len(lines) - 1
        for number, line in enumerate(lines):
            start = rf"{left} &{equation.relation} {line}" if number == 0 else rf"&\quad {line}"
            if chosen.label and number < last:
                start += r" \notag"
            elif chosen.label:
                start += rf" \label{{{_label(chosen.label, equation, index, len(equations))}}}"
            rows.append(start)
    name = "align" if chosen.label else "align*"
    return f"\\begin{{{name}}}\n" + " \\\\\n".join(rows) + f"\n\\end{{{name}}}"


def aligned(equations: Sequence[Equation], names: NameMap | None = None, width: int = 120) -> str:
    r"""An ``aligned`` block, for notebooks and for use inside other environments.

    Args:
        equations: one or more equations.
        names: renamed symbols.
        width: widest line.

    Returns:
        LaTeX.
    """
    rows: list[str] = []
    for equation in equations:
        left, lines = equation.lines(names or NameMap(), width)
        rows.append(rf"{left} &{equation.relation} {lines[0]}")
        rows.extend(rf"&\quad {line}" for line in lines[1:])
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def _label(prefix: str, equation: Equation, index: int, count: int) -> str:
    if count == 1:
        return prefix
    return f"{prefix}-{equation.tag or index + 1}"
