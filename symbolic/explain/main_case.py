"""Logs of the quadratic model's objects: closed map, nullcline, recurrence, slow manifold, limit."""

from __future__ import annotations

import sympy as sp
from flint import fmpq_mpoly

from ..algebra.series import TruncatedSeries, evaluate
from ..algebra.symbols import symbol
from ..latex import Equation, Order, later
from ..models.quadratic import QuadraticModel
from ..planar.nullcline import EDGE, two_step_factor
from ..planar.planar_map import PlanarMap
from .log import DerivationLog

SHOWN_TERMS = 100
"""Polynomials with more terms are shown to the order asked for, and still checked in full."""


def explain_one_step(model: QuadraticModel) -> DerivationLog:
    """From the loss to the closed map in ``(z, T)`` or ``(z, T_0, ..)``.

    Args:
        model: a quadratic model.

    Returns:
        The log; every closed equation is checked as a polynomial identity in theta.
    """
    log = DerivationLog("One step of gradient descent, closed")
    theta = model.theta
    f, loss = sp.Symbol("f", real=True), sp.Symbol("L", real=True)
    log.state(
        "Model and loss",
        "Quadratic predictor with the given eigenvalues, squared residual. The step size is scaled into theta, so "
        "that it is 1 here and z is eta times the residual.",
        Equation(f, model.predictor(), order=Order(theta)),
        Equation(loss, (f - model.target) ** 2 / 2),
    )
    step = model.theta_step()
    moved = dict(zip(theta, step.components, strict=True))
    residual = model.predictor() - model.target
    pairs = zip(model.eigenvalues, theta, strict=True)
    factored = [(t, t * (1 - q * residual)) for q, t in pairs]
    log.identity(
        "Gradient step",
        "Each parameter moves against the derivative of the loss; along an eigenvector of Q it is multiplied by "
        "one minus eigenvalue times residual.",
        sp.Add(*(moved[t] * t for t in theta)),
        sp.Add(*(right * t for t, right in factored)),
        *(Equation(later(t, 1), t * (1 - q * model.state[0])) for q, t in zip(model.eigenvalues, theta, strict=True)),
        what="the derivative and the product form",
    )
    embedded = model.embedding()
    log.state(
        "State",
        "The residual and the moments T_k = theta' Q^(k+2) theta; T_0 is the NTK eigenvalue, and it is the sharpness "
        "where the residual is 0.",
        *(Equation(s, e, order=Order(theta)) for s, e in zip(model.state, embedded, strict=True)),
    )
    closed = model.one_step()
    inside = dict(zip(model.state, embedded, strict=True))
    for s, e, image in zip(closed.variables, embedded, closed.components, strict=True):
        log.identity(
            f"The next {s}",
            "Put the gradient step into its definition; higher moments are expressed by lower ones through the "
            "minimal polynomial of Q.",
            e.subs(moved, simultaneous=True),
            image.subs(inside, simultaneous=True),
            Equation(later(s, 1), image, order=Order(closed.variables)),
            what="the stepped definition and the closed form, written in theta,",
        )
    return log


def explain_nullcline(one_step: PlanarMap, order: int) -> DerivationLog:
    """From the closed planar map to the two-step nullcline.

    Args:
        one_step: a planar map in ``(z, T)`` with fixed line ``z = 0``.
        order: highest degree in z.

    Returns:
        The log.
    """
    log = DerivationLog(f"The two-step nullcline to order {order}")
    z, T = one_step.variables
    log.state("One step", "The exact map.", *one_step.equations())
    factor, ring = two_step_factor(one_step), one_step.ring
    log.identity(
        "Two steps return z up to a factor",
        "Compose the map with itself; z = 0 stays fixed, so z divides the change of z.",
        one_step.iterated(2)[0] - ring.generator(z),
        ring.generator(z) * factor,
        Equation(later(z, 2) - later(z, 0), sp.Mul(z, sp.Symbol("F", real=True), evaluate=False)),
        _cut(sp.Symbol("F", real=True), factor, one_step, order),
        what="the composed map and z F",
    )
    at_line = ring.to_expr(ring.from_dict({e: c for e, c in factor.to_dict().items() if e[0] == 0}))
    log.identity(
        "The edge is a simple root",
        "On z = 0 the factor is the square of the multiplier minus 1; it vanishes at T = 2, the edge of stability.",
        at_line,
        (1 - T) ** 2 - 1,
        Equation(sp.Symbol("F", real=True), sp.expand(at_line), order=Order((T,))),
        what="F at z = 0 and (1 - T)^2 - 1",
    )
    nullcline = one_step.nullcline(order)
    grading = nullcline.series.grading
    known = [TruncatedSeries.variable(grading, s) for s in grading.symbols]
    residual = evaluate(nullcline.equation, [known[0], nullcline.series, *known[1:]])
    log.vanishing(
        "Solve F = 0 for T, power by power in z",
        "The slope of F in T is 2 at the edge, so each power of z fixes one coefficient.",
        residual,
        len(nullcline.series.terms()),
        *nullcline.equations(),
    )
    return log


