"""Claims on the slow manifold and the power series of the limit of relaxed orbits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import sympy as sp

from ...numeric.orbits.iterated_limit import (
    OrbitLimit,
    RelaxedLimit,
    iterate_descent_to_limit,
    iterate_from_slow_manifold,
)
from ...numeric.orbits.resummation import ResummedLimit, estimate_growth, resum_limit_series
from ...symbolic.algebra.errors import EdgestabError, ProofError
from ...symbolic.algebra.rings import Exponents, to_fraction, to_rational
from ...symbolic.algebra.series import TruncatedSeries, compose, evaluate
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.quadratic import QuadraticModel, main_case
from ...symbolic.planar.planar_map import PlanarMap
from ...symbolic.planar.slow_manifold import SlowManifold
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import FORMAL, REALS, Named, O, R, Range, Statement, eq, lt, split_order
from ..subject import measured

z, T, T_inf, epsilon = (symbol(n) for n in ("z", "T", "T_inf", "epsilon"))
tau, F_0 = sp.Function("tau"), sp.Function("f_0")(z)
TAU, TAU_0 = tau(z, epsilon), tau(0, epsilon)

SMALL = Named("the positive numbers, as they tend to 0", r"(0, \infty), \text{ as it tends to } 0")


def stated_order(right: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """The leading part of a right side and the power of epsilon of its one remainder.

    Raises:
        ProofError: the right side has not one remainder that is a power of epsilon.
    """
    leading, monomials = split_order(right)
    powers = [m.as_base_exp() for m in monomials]
    if len(powers) != 1 or powers[0][0] != epsilon:
        raise ProofError.of("the statement", "one remainder O(epsilon^k)", right, "The check needs its order.")
    return leading, powers[0][1]


def stated_series(right: sp.Expr) -> list[sp.Expr]:
    """Coefficients of powers of epsilon, up to the remainder."""
    leading, order = stated_order(right)
    return [sp.expand(leading).coeff(epsilon, n) for n in range(int(order))]


def _refused(error: EdgestabError, what: str) -> Outcome:
    """A derivation that is refused contradicts a claim that rests on it."""
    return judge(1, 1, detail=f"{what}: {error}")


@measured
def _defect(one_step: PlanarMap, order: int) -> tuple[int, dict[Exponents, Fraction]]:
    """How many coefficients of ``T' - tau(z')`` are not 0 for the derived series, and its coefficients."""
    manifold: SlowManifold = one_step.slow_manifold(order)
    grading = manifold.series.grading
    known = [TruncatedSeries.variable(grading, s) for s in grading.symbols]
    stepped, image = (evaluate(p, [known[0], manifold.series, known[1]]) for p in one_step.polynomials)
    left = (image - compose(manifold.series, [stepped, known[1]])).terms()
    return len(left), {e: to_fraction(to_rational(c)) for e, c in manifold.series.terms().items()}


def _expansion(row: sp.Expr, degree: int) -> list[Fraction]:
    """Coefficients of a rational function of z at 0."""
    above, below = (
        [to_fraction(c) for c in sp.Poly(part, z).all_coeffs()[::-1]] for part in sp.fraction(sp.together(row))
    )
    found: list[Fraction] = []
    for k in range(degree + 1):
        rest = sum((c * found[k - j] for j, c in enumerate(below[1 : k + 1], 1)), Fraction(0))
        found.append(((above[k] if k < len(above) else 0) - rest) / below[0])
    return found


def _invariance(ctx: CheckContext) -> Outcome:
    """``T' - tau(z')`` by multivariate series arithmetic, which shares nothing with the solver's row recursion.

    The derived series has to satisfy it, and to begin as stated.
    """
    for variable in (z, epsilon):
        ctx.statement.within(variable, FORMAL)
    rows, ends = (stated_series(ctx.statement.equation(left)) for left in (TAU, TAU_0))
    order = max(ctx.pick(4, 8, 12), len(ends) - 1, len(rows))
    try:
        # a coefficient of weight w is fixed by the equation at w + 2: one order more than is claimed
        left, found = _defect(ctx.map, order + 1)
    except EdgestabError as error:
        return _refused(error, "slow manifold")
    expected = [((0, n), to_fraction(c)) for n, c in enumerate(ends)]
    for n, row in enumerate(rows):
        expected += [((i, n), c) for i, c in enumerate(_expansion(row, 2 * (order - n)))]
    wrong = sum(found.get(e, 0) != c for e, c in expected)
    rejected = left + wrong + (found.get((0, 0)) != 2)
    return judge(
        (order + 2) ** 2 + len(expected),  # monomials z^i epsilon^n with i + 2 n <= 2 order + 2
        rejected,
        worst=rejected,
        bound=0,
        figure="coefficients that differ",
        domain=f"fixes all z^i epsilon^n with i + 2 n <= {2 * order}",
        detail=f"tau(0, epsilon) as stated to epsilon^{len(ends) - 1}",
    )


def _closed_forms(ctx: CheckContext) -> Outcome:
    """The stated rows put into the invariance equation, as rational functions of z and power series in epsilon."""
    for variable in (z, epsilon):
        ctx.statement.within(variable, FORMAL)
    rows = stated_series(ctx.statement.equation(TAU))
    last = len(rows) - 1
    here = sp.Add(*(row * epsilon**n for n, row in enumerate(rows)))
    stepped, image = (_expanded(c.subs(T, here), last) for c in ctx.map.components)
    shift = sum(stepped[n] * epsilon**n for n in range(1, last + 1))
    moved = [sp.S.Zero] * (last + 1)
    for n, row in enumerate(rows):
        for k in range(last - n + 1):
            slope = sp.diff(row, z, k).subs(z, stepped[0]) / sp.factorial(k)
            for m, c in enumerate(_expanded(shift**k, last - n)):
                moved[n + m] += slope * c
    defects = [sp.cancel(sp.together(a - b)) for a, b in zip(image, moved, strict=True)]
    rejected = sum(d != 0 for d in defects) + (rows[0].subs(z, 0) != 2)
    return judge(
        len(defects) + 1,
        rejected,
        worst=rejected,
        bound=0,
        figure="powers of epsilon at which T' is not tau(z')",
        domain=f"epsilon^0..epsilon^{last}, exact rational functions of z",
    )


def _expanded(expr: sp.Expr, last: int) -> list[sp.Expr]:
    """Coefficients of powers of epsilon of an expression that is polynomial in it."""
    poly = sp.Poly(expr, epsilon)
    return [poly.coeff_monomial(epsilon**n) for n in range(last + 1)]


@lru_cache(maxsize=256)
def _descent_end(model: QuadraticModel, eps: Fraction, z0: Fraction, T0: Fraction, digits: int) -> OrbitLimit:
    """Where plain gradient descent in theta ends."""
    return iterate_descent_to_limit(model, eps, z0, T0, digits=digits)


def _starts(ctx: CheckContext) -> list[tuple[Fraction, Fraction]]:
    """Both ends of the stated range of z (or points just inside them), with the stated T."""
    ctx.statement.within(epsilon, SMALL)
    ctx.statement.within(T, REALS)
    stated = ctx.statement.value(T).subs(F_0, ctx.map.nullcline(1).at_zero)
    span = ctx.statement.interval(z)
    inside = (span.end - span.start) / 100
    ends = (span.start + int(bool(span.left_open)) * inside, span.end - int(bool(span.right_open)) * inside)
    return [(to_fraction(sp.Rational(at)), to_fraction(sp.Rational(stated.subs(z, at)))) for at in ends]


def _truths(ctx: CheckContext, grid: Sequence[Fraction], digits: int) -> list[list[Fraction]] | Outcome:
    """The ends of descent at each epsilon of a grid, one list for each start."""
    rows = []
    starts = _starts(ctx)
    for number, (z0, T0) in enumerate(starts):
        row = []
        for share, eps in enumerate(grid):
            end = _descent_end(ctx.subject.model, eps, z0, T0, digits)
            ctx.progress((number + (share + 1) / len(grid)) / len(starts))
            if end.value is None:
                return judge(1, undecided=1, detail=f"descent from z = {z0} at epsilon = {eps}: {end.status}")
            row.append(Fraction(*(int(v) for v in end.value.as_integer_ratio())))
        rows.append(row)
    return rows


def _slopes(ctx: CheckContext, highest: int, grid: tuple[Fraction, Fraction]) -> Outcome:
    """Plain gradient descent in theta against each partial sum: the error falls like the first term left out.

    Args:
        ctx: with the stated coefficients.
        highest: last order; beyond the stated ones the coefficients are those derived.
        grid: two epsilons.
    """
    stated = [to_fraction(c) for c in stated_series(ctx.statement.equation(T_inf))]
    highest, digits = max(highest, len(stated) - 1), 16 + 3 * (highest + 1)
    try:
        derived = [to_fraction(c) for c in ctx.map.limit_series(highest).coefficients]
    except EdgestabError as error:
        return _refused(error, "limit series")
    coefficients = [*stated, *derived[len(stated) :]]
    truths = _truths(ctx, grid, digits)
    if isinstance(truths, Outcome):
        return truths
    worst, rejected = 0.0, 0
    for ends in truths:
        for k in range(highest + 1):
            coarse, fine = (
                abs(end - sum(c * eps**n for n, c in enumerate(coefficients[: k + 1])))
                for end, eps in zip(ends, grid, strict=True)
            )
            if min(coarse, fine) == 0:
                rejected += 1
                continue
            miss = abs(math.log(coarse / fine) / math.log(grid[0] / grid[1]) - (k + 1))
            worst, rejected = max(worst, miss), rejected + (miss > SLOPE_BOUND)
    starts = ", ".join(str(z0) for z0, _ in _starts(ctx))
    return judge(
        len(truths) * (highest + 1),
        rejected,
        worst=round(worst, 4),
        bound=SLOPE_BOUND,
        figure="largest distance of a slope from the order",
        digits=digits,
        domain=f"starts z = {starts}, epsilon in {{{', '.join(map(str, grid))}}}",
        detail=f"slopes of the error of each partial sum, orders 0..{highest}, of which {len(stated)} are stated",
    )


SLOPE_BOUND = 0.1
"""A wrong coefficient would cost a whole order; the next term shifts a slope by a few hundredths on these grids."""


def _first_order_slope(ctx: CheckContext) -> Outcome:
    return _slopes(ctx, 1, (Fraction(1, 150), Fraction(1, 300)))


def _all_slopes(ctx: CheckContext) -> Outcome:
    highest = ctx.pick(4, 10, 20)
    fine = ctx.pick(200, 400, 1200)
    return _slopes(ctx, highest, (Fraction(1, fine // 2), Fraction(1, fine)))


FITTED = tuple(Fraction(1, 200 + 50 * n) for n in range(9))
"""Epsilons through which a polynomial is laid; their memory of the start is below 1e-28."""

FIT_DIGITS = 42


def _fitted(values: Sequence[Fraction], grid: Sequence[Fraction]) -> list[Fraction]:
    """Coefficients of the polynomial through points, by Newton's divided differences, exactly."""
    table, basis = list(values), [Fraction(1)]
    total = [Fraction(0)] * len(grid)
    for k, node in enumerate(grid):
        for power, c in enumerate(basis):
            total[power] += table[0] * c
        basis = [low - node * high for low, high in zip([Fraction(0), *basis], [*basis, Fraction(0)], strict=True)]
        table = [(b - a) / (grid[i + k + 1] - grid[i]) for i, (a, b) in enumerate(pairwise(table))]
    return total


