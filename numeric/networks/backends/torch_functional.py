"""Derivatives of a module by torch.func and the operators of curvlinops, forward over reverse.

They stand in where an operation of the model has no second backward pass, and in the tests for an independent twin.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch.func import grad, jvp, vjp, vmap

from ....symbolic.algebra.errors import DomainError
from .torch_graph import Total
from .torch_module import INSTALL, WHERE


def _quiet() -> Any:
    """No warnings about ``torch.jit``, which PyTorch and what curvlinops imports still use when they are loaded."""
    return warnings.catch_warnings(action="ignore", category=DeprecationWarning)


with _quiet():
    # the first derivative in forward mode loads PyTorch's rules for it
    jvp(torch.sin, (torch.zeros(1),), (torch.zeros(1),))


def need_curvlinops() -> Any:
    """Import curvlinops.

    Returns:
        The module.

    Raises:
        DomainError: it is not installed.
    """
    try:
        with _quiet():
            import curvlinops
    except ModuleNotFoundError as error:
        raise DomainError.of(WHERE, "curvlinops", "no such package", INSTALL) from error
    return curvlinops


class _Flat(torch.nn.Module):
    """The model with its flat parameters as the only parameter, as curvlinops takes it."""

    def __init__(self, function: Any, theta: Any) -> None:
        super().__init__()
        # in a list, so that the user's parameters are none of this module's
        self._function = [function]
        self.theta = torch.nn.Parameter(theta)

    def forward(self, inputs: Any) -> Any:
        """Outputs."""
        return self._function[0](self.theta, inputs)


class _Sum(torch.nn.Module):
    """The sum of losses, as curvlinops takes it."""

    reduction = "sum"

    def __init__(self, total: Total) -> None:
        super().__init__()
        self._total = total

    def forward(self, outputs: Any, targets: Any) -> Any:
        """Sum."""
        return self._total(outputs, targets)


class Functional:
    """The products of ``Graph`` by another road, with the same names and shapes, under the function's ``settings``."""

    def __init__(self, function: Any, theta: Any, inputs: Any, targets: Any, total: Total) -> None:
        """Keep the point.

        Args:
            function: ``f(theta, inputs)``.
            theta: flat parameters.
            inputs: of the examples.
            targets: of the examples.
            total: the sum of losses.
        """
        self._function, self._theta, self._inputs, self._targets = function, theta.detach(), inputs, targets
        self._total = total

    def _outputs(self, theta: Any) -> Any:
        return self._function(theta, self._inputs)

    def _slope(self, theta: Any) -> Any:
        return grad(lambda t: self._total(self._outputs(t), self._targets))(theta)

    def _operator(self, name: str) -> Any:
        # in a dict, since curvlinops moves bare tensors only and takes all else as it is
        data = [({"inputs": self._inputs}, self._targets)]
        flat = _Flat(lambda theta, wrapped: self._function(theta, wrapped["inputs"]), self._theta)
        kind = getattr(need_curvlinops(), name)
        return kind(
            flat,
            _Sum(self._total),
            [flat.theta],
            data,
            check_deterministic=False,
            num_data=1,
            batch_size_fn=lambda _: 1,
        )

    def hessian(self, vectors: Any) -> Any:
        """Hessian of the sum times columns."""
        return self._operator("HessianLinearOperator") @ vectors

    def gauss_newton(self, vectors: Any) -> Any:
        """Gauss-Newton matrix of the sum times columns."""
        return self._operator("GGNLinearOperator") @ vectors

    def jacobian(self, vectors: Any) -> Any:
        """``J V``."""
        return vmap(lambda v: jvp(self._outputs, (self._theta,), (v,))[1].ravel(), 1, 1)(vectors)

    def transposed(self, vectors: Any) -> Any:
        """``J' U``."""
        found: Any = vjp(self._outputs, self._theta)
        return vmap(lambda u: found[1](u.reshape(found[0].shape))[0], 1, 1)(vectors)

    def third(self, first: Any, second: Any) -> Any:
        """Third derivative of the sum in two directions."""
        return jvp(lambda t: jvp(self._slope, (t,), (first,))[1], (self._theta,), (second,))[1]

    def curvature(self, cotangent: Any, first: Any, second: Any) -> Any:
        """Second derivative of the outputs, contracted."""
        bend = jvp(lambda t: jvp(self._outputs, (t,), (first,))[1], (self._theta,), (second,))[1]
        return cotangent @ bend.ravel()
