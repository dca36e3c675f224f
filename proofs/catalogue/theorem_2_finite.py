"""Around Theorem 2: Wishart moments, every eigenvalue, other laws of J, a finite step size."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import to_fraction
from ...symbolic.algebra.symbols import symbols
from ...symbolic.wick.integration_by_parts import eigenvalue_moment, mean_power_sum
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import FORMAL, O, R, Range, Statement, eq, lt, split_order
from ..statements.names.theorem_2 import EIGENVALUE, MEAN, K
from .theorem_2 import EVERY, HERE, RANK, RANKS, equality, judge_algebra, polynomials_agree, quantified, read_scope
from .theorem_2_printed import at_hypotheses
from .theorem_2_samples import (
    Score,
    cumulant_run,
    dense,
    difference_run,
    ensemble,
    judge_scores,
    ranked_moments,
    ratio_score,
    sizes_and_spreads,
    unit_ensemble,
)

D, P, eta, m_1, m_2, a_k, kappa_4 = symbols("D P eta m_1 m_2 a_k kappa_4")
sigma_z, sigma_J, sigma_Q = symbols("sigma_z sigma_J sigma_Q")
delta_double, delta_30 = (sp.Function(name)(D, P) for name in ("delta_double", "delta_30"))
#: Moments of an eigenvalue for J of another law, and differences under descent.
M_1, A_K, DELTA_1, DELTA_2 = (sp.Function(name) for name in ("m_1", "a_k", "Delta_1", "Delta_2"))
_ODD = ((1, 2), (2, 3), (3, 4), (2, 5), (4, 7), (5, 6), (6, 5), (6, 9))


def _power(total: sp.Expr) -> int:
    """The q of a sum of ``E[lambda_k^q]`` over all ranks.

    Raises:
        ProofError: it is another sum.
    """
    if isinstance(total, sp.Sum) and total.limits == RANK_SUM and isinstance(total.function, MEAN):
        base, power = total.function.args[0].as_base_exp()
        if base == EIGENVALUE[K] and power.is_Integer and power > 0:
            return int(power)
    raise ProofError.of("wishart-moments", "a sum of E[lambda_k^q] over all ranks", str(total), "State it so.")


def _traces(ctx: CheckContext) -> Outcome:
    """Summed over all ranks, moments are means of traces, which integration by parts gives at every size."""
    read_scope(ctx)
    tested = rejected = 0
    for part in ctx.statement.parts():
        total, stated = equality(part)
        more, wrong = polynomials_agree(stated, mean_power_sum(_power(total)))
        tested, rejected = tested + more, rejected + wrong
    return judge_algebra(tested, rejected, "all D, P >= 1")


def _sums_over_ranks(ctx: CheckContext) -> Outcome:
    """Rational moments of all eigenvalues add up to the statement, by a computation unrelated to traces."""
    from ...symbolic.wick.exact_moments import exact_wishart_moments

    tested = rejected = 0
    spread = R(3, 2)  # the moments are those of standard normal entries, and scale with its square
    sizes = [(d, p) for d, p in _ODD if ctx.statement.admits({D: d, P: p, sigma_J: spread})]
    for part in ctx.statement.parts():
        total, stated = equality(part)
        power = _power(total)
        name = {1: "first", 2: "second"}[power]
        for d, p in sizes:
            found = sum(getattr(exact_wishart_moments(d, p, k), name) for k in range(1, min(d, p) + 1))
            right = stated.subs({D: d, P: p, sigma_J: spread})
            tested, rejected = tested + 1, rejected + (right != found * spread ** (2 * power))
    domain = f"exact rationals at (D, P) in {sizes}, sigma_J = {spread}"
    return judge(tested, rejected, worst=rejected, bound=0, figure="sums that differ", domain=domain)


@lru_cache(maxsize=32)
def _error_of_30_digits(outputs: int, parameters: int) -> Any:
    import mpmath

    from ...numeric.initialisation.eigenvalue_moments import eigenvalue_moments
    from ...symbolic.wick.exact_moments import exact_wishart_moments

    exact, found = exact_wishart_moments(outputs, parameters), eigenvalue_moments(outputs, parameters, digits=30)
    with mpmath.workdps(45):
        pairs = ((exact.first, found.first), (exact.second, found.second))
        return sp.Float(max(abs(f * e.q / e.p - 1) for e, f in pairs), 15)


def _error_in_double(outputs: int, parameters: int) -> tuple[float, float]:
    """The error, and the one that the computation states itself."""
    from ...numeric.initialisation.largest_eigenvalue import largest_eigenvalue_moments
    from ...symbolic.wick.exact_moments import exact_wishart_moments

    exact, found = exact_wishart_moments(outputs, parameters), largest_eigenvalue_moments(outputs, parameters)
    pairs = ((exact.first, found.first), (exact.second, found.second))
    return max(abs(float(Fraction(f) / to_fraction(e) - 1)) for e, f in pairs), found.relative_error


def _thirty_digits(ctx: CheckContext) -> Outcome:
    """Rational moments of the largest eigenvalue against quadrature of the Pfaffian form in mpmath."""
    sizes = ctx.pick(((2, 3),), ((2, 3), (4, 5)), tuple((d, p) for d in range(1, 7) for p in (d + 1, d + 3)))
    sizes = [size for size in sizes if ctx.statement.admits(dict(zip((D, P), size, strict=True)))]
    errors = []
    for number, size in enumerate(sizes, 1):
        errors.append(_error_of_30_digits(*size))
        ctx.progress(number / len(sizes))
    return judge(
        2 * len(sizes),
        sum(not ctx.statement.holds({delta_30: error}, 1) for error in errors),
        worst=str(sp.N(max(errors), 3)),
        bound=str(ctx.statement.bounds(delta_30).high),
        figure="largest relative error",
        digits=30,
        domain=f"(D, P) in {sizes}",
    )


def _double_against_exact(ctx: CheckContext) -> Outcome:
    """Fredholm moments in double precision against rationals, within the statement and their own stated error."""
    sizes = ctx.pick(_ODD[:3], _ODD[:6], (*_ODD, (8, 9), (10, 11), (12, 13)))
    sizes = [size for size in sizes if ctx.statement.admits(dict(zip((D, P), size, strict=True)))]
    errors = [_error_in_double(*size) for size in sizes]
    rejected = sum(not ctx.statement.holds({delta_double: error}, 0) for error, _ in errors)
    rejected += sum(not error <= max(own, 1e-15) for error, own in errors)
    return judge(
        2 * len(sizes),
        rejected,
        worst=max(error for error, _ in errors),
        bound=str(ctx.statement.bounds(delta_double).high),
        figure="largest relative error",
        digits=16,
        domain=f"(D, P) in {sizes}",
    )


def _unit_variances(ctx: CheckContext) -> Outcome:
    """The closed form at the values that the hypotheses give."""
    read_scope(ctx)
    derived = at_hypotheses(ctx, ctx.subject.acceleration("goe").closed_form, sigma_z, sigma_J, sigma_Q)
    return judge_algebra(*polynomials_agree(ctx.statement.equation(a_k), derived), "every eigenvalue, all D, P >= 1")


def _every_eigenvalue(ctx: CheckContext) -> Outcome:
    """Dense simulation of every eigenvalue's second derivative against the statement with exact moments."""
    count = ctx.pick(3000, 20000, 400000)
    scores: list[Score] = []
    for d, p in ((2, 3), (3, 2), (3, 4)):
        law = unit_ensemble(d, p)
        found = dense(law, count, ctx.seed)
        for k in range(1, max(d, p) + 1):
            if ctx.statement.admits(sizes_and_spreads(law, k)):
                scores += ratio_score(ctx, a_k, found[k - 1], k, ranked_moments(law, k))
    return judge_scores(scores, f"{count} dense samples at each size")


