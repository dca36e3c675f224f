"""Hypotheses under which training ends at one distance from the edge: sharpness, two-cycles, relaxation, drift."""

from __future__ import annotations

import sympy as sp
from flint import fmpq_mpoly

from ...algebra.errors import DomainError
from ...algebra.rings import PolyRing
from ...planar.two_cycles import LeadingTerms
from .edge import EdgeForm
from .gradient import GradientStep
from .hypotheses import DRIFT, EDGE, ONE_SMALL, RELAXATION, SHARPNESS, TWO_CYCLES, Hypothesis


def sharpness_hypothesis(model: GradientStep, form: EdgeForm) -> Hypothesis:
    """``T = step * (top Hessian eigenvalue)`` at the minima: Hessian of rank one there, with that trace.

    Args:
        model: the model.
        form: the same at its edge.

    Returns:
        TRUE where divisibility by the level polynomial proves it, else UNKNOWN.
    """
    replaced = form.reduction.replaced
    ring = PolyRing((*model.free, *replaced.symbols(model.constants)))

    def exact(expr: sp.Expr) -> fmpq_mpoly:
        return ring.from_expr(replaced.replace(expr))

    level = ring.from_expr(sp.numer(sp.together(replaced.replace(form.level()))))
    level = level / level.term_content()
    curvature = exact(form.curvature.subs(dict(form.reduction.coordinates)))
    size = range(len(model.parameters))
    hessian = model.hessian().subs(model.ties)
    scaled = [[exact(model.step * hessian[i, j]) for j in size] for i in size]
    defects = [sum((scaled[i][i] for i in size), ring.zero) - curvature]
    # symmetric with H^2 = T H and trace T: one eigenvalue T, all others 0
    defects += [
        sum((scaled[i][k] * scaled[k][j] for k in size), ring.zero) - curvature * scaled[i][j]
        for i in size
        for j in range(i, len(model.parameters))
    ]
    wrong = sum(bool(divmod(defect, level)[1].to_dict()) for defect in defects)
    # divisibility by the level polynomial suffices; its failure does not refute
    detail = f"{len(defects) - wrong} of {len(defects)} entries of trace H - T and H^2 - T H vanish at the minima"
    return Hypothesis("sharpness", SHARPNESS, None if wrong else True, detail)


def concentration_hypotheses(form: EdgeForm) -> list[Hypothesis]:
    """The conditions under which every nearby start ends at one distance from the edge.

    All of them are read off one two-step recurrence.

    Args:
        form: a model at its edge.

    Returns:
        The hypotheses, in order, up to the first that blocks the rest.
    """
    try:
        leading = form.map.leading_terms()
        simple_edge = True
    except DomainError as error:
        leading, simple_edge = LeadingTerms(sp.S.Zero, False, str(error), None, "", None), False
    found = [
        Hypothesis(
            "edge",
            EDGE,
            simple_edge,
            f"z'' - z = {leading.rate} y z + ..",
        ),
        Hypothesis(
            "one small parameter",
            ONE_SMALL,
            len(form.map.parameters) == 1,
            f"left: {', '.join(map(str, form.map.parameters)) or 'none'}",
        ),
        Hypothesis(
            "two-cycles",
            TWO_CYCLES,
            leading.cycles,
            leading.cycles_detail,
        ),
    ]
    if not all(h.holds for h in found) or form.small is None:
        return found
    relaxes = leading.relaxation is not None and bool(leading.relaxation < 0)
    found.append(
        Hypothesis(
            "relaxation",
            RELAXATION,
            relaxes,
            f"a = {-leading.relaxation}" if leading.relaxation is not None else leading.relaxation_detail,
        )
    )
    if not relaxes:
        return found
    found.append(
        Hypothesis(
            "drift",
            DRIFT,
            leading.drift is not None and bool(leading.drift < 0),
            f"d = {-leading.drift}" if leading.drift is not None else "no drift of order epsilon z^2",
        )
    )
    return found
