"""The independent twin of the JAX networks: a fully connected tanh network in NumPy, differentiated by hand.

``z(theta) = f(theta; X) - Y`` flattened to ``N C`` numbers and loss ``|z|^2 / (2 N)``, so that with ``h = eta / N`` the
network is the general regression model ``theta' = theta - h J'z`` of Theorem 2 with D = N C outputs.

All functions are analytic in the parameters and accept complex ones: a derivative along v is the imaginary part of a
step ``i 1e-30 v``, exact to rounding, with no second hand-written derivative to get wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

COMPLEX_STEP = 1e-30


@dataclass(frozen=True, eq=False)
class TanhNetwork:
    """A tanh network with a linear last layer, and the data it is fitted to.

    Attributes:
        inputs: data, shape ``(N, d)``.
        targets: targets, shape ``(N, C)``.
        hidden: widths of the hidden layers, each at least 1; default (40, 40).
    """

    inputs: Array
    targets: Array
    hidden: tuple[int, ...] = (40, 40)

    @property
    def examples(self) -> int:
        """Number of examples N."""
        return len(self.inputs)

    @property
    def outputs(self) -> int:
        """Number of residuals, ``N C``."""
        return int(self.targets.size)

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Shapes ``(in + 1, out)`` of the layers; the last row is the bias."""
        sizes = (self.inputs.shape[1], *self.hidden, self.targets.shape[1])
        return tuple((a + 1, b) for a, b in pairwise(sizes))

    @property
    def parameters(self) -> int:
        """Number of parameters P."""
        return sum(a * b for a, b in self.shapes)

    def initial(self, seed: int, gain: float = 1.0) -> Array:
        """Draw parameters: weights of variance ``gain^2 / fan-in``, zero bias.

        Args:
            seed: seed.
            gain: scale of the weights.

        Returns:
            Parameters, shape ``(P,)``.
        """
        rng = np.random.default_rng(seed)
        parts = []
        for rows, columns in self.shapes:
            weights = gain / math.sqrt(rows - 1) * rng.standard_normal((rows - 1, columns))
            parts.append(np.vstack([weights, np.zeros((1, columns))]).ravel())
        return np.concatenate(parts)

    def layers(self, theta: Array) -> list[Array]:
        """The layers' matrices as views of the parameters."""
        found, start = [], 0
        for shape in self.shapes:
            size = shape[0] * shape[1]
            found.append(theta[start : start + size].reshape(shape))
            start += size
        return found

    def activations(self, theta: Array) -> tuple[list[Array], Array]:
        """The input of each layer, shape ``(N, width)``, and the network's output, shape ``(N, C)``."""
        layers, current = self.layers(theta), np.asarray(self.inputs)
        inputs = []
        for number, layer in enumerate(layers):
            inputs.append(current)
            current = current @ layer[:-1] + layer[-1]
            if number < len(layers) - 1:
                current = np.tanh(current)
        return inputs, current

    def residual(self, theta: Array) -> Array:
        """Return ``f(theta) - Y``, flattened to shape ``(N C,)``."""
        return np.asarray((self.activations(theta)[1] - self.targets).ravel())

    def loss(self, theta: Array) -> float:
        """Return ``|z|^2 / (2 N)``."""
        z = self.residual(theta)
        return float(np.real(z @ z)) / (2 * self.examples)

    def vjp(self, theta: Array, cotangent: Array) -> Array:
        """The vector-Jacobian product ``J' u``, by back-propagation.

        Args:
            theta: parameters.
            cotangent: u, shape ``(N C,)``.

        Returns:
            Shape ``(P,)``.
        """
        inputs, _ = self.activations(theta)
        layers, slope = self.layers(theta), cotangent.reshape(self.targets.shape)
        parts: list[Array] = []
        for number in range(len(layers) - 1, -1, -1):
            below = inputs[number]
            parts.append(np.vstack([below.T @ slope, slope.sum(axis=0)[None]]).ravel())
            if number:
                slope = (slope @ layers[number][:-1].T) * (1 - below**2)
        return np.concatenate(parts[::-1])

    def jvp(self, theta: Array, tangent: Array) -> Array:
        """The Jacobian-vector product ``J v``, by forward differentiation.

        Args:
            theta: parameters.
            tangent: v, shape ``(P,)``.

        Returns:
            Shape ``(N C,)``.
        """
        inputs, _ = self.activations(theta)
        layers, tangents = self.layers(theta), self.layers(tangent)
        moved: Any = 0.0
        for number, (layer, change) in enumerate(zip(layers, tangents, strict=True)):
            below = inputs[number]
            ahead = below @ change[:-1] + change[-1]
            if number:
                ahead = ahead + ((1 - below**2) * moved) @ layer[:-1]
            moved = ahead
        return np.asarray(moved.ravel())

    def gradient(self, theta: Array) -> Array:
        """The gradient of the loss, ``J'z / N``."""
        return self.vjp(theta, self.residual(theta)) / self.examples

    def hessian_product(self, theta: Array, tangent: Array) -> Array:
        """The loss Hessian times a vector, shape ``(P,)``, by a complex step of the gradient."""
        return np.asarray(self.gradient(theta + 1j * COMPLEX_STEP * tangent).imag / COMPLEX_STEP)

    def second_derivative(self, theta: Array, cotangent: Array, tangent: Array, along: Array) -> float:
        """Return ``u' Q(v, w)``, Q the second derivative of the residuals.

        Args:
            theta: parameters.
            cotangent: u, shape ``(N C,)``.
            tangent: v, shape ``(P,)``.
            along: w, shape ``(P,)``.

        Returns:
            The number.
        """
        moved = self.jvp(theta + 1j * COMPLEX_STEP * along, tangent)
        return float(cotangent @ moved.imag / COMPLEX_STEP)

    def ntk(self, theta: Array) -> Array:
        """Return ``J J'``, shape ``(N C, N C)``, from layer Gram matrices: the Jacobian itself is never formed."""
        inputs, _ = self.activations(theta)
        layers = self.layers(theta)
        examples, classes = self.targets.shape
        slopes = np.broadcast_to(np.eye(classes), (examples, classes, classes))
        result = np.zeros((examples, classes, examples, classes))
        for number in range(len(layers) - 1, -1, -1):
            below = inputs[number]
            flat = slopes.reshape(examples * classes, -1)
            gram = (flat @ flat.T).reshape(examples, classes, examples, classes)
            result += gram * (below @ below.T + 1)[:, None, :, None]
            if number:
                slopes = (slopes @ layers[number][:-1].T) * (1 - below**2)[:, None, :]
        return result.reshape(examples * classes, -1)
