"""Tests of trends: what is shown, refuted or open, and that verdicts do not hang on the built-in seed."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from scipy.stats import binomtest, ttest_ind

from edgestab.proofs.catalogue import get_claim, trends
from edgestab.proofs.claims import CheckContext, Verdict
from edgestab.proofs.statements import R, eq, ge, gt, le, lt, ne
from edgestab.proofs.verify import run_check
from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.algebra.symbols import symbols

TRENDS = (
    "nonlinear-part-brings-the-fall",
    "nonlinear-part-in-step-size",
    "mean-field-descent",
    "displacement-law-ends-at-the-edge",
    "sharpness-grows-with-residual",
)
PROB = sp.Function("Prob")
A, B = sp.symbols("A B")
HALF = R(1, 2)


def most(share: sp.Rational = HALF) -> sp.Basic:
    return gt(PROB(lt(A, B)), share)


def test_a_weak_trend_is_open_and_only_its_contrary_is_refuted() -> None:
    ctx = CheckContext()
    assert trends.counts([4.0, 9.0], ctx) == (0, 0)
    assert trends.counts([3.9, -3.9, 0.0], ctx) == (0, 3)
    assert trends.counts([-4.0, 5.0], ctx) == (1, 0)
    assert trends.counts([float("nan")], ctx) == (0, 1)


@pytest.mark.parametrize("share", [Fraction(1, 2), Fraction(1, 3), Fraction(9, 10)])
@pytest.mark.parametrize(("n", "k"), [(14, 12), (14, 14), (38, 29), (9, 0)])
def test_the_sign_test_is_the_binomial_one(n: int, k: int, share: Fraction) -> None:
    outcomes = [True] * k + [False] * (n - k)
    expected = binomtest(k, n, float(share), alternative="greater").pvalue
    assert trends.majority(outcomes, share) == pytest.approx(expected)


def test_majorities_are_shown_refuted_or_open() -> None:
    ctx = CheckContext()

    def counted(table: list[bool], share: sp.Rational = HALF) -> tuple[int, int]:
        return trends.majority_counts([most(share)], [table], ctx)[:2]

    assert counted([True] * 20) == (0, 0)
    assert counted([False] * 20) == (1, 0)
    assert counted([True, False] * 10) == (0, 1)
    # too few runs show nothing
    assert counted([True] * 9) == (0, 1)
    # the share is that of the statement
    assert counted([True] * 20, R(9, 10)) == (0, 1)
    assert counted([True] * 20, R(1, 100)) == (0, 0)
    assert counted([True] * 20, R(1)) == (1, 0)
    assert counted([True] * 20, R(3, 2)) == (1, 0)


def test_only_a_majority_is_judged_by_a_sign_test() -> None:
    assert trends.event_of(most()) == lt(A, B)
    for other in (lt(PROB(lt(A, B)), R(1, 2)), eq(PROB(lt(A, B)), R(1, 2)), gt(A, R(1, 2)), gt(PROB(lt(A, B)), A)):
        with pytest.raises(ProofError, match="Prob"):
            trends.event_of(other)


def test_an_inequality_of_means_is_read_from_the_statement() -> None:
    rng = np.random.default_rng(0)
    low, high = rng.normal(0, 1, 50), rng.normal(1, 1, 50)
    samples = {A: low, B: high}
    score = trends.z_score(high - low)
    assert trends.trend_score(lt(A, B), samples) == pytest.approx(score)
    assert trends.trend_score(gt(B, A), samples) == pytest.approx(score)
    assert trends.trend_score(ge(A, B), samples) == pytest.approx(-score)
    assert trends.trend_score(le(A, B + 1), samples) == pytest.approx(trends.z_score(high + 1 - low))
    assert trends.trend_score(lt(A, 3), samples) == pytest.approx(trends.z_score(3 - low))
    welch = ttest_ind(high[:20], low, equal_var=False).statistic
    assert trends.trend_score(lt(A, B), {A: low, B: high[:20]}, paired=False) == pytest.approx(welch)
    for other in (eq(A, B), ne(A, B), PROB(lt(A, B))):
        with pytest.raises(ProofError, match="inequality"):
            trends.trend_score(other, samples)
    with pytest.raises(ProofError, match="Nothing else was measured"):
        trends.trend_score(lt(A, sp.Symbol("other")), samples)


def test_equal_values_show_nothing() -> None:
    assert math.isnan(trends.trend_score(lt(A, B), {A: np.ones(5), B: np.ones(5)}))


def test_a_limit_is_taken_off() -> None:
    (size,) = symbols("D")
    assert trends.in_the_limit(eq(sp.Limit(A / size, size, sp.oo), B)) == (A / size, B)
    for other in (eq(A, B), lt(sp.Limit(A / size, size, sp.oo), B), eq(sp.Limit(A / size, size, 0), B)):
        with pytest.raises(ProofError, match="limit"):
            trends.in_the_limit(other)


@pytest.mark.thorough
@pytest.mark.parametrize("claim_id", TRENDS)
def test_the_verdict_does_not_hang_on_the_seed(claim_id: str) -> None:
    claim = get_claim(claim_id)
    verdicts = [run_check(claim, 0, CheckContext(seed=seed)).outcome.verdict for seed in range(1, 13)]
    assert Verdict.FALSE not in verdicts
    assert verdicts.count(Verdict.TRUE) >= 11
