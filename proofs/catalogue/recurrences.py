"""Claims on the one-step map, the nullcline and the printed two-step recurrences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sympy as sp
from flint import fmpq

from ...symbolic.algebra.rings import Exponents, PolyRing, poly_terms, rational_string
from ...symbolic.algebra.symbols import symbols
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..twins import coefficients_at, nullcline_residual, two_step_twin

z, T, y, epsilon, w = symbols("z T y epsilon w")
O = sp.Function("O")  # noqa: E741 - the order symbol, unevaluated: SymPy's own Order would absorb terms
STEP_Z, STEP_T = symbols("z' T'")
DZ, DY = (later - now for later, now in zip(symbols("z'' y''"), (z, y), strict=True))
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
    """State of the stepped theta against the closed map of the state, coefficient by coefficient in theta."""
    model, closed, step = ctx.subject.model, ctx.map, ctx.subject.theta_step
    ring = PolyRing((*model.theta, *model.parameters))
    fixed = [ring.generator(p) for p in model.parameters]
    inside = [ring.from_expr(e) for e in model.embedding()]
    stepped = [*(ring.from_expr(c) for c in step.components), *fixed]
    tested = rejected = 0
    for embedded, image in zip(inside, closed.polynomials, strict=True):
        left = poly_terms(embedded.compose(*stepped, ctx=ring.context))
        right = poly_terms(image.compose(*inside, *fixed, ctx=ring.context))
        monomials = left.keys() | right.keys()
        tested += len(monomials)
        rejected += sum(left.get(m, 0) != right.get(m, 0) for m in monomials)
    return judge(tested, rejected, worst=f"{rejected} differ", domain="all theta in R^2, all step sizes, all epsilon")


def _nullcline_on_twin(ctx: CheckContext) -> Outcome:
    """On the derived curve two gradient steps return z to itself, coefficient by coefficient."""
    order = _order(ctx)
    terms = ctx.map.nullcline(order).series.terms()
    degree = max(e for (_, e) in terms)
    tested = rejected = 0
    for eps in _points(degree + 3):
        curve = coefficients_at(terms, [eps], order + 1)
        rest = nullcline_residual(curve, eps, order)
        tested += len(rest)
        rejected += sum(c != 0 for c in rest)
        rejected += curve[0] != 2
    return judge(
        tested,
        rejected,
        worst=f"{rejected} differ",
        domain=f"formal series to z^{order}; polynomials in epsilon of degree up to {degree + 2} are determined",
    )


def _nullcline_at_zero(ctx: CheckContext) -> Outcome:
    """The curve at epsilon = 0 solves the exact equation as a rational function, and its series is the derived one."""
    order = _order(ctx)
    curve = ctx.map.nullcline(order)
    closed = 2 / (1 - z)
    left = sp.together(curve.exact_equation().subs({epsilon: 0}).subs(T, closed))
    rejected = int(sp.expand(sp.numer(left)) != 0)
    rejected += int(sp.expand(sp.numer(sp.together(curve.at_zero - closed))) != 0)
    series = coefficients_at(curve.series.terms(), [fmpq(0)], order + 1)
    rejected += sum(c != 2 for c in series)  # 2/(1 - z) = 2 + 2 z + 2 z^2 + ..
    return judge(2 + len(series), rejected, worst=f"{rejected} differ", domain="all z != 1 at epsilon = 0")


def _recurrence_on_twin(ctx: CheckContext) -> Outcome:
    """Both increments at a grid of (y, epsilon) against exact series of gradient descent in theta."""
    order = _order(ctx)
    recurrence = ctx.map.two_step(order)
    curve = recurrence.nullcline.series.terms()
    rows = [s.terms() for s in recurrence.increments]
    high_y = max(e[1] for row in rows for e in row)
    high_epsilon = max(e[2] for row in rows for e in row)
    tested = rejected = 0
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
        worst=f"{rejected} differ",
        domain=f"series to z^{order}, determined in (y, epsilon) up to degrees ({high_y + 1}, {high_epsilon + 1})",
    )


def _monomials(terms: dict[Exponents, fmpq], leading: dict[Exponents, fmpq]) -> tuple[int, int, list[Exponents]]:
    """How many leading coefficients there are, how many are wrong, and the exponents of all other terms."""
    wrong = sum(terms.get(e, fmpq(0)) != c for e, c in leading.items())
    return len(leading), wrong, [e for e in terms if e not in leading]


# exponents are of (z, y, epsilon)
Z_LEADING: dict[Exponents, fmpq] = {(1, 1, 0): fmpq(2)}
Y_LEADING: dict[Exponents, fmpq] = {(2, 1, 0): fmpq(-8), (2, 1, 1): fmpq(6), (2, 1, 2): fmpq(-8), (2, 0, 1): fmpq(-4)}


def _printed_z(ctx: CheckContext) -> Outcome:
    """The leading term, and that every other term is a multiple of y^2 z or y z^2."""
    order = _order(ctx)
    count, wrong, others = _monomials(ctx.map.two_step(order).z_increment.terms(), Z_LEADING)
    outside = [e for e in others if not ((e[1] >= 2 and e[0] >= 1) or (e[1] >= 1 and e[0] >= 2))]
    return judge(
        count + len(others),
        wrong + len(outside),
        worst=f"{wrong + len(outside)} outside",
        domain=f"all terms to z^{order}; z''-z vanishes on y = 0 and on z = 0, so no later term can leave the class",
        counterexample=str(outside[0]) if outside else None,
    )


def _printed_y_leading(ctx: CheckContext) -> Outcome:
    """The coefficients of y z^2 and z^2, each as a polynomial in epsilon."""
    terms = ctx.map.two_step(_order(ctx)).y_increment.terms()
    shown = {e for e in terms if e[0] <= 2 and e[1] <= 1} | Y_LEADING.keys()
    rejected = sum(terms.get(e, fmpq(0)) != Y_LEADING.get(e, fmpq(0)) for e in shown)
    return judge(len(shown), rejected, worst=f"{rejected} differ", domain="exact coefficients, all epsilon")


def _y_missing_terms(ctx: CheckContext) -> Outcome:
    """Terms beyond the printed leading ones that have no factor epsilon: the claim is that there are some."""
    terms = ctx.map.two_step(_order(ctx)).y_increment.terms()
    missing = [e for e in terms if e[2] == 0 and e not in Y_LEADING]
    first = [f"{rational_string(terms[e])}*y**{e[1]}*z**{e[0]}" for e in missing if e[0] <= 3]
    if (2, 2, 0) not in missing or (3, 1, 0) not in missing:
        return judge(len(terms), 1, detail="the printed remainder would be complete in y^2 z^2 or y z^3")
    return judge(
        len(terms),
        worst=f"{len(missing)} terms",
        domain=f"all terms to z^{_order(ctx)}",
        detail=f"without a factor epsilon to z^3: {' '.join(first)}",
        counterexample=first[0],
    )


def _y_scaled(ctx: CheckContext) -> Outcome:
    """With y = epsilon w every term is epsilon O(z^3) or epsilon^2 O(z^2) beyond the leading ones."""
    order = _order(ctx)
    recurrence = ctx.map.two_step(order)
    _, wrong, others = _monomials(recurrence.y_increment.terms(), Y_LEADING)
    outside = [e for e in others if not (e[1] + e[2] >= 1 and e[0] >= 3) and not (e[1] + e[2] >= 2 and e[0] == 2)]
    uneven = [e for e in recurrence.z_increment.terms() if e[1] + e[2] < 1]
    bad = wrong + len(outside) + len(uneven)
    return judge(
        len(others) + len(Y_LEADING) + len(recurrence.z_increment.terms()),
        bad,
        worst=f"{bad} outside",
        domain=f"y = epsilon w, w bounded, |z| <= r < 1; all terms to z^{order}, and to all orders since at epsilon = 0"
        " the curve T = 2/(1 - z) is a curve of two-cycles",
    )


def _two_cycles_at_zero(ctx: CheckContext) -> Outcome:
    """At epsilon = 0 the whole point (z, 2/(1 - z)) returns to itself after two steps, as rational functions."""
    twice = ctx.map.iterate(2)
    start = {z: z, T: 2 / (1 - z)}
    differences = [
        sp.numer(sp.together(component.subs(epsilon, 0).subs(T, start[T]) - start[variable]))
        for variable, component in zip((z, T), twice.components, strict=True)
    ]
    rejected = sum(sp.expand(d) != 0 for d in differences)
    return judge(len(differences), rejected, worst=f"{rejected} differ", domain="all z != 1")


def _source(locator: str = PRINTED) -> Source:
    return Source("agarwala2023", locator)


MAIN = "eigenvalues {1, -epsilon}, E = 0"

CLAIMS = (
    Claim(
        id="one-step-map",
        title="Gradient descent closes in (z, T)",
        statement=sp.And(
            sp.Eq(STEP_Z, z - z * T + z**2 * ((1 - epsilon) * T + 2 * epsilon * z) / 2),
            sp.Eq(
                STEP_T,
                T
                - 2 * z * ((1 - epsilon) * T + 2 * epsilon * z)
                + z**2 * ((1 - epsilon) * ((1 - epsilon) * T + 2 * epsilon * z) + epsilon * T),
            ),
        ),
        variables=(z, T, epsilon),
        source=_source("Analysis, insight 1: recurrence for the output"),
        domain=f"all theta in R^2, all step sizes, all epsilon; {MAIN}",
        note="The poster writes f without the factor 1/2; only with it, and z = eta f, are its coefficients right.",
        checks=(Check("both sides as polynomials in theta", Level.DERIVED, _one_step_is_gradient_step),),
    ),
    Claim(
        id="nullcline-series",
        title="The two-step nullcline T = f(z) through the edge, to any order",
        statement=sp.Eq(
            sp.Function("f")(z), 2 + 2 * (1 - epsilon) * z + 2 * (1 - epsilon + epsilon**2) * z**2 + O(z**3)
        ),
        variables=(z, epsilon),
        source=_source("Analysis, the nullcline from which y is measured"),
        uses=("one-step-map",),
        domain=f"formal power series in z, polynomial in epsilon; {MAIN}",
        checks=(Check("exact series of gradient descent in theta on the curve", Level.DERIVED, _nullcline_on_twin),),
    ),
    Claim(
        id="nullcline-at-zero",
        title="At epsilon = 0 the nullcline is 2/(1 - z)",
        statement=sp.Eq(sp.Function("f_0")(z), 2 / (1 - z)),
        variables=(z,),
        assumptions=(sp.Ne(z, 1),),
        source=_source("Analysis, the nullcline at epsilon = 0"),
        uses=("nullcline-series",),
        domain="epsilon = 0, z != 1",
        checks=(Check("substitution into the exact equation", Level.DERIVED, _nullcline_at_zero),),
    ),
    Claim(
        id="two-cycles-at-zero",
        title="At epsilon = 0 every point of the nullcline is a two-cycle",
        statement=sp.And(sp.Eq(DZ, 0), sp.Eq(DY, 0)),
        variables=(z,),
        assumptions=(sp.Eq(epsilon, 0, evaluate=False), sp.Eq(y, 0)),
        source=Source("edgestab", "why both increments are divisible by epsilon when y = epsilon w"),
        uses=("one-step-map",),
        domain="epsilon = 0, z != 1",
        checks=(Check("two exact steps as rational functions", Level.DERIVED, _two_cycles_at_zero),),
    ),
    Claim(
        id="two-step-recurrence",
        title="The complete two-step recurrence in (z, y)",
        statement=sp.And(
            sp.Eq(DZ, (2 * y + y**2) * z + O(z**2)),
            sp.Eq(DY, -(8 - 6 * epsilon + 8 * epsilon**2) * y * z**2 - 4 * epsilon * z**2 + O(y**2 * z**2) + O(z**3)),
        ),
        variables=(z, y, epsilon),
        source=_source(),
        uses=("one-step-map", "nullcline-series"),
        domain=f"all monomials of z-degree up to the order, every power of y and epsilon; {MAIN}",
        checks=(Check("exact series of gradient descent in theta at a grid", Level.DERIVED, _recurrence_on_twin),),
    ),
    Claim(
        id="printed-z-recurrence",
        title="The printed recurrence of z holds as it stands",
        statement=sp.Eq(DZ, 2 * y * z + O(y**2 * z) + O(y * z**2)),
        variables=(z, y, epsilon),
        source=_source(),
        uses=("two-step-recurrence",),
        domain=f"formal series at (z, y) = 0, uniform in epsilon on bounded sets; {MAIN}",
        checks=(Check("every monomial sorted", Level.DERIVED, _printed_z),),
    ),
    Claim(
        id="printed-y-leading",
        title="The printed leading terms of the recurrence of y are right",
        statement=sp.Eq(
            DY, -2 * (4 - 3 * epsilon + 4 * epsilon**2) * y * z**2 - 4 * epsilon * z**2 + O(y**2 * z**2) + O(z**3)
        ),
        variables=(z, y, epsilon),
        source=_source(),
        uses=("two-step-recurrence",),
        domain=f"coefficients of z^2 and y z^2, exact in epsilon; {MAIN}",
        checks=(Check("coefficients compared", Level.DERIVED, _printed_y_leading),),
    ),
    Claim(
        id="printed-y-remainder-incomplete",
        title="The printed remainder epsilon O(z^3) of the recurrence of y is not complete",
        statement=sp.Ne(DY + 2 * (4 - 3 * epsilon + 4 * epsilon**2) * y * z**2 + 4 * epsilon * z**2, epsilon * O(z**3)),
        variables=(z, y, epsilon),
        source=_source(),
        uses=("two-step-recurrence",),
        domain=f"as formal series, y independent of epsilon; {MAIN}",
        note="The exact expansion has further terms without a factor epsilon, among them y^2 z^2 and y z^3; "
        "see y-recurrence-scaled for where the printed line stands.",
        checks=(Check("terms without a factor epsilon listed", Level.DERIVED, _y_missing_terms),),
    ),
    Claim(
        id="y-recurrence-scaled",
        title="The printed recurrence of y stands for y = O(epsilon), up to epsilon^2 O(z^2)",
        statement=sp.Eq(
            DY,
            -2 * (4 - 3 * epsilon + 4 * epsilon**2) * y * z**2
            - 4 * epsilon * z**2
            + epsilon * O(z**3)
            + epsilon**2 * O(z**2),
        ),
        variables=(z, w, epsilon),
        assumptions=(sp.Eq(y, epsilon * w),),
        source=_source(),
        uses=("two-step-recurrence", "two-cycles-at-zero"),
        domain="y = epsilon w with w bounded, |z| <= r < 1, epsilon -> 0",
        note="With y = O(epsilon) and epsilon = O(|z|) the remainder is epsilon O(z^3) as printed; nearer to z = 0 a "
        "term epsilon^2 O(z^2) of the size of the printed y epsilon z^2 remains.",
        checks=(Check("every monomial sorted under y = epsilon w", Level.DERIVED, _y_scaled),),
    ),
)
