"""Leading terms of the two-step map at the edge: rate, relaxation and drift, and the curve of two-cycles."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ...algebra.errors import DomainError
from ...algebra.rings import to_rational
from ...planar.maps import PolynomialMap
from ...planar.nullcline import EDGE, two_step_factor
from ...planar.recurrences import Recurrence
from .edge import EdgeForm

LEADING_ORDER = 3


@dataclass(frozen=True)
class Leading:
    """The terms of the two-step recurrence that decide whether trajectories concentrate.

    Attributes:
        simple_edge: whether the nullcline through the edge exists and is unique.
        rate: coefficient of ``y z`` in ``z'' - z``.
        cycles: whether the nullcline consists of two-cycles at small parameter 0, decided exactly.
        cycles_detail: how.
        relaxation: coefficient of ``y z^2`` in ``y'' - y`` at small parameter 0, None if zero.
        relaxation_detail: what a zero means.
        drift: coefficient of ``epsilon z^2`` in ``y'' - y``, None if zero or undefined.
    """

    simple_edge: bool
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


def leading_terms(form: EdgeForm) -> Leading:
    """Read the leading terms off the exact recurrence.

    Args:
        form: a model at its edge.

    Returns:
        The terms; ``simple_edge`` is False where there is no recurrence.
    """
    one_step = form.map
    try:
        recurrence = one_step.two_step(LEADING_ORDER)
        curve, cycles = two_cycles_at_zero(one_step)
    except DomainError as error:
        return Leading(False, sp.S.Zero, False, str(error), None, "", None)
    shown = str(curve)
    if len(shown) > 160:
        degrees = (sp.degree(curve, v) for v in one_step.variables)
        shown = "an irreducible curve of degree {} in z and {} in T".format(*degrees)
    else:
        shown += " = 0"
    detail = f"on {shown} at parameter 0, T'' = T {'holds' if cycles else 'fails'} exactly"
    if not one_step.parameters and not cycles:
        slope = _coefficient(recurrence, 1, {"z": 2})
        detail += f"; with no small parameter T leaves the edge at the rate y'' - y = {slope or 0} z^2"
    relaxation = _coefficient(recurrence, 1, {"z": 2, "y": 1})
    drift = None if form.small is None else _coefficient(recurrence, 1, {"z": 2, form.small[0].name: 1})
    still = "deviations do not relax: the coefficient of z^2 y is 0 at small parameter 0"
    if relaxation is None and cycles and sp.degree(curve, one_step.variables[0]) == 0:
        still += " (the map is linear in z there, and its period doubling is degenerate)"
    rate = _coefficient(recurrence, 0, {"z": 1, "y": 1}) or sp.S.Zero
    return Leading(True, rate, cycles, detail, relaxation, still, drift)


def _coefficient(recurrence: Recurrence, which: int, powers: dict[str, int]) -> sp.Rational | None:
    """One coefficient of an increment; None if it is zero."""
    series = recurrence.increments[which]
    key = tuple(powers.get(s.name, 0) for s in series.grading.symbols)
    value = series.terms().get(key)
    return None if value is None else to_rational(value)
