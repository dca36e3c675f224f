"""Claims on models that others studied, derived from their losses with the tools that users have for their own."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import sympy as sp

from ...numeric.orbits.own_loss_descent import descend_to_minimum, product_start
from ...symbolic.algebra.errors import EdgestabError
from ...symbolic.algebra.rings import PolyRing, poly_terms, to_fmpq, to_rational
from ...symbolic.algebra.series import TruncatedSeries, compose, evaluate
from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.models.literature import example_study, lewkowycz
from ...symbolic.models.own_loss.stabilisation import alpha, beta, derive_self_stabilisation, minimal_loss
from ...symbolic.models.own_loss.study import EdgeStudy
from ...symbolic.planar.nullcline import EDGE
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, Verdict, judge

z, T, y, epsilon, eta = (symbol(n) for n in ("z", "T", "y", "epsilon", "eta"))
lam, f, n, x = symbols("lambda f n x")
ORDER = 3
START = (Fraction(3, 20), Fraction(9, 4))
"""Near the two-cycles of the degree-4 model; what is off them is forgotten like exp(-0.36/eta^2) on the way down."""


def _study(ctx: CheckContext, name: str) -> EdgeStudy:
    return ctx.subject.example(name, ORDER)


def _conjugate(study: EdgeStudy, domain: str) -> Outcome:
    """``(z, T)(gradient step)`` against ``map((z, T))``, as polynomials in the parameters and constants."""
    form, model = study.form, study.model
    if form is None:
        return judge(1, 1, detail=f"stops at: {study.failing}")
    replaced = form.reduction.replaced
    ring = PolyRing((*model.free, *replaced.symbols(model.constants)))
    coordinates = dict(form.reduction.coordinates)
    inside = [ring.from_expr(replaced.replace(e.subs(coordinates))) for e in (form.residual, form.curvature)]
    step = model.step_map(replaced)
    fixed = [ring.generator(s) for s in step.parameters]
    stepped = [*(ring.from_expr(c) for c in step.components), *fixed]
    meaning = [] if form.small is None else [ring.from_expr(replaced.replace(form.small[1]))]
    tested = rejected = 0
    for embedded, image in zip(inside, form.map.polynomials, strict=True):
        left = poly_terms(embedded.compose(*stepped, ctx=ring.context))
        right = poly_terms(image.compose(*inside, *meaning, ctx=ring.context))
        monomials = left.keys() | right.keys()
        tested += len(monomials)
        rejected += sum(left.get(m, 0) != right.get(m, 0) for m in monomials)
    return judge(tested, rejected, worst=rejected, bound=0, domain=domain)


def _zhu_closes(ctx: CheckContext) -> Outcome:
    return _conjugate(_study(ctx, "zhu"), "all x, y, all step sizes; z = x and w = y kept by the step")


def _zhu_two_step(ctx: CheckContext) -> Outcome:
    """The recurrence against the exact twofold composition, cut at the order, in (z, y, epsilon)."""
    form = _study(ctx, "zhu").form
    recurrence = _study(ctx, "zhu").recurrence
    assert form is not None, "the example has an edge form"
    grading = recurrence.z_increment.grading
    z0, y0, eps = (TruncatedSeries.variable(grading, s) for s in grading.symbols)
    curve = recurrence.nullcline.series.polynomial()
    start = evaluate(curve, [z0, eps]) + y0
    ring = form.map.ring
    low = [ring.from_dict({e: c for e, c in poly_terms(p).items() if e[0] <= ORDER}) for p in form.map.iterated(2)]
    z2, t2 = (evaluate(p, [z0, start, eps]) for p in low)
    defects = [z2 - z0 - recurrence.z_increment, t2 - evaluate(curve, [z2, eps]) - y0 - recurrence.y_increment]
    shown = [sp.Poly(e, z, y, epsilon) for e in _LEADING]
    stated = [dict(p.terms()) for p in shown]
    wrong = sum(len(d.terms()) for d in defects)
    for series, known in zip(recurrence.increments, stated, strict=True):
        terms = series.terms()
        wrong += sum(terms.get(e, 0) != to_fmpq(c) for e, c in known.items())
    tested = sum(len(s.terms()) for s in recurrence.increments) + sum(map(len, stated))
    return judge(tested, wrong, worst=wrong, bound=0, domain=f"all monomials with z-degree up to {ORDER}")


def _zhu_manifold(ctx: CheckContext) -> Outcome:
    """The invariance equation in multivariate series, and the printed coefficients at z = 0."""
    study = _study(ctx, "zhu")
    form = study.form
    try:
        assert form is not None, "the example has an edge form"
        order = ctx.pick(3, 5, 8)
        manifold = form.map.slow_manifold(order)
    except EdgestabError as error:
        return judge(1, 1, detail=str(error))
    # the manifold that is put back into its equation below, not the series that the statement was made from
    found = [to_rational(row[0]) for row in manifold.rows[: ORDER + 1]]
    grading = manifold.series.grading
    known = [TruncatedSeries.variable(grading, s) for s in grading.symbols]
    stepped, image = (evaluate(p, [known[0], manifold.series, known[1]]) for p in form.map.polynomials)
    left = (image - compose(manifold.series, [stepped, known[1]])).terms()
    in_step = sp.Poly(sp.expand(_SHARPNESS * eta), eta)
    wrong = sum(in_step.coeff_monomial(eta ** (2 * k)) != c for k, c in enumerate(found))
    return judge(
        (order + 1) ** 2 + len(found),
        len(left) + wrong,
        worst=len(left) + wrong,
        bound=0,
        domain=f"all monomials z^i epsilon^n, i + 2 n <= {2 * order}, epsilon = eta^2",
        detail=f"final sharpness {_SHARPNESS}",
    )


SLOPE_BOUND = 0.25
"""A wrong coefficient costs a whole order in epsilon; on these grids the next term shifts a slope by up to 0.2."""


def _zhu_descent(ctx: CheckContext) -> Outcome:
    """Gradient descent on the loss in four parameters against each partial sum, and against the printed bracket."""
    study = _study(ctx, "zhu")
    form = study.form
    steps = ctx.pick(
        (Fraction(1, 10), Fraction(1, 14)), (Fraction(1, 12), Fraction(1, 17)), (Fraction(1, 28), Fraction(1, 40))
    )
    errors: list[list[float]] = []
    rejected = tested = 0
    try:
        assert form is not None, "the example has an edge form"
        limit = study.limit
    except EdgestabError as error:
        return judge(1, 1, detail=str(error))
    for share, step in enumerate(steps):
        end = descend_to_minimum(form, product_start(*START, 2 * step), step, digits=20)
        ctx.progress((share + 1) / len(steps))
        if end.status != "converged":
            return Outcome(Verdict.UNKNOWN, 1, undecided=1, detail=f"descent at eta = {step}: {end.status}")
        sums = [
            sum(sp.Rational(c) * sp.Rational(step) ** (2 * k - 1) for k, c in enumerate(limit.coefficients[: m + 1]))
            for m in range(4)
        ]
        errors.append([abs(float(end.sharpness - float(s))) for s in sums])
        tested += 1
        rejected += not 0 < 2 / step - float(end.sharpness) < 20 * step / 3
    worst = 0.0
    for m, (coarse, fine) in enumerate(zip(*errors, strict=True)):
        slope = math.log(coarse / fine) / math.log(steps[0] / steps[1])
        tested += 1
        worst = max(worst, abs(slope - (2 * m + 1)))
        rejected += abs(slope - (2 * m + 1)) > 2 * SLOPE_BOUND
    return judge(
        tested,
        rejected,
        worst=round(worst, 4),
        bound=2 * SLOPE_BOUND,
        digits=20,
        domain=f"x y = {1 + START[0]}, T = {START[1]}, eta in {{{', '.join(map(str, steps))}}}",
        detail="slopes in eta of the error of each partial sum; the end lies in (2/eta - 20 eta/3, 2/eta)",
    )


def _degree_two_frozen(ctx: CheckContext) -> Outcome:
    """At parameter 0 the map is ``z' = (1 - T) z, T' = T``: no relaxation; the energy is conserved by the slow flow."""
    study = _study(ctx, "zhu-degree-2")
    base = _conjugate(study, "all x, y, all step sizes")
    form = study.form
    if form is None or base.verdict is not Verdict.TRUE:
        return base
    frozen = form.map.substitute({epsilon: 0})
    ring = frozen.ring
    wanted = [poly_terms(ring.from_expr((1 - T) * z)), poly_terms(ring.from_expr(T))]
    wrong = sum(poly_terms(p) != w for p, w in zip(frozen.polynomials, wanted, strict=True))
    flow = study.flow
    slope = sp.diff(flow.energy, z) * y * flow.rate + sp.diff(flow.energy, y) * flow.force
    wrong += sp.expand(slope) != 0
    wrong += sp.expand(flow.energy - _ENERGY_TWO) != 0
    wrong += study.concentrates or study.holds("relaxation")
    return judge(base.tested + 5, int(wrong), worst=int(wrong), bound=0, domain=base.domain)


def _degree_two_ends(ctx: CheckContext) -> Outcome:
    """Gradient descent from three starts: ends differ by a multiple of eta, as the energy says."""
    study = _study(ctx, "zhu-degree-2")
    form = study.form
    assert form is not None, "the example has an edge form"
    z0 = Fraction(1, 5)
    fine = ctx.pick(40, 80, 320)
    steps = (Fraction(1, fine // 2), Fraction(1, fine))
    starts = (Fraction(0), Fraction(1, 2), Fraction(-1))
    tested = rejected = 0
    worst = 0.0
    for share in starts:
        errors = []
        for step in steps:
            end = descend_to_minimum(form, product_start(z0, EDGE + share * step, step), step, digits=14)
            if end.status != "converged":
                return Outcome(Verdict.UNKNOWN, 1, undecided=1, detail=f"descent at eta = {step}: {end.status}")
            below = (EDGE - float(step) * float(end.sharpness)) / float(step)
            energy = _ENERGY_TWO.subs({y: share * eta, z: z0, epsilon: eta**2})
            predicted = float(sp.sqrt(2 * sp.expand(energy) / eta**2))
            errors.append(abs(below / predicted - 1))
        slope = math.log(errors[0] / errors[1]) / math.log(steps[0] / steps[1])
        worst = max(worst, abs(slope - 1))
        tested += 1
        rejected += abs(slope - 1) > SLOPE_BOUND
    return judge(
        tested,
        rejected,
        worst=round(worst, 4),
        bound=SLOPE_BOUND,
        digits=14,
        domain=f"x y = {1 + z0}, T - 2 in {{0, eta/2, -eta}}, eta in {{{', '.join(map(str, steps))}}}",
        detail="relative error of (2 - T_inf)/eta against sqrt(2 H)/eta falls like eta",
    )


def _lewkowycz_closes(ctx: CheckContext) -> Outcome:
    """Closure from the loss at widths 1, 2, 3 and the stated recurrences, compared coefficient by coefficient."""
    tested = rejected = 0
    for width in ctx.pick((2,), (1, 2, 3), (1, 2, 3, 4)):
        example = lewkowycz(width)
        reduction = example.model().reduce(example.coordinates)
        for equation, stated in zip(reduction.equations(), _LEWKOWYCZ, strict=True):
            left = sp.Poly(sp.expand(equation.rhs.subs(sp.Symbol("lam", real=True), lam) - stated), f, lam, eta)
            tested += len(sp.Poly(sp.expand(stated), f, lam, eta).terms())
            rejected += 0 if left.is_zero else len(left.terms())
        tested += reduction.compared
    base = _conjugate(_study(ctx, "lewkowycz"), "")
    return judge(
        tested + base.tested,
        rejected + base.rejected,
        worst=rejected + base.rejected,
        bound=0,
        domain="all weights, all step sizes; any width: two vectors span a plane, and the step commutes with rotations",
    )


def _lewkowycz_has_no_small(ctx: CheckContext) -> Outcome:
    """Which hypotheses fail: every constant is a unit, and T leaves the edge at a rate of order z^2."""
    study = _study(ctx, "lewkowycz")
    small, cycles = study.hypothesis("small parameter"), study.hypothesis("two-cycles")
    drift = study.recurrence.y_increment.terms().get((2, 0))
    wrong = [
        small is None or small.holds is not False,
        cycles is None or cycles.holds is not False,
        drift is None or drift >= 0,
        study.concentrates,
    ]
    return judge(
        len(wrong), sum(wrong), worst=sum(wrong), bound=0, domain="exact", detail=f"y'' - y = {drift} z^2 + .."
    )


def _agarwala_from_loss(ctx: CheckContext) -> Outcome:
    """The tools for a user's own loss, on the loss of the main case, against its own one-step map."""
    study = _study(ctx, "agarwala")
    base = _conjugate(study, "all theta, all step sizes, all epsilon")
    form = study.form
    if form is None:
        return base
    tested = rejected = 0
    for ours, known in zip(form.map.polynomials, ctx.map.polynomials, strict=True):
        a, b = poly_terms(ours), poly_terms(known)
        tested += len(a.keys() | b.keys())
        rejected += sum(a.get(m, 0) != b.get(m, 0) for m in a.keys() | b.keys())
    return judge(base.tested + tested, base.rejected + rejected, worst=rejected, bound=0, domain=base.domain)


