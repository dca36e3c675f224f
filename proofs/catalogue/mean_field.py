"""Claims on descent at infinite size, and on where the displacement law ends."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from ...numeric.regression.descent import descend_regression
from ...numeric.regression.ensemble import RegressionEnsemble
from ...numeric.regression.mean_field import mean_field_descent
from ...numeric.runs.status import Status
from ...symbolic.algebra.symbols import symbol, symbols
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from .trends import counts, threshold, z_score

eta, sigma_z = symbols("eta sigma_z")

STEPS = 40

CONTRARY = 4.5
"""Standard errors off nil at which an extrapolated mean contradicts the limit."""


def _gaps(law: RegressionEnsemble, start: float, samples: int, seed: int) -> np.ndarray[Any, Any]:
    """Loss and displacement of simulated runs against the two-time equations, each averaged over the steps.

    Returns:
        Relative gaps of shape ``(samples, 2)``: of the loss in units of that at the start, of the displacement in units
        of that at the end.
    """
    limit = mean_field_descent(law, start / law.edge, STEPS)
    found = np.zeros((samples, 2))
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
            loss = limit.loss[::2] / 2 - run.loss[:, 0] / law.outputs
            moved = limit.moved[::2] - run.displacement[:, 0] ** 2 / law.parameters
            found[index] += (loss.mean() / limit.loss[0], moved.mean() / limit.moved[-1] / 2)
    return found


def _limit(ctx: CheckContext) -> Outcome:
    """A limit is judged by its trend: the gap of a run falls with D, and its mean, extrapolated in 1/D, is nil."""
    small, large = 12, 48
    samples = ctx.pick(24, 64, 200)
    falls, means, notes = [], [], []
    cases = ((Fraction(2), 1.0, 0.3), (Fraction(2), 2.0, 0.6), (Fraction(2, 3), 1.0, 0.5))
    for number, (ratio, scale, start) in enumerate(cases):
        sizes = [
            _gaps(RegressionEnsemble.normalised(D, int(D * ratio), scale), start, samples, ctx.seed)
            for D in (small, large)
        ]
        rms = [np.sqrt((gaps**2).mean(axis=0)) for gaps in sizes]
        falls.append(np.log(rms[0] / rms[1]))
        weight = large / (large - small)
        mean = weight * sizes[1].mean(axis=0) - (weight - 1) * sizes[0].mean(axis=0)
        spread = [gaps.var(axis=0, ddof=1) / samples for gaps in sizes]
        error = np.sqrt(weight**2 * spread[1] + (weight - 1) ** 2 * spread[0])
        means += list(np.abs(mean) / error)
        notes.append(
            f"P/D = {ratio}, sigma_z = {scale:g}: run off by {rms[0].max():.1%} at D = {small}, {rms[1].max():.1%} at "
            f"{large}, mean at infinity {mean[0]:+.1%} and {mean[1]:+.1%}"
        )
        ctx.progress((number + 1) / len(cases))
    # the logarithm of a root mean square over n samples has the standard error 1/sqrt(2 n)
    score = float(np.mean(falls) / (1 / np.sqrt(samples * len(cases))))
    rejected, undecided = counts([score], ctx)
    contrary = sum(z > CONTRARY for z in means)
    return judge(
        2 * samples * len(cases),
        rejected + contrary,
        undecided,
        worst=round(score, 2),
        bound=threshold(ctx),
        domain=f"below the edge, {samples} antithetic pairs for each D and case, {STEPS} steps, Gaussian",
        detail="; ".join(notes)
        + f"; figure: standard errors by which the gap falls with D; the extrapolated means are off by at most "
        f"{max(means):.1f} of theirs",
    )


def _break(ctx: CheckContext) -> Outcome:
    """Measured over predicted NTK eigenvalue, from crossing the edge to the end of each run that does not diverge."""
    law = RegressionEnsemble.normalised(20, 40, 2.0)
    samples, falls, quiet = ctx.pick(6, 16, 60), [], []
    for index in range(samples):
        state = law.sample(ctx.seed, index)
        top = state.largest_ntk
        run = descend_regression(state, 1.0 / top, scales=[0.5, 1.0], max_steps=1500, tolerance=1e-4)
        followed = run.ntk[:, :, 0] / (top * (1 + law.relative_curvature * run.displacement**2))
        for lane in (0, 1):
            above = np.flatnonzero(run.ntk[:, lane, 0] * run.step_sizes[lane] > 2)
            last = int(np.flatnonzero(np.isfinite(followed[:, lane]))[-1])
            if run.status[lane] is Status.DIVERGED:
                continue
            if len(above) and last > above[0]:
                falls.append(float(np.log(followed[last, lane] / followed[above[0], lane])))
            elif not len(above):
                quiet.append(float(np.log(followed[last, lane] / followed[last // 2, lane])))
        ctx.progress((index + 1) / samples)
    if len(falls) < 3:
        return judge(max(len(falls), 1), undecided=1, detail=f"only {len(falls)} runs cross the edge")
    array = np.array(falls)
    score = -z_score(falls)
    rejected, undecided = counts([score], ctx)
    calm = float(np.abs(quiet).max()) if quiet else 0.0
    return judge(
        len(falls) + len(quiet),
        rejected + (calm > abs(array.mean()) / 2),
        undecided,
        worst=round(score, 2),
        bound=threshold(ctx),
        domain="D = 20, P = 40, sigma_z = 1 and 2, eta = 1/lambda_max(0), Gaussian",
        detail=f"measured over predicted falls by {1 - np.exp(array.mean()):.1%} past the crossing ({len(falls)} "
        f"runs); in {len(quiet)} runs that never cross it moves by at most {calm:.1%} in their second half",
    )


_T, _D, _LOSS, _LAW = (symbol(name) for name in ("t", "D", "|z|^2/D", "lambda_displacement"))
_C = sp.Function("C")

CLAIMS = (
    Claim(
        id="mean-field-descent",
        title="Descent at infinite size follows two-time equations",
        statement=sp.Eq(sp.Limit(sp.Function("E")(_LOSS), _D, sp.oo), _C(_T, _T), evaluate=False),
        variables=(_T, eta),
        source=Source("kamali2023", "descent on squares of Gaussian fields; discrete time derived here"),
        domain="D and P to infinity at fixed ratio, any step size; C solves the equations of mean_field_descent",
        note="Step size and curvature are exact in it; simulations at finite D differ by 1/D in the mean.",
        checks=(Check("trend in D of simulated descent", Level.CHECKED, _limit),),
    ),
    Claim(
        id="displacement-law-ends-at-the-edge",
        title="Past the edge the top NTK eigenvalue falls below the displacement law",
        statement=sp.Lt(sp.Function("lambda_max")(_T), _LAW),
        variables=(_T,),
        source=Source("edgestab", "displacement law"),
        uses=("displacement-law",),
        domain="runs of descent that cross 2/eta, from the crossing to their end",
        note="Up to the edge Q(theta(t) - theta(0), .) is noise to J; past it the residual swings along the top mode, "
        "and what it adds to J is aligned so as to lower that mode: the self-stabilisation, seen from outside.",
        checks=(Check("log ratio over seeds", Level.CHECKED, _break),),
    ),
)
