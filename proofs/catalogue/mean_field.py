"""Claims on descent at infinite size, and on where the displacement law ends."""

from __future__ import annotations

import numpy as np
import sympy as sp

from ...numeric.regression.descent import descend_regression
from ...numeric.regression.ensemble import RegressionEnsemble
from ...numeric.regression.mean_field import mean_field_descent
from ...numeric.runs.status import Status
from ...symbolic.algebra.symbols import symbol, symbols
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge

eta, sigma_z = symbols("eta sigma_z")

# In units of the loss at the start and of the displacement at the end.
LIMIT_TOLERANCE = 0.06
TREND = 4.0


def _limit(ctx: CheckContext) -> Outcome:
    """Mean loss and displacement of simulated descent against the two-time equations, at every step."""
    cases = ctx.pick([(40, 80, 1.0, 0.3)], [(64, 128, 1.0, 0.3), (64, 128, 2.0, 0.6), (90, 60, 1.0, 0.5)], None)
    samples, steps = ctx.pick(4, 6, 8), 40
    if cases is None:
        cases = [(100, 200, 2.0, 0.5), (160, 320, 1.0, 0.3), (180, 120, 1.0, 0.5)]
    tested = rejected = 0
    worst, notes = 0.0, []
    for number, (outputs, parameters, scale, start) in enumerate(cases):
        law = RegressionEnsemble.normalised(outputs, parameters, scale)
        limit = mean_field_descent(law, start / (1 + np.sqrt(outputs / parameters)) ** 2, steps)
        losses, moves = np.zeros(steps // 2 + 1), np.zeros(steps // 2 + 1)
        for index in range(samples):
            state = law.sample(ctx.seed, index)
            # |z(0)|^2 is set to its mean: its fluctuation, of order D^(-1/2), is no part of the comparison
            factor = scale * np.sqrt(outputs) / np.linalg.norm(state.z)
            for sign in (1.0, -1.0):
                signed = state.scaled_residual(sign)
                run = descend_regression(
                    signed, limit.step_size, scales=factor, max_steps=steps, tolerance=1e-12, record_every=2
                )
                losses += run.loss[:, 0] / outputs / samples
                moves += run.displacement[:, 0] ** 2 / parameters / samples / 2
        gaps = np.concatenate([(limit.loss[::2] - losses) / losses[0], (limit.moved[::2] - moves) / moves[-1]])
        tested += len(gaps)
        rejected += int(np.sum(np.abs(gaps) > LIMIT_TOLERANCE))
        worst = max(worst, float(np.abs(gaps).max()))
        notes.append(f"({outputs}, {parameters}, {scale:g}): off by at most {np.abs(gaps).max():.1%}")
        ctx.progress((number + 1) / len(cases))
    return judge(
        tested,
        rejected,
        worst=round(worst, 4),
        bound=LIMIT_TOLERANCE,
        domain=f"(D, P, sigma_z) as listed, below the edge, {samples} antithetic pairs, {steps} steps, Gaussian",
        detail="; ".join(notes),
    )


def _break(ctx: CheckContext) -> Outcome:
    """Measured over predicted NTK eigenvalue, from crossing the edge to the end of each run that does not diverge."""
    law = RegressionEnsemble.normalised(20, 40, 2.0)
    samples, falls, quiet = ctx.pick(6, 16, 60), [], []
    for index in range(samples):
        state = law.sample(ctx.seed, index)
        top = float(np.linalg.norm(state.J, 2) ** 2)
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
    score = -float(array.mean() / array.std(ddof=1) * np.sqrt(len(array)))
    trend = ctx.pick(2.5, TREND, TREND)
    calm = float(np.abs(quiet).max()) if quiet else 0.0
    return judge(
        len(falls) + len(quiet),
        rejected=(score < trend) + (calm > abs(array.mean()) / 2),
        worst=round(score, 2),
        bound=trend,
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
        checks=(Check("simulated descent at every step", Level.CHECKED, _limit),),
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
