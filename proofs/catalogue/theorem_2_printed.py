"""Around Theorem 2 as printed: the scale that eq. 22 lacks, the conventions under which it stands, its hypotheses."""

from __future__ import annotations

from math import comb

import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import PolyRing
from ...symbolic.algebra.symbols import symbols
from ..claims import Check, CheckContext, Claim, Finding, Level, Outcome, Source, judge
from ..statements import NATURALS, POSITIVE, REALS, Definition, Iff, R, Range, Statement, eq, gt
from ..statements.names.theorem_2 import SPEED
from .theorem_2 import EVERY, POSTER, RANK, RANKS, equality, polynomials_agree, quantified, read_scope

D, P, sigma_z, sigma_J, sigma_Q, m_1, m_2, a_k, kappa_r, r = symbols(
    "D P sigma_z sigma_J sigma_Q m_1 m_2 a_k kappa_r r"
)
rotated, ratio_c = sp.Symbol("kappa_r'"), sp.Symbol("ratio_c")


def at_hypotheses(ctx: CheckContext, expr: sp.Expr, *names: sp.Symbol) -> sp.Expr:
    """An expression with the values that hypotheses give some symbols."""
    return expr.subs({name: ctx.statement.value(name) for name in names})


def _printed_scale(ctx: CheckContext) -> Outcome:
    """The ratio at the printed variance of Q, and by how much it exceeds the bound: a sum of positive terms."""
    read_scope(ctx)
    ratio = at_hypotheses(ctx, ctx.subject.acceleration("goe").ratio, sigma_Q)
    quantity = a_k / m_1
    tested, rejected = polynomials_agree(ctx.statement.equation(quantity), ratio)
    bounds = ctx.statement.bounds(quantity)
    if bounds.low is None or bounds.high is not None:
        raise ProofError.of("theorem-2-printed-scale", "a lower bound of the ratio", str(bounds), "State it so.")
    # D and P at least 1, all other symbols positive: positive coefficients prove it
    beyond = {D: 1 + D, P: 1 + P}
    numerator, denominator = sp.fraction(sp.together((ratio - bounds.low).subs(beyond, simultaneous=True)))
    ring = PolyRing((D, P, sigma_z, sigma_J, m_1, m_2))
    parts = [list(ring.from_expr(e).to_dict().values()) for e in (numerator, denominator)]
    terms = [c for part in parts for c in part]
    rejected += sum(not c > 0 for c in terms) + (not all(parts))
    smallest = ratio.subs({D: 1, P: 1, m_2: 3 * sigma_J**4, m_1: sigma_J**2})
    return judge(
        tested + len(terms),
        rejected,
        worst=rejected,
        bound=0,
        figure="terms that differ or are not positive",
        domain="every eigenvalue, D, P >= 1: plain sums over outputs and parameters, unit time",
        detail=f"at D = P = 1 the ratio is {smallest}",
    )


def _conventions(ctx: CheckContext) -> Outcome:
    """The condition as solved, each reading's leading ratio against it, and which of them give the printed value."""
    from ...symbolic.wick.conventions import READINGS, condition

    read_scope(ctx)
    ctx.statement.within(SPEED, POSITIVE)
    (part,) = ctx.statement.parts()
    if not isinstance(part, Iff):
        raise ProofError.of("theorem-2-conventions", "an equivalence", str(part), "State it so.")
    (quantity, printed), (strength, needed) = (equality(side) for side in part.args)
    acceleration = ctx.subject.acceleration("goe")
    ratio = quantity.subs(ratio_c, SPEED**2 * acceleration.leading_ratio())
    # two equations between positive numbers hold together if one's gap is a positive multiple of the other's
    rejected = int(sp.cancel((ratio - printed) / (strength - needed)).is_positive is not True)
    solved = condition(acceleration)
    rejected += polynomials_agree((strength - needed).subs(SPEED, 1), solved.lhs - solved.rhs)[1] > 0
    standing = []
    for reading in READINGS:
        read = {sigma_Q: sp.sqrt(reading.variance), SPEED: reading.speed}
        quotient = sp.cancel((strength / needed).subs(read))
        verdict = reading.holds(ctx.subject.acceleration(reading.law))
        expected = "always" if quotient == 1 else "if D = P" if sp.cancel(quotient.subs(D, P)) == 1 else "no"
        rejected += verdict != expected
        standing += [f"{reading.name} ({verdict})"] * (verdict != "no")
    rejected += not standing
    return judge(
        len(READINGS) + 2,
        rejected,
        worst=f"{len(standing)} of {len(READINGS)}",
        figure="readings under which eq. 22 stands",
        domain="leading order as D, P grow at a fixed quotient",
        detail=f"eq. 22 as printed stands under: {', '.join(standing)}",
    )


