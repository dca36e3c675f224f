"""Claims on losses ``l(u.v)`` of a product, for any l: the closed step, the edge, and whether training concentrates."""

from __future__ import annotations

import math
from functools import lru_cache

import sympy as sp
from flint import fmpq

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import Exponents, poly_terms, to_rational
from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.models.families.known import product_loss
from ...symbolic.models.families.product_step import ALPHA, BETA, P_0, edge_map
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import (
    FORMAL,
    NATURALS,
    POSITIVE,
    REALS,
    Definition,
    Named,
    O,
    R,
    Range,
    Statement,
    eq,
    ge,
    lt,
    split_order,
)
from ..statements.comparing import differing, stated_terms
from .products import _manifold
from .stated_maps import DY, DZ, STEP_Z, TWO_Y, TWO_Z, composition_defects

z, T, x, y, epsilon, eta, n = symbols("z T x y epsilon eta n")
multiplier = symbol("multiplier")
p, s, d, g, q, c, l_2, l_3, l_4, T_slow = (
    sp.Symbol(name, real=True) for name in ("p", "s", "d", "g", "q", "c", "l_2", "l_3", "l_4", "T_slow")
)
STEP_P, STEP_S, STEP_D = (sp.Symbol(f"{name}'", real=True) for name in "psd")
u, v, i = sp.IndexedBase("u"), sp.IndexedBase("v"), sp.Symbol("i", integer=True)
H = sp.Function("h")(z)
start = sp.Symbol("theta_0")
END = sp.Function("lambda_infinity")(start)
NEAR = Named("the starts with z = 1 and T = 13/5", r"\text{the starts with } z = 1, T = 13/5")
DIFFER = "things that are not as stated"
SLOPE_BOUND = 0.3


@lru_cache(maxsize=64)
def _combination(
    stepped: sp.Expr, shares: tuple[sp.Expr, ...], weights: tuple[sp.Symbol, ...]
) -> tuple[int, tuple[sp.Expr, ...]]:
    """Equations for the factors with which shares add up to a stepped share, and these factors; none if they do not."""
    unknown = sp.symbols("A B C", real=True)
    combined = sp.Add(*(a * part for a, part in zip(unknown, shares, strict=True)))
    equations = sp.Poly(sp.expand(stepped - combined), *weights).coeffs()
    found = sp.solve(equations, unknown, dict=True)
    return len(equations), tuple(found[0][a] for a in unknown) if found else ()


def _closes(ctx: CheckContext) -> Outcome:
    """One pair of weights after another: a step turns its share of each sum into a combination of its shares."""
    ctx.statement.within(n, NATURALS)
    ctx.statement.within(g, REALS)
    ctx.statement.within(eta, POSITIVE)
    one, two = sp.symbols("u_i v_i", real=True)
    share = {}
    for name in (p, s, d):
        value = ctx.statement.defined(name)
        if not isinstance(value, sp.Sum) or value.limits != ((i, 1, n),):
            raise ProofError.of("pair by pair", "sums over all pairs", value, "It judges no others.")
        share[name] = value.function.subs({u[i]: one, v[i]: two})
    # the loss is l(p): its derivative in a weight is g times that of p
    moved = {w: w - eta * g * sp.diff(share[p], w) for w in (one, two)}
    tested = rejected = 0
    for now, later in ((p, STEP_P), (s, STEP_S), (d, STEP_D)):
        stepped = sp.expand(share[now].subs(moved, simultaneous=True))
        count, factors = _combination(stepped, tuple(share.values()), (one, two))
        tested += count + 1
        total = sp.Add(*(a * name for a, name in zip(factors, share, strict=True))) if factors else sp.nan
        rejected += sp.expand(total - ctx.statement.equation(later)) != 0
    return judge(tested, int(rejected), worst=int(rejected), bound=0, figure=DIFFER, domain="any width, any loss l")


