"""The plane of residual and NTK eigenvalue: two-step field, nullcline, slow manifold and orbits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import sympy as sp

from ...symbolic.models.quadratic import main_case
from ..runs.figure_style import COLOURS, EDGE_LINE, STABLE, UNSTABLE, styled_axes, visible_moves
from ..runs.limits import check_pair, check_points, check_range
from .figures import Orbit, nullcline_at, record_orbit
from .starts import check_epsilon, read_start

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]
MANIFOLD_ORDER = 3
"""Powers of epsilon of the slow manifold that are drawn."""


@dataclass(frozen=True)
class PhasePlane:
    """What is drawn in the plane of ``(z, T)`` at one epsilon.

    Attributes:
        epsilon: the smaller eigenvalue's size.
        z: residuals of the grid, shape ``(n,)``.
        T: NTK eigenvalues of the grid, shape ``(m,)``.
        field: change of z and of T over two steps, from the exact map composed with itself, shape ``(2, m, n)``.
        nullcline: T on the two-step nullcline over ``z``, shape ``(n,)``.
        manifold: T on the slow manifold to third order in epsilon over ``z``, shape ``(n,)``.
        orbits: orbits of the exact map, every second step of which is drawn.
    """

    epsilon: Fraction
    z: Array
    T: Array
    field: Array
    nullcline: Array
    manifold: Array
    orbits: tuple[Orbit, ...]


def compute_phase_plane(
    epsilon: object,
    starts: Sequence[tuple[object, object]],
    *,
    z_range: tuple[float, float] = (-0.5, 0.4),
    T_range: tuple[float, float] = (1.2, 2.8),
    points: int = 60,
    steps: int = 2000,
) -> PhasePlane:
    """Field, curves and orbits in the plane, from the exact map of the eigenvalues ``{1, -epsilon}``.

    Args:
        epsilon: in (0, 1), read exactly.
        starts: pairs ``(z, T)``, read exactly.
        z_range: first and last residual, below 1.
        T_range: first and last NTK eigenvalue.
        points: grid points in each direction.
        steps: gradient steps of each orbit.

    Returns:
        The plane; the curves hold to plotting accuracy.

    Raises:
        DomainError: epsilon is not in (0, 1), or a start is no pair of rationals.

    Source:
        Agarwala, Pedregosa and Pennington 2022, Figure 2; field and curves derived here.

    Example:
        >>> plane = es.orbits.compute_phase_plane("1/10", [("-3/10", "6/5")], points=5)
        >>> plane.field.shape, round(float(plane.orbits[0].T[-1]), 3)
        ((2, 5, 5), 1.709)
    """
    exact, one_step = check_epsilon(epsilon, "compute_phase_plane()"), main_case()
    where = "compute_phase_plane()"
    points = check_points(where, points)
    pairs = [check_pair(where, "starts", start) for start in starts]
    z = np.linspace(*check_range(where, "z_range", z_range), points)
    T = np.linspace(*check_range(where, "T_range", T_range), points)
    twice = one_step.iterate(2)
    changes = [c - v for c, v in zip(twice.components, twice.variables, strict=True)]
    grid = np.meshgrid(z, T)
    field = np.array(sp.lambdify((*twice.variables, *twice.parameters), changes, "numpy")(*grid, float(exact)))
    small, rows = one_step.parameters[0], one_step.slow_manifold(MANIFOLD_ORDER).closed_rows(MANIFOLD_ORDER)
    manifold = sp.Add(*(small**n * row for n, row in enumerate(rows)))
    at = sp.lambdify((one_step.variables[0], small), manifold, "numpy")(z, float(exact))
    orbits = tuple(record_orbit(read_start(exact, z=z0, T=T0), steps=steps) for z0, T0 in pairs)
    return PhasePlane(exact, z, T, field, nullcline_at(z, float(exact)), np.asarray(at), orbits)


def plot_phase_plane(plane: PhasePlane, *, ax: Axes | None = None) -> Axes:
    """Two-step field, nullcline, slow manifold and orbits; every second step of an orbit is a point.

    Args:
        plane: what to draw.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes. The line ``z = 0`` of minima is solid where it is stable, below the edge, and dotted above.

    Raises:
        ValueError: the plane's arrays do not fit together (by matplotlib).

    Source:
        Agarwala, Pedregosa and Pennington 2022, Figure 2.

    Example:
        >>> plane = es.orbits.compute_phase_plane("1/10", [("-3/10", "6/5")], points=5)
        >>> [line.get_label() for line in es.orbits.plot_phase_plane(plane).lines][-2:]
        ['nullcline', 'slow manifold']
    """
    with styled_axes(ax, (3.4, 3.0)) as ax:
        faint: Any = {"color": "0.72", "linewidth": 0.6, "arrowsize": 0.6, "density": 0.75, "zorder": 0}
        ax.streamplot(plane.z, plane.T, *plane.field, **faint)
        low, high = plane.T[0], plane.T[-1]
        ax.plot([0, 0], [low, 2], color="0.1", linestyle=STABLE, linewidth=1)
        ax.plot([0, 0], [2, high], color="0.1", linestyle=UNSTABLE, linewidth=1)
        ax.axhline(2, **EDGE_LINE)
        for number, orbit in enumerate(plane.orbits):
            z, T = visible_moves(np.stack([orbit.z[::2], orbit.T[::2]], axis=1), 2e-3).T
            label = "orbits, every 2nd step" if number == 0 else None
            ax.plot(z, T, color=COLOURS[0], linewidth=0.7, marker="o", markersize=1.8, label=label, zorder=3)
            ax.plot(z[:1], T[:1], color=COLOURS[0], marker="o", markersize=4.5, markerfacecolor="white", zorder=4)
        ax.plot(plane.z, plane.nullcline, color=COLOURS[1], linestyle="--", label="nullcline", zorder=2)
        ax.plot(plane.z, plane.manifold, color=COLOURS[2], label="slow manifold", zorder=2)
        ax.grid(False)
        ax.set_xlim(plane.z[0], plane.z[-1])
        ax.set_ylim(low, high)
        ax.set_xlabel(r"residual $\tilde z$")
        ax.set_ylabel(r"NTK eigenvalue $\tilde T$")
        ax.set_title(rf"$\epsilon = {plane.epsilon}$; edge at $\tilde T = 2$", loc="left")
        ax.legend(loc="upper left", frameon=True, framealpha=0.9, edgecolor="none")
    return ax
