"""The central flow (Cohen, Damian, Talwalkar, Kolter, Lee 2024) of gradient descent and of RMSProp on any problem.

Equations, and what they assume: see ``flow_rates``. Integrated by the embedded pair of Bogacki and Shampine (orders 3
and 2): a step is taken where its two results differ by at most ``tolerance`` times the length of the step, so that
local errors add up to at most ``tolerance`` times the length of the path; where the right-hand side has a kink (an
eigenvalue comes to the edge) the step shrinks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...runs.limits import check_count, check_positive
from ...runs.status import Status
from ..backends.backend import Array
from ..problem import Problem
from .comparison import Compared, Comparison, compare, largest, smooth
from .descent import Descent, Rule, make_rule
from .flow_rates import KAPPA, Rates, flow_rates
from .leading_pairs import LeadingPairs

LONGEST = 1.0
"""Longest step, in gradient steps: stable at the edge, where the stiffest rate is 2 and the method's limit 2.5."""

SHORTEST = 1 / 64
"""Shortest step: at a kink no step is short enough for the estimate, and the error is that of one short step."""

UNSOLVED = 1e-4
"""A complementarity problem with a larger residual has no solution: nothing can hold the eigenvalue at the edge."""

WINDOW = 25
"""Steps over which losses, eigenvalues and squared displacements of a run are averaged before they are compared."""


@dataclass(frozen=True, eq=False)
class CentralFlowPrediction(Compared):
    """A central flow at whole numbers of steps.

    Attributes:
        rule: step size and optimiser.
        steps: shape ``(T,)``, from 0.
        theta: centre w, shape ``(T, P)``.
        loss: loss at the centre.
        mean_loss: loss averaged over the oscillation, ``L + <H, Sigma> / 2``.
        sharpness: eigenvalues in units whose edge is ``2 / eta``, shape ``(T, k)``.
        covariance: of the displacement along the eigenvectors, as lengths, shape ``(T, k, k)``.
        variance: ``sigma^2`` along the top eigenvector, shape ``(T,)``.
        total_variance: mean squared displacement in all directions, ``tr Sigma``.
        top: top eigenvector, unit length, shape ``(T, P)``.
        alpha: ``-grad L . grad S``, with the gradient of the top eigenvalue orthogonal to its eigenvector; nan below
            the edge.
        beta: ``|grad S|^2``, likewise.
        residual: largest residual of the complementarity problems.
        full: whether all k eigenvalues were at the edge at once somewhere, so that one more may be missing.
        evaluations: of the right-hand side.
        products: Hessian and third-derivative products.
        forced: steps taken at the shortest length whatever their error.
        status: done; diverged; or failed, where nothing can hold an eigenvalue at the edge.
        comparisons: by name, where a run was given.

    Source:
        Cohen, Damian, Talwalkar, Kolter and Lee 2024, sections 3 and 4.

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.1]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.9, 4.2])
        >>> flow = es.networks.central_flow(problem, 1.2, steps=60)
        >>> bool(abs(flow.sharpness[-1, 0] - 2 / 1.2) < 0.01)
        True
    """

    rule: Rule
    steps: Array
    theta: Array
    loss: Array
    mean_loss: Array
    sharpness: Array
    covariance: Array
    variance: Array
    total_variance: Array
    top: Array
    alpha: Array
    beta: Array
    residual: float
    full: bool
    evaluations: int
    products: int
    forced: int
    status: Status
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)

    @property
    def edge(self) -> float:
        """``2 / eta``."""
        return 2 / self.rule.step_size

    @property
    def at_edge(self) -> Array:
        """Where an oscillation holds an eigenvalue at the edge, shape ``(T,)``."""
        return np.asarray(self.total_variance > 0)

    def beside(self, run: Descent, window: int = WINDOW) -> CentralFlowPrediction:
        """The same flow, compared with a run from the same start.

        Args:
            run: a run by the same rule.
            window: odd number of steps over which the run is averaged.

        Returns:
            The flow with its comparisons: parameters, sharpness, loss, variance, total variance.
        """
        return replace(self, comparisons=compare_with_run(self, run, window))


