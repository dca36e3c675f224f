"""Sign tests of medians: what is shown, refuted or open, and the intervals that go with them."""

import math

import numpy as np
import pytest
import sympy as sp
from scipy.stats import binom, binomtest

from edgestab.proofs.catalogue.medians import MED, judge_median, least_share, median_counts, median_interval
from edgestab.proofs.claims import CheckContext
from edgestab.proofs.statements import R, eq, ge, gt, le, lt
from edgestab.symbolic.algebra.errors import ProofError

A, B = sp.symbols("A B")
LEVEL = 1e-2


def counted(relation: sp.Basic, values: object) -> tuple[int, int]:
    return median_counts([relation], {A: np.asarray(values, dtype=float)}, CheckContext(effort="quick"))[:2]


def test_medians_are_shown_refuted_or_open() -> None:
    inside = [0.9, 0.95, 1.0, 1.0, 1.05, 1.1, 1.2]
    assert counted(lt(MED(sp.Abs(A - 1)), R(1, 4)), inside) == (0, 0)
    assert counted(gt(MED(sp.Abs(A - 1)), R(1, 4)), inside) == (1, 0)
    assert counted(lt(MED(A), R(19, 20)), inside) == (0, 1)
    # too few runs show nothing, and a run that diverged is on no side
    assert counted(lt(MED(A), 2), inside[:6]) == (0, 1)
    assert counted(lt(MED(A), 2), [*inside[:6], math.nan]) == (0, 1)
    assert counted(lt(MED(A), 2), [math.nan] * 7) == (1, 0)
    assert counted(le(MED(A), R(1)), [1.0] * 7) == (0, 0)
    assert counted(lt(MED(A), R(1)), [1.0] * 7) == (1, 0)
    # a constant is its own median
    assert counted(lt(MED(sp.Integer(0)), R(1)), inside) == (0, 0)


@pytest.mark.parametrize("n", [7, 14, 31, 40])
@pytest.mark.parametrize("level", [1e-2, 1e-3])
def test_the_interval_is_the_test_turned_round(n: int, level: float) -> None:
    values = np.random.default_rng(n).standard_normal(n)
    low, high, confidence = median_interval(values.tolist(), level)
    if 2.0**-n > level:
        assert (low, high) == (-math.inf, math.inf)
        return
    below = int(np.sum(values < low))
    assert confidence == pytest.approx(1 - 2 * binom.cdf(below, n, 0.5))
    assert binom.cdf(below, n, 0.5) <= level < binom.cdf(below + 1, n, 0.5)
    for bound in (high + 1e-9, high - 1e-9):
        shown = judge_median(lt(MED(A), sp.Rational(bound)), {A: values}, level)
        assert (shown.chance <= level) == (bound > high)
        expected = binomtest(int(np.sum(values < bound)), n, 0.5, alternative="greater").pvalue
        assert shown.chance == pytest.approx(expected)


def test_only_bounds_of_medians_are_judged() -> None:
    for other in (lt(A, 1), eq(MED(A), 1), lt(1, MED(A)), lt(MED(A), MED(B))):
        with pytest.raises(ProofError, match="Med"):
            judge_median(other, {A: np.ones(7)}, LEVEL)
    with pytest.raises(ProofError, match="Nothing else was measured"):
        judge_median(ge(MED(B), 1), {A: np.ones(7)}, LEVEL)


def test_the_least_share_is_that_of_the_binomial_law() -> None:
    for k, n in ((12, 12), (9, 12), (1, 3)):
        low = binomtest(k, n, alternative="greater").proportion_ci(confidence_level=0.95).low
        assert least_share(k, n) == pytest.approx(low)
    assert least_share(0, 5) == 0.0
