"""Spectra of the tangent kernel and of the loss Hessian with error bounds, and the motion of an NTK eigenvalue.

The two are kept apart by type: the curvature that Theorems 1 and 2 speak of is the top eigenvalue of ``J J'``; the
sharpness that bounds a stable step is the top eigenvalue of the Hessian ``J'J + sum_a z_a Q_a``.  At ``z = 0`` they
agree up to zeros; away from it they do not.

With ``K = J J'``, ``K u_k = lambda_k u_k`` and ``dJ/dt = -Q(J'z, .)``::

    lambda_k'  = u_k' K' u_k
    lambda_k'' = u_k' K'' u_k + 2 sum_{j != k} (u_j' K' u_k)^2 / (lambda_k - lambda_j)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..runs.limits import check_count, refuse

if TYPE_CHECKING:
    from .model import RegressionState

Array = np.ndarray[Any, np.dtype[Any]]
Matrix = Literal["NTK", "loss Hessian"]

UNIT_ROUNDOFF = 2.0**-53


@dataclass(frozen=True, eq=False)
class Spectrum:
    """All eigenvalues of one symmetric matrix.

    Attributes:
        matrix: Which matrix it is, "NTK" or "loss Hessian".
        values: Eigenvalues, largest first.
        bound: Every ``values[k]`` is within ``bound`` of the k-th exact eigenvalue.
        residual: The part of ``bound`` that the eigenvectors leave, the rest being rounding in the matrix itself.
    """

    matrix: Matrix
    values: Array
    bound: float
    residual: float

    @property
    def top(self) -> float:
        """The largest eigenvalue."""
        return float(self.values[0])

    def __str__(self) -> str:
        """Return a one-line summary."""
        shown = ", ".join(f"{value:.6g}" for value in self.values[:3])
        return f"{self.matrix}: {shown}{', ..' if len(self.values) > 3 else ''} (each within {self.bound:.1e})"


def ntk_spectrum(state: RegressionState) -> Spectrum:
    """Return the spectrum of ``J J'``.

    Args:
        state: State with float64 arrays.

    Returns:
        D eigenvalues, largest first, with an error bound that includes the rounding of the product.

    Raises:
        DomainError: If the state holds a NaN or an infinity.
    """
    jacobian = as_float(state.J)
    forming = gamma(state.parameters) * frobenius(jacobian) ** 2
    return symmetric_spectrum("NTK", jacobian @ jacobian.T, forming)


def hessian_spectrum(state: RegressionState) -> Spectrum:
    """Return the spectrum of the loss Hessian.

    Args:
        state: State with float64 arrays.

    Returns:
        P eigenvalues, largest first, with an error bound that includes the rounding of the sums.

    Raises:
        DomainError: If the state holds a NaN or an infinity.
    """
    z, jacobian, curvature = as_float(state.z), as_float(state.J), as_float(state.Q)
    weight = sum(abs(float(z[a])) * frobenius(curvature[a]) for a in range(state.outputs))
    forming = gamma(state.outputs + 1) * (frobenius(jacobian) ** 2 + weight)
    flat = curvature.reshape(state.outputs, -1)
    matrix = jacobian.T @ jacobian + (z @ flat).reshape(state.parameters, state.parameters)
    return symmetric_spectrum("loss Hessian", matrix, forming)


def symmetric_spectrum(name: Matrix, matrix: Array, forming: float) -> Spectrum:
    """Return all eigenvalues of a symmetric matrix with Kahan's residual bound.

    For any V of full rank and any diagonal T the sorted eigenvalues differ from the sorted diagonal by at most
    ``|A V - V T| / sigma_min(V)``, so the bound rests on the vectors at hand and not on trust in the solver.

    Args:
        name: What the matrix is.
        matrix: Symmetric matrix, shape ``(n, n)``.
        forming: Bound on the norm of the rounding error already in ``matrix``.

    Returns:
        The spectrum.

    Raises:
        DomainError: On a NaN or infinity; eigensolvers answer those with obscure failures.
    """
    if not np.isfinite(matrix).all():
        refuse(
            "symmetric_spectrum()",
            f"a finite {name}",
            "NaN or infinity",
            "The run has diverged: read its status and step first.",
        )
    size = len(matrix)
    values, vectors = np.linalg.eigh(matrix)
    remainder = matrix @ vectors - vectors * values
    rounding = gamma(size + 2) * (frobenius(matrix) + float(np.abs(values).max())) * math.sqrt(size)
    defect = frobenius(vectors.T @ vectors - np.eye(size)) + gamma(size) * size
    residual = (frobenius(remainder) + rounding) / math.sqrt(max(1.0 - defect, 0.5))
    return Spectrum(name, values[::-1].copy(), residual + forming, residual)


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
    gradient = state.gradient()
    velocity = -state.contract(gradient)  # dJ/dt, and the gradient's own derivative moves it
    acceleration = -state.contract(velocity.T @ state.z - state.J.T @ (state.J @ gradient))
    direction, changed = state.J.T @ vector, velocity.T @ vector
    column = velocity @ direction + state.J @ changed  # (dK/dt) u
    first = float(vector @ column)
    second = 2 * float(vector @ (acceleration @ direction)) + 2 * float(changed @ changed)
    if len(others):
        second += 2 * float(np.sum((vectors[:, others].T @ column) ** 2 / distance))
    return EigenvalueRates(value, first, second, gap)


def as_float(array: Array) -> Array:
    """Return an array as float64, exact ones rounded once."""
    return np.ascontiguousarray(array, dtype=np.float64)


def frobenius(array: Array) -> float:
    """Return the Frobenius norm."""
    return float(np.sqrt(np.sum(array * array)))


def gamma(terms: int) -> float:
    """Return Higham's ``n u / (1 - n u)``, the relative error of a sum of ``n`` products."""
    return terms * UNIT_ROUNDOFF / (1 - terms * UNIT_ROUNDOFF)
