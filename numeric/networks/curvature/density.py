"""The spectral density of a curvature by stochastic Lanczos quadrature, with error bars over random probes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...runs.limits import check_count, check_memory, check_positive, check_seed
from ..backends.backend import Array
from ..point import Curvature
from .certificate import Lanczos
from .subspace import multiply

WHERE = "spectral_density()"
SHARE = 0.01
"""Width of the kernel by default, of the spectrum's extent."""


@dataclass(frozen=True, eq=False)
class SpectralDensity:
    """A spectral density: for each probe a measure of points and weights; their mean is the estimate.

    Attributes:
        name: which matrix.
        size: n, its number of eigenvalues.
        nodes: points, shape ``(probes, steps)``; nan where a probe needed fewer.
        weights: shares of the spectrum, each probe's sum to 1, shape ``(probes, steps)``; 0 where there is no point.
        width: standard deviation of the Gaussian kernel that smooths.
        grid: where the density is given.
        density: mean over probes, per unit of eigenvalue; integrates to 1.
        standard_error: of the density, over probes.
        products: matrix-vector products.

    Source:
        Ubaru, Chen and Saad 2017; Ghorbani, Krishnan and Xiao 2019.

    Example:
        >>> import numpy as np
        >>> model = es.RegressionModel(np.eye(30)[:, :3] * [3.0, 2.0, 1.0], np.zeros((3, 30, 30)), np.ones(3))
        >>> problem = es.networks.Problem.from_regression(model, np.zeros(30))
        >>> found = es.networks.spectral_density(problem.at().hessian, probes=4, steps=3)
        >>> found.nodes.shape, found.products, float(found.weights.sum(axis=1).round(12)[0])
        ((4, 3), 12, 1.0)
    """

    name: str
    size: int
    nodes: Array
    weights: Array
    width: float
    grid: Array
    density: Array
    standard_error: Array
    products: int

    def moment(self, power: int) -> tuple[float, float]:
        """``tr A^p / n`` with its standard error; unbiased for p below twice the steps.

        Args:
            power: p, at least 0.

        Returns:
            Mean and standard error over probes.
        """
        p = check_count(WHERE, "power", power, 0)
        return _mean((self.weights * np.nan_to_num(self.nodes) ** p).sum(axis=1))

    def count(self, low: float, high: float) -> tuple[float, float]:
        """How many eigenvalues lie in an interval, with the standard error over probes.

        Args:
            low: lower end.
            high: upper end.

        Returns:
            Mean and standard error. The error is that of the probes; that of the quadrature, which spreads an
            eigenvalue over the points near by, comes on top near the ends.
        """
        inside = (self.nodes >= low) & (self.nodes <= high)
        mean, error = _mean((self.weights * inside).sum(axis=1))
        return self.size * mean, self.size * error


def spectral_density(
    curvature: Curvature,
    *,
    probes: int = 8,
    steps: int = 64,
    width: float | None = None,
    points: int = 400,
    seed: int = 0,
) -> SpectralDensity:
    """The distribution of all eigenvalues, from random vectors.

    For a vector x drawn evenly from the sphere, ``E[x' f(A) x] = tr f(A) / n``; Lanczos' method, with full
    reorthogonalisation, gives ``x' f(A) x`` exactly for polynomials of degree below twice the steps.

    Args:
        curvature: the matrix, n by n.
        probes: random vectors, at least 2, for the error bars.
        steps: Lanczos steps for each, at most n.
        width: of the smoothing kernel; by default a hundredth of the extent of the spectrum.
        points: points of the grid.
        seed: of the probes.

    Returns:
        The density with its standard error over probes. Smoothing and quadrature are not in that error: two features
        nearer than the width, or than the points of a probe, are not told apart.

    Raises:
        DomainError: fewer than two probes, no step, products that are not finite, or memory that would not suffice.

    Source:
        Ubaru, Chen and Saad 2017; Ghorbani, Krishnan and Xiao 2019 for networks.

    Example:
        >>> import numpy as np
        >>> model = es.RegressionModel(np.eye(30)[:, :3] * [3.0, 2.0, 1.0], np.zeros((3, 30, 30)), np.ones(3))
        >>> problem = es.networks.Problem.from_regression(model, np.zeros(30))
        >>> found = es.networks.spectral_density(problem.at().hessian, probes=4)
        >>> found.products, bool(abs(np.trapezoid(found.density, found.grid) - 1) < 1e-3)
        (16, True)
    """
    number = check_count(WHERE, "probes", probes, 2)
    length = min(check_count(WHERE, "steps", steps), curvature.size)
    check_memory(WHERE, 16 * curvature.size * length, "Lanczos vectors", "Take fewer steps.")
    check_count(WHERE, "points", points, 2)
    rng, begun = np.random.default_rng(check_seed(WHERE, seed)), curvature.products
    nodes, weights = np.full((number, length), np.nan), np.zeros((number, length))
    nothing = np.zeros((curvature.size, 0))
    for row in range(number):
        lanczos = Lanczos(lambda v: multiply(curvature, v), rng.standard_normal(curvature.size), nothing)
        for _ in range(length):
            lanczos.step()
            if lanczos.exhausted:
                break
        values, vectors = lanczos.tridiagonal().ritz()
        nodes[row, : len(values)], weights[row, : len(values)] = values, vectors[0] ** 2
    low, high = float(np.nanmin(nodes)), float(np.nanmax(nodes))
    extent = (high - low) or max(abs(high), 1.0)
    sigma = SHARE * extent if width is None else check_positive(WHERE, "width", width)
    grid = np.linspace(low - 5 * sigma, high + 5 * sigma, points)
    each = _smooth(grid, nodes, weights, sigma)
    error = each.std(axis=0, ddof=1) / np.sqrt(number)
    used = curvature.products - begun
    return SpectralDensity(curvature.name, curvature.size, nodes, weights, sigma, grid, each.mean(axis=0), error, used)


def _smooth(grid: Array, nodes: Array, weights: Array, sigma: float) -> Array:
    """Each probe's measure, smoothed, shape ``(probes, points)``."""
    found = np.zeros((len(nodes), len(grid)))
    for row, (points, shares) in enumerate(zip(nodes, weights, strict=True)):
        there = np.isfinite(points)
        away = (grid[:, None] - points[there]) / sigma
        found[row] = np.exp(-(away**2) / 2) @ shares[there] / (sigma * np.sqrt(2 * np.pi))
    return found


def _mean(each: Array) -> tuple[float, float]:
    return float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each)))
