"""Derivation logs: the equations of an appendix, generated, each step checked by exact algebra before it is written."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from flint import fmpq_mpoly

from ..algebra.errors import ProofError
from ..algebra.rings import PolyRing
from ..algebra.series import TruncatedSeries
from ..latex.document import Section, document, escape
from ..latex.equations import Equation, Style, align


@dataclass(frozen=True)
class Step:
    """One step of a derivation.

    Attributes:
        title: a few words.
        because: why, in words.
        equations: what is obtained.
        check: how it was checked; empty for a definition or a given.
        compared: how many monomials or coefficients the check compared.
    """

    title: str
    because: str
    equations: tuple[Equation, ...] = ()
    check: str = ""
    compared: int = 0

    @property
    def kind(self) -> str:
        """``checked`` or ``stated`` (a definition or a given)."""
        return "checked" if self.compared else "stated"

    def json(self) -> dict[str, Any]:
        """Flat record with the equations as LaTeX."""
        return {
            "title": self.title,
            "because": self.because,
            "equations": [e.inline() for e in self.equations],
            "kind": self.kind,
            "check": self.check,
            "compared": self.compared,
        }


@dataclass
class DerivationLog:
    """Steps in order. A step whose check fails raises, so a log that exists is a log that holds.

    Attributes:
        title: what is derived.
        steps: the steps so far.
        described: rows of the symbol table that a document may close with; all that occur when not given.

    Source:
        Derived here.

    Example:
        >>> z = es.symbol("z")
        >>> log = es.explain.DerivationLog("A square")
        >>> log.identity("Binomial", "multiply out", (z + 1) ** 2, z**2 + 2 * z + 1)
        >>> log.compared, log.steps[0].kind
        (3, 'checked')
    """

    title: str
    steps: list[Step] = field(default_factory=list)
    described: frozenset[str] | None = None

    def state(self, title: str, because: str, *equations: Equation) -> None:
        """Add a definition or a given: nothing to check."""
        self.steps.append(Step(title, because, equations))

    def identity(
        self,
        title: str,
        because: str,
        left: sp.Expr | fmpq_mpoly,
        right: sp.Expr | fmpq_mpoly,
        *equations: Equation,
        what: str = "both sides",
    ) -> None:
        """Add a step that rests on an identity of rational functions, checked term by term.

        Args:
            title: a few words.
            because: why.
            left: one side, written out in independent symbols.
            right: the other side.
            *equations: what the reader is shown.
            what: what the two sides are, for the report.

        Raises:
            ProofError: the two sides differ.
        """
        compared = compare(left, right, title)
        check = f"{what} are equal as polynomials: {compared} monomials compared"
        self.steps.append(Step(title, because, equations, check, compared))

    def vanishing(
        self, title: str, because: str, residual: TruncatedSeries, compared: int, *equations: Equation
    ) -> None:
        """Add a step that rests on a series being zero to its order.

        Args:
            title: a few words.
            because: why.
            residual: what must vanish.
            compared: how many coefficients were determined by it.
            *equations: what the reader is shown.

        Raises:
            ProofError: the series is not zero.
        """
        if residual.terms():
            raise ProofError.of("DerivationLog.vanishing()", f"0 in '{title}'", str(residual.to_expr()), "Report it.")
        check = f"put in, the equation holds to its order: {residual.grading.remainder()}"
        self.steps.append(Step(title, because, equations, check, max(1, compared)))

    def numbers(
        self,
        title: str,
        because: str,
        differences: Sequence[sp.Expr],
        is_zero: Callable[[sp.Expr], bool | None],
        *equations: Equation,
        what: str,
    ) -> None:
        """Add a step that rests on exact numbers being zero; a definition where that stays open.

        Args:
            title: a few words.
            because: why.
            differences: what must be zero.
            is_zero: judges one: None where it cannot tell.
            *equations: what the reader is shown.
            what: what the differences are, for the report.

        Raises:
            ProofError: one of them is not zero.
        """
        judged = [is_zero(d) for d in differences]
        if False in judged:
            got = str(differences[judged.index(False)])
            raise ProofError.of("DerivationLog.numbers()", f"0 in '{title}'", got, "Report it.")
        if None in judged:
            self.state(title, f"{because} Whether {what} is not decided for these numbers.", *equations)
            return
        check = f"{what}: {len(judged)} exact numbers compared"
        self.steps.append(Step(title, because, equations, check, max(1, len(judged))))

    def extend(self, other: DerivationLog) -> None:
        """Append all steps of another log."""
        self.steps.extend(other.steps)

    @property
    def compared(self) -> int:
        """All monomials and coefficients compared."""
        return sum(step.compared for step in self.steps)

    def text(self, width: int = 100) -> str:
        """The log for a terminal."""
        lines = [self.title, "=" * len(self.title)]
        for number, step in enumerate(self.steps, 1):
            lines += ["", f"{number}. {step.title}"]
            lines += textwrap.wrap(step.because, width, initial_indent="   ", subsequent_indent="   ")
            lines += [row for e in step.equations for row in plain_rows(e, width, 5, 7)]
            if step.check:
                lines += textwrap.wrap(f"[checked: {step.check}]", width, initial_indent="   ", subsequent_indent="   ")
        lines += [
            "",
            f"{sum(s.kind == 'checked' for s in self.steps)} of {len(self.steps)} steps checked by exact algebra, "
            f"{self.compared} coefficients compared; the others are definitions.",
        ]
        return "\n".join(lines)

    def sections(self) -> list[Section]:
        """The log as sections of a document."""
        return [
            Section(
                f"{number}. {step.title}",
                f"{step.because}{f' (Checked: {step.check}.)' if step.check else ''}",
                step.equations,
            )
            for number, step in enumerate(self.steps, 1)
        ]

    def align(self, style: Style | None = None) -> str:
        """Words and ``align`` blocks, to paste into an appendix."""
        chosen = style or Style()
        parts: list[str] = []
        for number, step in enumerate(self.steps, 1):
            parts.append(rf"\paragraph{{{escape(step.title)}}} {escape(step.because)}")
            if step.equations:
                label = chosen.label and f"{chosen.label}-{number}"
                parts.append(align(step.equations, chosen.with_label(label)))
            if step.check:
                parts.append(f"% checked: {step.check}")
        return "\n".join(parts)

    def document(self, title: str = "", style: Style | None = None) -> str:
        """A file for pdflatex."""
        return document(title or self.title, self.sections(), style, self.described)

    def json(self) -> dict[str, Any]:
        """Title and steps."""
        return {"title": self.title, "steps": [s.json() for s in self.steps], "compared": self.compared}

    def _repr_latex_(self) -> str:
        blocks = [e.inline() for s in self.steps for e in s.equations]
        return "$\\displaystyle \\begin{gathered}\n" + " \\\\\n".join(blocks) + "\n\\end{gathered}$"


def compare(left: sp.Expr | fmpq_mpoly, right: sp.Expr | fmpq_mpoly, where: str) -> int:
    """Prove two rational functions equal by comparing all monomials of the cross-multiplied sides.

    Args:
        left: one side, an expression or a polynomial.
        right: the other, of the same kind and ring.
        where: the step, for the message.

    Returns:
        How many monomials were compared, at least 1.

    Raises:
        ProofError: they differ.
    """
    if isinstance(left, fmpq_mpoly):
        if left != right:
            raise ProofError.of("compare()", f"equal sides in '{where}'", str(left - right), "Report it.")
        return max(1, len(left.to_dict()))
    (a, b), (c, d) = (_fraction(e) for e in (left, right))
    symbols = tuple(sorted(set().union(*(e.free_symbols for e in (a, b, c, d))), key=lambda s: s.name))
    ring = PolyRing(symbols)
    first, second = ring.from_expr(a) * ring.from_expr(d), ring.from_expr(c) * ring.from_expr(b)
    if first != second:
        raise ProofError.of("compare()", f"equal sides in '{where}'", str(ring.to_expr(first - second)), "Report it.")
    return max(1, len(first.to_dict()))


def _fraction(expr: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Numerator and denominator, leaving polynomials as they stand (``together`` would be slow on them)."""
    if expr.is_polynomial(*expr.free_symbols):
        return expr, sp.S.One
    numerator, denominator = sp.fraction(sp.together(expr))
    return numerator, denominator


