"""Two steps of gradient descent in the top eigendirection: the split of the eigenvalue's change, and y and z.

The squared loss of N examples has the tangent kernel ``K = J J' / N`` with top pair ``(lambda, u)``. Let ``g = J'u``,
``r`` the residual, Q the second derivative of the outputs. The part of ``lambda(t+2) - lambda(t)`` that is linear in
the residual is ``-2 h u'Q(J'(2 - h J J') r, g) / N`` with ``h = eta / N``, as for the quadratic regression model; the
rest is non-linear.

Along u one step reads ``rho' = rho (1 - eta lambda) + (eta lambda mu h / 2) rho^2 + ..``, with ``rho = u'r`` and
``mu = u'Q(g, g) / |g|^2``, the curvature of the output u'f along g, which takes the place of the top eigenvalue 1 of
Q. So

    ``z = h mu rho``,   ``T = eta lambda``,   ``y = T - 2 / (1 - z)``

are this project's coordinates (the nullcline is the exact one at ``epsilon = 0``), in which
``z'' - z = 2 y z + O(y^2 z) + O(y z^2)`` two steps on. The measured slope of ``z'' - z`` against ``2 y z`` is 1 where
one direction is all there is. It is the unfolding of a flip's normal form (``es.models.derive_normal_form``):
``xi' = -(1 + m) xi + c xi^3`` has ``xi'' - xi = 2 m xi + ..``, with m the excess over the edge, y here; along a
manifold of minima (``es.models.reduce_at_minimum``) m is ``eta S - 2`` of the minimum below, which y measures without
the swing of lambda that has the period of two steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...regression.descent import count_edge_crossings
from ...runs.limits import check_positive
from ..backends.backend import Array
from ..point import Point
from ..training.two_step import Linearised, linear_part
from .comparison import Compared, Comparison, compare
from .descent import Descent

DENSE = 400
"""Up to this many residuals the Jacobian is taken whole, and the tangent kernel diagonalised densely."""

BAND = 0.5
"""The slope is taken where ``|y|`` and ``|z|`` are at most this, and z changes sign at each step: near the edge."""

SMALLEST = 1e-6
"""Steps whose ``|z|`` is below this share of the largest say nothing about the slope."""

STILL = 0.5
"""The centre may move by this much of the displacement in two steps."""

CONFIDENCE = 1.959963984540054
"""Normal quantile of a two-sided interval of 95 %."""


class Slope(NamedTuple):
    """A measured slope through the origin.

    Attributes:
        value: least squares.
        low: lower end of its 95 % interval.
        high: upper end.
        points: how many steps it was taken from.
        explained: share of the variation that the line explains (R^2 about zero).
        cubic: coefficient c of ``x'' - x = 2 x (y - c x^2)`` where it was fitted too; else 0.

    Source:
        Newey and West 1987 for the interval.

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.01]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.8, 13.0])
        >>> slope = es.networks.two_step_prediction(es.networks.descend(problem, 1.2, steps=40)).slope()
        >>> slope.low < slope.value < slope.high
        True
    """

    value: float
    low: float
    high: float
    points: int
    explained: float
    cubic: float = 0.0


@dataclass(frozen=True, eq=False)
class TwoStepPrediction(Compared):
    """Two steps in the top eigendirection along a run of gradient descent.

    Attributes:
        step_size: eta.
        steps: shape ``(T,)``.
        ntk: two largest eigenvalues of ``J J' / N``, shape ``(T, 2)``; nan for the second if there is one residual
            only.
        linear: the part of the two-step change of the largest that is linear in the residual, shape ``(T,)``.
        change: the two-step change itself; nan at the last two steps.
        z: residual along the top eigenvector in this project's scaled units, shape ``(T,)``.
        y: excess of ``eta lambda`` over the nullcline, shape ``(T,)``.
        z_change: ``z'' - z`` with z'' taken two steps on, along the same eigenvector in the same units; nan at the end.
        mu: curvature of the outputs in the top direction, shape ``(T,)``.
        comparisons: ``"z-change"`` and ``"ntk-change"``.

    Source:
        Agarwala, Pedregosa and Pennington 2022, "Connection with deep models".

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.01]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.8, 13.0])
        >>> two = es.networks.two_step_prediction(es.networks.descend(problem, 1.2, steps=40))
        >>> abs(two.slope().value - 1) < 0.1
        True
    """

    step_size: float
    steps: Array
    ntk: Array
    linear: Array
    change: Array
    z: Array
    y: Array
    z_change: Array
    mu: Array
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)

    @property
    def nonlinear(self) -> Array:
        """What the linear part leaves of the two-step change."""
        return np.asarray(self.change - self.linear)

    @property
    def crossings(self) -> int:
        """How often ``eta lambda`` crosses 2."""
        return int(count_edge_crossings(self.step_size * self.ntk[:, 0]))

    def near_edge(self, band: float = BAND) -> Array:
        """The steps a slope is taken from, shape ``(T,)``: z changes sign, close to the edge, not lost in rounding."""
        with np.errstate(invalid="ignore"):
            close = (np.abs(self.y) <= band) & (np.abs(self.z) <= band) & np.isfinite(self.z_change)
            swings = np.append(self.z[:-1] * self.z[1:] < 0, False)
            return np.asarray(close & swings & (np.abs(self.z) >= SMALLEST * np.max(np.abs(self.z))))

    def slope(self, band: float = BAND, *, whole: bool = False) -> Slope | None:
        """The slope of ``z'' - z`` against ``2 y z``, by least squares, with a 95 % interval.

        The interval takes unequal and correlated errors into account (Newey and West 1987, with ``4 (n/100)^(2/9)``
        lags); the errors are those of the theory, not of the measurement, and the interval says how well a line
        describes the run.

        Args:
            band: largest ``|y|`` and ``|z|``.
            whole: against ``(2 y + y^2) z`` instead, all that the recurrence has at first order in z.

        Returns:
            The slope; None with fewer than five steps near the edge.

        Raises:
            DomainError: a band that is not positive.

        Source:
            Agarwala, Pedregosa and Pennington 2022, equation for ``z_(t+2) - z_t``.
        """
        check_positive("slope()", "band", band)
        near = self.near_edge(band)
        if near.sum() < 5:
            return None
        y, z = self.y[near], self.z[near]
        return fit_slope((2 * y + (y**2 if whole else 0)) * z, self.z_change[near])


def swing_slope(run: Descent, band: float = BAND) -> Slope | None:
    """The same slope for any loss and any optimiser of a run: ``x'' - x`` against ``2 y x``, beside a cubic term.

    Here x is the displacement along the top eigenvector u of the (preconditioned) Hessian at the centre of the swing,
    and ``y = eta S - 2`` there, one step after x and one before x''. The quadratic term of one step cancels over two at
    the edge; the cubic one does not, and ``x'' - x = 2 x (y - c x^2) + ..`` as ``es.models.reduce_at_minimum`` has it.
    Both coefficients are fitted together.

    Args:
        run: with eigenvalues measured at the centres (``centres=True``).
        band: largest ``|y|``.

    Returns:
        The slope; None with fewer than five steps near the edge.

    Raises:
        DomainError: the centres were not measured.

    Source:
        Damian, Nichani and Lee 2022, section 4; see ``es.models.derive_normal_form``.

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.01]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.8, 13.0])
        >>> run = es.networks.descend(problem, 1.2, steps=60, centres=True)
        >>> abs(es.networks.swing_slope(run).value - 1) < 0.1
        True
    """
    if not np.isfinite(run.centre_sharpness).any():
        raise DomainError.of("swing_slope()", "a run measured at its centres", "none", "Run descend(.., centres=True).")
    check_positive("swing_slope()", "band", band)
    y = run.rule.step_size * run.centre_sharpness[:, 0] - 2
    x, later = run.swing.T
    with np.errstate(invalid="ignore"):
        near = (np.abs(y) <= band) & (np.abs(x) >= SMALLEST * np.nanmax(np.abs(x))) & (x * later > 0)
        # a displacement means a swing only where the centre moves by less
        moved = np.full(len(x), np.nan)
        moved[1:-1] = np.linalg.norm(run.centre[2:] - run.centre[:-2], axis=1)
        near &= moved <= STILL * np.abs(x)
    if near.sum() < 5:
        return None
    x, y, change = x[near], y[near], (later - x)[near]
    linear, cube = 2 * y * x, -2 * x**3
    # what the cubic term explains of either is taken out first (Frisch and Waugh 1933)
    slope = fit_slope(linear - cube * (cube @ linear) / (cube @ cube), change - cube * (cube @ change) / (cube @ cube))
    return slope._replace(cubic=float(cube @ (change - slope.value * linear)) / float(cube @ cube))


def fit_slope(x: Array, d: Array) -> Slope:
    """Least squares through the origin with an interval that allows for unequal, correlated errors.

    Args:
        x: shape ``(n,)``.
        d: shape ``(n,)``.

    Returns:
        The slope.
    """
    n, square = len(x), float(x @ x)
    value = float(x @ d) / square
    score = x * (d - value * x)
    lags = int(4 * (n / 100) ** (2 / 9))
    spread = float(score @ score)
    for lag in range(1, min(lags, n - 1) + 1):
        spread += 2 * (1 - lag / (lags + 1)) * float(score[lag:] @ score[:-lag])
    half = CONFIDENCE * np.sqrt(max(spread, 0.0) * n / max(n - 1, 1)) / square
    rest = float(np.sum((d - value * x) ** 2))
    return Slope(value, float(value - half), float(value + half), n, 1 - rest / max(float(d @ d), 1e-300))


def two_step_prediction(run: Descent) -> TwoStepPrediction:
    """Split the two-step changes along a run, and measure y and z.

    Args:
        run: gradient descent on a squared loss, every step kept.

    Returns:
        Split, coordinates, and how they compare.

    Raises:
        DomainError: another loss or optimiser: the formulas are those of gradient descent on the squared loss.

    Source:
        Agarwala, Pedregosa and Pennington 2022, "Connection with deep models".

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.01]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.8, 13.0])
        >>> es.networks.two_step_prediction(es.networks.descend(problem, 1.2, steps=4)).z.shape
        (5,)
    """
    where, problem = "two_step_prediction()", run.problem
    if problem.loss_name != "mse":
        raise DomainError.of(where, "the loss mse", problem.loss_name, "The split is that of the squared loss.")
    if run.rule.beta2 is not None:
        raise DomainError.of(where, "gradient descent", run.rule.name, "Run gradient descent.")
    rows, frames, rests = [], [], []
    for theta in run.theta:
        point = problem.at(theta)
        here = point if len(point.residual) > DENSE else WholeJacobian(point)
        rest = np.asarray(here.residual, dtype=np.float64)
        (first, second), u = _top_of_kernel(here)
        linear, mu = _along(here, u, run.rule.step_size)
        rate = run.rule.step_size / point.examples
        rows.append((first, second, linear, rate * mu * float(u @ rest), mu))
        frames.append(rate * mu * u)
        rests.append(rest)
    table = np.array(rows)
    change, z_change = np.full(len(table), np.nan), np.full(len(table), np.nan)
    change[:-2] = table[2:, 0] - table[:-2, 0]
    for t in range(len(table) - 2):
        z_change[t] = float(frames[t] @ rests[t + 2]) - table[t, 3]
    z, eta = table[:, 3], run.rule.step_size
    with np.errstate(divide="ignore"):
        y = eta * table[:, 0] - 2 / (1 - z)
    found = TwoStepPrediction(eta, run.steps, table[:, :2], table[:, 2], change, z, y, z_change, table[:, 4])
    return _compared(found)


def _compared(found: TwoStepPrediction) -> TwoStepPrediction:
    """With the comparisons: from the first step near the edge on, and over the whole run."""
    from dataclasses import replace

    eta, steps = found.step_size, found.steps
    near = found.near_edge()
    largest = float(np.max(np.abs(found.z[near]), initial=0.0)) or np.inf
    seen = np.where(near, found.z_change, np.nan)
    told = 2 * found.y * found.z
    return replace(
        found,
        comparisons={
            "z-change": compare(
                "z-change",
                "z'' - z against 2 y z near the edge; over the largest |z| there",
                steps,
                told,
                seen,
                largest,
            ),
            "ntk-change": compare(
                "ntk-change",
                "two-step change of the top NTK eigenvalue against its part linear in the residual; over 2/eta",
                steps,
                found.linear,
                found.change,
                2 / eta,
            ),
        },
    )


class WholeJacobian:
    """A point whose Jacobian was taken whole, by as many products as residuals: any more with it are NumPy's.

    Attributes:
        examples: number of examples.
        residual: shape ``(M,)``.
        matrix: transposed Jacobian ``J'``, shape ``(P, M)``.
    """

    def __init__(self, point: Point) -> None:
        """Take it.

        Args:
            point: with few residuals.
        """
        self._point, self.examples, self.residual = point, point.examples, point.residual
        self.matrix = point.transposed_product(np.eye(len(self.residual), dtype=self.residual.dtype))

    def jacobian_product(self, vectors: Array) -> Array:
        """``J V``."""
        return np.asarray(self.matrix.T @ vectors)

    def transposed_product(self, vectors: Array) -> Array:
        """``J' U``."""
        return np.asarray(self.matrix @ vectors)

    def output_curvature(self, cotangent: Array, first: Array, second: Array) -> float:
        """``c' Q(u, v)``."""
        return self._point.output_curvature(cotangent, first, second)


def _along(point: Linearised, u: Array, step_size: float) -> tuple[float, float]:
    """The linear part of the two-step change, and mu."""
    g = point.transposed_product(u)
    return linear_part(point, step_size, u), point.output_curvature(u, g, g) / float(g @ g)


def _top_of_kernel(point: Point | WholeJacobian) -> tuple[tuple[float, float], Array]:
    """Two largest eigenvalues of the tangent kernel, and the top eigenvector."""
    if isinstance(point, WholeJacobian):
        matrix = np.asarray(point.jacobian_product(point.matrix) / point.examples, dtype=np.float64)
        values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    else:
        from scipy.sparse.linalg import eigsh

        kernel = point.ntk
        values, vectors = eigsh(kernel.as_scipy(), k=2, which="LA", v0=np.ones(kernel.size), tol=1e-10)
        order = np.argsort(values)
        values, vectors = values[order], vectors[:, order]
    second = float(values[-2]) if len(values) > 1 else float("nan")
    return (float(values[-1]), second), np.asarray(vectors[:, -1])
