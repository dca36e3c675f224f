"""Claims on the slow manifold and on the power series of the limit of relaxed orbits."""

from __future__ import annotations

import math
from fractions import Fraction

import sympy as sp

from ...numeric.orbits.iterated_limit import iterate_descent_to_limit, iterate_from_slow_manifold
from ...numeric.orbits.resummation import estimate_growth, resum_limit_series
from ...symbolic.algebra.errors import EdgestabError
from ...symbolic.algebra.rings import to_fmpq, to_rational
from ...symbolic.algebra.series import Grading, TruncatedSeries, compose, evaluate
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.quadratic import main_case
from ...symbolic.planar.slow_manifold import SlowManifold
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, Verdict, judge

z, T, T_inf, epsilon = (symbol(n) for n in ("z", "T", "T_inf", "epsilon"))
tau = sp.Function("tau")

START = (Fraction(7, 20), 2 / (1 - Fraction(7, 20)))
"""A start on the epsilon = 0 nullcline; it forgets itself like exp(-0.49/epsilon) on the way down."""


def _refused(error: EdgestabError, what: str) -> Outcome:
    """A derivation that is refused contradicts a claim that rests on it."""
    return judge(1, 1, detail=f"{what}: {error}")


def _invariance(ctx: CheckContext) -> Outcome:
    """``T' - tau(z')`` by multivariate series arithmetic, which shares nothing with the solver's row recursion."""
    order = ctx.pick(4, 8, 12)
    try:
        # a coefficient of weight w is fixed by the equation at w + 2: one order more than is claimed
        manifold: SlowManifold = ctx.map.slow_manifold(order + 1)
    except EdgestabError as error:
        return _refused(error, "slow manifold")
    one_step = ctx.map
    grading = manifold.series.grading
    known = [TruncatedSeries.variable(grading, s) for s in grading.symbols]
    stepped, image = (evaluate(p, [known[0], manifold.series, known[1]]) for p in one_step.polynomials)
    left = (image - compose(manifold.series, [stepped, known[1]])).terms()
    tested = (order + 2) ** 2  # monomials z^i epsilon^n with i + 2 n <= 2 order + 2
    return judge(
        tested,
        len(left),
        worst=len(left),
        bound=0,
        domain=f"fixes all z^i epsilon^n with i + 2 n <= {2 * order}",
        detail=f"limit coefficients to epsilon^{order}",
    )


def _closed_forms(ctx: CheckContext) -> Outcome:
    """The closed forms put into the invariance equation at exact rational z, as power series in epsilon alone."""
    order = ctx.pick(2, 3, 6)
    try:
        rows = ctx.map.slow_manifold(order).closed_rows(order)
    except EdgestabError as error:
        return _refused(error, "closed forms")
    one_step = ctx.map
    grading = Grading((epsilon,), (1,), order)
    eps = TruncatedSeries.variable(grading, epsilon)
    tested = rejected = 0
    for numerator in range(-9, 10, 3):
        at = sp.Rational(numerator, 31)
        here = TruncatedSeries.from_expr(grading, sp.Add(*(r.subs(z, at) * epsilon**n for n, r in enumerate(rows))))
        first = TruncatedSeries.from_expr(grading, at)
        stepped, image = (evaluate(p, [first, here, eps]) for p in one_step.polynomials)
        moved = TruncatedSeries(grading, [])
        for n, row in enumerate(rows):
            above, below = sp.fraction(sp.together(row))
            value = _at(above, stepped) / _at(below, stepped)
            moved = moved + value * eps**n
        defect = image - moved
        tested += order + 1
        rejected += sum(not part.is_zero() for part in defect.parts)
    return judge(
        tested, rejected, worst=rejected, bound=0, domain=f"epsilon^0..epsilon^{order}, z in -9/31..9/31, exact"
    )


def _at(expr: sp.Expr, value: TruncatedSeries) -> TruncatedSeries:
    result = TruncatedSeries(value.grading, [])
    for coefficient in sp.Poly(expr, z).all_coeffs():
        result = result * value + to_fmpq(sp.Rational(coefficient))
    return result