def plain(expr: sp.Expr) -> str:
    """An expression as text, lowest terms first, with ``z(t+2)`` for later values."""
    text = sp.sstr(expr, order="rev-lex")
    for symbol in sorted(expr.free_symbols, key=lambda s: -len(s.name)):
        name, at, steps = symbol.name.partition("@")
        if at:
            text = text.replace(symbol.name, f"{name}(t+{steps})" if steps != "0" else f"{name}(t)")
    return text


def plain_equation(equation: Equation) -> str:
    """``lhs = rhs + O(..)`` as text, grouped as the LaTeX is."""
    from ..latex.printer import ExactPrinter

    parts = ExactPrinter(order=equation.order).parts(equation.rhs)
    body = ""
    for part in parts:
        negative = not isinstance(part, sp.Add) and bool(part.could_extract_minus_sign())
        shown = -part if negative else part
        text = plain(shown)
        text = f"({text})" if isinstance(shown, sp.Add) and (negative or len(parts) > 1) else text
        sign = " - " if negative else " + "
        body += text if not body and not negative else f"-{text}" if not body else sign + text
    if equation.remainder:
        tail = f"O({', '.join(plain(m) for m in equation.remainder)})"
        body = tail if equation.rhs == 0 else f"{body} + {tail}"
    left = equation.lhs
    # z(t+2) - z(t) reads better than SymPy's own order
    shown = (
        " - ".join(plain(s) for s in sorted(left.free_symbols, key=lambda s: s.name, reverse=True))
        if "@0" in str(left)
        else plain(left)
    )
    return f"{shown} {equation.relation} {body}"


def plain_rows(equation: Equation, width: int, indent: int, further: int) -> list[str]:
    """An equation in plain text, wrapped, its first row and the further ones indented; no name is broken."""
    return textwrap.wrap(
        plain_equation(equation),
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * further,
        break_long_words=False,
        break_on_hyphens=False,
    )
