"""How far an eigenvalue can be from a computed one: what is proved, what is estimated.

Proved, for any symmetric A, unit vector x and number theta: some eigenvalue lies within ``|A x - theta x|`` of theta;
and for orthonormal X and ``R = A X - X diag(theta)`` there are as many eigenvalues, counted with multiplicity, that lie
one to one within ``|R|`` of the thetas (Kahan). Both speak of the exact matrix, at the parameters as they are stored.

Estimated: the rounding of the product, ``|fl(A x) - A x|``, which no general model lets one prove. It is taken as
``ROUNDING`` units in the last place of the arithmetic of the residual, times the matrix's scale, or four times the
asymmetry that the products were seen to have, whichever is larger. In float32 problems the residual is evaluated in
float64, so that float32 rounding is in the residual itself and is not estimated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backends.backend import Array

ROUNDING = 64
"""Units in the last place, relative to the matrix's scale, that a product is taken to be wrong by."""


@dataclass(frozen=True, eq=False)
class Residuals:
    """Bounds of a set of approximate eigenpairs.

    Attributes:
        bounds: each value is within its bound of an eigenvalue, shape ``(c,)``.
        paired: as many eigenvalues, counted with multiplicity, lie one to one within this of the values.
        rounding: the margin for the product's rounding that both contain.
    """

    bounds: Array
    paired: float
    rounding: float


def bound_residuals(values: Array, vectors: Array, images: Array, scale: float, dtype: np.dtype[Any]) -> Residuals:
    """Bounds from residuals.

    Args:
        values: thetas, shape ``(c,)``.
        vectors: X, nearly orthonormal, shape ``(n, c)``, float64.
        images: computed products.
        scale: size of the matrix.
        dtype: arithmetic of the products.

    Returns:
        The bounds.
    """
    overlap = vectors.T @ images
    asymmetry = float(np.abs(overlap - overlap.T).max(initial=0.0))
    rounding = max(ROUNDING * float(np.finfo(dtype).eps) * scale, 4 * asymmetry)
    lengths = np.linalg.norm(vectors, axis=0)
    residual = images - vectors * values
    # norms of n numbers in float64, and X's distance from orthonormal, are far below the margin
    each = (np.linalg.norm(residual, axis=0) + rounding) / lengths
    together = float(np.linalg.norm(residual, 2)) if residual.size else 0.0
    return Residuals(each, together + rounding * np.sqrt(max(len(values), 1)), rounding)


def quadratic_errors(values: Array, bounds: Array, others: Array, rounding: float) -> Array:
    """Errors as Temple and Kato would have them, if the Ritz values known show the gaps that there are.

    Args:
        values: the wanted values.
        bounds: their residual bounds.
        others: all Ritz values of the subspace, the wanted among them.
        rounding: margin of the product.

    Returns:
        ``min(bound, bound^2 / gap) + rounding``: an estimate, since a gap that is not seen is not ruled out.
    """
    found = np.array(bounds, dtype=float)
    for j, (theta, bound) in enumerate(zip(values, bounds, strict=True)):
        rest = np.delete(others, int(np.argmin(np.abs(others - theta))))
        gap = float(np.abs(rest - theta).min(initial=np.inf)) - bound
        if gap > bound:
            found[j] = bound * bound / gap + rounding if np.isfinite(gap) else bound
    return np.minimum(found, bounds)