def _stabilisation_from_expansion(ctx: CheckContext) -> Outcome:
    """Two graded steps on the cubic expansion against two of the system; what survives is listed, what cancels too."""
    try:
        system = derive_self_stabilisation()
    except EdgestabError as error:
        return judge(1, 1, detail=str(error))
    b, drive = sp.Symbol("b", positive=True), sp.Symbol("L_v", real=True)
    v, e = symbols("v eta")
    meaning = {y: b * v, alpha: -b * drive, beta: b**2}
    gone = {min(p.free_symbols, key=str): 0 for p in system.surviving}
    tested = rejected = 0
    stated = (2 * e * x * y, 2 * e * (alpha - beta * x**2 / 2))
    for found, expansion, leading in zip(system.increments, system.expansion, stated, strict=True):
        rejected += sp.expand(found - leading) != 0
        left = sp.expand(expansion.subs(gone) - leading.subs(meaning, simultaneous=True))
        rejected += left != 0
        tested += len(sp.Add.make_args(sp.expand(expansion)))
    # and exactly, with no remainder, for the smallest loss that has these derivatives
    exact = dict(zip((x, v), minimal_loss().step_map().components, strict=True))
    c = sp.Symbol("c", positive=True)
    at = {y: b * v, beta: b**2, alpha: b * c}
    for moved, component in zip((exact[x], b * exact[v]), system.system.components, strict=True):
        rejected += sp.expand(moved - component.subs(at, simultaneous=True)) != 0
        tested += 1
    must = ", ".join(map(str, system.surviving))
    return judge(
        tested,
        int(rejected),
        worst=int(rejected),
        bound=0,
        domain="displacements of weight 1, gradient of weight 2, two steps to weight 2",
        detail=f"must vanish: {must}; cancel over two steps: {', '.join(map(str, system.cancelling))}",
    )


