"""Tests of trends over seeds, fixed beforehand: what counts as shown, what as refuted, and what stays open.

A trend that falls short of its threshold is UNKNOWN, not FALSE: FALSE takes as much evidence for the contrary.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..claims import CheckContext


def z_score(values: Sequence[float]) -> float:
    """Return mean over standard error."""
    array = np.asarray(values)
    return float(array.mean() / array.std(ddof=1) * math.sqrt(len(array)))


def threshold(ctx: CheckContext) -> float:
    """Standard errors that a trend has to show, or its contrary to refute it: fewer at effort quick, of fewer seeds."""
    return float(ctx.pick(2.5, 4.0, 4.0))


def significance(ctx: CheckContext) -> float:
    """Chance below which a majority of runs is no coin's: a tenth as strict at effort quick, of fewer runs."""
    return float(ctx.pick(1e-2, 1e-3, 1e-3))


def counts(scores: Sequence[float], ctx: CheckContext) -> tuple[int, int]:
    """How many scores refute their trend, and how many leave it open.

    Args:
        scores: of trends, each positive where it is as claimed.
        ctx: sets the threshold.

    Returns:
        Rejected and undecided, as :func:`..claims.judge` takes them.
    """
    bound = threshold(ctx)
    refuted = sum(score <= -bound for score in scores)
    # nan is open too
    return refuted, sum(not abs(score) >= bound for score in scores)


def majority(outcomes: Sequence[bool]) -> float:
    """The chance of at least so many successes by tossing a coin (exact sign test)."""
    n, k = len(outcomes), sum(map(bool, outcomes))
    return float(sum(math.comb(n, i) for i in range(k, n + 1)) / 2**n)


def majority_counts(tables: Sequence[Sequence[bool]], ctx: CheckContext) -> tuple[int, int]:
    """How many statements "in most runs" are refuted by an exact sign test, and how many stay open.

    Args:
        tables: for each statement whether it held, run by run.
        ctx: sets the significance.

    Returns:
        Rejected and undecided.
    """
    level = significance(ctx)
    shown = [majority(table) <= level for table in tables]
    refuted = [majority([not held for held in table]) <= level for table in tables]
    return sum(refuted), sum(not s and not r for s, r in zip(shown, refuted, strict=True))