def _expansions(ctx: CheckContext) -> Outcome:
    """Both differences to order eta^4: what is stated to the order that is left out, which may not be higher."""
    ctx.statement.within(eta, FORMAL)
    read_scope(ctx)
    known = {a_k: ctx.subject.acceleration("goe").closed_form}
    tested = rejected = 0
    for name, derived in _differences().items():
        leading, orders = split_order(ctx.statement.equation(name(eta)))
        left_out = min(sp.degree(sp.Poly(monomial, eta)) for monomial in orders)
        if left_out > 5:
            raise ProofError.of("theorem-2-discrete-time", "an order below eta^6", str(orders), "Derive more terms.")
        stated, found = (sp.Poly(sp.expand(e), eta) for e in (leading.subs(known), derived))
        for power in range(left_out):
            pair = (e.coeff_monomial(eta**power) for e in (stated, found))
            more, wrong = polynomials_agree(*pair)
            tested, rejected = tested + more, rejected + wrong
    return judge_algebra(tested, rejected, "every eigenvalue, all D, P >= 1")


@lru_cache(maxsize=1)
def _differences() -> dict[Any, sp.Expr]:
    from ...symbolic.wick.differences import expected_first_difference, expected_second_difference

    return {DELTA_1: expected_first_difference(4), DELTA_2: expected_second_difference(4)}


