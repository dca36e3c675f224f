"""Where each start ends: the simulated basin in the plane of residual and weight norm, against proved regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import sympy as sp

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.rings import to_fraction
from ...symbolic.algebra.symbols import symbol
from ...symbolic.trapping.barrier import Barrier
from ...symbolic.trapping.start import StartSet, scaled_squares
from ..codegen.compile import compile_map
from ..runs.figure_style import COLOURS, styled_axes
from ..runs.limits import check_pair, check_points
from ..runs.status import Status

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

WITHIN, BELOW, DIVERGENT, UNFINISHED, IMPOSSIBLE = range(5)
"""How a start ends: ``2 - w epsilon <= lim T <= 2``; lower; never; not within the steps; no real weights."""

OUTCOMES = ("ends in the band", "ends below it", "diverges", "not finished", "no real weights")
"""What each code means."""


@dataclass(frozen=True)
class ProvedCells:
    """Cells of a grid proved by other means than a trapping region alone.

    Attributes:
        z: edges in z, shape ``(n + 1,)``.
        V: edges in V, shape ``(m + 1,)``.
        proved: shape ``(m, n)``.
    """

    z: npt.NDArray[np.float64]
    V: npt.NDArray[np.float64]
    proved: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Basin:
    """The outcome on a grid of starts.

    Attributes:
        epsilon: the smaller eigenvalue's size.
        width: the interval of the theorem is ``[2 - width epsilon, 2]``.
        z: grid of residuals, shape ``(n,)``.
        V: grid of weight norms ``epsilon eta |theta|^2``, shape ``(m,)``.
        outcome: codes, shape ``(m, n)``.
        limit: T at the end, nan where there is none, shape ``(m, n)``; double precision.
    """

    epsilon: Fraction
    width: Fraction
    z: npt.NDArray[np.float64]
    V: npt.NDArray[np.float64]
    outcome: npt.NDArray[np.int64]
    limit: npt.NDArray[np.float64]

    def inside(self, barrier: Barrier) -> npt.NDArray[np.bool_]:
        """Which grid points lie in a proved region."""
        z, V = np.meshgrid(self.z, self.V)
        return np.asarray((z != 0) & barrier.region.closure_contains(z, V, float(self.epsilon)))

    def share_proved(self, barrier: Barrier) -> float:
        """The proved region's share of the grid points that end in the interval."""
        good = self.outcome == WITHIN
        return float(np.sum(good & self.inside(barrier)) / max(1, np.sum(good)))


def default_norms(barrier: Barrier, epsilon: Fraction) -> tuple[float, float]:
    """A range of weight norms that shows the region of an epsilon, with starts below it and far above."""
    bottom, height = 2 - float(barrier.width) * float(epsilon), float(barrier.height)
    return min(1.6, bottom - 0.4), max(4.0, bottom + 2 * height)


def simulate_basin(
    barrier: Barrier,
    epsilon: Fraction,
    *,
    z_range: tuple[float, float] = (-1.2, 2.2),
    V_range: tuple[float, float] | None = None,
    shape: tuple[int, int] = (96, 136),
    steps: int | None = None,
) -> Basin:
    """Iterate the exact map from a grid of starts, in double precision.

    Args:
        barrier: gives the map, and the width of the interval in which limits lie.
        epsilon: in (0, 1].
        z_range: first and last residual.
        V_range: first and last weight norm; by default about the region, see :func:`default_norms`.
        shape: rows (V) and columns (z).
        steps: gradient steps for each start; default ``200 / epsilon + 2000``.

    Returns:
        The outcomes. Orbits that come within 1e-9 of ``z = 0`` count as converged.

    Raises:
        DomainError: epsilon is out of range or a shape is below 2.

    Source:
        Derived here.

    Example:
        >>> from fractions import Fraction
        >>> constants = {"slope": "7/5", "width": 1, "height": "1/2", "split": "-39/100"}
        >>> constants |= {"epsilon_min": 0, "epsilon_max": "1/5"}
        >>> barrier = es.trapping.derive_barrier(es.models.main_case(), constants)
        >>> basin = es.orbits.simulate_basin(barrier, Fraction(1, 8), shape=(2, 3))
        >>> basin.outcome.shape
        (2, 3)
    """
    for number in check_pair("simulate_basin()", "shape", shape):
        check_points("simulate_basin()", number)
    if not 0 < epsilon <= 1:
        raise DomainError.of("simulate_basin()", "0 < epsilon <= 1, a grid of 2 x 2 at least", shape, "Change these.")
    kernel = compile_map(barrier.one_step, "float64")
    e, width = float(epsilon), to_fraction(barrier.width)
    limit_steps = steps if steps is not None else int(200 / e) + 2000
    norms = default_norms(barrier, epsilon) if V_range is None else V_range
    zs, Vs = np.linspace(*z_range, shape[1]), np.linspace(*norms, shape[0])
    outcome = np.full(shape, IMPOSSIBLE, dtype=np.int64)
    limit = np.full(shape, np.nan)
    tilt = float(barrier.lyapunov.tilt.subs(barrier.epsilon, epsilon))
    z, V = np.meshgrid(zs, Vs)
    T = V - tilt * z
    variables = (barrier.one_step.variables[0], symbol("V"), barrier.epsilon)
    weights = sp.lambdify(variables, scaled_squares(barrier))(z, V, e)
    for place in zip(*np.nonzero(np.all(np.array(weights) >= 0, axis=0) & (z != 0)), strict=True):
        status, _, state = kernel.run((z[place], T[place]), (e,), limit_steps, 1e-9, 1e6)
        if status is Status.CONVERGED:
            limit[place] = state[1]
            fine = 2 - float(width) * e - 1e-7 <= state[1] <= 2 + 1e-7
            outcome[place] = WITHIN if fine else BELOW
        else:
            outcome[place] = DIVERGENT if status is Status.DIVERGED else UNFINISHED
    return Basin(epsilon, width, zs, Vs, outcome, limit)


