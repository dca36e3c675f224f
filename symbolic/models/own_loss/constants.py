"""Constants of a loss (a width ``n``, a scale ``mu``) that occur with negative or half powers.

Exact polynomial algebra wants whole, non-negative powers.  Each such constant is replaced by a root of it or of its
reciprocal, for example ``n`` by ``r**-2`` with ``r = n**(-1/2)``, and put back for printing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sympy as sp

from ...algebra.errors import DomainError


@dataclass(frozen=True)
class Constants:
    """The substitution for the constants of a model.

    Attributes:
        forward: constant to what replaces it, for example ``{n: r**-2}``.
        backward: the replacing symbol to its meaning, for example ``{r: n**(-1/2)}``.
    """

    forward: Mapping[sp.Symbol, sp.Expr]
    backward: Mapping[sp.Symbol, sp.Expr]

    def replace(self, expr: sp.Expr) -> sp.Expr:
        """With whole powers only."""
        return expr.subs(self.forward) if self.forward else expr

    def restore(self, expr: sp.Expr) -> sp.Expr:
        """In the user's constants again."""
        return expr.subs(self.backward) if self.backward else expr

    def symbols(self, given: Iterable[sp.Symbol]) -> tuple[sp.Symbol, ...]:
        """The constants after replacement, in the order given."""
        new = {c: s for s, value in self.backward.items() for c in value.free_symbols}
        return tuple(new.get(c, c) for c in given)


def find_constants(expressions: Iterable[sp.Expr], constants: Iterable[sp.Symbol]) -> Constants:
    """Which constants need replacing in these expressions.

    Args:
        expressions: loss, step and coordinates of a model.
        constants: the symbols that stay fixed along an orbit.

    Returns:
        The substitution; empty where all powers are whole and non-negative.

    Raises:
        DomainError: a constant occurs with powers of both signs, or not as a power.
    """
    forward: dict[sp.Symbol, sp.Expr] = {}
    backward: dict[sp.Symbol, sp.Expr] = {}
    exprs = list(expressions)
    for constant in constants:
        powers = {p for e in exprs for p in _powers(e, constant)}
        if all(p.is_Integer and p >= 0 for p in powers):
            continue
        if any(p < 0 for p in powers) and any(p > 0 for p in powers):
            raise DomainError.of(
                "GradientDescent()",
                f"powers of the constant {constant} of one sign",
                ", ".join(str(p) for p in sorted(powers)),
                "Give the constant a value, or rename a product of constants.",
            )
        root = math.lcm(*(int(p.q) for p in powers))
        sign = -1 if any(p < 0 for p in powers) else 1
        # r = constant**(sign/root): positive, as a root of a width or scale is
        replacing = sp.Symbol(f"{constant.name}_{'inverse' if sign < 0 else ''}root{root}", positive=True)
        forward[constant] = replacing ** (sign * root)
        backward[replacing] = constant ** sp.Rational(sign, root)
    return Constants(forward, backward)


def _powers(expr: sp.Expr, constant: sp.Symbol) -> set[sp.Rational]:
    found: set[sp.Rational] = set()
    for node in sp.preorder_traversal(expr):
        if isinstance(node, sp.Pow) and constant in node.base.free_symbols:
            if node.base == constant and node.exp.is_Rational:
                found.add(node.exp)
            elif not (node.exp.is_Integer and node.exp > 0):
                raise DomainError.of(
                    "GradientDescent()", f"{constant} only as a power of itself", node, "Rename the whole term."
                )
        elif node == constant:
            # a bare symbol; inside a power it is counted above, and then adds the harmless power 0
            found.add(sp.S.Zero)
    return found