@lru_cache(maxsize=4)
def _trace_changes(order: int) -> tuple[sp.Expr, sp.Expr]:
    from ...symbolic.wick.differences import mean_trace_change

    return mean_trace_change(1, order), mean_trace_change(2, order)


def _trace_twin(ctx: CheckContext) -> Outcome:
    """Summed over k, the differences are those of tr K by contraction alone: what is stated, and further orders."""
    from ...symbolic.wick.differences import mean_change

    ctx.statement.within(eta, FORMAL)
    read_scope(ctx)
    order = ctx.pick(3, 4, 5)
    traces = {eigenvalue_moment(q): mean_power_sum(q) for q in range(1, order + 3)}
    one, two = _trace_changes(order)
    known = {a_k: ctx.subject.acceleration("goe").closed_form}
    tested = rejected = 0
    for name, found in ((DELTA_1, one), (DELTA_2, two - 2 * one)):
        leading, _ = split_order(ctx.statement.equation(name(eta)))
        stated = sp.Poly(sp.expand(leading.subs(known).subs(traces)), eta)
        for (power,), coefficient in stated.terms():
            more, wrong = polynomials_agree(coefficient, sp.Poly(found, eta).coeff_monomial(eta**power))
            tested, rejected = tested + more, rejected + wrong
    for steps, found in enumerate((one, two), 1):
        more, wrong = polynomials_agree(mean_change(steps, order).subs(traces), found)
        tested, rejected = tested + more, rejected + wrong
    return judge_algebra(tested, rejected, f"all D, P >= 1, one and two steps, to order eta^{order}")


def _descent_scores(ctx: CheckContext) -> Outcome:
    """Gradient descent from random starts against the statement, with derived terms to eta^4 for what it leaves out."""
    count = ctx.pick(4000, 40000, 400000)
    known = {a_k: ctx.subject.acceleration("goe").closed_form}
    ctx.statement.within(eta, FORMAL)
    scores: list[Score] = []
    for d, p, step in ((1, 2, 0.01), (2, 3, 0.01), (3, 2, 0.01), (4, 6, 0.004)):
        law = ensemble(d, p)
        found = difference_run(law, step, count, ctx.seed)
        if not ctx.statement.admits(sizes_and_spreads(law)):
            continue
        for number, name in enumerate((DELTA_1, DELTA_2)):
            leading, _ = split_order(ctx.statement.equation(name(eta)))
            stated = (leading / eta**2).subs(known).subs(law.values() | {eta: step})
            rest = found.derived[number] - found.flow[number]
            gap = found.simulated[number] - float(stated) - rest
            scores.append((d, p, 1, gap / found.standard_errors[number]))
    return judge_scores(scores, f"largest eigenvalue, {count} starts at each size, eta = 0.01 (0.004 at 4 x 6)")


