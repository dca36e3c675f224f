"""What simulations for Theorem 2 measure, each run once, and how checks hold it against a statement.

The samplers know no claim. Standard deviations differ from 1 (but where a claim sets them so), so that a wrong power of
one of them in a statement is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sympy as sp

from ...symbolic.algebra.symbols import symbol, symbols
from ..claims import CheckContext, Outcome, judge
from ..statements.names.theorem_2 import K

if TYPE_CHECKING:
    from ...numeric.initialisation.fourth_cumulant import CumulantEffect
    from ...numeric.initialisation.laws import CurvatureLaw, Entries, InitialEnsemble
    from ...numeric.initialisation.simulation import EnsembleResult
    from ...numeric.regression.simulated_differences import Differences

m_1 = symbol("m_1")
#: z-score beyond which a simulation contradicts a claim: two-sided probability 1e-5 for one normal score.
Z_BOUND = 4.42
#: Standard deviations of z, J and Q: a small one of J makes the noise that is linear in Q small beside the mean.
DEVIATIONS = (1.5, 0.5, 1.25)
#: D, P, rank and z-score of a comparison.
Score = tuple[int, int, int, float]


def ensemble(outputs: int, parameters: int) -> InitialEnsemble:
    """The law at these sizes."""
    from ...numeric.initialisation.laws import InitialEnsemble

    return InitialEnsemble(outputs, parameters, *DEVIATIONS)


def unit_ensemble(outputs: int, parameters: int) -> InitialEnsemble:
    """The law at these sizes with all standard deviations 1."""
    from ...numeric.initialisation.laws import InitialEnsemble

    return InitialEnsemble(outputs, parameters)


@lru_cache(maxsize=64)
def sampled(law: InitialEnsemble, samples: int, seed: int) -> EnsembleResult:
    """The largest eigenvalue by exact-in-law samples."""
    from ...numeric.initialisation.simulation import simulate_ensemble

    return simulate_ensemble(law, samples=samples, seed=seed)


@lru_cache(maxsize=64)
def dense(
    law: InitialEnsemble,
    samples: int,
    seed: int,
    curvature: CurvatureLaw = "symmetrised",
    entries: Entries = "gaussian",
) -> tuple[EnsembleResult, ...]:
    """Every non-zero eigenvalue from full tensors Q, the largest first."""
    from ...numeric.initialisation.dense_twin import dense_motion
    from ...numeric.initialisation.simulation import summarise

    motions = dense_motion(law, samples=samples, seed=seed, curvature=curvature, entries=entries)
    return tuple(summarise(law, motion, seed, "dense") for motion in motions)


@lru_cache(maxsize=16)
def difference_run(law: InitialEnsemble, eta: float, samples: int, seed: int) -> Differences:
    """Both differences of the largest eigenvalue under gradient descent from random starts."""
    from ...numeric.regression.simulated_differences import simulate_eigenvalue_differences

    return simulate_eigenvalue_differences(law, eta=eta, samples=samples, seed=seed)


@lru_cache(maxsize=16)
def cumulant_run(law: InitialEnsemble, samples: int, seed: int) -> CumulantEffect:
    """Slopes in the fourth cumulant of J's entries for the largest eigenvalue."""
    from ...numeric.initialisation.fourth_cumulant import cumulant_effect

    return cumulant_effect(law, samples=samples, seed=seed)


def sizes_and_spreads(law: InitialEnsemble, rank: int = 1) -> dict[sp.Symbol, Any]:
    """Values of the variables that a statement may quantify."""
    numbers = (law.outputs, law.parameters, law.sigma_z, law.sigma_J, law.sigma_Q)
    return dict(zip(symbols("D P sigma_z sigma_J sigma_Q"), numbers, strict=True)) | {K: rank}


def ranked_moments(law: InitialEnsemble, rank: int) -> dict[sp.Symbol, float]:
    """``m_1`` and ``m_2`` of an eigenvalue of any rank, from exact rationals; D - P must be odd."""
    from ...symbolic.wick.exact_moments import exact_wishart_moments

    exact = exact_wishart_moments(law.outputs, law.parameters, rank)
    scaled = (float(exact.first) * law.sigma_J**2, float(exact.second) * law.sigma_J**4)
    return dict(zip(symbols("m_1 m_2"), scaled, strict=True))


def ratio_score(
    ctx: CheckContext, acceleration: sp.Expr, result: EnsembleResult, rank: int = 1, moments: Mapping[Any, Any] = {}
) -> Iterable[Score]:
    """Hold a measured ratio of means against what the statement says of the acceleration, if it speaks of this size.

    Args:
        ctx: holds the statement.
        acceleration: the name of the mean second derivative.
        result: what was measured.
        rank: of the eigenvalue.
        moments: ``m_1`` and ``m_2``; default those of the largest eigenvalue by quadrature.

    Yields:
        One score, or none if the statement's ranges and hypotheses leave this size out.
    """
    law = result.law
    here = sizes_and_spreads(law, rank)
    if ctx.statement.admits(here):
        predicted = (ctx.statement.equation(acceleration) / m_1).subs(law.values() | dict(moments) | here)
        score = (result.ratio - float(predicted)) / result.standard_error
        yield law.outputs, law.parameters, rank, score


def judge_scores(scores: Iterable[Score], domain: str) -> Outcome:
    """Hold z-scores against the bound.

    Args:
        scores: of all comparisons.
        domain: of the outcome; the sizes and ranks are added.

    Returns:
        TRUE if all lie below the bound.
    """
    rows = list(scores)
    if not rows:
        return judge(0)
    d, p, k, worst = max(rows, key=lambda row: abs(row[3]))
    return judge(
        len(rows),
        sum(not abs(row[3]) < Z_BOUND for row in rows),
        worst=round(abs(worst), 2),
        bound=Z_BOUND,
        figure="largest |z-score|",
        domain=f"{domain}; (D, P, rank) in {sorted({row[:3] for row in rows})}",
        detail=f"largest |z-score| at (D, P, rank) = ({d}, {p}, {k})",
    )