def _slopes(ctx: CheckContext, orders: range, grid: tuple[Fraction, Fraction]) -> Outcome:
    """Plain gradient descent in theta against each partial sum: the error falls like the first term left out."""
    try:
        series = ctx.map.limit_series(orders.stop)
    except EdgestabError as error:
        return _refused(error, "limit series")
    worst, rejected, tested, digits = 0.0, 0, 0, 16 + 3 * orders.stop
    errors: list[list[Fraction]] = []
    for share, eps in enumerate(grid):
        end = iterate_descent_to_limit(ctx.subject.model, eps, *START, digits=digits)
        ctx.progress((share + 1) / len(grid))
        if end.value is None:
            return Outcome(Verdict.UNKNOWN, 1, undecided=1, detail=f"descent at epsilon = {eps}: {end.status}")
        truth = Fraction(*(int(v) for v in end.value.as_integer_ratio()))
        errors.append([abs(truth - series.partial_sum(eps, k)) for k in orders])
    for k, coarse, fine in zip(orders, *errors, strict=True):
        tested += 1
        if min(coarse, fine) == 0:
            rejected += 1
            continue
        slope = math.log(coarse / fine) / math.log(grid[0] / grid[1])
        worst = max(worst, abs(slope - (k + 1)))
        rejected += abs(slope - (k + 1)) > SLOPE_BOUND
    return judge(
        tested,
        rejected,
        worst=round(worst, 4),
        bound=SLOPE_BOUND,
        digits=digits,
        domain=f"start (z, T) = ({START[0]}, {START[1]}), epsilon in {{{', '.join(map(str, grid))}}}",
        detail=f"slopes of the error of each partial sum, orders {orders.start}..{orders.stop - 1}",
    )


SLOPE_BOUND = 0.1
"""A wrong coefficient would cost a whole order; the next term shifts a slope by a few hundredths on these grids."""


def _first_order_slope(ctx: CheckContext) -> Outcome:
    return _slopes(ctx, range(0, 2), (Fraction(1, 150), Fraction(1, 300)))


