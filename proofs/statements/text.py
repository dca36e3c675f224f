"""Statements for reading: as text and as LaTeX, right sides with their order symbols last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

from ...symbolic.algebra.symbols import TABLE
from ...symbolic.latex.document import escape
from ...symbolic.latex.layout import DEFAULT_WIDTH, break_terms, width_of
from ...symbolic.latex.names import default_latex
from ...symbolic.latex.printer import ExactPrinter, Order, Term
from .names import table
from .statement import Statement, domain_text, meaning_of
from .terms import Domain, Named, is_relation, split_order

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
        return str(self._print(expr))

    def _print_Add(self, expr: sp.Add, order: Any = None) -> str:
        """Terms by ascending powers, as a series is written; later values first, order symbols last."""
        later, rest, orders = _ordered(expr)
        leading = sorted((t for t in sp.Add.make_args(rest) if t != 0), key=Order().key)
        text = " + ".join(str(self._print(part)) for part in (*later, *leading, *orders))
        return text.replace("+ -", "- ")

    def _print_Abs(self, expr: sp.Basic) -> str:
        return f"|{self._print(expr.args[0])}|"

    def _print_Sum(self, expr: sp.Basic) -> str:
        ranges = ", ".join(f"{i} = {self._print(low)} .. {self._print(high)}" for i, low, high in expr.limits)
        return f"(sum over {ranges} of {self._print(expr.function)})"

    def _print_Piecewise(self, expr: sp.Basic) -> str:
        cases = [(str(self._print(v)), "" if c is sp.true else f" if {self._print(c)}") for v, c in expr.args]
        return ", else ".join(f"{value}{condition}" for value, condition in cases)

    def _print_Limit(self, expr: sp.Limit) -> str:
        quantity, variable, point, _ = (self._print(a) for a in expr.args)
        return f"lim({variable} -> {point}) {quantity}"


class _Latex(ExactPrinter):
    """The house's printer with the table of names, order symbols last, and connectives."""

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        own = table().get(expr.name)
        return own.latex if own is not None and own.latex else super()._print_Symbol(expr, style)

    def _print_Mul(self, expr: sp.Mul) -> str:
        if not expr.is_commutative:  # the order of factors that do not commute is theirs
            return str(LatexPrinter._print_Mul(self, expr))
        exponentials = [f for f in sp.Mul.make_args(expr) if isinstance(f, sp.exp)]
        if len(exponentials) > 1:
            rest = sp.Mul(*(f for f in sp.Mul.make_args(expr) if f not in exponentials))
            together = sp.exp(sp.factor_terms(sp.Add(*(f.args[0] for f in exponentials))), evaluate=False)
            return super()._print_Mul(sp.Mul(rest, together, evaluate=False))
        return super()._print_Mul(expr)

    def _print_AppliedUndef(self, expr: sp.Basic) -> str:
        name = expr.func.__name__
        if name == "O":
            return rf"\mathcal{{O}}\left({', '.join(self._print(a) for a in expr.args)}\right)"
        own = table().get(f"{name}()")
        arguments = ", ".join(self._print(a) for a in expr.args)
        return rf"{own.latex if own is not None and own.latex else default_latex(name)}\left({arguments}\right)"

    def _print_Relational(self, expr: sp.Basic) -> str:
        left, right = (self.side(a) for a in expr.args)
        return f"{left} {_LATEX_SIGNS[_KINDS[type(expr)]]} {right}"

    def side(self, expr: sp.Basic) -> str:
        """One side of a relation."""
        return " ".join(term.signed(i == 0) for i, term in enumerate(self.side_terms(expr)))

    def side_terms(self, expr: sp.Basic) -> list[Term]:
        """The terms of a side, its order symbols last."""
        if not isinstance(expr, sp.Add):
            return [Term(False, self._print(expr))]
        later, leading, orders = _ordered(expr)
        terms = self.terms(leading) if leading != 0 else []
        return [*(self.term(part) for part in later), *terms, *(self.term(o) for o in orders)]


def _ordered(expr: sp.Add) -> tuple[list[sp.Expr], sp.Expr, list[sp.Expr]]:
    """A sum as its later values (``y''`` of ``y'' - y``), what else there is, and its order symbols."""
    parts = sp.Add.make_args(expr)
    orders = [t for t in parts if split_order(t)[1]]
    later = [t for t in parts if isinstance(t, sp.Symbol) and t.name.endswith("'")]
    rest = sp.Add(*(t for t in parts if t not in orders and t not in later))
    return sorted(later, key=str), rest, sorted(orders, key=str)


