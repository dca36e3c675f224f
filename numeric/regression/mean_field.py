"""Gradient descent at infinite size: its loss and its displacement from two-time equations, without simulation.

For independent Gaussian z, J and Q the outputs ``F_a(phi)`` at displacement ``phi = theta - theta(0)`` are independent
Gaussian fields of covariance ``f(c)``, ``c = phi . phi' / P``::

    f(c) = sigma_z^2 + P sigma_J^2 c + P^2 sigma_Q^2 c^2 / 2

As D and P grow at a fixed ratio ``r = D / P``, one output and one parameter see the rest only through the correlation
``c(t, s)``, the response ``R(t, s)`` of a parameter to a force, and their twins for an output, ``rho`` and ``C``::

    rho = (1 + eta f'(c) R)^(-1),    C = rho f(c) rho',                 (products f'(c) R entry by entry)
    phi(t + 1) = phi(t) + eta (noise(t) - sum_s M(t, s) phi(s)),        noise of covariance r f'(c) C,
    M = r (f'(c) rho - eta f''(c) R C)

The step size is exact, not a discretisation: this is descent with step ``eta``, past the edge as well. Everything is
causal, so one row at a time solves it, in O(T^2) memory and O(T^3) operations for T steps.

Source: Kamali and Urbani 2023, for descent on squares of Gaussian fields; the step in discrete time is derived here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..runs.limits import check_count, check_memory, check_positive, refuse
from .descent import BLOW_UP
from .ensemble import RegressionEnsemble

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class MeanFieldRun:
    """Descent at infinite size.

    Attributes:
        ensemble: law of the start; only its ratio D / P and its scales count.
        step_size: step size.
        times: ``eta`` times the step, shape ``(T + 1,)``.
        loss: ``|z|^2 / D`` (twice the loss per output), shape ``(T + 1,)``.
        moved: ``|theta(t) - theta(0)|^2 / P``, shape ``(T + 1,)``.
    """

    ensemble: RegressionEnsemble
    step_size: float
    times: Array
    loss: Array
    moved: Array

    @property
    def start(self) -> float:
        """``lambda_max(0)`` at infinite size, the edge of the Marchenko-Pastur law."""
        return self.ensemble.edge

    @property
    def rise(self) -> Array:
        """Relative rise of ``lambda_max`` by the displacement law, which holds until the edge."""
        return np.asarray(self.ensemble.relative_curvature * self.ensemble.parameters * self.moved)

    @property
    def scaled_ntk(self) -> Array:
        """``eta lambda_max`` by the displacement law."""
        return np.asarray(self.step_size * self.start * (1 + self.rise))


def mean_field_descent(ensemble: RegressionEnsemble, step_size: float, steps: int) -> MeanFieldRun:
    """Solve the equations of gradient descent at infinite size.

    Args:
        ensemble: law of the start, Gaussian in its first two moments (i.i.d. laws of the same variances share the
            limit), z independent of J; only its ratio D / P and its scales count.
        step_size: ``eta > 0``.
        steps: number of steps T, at least 1.

    Returns:
        The run, exact in the limit up to rounding, cut where its loss exceeds ``1e8`` times its start. At size D the
        loss of one sample differs by about ``D^(-1/2)`` and its mean by ``1 / D``.

    Raises:
        DomainError: a step size or count out of range, a correlated start, or too little memory.

    Source:
        Kamali and Urbani 2023, for descent on squares of Gaussian fields; the step in discrete time is derived here.

    Example:
        >>> law = es.regression.RegressionEnsemble.normalised(40, 80, sigma_z=2.0)
        >>> run = es.regression.mean_field_descent(law, step_size=0.1, steps=20)
        >>> round(float(run.loss[0]), 6), bool(run.loss[-1] < run.loss[0])
        (4.0, True)
    """
    where = "mean_field_descent()"
    eta = check_positive(where, "step_size", step_size)
    check_count(where, "steps", steps)
    if ensemble.correlation:
        refuse(where, "z independent of J", f"correlation {ensemble.correlation}", "Set the correlation to 0.")
    size = steps + 1
    check_memory(where, 5 * 8 * size * size, f"five {size} x {size} arrays", "Use fewer steps.")
    ratio = ensemble.outputs / ensemble.parameters
    first = ensemble.parameters * ensemble.sigma_J**2
    second = (ensemble.parameters * ensemble.sigma_Q) ** 2
    c, response, rho, field, fields = (np.zeros((size, size)) for _ in range(5))
    field[0, 0] = ensemble.sigma_z**2
    for n in range(size):
        k = n + 1
        here = c[n, :k]
        field[n, :k] = ensemble.sigma_z**2 + first * here + second * here**2 / 2
        field[:k, n] = field[n, :k]
        slope = first + second * here
        rho[n, :n] = -(eta * slope[:n] * response[n, :n]) @ rho[:n, :n]
        rho[n, n] = 1.0
        fields[n, :k] = rho[:k, :k] @ (field[:k, :k] @ rho[n, :k])
        fields[:k, n] = fields[n, :k]
        if k == size or not fields[n, n] <= BLOW_UP * field[0, 0]:
            size = k
            break
        memory = ratio * (slope * rho[n, :k] - eta * second * response[n, :k] * fields[n, :k])
        noise = ratio * slope * fields[n, :k]
        response[k, :k] = response[n, :k] - eta * (memory @ response[:k, :k])
        response[k, n] += 1.0
        c[k, :k] = here - eta * (memory @ c[:k, :k]) + eta**2 * (response[:k, :k] @ noise)
        c[:k, k] = c[k, :k]
        c[k, k] = c[k, n] - eta * (memory @ c[:k, k]) + eta**2 * (noise @ response[k, :k])
    return MeanFieldRun(
        ensemble, eta, eta * np.arange(size), fields.diagonal()[:size].copy(), c.diagonal()[:size].copy()
    )


def mean_field_flow(ensemble: RegressionEnsemble, end_time: float, steps: int = 400) -> MeanFieldRun:
    """Solve the gradient flow at infinite size by two runs of descent and Richardson's extrapolation.

    Args:
        ensemble: law of the start, as for descent.
        end_time: last time, above 0.
        steps: steps of the coarse run, default 400; the fine one has twice as many.

    Returns:
        The run at the times of the coarse steps, with error of order ``(end_time / steps)^2``.

    Raises:
        DomainError: the coarse step is above the edge at the start, or an argument is out of range.

    Source:
        Kamali and Urbani 2023.

    Example:
        >>> law = es.regression.RegressionEnsemble.normalised(40, 80)
        >>> flow = es.regression.mean_field_flow(law, end_time=10.0, steps=60)
        >>> round(float(1 + flow.rise[-1]), 2)  # lambda_max at t = 10 over its start
        1.59
    """
    end = check_positive("mean_field_flow()", "end_time", end_time)
    check_count("mean_field_flow()", "steps", steps)
    coarse = mean_field_descent(ensemble, end / steps, steps)
    if coarse.step_size * coarse.start > 1 or len(coarse.loss) <= steps:
        got = f"eta lambda = {coarse.step_size * coarse.start:.2f}"
        refuse("mean_field_flow()", "a step of eta lambda_max(0) at most 1", got, "Use more steps.")
    fine = mean_field_descent(ensemble, end / (2 * steps), 2 * steps)
    return MeanFieldRun(
        ensemble,
        0.0,
        coarse.times,
        2 * fine.loss[::2] - coarse.loss,
        2 * fine.moved[::2] - coarse.moved,
    )
