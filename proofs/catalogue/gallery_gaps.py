"""Claims on products of weights: the gaps of their squares, and what gradient flow from there would end at.

Kreisler et al. (gradient-flow-solution sharpness) and Ghosh et al. (two-cycles of deep linear networks).
"""

from __future__ import annotations

import random
from functools import cache
from itertools import combinations, pairwise
from math import prod

import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.symbols import symbols
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import POSITIVE, REALS, Definition, Iff, Range, Reading, Statement, eq, le, lt
from .stated_maps import after_step, closure, descends

(eta,) = symbols("eta")
x_1, x_2, P, r, B, B_1, phi, phi_1, M, G, x, k = (
    sp.Symbol(name, real=True) for name in ("x_1", "x_2", "P", "r", "B", "B_1", "phi", "phi_1", "M", "G", "x_b", "k")
)
SECOND = sp.Symbol("w''", real=True)
N, f_2, f_3, f_4 = (sp.Symbol(name, real=True) for name in ("N", "f_2", "f_3", "f_4"))
SLOPE = sp.Function("slope")(x)
DEPTH, LARGEST = sp.Symbol("depth"), sp.Symbol("P_max", real=True)
DIFFER = "coefficients that differ"
t = sp.Symbol("t")


def _gap_law(ctx: CheckContext) -> Outcome:
    """Both sides as polynomials in two weights, the product of all others and the step size."""
    for variable in (x_1, x_2, P):
        ctx.statement.within(variable, REALS)
    ctx.statement.within(eta, POSITIVE)
    tested, wrong = closure(ctx.statement)
    return judge(tested, wrong, worst=wrong, bound=0, figure=DIFFER, domain="any depth: P is any number")


def _stretch(reading: Reading, term: sp.Basic) -> sp.Relational:
    """A condition on ``t = eta^2 r^2`` as a relation for t.

    Raises:
        ProofError: it is a condition on something else.
    """
    found = term.subs(eta**2 * r**2, t)
    if found.free_symbols != {t} or found.lhs != t:
        raise ProofError.of("the condition", "eta^2 r^2 against a number", term, "It judges no others.")
    return found


def _agree(one: sp.Relational, two: sp.Relational, low: int) -> bool:
    """Whether two conditions on t hold for the same t > low: decided at all roots, between them and beyond.

    Each side is a polynomial, so that a condition can change only at a root of a difference of sides.
    """
    roots: set[sp.Expr] = {sp.Integer(low)}
    for relation in (one, two):
        poly = sp.Poly(relation.lhs - relation.rhs, t)
        roots |= set(sp.roots(poly)) if poly.degree() > 0 else set()
    points = sorted((r for r in roots if r.is_real and r >= low), key=lambda r: r.evalf())
    places = [*points[1:], *((a + b) / 2 for a, b in pairwise(points)), points[-1] + 1]
    return all(one.subs(t, place) == two.subs(t, place) for place in places)


def _depth_2(ctx: CheckContext) -> Outcome:
    """The gap law; then the sign of the change of phi^2 as a polynomial in t = eta^2 r^2, against the condition."""
    for variable in (x_1, x_2):
        ctx.statement.within(variable, REALS)
    ctx.statement.within(eta, POSITIVE)
    unfold = ctx.statement.unfolded
    gap = ctx.statement.equation(B_1)
    wrong = int(sp.expand((unfold(B_1) - unfold(gap)).doit()) != 0)
    # at the end x_1 x_2 = 1: squares u and 1/u with u - 1/u = B, and the sharpness is their sum
    u = sp.Symbol("u", positive=True)
    wrong += int(sp.expand((u + 1 / u) ** 2 - (ctx.statement.defined(phi) ** 2).subs(B, u - 1 / u)) != 0)
    if wrong:
        return judge(2, wrong, worst=wrong, bound=0, figure="sides that differ", domain="")
    (both,) = [p for p in ctx.statement.parts() if isinstance(p, Iff)]
    falls, condition = both.args
    known = {B_1: gap.subs(eta**2 * r**2, t), phi: ctx.statement.defined(phi), phi_1: ctx.statement.defined(phi_1)}
    left, right = (a.subs({phi: known[phi], phi_1: known[phi_1]}).subs(B_1, known[B_1]) for a in falls.args)
    change = sp.cancel(sp.expand(left**2 - right**2) / B**2)
    if change.free_symbols != {t}:
        return judge(3, 1, detail=f"the change over B^2 is {change}")
    condition = _stretch(ctx.statement, condition)
    zero = falls.func(change.subs(t, 0), 0), condition.subs(t, 0)
    agree = zero[0] == zero[1] and _agree(falls.func(change, 0, evaluate=False), condition, 0)
    # without a gap, B = 0, nothing moves: then <= holds, and < does not, whatever the condition says
    ctx.statement.assumed(sp.Ne(x_1**2, x_2**2, evaluate=False))
    wrong += int(not agree)
    return judge(4, wrong, worst=wrong, bound=0, figure="sides that differ", domain="all weights, all step sizes")