def term_text(term: sp.Basic) -> str:
    """A term for reading in a terminal: ``z'' - z = 2*y*z + O(y**2*z)``."""
    return str(_Text().doprint(term))


def term_latex(term: sp.Basic) -> str:
    """A term in LaTeX, with the table's notation."""
    return str(_Latex().doprint(term))


def part_latex(term: sp.Basic, width: float = DEFAULT_WIDTH) -> str:
    r"""A part of a conclusion as rows of ``align*``: broken between the terms of its right side where it is too wide.

    Args:
        term: the part.
        width: of a line, in digits of the body font.
    """
    printer = _Latex()
    whole = str(printer.doprint(term))
    if not is_relation(term):
        return f"&{whole}"
    left, sign = printer.side(term.args[0]), _LATEX_SIGNS[_KINDS[type(term)]]
    if width_of(whole) <= width:
        return f"{left} &{sign} {printer.side(term.args[1])}"
    right = term.args[1]
    # a factored side that does not fit is multiplied out: its terms can share lines
    wide = any(width_of(t.body) > width - width_of(left) for t in printer.side_terms(right))
    terms = printer.side_terms(sp.expand(right) if wide and right.is_commutative else right)
    lines = break_terms(terms, width_of(left) + 4, width)
    return f"{left} &{sign} " + " \\\\\n  &\\quad ".join(lines)


def domain_latex(domain: Domain) -> str:
    """A domain in LaTeX."""
    if isinstance(domain, Named):
        return domain.latex
    if domain is sp.S.Reals:
        return r"\mathbb{R}"
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
    """Variables of the statement and those that its nodes bind, but for those that the statement defines itself."""
    outer = [r.symbol for r in statement.over]
    own = {d.key for d in statement.where}
    inner = [s for s in statement.inner_variables() if s not in outer and s.name in TABLE]
    return [s for s in (*outer, *inner) if s.name not in own]


@dataclass(frozen=True)
class Meaning:
    """A name of a statement and what it means.

    Attributes:
        name: for a terminal.
        latex: the same in LaTeX.
        words: what it means; may be empty where it has a value.
        value: what it equals, if it is an abbreviation.
    """

    name: str
    latex: str
    words: str
    value: sp.Basic | None = None

    @property
    def text(self) -> str:
        """Value and words in one line."""
        return ": ".join(filter(None, ("" if self.value is None else term_text(self.value), self.words)))


def meanings(statement: Statement) -> list[Meaning]:
    """Every name of the statement with its meaning: variables, names of the table, its own."""
    rows = [Meaning(s.name, term_latex(s), meaning_of(s)) for s in _variables(statement) if meaning_of(s)]
    for name in statement.used_names():
        bare = name.key.removesuffix("()")
        latex = name.latex or (term_latex(TABLE[bare].symbol) if bare in TABLE else default_latex(bare))
        rows.append(Meaning(name.key.replace("()", "(.)"), latex, name.meaning))
    return rows + [Meaning(term_text(d.name), term_latex(d.name), d.meaning, d.value) for d in statement.where]


def definitions_text(statement: Statement) -> list[tuple[str, str]]:
    """Every name of the statement with its meaning, for a terminal."""
    return [(m.name, m.text) for m in meanings(statement)]


def latex_definitions(statement: Statement) -> list[tuple[str, str]]:
    """The same with names in LaTeX and meanings escaped."""
    found = []
    for m in meanings(statement):
        value = "" if m.value is None else f"${term_latex(m.value)}$"
        found.append((m.latex, ", ".join(filter(None, (value, escape(m.words))))))
    return found


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
        "parts": [{"text": term_text(p), "latex": term_latex(p), "rows": part_latex(p)} for p in statement.conclusion],
        "prose": statement.prose,
        "variables": [
            {
                "name": r.symbol.name,
                "domain": domain_text(r.domain),
                "latex": term_latex(r.symbol),
                "domain_latex": domain_latex(r.domain),
            }
            for r in statement.over
        ],
        "assumptions": [term_text(h) for h in statement.given],
        "assumptions_latex": [term_latex(h) for h in statement.given],
        "definitions": [
            {
                "name": m.name,
                "meaning": m.text,
                "latex": m.latex,
                "words": m.words,
                "value_latex": "" if m.value is None else term_latex(m.value),
            }
            for m in meanings(statement)
        ],
    }