@lru_cache(maxsize=1)
def _general() -> tuple[dict[str, dict[Exponents, fmpq]], tuple[sp.Symbol, ...], int]:
    """Nullcline and increments of any l, to z^2; and what composition leaves.

    Exponents are those of z, y and the constants, in the order of the symbols that come with them.
    """
    step = edge_map(z + ALPHA * z**2 + BETA * z**3, P_0, (ALPHA, BETA, P_0))
    recurrence = step.two_step(2)
    moved = any(e != (0, 1, *(0,) * 4) and e[2] == 0 for e in poly_terms(step.polynomials[1]))
    defects = sum(bool(r.terms()) for r in composition_defects(recurrence)) + moved
    curve = recurrence.nullcline.series
    symbols_of = recurrence.increments[0].grading.symbols
    if symbols_of != (z, y, *step.parameters) or curve.grading.symbols != (z, *step.parameters):
        raise ProofError.of("product-loss-edge", "series in z, y and the constants", symbols_of, "Report it.")
    rows = {"h": {(e[0], 0, *e[1:]): value for e, value in curve.terms().items()}}
    rows |= dict(zip("zy", (series.terms() for series in recurrence.increments), strict=True))
    return rows, symbols_of, defects


def _edge(ctx: CheckContext) -> Outcome:
    """Every monomial of the nullcline and of two steps to z^2, for any derivatives of l, against the statement."""
    for variable in (z, y, epsilon):
        ctx.statement.within(variable, FORMAL)
    ctx.statement.within(l_2, POSITIVE)
    for derivative in (l_3, l_4):
        ctx.statement.within(derivative, REALS)
    found, variables, defects = _general()
    tested, wrong = 3, ["composition"] * defects
    # beyond z^2: the nullcline has no y; on it and on z = 0 two steps keep z, so a factor y z; at epsilon = 0 they
    # keep T, so y'' - y has a factor y or epsilon
    later = {"h": [(3, 0, 0)], "z": [(3, 1, 0)], "y": [(3, 1, 0), (3, 0, 1)]}
    for name, left in (("h", H), ("z", DZ), ("y", DY)):
        right = sp.expand(ctx.statement.equation(left).subs({l_3: 2 * ALPHA * l_2, l_4: 6 * BETA * l_2}))
        if l_2 in split_order(right)[0].free_symbols:
            wrong.append(f"{left}: depends on l_2 alone")
            continue
        compared, differ = differing(right, found[name], variables)
        _, rest = stated_terms(right, variables)
        differ += [e for e in ((*f, 0, 0, 0) for f in later[name]) if not rest.holds(e)]
        tested += compared
        wrong += [f"{left}: {e}" for e in differ]
    return judge(
        tested,
        len(wrong),
        worst=len(wrong),
        bound=0,
        figure=DIFFER,
        domain="any l: a power z^4 or higher in l' comes with a factor z^4, which lies in each remainder",
        counterexample=wrong[0] if wrong else None,
    )


def _logistic(ctx: CheckContext) -> Outcome:
    """Derivatives of the logistic loss as polynomials in the label, and the square that bounds c."""
    ctx.statement.within(q, sp.Interval.open(0, 1))
    sigma = sp.Symbol("sigma", real=True)
    rows = [sigma - q]  # l', with the sigmoid's derivative sigma (1 - sigma)
    for _ in range(3):
        rows.append(sp.expand(sp.diff(rows[-1], sigma) * sigma * (1 - sigma)))
    two, three, four = (sp.factor(row.subs(sigma, q)) for row in rows[1:])
    coefficient = sp.cancel(three**2 / two**2 - four / (3 * two))
    wrong = int(sp.expand(coefficient - ctx.statement.equation(c)) != 0)
    (low,) = [b.low for b in (ctx.statement.bounds(c),)]
    if low is None or not low.is_Rational:
        raise ProofError.of("logistic", "a lower bound of c", low, "It judges no others.")
    # c - 1/6 is twice a square that is 0 at q = 1/2
    least = sp.expand(coefficient - 2 * (q - R(1, 2)) ** 2)
    strict = ctx.statement.bounds(c).low_strict
    wrong += bool(not least.is_Rational or least < low or (least == low and strict))
    return judge(2, wrong, worst=wrong, bound=0, figure=DIFFER, domain="every label q in (0, 1)")


