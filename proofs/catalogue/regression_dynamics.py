"""Claims on the model with D outputs and P parameters after initialisation.

They are measured over seeds fixed in advance, in the units of ``RegressionEnsemble.normalised`` (where eq. 22 reads as
printed at large size).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

from ...numeric.regression.descent import descend_regression
from ...numeric.regression.ensemble import RegressionEnsemble
from ...numeric.regression.flow import integrate_regression_flow
from ...numeric.regression.model import RegressionState
from ...numeric.regression.sharpening import eigenvalue_rates, measure_sharpening
from ...numeric.regression.two_steps import Phases, split_two_steps
from ...symbolic.algebra.symbols import symbol, symbols
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from .trends import counts, majority, majority_counts, significance, threshold, z_score

eta, sigma_z, time, D, P = symbols("eta sigma_z t D P")
PAPER = "agarwala2023"
OWN = "edgestab"

SLOPE_WINDOW = 0.25
DISPLACEMENT_SHARE = 0.15
RANGE_TOLERANCE = 0.2


def _short_time(ctx: CheckContext) -> Outcome:
    """The remainder of lambda(0) + lambda'' t^2 / 2, both signs of z averaged, falls like t^3."""
    slopes, samples = [], ctx.pick(3, 24, 100)
    law = RegressionEnsemble.normalised(8, 16)
    for index in range(samples):
        state = law.sample(ctx.seed, index)
        rates = eigenvalue_rates(state)
        times = 2e-2 * min(rates.gap / rates.value, 1.0) / rates.value * np.array([1.0, 2.0])
        value, second, path = _antithetic(state, times)
        rest = path - value - second * times**2 / 2
        slopes.append(float(np.log2(abs(rest[1] / rest[0]))))
        ctx.progress((index + 1) / samples)
    middle = float(np.median(slopes))
    return judge(
        samples,
        rejected=0 if abs(middle - 3) <= SLOPE_WINDOW else samples,
        worst=round(abs(middle - 3), 4),
        bound=SLOPE_WINDOW,
        digits=15,
        domain="D = 8, P = 16, sigma_z = 1, Gaussian; t below 1/50 of the relative gap over lambda",
        detail=f"median slope {middle:.3f} of the remainder in t; for larger t see displacement-law",
    )


def _short_range(ctx: CheckContext) -> Outcome:
    """The first relative correction to lambda'' t^2 / 2 of each start, its median against the decay of the residual.

    The median, for near-degenerate starts have corrections without a finite variance.
    """
    tested, worst, notes = 0, 0.0, []
    samples = ctx.pick(8, 24, 200)
    for outputs, parameters in ctx.pick([(20, 40)], [(20, 40), (16, 64), (24, 24)], [(40, 80), (24, 96), (60, 40)]):
        law, root = RegressionEnsemble.normalised(outputs, parameters), np.sqrt(outputs / parameters)
        edge, losses = (1 + root) ** 2, []
        times = np.array([0.01, 0.02]) / edge
        for index in range(samples):
            state = law.sample(ctx.seed, index)
            value, second, path = _antithetic(state, times)
            first, double = (1 - (path - value) / (second * times**2 / 2)) / (times * edge)
            losses.append(2 * first - double)
        expected = (1 + root**2) / (1 + root) ** 2
        found = float(np.median(losses))
        tested += samples
        worst = max(worst, abs(found / expected - 1))
        notes.append(f"({outputs}, {parameters}): {found:.3f}, expected {expected:.3f}")
    return judge(
        tested,
        rejected=0 if worst <= RANGE_TOLERANCE else tested,
        worst=round(worst, 4),
        bound=RANGE_TOLERANCE,
        domain=f"gradient flow, Gaussian, sigma_z = 1, median of {samples} antithetic pairs, t to 0",
        detail="relative loss of the rise per unit of t lambda_max: " + "; ".join(notes),
    )


def _antithetic(state: RegressionState, times: np.ndarray[Any, Any]) -> tuple[float, float, np.ndarray[Any, Any]]:
    """Return lambda(0), and the means over z and -z of lambda''(0) and of lambda at the given times."""
    second, path = 0.0, np.zeros(len(times))
    for sign in (1.0, -1.0):
        start = state.scaled_residual(sign)
        rates = eigenvalue_rates(start)
        second += rates.second / 2
        path += integrate_regression_flow(start, times=times, rtol=1e-13, atol=1e-13).ntk[:, 0] / 2
    return rates.value, second, path


def _displacement(ctx: CheckContext) -> Outcome:
    """Mean rise of lambda_max against the displacement law, from ten times the fastest decay to convergence."""
    cases = ctx.pick([(20, 40, 1.0)], [(20, 40, 1.0), (20, 40, 2.0)], [(40, 80, 1.0), (40, 80, 2.0)])
    samples = ctx.pick(3, 10, 100)
    tested = rejected = 0
    worst, notes = 0.0, []
    for number, (outputs, parameters, scale) in enumerate(cases):
        law = RegressionEnsemble.normalised(outputs, parameters, scale)
        curve = measure_sharpening(law, samples, ctx.seed, np.array([10.0, 30.0, 100.0]) / law.edge)
        share = np.abs(curve.displacement_gap) / curve.rise
        tested += len(share)
        rejected += int(np.sum(share > DISPLACEMENT_SHARE))
        worst = max(worst, float(share.max()))
        error = curve.displacement_gap_error[-1] / curve.rise[-1]
        notes.append(
            f"({outputs}, {parameters}, {scale:g}): rise {curve.rise[-1]:.2f}, off by {share[-1]:.1%} +- {error:.1%}"
        )
        ctx.progress((number + 1) / len(cases))
    return judge(
        tested,
        rejected,
        worst=round(worst, 4),
        bound=DISPLACEMENT_SHARE,
        domain=f"gradient flow, Gaussian, (D, P, sigma_z) as listed, {samples} antithetic pairs, from t = 10/lambda on",
        detail="; ".join(notes),
    )


def _flow_growth(ctx: CheckContext) -> Outcome:
    """Paired differences of the final NTK eigenvalue between neighbouring residual scales, in standard errors."""
    samples, scales = ctx.pick(6, 12, 64), (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
    law = RegressionEnsemble.normalised(16, 32)
    table = np.zeros((samples, len(scales)))
    for index in range(samples):
        state = law.sample(ctx.seed, index)
        start = state.largest_ntk
        for place, scale in enumerate(scales):
            flow = integrate_regression_flow(state.scaled_residual(scale), tolerance=1e-4, rtol=1e-7)
            table[index, place] = flow.ntk[-1, 0] / start
        ctx.progress((index + 1) / samples)
    scores = []
    for low, high in pairwise(range(len(scales))):
        scores.append(z_score((table[:, high] - table[:, low]).tolist()))
    rejected, undecided = counts(scores, ctx)
    means = ", ".join(f"{m:.2f}" for m in table.mean(axis=0))
    return judge(
        samples * (len(scales) - 1),
        rejected,
        undecided,
        worst=round(min(scores), 2),
        bound=threshold(ctx),
        domain=f"gradient flow, D = 16, P = 32, Gaussian, {samples} seeds, sigma_z in {scales}",
        detail=f"lambda_max(end)/lambda_max(0) = {means}; worst is the smallest z-score of a step of sigma_z",
    )


def _descent_edge(ctx: CheckContext) -> Outcome:
    """Where runs settle: rejected is a run whose gradient has died out while it sits above 2/eta at the last step."""
    samples, tolerance = ctx.pick(2, 6, 60), 1e-4
    tested = rejected = open_runs = 0
    worst, crossed = 0.0, []
    for outputs, parameters in ((10, 40), (12, 24)):
        law = RegressionEnsemble.normalised(outputs, parameters)
        for index in range(samples):
            state = law.sample(ctx.seed, index)
            top = state.largest_ntk
            scales = np.array([0.5, 1.0, 1.5, 2.0])
            run = descend_regression(
                state, 1.0 / top, scales=scales, max_steps=6000, tolerance=tolerance, record_every=2
            )
            for lane, last in enumerate(run.final):
                if last is None:
                    open_runs += 1
                    continue
                slope = np.linalg.norm(last.gradient()) / np.linalg.norm(scales[lane] * state.gradient())
                if slope > tolerance:
                    open_runs += 1
                    continue
                scaled = float(run.final_ntk[lane, 0] * run.step_sizes[lane])
                tested += 1
                worst = max(worst, scaled)
                rejected += scaled >= 2
                if run.peak[lane] > 2.05:
                    crossed.append(scaled)
            ctx.progress((tested + open_runs) / (8 * samples))
    below = f"mean {np.mean(crossed):.4f}, least {min(crossed):.4f}" if crossed else "none"
    return judge(
        tested,
        rejected,
        undecided=0 if crossed else 1,
        worst=round(worst, 6),
        bound=2.0,
        domain="D < P, Gaussian, eta = 1/lambda_max(0), sigma_z from 0.5 to 2, runs that settle within 6000 steps",
        detail=f"{len(crossed)} runs crossed the edge and settle at eta lambda: {below}; {open_runs} did not settle",
    )


def _phases(ctx: CheckContext) -> list[Phases]:
    """Return the runs that cross the edge and fall, of a fixed number of seeds."""
    law, found = RegressionEnsemble.normalised(24, 18, 1.5), []
    samples = ctx.pick(32, 64, 160)
    for index in range(samples):
        state = law.sample(ctx.seed, index)
        phases = split_two_steps(state, 0.9 / state.largest_ntk, 300).phases()
        if phases is not None:
            found.append(phases)
        ctx.progress((index + 1) / samples)
    return found


_PHASE_DOMAIN = "D = 24, P = 18, sigma_z = 1.5, Gaussian, eta lambda_max(0) = 0.9, runs that cross the edge and fall"


def _nonlinear_part(ctx: CheckContext) -> Outcome:
    """Share of the non-linear in the linear part while sharpening and from the peak on, run by run: a sign test."""
    runs = _phases(ctx)
    if len(runs) < 4:
        return judge(max(len(runs), 1), undecided=1, domain=_PHASE_DOMAIN, detail=f"only {len(runs)} runs fall")
    tables = (
        [r.while_sharpening < 1 for r in runs],
        [r.while_falling > 1 for r in runs],
        [r.linear_while_falling > 0 for r in runs],
    )
    rejected, undecided = majority_counts(tables, ctx)
    sharpening, falling = np.median([(r.while_sharpening, r.while_falling) for r in runs], axis=0)
    return judge(
        3 * len(runs),
        rejected,
        undecided,
        worst=f"{max(majority(t) for t in tables):.1e}",
        bound=f"{significance(ctx):.0e}",
        domain=_PHASE_DOMAIN,
        detail=f"of {len(runs)} runs the non-linear part is below the linear one while sharpening in {sum(tables[0])} "
        f"(median share {sharpening:.2f}), above it from the peak on in {sum(tables[1])} ({falling:.2f}), and the "
        f"linear part goes on raising it in {sum(tables[2])}; figure: largest chance by a coin",
    )


def _nonlinear_in_step(ctx: CheckContext) -> Outcome:
    """The same with the part linear in eta: the rest grows, but so does the linear part, which it nearly cancels."""
    runs = _phases(ctx)
    if len(runs) < 4:
        return judge(max(len(runs), 1), undecided=1, domain=_PHASE_DOMAIN, detail=f"only {len(runs)} runs fall")
    growth, before, after = [], [], []
    for run in runs:
        rest = np.abs(run.split.nonlinear_in_step)
        growth.append(float(rest[run.peak : run.end].mean() / rest[: run.crossing].mean()))
        before.append(float(run.share(0, run.crossing, in_step=True)))
        after.append(float(run.share(run.peak, run.end, in_step=True)))
    tables = ([g > 1 for g in growth], [share < 1 for share in before])
    rejected, undecided = majority_counts(tables, ctx)
    return judge(
        2 * len(runs),
        rejected,
        undecided,
        worst=f"{max(majority(t) for t in tables):.1e}",
        bound=f"{significance(ctx):.0e}",
        domain=_PHASE_DOMAIN,
        detail=f"non-linear part grows in {sum(tables[0])} of {len(runs)} runs, {np.median(growth):.0f} times in the "
        f"median; its share of the linear part goes from {np.median(before):.2f} to {np.median(after):.2f}; figure: "
        "largest chance by a coin",
    )


_LAMBDA, _ORDER, _END = (sp.Function(name) for name in ("lambda_max", "O", "E_end"))
_SECOND = sp.Subs(sp.Derivative(_LAMBDA(time), time, 2), time, 0)
_RATIO, _MOVED = symbol("sigma_Q") / symbol("sigma_J"), symbol("|theta_t - theta_0|")
_LINEAR, _REST, _FALL = (symbol(name) for name in ("Delta_linear", "Delta_nonlinear", "Delta_fall"))

CLAIMS = (
    Claim(
        id="short-time-sharpening",
        title="Under gradient flow the rise starts as lambda'' t^2 / 2",
        statement=sp.Eq(_LAMBDA(time), _LAMBDA(0) + _SECOND * time**2 / 2 + _ORDER(time**3), evaluate=False),
        variables=(time,),
        source=Source(PAPER, "Theorem 2"),
        domain="each start averaged over z and -z; lambda''(0) by exact perturbation theory",
        note="How long it lasts is the claim short-time-range.",
        checks=(Check("slope of the remainder of the flow in t", Level.CHECKED, _short_time),),
    ),
    Claim(
        id="short-time-range",
        title="The short-time prediction lasts a tenth of a residual decay",
        statement=sp.Eq(
            _LAMBDA(time),
            _LAMBDA(0) + _SECOND * time**2 / 2 * (1 - time * _LAMBDA(0) * (1 + D / P) / (1 + sp.sqrt(D / P)) ** 2),
            evaluate=False,
        ),
        variables=(time, D, P),
        source=Source(OWN, "decay of the residual under the NTK of the start"),
        uses=("theorem-2-finite-size",),
        domain="leading order in size, up to O(t^4); so lambda''(0) t^2/2 is good to 10 % up to about "
        "0.1 (1 + sqrt(D/P))^2 / (1 + D/P) / lambda_max(0)",
        note="The loss is t times E[tr K^2]/E[tr K] of the NTK K = J J' at the start.",
        checks=(Check("median of the first correction to the rise", Level.CHECKED, _short_range),),
    ),
    Claim(
        id="displacement-law",
        title="The top NTK eigenvalue follows the distance travelled",
        statement=sp.Eq(_LAMBDA(time), _LAMBDA(0) * (1 + _RATIO**2 * _MOVED**2), evaluate=False),
        variables=(time,),
        source=Source(OWN, "displacement law: leading order in size"),
        domain="gradient flow from Gaussian starts, mean over seeds, from initialisation to convergence",
        note="J(t) - J(0) = Q(theta(t) - theta(0), .) acts like Gaussian noise independent of J, which keeps its law "
        "up to scale; corrections are of relative order 1/D.",
        checks=(Check("mean rise against mean squared displacement", Level.CHECKED, _displacement),),
    ),
    Claim(
        id="sharpness-grows-with-residual",
        title="The top NTK eigenvalue at convergence grows with sigma_z",
        statement=sp.Gt(sp.Derivative(_END(sigma_z), sigma_z), 0),
        variables=(sigma_z,),
        source=Source(PAPER, "figure: empirically upon convergence"),
        domain="gradient flow to convergence; E_end is the mean of lambda_max at convergence",
        checks=(Check("paired differences over seeds", Level.CHECKED, _flow_growth),),
    ),
    Claim(
        id="descent-ends-below-the-edge",
        title="Gradient descent that converges ends below 2/eta",
        statement=sp.Lt(_LAMBDA(sp.oo), 2 / eta),
        variables=(eta,),
        source=Source(PAPER, "figure: empirically upon convergence"),
        domain="D < P, so that the residual converges to 0; lambda_max of the NTK",
        note="For D > P the residual stays and the bound is one on the Hessian: the NTK can end above 2/eta.",
        checks=(Check("final NTK eigenvalue of each converged run", Level.CHECKED, _descent_edge),),
    ),
    Claim(
        id="nonlinear-part-brings-the-fall",
        title="In most runs the non-linear part is small while sharpening, large before the fall",
        statement=sp.And(sp.Lt(sp.Abs(_REST), _LINEAR), sp.Gt(-_FALL, _LINEAR)),
        variables=(_LINEAR, _REST, _FALL),
        source=Source(PAPER, "figure: non-linear dynamical contribution"),
        domain=_PHASE_DOMAIN,
        note="Two-step change split into the part linear in the residual and the rest. In this reading the linear part "
        "goes on raising it through the fall, and only the non-linear part brings lambda_max down.",
        checks=(Check("sign test over runs", Level.CHECKED, _nonlinear_part),),
    ),
    Claim(
        id="nonlinear-part-in-step-size",
        title="The same split by powers of eta",
        statement=sp.Gt(_FALL, sp.Abs(_REST)),
        variables=(_REST, _FALL),
        source=Source(PAPER, "figure: non-linear dynamical contribution"),
        domain=_PHASE_DOMAIN,
        note="Linear in eta instead: the rest grows as well, but the part linear in eta then counts each flip of the "
        "residual as a change that the next step takes back, so its share does not exceed 1.",
        checks=(Check("sign test over runs", Level.CHECKED, _nonlinear_in_step),),
    ),
)
