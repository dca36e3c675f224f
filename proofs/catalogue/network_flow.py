"""Claims on networks beside their central flow."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

from ...numeric.networks.architectures import draw_layers, fully_connected
from ...numeric.networks.data.chebyshev import chebyshev_data
from ...numeric.networks.predictions.central_flow import central_flow
from ...numeric.networks.predictions.descent import descend
from ...numeric.networks.problem import Problem
from ...numeric.networks.training.monitor import Monitor
from ...numeric.networks.training.train import train
from ...numeric.runs.status import Status
from ...symbolic.algebra.symbols import symbol
from ..certificates.stated_reach import refuse
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source
from ..statements import Definition, R, Range, Statement, lt
from .medians import MED
from .network_edge import HINDSIGHT, in_words, judged, seeds_of, start

eta = symbol("eta")
STEP_SIZE, BEGIN, STEPS = Fraction(1, 5), 1000, 100
DEGREE, EXAMPLES, WIDTHS, EIGENVALUES = 3, 10, (6, 6), 3
_WORDS = (
    f"the random weights of a tanh network with two hidden layers of {WIDTHS[0]} that learns a Chebyshev polynomial of "
    f"degree {DEGREE} at {EXAMPLES} points, with the squared loss |f - y|^2/2, by gradient descent over all examples; "
    f"after {BEGIN} steps its two-step mean is the start of the central flow, which is compared with the next {STEPS}"
)
STARTS = in_words(_WORDS)
FLOW, RATIO, VARIANCE = (sp.Function(name)(start) for name in ("c_flow", "c_ratio", "c_variance"))


class Followed(NamedTuple):
    """What the statement names, along one run."""

    flow: float
    ratio: float
    variance: float


class _Blind(Monitor):
    """A monitor that measures nothing: of the way to the start nothing is asked."""

    def measure(self, *where: Any) -> dict[str, Any]:
        return {}


@lru_cache(maxsize=1)
def _problem() -> Problem:
    return fully_connected(*chebyshev_data(DEGREE, EXAMPLES), hidden=WIDTHS)


@lru_cache(maxsize=64)
def followed(seed: int) -> Followed:
    """One run beside its central flow and its gradient flow; nan where one of them does not come to its end."""
    from scipy.integrate import solve_ivp

    step, problem = float(STEP_SIZE), _problem().starting_at(draw_layers((1, *WIDTHS, 1), seed))
    before = train(problem, step_size=step, steps=BEGIN, monitor=_Blind(problem, BEGIN, k=1))
    if before.status is not Status.DONE:
        return Followed(np.nan, np.nan, np.nan)
    run = descend(problem, step, STEPS + 2, start=before.parameters, eigenvalues=0)
    if run.status is not Status.DONE:
        return Followed(np.nan, np.nan, np.nan)
    centre, swing = run.centre[1 : STEPS + 2], run.displacement[1 : STEPS + 2]
    flow = central_flow(problem, step, STEPS, start=centre[0], eigenvalues=EIGENVALUES)
    if flow.status is not Status.DONE or flow.full:
        return Followed(np.nan, np.nan, np.nan)
    plain = solve_ivp(lambda _, w: -step * problem.at(w).gradient, (0, STEPS), centre[0], rtol=1e-6, atol=1e-9)
    off = np.linalg.norm(flow.theta[-1] - centre[-1])
    return Followed(
        float(off / np.linalg.norm(centre[-1] - centre[0])),
        float(off / np.linalg.norm(plain.y[:, -1] - centre[-1])),
        float(flow.total_variance.mean() / np.sum(swing**2, axis=1).mean()),
    )


def _follows(ctx: CheckContext) -> Outcome:
    """Every part of the statement by sign tests over runs."""
    ctx.statement.within(start, STARTS)
    step = sp.Rational(STEP_SIZE.numerator, STEP_SIZE.denominator)
    if ctx.statement.defined(eta) != step:
        raise refuse(f"eta = {step}", ctx.statement.defined(eta))
    seeds, rows = seeds_of(ctx, 10), []
    for count, seed in enumerate(seeds, 1):
        rows.append(followed(seed))
        ctx.progress(count / len(seeds))
    samples = dict(zip((FLOW, RATIO, VARIANCE), np.array(rows).T, strict=True))
    return judged(ctx, samples, len(seeds), 0, _WORDS)


CLAIMS = (
    Claim(
        id="network-central-flow",
        title="The central flow follows the smoothed run of a network at the edge, and predicts how far it swings",
        statement=Statement(
            conclusion=(
                lt(MED(FLOW), R(1, 10)),
                lt(MED(RATIO), R(1, 10)),
                lt(MED(sp.Abs(VARIANCE - 1)), R(1, 10)),
            ),
            over=(Range(start, STARTS),),
            where=(
                Definition(start, "the weights at which training with step size eta starts"),
                Definition(eta, "the step size", R(1, 5)),
            ),
        ),
        source=Source("cohen2024", "Section 3: the central flow of gradient descent"),
        note="Once the swing has set in. Just after the crossing the swing is still growing, and the flow, whose "
        "variance is there at once, runs ahead. The gradient flow from the same point is the control.",
        checks=(Check("sign tests over runs", Level.CHECKED, _follows, hindsight=HINDSIGHT),),
    ),
)
