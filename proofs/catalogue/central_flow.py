"""Claims on the central flow: what it says of the main case, and its true error against the orbit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import to_rational
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.central_flow.comparison import derive_central_flow_error
from ...symbolic.models.central_flow.derive import derive_central_flow
from ...symbolic.models.central_flow.flow import CentralFlow
from ...symbolic.models.quadratic import QuadraticModel
from ...symbolic.optimisers.optimiser import Optimiser, heavy_ball, nesterov
from ...symbolic.optimisers.slow_manifold import manifold_rows
from ...symbolic.planar.planar_map import PlanarMap
from ..claims import Check, CheckContext, Claim, Finding, Level, Outcome, Source, judge
from ..statements import FORMAL, POSITIVE, REALS, Definition, O, R, Range, Statement, eq, ne
from ..subject import measured
from .limit_series import stated_order, stated_series

z, T, epsilon, b, beta = (symbol(n) for n in ("z", "T", "epsilon", "b", "beta"))


def _named(name: str, *arguments: sp.Symbol) -> sp.Expr:
    return sp.Function(name)(*arguments)


T_EDGE, SIGMA2, Z_DOT = (_named(n, z, epsilon) for n in ("T_edge", "sigma2_flow", "z_dot"))
STILL, VIBRATION, PUSH_FLOW, PUSH = (_named(n, b) for n in ("sigma2_still", "x2_still", "push_flow", "push_orbit"))
RATE_FLOW, RATE_ORBIT = (_named(n, epsilon) for n in ("rate_flow", "rate_orbit"))
TAU_0 = sp.Function("tau")(0, epsilon)
N = sp.Symbol("N", real=True)
DIFFER = "formulas that differ"
NAMES = ("T", "sigma^2", "dz/dt")


@lru_cache(maxsize=256)
def _element(expr: sp.Expr, symbols: tuple[sp.Symbol, ...]) -> Any:
    """A rational function in its one form."""
    return sp.QQ.frac_field(*symbols).from_sympy(expr)


def compared(pairs: Mapping[str, tuple[Any, Any]], domain: str, *symbols: sp.Symbol) -> Outcome:
    """Compare rational functions."""
    bad = [name for name, (stated, found) in pairs.items() if _element(stated, symbols) != _element(found, symbols)]
    return judge(
        len(pairs),
        len(bad),
        worst=len(bad),
        bound=0,
        figure=DIFFER,
        domain=domain,
        counterexample=bad[0] if bad else None,
    )


@lru_cache(maxsize=2)
def _in_weights(model: QuadraticModel) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """Edge, sigma^2 and dz/dt through the weights: determinant and third derivatives of the loss, no moments.

    Raises:
        ProofError: the edge is no curve T(z).
    """
    theta = model.theta
    field = sp.QQ.frac_field(*theta, epsilon)
    places = [field.from_sympy(t) for t in theta]
    gradient = [field.from_sympy(sp.expand(sp.diff(model.loss(), t))) for t in theta]
    (a, c), (_, d) = [[g.diff(t) for t in places] for g in gradient]
    # det(S - H) at S = 2, and its slopes in S and in the weights
    surface, in_s = (2 - a) * (2 - d) - c * c, 4 - a - d
    slopes = [surface.diff(t) for t in places]
    along = sum((p * g for p, g in zip(slopes, gradient, strict=True)), field.zero)
    square = sum((p * p for p in slopes), field.zero)
    jacobian = [field.from_sympy(sp.diff(model.predictor(), t)) for t in theta]
    velocity = [p * along / square - g for p, g in zip(slopes, gradient, strict=True)]
    moved = sum((j * v for j, v in zip(jacobian, velocity, strict=True)), field.zero)
    plane = sp.QQ.frac_field(z, T, epsilon)
    small, total = plane.from_sympy(model.eigenvalues[1]), plane.from_sympy(2 * (z + model.target))

    def in_plane(parts: tuple[Any, ...], tall: Any) -> Any:
        """A quotient that is even in the weights, whose squares z and T fix."""
        first, second = (tall - small * total) / (1 - small), (tall - total) / (small**2 - small)
        values = []
        for part in parts:
            value = plane.zero
            for (one, two, power), c in part.terms():
                if one % 2 or two % 2:
                    raise ProofError.of("the flow in the weights", "even powers", part.as_expr(), "Report it.")
                value += c * first ** (one // 2) * second ** (two // 2) * plane.gens[2] ** power
            values.append(value)
        return values[0] / values[1]

    edge = in_plane((surface.numer, surface.denom), plane.gens[1]).as_expr()
    if sp.degree(sp.numer(edge), T) != 1:
        raise ProofError.of("the edge", "one T for each z", edge, "Report it.")
    rest, slope = sp.numer(edge).subs(T, 0), sp.diff(sp.numer(edge), T)
    curve = -plane.from_sympy(rest) / plane.from_sympy(slope)
    sigma2, speed = (in_plane((e.numer, e.denom), curve) for e in (2 * along * in_s / square, moved))
    return curve.as_expr(), sigma2.as_expr(), speed.as_expr()


def _main_case(ctx: CheckContext) -> Outcome:
    """The stated formulas against those through the weights, and against the derived flow."""
    for variable in (z, epsilon):
        ctx.statement.within(variable, REALS if variable == z else POSITIVE)
    whole = ctx.statement.unfolded(N)
    stated = [ctx.statement.equation(left).subs(N, whole) for left in (T_EDGE, SIGMA2, Z_DOT)]
    derived = derive_central_flow(ctx.subject.model)
    if not isinstance(derived, CentralFlow) or derived.curve is None:
        raise ProofError.of("the central flow", "one in the plane", derived, "Report it.")
    pairs: dict[str, tuple[Any, Any]] = {}
    found = (derived.curve, derived.variance, derived.along[0])
    for name, said, one, other in zip(NAMES, stated, _in_weights(ctx.subject.model), found, strict=True):
        pairs |= {f"{name} through the weights": (said, one), f"{name} in the moments": (said, other)}
    poles = [h for h in ctx.statement.given() if h == ne(N, 0)]
    if len(poles) != 1:
        raise ProofError.of("the statement", "the hypothesis that N is not 0", ctx.statement.given(), "It has a pole.")
    return compared(pairs, "all z and epsilon at which N is not 0", z, epsilon)


def _still(ctx: CheckContext) -> Outcome:
    """The two-cycles of the exact map at epsilon = 0, and the derived flow there, as functions of b."""
    ctx.statement.within(b, sp.Interval.open(2, sp.oo))
    one_step = ctx.map.frozen()
    curve = 2 / (1 - z)
    turned = [sp.cancel(c.subs(T, curve)) for c in one_step.components]
    twice = [sp.cancel(c.subs({z: turned[0], T: turned[1]}, simultaneous=True)) for c in one_step.components]
    # epsilon = 0: T = theta_1^2, which one step multiplies by (1 - z)^2
    slow, vibration = curve - 2 * z, curve * (1 - (1 - z)) ** 2 / 4
    said = [ctx.statement.equation(left) for left in (VIBRATION, PUSH, STILL, PUSH_FLOW)]
    on_cycle = [s.subs(b, slow) for s in said[:2]]
    flow = derive_central_flow(ctx.subject.model)
    if not isinstance(flow, CentralFlow) or flow.curve is None:
        raise ProofError.of("the central flow", "one in the plane", flow, "Report it.")
    # b = (T - 2 z)/(1 + epsilon), at epsilon = 0 and to first order along the flow
    whole = (flow.curve - 2 * z) / (1 + epsilon)
    on_edge = sp.cancel(whole.subs(epsilon, 0))
    moved = sp.cancel(sp.diff(whole, z) * flow.along[0] / (2 * epsilon * whole)).subs(epsilon, 0)
    on_flow = [s.subs(b, on_edge) for s in said[2:]]
    pairs = {
        "z''": (twice[0], z),
        "T''": (twice[1], curve),
        "T' as the square of a weight": (turned[1], curve * (1 - z) ** 2),
        "x^2": (on_cycle[0], vibration),
        "mean z": (on_cycle[1], (z + turned[0]) / 2),
        "sigma^2": (on_flow[0], flow.variance.subs(epsilon, 0)),
        "push of the flow": (on_flow[1], moved),
    }
    return compared(pairs, "all b > 2: b = 2 + 2 z^2/(1 - z) on two-cycles, 2 - 3 z on the flow", z)


@measured
def _ends(one_step: PlanarMap, order: int) -> tuple[list[sp.Expr], list[sp.Expr]]:
    """Coefficients of the end of relaxed orbits, and of minus twice the logarithm of the map's own multiplier there."""
    ends = list(one_step.limit_series(order).coefficients)
    at = sp.Add(*(c * epsilon**n for n, c in enumerate(ends)))
    multiplier = sp.Poly(sp.diff(one_step.components[0], z).subs(z, 0).subs(T, at), epsilon)
    row = [-multiplier.coeff_monomial(epsilon**n) for n in range(order + 1)]
    if row[0] != 1:
        raise ProofError.of("the end", "a multiplier -1 at epsilon = 0", -row[0], "Report it.")
    # n l_n = n r_n - sum_k k l_k r_(n - k) for l = ln r
    logarithm = [sp.S.Zero]
    for n in range(1, order + 1):
        known = sum((k * logarithm[k] * row[n - k] for k in range(1, n)), sp.S.Zero)
        logarithm.append(row[n] - known / n)
    return ends, [-2 * value for value in logarithm]


