"""Claims on descent at infinite size, and where the displacement law ends."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from ...numeric.regression.descent import descend_regression
from ...numeric.regression.ensemble import RegressionEnsemble
from ...numeric.regression.mean_field import mean_field_descent
from ...numeric.runs.status import Status
from ...symbolic.algebra.symbols import symbols
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import NATURALS, POSITIVE, Definition, Range, Statement, eq, lt
from ..statements.names.regression import GAMMA, LEVEL
from .trends import counts, in_the_limit, measured, threshold, trend_score

eta, sigma_z, time, D = symbols("eta sigma_z t D")
LOSS, SPREAD = (sp.Function(name)(time, D, GAMMA, eta, sigma_z) for name in ("loss_mean", "spread_mean"))
LOSS_LIMIT, SPREAD_LIMIT = (sp.Function(name)(time, GAMMA, eta, sigma_z) for name in ("loss_limit", "spread_limit"))
R_EDGE, R_END, R_BELOW = (sp.Function(f"R_{where}")(GAMMA, sigma_z, LEVEL) for where in ("edge", "end", "below"))

STEPS = 40

CONTRARY = 4.5
"""Standard errors off nil at which an extrapolated mean contradicts the limit."""


Pair = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


@lru_cache(maxsize=64)
def _runs(outputs: int, parameters: int, scale: float, start: float, samples: int, seed: int) -> tuple[Pair, Pair]:
    """Simulated runs beside the two-time equations, each averaged over the steps.

    Returns:
        Of the loss, in units of that at the start, and of the displacement, in units of that at the end: what each run
        has, and what the equations have.
    """
    law = RegressionEnsemble.normalised(outputs, parameters, scale)
    limit = mean_field_descent(law, start / law.edge, STEPS)
    found = np.zeros((2, samples))
    for index in range(samples):
        state = law.sample(seed, index)
        # |z(0)|^2 is set to its mean: its fluctuation, of order D^(-1/2), is no part of the comparison
        factor = law.sigma_z * np.sqrt(law.outputs) / np.linalg.norm(state.z)
        for sign in (1.0, -1.0):
            run = descend_regression(
                state.scaled_residual(sign),
                limit.step_size,
                scales=factor,
                max_steps=STEPS,
                tolerance=1e-12,
                record_every=2,
            )
            found[0, index] += run.loss[:, 0].mean() / law.outputs
            found[1, index] += (run.displacement[:, 0] ** 2).mean() / law.parameters / 2
    rows = zip(found, (limit.loss, limit.moved), (limit.loss[0], limit.moved[-1]), strict=True)
    loss, moved = ((row / unit, np.full(samples, path[::2].mean() / unit)) for row, path, unit in rows)
    return loss, moved


def _gaps(parts: tuple[sp.Basic, ...], *run: Any) -> np.ndarray[Any, Any]:
    """By how much each run misses each of the stated limits, shape ``(samples, parts)``."""
    loss, moved = _runs(*run)
    samples = {LOSS: loss[0], LOSS_LIMIT: loss[1], SPREAD: moved[0], SPREAD_LIMIT: moved[1]}
    sides = [in_the_limit(part) for part in parts]
    return np.array([measured(right, samples) - measured(inside, samples) for inside, right in sides]).T


def _limit(ctx: CheckContext) -> Outcome:
    """A limit is judged by its trend: the gap of a run falls with D, and its mean, extrapolated in 1/D, is nil."""
    for number in (eta, sigma_z, GAMMA):
        ctx.statement.within(number, POSITIVE)
    ctx.statement.within(time, NATURALS)
    parts = ctx.statement.parts()
    small, large = 12, 48
    samples = ctx.pick(24, 64, 200)
    falls, means, notes = [], [], []
    cases = ((Fraction(2), 1.0, 0.3), (Fraction(2), 2.0, 0.6), (Fraction(2, 3), 1.0, 0.5))
    for number, (ratio, scale, start) in enumerate(cases):
        sizes = [_gaps(parts, size, int(size * ratio), scale, start, samples, ctx.seed) for size in (small, large)]
        rms = [np.sqrt((gaps**2).mean(axis=0)) for gaps in sizes]
        falls.append(np.log(rms[0] / rms[1]))
        weight = large / (large - small)
        mean = weight * sizes[1].mean(axis=0) - (weight - 1) * sizes[0].mean(axis=0)
        spread = [gaps.var(axis=0, ddof=1) / samples for gaps in sizes]
        error = np.sqrt(weight**2 * spread[1] + (weight - 1) ** 2 * spread[0])
        means += list(np.abs(mean) / error)
        notes.append(
            f"P/D = {ratio}, sigma_z = {scale:g}: run off by {rms[0].max():.1%} at D = {small}, {rms[1].max():.1%} at "
            f"{large}, mean at infinity {' and '.join(f'{m:+.1%}' for m in mean)}"
        )
        ctx.progress((number + 1) / len(cases))
    # the logarithm of a root mean square over n samples has the standard error 1/sqrt(2 n)
    score = float(np.mean(falls) / (1 / np.sqrt(samples * len(cases))))
    rejected, undecided = counts([score], ctx)
    contrary = sum(not z <= CONTRARY for z in means)
    return judge(
        len(parts) * samples * len(cases),
        rejected + contrary,
        undecided,
        worst=round(score, 2),
        bound=threshold(ctx),
        figure="standard errors by which the gap falls with D, and the least allowed",
        domain=f"below the edge, {samples} antithetic pairs for each D and case, {STEPS} steps, Gaussian",
        detail="; ".join(notes) + f"; the extrapolated means are off by at most {max(means):.1f} of their errors",
    )


@lru_cache(maxsize=16)
def _log_ratios(
    outputs: int, parameters: int, scale: float, samples: int, seed: int
) -> Mapping[str, tuple[float, ...]]:
    """Logarithms of measured over predicted NTK eigenvalue, where a run crosses the edge and at the end of each run."""
    law = RegressionEnsemble.normalised(outputs, parameters, scale)
    found: dict[str, list[float]] = {"edge": [], "end": [], "below": []}
    for index in range(samples):
        state = law.sample(seed, index)
        top = state.largest_ntk
        run = descend_regression(state, 1.0 / top, scales=[0.5, 1.0], max_steps=1500, tolerance=1e-4)
        followed = np.log(run.ntk[:, :, 0] / (top * (1 + law.relative_curvature * run.displacement**2)))
        for lane in (0, 1):
            above = np.flatnonzero(run.ntk[:, lane, 0] * run.step_sizes[lane] > 2)
            last = int(np.flatnonzero(np.isfinite(followed[:, lane]))[-1])
            if run.status[lane] is Status.DIVERGED:
                continue
            if not len(above):
                found["below"].append(float(followed[last, lane]))
            elif last > above[0]:
                found["edge"].append(float(followed[above[0], lane]))
                found["end"].append(float(followed[last, lane]))
    return {name: tuple(values) for name, values in found.items()}


def _break(ctx: CheckContext) -> Outcome:
    """Measured over predicted NTK eigenvalue, from crossing the edge to the end of each run that does not diverge."""
    for number in (GAMMA, sigma_z, LEVEL):
        ctx.statement.within(number, POSITIVE)
    parts = ctx.statement.parts()
    ratios = _log_ratios(16, 32, 2.0, ctx.pick(18, 40, 80), ctx.seed)
    if min(map(len, ratios.values())) < 3:
        return judge(1, undecided=1, detail=f"only {len(ratios['end'])} runs cross the edge")
    samples = {R_EDGE: np.array(ratios["edge"]), R_END: np.array(ratios["end"]), R_BELOW: np.array(ratios["below"])}
    # the runs that cross are other ones than those that do not
    scores = [trend_score(part, samples, paired=not part.has(R_BELOW)) for part in parts]
    rejected, undecided = counts(scores, ctx)
    means = {name: float(np.mean(values)) for name, values in ratios.items()}
    return judge(
        len(ratios["end"]) + len(ratios["below"]),
        rejected,
        undecided,
        worst=round(min(scores), 2),
        bound=threshold(ctx),
        figure="smallest z-score of the parts, and the least allowed",
        domain="D = 16, P = 32, sigma_z = 1 and 2, eta = 1/lambda_max(0), Gaussian",
        detail=f"log of measured over predicted: {means['edge']:+.3f} at the crossing, {means['end']:+.3f} at the end "
        f"of the same {len(ratios['end'])} runs, {means['below']:+.3f} in {len(ratios['below'])} that never cross",
    )


_RATIO = Definition(GAMMA, "outputs over parameters, D/P")

CLAIMS = (
    Claim(
        id="mean-field-descent",
        title="Descent at infinite size follows two-time equations",
        statement=Statement(
            conclusion=(eq(sp.Limit(LOSS, D, sp.oo), LOSS_LIMIT), eq(sp.Limit(SPREAD, D, sp.oo), SPREAD_LIMIT)),
            over=(Range(time, NATURALS), *(Range(number, POSITIVE) for number in (GAMMA, eta, sigma_z))),
            where=(_RATIO,),
        ),
        source=Source("kamali2023", "descent on squares of Gaussian fields; discrete time derived here"),
        note="Step size and curvature are exact in it.",
        checks=(
            Check(
                "trend in D of simulated descent",
                Level.CHECKED,
                _limit,
                hindsight=f"that {CONTRARY} standard errors refute a mean was set after runs had been seen",
            ),
        ),
    ),
    Claim(
        id="displacement-law-ends-at-the-edge",
        title="Past the edge the top NTK eigenvalue falls below the displacement law",
        statement=Statement(
            conclusion=(lt(R_END, R_EDGE), lt(R_END, 0), lt(R_END, R_BELOW)),
            over=tuple(Range(number, POSITIVE) for number in (GAMMA, sigma_z, LEVEL)),
            where=(_RATIO, Definition(LEVEL, "eta times the largest NTK eigenvalue at the start")),
        ),
        source=Source("edgestab", "displacement law"),
        uses=("displacement-law",),
        note="Up to the edge Q(theta(t) - theta(0), .) is noise to J; past it the residual swings along the top mode, "
        "and what it adds to J is aligned so as to lower that mode: the self-stabilisation, seen from outside.",
        checks=(
            Check(
                "log ratios over seeds",
                Level.CHECKED,
                _break,
                hindsight="the size, D = 16, was chosen after runs at several sizes had been seen",
            ),
        ),
    ),
)
