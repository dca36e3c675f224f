"""The curvature that an optimiser with a diagonal preconditioner sees."""

from __future__ import annotations

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ..backends.backend import Array
from ..backends.shapes import real_array
from ..point import Curvature


def preconditioned(curvature: Curvature, diagonal: Array) -> Curvature:
    """The matrix ``D^(-1/2) A D^(-1/2)``, which has the eigenvalues of ``D^(-1) A``.

    For a step ``theta' = theta - eta m / D`` (Adam, RMSProp, Adagrad) at a frozen D it takes the place of the Hessian,
    and the optimiser's edge is that of m alone (``stability_edge``).

    Args:
        curvature: A, usually the Hessian, shape ``(n, n)``.
        diagonal: D, positive, shape ``(n,)``; for Adam ``sqrt(v / (1 - beta_2^t)) + damping``, times
            ``1 - beta_1^t`` while that differs from 1.

    Returns:
        The curvature; its products count as those of A.

    Raises:
        DomainError: a diagonal of another size, or with an entry that is not positive and finite.

    Source:
        Cohen et al. 2022, the preconditioned sharpness.

    Example:
        >>> model = es.RegressionModel(G=[[1.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.5]]], y=[0.0])
        >>> hessian = es.networks.Problem.from_regression(model, [1.0, 2.0]).at().hessian
        >>> seen = es.networks.preconditioned(hessian, [4.0, 1.0])
        >>> seen.name, bool(seen.dense()[0, 0] == hessian.dense()[0, 0] / 4)
        ('preconditioned hessian', True)
    """
    where = "preconditioned()"
    entries = real_array(where, "diagonal", diagonal)
    if entries.shape != (curvature.size,):
        raise DomainError.of(where, f"a diagonal of shape ({curvature.size},)", str(entries.shape), "One entry each.")
    if not (np.isfinite(entries).all() and (entries > 0).all()):
        got = f"an entry {entries[~(np.isfinite(entries) & (entries > 0))][0]}"
        fix = "Take it after the first step, with the damping of the optimiser added."
        raise DomainError.of(where, "positive, finite entries", got, fix)
    root = 1 / np.sqrt(entries)[:, None]

    def multiply(vectors: Array) -> Array:
        return np.asarray(root * (curvature @ (root * vectors)))

    def double() -> Curvature | None:
        exact = curvature.in_double()
        return None if exact is None else preconditioned(exact, entries)

    return Curvature(f"preconditioned {curvature.name}", curvature.size, curvature.dtype, multiply, double)