@lru_cache(maxsize=1)
def _derived_rate() -> sp.Expr:
    return derive_central_flow_error(order=1).flow_rate


def _end(ctx: CheckContext) -> Outcome:
    """The derived end, rate and edge, against the statement; the flow's rate through the weights."""
    ctx.statement.within(epsilon, FORMAL)
    said = ctx.statement.equation(RATE_FLOW)
    ends, rates = (stated_series(ctx.statement.equation(left)) for left in (TAU_0, RATE_ORBIT))
    order = max(len(ends), len(rates))
    found_ends, found_rates = _ends(ctx.map, order)
    edge, _, speed = _in_weights(ctx.subject.model)
    rate = -sp.cancel(speed / z).subs(z, 0)
    derived = _derived_rate()
    pairs = {
        "rate of the flow through the weights": (said, rate),
        "rate of the flow": (said, derived),
        "end of the flow": (edge.subs(z, 0), ends[0]),
        **{f"end, epsilon^{n}": (a, c) for n, (a, c) in enumerate(zip(ends, found_ends, strict=False))},
        **{f"rate, epsilon^{n}": (a, c) for n, (a, c) in enumerate(zip(rates, found_rates, strict=False))},
    }
    # no order is better than stated
    for left in (TAU_0, RATE_ORBIT):
        _, power = stated_order(ctx.statement.equation(left))
        pairs[f"remainder of {left}"] = (sp.Integer(len(stated_series(ctx.statement.equation(left)))), power)
    return compared(pairs, "series in epsilon; the flow's rate for all epsilon", epsilon)


