"""What a backend has to offer: one model, its data and its loss, differentiated at flat parameters.

The loss is the mean over examples of a loss of the outputs, ``L(theta) = sum_i l(f(theta; x_i), y_i) / N``. Everything
that is measured or predicted is built from the few products below, so a new source of models is one class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from .placed import Array as Array
from .placed import Placed


class Derivatives(ABC):
    """Derivatives of one model at one point; vectors come in columns, shape ``(.., k)``.

    Source:
        The usual products of automatic differentiation (Pearlmutter 1994; Schraudolph 2002).

    Example:
        >>> problem = es.networks.Problem.from_regression(es.RegressionModel(G=[[1.0]], Q=[[[0.5]]], y=[-1.0]), [0.1])
        >>> problem.backend.at(problem.start, None).hessian_product(np.eye(1)).shape
        (1, 1)
    """

    @abstractmethod
    def loss(self) -> float:
        """The loss, possibly infinite or nan."""

    @abstractmethod
    def gradient(self) -> Array:
        """The gradient of the loss, shape ``(P,)``."""

    @abstractmethod
    def outputs(self) -> Array:
        """The model's outputs, flattened to ``(M,)``."""

    @abstractmethod
    def residual(self) -> Array:
        """Derivative of the sum of losses with respect to the outputs, ``(M,)``: ``f - y`` for the squared loss."""

    @abstractmethod
    def hessian_product(self, vectors: Array) -> Array:
        """The loss Hessian times each column, shape ``(P, k)``."""

    @abstractmethod
    def gauss_newton_product(self, vectors: Array) -> Array:
        """``J' (second derivative of the loss in the outputs) J / N`` times each column, shape ``(P, k)``."""

    @abstractmethod
    def jacobian_product(self, vectors: Array) -> Array:
        """``J V``, shape ``(M, k)``, from ``(P, k)``."""

    @abstractmethod
    def transposed_product(self, vectors: Array) -> Array:
        """``J' U``, shape ``(P, k)``, from ``(M, k)``."""

    @abstractmethod
    def third_product(self, first: Array, second: Array) -> Array:
        """The third derivative of the loss, ``D^3 L [u, v, .]``, shape ``(P,)``."""

    def placed(self, name: str) -> Placed | None:
        """Products with ``"hessian"``, ``"gauss-newton"`` or ``"ntk"`` that stay where they are made, if they can."""
        return None

    @abstractmethod
    def output_curvature(self, cotangent: Array, first: Array, second: Array) -> float:
        """``c' Q(u, v)``, Q the second derivative of the outputs, c of shape ``(M,)``."""


class Backend(ABC):
    """One model with its data and loss.

    Attributes:
        source: what differentiates it, for messages: ``"jax"``, ``"torch"``, ``"regression"``.
        start: the parameters it was made with, flat, shape ``(P,)``.
        examples: number of examples N.
        outputs: number of outputs M of all examples; None where only the loss is known.
        loss_name: ``"mse"``, ``"cross-entropy"`` or ``"own"``.
        dtype: type of the arithmetic.
        device: where it runs.

    Source:
        The protocol of this package.

    Example:
        >>> problem = es.networks.Problem.from_regression(es.RegressionModel(G=[[1.0]], Q=[[[0.5]]], y=[-1.0]), [0.1])
        >>> problem.backend.source, problem.backend.examples
        ('regression', 1)
    """

    source: str
    start: Array
    examples: int
    outputs: int | None
    loss_name: str
    dtype: np.dtype[Any]
    device: str

    @abstractmethod
    def flatten(self, parameters: Any) -> Array:
        """Parameters in the user's own form as a flat array, shape ``(P,)``."""

    def placing(self, parameters: Any) -> Any:
        """Parameters in the user's own form as a flat array where the model runs; on the host by default."""
        return self.flatten(parameters)

    @abstractmethod
    def unflatten(self, theta: Array) -> Any:
        """Flat parameters in the user's own form."""

    @abstractmethod
    def at(self, theta: Array, batch: Array | None) -> Derivatives:
        """Derivatives at a point, of the loss over all examples or over those of ``batch`` (their numbers)."""

    @abstractmethod
    def in_double(self) -> Backend:
        """The same model in float64; itself if it is there already."""

    @abstractmethod
    def foreseen_bytes(self, columns: int) -> int | None:
        """Memory that one Hessian product with ``columns`` vectors needs, before it runs; None where not known."""

    @abstractmethod
    def available_bytes(self) -> int | None:
        """Memory that is free where the model runs; None where not known."""
