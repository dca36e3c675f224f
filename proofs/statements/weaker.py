"""When a changed statement follows from the unchanged one: then it may stay TRUE."""

from __future__ import annotations

from itertools import pairwise, product

import mpmath
import sympy as sp
from sympy.core.function import AppliedUndef

from .statement import Statement
from .terms import Domain, is_relation, split_order

_BELOW = (sp.Lt, sp.Le)
_ABOVE = (sp.Gt, sp.Ge)
_STRICT = (sp.Lt, sp.Gt)
BOXES = 4096
"""Most boxes into which ranges are cut to decide a sign."""


def narrower(old: sp.Set, new: sp.Set) -> str:
    """Why a range is part of another, or an empty string."""
    return "the range is narrower" if new.is_subset(old) else ""


def stronger_hypothesis(old: sp.Basic, new: sp.Basic, statement: Statement) -> str:
    """Why one hypothesis implies another, or an empty string."""
    return "the hypothesis is stronger" if implies(new, old, statement) else ""


def weaker_part(old: sp.Basic, new: sp.Basic, statement: Statement) -> str:
    """Why one part of a conclusion implies another, or an empty string."""
    if implies(old, new, statement):
        return "the conclusion is weaker"
    if isinstance(old, sp.Eq) and isinstance(new, sp.Eq) and old.args[0] == new.args[0]:
        (lead, order), (new_lead, new_order) = split_order(old.args[1]), split_order(new.args[1])
        inside = all(any(_divides(n, o) for n in new_order) for o in order)
        if order and new_order and sp.expand(lead - new_lead) == 0 and inside:
            return "the remainder is larger"
    return ""


def _divides(divisor: sp.Expr, monomial: sp.Expr) -> bool:
    """Whether one monomial divides another, with powers that are numbers."""
    powers = sp.cancel(monomial / divisor).as_powers_dict()
    return all(power.is_nonnegative for base, power in powers.items() if not base.is_number)


def implies(old: sp.Basic, new: sp.Basic, statement: Statement) -> bool:
    """Whether a relation implies another for all values of the statement's variables, as far as that is decided.

    Both are inequalities in the same direction whose differences of sides are compared.
    """
    if not (is_relation(old) and is_relation(new)):
        return False
    slack = []
    for relation in (old, new):
        if not isinstance(relation, (*_BELOW, *_ABOVE)):
            return False
        left, right = relation.args
        slack.append(right - left if isinstance(relation, _BELOW) else left - right)
    gain = sp.expand(slack[1] - slack[0])
    stricter = isinstance(new, _STRICT) and not isinstance(old, _STRICT)
    return positive(gain, statement, strict=stricter)


def positive(expr: sp.Expr, statement: Statement, strict: bool = False) -> bool:
    """Whether an expression is not negative (or positive) on the ranges of a statement, by enclosures on boxes."""
    expr = sp.sympify(expr)
    ranges = {r.symbol: r.domain for r in statement.over}
    # what the table of symbols assumes of a symbol need not hold on the range that the statement gives it
    known = {s: _like(s, ranges.get(s)) for s in expr.free_symbols}
    shown = expr.xreplace(known)
    if shown.is_positive or (shown.is_nonnegative and not strict):
        return True
    if shown is sp.nan:  # infinite sides
        return False
    if shown.is_number:
        return bool(shown > 0 if strict else shown >= 0)
    free = sorted(expr.free_symbols, key=str)
    if not free or expr.atoms(AppliedUndef) or not all(_bounded(ranges.get(s)) for s in free):
        return False
    each = max(1, round(BOXES ** (1 / len(free))))
    # factored: an enclosure of e - e^2 next to e = 0 is not positive, one of e (1 - e) is; without its content, for
    # an interval cannot be multiplied with a quotient of mpmath
    content, primitive = sp.factor(expr).as_coeff_Mul()
    function = sp.lambdify(free, sp.sign(content) * primitive, "mpmath")
    cells = []
    for s in free:
        low, high = (mpmath.mpf(str(sp.N(v, 20))) for v in (ranges[s].start, ranges[s].end))
        edges = [low + (high - low) * i / each for i in range(each + 1)]
        cells.append([mpmath.iv.mpf(pair) for pair in pairwise(edges)])
    try:
        least = min(mpmath.mpf(function(*box).a) for box in product(*cells))
    except (TypeError, ValueError, ZeroDivisionError, AttributeError, NotImplementedError):
        # what interval arithmetic cannot evaluate is not decided: then the mutant has to be noticed
        return False
    return bool(least > 0 if strict else least >= 0)


def _bounded(domain: Domain | None) -> bool:
    return isinstance(domain, sp.Interval) and bool(domain.start.is_finite and domain.end.is_finite)


def _like(symbol: sp.Symbol, domain: Domain | None) -> sp.Dummy:
    """A symbol that is assumed to be what its range says, and no more."""
    if isinstance(domain, sp.Set) and domain.is_subset(sp.Interval.open(0, sp.oo)):
        return sp.Dummy(symbol.name, positive=True)
    if isinstance(domain, sp.Set) and domain.is_subset(sp.Interval(0, sp.oo)):
        return sp.Dummy(symbol.name, nonnegative=True)
    return sp.Dummy(symbol.name, real=True)