@dataclass(frozen=True)
class Momentum:
    """One optimiser of the claim on momentum.

    Attributes:
        make: from its beta.
        flow: rate of the flow, as the statement names it.
        orbit: rate of orbits.
    """

    make: Callable[[object], Optimiser]
    flow: sp.Expr
    orbit: sp.Expr


@lru_cache(maxsize=32)
def _momentum_rates(optimiser: Optimiser) -> tuple[sp.Expr, sp.Expr]:
    """The derived rate of the flow, and the first coefficient of that of orbits: invariant curve and multiplier."""
    flow = derive_central_flow(QuadraticModel((1, -epsilon)), optimiser)
    if not isinstance(flow, CentralFlow):
        raise ProofError.of("the central flow", "one in the plane", flow, "Report it.")
    edge, first = (to_rational(row[0]) for row in manifold_rows(optimiser, 1).unknown[0])
    h, mu = symbol("h"), symbol("multiplier")
    chi = optimiser.characteristic(h).as_expr()
    slope = (-sp.diff(chi, h) / sp.diff(chi, mu)).subs({mu: -1, h: edge})
    return -sp.cancel(flow.along[0] / z).subs(z, 0), 2 * slope * first


MOMENTA = (
    Momentum(heavy_ball, _named("rate_flow_hb", beta, epsilon), _named("rate_orbit_hb", beta, epsilon)),
    Momentum(nesterov, _named("rate_flow_nag", beta, epsilon), _named("rate_orbit_nag", beta, epsilon)),
)


