"""Statements for reading: as text and as LaTeX, right sides with their order symbols last."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from ...symbolic.algebra.symbols import TABLE, latex_names
from ...symbolic.latex.document import escape
from .names import table
from .statement import Definition, Statement, domain_text, meaning_of
from .terms import Domain, Named, split_order

_SIGNS = {"Eq": "=", "Ne": "!=", "Lt": "<", "Le": "<=", "Gt": ">", "Ge": ">="}
_LATEX_SIGNS = {"Eq": "=", "Ne": r"\ne", "Lt": "<", "Le": r"\le", "Gt": ">", "Ge": r"\ge"}
_KINDS = {sp.Eq: "Eq", sp.Ne: "Ne", sp.Lt: "Lt", sp.Le: "Le", sp.Gt: "Gt", sp.Ge: "Ge"}


class _Text(StrPrinter):
    """Powers with ``^``, relations with their signs, order symbols at the end."""

    def _print_Relational(self, expr: sp.Basic) -> str:
        left, right = (self.side(a) for a in expr.args)
        return f"{left} {_SIGNS[_KINDS[type(expr)]]} {right}"

    def side(self, expr: sp.Basic) -> str:
        """One side of a relation."""
        if not isinstance(expr, sp.Add):
            return str(self._print(expr))
        leading, orders = _ordered(expr)
        parts = [str(self._print(leading))] if leading != 0 else []
        return " + ".join(parts + [str(self._print(o)) for o in orders])

    def _print_Abs(self, expr: sp.Basic) -> str:
        return f"|{self._print(expr.args[0])}|"


class _Latex(LatexPrinter):
    """Relations with order symbols last."""

    def _print_Relational(self, expr: sp.Basic) -> str:
        left, right = (self.side(a) for a in expr.args)
        return f"{left} {_LATEX_SIGNS[_KINDS[type(expr)]]} {right}"

    def side(self, expr: sp.Basic) -> str:
        """One side of a relation."""
        if not isinstance(expr, sp.Add):
            return str(self._print(expr))
        leading, orders = _ordered(expr)
        parts = [str(self._print(leading))] if leading != 0 else []
        return " + ".join(parts + [str(self._print(o)) for o in orders])


def _ordered(expr: sp.Expr) -> tuple[sp.Expr, list[sp.Expr]]:
    """A sum without its order symbols, and these."""
    orders = [t for t in sp.Add.make_args(expr) if split_order(t)[1]]
    return sp.Add(*(t for t in sp.Add.make_args(expr) if t not in orders)), sorted(orders, key=str)


def term_text(term: sp.Basic) -> str:
    """A term for reading in a terminal: ``z'' - z = 2*y*z + O(y**2*z)``."""
    return str(_Text().doprint(term))


def term_latex(term: sp.Basic) -> str:
    """A term in LaTeX, with the table's notation."""
    names = dict(latex_names())
    names |= {s: table()[s.name].latex for s in term.free_symbols if s.name in table() and table()[s.name].latex}
    return str(_Latex({"symbol_names": names}).doprint(term))


def domain_latex(domain: Domain) -> str:
    """A domain in LaTeX."""
    if isinstance(domain, Named):
        return domain.latex
    if isinstance(domain, sp.Interval):
        left, right = "(" if domain.left_open else "[", ")" if domain.right_open else "]"
        return f"{left}{sp.latex(domain.start)}, {sp.latex(domain.end)}{right}"
    return str(sp.latex(domain))


def ranges_text(statement: Statement) -> list[str]:
    """``z, T in the real numbers``: variables of one domain together, with what they are."""
    groups: dict[str, list[sp.Symbol]] = {}
    for r in statement.over:
        groups.setdefault(domain_text(r.domain), []).append(r.symbol)
    return [f"{', '.join(s.name for s in symbols)} in {domain}" for domain, symbols in groups.items()]


def _variables(statement: Statement) -> list[sp.Symbol]:
    """Variables of the statement, then those that its nodes bind and the table of symbols knows."""
    outer = [r.symbol for r in statement.over]
    return outer + [s for s in statement.inner_variables() if s not in outer and s.name in TABLE]


def definitions_text(statement: Statement) -> list[tuple[str, str]]:
    """Every name of the statement with its meaning: variables, names of the table, its own."""
    rows = [(s.name, meaning_of(s)) for s in _variables(statement) if meaning_of(s)]
    rows += [(name.key.replace("()", "(.)"), name.meaning) for name in statement.used_names()]
    return rows + [(term_text(d.name), _own(d)) for d in statement.where]


def latex_definitions(statement: Statement) -> list[tuple[str, str]]:
    """The same with names in LaTeX and meanings escaped."""
    rows = [(term_latex(s), escape(meaning_of(s))) for s in _variables(statement) if meaning_of(s)]
    for name in statement.used_names():
        bare = name.key.removesuffix("()")
        latex = name.latex or (term_latex(TABLE[bare].symbol) if bare in TABLE else sp.latex(sp.Symbol(bare)))
        rows.append((latex, escape(name.meaning)))
    for d in statement.where:
        value = "" if d.value is None else f"${term_latex(d.value)}$"
        rows.append((term_latex(d.name), ", ".join(filter(None, (value, escape(d.meaning))))))
    return rows


def _own(definition: Definition) -> str:
    if definition.value is None:
        return definition.meaning
    return f"{term_text(definition.value)}: {definition.meaning}" if definition.meaning else term_text(definition.value)


def statement_text(statement: Statement) -> str:
    """One paragraph: for every .., if .., then ..."""
    lines = []
    if statement.over:
        lines.append(f"for every {'; '.join(ranges_text(statement))}")
    if statement.given:
        lines.append(f"if {' and '.join(term_text(h) for h in statement.given)}")
    then = " and ".join(term_text(p) for p in statement.conclusion) or statement.prose
    lines.append(f"then {then}" if lines else then)
    return ", ".join(lines)


def record(statement: Statement) -> dict[str, Any]:
    """A statement as JSON-ready data."""
    return {
        "statement": " and ".join(term_text(p) for p in statement.conclusion) or statement.prose,
        "statement_latex": r" \\ ".join(term_latex(p) for p in statement.conclusion),
        "parts": [{"text": term_text(p), "latex": term_latex(p)} for p in statement.conclusion],
        "prose": statement.prose,
        "variables": [{"name": r.symbol.name, "domain": domain_text(r.domain)} for r in statement.over],
        "assumptions": [term_text(h) for h in statement.given],
        "definitions": [{"name": name, "meaning": meaning} for name, meaning in definitions_text(statement)],
    }
