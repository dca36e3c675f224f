"""Around Theorem 2: Wishart moments, every eigenvalue, a finite step size."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from ...symbolic.algebra.rings import to_fraction
from ...symbolic.algebra.symbols import symbols
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from .theorem_2 import HERE, judge_scores, polynomials_agree

D, P, eta, m_1, m_2, a_k, kappa_4 = symbols("D P eta m_1 m_2 a_k kappa_4")
_SLOPE = -((D + P + 1) * m_1 - m_2) / (2 * (D + 2) * (P + 2))
_ODD = ((1, 2), (2, 3), (3, 4), (2, 5), (4, 7), (5, 6), (6, 5), (6, 9))


def _sums_over_ranks(ctx: CheckContext) -> Outcome:
    """Exact moments of all eigenvalues add up to the means of tr K and tr K^2, two unrelated computations."""
    from ...symbolic.wick.exact_moments import exact_wishart_moments
    from ...symbolic.wick.integration_by_parts import mean_power_sum

    rejected = 0
    (sigma,) = symbols("sigma_J")
    for d, p in _ODD:
        ranks = [exact_wishart_moments(d, p, k) for k in range(1, min(d, p) + 1)]
        totals = (sum(r.first for r in ranks), sum(r.second for r in ranks))
        for power, total in enumerate(totals, 1):
            rejected += mean_power_sum(power).subs({D: d, P: p, sigma: 1}) != total
    return judge(2 * len(_ODD), rejected, worst=rejected, bound=0, domain=f"exact rationals at {list(_ODD)}")


def _thirty_digits(ctx: CheckContext) -> Outcome:
    """Rational moments of the largest eigenvalue against quadrature of the Pfaffian form in mpmath."""
    import mpmath

    from ...numeric.initialisation.eigenvalue_moments import eigenvalue_moments
    from ...symbolic.wick.exact_moments import exact_wishart_moments

    sizes = ctx.pick(((2, 3),), ((2, 3), (4, 5)), tuple((d, p) for d in range(1, 7) for p in (d + 1, d + 3)))
    worst, rejected, digits = mpmath.mpf(0), 0, 30
    for number, (d, p) in enumerate(sizes):
        exact, found = exact_wishart_moments(d, p), eigenvalue_moments(d, p, digits=digits)
        with mpmath.workdps(digits + 15):
            for e, f in ((exact.first, found.first), (exact.second, found.second)):
                error = abs(f * e.q / e.p - 1)
                worst = max(worst, error)
                rejected += not error < mpmath.mpf(10) ** -digits
        ctx.progress((number + 1) / len(sizes))
    return judge(
        2 * len(sizes),
        rejected,
        worst=float(worst),
        bound=10.0**-digits,
        digits=digits,
        domain=f"relative error of the first two moments at {list(sizes)}",
    )


def _double_against_exact(ctx: CheckContext) -> Outcome:
    """Fredholm moments in double precision against rationals, within their own stated error."""
    from ...numeric.initialisation.largest_eigenvalue import largest_eigenvalue_moments
    from ...symbolic.wick.exact_moments import exact_wishart_moments

    sizes = ctx.pick(_ODD[:3], _ODD[:6], (*_ODD, (8, 9), (10, 11), (12, 13)))
    worst, rejected = 0.0, 0
    for d, p in sizes:
        exact, found = exact_wishart_moments(d, p), largest_eigenvalue_moments(d, p)
        for e, f in ((exact.first, found.first), (exact.second, found.second)):
            error = abs(float(Fraction(f) / to_fraction(e) - 1))
            worst = max(worst, error)
            rejected += not error <= max(found.relative_error, 1e-15)
    return judge(
        2 * len(sizes), rejected, worst=worst, bound=1e-9, digits=16, domain=f"relative error at {list(sizes)}"
    )


def _every_eigenvalue(ctx: CheckContext) -> Outcome:
    """Dense simulation of every eigenvalue's second derivative against the closed form with exact moments."""
    import numpy as np

    from ...numeric.initialisation.dense_twin import dense_motion
    from ...numeric.initialisation.laws import InitialEnsemble
    from ...symbolic.wick.exact_moments import exact_wishart_moments

    count = ctx.pick(3000, 20000, 400000)
    scores, names = [], []
    for d, p in ((2, 3), (3, 2), (3, 4)):
        law = InitialEnsemble(d, p)
        for k, motion in enumerate(dense_motion(law, samples=count, seed=ctx.seed), 1):
            exact = exact_wishart_moments(d, p, k)
            mean = float(exact.first) * law.ratio(float(exact.first), float(exact.second))
            spread = float(np.std(motion.acceleration, ddof=1)) / count**0.5
            scores.append((d, p, (float(np.mean(motion.acceleration)) - mean) / spread))
            names.append((d, p, k))
    return judge_scores(scores, f"{count} dense samples at each (D, P, rank) of {names}")


