"""Derivatives of a JAX model at one point, by the programs that its backend compiled."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .backend import Array, Derivatives
from .jax_rows import JaxRows
from .placed import Placed

FEW = 4
"""Up to so many columns are multiplied one by one in a small model."""


class JaxDerivatives(Derivatives):
    """Derivatives of a JAX model at one point."""

    def __init__(self, backend: Any, theta: Array, batch: Array | None) -> None:
        """Put the point on the device.

        Args:
            backend: whose model.
            theta: flat parameters.
            batch: numbers of the examples, or None for all.
        """
        self._backend = backend
        with backend.arithmetic():
            # on a CPU a program takes a NumPy array at once; made into one of JAX first, that costs more than a product
            self._theta = backend._real(theta) if backend.stays else np.array(theta, backend.dtype)
            data = (backend._inputs, backend._targets)
            self._data = data if batch is None else backend._gather(data, batch)
        self._count = backend.examples if batch is None else len(batch)
        self._value: tuple[float, Array] | None = None

    def placed(self, name: str) -> Placed | None:
        """Products that stay on the device, if it is another one than the host."""
        if not self._backend.stays:
            return None

        def multiply(tall: Any) -> Any:
            if name == "ntk":
                return self._mean("forward", self._run("backward", tall))
            return self._mean(name.replace("-", "_"), tall)

        return Placed(multiply, partial(JaxRows, backend=self._backend))

    def _mean(self, name: str, *arguments: Any) -> Any:
        with self._backend.arithmetic():
            return self._run(name, *arguments) / self._count

    def _run(self, name: str, *arguments: Array) -> Any:
        with self._backend.arithmetic():
            place = self._backend._real if self._backend.stays else partial(np.asarray, dtype=self._backend.dtype)
            real = [place(a) for a in arguments]
            return self._backend._programs[name](self._theta, *self._data, *real)

    def _columns(self, name: str, vectors: Array) -> Array:
        """A product of columns; a few of a small model one by one, as each new number of columns compiles anew."""
        if self._backend.small and 1 < vectors.shape[1] <= FEW:
            return np.concatenate([self._run(name, column[:, None]) for column in vectors.T], 1)
        return np.asarray(self._run(name, vectors))

    def _both(self) -> tuple[float, Array]:
        if self._value is None:
            loss, slope = self._run("value")
            self._value = float(loss) / self._count, np.asarray(slope) / self._count
        return self._value

    def loss(self) -> float:
        """The loss."""
        return self._both()[0]

    def gradient(self) -> Array:
        """Its gradient."""
        return self._both()[1]

    def outputs(self) -> Array:
        """Outputs, flat."""
        return np.asarray(self._run("outputs"))

    def residual(self) -> Array:
        """Derivative of the summed loss in the outputs."""
        return np.asarray(self._run("residual"))

    def hessian_product(self, vectors: Array) -> Array:
        """Loss Hessian times columns."""
        return self._columns("hessian", vectors) / self._count

    def gauss_newton_product(self, vectors: Array) -> Array:
        """Gauss-Newton matrix times columns."""
        return self._columns("gauss_newton", vectors) / self._count

    def jacobian_product(self, vectors: Array) -> Array:
        """Jacobian times columns."""
        return self._columns("forward", vectors)

    def transposed_product(self, vectors: Array) -> Array:
        """Transposed Jacobian times columns."""
        return self._columns("backward", vectors)

    def third_product(self, first: Array, second: Array) -> Array:
        """Third derivative of the loss in two directions."""
        return np.asarray(self._run("third", first, second)) / self._count

    def output_curvature(self, cotangent: Array, first: Array, second: Array) -> float:
        """Second derivative of the outputs, contracted."""
        return float(self._run("second", cotangent, first, second))
