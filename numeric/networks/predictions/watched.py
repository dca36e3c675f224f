"""A watched training run as the one that predictions are held against, and its records with what was predicted."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ..backends.backend import Array
from ..problem import Problem
from ..training.replay import replay
from ..training.run import TrainingRun, bound_key, series_of
from .descent import Descent, Rule

WHERE = "predict_beside()"
MEASURED = {"gradient-descent": "sharpness", "rmsprop": "preconditioned"}
"""The eigenvalues that the theory of each optimiser speaks of."""


def rule_of(run: TrainingRun) -> Rule:
    """The rule of a run in the terms of the predictions.

    Args:
        run: a training run.

    Returns:
        Gradient descent or RMSProp.

    Raises:
        DomainError: mini-batches, another optimiser, weight decay.
    """
    if run.batch is not None:
        fix = "What is predicted is a swing about a centre that full-batch steps make; batches shift both at each step."
        raise DomainError.of(WHERE, "a run on all examples", f"batches of {run.batch}", fix)
    settings: dict[str, Any] = {} if run.rule is None else run.rule.settings
    if run.rule is None or run.optimiser not in MEASURED or float(settings.get("gamma", 0)):
        fix = "The central flow is known here for these two, without weight decay."
        raise DomainError.of(WHERE, "gradient-descent or rmsprop", run.optimiser or "no rule", fix)
    beta2 = getattr(run.rule, "beta_2", None)
    if beta2 is not None and not beta2 > 0:
        raise DomainError.of(WHERE, "beta_2 in (0, 1)", beta2, "0.9 and 0.99 are usual.")
    return Rule(run.step_size, beta2)


def watched_descent(problem: Problem, run: TrainingRun) -> tuple[Descent, int, Array, Array | None]:
    """The run from its first measured step on, with all its points and the eigenvalues of its records.

    Args:
        problem: the one that was trained.
        run: full-batch gradient descent or RMSProp.

    Returns:
        The run; its first step; the centre of its swing there; RMSProp's second moment before that step.

    Raises:
        DomainError: what ``rule_of`` and ``replay`` refuse, or a run that was not measured.
    """
    rule = rule_of(run)
    key = MEASURED[rule.name]
    begin = int(run.records[0]["step"]) if run.records else 0
    if not run.has(key) or begin >= run.stopped:
        got = f"no {key} in {len(run.records)} records"
        fix = "Use a monitor with measure='hessian' (gradient descent) or 'preconditioned' (RMSProp)."
        raise DomainError.of(WHERE, "a run of two measured steps or more", got, fix)
    before = max(begin - 1, 0)
    points, memories = replay(problem, run, before)
    theta, kept = np.asarray(points[begin - before :], dtype=np.float64), memories[begin - before :]
    loss = np.append(run.losses[begin : run.stopped], np.nan)[: len(theta)]
    last = problem.at(points[-1])
    loss[-1] = last.loss
    moment, earlier = np.zeros((len(theta), 0)), None
    if rule.beta2 is not None:
        squares = [np.asarray(memory["squares"], dtype=np.float64) for memory in kept]
        earlier = squares[0]
        moment = np.array([*squares[1:], rule.next_moment(squares[-1], np.asarray(last.gradient, dtype=np.float64))])
    finite = int(np.count_nonzero(np.cumprod(np.isfinite(theta).all(axis=1) & np.isfinite(loss))))
    at = np.array([r["step"] for r in run.records]) - begin
    values, bounds = (np.full((len(theta), run.series(key).shape[1]), np.nan) for _ in range(2))
    inside = at < len(theta)
    values[at[inside]] = series_of(run.records, key)[inside]
    bounds[at[inside]] = series_of(run.records, bound_key(key))[inside]
    kept_until = slice(finite)
    unknown = np.full((finite, values.shape[1]), np.nan)
    found = Descent(
        problem,
        rule,
        theta[kept_until],
        moment[kept_until],
        loss[kept_until],
        values[kept_until],
        unknown,
        np.full((finite, 2), np.nan),
        run.status,
        bounds[kept_until],
    )
    centre = theta[0]
    if begin and len(theta) > 1:
        centre = (np.asarray(points[0], dtype=np.float64) + 2 * theta[0] + theta[1]) / 4
    return found, begin, centre, earlier


def predicted_at(found: Any, step: int) -> dict[str, Any]:
    """What was predicted for one step, and what it is held against, for the record of that step.

    Args:
        found: a run with its predictions (``RunPredictions``).
        step: of the run, counted from its first.

    Returns:
        An entry for each prediction that says something about the step, under its name with underscores; ``centre``:
        the measured eigenvalues at the centre of the swing and the squared displacement from it.
    """
    told: dict[str, Any] = {}
    run, flow, two = found.run, found.flow, found.two_step
    if not 0 <= step < len(run.theta):
        return told
    told["centre"] = {
        "sharpness": run.centre_sharpness[step],
        "squared_displacement": float(np.sum(run.displacement[step] ** 2)),
    }
    if flow is not None and step < len(flow.steps):
        told["central_flow"] = {
            "sharpness": flow.sharpness[step],
            "loss": flow.mean_loss[step],
            "variance": flow.variance[step],
            "total_variance": flow.total_variance[step],
        }
    if two is not None:
        names = ("linear", "change", "z", "y", "z_change")
        told["two_step"] = {"eigenvalue": two.ntk[step, 0]} | {name: getattr(two, name)[step] for name in names}
    if found.taylor is not None and 0 <= (own := step - found.taylor.begin) < len(found.taylor.run.theta):
        model = found.taylor.run
        told["taylor"] = {"sharpness": model.sharpness[own], "loss": model.loss[own]}
    swing = found.self_stabilisation
    if swing is not None and 0 <= (own := step - int(swing.steps[0])) < len(swing.steps):
        told["self_stabilisation"] = {"sharpness": swing.sharpness[own], "displacement": swing.x[own]}
    return told
