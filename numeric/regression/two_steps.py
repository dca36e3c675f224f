"""The two-step change of the top NTK eigenvalue, split into its linear and its non-linear part.

At a state (z, J) let ``D = lambda_max(t + 2) - lambda_max(t)``.  Two exact splits, with ``h = J'u`` and u the top
eigenvector:

* linear in the step size: ``dD/d eta`` at ``eta = 0`` times eta, which is ``-4 eta u'Q(J'z, h)``;
* linear in the residual: ``dD/ds`` at ``s = 0`` for the residual ``s z``: ``-2 eta u'Q(J'(2 - eta J J')z, h)``.

Near the edge z flips its sign along u, and the first reading counts that flip as a huge change that the next step takes
back; the second one knows the linear dynamics of z and leaves in the rest only what a larger residual makes worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..runs.limits import check_count, check_positive
from ..runs.status import Status
from .descent import BLOW_UP
from .model import RegressionState, descent_step

Array = np.ndarray[Any, np.dtype[Any]]

# Smallest excess of eta lambda_max over 2 that counts as a crossing.
RIPPLE = 0.05


@dataclass(frozen=True, eq=False)
class TwoStepSplit:
    """Two-step changes along one run of gradient descent, in units of the edge (``eta lambda``).

    Attributes:
        step_size: step size.
        scaled_ntk: ``eta lambda_max`` at each step, shape ``(T,)``.
        second: ``eta lambda_2``, shape ``(T,)``; nan if ``D = 1``.
        loss: loss, shape ``(T,)``.
        change: ``eta (lambda_max(t + 2) - lambda_max(t))``, shape ``(T,)``.
        linear: its part linear in the residual.
        linear_in_step: its part linear in the step size.
        status: done, converged or diverged.
    """

    step_size: float
    scaled_ntk: Array
    second: Array
    loss: Array
    change: Array
    linear: Array
    linear_in_step: Array
    status: Status

    @property
    def nonlinear(self) -> Array:
        """What the residual-linear part leaves: second order in the residual and beyond."""
        return np.asarray(self.change - self.linear)

    @property
    def nonlinear_in_step(self) -> Array:
        """What the step-linear part leaves: second order in the step size and beyond."""
        return np.asarray(self.change - self.linear_in_step)

    def phases(self, window: int = 20) -> Phases | None:
        """The two phases of the run: sharpening up to the edge, and the fall after the peak.

        Args:
            window: steps counted as the fall.

        Returns:
            The phases, or None where the run never crosses the edge or is cut before the fall is complete.
        """
        above = np.flatnonzero(self.scaled_ntk >= 2)
        if not len(above) or above[0] < 2:
            return None
        crossing = int(above[0])
        smooth = (self.scaled_ntk[1:] + self.scaled_ntk[:-1])[crossing:] / 2
        highest = np.maximum.accumulate(smooth)
        # a fall takes back half of an excess over the edge that rounding or a ripple cannot make
        fallen = np.flatnonzero((highest > 2 + RIPPLE) & (smooth < 1 + highest / 2))
        if not len(fallen):
            return None
        fall = int(fallen[0])
        peak = crossing + int(np.argmax(smooth[:fall]))
        end = min(crossing + fall + 1, peak + window)
        return Phases(crossing, peak, max(end, peak + 2), self)


@dataclass(frozen=True, eq=False)
class Phases:
    """Where one run sharpens and where it falls.

    Attributes:
        crossing: first step at or above the edge; the run sharpens before it.
        peak: step of the largest eigenvalue (mean of two steps) before the first fall.
        end: end of the fall that is counted.
        split: the run.
    """

    crossing: int
    peak: int
    end: int
    split: TwoStepSplit

    def share(self, start: int, stop: int, *, in_step: bool = False) -> float:
        """Return ``sum |non-linear| / sum |linear|`` over steps ``start <= t < stop``.

        Args:
            start: first step.
            stop: one past the last step.
            in_step: whether to split by the step size instead of by the residual.

        Returns:
            The share.
        """
        rest = self.split.nonlinear_in_step if in_step else self.split.nonlinear
        part = self.split.linear_in_step if in_step else self.split.linear
        return float(np.abs(rest[start:stop]).sum() / np.abs(part[start:stop]).sum())

    @property
    def while_sharpening(self) -> float:
        """Non-linear over linear part, from the start to the edge."""
        return self.share(0, self.crossing)

    @property
    def while_falling(self) -> float:
        """Non-linear over linear part, from the peak through the fall."""
        return self.share(self.peak, self.end)

    @property
    def linear_while_falling(self) -> float:
        """Sum of the linear part through the fall; where it is positive only the rest brings the fall."""
        return float(self.split.linear[self.peak : self.end].sum())


def split_two_steps(state: RegressionState, step_size: float, steps: int = 300) -> TwoStepSplit:
    """Run gradient descent and split each two-step change of the top NTK eigenvalue.

    Args:
        state: start, float64.
        step_size: ``eta > 0``.
        steps: number of changes to record, default 300; fewer if the run diverges.

    Returns:
        The splits. Each part is exact up to rounding; the changes are differences of eigenvalues, good to about
        1e-15 of ``lambda_max``.

    Raises:
        DomainError: a step size or count out of range.

    Source:
        Agarwala, Pedregosa and Pennington 2022, figure "non-linear dynamical contribution"; the two readings of
        "non-linear" are derived here.

    Example:
        >>> start = es.regression.RegressionEnsemble.normalised(6, 12, sigma_z=0.1).sample(seed=0)
        >>> split = es.regression.split_two_steps(start, 0.2, steps=10)
        >>> bool((abs(split.nonlinear) < abs(split.linear)).all())  # a small residual moves the eigenvalue linearly
        True
    """
    eta = check_positive("split_two_steps()", "step_size", step_size)
    check_count("split_two_steps()", "steps", steps)
    outputs, parameters = state.outputs, state.parameters
    flat = state.Q.reshape(outputs * parameters, parameters)
    z, jacobian = state.z.copy(), state.J.copy()
    limit = BLOW_UP * float(z @ z)
    rows, status = [], Status.DONE
    for _ in range(steps + 2):
        squares = float(z @ z)
        if not squares <= limit:
            status = Status.DIVERGED
            break
        values, vectors = np.linalg.eigh(jacobian @ jacobian.T)
        vector = vectors[:, -1]
        direction = jacobian.T @ vector
        gradient = jacobian.T @ z
        # one product contracts Q with the gradient and with the top mode
        both = (flat @ np.column_stack([gradient, direction])).reshape(outputs, parameters, 2)
        along_gradient, along_mode = both[:, :, 0], vector @ both[:, :, 1]
        damped = 2 * gradient - eta * (jacobian.T @ (jacobian @ gradient))
        second = values[-2] if outputs > 1 else np.nan
        rows.append((values[-1], second, squares / 2, -2 * along_mode @ damped, -4 * along_mode @ gradient))
        with np.errstate(over="ignore", invalid="ignore"):
            z, jacobian = descent_step(z, jacobian, gradient, along_gradient, eta)
    table = np.array(rows).reshape(-1, 5)
    top = eta * table[:, 0]
    kept = max(len(table) - 2, 0)
    return TwoStepSplit(
        eta,
        top[:kept],
        eta * table[:kept, 1],
        table[:kept, 2],
        top[2:] - top[:-2] if kept else np.zeros(0),
        eta**2 * table[:kept, 3],
        eta**2 * table[:kept, 4],
        status,
    )
