"""Log of the limit law: coordinates, leading flow, first integral, Lambert's W, next orders."""

from __future__ import annotations

import sympy as sp

from ..algebra.symbols import symbol
from ..latex import Equation
from ..planar.integral_defect import integral_defect
from ..planar.limit_law import LEADING
from ..planar.planar_map import PlanarMap
from .log import DerivationLog


def explain_limit_law(one_step: PlanarMap, order: int) -> DerivationLog:
    """Where any start near the edge ends.

    Args:
        one_step: a planar map with one parameter and a slow manifold.
        order: 1 is the leading law.

    Returns:
        The log; the integral is put back into the map, the Lambert solution into its equation.
    """
    log = DerivationLog(f"The limit of any start to order {order}")
    law = one_step.limit_law(order)
    epsilon = law.manifold.parameter
    log.state("One step", "The exact map.", *one_step.equations())
    log.state(
        "Coordinates",
        "At parameter 0 the map has a curve of two-cycles, z -> sigma(z) -> z. Take u, odd under it, p = -z sigma(z), "
        "even under it, and x, the deviation of T from the slow manifold. One step then turns u over and moves "
        "everything else slowly.",
        *(Equation(s, e, tag=s.name) for s, e in law.coordinates.items()),
    )
    log.state(
        "Leading order",
        "With weights 1 for u and 2 for p, x and epsilon the leading flow is a planar one, and this is its integral.",
        Equation(symbol("I"), law.integral(LEADING), tag="leading"),
    )
    # one order more than is shown: an even term of weight w is confirmed by the defect at w + 2
    further = one_step.limit_law(order + 1)
    log.vanishing(
        "Higher weights",
        "Weight by weight the defect of the integral after one step is removed: its odd part by half of itself, since "
        "u changes sign, its even part by a term whose drift along the leading flow cancels it.",
        integral_defect(further, one_step),
        len(law.terms),
        Equation(symbol("I"), law.integral(), tag="integral"),
    )
    c = sp.Symbol("c", real=True)
    scale = law.logarithm * epsilon
    end = -scale * sp.LambertW(sp.exp(-c / scale))
    log.identity(
        "The end, by Lambert's W",
        "At z = 0 the integral is c = x - C epsilon ln|x| + .., so dx/dc (1 - C epsilon/x) = 1; this is solved by "
        "x = -C epsilon W(const exp(-c/(C epsilon))), on the principal branch for either sign of the start.",
        sp.simplify(sp.diff(end, c) * (1 - scale / end)),
        sp.S.One,
        Equation(symbol("x_0"), law.lambert(), tag="end"),
        what="dx/dc (1 - C epsilon/x) and 1",
    )
    log.state("The limit", "T ends at the limit series plus the end value of x.", law.equations()[-1])
    return log