def _coefficients(ctx: CheckContext) -> Outcome:
    """The polynomial in epsilon through the ends of gradient descent against the stated coefficients."""
    stated = [to_fraction(c) for c in stated_series(ctx.statement.equation(T_inf))]
    truths = _truths(ctx, FITTED, FIT_DIGITS)
    if isinstance(truths, Outcome):
        return truths
    worst, tested, rejected = 0.0, 0, 0
    for ends in truths:
        full, part = _fitted(ends, FITTED), _fitted(ends[1:], FITTED[1:])
        for k, coefficient in enumerate(stated):
            # what one point fewer changes is far more than what is wrong with all of them
            share = abs(full[k] - coefficient) / abs(full[k] - part[k])
            worst, tested, rejected = max(worst, float(share)), tested + 1, rejected + (share > 1)
    return judge(
        tested,
        rejected,
        worst=round(worst, 4),
        bound=1,
        figure="largest miss of a coefficient, over what one epsilon fewer changes",
        digits=FIT_DIGITS,
        domain=f"{len(truths)} starts, {len(FITTED)} epsilons from {FITTED[-1]} to {FITTED[0]}",
        detail=f"orders 0..{len(stated) - 1}",
    )


@measured
def _sums(one_step: PlanarMap, order: int, grid: tuple[Fraction, ...]) -> list[tuple[ResummedLimit, RelaxedLimit]]:
    """The resummed series, and where orbits end that start on the resummed slow manifold far from ``z = 0``."""
    series = one_step.limit_series(order)
    orbits = (iterate_from_slow_manifold(one_step, eps, max(order - 4, 10)) for eps in grid)
    return [(resum_limit_series(series, eps), truth) for eps, truth in zip(grid, orbits, strict=True)]


