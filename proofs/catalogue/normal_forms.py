"""Claims on the flip at the edge of stability, and on where training along a manifold of minima ends."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sympy as sp

from ...numeric.orbits.minimum_descent import compare_with_descent
from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.symbols import symbols
from ...symbolic.models.literature import EXAMPLES
from ...symbolic.models.normal_form.flip_form import derive_normal_form
from ...symbolic.models.normal_form.minimum import reduce_at_minimum
from ...symbolic.models.normal_form.minimum_form import MinimumForm
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import FORMAL, POSITIVE, REALS, Definition, O, Range, Reading, Statement, eq, gt, lt, ne, split_order

eta, epsilon, theta_1, theta_2 = symbols("eta epsilon theta_1 theta_2")
T_INF = symbols("T_inf")[0]
L_3, L_4, k, x, u, s = sp.symbols("L_3 L_4 k x u s", real=True)
L_2 = sp.Symbol("L_2", positive=True)
WEIGHTS = sp.symbols("x y z w", real=True)
LOSS = sp.Function("L")
C, S, BETA, KAPPA, RHO, DELTA = sp.symbols("c_1 S_1 beta_1 kappa_1 rho_1 delta_1", cls=sp.Function)
ONE, FOUR, MAIN = LOSS(x), LOSS(*WEIGHTS), LOSS(theta_1, theta_2)
SIZES = sp.Interval(sp.Rational(1, 400), sp.Rational(1, 100))
DIFFER = "formulas that differ"


def _same(one: sp.Expr, other: Any) -> bool:
    return isinstance(other, sp.Expr) and sp.expand(sp.numer(sp.together(one - other))) == 0


def _one_parameter(ctx: CheckContext) -> Outcome:
    """The normal form by series, and the composed map, each against the stated coefficient."""
    ctx.statement.within(L_2, POSITIVE)
    for variable in (L_3, L_4, x):
        ctx.statement.within(variable, REALS)
    loss = ctx.statement.defined(ONE)
    stated = ctx.statement.equation(C(ONE))
    step = sp.expand(x - 2 / L_2 * sp.diff(loss, x))
    found = derive_normal_form({"x": step}, {"x": 0}, order=3).first_lyapunov_coefficient
    reduced = reduce_at_minimum(loss, (x,), {"x": 0}, order=3).first_lyapunov_coefficient
    # two steps of a flip move by -2 c x^3
    twice = sp.expand(step.subs(x, step) - x).coeff(x, 3)
    wrong = [not _same(stated, found), not _same(stated, reduced), not _same(-2 * stated, twice)]
    domain = "all third and fourth derivatives, L_2 > 0"
    return judge(len(wrong), sum(wrong), worst=sum(wrong), bound=0, figure=DIFFER, domain=domain)


def _two_cycle_side(ctx: CheckContext) -> Outcome:
    """The two-cycle's equation from the stated loss; with it the product is a sum of squares times positive numbers."""
    reading = ctx.statement
    for variable, domain in ((L_2, POSITIVE), (eta, POSITIVE), (k, REALS), (u, REALS), (x, REALS)):
        reading.within(variable, domain)
    loss = reading.defined(ONE)
    turned = next(h for h in reading.given() if isinstance(h, sp.Eq))
    stepped = (x - eta * sp.diff(loss, x)).subs(x, u)
    found = reduce_at_minimum(loss, (x,), {"x": 0}, order=3).first_lyapunov_coefficient
    wrong = [
        "the two-cycle" * (turned.args[1] != -u or not _same(turned.args[0], stepped)),
        "c_1" * (not _same(reading.equation(C(ONE)), found)),
    ]
    product = reading.part(1)
    left, right = product.args
    nonzero = {h.args[0] for h in reading.given() if isinstance(h, sp.Ne) and h.args[1] == 0}
    signed = {v: sp.Symbol(v.name, real=True, nonzero=True) for v in nonzero}
    # c_1 L_2 has no L_2 in it; what is left is given by the two-cycle
    (curvature,) = sp.solve(sp.cancel((stepped + u) / u), L_2)
    value = sp.expand(((left - right) * L_2).subs(C(ONE), found)).subs(L_2, curvature)
    positive = sp.factor(sp.expand(value)).subs(signed).is_positive
    wrong.append("the sign" * (not isinstance(product, sp.Gt) or positive is not True))
    bad = [w for w in wrong if w]
    return judge(3, len(bad), worst=len(bad), bound=0, figure="parts that fail", domain="all k, u not 0; L_2, eta > 0")


