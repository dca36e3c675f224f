"""Beyond E = 0 and two eigenvalues: what of Theorem 1 is proved, and what is measured."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import PolyRing, poly_terms
from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.models.quadratic import QuadraticModel, main_case
from ...symbolic.planar.planar_map import PlanarMap
from ...symbolic.trapping.barrier import derive_barrier
from ...symbolic.trapping.lyapunov import derive_lyapunov
from ...symbolic.trapping.target import derive_target_region, derive_tilt, s
from ..certificates.stated import epsilon_range, require_limit
from ..certificates.stated_reach import (
    StatedBarrier,
    read_free,
    refuse,
    stated_barrier,
    stated_reach,
)
from ..certificates.theorem_1 import TARGET_BARRIER
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import (
    FORMAL,
    NATURALS,
    POSITIVE,
    REALS,
    Definition,
    Iff,
    O,
    R,
    Range,
    Statement,
    eq,
    ge,
    le,
    lt,
    ne,
    split_order,
)
from .quadratic_models import squares_after_a_step
from .theorem_1_certificate import judge_conditions, refuted_by_algebra

z, T, V, p, epsilon, eta, mu, E, a = symbols("z T V p epsilon eta mu E a")
limit = symbol("T_inf")
STEP_Z, STEP_T = symbols("z' T'")
THETA = symbols("theta_1 theta_2")
DIFFER = "monomials that differ"

# scaling


def _real(name: str) -> sp.Symbol:
    return sp.Symbol(name, real=True)


SCALED = (symbol("z_mu"), _real("T_mu"))
SCALED_NEXT = (_real("z_mu'"), _real("T_mu'"))


def _in_state(state: tuple[sp.Symbol, ...]) -> tuple[sp.Expr, ...]:
    """The one-step map of ``{1, -epsilon}``, in other names of the state."""
    return tuple(c.subs(dict(zip((z, T), state, strict=True)), simultaneous=True) for c in main_case().components)


def _differ(left: sp.Expr, right: sp.Expr, ring: PolyRing) -> tuple[int, int]:
    """Monomials of two polynomials, and how many differ."""
    one, two = (poly_terms(ring.from_expr(sp.expand(side))) for side in (left, right))
    monomials = one.keys() | two.keys()
    return len(monomials), sum(one.get(m, 0) != two.get(m, 0) for m in monomials)


def _scaling(ctx: CheckContext) -> Outcome:
    """Descent with eigenvalues ``{mu, -epsilon mu}`` and step eta against the stated map, as polynomials in theta."""
    read_free(ctx.statement, *THETA, epsilon, mu, eta)
    model = QuadraticModel(tuple(mu * q for q in ctx.subject.model.eigenvalues))
    stated = [ctx.statement.equation(name) for name in SCALED_NEXT]
    inside = [ctx.statement.defined(name) for name in SCALED]
    ring = PolyRing((*model.theta, epsilon, mu, eta))
    step = {t: t - eta * sp.diff(model.loss(), t) for t in model.theta}
    plane = PolyRing((*SCALED, epsilon))
    places = [ring.from_expr(sp.expand(e)) for e in inside]
    stepped = [ring.from_expr(sp.expand(step[t])) for t in model.theta]
    fixed = [ring.generator(x) for x in (epsilon, mu, eta)]
    tested = wrong = 0
    for embedded, right in zip(places, stated, strict=True):
        left = poly_terms(embedded.compose(*stepped, *fixed, ctx=ring.context))
        image = plane.from_expr(sp.expand(right)).compose(*places, fixed[0], ctx=ring.context)
        monomials = left.keys() | poly_terms(image).keys()
        tested += len(monomials)
        wrong += sum(left.get(m, 0) != poly_terms(image).get(m, 0) for m in monomials)
    meant = (eta * mu * model.predictor(), eta * model.moment(0))
    renamed = [c.subs({z: SCALED[0], T: SCALED[1]}, simultaneous=True) for c in ctx.map.components]
    pairs = [(x, y, ring) for x, y in zip(inside, meant, strict=True)]
    pairs += [(x, y, plane) for x, y in zip(renamed, stated, strict=True)]
    for x, y, where in pairs:
        seen, off = _differ(x, y, where)
        tested, wrong = tested + seen, wrong + off
    return judge(tested, wrong, worst=wrong, bound=0, figure=DIFFER, domain="polynomials in theta, epsilon, mu, eta")


# multiplicities

_x, _v = sp.IndexedBase("x"), sp.IndexedBase("v")
_i, _j, _m, _n = (sp.Symbol(name, integer=True) for name in "ijmn")
_SUM_X, _SUM_V = sp.Sum(_x[_i] ** 2, (_i, 1, _m)), sp.Sum(_v[_j] ** 2, (_j, 1, _n))


def _closed_in_sums(ctx: CheckContext, x: sp.Expr, v: sp.Expr) -> tuple[list[sp.Expr], list[sp.Expr]]:
    """The definitions of z and T with the two sums of squares put in, and the stated next z and T.

    Raises:
        ProofError: the definitions hold other sums.
    """
    sums = {_SUM_X: x, _SUM_V: v}
    inside = [sp.expand(ctx.statement.defined(name).xreplace(sums)) for name in (z, T)]
    if any(e.has(sp.Sum) for e in inside):
        raise refuse("z and T through the sums of squares", inside)
    return inside, [ctx.statement.equation(name) for name in (STEP_Z, STEP_T)]


def _judge_moved(inside: list[sp.Expr], moved: list[sp.Expr], stated: list[sp.Expr], ring: PolyRing) -> tuple[int, int]:
    """The state after a step against the stated map of the state, as polynomials of a ring."""
    tested = wrong = 0
    for after, right in zip(moved, stated, strict=True):
        image = right.subs(dict(zip((z, T), inside, strict=True)), simultaneous=True)
        seen, off = _differ(after, image, ring)
        tested, wrong = tested + seen, wrong + off
    return tested, wrong


def _multiplicities_at_once(ctx: CheckContext) -> Outcome:
    """Each weight is multiplied by one minus eigenvalue times z, so the two sums of squares are, whatever m and n."""
    read_free(ctx.statement, epsilon, eta)
    for count in (_m, _n):
        ctx.statement.within(count, NATURALS)
    x, v = _real("sum_x"), _real("sum_v")
    inside, stated = _closed_in_sums(ctx, x, v)
    ring = PolyRing((x, v, epsilon, eta))
    step = {x: x * squares_after_a_step(sp.S.One, inside[0]), v: v * squares_after_a_step(-epsilon, inside[0])}
    moved = [e.subs(step, simultaneous=True) for e in inside]
    tested, wrong = _judge_moved(inside, moved, stated, ring)
    meant = (eta * (x - epsilon * v) / 2, eta * (x + epsilon**2 * v))
    for e, m in (*zip(inside, meant, strict=True), *zip(stated, ctx.map.components, strict=True)):
        wrong += sp.expand(e - m) != 0
    return judge(
        tested + 4, wrong, worst=wrong, bound=0, figure=DIFFER, domain="every m and n, through sums of squares"
    )


def _multiplicities(ctx: CheckContext) -> Outcome:
    """Gradient descent in m + n variables, by differentiation, against the stated map."""
    read_free(ctx.statement, epsilon, eta)
    sizes = range(1, ctx.pick(2, 3, 4) + 1)
    counts = [ctx.statement.domain(count) for count in (_m, _n)]
    tested = wrong = 0
    for m in sizes:
        for n in sizes:
            if not (counts[0].contains(m) and counts[1].contains(n)):
                continue
            xs, vs = (sp.symbols(f"{letter}_1:{k + 1}", real=True) for letter, k in (("x", m), ("v", n)))
            total = [sp.Add(*(t**2 for t in ts)) for ts in (xs, vs)]
            _, stated = _closed_in_sums(ctx, *total)
            # the sums written out as the definitions have them, term by term
            named = {letter[k + 1]: t for letter, ts in ((_x, xs), (_v, vs)) for k, t in enumerate(ts)}
            written = [ctx.statement.defined(name).subs({_m: m, _n: n}).doit() for name in (z, T)]
            inside = [sp.expand(e.subs(named)) for e in written]
            output = (total[0] - epsilon * total[1]) / 2
            step = {t: t - eta * sp.diff(output**2 / 2, t) for t in (*xs, *vs)}
            ring = PolyRing((*xs, *vs, epsilon, eta))
            fixed = [ring.generator(e) for e in (epsilon, eta)]
            moved = [ring.from_expr(step[t]) for t in (*xs, *vs)]
            places = [ring.from_expr(e) for e in inside]
            plane = PolyRing((z, T, epsilon))
            for now, right in zip(places, stated, strict=True):
                image = plane.from_expr(sp.expand(right)).compose(*places, fixed[0], ctx=ring.context)
                tested += 1
                wrong += now.compose(*moved, *fixed, ctx=ring.context) != image
    return judge(
        tested, wrong, worst=wrong, bound=0, figure="equations that fail", domain=f"m, n <= {sizes[-1]}, by derivatives"
    )


# any spectrum

_q, _theta = sp.IndexedBase("q"), sp.IndexedBase("theta")
NORM, NORM_NEXT = symbols("|theta|^2 |theta'|^2")


def _moment(power: int) -> sp.Sum:
    return sp.Sum(_q[_i] ** power * _theta[_i] ** 2, (_i, 1, _n))


def _norm_law(model: QuadraticModel, stated: sp.Expr) -> bool:
    """The stated law of ``|theta|^2`` as polynomials in theta, eigenvalues, target and step size."""
    ring = PolyRing((*model.theta, *model.parameters, eta))
    step = {t: t - eta * sp.diff(model.loss(), t) for t in model.theta}
    places = {
        z: eta * (model.predictor() - model.target),
        T: eta * model.moment(0),
        NORM: sp.Add(*(t**2 for t in model.theta)),
    }
    after = eta * sp.Add(*(c**2 for c in step.values()))
    return bool(ring.from_expr(sp.expand(after)) == ring.from_expr(sp.expand(stated.subs(places, simultaneous=True))))


def _norm_of_any_spectrum(ctx: CheckContext) -> sp.Expr:
    """The stated right side; eta, E and the number of weights are read."""
    read_free(ctx.statement, eta, E)
    ctx.statement.within(_n, NATURALS)
    return ctx.statement.equation(eta * NORM_NEXT)


def _any_spectrum(ctx: CheckContext) -> Outcome:
    stated = _norm_of_any_spectrum(ctx)
    spectra = [sp.symbols(f"kappa_1:{k + 1}", real=True) for k in range(1, ctx.pick(3, 5, 7))]
    models = [QuadraticModel(values, target=E) for values in spectra]
    wrong = sum(not _norm_law(model, stated) for model in models)
    step = ctx.subject.theta_step
    wrong += step != ctx.subject.model.theta_step()
    domain = f"1 to {len(spectra)} eigenvalues as symbols"
    return judge(len(models) + 1, wrong, worst=wrong, bound=0, figure="identities that fail", domain=domain)


def _norm_term_by_term(ctx: CheckContext) -> Outcome:
    """One weight's change, summed: through the moments ``sum q^k theta^2`` for k = 0, 1, 2, whatever their number."""
    stated = _norm_of_any_spectrum(ctx)
    moments = sp.symbols("M_0:3", real=True)
    sums = {_moment(k): m for k, m in enumerate(moments)}
    values = {name: ctx.statement.defined(name).xreplace(sums) for name in (z, T, NORM)}
    if any(value.has(sp.Sum) for value in values.values()):
        raise refuse("z, T and |theta|^2 through the moments", values)
    q = _real("q_i")
    factor = sp.Poly(sp.expand(squares_after_a_step(q, z)), q)
    after = eta * sp.Add(*(c * moments[k] for (k,), c in factor.terms())).subs(values)
    meant = {z: eta * (moments[1] / 2 - E), T: eta * moments[2], NORM: moments[0]}
    wrong = int(sp.expand(after - stated.subs(values, simultaneous=True)) != 0)
    wrong += sum(sp.expand(values[name] - meant[name]) != 0 for name in values)
    return judge(4, wrong, worst=wrong, bound=0, figure="identities that fail", domain="any number of weights")


