"""Spectra of the tangent kernel and of the loss Hessian, each eigenvalue with a bound on its error.

The two are kept apart by type: the curvature that Theorems 1 and 2 speak of is the top eigenvalue of ``J J'``; the
sharpness that bounds a stable step is the top eigenvalue of the Hessian ``J'J + sum_a z_a Q_a``.  At ``z = 0`` they
agree up to zeros; away from it they do not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..runs.limits import refuse

Array = np.ndarray[Any, np.dtype[Any]]
Matrix = Literal["NTK", "loss Hessian"]

UNIT_ROUNDOFF = 2.0**-53


@dataclass(frozen=True, eq=False)
class Spectrum:
    """All eigenvalues of one symmetric matrix.

    Attributes:
        matrix: which matrix it is, "NTK" or "loss Hessian".
        values: eigenvalues, largest first.
        bound: every ``values[k]`` is within ``bound`` of the k-th exact eigenvalue.
        residual: the part of ``bound`` that the eigenvectors leave, the rest being rounding in the matrix itself.
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
        """A one-line summary."""
        shown = ", ".join(f"{value:.6g}" for value in self.values[:3])
        return f"{self.matrix}: {shown}{', ..' if len(self.values) > 3 else ''} (each within {self.bound:.1e})"


def ntk_spectrum(jacobian: Array) -> Spectrum:
    """The spectrum of ``J J'``.

    Args:
        jacobian: J, shape ``(D, P)``.

    Returns:
        D eigenvalues, largest first, with an error bound that includes the rounding of the product.
    """
    jacobian = as_float(jacobian)
    forming = gamma(jacobian.shape[1]) * frobenius(jacobian) ** 2
    return symmetric_spectrum("NTK", jacobian @ jacobian.T, forming)


def hessian_spectrum(z: Array, jacobian: Array, curvature: Array) -> Spectrum:
    """The spectrum of the loss Hessian ``J'J + sum_a z_a Q_a``.

    Args:
        z: residual, shape ``(D,)``.
        jacobian: J, shape ``(D, P)``.
        curvature: Q, shape ``(D, P, P)``.

    Returns:
        P eigenvalues, largest first, with an error bound that includes the rounding of the sums.
    """
    z, jacobian, curvature = as_float(z), as_float(jacobian), as_float(curvature)
    outputs, parameters = jacobian.shape
    weight = sum(abs(float(z[a])) * frobenius(curvature[a]) for a in range(outputs))
    forming = gamma(outputs + 1) * (frobenius(jacobian) ** 2 + weight)
    matrix = jacobian.T @ jacobian + (z @ curvature.reshape(outputs, -1)).reshape(parameters, parameters)
    return symmetric_spectrum("loss Hessian", matrix, forming)


def symmetric_spectrum(name: Matrix, matrix: Array, forming: float) -> Spectrum:
    """All eigenvalues of a symmetric matrix with Kahan's residual bound.

    For any V of full rank and any diagonal T the sorted eigenvalues differ from the sorted diagonal by at most
    ``|A V - V T| / sigma_min(V)``, so the bound rests on the vectors at hand and not on trust in the solver.

    Args:
        name: what the matrix is.
        matrix: symmetric matrix, shape ``(n, n)``.
        forming: bound on the norm of the rounding error already in ``matrix``.

    Returns:
        The spectrum.

    Raises:
        DomainError: a NaN or infinity; eigensolvers answer those with obscure failures.
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


def as_float(array: Array) -> Array:
    """An array as float64, exact ones rounded once."""
    return np.ascontiguousarray(array, dtype=np.float64)


def frobenius(array: Array) -> float:
    """The Frobenius norm."""
    return float(np.sqrt(np.sum(array * array)))


def gamma(terms: int) -> float:
    """Higham's ``n u / (1 - n u)``, the relative error of a sum of ``n`` products."""
    return terms * UNIT_ROUNDOFF / (1 - terms * UNIT_ROUNDOFF)