def _momentum(ctx: CheckContext) -> Outcome:
    """At rational beta, the derived flow and the invariant curve solved with these numbers."""
    ctx.statement.within(beta, sp.Interval.Ropen(0, 1))
    ctx.statement.within(epsilon, FORMAL)
    count, pairs = ctx.pick(1, 3, 8), {}
    for kind in MOMENTA:
        said, (rate, power) = ctx.statement.equation(kind.flow), stated_order(ctx.statement.equation(kind.orbit))
        pairs[f"remainder of {kind.orbit}"] = (power, sp.Integer(2))
        for n in range(1, count + 1):
            value = R(n, n + 2)
            flow, orbit = _momentum_rates(kind.make(value))
            pairs[f"{kind.flow} at {value}"] = (said.subs(beta, value), flow)
            pairs[f"{kind.orbit} at {value}"] = (rate.subs(beta, value), orbit * epsilon)
    return compared(pairs, f"{count} rational values of beta, exactly", epsilon)


def _paper(locator: str) -> Source:
    return Source("cohen2024", locator)


_N = (
    36
    - 56 * epsilon
    + 36 * epsilon**2
    - (18 - 150 * epsilon + 150 * epsilon**2 - 18 * epsilon**3) * z
    - (63 * epsilon - 198 * epsilon**2 + 63 * epsilon**3) * z**2
    - (72 * epsilon**2 - 72 * epsilon**3) * z**3
    - 27 * epsilon**3 * z**4
)
_A = (
    12
    - 12 * epsilon
    - (6 - 32 * epsilon + 6 * epsilon**2) * z
    - (15 * epsilon - 15 * epsilon**2) * z**2
    - 9 * epsilon**2 * z**3
)

