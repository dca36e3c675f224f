"""First and second time derivative of an NTK eigenvalue along the gradient flow, exact for one state.

With ``K = J J'``, ``K u_k = lambda_k u_k`` and ``dJ/dt = -Q(J'z, .)``::

    lambda_k'  = u_k' K' u_k
    lambda_k'' = u_k' K'' u_k + 2 sum_{j != k} (u_j' K' u_k)^2 / (lambda_k - lambda_j)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .model import RegressionState
from .validation import check_count, refuse

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class EigenvalueRates:
    """An NTK eigenvalue with its time derivatives along the gradient flow.

    Attributes:
        value: Eigenvalue.
        first: First time derivative.
        second: Second time derivative.
        gap: Distance to the nearest other eigenvalue; the derivatives lose about ``1e-16 lambda / gap``.
    """

    value: float
    first: float
    second: float
    gap: float


def eigenvalue_rates(state: RegressionState, index: int = 0) -> EigenvalueRates:
    """Return an NTK eigenvalue and its first two time derivatives at one state.

    Args:
        state: State with float64 arrays.
        index: Which eigenvalue, 0 for the largest.

    Returns:
        The value and its derivatives, to rounding over the relative gap.

    Raises:
        DomainError: If there is no such eigenvalue, or if it is not simple.
    """
    check_count("eigenvalue_rates()", "index", index, minimum=0)
    if index >= state.outputs:
        refuse("eigenvalue_rates()", f"an index below D = {state.outputs}", str(index), "Count from 0.")
    values, vectors = np.linalg.eigh(state.ntk())
    place = state.outputs - 1 - index
    value, vector = float(values[place]), vectors[:, place]
    others = np.delete(np.arange(state.outputs), place)
    distance = value - values[others]
    gap = float(np.abs(distance).min()) if len(others) else np.inf
    if gap <= 1e-13 * abs(values[-1]):
        refuse(
            "eigenvalue_rates()",
            "a simple eigenvalue",
            f"a gap of {gap:.1e}",
            "A multiple eigenvalue has no derivative; perturb the state.",
        )
    direction = state.gradient()
    velocity = -state.contract(direction)
    turn = velocity.T @ state.z - state.J.T @ (state.J @ direction)
    acceleration = -state.contract(turn)
    pull = state.J.T @ vector
    first_column = velocity @ pull + state.J @ (velocity.T @ vector)
    first = float(vector @ first_column)
    push = velocity.T @ vector
    second = 2 * float(vector @ (acceleration @ pull)) + 2 * float(push @ push)
    if len(others):
        second += 2 * float(np.sum((vectors[:, others].T @ first_column) ** 2 / distance))
    return EigenvalueRates(value, first, second, gap)