# targets


@lru_cache(maxsize=4)
def _target_map(model: QuadraticModel) -> PlanarMap:
    """One step with the symbolic target ``eta E``."""
    return QuadraticModel(model.eigenvalues, target=E).planar_map()


def _no_linear_function(ctx: CheckContext) -> Outcome:
    """The first order in z of one step's change vanishes for the stated slope alone, which at E = 0 is free of T."""
    read_free(ctx.statement, T, epsilon, eta, E, a)
    ctx.statement.within(z, FORMAL)
    ctx.statement.assumed(ne(T, 0))
    part = ctx.statement.part(0)
    if not (isinstance(part, Iff) and all(isinstance(side, sp.Eq) for side in part.args)):
        raise refuse("an equation if and only if another", part)
    (change, right), (unknown, stated) = part.args[0].args, part.args[1].args
    leading, orders = split_order(right)
    if unknown != a or len(orders) != 1 or orders[0] != z ** sp.degree(orders[0], z):
        raise refuse("a, and one power of z as the remainder", part)
    step = _target_map(ctx.subject.model)
    after = {name: c.subs(E, eta * E) for name, c in zip((STEP_Z, STEP_T), step.components, strict=True)}
    terms = sp.Poly(sp.expand((change - leading).subs(after)), z)
    below = [c for (k,), c in terms.terms() if k < sp.degree(orders[0], z)]
    # linear in a with a cofactor that vanishes with T alone
    wrong = int(len(below) != 1 or sp.cancel(sp.diff(below[0], a) / T).free_symbols != set())
    wrong += int(wrong or sp.cancel(below[0].subs(a, stated)) != 0)
    return _judge_slope(ctx, stated, wrong)