def _order_by_order(ctx: CheckContext) -> Outcome:
    """Cumulants of (x + y) / sqrt 2 from moments, by the recursion between both, with every cumulant of x a symbol."""
    last = ctx.pick(6, 8, 10)
    ctx.statement.within(r, NATURALS)
    ctx.statement.within(kappa_r, REALS)
    stated = ctx.statement.equation(rotated)
    cumulants = sp.symbols(f"kappa_1:{last + 1}")
    moments = [sp.Integer(1)]
    for n in range(1, last + 1):
        moments.append(sp.expand(sum(comb(n - 1, j - 1) * cumulants[j - 1] * moments[n - j] for j in range(1, n + 1))))
    added = [sp.expand(sum(comb(n, i) * moments[i] * moments[n - i] for i in range(n + 1))) for n in range(last + 1)]
    found: list[sp.Expr] = []
    for n in range(1, last + 1):
        lower = sum(comb(n - 1, j - 1) * found[j - 1] * added[n - j] for j in range(1, n))
        found.append(sp.expand(added[n] - lower))
    gaps = [
        sp.simplify(c / sp.sqrt(2) ** n - stated.subs({kappa_r: cumulants[n - 1], r: n}))
        for n, c in enumerate(found, 1)
    ]
    return judge(
        last,
        rejected := sum(g != 0 for g in gaps),
        worst=rejected,
        bound=0,
        figure="orders that differ",
        domain=f"orders 1 to {last}, where the moments exist",
    )


def _maxwell(ctx: CheckContext) -> Outcome:
    """Cumulants are additive and homogeneous: a rotation by 45 degrees leaves only the second one free."""
    domain = ctx.statement.domain(r)
    ctx.statement.within(r, REALS)
    ctx.statement.within(kappa_r, REALS)
    argument = sp.Dummy("t", positive=True)
    # the term of order r of twice the generating function K(t / sqrt 2), in units of that of K(t)
    factor = 2 * (argument / sp.sqrt(2)) ** r / argument**r
    logarithm = sp.log(ctx.statement.equation(rotated) / kappa_r / factor)
    rejected = int(sp.simplify(sp.expand_log(logarithm, force=True)) != 0)
    (part,) = (p for p in ctx.statement.parts() if isinstance(p, Iff))
    free = []
    for side in part.args:
        left, right = equality(side)
        quotient = sp.simplify((left - right).subs(rotated, factor * kappa_r) / kappa_r)
        if kappa_r in quotient.free_symbols:  # else both equations hold wherever the cumulant vanishes
            raise ProofError.of("rotation-invariance-is-gaussian", "multiples of the cumulant", str(side), "State so.")
        roots = sp.solveset(quotient, r, sp.S.Reals)
        free.append(sp.FiniteSet(*(sp.simplify(sp.expand_log(root, force=True)) for root in roots)).intersect(domain))
    rejected += not (free[0] == free[1] and isinstance(free[0], sp.FiniteSet))
    return judge(
        2,
        rejected,
        worst=str(free[0]),
        bound=str(free[1]),
        figure="orders whose cumulant need not vanish",
        domain="cumulants of every order, where they exist",
    )


CLAIMS = (
    Claim(
        id="theorem-2-printed-scale",
        title="What eq. 22 lacks: a convention that divides by 2 D P",
        finding=Finding.SILENT,
        statement=Statement(
            (
                eq(a_k / m_1, 2 * sigma_z**2 * (D * P + m_2 / (sigma_J**2 * m_1))),
                gt(a_k / m_1, 2 * D * P * sigma_z**2),
            ),
            over=EVERY,
            given=(RANKS, eq(sigma_Q, 1)),
            where=RANK,
        ),
        source=POSTER,
        uses=("theorem-2-finite-size", "theorem-2-limit"),
        note="With plain sums and the printed variance of Q the ratio is never the printed sigma_z^2, but more than "
        "2 D P times it; see theorem-2-conventions for the readings under which the printed value stands.",
        checks=(Check("positive coefficients of the difference", Level.DERIVED, _printed_scale),),
    ),
    Claim(
        id="theorem-2-conventions",
        title="The convention under which eq. 22 reads sigma_z^2",
        finding=Finding.SILENT,
        statement=Statement(
            (Iff(eq(ratio_c, sigma_z**2), eq(sigma_Q**2 * SPEED**2, 1 / (2 * D * P))),),
            over=(*quantified(D, P, sigma_z, sigma_Q), Range(SPEED, POSITIVE)),
            where=(Definition(SPEED, "how many times faster than d theta/dt = -J' z the flow is"),),
        ),
        source=POSTER,
        uses=("theorem-2-limit",),
        note="`edgestab theorem-2` prints the ledger of readings with the exact ratio of each.",
        checks=(Check("the ledger of readings against the condition", Level.DERIVED, _conventions),),
    ),
    Claim(
        id="rotation-invariance-is-gaussian",
        title="Rotation invariance leaves independent entries no cumulant but the second",
        statement=Statement(
            (
                eq(rotated, 2 * R(1, 2) ** (r / 2) * kappa_r),
                Iff(eq(rotated, kappa_r), eq((r - 2) * kappa_r, 0)),
            ),
            over=(Range(r, NATURALS), Range(kappa_r, REALS)),
        ),
        source=Source("maxwell1860", "Proposition IV"),
        note="(x + y) / sqrt 2 has the law of x if that of (x, y) is invariant to rotation; a law without cumulants "
        "of other orders is Gaussian.",
        checks=(
            Check("a rotation by 45 degrees on cumulants", Level.DERIVED, _maxwell),
            Check("cumulants from moments, order by order", Level.CHECKED, _order_by_order),
        ),
    ),
)
