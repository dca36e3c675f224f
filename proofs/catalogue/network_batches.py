"""Claims on networks trained on mini-batches: which curvature comes to the edge."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from ...numeric.networks.curvature.batch_sharpness import batch_sharpness
from ...numeric.networks.point import Point
from ...numeric.networks.problem import Problem
from ...numeric.networks.training.monitor import Monitor
from ...numeric.networks.training.train import train
from ...numeric.runs.status import Status
from ...symbolic.algebra.symbols import symbol
from ...symbolic.optimisers.edge import derive_edge
from ...symbolic.optimisers.optimiser import gradient_descent
from ..certificates.stated_reach import refuse
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source
from ..statements import Definition, R, Range, Statement, lt
from .medians import MED
from .network_edge import DEGREE, HINDSIGHT, WIDTHS, in_words, judged, problem_at, s_edge, seeds_of, start

eta = symbol("eta")
STEP_SIZE, EXAMPLES, BATCH, STEPS, EVERY = Fraction(3, 20), 20, 8, 20_000, 2000
DRAWN = 40
"""Batches by which batch sharpness is estimated at one step."""

_WORDS = (
    f"the random weights and the random batches of {BATCH} of a tanh network with two hidden layers of {WIDTHS[0]} "
    f"that learns a Chebyshev polynomial of degree {DEGREE} at {EXAMPLES} points, with the squared loss |f - y|^2/2, "
    f"by stochastic gradient descent, {STEPS} steps, measured every {EVERY}"
)
STARTS = in_words(_WORDS)
LATE, BATCH_FIRST, BATCH_LATE, SHARE = (
    sp.Function(name)(start, s_edge) for name in ("h_late", "b_first", "b_late", "b_share")
)


class _Keeping(Monitor):
    """A monitor that keeps where it measured."""

    def __init__(self, problem: Problem, every: int) -> None:
        super().__init__(problem, every, k=1)
        self.kept: list[np.ndarray[Any, Any]] = []

    def measure(self, step: int, point: Point, *rest: Any) -> dict[str, Any]:
        self.kept.append(point.theta)
        return super().measure(step, point, *rest)


@lru_cache(maxsize=64)
def trained(seed: int) -> tuple[float, float, float] | None:
    """Of one run: the first batch sharpness, its median in the last half, and that of the sharpness."""
    problem = problem_at("mse", EXAMPLES, seed)
    monitor = _Keeping(problem, EVERY)
    run = train(problem, step_size=float(STEP_SIZE), steps=STEPS, batch=BATCH, seed=seed, monitor=monitor)
    if run.status is not Status.DONE:
        return None
    late = [theta for step, theta in zip(run.steps, monitor.kept, strict=True) if step >= STEPS / 2]
    found = [batch_sharpness(problem, at, BATCH, batches=DRAWN).value for at in (problem.start, *late)]
    whole = np.median(run.series("sharpness")[run.steps >= STEPS / 2, 0])
    return found[0], float(np.median(found[1:])), float(whole)


def _batches(ctx: CheckContext) -> Outcome:
    """Every part of the statement by sign tests over runs."""
    ctx.statement.within(start, STARTS)
    step = sp.Rational(STEP_SIZE.numerator, STEP_SIZE.denominator)
    if ctx.statement.defined(eta) != step:
        raise refuse(f"eta = {step}", ctx.statement.defined(eta))
    edge = ctx.statement.unfolded(s_edge)
    wrong = int(sp.simplify(edge - derive_edge(gradient_descent()).curvature / step) != 0)
    seeds, rows = seeds_of(ctx, 10), []
    for count, seed in enumerate(seeds, 1):
        rows.append(trained(seed) or (np.nan,) * 3)
        ctx.progress(count / len(seeds))
    with np.errstate(all="ignore"):  # a changed statement may divide by zero
        first, batch, whole = np.array(rows).T / float(edge)
    samples = {BATCH_FIRST: first, BATCH_LATE: batch, LATE: whole, SHARE: whole / batch}
    return judged(ctx, samples, len(seeds), wrong, _WORDS)


CLAIMS = (
    Claim(
        id="network-batch-sharpness",
        title="On mini-batches the batch sharpness comes to 2/eta, and the sharpness stays below it",
        statement=Statement(
            conclusion=(
                lt(MED(BATCH_FIRST), 1),
                lt(MED(sp.Abs(BATCH_LATE - 1)), R(1, 4)),
                lt(MED(LATE), 1),
                lt(MED(SHARE), 1),
            ),
            over=(Range(start, STARTS),),
            where=(
                Definition(start, "the weights at which training with step size eta starts"),
                Definition(eta, "the step size", R(3, 20)),
                Definition(s_edge, "the edge of gradient descent", 2 / eta),
            ),
        ),
        source=Source("andreyev2024", "abstract: batch sharpness stabilises at 2/eta"),
        note=f"Batch sharpness is estimated from {DRAWN} batches at each measured step. Towards zero loss it falls "
        "below the edge; the runs end before.",
        checks=(Check("sign tests over runs", Level.CHECKED, _batches, hindsight=HINDSIGHT),),
    ),
)