def _resummed(ctx: CheckContext) -> Outcome:
    """The resummed series against orbits from the resummed manifold, at both ends of the stated range and inside."""
    order, inner = ctx.pick(10, 16, 16), ctx.pick(2, 4, 12)
    span = ctx.statement.interval(epsilon)
    low, high = (to_fraction(sp.Rational(v)) for v in (span.start, span.end))
    grid = tuple(low + (high - low) * Fraction(n, inner) for n in range(inner + 1))
    try:
        rows = _sums(ctx.map, order, grid)
        nearest = estimate_growth(ctx.map.limit_series(order))
    except EdgestabError as error:
        return _refused(error, "resummation")
    tested = rejected = 0
    shares, gains = [], []
    for eps, (found, truth) in zip(grid, rows, strict=True):
        miss, plain = abs(found.value - truth.value), abs(found.plain.value - truth.value)
        sums = (miss, plain, found.error, truth.spread)
        values = dict(zip(SUMS, sums, strict=True)) | {epsilon: eps}
        if not ctx.statement.admits(values):
            continue
        tested, rejected = tested + 1, rejected + (not ctx.statement.holds(values))
        shares.append(miss / (found.error + truth.spread))
        gains.append(f"{plain / max(miss, truth.spread / 10):.0f} at {eps}")
    return judge(
        tested,
        rejected,
        worst=round(max(shares), 3),
        bound=1,
        figure="largest error over the stated ones",
        domain=f"epsilon = {', '.join(map(str, grid))}; {order} orders",
        detail=f"times closer than the best partial sum, or more: {', '.join(gains)}; "
        f"nearest singularity felt at epsilon = {nearest.radius:.3f}",
    )


