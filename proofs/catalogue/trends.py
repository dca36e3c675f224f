"""Tests of trends over seeds, fixed beforehand: what counts as shown, what as refuted, and what stays open.

A trend that falls short of its threshold is UNKNOWN, not FALSE: FALSE takes as much evidence for the contrary. What is
compared, and with what, is read from the statement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.symbols import symbol
from ..claims import CheckContext

Samples = Mapping[sp.Basic, Any]

_BELOW, _ABOVE = (sp.Lt, sp.Le), (sp.Gt, sp.Ge)


def z_score(values: Sequence[float] | np.ndarray[Any, Any]) -> float:
    """Return mean over standard error; nan where all values are one, which shows nothing."""
    array = np.asarray(values, dtype=np.float64)
    error = array.std(ddof=1) / math.sqrt(len(array))
    return float(array.mean() / error) if error > 0 else math.nan


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


def measured(expression: sp.Expr, samples: Samples) -> Any:
    """A side of a statement at measured values.

    Args:
        expression: in names that were measured.
        samples: name to its number, or to one number a sample.

    Returns:
        A number or an array.

    Raises:
        ProofError: the expression has a name that was not measured.
    """
    places = {name: sp.Dummy(f"x{i}") for i, name in enumerate(samples)}
    inside = sp.sympify(expression).xreplace(places)
    unknown = (inside.free_symbols - set(places.values())) | inside.atoms(sp.core.function.AppliedUndef)
    if unknown:
        expected = ", ".join(map(str, samples))
        raise ProofError.of("the statement", f"names among {expected}", unknown, "Nothing else was measured.")
    return sp.lambdify(list(places.values()), inside, "numpy")(*samples.values())


def in_the_limit(part: sp.Basic) -> tuple[sp.Expr, sp.Expr]:
    """Both sides of an equation for a limit as D grows, the limit taken off.

    Raises:
        ProofError: the part is another one.
    """
    limit = part.args[0]
    if not (isinstance(part, sp.Eq) and isinstance(limit, sp.Limit) and limit.args[1:3] == (symbol("D"), sp.oo)):
        raise ProofError.of("the statement", "an equation for a limit as D grows", part, "The check judges no other.")
    return limit.args[0], part.args[1]


def trend_score(relation: sp.Basic, samples: Samples, paired: bool = True) -> float:
    """Standard errors by which an inequality between two means holds; negative where its contrary does.

    Args:
        relation: an inequality, such as "the mean of A is less than that of B".
        samples: name to one number a sample.
        paired: whether both sides were measured on the same samples.

    Returns:
        The score.

    Raises:
        ProofError: the relation is no inequality, or has a name that was not measured.
    """
    if not isinstance(relation, (*_BELOW, *_ABOVE)):
        raise ProofError.of("the statement", "an inequality between means", relation, "A trend says no more.")
    low, high = relation.args if isinstance(relation, _BELOW) else reversed(relation.args)
    if paired:
        difference = measured(high, samples) - measured(low, samples)
        return z_score(np.atleast_1d(difference))
    means, errors = [], []
    for side in (low, high):
        values = np.atleast_1d(measured(side, samples)).astype(np.float64)
        means.append(values.mean())
        errors.append(values.var(ddof=1) / len(values) if len(values) > 1 else 0.0)
    return float((means[1] - means[0]) / math.sqrt(sum(errors)))


def majority(outcomes: Sequence[bool], share: Fraction = Fraction(1, 2)) -> float:
    """The chance of at least so many successes where each has a given chance (exact sign test).

    Args:
        outcomes: whether each run was a success.
        share: the chance of one success, by default that of a coin.

    Returns:
        A probability.
    """
    n, k = len(outcomes), sum(map(bool, outcomes))
    each = min(max(share, Fraction(0)), Fraction(1))
    return float(sum(math.comb(n, i) * each**i * (1 - each) ** (n - i) for i in range(k, n + 1)))


def event_of(relation: sp.Basic) -> sp.Basic:
    """The event of a statement ``Prob(event) > share``.

    Raises:
        ProofError: the statement is another one.
    """
    event = relation.args[0].args[0] if isinstance(relation, sp.Gt | sp.Ge) and relation.args[0].args else None
    share = relation.args[1] if event is not None else None
    if event is None or not relation.args[0] == sp.Function("Prob")(event) or not isinstance(share, sp.Rational):
        raise ProofError.of("the statement", "Prob(event) > share", relation, "A sign test shows no more.")
    return event


def majority_counts(
    relations: Sequence[sp.Basic], tables: Sequence[Sequence[bool]], ctx: CheckContext
) -> tuple[int, int, float]:
    """How many statements "in most runs" are refuted by an exact sign test, and how many stay open.

    Args:
        relations: statements ``Prob(event) > share``.
        tables: for each of them whether the event happened, run by run.
        ctx: sets the significance.

    Returns:
        Rejected, undecided, and the largest chance of such a majority at the share that is to be exceeded.
    """
    level, refuted, undecided, worst = significance(ctx), 0, 0, 0.0
    for relation, table in zip(relations, tables, strict=True):
        event_of(relation)
        share = Fraction(int(relation.args[1].p), int(relation.args[1].q))
        chance = majority(table, share)
        worst = max(worst, chance)
        impossible = share > 1 or (share == 1 and isinstance(relation, sp.Gt))
        contrary = impossible or majority([not happened for happened in table], 1 - share) <= level
        refuted += contrary
        undecided += not contrary and not chance <= level
    return refuted, undecided, worst
