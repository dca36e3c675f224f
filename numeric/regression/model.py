"""The quadratic regression model with D outputs and P parameters.

``f(theta) = y + G' theta + Q(theta, theta) / 2`` with loss ``|z|^2 / 2``, ``z = f(theta)`` (the target is
subtracted into ``y``).  Gradient descent with step ``eta`` closes on ``(z, J)``::

    z' = z - eta J J' z + (eta^2 / 2) Q(J'z, J'z),        J' = J - eta Q(J'z, .)

Arrays of ``fractions.Fraction`` (dtype object) pass through the same code and stay exact.

Source: Agarwala, Pedregosa and Pennington 2022, "A more general model".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..runs.limits import check_positive, refuse
from .arrays import as_numbers, check_shape, check_slices
from .spectra import Spectrum, hessian_spectrum, ntk_spectrum

Array = np.ndarray[Any, np.dtype[Any]]


def descent_step(z: Array, jacobian: Array, gradient: Array, contraction: Array, step_size: Any) -> tuple[Array, Array]:
    """One step of gradient descent in (z, J): the one place where its formula stands.

    Args:
        z: residual, shape ``(.., D)``.
        jacobian: J, shape ``(.., D, P)``.
        gradient: ``g = J'z``, shape ``(.., P)``.
        contraction: ``Q(g, .)``, shape ``(.., D, P)``.
        step_size: eta, a number, or an array that broadcasts with z.

    Returns:
        ``z - eta J g + (eta^2 / 2) Q(g, g)`` and ``J - eta Q(g, .)``, in the arithmetic of the arrays.
    """
    linear = np.einsum("...ap,...p->...a", jacobian, gradient)
    quadratic = np.einsum("...ap,...p->...a", contraction, gradient)
    wide = step_size[..., None] if isinstance(step_size, np.ndarray) else step_size
    return z - step_size * linear + step_size * step_size * quadratic / 2, jacobian - wide * contraction


@dataclass(frozen=True, eq=False)
class RegressionState:
    """One point of the dynamics in function space.

    Attributes:
        z: residual, shape ``(D,)``.
        J: Jacobian ``dz/dtheta``, shape ``(D, P)``.
        Q: second derivative of the outputs, shape ``(D, P, P)``, symmetric in its last two indices; it never changes.

    Source:
        Agarwala, Pedregosa and Pennington 2022, "A more general model".

    Example:
        >>> from fractions import Fraction
        >>> state = es.regression.RegressionState.checked([Fraction(1)], [[Fraction(1)]], [[[Fraction(2)]]])
        >>> state.step(Fraction(1, 2)).z[0]  # exact entries stay exact
        Fraction(3, 4)
    """

    z: Array
    J: Array
    Q: Array

    @classmethod
    def checked(cls, z: Any, J: Any, Q: Any) -> RegressionState:
        """Build a state from untrusted arrays.

        Args:
            z: residual, shape ``(D,)``.
            J: Jacobian, shape ``(D, P)``.
            Q: second derivative, shape ``(D, P, P)``.

        Returns:
            The state; an asymmetry of Q at the level of rounding is averaged away.

        Raises:
            DomainError: a shape that does not match, a NaN or infinity, or a Q that is not symmetric.
        """
        where = "RegressionState()"
        jacobian = as_numbers(where, "J", J)
        if jacobian.ndim != 2 or not jacobian.size:
            refuse(where, "J as a matrix, D and P at least 1", f"shape {jacobian.shape}", "Reshape it.")
        outputs, parameters = jacobian.shape
        residual = check_shape(where, "z", as_numbers(where, "z", z), (outputs,))
        curvature = check_shape(where, "Q", as_numbers(where, "Q", Q), (outputs, parameters, parameters))
        return cls(residual, jacobian, check_slices(where, curvature))

    @property
    def outputs(self) -> int:
        """Number of outputs D."""
        return int(self.J.shape[0])

    @property
    def parameters(self) -> int:
        """Number of parameters P."""
        return int(self.J.shape[1])

    @property
    def loss(self) -> Any:
        """Loss ``|z|^2 / 2``."""
        return self.z @ self.z / 2

    def contract(self, direction: Array) -> Array:
        """Return ``Q(direction, .)``, shape ``(D, P)``: one matrix product on the flattened Q."""
        outputs, parameters = self.J.shape
        flat = self.Q.reshape(outputs * parameters, parameters)
        return np.asarray((flat @ direction).reshape(outputs, parameters))

    def gradient(self) -> Array:
        """The gradient of the loss in parameter space, ``J' z``, shape ``(P,)``."""
        return np.asarray(self.J.T @ self.z)

    def step(self, step_size: Any) -> RegressionState:
        """One exact step of gradient descent in function space.

        Args:
            step_size: eta; a ``Fraction`` keeps exact arrays exact.

        Returns:
            The next state. In float64 each component carries the rounding of one matrix product.
        """
        gradient = self.gradient()
        z, jacobian = descent_step(self.z, self.J, gradient, self.contract(gradient), step_size)
        return RegressionState(z, jacobian, self.Q)

    def moved(self, displacement: Array) -> RegressionState:
        """The state after moving the parameters by ``displacement``, shape ``(P,)``, exactly."""
        change = self.contract(displacement)
        return RegressionState(self.z + self.J @ displacement + change @ displacement / 2, self.J + change, self.Q)

    def scaled_residual(self, factor: Any) -> RegressionState:
        """The state with residual ``factor * z`` and the same J and Q."""
        return RegressionState(factor * self.z, self.J, self.Q)

    def ntk(self) -> Array:
        """The tangent kernel ``J J'``, shape ``(D, D)``."""
        return np.asarray(self.J @ self.J.T)

    @property
    def largest_ntk(self) -> float:
        """The largest eigenvalue of ``J J'``."""
        return float(np.linalg.norm(self.J, 2) ** 2)

    def hessian(self) -> Array:
        """The loss Hessian ``J'J + sum_a z_a Q_a``, shape ``(P, P)``."""
        outputs, parameters = self.J.shape
        weighted = self.z @ self.Q.reshape(outputs, parameters * parameters)
        return np.asarray(self.J.T @ self.J + weighted.reshape(parameters, parameters))

    def ntk_spectrum(self) -> Spectrum:
        """The eigenvalues of ``J J'`` with a bound on their error."""
        return ntk_spectrum(self.J)

    def hessian_spectrum(self) -> Spectrum:
        """The eigenvalues of the loss Hessian with a bound on their error."""
        return hessian_spectrum(self.z, self.J, self.Q)


