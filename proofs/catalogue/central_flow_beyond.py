"""Claims on the central flow beyond the main case: what its third derivatives leave out, and a measured distance."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp

from ...numeric.orbits.central_flow import follow_central_flow
from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.central_flow.derive import derive_central_flow
from ...symbolic.models.central_flow.flow import CentralFlow
from ...symbolic.models.own_loss.gradient import GradientStep
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import FORMAL, POSITIVE, REALS, Definition, O, R, Range, Statement, eq, gt, lt, ne, split_order
from .central_flow import compared

epsilon, eta = symbol("epsilon"), symbol("eta")
x, v, y, later_y = symbol("x"), symbol("v"), symbol("y"), symbol("y'")
L_3, L_4, delta = sp.symbols("L_3 L_4 delta", real=True)
L_2, alpha, b = sp.symbols("L_2 alpha b", positive=True)
LOSS, PLANE = sp.Function("L")(x), sp.Function("L")(x, v)
SIGMA2_ONE, X2_ONE = sp.Function("sigma2_one")(delta), sp.Function("x2_one")(delta)
SIGMA2_DRIVE = sp.Symbol("sigma2_drive", real=True)
FAR, FAR_AVERAGED = sp.Function("far_flow")(epsilon), sp.Function("far_averaged")(epsilon)
SIZES = sp.Interval(R(1, 1000), R(1, 50))


def _one_parameter(ctx: CheckContext) -> Outcome:
    """Both conditions solved as series: without and with the fourth derivative; and two steps of the stated loss."""
    ctx.statement.within(L_2, POSITIVE)
    ctx.statement.within(delta, FORMAL)
    for variable in (L_3, L_4, x):
        ctx.statement.within(variable, REALS)
    given = ctx.statement.given()
    if not all(isinstance(h, sp.Ne) and h.args[1] == 0 for h in given):
        raise ProofError.of("the statement", "numbers that are not 0", given, "It judges no others.")
    loss = ctx.statement.defined(LOSS)
    slopes = [sp.diff(loss, x, k) for k in range(1, 5)]
    square, place = sp.symbols("square place", real=True)
    edge = slopes[1].subs({x: 0, delta: 0})
    pairs: dict[str, tuple[Any, Any]] = {}
    excluded = {sp.factor(h.args[0]) for h in given}
    for name, left, keep in (("flow", SIGMA2_ONE, 0), ("two-cycle", X2_ONE, 1)):
        right = ctx.statement.equation(left)
        leading, dropped = split_order(right)
        mean, half = slopes[0] + slopes[2] * square / 2, slopes[1] + keep * slopes[3] * square / 6 - edge
        # both vanish at delta = 0 with the centre and the square 0: linear in delta to first order
        first = [e.subs({x: place * delta, square: square * delta}).expand().coeff(delta, 1) for e in (mean, half)]
        solution = sp.solve(first, [place, square], dict=True)[0]
        pairs[name] = (leading.coeff(delta, 1), sp.cancel(solution[square]))
        pairs[f"{name}, other powers"] = (sp.expand(leading - leading.coeff(delta, 1) * delta), sp.S.Zero)
        pairs[f"{name}, remainder"] = (sp.Integer(list(dropped) == [delta**2]), sp.S.One)
        factors = {f for f, _ in sp.factor_list(sp.denom(sp.cancel(solution[square])))[1] if f != L_2}
        pairs[f"{name}, poles"] = (sp.Integer(factors <= excluded or {-f for f in factors} <= excluded), sp.S.One)
    # the mean and half the difference of gradients at centre + and - root(square), exactly
    root, centre = sp.symbols("root centre", real=True)
    there = [slopes[0].subs(x, centre + side * root) for side in (1, -1)]
    at = [s.subs(x, centre) for s in slopes]
    mean = (there[0] + there[1]) / 2 - at[0] - at[2] * root**2 / 2
    half = (there[0] - there[1]) / 2 - at[1] * root - at[3] * root**3 / 6
    pairs["Taylor"] = (sp.Integer(sp.expand(mean) == 0 == sp.expand(half)), sp.S.One)
    return compared(pairs, "all L_2 > 0, L_3, L_4 off the poles; first order in delta", L_2, L_3, L_4)


@lru_cache(maxsize=8)
def _driven(loss: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """sigma^2 of the derived flow where both parameters are 0, and one step of v.

    Raises:
        ProofError: the flow is of another form.
    """
    model = GradientStep(loss, (x, v), eta)
    flow = derive_central_flow(model)
    at_origin = {x: 0, v: 0}
    if not isinstance(flow, CentralFlow) or sp.expand(flow.surface.subs(at_origin)) != 0:
        raise ProofError.of("the central flow", "a flow with its edge at 0", flow, "It judges no other point.")
    return flow.variance.subs(at_origin), model.full_step()[1]


def _source(ctx: CheckContext) -> Outcome:
    """The derived flow of the stated loss, and one exact gradient step on it."""
    for variable in (eta, alpha, b):
        ctx.statement.within(variable, POSITIVE)
    for variable in (x, v, y):
        ctx.statement.within(variable, REALS)
    place = ctx.statement.value(y)
    sigma2, moved = _driven(ctx.statement.defined(PLANE))
    said = ctx.statement.equation(later_y).subs(y, place)
    pairs = {
        "sigma^2": (ctx.statement.equation(SIGMA2_DRIVE), sigma2),
        "y'": (said.subs(SIGMA2_DRIVE, sigma2), place.subs(v, moved)),
    }
    return compared(pairs, "all weights, all eta, alpha, b > 0", x, v, eta, alpha, b)


@lru_cache(maxsize=16)
def _far(eps: Fraction) -> tuple[float, float]:
    return follow_central_flow(eps, Fraction(1, 4), int(6 / eps)).errors()


def _measured(ctx: CheckContext) -> Outcome:
    """Orbits in long doubles and the flows integrated, at both ends of the range of epsilon and between."""
    ctx.statement.within(epsilon, SIZES)
    span = ctx.statement.interval(epsilon)
    between = ctx.pick((), (R(1, 200),), (R(1, 100), R(1, 200), R(1, 400)))
    chosen = sorted({span.end, span.start, *(e for e in between if span.contains(e) is sp.true)})
    ctx.statement.parts()
    missed, worst = [], 0.0
    for value in chosen:
        flow, averaged = _far(Fraction(int(value.p), int(value.q)))
        worst = max(worst, averaged / float(value))
        at = {epsilon: value}
        for name, size in ((FAR, flow), (FAR_AVERAGED, averaged)):
            at |= {name: size, name.subs(epsilon, value): size}
        if not ctx.statement.holds(at):
            missed.append(value)
    return judge(
        len(chosen),
        len(missed),
        worst=round(worst, 4),
        bound="1/21",
        figure="largest distance of the averaged equations over epsilon",
        digits=16,
        domain=f"epsilon in {{{', '.join(map(str, chosen))}}}",
    )


def _paper(locator: str) -> Source:
    return Source("cohen2024", locator)


CLAIMS = (
    Claim(
        id="central-flow-source",
        title="Where something drives the sharpness, the central flow has the mean squared vibration right",
        statement=Statement(
            conclusion=(
                eq(SIGMA2_DRIVE, 2 * alpha / b**2),
                eq(later_y, y + eta * b**2 * (SIGMA2_DRIVE - x**2) / 2),
            ),
            over=(*(Range(s, POSITIVE) for s in (eta, alpha, b)), *(Range(s, REALS) for s in (x, v, y))),
            given=(eq(y, b * v),),
            where=(
                Definition(PLANE, "the loss", x**2 / eta + b * x**2 * v / 2 - alpha * v / b),
                Definition(x, "the weight of L(x, v) that vibrates"),
                Definition(v, "the weight that moves the sharpness, 2/eta + b v where x = 0"),
                Definition(y, "excess of the sharpness over 2/eta, before a step"),
                Definition(later_y, "the same after a step of gradient descent"),
                Definition(eta, "step size"),
                Definition(alpha, "progressive sharpening: how fast the gradient flow raises the sharpness at x = 0"),
                Definition(b, "slope of the sharpness in v"),
            ),
        ),
        source=_paper("the central flow; the loss is the least one whose descent is the system of Damian et al. 2022"),
        checks=(Check("the derived flow, and one exact step", Level.DERIVED, _source),),
        note="Summed over n steps, the mean of x^2 is sigma^2 up to 2 (y_0 - y_n)/(eta b^2 n): right for every orbit "
        "whose sharpness stays bounded. The main case has no such drive, and there the next order decides.",
    ),
    Claim(
        id="central-flow-fourth-derivative",
        title="What part of the vibration the central flow has, for any loss of one parameter",
        statement=Statement(
            conclusion=(
                eq(SIGMA2_ONE, 2 * L_2 * delta / L_3**2 + O(delta**2)),
                eq(X2_ONE, 6 * L_2 * delta / (3 * L_3**2 - L_2 * L_4) + O(delta**2)),
            ),
            over=(Range(L_2, POSITIVE), *(Range(v, REALS) for v in (L_3, L_4, x)), Range(delta, FORMAL)),
            given=(ne(L_3, 0), ne(3 * L_3**2 - L_2 * L_4, 0)),
            where=(
                Definition(LOSS, "the loss", (L_2 + delta) * x**2 / 2 + L_3 * x**3 / 6 + L_4 * x**4 / 24),
                Definition(x, "the parameter"),
                Definition(L_2, "2/eta, the second derivative at the minimum where that is at the edge"),
                Definition(L_3, "third derivative at the minimum"),
                Definition(L_4, "fourth derivative of L(x)"),
                Definition(delta, "how far the minimum is beyond the edge"),
            ),
        ),
        source=_paper("the central flow; the fourth derivative, which it leaves out, is added here"),
        checks=(Check("both conditions to first order, and Taylor's formula", Level.DERIVED, _one_parameter),),
        note="The share is 1 - L_2 L_4/(3 L_3^2), by the first Lyapunov coefficient c_1 L_2^2/L_3^2; 8/9 in the main "
        "case, where L_2 = 2, L_3^2 = 18, L_4 = 3.",
    ),
    Claim(
        id="central-flow-measured",
        title="The distance of the central flow from the orbit does not vanish with epsilon; with D^4 L it does",
        statement=Statement(
            conclusion=(gt(FAR, R(7, 1000)), lt(FAR_AVERAGED, epsilon / 21)),
            over=(Range(epsilon, SIZES),),
        ),
        source=Source("edgestab", "edgestab.orbits.follow_central_flow"),
        uses=("central-flow-main-case",),
        checks=(Check("orbits and flows in floats", Level.CHECKED, _measured, hindsight="both bounds and the start"),),
        note="As epsilon goes to 0 the first tends to 0.00707, what running 9/8 times as slowly costs.",
    ),
)
