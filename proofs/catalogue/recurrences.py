"""Claims on the one-step map, the nullcline and the printed two-step recurrences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sympy as sp
from flint import fmpq

from ...symbolic.algebra.rings import Exponents, PolyRing, poly_terms, rational_string, to_fmpq, to_rational
from ...symbolic.algebra.symbols import symbols
from ...symbolic.planar.recurrences import Recurrence
from ..claims import Check, CheckContext, Claim, Finding, Level, Outcome, Source, judge
from ..statements import FORMAL, REALS, O, Range, Statement, eq, ne
from ..statements.comparing import differing, stated_terms
from ..twins import coefficients_at, nullcline_residual, two_step_twin

z, T, y, epsilon, w = symbols("z T y epsilon w")
STEP_Z, STEP_T = symbols("z' T'")
TWO_Z, TWO_Y, TWO_T = symbols("z'' y'' T''")
DZ, DY = TWO_Z - z, TWO_Y - y
F, F_0 = sp.Function("f")(z), sp.Function("f_0")(z)
PRINTED = "Analysis, insight 2: recurrence for every other iteration"


def _order(ctx: CheckContext) -> int:
    return int(ctx.pick(4, 6, 10))


def _points(count: int, avoid: Iterable[int] = (0, -1)) -> Iterator[fmpq]:
    """Distinct small rationals that are no pole of the twin."""
    found = 0
    for numerator in range(1, 10**6):
        for sign in (1, -1):
            value = fmpq(sign * numerator, 3)
            if value in set(avoid):
                continue
            yield value
            found += 1
            if found == count:
                return


def _one_step_is_gradient_step(ctx: CheckContext) -> Outcome:
    """State of the stepped theta against the stated map of the state, coefficient by coefficient in theta."""
    model, step = ctx.subject.model, ctx.subject.theta_step
    for variable in (z, T, epsilon):
        ctx.statement.within(variable, REALS)
    stated = [ctx.statement.equation(left) for left in (STEP_Z, STEP_T)]
    plane = PolyRing((z, T, epsilon))
    ring = PolyRing((*model.theta, *model.parameters))
    fixed = [ring.generator(p) for p in model.parameters]
    inside = [ring.from_expr(e) for e in model.embedding()]
    stepped = [*(ring.from_expr(c) for c in step.components), *fixed]
    tested = rejected = 0
    for embedded, right, derived in zip(inside, stated, ctx.map.polynomials, strict=True):
        image = plane.from_expr(sp.expand(right))
        left = poly_terms(embedded.compose(*stepped, ctx=ring.context))
        composed = poly_terms(image.compose(*inside, *fixed, ctx=ring.context))
        # the derived object itself, which everything later is made from
        for one, two in ((left, composed), (poly_terms(derived), poly_terms(image))):
            monomials = one.keys() | two.keys()
            tested += len(monomials)
            rejected += sum(one.get(m, 0) != two.get(m, 0) for m in monomials)
    return judge(tested, rejected, worst=rejected, bound=0, figure=DIFFER, domain="all theta in R^2, all step sizes")


def _nullcline_on_twin(ctx: CheckContext) -> Outcome:
    """The derived curve has the stated terms, and on it two gradient steps return z to itself, term by term."""
    order = _order(ctx)
    ctx.statement.within(z, FORMAL)
    ctx.statement.within(epsilon, REALS)
    terms = ctx.map.nullcline(order).series.terms()
    tested, wrong = differing(ctx.statement.equation(F), terms, (z, epsilon))
    rejected = len(wrong)
    degree = max(e for (_, e) in terms)
    for eps in _points(degree + 3):
        curve = coefficients_at(terms, [eps], order + 1)
        rest = nullcline_residual(curve, eps, order)
        tested += len(rest)
        rejected += sum(c != 0 for c in rest)
        rejected += curve[0] != 2
    return judge(
        tested,
        rejected,
        worst=rejected,
        bound=0,
        figure=DIFFER,
        domain=f"the derived series to z^{order}, polynomials in epsilon of degree up to {degree + 2}",
    )


def _nullcline_at_zero(ctx: CheckContext) -> Outcome:
    """The stated curve solves the exact equation as a rational function, and its series is the derived one."""
    order = _order(ctx)
    ctx.statement.within(z, REALS)
    closed = ctx.statement.equation(F_0)
    curve = ctx.map.nullcline(order)
    left = sp.together(curve.exact_equation().subs({epsilon: 0}).subs(T, closed))
    rejected = int(sp.expand(sp.numer(left)) != 0)
    rejected += int(sp.expand(sp.numer(sp.together(curve.at_zero - closed))) != 0)
    expansion = sp.Poly(sp.series(closed, z, 0, order + 1).removeO(), z)
    series = coefficients_at(curve.series.terms(), [fmpq(0)], order + 1)
    rejected += sum(to_rational(c) != expansion.coeff_monomial(z**k) for k, c in enumerate(series))
    rejected += poles_admitted(ctx, closed)
    domain = "all z at which it is finite"
    return judge(3 + len(series), rejected, worst=rejected, bound=0, figure=DIFFER, domain=domain)


def poles_admitted(ctx: CheckContext, *functions: sp.Expr) -> int:
    """How many real poles of rational functions of z the hypotheses do not exclude."""
    denominators = sp.Mul(*(sp.denom(sp.together(f)) for f in functions))
    on_z = [h for h in ctx.statement.hypotheses_on(z) if h.free_symbols == {z}]
    roots = sp.real_roots(sp.Poly(denominators, z))
    return sum(all(ctx.statement.decided(h, {z: root}) for h in on_z) for root in roots)


def _recurrence_on_twin(ctx: CheckContext) -> Outcome:
    """The derived increments have the stated terms, and agree at a grid of (y, epsilon) with exact gradient descent."""
    order = _order(ctx)
    recurrence = ctx.map.two_step(order)
    tested, wrong = _against_statement(ctx, recurrence)
    rejected = len(wrong)
    curve = recurrence.nullcline.series.terms()
    rows = [s.terms() for s in recurrence.increments]
    high_y = max(e[1] for row in rows for e in row)
    high_epsilon = max(e[2] for row in rows for e in row)
    for count, eps in enumerate(_points(high_epsilon + 2)):
        at_eps = coefficients_at(curve, [eps], order + 1)
        for deviation in _points(high_y + 2, avoid=()):
            truth = two_step_twin(at_eps, deviation, eps, order)
            for row, expected in zip(rows, truth, strict=True):
                got = coefficients_at(row, [deviation, eps], order + 1)
                tested += order + 1
                rejected += sum(a != b for a, b in zip(got, expected, strict=True))
        ctx.progress((count + 1) / (high_epsilon + 2))
    return judge(
        tested,
        rejected,
        worst=rejected,
        bound=0,
        figure=DIFFER,
        domain=f"series to z^{order}, determined in (y, epsilon) up to degrees ({high_y + 1}, {high_epsilon + 1})",
    )


def _against_statement(ctx: CheckContext, recurrence: Recurrence) -> tuple[int, list[Exponents]]:
    """Monomials of the increments that the statement speaks of, and those that are not as stated.

    The increments are complete in z up to their order, at every power of y and epsilon. Higher powers of z have to
    lie in the stated remainder: those of the z increment have factors y and z, since it vanishes on the nullcline and
    on the line of minima.
    """
    for variable in (z, y):
        ctx.statement.within(variable, FORMAL)
    ctx.statement.within(epsilon, REALS)
    beyond = recurrence.nullcline.order + 1
    tested, wrong = 0, []
    sides = ((DZ, recurrence.z_increment, (beyond, 1, 0)), (DY, recurrence.y_increment, (beyond, 0, 0)))
    for left, series, lowest in sides:
        if not ctx.statement.relations(left):
            continue
        right = ctx.statement.equation(left)
        compared, differ = differing(right, series.terms(), VARIABLES)
        tested += compared + 1
        wrong += differ
        _, rest = stated_terms(right, VARIABLES)
        wrong += [] if rest.holds(lowest) else [lowest]
    return tested, wrong


def _stated(ctx: CheckContext) -> Outcome:
    """Every monomial of the derived increments is stated, or lies in the stated remainder."""
    recurrence = ctx.map.two_step(_order(ctx))
    tested, wrong = _against_statement(ctx, recurrence)
    return judge(
        tested,
        len(wrong),
        worst=len(wrong),
        bound=0,
        figure="monomials that are neither stated nor in the remainder",
        domain="every monomial; later ones in z lie in the remainder by their factors",
        counterexample=str(wrong[0]) if wrong else None,
    )


def _y_missing_terms(ctx: CheckContext) -> Outcome:
    """The terms at epsilon = 0, where the printed line leaves its leading one alone."""
    recurrence = ctx.map.two_step(_order(ctx))
    for variable in (z, y):
        ctx.statement.within(variable, FORMAL)
    ctx.statement.within(epsilon, REALS)
    value = ctx.statement.value(epsilon)
    at_value: dict[Exponents, fmpq] = {}
    for (power, height, small), c in recurrence.y_increment.terms().items():
        at_value[power, height] = at_value.get((power, height), fmpq(0)) + c * to_fmpq(value) ** small
    right = ctx.statement.equation(DY)
    tested, wrong = differing(right, at_value, (z, y))
    _, rest = stated_terms(right, (z, y))
    wrong += [] if rest.holds((recurrence.nullcline.order + 1, 0)) else [(recurrence.nullcline.order + 1, 0)]
    missing = [f"{rational_string(c)}*y**{e[1]}*z**{e[0]}" for e, c in sorted(at_value.items()) if e != (2, 1) and c]
    return judge(
        tested + 1,
        len(wrong),
        worst=len(wrong),
        bound=0,
        figure=DIFFER,
        domain="every monomial up to the stated remainder",
        detail=f"not printed: {' '.join(missing[:4])} ..",
    )


def _y_scaled(ctx: CheckContext) -> Outcome:
    """Under the hypothesis y = epsilon w every term beyond the leading ones lies in the stated remainder."""
    recurrence = ctx.map.two_step(_order(ctx))
    for variable in (z, y, w, epsilon):
        ctx.statement.within(variable, FORMAL)
    y_value = ctx.statement.value(y)
    ring = PolyRing((z, w, epsilon))
    inside = [ring.from_expr(e) for e in (z, y_value, epsilon)]
    increments = [s.polynomial().compose(*inside, ctx=ring.context) for s in recurrence.increments]
    right = ctx.statement.equation(DY).subs(y, y_value)
    tested, wrong = differing(right, poly_terms(increments[1]), (z, w, epsilon))
    # later terms have a factor epsilon: at epsilon = 0 every point of the nullcline is a two-cycle
    later = (recurrence.nullcline.order + 1, 0, 1)
    _, rest = stated_terms(right, (z, w, epsilon))
    wrong += [] if rest.holds(later) else [later]
    uneven = [e for p in increments for e in poly_terms(p) if e[2] < 1]
    return judge(
        tested + 1,
        len(wrong) + len(uneven),
        worst=len(wrong) + len(uneven),
        bound=0,
        figure="monomials that are neither stated nor in the remainder",
        domain="every monomial; later ones in z have a factor epsilon, by two-cycles-at-zero",
    )


def _two_cycles_at_zero(ctx: CheckContext) -> Outcome:
    """The stated points return to themselves after two steps, as rational functions."""
    for variable in (z, T, epsilon):
        ctx.statement.within(variable, REALS)
    twice = ctx.map.iterate(2)
    curve, small = ctx.statement.value(T), ctx.statement.value(epsilon)
    later = {TWO_Z: twice.components[0], TWO_T: twice.components[1]}
    differences = []
    for part in ctx.statement.parts():
        if not isinstance(part, sp.Eq):
            return judge(1, undecided=1, detail=f"not an equation: {part}")
        left, right = (side.subs(later).subs(epsilon, small).subs(T, curve) for side in part.args)
        differences.append(sp.expand(sp.numer(sp.together(left - right))))
    rejected = sum(d != 0 for d in differences) + poles_admitted(ctx, curve)
    return judge(len(differences) + 1, rejected, worst=rejected, bound=0, figure=DIFFER, domain="all such z")


def _source(locator: str = PRINTED) -> Source:
    return Source("agarwala2023", locator)


DIFFER = "coefficients that differ"
VARIABLES = (z, y, epsilon)
_PLANE = tuple(Range(v, REALS) for v in (z, T, epsilon))
_SERIES = (Range(z, FORMAL), Range(y, FORMAL), Range(epsilon, REALS))
_LEADING_Y = -2 * (4 - 3 * epsilon + 4 * epsilon**2) * y * z**2 - 4 * epsilon * z**2

CLAIMS = (
    Claim(
        id="one-step-map",
        title="Gradient descent closes in (z, T)",
        finding=Finding.SILENT,
        derivation=lambda subject: subject.map.explain(),
        statement=Statement(
            conclusion=(
                eq(STEP_Z, z - z * T + z**2 * ((1 - epsilon) * T + 2 * epsilon * z) / 2),
                eq(
                    STEP_T,
                    T
                    - 2 * z * ((1 - epsilon) * T + 2 * epsilon * z)
                    + z**2 * ((1 - epsilon) * ((1 - epsilon) * T + 2 * epsilon * z) + epsilon * T),
                ),
            ),
            over=_PLANE,
        ),
        source=_source("Analysis, insight 1: recurrence for the output"),
        note="The poster writes f without the factor 1/2; only with it, and z = eta f, are its coefficients right.",
        checks=(Check("both sides as polynomials in theta", Level.DERIVED, _one_step_is_gradient_step),),
    ),
    Claim(
        id="nullcline-series",
        title="The two-step nullcline T = f(z) through the edge",
        derivation=lambda subject: subject.map.nullcline(3).explain(),
        statement=Statement(
            conclusion=(eq(F, 2 + 2 * (1 - epsilon) * z + 2 * (1 - epsilon + epsilon**2) * z**2 + O(z**3)),),
            over=(Range(z, FORMAL), Range(epsilon, REALS)),
        ),
        source=_source("Analysis, insight 2: the nullcline from which y is measured"),
        uses=("one-step-map",),
        note="`edgestab derive nullcline --order K` prints any order.",
        checks=(Check("exact series of gradient descent in theta on the curve", Level.DERIVED, _nullcline_on_twin),),
    ),
    Claim(
        id="nullcline-at-zero",
        title="At epsilon = 0 the nullcline is 2/(1 - z)",
        derivation=lambda subject: subject.map.nullcline(3).explain(),
        statement=Statement(conclusion=(eq(F_0, 2 / (1 - z)),), over=(Range(z, REALS),), given=(ne(z, 1),)),
        source=_source("Analysis, insight 2: the nullcline at epsilon = 0"),
        uses=("nullcline-series",),
        checks=(Check("substitution into the exact equation", Level.DERIVED, _nullcline_at_zero),),
    ),
    Claim(
        id="two-cycles-at-zero",
        title="At epsilon = 0 every point of the nullcline is a two-cycle",
        statement=Statement(
            conclusion=(eq(TWO_Z, z), eq(TWO_T, T)),
            over=_PLANE,
            given=(eq(epsilon, 0), eq(T, 2 / (1 - z)), ne(z, 1)),
        ),
        source=Source("edgestab", "why both increments are divisible by epsilon when y = epsilon w"),
        uses=("one-step-map",),
        checks=(Check("two exact steps as rational functions", Level.DERIVED, _two_cycles_at_zero),),
    ),
    Claim(
        id="two-step-recurrence",
        title="The two-step recurrence in (z, y), with its first terms",
        derivation=lambda subject: subject.map.two_step(3).explain(),
        statement=Statement(
            conclusion=(
                eq(DZ, (2 * y + y**2) * z + O(z**2)),
                eq(DY, -(8 - 6 * epsilon + 8 * epsilon**2) * y * z**2 - 4 * epsilon * z**2 + O(y**2 * z**2, z**3)),
            ),
            over=_SERIES,
        ),
        source=_source(),
        uses=("one-step-map", "nullcline-series"),
        note="`edgestab derive two-step --order K` prints every monomial up to z^K, at all powers of y and epsilon.",
        checks=(Check("exact series of gradient descent in theta at a grid", Level.DERIVED, _recurrence_on_twin),),
    ),
    Claim(
        id="printed-z-recurrence",
        title="The printed recurrence of z holds as it stands",
        derivation=lambda subject: subject.map.two_step(3).explain(),
        statement=Statement(conclusion=(eq(DZ, 2 * y * z + O(y**2 * z) + O(y * z**2)),), over=_SERIES),
        source=_source(),
        uses=("two-step-recurrence",),
        checks=(Check("every monomial sorted", Level.DERIVED, _stated),),
    ),
    Claim(
        id="printed-y-leading",
        title="The printed leading terms of the recurrence of y are right",
        derivation=lambda subject: subject.map.two_step(3).explain(),
        statement=Statement(conclusion=(eq(DY, _LEADING_Y + O(y**2 * z**2) + O(z**3)),), over=_SERIES),
        source=_source(),
        uses=("two-step-recurrence",),
        checks=(Check("every monomial sorted", Level.DERIVED, _stated),),
    ),
    Claim(
        id="printed-y-remainder-incomplete",
        title="The printed remainder epsilon O(z^3) of the recurrence of y is not complete",
        finding=Finding.LEFT_OUT,
        derivation=lambda subject: subject.map.two_step(3).explain(),
        statement=Statement(
            conclusion=(eq(DY, -8 * y * z**2 - 12 * y**2 * z**2 + O(y**3 * z**2, z**3)),),
            over=_SERIES,
            given=(eq(epsilon, 0),),
        ),
        source=_source(),
        uses=("two-step-recurrence",),
        note="At epsilon = 0 the printed line would leave -8 y z^2 alone. See y-recurrence-scaled for where it stands.",
        checks=(Check("terms without a factor epsilon", Level.DERIVED, _y_missing_terms),),
    ),
    Claim(
        id="y-recurrence-scaled",
        title="The printed recurrence of y stands for y = O(epsilon), up to y^2 O(z^2)",
        finding=Finding.LEFT_OUT,
        derivation=lambda subject: subject.map.two_step(3).explain(),
        statement=Statement(
            conclusion=(eq(DY, _LEADING_Y + epsilon * O(z**3) + y**2 * O(z**2)),),
            over=tuple(Range(v, FORMAL) for v in (z, y, w, epsilon)),
            given=(eq(y, epsilon * w),),
        ),
        source=_source(),
        uses=("two-step-recurrence", "two-cycles-at-zero"),
        note="With y = O(epsilon) and epsilon = O(|z|) the remainder is epsilon O(z^3) as printed; nearer to z = 0 a "
        "term y^2 O(z^2) of the size of the printed y epsilon z^2 remains.",
        checks=(Check("every monomial sorted under y = epsilon w", Level.DERIVED, _y_scaled),),
    ),
)