def _flow_limit(ctx: CheckContext) -> Outcome:
    """The leading coefficient of the second difference is the second derivative of gradient flow."""
    from ...symbolic.wick.differences import expected_second_difference

    leading = sp.Poly(expected_second_difference(2), eta).coeff_monomial(eta**2)
    tested, rejected = polynomials_agree(leading, ctx.subject.acceleration("goe").closed_form)
    return judge(tested, rejected, worst=rejected, bound=0, domain="every eigenvalue, all D, P >= 1")


def _trace_twin(ctx: CheckContext) -> Outcome:
    """Summed over k, both differences equal those of tr K by contraction alone, coefficient by coefficient."""
    from ...symbolic.wick.differences import mean_change, mean_trace_change
    from ...symbolic.wick.integration_by_parts import eigenvalue_moment, mean_power_sum

    order = ctx.pick(3, 4, 5)
    traces = {eigenvalue_moment(q): mean_power_sum(q) for q in range(1, order + 3)}
    tested = rejected = 0
    for steps in (1, 2):
        more, wrong = polynomials_agree(mean_change(steps, order).subs(traces), mean_trace_change(steps, order))
        tested, rejected = tested + more, rejected + wrong
    return judge(
        tested, rejected, worst=rejected, bound=0, domain=f"all D, P >= 1, one and two steps, to order eta^{order}"
    )


def _descent_scores(ctx: CheckContext) -> Outcome:
    """Gradient descent from random starts against the series to order eta^4, one z-score a size and difference."""
    from ...numeric.initialisation.laws import InitialEnsemble
    from ...numeric.regression.simulated_differences import simulate_eigenvalue_differences

    count = ctx.pick(4000, 40000, 400000)
    scores = []
    for d, p, step in ((1, 2, 0.01), (2, 3, 0.01), (3, 2, 0.01), (4, 6, 0.004)):
        found = simulate_eigenvalue_differences(InitialEnsemble(d, p), eta=step, samples=count, seed=ctx.seed)
        scores += [(d, p, s) for s in found.z_scores]
    return judge_scores(scores, f"{count} starts at each size, eta = 0.01 (0.004 at 4 x 6)")


def _cumulant_slope(ctx: CheckContext) -> Outcome:
    """The change of the mean eigenvalue from the index calculus against the statement."""
    from ...symbolic.wick.cumulants import eigenvalue_change

    (sigma,) = symbols("sigma_J")
    tested, rejected = polynomials_agree(_SLOPE, (eigenvalue_change() / kappa_4).subs(sigma, 1))
    return judge(tested, rejected, worst=rejected, bound=0, domain="every eigenvalue, all D, P >= 1, first order")


def _no_change_of_the_trace(ctx: CheckContext) -> Outcome:
    """Both changes vanish when summed over all eigenvalues, and for one output: there the functions are quadratic."""
    from ...symbolic.wick.cumulants import acceleration_change, eigenvalue_change
    from ...symbolic.wick.integration_by_parts import mean_power_sum

    tested = rejected = 0
    (sigma,) = symbols("sigma_J")
    for change in (eigenvalue_change(), acceleration_change()):
        single = {D: 1, m_1: P * sigma**2, m_2: P * (P + 2) * sigma**4}
        for values in ({m_1: mean_power_sum(1), m_2: mean_power_sum(2)}, single):
            more, wrong = polynomials_agree(change.subs(values), sp.Integer(0))
            tested, rejected = tested + max(more, 1), rejected + wrong
    return judge(tested, rejected, worst=rejected, bound=0, domain="all D, P >= 1")


def _cumulant_scores(ctx: CheckContext) -> Outcome:
    """Slopes in the fourth cumulant of J by paired simulation of variance mixtures."""
    from ...numeric.initialisation.fourth_cumulant import cumulant_effect
    from ...numeric.initialisation.laws import InitialEnsemble

    count = ctx.pick(4000, 40000, 400000)
    scores = []
    for d, p in ((2, 3), (4, 6)):
        found = cumulant_effect(InitialEnsemble(d, p), samples=count, seed=ctx.seed)
        scores += [(d, p, s) for s in found.z_scores]
    return judge_scores(scores, f"{count} pairs at each size, largest eigenvalue, cumulants 0.27 and 1.08")


