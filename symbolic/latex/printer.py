"""LaTeX of exact expressions, through the one symbol table and with a chosen term order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter

from .names import NameMap


@dataclass(frozen=True)
class Order:
    """How the terms of a sum are grouped and sorted.

    Attributes:
        outer: variables by whose monomials terms are collected; the other symbols form coefficients.
        weights: weight of each symbol (1 when missing); terms come in ascending weight.
    """

    outer: tuple[sp.Symbol, ...] = ()
    weights: Mapping[sp.Symbol, int] = field(default_factory=dict)

    def key(self, term: sp.Expr) -> tuple[Any, ...]:
        """Sort key of a term: its weight, then its powers (earlier symbols first), then its text."""
        powers = {s: e for s, e in term.as_powers_dict().items() if isinstance(s, sp.Symbol) and e.is_Rational}
        weight = sum(self.weights.get(s, 1) * e for s, e in powers.items())
        inside = [self.outer.index(s) if s in self.outer else len(self.outer) for s in powers]
        ranked = sorted(zip(inside, (s.name for s in powers), powers.values(), strict=True))
        steps = -sum(int(s.name.partition("@")[2] or 0) for s in powers)
        return (weight, steps, [(rank, name, -power) for rank, name, power in ranked], not term.is_Rational, str(term))


@dataclass(frozen=True)
class Term:
    """One signed term of a sum in LaTeX."""

    negative: bool
    body: str

    def signed(self, first: bool) -> str:
        """With its sign; a leading plus is left out."""
        if first:
            return f"-{self.body}" if self.negative else self.body
        return f"- {self.body}" if self.negative else f"+ {self.body}"


class ExactPrinter(LatexPrinter):
    r"""SymPy's printer with the house's symbols, coefficients written ``\frac{p}{q} x``, and graded sums."""

    def __init__(self, names: NameMap | None = None, order: Order | None = None) -> None:
        """Print with these names and this term order."""
        super().__init__({"ln_notation": False})
        self.names = names or NameMap()
        self.grading = order or Order()

    def terms(self, expr: sp.Expr) -> list[Term]:
        """The terms of an expression, collected by the outer variables and sorted.

        Args:
            expr: any exact expression; polynomials are collected, others keep their own terms.

        Returns:
            The signed terms, at least one.
        """
        return [self.term(part) for part in self.parts(expr)]

    def parts(self, expr: sp.Expr) -> list[sp.Expr]:
        """The terms of an expression before printing; see :meth:`terms`."""
        outer = [s for s in self.grading.outer if expr.has(s)]
        if outer and expr.is_polynomial(*outer):
            parts = []
            for exponents, coefficient in sp.Poly(expr, *outer).terms():
                monomial = sp.Mul(*(s**e for s, e in zip(outer, exponents, strict=True)))
                parts.append((self.grading.key(monomial), coefficient, monomial))
            parts.sort(key=lambda part: part[0])
            return [_unexpanded(c, m) for _, c, m in parts] or [sp.S.Zero]
        return sorted(sp.Add.make_args(expr), key=self.grading.key)

    def term(self, expr: sp.Expr) -> Term:
        """Print one term, its sign apart."""
        expr = _denominators_forward(expr)
        negative = bool(expr.could_extract_minus_sign()) if not isinstance(expr, sp.Add) else False
        shown = -expr if negative else expr  # minus one times a sum is a sum without its sign
        body = self._print(shown)
        if isinstance(shown, sp.Add):
            body = rf"\left({body}\right)"
        return Term(negative, body)

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return self.names.latex_of(expr)

    def _print_Add(self, expr: sp.Add, order: Any = None) -> str:
        parts = sorted(expr.args, key=self.grading.key)
        return " ".join(self.term(part).signed(i == 0) for i, part in enumerate(parts))

    def _print_Mul(self, expr: sp.Mul) -> str:
        expr = _denominators_forward(expr)
        if expr.could_extract_minus_sign():
            return f"-{self._print(-expr)}"
        coefficient, rest = expr.as_coeff_Mul()
        above, below = [], []
        for factor in sp.Mul.make_args(rest):
            base, power = factor.as_base_exp()
            if power.is_Rational and power < 0:
                below.append(base**-power)
            else:
                above.append(factor)
        if below:
            top = sp.Mul(coefficient.p, *above, evaluate=False) if coefficient.p != 1 else sp.Mul(*above)
            bottom = sp.Mul(coefficient.q, *below, evaluate=False) if coefficient.q != 1 else sp.Mul(*below)
            return rf"\frac{{{self._print(top)}}}{{{self._print(bottom)}}}"
        factors = [self._factor(f) for f in sorted(above, key=self._factor_key)]
        if coefficient != 1:
            factors.insert(0, self._print(coefficient))
        return " ".join(factors) or "1"

    def _factor_key(self, factor: sp.Expr) -> tuple[int, int, str]:
        """Parameters, then sums, then the outer variables, as a reader expects."""
        base = factor.as_base_exp()[0]
        if not isinstance(base, sp.Symbol):
            return (1, 0, str(base))
        if base in self.grading.outer:
            return (2, 0, base.name.lower())
        return (0, 0, base.name)

    def _factor(self, factor: sp.Expr) -> str:
        body: str = self._print(factor)
        return rf"\left({body}\right)" if isinstance(factor, sp.Add) else body

    def _print_Pow(self, expr: sp.Pow) -> str:
        base, power = expr.as_base_exp()
        if base.is_Symbol and power.is_Integer and power > 0:
            name = str(self._print(base))
            guarded = f"{{{name}}}" if "^" in name or "'" in name else name
            return f"{guarded}^{{{power}}}"
        if power.is_Rational and power < 0 and base.is_commutative:
            return rf"\frac{{1}}{{{self._print(base**-power)}}}"
        if isinstance(base, sp.Function) and power.is_Integer:
            return rf"\left({self._print(base)}\right)^{{{power}}}"
        return str(super()._print_Pow(expr))

    def _print_Abs(self, expr: sp.Abs, exp: Any = None) -> str:
        return rf"\left|{self._print(expr.args[0])}\right|"

    def _print_exp(self, expr: sp.exp, exp: Any = None) -> str:
        return rf"\exp\left({self._print(expr.args[0])}\right)"


def _leads_with_minus(total: sp.Expr) -> bool:
    """Whether the term of lowest degree of a sum is negative."""

    def key(term: sp.Expr) -> tuple[bool, sp.Expr, str]:
        return (bool(term.free_symbols), sp.Add(*term.as_powers_dict().values()), str(term))

    return isinstance(total, sp.Add) and bool(min(total.args, key=key).could_extract_minus_sign())


def _denominators_forward(expr: sp.Expr) -> sp.Expr:
    """The same product with no denominator such as ``-1 + z``: the sign goes to the front."""
    if not isinstance(expr, (sp.Mul, sp.Pow)):
        return expr
    factors, sign = [], 1
    for factor in sp.Mul.make_args(expr):
        base, power = factor.as_base_exp()
        if power.is_Integer and power < 0 and _leads_with_minus(base):
            factor = (-base) ** power
            sign = -sign if power % 2 else sign
        factors.append(factor)
    return sp.Mul(sign, *factors) if sign < 0 or tuple(factors) != sp.Mul.make_args(expr) else expr


def product_of(*factors: sp.Expr) -> sp.Expr:
    """A product that keeps a sum among its factors whole."""
    kept = [f for f in factors if f != 1]
    return sp.Mul(*kept, evaluate=False) if len(kept) > 1 else sp.Mul(*kept)


def _unexpanded(coefficient: sp.Expr, monomial: sp.Expr) -> sp.Expr:
    """``coefficient * monomial`` with what the coefficient's terms share in front of its sum."""
    if not isinstance(coefficient, sp.Add) or not coefficient.is_polynomial(*coefficient.free_symbols):
        return coefficient * monomial
    content, primitive = coefficient.primitive()
    shared, primitive = sp.gcd_terms(primitive).as_independent(sp.Add, as_Add=False)
    if not isinstance(primitive, sp.Add):
        content, primitive = coefficient.primitive()
        shared = sp.S.One
    if _leads_with_minus(primitive):
        content, primitive = -content, -primitive
    return product_of(content, *sp.Mul.make_args(shared * monomial), primitive)


def to_latex(expr: sp.Expr, names: NameMap | None = None, order: Order | None = None) -> str:
    r"""An exact expression in LaTeX, on one line.

    Args:
        expr: what to print.
        names: renamed symbols; the table's own when not given.
        order: grouping and term order; ascending total degree when not given.

    Returns:
        LaTeX that :func:`edgestab.symbolic.latex.read_latex` reads back to the same expression.

    Raises:
        DomainError: a part of the expression has no exact LaTeX form.

    Source:
        Derived here.

    Example:
        >>> print(es.latex.to_latex(1 - es.symbol("z") ** 2 / 2))
        1 - \frac{1}{2} \tilde z^{2}
    """
    terms = ExactPrinter(names, order).terms(expr)
    return " ".join(term.signed(i == 0) for i, term in enumerate(terms))