def _all_slopes(ctx: CheckContext) -> Outcome:
    highest = ctx.pick(4, 10, 20)
    fine = ctx.pick(200, 400, 1200)
    return _slopes(ctx, range(0, highest + 1), (Fraction(1, fine // 2), Fraction(1, fine)))


def _first_coefficients(ctx: CheckContext) -> Outcome:
    """The first two coefficients from the invariance equation against those in the printed statement."""
    try:
        # the manifold itself, not the series that the statement was made from
        found = [to_rational(row[0]) for row in ctx.map.slow_manifold(1).rows]
    except EdgestabError as error:
        return _refused(error, "limit series")
    stated = [sp.Poly(_POSITION, epsilon).coeff_monomial(epsilon**n) for n in range(2)]
    rejected = sum(a != b for a, b in zip(found, stated, strict=True))
    return judge(2, rejected, worst=rejected, bound=0, domain="exact", detail=f"T_inf = {_POSITION} + O(epsilon^2)")


SUMMED = tuple(Fraction(n, 20) for n in (2, 3, 4, 5, 6))
GAINS = (10, 10, 10, 1, 1)
"""How many times closer than the best partial sum the resummed series must be, for each epsilon of SUMMED.

Past the branch point near 0.24 it need only be closer: what the series leaves open there is as large as its error.
"""


def _resummed(ctx: CheckContext) -> Outcome:
    """The resummed series against orbits that start on the resummed slow manifold far from ``z = 0``."""
    order, one_step = ctx.pick(10, 16, 20), ctx.map
    cases = list(zip(SUMMED, GAINS, strict=True))[ctx.pick(slice(1, 3), slice(None), slice(None))]
    try:
        series = ctx.map.limit_series(order)
        rows = [
            (g, resum_limit_series(series, eps), iterate_from_slow_manifold(one_step, eps, ctx.pick(10, 12, 12)))
            for eps, g in cases
        ]
    except EdgestabError as error:
        return _refused(error, "resummation")
    shares, gains, short = [], [], 0
    for (eps, _), (gain, found, truth) in zip(cases, rows, strict=True):
        miss, plain = abs(found.value - truth.value), abs(found.plain.value - truth.value)
        shares.append(miss / (found.error + truth.spread))
        if plain > truth.spread:  # else the truth cannot tell the partial sum from the sum
            reached = plain / max(miss, truth.spread / 10)
            gains.append(f"{reached:.0f} at {eps}")
            short += reached < gain
    nearest = estimate_growth(series)
    return judge(
        len(shares) + len(gains),
        sum(share > 1 for share in shares) + short,
        worst=round(max(shares), 3),
        bound=1,
        domain=f"epsilon = {', '.join(str(e) for e, _ in cases)}; {order} orders",
        detail=f"error over stated error; times closer than the best partial sum, where the truth resolves it: "
        f"{', '.join(gains)}; nearest singularity felt at epsilon = {nearest.radius:.3f}",
    )


_POSITION = main_case().limit_series(1).expression()
_SERIES = main_case().limit_series(4).expression()
_ROW = main_case().slow_manifold(1).closed_rows(1)[1]
_RELAXED = "orbits that relax onto the slow manifold before z vanishes (z_0^2 large against epsilon)"

CLAIMS = (
    Claim(
        id="slow-manifold",
        title="The invariance equation has a formal solution, order by order",
        statement=sp.Eq(tau(symbol("z'"), epsilon), symbol("T'")),
        variables=(z, T, epsilon),
        source=Source("edgestab", "slow manifold"),
        uses=("one-step-map",),
        domain="formal power series in z and epsilon; T = tau(z, epsilon) through the edge",
        checks=(
            Check("T' - tau(z') = 0 in graded multivariate series", Level.DERIVED, _invariance),
            Check("closed forms put back at exact rational z", Level.DERIVED, _closed_forms),
        ),
        note=f"Each order in epsilon is a rational function of z with poles at 1 and 2 only; the first is {_ROW}.",
    ),
    Claim(
        id="limit-position",
        title="Where relaxed orbits end, to first order",
        statement=sp.Eq(T_inf, _POSITION + sp.O(epsilon**2)),
        variables=(T_inf, epsilon),
        source=Source("agarwala2023", "Theorem 1: delta = O(epsilon); the coefficient is derived here"),
        uses=("slow-manifold",),
        domain=_RELAXED,
        checks=(
            Check("value of the slow manifold at z = 0", Level.DERIVED, _first_coefficients),
            Check("gradient descent in theta, error slopes", Level.CHECKED, _first_order_slope),
        ),
    ),
    Claim(
        id="limit-series",
        title="The limit of relaxed orbits as a series in epsilon",
        statement=sp.Eq(T_inf, _SERIES + sp.O(epsilon**5)),
        variables=(T_inf, epsilon),
        source=Source("edgestab", "limit series"),
        uses=("slow-manifold", "limit-position"),
        domain=_RELAXED,
        checks=(Check("gradient descent in theta, error slopes of every partial sum", Level.CHECKED, _all_slopes),),
        note="Asymptotic: it diverges in the end. `edgestab derive limit --order K` prints any order.",
    ),
    Claim(
        id="limit-resummation",
        title="The limit series can be summed past its best partial sum",
        statement=sp.Le(sp.Abs(T_inf - sp.Symbol("sum")), sp.Symbol("stated_error")),
        variables=(T_inf, epsilon),
        source=Source("edgestab", "limit series, resummed"),
        uses=("limit-series",),
        domain="epsilon from 1/10 to 3/10: ten times closer up to 1/5; past about 0.24 the sum is complex, its "
        "real part is taken, and it is closer, but by no stated factor",
        checks=(Check("against orbits from the resummed manifold", Level.CHECKED, _resummed),),
        note="Of single starts only those that relax end there: at epsilon = 1/5 the memory of a start is about 1e-3.",
    ),
)