SUMS = tuple(sp.Function(name)(epsilon) for name in ("miss_summed", "miss_cut", "error_summed", "error_relaxed"))
MISS, MISS_CUT, SUM_ERROR, RELAXED_ERROR = SUMS

_POSITION = main_case().limit_series(1).expression()
_SERIES = main_case().limit_series(4).expression()
_ROWS = main_case().slow_manifold(1).closed_rows(1)
_FORMAL = (Range(z, FORMAL), Range(epsilon, FORMAL))
_DESCENT = (Range(epsilon, SMALL), Range(z, sp.Interval(R(1, 4), R(1, 2))), Range(T, REALS))
_ON_CURVE = (eq(T, F_0),)

CLAIMS = (
    Claim(
        id="slow-manifold",
        title="The slow manifold to first order in epsilon, and where it meets z = 0",
        derivation=lambda subject: subject.map.slow_manifold(2).explain(),
        statement=Statement(
            conclusion=(
                eq(TAU, _ROWS[0] + epsilon * _ROWS[1] + O(epsilon**2)),
                eq(TAU_0, _SERIES + O(epsilon**5)),
            ),
            over=_FORMAL,
        ),
        source=Source("edgestab", "edgestab.planar.SlowManifold"),
        uses=("one-step-map",),
        checks=(
            Check("T' - tau(z') = 0 in graded multivariate series", Level.DERIVED, _invariance),
            Check("the stated rows put back as rational functions of z", Level.DERIVED, _closed_forms),
        ),
        note="Each order in epsilon is a rational function of z with poles at 1 and 2 only.",
    ),
    Claim(
        id="limit-position",
        title="Where relaxed orbits end, to first order",
        derivation=lambda subject: subject.map.limit_series(2).explain(),
        statement=Statement(
            conclusion=(eq(T_inf, _POSITION + O(epsilon**2)),),
            over=_DESCENT,
            given=_ON_CURVE,
        ),
        source=Source("agarwala2023", "Theorem 1: delta = O(epsilon); the coefficient is derived here"),
        uses=("slow-manifold",),
        checks=(Check("gradient descent in theta, error slopes", Level.CHECKED, _first_order_slope),),
        note="The right side is tau(0, epsilon): such orbits relax onto the slow manifold before z vanishes.",
    ),
    Claim(
        id="limit-series",
        title="The limit of relaxed orbits as a series in epsilon",
        derivation=lambda subject: subject.map.limit_series(4).explain(),
        statement=Statement(conclusion=(eq(T_inf, _SERIES + O(epsilon**5)),), over=_DESCENT, given=_ON_CURVE),
        source=Source("edgestab", "edgestab.planar.LimitSeries"),
        uses=("slow-manifold", "limit-position"),
        checks=(
            Check("gradient descent in theta, error slopes of every partial sum", Level.CHECKED, _all_slopes),
            Check("gradient descent in theta, coefficients fitted to its ends", Level.CHECKED, _coefficients),
        ),
        note="Asymptotic: it diverges in the end. `edgestab derive limit --order K` prints any order.",
    ),
    Claim(
        id="limit-resummation",
        title="The limit series can be summed past its best partial sum",
        statement=Statement(
            conclusion=(
                lt(MISS, SUM_ERROR + RELAXED_ERROR),
                lt(MISS + RELAXED_ERROR, MISS_CUT),
            ),
            over=(Range(epsilon, sp.Interval(R(1, 10), R(1, 4))),),
        ),
        source=Source("edgestab", "edgestab.orbits.resum_limit_series"),
        uses=("limit-series",),
        checks=(Check("against orbits from the resummed manifold", Level.CHECKED, _resummed),),
        note="Past about 0.24 the sum is complex and its real part is taken. Of single starts only those that relax "
        "end there: at epsilon = 1/5 the memory of a start is about 1e-3.",
    ),
)