def central_flow(
    problem: Problem,
    step_size: float,
    steps: int,
    *,
    optimiser: str = "gradient-descent",
    beta2: float = 0.99,
    eigenvalues: int = 3,
    tolerance: float = 1e-2,
    kappa: float = KAPPA,
    start: Array | None = None,
    moment: Array | None = None,
    run: Descent | None = None,
    window: int = WINDOW,
    progress: Callable[[int, int], None] | None = None,
) -> CentralFlowPrediction:
    """Integrate the central flow from a start.

    Args:
        problem: model, data and loss.
        step_size: ``eta > 0``.
        steps: length, in gradient steps.
        optimiser: ``"gradient-descent"`` or ``"rmsprop"``.
        beta2: decay of RMSProp's second moment.
        eigenvalues: how many are followed; the flow says (``full``) where all of them were at the edge.
        tolerance: local error of the parameters in units of the length of the path.
        kappa: rate, per step, at which room below the edge may be used up; see ``flow_rates``.
        start: parameters; those of the problem by default.
        moment: RMSProp's second moment before the first step, as for ``descend``.
        run: a run to compare with.
        window: odd number of steps over which the run is averaged before it is compared.
        progress: called with ``(step, steps)``.

    Returns:
        The flow at steps 0, 1, ..

    Raises:
        DomainError: an option out of range, or points that do not fit into memory.

    Source:
        Cohen, Damian, Talwalkar, Kolter and Lee 2024, sections 3 and 4.

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.1]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [1.5, 4.0])
        >>> str(es.networks.central_flow(problem, 0.8, steps=10).status)
        'done'
    """
    where = "central_flow()"
    rule = make_rule(where, step_size, optimiser, beta2)
    check_count(where, "steps", steps)
    k = min(check_count(where, "eigenvalues", eigenvalues), problem.dimension)
    check_positive(where, "tolerance", tolerance)
    check_positive(where, "kappa", kappa)
    problem.require_memory(columns=k, vectors=2 * (steps + 1) + 10 * k)
    w = np.array(problem.start if start is None else problem.flatten(start), dtype=np.float64)
    nu = rule.next_moment(moment, np.asarray(problem.at(w).gradient, dtype=np.float64))
    flow = _Integrator(problem, rule, k, kappa, tolerance)
    here = flow.rates(w, nu)
    rows, status, reach = [_row(w, here)], Status.DONE, 1e3 * (1 + float(np.linalg.norm(w)))
    for step in range(1, steps + 1):
        w, nu, here = flow.advance(w, nu, here)
        if not (np.isfinite(w).all() and np.isfinite(here.loss) and np.linalg.norm(w) < reach):
            status = Status.DIVERGED
            break
        if here.residual > UNSOLVED:
            status = Status.FAILED
            break
        rows.append(_row(w, here))
        if progress is not None:
            progress(step, steps)
    columns: Any = [np.array(column) for column in zip(*rows, strict=True)]
    theta, loss, mean_loss, values, covariance, total, top, alpha, beta = columns
    found = CentralFlowPrediction(
        rule,
        np.arange(len(theta)),
        theta,
        loss,
        mean_loss,
        values / rule.step_size,
        covariance,
        covariance[:, 0, 0],
        total,
        top,
        alpha,
        beta,
        flow.residual,
        flow.full,
        flow.evaluations,
        flow.products,
        flow.forced,
        status,
    )
    return found if run is None else found.beside(run, window)


