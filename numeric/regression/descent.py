"""Gradient descent of the quadratic regression model, many step sizes and residual scales at once.

All lanes of one call share Q, so a step of every lane is one matrix product ``(lanes, P) x (P, D P)``; lanes that have
converged or diverged leave the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..runs.limits import check_count, check_positive, refuse
from ..runs.status import Status
from .model import RegressionState, descent_step

Array = np.ndarray[Any, np.dtype[Any]]

WHERE = "descend_regression()"
TOLERANCE = 1e-8
BLOW_UP = 1e8
MAX_STEPS = 20_000


@dataclass(frozen=True, eq=False)
class DescentRun:
    """Runs of gradient descent, one lane for each (step size, residual scale).

    Attributes:
        step_sizes: step size of each lane, shape ``(B,)``.
        scales: factor on the start's residual, shape ``(B,)``.
        steps: recorded steps, shape ``(T,)``.
        loss: loss at each record, shape ``(T, B)``; nan after a lane has stopped.
        ntk: two largest eigenvalues of ``J J'`` at each record, shape ``(T, B, 2)``; nan where not measured (and for
            the second one if ``min(D, P) = 1``).
        displacement: distance ``|theta - theta(0)|`` at each record, shape ``(T, B)``.
        status: converged, diverged or max_steps, of each lane.
        stopped: step at which each lane stopped, shape ``(B,)``.
        final_loss: loss there, shape ``(B,)``.
        final_ntk: two largest NTK eigenvalues there, shape ``(B, 2)``; nan for diverged lanes.
        final: state of each lane there; None for diverged lanes.

    Source:
        Agarwala, Pedregosa and Pennington 2022, "A more general model".

    Example:
        >>> start = es.regression.RegressionEnsemble.normalised(6, 12).sample(seed=0)
        >>> run = es.regression.descend_regression(start, [0.2, 20.0])
        >>> [str(status) for status in run.status], run.converged.tolist()
        (['converged', 'diverged'], [True, False])
    """

    step_sizes: Array
    scales: Array
    steps: Array
    loss: Array
    ntk: Array
    displacement: Array
    status: tuple[Status, ...]
    stopped: Array
    final_loss: Array
    final_ntk: Array
    final: tuple[RegressionState | None, ...]

    @property
    def converged(self) -> Array:
        """Boolean mask of the lanes that converged."""
        return np.array([status is Status.CONVERGED for status in self.status])

    @property
    def peak(self) -> Array:
        """Largest recorded ``eta lambda_max`` of each lane, shape ``(B,)``."""
        return np.asarray(np.nanmax(self.ntk[:, :, 0], axis=0) * self.step_sizes)

    @property
    def edge_crossings(self) -> Array:
        """How often the recorded ``eta lambda_max`` crosses 2 in each lane, shape ``(B,)``."""
        return count_edge_crossings(self.ntk[:, :, 0] * self.step_sizes)


def descend_regression(
    state: RegressionState,
    step_sizes: float | Sequence[float] | Array,
    *,
    scales: float | Sequence[float] | Array = 1.0,
    max_steps: int = MAX_STEPS,
    tolerance: float = TOLERANCE,
    record_every: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> DescentRun:
    """Run gradient descent from one start, for every lane of ``step_sizes`` and ``scales`` broadcast together.

    A lane converges when ``|J'z|`` has fallen to ``tolerance`` of its start (a stationary point: for D <= P a zero of
    the residual) at a point where the step is stable, the top Hessian eigenvalue below ``2 / eta``: above the edge a
    small gradient is a passage and not a limit, and the run goes on. It diverges when its loss is not finite
    or exceeds ``1e8`` times its start.

    Args:
        state: start, float64.
        step_sizes: ``eta > 0``, a number or shape ``(B,)``.
        scales: factors on the start's residual, above 0, a number or shape ``(B,)``; default 1.
        max_steps: largest number of steps; default 20,000.
        tolerance: relative gradient norm at which a lane counts as converged; default 1e-8.
        record_every: steps between records of loss and NTK; default 1.
        progress: called with ``(step, lanes still running)`` at each record.

    Returns:
        The runs. Rounding accumulates as in any float64 iteration; a run at the edge is not chaotic for long, but
        single steps of a catapult amplify it.

    Raises:
        DomainError: a step size, scale, tolerance or count out of range.

    Source:
        Agarwala, Pedregosa and Pennington 2022, "A more general model".

    Example:
        >>> start = es.regression.RegressionEnsemble.normalised(6, 12).sample(seed=0)
        >>> run = es.regression.descend_regression(start, 1 / start.ntk_spectrum().top)
        >>> bool(run.final_ntk[0, 0] * run.step_sizes[0] < 2)
        True
    """
    etas, factors = _lanes(step_sizes, scales)
    check_count(WHERE, "max_steps", max_steps)
    check_count(WHERE, "record_every", record_every)
    check_positive(WHERE, "tolerance", tolerance)
    outputs, parameters = state.outputs, state.parameters
    curvature = np.ascontiguousarray(state.Q.transpose(1, 0, 2).reshape(parameters, outputs * parameters))
    lanes = len(etas)
    alive = np.arange(lanes)
    z = factors[:, None] * np.asarray(state.z, dtype=np.float64)
    jacobian = np.repeat(np.asarray(state.J, dtype=np.float64)[None], lanes, axis=0)
    gradient = np.einsum("bap,ba->bp", jacobian, z)
    moved = np.zeros((lanes, parameters))
    start_loss, start_slope = _squares(z) / 2, _squares(gradient)
    records: list[tuple[Array, ...]] = []
    status: list[Status] = [Status.MAX_STEPS] * lanes
    stopped = np.full(lanes, max_steps)
    final_loss, final_ntk = np.full(lanes, np.nan), np.full((lanes, 2), np.nan)
    final: list[RegressionState | None] = [None] * lanes
    for step in range(max_steps + 1):
        loss, slope = _squares(z) / 2, _squares(gradient)
        lost = ~(loss <= BLOW_UP * start_loss[alive])
        done = ~lost & (slope <= tolerance**2 * start_slope[alive])
        for local in np.flatnonzero(done):
            here = RegressionState(z[local], jacobian[local], state.Q)
            done[local] = etas[alive[local]] * np.linalg.eigvalsh(here.hessian())[-1] < 2
        leaving = lost | done | (step == max_steps)
        if step % record_every == 0 or leaving.any():
            measured = np.full((len(alive), 2), np.nan)
            measured[~lost] = top_two(jacobian[~lost])
            if step % record_every == 0:
                columns = (loss, measured, np.linalg.norm(moved, axis=1))
                records.append((np.array(step), *(_spread(column, alive, lanes) for column in columns)))
                if progress is not None:
                    progress(step, len(alive))
            for local in np.flatnonzero(leaving):
                lane = alive[local]
                stopped[lane], final_loss[lane], final_ntk[lane] = step, loss[local], measured[local]
                if lost[local]:
                    status[lane] = Status.DIVERGED
                    continue
                status[lane] = Status.CONVERGED if done[local] else Status.MAX_STEPS
                final[lane] = RegressionState(z[local].copy(), jacobian[local].copy(), state.Q)
            keep = ~leaving
            alive, z, jacobian = alive[keep], z[keep], jacobian[keep]
            gradient, moved = gradient[keep], moved[keep]
        if not len(alive):
            break
        eta = etas[alive, None]
        with np.errstate(over="ignore", invalid="ignore"):
            contraction = (gradient @ curvature).reshape(len(alive), outputs, parameters)
            z, jacobian = descent_step(z, jacobian, gradient, contraction, eta)
            moved -= eta * gradient
            gradient = np.einsum("bap,ba->bp", jacobian, z)
    steps, losses, ntk, displacement = (np.array(column) for column in zip(*records, strict=True))
    ends = (tuple(status), stopped, final_loss, final_ntk, tuple(final))
    return DescentRun(etas, factors, steps, losses, ntk, displacement, *ends)


def count_edge_crossings(scaled: Array) -> Array:
    """How often ``eta lambda`` crosses 2 along the first axis."""
    excess = scaled - 2
    return np.asarray(np.sum(excess[1:] * excess[:-1] < 0, axis=0))


def top_two(jacobians: Array) -> Array:
    """The two largest eigenvalues of ``J J'`` for each of a stack of Jacobians.

    They come from the smaller one of the two Gram matrices.

    Args:
        jacobians: finite Jacobians, shape ``(B, D, P)``.

    Returns:
        Eigenvalues of shape ``(B, 2)``, largest first, to about 1e-15 of the largest; nan for the second if there is
        only one.
    """
    lanes, outputs, parameters = jacobians.shape
    result = np.full((lanes, 2), np.nan)
    if not lanes:
        return result
    swapped = jacobians.transpose(0, 2, 1)
    gram = jacobians @ swapped if outputs <= parameters else swapped @ jacobians
    values = np.linalg.eigvalsh(gram)[:, ::-1][:, :2]
    result[:, : values.shape[1]] = values
    return result


def _spread(values: Array, alive: Array, lanes: int) -> Array:
    """Values of the lanes that are alive among all lanes, nan elsewhere."""
    result = np.full((lanes, *values.shape[1:]), np.nan)
    result[alive] = values
    return result


def _squares(rows: Array) -> Array:
    """The squared norm of each row."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.einsum("bi,bi->b", rows, rows))


def _lanes(step_sizes: Any, scales: Any) -> tuple[Array, Array]:
    """Step sizes and scales broadcast to one axis of lanes."""
    pair = []
    for name, values in (("step_sizes", step_sizes), ("scales", scales)):
        array = np.atleast_1d(np.asarray(values, dtype=np.float64))
        if array.ndim != 1 or not len(array) or not np.isfinite(array).all() or (array <= 0).any():
            refuse(
                WHERE,
                f"{name} as finite numbers above 0",
                repr(values),
                "Pass one number or a flat list.",
            )
        pair.append(array)
    try:
        first, second = np.broadcast_arrays(*pair)
    except ValueError:
        refuse(
            WHERE,
            "step_sizes and scales of one length",
            f"{len(pair[0])} and {len(pair[1])}",
            "Repeat the shorter one.",
        )
    return first.copy(), second.copy()