@dataclass(frozen=True, eq=False, init=False)
class RegressionModel:
    """The quadratic regression model with D outputs and P parameters, in parameter space.

    Attributes:
        G: linear part, shape ``(P, D)`` as printed: ``f = y + G' theta + Q(theta, theta) / 2``.
        Q: second derivative, shape ``(D, P, P)``, symmetric in its last two indices.
        y: output at ``theta = 0`` less the target, shape ``(D,)``.

    Raises:
        DomainError: a shape that does not match, a NaN or infinity, or a Q that is not symmetric.

    Source:
        Agarwala, Pedregosa and Pennington 2022, "A more general model".

    Example:
        >>> model = es.RegressionModel(G=[[1.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.5]]], y=[0.0])
        >>> float(model.at([1.0, 2.0]).z[0])
        0.5
    """

    G: Array
    Q: Array
    y: Array

    def __init__(self, G: Any, Q: Any, y: Any) -> None:
        """Check and store the arrays.

        Args:
            G: linear part, shape ``(P, D)``.
            Q: second derivative, shape ``(D, P, P)``.
            y: output at the origin less the target, shape ``(D,)``.

        Raises:
            DomainError: a shape that does not match, a NaN or infinity, or a Q that is not symmetric.
        """
        where = "RegressionModel()"
        curvature = check_slices(where, as_numbers(where, "Q", Q))
        outputs, parameters = curvature.shape[:2]
        object.__setattr__(self, "Q", curvature)
        object.__setattr__(self, "G", check_shape(where, "G", as_numbers(where, "G", G), (parameters, outputs)))
        object.__setattr__(self, "y", check_shape(where, "y", as_numbers(where, "y", y), (outputs,)))

    @property
    def outputs(self) -> int:
        """Number of outputs D."""
        return int(self.Q.shape[0])

    @property
    def parameters(self) -> int:
        """Number of parameters P."""
        return int(self.Q.shape[1])

    def at(self, theta: Any) -> RegressionState:
        """The state ``(z, J, Q)`` at parameters ``theta``, shape ``(P,)``.

        Args:
            theta: parameters.

        Returns:
            The state, in the arithmetic of the inputs.
        """
        where = "RegressionModel.at()"
        point = check_shape(where, "theta", as_numbers(where, "theta", theta), (self.parameters,))
        return RegressionState(self.y, np.ascontiguousarray(self.G.T), self.Q).moved(point)

    def descend_parameters(self, theta: Any, step_size: Any, steps: int) -> Array:
        """Iterate ``theta' = theta - eta J(theta)' z(theta)``: the twin of the update in function space.

        Args:
            theta: start, shape ``(P,)``.
            step_size: step size ``eta > 0``.
            steps: number of steps.

        Returns:
            Parameters after ``steps`` steps.
        """
        check_positive("RegressionModel.descend_parameters()", "the step size", step_size)
        point = as_numbers("RegressionModel.descend_parameters()", "theta", theta)
        for _ in range(steps):
            linear = self.G.T + np.einsum("aij,j->ai", self.Q, point)
            output = self.y + self.G.T @ point + np.einsum("aij,i,j->a", self.Q, point, point) / 2
            point = point - step_size * (linear.T @ output)
        return point
