"""Tests of medians over random starts, fixed beforehand: exact, whatever the distribution.

``Med(x) < b`` says that x is below b for more than half of the starts, so n runs decide it by an exact sign test;
equally, the interval between two order statistics contains the median with a chance that a binomial law gives. What is
compared, and with what, is read from the statement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ..claims import CheckContext
from .trends import Samples, majority, measured, significance

MED = sp.Function("Med")
"""The median over the random starts of a statement."""

_KINDS = {sp.Lt: np.less, sp.Le: np.less_equal, sp.Gt: np.greater, sp.Ge: np.greater_equal}


class MedianTest(NamedTuple):
    """What runs say about one statement on a median.

    Attributes:
        chance: of at least so many runs on the stated side, were it no likelier than the other.
        contrary: the same for the other side.
        median: of the runs.
        low: lower end of the confidence interval of the median.
        high: upper end.
        confidence: chance that the interval contains the median.
    """

    chance: float
    contrary: float
    median: float
    low: float
    high: float
    confidence: float

    def __str__(self) -> str:
        return f"{self.median:.3g} in [{self.low:.3g}, {self.high:.3g}] ({100 * self.confidence:.2f} %)"


def median_side(relation: sp.Basic) -> tuple[sp.Expr, sp.Expr]:
    """The quantity and the bound of a statement ``Med(quantity) < bound``, or one of the other inequalities.

    Raises:
        ProofError: the statement is another one.
    """
    if type(relation) in _KINDS and isinstance(relation.args[0], MED) and not relation.args[1].has(MED):
        return relation.args[0].args[0], relation.args[1]
    raise ProofError.of("the statement", "Med(..) < a bound", relation, "A sign test shows no more.")


def median_interval(values: Sequence[float], level: float) -> tuple[float, float, float]:
    """The shortest pair of order statistics that leaves out the median with at most a given chance on each side.

    Args:
        values: one for each run.
        level: chance on one side.

    Returns:
        Lower end, upper end, and the chance that the median lies between them; infinite ends where there are too few.
    """
    ordered, n = sorted(float(v) for v in values), len(values)
    left, tail = -1, 0.0
    while tail + math.comb(n, left + 1) / 2**n <= level and 2 * (left + 1) < n:
        left += 1
        tail += math.comb(n, left) / 2**n
    if left < 0:
        return -math.inf, math.inf, 1.0
    return ordered[left], ordered[n - 1 - left], 1 - 2 * tail


def judge_median(relation: sp.Basic, samples: Samples, level: float) -> MedianTest:
    """Test one statement on a median.

    Args:
        relation: such as ``Med(x) < 1/4``.
        samples: name to one number a run; a run that has none (nan) is on no side, and counts against each.
        level: chance on one side of the confidence interval.

    Returns:
        Chances and interval.

    Raises:
        ProofError: the statement is another one, or has a name that was not measured.
    """
    quantity, bound = median_side(relation)
    count = len(next(iter(samples.values())))
    values = np.broadcast_to(np.asarray(measured(quantity, samples), dtype=np.float64), (count,))
    side = _KINDS[type(relation)](values, float(measured(bound, {})))
    known = np.where(np.isfinite(values), values, np.inf)
    low, high, confidence = median_interval(known.tolist(), level)
    chances = majority(side.tolist()), majority((~side).tolist())
    return MedianTest(*chances, float(np.median(known)), low, high, confidence)


def median_counts(relations: Sequence[sp.Basic], samples: Samples, ctx: CheckContext) -> tuple[int, int, float, str]:
    """How many statements on medians are refuted, and how many stay open.

    Args:
        relations: statements ``Med(quantity) < bound``, with their abbreviations replaced.
        samples: name to one number a run.
        ctx: sets the significance.

    Returns:
        Rejected, undecided, the largest chance of such runs were the stated side no likelier than the other, and the
        medians with their confidence intervals, in words.
    """
    level, refuted, undecided, worst, told = significance(ctx), 0, 0, 0.0, []
    for relation in relations:
        found = judge_median(relation, samples, level)
        worst = max(worst, found.chance)
        refuted += found.contrary <= level
        undecided += found.contrary > level and not found.chance <= level
        told.append(str(found))
    return refuted, undecided, worst, "; ".join(told)


def least_share(successes: int, runs: int, confidence: float = 0.95) -> float:
    """The largest share of starts that so many successes leave above, by the exact binomial law.

    Args:
        successes: runs in which it happened.
        runs: all of them.
        confidence: of the one-sided interval (Clopper and Pearson 1934).

    Returns:
        Its lower end.
    """
    from scipy.special import betaincinv

    return float(betaincinv(successes, runs - successes + 1, 1 - confidence)) if successes else 0.0