def _rademacher_scores(ctx: CheckContext) -> Outcome:
    """The closed form with z and Q of two-valued entries: only their second moments enter."""
    from ...numeric.initialisation.dense_twin import dense_motion
    from ...numeric.initialisation.laws import InitialEnsemble
    from ...numeric.initialisation.simulation import summarise

    count = ctx.pick(3000, 20000, 400000)
    scores = []
    for d, p in ((2, 3), (3, 2), (4, 6)):
        motion = dense_motion(InitialEnsemble(d, p), samples=count, seed=ctx.seed, entries="rademacher")[0]
        scores.append((d, p, summarise(InitialEnsemble(d, p), motion, ctx.seed, "dense").z_score))
    return judge_scores(scores, f"{count} dense samples at each size, z and Q from plus or minus 1, J Gaussian")


_K = sp.Symbol("k", integer=True)

CLAIMS = (
    Claim(
        id="wishart-moments",
        title="Moments of Wishart eigenvalues, exact and to high accuracy",
        statement=sp.And(
            sp.Eq(sp.Sum(m_1, (_K, 1, sp.Min(D, P))), D * P),
            sp.Eq(sp.Sum(m_2, (_K, 1, sp.Min(D, P))), D * P * (D + P + 1)),
        ),
        variables=(m_1, m_2, D, P),
        source=Source("edgestab", "edgestab.wick.exact_wishart_moments"),
        domain="unit variance of J; rationals for odd D - P and min(D, P) <= 12; the largest at any size in double",
        checks=(
            Check("rational moments of all ranks against traces", Level.DERIVED, _sums_over_ranks),
            Check("rationals against 30 digits of the Pfaffian form", Level.CHECKED, _thirty_digits, effort="default"),
            Check("Fredholm moments against rationals", Level.CHECKED, _double_against_exact),
        ),
    ),
    Claim(
        id="theorem-2-every-eigenvalue",
        title="The closed form holds for every eigenvalue, not only the largest",
        statement=sp.Eq(a_k, 2 * D * P * m_1 + 2 * m_2),
        variables=(a_k, m_1, m_2, D, P),
        source=HERE,
        uses=("theorem-2-finite-size", "wishart-moments"),
        domain="unit variances; simulated for all ranks of small sizes, against exact rational moments",
        checks=(Check("dense simulation, one z-score a rank", Level.CHECKED, _every_eigenvalue),),
    ),
    Claim(
        id="theorem-2-other-laws",
        title="Laws of z and Q do not matter; the fourth cumulant of J does, at finite size",
        statement=sp.Eq(sp.Derivative(sp.Function("m_1")(kappa_4), kappa_4), _SLOPE),
        variables=(m_1, m_2, D, P, kappa_4),
        source=HERE,
        uses=("theorem-2-finite-size",),
        domain="unit variances, kappa_4 = 0; the change of the second derivative: edgestab theorem-2 --cumulants",
        checks=(
            Check("the derived slope", Level.DERIVED, _cumulant_slope),
            Check("no change of traces, nor for one output", Level.DERIVED, _no_change_of_the_trace),
            Check("paired simulation of variance mixtures", Level.CHECKED, _cumulant_scores),
            Check("dense simulation with two-valued z and Q", Level.CHECKED, _rademacher_scores),
        ),
    ),
    Claim(
        id="theorem-2-discrete-time",
        title="Gradient descent with a finite step in place of gradient flow",
        statement=sp.Eq(
            sp.Limit(sp.Function("Delta_2")(eta) / eta**2, eta, 0),
            a_k,
        ),
        variables=(a_k, eta),
        source=HERE,
        uses=("theorem-2-finite-size",),
        domain=(
            "Delta_2 = E[lambda_k(2) - 2 lambda_k(1) + lambda_k(0)], an asymptotic series in eta for every eigenvalue "
            "at all D, P >= 1; Gaussian z, J and GOE-like Q"
        ),
        note="`edgestab theorem-2 --discrete` prints both differences to order eta^4.",
        checks=(
            Check("leading term equals the flow's", Level.DERIVED, _flow_limit),
            Check("sum over eigenvalues against tr K by contraction alone", Level.DERIVED, _trace_twin),
            Check("simulated gradient descent, one z-score a size", Level.CHECKED, _descent_scores),
        ),
    ),
)
