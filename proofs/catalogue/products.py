"""Claims on the products of Zhu et al.: the final sharpness of degree 4, and why degree 2 has none of its own."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import sympy as sp
from flint import fmpq

from ...numeric.orbits.own_loss_descent import descend_to_minimum, product_start
from ...numeric.runs.status import Status
from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import Exponents, PolyRing, poly_terms, to_fraction, to_rational
from ...symbolic.algebra.series import TruncatedSeries, compose, evaluate
from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.models.literature import example_study
from ...symbolic.planar.nullcline import EDGE
from ...symbolic.planar.planar_map import PlanarMap
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import FORMAL, POSITIVE, REALS, Definition, Named, O, R, Range, Statement, eq, gt, lt, ne, split_order
from ..statements.comparing import stated_terms
from ..subject import Subject
from .stated_maps import (
    DY,
    DZ,
    STEP_T,
    STEP_Z,
    TWO_Y,
    TWO_Z,
    after_step,
    closure,
    derived_map,
    descends,
    later_terms,
    two_steps,
)

z, T, y, epsilon, eta = symbols("z T y epsilon eta")
x_1, x_2, x_3, x_4, z_0, c, on_manifold = (
    sp.Symbol(name, real=True) for name in ("x_1", "x_2", "x_3", "x_4", "z_0", "c", "lambda_m")
)
start, T_inf = sp.Symbol("theta_0"), symbol("T_inf")
end = sp.Function("lambda_infinity")(start)
ORDER = 3
DIFFER = "coefficients that differ"
OUTSIDE = "monomials that are neither stated nor in the remainder"
NEAR = Named(
    "the starts near the two-cycles, with |z| much larger than eta",
    r"\text{the starts near the two-cycles, with } \lvert z\rvert \text{ much larger than } \eta",
)
SMALL = Named("the step sizes that tend to 0", r"\text{the step sizes that tend to } 0")
SLOPE_BOUND = 0.25
"""A wrong coefficient costs a whole order in epsilon; on these grids the next term shifts a slope by up to 0.2."""
COEFFICIENT_BOUND = 1 / 256
"""Half a unit of the last stated coefficient, a multiple of 1/128."""
SEEN = "the bound on a slope's error, from slopes that were off by up to 0.2"


def _closes(ctx: CheckContext, name: str, *parameters: sp.Symbol) -> Outcome:
    """Both sides as polynomials in the parameters and the step size, and the derived map against the stated one."""
    for variable in parameters:
        ctx.statement.within(variable, REALS)
    ctx.statement.within(eta, POSITIVE)
    counts = closure(ctx.statement), derived_map(ctx.statement, ctx.subject.example(name, ORDER).map)
    tested, rejected = (sum(column) for column in zip(*counts, strict=True))
    return judge(tested, rejected, worst=rejected, bound=0, figure=DIFFER, domain="all weights, all step sizes")


def _zhu_closes(ctx: CheckContext) -> Outcome:
    return _closes(ctx, "zhu", x_1, x_2, x_3, x_4)


def _degree_two_closes(ctx: CheckContext) -> Outcome:
    return _closes(ctx, "zhu-degree-2", x_1, x_2)


def _two_step(ctx: CheckContext, name: str, order: int) -> tuple[int, list[str]]:
    return two_steps(ctx.statement, ctx.subject.example(name, order).map.two_step(order))


def _sorted(tested: int, wrong: list[str]) -> Outcome:
    return judge(
        tested,
        len(wrong),
        worst=len(wrong),
        bound=0,
        figure=OUTSIDE,
        domain="every monomial; later ones in z lie in the remainder by their factors",
        counterexample=min(wrong, key=len) if wrong else None,
    )


def _zhu_two_step(ctx: CheckContext) -> Outcome:
    """The increments against the exact twofold composition, and every monomial sorted, in (z, y, epsilon)."""
    return _sorted(*_two_step(ctx, "zhu", ORDER))


@lru_cache(maxsize=16)
def _manifold(step: PlanarMap, order: int) -> tuple[int, tuple[sp.Rational, ...]]:
    """What the slow manifold leaves of its invariance equation, in multivariate series, and its values at z = 0."""
    manifold = step.slow_manifold(order)
    known = [TruncatedSeries.variable(manifold.series.grading, s) for s in manifold.series.grading.symbols]
    stepped, image = (evaluate(p, [known[0], manifold.series, known[1]]) for p in step.polynomials)
    left = (image - compose(manifold.series, [stepped, known[1]])).terms()
    return len(left), tuple(to_rational(row[0]) for row in manifold.rows)


def _zhu_manifold(ctx: CheckContext) -> Outcome:
    """The invariance equation, and the stated coefficients against its values at z = 0 over eta."""
    ctx.statement.within(eta, FORMAL)
    order = ctx.pick(4, 5, 8)
    defects, found = _manifold(ctx.subject.example("zhu", ORDER).map, order)
    stated, rest = stated_terms(sp.expand(eta * ctx.statement.equation(on_manifold)), (eta,))
    known: dict[Exponents, sp.Rational] = {(2 * k,): value for k, value in enumerate(found)}
    if not rest.holds((2 * order + 2,)):
        return judge(1, undecided=1, detail=f"terms beyond eta^{2 * order} are not known at this effort")
    powers = [e for e in stated.keys() | known.keys() if not rest.holds(e)]
    wrong = defects + sum(known.get(e, 0) != to_rational(stated.get(e, fmpq(0))) for e in powers)
    return judge(
        (order + 1) ** 2 + len(powers),
        wrong,
        worst=wrong,
        bound=0,
        figure=DIFFER,
        domain=f"all monomials z^i epsilon^n of the equation, i + 2 n <= {2 * order}, epsilon = eta^2",
    )


@lru_cache(maxsize=64)
def _sharpness_at_end(
    subject: Subject, name: str, residual: Fraction, curvature: Fraction, step: Fraction, digits: int
) -> Fraction:
    """Sharpness where gradient descent on the loss, in all its parameters, ends from ``x_1 x_2 = 1 + residual``.

    Raises:
        ProofError: the run does not converge.
    """
    form = subject.example(name, ORDER).form
    if form is None:
        raise ProofError.of("descent", "an edge form", name, "See its hypotheses.")
    weight = step * form.curvature.subs(eta, 1).coeff(symbol("q"))
    found = descend_to_minimum(form, product_start(residual, curvature, weight), step, digits=digits)
    if found.status is not Status.CONVERGED:
        raise ProofError.of("descent", "a run that converges", f"{found.status} at eta = {step}", "Add steps.")
    return Fraction(*map(int, found.sharpness.as_integer_ratio()))


def _points(interval: sp.Interval, shares: tuple[Fraction, ...]) -> list[Fraction]:
    """Points of an interval at some shares of its length, and those of its ends that belong to it."""
    low, high = to_fraction(interval.start), to_fraction(interval.end)
    ends = [e for e, out in ((low, interval.left_open), (high, interval.right_open)) if not out]
    return [low + (high - low) * share for share in shares] + ends


def _slope(errors: list[sp.Expr], steps: list[Fraction]) -> float:
    return math.log(abs(float(errors[0])) / abs(float(errors[1]))) / math.log(steps[0] / steps[1])


ZHU_STARTS = tuple((Fraction(a, 20), Fraction(b, 20)) for a, b in ((3, 45), (2, 42), (-2, 42)))
"""z and T, near the two-cycles; what is off them is forgotten like exp(-0.36/eta^2) on the way down."""


def _zhu_descent(ctx: CheckContext) -> Outcome:
    """Gradient descent on the loss in four parameters against each partial sum, and against the stated bounds."""
    ctx.statement.within(start, NEAR)
    # the first two are for slopes, the first three for the last coefficient
    shares = ctx.pick((7, 10, 14), (7, 10, 14), (14, 20, 28))
    steps = _points(ctx.statement.interval(eta), (*(Fraction(1, s) for s in shares), Fraction(4, 5), Fraction(9, 10)))
    ends = []
    for step in steps:
        ends.append(_sharpness_at_end(ctx.subject, "zhu", *ZHU_STARTS[0], step, 20))
        ctx.progress(len(ends) / len(steps))
    bounds = [i for i, part in enumerate(ctx.statement.statement.conclusion) if not isinstance(part, sp.Eq)]
    more = [(s, _sharpness_at_end(ctx.subject, "zhu", *at, s, 20)) for at in ZHU_STARTS[1:] for s in steps[-2:]]
    found = [*zip(steps, ends, strict=True), *more]
    outside = [s for s, e in found if not ctx.statement.holds({end: e, eta: s}, *bounds)]
    leading, orders = split_order(ctx.statement.equation(end))
    terms = sorted(sp.Add.make_args(sp.expand(leading)), key=lambda t: _power(t))
    following = [_power(t) for t in (*terms[1:], *orders)]
    worst = 0.0
    for kept, power in enumerate(following, 1):
        partial = sp.Add(*terms[:kept])
        errors = [partial.subs(eta, R(s)) - R(e) for s, e in zip(steps[:2], ends[:2], strict=True)]
        worst = max(worst, abs(_slope(errors, steps) - power))
    left = [(R(e) - leading.subs(eta, R(s))) / R(s) ** _power(terms[-1]) for s, e in zip(steps, ends, strict=True)]
    coefficient = abs(float(_at_zero([R(s) ** 2 for s in steps[:3]], left[:3])))
    rejected = len(outside) + (worst > 2 * SLOPE_BOUND) + (coefficient > COEFFICIENT_BOUND)
    return judge(
        len(found) * len(bounds) + len(following) + 1,
        rejected,
        worst=round(worst, 4),
        bound=2 * SLOPE_BOUND,
        figure="largest error of a slope in eta",
        digits=20,
        domain=f"{len(ZHU_STARTS)} starts with |z| of 1/10 to 3/20, eta in {{{', '.join(map(str, steps))}}}",
        detail=f"outside the bounds at eta = {outside[0]}" if outside else f"last coefficient {coefficient:.1e} off",
    )


def _at_zero(places: list[sp.Rational], values: list[sp.Rational]) -> sp.Rational:
    """The polynomial through some points, at 0."""
    return sp.Add(*(v * sp.Mul(*(q / (q - p) for q in places if q != p)) for p, v in zip(places, values, strict=True)))


def _power(term: sp.Expr) -> int:
    """Exponent of eta in a monomial."""
    return int(term.as_coeff_exponent(eta)[1])


def _degree_two(ctx: CheckContext) -> Outcome:
    """The map from the loss, the increments with every monomial sorted, and the change of the energy over two steps."""
    study = ctx.subject.example("zhu-degree-2", ORDER + 1)
    tested, wrong = _two_step(ctx, "zhu-degree-2", ORDER + 1)
    recurrence = study.map.two_step(ORDER + 1)
    ring = PolyRing((z, y, epsilon))
    dz, dy = (ring.from_expr(s.to_expr()) for s in recurrence.increments)
    (change,) = [p for p in ctx.statement.parts() if isinstance(p, sp.Eq) and p.args[0] not in (DZ, DY)]
    moved = PolyRing((z, y, epsilon, TWO_Z, TWO_Y)).from_expr(change.args[0])
    gens = [ring.generator(s) for s in (z, y, epsilon)]
    found = poly_terms(moved.compose(*gens, gens[0] + dz, gens[1] + dy, ctx=ring.context))
    stated, rest = stated_terms(change.args[1], (z, y, epsilon))
    of_z, of_y = later_terms(recurrence)
    shown = found.keys() | stated.keys()
    late = recurrence.order  # up to this power of z the sum is complete
    bad = [e for e in shown if not rest.holds(e) and (e[0] > late or found.get(e, 0) != stated.get(e, 0))]
    # a later term of an increment comes with a factor y, epsilon z, or another term of the same increment
    factors = {(i, j + 1, k) for i, j, k in of_y} | {(i, j, k + 1) for i, j, k in (*of_z, *of_y)}
    bad += [e for e in factors if not rest.holds(e)]
    wrong += [f"energy: {e}" for e in bad]
    frozen = study.concentrates or study.holds("relaxation")
    return _sorted(tested + len(shown) + len(factors) + 1, wrong + ["relaxation"] * frozen)


def _degree_two_ends(ctx: CheckContext) -> Outcome:
    """Gradient descent from several starts: what the stated end leaves falls as fast as its remainder."""
    ctx.statement.within(eta, SMALL)
    fine = ctx.pick(40, 80, 320)
    steps = [Fraction(2, fine), Fraction(1, fine)]
    (part,) = [p for p in ctx.statement.parts() if isinstance(p, sp.Eq)]
    leading, (order,) = split_order(part.args[1])
    tested, worst = 0, 0.0
    for residual in (Fraction(1, 5), Fraction(0)):  # without an oscillation, residual 0, nothing moves
        for height in (Fraction(0), Fraction(1, 2), Fraction(-1)):
            if not all(ctx.statement.admits({c: height, z_0: residual, eta: s}) for s in steps):
                continue
            errors = []
            for s in steps:
                found = s * _sharpness_at_end(ctx.subject, "zhu-degree-2", residual, EDGE + height * s, s, 14)
                errors.append(
                    (part.args[0] - leading).subs({T_inf: R(found), c: R(height), z_0: R(residual), eta: R(s)})
                )
            tested += 1
            worst = max(worst, abs(_slope(errors, steps) - _power(order)))
    return judge(
        tested,
        int(worst > SLOPE_BOUND),
        worst=round(worst, 4),
        bound=SLOPE_BOUND,
        figure="largest error of a slope in eta",
        digits=14,
        domain=f"z_0 = 1/5, c in {{0, 1/2, -1}}, eta in {{{', '.join(map(str, steps))}}}",
        detail="slope in eta of what the stated end leaves",
    )


def _where(weight: int, *parameters: sp.Symbol) -> tuple[Definition, ...]:
    """The coordinates of a product of two or four parameters, and what one step makes of them."""
    one, two = after_step(x_1), after_step(x_2)
    return (
        *(Definition(p, "a parameter") for p in parameters),
        *descends(parameters, (1 - sp.Mul(*parameters)) ** 2 / 2),
        Definition(z, "the product of x_1 and x_2, less its value at the minima", x_1 * x_2 - 1),
        Definition(T, "at the minima the step size eta times the sharpness", weight * eta * (x_1**2 + x_2**2)),
        Definition(epsilon, "the small parameter", eta**2),
        Definition(STEP_Z, "z after one step", one * two - 1),
        Definition(STEP_T, "T after one step", weight * eta * (one**2 + two**2)),
    )


def _series_names(claim: str) -> tuple[Definition, ...]:
    return (
        Definition(z, f"z of {claim}"),
        Definition(epsilon, "the step size squared, eta^2"),
        Definition(y, "T - f(z), with T of the same claim and the two-step nullcline f: z'' = z on T = f(z), f(0) = 2"),
        Definition(TWO_Z, "z after two steps of gradient descent"),
        Definition(TWO_Y, "T - f(z) after two steps of gradient descent"),
    )


_FORMAL = tuple(Range(v, FORMAL) for v in (z, y, epsilon))
_SHARPNESS = example_study("zhu", ORDER).sharpness_limit() + O(eta ** (2 * ORDER + 1))
_DESCENT = "along gradient descent on (1 - x_1 x_2 x_3 x_4)^2/2 with x_3 = x_1, x_4 = x_2, step size eta"
_ENERGY = [b**2 / 2 + epsilon * a**2 for a, b in ((TWO_Z, TWO_Y), (z, y))]

CLAIMS = (
    Claim(
        id="zhu-closed-map",
        title="Degree-4 product: gradient descent closes in (z, T)",
        derivation=lambda subject: subject.example("zhu", 3).explain(),
        statement=Statement(
            conclusion=(
                eq(STEP_Z, z - z * (1 + z) * (2 + z) * T / 2 + epsilon * z**2 * (1 + z) ** 3 * (2 + z) ** 2),
                eq(
                    STEP_T,
                    T - 8 * epsilon * z * (1 + z) ** 2 * (2 + z) + epsilon * z**2 * (1 + z) ** 2 * (2 + z) ** 2 * T,
                ),
                eq(after_step(x_3), after_step(x_1)),
                eq(after_step(x_4), after_step(x_2)),
            ),
            over=(*(Range(x, REALS) for x in (x_1, x_2, x_3, x_4)), Range(eta, POSITIVE)),
            given=(eq(x_3, x_1), eq(x_4, x_2)),
            where=_where(2, x_1, x_2, x_3, x_4),
        ),
        source=Source("zhu2022", "the example L = (1 - xyzw)^2/2 with z = x, w = y"),
        checks=(Check("both sides as polynomials in weights and step size", Level.DERIVED, _zhu_closes),),
        note="T is the step size times the sharpness: at the minima the Hessian in four parameters has rank one.",
    ),
    Claim(
        id="zhu-two-step",
        title="Degree-4 product: the two-step form",
        derivation=lambda subject: subject.example("zhu", 3).explain(),
        statement=Statement(
            conclusion=(
                eq(DZ, 2 * y * z + O(y**2 * z, y * z**2)),
                eq(
                    DY,
                    -32 * y * z**2
                    - 16 * epsilon * z**2
                    + O(
                        y * z**3,
                        epsilon * z**3,
                        epsilon * y * z**2,
                        epsilon**2 * z**2,
                        y**2 * z**2,
                        epsilon * y**2 * z,
                    ),
                ),
            ),
            over=_FORMAL,
            where=_series_names("zhu-closed-map"),
        ),
        source=Source("zhu2022", "two-step dynamics, here in the coordinates (z, y)"),
        uses=("zhu-closed-map",),
        checks=(Check("exact twofold composition, every monomial sorted", Level.DERIVED, _zhu_two_step),),
    ),
    Claim(
        id="zhu-sharpness-series",
        title="Degree-4 product: the sharpness at the end of the slow manifold",
        statement=Statement(
            conclusion=(eq(on_manifold, _SHARPNESS),),
            over=(Range(eta, FORMAL),),
            where=(
                Definition(
                    on_manifold,
                    "m(0)/eta, with the formal series T = m(z), powers of z and eta^2, that the map of zhu-closed-map "
                    "keeps and that starts at T = 2",
                ),
            ),
        ),
        source=Source("edgestab", "slow manifold of the degree-4 product"),
        uses=("zhu-closed-map",),
        checks=(Check("invariance equation of the slow manifold", Level.DERIVED, _zhu_manifold),),
    ),
    Claim(
        id="zhu-final-sharpness",
        title="Degree-4 product: the final sharpness, in the printed bracket and to four terms",
        statement=Statement(
            conclusion=(
                gt(end, 2 / eta - 20 * eta / 3),
                lt(end, 2 / eta),
                gt(end, 2 / eta - eta / 2),
                eq(end, _SHARPNESS),
            ),
            over=(Range(start, NEAR), Range(eta, sp.Interval.open(0, R(1, 2)))),
            where=(
                Definition(end, f"the limit of the sharpness {_DESCENT}; the statement includes that it exists"),
                Definition(start, "where x_1 and x_2 start"),
            ),
        ),
        source=Source("zhu2022", "theorem on sharpness concentration: (2/eta - 20 eta/3, 2/eta)"),
        uses=("zhu-two-step", "zhu-sharpness-series"),
        checks=(
            Check(
                "gradient descent in the parameters, error slopes",
                Level.CHECKED,
                _zhu_descent,
                hindsight=f"{SEEN}; part 3, and how far eta goes",
            ),
        ),
        note="The order symbol is for eta to 0. The paper has the bracket and, by iteration, 2/eta - eta/2, for small "
        "eta. At eta = 1/2 the edge meets the flattest minimum.",
    ),
    Claim(
        id="zhu-degree-2-closed-map",
        title="Degree-2 product: gradient descent closes in (z, T)",
        derivation=lambda subject: subject.example("zhu-degree-2", 3).explain(),
        statement=Statement(
            conclusion=(
                eq(STEP_Z, z - z * T + epsilon * z**2 * (1 + z)),
                eq(STEP_T, T - 4 * epsilon * z * (1 + z) + epsilon * z**2 * T),
            ),
            over=(*(Range(x, REALS) for x in (x_1, x_2)), Range(eta, POSITIVE)),
            where=_where(1, x_1, x_2),
        ),
        source=Source("zhu2022", "the contrast L = (1 - xy)^2/2"),
        checks=(Check("both sides as polynomials in weights and step size", Level.DERIVED, _degree_two_closes),),
        note="At epsilon = 0 the map is linear in z and keeps T.",
    ),
    Claim(
        id="zhu-degree-2",
        title="Degree-2 product: no relaxation over two steps, but an energy",
        derivation=lambda subject: subject.example("zhu-degree-2", 3).explain(),
        statement=Statement(
            conclusion=(
                eq(DZ, 2 * y * z + O(y**2 * z, epsilon * y * z**2)),
                eq(DY, -4 * epsilon * z**2 + O(epsilon**2 * z**2, epsilon * y * z**2, epsilon * y**2 * z)),
                eq(
                    _ENERGY[0] - _ENERGY[1],
                    O(epsilon * y**3 * z, epsilon * y**2 * z**2, epsilon**2 * y * z**2, epsilon**2 * z**4),
                ),
            ),
            over=_FORMAL,
            where=_series_names("zhu-degree-2-closed-map"),
        ),
        source=Source("zhu2022", "the contrast L = (1 - xy)^2/2"),
        uses=("zhu-degree-2-closed-map",),
        checks=(Check("exact twofold composition, every monomial sorted", Level.DERIVED, _degree_two),),
        note="Every term of y'' - y has the factor epsilon: the term -32 y z^2 by which degree 4 relaxes has no like.",
    ),
    Claim(
        id="zhu-degree-2-end",
        title="Degree-2 product: where descent ends depends on its start, so there is no concentration",
        statement=Statement(
            conclusion=(eq(2 - T_inf, eta * sp.sqrt(c**2 + 2 * z_0**2) + O(eta**2)),),
            over=(Range(z_0, REALS), Range(c, REALS), Range(eta, SMALL)),
            given=(ne(z_0, 0),),
            where=(
                Definition(
                    T_inf,
                    "the limit of T = eta (x_1^2 + x_2^2) along gradient descent on (1 - x_1 x_2)^2/2 with step size "
                    "eta, from a start with x_1 x_2 = 1 + z_0 and T = 2 + c eta; the statement includes that it exists",
                ),
                Definition(z_0, "z at the start"),
                Definition(c, "distance from the edge at the start, (T - 2)/eta"),
            ),
        ),
        source=Source("zhu2022", "the contrast L = (1 - xy)^2/2"),
        uses=("zhu-degree-2",),
        checks=(
            Check("gradient descent from three starts, error slopes", Level.CHECKED, _degree_two_ends, hindsight=SEEN),
        ),
        note="This is the energy of zhu-degree-2 at the start, and at the end z = 0.",
    ),
)