def _cut(left: sp.Symbol, polynomial: fmpq_mpoly, one_step: PlanarMap, order: int) -> Equation:
    """A polynomial of the map's ring; one with very many terms is shown to an order in z only."""
    z, T = one_step.variables
    terms = polynomial.to_dict()
    if len(terms) <= SHOWN_TERMS:
        return Equation(left, one_step.ring.to_expr(polynomial), order=Order((z, T)))
    low = one_step.ring.from_dict({e: c for e, c in terms.items() if e[0] <= order})
    return Equation(left, one_step.ring.to_expr(low), (z ** (order + 1),), Order((z, T)))


def explain_two_step(one_step: PlanarMap, order: int) -> DerivationLog:
    """From the closed planar map to the recurrence in ``(z, y)``.

    Args:
        one_step: a planar map in ``(z, T)`` with fixed line ``z = 0``.
        order: highest degree in z.

    Returns:
        The log.
    """
    log = explain_nullcline(one_step, order)
    log.title = f"The two-step recurrence to order {order}"
    recurrence = one_step.two_step(order)
    y = recurrence.variables[1]
    T = one_step.variables[1]
    f = sp.Symbol("f", real=True)
    log.state("Deviation", "Measure T from the nullcline T = f(z).", Equation(y, T - f))
    grading = recurrence.z_increment.grading
    variables = [TruncatedSeries.variable(grading, s) for s in grading.symbols]
    curve = recurrence.nullcline.series.polynomial()
    start = evaluate(curve, [variables[0], *variables[2:]]) + variables[1]
    # the oracle: the exact twofold composition, against the series that the engine pushed through step by step
    # T = f(z) + y has no negative powers of z, so terms above the order cannot come back
    two = [
        one_step.ring.from_dict({e: c for e, c in p.to_dict().items() if e[0] <= order}) for p in one_step.iterated(2)
    ]
    z2 = evaluate(two[0], [variables[0], start, *variables[2:]])
    t2 = evaluate(two[1], [variables[0], start, *variables[2:]])
    log.vanishing(
        "Two steps of z",
        "Put T = f(z) + y into the exact twofold composition.",
        z2 - variables[0] - recurrence.z_increment,
        len(recurrence.z_increment.terms()),
        recurrence.equations()[0],
    )
    log.vanishing(
        "Two steps of y",
        "y'' = T'' - f(z''), with the same substitution.",
        t2 - evaluate(curve, [z2, *variables[2:]]) - variables[1] - recurrence.y_increment,
        len(recurrence.y_increment.terms()),
        recurrence.equations()[1],
    )
    return log


def explain_slow_manifold(one_step: PlanarMap, order: int) -> DerivationLog:
    """The slow manifold from its invariance equation.

    Args:
        one_step: a planar map with one parameter.
        order: highest power of the parameter.

    Returns:
        The log; the manifold is put back into the invariance equation.
    """
    log = DerivationLog(f"The slow manifold to order {order}")
    manifold = one_step.slow_manifold(order)
    z, T = one_step.variables
    epsilon = manifold.parameter
    log.state("One step", "The exact map.", *one_step.equations())
    log.state(
        "Invariance",
        "Ask for a curve T = tau(z, epsilon) that one step keeps: T' = tau(z') whenever T = tau(z). Orbits that have "
        "relaxed follow it down to z = 0.",
    )
    # one order more than is shown: a coefficient of weight n is confirmed by the equation at weight n + 2
    further = one_step.slow_manifold(order + 1)
    curve = further.series
    grading, weight = curve.grading, curve.grading.order
    variables = [TruncatedSeries.variable(grading, s) for s in (z, epsilon)]
    stepped = [evaluate(p, [variables[0], curve, variables[1]]) for p in one_step.polynomials]
    residual = stepped[1] - evaluate(curve.polynomial(), [stepped[0], variables[1]])
    frozen = sp.Add(
        *(sp.Rational(int(c.p), int(c.q)) * z**i for i, c in enumerate(manifold.rows[0].coeffs()) if i <= weight)
    )
    log.state(
        "At parameter 0",
        "The curve consists of two-cycles: z'' = z and T'' = T on it.",
        Equation(T, frozen, (z ** (weight + 1),), Order((z,))),
    )
    log.vanishing(
        "Order by order in the parameter",
        "At each order the equation is linear in the new row and is divided by its coefficient, which is of order z^2: "
        "each power of the parameter costs two powers of z.",
        residual,
        len(curve.terms()),
        *manifold.equations(),
    )
    return log


def explain_limit(one_step: PlanarMap, order: int) -> DerivationLog:
    """The limit of relaxed orbits: where the slow manifold meets ``z = 0``.

    Args:
        one_step: a planar map with one parameter.
        order: highest power of the parameter.

    Returns:
        The log.
    """
    log = explain_slow_manifold(one_step, order)
    log.title = f"The limit of T to order {order}"
    manifold = one_step.slow_manifold(order)
    limit = one_step.limit_series(order)
    log.identity(
        "Set z = 0",
        "Every point of z = 0 is fixed; a relaxed orbit ends where the manifold meets it.",
        manifold.expression().subs(manifold.variable, 0),
        limit.expression(),
        *limit.equations(),
        what="the manifold at z = 0 and the series",
    )
    log.state("Edge", f"The edge of stability is T = {EDGE} in these units.", Equation(symbol("T"), sp.Integer(EDGE)))
    return log