CLAIMS = (
    Claim(
        id="central-flow-main-case",
        title="The central flow of the main case on the edge, exactly",
        statement=Statement(
            conclusion=(
                eq(T_EDGE, 2 - (1 - epsilon) * z - 3 * epsilon * z**2 / 2),
                eq(SIGMA2, -z * (4 + 3 * epsilon * z**2) * _A / (2 * N)),
                eq(Z_DOT, -2 * epsilon * z * (2 - z) * (2 - 3 * z) * (2 + epsilon * z) * (2 + 3 * epsilon * z) / N),
            ),
            over=(Range(z, REALS), Range(epsilon, POSITIVE)),
            given=(ne(N, 0),),
            where=(Definition(N, "a polynomial in z and epsilon", _N),),
        ),
        source=_paper("the central flow of gradient descent; its closed form for this model is derived here"),
        checks=(Check("determinants in the weights, and the moments", Level.DERIVED, _main_case),),
        derivation=lambda subject: derive_central_flow(subject.model).explain(),
        note="sigma^2 is positive for small z < 0 only: the centre of the vibration lies at negative residuals.",
    ),
    Claim(
        id="central-flow-two-cycle",
        title="In the main case the central flow has 8/9 of the vibration and moves at 8/9 of the speed",
        finding=Finding.LEFT_OUT,
        statement=Statement(
            conclusion=(
                eq(STILL, 2 * (b - 2) / 9),
                eq(VIBRATION, (b - 2) / 4),
                eq(PUSH_FLOW, -2 * (b - 2) / 9),
                eq(PUSH, -(b - 2) / 4),
            ),
            over=(Range(b, sp.Interval.open(2, sp.oo)),),
            where=(Definition(b, "the slow coordinate epsilon theta_2^2 times the step size, at epsilon = 0"),),
        ),
        source=_paper("the central flow against gradient descent; for this model derived here"),
        uses=("one-step-map", "two-cycles-at-zero", "central-flow-main-case"),
        checks=(Check("two-cycles of the exact map, and the derived flow", Level.DERIVED, _still),),
        note="Exactly, at every size of the vibration: as epsilon goes to 0 the flow takes the orbit's path, 9/8 times "
        "as slowly. What it lacks is the fourth derivative of the loss along the vibration.",
    ),
    Claim(
        id="central-flow-end",
        title="Where the central flow of the main case ends and how fast, against relaxed orbits",
        finding=Finding.LEFT_OUT,
        derivation=lambda subject: derive_central_flow_error(order=3).explain(),
        statement=Statement(
            conclusion=(
                eq(TAU_0, 2 - epsilon / 2 - 27 * epsilon**2 / 32 - 153 * epsilon**3 / 128 + O(epsilon**4)),
                eq(RATE_FLOW, 8 * epsilon / (9 - 14 * epsilon + 9 * epsilon**2)),
                eq(RATE_ORBIT, epsilon + 31 * epsilon**2 / 16 + 637 * epsilon**3 / 192 + O(epsilon**4)),
            ),
            over=(Range(epsilon, FORMAL),),
        ),
        source=Source("edgestab", "edgestab.models.derive_central_flow_error"),
        uses=("slow-manifold", "central-flow-main-case"),
        checks=(Check("series of the map, and the flow through the weights", Level.DERIVED, _end),),
        note="The flow ends on the edge, T = 2: the gap is epsilon/2 + 27 epsilon^2/32 + .., and the rates differ by "
        "epsilon/9 + 719 epsilon^2/1296 + ..",
    ),
    Claim(
        id="central-flow-momentum",
        title="Under momentum the central flow of the main case has 8/9 of the rate at the end, too",
        statement=Statement(
            conclusion=(
                eq(MOMENTA[0].flow, 8 * (1 + beta) * epsilon / ((1 - beta) * (9 - 14 * epsilon + 9 * epsilon**2))),
                eq(MOMENTA[0].orbit, (1 + beta) * epsilon / (1 - beta) + O(epsilon**2)),
                eq(
                    MOMENTA[1].flow,
                    8 * (1 + beta) * epsilon / ((1 - beta) * (1 + 2 * beta) * (9 - 14 * epsilon + 9 * epsilon**2)),
                ),
                eq(MOMENTA[1].orbit, (1 + beta) * epsilon / ((1 - beta) * (1 + 2 * beta)) + O(epsilon**2)),
            ),
            over=(Range(beta, sp.Interval.Ropen(0, 1)), Range(epsilon, FORMAL)),
        ),
        source=Source("edgestab", "edgestab.models.derive_central_flow_error"),
        uses=("heavy-ball-limit", "nesterov-limit"),
        checks=(Check("the flow and the invariant curve at rational beta", Level.CHECKED, _momentum),),
        note="The flow of an optimiser is that of its transfer function: at speed b(1)/a'(1), with the edge at its "
        "multiplier -1. Two-cycles do not depend on the filter, so the missing fourth derivative costs the same.",
    ),
)
