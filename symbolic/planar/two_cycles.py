"""Two-cycles at the edge, the fixed points beside them, and the leading terms of the two-step map near them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from ..algebra.errors import DomainError
from ..algebra.rings import to_rational
from ..algebra.series import TruncatedSeries, evaluate
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.names import later
from ..latex.printer import Order
from .maps import PolynomialMap
from .nullcline import EDGE, Nullcline, two_step_factor
from .recurrences import Recurrence

LEADING_ORDER = 3


@dataclass(frozen=True)
class LeadingTerms:
    """The terms of the two-step recurrence that decide whether trajectories concentrate.

    Attributes:
        rate: coefficient of ``y z`` in ``z'' - z``.
        cycles: whether the nullcline consists of two-cycles at small parameter 0, decided exactly.
        cycles_detail: how.
        relaxation: coefficient of ``y z^2`` in ``y'' - y`` at small parameter 0, None if zero.
        relaxation_detail: what a zero means.
        drift: coefficient of ``epsilon z^2`` in ``y'' - y``, None if zero or undefined.
    """

    rate: sp.Rational
    cycles: bool
    cycles_detail: str
    relaxation: sp.Rational | None
    relaxation_detail: str
    drift: sp.Rational | None


def two_cycles_at_zero(one_step: PolynomialMap) -> tuple[sp.Expr, bool]:
    """The curve of two-period points through the edge with all parameters 0.

    Args:
        one_step: a planar map in ``(z, T)``.

    Returns:
        The irreducible polynomial through ``(0, 2)`` of ``z'' = z``, and whether ``T'' = T`` on all of it.

    Raises:
        DomainError: no factor, or several, pass through the edge.
    """
    frozen = one_step.substitute(dict.fromkeys(one_step.parameters, 0))
    T = frozen.variables[1]
    ring = frozen.ring
    through = [f for f, _ in two_step_factor(frozen).factor()[1] if f(0, EDGE) == 0]
    if len(through) != 1:
        raise DomainError.of("two_cycles_at_zero()", "one branch through the edge", through, "The edge is not simple.")
    curve = through[0]
    change = frozen.iterated(2)[1] - frozen.ring.generator(T)
    # the curve is irreducible, so T'' - T vanishes on it exactly if it is divisible
    return ring.to_expr(curve), not divmod(change, curve)[1].to_dict()


def leading_terms(one_step: PolynomialMap, recurrence: Recurrence, small: sp.Symbol | None) -> LeadingTerms:
    """Read the leading terms off the exact recurrence.

    Args:
        one_step: a planar map in ``(z, T)``.
        recurrence: its two-step recurrence, to order 3 in z or more.
        small: the small parameter, or None where the map has none.

    Returns:
        The terms.

    Raises:
        DomainError: no curve, or several, of ``z'' = z`` pass through the edge.
    """
    curve, cycles = two_cycles_at_zero(one_step)
    shown = str(curve)
    if len(shown) > 160:
        degrees = (sp.degree(curve, v) for v in one_step.variables)
        shown = "an irreducible curve of degree {} in z and {} in T".format(*degrees)
    else:
        shown += " = 0"
    detail = f"on {shown} at parameter 0, T'' = T {'holds' if cycles else 'fails'} exactly"
    if not one_step.parameters and not cycles:
        rise = _coefficient(recurrence, 1, {"z": 2})
        detail += f"; with no small parameter T leaves the edge at the rate y'' - y = {rise or 0} z^2"
    relaxation = _coefficient(recurrence, 1, {"z": 2, "y": 1})
    drift = None if small is None else _coefficient(recurrence, 1, {"z": 2, small.name: 1})
    still = "deviations do not relax: the coefficient of z^2 y is 0 at small parameter 0"
    if relaxation is None and cycles and sp.degree(curve, one_step.variables[0]) == 0:
        still += " (the map is linear in z there, and its period doubling is degenerate)"
    rate = _coefficient(recurrence, 0, {"z": 1, "y": 1}) or sp.S.Zero
    return LeadingTerms(rate, cycles, detail, relaxation, still, drift)


def _coefficient(recurrence: Recurrence, which: int, powers: dict[str, int]) -> sp.Rational | None:
    """One coefficient of an increment; None if it is zero."""
    series = recurrence.increments[which]
    key = tuple(powers.get(s.name, 0) for s in series.grading.symbols)
    value = series.terms().get(key)
    return None if value is None else to_rational(value)


@dataclass(frozen=True)
class CycleSets(Derived):
    """What returns to itself after one or two steps near ``(z, T) = (0, 2)``.

    Attributes:
        curve: irreducible polynomial in ``(z, T)`` whose zero set holds the two-cycles at small parameter 0.
        branch: the same curve as ``T = f(z)``, a series in z.
        partner: the other point of the cycle, a series in z.
        order: power of z to which both series are complete.
        are_cycles: whether the curve consists of two-cycles at small parameter 0.
        sentences: what holds, for people, each decided by exact algebra.
    """

    kind = "two-cycles"
    curve: sp.Expr
    branch: Equation
    partner: Equation
    order: int
    are_cycles: bool
    sentences: tuple[str, ...]

    def equations(self) -> tuple[Equation, ...]:
        """The curve and the involution on it."""
        return (self.branch, self.partner)

    def json(self) -> dict[str, Any]:
        """The curve, and both series as text."""
        return {"curve": str(self.curve), **{e.tag: str(e.rhs) for e in self.equations()}}

    def notes(self) -> list[str]:
        """What holds."""
        return list(self.sentences)

    def remainder(self) -> str:
        """What was dropped, in words."""
        return f"dropped: powers of z above {self.order}"

    def explain(self) -> DerivationLog:
        """What returns to itself, and how that was decided."""
        log = DerivationLog("Fixed points and two-cycles near the edge")
        log.state("Sets", " ".join(self.sentences), *self.equations())
        return log


def cycle_sets(
    one_step: PolynomialMap, nullcline: Nullcline, small: sp.Symbol | None, drift: sp.Rational | None
) -> CycleSets:
    """Derive the fixed and the two-cycle set near the edge.

    Args:
        one_step: a planar map in ``(z, T)``.
        nullcline: that of the map with all its parameters 0.
        small: the small parameter, or None.
        drift: coefficient of ``small z^2`` in ``y'' - y``, None if zero or undefined.

    Returns:
        Both sets; the series are at small parameter 0.
    """
    z, T = one_step.variables
    order, frozen = nullcline.order, nullcline.one_step
    grading = nullcline.series.grading
    start = TruncatedSeries.variable(grading, z)
    partner = evaluate(frozen.polynomials[0], [start, nullcline.series])
    curve, cycles = two_cycles_at_zero(one_step)
    factor = sp.cancel((one_step.components[0] - z) / z).subs({z: 0, T: EDGE})
    what = "consists of two-cycles" if cycles else "has no two-cycles but z = 0"
    sentences = [
        f"Near the edge the fixed points are exactly the line z = 0: (z' - z)/z is {factor} at the edge, not 0.",
        f"At small parameter 0 the curve T = f(z) {what}.",
    ]
    if cycles and drift is not None and small is not None:
        sentences.append(
            f"For small {small} > 0 no two-cycle but z = 0 is left near the edge: on the nullcline "
            f"T'' - T = {drift} {small} z^2 + .., of one sign."
        )
    dropped = (z ** (order + 1),)
    sides = Order((z,))
    return CycleSets(
        curve,
        Equation(T, nullcline.expression(), dropped, sides, "cycles"),
        Equation(later(z, 1), partner.to_expr(), dropped, sides, "partner"),
        order,
        cycles,
        tuple(sentences),
    )
