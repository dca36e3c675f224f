"""The loss in the plane of the two parameters: its line of minima, descent with a finite step, and the flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import sympy as sp

from ...symbolic.algebra.errors import DomainError
from ...symbolic.models.quadratic import QuadraticModel
from ..codegen.compile import compile_map
from ..runs.figure_style import COLOURS, UNSTABLE, styled_axes, visible_moves
from ..runs.limits import check_count, check_pair, check_points, check_range
from .starts import check_epsilon, exact_rational

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]
FAR = 50.0
"""A path that goes beyond this has left the picture for good."""


@dataclass(frozen=True)
class Landscape:
    """A loss over the plane of its two parameters, in units of the step size: ``root(eta) theta``.

    Attributes:
        epsilon: the smaller eigenvalue's size.
        target: the target times the step size.
        theta_1: grid, shape ``(n,)``.
        theta_2: grid, shape ``(m,)``.
        loss: loss times the square of the step size, shape ``(m, n)``.
        minima: the line of minima in the quadrant of positive parameters, shape ``(k, 2)``.
        sharpness: step size times the largest Hessian eigenvalue on it, the edge at 2, shape ``(k,)``.
        descents: paths of gradient descent, each of shape ``(steps, 2)``.
        flows: the gradient flow from the same starts, likewise.
    """

    epsilon: Fraction
    target: Fraction
    theta_1: Array
    theta_2: Array
    loss: Array
    minima: Array
    sharpness: Array
    descents: tuple[Array, ...]
    flows: tuple[Array, ...]


def compute_landscape(
    epsilon: object,
    starts: Sequence[tuple[float, float]],
    *,
    target: object = 0,
    theta_1: tuple[float, float] = (0.5, 1.8),
    theta_2: tuple[float, float] = (1.6, 3.6),
    points: int = 160,
    steps: int = 400,
) -> Landscape:
    """Loss, minima and paths of the eigenvalues ``{1, -epsilon}``, all from the exact loss.

    Args:
        epsilon: in (0, 1), read exactly.
        starts: pairs of parameters times the root of the step size.
        target: the target times the step size, 0 or above, read exactly.
        theta_1: range along the eigenvalue 1.
        theta_2: range along the eigenvalue ``-epsilon``.
        points: grid points in each direction.
        steps: gradient steps of each path; the flow runs as long.

    Returns:
        The landscape. Descent is exact up to rounding, the flow to about 1e-8.

    Raises:
        DomainError: epsilon is not in (0, 1), the target is negative, or no minimum lies in the plane.

    Source:
        Agarwala, Pedregosa and Pennington 2022, the quadratic regression model with one datapoint.

    Example:
        >>> land = es.orbits.compute_landscape("1/5", [(1.7, 3.2)], points=5)
        >>> land.loss.shape, bool(land.sharpness[0] < 2 < land.sharpness[-1])
        ((5, 5), True)
    """
    exact, aim = check_epsilon(epsilon, "compute_landscape()"), exact_rational(target, "compute_landscape()")
    if aim < 0:
        raise DomainError.of("compute_landscape()", "a target of 0 or above", str(target), "Flip the sign of Q.")
    model = QuadraticModel((1, -sp.Rational(exact)), sp.Rational(aim))
    first, second = model.theta
    where = "compute_landscape()"
    points, steps = check_points(where, points), check_count(where, "steps", steps, 0)
    theta_1, theta_2 = check_range(where, "theta_1", theta_1), check_range(where, "theta_2", theta_2)
    begin = [_start(where, start) for start in starts]
    xs, ys = np.linspace(*theta_1, points), np.linspace(*theta_2, points)
    loss = sp.lambdify(model.theta, model.loss(), "numpy")(*np.meshgrid(xs, ys))
    along = np.linspace(max(theta_2[0], 0.0), theta_2[1], 2 * points)
    side = sp.solve(model.predictor() - model.target, first**2)[0]
    bottom = np.sqrt(sp.lambdify(second, side, "numpy")(along))
    sharpness = sp.lambdify(model.theta, model.moment(0), "numpy")(bottom, along)
    kept = bottom <= theta_1[1]
    if not kept.any():
        raise DomainError.of(where, "a plane that holds minima", f"theta_1 <= {theta_1[1]:g}", "Raise theta_1.")
    descents, flows = [], []
    for start in begin:
        descents.append(_descend(model, start, steps))
        flows.append(_flow(model, start, steps))
    minima = np.stack([bottom, along], axis=1)[kept]
    return Landscape(exact, aim, xs, ys, loss, minima, sharpness[kept], tuple(descents), tuple(flows))


def _start(where: str, start: Any) -> tuple[float, float]:
    """Where a path begins: two numbers that the plane can hold."""
    first, second = (float(exact_rational(v, where)) for v in check_pair(where, "starts", start))
    if not max(abs(first), abs(second)) < FAR:
        raise DomainError.of(where, f"starts within {FAR:g} of the origin", repr(start), "Move it closer.")
    return first, second


def _descend(model: QuadraticModel, start: tuple[float, float], steps: int) -> Array:
    kernel = compile_map(model.theta_step())
    path = [tuple(map(float, start))]
    for _ in range(steps):
        after = kernel.step(path[-1], ())
        if not max(map(abs, after)) < FAR:
            break
        path.append(after)
    return np.array(path)


def _flow(model: QuadraticModel, start: tuple[float, float], time: float) -> Array:
    from scipy.integrate import solve_ivp

    gradient = sp.lambdify(model.theta, [sp.diff(model.loss(), t) for t in model.theta], "math")
    when = np.concatenate([np.linspace(0, 10, 200), np.geomspace(10.5, max(time, 11), 50)])
    found = solve_ivp(
        lambda _, point: [-g for g in gradient(*point)], (0, when[-1]), start, t_eval=when, rtol=1e-8, atol=1e-10
    )
    return np.asarray(found.y.T)


def plot_landscape(land: Landscape, *, ax: Axes | None = None) -> Axes:
    """Contours of the loss, the line of minima coloured by its sharpness, and paths of descent and flow.

    Args:
        land: what to draw.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes. Minima that a step of this size can rest at are solid, those beyond the edge dotted.

    Raises:
        ValueError: the landscape's arrays do not fit together (by matplotlib).

    Source:
        Agarwala, Pedregosa and Pennington 2022, the quadratic regression model with one datapoint.

    Example:
        >>> land = es.orbits.compute_landscape("1/5", [(1.7, 3.2)], points=5)
        >>> [line.get_label() for line in es.orbits.plot_landscape(land).lines][2:4]
        ['gradient flow', 'gradient descent']
    """
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LogNorm, TwoSlopeNorm

    with styled_axes(ax, (3.4, 2.9)) as ax:
        ax.grid(False)
        top = max(2e-3, float(land.loss.max()))
        shade = LogNorm(1e-3, 1000 * top)  # light greys only: the paths are black
        levels = np.geomspace(1e-3, top, 14)
        shades = ax.contourf(land.theta_1, land.theta_2, land.loss, levels, cmap="Greys", norm=shade, extend="min")
        shades.set_rasterized(True)  # in a vector file the background alone is an image
        joined = np.stack([land.minima[:-1], land.minima[1:]], axis=1)
        norm = TwoSlopeNorm(2, min(float(land.sharpness.min()), 1.99), max(float(land.sharpness.max()), 2.01))
        ax.plot(*land.minima.T, color="0.35", linewidth=5.2, zorder=2)
        for chosen in (land.sharpness[:-1] < 2, land.sharpness[:-1] >= 2):
            line = LineCollection(list(joined[chosen]), cmap="RdBu_r", norm=norm, linewidths=4, zorder=2)
            line.set_array(land.sharpness[:-1][chosen])
            ax.add_collection(line)
        unstable = land.minima[land.sharpness >= 2]
        ax.plot(*unstable.T, color="white", linestyle=UNSTABLE, linewidth=1.4, zorder=3)
        bar = ax.figure.colorbar(line, ax=ax, pad=0.02)
        bar.set_label(r"sharpness of the minimum $\times\,\eta$")
        bar.outline.set_visible(False)
        for number, (descent, flow) in enumerate(zip(land.descents, land.flows, strict=True)):
            names = ("gradient flow", "gradient descent") if number == 0 else (None, None)
            ax.plot(*visible_moves(flow, 2e-3).T, color=COLOURS[2], linewidth=1.3, label=names[0], zorder=4)
            ax.plot(
                *visible_moves(descent, 2e-3).T,
                color="0.05",
                linewidth=0.6,
                marker=".",
                markersize=2.5,
                label=names[1],
                zorder=5,
            )
            ax.plot(*descent[0], color="0.05", marker="o", markersize=4.5, markerfacecolor="white", zorder=6)
        ax.set_xlim(land.theta_1[0], land.theta_1[-1])
        ax.set_ylim(land.theta_2[0], land.theta_2[-1])
        ax.set_xlabel(r"$\sqrt{\eta}\,\theta_1$ (eigenvalue $1$)")
        ax.set_ylabel(r"$\sqrt{\eta}\,\theta_2$ (eigenvalue $-\epsilon$)")
        ax.set_title(rf"loss, $\epsilon = {land.epsilon}$", loc="left")
        ax.legend(handles=ax.get_lines()[2:4], loc="lower right", frameon=True, framealpha=0.9, edgecolor="none")
    return ax
