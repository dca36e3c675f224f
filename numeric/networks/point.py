"""A model at one point: loss, gradient, and its curvature as linear operators that count their products."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...symbolic.algebra.errors import DomainError
from .backends.backend import Array, Derivatives
from .backends.placed import Placed

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator


class Curvature:
    """A symmetric matrix known by its products, shape ``(n, n)``.

    Attributes:
        name: which matrix: ``"hessian"``, ``"gauss-newton"``, ``"ntk"``, ..
        size: n.
        dtype: type of the arithmetic.
        products: how many vectors it has been multiplied with so far.
        placed: its products where they are made, if they can stay there.

    Source:
        Pearlmutter 1994 for the products.

    Example:
        >>> model = es.RegressionModel(G=[[1.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.5]]], y=[0.0])
        >>> hessian = es.networks.Problem.from_regression(model, [1.0, 2.0]).at().hessian
        >>> hessian.dense().shape, hessian.products
        ((2, 2), 2)
    """

    def __init__(
        self,
        name: str,
        size: int,
        dtype: np.dtype[Any],
        multiply: Callable[[Array], Array],
        double: Callable[[], Curvature | None] | None = None,
        placed: Placed | None = None,
    ) -> None:
        """Keep the product.

        Args:
            name: which matrix.
            size: n.
            dtype: type of the arithmetic.
            multiply: from ``(n, k)`` to ``(n, k)``.
            double: gives the same matrix in float64, where this one is in float32 and that one can be had.
            placed: the product without a way to the host, where there is one.
        """
        self.name, self.size, self.dtype, self.placed = name, size, dtype, placed
        self._multiply, self._double = multiply, double
        self.products = 0

    def in_double(self) -> Curvature | None:
        """The same matrix with float64 products: itself if it has them, None where they cannot be had."""
        if self.dtype == np.float64:
            return self
        return None if self._double is None else self._double()

    def __matmul__(self, vectors: Array) -> Array:
        """Multiply one vector ``(n,)`` or the columns of ``(n, k)``."""
        flat = vectors.ndim == 1
        columns = vectors[:, None] if flat else vectors
        self.products += columns.shape[1]
        found = self._multiply(np.ascontiguousarray(columns, dtype=self.dtype))
        return found[:, 0] if flat else found

    def times(self, tall: Any) -> Any:
        """Multiply columns ``(n, k)`` that are placed where the products are made; they stay there."""
        if self.placed is None:
            return np.asarray(self @ tall, dtype=np.float64)
        self.products += tall.shape[1]
        return self.placed.multiply(tall)

    @property
    def whole(self) -> Curvature:
        """The matrix that takes vectors of length n: itself, unless it takes coordinates."""
        return self

    @property
    def rows(self) -> int:
        """Length of the vectors it takes."""
        return self.size

    def draw(self, rng: np.random.Generator, columns: int = 1) -> Array:
        """Random directions that it takes."""
        return rng.standard_normal((self.size, columns))

    def inside(self, vectors: Array) -> Array:
        """Vectors of length n as it takes them."""
        return vectors

    def outside(self, vectors: Array) -> Callable[[], Array]:
        """What gives the vectors of length n for vectors that it takes."""
        return lambda: vectors

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

    def __init__(self, problem: Any, theta: Any, batch: Array | None, derivatives: Derivatives) -> None:
        """Keep what the backend offers.

        Args:
            problem: whose point.
            theta: flat parameters, on the host or where the model runs.
            batch: numbers of the examples, or None.
            derivatives: products there.
        """
        self.problem, self.batch, self.derivatives = problem, batch, derivatives
        self._theta = theta
        self._kept: dict[str, Curvature] = {}

    @property
    def theta(self) -> Array:
        """Flat parameters, shape ``(P,)``."""
        return np.asarray(self._theta)

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
            attribute = name.replace("-", "_")

            def double() -> Curvature:
                there: Curvature = getattr(
                    self.problem.in_double().at(self.theta.astype(np.float64), self.batch), attribute
                )
                return there

            placed = self.derivatives.placed(name)
            count = size or self.problem.dimension
            self._kept[name] = Curvature(name, count, self.problem.dtype, multiply, double, placed)
        return self._kept[name]

    def _need_outputs(self, what: str) -> None:
        if self.problem.backend.outputs is None:
            fix = "Give the model's outputs and a loss of them."
            raise DomainError.of(f"Point.{what}", "a problem whose outputs are known", "a loss alone", fix)


def _by_columns(multiply: Callable[[Array], Array], vectors: Array) -> Array:
    """Apply a product of columns to one vector too."""
    return multiply(vectors[:, None])[:, 0] if vectors.ndim == 1 else multiply(vectors)
