"""Bifurcation diagrams: where orbits of a family end, by generated kernels, behind its exact branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.families.product_loss import ProductLoss
from ...symbolic.models.families.scalar_family import Branch, ScalarFamily
from ..codegen import compile_map
from ..runs.figure_style import COLOURS, EDGE_LINE, save_figure, styled_axes
from ..runs.status import Status

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
CEILING = 1e6
"""An orbit that passes it in absolute value has left."""
MOST = 20_000
"""Most parameters, and most points kept of an orbit."""


@dataclass(frozen=True)
class BifurcationDiagram:
    """Ends of orbits over the parameter of a family, with the branches that were computed exactly.

    Attributes:
        family: the family.
        parameters: of the sweep, in order, each as often as starts were run.
        starts: the start of each orbit.
        states: the last states of each orbit, one row an orbit; nan where it left.
        escaped: which orbits left.
        branches: certified points and stability; empty for a loss of a product, whose branch is in ``curve``.
        curve: for a loss of a product the two-cycle at frozen curvature: parameter, state, other state, multiplier;
            a column each, solved for in float64. Empty for polynomial families.

    Source:
        Derived here.

    Example:
        >>> found = es.sweeps.bifurcation_diagram(es.models.family("product-3"), count=5, burn=200, keep=4, exact=5)
        >>> found.states.shape, int(found.escaped.sum()) > 0
        ((10, 4), True)
    """

    family: ScalarFamily | ProductLoss
    parameters: Floats
    starts: Floats
    states: Floats
    escaped: NDArray[np.bool_]
    branches: tuple[Branch, ...]
    curve: Floats

    def json(self) -> dict[str, Any]:
        """The diagram as data; branches with their exact parameters as strings."""
        return {
            "family": self.family.name,
            "sweep": {"parameters": self.parameters, "starts": self.starts, "states": self.states},
            "branches": [
                {
                    "period": b.period,
                    "component": b.component,
                    "parameters": [str(a) for a in b.parameters],
                    "points": [list(p) for p in b.points],
                    "stable": list(b.stable),
                }
                for b in self.branches
            ],
            "two_cycles": self.curve,
        }


def bifurcation_diagram(
    family: ScalarFamily | ProductLoss, *, count: int = 600, burn: int = 1000, keep: int = 60, exact: int = 120
) -> BifurcationDiagram:
    """Where orbits of a family end, over its parameter, and its exact branches.

    Orbits of a polynomial family run in the generated float64 kernel of its map; those of a loss of a product in code
    that is generated from the same formula, at frozen curvature T.

    Args:
        family: a family of maps of the line, or a loss of a product.
        count: parameters of the sweep, 2..20000; two starts each.
        burn: steps before states are kept.
        keep: states kept of each orbit.
        exact: parameters at which branches are computed.

    Returns:
        The diagram. States are float64 orbits: in chaotic phases each is right as a statistic only.

    Raises:
        DomainError: a count is out of range.

    Source:
        Derived here.

    Example:
        >>> found = es.sweeps.bifurcation_diagram(es.models.product_loss("log-cosh"), count=9, burn=300, keep=2)
        >>> bool(abs(found.states[-1].sum()) < 1e-9)
        True
    """
    for name, value, least in (("count", count, 2), ("burn", burn, 0), ("keep", keep, 1), ("exact", exact, 2)):
        if isinstance(value, bool) or not least <= value <= MOST:
            raise DomainError.of("bifurcation_diagram()", f"{name} in {least}..{MOST}", value, "300 draws well.")
    if isinstance(family, ProductLoss):
        return _of_product(family, count, burn, keep)
    kernel = compile_map(family.step_map())
    grid = np.linspace(float(family.low), float(family.high), count + 1)[1:]
    offsets = (0.05, -0.03)
    rows, left = [], []
    for a in grid:
        for offset in offsets:
            status, _, state = kernel.run((float(family.minimum) + offset,), (a,), burn, 0.0, CEILING)
            kept: list[float] = []
            while len(kept) < keep and status is not Status.DIVERGED and abs(state[0]) < CEILING:
                kept.append(state[0])
                state = kernel.step(state, (a,))
            left.append(len(kept) < keep)
            rows.append(kept if len(kept) == keep else [np.nan] * keep)
    starts = np.tile([float(family.minimum) + offset for offset in offsets], count)
    return BifurcationDiagram(
        family,
        np.repeat(grid, len(offsets)),
        starts,
        np.array(rows),
        np.array(left),
        family.branches(exact),
        np.empty((0, 4)),
    )


def _of_product(family: ProductLoss, count: int, burn: int, keep: int) -> BifurcationDiagram:
    z, T, formula = family.frozen_step()
    step = sp.lambdify((z, T), formula, "numpy", cse=True)
    high = 4.0
    grid = np.linspace(0.0, high, count + 1)[1:]
    parameters = np.repeat(grid, 2)
    starts = np.tile([0.05, -0.03], count)
    state = starts.copy()
    rows = []
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(burn + keep):
            if k >= burn:
                rows.append(state)
            state = np.where(np.abs(state) < CEILING, step(np.clip(state, -CEILING, CEILING), parameters), np.nan)
    states = np.array(rows).T
    escaped = ~np.isfinite(states).all(axis=1)
    states[escaped] = np.nan
    return BifurcationDiagram(family, parameters, starts, states, escaped, (), _two_cycle_curve(family, high))


def _two_cycle_curve(family: ProductLoss, high: float) -> Floats:
    """The two-cycles at frozen T that leave the minimum: ``l'`` at one point is minus ``l'`` at the other."""
    from scipy.optimize import brentq

    z, _, formula = family.frozen_step()
    slope_of = sp.simplify(sp.diff(-formula, symbol("T")))
    slope = sp.lambdify(z, slope_of, "numpy")
    curvature = sp.lambdify(z, sp.diff(slope_of, z), "numpy")
    places = -np.linspace(0, 8, 797)
    others = np.broadcast_to(slope(places), places.shape)
    rows = []
    for one in np.linspace(0.01, 6, 600):
        up = float(slope(one))
        (below,) = np.nonzero((others[:-1] + up) * (others[1:] + up) <= 0)
        if up <= 0 or not below.size:
            break
        ends = places[below[0]], places[below[0] + 1]
        two = brentq(lambda w, up=up: float(slope(w)) + up, *ends)
        T = (one - two) / up
        if high < T:
            break
        rows.append((T, one, two, (1 - T * float(curvature(one))) * (1 - T * float(curvature(two)))))
    return np.array(rows).reshape(-1, 4)


def plot_bifurcation(diagram: BifurcationDiagram, *, ax: Axes | None = None) -> Axes:
    """Branches solid where stable and dotted where not, thresholds as thin lines, the sweep's points behind.

    Args:
        diagram: what was computed.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        DomainError: the diagram has no orbits.

    Source:
        Derived here.

    Example:
        >>> found = es.sweeps.bifurcation_diagram(es.models.family("product-3"), count=4, burn=50, keep=2, exact=5)
        >>> es.sweeps.plot_bifurcation(found).get_xlabel()
        'a, step size'
    """
    if not diagram.parameters.size:
        raise DomainError.of("plot_bifurcation()", "a diagram with orbits", 0, "Use bifurcation_diagram().")
    family = diagram.family
    with styled_axes(ax, (7.6, 4.6)) as ax:
        ax.plot(
            np.repeat(diagram.parameters, diagram.states.shape[1]),
            diagram.states.ravel(),
            ",",
            color="0.45",
            alpha=0.5,
            rasterized=True,
            zorder=1,
        )
        limits = _limits(diagram.states)
        for branch in diagram.branches:
            _draw_branch(ax, branch)
        if diagram.curve.size:
            for column in (1, 2):
                for inside, style in ((True, "-"), (False, ":")):
                    shown = np.where((np.abs(diagram.curve[:, 3]) < 1) == inside, diagram.curve[:, column], np.nan)
                    ax.plot(diagram.curve[:, 0], shown, style, color=COLOURS[1], zorder=3)
            high = float(diagram.parameters.max())
            ax.plot([0, 2], [0, 0], "-", color=COLOURS[0], zorder=3)
            ax.plot([2, high], [0, 0], ":", color=COLOURS[0], zorder=3)
        ax.set_ylim(*limits)
        _thresholds(ax, family, float(diagram.parameters.max()))
        ax.set_xlim(0, float(diagram.parameters.max()))
        product = isinstance(family, ProductLoss)
        ax.set_xlabel(r"$\tilde T$, step size times sharpness, frozen" if product else "a, step size")
        ax.set_ylabel(r"$z = p - p_0$" if product else f"{family.map.variable}")  # type: ignore[union-attr]
        ax.set_title(family.title if product else family.title[:1].upper() + family.title[1:], loc="left", pad=26)
    return ax


def _limits(states: Floats) -> tuple[float, float]:
    finite = states[np.isfinite(states)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (-1.0, 1.0)
    room = 0.08 * max(high - low, 0.1)
    return low - room, high + room


def _draw_branch(ax: Axes, branch: Branch) -> None:
    colour = COLOURS[(branch.period - 1) % len(COLOURS)]
    a = np.array([float(v) for v in branch.parameters])
    stable = np.array(branch.stable)
    points = np.sort(np.array(branch.points), axis=1)
    for column in points.T:
        # a solid piece reaches to where the dotted one begins
        reach = stable | np.r_[stable[1:], False] | np.r_[False, stable[:-1]]
        ax.plot(a, np.where(reach, column, np.nan), "-", color=colour, zorder=3)
        ax.plot(a, np.where(~stable, column, np.nan), ":", color=colour, zorder=2)


def _thresholds(ax: Axes, family: ScalarFamily | ProductLoss, high: float) -> None:
    table = family.phases()
    for phase in table.phases[1:]:
        ax.axvline(float(phase.low), **{**EDGE_LINE, "linewidth": 0.7, "alpha": 0.6})
    last = -1.0
    level = 0
    for phase in table.phases:
        low = float(phase.low)
        middle = (low + min(high, float(phase.high) if phase.high is not None else high)) / 2
        if low >= high:
            continue
        level = 1 - level if middle - last < 0.14 * high else 0
        last = middle
        ax.annotate(
            phase.name,
            (middle, 1.015 + 0.05 * level),
            xycoords=("data", "axes fraction"),
            ha="center",
            fontsize=8,
            color="0.3",
        )


def save_bifurcation(diagram: BifurcationDiagram, path: str) -> None:
    """Draw a bifurcation diagram into a file.

    Args:
        diagram: what was computed.
        path: png, pdf or svg.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    save_figure(plot_bifurcation(diagram).figure, path)
