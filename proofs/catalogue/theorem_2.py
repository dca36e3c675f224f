"""Theorem 2: the first two derivatives of NTK eigenvalues at the start of gradient flow, exact at every size."""

from __future__ import annotations

import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import PolyRing
from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.wick.acceleration import edge_bound
from ..claims import Check, CheckContext, Claim, Finding, Level, Outcome, Source, judge
from ..statements import NATURALS, POSITIVE, REALS, Definition, R, Range, Statement, eq, ge, le
from ..statements.names.theorem_2 import K
from .follow import follows
from .theorem_2_samples import Score, dense, ensemble, judge_scores, ratio_score, sampled, sizes_and_spreads

D, P, sigma_z, sigma_J, sigma_Q, m_1, m_2, a_k, v_k = symbols("D P sigma_z sigma_J sigma_Q m_1 m_2 a_k v_k")
kappa, a_iid = symbol("kappa"), sp.Symbol("a_k_iid")
#: D = N D_0 and P = N P_0 grow with N at a fixed quotient.
N, D_0, P_0 = sp.symbols("N D_0 P_0", positive=True)
a_max, m_max = sp.Function("a_max"), sp.Function("m_max")
POSTER = Source("agarwala2023", "Theorem 2, eq. 22")
HERE = Source("edgestab", "edgestab.wick.Acceleration")
#: What the derivations cover: every size, every spread, every eigenvalue that is not zero by its rank.
SCOPE = {D: NATURALS, P: NATURALS, K: NATURALS, sigma_z: POSITIVE, sigma_J: POSITIVE, sigma_Q: POSITIVE}
RANKS = le(K, sp.Min(D, P))
#: Samples of the simulations by effort, with sizes.
SIZES = {
    "quick": ((1, 3, 4000), (2, 3, 4000), (4, 6, 2000)),
    "default": (
        (1, 3, 40000),
        (2, 3, 20000),
        (4, 6, 20000),
        (6, 4, 10000),
        (8, 16, 4000),
        (64, 48, 500),
        (400, 600, 100),
    ),
    "thorough": (
        (1, 3, 400000),
        (2, 3, 200000),
        (4, 6, 200000),
        (6, 4, 200000),
        (8, 16, 100000),
        (64, 48, 10000),
        (400, 600, 2000),
        (1024, 1024, 400),
        (4096, 4096, 100),
    ),
}


def quantified(*names: sp.Symbol) -> tuple[Range, ...]:
    """Ranges of variables: all that the derivations cover."""
    return tuple(Range(name, SCOPE[name]) for name in names)


def read_scope(ctx: CheckContext) -> None:
    """Read the ranges of a statement, none of which may be larger than what the derivations cover."""
    variables = {entry.symbol for entry in ctx.statement.statement.over}
    for name in variables & SCOPE.keys():
        ctx.statement.within(name, SCOPE[name])
    if K in variables:
        ctx.statement.assumed(RANKS)


def polynomials_agree(left: sp.Expr, right: sp.Expr) -> tuple[int, int]:
    """Coefficients compared and unequal, over a common denominator, by exact algebra."""
    numerators = [sp.fraction(sp.together(e)) for e in (left, right)]
    free = sorted(set().union(*(e.free_symbols for pair in numerators for e in pair)), key=str)
    ring = PolyRing(free)
    (n1, d1), (n2, d2) = ((ring.from_expr(n), ring.from_expr(d)) for n, d in numerators)
    one, two = (n1 * d2).to_dict(), (n2 * d1).to_dict()
    monomials = one.keys() | two.keys()
    return len(monomials), sum(one.get(m, 0) != two.get(m, 0) for m in monomials)


def judge_algebra(tested: int, rejected: int, domain: str) -> Outcome:
    """An outcome of an exact comparison."""
    return judge(tested, rejected, worst=rejected, bound=0, figure="coefficients that differ", domain=domain)


