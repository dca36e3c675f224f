"""The run that predictions are held against: full-batch gradient descent or RMSProp, every step kept.

RMSProp is ``nu_t = beta_2 nu_(t-1) + (1 - beta_2) g_t^2``, then ``w_(t+1) = w_t - g_t / p_t`` with the preconditioner
``p_t = sqrt(nu_t + floor^2) / eta``; gradient descent is the constant ``p = 1 / eta``. In the metric of p the edge of
stability of both is at the eigenvalue 2. Before the first step nu is the mean of ``g_0^2`` over all parameters unless
given: a start from zero, or from each parameter's own square, divides by what happens to be small and begins far
above the edge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...regression.descent import BLOW_UP
from ...runs.limits import check_count, check_positive
from ...runs.status import Status
from ..backends.backend import Array
from ..problem import Problem
from .comparison import two_step_mean
from .leading_pairs import LeadingPairs

OPTIMISERS = ("gradient-descent", "rmsprop")
FLOOR = 1e-8
"""Added, squared, to the second moment under the root: keeps parameters without gradient from dividing by zero."""


@dataclass(frozen=True)
class Rule:
    """Gradient descent, or RMSProp with frozen names: what turns gradients into steps.

    Attributes:
        step_size: eta.
        beta2: decay of the second moment; None for gradient descent.
        floor: see the module.
    """

    step_size: float
    beta2: float | None = None
    floor: float = FLOOR

    @property
    def name(self) -> str:
        """``"gradient-descent"`` or ``"rmsprop"``."""
        return OPTIMISERS[self.beta2 is not None]

    @property
    def forgetting(self) -> float:
        """``(1 - beta_2) / beta_2``, for ``nu_t - nu_(t-1)`` is it times ``g_t^2 - nu_t``."""
        return 0.0 if self.beta2 is None else (1 - self.beta2) / self.beta2

    def metric(self, moment: Array) -> Array:
        """The preconditioner p, shape ``(P,)``."""
        if self.beta2 is None:
            return np.full(len(moment), 1 / self.step_size)
        return np.asarray(np.sqrt(moment + self.floor**2) / self.step_size)

    def next_moment(self, moment: Array | None, slope: Array) -> Array:
        """The second moment after a gradient; from None, before the first step, see the module."""
        if self.beta2 is None:
            return np.zeros(len(slope))
        before = np.full(len(slope), float(np.mean(slope**2))) if moment is None else moment
        return np.asarray(self.beta2 * before + (1 - self.beta2) * slope**2)


def make_rule(where: str, step_size: float, optimiser: str, beta2: Any) -> Rule:
    """Check the options of an optimiser.

    Args:
        where: for messages.
        step_size: eta.
        optimiser: ``"gradient-descent"`` or ``"rmsprop"``.
        beta2: decay, in (0, 1); used by RMSProp only.

    Returns:
        The rule.

    Raises:
        DomainError: an option out of range.
    """
    eta = check_positive(where, "step_size", step_size)
    if optimiser not in OPTIMISERS:
        raise DomainError.of(where, f"one of {', '.join(OPTIMISERS)}", optimiser, "Choose one of these.")
    if not isinstance(beta2, float | np.floating) or not 0 < beta2 < 1:
        raise DomainError.of(where, "beta2 in (0, 1)", beta2, "0.9 and 0.99 are usual.")
    return Rule(eta, float(beta2) if optimiser == "rmsprop" else None)


@dataclass(frozen=True, eq=False)
class Descent:
    """A run with all its points.

    Attributes:
        problem: what was trained.
        rule: step size and optimiser.
        theta: parameters, shape ``(T, P)``.
        moment: second moment of RMSProp, shape ``(T, P)``; zeros of shape ``(T, 0)`` for gradient descent.
        loss: shape ``(T,)``.
        sharpness: largest eigenvalues of the (preconditioned) Hessian, in units whose edge is ``2 / eta``, shape
            ``(T, k)``; nan where not measured.
        centre_sharpness: the same at the centres, whose curvature does not swing with the iterates; nan where not
            measured.
        swing: displacement one step before and one step after, along the top eigenvector at the centre, shape
            ``(T, 2)``; nan where that was not measured.
        status: done or diverged.
        bounds: residual bounds of the sharpness, in its shape; None where they were not kept.

    Source:
        Standard.

    Example:
        >>> model = es.RegressionModel(G=[[1.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.1]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.5, 1.0])
        >>> run = es.networks.descend(problem, 0.5, steps=10)
        >>> run.theta.shape, str(run.status)
        ((11, 2), 'done')
    """

    problem: Problem
    rule: Rule
    theta: Array
    moment: Array
    loss: Array
    sharpness: Array
    centre_sharpness: Array
    swing: Array
    status: Status
    bounds: Array | None = None

    @property
    def steps(self) -> Array:
        """Numbers of the steps, from 0, shape ``(T,)``."""
        return np.arange(len(self.theta))

    @property
    def edge(self) -> float:
        """``2 / eta``."""
        return 2 / self.rule.step_size

    @property
    def centre(self) -> Array:
        """Parameters averaged over the period of two steps, shape ``(T, P)``; nan at both ends."""
        return two_step_mean(self.theta)

    @property
    def displacement(self) -> Array:
        """Displacement from that centre, shape ``(T, P)``: what changes sign at every step; nan at the ends."""
        return np.asarray(self.theta - self.centre)

    @property
    def mean_sharpness(self) -> Array:
        """The top eigenvalue without the swing of two steps: at the centres where measured, else its two-step mean."""
        at_centres = self.centre_sharpness[:, 0]
        return at_centres if np.isfinite(at_centres).any() else two_step_mean(self.sharpness[:, 0])

    @property
    def crossing(self) -> int | None:
        """First measured step whose sharpness is above the edge; None if there is none."""
        above = np.flatnonzero(self.sharpness[:, 0] > self.edge)
        return int(above[0]) if len(above) else None


def descend(
    problem: Problem,
    step_size: float,
    steps: int,
    *,
    optimiser: str = "gradient-descent",
    beta2: float = 0.99,
    eigenvalues: int = 2,
    measure_every: int = 1,
    centres: bool = False,
    start: Array | None = None,
    moment: Array | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Descent:
    """Train by full-batch gradient descent or RMSProp, and keep every point.

    Args:
        problem: model, data and loss.
        step_size: ``eta > 0``.
        steps: at least 1.
        optimiser: ``"gradient-descent"`` or ``"rmsprop"``.
        beta2: decay of RMSProp's second moment.
        eigenvalues: how many to measure; 0 for none.
        measure_every: steps between measurements of eigenvalues.
        centres: whether to measure them at the centres too.
        start: parameters; those of the problem by default.
        moment: RMSProp's second moment before the first step, shape ``(P,)``; see the module.
        progress: called with ``(step, steps)``.

    Returns:
        The run; cut before the first point whose loss is not finite or 1e8 times the first.

    Raises:
        DomainError: an option out of range, or points that do not fit into memory.

    Source:
        Standard.

    Example:
        >>> model = es.RegressionModel(G=[[1.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.1]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.5, 1.0])
        >>> float(es.networks.descend(problem, 0.5, steps=10).loss[-1]) < problem.at().loss
        True
    """
    rule = make_rule("descend()", step_size, optimiser, beta2)
    check_count("descend()", "steps", steps)
    check_count("descend()", "measure_every", measure_every)
    k = min(check_count("descend()", "eigenvalues", eigenvalues, 0), problem.dimension)
    problem.require_memory(columns=max(k, 1), vectors=(1 if rule.beta2 is None else 2) * (steps + 1))
    here = np.array(problem.start if start is None else problem.flatten(start), dtype=np.float64)
    status, pairs = Status.DONE, LeadingPairs(problem, k) if k else None
    rows: list[tuple[Array, Array, float, Array]] = []
    for step in range(steps + 1):
        point = problem.at(here)
        with np.errstate(over="ignore", invalid="ignore"):
            loss, slope = point.loss, np.asarray(point.gradient, dtype=np.float64)
        if not (np.isfinite(slope).all() and loss <= BLOW_UP * (rows[0][2] if rows else np.inf)):
            status = Status.DIVERGED
            break
        moment = rule.next_moment(moment, slope)
        metric = rule.metric(moment)
        values = np.full(k, np.nan)
        if pairs is not None and step % measure_every == 0:
            values = pairs.at(point, metric).values
        rows.append((here, moment[: 0 if rule.beta2 is None else None], loss, values / rule.step_size))
        if progress is not None:
            progress(step, steps)
        here = here - slope / metric
    theta, moments, losses, sharpness = (np.array(column) for column in zip(*rows, strict=True))
    unknown = np.full_like(sharpness, np.nan), np.full((len(rows), 2), np.nan)
    found = Descent(problem, rule, theta, moments, losses, sharpness, *unknown, status)
    return with_centres(found) if k and centres else found


def with_centres(run: Descent) -> Descent:
    """A run with eigenvalues at its centres too, at the steps at which those of the iterates were measured.

    Args:
        run: without them.

    Returns:
        The run with ``centre_sharpness`` and ``swing``.
    """
    values, swing = np.full_like(run.sharpness, np.nan), np.full((len(run.theta), 2), np.nan)
    if not values.shape[1]:
        return run
    pairs, shift = LeadingPairs(run.problem, values.shape[1]), run.displacement
    for step, (centre, here) in enumerate(zip(run.centre, run.sharpness, strict=True)):
        if np.isfinite(here).any() and np.isfinite(centre).all():
            metric = run.rule.metric(run.moment[step] if run.rule.beta2 is not None else centre)
            found = pairs.at(run.problem.at(centre), metric)
            values[step], u = found.values / run.rule.step_size, found.vectors[:, 0]
            # along u in the metric: u' P delta, as a length
            top = u * metric * float(np.linalg.norm(u))
            swing[step] = shift[step - 1] @ top, shift[step + 1] @ top
    return replace(run, centre_sharpness=values, swing=swing)
