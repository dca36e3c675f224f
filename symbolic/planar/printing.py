"""Plain text and Python source of derived objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import sympy as sp

if TYPE_CHECKING:
    from .maps import PolynomialMap
    from .nullcline import Nullcline
    from .recurrences import Recurrence


@runtime_checkable
class Printable(Protocol):
    """A derived object that says itself how it reads as text."""

    def text_rows(self) -> list[tuple[str, sp.Expr]]:
        """Left-hand side and right-hand side of each equation."""

    def leading(self) -> sp.Symbol:
        """The variable by whose powers the right-hand sides are sorted."""

    def remainder(self) -> str:
        """What was dropped, in words."""

    def notes(self) -> list[str]:
        """Further lines for a reader in a terminal."""


def by_powers(expr: sp.Expr, variable: sp.Symbol) -> str:
    """A polynomial as a sum over powers of one variable, lowest first, each coefficient factored.

    Args:
        expr: polynomial in ``variable``.
        variable: what to sort by.

    Returns:
        Text such as ``(2*y + y**2)*z + (..)*z**2``.
    """
    if not expr.is_polynomial(variable):
        return sp.sstr(expr, order="rev-lex")
    poly = sp.Poly(expr, variable)
    parts = []
    for (power,), coefficient in sorted(poly.terms()):
        inner = sp.sstr(coefficient, order="rev-lex")
        head = f"({inner})" if coefficient.is_Add else inner
        tail = "" if power == 0 else f"*{variable}" if power == 1 else f"*{variable}**{power}"
        parts.append(f"{head}{tail}" if head != "1" or not tail else tail[1:])
    text = "\n      + ".join(parts) or "0"
    return text.replace("\n      + -", "\n      - ")


def equations(
    what: str, result: PolynomialMap | Recurrence | Nullcline | Printable
) -> tuple[Sequence[tuple[str, sp.Expr]], sp.Symbol, str]:
    """Left-hand sides and right-hand sides of a derived object, the sorting variable, and what was dropped."""
    from .maps import PolynomialMap
    from .nullcline import Nullcline

    if isinstance(result, Printable):
        return result.text_rows(), result.leading(), result.remainder()
    if isinstance(result, PolynomialMap):
        pairs = [(f"{v}'", c) for v, c in zip(result.variables, result.components, strict=True)]
        return pairs, result.variables[0], "exact"
    if isinstance(result, Nullcline):
        return (
            [("T", result.expression())],
            result.series.grading.symbols[0],
            result.series.grading.remainder(),
        )
    pairs = [(f"{v}'' - {v}", e) for v, e in zip(result.variables, result.expressions(), strict=True)]
    return pairs, result.variables[0], result.remainder()


def text_lines(what: str, result: PolynomialMap | Recurrence | Nullcline | Printable) -> list[str]:
    """A derived object for reading in a terminal."""
    pairs, variable, remainder = equations(what, result)
    lines = [f"# {what}; units: z = eta * residual, T = eta * NTK eigenvalue, edge of stability T = 2"]
    lines += [f"{left} = {by_powers(right, variable)}" for left, right in pairs]
    if what == "nullcline" and hasattr(result, "at_zero"):
        lines.append(f"# at epsilon = 0 exactly: T = {result.at_zero}")
    if isinstance(result, Printable):
        lines += [f"# {note}" for note in result.notes()]
    lines.append(f"# {remainder}")
    return lines


_LAMBERT = {"user_functions": {"LambertW": "mpmath.lambertw"}}


def python_source(what: str, result: PolynomialMap | Recurrence | Nullcline | Printable) -> str:
    """A derived object as a Python function on exact rationals (or any number type that takes Fractions)."""
    from sympy.printing.pycode import MpmathPrinter, PythonCodePrinter

    class _Exact(PythonCodePrinter):
        def _print_Rational(self, expr: sp.Rational) -> str:
            return f"Fraction({expr.p}, {expr.q})"

    pairs, _, remainder = equations(what, result)
    symbols = sorted(
        set().union(*(e.free_symbols for _, e in pairs)), key=lambda s: ("zTyw".find(s.name[0]) % 99, s.name)
    )
    rational = all(e.is_rational_function() for _, e in pairs)
    printer, needs = (
        (_Exact(), "from fractions import Fraction") if rational else (MpmathPrinter(_LAMBERT), "import mpmath")
    )
    body = ",\n        ".join(printer.doprint(e) for _, e in pairs)
    name = what.replace("-", "_")
    return (
        f"{needs}\n\n\n"
        f"def {name}({', '.join(s.name for s in symbols)}):\n"
        f'    """{"; ".join(left for left, _ in pairs)}. {remainder}."""\n'
        f"    return (\n        {body},\n    )"
    )
