"""What every derived object can do: its formulas, as text, code, LaTeX and data, and the log of how it was derived."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import sympy as sp

from ..latex.typeset import Typeset
from .log import DerivationLog, plain


class Derived(Typeset):
    """One interface for all kinds of derived objects; LaTeX comes from :class:`Typeset`.

    A kind says its equations and writes its log; what else it is asked for follows from these unless it knows better.

    Attributes:
        kind: what such an object is called, on the command line too.
        units: in which units it is written, for the first line of the text.

    Source:
        Derived here.

    Example:
        >>> one_step = es.QuadraticModel((1, -es.symbol("epsilon"))).one_step()
        >>> isinstance(one_step.nullcline(3), es.explain.Derived)
        True
    """

    kind: ClassVar[str] = "object"
    units: ClassVar[str] = ""

    @abstractmethod
    def explain(self) -> DerivationLog:
        """How it was derived, step by step, each step checked by exact algebra where there is something to check.

        Raises:
            ProofError: a step does not hold.
        """

    def json(self) -> dict[str, Any]:
        """The object as data with exact strings."""
        return {e.tag or plain(e.lhs): str(e.rhs) for e in self.equations()}

    def sides(self) -> Sequence[tuple[str, sp.Expr]]:
        """Left side in words, right side as an expression."""
        return [(plain(e.lhs), e.rhs) for e in self.equations()]

    def expressions(self) -> tuple[sp.Expr, ...]:
        """The right sides."""
        return tuple(right for _, right in self.sides())

    def sorted_by(self) -> sp.Symbol | None:
        """The variable by whose powers the text sorts the right sides, if any."""
        return None

    def notes(self) -> Sequence[str]:
        """Further lines for a reader."""
        return ()

    def remainder(self) -> str:
        """What was dropped, in words."""
        return "exact"

    def text(self) -> str:
        """The object for reading in a terminal."""
        variable = self.sorted_by()
        lines = [f"# {self.kind}{'; ' if self.units else ''}{self.units}"]
        lines += [f"{left} = {sp.sstr(e) if variable is None else by_powers(e, variable)}" for left, e in self.sides()]
        return "\n".join([*lines, *(f"# {note}" for note in self.notes()), f"# {self.remainder()}"])

    def python(self) -> str:
        """The object as a Python function on exact rationals (or any number type that takes Fractions)."""
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
            (_Exact(), "from fractions import Fraction") if rational else (MpmathPrinter(_LAMBERT), "import mpmath")
        )
        body = ",\n        ".join(printer.doprint(e) for _, e in rows)
        return (
            f"{needs}\n\n\n"
            f"def {self.kind.replace('-', '_')}({', '.join(s.name for s in symbols)}):\n"
            f'    """{"; ".join(left for left, _ in rows)}. {self.remainder()}."""\n'
            f"    return (\n        {body},\n    )"
        )


_LAMBERT = {"user_functions": {"LambertW": "mpmath.lambertw"}}


def by_powers(expr: sp.Expr, variable: sp.Symbol) -> str:
    """A polynomial as a sum over powers of one variable, lowest first.

    Args:
        expr: polynomial in ``variable``; anything else is printed as it is.
        variable: what to sort by.

    Returns:
        Text such as ``(2*y + y**2)*z + (..)*z**2``.
    """
    if not expr.is_polynomial(variable):
        return str(sp.sstr(expr, order="rev-lex"))
    poly = sp.Poly(expr, variable)
    parts = []
    for (power,), coefficient in sorted(poly.terms()):
        inner = sp.sstr(coefficient, order="rev-lex")
        head = f"({inner})" if coefficient.is_Add else inner
        tail = "" if power == 0 else f"*{variable}" if power == 1 else f"*{variable}**{power}"
        parts.append(f"{head}{tail}" if head != "1" or not tail else tail[1:])
    text = "\n      + ".join(parts) or "0"
    return text.replace("\n      + -", "\n      - ")
