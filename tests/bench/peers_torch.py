"""What curvlinops offers for the same question, as its users call it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
    import curvlinops

Array = np.ndarray[Any, np.dtype[Any]]


def hessian_by_curvlinops(module: Any, loss: Any, inputs: Any, targets: Any) -> Callable[[Array], Array]:
    """Products with the loss Hessian of a module at its present parameters.

    Args:
        module: the module.
        loss: loss module, the mean over examples.
        inputs: tensor.
        targets: tensor.

    Returns:
        From columns ``(P, k)`` to columns.
    """
    parameters = [p for p in module.parameters() if p.requires_grad]
    hessian = curvlinops.HessianLinearOperator(
        module, loss, parameters, [(inputs, targets)], check_deterministic=False, num_data=len(inputs)
    )
    kind = parameters[0].dtype

    def product(vectors: Array) -> Array:
        return np.asarray((hessian @ torch.as_tensor(vectors, dtype=kind)).numpy())

    return product