def _energy_is_conserved(ctx: CheckContext) -> Outcome:
    """``dH/dt = 0`` along the slow flow, by differentiation."""
    flow = derive_self_stabilisation().flow
    H = _DAMIAN_ENERGY
    slope = sp.diff(H, x) * y * flow.rate + sp.diff(H, y) * flow.force
    same = sp.simplify(flow.energy.replace(sp.Abs, lambda inside: inside) - H)
    rejected = (sp.expand(sp.cancel(slope)) != 0) + (same != 0)
    return judge(2, int(rejected), worst=int(rejected), bound=0, domain="x > 0, alpha, beta > 0")


def _energy_drifts_slowly(ctx: CheckContext) -> Outcome:
    """Along the discrete system the change of H over a fixed slow time falls with the size of the orbit."""
    sizes = ctx.pick((100, 200), (200, 400, 800), (1000, 2000, 4000))
    drifts = []
    for size in sizes:
        d = 1.0 / size
        a, b, h = d * d, 1.0, 1.0
        u, v = 2.0 * d, 0.5 * d

        def energy(u: float, v: float, a: float = a, b: float = b) -> float:
            return v * v / 2 + b * u * u / 4 - a * math.log(abs(u))

        first = energy(u, v)
        for _ in range(10 * size):
            u, v = -(1 + h * v) * u, v + h * (a - b * u * u / 2)
        drifts.append(abs(energy(u, v) - first) / a)
    slopes = [math.log(p / q) / math.log(2) for p, q in pairwise(drifts)]
    worst = max(abs(s - 1) for s in slopes)
    return judge(
        len(slopes),
        sum(abs(s - 1) > SLOPE_BOUND for s in slopes),
        worst=round(worst, 4),
        bound=SLOPE_BOUND,
        digits=16,
        domain=f"x, y of size d, alpha = d^2, 10/d steps, 1/d in {{{', '.join(map(str, sizes))}}}",
        detail="H/alpha changes by O(d)",
    )