@refuted_by_algebra
def _judge_slope(ctx: CheckContext, stated: sp.Expr, wrong: int) -> Outcome:
    try:
        derive_lyapunov(QuadraticModel(ctx.subject.model.eigenvalues, target=R(1, 7)).planar_map())
        wrong += 1
    except ProofError:
        pass
    wrong += sp.expand(derive_lyapunov(ctx.map).tilt - stated.subs(E, 0)) != 0
    wrong += sp.expand(derive_tilt(_target_map(ctx.subject.model)).subs(s, 4 * eta * E / T) - stated) != 0
    domain = "the terms of one step's change as polynomials; the derivation of V at eta E = 1/7 and 0"
    return judge(5, wrong, worst=wrong, bound=0, figure="of five parts that fail", domain=domain)


V_E = _real("V_E")
_TILT = main_case().edge_coordinates().tilt


@lru_cache(maxsize=64)
@refuted_by_algebra
def _judge_target(
    one_step: PlanarMap, model: QuadraticModel, found: StatedBarrier, window: tuple[sp.Rational, ...], norm: sp.Expr
) -> Outcome:
    low, high, floor, reach = window
    constants = {
        **TARGET_BARRIER,
        "slope": found.slope(),
        "width": found.width,
        "height": found.height,
        "epsilon_min": low,
        "epsilon_max": high,
    }
    turned = {"window": 4 * reach / floor, "floor": floor}
    with_target = QuadraticModel(model.eigenvalues, target=E)
    derived = T + derive_tilt(_target_map(model)).subs(s, 4 * eta * E / T) * z
    if sp.expand(derived - norm) != 0:
        return judge(1, 1, detail=f"{V_E} is not {derived}")
    region = derive_target_region(with_target, derive_barrier(one_step, constants), turned)
    domain = f"{low} < epsilon <= {high}, |eta E| <= {region.reach}, T >= {region.floor}, closed boxes with 4 eta E / T"
    return judge_conditions(region.conditions, domain, max_boxes=400)