def _compare(ctx: CheckContext, name: sp.Symbol, derived: sp.Expr) -> Outcome:
    read_scope(ctx)
    return judge_algebra(*polynomials_agree(ctx.statement.equation(name), derived), "every eigenvalue, all D, P >= 1")


def _linear_in_q(ctx: CheckContext) -> Outcome:
    """Every term of the first derivative holds Q once, so that its mean over any centred law of Q vanishes."""
    read_scope(ctx)
    found = [ctx.subject.acceleration(law) for law in ("goe", "iid")]
    stated = ctx.statement.equation(v_k)
    terms = [term for a in found for term in a.derivatives[0]]
    rejected = sum(len(a.first_mean) for a in found) + (stated != 0)
    rejected += sum([f.name for f in term.factors].count("Q") != 1 for term in terms)
    return judge(
        len(terms) + 1,
        rejected,
        worst=rejected,
        bound=0,
        figure="terms with a mean",
        domain="every eigenvalue, all D, P >= 1; any centred law of Q",
    )


def _finite_size(ctx: CheckContext) -> Outcome:
    return _compare(ctx, a_k, ctx.subject.acceleration("goe").closed_form)


def _iid_slices(ctx: CheckContext) -> Outcome:
    return _compare(ctx, a_iid, ctx.subject.acceleration("iid").closed_form)


def _simulated_ratio(ctx: CheckContext) -> Outcome:
    """Ratio by exact-in-law simulation against the statement with Fredholm moments, one z-score a size."""
    scores: list[Score] = []
    for number, (d, p, samples) in enumerate(sizes := SIZES[ctx.effort], 1):
        scores += ratio_score(ctx, a_k, sampled(ensemble(d, p), samples, ctx.seed))
        ctx.progress(number / len(sizes))
    return judge_scores(scores, f"largest eigenvalue, {[n for *_, n in sizes]} samples")


def _simulated_first(ctx: CheckContext) -> Outcome:
    """Mean first derivative by simulation against the statement, one z-score a size."""
    scores: list[Score] = []
    for number, (d, p, samples) in enumerate(sizes := SIZES[ctx.effort], 1):
        result = sampled(ensemble(d, p), samples, ctx.seed)
        if ctx.statement.admits(sizes_and_spreads(result.law)):
            gap = result.first_derivative - float(ctx.statement.equation(v_k))
            scores.append((d, p, 1, gap / result.first_derivative_standard_error))
        ctx.progress(number / len(sizes))
    return judge_scores(scores, f"largest eigenvalue, {[n for *_, n in sizes]} samples")


def _dense_twin(ctx: CheckContext) -> Outcome:
    """The same ratio from full tensors Q, by dense linear algebra alone."""
    count = ctx.pick(4000, 20000, 60000)
    scores = [
        score
        for d, p in ((1, 3), (3, 2), (4, 6))
        for score in ratio_score(ctx, a_k, dense(ensemble(d, p), count, ctx.seed)[0])
    ]
    return judge_scores(scores, f"largest eigenvalue, {count} dense samples at each size")


def _two_valued(ctx: CheckContext) -> Outcome:
    """The statement with z and Q of two-valued entries: only their second moments enter."""
    count = ctx.pick(6000, 20000, 400000)
    scores = [
        score
        for d, p in ((2, 3), (3, 2), (4, 6))
        for score in ratio_score(ctx, a_k, dense(ensemble(d, p), count, ctx.seed, entries="rademacher")[0])
    ]
    return judge_scores(scores, f"largest eigenvalue, {count} dense samples at each size, z and Q from two values")


def _simulated_iid(ctx: CheckContext) -> Outcome:
    """Dense simulation with equal variances on and off the diagonal against the statement."""
    count = ctx.pick(10000, 40000, 200000)
    scores = [
        score
        for d, p in ((1, 2), (3, 2), (3, 3))
        for score in ratio_score(ctx, a_iid, dense(ensemble(d, p), count, ctx.seed, curvature="iid")[0])
    ]
    return judge_scores(scores, f"largest eigenvalue, {count} dense samples at each size")