@lru_cache(maxsize=4)
def _reduced(loss: sp.Expr, parameters: tuple[sp.Symbol, ...], at: tuple[sp.Expr, ...]) -> MinimumForm:
    return reduce_at_minimum(loss, parameters, dict(zip((p.name for p in parameters), at, strict=True)))


def _against(reading: Reading, form: MinimumForm, loss: sp.Expr) -> list[str]:
    """Which of the stated numbers are not those of the reduction."""
    found = {C: form.first_lyapunov_coefficient, S: form.sharpness, BETA: form.beta}
    return [str(name) for name, value in found.items() if not _same(reading.equation(name(loss)), value)]


def naive_numbers(loss: sp.Expr, parameters: Sequence[sp.Symbol], at: Sequence[sp.Expr]) -> tuple[sp.Expr, ...]:
    """S, c and beta at a minimum whose Hessian has rank one, from whole tensors of derivatives.

    Args:
        loss: polynomial.
        parameters: of the loss.
        at: the minimum.

    Returns:
        The three numbers.
    """
    here = dict(zip(parameters, at, strict=True))
    hessian = sp.hessian(loss, parameters).subs(here)
    top = hessian.trace()
    q = hessian.columnspace()[0]
    q = q / sp.sqrt((q.T * q)[0])
    size = range(len(parameters))

    def derived(*vectors: sp.Matrix) -> sp.Matrix:
        first: list[sp.Expr] = [sp.diff(loss, p) for p in parameters]
        for v in vectors:
            first = [sum((v[i] * sp.diff(g, parameters[i]) for i in size), sp.S.Zero) for g in first]
        return sp.Matrix([g.subs(here) for g in first])

    cubic, quartic = derived(q, q), derived(q, q, q)
    along = (q.T * cubic)[0] * q
    # Kuznetsov's formula with B = -eta L''', C = -eta L'''' and I - A = eta H on the range, which q spans
    bent = along / (-top)
    c = (-(2 / top) * ((q.T * quartic)[0] + 3 * (q.T * derived(q, bent))[0])) / 6
    slope = cubic - along
    return tuple(sp.radsimp(sp.simplify(e)) for e in (top, c, (slope.T * slope)[0]))


def _zhu(ctx: CheckContext) -> Outcome:
    """The reduction with a symbol for the point, and whole tensors of derivatives at some points."""
    ctx.statement.within(s, POSITIVE)
    for variable in WEIGHTS:
        ctx.statement.within(variable, REALS)
    loss = ctx.statement.defined(FOUR)
    given = ctx.statement.given()
    at = tuple(h.args[1] for h in given)
    if tuple(h.args[0] for h in given) != WEIGHTS or not all(isinstance(h, sp.Eq) for h in given):
        raise ProofError.of("the minimum", "one value for each weight", ctx.statement.given(), "It judges no others.")
    form = _reduced(loss, WEIGHTS, at)
    wrong = _against(ctx.statement, form, FOUR) if form.reduced else ["the point is no minimum"]
    tested = 3
    for value in ctx.pick((sp.Integer(2),), (sp.Rational(1, 2), sp.Integer(3)), (sp.Rational(1, 2), sp.Integer(3))):
        if wrong:
            break
        point = [e.subs(s, value) for e in at]
        for name, found in zip((S, C, BETA), naive_numbers(loss, WEIGHTS, point), strict=True):
            tested += 1
            if not _same(ctx.statement.equation(name(FOUR)).subs(s, value), found):
                wrong.append(f"{name} at s = {value}")
    return judge(
        tested,
        len(wrong),
        worst=len(wrong),
        bound=0,
        figure=DIFFER,
        domain="all s > 0",
        counterexample=str(wrong[0]) if wrong else None,
    )