def _slopes(ctx: CheckContext) -> dict[Any, sp.Expr]:
    """Stated slopes at ``kappa_4 = 0``, by the function that has the slope."""
    return {name: ctx.statement.equation(_slope(name)) for name in (M_1, A_K)}


def _slope(function: Any) -> sp.Expr:
    return sp.Subs(sp.Derivative(function(kappa_4), kappa_4), kappa_4, 0)


def _changes() -> Iterable[tuple[Any, sp.Expr]]:
    from ...symbolic.wick.cumulants import acceleration_change, eigenvalue_change

    return ((M_1, eigenvalue_change() / kappa_4), (A_K, acceleration_change() / kappa_4))


def _cumulant_slopes(ctx: CheckContext) -> Outcome:
    """Both changes to first order from the index calculus against the statement."""
    read_scope(ctx)
    stated = _slopes(ctx)
    rows = [polynomials_agree(stated[name], sp.cancel(derived)) for name, derived in _changes()]
    tested, rejected = (sum(column) for column in zip(*rows, strict=True))
    return judge_algebra(tested, rejected, "every eigenvalue, all D, P >= 1, first order")


def _no_change_of_the_trace(ctx: CheckContext) -> Outcome:
    """Both slopes vanish summed over all eigenvalues, and for one output: there the functions are quadratic in J."""
    read_scope(ctx)
    tested = rejected = 0
    single = {D: 1, m_1: P * sigma_J**2, m_2: P * (P + 2) * sigma_J**4}
    for slope in _slopes(ctx).values():
        for values in ({m_1: mean_power_sum(1), m_2: mean_power_sum(2)}, single):
            more, wrong = polynomials_agree(slope.subs(values), sp.Integer(0))
            tested, rejected = tested + max(more, 1), rejected + wrong
    return judge_algebra(tested, rejected, "all D, P >= 1; all eigenvalues together, and D = 1")


def _cumulant_scores(ctx: CheckContext) -> Outcome:
    """Slopes in the fourth cumulant of J by paired simulation of variance mixtures."""
    count = ctx.pick(200000, 200000, 400000)
    stated = _slopes(ctx)
    scores: list[Score] = []
    for d, p in ((2, 3), (4, 6)):
        law = ensemble(d, p)
        if not ctx.statement.admits(sizes_and_spreads(law)):
            continue
        found = cumulant_run(law, count, ctx.seed)
        # measured for unit variances: an eigenvalue scales with that of J, its acceleration also with those of z and Q
        units = (law.sigma_J**2, (law.sigma_J * law.sigma_z * law.sigma_Q) ** 2)
        rows = zip(stated.values(), found.simulated, found.standard_errors, units, strict=True)
        scores += [(d, p, 1, (slope - float(s.subs(law.values())) / unit) / error) for s, slope, error, unit in rows]
    return judge_scores(scores, f"{count} pairs at each size, largest eigenvalue, cumulants 0.27 and 1.08")


RANK_SUM = (sp.Tuple(K, 1, sp.Min(D, P)),)
UNIT = tuple(eq(sigma, 1) for sigma in (sigma_z, sigma_J, sigma_Q))
_SPREAD = (D + P + 1) * m_1 - m_2 / sigma_J**2