def equality(part: sp.Basic) -> tuple[sp.Expr, sp.Expr]:
    """Both sides of a part that has to be an equation."""
    if not isinstance(part, sp.Eq):
        raise ProofError.of("the statement", "an equation", str(part), "The check cannot judge another relation.")
    return part.args


def _growth(limit: sp.Limit, closed_form: sp.Expr) -> sp.Expr:
    """A limit in N of an expression in ``a_max`` and ``m_max``, from the mean acceleration at finite size.

    ``m_2 / (sigma_J^2 m_1)`` of the largest eigenvalue is put in as a bounded factor times ``N^(3/2)``, by
    ``edge_bound``; if the limit still holds that factor it is not known.
    """
    quantity, variable, point, _ = limit.args
    if (variable, point) != (N, sp.oo):
        raise ProofError.of("theorem-2-limit", "a limit as N grows", str(limit), "State it so.")
    root, bounded, mean = (sp.Dummy(name, positive=True) for name in ("root", "bounded", "mean"))

    def acceleration(outputs: sp.Expr, parameters: sp.Expr) -> sp.Expr:
        if (power := degree(edge_bound().subs({D: outputs, P: parameters}), N)) > 3:
            raise ProofError.of("theorem-2-limit", "a squared bound that grows like N^3", f"N^{power}", "Mend it.")
        edge = bounded * N ** R(3, 2) * sigma_J**2 * mean
        return closed_form.subs({m_2: edge, m_1: mean, D: outputs, P: parameters}, simultaneous=True)

    known = quantity.replace(a_max, acceleration).replace(m_max, lambda *_: mean)
    top, bottom = (sp.Poly(e, root) for e in sp.fraction(sp.cancel(known.subs(N, root**2))))
    if top.degree() != bottom.degree():
        return sp.oo if top.degree() > bottom.degree() else sp.Integer(0)
    return sp.cancel(top.LC() / bottom.LC())


def degree(rational: sp.Expr, variable: sp.Symbol) -> int:
    """With which power a rational function grows."""
    numerator, denominator = sp.fraction(sp.together(rational))
    return int(sp.degree(numerator, variable) - sp.degree(denominator, variable))


def _limit(ctx: CheckContext) -> Outcome:
    """The limit for each law of the diagonal, with the exact bound on the part that it neglects."""
    read_scope(ctx)
    for size in (D_0, P_0):
        ctx.statement.within(size, NATURALS)
    ctx.statement.within(kappa, REALS)
    ctx.statement.assumed(DIAGONAL)
    (part,) = ctx.statement.parts()
    limit, stated = equality(part)
    rejected, laws = 0, ("goe", "excess", "iid")
    for law in laws:
        found = ctx.subject.acceleration(law)
        rejected += polynomials_agree(stated, _growth(limit, found.closed_form))[1] > 0
        # the same by the derivation's own sorting of powers, at N = 1
        rejected += polynomials_agree(stated, found.leading_ratio().subs({D: D_0, P: P_0}))[1] > 0
    power = degree(edge_bound().subs({D: N * D_0, P: N * P_0}), N)
    return judge(
        2 * len(laws),
        rejected,
        worst=f"N^{R(power, 2)}",
        bound="N^2",
        figure="growth of the neglected part",
        domain="D = N D_0, P = N P_0, largest eigenvalue, any diagonal variance",
    )


DIAGONAL = ge(2 * sigma_Q**2 + kappa, 0)
EVERY = quantified(D, P, K, sigma_z, sigma_J, sigma_Q)
RANK = (Definition(K, "rank of the eigenvalue, counted from the largest"),)
SIZE_LIMIT = eq(
    sp.Limit(a_max(N * D_0, N * P_0) / (N**2 * m_max(N * D_0, N * P_0)), N, sp.oo),
    2 * D_0 * P_0 * sigma_Q**2 * sigma_z**2,
)
#: What the variables of the limit are.
SIZES_OF_UNIT = (
    Definition(D_0, "number of outputs at N = 1; there are D = N D_0 of them"),
    Definition(P_0, "number of parameters at N = 1; there are P = N P_0 of them"),
)
GROWING = (Range(D_0, NATURALS), Range(P_0, NATURALS), Range(kappa, REALS), *quantified(sigma_z, sigma_Q))