def _monotone(ctx: CheckContext) -> Outcome:
    """Chebyshev's sum identity at each depth, as polynomials: as gaps shrink the sum of 1/u falls at fixed product.

    With u_i the squares at the end and v_i = 1/u_i, a change that keeps the product has sum v_i du_i = 0 and changes
    the sharpness by -sum v_i^2 du_i. Gaps that shrink in their order have du_i - du_j = -k (u_i - u_j), k >= 0.
    """
    found = ctx.statement.domain(DEPTH)
    ctx.statement.within(DEPTH, sp.FiniteSet(*range(2, 7)))
    bounds = ctx.statement.bounds(eta**2 * r**2 * LARGEST**2, given=True)
    if bounds.high is None or bounds.high > 1:
        # a gap that changes its sign leaves the order in which the argument runs
        return judge(1, undecided=1, detail="the argument needs a factor 1 - eta^2 r^2 P^2 that is not negative")
    (part,) = ctx.statement.parts()
    if part.args != (phi_1, phi):
        raise ProofError.of("the statement", "phi_1 against phi", part, "It judges no others.")
    # with equal squares nothing moves
    wrong, tested = int(not isinstance(part, sp.Le)), 1
    for depth in sorted(int(d) for d in found):
        v, du = sp.symbols(f"v:{depth}"), sp.symbols(f"d:{depth}")
        pairs = list(combinations(range(depth), 2))
        left = sum(v) * sum(a**2 * b for a, b in zip(v, du, strict=True)) - sum(a**2 for a in v) * sum(
            a * b for a, b in zip(v, du, strict=True)
        )
        right = sum(v[i] * v[j] * (v[i] - v[j]) * (du[i] - du[j]) for i, j in pairs)
        wrong += int(sp.expand(left - right) != 0)
        shrink = sp.Symbol("k")
        a, b = v[:2]
        rate = (a - b) * (-shrink * (1 / a - 1 / b))
        wrong += int(sp.cancel(rate - shrink * (a - b) ** 2 / (a * b)) != 0)
        tested += 2
    return judge(
        tested,
        wrong,
        worst=wrong,
        bound=0,
        figure="identities that fail",
        domain=f"depths {', '.join(map(str, found))}",
    )


def gfs_sharpness(squares: list[float]) -> float:
    """Sharpness where gradient flow ends: squares with these differences and product 1, by bisection."""
    low = -min(squares)
    high = low + 1.0

    def product(shift: float) -> float:
        value = 1.0
        for square in squares:
            value *= square + shift
        return value

    while product(high) < 1:
        high += 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if product(middle) < 1 else (low, middle)
    return sum(1 / (square + high) for square in squares)


def gfs_step(weights: list[float], step: float) -> list[float]:
    """One step of gradient descent on ``(product - 1)^2 / 2``."""
    product = prod(weights)
    return [w - step * (product - 1) * product / w for w in weights]


