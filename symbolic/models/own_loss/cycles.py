"""Fixed points and two-cycles near the edge of stability."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ...algebra.series import TruncatedSeries, evaluate
from ...latex import Equation, Order, Typeset, later
from ...planar.nullcline import EDGE
from .edge import EdgeForm
from .relaxation import Leading, two_cycles_at_zero


@dataclass(frozen=True)
class CycleSets(Typeset):
    """What returns to itself after one or two steps near ``(z, T) = (0, 2)``.

    Attributes:
        curve: irreducible polynomial in ``(z, T)`` whose zero set holds the two-cycles at small parameter 0.
        branch: the same curve as ``T = f(z)``, a series in z.
        partner: the other point of the cycle, a series in z.
        order: power of z to which both series are complete.
        are_cycles: whether the curve consists of two-cycles at small parameter 0.
        sentences: what holds, for people, each decided by exact algebra.
    """

    curve: sp.Expr
    branch: Equation
    partner: Equation
    order: int
    are_cycles: bool
    sentences: tuple[str, ...]

    def equations(self) -> tuple[Equation, ...]:
        """The curve and the involution on it."""
        return (self.branch, self.partner)


def cycle_sets(form: EdgeForm, leading: Leading, order: int) -> CycleSets:
    """Derive the fixed and the two-cycle set near the edge.

    Args:
        form: a model at its edge.
        leading: its leading two-step terms.
        order: power of z kept.

    Returns:
        Both sets; the series are at small parameter 0.
    """
    one_step = form.map
    z, T = one_step.variables
    frozen = one_step.substitute(dict.fromkeys(one_step.parameters, 0))
    nullcline = frozen.nullcline(order)
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
    if cycles and leading.drift is not None and form.small is not None:
        sentences.append(
            f"For small {form.small[0]} > 0 no two-cycle but z = 0 is left near the edge: on the nullcline "
            f"T'' - T = {leading.drift} {form.small[0]} z^2 + .., of one sign."
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
