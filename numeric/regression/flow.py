"""Gradient flow of the quadratic regression model, by an adaptive integrator with its own error witness.

The flow is integrated in the P parameters (``theta' = -J'z``) and not in the ``D (P + 1)`` numbers of (z, J): the state
is then an exact quadratic function of the displacement, so no integration error can take (z, J) off the model.  One
extra equation integrates ``|J'z|^2``; the loss lost must equal it, which measures the error of the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..runs.limits import check_positive, refuse
from ..runs.status import Status
from .descent import top_two
from .model import RegressionState

Array = np.ndarray[Any, np.dtype[Any]]
Method = Literal["DOP853", "RK45", "Radau", "BDF", "LSODA"]

WHERE = "integrate_regression_flow()"
RELATIVE_TOLERANCE = 1e-9
ABSOLUTE_TOLERANCE = 1e-12


@dataclass(frozen=True, eq=False)
class FlowRun:
    """One run of the gradient flow.

    Attributes:
        times: times of the records, shape ``(T,)``.
        loss: loss there, shape ``(T,)``.
        ntk: two largest NTK eigenvalues there, shape ``(T, 2)``.
        displacement: distance ``|theta(t) - theta(0)|`` there, shape ``(T,)``.
        status: converged, end_time or failed.
        evaluations: right-hand sides evaluated.
        energy_error: ``|L(0) - L(T) - integral of |J'z|^2| / L(0)``, the measured error of the run.
        final: state at the last record.
        message: what the integrator said.

    Source:
        Agarwala, Pedregosa and Pennington 2022, "A more general model".

    Example:
        >>> start = es.regression.RegressionEnsemble.normalised(6, 12).sample(seed=0)
        >>> flow = es.regression.integrate_regression_flow(start)
        >>> str(flow.status), flow.energy_error < 1e-8
        ('converged', True)
    """

    times: Array
    loss: Array
    ntk: Array
    displacement: Array
    status: Status
    evaluations: int
    energy_error: float
    final: RegressionState
    message: str


def integrate_regression_flow(
    state: RegressionState,
    *,
    times: Array | None = None,
    end_time: float | None = None,
    tolerance: float = 1e-8,
    rtol: float = RELATIVE_TOLERANCE,
    atol: float = ABSOLUTE_TOLERANCE,
    method: Method = "DOP853",
) -> FlowRun:
    """Integrate ``dz/dt = -J J'z``, ``dJ/dt = -Q(J'z, .)``.

    Args:
        state: start, float64.
        times: times at which to record, increasing from 0 or later; the integrator's own steps without it. With
            ``times`` the run goes on to the last of them.
        end_time: last time; default ``1e5 / lambda_max(0)``.
        tolerance: without ``times`` the run stops where ``|J'z|`` has fallen to this part of its start; default 1e-8.
        rtol: relative tolerance of the integrator, on the displacement; default 1e-9.
        atol: absolute tolerance, in units of ``|J'z| / lambda_max`` at the start; default 1e-12.
        method: SciPy's integrator: "DOP853" (default; explicit, order 8) or, for a wide spectrum, "Radau" or "BDF",
            which use the exact Jacobian ``-Hessian``.

    Returns:
        The run, with its measured error.

    Raises:
        DomainError: times or tolerances out of range, an unknown method, or a start where J vanishes.

    Source:
        Agarwala, Pedregosa and Pennington 2022, "A more general model".

    Example:
        >>> start = es.regression.RegressionEnsemble.normalised(6, 12).sample(seed=0)
        >>> flow = es.regression.integrate_regression_flow(start)
        >>> bool(flow.ntk[-1, 0] > flow.ntk[0, 0])  # progressive sharpening
        True
    """
    from scipy.integrate import solve_ivp

    if method not in ("DOP853", "RK45", "Radau", "BDF", "LSODA"):
        refuse(WHERE, "a SciPy integrator", repr(method), "Use DOP853, RK45, Radau, BDF or LSODA.")
    for name, value in (("tolerance", tolerance), ("rtol", rtol), ("atol", atol)):
        check_positive(WHERE, name, value)
    parameters = state.parameters
    top = float(top_two(state.J[None])[0, 0])
    slope = float(np.linalg.norm(state.gradient()))
    if not (np.isfinite(top) and np.isfinite(slope)) or top <= 0:
        refuse(
            WHERE,
            "a finite start with a Jacobian that is not zero",
            f"lambda_max = {top}",
            "Choose another start.",
        )
    grid = _times(times)
    last = (
        float(grid[-1])
        if grid is not None
        else check_positive(WHERE, "end_time", 1e5 / top if end_time is None else end_time)
    )

    def rate(_: float, point: Array) -> Array:
        here = state.moved(point[:parameters])
        direction = here.gradient()
        return np.append(-direction, direction @ direction)

    def slopes(_: float, point: Array) -> Array:
        here = state.moved(point[:parameters])
        hessian, direction = here.hessian(), here.gradient()
        result = np.zeros((parameters + 1, parameters + 1))
        result[:parameters, :parameters] = -hessian
        result[parameters, :parameters] = 2 * hessian @ direction
        return result

    def settled(_: float, point: Array) -> float:
        return float(np.linalg.norm(state.moved(point[:parameters]).gradient())) - tolerance * slope

    settled.terminal = True  # type: ignore[attr-defined]
    implicit = {"jac": slopes} if method in ("Radau", "BDF", "LSODA") else {}
    solution = solve_ivp(
        rate,
        (0.0, last),
        np.zeros(parameters + 1),
        method=method,
        t_eval=grid,
        events=settled if grid is None else None,
        rtol=max(rtol, 1e-13),
        atol=max(atol * slope / top, 1e-300),
        **implicit,
    )
    path = [state.moved(point[:parameters]) for point in solution.y.T]
    loss = np.array([here.loss for here in path])
    start = float(state.loss)
    spent = abs(start - loss[-1] - solution.y[parameters, -1]) / start
    status = Status.FAILED
    if solution.success:
        status = Status.CONVERGED if solution.status == 1 else Status.END_TIME
    return FlowRun(
        solution.t,
        loss,
        top_two(np.array([here.J for here in path])),
        np.linalg.norm(solution.y[:parameters], axis=0),
        status,
        int(solution.nfev),
        float(spent),
        path[-1],
        str(solution.message),
    )


def _times(times: Array | None) -> Array | None:
    """Checked record times."""
    if times is None:
        return None
    grid = np.asarray(times, dtype=np.float64)
    if grid.ndim != 1 or not len(grid) or not np.isfinite(grid).all() or grid[0] < 0 or (np.diff(grid) <= 0).any():
        refuse(WHERE, "finite increasing times from 0 on", repr(times), "Sort them.")
    if grid[-1] <= 0:
        refuse(WHERE, "a last time above 0", repr(grid[-1]), "Add a later time.")
    return grid