def _monotone_samples(ctx: CheckContext) -> Outcome:
    """One step from random weights at each depth, at the largest step size that the hypothesis admits."""
    bounds = ctx.statement.bounds(eta**2 * r**2 * LARGEST**2, given=True)
    (part,) = ctx.statement.parts()
    if bounds.high is None:
        raise ProofError.of("the hypothesis", "an upper bound", bounds, "It judges no others.")
    draw = random.Random(ctx.seed)
    tested = wrong = 0
    for depth in sorted(int(d) for d in ctx.statement.domain(DEPTH)):
        for _ in range(ctx.pick(10, 100, 1000)):
            weights = [draw.uniform(0.3, 1.8) for _ in range(depth)]
            product = prod(weights)
            residual = product - 1
            largest = max(abs(product / (a * b)) for a, b in combinations(weights, 2))
            step = float(bounds.high) ** 0.5 / (abs(residual) * largest) * draw.uniform(0.1, 1)
            stepped = gfs_step(weights, step)
            before, after = (gfs_sharpness([w * w for w in row]) for row in (weights, stepped))
            if before - after < 1e-9 * before:
                continue  # too near to say in double precision
            tested += 1
            wrong += not part.func(after, before)
    return judge(tested, wrong, worst=wrong, bound=0, figure="rises", digits=16, domain="weights in [0.3, 1.8]")


def _not_zero(expr: sp.Expr) -> bool:
    """Whether a rational function is not the zero function."""
    return bool(sp.expand(sp.numer(sp.together(expr))) != 0)


