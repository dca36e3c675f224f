"""A model at one point: loss, gradient, and its curvature as linear operators that count their products."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...symbolic.algebra.errors import DomainError
from .backends.backend import Array, Derivatives

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator


class Curvature:
    """A symmetric matrix known by its products, shape ``(n, n)``.

    Attributes:
        name: which matrix: ``"hessian"``, ``"gauss-newton"``, ``"ntk"``, ..
        size: n.
        dtype: type of the arithmetic.
        products: how many vectors it has been multiplied with so far.

    Source:
        Pearlmutter 1994 for the products.

    Example:
        >>> model = es.RegressionModel(G=[[1.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.5]]], y=[0.0])
        >>> hessian = es.networks.Problem.from_regression(model, [1.0, 2.0]).at().hessian
        >>> hessian.dense().shape, hessian.products
        ((2, 2), 2)
    """

    def __init__(self, name: str, size: int, dtype: np.dtype[Any], multiply: Callable[[Array], Array]) -> None:
        """Keep the product.

        Args:
            name: which matrix.
            size: n.
            dtype: type of the arithmetic.
            multiply: from ``(n, k)`` to ``(n, k)``.
        """
        self.name, self.size, self.dtype = name, size, dtype
        self._multiply = multiply
        self.products = 0

    def __matmul__(self, vectors: Array) -> Array:
        """Multiply one vector ``(n,)`` or the columns of ``(n, k)``."""
        flat = vectors.ndim == 1
        columns = vectors[:, None] if flat else vectors
        self.products += columns.shape[1]
        found = self._multiply(np.ascontiguousarray(columns, dtype=self.dtype))
        return found[:, 0] if flat else found

    def dense(self) -> Array:
        """The matrix itself, shape ``(n, n)``, by n products."""
        return self @ np.eye(self.size, dtype=self.dtype)

    def as_scipy(self) -> LinearOperator:
        """The matrix for SciPy's solvers, in float64."""
        from scipy.sparse.linalg import LinearOperator

        shape = (self.size, self.size)
        return LinearOperator(shape, matvec=lambda v: self @ v.ravel(), matmat=lambda v: self @ v, dtype=np.float64)


class Point:
    """Loss, gradient and curvature of a problem at one point; made by ``Problem.at``.

    Attributes:
        problem: whose point it is.
        theta: flat parameters, shape ``(P,)``.
        batch: numbers of the examples that count, or None for all.
        derivatives: the backend's products.

    Source:
        The protocol of this package.

    Example:
        >>> model = es.RegressionModel(G=[[1.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.5]]], y=[0.0])
        >>> point = es.networks.Problem.from_regression(model, [1.0, 2.0]).at()
        >>> point.gradient
        array([ 1. , -0.5])
    """

    def __init__(self, problem: Any, theta: Array, batch: Array | None, derivatives: Derivatives) -> None:
        """Keep what the backend offers.

        Args:
            problem: whose point.
            theta: flat parameters.
            batch: numbers of the examples, or None.
            derivatives: products there.
        """
        self.problem, self.theta, self.batch, self.derivatives = problem, theta, batch, derivatives
        self._kept: dict[str, Curvature] = {}

    @property
    def loss(self) -> float:
        """The loss; infinite or nan where the model overflows."""
        return self.derivatives.loss()

    @property
    def gradient(self) -> Array:
        """The gradient of the loss, shape ``(P,)``."""
        return self.derivatives.gradient()

    @property
    def examples(self) -> int:
        """Number of examples that count."""
        return self.problem.examples if self.batch is None else len(self.batch)

    @property
    def residual(self) -> Array:
        """Derivative of the summed loss in the outputs, ``(M,)``; ``f - y`` for the squared loss."""
        self._need_outputs("residual")
        return self.derivatives.residual()

    @property
    def hessian(self) -> Curvature:
        """The loss Hessian, ``(P, P)``."""
        return self._curvature("hessian", self.derivatives.hessian_product)

    @property
    def gauss_newton(self) -> Curvature:
        """The Gauss-Newton matrix ``J' l'' J / N``, ``(P, P)``."""
        self._need_outputs("gauss_newton")
        return self._curvature("gauss-newton", self.derivatives.gauss_newton_product)

    @property
    def ntk(self) -> Curvature:
        """The tangent kernel ``J J' / N``, ``(M, M)``; for the squared loss it has the Gauss-Newton eigenvalues."""
        self._need_outputs("ntk")

        def multiply(vectors: Array) -> Array:
            back = self.derivatives.transposed_product(vectors)
            return self.derivatives.jacobian_product(back) / self.examples

        return self._curvature("ntk", multiply, len(self.residual))

    def jacobian_product(self, vectors: Array) -> Array:
        """``J V`` for one vector or columns, from ``(P,)`` or ``(P, k)``."""
        self._need_outputs("jacobian_product")
        return _by_columns(self.derivatives.jacobian_product, vectors)

    def transposed_product(self, vectors: Array) -> Array:
        """``J' U`` for one vector or columns, from ``(M,)`` or ``(M, k)``."""
        self._need_outputs("transposed_product")
        return _by_columns(self.derivatives.transposed_product, vectors)

    def third_product(self, first: Array, second: Array) -> Array:
        """``D^3 L [u, v, .]``, shape ``(P,)``; with u = v an eigenvector, the gradient of its eigenvalue."""
        return self.derivatives.third_product(first, second)

    def output_curvature(self, cotangent: Array, first: Array, second: Array) -> float:
        """``c' Q(u, v)``, Q the second derivative of the outputs."""
        self._need_outputs("output_curvature")
        return self.derivatives.output_curvature(cotangent, first, second)

    def _curvature(self, name: str, multiply: Callable[[Array], Array], size: int | None = None) -> Curvature:
        if name not in self._kept:
            self._kept[name] = Curvature(name, size or len(self.theta), self.problem.dtype, multiply)
        return self._kept[name]

    def _need_outputs(self, what: str) -> None:
        if self.problem.backend.outputs is None:
            fix = "Give the model's outputs and a loss of them."
            raise DomainError.of(f"Point.{what}", "a problem whose outputs are known", "a loss alone", fix)


def _by_columns(multiply: Callable[[Array], Array], vectors: Array) -> Array:
    """Apply a product of columns to one vector too."""
    return multiply(vectors[:, None])[:, 0] if vectors.ndim == 1 else multiply(vectors)