def _main_case(ctx: CheckContext) -> Outcome:
    """The reduction of the main case, and its limit series against what the reduction predicts of the end."""
    ctx.statement.within(epsilon, FORMAL)
    root, t = sp.symbols("root t", positive=True)
    stated_loss = ctx.statement.defined(MAIN)
    other = [] if _is_main_case(stated_loss) else ["the loss is not that of the main case"]
    loss = stated_loss.subs(epsilon, root**2)
    form = _reduced(loss, (theta_1, theta_2), (root * t, t))
    square = {epsilon: root**2}
    wrong = other + [
        str(name)
        for name, found in ((KAPPA, form.kappa), (RHO, form.rho))
        if not _same(ctx.statement.equation(name(MAIN)).subs(square), found)
    ]
    stated = ctx.statement.equation(T_INF)
    leading, dropped = split_order(stated)
    formula = leading.subs(KAPPA(MAIN), ctx.statement.equation(KAPPA(MAIN)))
    predicted = sp.Add(*(sp.diff(formula, epsilon, n).subs(epsilon, 0) * epsilon**n for n in (0, 1)))
    exact = ctx.map.limit_series(2).expression()
    difference = sp.Poly(sp.expand(predicted - exact), epsilon)
    (remainder,) = dropped
    power = sp.degree(remainder, epsilon)
    wrong += [f"T_inf at epsilon^{n}" for (n,), c in difference.terms() if c != 0 and n < power]
    # the order is not better than stated either
    wrong += ["the remainder"] * (power != 2 or remainder != epsilon**power)
    return judge(
        5,
        len(wrong),
        worst=len(wrong),
        bound=0,
        figure=DIFFER,
        domain="series in epsilon",
        counterexample=str(wrong[0]) if wrong else None,
    )


def _is_main_case(loss: sp.Expr) -> bool:
    """Whether a stated loss is that of the main case: the conclusions hold for others too, which are not claimed."""
    model = EXAMPLES["agarwala"]().model()
    own = dict(zip(model.parameters, (theta_1, theta_2), strict=True))
    return bool(sp.expand(model.loss.subs(own) - loss) == 0)


@lru_cache(maxsize=8)
def _measured(loss: sp.Expr, size: sp.Rational) -> float:
    """Relative error of the predicted depth, by gradient descent from the slow manifold; infinite where none ends."""
    at = {"theta_1": 1, "theta_2": 1 / sp.sqrt(size)}
    form = reduce_at_minimum(loss.subs(epsilon, size), (theta_1, theta_2), at)
    if form.predicted_sharpness is None:
        return float("inf")
    error = compare_with_descent(form).errors[0]
    return error if error == error else float("inf")


def _end_is_reached(ctx: CheckContext) -> Outcome:
    """Gradient descent on the stated loss at some epsilon against the stated bound."""
    ctx.statement.within(epsilon, SIZES)
    loss = ctx.statement.defined(MAIN)
    named = ctx.statement.unfolded(DELTA(MAIN))
    chosen = [sp.Rational(1, n**2) for n in ctx.pick((10, 20), (10, 15, 20), (10, 12, 15, 17, 20))]
    asked = [e for e in chosen if ctx.statement.interval(epsilon).contains(e) is sp.true]
    errors = {e: _measured(loss, e) for e in asked}
    missed = [
        e
        for e, found in errors.items()
        if not ctx.statement.holds({epsilon: e, named.subs(epsilon, e): found, named: found})
    ]
    missed = missed if _is_main_case(loss) else asked
    worst = max((found / float(e) for e, found in errors.items()), default=float("inf"))
    return judge(
        len(asked),
        len(missed),
        worst=round(worst, 4),
        bound="1/3",
        figure="largest error over epsilon",
        digits=16,
        domain=f"epsilon in {{{', '.join(map(str, asked))}}}",
    )


