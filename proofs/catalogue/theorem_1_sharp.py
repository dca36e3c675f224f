"""The sharp forms of Theorem 1 with explicit constants, and orbits that show their hypotheses are needed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp

from ...numeric.codegen.compile import compile_map
from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import to_fraction
from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.planar.nullcline import EDGE
from ...symbolic.planar.planar_map import PlanarMap
from ...symbolic.trapping.barrier import derive_barrier
from ...symbolic.trapping.lyapunov import Lyapunov, derive_lyapunov
from ...symbolic.trapping.strip import derive_strip
from ..certificates.enclosed_orbits import NEEDED, EnclosedOrbit, OrbitVerdict
from ..certificates.sharp_limit import REGIONS, STRIPS, SharpBound, sharp_bound
from ..certificates.stated import stated_regions
from ..claims import Check, CheckContext, Claim, Finding, Level, Outcome, Source, Verdict, judge
from ..statements import POSITIVE, REALS, R, Range, Reading, Statement, eq, ge, gt, le, lt
from .theorem_1 import DIGITS, eigenvalue, exact_value, limit_eigenvalue
from .theorem_1_certificate import judge_barriers, refuted_by_algebra, region_hypotheses

z, T, V, p, epsilon = symbols("z T V p epsilon")
limit = symbol("T_inf")
_NEXT, _V_NEXT = symbol("z'"), symbol("V'")
_ENDLESS = sp.Symbol("T_inf", extended_real=True)
F_0 = sp.Function("f_0")(z)
_UP_TO_ONE = sp.Interval.Lopen(0, 1)

#: By order: the series and the constant of its remainder. The checks derive both again.
PRINTED: dict[int, tuple[sp.Expr, sp.Rational]] = {
    1: (2 - epsilon / 2, R(17, 4)),
    2: (2 - epsilon / 2 - R(27, 32) * epsilon**2, R(137, 8)),
    3: (2 - epsilon / 2 - R(27, 32) * epsilon**2 - R(153, 128) * epsilon**3, R(139, 8)),
}
#: What of a strip is a device of the argument and no number of the statement.
_DEVICES = ("contraction_rate", "weights", "distance", "undershoot")


def _refuse(expected: str, found: object) -> ProofError:
    return ProofError.of("the statement", expected, str(found), "The check cannot judge another.")


def _remainder(statement: Reading) -> tuple[sp.Expr, sp.Rational, int]:
    """Series, constant and order of ``|T_inf - series| <= constant epsilon^(order + 1)``."""
    part = statement.part(0)
    if not (isinstance(part, sp.Le) and isinstance(part.args[0], sp.Abs)):
        raise _refuse("|T_inf - series| <= constant epsilon^k", part)
    inside, (constant, power) = sp.Poly(part.args[0].args[0], limit), part.args[1].as_coeff_exponent(epsilon)
    if inside.degree() != 1 or not (constant.is_Rational and power.is_Integer):
        raise _refuse("a series and a power of epsilon", part)
    slope, rest = inside.all_coeffs()
    return sp.expand(-rest / slope), constant, int(power) - 1


@lru_cache(maxsize=32)
def _strip(one_step: PlanarMap, region: frozenset[tuple[str, object]], order: int) -> SharpBound:
    """The strip of an order in a region, with the limit and the constant that it gives; nothing is judged yet."""
    given: dict[str, Any] = dict(region)
    # the region serves more epsilon than the strip
    barrier = derive_barrier(one_step, {**REGIONS[order], **{k: given[k] for k in ("slope", "width", "height")}})
    devices = {name: STRIPS[order][name] for name in _DEVICES}
    extent, top = given["floor"] - EDGE, given["epsilon_max"]
    return sharp_bound(derive_strip(barrier, order, extent=extent, epsilon_max=top, **devices))


@lru_cache(maxsize=32)
def _judge_strip(one_step: PlanarMap, region: frozenset[tuple[str, object]], order: int) -> Outcome:
    """The conditions of the region, and where they hold those of the strip: they take a hundred times as long."""
    bound = _strip(one_step, region, order)
    strip = bound.strip
    domain = (
        f"0 < epsilon <= {strip.epsilon_max}, closed boxes; by the same conditions with {bound.log_constant} for "
        f"starts with V >= 2 + {bound.tau} epsilon ln(1/epsilon)"
    )
    outcome = judge_barriers((strip.barrier,), domain=domain)
    return judge_barriers((strip.barrier,), strip.conditions, domain) if outcome.verdict is Verdict.TRUE else outcome


@refuted_by_algebra
def _judge_sharp(
    one_step: PlanarMap, region: frozenset[tuple[str, object]], series: sp.Expr, constant: sp.Rational, order: int
) -> Outcome:
    bound = _strip(one_step, region, order)
    derived = bound.strip.series.limit()
    if sp.expand(derived - series) != 0 or bound.constant > to_fraction(constant):
        detail = f"derived {derived} up to {bound.constant} epsilon^{order + 1}"
        return judge(1, 1, worst=str(derived), bound=str(series), figure="the limit", detail=detail)
    return _judge_strip(one_step, region, order)


def _sharp(ctx: CheckContext) -> Outcome:
    """A strip about the slow curve in the stated region traps every orbit that starts at the stated height."""
    series, constant, order = _remainder(ctx.statement)
    (region,) = stated_regions(ctx.statement)
    if "floor" not in region:
        raise _refuse("a least V of the starts", region)
    if order not in STRIPS:
        raise _refuse(f"an order in {sorted(STRIPS)}", order)
    return _judge_sharp(ctx.map, frozenset(region.items()), series, constant, order)


@lru_cache(maxsize=64)
def _limits(
    one_step: PlanarMap, region: frozenset[tuple[str, sp.Rational]], count: int, seed: int
) -> tuple[tuple[dict[sp.Basic, Fraction], Any], ...]:
    """Random starts of a region above its floor, with their limits at 50 digits."""
    numbers = {name: to_fraction(value) for name, value in region}
    slow = derive_barrier(one_step, REGIONS[1]).slow
    on_z = sp.lambdify(z, slow.invariant, "sympy")
    kernel, rng = compile_map(one_step, "mpfr"), random.Random(seed)
    found: list[tuple[dict[sp.Basic, Fraction], Any]] = []
    for _ in range(1000 * count):
        if len(found) == count:
            return tuple(found)
        eps = numbers["epsilon_max"] / 2 ** (len(found) % 3)
        high = int(EDGE) + numbers["height"] - numbers["width"] * eps
        z0, share = Fraction(rng.randrange(-700, 700), 1000), Fraction(rng.randrange(1, 1000), 1000)
        V0 = numbers["floor"] + share * (high - numbers["floor"])
        p0 = to_fraction(on_z(sp.Rational(z0)))
        if z0 == 0 or high < V0 or numbers["slope"] * p0 > V0 + numbers["width"] * eps - 2:
            continue
        T0 = eigenvalue(z0, V0, eps)
        found.append(({z: z0, V: V0, p: p0, epsilon: eps}, limit_eigenvalue(kernel, z0, T0, eps, DIGITS)))
    raise _refuse("a region that holds starts", numbers)


def _sharp_sampled(ctx: CheckContext) -> Outcome:
    """The statement at random starts of the region, their limits found by iteration."""
    (region,) = stated_regions(ctx.statement)
    numbers = {name: region[name] for name in ("slope", "width", "height", "floor", "epsilon_max")}
    found = _limits(ctx.map, frozenset(numbers.items()), ctx.pick(6, 20, 100), ctx.seed)
    series, _, order = _remainder(ctx.statement)
    rejected, worst = 0, 0.0
    for start, end in found:
        if end is None:
            rejected += 1
            continue
        values = {**start, limit: exact_value(end)}
        rejected += not (ctx.statement.admits(values) and ctx.statement.holds(values))
        missed = abs(values[limit] - to_fraction(series.subs(epsilon, sp.Rational(start[epsilon]))))
        worst = max(worst, float(missed / start[epsilon] ** (order + 1)))
    return judge(
        len(found),
        rejected,
        worst=worst,
        figure=f"largest |T_inf - series| / epsilon^{order + 1}",
        digits=DIGITS,
        domain="random starts of the region, epsilon the largest one, its half and its quarter",
    )


def _point(statement: Reading) -> dict[sp.Basic, sp.Expr]:
    """Epsilon, z and T as the hypotheses fix them; on the nullcline at ``epsilon = 0`` T is a function of z."""
    statement.within(epsilon, _UP_TO_ONE)
    for variable in (z, T):
        statement.within(variable, REALS)
    found = {h.args[0]: h.args[1] for h in statement.given() if isinstance(h, sp.Eq)}
    if found.keys() != {epsilon, z, T} or len(statement.given()) != len(found):
        raise _refuse("one value for each of epsilon, z and T", statement.given())
    return found


@lru_cache(maxsize=128)
def _orbit(one_step: PlanarMap, eps: Fraction, z0: Fraction, T0: Fraction) -> tuple[Lyapunov, OrbitVerdict]:
    lyapunov = derive_lyapunov(one_step)
    return lyapunov, EnclosedOrbit(lyapunov, eps).run(z0, T0)


@refuted_by_algebra
def _judge_orbit(ctx: CheckContext, point: dict[sp.Basic, sp.Expr], outcome: str) -> Outcome:
    eps, z0 = (sp.sympify(point[s]) for s in (epsilon, z))
    T0 = point[T].xreplace({F_0: ctx.map.nullcline(1).at_zero}).subs(z, z0)
    lyapunov, found = _orbit(ctx.map, *(to_fraction(x) for x in (eps, z0, T0)))
    start = {epsilon: eps, z: z0, T: T0, V: lyapunov.value.subs({epsilon: eps, z: z0, T: T0}, simultaneous=True)}
    shown: dict[str, Any] = {
        "domain": f"epsilon = {eps}, z = {z0}, T = {T0}",
        "digits": 300,
        "figure": "the orbit's end",
    }
    if found.outcome != outcome:
        return judge(found.steps, 1, worst=found.outcome, bound=outcome, **shown)
    if outcome == "escape":
        wrong = int(not ctx.statement.holds({**start, _ENDLESS: sp.oo}))
        detail = f"in {found.steps} steps to where z grows for ever; ball radius {found.radius:.1g}"
        return judge(found.steps, wrong, worst=outcome, bound=outcome, detail=detail, **shown)
    # each part is linear in the limit: what holds at both ends of the enclosure holds in it
    wrong = sum(not ctx.statement.holds({**start, limit: end}) for end in (found.low, found.high))
    detail = f"lim T in [{found.low:.12f}, {found.high:.12f}], (2 - lim T)/epsilon = {(2 - found.low) / float(eps):.4f}"
    return judge(found.steps, wrong, worst=f"{found.low:.6f}", detail=detail, **shown)


def _diverges(ctx: CheckContext) -> Outcome:
    """The orbit of the stated start escapes for good."""
    return _judge_orbit(ctx, _point(ctx.statement), "escape")


def _ends(ctx: CheckContext) -> Outcome:
    """The limit of the stated start, enclosed, satisfies every part at both ends of the enclosure."""
    parts = ctx.statement.parts()
    if any(limit in part.free_symbols and sp.Poly(part.lhs - part.rhs, limit).degree() != 1 for part in parts):
        raise _refuse("parts linear in T_inf", parts)
    return _judge_orbit(ctx, _point(ctx.statement), "limit")


@refuted_by_algebra
def _judge_growth(lyapunov: Lyapunov, stated: Mapping[str, sp.Expr]) -> Outcome:
    """What the conclusion holds not negative, as sums of products of what the hypotheses hold not negative.

    With ``V = norm + w`` each is a polynomial in ``w >= 0``, whose coefficients are products of ``z - least``,
    ``z (1 - epsilon) - share`` and polynomials with positive coefficients.
    """
    one_step, w, s = lyapunov.one_step, sp.Dummy("w"), sp.Dummy("s")
    z_next, T_next = one_step.components
    V_next = T_next + lyapunov.tilt * z_next
    inside = {T: stated["norm"] + w - lyapunov.tilt * z}
    excesses = (z_next - stated["factor"] * z, V_next - stated["norm"].subs(z, z_next) + stated["gap"])
    slack = sp.Poly(z * (1 - epsilon) - stated["share"], z, epsilon)
    tested = wrong = 0
    for excess in excesses:
        for part in sp.Poly(sp.expand(excess.subs(inside)), w).all_coeffs():
            rest = sp.Poly(part, z, epsilon)
            quotient, left = sp.div(rest, slack)
            rest = quotient if left.is_zero else rest
            shifted = sp.Poly(rest.as_expr().subs(z, stated["least"] + s), s, epsilon)
            tested += 1
            wrong += any(c < 0 for c in shifted.coeffs())
    domain = f"exact, in z - {stated['least']}, z (1 - epsilon) - {stated['share']}, epsilon and V - {stated['norm']}"
    return judge(tested, wrong, worst=wrong, bound=0, figure="cofactors with a negative coefficient", domain=domain)


def _escape_lemma(ctx: CheckContext) -> Outcome:
    """The state after one step against the stated multiple and the stated hypotheses."""
    statement = ctx.statement
    statement.within(epsilon, POSITIVE)
    statement.within(V, REALS)
    least = statement.interval(z).start
    growth, real = statement.bounds(_NEXT), statement.bounds(_V_NEXT)
    share, norm = (statement.bounds(q, given=True) for q in (z * (1 - epsilon), V))
    lower = (growth, real, share, norm)
    closed = not (growth.low_strict or real.low_strict)
    if norm.low is None or not closed or any(b.low is None or b.high is not None for b in lower):
        raise _refuse("lower bounds only", lower)
    stated = {"factor": sp.cancel(growth.low / z), "least": least, "share": share.low, "norm": norm.low}
    # what is shown of V' is V' >= norm(z'), the hypothesis again
    stated["gap"] = norm.low.subs(z, _NEXT) - real.low
    if not all(stated[name].is_Rational for name in ("factor", "least", "share", "gap")):
        raise _refuse("numbers, and the hypothesis on V again after the step", stated)
    return _judge_growth(derive_lyapunov(ctx.map), stated)


_STRIP = Source("edgestab", "strip about the slow curve")
_ORBIT = Source("edgestab", "enclosed orbits")
_STATE, _AT = (Range(z, REALS), Range(V, REALS)), (Range(z, REALS), Range(T, REALS))


def _sharp_statement(order: int) -> Statement:
    """For starts of the region of :data:`REGIONS` a little above the edge: the limit to an order of its series."""
    series, constant = PRINTED[order]
    region, strip = REGIONS[order], STRIPS[order]
    slope, height = (sp.Rational(str(region[name])) for name in ("slope", "height"))
    return Statement(
        over=(Range(epsilon, sp.Interval.Lopen(0, sp.Rational(strip["epsilon_max"]))), *_STATE),
        given=(*region_hypotheses(slope, height), ge(V, 2 + sp.Rational(strip["extent"]))),
        conclusion=(le(sp.Abs(limit - series), constant * epsilon ** (order + 1)),),
    )


def _from(hypothesis: str, *parts: sp.Basic, at: Fraction | None = None) -> Statement:
    """A statement about the orbit that shows a hypothesis to be needed; without T it starts on the nullcline."""
    eps, z0, *value = (sp.Rational(q) for q in NEEDED[hypothesis])
    return Statement(
        over=(Range(epsilon, _UP_TO_ONE), *_AT),
        given=(eq(epsilon, eps if at is None else sp.Rational(at)), eq(z, z0), eq(T, value[0] if value else F_0)),
        conclusion=parts,
    )


_STRIP_CHECKS = (
    Check("cofactors of a strip about the slow curve, positive on boxes", Level.ENCLOSED, _sharp),
    Check("limits of random starts at 50 digits", Level.CHECKED, _sharp_sampled),
)

CLAIMS = (
    Claim(
        id="theorem-1-sharp",
        title="The limit is 2 - epsilon/2 up to 17/4 epsilon^2, without a logarithm",
        statement=_sharp_statement(1),
        source=_STRIP,
        uses=("theorem-1-trapping-region",),
        note="stronger than epsilon^2 ln(1/epsilon): a strip about the slow curve replaces the Gronwall estimate. The "
        "explicit starts of theorem-1 are among these, for epsilon up to 1/30",
        checks=_STRIP_CHECKS,
    ),
    Claim(
        id="theorem-1-second",
        title="The limit is 2 - epsilon/2 - 27/32 epsilon^2 up to 137/8 epsilon^3",
        statement=_sharp_statement(2),
        source=_STRIP,
        uses=("theorem-1-sharp",),
        checks=_STRIP_CHECKS,
    ),
    Claim(
        id="theorem-1-third",
        title="The limit is 2 - epsilon/2 - 27/32 epsilon^2 - 153/128 epsilon^3 up to 139/8 epsilon^4",
        statement=_sharp_statement(3),
        source=_STRIP,
        uses=("theorem-1-second",),
        checks=_STRIP_CHECKS,
    ),
    Claim(
        id="theorem-1-escape",
        title="Where the residual grows for ever, at least fourfold at each step",
        finding=Finding.LEFT_OUT,
        statement=Statement(
            over=(Range(epsilon, POSITIVE), Range(z, sp.Interval(3, sp.oo)), Range(V, REALS)),
            given=(ge(z * (1 - epsilon), 2), ge(V, 2 * epsilon * z)),
            conclusion=(ge(_NEXT, 4 * z), ge(_V_NEXT, 2 * epsilon * _NEXT)),
        ),
        source=_ORBIT,
        note="V >= 2 epsilon z says that theta_2 is real; the hypotheses hold again after the step",
        checks=(Check("the excess as a sum of products that are not negative", Level.DERIVED, _escape_lemma),),
    ),
    Claim(
        id="theorem-1-needs-the-top",
        title="A start below the edge outside the region diverges",
        finding=Finding.LEFT_OUT,
        statement=_from("top", lt(T, 2), eq(V, R(7, 2)), eq(_ENDLESS, sp.oo)),
        source=_ORBIT,
        uses=("theorem-1-escape",),
        note="so `lim lambda <= 2/eta` needs a bound on the weights, not only a start below the edge: the region of "
        "theorem-1-trapping-region ends at V + epsilon = 5/2",
        checks=(Check("orbit enclosed by balls until the escape is final", Level.ENCLOSED, _diverges),),
    ),
    Claim(
        id="theorem-1-needs-the-barrier",
        title="A start under the barrier ends more than 2 epsilon below the edge",
        statement=_from(
            "barrier",
            lt(V + epsilon, 2),
            lt(limit, 2 - 2 * epsilon),
            gt(limit, R(1515, 1000)),
            lt(limit, R(1516, 1000)),
        ),
        source=_ORBIT,
        uses=("theorem-1-lyapunov",),
        note="under every barrier of width 1, for they all ask V + epsilon >= 2",
        checks=(Check("limit enclosed by balls and a geometric tail", Level.ENCLOSED, _ends),),
    ),
    Claim(
        id="theorem-1-needs-distance",
        title="A start too close to z = 0 freezes: it ends more than 13/2 epsilon^2 above 2 - epsilon/2",
        statement=_from("distance", gt(limit, 2 - epsilon / 2 + R(13, 2) * epsilon**2), lt(limit, 2)),
        source=_ORBIT,
        uses=("theorem-1-lyapunov",),
        note="so the sharp form, with 17/4 epsilon^2, needs V well above 2; the plain form "
        "2 - epsilon <= lim <= 2 holds here too",
        checks=(Check("limit enclosed by balls and a geometric tail", Level.ENCLOSED, _ends),),
    ),
    Claim(
        id="theorem-1-frozen-start",
        title="At epsilon = 1/5 the same start ends 0.18 epsilon below the edge",
        statement=_from(
            "distance",
            gt(limit, 2 - R(180, 1000) * epsilon),
            lt(limit, 2 - R(179, 1000) * epsilon),
            at=Fraction(1, 5),
        ),
        source=_ORBIT,
        uses=("theorem-1-lyapunov",),
        note="a relaxed orbit would end near epsilon/2 below it",
        checks=(Check("limit enclosed by balls and a geometric tail", Level.ENCLOSED, _ends),),
    ),
)
