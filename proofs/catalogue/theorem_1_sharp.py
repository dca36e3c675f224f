"""The sharp forms of Theorem 1 with explicit constants, and orbits that show their hypotheses are needed."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from ...symbolic.algebra.rings import PolyRing, to_fraction
from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.trapping.lyapunov import derive_lyapunov
from ..certificates.enclosed_orbits import NEEDED, EnclosedOrbit, needed_orbit
from ..certificates.sharp_limit import sharp_bound, sharp_strip
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from .theorem_1_certificate import judge_conditions, refuted_by_algebra

z, T, V, epsilon = symbols("z T V epsilon")
limit = symbol("T_inf")


#: What the statements print, by order: the series and the constant of its remainder. The checks derive both again.
PRINTED: dict[int, tuple[sp.Expr, sp.Rational]] = {
    1: (2 - epsilon / 2, sp.Rational(17, 4)),
    2: (2 - epsilon / 2 - sp.Rational(27, 32) * epsilon**2, sp.Rational(137, 8)),
    3: (2 - epsilon / 2 - sp.Rational(27, 32) * epsilon**2 - sp.Rational(153, 128) * epsilon**3, sp.Rational(139, 8)),
}


def _statement(order: int) -> sp.Basic:
    series, constant = PRINTED[order]
    return sp.Le(sp.Abs(limit - series), constant * epsilon ** (order + 1))


def _sharp(ctx: CheckContext, order: int) -> Outcome:
    strip = sharp_strip(ctx.map, order)
    bound = sharp_bound(strip)
    series, constant = PRINTED[order]
    derived = strip.series.limit()
    if sp.expand(derived - series) != 0 or bound.constant > to_fraction(constant):
        detail = f"derived {derived} up to {bound.constant} epsilon^{order + 1}"
        return judge(1, 1, worst=str(derived), bound=str(series), detail=detail)
    domain = (
        f"0 < epsilon <= {strip.epsilon_max}, starts in the region with V >= 2 + {strip.extent}; "
        f"the same with {bound.log_constant} for V >= 2 + {bound.tau} epsilon ln(1/epsilon)"
    )
    return judge_conditions((*strip.barrier.conditions, *strip.conditions), domain)


@refuted_by_algebra
def _first(ctx: CheckContext) -> Outcome:
    return _sharp(ctx, 1)


@refuted_by_algebra
def _second(ctx: CheckContext) -> Outcome:
    return _sharp(ctx, 2)


@refuted_by_algebra
def _third(ctx: CheckContext) -> Outcome:
    return _sharp(ctx, 3)


@refuted_by_algebra
def _diverges(ctx: CheckContext) -> Outcome:
    """Start below the edge, ``V = 7/2``: above the top of the region; the orbit escapes for good."""
    lyapunov = derive_lyapunov(ctx.map)
    eps, z0, T0 = needed_orbit(lyapunov, "top")
    found = EnclosedOrbit(lyapunov, eps).run(z0, T0)
    wrong = int(found.outcome != "escape")
    return judge(
        found.steps,
        wrong,
        worst=found.outcome,
        bound="escape",
        digits=300,
        domain=f"epsilon = {eps}, z = {z0}, T = {T0}",
        detail=f"in {found.steps} steps to where z doubles for ever; ball radius {found.radius:.1g}",
    )


@refuted_by_algebra
def _falls_short(ctx: CheckContext) -> Outcome:
    """Start under the barrier: the limit lies below ``2 - epsilon``."""
    lyapunov = derive_lyapunov(ctx.map)
    eps, z0, T0 = needed_orbit(lyapunov, "barrier")
    found = EnclosedOrbit(lyapunov, eps).run(z0, T0)
    wrong = int(not (found.outcome == "limit" and found.high < 2 - float(eps)))
    return judge(
        found.steps,
        wrong,
        worst=found.high,
        bound=float(2 - eps),
        digits=300,
        domain=f"epsilon = {eps}, z = {z0}, T = {T0}",
        detail=f"lim T in [{found.low:.12f}, {found.high:.12f}]",
    )


@refuted_by_algebra
def _freezes(ctx: CheckContext) -> Outcome:
    """Start on the nullcline close to ``z = 0``: the orbit stops before it relaxes, the sharp bound fails."""
    lyapunov = derive_lyapunov(ctx.map)
    eps, z0, T0 = needed_orbit(lyapunov, "distance")
    bound = sharp_bound(sharp_strip(ctx.map, 1))
    allowed = bound.constant * eps**2
    centre = sum(to_fraction(c) * eps**j for j, c in enumerate(bound.strip.series.limit_coefficients))
    found = EnclosedOrbit(lyapunov, eps).run(z0, T0)
    other = EnclosedOrbit(lyapunov, Fraction(1, 5)).run(z0, T0)
    away = found.low - float(centre)
    wrong = int(not (found.outcome == "limit" and away > 1.01 * float(allowed) and found.high <= 2))
    wrong += int(not (other.outcome == "limit" and 2 - other.low < 0.2 * 0.2))
    return judge(
        found.steps + other.steps,
        wrong,
        worst=away,
        bound=float(allowed),
        digits=300,
        domain=f"epsilon = {eps} and 1/5, z = {z0}, T = {T0}",
        detail=f"(2 - lim T)/epsilon = {(2 - found.low) / float(eps):.4f} and {(2 - other.low) / 0.2:.4f}, not 1/2",
    )


@refuted_by_algebra
def _escape_lemma(ctx: CheckContext) -> Outcome:
    """The identities behind the escape: theta' and the factor that keeps ``theta_1^2 >= 2 epsilon theta_2^2``."""
    step = ctx.subject.theta_step
    first, second = step.variables
    ring = PolyRing((*step.variables, *step.parameters))
    residual = (first**2 - epsilon * second**2) / 2
    pairs = (
        (step.components[0], first * (1 - residual)),
        (step.components[1], second * (1 + epsilon * residual)),
        ((z - 1) ** 2 - (1 + epsilon * z) ** 2, z * (1 + epsilon) * (z * (1 - epsilon) - 2)),
    )
    wide = PolyRing((*ring.symbols, z))
    wrong = sum(wide.from_expr(a) != wide.from_expr(b) for a, b in pairs)
    return judge(len(pairs), wrong, worst=wrong, bound=0, domain="all theta, z, epsilon")