CLAIMS = (
    Claim(
        id="flip-coefficient-one-parameter",
        title="The first Lyapunov coefficient of gradient descent on a loss of one parameter",
        statement=Statement(
            conclusion=(eq(C(ONE), L_3**2 / L_2**2 - L_4 / (3 * L_2)),),
            over=(Range(L_2, POSITIVE), Range(L_3, REALS), Range(L_4, REALS), Range(x, REALS)),
            where=(
                Definition(ONE, "the loss", L_2 * x**2 / 2 + L_3 * x**3 / 6 + L_4 * x**4 / 24),
                Definition(L_2, "second derivative of the loss at its minimum 0"),
                Definition(L_3, "third derivative there"),
                Definition(L_4, "fourth derivative there"),
                Definition(x, "the parameter"),
            ),
        ),
        source=Source("kuznetsov2004", "Section 4.5, the coefficient c of the flip"),
        checks=(Check("series on the centre manifold, and the composed map", Level.DERIVED, _one_parameter),),
        note="Higher derivatives do not enter. With c > 0 a stable two-cycle lies beyond the edge.",
    ),
    Claim(
        id="flip-side-of-two-cycle",
        title="The first Lyapunov coefficient says on which side of the edge the two-cycle lies",
        statement=Statement(
            conclusion=(eq(C(ONE), -2 * k / L_2), gt(C(ONE) * (eta * L_2 - 2), 0)),
            over=(Range(L_2, POSITIVE), Range(eta, POSITIVE), *(Range(v, REALS) for v in (k, u, x))),
            given=(eq(u - eta * (L_2 * u + k * u**3), -u), ne(k, 0), ne(u, 0)),
            where=(
                Definition(ONE, "the loss", L_2 * x**2 / 2 + k * x**4 / 4),
                Definition(x, "the parameter"),
                Definition(L_2, "second derivative of the loss at its minimum 0"),
                Definition(k, "coefficient of the quartic"),
                Definition(u, "a point that one step of gradient descent with step size eta turns into -u"),
            ),
        ),
        source=Source("kuznetsov2004", "Section 4.5; for gradient descent here exactly, at any distance from the edge"),
        uses=("flip-coefficient-one-parameter",),
        checks=(Check("the two-cycle, solved exactly", Level.DERIVED, _two_cycle_side),),
        note="Beyond the edge where c_1 > 0, before it where c_1 < 0, for the symmetric two-cycle of any size.",
    ),
    Claim(
        id="scalar-net-normal-form",
        title="Product of four weights: the numbers that decide its edge of stability",
        statement=Statement(
            conclusion=(
                eq(S(FOUR), 2 * (s**2 + s**-2)),
                eq(
                    C(FOUR),
                    4 * ((1 + 4 * s**4 + s**8) ** 2 - s**4 * (1 + s**4) ** 2) / (s**2 * (1 + s**4) ** 3),
                ),
                eq(BETA(FOUR), 8 * (1 - s**4) ** 2 / (s**2 * (1 + s**4))),
            ),
            over=(Range(s, POSITIVE), *(Range(v, REALS) for v in WEIGHTS)),
            given=tuple(eq(v, e) for v, e in zip(WEIGHTS, (1 / s, s, 1 / s, s), strict=True)),
            where=(
                Definition(FOUR, "the loss", (1 - sp.Mul(*WEIGHTS)) ** 2 / 2),
                *(Definition(v, "a weight, at the minimum") for v in WEIGHTS),
                Definition(s, "which minimum it is"),
            ),
        ),
        source=Source("zhu2022", "the model; the coefficients are derived here"),
        checks=(Check("reduction with a symbol, and whole tensors at points", Level.DERIVED, _zhu),),
        note="kappa = beta_1/(S_1^2 c_1) is eta^2/2 to leading order in the step size eta = 2/S_1 of the edge.",
    ),
    Claim(
        id="minimum-form-main-case",
        title="The reduction at a minimum predicts where the main case ends",
        statement=Statement(
            conclusion=(
                eq(KAPPA(MAIN), epsilon / (2 * (1 - epsilon) ** 2)),
                eq(RHO(MAIN), epsilon / (4 * (1 - epsilon) ** 2)),
                eq(T_INF, 2 - KAPPA(MAIN) + O(epsilon**2)),
            ),
            over=(Range(epsilon, FORMAL),),
            where=(
                Definition(MAIN, "the loss", (theta_1**2 - epsilon * theta_2**2) ** 2 / 8),
                Definition(theta_1, "parameter, at the minima sqrt(epsilon) theta_2"),
                Definition(theta_2, "parameter"),
                Definition(T_INF, "the limit of T along orbits that have relaxed, as a series in epsilon"),
            ),
        ),
        source=Source("edgestab", "derived here"),
        uses=("limit-series",),
        checks=(Check("reduction with symbols, against the limit series", Level.DERIVED, _main_case),),
        note="The same for every minimum: theta_2 drops out.",
    ),
    Claim(
        id="minimum-form-measured",
        title="The reduction at a minimum predicts the final sharpness to relative order epsilon",
        statement=Statement(
            conclusion=(lt(DELTA(MAIN), epsilon / 3),),
            over=(Range(epsilon, SIZES),),
            where=(
                Definition(MAIN, "the loss", (theta_1**2 - epsilon * theta_2**2) ** 2 / 8),
                Definition(theta_1, "parameter, 1 at the minimum that is taken"),
                Definition(theta_2, "parameter, 1/sqrt(epsilon) there"),
                Definition(
                    DELTA(MAIN),
                    "relative error of the predicted depth of the final sharpness below 2/eta, for gradient descent "
                    "from a start on the slow manifold, at the step size of the edge",
                ),
            ),
        ),
        source=Source("edgestab", "edgestab.orbits.compare_with_descent"),
        uses=("minimum-form-main-case",),
        checks=(Check("gradient descent in doubles", Level.CHECKED, _end_is_reached, hindsight="the bound epsilon/3"),),
    ),
)