CLAIMS = (
    Claim(
        id="wishart-moments",
        title="First and second moments of all Wishart eigenvalues together",
        statement=Statement(
            (
                eq(sp.Sum(MEAN(EIGENVALUE[K]), *RANK_SUM), D * P * sigma_J**2),
                eq(sp.Sum(MEAN(EIGENVALUE[K] ** 2), *RANK_SUM), D * P * (D + P + 1) * sigma_J**4),
            ),
            over=quantified(D, P, sigma_J),
        ),
        source=Source("edgestab", "edgestab.wick.exact_wishart_moments"),
        checks=(
            Check("traces by integration by parts", Level.DERIVED, _traces),
            Check("rational moments of all ranks", Level.CHECKED, _sums_over_ranks),
        ),
    ),
    Claim(
        id="wishart-moments-computed",
        title="Moments of the largest Wishart eigenvalue, computed in double precision and to 30 digits",
        statement=Statement(
            (lt(delta_double, R(1, 10**9)), lt(delta_30, R(1, 10**30))),
            over=quantified(D, P),
        ),
        source=Source("edgestab", "edgestab.initialisation.largest_eigenvalue_moments"),
        note="Held against exact rationals, which exist for odd D - P.",
        checks=(
            Check("Fredholm moments against rationals", Level.CHECKED, _double_against_exact),
            Check("30 digits of the Pfaffian form against rationals", Level.CHECKED, _thirty_digits),
        ),
    ),
    Claim(
        id="theorem-2-every-eigenvalue",
        title="The closed form holds for every eigenvalue, not only the largest",
        statement=Statement(
            (eq(a_k, 2 * D * P * m_1 + 2 * m_2),),
            over=EVERY,
            given=(RANKS, *UNIT),
            where=RANK,
        ),
        source=HERE,
        uses=("theorem-2-finite-size", "wishart-moments"),
        checks=(
            Check("the closed form at unit variances", Level.DERIVED, _unit_variances),
            Check("dense simulation, one z-score a rank", Level.CHECKED, _every_eigenvalue),
        ),
    ),
    Claim(
        id="theorem-2-other-laws",
        title="What the fourth cumulant of J changes, to first order, at finite size",
        statement=Statement(
            (
                eq(_slope(M_1), -(_SPREAD / (2 * ((D + 2) * (P + 2))))),
                eq(_slope(A_K), sigma_Q**2 * sigma_z**2 * (D * P + 4) * _SPREAD / ((D + 2) * (P + 2))),
            ),
            over=EVERY,
            given=(RANKS,),
            where=RANK,
        ),
        source=HERE,
        uses=("theorem-2-finite-size",),
        note="The laws of z and Q do not matter: see theorem-2-finite-size. `edgestab theorem-2 --cumulants` prints "
        "both slopes.",
        checks=(
            Check("the derived slopes", Level.DERIVED, _cumulant_slopes),
            Check("no change of traces, nor for one output", Level.CHECKED, _no_change_of_the_trace),
            Check("paired simulation of variance mixtures", Level.CHECKED, _cumulant_scores),
        ),
    ),
    Claim(
        id="theorem-2-discrete-time",
        title="Gradient descent with a finite step in place of gradient flow",
        statement=Statement(
            (
                eq(DELTA_2(eta), a_k * eta**2 + O(eta**3)),
                eq(
                    DELTA_1(eta),
                    sigma_Q**2 * sigma_z**2 * ((D * P - P - 1) * m_1 + m_2 / sigma_J**2) * eta**2 + O(eta**4),
                ),
            ),
            over=(*EVERY, Range(eta, FORMAL)),
            given=(RANKS,),
            where=RANK,
        ),
        source=HERE,
        uses=("theorem-2-finite-size",),
        note="Asymptotic series in eta. `edgestab theorem-2 --discrete` prints both differences to order eta^4.",
        checks=(
            Check("series of both differences", Level.DERIVED, _expansions),
            Check("sum over eigenvalues against tr K by contraction alone", Level.CHECKED, _trace_twin),
            Check("simulated gradient descent, one z-score a size", Level.CHECKED, _descent_scores),
        ),
    ),
)