_NEXT, _ENDLESS = symbol("z'"), sp.Symbol("T_inf", extended_real=True)
_STRIP = Source("edgestab", "strip about the slow curve")
_ORBIT = Source("edgestab", "enclosed orbits")

CLAIMS = (
    Claim(
        id="theorem-1-sharp",
        title="The limit is 2 - epsilon/2 up to 17/4 epsilon^2, without a logarithm",
        statement=_statement(1),
        variables=(limit, epsilon),
        assumptions=(sp.Le(epsilon, sp.Rational(1, 30)), sp.Ge(V, sp.Rational(43, 20))),
        source=_STRIP,
        uses=("theorem-1-trapping-region",),
        domain="epsilon <= 1/30, starts in the region with epsilon eta |theta|^2 >= 2 + 3/20, explicit ones included",
        note="stronger than epsilon^2 ln(1/epsilon): a strip about the slow curve replaces the Gronwall estimate",
        checks=(Check("cofactors of a strip about the slow curve, positive on boxes", Level.ENCLOSED, _first),),
    ),
    Claim(
        id="theorem-1-second",
        title="The limit is 2 - epsilon/2 - 27/32 epsilon^2 up to 137/8 epsilon^3",
        statement=_statement(2),
        variables=(limit, epsilon),
        assumptions=(sp.Le(epsilon, sp.Rational(1, 50)), sp.Ge(V, sp.Rational(43, 20))),
        source=_STRIP,
        uses=("theorem-1-sharp",),
        domain="epsilon <= 1/50, starts as for the first coefficient; at effort thorough also the third: "
        "- 153/128 epsilon^3 up to 139/8 epsilon^4 for epsilon <= 1/100",
        checks=(
            Check("the strip of order 2", Level.ENCLOSED, _second),
            Check("the strip of order 3", Level.ENCLOSED, _third, "thorough"),
        ),
    ),
    Claim(
        id="theorem-1-escape",
        title="Where the residual doubles for ever",
        statement=sp.Implies(
            sp.And(sp.Ge(z * (1 - epsilon), 3), sp.Ge(2 * z * (1 + 2 * epsilon), V), sp.Ge(V, 2 * epsilon * z)),
            sp.Ge(_NEXT, 2 * z),
        ),
        variables=(z, V, T, epsilon),
        source=_ORBIT,
        domain="z >= 3/(1 - epsilon), 2 z (1 + 2 epsilon) >= V >= 2 epsilon z; the last says that the weights are real",
        checks=(Check("identities of the escape argument", Level.DERIVED, _escape_lemma),),
    ),
    Claim(
        id="theorem-1-needs-the-top",
        title="A start below the edge outside the region diverges",
        statement=sp.Implies(
            sp.And(*(sp.Eq(s, sp.Rational(q)) for s, q in zip((epsilon, z, T), NEEDED["top"], strict=True))),
            sp.Eq(_ENDLESS, sp.oo),
        ),
        variables=(z, T, epsilon),
        source=_ORBIT,
        uses=("theorem-1-escape",),
        domain="one orbit, enclosed",
        note="so `lim lambda <= 2/eta` needs a bound on the weights, not only a start below the edge",
        checks=(Check("orbit enclosed by balls until the escape is final", Level.ENCLOSED, _diverges),),
    ),
    Claim(
        id="theorem-1-needs-the-barrier",
        title="A start under the barrier ends more than epsilon below the edge",
        statement=sp.Lt(limit, 2 - epsilon),
        variables=(limit, epsilon),
        source=_ORBIT,
        uses=("theorem-1-lyapunov",),
        domain="one orbit, enclosed",
        checks=(Check("limit enclosed by balls and a geometric tail", Level.ENCLOSED, _falls_short),),
    ),
    Claim(
        id="theorem-1-needs-distance",
        title="A start too close to z = 0 freezes: the sharp form fails there",
        statement=sp.Not(_statement(1)),
        variables=(limit, epsilon),
        source=_ORBIT,
        uses=("theorem-1-lyapunov",),
        domain="two orbits, enclosed",
        note="the plain form 2 - epsilon <= lim <= 2 still holds for them; only the coefficient 1/2 is lost",
        checks=(Check("limits enclosed by balls and a geometric tail", Level.ENCLOSED, _freezes),),
    ),
)