def _cycle(ctx: CheckContext) -> Outcome:
    """Two exact steps from the stated point as rational functions of k; multipliers from derivatives of the map."""
    reading = ctx.statement
    reading.within(k, sp.Interval.open(0, 1))
    step_size, square = reading.value(eta), reading.value(x**2)
    ties = {x_1: reading.value(x_1), x_2: reading.value(x_2)}

    def settled(expr: sp.Expr) -> sp.Expr:
        here = sp.expand(expr.subs(ties))
        poly = sp.Poly(here, x)
        # even and odd powers of x apart: x^2 is known
        value = sum(c * square ** (n // 2) * x ** (n % 2) for (n,), c in poly.terms())
        return value.subs(eta, step_size)

    tested = wrong = 0
    for left in (after_step(x_1), after_step(x_2), SECOND):
        if not reading.relations(left):
            continue
        sides = [settled(reading.unfolded(e).doit()) for e in (left, reading.equation(left))]
        tested, wrong = tested + 1, wrong + int(_not_zero(sides[0] - sides[1]))
        if wrong:
            return judge(tested, wrong, worst=wrong, bound=0, figure=DIFFER, domain="all k")
    one = reading.unfolded(after_step(x_1)).doit().subs({x_1: x, x_2: x})
    slopes = [sp.diff(one, x), sp.diff(one, x).subs(x, k * x)]
    gaps = [1 - eta**2 * (a**2 - 1) ** 2 for a in (x, k * x)]
    for name, factors in ((M, slopes), (G, gaps)):
        stated = settled(reading.equation(name))
        tested, wrong = tested + 1, wrong + int(_not_zero(settled(sp.expand(sp.Mul(*factors))) - stated))
    if wrong:
        return judge(tested, wrong, worst=wrong, bound=0, figure=DIFFER, domain="all k")
    (both,) = [p for p in reading.parts() if isinstance(p, Iff)]
    # k + 1/k > 2 for k in (0, 1), so eta takes every value above 1
    one, two = (a.subs(G, reading.equation(G)).subs(eta, t) for a in both.args)
    wrong += int(not _agree(one, two, 1))
    return judge(tested + 1, wrong, bound=0, worst=wrong, figure=DIFFER, domain="all k")


@cache
def _balanced_slope(depth: int) -> sp.Expr:
    """Derivative of the loss of a product by one weight, where all weights are equal."""
    weights = sp.symbols(f"w:{depth}")
    return sp.expand(sp.diff((sp.Mul(*weights) - 1) ** 2 / 2, weights[0]).subs(dict.fromkeys(weights, x)))


def _any_depth(ctx: CheckContext) -> Outcome:
    """Derivatives of the balanced step with the depth as a symbol; that step from the loss at depths 2 to 6."""
    reading = ctx.statement
    reading.within(N, sp.Interval(2, sp.oo))
    step_size = reading.value(eta)
    slope = reading.defined(SLOPE)
    tested = wrong = 0
    for number in range(2, 7):
        tested, wrong = tested + 1, wrong + int(sp.expand(_balanced_slope(number) - slope.subs(N, number)) != 0)
    if wrong:
        return judge(tested, wrong, worst=wrong, bound=0, figure=DIFFER, domain="")
    for order, name in enumerate((f_2, f_3, f_4), 1):
        found = sp.diff(slope, x, order).subs(x, 1)
        tested, wrong = tested + 1, wrong + int(sp.expand(found - reading.equation(name)) != 0)
    known = {name: reading.equation(name) for name in (f_2, f_3, f_4)}
    for part in (p for p in reading.parts() if p.args[0] not in known):
        left, right = (sp.expand(sp.cancel(a.subs(known).subs(eta, step_size))) for a in part.args)
        wrong += int(sp.expand(left - right) != 0) + int(not isinstance(part, sp.Eq))
        tested += 1
    return judge(tested, wrong, worst=wrong, bound=0, figure=DIFFER, domain="every depth from 2")


_ABSTRACT = "abstract: GFS sharpness decreases monotonically in scalar networks with the squared loss"
_PRODUCT = (x_1 * x_2 * P - 1) ** 2 / 2
_PLAIN = (x_1 * x_2 - 1) ** 2 / 2
_WEIGHTS = (Definition(x_1, "a weight"), Definition(x_2, "another weight"))

CLAIMS = (
    Claim(
        id="kreisler-gap-law",
        title="A step multiplies each gap of squared weights by an exact factor",
        statement=Statement(
            conclusion=(
                eq(after_step(x_1) ** 2 - after_step(x_2) ** 2, (x_1**2 - x_2**2) * (1 - eta**2 * r**2 * P**2)),
            ),
            over=(*(Range(v, REALS) for v in (x_1, x_2, P)), Range(eta, POSITIVE)),
            where=(
                *_WEIGHTS,
                Definition(P, "the product of all other weights"),
                *descends((x_1, x_2), _PRODUCT),
                Definition(r, "the residual", x_1 * x_2 * P - 1),
            ),
        ),
        source=Source("kreisler2023", "scalar networks; the law is derived here"),
        checks=(Check("both sides as polynomials", Level.DERIVED, _gap_law),),
        note="Gradient flow keeps every gap: the factor is 1 to first order in eta.",
    ),
    Claim(
        id="kreisler-depth-2",
        title="Depth 2: the sharpness of the gradient-flow solution falls exactly while eta |r| is at most sqrt 2",
        statement=Statement(
            conclusion=(
                eq(B_1, B * (1 - eta**2 * r**2)),
                Iff(le(phi_1, phi), le(eta**2 * r**2, 2)),
            ),
            over=(*(Range(v, REALS) for v in (x_1, x_2)), Range(eta, POSITIVE)),
            given=(sp.Ne(x_1**2, x_2**2, evaluate=False),),
            where=(
                *_WEIGHTS,
                *descends((x_1, x_2), _PLAIN),
                Definition(r, "the residual", x_1 * x_2 - 1),
                Definition(B, "the gap of squares, which gradient flow keeps", x_1**2 - x_2**2),
                Definition(B_1, "the gap after a step", after_step(x_1) ** 2 - after_step(x_2) ** 2),
                Definition(phi, "sharpness where gradient flow from here ends", sp.sqrt(B**2 + 4)),
                Definition(phi_1, "sharpness where gradient flow from the next step ends", sp.sqrt(B_1**2 + 4)),
            ),
        ),
        source=Source("kreisler2023", _ABSTRACT),
        uses=("kreisler-gap-law",),
        checks=(Check("sign of a polynomial in eta^2 r^2", Level.DERIVED, _depth_2),),
        note="Beyond eta |r| = sqrt 2 it rises: the condition cannot be dropped.",
    ),
    Claim(
        id="kreisler-monotone",
        title="The sharpness of the gradient-flow solution falls while no gap changes its sign",
        statement=Statement(
            conclusion=(le(phi_1, phi),),
            over=(Range(DEPTH, sp.FiniteSet(*range(2, 7))),),
            given=(le(eta**2 * r**2 * LARGEST**2, 1),),
            where=(
                Definition(DEPTH, "number of weights x_i of the loss (x_1 x_2 .. - 1)^2/2"),
                Definition(eta, "step size of gradient descent"),
                Definition(r, "the residual x_1 x_2 .. - 1 before the step"),
                Definition(LARGEST, "the largest product of all weights but two, in absolute value; 1 at depth 2"),
                Definition(
                    phi,
                    "sum of 1/u_i over the positive squares u_i with product 1 and the differences of the x_i^2: the "
                    "sharpness where gradient flow from here ends",
                ),
                Definition(phi_1, "the same after one step of gradient descent"),
            ),
        ),
        source=Source("kreisler2023", _ABSTRACT),
        uses=("kreisler-gap-law",),
        checks=(
            Check("Chebyshev's sum identity as polynomials", Level.DERIVED, _monotone),
            Check("single steps from random weights", Level.CHECKED, _monotone_samples),
        ),
        note="By kreisler-gap-law the hypothesis says that no gap of squares changes its sign. Between 1 and 2 no rise "
        "was found in 180,000 steps from random weights at depths 3 to 5, and none is excluded.",
    ),
    Claim(
        id="ghosh-two-cycle",
        title="Depth 2 beyond the edge: the two-cycle in closed form, and the gap of squares decays on it up to eta "
        "= 2",
        statement=Statement(
            conclusion=(
                eq(after_step(x_1), k * x),
                eq(after_step(x_2), k * x),
                eq(SECOND, x),
                eq(M, 9 - 2 * (1 + eta) ** 2),
                eq(G, 3 - 2 * eta),
                Iff(lt(G**2, 1), lt(eta, 2)),
            ),
            over=(Range(k, sp.Interval.open(0, 1)),),
            given=(eq(eta, k + 1 / k - 1), eq(x**2, 1 / (k * eta)), eq(x_1, x), eq(x_2, x)),
            where=(
                *_WEIGHTS,
                Definition(eta, "step size of gradient descent"),
                Definition(k, "ratio of the two points of the cycle"),
                Definition(x, "both weights at one point of the cycle"),
                *descends((x_1, x_2), _PLAIN),
                Definition(
                    SECOND,
                    "x_1 after two steps",
                    after_step(x_1) - eta * (after_step(x_1) * after_step(x_2) - 1) * after_step(x_2),
                ),
                Definition(M, "derivative of two steps on the line x_1 = x_2, at the cycle"),
                Definition(G, "factor by which two steps on the cycle multiply a small gap x_1^2 - x_2^2"),
            ),
        ),
        source=Source("ghosh2025", "abstract: 2-period orbits; the balancing gap decays monotonically to zero"),
        uses=("kreisler-gap-law",),
        checks=(Check("two exact steps as rational functions", Level.DERIVED, _cycle),),
        note="k + 1/k = 1 + eta has a solution other than 1 exactly for eta > 1, the edge of the balanced minimum. The "
        "cycle is stable until M = -1, at eta = sqrt 5 - 1.",
    ),
    Claim(
        id="ghosh-flip-at-any-depth",
        title="At any depth the balanced minimum passes its edge by a supercritical flip",
        statement=Statement(
            conclusion=(
                eq(f_2, N),
                eq(f_3, 3 * N * (N - 1)),
                eq(f_4, N * (N - 1) * (7 * N - 11)),
                eq(3 * eta * f_3**2 - 2 * f_4, 8 * N * (N - 1) * (5 * N - 4)),
            ),
            over=(Range(N, sp.Interval(2, sp.oo)),),
            given=(eq(eta, 2 / N),),
            where=(
                Definition(N, "depth: number of weights of the loss (x_1 x_2 .. - 1)^2/2, all equal to x_b"),
                Definition(eta, "step size of gradient descent, at the edge of the minimum x_b = 1"),
                Definition(x, "each of the equal weights"),
                Definition(SLOPE, "derivative of the loss by one weight", x ** (2 * N - 1) - x ** (N - 1)),
                *(
                    Definition(name, f"derivative of order {order} of slope(x_b), at 1")
                    for order, name in ((1, f_2), (2, f_3), (3, f_4))
                ),
            ),
        ),
        source=Source("ghosh2025", "abstract: 2-period orbits of deep linear networks"),
        uses=("gan-flip",),
        checks=(Check("derivatives with the depth as a symbol", Level.DERIVED, _any_depth),),
        note="Positive from N = 2 on: by gan-flip a two-cycle exists just beyond the edge and attracts along the "
        "balanced line; near the edge the factors of kreisler-gap-law are below 1, so the gaps decay on it.",
    ),
)