CLAIMS = (
    Claim(
        id="theorem-2-first-derivative",
        title="The mean first derivative of every NTK eigenvalue vanishes",
        statement=Statement((eq(v_k, 0),), over=quantified(D, P, K), given=(RANKS,), where=RANK),
        source=POSTER,
        checks=(
            Check("every term is linear in Q", Level.DERIVED, _linear_in_q),
            Check("simulated, one z-score a size", Level.CHECKED, _simulated_first),
        ),
    ),
    Claim(
        id="theorem-2-finite-size",
        title="The mean second derivative of every NTK eigenvalue, exact at every size",
        statement=Statement(
            (eq(a_k, 2 * sigma_Q**2 * sigma_z**2 * (D * P * m_1 + m_2 / sigma_J**2)),),
            over=EVERY,
            given=(RANKS,),
            where=RANK,
        ),
        source=HERE,
        note="The laws of z and Q enter by their second moments only; for other laws of J see theorem-2-other-laws.",
        checks=(
            Check("perturbation theory, Wick contraction, integration by parts", Level.DERIVED, _finite_size),
            Check("exact-in-law simulation, one z-score a size", Level.CHECKED, _simulated_ratio),
            Check("dense simulation with full Q", Level.CHECKED, _dense_twin),
            Check("dense simulation with two-valued z and Q", Level.CHECKED, _two_valued),
        ),
    ),
    Claim(
        id="theorem-2-iid-slices",
        title="The same for symmetric Q with equal variances on and off the diagonal",
        statement=Statement(
            (
                eq(
                    a_iid,
                    2 * sigma_Q**2 * sigma_z**2 * P / (P + 2) * ((D * P + D + 1) * m_1 + m_2 / sigma_J**2),
                ),
            ),
            over=EVERY,
            given=(RANKS,),
            where=RANK,
        ),
        source=HERE,
        checks=(
            Check("the derivation with the diagonal averaged over rotations", Level.DERIVED, _iid_slices),
            Check("dense simulation with full Q", Level.CHECKED, _simulated_iid),
        ),
    ),
    Claim(
        id="theorem-2-limit",
        title="The ratio for many outputs and parameters",
        statement=Statement((SIZE_LIMIT,), over=GROWING, given=(DIAGONAL,), where=SIZES_OF_UNIT),
        source=HERE,
        uses=("theorem-2-finite-size",),
        note="To leading order the ratio is 2 D P sigma_Q^2 sigma_z^2.",
        checks=(Check("leading term, with exact traces bounding the rest", Level.DERIVED, _limit),),
    ),
    Claim(
        id="theorem-2",
        title="Progressive sharpening at initialisation",
        finding=Finding.MAIN,
        statement=Statement(
            (eq(v_k, 0), SIZE_LIMIT),
            over=(*quantified(D, P, K), *GROWING),
            given=(RANKS, DIAGONAL),
            where=(*RANK, *SIZES_OF_UNIT),
        ),
        source=POSTER,
        uses=(
            "theorem-2-first-derivative",
            "theorem-2-finite-size",
            "theorem-2-iid-slices",
            "theorem-2-limit",
            "theorem-2-printed-scale",
            "theorem-2-conventions",
            "theorem-2-discrete-time",
            "rotation-invariance-is-gaussian",
        ),
        includes=("wishart-moments", "wishart-moments-computed", "theorem-2-every-eigenvalue", "theorem-2-other-laws"),
        note="Printed with the ratio sigma_z^2: see theorem-2-printed-scale and theorem-2-conventions.",
        checks=(
            Check(
                "its parts are those of the claims it uses",
                Level.DERIVED,
                follows("theorem-2-first-derivative", "theorem-2-limit"),
            ),
        ),
    ),
)