_LEADING = (2 * y * z, -32 * y * z**2 - 16 * epsilon * z**2)
_SHARPNESS = example_study("zhu", ORDER).sharpness_limit()
_ENERGY_TWO = y**2 / 2 + epsilon * z**2
_LEWKOWYCZ = (f * (1 - eta * lam + eta**2 * f**2 / n), lam + eta * f**2 / n * (eta * lam - 4))
_DAMIAN_ENERGY = y**2 / 2 + beta * x**2 / 4 - alpha * sp.log(x)
_NEXT = {name: symbol(f"{name}'") for name in ("z", "T", "y", "x", "f", "lambda")}

CLAIMS = (
    Claim(
        id="zhu-closed-map",
        title="Degree-4 product: gradient descent closes in (z, T)",
        statement=sp.And(
            sp.Eq(z, symbol("x") * y - 1),
            sp.Eq(T, 2 * eta * (symbol("x") ** 2 + y**2)),
        ),
        variables=(z, T, eta),
        source=Source("zhu2022", "the example L = (1 - xyzw)^2/2 with z = x, w = y"),
        domain="all x, y, all step sizes; the small parameter is eta^2",
        checks=(Check("both sides as polynomials in x, y, eta", Level.DERIVED, _zhu_closes),),
        note="T is the step size times the sharpness: at the minima the Hessian in four parameters has rank one.",
    ),
    Claim(
        id="zhu-two-step",
        title="Degree-4 product: the two-step form",
        statement=sp.And(
            sp.Eq(symbol("z''") - z, _LEADING[0] + sp.Function("O")(y**2 * z, y * z**2)),
            sp.Eq(
                symbol("y''") - y,
                _LEADING[1] + sp.Function("O")(y * z**3, y**2 * z, epsilon**2 * z**2, epsilon * z**3),
            ),
        ),
        variables=(z, y, epsilon),
        source=Source("zhu2022", "two-step dynamics"),
        uses=("zhu-closed-map",),
        domain="epsilon = eta^2, z = xy - 1, y the deviation of eta * sharpness from the nullcline",
        checks=(Check("exact twofold composition, cut at the order", Level.DERIVED, _zhu_two_step),),
    ),
    Claim(
        id="zhu-final-sharpness",
        title="Degree-4 product: the final sharpness, with its next term",
        statement=sp.Eq(symbol("lambda_infinity"), _SHARPNESS + sp.O(eta ** (2 * ORDER + 1))),
        variables=(eta,),
        source=Source("zhu2022", "sharpness concentration: (2/eta - 20 eta/3, 2/eta), and 2/eta - eta/2 by iteration"),
        uses=("zhu-two-step",),
        domain="trajectories that relax before they converge; small eta",
        checks=(
            Check("invariance equation of the slow manifold", Level.DERIVED, _zhu_manifold),
            Check("gradient descent in the parameters, error slopes", Level.CHECKED, _zhu_descent, "default"),
        ),
        note="Asymptotic. The paper has the bracket and, by iteration, two terms; the others are derived here.",
    ),
    Claim(
        id="zhu-degree-2",
        title="Degree-2 product: no relaxation, no concentration",
        statement=sp.Eq(2 - symbol("T_inf"), sp.sqrt(2 * _ENERGY_TWO) + sp.O(epsilon)),
        variables=(z, y, epsilon),
        source=Source("zhu2022", "the contrast L = (1 - xy)^2/2"),
        domain="epsilon = eta^2; leading order of the two-step map, y of order eta",
        checks=(
            Check("the frozen map and the energy, exactly", Level.DERIVED, _degree_two_frozen),
            Check("gradient descent from three starts, error slopes", Level.CHECKED, _degree_two_ends),
        ),
        note="The hypothesis 'relaxation' fails: at eta = 0 the map is linear in z, so the end keeps the start.",
    ),
    Claim(
        id="lewkowycz-recurrences",
        title="Linear network: the recurrences of f and lambda",
        statement=sp.And(sp.Eq(_NEXT["f"], _LEWKOWYCZ[0]), sp.Eq(_NEXT["lambda"], _LEWKOWYCZ[1])),
        variables=(f, lam, eta, n),
        source=Source("lewkowycz2020", "update equations of f and lambda for L = f^2/2"),
        domain="all weights, all step sizes, all widths",
        checks=(Check("closure from the loss, widths 1 to 3", Level.DERIVED, _lewkowycz_closes),),
        note="lambda falls while eta lambda < 4: the catapult.",
    ),
    Claim(
        id="lewkowycz-not-concentrated",
        title="Linear network: which hypothesis of concentration fails",
        statement=sp.Eq(symbol("y''") - y, -4 * z**2 + sp.Function("O")(y * z**2, z**4)),
        variables=(z, y),
        source=Source("edgestab", "hypotheses of concentration, applied to Lewkowycz et al. 2020"),
        uses=("lewkowycz-recurrences",),
        domain="z = eta f / sqrt(n), T = eta lambda: step size and width are mere units, no small parameter is left",
        checks=(Check("hypotheses, decided exactly", Level.DERIVED, _lewkowycz_has_no_small),),
    ),
    Claim(
        id="agarwala-from-loss",
        title="The main case from its loss, by the tools for a loss of your own",
        statement=sp.Eq(symbol("L"), (symbol("x") ** 2 - epsilon * y**2) ** 2 / 8),
        variables=(epsilon, eta),
        source=Source("agarwala2023", "the model with eigenvalues {-epsilon, 1}"),
        uses=("one-step-map",),
        domain="all theta, all step sizes, all epsilon",
        checks=(Check("the derived map against the model's own", Level.DERIVED, _agarwala_from_loss),),
        note="The step size is found to be a mere unit, and the small parameter to be epsilon.",
    ),
    Claim(
        id="damian-self-stabilisation",
        title="Self-stabilisation from the cubic Taylor expansion",
        statement=sp.And(sp.Eq(_NEXT["x"], -(1 + eta * y) * x), sp.Eq(_NEXT["y"], y + eta * (alpha - beta * x**2 / 2))),
        variables=(x, y, alpha, beta, eta),
        source=Source("damian2022", "the system for the oscillation x and the excess sharpness y"),
        domain="a point of sharpness 2/eta; leading weight of two steps",
        checks=(Check("two graded steps on the general cubic loss", Level.DERIVED, _stabilisation_from_expansion),),
        note="Needs the sharpness's gradient in the kernel of the Hessian, and third derivatives within the other "
        "directions to vanish; the check lists exactly which.",
    ),
    Claim(
        id="damian-energy",
        title="The conserved energy of self-stabilisation",
        statement=sp.Eq(symbol("H"), _DAMIAN_ENERGY),
        variables=(x, y, alpha, beta),
        assumptions=(x > 0,),
        source=Source("damian2022", "energy of the slow flow"),
        uses=("damian-self-stabilisation",),
        domain="the slow flow dx = eta x y, dy = eta (alpha - beta x^2/2)",
        checks=(
            Check("derivative along the flow", Level.DERIVED, _energy_is_conserved),
            Check("drift along the discrete system, slopes in its size", Level.CHECKED, _energy_drifts_slowly),
        ),
        note="With alpha = beta = 1 up to units, y^2/2 + a^2/4 - ln(a^2)/2.",
    ),
)
