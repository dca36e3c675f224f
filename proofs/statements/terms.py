"""Terms that statements are made of: relations that keep their form, the order symbol, quantified nodes, domains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from ...symbolic.algebra.errors import ProofError

R = sp.Rational

O = sp.Function("O")  # noqa: E741 - the order symbol, unevaluated: SymPy's own Order would absorb terms


@dataclass(frozen=True)
class Named:
    """A domain that is no SymPy set.

    Attributes:
        text: in words, to be read after "in" or "over".
        latex: the same in LaTeX.
        coq: its type in Coq, where a proposition quantifies over it.
    """

    text: str
    latex: str
    coq: str = ""


REALS = sp.S.Reals
POSITIVE = sp.Interval.open(0, sp.oo)
NATURALS = sp.S.Naturals
INTEGERS = sp.S.Integers
FORMAL = Named("the formal variables", r"\text{formal variables}")
WEIGHTS = Named("R^2, the weights", r"\mathbb{R}^2", "plane")

Domain = sp.Set | Named


def eq(left: Any, right: Any) -> sp.Basic:
    """``left = right``, never evaluated."""
    return sp.Eq(sp.sympify(left), sp.sympify(right), evaluate=False)


def ne(left: Any, right: Any) -> sp.Basic:
    """``left != right``, never evaluated."""
    return sp.Ne(sp.sympify(left), sp.sympify(right), evaluate=False)


def lt(left: Any, right: Any) -> sp.Basic:
    """``left < right``, never evaluated."""
    return sp.Lt(sp.sympify(left), sp.sympify(right), evaluate=False)


def le(left: Any, right: Any) -> sp.Basic:
    """``left <= right``, never evaluated."""
    return sp.Le(sp.sympify(left), sp.sympify(right), evaluate=False)


def gt(left: Any, right: Any) -> sp.Basic:
    """``left > right``, never evaluated."""
    return sp.Gt(sp.sympify(left), sp.sympify(right), evaluate=False)


def ge(left: Any, right: Any) -> sp.Basic:
    """``left >= right``, never evaluated."""
    return sp.Ge(sp.sympify(left), sp.sympify(right), evaluate=False)


class Node(sp.Basic):
    """A connective that keeps its arguments as they are given."""

    @property
    def bound_symbols(self) -> frozenset[sp.Symbol]:
        """Variables that the node binds."""
        return frozenset()

    def variants(self) -> Iterator[tuple[str, sp.Basic]]:
        """The node with a hypothesis or a range of its own changed: what was changed, and the node."""
        yield from ()

    def _sympystr(self, printer: Any) -> str:
        return self.written([printer._print(a) for a in self.args], str(type(self).__name__))

    def _latex(self, printer: Any) -> str:
        return self.written_latex([printer._print(a) for a in self.args])

    def written(self, parts: list[str], name: str) -> str:
        """As text."""
        return f"{name}({', '.join(parts)})"

    def written_latex(self, parts: list[str]) -> str:
        """As LaTeX."""
        return rf"\mathrm{{{type(self).__name__}}}\left({', '.join(parts)}\right)"


class Iff(Node):
    """``Iff(a, b)``: a holds if and only if b does."""

    def written(self, parts: list[str], name: str) -> str:
        """As text."""
        return f"({parts[0]}) if and only if ({parts[1]})"

    def written_latex(self, parts: list[str]) -> str:
        """As LaTeX."""
        return rf"{parts[0]} \iff {parts[1]}"


class If(Node):
    """``If(a, b)``: b holds where a does."""

    def written(self, parts: list[str], name: str) -> str:
        """As text."""
        return f"({parts[1]}) if ({parts[0]})"

    def written_latex(self, parts: list[str]) -> str:
        """As LaTeX."""
        return rf"{parts[0]} \implies {parts[1]}"


class All(Node):
    """``All(a, b, ..)``: all of them hold, in this order; for use inside other nodes."""

    def written(self, parts: list[str], name: str) -> str:
        """As text."""
        return " and ".join(parts)

    def written_latex(self, parts: list[str]) -> str:
        """As LaTeX."""
        return r" \wedge ".join(parts)


class Inhabited(Node):
    """``Inhabited(v)``: the hypotheses on v can be met, whatever the other variables are."""

    def written(self, parts: list[str], name: str) -> str:
        """As text."""
        return f"some {parts[0]} meets the hypotheses on it"

    def written_latex(self, parts: list[str]) -> str:
        """As LaTeX."""
        return rf"\text{{some }}{parts[0]}\text{{ meets the hypotheses on it}}"


class IsOpen(Node):
    """``IsOpen(v)``: the set of v that meet the hypotheses on v is open."""

    def written(self, parts: list[str], name: str) -> str:
        """As text."""
        return f"the set of {parts[0]} that meet the hypotheses on it is open"

    def written_latex(self, parts: list[str]) -> str:
        """As LaTeX."""
        return rf"\text{{the set of }}{parts[0]}\text{{ that meet the hypotheses on it is open}}"


REVERSED: dict[type, type] = {sp.Lt: sp.Gt, sp.Gt: sp.Lt, sp.Le: sp.Ge, sp.Ge: sp.Le, sp.Eq: sp.Ne, sp.Ne: sp.Eq}
STRICTER: dict[type, type] = {sp.Le: sp.Lt, sp.Ge: sp.Gt, sp.Lt: sp.Le, sp.Gt: sp.Ge}


def is_relation(term: sp.Basic) -> bool:
    """Whether a term is one of the six relations."""
    return isinstance(term, sp.core.relational.Relational)


def rebuilt(term: sp.Basic, args: list[sp.Basic]) -> sp.Basic:
    """The same node over other arguments; relations are not evaluated."""
    if is_relation(term):
        return term.func(*args, evaluate=False)
    return term.func(*args)


def names_in(term: sp.Basic) -> set[str]:
    """Names of the free symbols and, as ``name()``, of the undefined functions and indexed bases of a term.

    The order symbol is left out, as are variables bound inside (of sums, limits, derivatives at a point).
    """
    found = {s.name for s in term.free_symbols if isinstance(s, sp.Symbol)}
    functions = {f.func.__name__ for f in term.atoms(AppliedUndef)} - {"O"}
    bases = {str(b.label) for b in term.atoms(sp.IndexedBase)}
    return (found - bases) | {f"{name}()" for name in functions | bases}


def split_order(expr: sp.Expr) -> tuple[sp.Expr, tuple[sp.Expr, ...]]:
    """A right side as its leading part and the monomials that its order symbols name.

    Args:
        expr: such as ``2*y*z + O(y**2*z, y*z**2)``; also ``epsilon*O(z**3)``.

    Returns:
        ``(leading, monomials)``: a remainder is a sum of multiples of the monomials, with power series or bounded
        functions as factors. Without order symbols the second part is empty.

    Raises:
        ProofError: an order symbol names a sum (of ``O(y + z)`` only one term would count), or stands inside a bracket,
            a power or a function, where it names no remainder.
    """
    leading, monomials = [], []
    for term in sp.Add.make_args(expr):
        orders = [f for f in sp.Mul.make_args(term) if isinstance(f, AppliedUndef) and f.func.__name__ == "O"]
        if not orders:
            leading.append(term)
            continue
        factor = sp.Mul(*(f for f in sp.Mul.make_args(term) if f not in orders))
        monomials += [factor * m for order in orders for m in order.args]
        if len(orders) > 1:
            raise ProofError.of("split_order()", "one order symbol in each term", str(term), "Multiply it out.")
    inside = next((e for e in (*leading, *monomials) if e.has(O)), None)
    if inside is not None:
        raise ProofError.of("split_order()", "order symbols that are terms of the sum", str(inside), "Expand it first.")
    summed = next((m for m in monomials if sp.expand(m).is_Add), None)
    if summed is not None:
        raise ProofError.of(
            "split_order()", "monomials in its order symbols", str(summed), "Name each in an O(..) of its own."
        )
    return sp.Add(*leading), tuple(monomials)


def leaves(term: sp.Basic, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], sp.Basic]]:
    """Every node of a term with the path of argument numbers that leads to it, outermost first."""
    yield path, term
    for number, arg in enumerate(term.args):
        yield from leaves(arg, (*path, number))


def replaced(term: sp.Basic, path: tuple[int, ...], new: sp.Basic) -> sp.Basic:
    """A term with the node at a path replaced."""
    if not path:
        return new
    args = list(term.args)
    args[path[0]] = replaced(args[path[0]], path[1:], new)
    return rebuilt(term, args)
