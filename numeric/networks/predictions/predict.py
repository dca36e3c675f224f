"""All predictions beside one run: what happened, what was predicted, and for how many steps each prediction held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...runs.limits import check_count
from ..backends.backend import Array
from ..problem import Problem
from ..training.run import TrainingRun
from .central_flow import WINDOW, CentralFlowPrediction, central_flow
from .comparison import Compared
from .descent import Descent, descend, make_rule, with_centres
from .self_stabilisation import SelfStabilisationPrediction, self_stabilisation_prediction
from .taylor import TaylorPrediction, taylor_prediction
from .two_step import Slope, TwoStepPrediction, swing_slope, two_step_prediction
from .watched import predicted_at, watched_descent

PREDICTIONS = ("central-flow", "two-step", "taylor", "self-stabilisation")
BEFORE = 10
"""The Taylor model is expanded this many steps before the run crosses the edge, unless told otherwise."""


@dataclass(frozen=True, eq=False)
class RunPredictions:
    """A run with what was predicted of it.

    Attributes:
        run: what happened.
        flow: the central flow; None where not asked for.
        two_step: the two-step split with y and z; likewise.
        taylor: the Taylor model's run; likewise.
        self_stabilisation: the predicted swing; None where the run does not reach the edge.
        swing: slope of ``x'' - x`` against ``2 y x`` along the top Hessian eigenvector; None with too few steps near
            the edge.
        begin: steps of training before the first of the run; all other steps here are counted from there.

    Source:
        The sources of each.

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.01]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.8, 13.0])
        >>> found = es.networks.predict_run(problem, 1.2, steps=60)
        >>> found.taylor.holds_for(1e-9) == 60 - found.taylor.begin
        True
    """

    run: Descent
    flow: CentralFlowPrediction | None
    two_step: TwoStepPrediction | None
    taylor: TaylorPrediction | None
    self_stabilisation: SelfStabilisationPrediction | None
    swing: Slope | None
    begin: int = 0

    def made(self) -> dict[str, Compared]:
        """The predictions that were made, by name."""
        found = (self.flow, self.two_step, self.taylor, self.self_stabilisation)
        return {name: one for name, one in zip(PREDICTIONS, found, strict=True) if one is not None}

    def rows(self, tolerance: float = 0.1) -> Iterator[dict[str, Any]]:
        """One row for each comparison: for how many steps it held, from the start and from the edge on.

        Args:
            tolerance: largest error.

        Yields:
            prediction, quantity, how, from (first step compared), steps (compared), holds_for, holds_for_from_edge
            (None if the run never gets there), median_error.
        """
        for name, prediction in self.made().items():
            for compared in prediction.comparisons.values():
                first = int(compared.steps[0]) if len(compared.steps) else 0
                edge = self.run.crossing
                yield {
                    "prediction": name,
                    "quantity": compared.name,
                    "how": compared.how,
                    "from": first,
                    "steps": int(compared.steps[-1] - first) if len(compared.steps) else 0,
                    "holds_for": compared.holds_for(tolerance),
                    "holds_for_from_edge": None if edge is None else compared.holds_for(tolerance, edge),
                    "median_error": compared.median,
                }

    def at_step(self, step: int) -> dict[str, Any]:
        """What was predicted for a step of training, and what it is held against.

        Args:
            step: counted from the start of training, as in the records of a monitor.

        Returns:
            ``{"predicted": ..}`` with an entry for each prediction that says something about the step; empty before
            the first step.
        """
        told = predicted_at(self, step - self.begin)
        return {"predicted": told} if told else {}

    def summary(self, tolerance: float = 0.1) -> dict[str, Any]:
        """What a program reads: slopes, states and the rows.

        Args:
            tolerance: largest error.

        Returns:
            For JSON.
        """
        slope = self.two_step.slope() if self.two_step is not None else None
        return {
            "tolerance": tolerance,
            "crossing": self.run.crossing,
            "status": self.run.status,
            "slope": None if slope is None else slope._asdict(),
            "swing_slope": None if self.swing is None else self.swing._asdict(),
            "central_flow": None
            if self.flow is None
            else {
                "status": self.flow.status,
                "residual": self.flow.residual,
                "more_eigenvalues_at_the_edge": self.flow.full,
                "products": self.flow.products,
            },
            "comparisons": list(self.rows(tolerance)),
        }


def predict_run(
    problem: Problem,
    step_size: float,
    steps: int,
    *,
    predictions: tuple[str, ...] | None = None,
    optimiser: str = "gradient-descent",
    beta2: float = 0.99,
    begin: int = 0,
    expand_at: int | None = None,
    eigenvalues: int = 3,
    window: int = WINDOW,
    start: Array | None = None,
    moment: Array | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RunPredictions:
    """Train, and set every prediction beside the measurement.

    Args:
        problem: model, data and loss.
        step_size: ``eta > 0``.
        steps: steps that are measured and predicted.
        predictions: of ``central-flow``, ``two-step``, ``taylor``, ``self-stabilisation``; by default all that apply:
            the central flow to both optimisers, the others to gradient descent, the two-step split to the squared loss.
        optimiser: ``"gradient-descent"`` or ``"rmsprop"``.
        beta2: decay of RMSProp's second moment.
        begin: steps of training before the first that counts; the flow then starts at the centre of the swing.
        expand_at: step, counted from there, at which the Taylor model is expanded; ten before the run crosses the
            edge by default, the first if it never does.
        eigenvalues: how many are measured and may be held at the edge.
        window: odd number of steps over which the run is averaged where the central flow is compared.
        start: parameters; those of the problem by default.
        moment: RMSProp's second moment before the first step, as for ``descend``.
        progress: called with ``(step, steps)``, where steps counts the run and the flow.

    Returns:
        The run and its predictions.

    Raises:
        DomainError: an option out of range, an unknown prediction, or one that does not apply.

    Source:
        The sources of each.

    Example:
        >>> model = es.RegressionModel(G=[[1.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.1]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.5, 1.0])
        >>> found = es.networks.predict_run(problem, 0.1, steps=5, predictions=("two-step",))
        >>> [row["quantity"] for row in found.rows()]
        ['z-change', 'ntk-change']
    """
    rule = make_rule("predict_run()", step_size, optimiser, beta2)
    chosen = _chosen(problem, rule.name, predictions)
    check_count("predict_run()", "steps", steps)
    needs_flow = bool({"central-flow", "self-stabilisation"} & set(chosen))
    total = steps * (1 + needs_flow)
    options: Any = {"optimiser": optimiser, "beta2": beta2}
    here, centre = start, start
    if check_count("predict_run()", "begin", begin, 0):
        here, centre, moment = _trained(problem, step_size, begin, start, options | {"moment": moment})
    run = descend(
        problem,
        step_size,
        steps,
        eigenvalues=eigenvalues,
        centres=True,
        start=here,
        moment=moment,
        progress=None if progress is None else lambda step, _: progress(step, total),
        **options,
    )
    tell = None if progress is None else lambda step, _: progress(steps + step, total)
    return _beside(run, chosen, begin, centre, moment, expand_at, eigenvalues, window, tell)


def predict_beside(
    problem: Problem,
    run: TrainingRun,
    *,
    predictions: tuple[str, ...] | None = None,
    expand_at: int | None = None,
    eigenvalues: int = 3,
    window: int = WINDOW,
    progress: Callable[[int, int], None] | None = None,
) -> RunPredictions:
    """Set every prediction beside a run that was trained and watched already, as from a checkpoint.

    The run's points are made again by the same arithmetic (bit for bit on a CPU), so that nothing of them has to be
    kept; its eigenvalues and their bounds are those of its records. Measure every step (``Monitor(problem, every=1)``):
    the slopes of two steps are taken where there is a record.

    Args:
        problem: the one that was trained.
        run: full-batch gradient descent, measured with ``hessian``, or RMSProp, with ``preconditioned``; predicted from
            its first measured step on.
        predictions: see ``predict_run``.
        expand_at: likewise.
        eigenvalues: how many may be held at the edge by the central flow.
        window: see ``predict_run``.
        progress: called with ``(step, steps)``.

    Returns:
        The run and its predictions.

    Raises:
        DomainError: mini-batches, another optimiser, weight decay; a run of another problem, or too few records; what
            ``predict_run`` refuses.

    Source:
        The sources of each.

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.01]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.8, 13.0])
        >>> each = es.networks.Monitor(problem, every=1, optimiser="gradient-descent", step_size=1.2)
        >>> run = es.networks.train(problem, step_size=1.2, steps=60, monitor=each)
        >>> found = es.networks.predict_beside(problem, run)
        >>> each.add_to_records(lambda record: found.at_step(record["step"]))
        >>> sorted(each.records[5]["predicted"])
        ['central_flow', 'centre', 'self_stabilisation', 'taylor', 'two_step']
    """
    bare, begin, centre, moment = watched_descent(problem, run)
    chosen = _chosen(problem, bare.rule.name, predictions)
    return _beside(with_centres(bare), chosen, begin, centre, moment, expand_at, eigenvalues, window, progress)


def _beside(
    run: Descent,
    chosen: tuple[str, ...],
    begin: int,
    centre: Array | None,
    moment: Array | None,
    expand_at: int | None,
    eigenvalues: int,
    window: int,
    progress: Callable[[int, int], None] | None,
) -> RunPredictions:
    """What was chosen, beside a run; the flow starts at a centre."""
    flow = None
    if {"central-flow", "self-stabilisation"} & set(chosen):
        flow = central_flow(
            run.problem,
            run.rule.step_size,
            max(len(run.theta) - 1, 1),
            optimiser=run.rule.name,
            beta2=run.rule.beta2 or 0.99,
            eigenvalues=eigenvalues,
            start=centre,
            moment=moment,
            run=run,
            window=window,
            progress=progress,
        )
    at = max((run.crossing or 0) - BEFORE, 0) if expand_at is None else expand_at
    stable = self_stabilisation_prediction(run, flow) if "self-stabilisation" in chosen and flow is not None else None
    return RunPredictions(
        run,
        flow if "central-flow" in chosen else None,
        two_step_prediction(run) if "two-step" in chosen else None,
        taylor_prediction(run, at) if "taylor" in chosen else None,
        stable,
        swing_slope(run) if np.isfinite(run.centre_sharpness).any() else None,
        begin,
    )


def _trained(
    problem: Problem, step_size: float, begin: int, start: Array | None, options: Any
) -> tuple[Array, Array, Array | None]:
    """Parameters after some steps, the centre of the swing there, and the second moment one step before."""
    warm = descend(problem, step_size, begin + 1, eigenvalues=0, start=start, **options)
    if len(warm.theta) <= begin + 1:
        got = f"divergence at step {len(warm.theta)}"
        raise DomainError.of("predict_run()", f"{begin} steps of training", got, "Lower the step size.")
    moment = warm.moment[begin - 1] if warm.rule.beta2 is not None else None
    return warm.theta[begin], warm.centre[begin], moment


def _chosen(problem: Problem, optimiser: str, predictions: tuple[str, ...] | None) -> tuple[str, ...]:
    """The predictions to make."""
    if predictions is not None:
        unknown = [name for name in predictions if name not in PREDICTIONS]
        if unknown or not predictions:
            fix = f"Choose from {', '.join(PREDICTIONS)}."
            raise DomainError.of("predict_run()", "known predictions", unknown or "none", fix)
        return tuple(predictions)
    if optimiser != "gradient-descent":
        return PREDICTIONS[:1]
    left_out = set() if problem.loss_name == "mse" else {"two-step"}
    return tuple(name for name in PREDICTIONS if name not in left_out)
