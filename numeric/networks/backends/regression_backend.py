"""The quadratic regression model itself, by its closed formulas: the source on which every prediction is exact."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...regression.model import RegressionModel
from .backend import Array, Backend, Derivatives
from .shapes import real_array


class RegressionBackend(Backend):
    """A quadratic regression model with D outputs, as D examples of one output, loss ``|z|^2 / (2 D)``."""

    source, loss_name, device = "regression", "mse", "cpu"
    dtype = np.dtype("float64")

    def __init__(self, model: RegressionModel, start: Any) -> None:
        """Keep the model.

        Args:
            model: the model.
            start: parameters, shape ``(P,)``.

        Raises:
            DomainError: a start of another shape, or not finite.
        """
        self.model = model
        self.start = np.array(real_array("Problem.from_regression()", "start", start))
        if self.start.shape != (model.G.shape[0],) or not np.isfinite(self.start).all():
            got = f"shape {self.start.shape}"
            raise DomainError.of(
                "Problem.from_regression()",
                f"a finite start of shape ({model.G.shape[0]},)",
                got,
                "Give one number each.",
            )
        self.examples = self.outputs = int(model.G.shape[1])
        self._arrays = tuple(np.asarray(a, dtype=np.float64) for a in (model.G.T, model.Q, model.y))

    def flatten(self, parameters: Any) -> Array:
        """The parameters are flat already."""
        return np.asarray(real_array("Problem.flatten()", "parameters", parameters))

    def unflatten(self, theta: Array) -> Any:
        """The parameters are flat already."""
        return theta

    def at(self, theta: Array, batch: Array | None) -> Derivatives:
        """Derivatives at a point; see ``Backend``."""
        G, Q, y = self._arrays
        chosen = slice(None) if batch is None else batch
        return RegressionDerivatives(G[chosen], Q[chosen], y[chosen], np.asarray(theta, dtype=np.float64))

    def in_double(self) -> Backend:
        """It is in float64."""
        return self

    def foreseen_bytes(self, columns: int) -> int | None:
        """The Hessian and its products."""
        return 8 * len(self.start) * (len(self.start) + 2 * columns)

    def available_bytes(self) -> int | None:
        """The model is in memory already."""
        return None


class RegressionDerivatives(Derivatives):
    """Derivatives of the quadratic regression model at one point."""

    def __init__(self, linear: Array, curvature: Array, offset: Array, theta: Array) -> None:
        """Contract Q once.

        Args:
            linear: ``G'``, shape ``(D, P)``.
            curvature: Q, shape ``(D, P, P)``.
            offset: y, shape ``(D,)``.
            theta: parameters, shape ``(P,)``.
        """
        self._Q = curvature
        moved = curvature @ theta
        self._z = offset + linear @ theta + moved @ theta / 2
        self._J = linear + moved

    def loss(self) -> float:
        """The loss."""
        return float(self._z @ self._z) / (2 * len(self._z))

    def gradient(self) -> Array:
        """Its gradient."""
        return np.asarray(self._J.T @ self._z / len(self._z))

    def outputs(self) -> Array:
        """Outputs less targets: the target is part of the model."""
        return self._z

    def residual(self) -> Array:
        """The residual z."""
        return self._z

    def hessian_product(self, vectors: Array) -> Array:
        """Loss Hessian times columns."""
        bend = np.einsum("a,apq->pq", self._z, self._Q)
        return np.asarray((self._J.T @ (self._J @ vectors) + bend @ vectors) / len(self._z))

    def gauss_newton_product(self, vectors: Array) -> Array:
        """``J'J V / D``."""
        return np.asarray(self._J.T @ (self._J @ vectors) / len(self._z))

    def jacobian_product(self, vectors: Array) -> Array:
        """``J V``."""
        return np.asarray(self._J @ vectors)

    def transposed_product(self, vectors: Array) -> Array:
        """``J' U``."""
        return np.asarray(self._J.T @ vectors)

    def third_product(self, first: Array, second: Array) -> Array:
        """``D^3 L [u, v, .]``: three ways to pair a slope with a curvature."""
        slopes = self._J @ np.stack([first, second], 1)
        bends = self._Q @ np.stack([first, second], 1)
        parts = np.einsum("a,ap->p", slopes[:, 0], bends[:, :, 1]) + np.einsum("a,ap->p", slopes[:, 1], bends[:, :, 0])
        return np.asarray((parts + self._J.T @ (bends[:, :, 1] @ first)) / len(self._z))

    def output_curvature(self, cotangent: Array, first: Array, second: Array) -> float:
        """``c' Q(u, v)``."""
        return float(cotangent @ (self._Q @ second @ first))
