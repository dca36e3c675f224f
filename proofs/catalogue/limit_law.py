"""Claims on the limit of any start: the first integral, its Lambert W solution, its next orders."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import mpmath
import sympy as sp

from ...numeric.orbits.iterated_limit import iterate_descent_to_limit
from ...numeric.orbits.limit_prediction import LawEvaluator
from ...symbolic.algebra.errors import EdgestabError, ProofError
from ...symbolic.algebra.rings import to_fraction
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.quadratic import QuadraticModel, main_case
from ...symbolic.planar.first_integral import LEADING, term_weight
from ...symbolic.planar.limit_law import LimitLaw
from ...symbolic.planar.planar_map import PlanarMap
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import FORMAL, REALS, Definition, Named, O, Range, Statement, eq, split_order
from ..subject import measured
from .limit_series import SMALL, TAU, stated_order

z, T, T_inf, x, x_0, y, u, p, epsilon = (symbol(n) for n in ("z", "T", "T_inf", "x", "x_0", "y", "u", "p", "epsilon"))
s = sp.Symbol("delta", real=True)
U, P = sp.Function("u"), sp.Function("p")
INTEGRAL = sp.Function("I")(s * u, s**2 * p, s**2 * x, s**2 * epsilon)

STARTS = ((0.3, -0.3), (0.5, 0.3), (1.0, 0.5), (1.5, -0.2), (-0.6, 0.4), (0.2, -3.0))
"""``z_0 / sqrt(epsilon)`` and ``x / epsilon``: from frozen to relaxed, both signs of both."""

DIGITS = 26
SLOPE_SLACK = 0.35
"""How far a measured slope may fall short of the order claimed: the two grids are only a factor 4 apart."""

MANIFOLD = 4
"""Powers of epsilon of the slow manifold that x is measured from: what is left out is beyond every law compared."""


def _refused(error: EdgestabError) -> Outcome:
    return judge(1, 1, detail=str(error))


def _stated_terms(right: sp.Expr) -> tuple[dict[tuple[int, ...], sp.Rational], sp.Expr, int]:
    """Polynomial terms of the stated integral, C, and the power of s from which nothing is stated.

    Raises:
        ProofError: a term is no monomial in u, p, x, epsilon with the power of s that its weight has, nor C's.
    """
    leading, monomials = split_order(right)
    orders = [m.as_base_exp() for m in monomials]
    if len(orders) != 1 or orders[0][0] != s:
        raise ProofError.of("the statement", "one remainder O(s^k)", right, "The check needs its order.")
    log = sp.log(sp.Abs(s**2 * x))
    leading = sp.expand(leading)
    constant = -leading.coeff(log, 1)
    logarithm = sp.cancel(constant / (s**2 * epsilon))
    rest = sp.Poly(sp.expand(leading + constant * log), u, p, x, epsilon, s)
    terms = {}
    for (*exponents, scale), c in rest.terms():
        if scale != term_weight(tuple(exponents)):
            raise ProofError.of("the statement", "terms with the power of s of their weight", exponents, "See u, p, x.")
        terms[tuple(exponents)] = c
    return terms, logarithm, int(orders[0][1])


def _conserved(ctx: CheckContext) -> Outcome:
    """The stated integral before and after one step, in series of (z, x, epsilon); the solver works in (u, x, epsilon).

    Beyond the stated order the terms are those derived; all together have to be conserved.
    """
    for variable in (z, u, p, x, s, epsilon):
        ctx.statement.within(variable, FORMAL)
    stated, logarithm, end = _stated_terms(ctx.statement.equation(INTEGRAL))
    coordinates = {u: ctx.statement.equation(U(z)), p: ctx.statement.equation(P(z))}
    # even terms of weight w show their defect at w + 2: the stated terms need one order more than they have
    order = max(ctx.pick(3, 4, 6), (end + 2) // 2)
    try:
        derived: LimitLaw = ctx.map.limit_law(order)
        terms = {e: c for e, c in derived.terms if term_weight(e) >= end}
        terms |= {e: c for e, c in stated.items() if term_weight(e) < end}
        law = replace(derived, logarithm=logarithm, terms=tuple(sorted(terms.items())))
        rejected = len(law.defect().terms())
        sigma = derived.involution
    except EdgestabError as error:
        return _refused(error)
    wanted = {u: (z - sigma) / 2, p: -z * sigma}
    rejected += sum(sp.cancel(sp.together(coordinates[v] - wanted[v])) != 0 for v in (u, p))
    rejected += terms.get((0, 0, 1, 0)) != 1  # what makes the integral the only one of its form
    rejected += sum(e[0] > 1 or not any(e[:3]) for e in terms)
    tested = sum(1 for i in range(law.weight + 1) for j in range((law.weight - i) // 2 + 1)) + len(law.terms)
    return judge(
        tested,
        rejected,
        worst=rejected,
        bound=0,
        figure="coefficients that differ",
        domain=f"fixes all terms of weight <= {law.weight - LEADING}",
    )


def _leading_flow(ctx: CheckContext) -> Outcome:
    """The leading part of the two-step recurrence as a flow, and the stated integral of weight 2 along it."""
    for variable in (z, u, p, x, s, epsilon):
        ctx.statement.within(variable, FORMAL)
    terms, logarithm, _ = _stated_terms(ctx.statement.equation(INTEGRAL))
    recurrence = ctx.map.two_step(2)
    weights = {z: 1, y: LEADING, epsilon: LEADING}
    dz, dy = (_lowest(e, weights) for e in recurrence.expressions())
    first = ctx.map.limit_series(1).coefficients[1]
    # x = y + epsilon/2 to leading order, since the slow manifold is at first * epsilon, the nullcline at 0
    here = {p: z**2, x: y - first * epsilon}
    kept = [(e, c) for e, c in terms.items() if term_weight(e) == LEADING]
    form = sp.Add(*(c * sp.Mul(*(v**k for v, k in zip((u, p, x, epsilon), e, strict=True))) for e, c in kept))
    form = (form - logarithm * epsilon * sp.log(x)).subs(here)  # d ln|x| = dx / x
    drift = sp.simplify(sp.diff(form, z) * dz + sp.diff(form, y) * dy)
    rejected = int(drift != 0)
    return judge(1, rejected, worst=str(drift), bound=0, figure="drift of the leading integral", detail=f"{dz}, {dy}")


def _lowest(expr: sp.Expr, weights: dict[sp.Symbol, int]) -> sp.Expr:
    """Terms of least weight."""
    poly = sp.Poly(expr, *weights)
    sized = [(sum(w * e for w, e in zip(weights.values(), m, strict=True)), m, c) for m, c in poly.terms()]
    least = min(w for w, *_ in sized)
    return sp.Add(*(c * sp.Mul(*(s**e for s, e in zip(weights, m, strict=True))) for w, m, c in sized if w == least))


@measured
def manifold_at(one_step: PlanarMap, z0: Fraction, eps: Fraction) -> Fraction:
    """The slow manifold at one z, to MANIFOLD powers of epsilon."""
    rows = one_step.slow_manifold(MANIFOLD).closed_rows(MANIFOLD)
    return sum((to_fraction(sp.Rational(row.subs(z, z0))) * eps**n for n, row in enumerate(rows)), Fraction(0))


@measured
def _partner(one_step: PlanarMap, z0: Fraction) -> Fraction:
    """The other point of the two-cycle through z at epsilon = 0: p is the same there, and u is the opposite."""
    curve = one_step.nullcline(1).at_zero.subs(z, z0)
    return to_fraction(sp.Rational(one_step.components[0].subs({epsilon: 0, T: curve, z: z0})))


@lru_cache(maxsize=512)
def _end(model: QuadraticModel, eps: Fraction, z0: Fraction, T0: Fraction) -> Any:
    """The limit of T by gradient descent in theta, or None."""
    value = iterate_descent_to_limit(model, eps, z0, T0, digits=DIGITS).value
    return None if value is None else mpmath.mpf(str(value))


Point = tuple[Fraction, Fraction, Fraction]
"""z, x and T of a start."""


def _pairs(ctx: CheckContext, inverse_root: int) -> tuple[Fraction, list[tuple[Point, Point]]]:
    """Starts in pairs that differ in the sign of u alone, with T as stated; epsilon is an exact square."""
    ctx.statement.within(epsilon, SMALL)
    ctx.statement.within(z, NEAR)
    ctx.statement.within(x, CLOSE)
    ctx.statement.within(T, REALS)
    stated, eps = ctx.statement.value(T), Fraction(1, inverse_root**2)
    pairs = []
    for a, b in STARTS:
        x0, z0 = Fraction(str(b)) * eps, Fraction(str(a)) / inverse_root
        both = []
        for at in (z0, _partner(ctx.map, z0)):
            here = {TAU: sp.Rational(manifold_at(ctx.map, at, eps)), x: sp.Rational(x0)}
            both.append((at, x0, to_fraction(sp.Rational(stated.subs(here)))))
        pairs.append((both[0], both[1]))
    return eps, pairs


Law = Callable[[Fraction, Point], Any]


def _slope(ctx: CheckContext, law: Law, order: Any, roots: tuple[int, int], truth: Law, what: str = "") -> Outcome:
    """Root mean square error of one law over all starts, at two epsilons: the slope.

    The part of the error that is even in u and the one that is odd are measured apart: each has to be of the order,
    and neither hides behind the other.
    """
    sizes = []
    with mpmath.workdps(40):
        for number, root in enumerate(roots):
            eps, pairs = _pairs(ctx, root)
            even = odd = mpmath.mpf(0)
            for share, pair in enumerate(pairs):
                ends = [truth(eps, point) for point in pair]
                ctx.progress((number + (share + 1) / len(pairs)) / 2)
                if None in ends:
                    return judge(1, undecided=1, detail=f"descent from {pair} did not converge")
                first, second = (law(eps, point) - end for point, end in zip(pair, ends, strict=True))
                even, odd = even + abs(first + second) ** 2, odd + abs(first - second) ** 2
            sizes.append((mpmath.sqrt(even / len(pairs)) / 2, mpmath.sqrt(odd / len(pairs)) / 2))
        ratio = 2 * math.log(roots[1] / roots[0])
        slopes = [float(mpmath.log(a / b)) / ratio for a, b in zip(*sizes, strict=True)]
    bound = float(order) - SLOPE_SLACK
    return judge(
        2 * len(STARTS) * 2,
        int(not min(slopes) >= bound),
        worst=round(min(slopes), 3),
        bound=bound,
        figure="slope of the error in T_inf, at least",
        digits=DIGITS,
        domain=f"{2 * len(STARTS)} starts, z/sqrt(epsilon) in 0.2..1.5, both signs; epsilon = "
        + ", ".join(f"1/{n * n}" for n in roots),
        detail=f"{what}error {mpmath.nstr(max(sizes[1]), 2)} at the smaller epsilon; expected {order}",
    )


def _stated_law(ctx: CheckContext) -> tuple[Law, sp.Expr]:
    """The stated right side as numbers, and the power of epsilon of its remainder."""
    leading, order = stated_order(ctx.statement.equation(T_inf))
    formula = sp.lambdify((z, x, epsilon), ctx.statement.unfolded(leading), "mpmath")

    def law(eps: Fraction, point: Point) -> Any:
        return formula(*(mpmath.mpf(v.numerator) / v.denominator for v in (point[0], point[1], eps)))

    return law, order


def _descended(ctx: CheckContext) -> Law:
    return lambda eps, point: _end(ctx.subject.model, eps, point[0], point[2])


def _law_slope(ctx: CheckContext) -> Outcome:
    """The stated law against gradient descent in theta."""
    law, order = _stated_law(ctx)
    return _slope(ctx, law, order, ctx.pick((8, 16), (8, 16), (16, 32)), _descended(ctx))


@measured
def _evaluator(one_step: PlanarMap, order: int) -> LawEvaluator:
    return LawEvaluator(one_step.limit_law(order))


@measured
def _law_value(one_step: PlanarMap, weight: int, eps: Fraction, z0: Fraction, T0: Fraction) -> Any:
    with mpmath.workdps(40):
        return _evaluator(one_step, (weight + 1) // 2)(weight, eps, z0, T0)[0]


def _further(ctx: CheckContext, weight: int) -> Law:
    return lambda eps, point: _law_value(ctx.map, weight, eps, point[0], point[2])


def _against_further(ctx: CheckContext) -> Outcome:
    """The stated law against that of weight 8, which descent agrees with, at epsilons too small for descent."""
    law, order = _stated_law(ctx)
    try:
        return _slope(ctx, law, order, (1000, 2000), _further(ctx, FURTHER[-1]))
    except EdgestabError as error:
        return _refused(error)


def _further_slopes(ctx: CheckContext) -> Outcome:
    """Laws of higher weight against descent; the stated one is held against the last of them."""
    found = [_against_further(ctx)]
    roots = ctx.pick((8, 16), (8, 16), (16, 32))
    for weight in FURTHER:
        order = sp.Rational(weight + 1, 2)
        found.append(_slope(ctx, _further(ctx, weight), order, roots, _descended(ctx), f"weight {weight}: "))
    return judge(
        sum(o.tested for o in found),
        sum(o.rejected for o in found),
        sum(o.undecided for o in found),
        worst=found[-1].worst,
        bound=found[-1].bound,
        figure=found[-1].figure,
        digits=DIGITS,
        domain=found[-1].domain,
        detail="; ".join(f"slope {o.worst}: {o.detail}" for o in found),
    )


FURTHER = (5, 8)
"""Weights of laws beyond the printed ones."""


def _solves(ctx: CheckContext) -> Outcome:
    """The stated end of x has the first integral of its start, to leading order, by numbers of 50 digits."""
    ctx.statement.within(epsilon, SMALL)
    ctx.statement.within(z, NEAR)
    ctx.statement.within(x, CLOSE)
    ctx.statement.within(T, REALS)
    ctx.statement.value(T)
    leading, _ = stated_order(ctx.statement.equation(T_inf))
    try:
        law, series = ctx.map.limit_law(1), ctx.map.limit_series(1)
    except EdgestabError as error:
        return _refused(error)
    end = sp.lambdify((z, x, epsilon), ctx.statement.unfolded(leading) - series.expression(), "mpmath")
    whole = law.integral().subs(law.coordinates)
    start = sp.lambdify((z, x, epsilon), whole, "mpmath")
    samples = [(q, d, e) for q in (0, 0.05, -0.4) for d in (-0.4, -0.01, 0.003, 0.2) for e in (0.01, 0.1)]
    worst = mpmath.mpf(0)
    with mpmath.workdps(50):
        for sample in samples:
            at = [mpmath.mpf(str(v)) for v in sample]
            before, after = start(*at), start(0, end(*at), at[2])
            worst = max(worst, abs(after - before) / max(1, abs(before)))
        rejected = int(not worst < mpmath.mpf(10) ** -45)
    return judge(
        len(samples),
        rejected,
        worst=mpmath.nstr(worst, 3),
        bound=1e-45,
        figure="largest difference of the integral at both ends",
        digits=50,
        domain="z in -0.4..0.05, x in -0.4..0.2, epsilon = 1/100 and 1/10",
    )


NEAR = Named("the residuals of order epsilon^(1/2) other than 0", r"O(\epsilon^{1/2}) \setminus \{0\}")
CLOSE = Named("the deviations of order epsilon", r"O(\epsilon)")

_NEXT = main_case().limit_law(2)
_DESCENT = "gradient descent in theta, error slope over frozen and relaxed starts"
_START = (Range(epsilon, SMALL), Range(z, NEAR), Range(x, CLOSE), Range(T, REALS))
_WHERE = (
    Definition(p, "invariant of the two-cycles at epsilon = 0", _NEXT.coordinates[p]),
    Definition(x_0, "where x ends, to leading order", _NEXT.lambert()),
)
_CLOSER = _NEXT.lambert(_NEXT.end_terms(2 * LEADING).subs(x, x_0), 2 * LEADING)


def _graded(expr: sp.Expr) -> sp.Expr:
    """An expression in u, p, x and epsilon with each times the power of s that is its weight, a term at a time."""
    scaled = expr.subs({u: s * u, p: s**2 * p, x: s**2 * x, epsilon: s**2 * epsilon}, simultaneous=True)
    return sp.Add(*(sp.powsimp(sp.expand_mul(t)) for t in sp.Add.make_args(scaled)))


CLAIMS = (
    Claim(
        id="limit-law-integral",
        title="A first integral of the one-step map near the edge, to weight 4",
        statement=Statement(
            conclusion=(
                eq(U(z), _NEXT.coordinates[u]),
                eq(P(z), _NEXT.coordinates[p]),
                eq(INTEGRAL, _graded(_NEXT.integral(2 * LEADING)) + O(s**5)),
            ),
            over=tuple(Range(v, FORMAL) for v in (z, u, p, x, epsilon, s)),
            where=(Definition(s, "counts weights: 1 of u, 2 of p, x and epsilon"),),
        ),
        source=Source("edgestab", "edgestab.planar.LimitLaw"),
        uses=("one-step-map", "slow-manifold"),
        checks=(
            Check("before and after one step, in series of (z, x, epsilon)", Level.DERIVED, _conserved),
            Check("leading flow of the recurrence", Level.CHECKED, _leading_flow),
        ),
        note="`edgestab derive limit-law --order K` prints any order.",
    ),
    Claim(
        id="limit-law-leading",
        title="Where any start ends, to leading order",
        derivation=lambda subject: subject.map.limit_law(1).explain(),
        statement=Statement(
            conclusion=(eq(T_inf, _NEXT.limit_of(x_0, 1) + O(epsilon**2)),),
            over=_START,
            given=(eq(T, TAU + x),),
            where=_WHERE,
        ),
        source=Source("edgestab", "edgestab.planar.LimitLaw"),
        uses=("limit-law-integral",),
        checks=(
            Check(_DESCENT, Level.CHECKED, _law_slope),
            Check("Lambert W back in the leading integral", Level.CHECKED, _solves),
        ),
    ),
    Claim(
        id="limit-law-next",
        title="Where any start ends, to the next order",
        derivation=lambda subject: subject.map.limit_law(2).explain(),
        statement=Statement(
            conclusion=(eq(T_inf, _NEXT.limit_of(_CLOSER, 2) + O(epsilon ** sp.Rational(5, 2))),),
            over=_START,
            given=(eq(T, TAU + x),),
            where=_WHERE,
        ),
        source=Source("edgestab", "edgestab.planar.LimitLaw, next order"),
        uses=("limit-law-leading",),
        checks=(
            Check(_DESCENT, Level.CHECKED, _law_slope),
            Check("against the law of weight 8 at small epsilons", Level.CHECKED, _against_further),
            Check("laws of weight 5 and 8 against gradient descent", Level.CHECKED, _further_slopes, "default"),
        ),
        note="Each further weight of the integral gains epsilon^(1/2).",
    ),
)
