"""The second-order Taylor model of a network at a point: ``f(theta_0) + J d + Q(d, d) / 2``, d the displacement.

It is a quadratic regression model whose Q is a product of derivatives and never stored: its outputs are two forward
derivatives of the network along d (a derivative of a derivative), and its own gradient and curvature are what automatic
differentiation makes of those. Gradient descent on it is this project's model with the network's own f, J and Q.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...runs.limits import check_count
from ..backends.backend import Array, Backend
from ..problem import Problem
from .comparison import Compared, Comparison, compare
from .descent import Descent, descend


@dataclass(frozen=True, eq=False)
class TaylorPrediction(Compared):
    """Gradient descent on the Taylor model, beside the network's.

    Attributes:
        begin: the step of the network's run at which the model was expanded and started.
        run: the model's run.
        comparisons: ``"loss"``, ``"parameters"`` and, where measured, ``"sharpness"``; steps counted from the
            network's start.

    Source:
        Agarwala, Pedregosa and Pennington 2022, "Connection with deep models".

    Example:
        >>> model = es.RegressionModel(G=[[1.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.1]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.5, 1.0])
        >>> found = es.networks.taylor_prediction(es.networks.descend(problem, 0.5, steps=10))
        >>> found.holds_for(1e-12)  # this model is its own Taylor model
        10
    """

    begin: int
    run: Descent
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)


def taylor_problem(problem: Problem, parameters: Any = None) -> Problem:
    """The second-order Taylor model of a problem's outputs about a point, as a problem with the same data and loss.

    Args:
        problem: from JAX, PyTorch, or the quadratic regression model, which is its own Taylor model.
        parameters: point of expansion, and start of the new problem; the start by default.

    Returns:
        The problem.

    Raises:
        DomainError: a source that has no Taylor model here.

    Source:
        Agarwala, Pedregosa and Pennington 2022, "A more general model".

    Example:
        >>> model = es.RegressionModel(G=[[1.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.1]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.5, 1.0])
        >>> es.networks.taylor_problem(problem, [1.0, 1.0]).at([2.0, 0.0]).loss == problem.at([2.0, 0.0]).loss
        True
    """
    theta = problem.start if parameters is None else problem.flatten(parameters)
    if not np.isfinite(theta).all():
        raise DomainError.of("taylor_problem()", "finite parameters", "NaN or infinity", "Expand before it diverges.")
    return Problem(_expanded(problem.backend, theta))


def _expanded(backend: Backend, theta: Array) -> Backend:
    """The backend of the Taylor model."""
    if backend.source == "regression":
        from ..backends.regression_backend import RegressionBackend

        assert isinstance(backend, RegressionBackend)
        return RegressionBackend(backend.model, theta)
    if backend.source == "jax":
        from ..backends.jax_backend import JaxBackend

        assert isinstance(backend, JaxBackend)
        return backend.expanded(theta)
    if backend.source == "torch":
        from ..backends.torch_backend import TorchBackend

        assert isinstance(backend, TorchBackend)
        return backend.expanded(theta)
    fix = "Write the model as a function of JAX or a module of PyTorch."
    raise DomainError.of("taylor_problem()", "a problem from JAX, PyTorch or a regression model", backend.source, fix)


def taylor_prediction(run: Descent, begin: int = 0, eigenvalues: int | None = None) -> TaylorPrediction:
    """Run the Taylor model beside a network, from one of the points of its run.

    Args:
        run: the network's run, by gradient descent.
        begin: step at which the network is expanded.
        eigenvalues: how many to measure of the model; as many as of the network by default.

    Returns:
        The model's run, compared step by step: nothing is smoothed.

    Raises:
        DomainError: another optimiser, or no such step.

    Source:
        Agarwala, Pedregosa and Pennington 2022, "Connection with deep models".

    Example:
        >>> model = es.RegressionModel(G=[[1.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.1]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.5, 1.0])
        >>> es.networks.taylor_prediction(es.networks.descend(problem, 0.5, steps=10), begin=4).run.theta.shape
        (7, 2)
    """
    where, last = "taylor_prediction()", len(run.theta) - 1
    if run.rule.beta2 is not None:
        raise DomainError.of(where, "gradient descent", run.rule.name, "Run gradient descent.")
    if check_count(where, "begin", begin, 0) >= last:
        raise DomainError.of(where, f"a step from 0 to {last - 1}", begin, "Choose one of the run's.")
    model = taylor_problem(run.problem, run.theta[begin])
    k = run.sharpness.shape[1] if eigenvalues is None else eigenvalues
    own = descend(model, run.rule.step_size, last - begin, eigenvalues=k)
    n = last - begin + 1
    steps = np.arange(begin, last + 1)
    seen = run.theta[begin:]
    distance = np.linalg.norm(_padded(own.theta, n) - seen, axis=1)
    travelled = float(np.max(np.linalg.norm(seen - seen[0], axis=1))) or 1.0
    loss = run.loss[begin:]
    comparisons = {
        "parameters": compare(
            "parameters",
            "distance of the Taylor model from the network, over the way the network went at most",
            steps,
            distance,
            np.zeros(n),
            travelled,
        ),
        "loss": compare("loss", "relative", steps, _padded(own.loss, n), loss, loss),
    }
    if k and run.sharpness.shape[1]:
        told = _padded(own.sharpness[:, 0], n)
        comparisons["sharpness"] = compare("sharpness", "over 2/eta", steps, told, run.sharpness[begin:, 0], run.edge)
    return TaylorPrediction(begin, own, comparisons)


def _padded(values: Array, n: int) -> Array:
    """A run that ended early, with nan for what is missing."""
    found = np.full((n, *values.shape[1:]), np.nan)
    found[: len(values)] = values[:n]
    return found