def _frozen(ctx: CheckContext) -> Outcome:
    """The stated cycle in one step, and its multiplier as 1 - 4 x/sinh(2 x), in (-1, 1) by a derivative."""
    ctx.statement.within(x, POSITIVE)
    ctx.statement.within(T, REALS)
    place, found_T, step = product_loss("log-cosh").frozen_step()
    curvature = ctx.statement.value(found_T)
    returned = step.subs({place: x, found_T: curvature}, simultaneous=True)
    wrong = int(sp.simplify(returned - ctx.statement.equation(STEP_Z)) != 0)
    derivative = sp.diff(step, place).subs({place: x, found_T: curvature}, simultaneous=True)
    wrong += int(sp.simplify((derivative - 1 + 4 * x / sp.sinh(2 * x)).rewrite(sp.exp)) != 0)
    # sinh(2 x) - 2 x is 0 at 0 with the derivative (2 sinh x)^2, so 0 < 4 x/sinh(2 x) < 2; near 0 and infinity it
    # comes close to 2 and to 0, so that no narrower bounds hold
    gap = sp.sinh(2 * x) - 2 * x
    wrong += int(sp.simplify((sp.diff(gap, x) - 4 * sp.sinh(x) ** 2).rewrite(sp.exp)) != 0 or gap.subs(x, 0) != 0)
    bounds = ctx.statement.bounds(multiplier)
    wrong += bool(bounds.low is None or bounds.low > -1) + bool(bounds.high is None or bounds.high < 1)
    return judge(5, wrong, worst=wrong, bound=0, figure=DIFFER, domain="every x > 0, so every T > 2")


def _slow(ctx: CheckContext) -> Outcome:
    """The invariance equation of the slow manifold, and its values at z = 0 against the statement."""
    ctx.statement.within(epsilon, FORMAL)
    order = ctx.pick(3, 4, 6)
    defects, values = _manifold(product_loss("log-cosh").map(order), order)
    stated, rest = stated_terms(ctx.statement.equation(T_slow), (epsilon,))
    known: dict[Exponents, sp.Rational] = {(k,): value for k, value in enumerate(values)}
    powers = [e for e in stated.keys() | known.keys() if not rest.holds(e)]
    if not rest.holds((order + 1,)):
        return judge(1, undecided=1, detail=f"terms beyond epsilon^{order} are not known at this effort")
    wrong = defects + sum(known.get(e, 0) != (to_rational(stated[e]) if e in stated else 0) for e in powers)
    return judge(
        (order + 1) ** 2 + len(powers),
        int(wrong),
        worst=int(wrong),
        bound=0,
        figure=DIFFER,
        domain=f"all monomials z^i epsilon^k of the equation, i + 2 k <= {2 * order}",
    )


@lru_cache(maxsize=32)
def _end(step: sp.Rational) -> float:
    """(Final eta times sharpness - 2)/epsilon of gradient descent on log cosh(x y), in its closed step; in float64."""
    rate = float(step)
    # the excess over 2 is carried, so that it keeps its digits
    place, excess = 1.0, 0.6
    while abs(place) > 1e-12:
        slope = math.tanh(place)
        curvature = 2 + excess
        small = rate**2
        place, excess = (
            place - curvature * slope + small * slope**2 * place,
            excess - 4 * small * slope * place + small * slope**2 * curvature,
        )
    return excess / rate**2


def _descent(ctx: CheckContext) -> Outcome:
    """Gradient descent at several step sizes: what each partial sum leaves falls as fast as its next term."""
    ctx.statement.within(start, NEAR)
    ctx.statement.within(eta, sp.Interval.open(0, R(1, 4)))
    leading, orders = split_order(ctx.statement.equation(END))
    terms = sorted(sp.Add.make_args(sp.expand(leading)), key=lambda t: int(t.as_coeff_exponent(eta)[1]))
    powers = [int(t.as_coeff_exponent(eta)[1]) for t in (*terms, *orders)]
    steps = [R(1, 10), R(1, 14)]
    worst = 0.0
    for kept in range(1, len(terms) + 1):
        partial = sp.Add(*terms[:kept]) - 2 / eta
        left = [float(step) * _end(step) - float(partial.subs(eta, step)) for step in steps]
        if not all(left):
            return judge(1, rejected=1, detail="a partial sum leaves nothing")
        found = math.log(abs(left[0] / left[1])) / math.log(steps[0] / steps[1])
        worst = max(worst, abs(found - powers[kept]))
    return judge(
        len(terms),
        int(worst > SLOPE_BOUND),
        worst=round(worst, 4),
        bound=SLOPE_BOUND,
        figure="largest error of a slope in eta",
        digits=15,
        domain="one start, z = 1 and T = 13/5, eta in {1/10, 1/14}",
    )