class _Integrator:
    """One flow, advanced by whole gradient steps."""

    def __init__(self, problem: Problem, rule: Rule, k: int, kappa: float, tolerance: float) -> None:
        self._problem, self._rule, self._k, self._kappa, self._tolerance = problem, rule, k, kappa, tolerance
        self._search = LeadingPairs(problem, k)
        self._length = LONGEST / 4
        self.evaluations = self.products = self.forced = 0
        self.residual, self.full = 0.0, False

    def rates(self, w: Array, nu: Array) -> Rates:
        """The right-hand side, counted."""
        found = flow_rates(self._problem, self._rule, w, np.maximum(nu, 0.0), self._search, self._kappa)
        self.evaluations += 1
        self.products += found.products
        self.residual = max(self.residual, found.residual)
        self.full |= bool(found.covariance[-1, -1] > 0 and self._k < self._problem.dimension)
        return found

    def advance(self, w: Array, nu: Array, here: Rates) -> tuple[Array, Array, Rates]:
        """One gradient step further, in as many steps as the tolerance asks for."""
        left = 1.0
        while left > 1e-12:
            h = min(self._length, left)
            b = self.rates(w + h / 2 * here.speed, nu + h / 2 * here.moment_speed)
            c = self.rates(w + 3 * h / 4 * b.speed, nu + 3 * h / 4 * b.moment_speed)
            move = h * (2 * here.speed + 3 * b.speed + 4 * c.speed) / 9
            moment_move = h * (2 * here.moment_speed + 3 * b.moment_speed + 4 * c.moment_speed) / 9
            d = self.rates(w + move, nu + moment_move)
            off = h * (-5 / 72 * here.speed + b.speed / 12 + c.speed / 9 - d.speed / 8)
            allowed = self._tolerance * max(float(np.linalg.norm(move)), 1e-14 * (1 + float(np.linalg.norm(w))))
            ratio = float(np.linalg.norm(off)) / allowed
            if not np.isfinite(ratio):
                return w + move, nu + moment_move, d
            growth = 0.9 * max(ratio, 1e-6) ** (-1 / 2)
            if ratio > 1 and h > SHORTEST:
                self._length = max(h * max(growth, 0.25), SHORTEST)
                continue
            self.forced += ratio > 1
            w, nu, here, left = w + move, nu + moment_move, d, left - h
            if h >= min(self._length, LONGEST) or growth < 1:
                self._length = min(max(h * min(max(growth, 0.25), 4.0), SHORTEST), LONGEST)
        return w, nu, here


def _row(w: Array, at: Rates) -> tuple[Any, ...]:
    """What is kept of a point: lengths instead of the metric's units."""
    lengths = np.linalg.norm(at.vectors, axis=0)
    covariance = at.covariance * np.outer(lengths, lengths)
    total = float(np.sum(at.covariance * (at.vectors.T @ at.vectors)))
    mean_loss = at.loss + 0.5 * float(np.sum(at.values * np.diag(at.covariance)))
    top = at.vectors[:, 0] / lengths[0]
    return w, at.loss, mean_loss, at.values, covariance, total, top, *at.drive


def compare_with_run(flow: CentralFlowPrediction, run: Descent, window: int) -> dict[str, Comparison]:
    """Comparisons of a flow with a run.

    Args:
        flow: the flow.
        run: the run.
        window: odd number of steps over which the run is averaged.

    Returns:
        By name.
    """
    n = min(len(flow.steps), len(run.theta))
    steps, edge = flow.steps[:n], run.edge
    centre, displacement = run.centre[:n], run.displacement[:n]
    travelled = largest(np.linalg.norm(centre - run.theta[0], axis=1)) or 1.0
    distance = np.linalg.norm(centre - flow.theta[:n], axis=1)
    metric = run.rule.metric(run.moment[:n]) if run.rule.beta2 is not None else np.ones(1)
    unit = flow.top[:n] * metric
    along = np.einsum("tp,tp->t", unit, displacement) / np.einsum("tp,tp->t", unit, flow.top[:n])
    squared, total = smooth(along**2, window), smooth(np.sum(displacement**2, axis=1), window)
    seen = smooth(run.mean_sharpness[:n], window) if run.sharpness.shape[1] else np.full(n, np.nan)
    loss = smooth(run.loss[:n], window)
    over = f"mean of the run over {window} steps"
    return {
        "parameters": compare(
            "parameters",
            "distance of the flow from the two-step mean of the run, over the way the run went at most",
            steps,
            distance,
            np.where(np.isfinite(distance), 0.0, np.nan),
            travelled,
        ),
        "sharpness": compare(
            "sharpness", f"top eigenvalue at the centre; {over}; over 2/eta", steps, flow.sharpness[:n, 0], seen, edge
        ),
        "loss": compare(
            "loss", f"loss averaged over the oscillation; {over}; relative", steps, flow.mean_loss[:n], loss, loss
        ),
        "variance": compare(
            "variance",
            f"squared displacement along the flow's top eigenvector; {over}; over the largest measured",
            steps,
            flow.variance[:n],
            squared,
            largest(squared) or 1.0,
        ),
        "total-variance": compare(
            "total-variance",
            f"squared displacement in all directions; {over}; over the largest measured",
            steps,
            flow.total_variance[:n],
            total,
            largest(total) or 1.0,
        ),
    }
