"""Derivatives of a module on some examples by graphs of PyTorch that are kept: a product costs one backward pass.

The gradient is differentiated once more (Pearlmutter's product by double backward). Its graph is built once at a point
and then serves every product there; forward-over-reverse, which computes the gradient anew for each product, took
1.7 to 2.5 times as long on a fully connected network.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch

Total = Callable[[Any, Any], Any]
"""The sum of losses from outputs and targets."""


def pull(output: Any, source: Any, cotangent: Any = None, *, again: bool = False) -> Any:
    """Derivative of ``<cotangent, output>`` in ``source``; zero where the one does not depend on the other.

    Args:
        output: what is differentiated.
        source: with respect to what.
        cotangent: weights of the outputs; 1 for a number.
        again: keep a graph of the derivative, to differentiate it too.

    Returns:
        A tensor of the source's shape.
    """
    if not output.requires_grad:
        return torch.zeros_like(source)
    (found,) = torch.autograd.grad(
        output, source, cotangent, retain_graph=True, create_graph=again, materialize_grads=True
    )
    return found


class Graph:
    """Derivatives at one point on one chunk of examples; vectors in columns, as in ``Derivatives``.

    Everything here runs under the function's ``settings``.
    """

    def __init__(self, function: Any, theta: Any, inputs: Any, targets: Any, total: Total) -> None:
        """Run the model.

        Args:
            function: ``f(theta, inputs)``.
            theta: flat parameters.
            inputs: of the examples.
            targets: of the examples.
            total: the sum of losses.
        """
        self._theta = theta.detach().requires_grad_()
        self._targets, self._total = targets, total
        self._outputs = function(self._theta, inputs)
        self._sum = total(self._outputs, targets)

    def loss(self) -> float:
        """Sum of losses."""
        return float(self._sum.detach())

    def outputs(self) -> Any:
        """Outputs, flat."""
        return self._outputs.detach().ravel()

    def residual(self) -> Any:
        """Derivative of the sum in the outputs."""
        return self._inner[1].detach().ravel()

    def gradient(self) -> Any:
        """Gradient of the sum."""
        return pull(self._sum, self._theta)

    def hessian(self, vectors: Any) -> Any:
        """Hessian of the sum times columns."""
        return self._columns(vectors, lambda v: pull(self._gradient, self._theta, v))

    def gauss_newton(self, vectors: Any) -> Any:
        """``J' (second derivative of the sum in the outputs) J`` times columns."""
        outputs, slope = self._inner

        def one(v: Any) -> Any:
            return pull(self._outputs, self._theta, pull(slope, outputs, self._push(v)))

        return self._columns(vectors, one)

    def jacobian(self, vectors: Any) -> Any:
        """``J V``."""
        return self._columns(vectors, lambda v: self._push(v).ravel())

    def transposed(self, vectors: Any) -> Any:
        """``J' U``."""
        shape = self._outputs.shape
        return self._columns(vectors, lambda u: pull(self._outputs, self._theta, u.reshape(shape)))

    def third(self, first: Any, second: Any) -> Any:
        """Third derivative of the sum in two directions."""
        return pull(pull(self._gradient, self._theta, first, again=True), self._theta, second)

    def curvature(self, cotangent: Any, first: Any, second: Any) -> Any:
        """Second derivative of the outputs, contracted."""
        slope = pull(self._outputs, self._theta, cotangent.reshape(self._outputs.shape), again=True)
        return pull(slope, self._theta, first) @ second

    @cached_property
    def _gradient(self) -> Any:
        return pull(self._sum, self._theta, again=True)

    @cached_property
    def _inner(self) -> tuple[Any, Any]:
        """The outputs as a variable of their own, and the derivative of the sum in them."""
        outputs = self._outputs.detach().requires_grad_()
        return outputs, pull(self._total(outputs, self._targets), outputs, again=True)

    @cached_property
    def _back(self) -> tuple[Any, Any]:
        """``J' w`` with a graph in w: its derivative is J."""
        weights = torch.zeros_like(self._outputs, requires_grad=True)
        return weights, pull(self._outputs, self._theta, weights, again=True)

    def _push(self, vector: Any) -> Any:
        weights, back = self._back
        return pull(back, weights, vector)

    @staticmethod
    def _columns(vectors: Any, multiply: Callable[[Any], Any]) -> Any:
        return torch.stack([multiply(v).detach() for v in vectors.unbind(1)], 1)