def plot_basin(
    basin: Basin,
    barriers: Sequence[Barrier],
    start: StartSet | None = None,
    cells: ProvedCells | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """The simulated outcome with the boundary of each proved region.

    Args:
        basin: what to draw.
        barriers: proved regions that serve its epsilon.
        start: an explicit start set, drawn as a box.
        cells: further proved cells, shaded.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        DomainError: a region does not serve the epsilon of the basin.

    Source:
        Derived here.

    Example:
        >>> from fractions import Fraction
        >>> constants = {"slope": "7/5", "width": 1, "height": "1/2", "split": "-39/100"}
        >>> constants |= {"epsilon_min": 0, "epsilon_max": "1/5"}
        >>> barrier = es.trapping.derive_barrier(es.models.main_case(), constants)
        >>> basin = es.orbits.simulate_basin(barrier, Fraction(1, 8), shape=(2, 3))
        >>> es.orbits.plot_basin(basin, [barrier]).lines[0].get_label()
        'proved, slope 7/5'
    """
    for barrier in barriers:
        low, high = barrier.epsilon_range
        if not low <= basin.epsilon <= high:
            raise DomainError.of(
                "plot_basin()", f"epsilon in {low}..{high}", str(basin.epsilon), "Choose regions of its epsilon."
            )
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch, Rectangle

    with styled_axes(ax, (3.4, 3.7)) as ax:
        # light tints of blue, yellow, vermilion: told apart with any colour vision, and by their grey levels
        shades = ["#9ecae9", "#f7e8a4", "#d98a6a", "#5a5a5a", "#ffffff"]
        ax.pcolormesh(
            basin.z, basin.V, basin.outcome, cmap=ListedColormap(shades), vmin=-0.5, vmax=4.5, rasterized=True
        )
        ax.grid(False)
        handles: list[Artist] = [
            Patch(color=shades[code], label=name)
            for code, name in enumerate(OUTCOMES)
            if code != IMPOSSIBLE and np.any(basin.outcome == code)
        ]
        if cells is not None:
            shade = np.where(cells.proved, 1.0, np.nan)
            ax.pcolormesh(cells.z, cells.V, shade, cmap=ListedColormap(["#1f5f8b"]), rasterized=True)
            handles.append(Patch(color="#1f5f8b", label="proved, grown"))
        e = float(basin.epsilon)
        for number, barrier in enumerate(barriers):
            low, high = (float(x) for x in barrier.z_range)
            z = np.linspace(low, high, 400)
            top = 2 + float(barrier.height) - float(barrier.width) * e
            wall = 2 - float(barrier.width) * e + barrier.region.barrier(z)
            kept = wall <= top
            colour = COLOURS[number % len(COLOURS)]
            (line,) = ax.plot(z[kept], wall[kept], color=colour, label=f"proved, slope {barrier.slope}")
            ax.plot([z[kept][0], z[kept][-1]], [top, top], color=colour)
            handles.append(line)
        if start is not None:
            a, n = start.a_range, start.n_range
            corner = (float(a[0]), float(n[0]) - float(start.norm_shift) * e)
            box = Rectangle(
                corner, float(a[1] - a[0]), float(n[1] - n[0]), fill=False, edgecolor="0.15", label="starts U"
            )
            ax.add_patch(box)
            handles.append(box)
        ax.set_xlabel(r"$\tilde z$ (residual)")
        ax.set_ylabel(r"$V=\epsilon\,\eta\,|\theta|^2$ (weight norm)")
        ax.set_title(rf"where starts end, $\epsilon = {basin.epsilon}$", loc="left")
        ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2)
    return ax