def _target(ctx: CheckContext) -> Outcome:
    """The region that the hypotheses name traps for every target in reach."""
    low, high = epsilon_range(ctx.statement)
    read_free(ctx.statement, z, T, E)
    ctx.statement.within(eta, POSITIVE)
    for relation in (ne(z, 0), lt(z, 1)):
        ctx.statement.assumed(relation)
    found = stated_barrier(ctx.statement, V_E)
    floor = ctx.statement.bounds(T, given=True)
    if floor.low is None or floor.high is not None or floor.low_strict:
        raise refuse("a least T", floor)
    reach = stated_reach(ctx.statement, sp.Abs(eta * E))
    require_limit(ctx.statement, limit, sp.S.One, [{"width": found.width}])
    window = (low, high, floor.low, reach)
    return _judge_target(ctx.map, ctx.subject.model, found, window, ctx.statement.defined(V_E))


_HOUSE = Source("edgestab", "weight norm of Theorem 1")
_WEIGHTS = tuple(Range(t, REALS) for t in THETA)

CLAIMS = (
    Claim(
        id="theorem-1-scaling",
        formerly="scaled-spectrum",
        title="Eigenvalues {mu, -epsilon mu} give the same map in (eta mu f, eta lambda)",
        statement=Statement(
            over=(*_WEIGHTS, Range(epsilon, REALS), Range(mu, REALS), Range(eta, REALS)),
            where=(
                Definition(
                    SCALED[0],
                    "eta mu f(theta), f the output of eigenvalues {mu, -epsilon mu}, target 0",
                    eta * mu * (mu * THETA[0] ** 2 - epsilon * mu * THETA[1] ** 2) / 2,
                ),
                Definition(
                    SCALED[1],
                    "eta times the NTK eigenvalue of this model",
                    eta * (mu**2 * THETA[0] ** 2 + epsilon**2 * mu**2 * THETA[1] ** 2),
                ),
                *(
                    Definition(after, f"{now} after one step of gradient descent on f^2 / 2 with step size eta")
                    for now, after in zip(SCALED, SCALED_NEXT, strict=True)
                ),
            ),
            conclusion=tuple(eq(after, c) for after, c in zip(SCALED_NEXT, _in_state(SCALED), strict=True)),
        ),
        source=_HOUSE,
        uses=("one-step-map",),
        note="So each statement about one step of {1, -epsilon} holds with z = eta mu f.",
        checks=(Check("gradient descent and map as polynomials", Level.DERIVED, _scaling),),
    ),
    Claim(
        id="theorem-1-multiplicities",
        title="Eigenvalues 1 (m times) and -epsilon (n times) give the map of m = n = 1",
        statement=Statement(
            over=(Range(_m, NATURALS), Range(_n, NATURALS), Range(epsilon, REALS), Range(eta, REALS)),
            where=(
                Definition(_m, "how often Q has the eigenvalue 1"),
                Definition(_n, "how often it has the eigenvalue -epsilon"),
                Definition(_x, "the weights along the eigenvectors of eigenvalue 1, any m real numbers"),
                Definition(_v, "the weights along the eigenvectors of eigenvalue -epsilon, any n real numbers"),
                Definition(z, "eta times the output, target 0", eta * (_SUM_X - epsilon * _SUM_V) / 2),
                Definition(T, "eta times the NTK eigenvalue", eta * (_SUM_X + epsilon**2 * _SUM_V)),
                *(
                    Definition(after, f"{now} after one step of gradient descent in R^(m + n) with step size eta")
                    for now, after in ((z, STEP_Z), (T, STEP_T))
                ),
            ),
            conclusion=tuple(eq(after, c) for after, c in zip((STEP_Z, STEP_T), _in_state((z, T)), strict=True)),
        ),
        source=_HOUSE,
        uses=("one-step-map",),
        checks=(
            Check("through the sums of squares, for any m and n", Level.DERIVED, _multiplicities_at_once),
            Check("gradient descent in m + n variables", Level.CHECKED, _multiplicities),
        ),
    ),
    Claim(
        id="theorem-1-any-spectrum-norm",
        formerly="weight-norm-any-spectrum",
        title="For any Q the squared weight norm falls by z^2 (4 - T) + 4 eta E z, over eta",
        statement=Statement(
            over=(Range(_n, NATURALS), Range(eta, REALS), Range(E, REALS)),
            where=(
                Definition(_n, "the number of weights"),
                Definition(_q, "the eigenvalue of Q along each weight, any real numbers"),
                Definition(_theta, "the weights along its eigenvectors, any real numbers"),
                Definition(z, "eta times the residual", eta * (_moment(1) / 2 - E)),
                Definition(T, "eta times the NTK eigenvalue", eta * _moment(2)),
                Definition(NORM, "the squared weight norm", _moment(0)),
                Definition(NORM_NEXT, "the squared weight norm after one step of gradient descent with step size eta"),
            ),
            conclusion=(eq(eta * NORM_NEXT, eta * NORM - z**2 * (4 - T) - 4 * eta * E * z),),
        ),
        source=_HOUSE,
        note="This is the part of the argument that survives for any number of eigenvalues: with E = 0 and T bounded "
        "below 4 it forces z -> 0.",
        checks=(
            Check("term by term, for any number of eigenvalues", Level.DERIVED, _norm_term_by_term),
            Check("expanded in theta for symbolic spectra", Level.CHECKED, _any_spectrum),
        ),
    ),
    Claim(
        id="theorem-1-target-obstacle",
        title="With a target the slope a for which T + a z keeps its first order in z depends on T",
        statement=Statement(
            over=(Range(z, FORMAL), *(Range(x, REALS) for x in (T, epsilon, eta, E, a))),
            given=(ne(T, 0),),
            where=(
                Definition(a, "a real number"),
                *(
                    Definition(after, f"{now} after one gradient step, for eigenvalues {{1, -epsilon}} and target E")
                    for now, after in ((z, STEP_Z), (T, STEP_T))
                ),
            ),
            conclusion=(Iff(eq(STEP_T + a * STEP_Z, T + a * z + O(z**2)), eq(a, _TILT - 4 * epsilon * eta * E / T)),),
        ),
        source=_HOUSE,
        uses=("theorem-1-lyapunov",),
        note="So for a target no linear function of (z, T) falls to second order at every T, as V does for E = 0.",
        checks=(Check("the first order in z, and the derivation of V", Level.DERIVED, _no_linear_function),),
    ),
    Claim(
        id="theorem-1-small-target",
        title="Theorem 1 with a small target: the limit stays within epsilon of the edge",
        statement=Statement(
            over=(
                Range(epsilon, sp.Interval.Lopen(0, R(1, 5))),
                Range(eta, POSITIVE),
                *(Range(x, REALS) for x in (E, z, T)),
            ),
            given=(
                le(sp.Abs(eta * E), R(1, 25)),
                le(R(8, 5) * p, V_E + epsilon - 2),
                le(V_E + epsilon, R(7, 3)),
                ge(T, R(4, 5)),
                ne(z, 0),
                lt(z, 1),
            ),
            where=(
                Definition(
                    V_E,
                    "what takes the place of the weight norm V",
                    T + _TILT * z - 4 * epsilon * eta * E * z / T,
                ),
                Definition(
                    limit,
                    "the limit of T along the orbit of eigenvalues {1, -epsilon} and target E; the statement includes "
                    "that it exists",
                ),
            ),
            conclusion=(le(2 - epsilon, limit), le(limit, 2)),
        ),
        source=Source("edgestab", "trapping region of Theorem 1 for a small target"),
        uses=("theorem-1-target-obstacle",),
        checks=(Check("sign conditions in (z, level, epsilon, 4 eta E / T) on boxes", Level.ENCLOSED, _target),),
    ),
)
