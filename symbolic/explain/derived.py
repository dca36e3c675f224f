"""What every derived object can do: read as expressions, text, Python, LaTeX and data, and explain itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import sympy as sp

from ..latex.document import Section, document
from ..latex.equations import Equation, Style, align, aligned
from ..latex.names import NameMap
from .log import DerivationLog

LAMBERT = {"user_functions": {"LambertW": "mpmath.lambertw"}}


class Derived(ABC):
    """An exact object that was derived, with one interface for every kind.

    A kind says its equations, its data and its log; the rest follows, and may be said better where a kind knows how.

    Attributes:
        kind: permanent name, the one that ``edgestab derive`` takes.
        units: what the variables are measured in, for readers of plain text; empty where the user chose them.

    Source:
        Derived here.

    Example:
        >>> curve = es.models.main_case().nullcline(2)
        >>> curve.expressions()
        (2*epsilon**2*z**2 - 2*epsilon*z**2 - 2*epsilon*z + 2*z**2 + 2*z + 2,)
    """

    kind: ClassVar[str]
    units: ClassVar[str] = ""

    @abstractmethod
    def equations(self) -> tuple[Equation, ...]:
        """The object as equations, with the grouping that a reader expects."""

    @abstractmethod
    def json(self) -> dict[str, Any]:
        """The object as data: exact numbers are strings."""

    @abstractmethod
    def explain(self) -> DerivationLog:
        """How it is derived, each step checked by exact algebra before it is written down."""

    def sides(self) -> list[tuple[str, sp.Expr]]:
        """Left-hand side, as text with a prime for each step, and right-hand side of each equation."""
        return [(primed(e.lhs), e.rhs) for e in self.equations()]

    def expressions(self) -> tuple[sp.Expr, ...]:
        """The right-hand sides."""
        return tuple(right for _, right in self.sides())

    def leading(self) -> sp.Symbol | None:
        """The variable by whose powers plain text sorts the right-hand sides."""
        return next(iter(self.equations()[0].order.outer), None)

    def remainder(self) -> str:
        """What was dropped, in words."""
        return "exact"

    def notes(self) -> list[str]:
        """Further lines for a reader in a terminal."""
        return []

    def text(self) -> str:
        """The object for reading in a terminal."""
        lines = [f"# {self.kind}" + (f"; units: {self.units}" if self.units else "")]
        lines += [f"{left} = {by_powers(right, self.leading())}" for left, right in self.sides()]
        return "\n".join([*lines, *(f"# {note}" for note in self.notes()), f"# {self.remainder()}"])

    def python(self) -> str:
        """The object as a Python function on exact rationals, or any number type that takes Fractions."""
        from sympy.printing.pycode import MpmathPrinter, PythonCodePrinter

        class _Exact(PythonCodePrinter):
            def _print_Rational(self, expr: sp.Rational) -> str:
                return f"Fraction({expr.p}, {expr.q})"

        rows = self.sides()
        symbols = sorted(
            set().union(*(e.free_symbols for _, e in rows)), key=lambda s: ("zTyw".find(s.name[0]) % 99, s.name)
        )
        rational = all(e.is_rational_function() for _, e in rows)
        printer, needs = (
            (_Exact(), "from fractions import Fraction") if rational else (MpmathPrinter(LAMBERT), "import mpmath")
        )
        body = ",\n        ".join(printer.doprint(e) for _, e in rows)
        return (
            f"{needs}\n\n\n"
            f"def {self.kind.replace('-', '_')}({', '.join(s.name for s in symbols)}):\n"
            f'    """{"; ".join(left for left, _ in rows)}. {self.remainder()}."""\n'
            f"    return (\n        {body},\n    )"
        )

    def latex(self, names: Mapping[str, str] | None = None, width: int = 120) -> str:
        r"""An ``aligned`` block.

        Args:
            names: code name to LaTeX, to follow another paper's notation, e.g. ``{"T": r"\lambda"}``.
            width: widest line, in digits of the body font.

        Returns:
            LaTeX that needs only ``amsmath``.
        """
        return aligned(self.equations(), NameMap(names or {}), width)

    def align(self, style: Style | None = None) -> str:
        """An ``align`` block with line breaks and labels, to paste into a paper."""
        return align(self.equations(), style)

    def document(self, title: str, style: Style | None = None) -> str:
        """A file that pdflatex compiles, with a table of the symbols."""
        return document(title, [Section(equations=self.equations())], style)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


def primed(left: sp.Expr) -> str:
    """A left-hand side as text, ``z'' - z`` for the change of z over two steps."""
    parts = [s.name.partition("@") for s in left.free_symbols]
    if not any(at for _, at, _ in parts):
        return sp.sstr(left)
    return " - ".join(sorted((name + "'" * int(steps or 0) for name, _, steps in parts), reverse=True))


def by_powers(expr: sp.Expr, variable: sp.Symbol | None) -> str:
    """A polynomial as a sum over powers of one variable, lowest first, each coefficient factored.

    Args:
        expr: any expression.
        variable: what to sort by; the expression is left as it is where it is no polynomial in it.

    Returns:
        Text such as ``(2*y + y**2)*z + (..)*z**2``.
    """
    if variable is None or not expr.is_polynomial(variable):
        return sp.sstr(expr, order="rev-lex")
    parts = []
    for (power,), coefficient in sorted(sp.Poly(expr, variable).terms()):
        inner = sp.sstr(coefficient, order="rev-lex")
        head = f"({inner})" if coefficient.is_Add else inner
        tail = "" if power == 0 else f"*{variable}" if power == 1 else f"*{variable}**{power}"
        parts.append(f"{head}{tail}" if head != "1" or not tail else tail[1:])
    text = "\n      + ".join(parts) or "0"
    return text.replace("\n      + -", "\n      - ")
