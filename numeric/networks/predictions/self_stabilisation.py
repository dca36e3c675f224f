"""Self-stabilisation (Damian, Nichani, Lee 2022) predicted for a run: two variables along the constrained trajectory.

``x`` is the displacement along the top eigenvector, ``y`` the excess of the sharpness over ``2 / eta``:

    ``x' = -(1 + eta y) x``,   ``y' = y + eta (alpha - beta x^2 / 2)``

as ``es.models.derive_self_stabilisation`` derives it, with ``alpha = -grad L . grad S`` (progressive sharpening) and
``beta = |grad S|^2``, both taken at each step along the constrained trajectory, which stays at the edge: the central
flow. The start is measured: x and y of the run at its first step above the edge. From there on nothing of the run is
used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ..backends.backend import Array
from .central_flow import CentralFlowPrediction
from .comparison import Compared, Comparison, compare, largest, two_step_mean
from .descent import Descent


@dataclass(frozen=True, eq=False)
class SelfStabilisationPrediction(Compared):
    """The predicted swing about the edge.

    Attributes:
        edge: ``2 / eta``.
        steps: gradient steps, from the run's first one above the edge, shape ``(T,)``.
        x: displacement along the top eigenvector, with its sign, shape ``(T,)``.
        y: excess of the sharpness.
        alpha: progressive sharpening along the constrained trajectory.
        beta: squared gradient of the sharpness there.
        energy: the conserved energy of the slow flow at frozen alpha and beta, in the units of the derivation: how
            steady it stays says how fast alpha and beta change.
        comparisons: ``"sharpness"``, ``"displacement"`` and ``"loss"``.

    Source:
        Damian, Nichani and Lee 2022, section 4.

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.01]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.8, 13.0])
        >>> run = es.networks.descend(problem, 1.2, steps=60, centres=True)
        >>> found = es.networks.self_stabilisation_prediction(run, es.networks.central_flow(problem, 1.2, steps=60))
        >>> found.holds_for(0.1, "sharpness") > 40
        True
    """

    edge: float
    steps: Array
    x: Array
    y: Array
    alpha: Array
    beta: Array
    energy: Array
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)

    @property
    def sharpness(self) -> Array:
        """``2 / eta + y``."""
        return np.asarray(self.edge + self.y)


@cache
def _system() -> tuple[Any, Any]:
    """The derived map and energy as functions of floats."""
    import sympy as sp

    from ....symbolic.models import derive_self_stabilisation

    derived = derive_self_stabilisation()
    map_ = derived.system
    step = sp.lambdify((*map_.variables, *map_.parameters), list(map_.components), "math")
    energy = sp.lambdify((*map_.variables, *map_.parameters), derived.flow.energy, "numpy")
    return step, energy


def self_stabilisation_prediction(run: Descent, flow: CentralFlowPrediction) -> SelfStabilisationPrediction | None:
    """Predict the swing of a run about the edge.

    Args:
        run: gradient descent, its top eigenvalue measured at every step.
        flow: the central flow from the same start.

    Returns:
        The prediction beside the run; None where run or flow does not reach the edge.

    Raises:
        DomainError: another optimiser: the system is that of gradient descent.

    Source:
        Damian, Nichani and Lee 2022, section 4.

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.05]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.1, 0.1])
        >>> run = es.networks.descend(problem, 0.5, steps=5)
        >>> es.networks.self_stabilisation_prediction(run, es.networks.central_flow(problem, 0.5, steps=5)) is None
        True
    """
    if run.rule.beta2 is not None:
        raise DomainError.of("self_stabilisation_prediction()", "gradient descent", run.rule.name, "Run that.")
    end = min(len(run.theta) - 1, len(flow.steps))
    held = np.flatnonzero(np.isfinite(flow.alpha[:end]) & flow.at_edge[:end])
    if run.crossing is None or not len(held):
        return None
    mean, shift = run.mean_sharpness, run.displacement
    known = np.flatnonzero(np.isfinite(mean[:end]))
    later = known[known >= max(run.crossing, int(held[0]), 1)]
    first = int(later[0]) if len(later) else end
    if first >= end - 1:
        return None
    alpha, beta = (np.nan_to_num(values[first:end]) for values in (flow.alpha, flow.beta))
    x, y = float(flow.top[first] @ shift[first]), float(mean[first] - run.edge)
    step, energy = _system()
    states, eta = [], run.rule.step_size
    for a, b in zip(alpha, beta, strict=True):
        states.append((x, y))
        if np.isfinite(x) and np.isfinite(y):
            # beyond a swing of its own size about the edge the expansion says nothing
            x, y = step(x, y, **_values(eta, a, b)) if abs(eta * y) < 2 else (np.nan, np.nan)
    table, steps = np.array(states), np.arange(first, end)
    with np.errstate(divide="ignore", invalid="ignore"):
        constant = energy(np.abs(table[:, 0]), table[:, 1], **_values(eta, alpha, beta))
    found = SelfStabilisationPrediction(run.edge, steps, table[:, 0], table[:, 1], alpha, beta, np.asarray(constant))
    return _compared(found, run, flow, mean, shift)


def _values(eta: float, alpha: Any, beta: Any) -> dict[str, Any]:
    return {"eta": eta, "alpha": alpha, "beta": beta}


def _compared(
    found: SelfStabilisationPrediction, run: Descent, flow: CentralFlowPrediction, mean: Array, shift: Array
) -> SelfStabilisationPrediction:
    """Beside the run, as means over two steps: what swings with that period is in x alone."""
    from dataclasses import replace

    at = found.steps
    along = np.abs(np.einsum("tp,tp->t", flow.top[at], shift[at]))
    loss = two_step_mean(run.loss)[at]
    comparisons = {
        "sharpness": compare(
            "sharpness", "top eigenvalue at the centre; over 2/eta", at, found.sharpness, mean[at], run.edge
        ),
        "displacement": compare(
            "displacement",
            "size of the displacement along the top eigenvector; over the largest measured",
            at,
            np.abs(found.x),
            along,
            largest(along) or 1.0,
        ),
        "loss": compare(
            "loss", "two-step mean; relative", at, flow.loss[at] + found.sharpness * found.x**2 / 2, loss, loss
        ),
    }
    return replace(found, comparisons=comparisons)