_C = l_3**2 / l_2**2 - l_4 / (3 * l_2)
_EDGE = (
    Definition(z, "p less its value at a minimum of l, p being u.v"),
    Definition(epsilon, "the step size times l_2, squared"),
    Definition(l_2, "the second derivative of l at its minimum"),
    Definition(l_3, "the third derivative of l there"),
    Definition(l_4, "the fourth derivative of l there"),
    Definition(H, "the two-step nullcline: two steps keep z where T = h(z), T = eta l_2 s, h = 2 at z = epsilon = 0"),
    Definition(y, "T - h(z)"),
    Definition(TWO_Z, "z after two steps of gradient descent on l(u.v)"),
    Definition(TWO_Y, "T - h(z) after two steps"),
)

CLAIMS = (
    Claim(
        id="product-loss-closes",
        title="Gradient descent on l(u.v) closes in three sums, for any l and at any width",
        statement=Statement(
            conclusion=(
                eq(STEP_P, p - eta * g * s + eta**2 * g**2 * p),
                eq(STEP_S, s - 4 * eta * g * p + eta**2 * g**2 * s),
                eq(STEP_D, d * (1 - eta**2 * g**2)),
            ),
            over=(Range(n, NATURALS), Range(g, REALS), Range(eta, POSITIVE)),
            where=(
                Definition(n, "width: how many pairs of weights there are; 1 for l(x y)"),
                Definition(u, "real weights of one layer"),
                Definition(v, "real weights of the other"),
                Definition(p, "their product u.v, of which the loss is l(p)", sp.Sum(u[i] * v[i], (i, 1, n))),
                Definition(s, "their squares", sp.Sum(u[i] ** 2 + v[i] ** 2, (i, 1, n))),
                Definition(d, "their imbalance", sp.Sum(u[i] ** 2 - v[i] ** 2, (i, 1, n))),
                Definition(g, "the derivative of l at p, whatever it is"),
                Definition(STEP_P, "p after one step of gradient descent on l(p) with step size eta"),
                Definition(STEP_S, "s after this step"),
                Definition(STEP_D, "d after this step"),
            ),
        ),
        source=Source("edgestab", "losses of a product"),
        checks=(Check("one pair of weights after another, for any number", Level.DERIVED, _closes),),
        note="While 0 < eta |l'| < sqrt(2) the imbalance shrinks at each step: a two-cycle has none.",
    ),
    Claim(
        id="product-loss-edge",
        title="Any l(u.v) near the edge: nullcline, relaxation and drift by three derivatives of l",
        statement=Statement(
            conclusion=(
                eq(H, 2 + _C * z**2 + O(z**3, epsilon * z)),
                eq(DZ, 2 * y * z + O(y**2 * z, y * z**2)),
                eq(
                    DY,
                    -4 * _C * y * z**2
                    - 4 * epsilon * z**2
                    + O(y**2 * z, y * z**3, epsilon * y * z**2, epsilon**2 * z**2, epsilon * z**3),
                ),
            ),
            over=(
                *(Range(symbol_, FORMAL) for symbol_ in (z, y, epsilon)),
                Range(l_2, POSITIVE),
                Range(l_3, REALS),
                Range(l_4, REALS),
            ),
            where=_EDGE,
        ),
        source=Source("edgestab", "losses of a product"),
        uses=("product-loss-closes",),
        derivation=lambda _: product_loss("log-cosh").explain(),
        checks=(Check("every monomial to z^2, for any derivatives of l", Level.DERIVED, _edge),),
        note="With c = l_3^2/l_2^2 - l_4/(3 l_2) deviations relax to y = -epsilon/c where c > 0: the sharpness ends at "
        "2/eta - l_2^2 eta/c + .. The squared loss has c = 0, log cosh c = 2/3, (1 - p^2)^2/4 c = 8: Zhu et al.'s "
        "2/eta - eta/2.",
    ),
    Claim(
        id="logistic-loss-concentrates",
        title="Logistic loss of a soft label: the flip at the edge is supercritical for every label",
        statement=Statement(
            conclusion=(eq(c, R(2, 3) - 2 * q * (1 - q)), ge(c, R(1, 6))),
            over=(Range(q, sp.Interval.open(0, 1)),),
            where=(
                Definition(q, "the label: the loss is log(1 + exp(p)) - q p"),
                Definition(c, "l_3^2/l_2^2 - l_4/(3 l_2), with the derivatives of the loss at its minimum"),
            ),
        ),
        source=Source("ahn2023", "losses of sub-quadratic growth end training below the edge"),
        checks=(Check("derivatives as polynomials in the label", Level.DERIVED, _logistic),),
        note="So the gap below 2/eta is at most 6 l_2^2 eta to leading order.",
    ),
    Claim(
        id="log-cosh-two-cycle",
        title="log cosh at frozen curvature: beyond the edge one two-cycle, stable at every T",
        statement=Statement(
            conclusion=(eq(STEP_Z, -x), lt(-1, multiplier), lt(multiplier, 1)),
            over=(Range(x, POSITIVE), Range(T, REALS)),
            given=(eq(T, 2 * x / sp.tanh(x)),),
            where=(
                Definition(x, "a value of z = u.v"),
                Definition(T, "the step size times the sharpness at the minimum, kept at its value: above 2"),
                Definition(STEP_Z, "z after one step from x, x - T tanh(x)"),
                Definition(multiplier, "the derivative of this step at x, and by symmetry at -x"),
            ),
        ),
        source=Source("ahn2023", "losses of sub-quadratic growth end training below the edge"),
        checks=(Check("one step, and bounds of 4 x/sinh(2 x)", Level.DERIVED, _frozen),),
        note="2 x/tanh(x) takes each value above 2 once. So there is no period doubling after the first, and no chaos.",
    ),
    Claim(
        id="log-cosh-limit-series",
        title="log cosh(x y): the slow manifold meets z = 0 below the edge",
        statement=Statement(
            conclusion=(
                eq(T_slow, 2 - 3 * epsilon / 2 - 9 * epsilon**2 / 20 - 783 * epsilon**3 / 560 + O(epsilon**4)),
            ),
            over=(Range(epsilon, FORMAL),),
            where=(Definition(epsilon, "the step size squared"),),
        ),
        source=Source("ahn2023", "losses of sub-quadratic growth end training below the edge"),
        uses=("product-loss-edge",),
        derivation=lambda _: product_loss("log-cosh").limit_series(3).explain(),
        checks=(Check("the invariance equation in exact series", Level.DERIVED, _slow),),
        note="`edgestab family log-cosh --order 6` prints more of it.",
    ),
    Claim(
        id="log-cosh-final-sharpness",
        title="log cosh(x y): gradient descent ends where the series says",
        statement=Statement(
            conclusion=(eq(END, 2 / eta - 3 * eta / 2 - 9 * eta**3 / 20 + O(eta**5)),),
            over=(Range(start, NEAR), Range(eta, sp.Interval.open(0, R(1, 4)))),
            where=(
                Definition(start, "a start: z = x y and T = eta (x^2 + y^2)"),
                Definition(END, "the sharpness x^2 + y^2 where gradient descent on log cosh(x y) ends"),
            ),
        ),
        source=Source("ahn2023", "losses of sub-quadratic growth end training below the edge"),
        uses=("log-cosh-limit-series",),
        checks=(
            Check(
                "gradient descent, and slopes in the step size",
                Level.CHECKED,
                _descent,
                hindsight="the bound on a slope's error, and the step sizes",
            ),
        ),
    ),
)
