"""Phase diagrams from sweeps: where orbits end below the edge, and which of them converge, freeze or diverge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...symbolic.algebra.errors import DomainError
from ..runs.figure_style import STYLE, save_figure, styled_axes
from .grid import Floats, SweepGrid
from .result import REGIONS, SweepResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABELS = {
    "epsilon": r"$\epsilon$",
    "z": r"start $\tilde z_0$",
    "T": r"start $\tilde T_0$",
    "theta_1": r"start $\theta_1$",
    "theta_2": r"start $\theta_2$",
    "eta": r"step size $\eta$",
}
FLAT = {"diverged": "#b9c4cc", "unfinished": "#e9e4d8"}
#: A region is named inside the diagram when it covers at least this share of it.
NAMED_SHARE = 0.015
#: Values of an axis that are drawn at most: of more, every n-th.
MOST = 2000


def _colours() -> Any:
    """Dark where orbits end at the edge, bright where they stop far below it; without the blackest end."""
    import matplotlib as mpl
    from matplotlib.colors import ListedColormap

    return ListedColormap(mpl.colormaps["magma"](np.linspace(0.06, 0.97, 256)))


def _outlined(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The mask without slivers, specks and pinholes, for an outline that can be followed."""
    from scipy.ndimage import binary_closing, binary_opening, label

    thin = max(1, min(mask.shape) // 120)
    padded = np.pad(mask, 2 * thin, mode="edge")  # what touches the border is not thin for that
    opened = binary_closing(binary_opening(padded, iterations=thin), iterations=thin)
    clean: NDArray[np.bool_] = opened[2 * thin : -2 * thin, 2 * thin : -2 * thin]
    for colour in (True, False):
        parts, _ = label(clean == colour)
        small = np.bincount(parts.ravel()) < max(4, mask.size // 1000)
        clean[small[parts] & (clean == colour)] = not colour
    return clean.astype(float)


def varying_axes(grid: SweepGrid, x: str | None = None, y: str | None = None) -> tuple[str, str]:
    """The two axes of a phase diagram.

    Args:
        grid: a product of axes, of which exactly two have more than one value.
        x: the horizontal axis; default: the first of them.
        y: the vertical axis; default: the other.

    Returns:
        Their names.

    Raises:
        DomainError: not two axes vary, or the names are not theirs.
    """
    axes = grid.axes
    long = [name for name, values in axes.items() if values.size > 1]
    if grid.layout != "product" or len(long) != 2:
        raise DomainError.of(
            "plot_phase_diagram()",
            "a product of axes of which exactly two have more than one value",
            ", ".join(f"{name}: {values.size}" for name, values in axes.items()),
            "Fix the others to one value each.",
        )
    if "eta" in long:  # the step size belongs below, where it is read first
        long = ["eta", next(name for name in long if name != "eta")]
    if x is None:
        x = next(name for name in long if name != y)
    if y is None:
        y = next(name for name in long if name != x)
    if {x, y} != set(long):
        raise DomainError.of(
            "plot_phase_diagram()", f"the axes {long[0]} and {long[1]}", f"{x} and {y}", "These two vary."
        )
    return x, y


def _scale(values: Floats) -> dict[str, Any]:
    """How an axis reads best: logarithmic where its values keep one sign and come closer to equal ratios than steps."""
    if values.size < 3 or not (np.all(values > 0) or np.all(values < 0)):
        return {"value": "linear"}
    ratios, steps = np.diff(np.log(np.abs(values))), np.diff(np.abs(values))
    if np.std(ratios) * abs(np.mean(steps)) >= np.std(steps) * abs(np.mean(ratios)):
        return {"value": "linear"}
    if values[0] > 0:
        return {"value": "log"}
    return {"value": "symlog", "linthresh": float(np.abs(values).min()), "linscale": 0.01}


def _place(ax: Axes, mask: NDArray[np.bool_], xs: Floats, ys: Floats, text: str, colour: str) -> None:
    """Write a region's name at its most interior point, if there is room."""
    from scipy.ndimage import distance_transform_edt

    if mask.mean() < NAMED_SHARE:
        return
    # names are wide and low: shrink the vertical direction less, so that the deepest point has room to both sides
    depth = distance_transform_edt(np.pad(mask, 1), sampling=(2.4 / mask.shape[0], 1.0 / mask.shape[1]))[1:-1, 1:-1]
    row, column = np.unravel_index(int(np.argmax(depth)), mask.shape)
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=2.5, foreground="black", alpha=0.55)] if colour == "white" else []
    ax.text(
        xs[column],
        ys[row],
        text,
        color=colour,
        ha="center",
        va="center",
        fontsize=9,
        fontweight="bold",
        path_effects=halo,
    )


def plot_phase_diagram(
    result: SweepResult, *, x: str | None = None, y: str | None = None, ax: Axes | None = None
) -> Axes:
    """Phase diagram: colour is the final distance below the edge, ``2 - T``; regions are outlined and named.

    Orbits that converge after they forgot their start are plain (*relaxed*); those that stopped before are hatched
    (*frozen*); starts that diverge, or had not converged when their steps were spent, are flat grey. Of an axis with
    more than 2000 values every n-th is drawn.

    Args:
        result: a sweep in which exactly two axes vary.
        x: name of the horizontal axis.
        y: name of the vertical axis.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        DomainError: not two axes vary, or the names are not theirs.

    Source:
        Derived here.

    Example:
        >>> grid = es.sweeps.make_sweep_grid(epsilon="0.01,0.1", z="-0.3:0.3:2", T=2)
        >>> es.sweeps.plot_phase_diagram(es.sweep(grid)).get_ylim() == (-0.3, 0.3)
        True
    """
    from matplotlib.colors import LogNorm, Normalize, to_rgb

    x, y = varying_axes(result.grid, x, y)
    whole, result = result.grid.size, result.thinned(MOST)
    names = list(result.grid.axes)
    xs, ys = result.grid.axes[x], result.grid.axes[y]

    def plane(values: NDArray[Any]) -> NDArray[Any]:
        squeezed = values.reshape([n for n in result.grid.shape if n > 1])
        return squeezed if names.index(y) < names.index(x) else squeezed.T

    regions = plane(result.regions)
    gap = plane(np.where(np.isfinite(result["gap"]), result["gap"], 2 - result["T"]))
    shown = np.where((regions <= REGIONS.index("frozen")) & (gap > 0), gap, np.nan)
    with styled_axes(ax, (3.4, 2.8), {**STYLE, "axes.grid": False, "hatch.linewidth": 0.6}) as ax:
        ax.grid(False)
        for name, colour in FLAT.items():
            flat = np.where((regions == REGIONS.index(name))[..., None], (*to_rgb(colour), 1.0), (0.0, 0.0, 0.0, 0.0))
            ax.pcolormesh(xs, ys, flat, shading="nearest", rasterized=True)
        finite = shown[np.isfinite(shown)]
        if finite.size:
            low, high = np.quantile(finite, (0.002, 1.0))
            norm = LogNorm(low, high) if high > 5 * low else Normalize(finite.min(), high)
            mesh = ax.pcolormesh(xs, ys, shown, shading="nearest", rasterized=True, cmap=_colours(), norm=norm)
            bar = ax.figure.colorbar(mesh, ax=ax, pad=0.02, extend="min" if finite.min() < low else "neither")
            bar.set_label(r"$2-\tilde T_\infty$ at the end")
            bar.outline.set_visible(False)
        frozen = regions == REGIONS.index("frozen")
        if frozen.any() and not frozen.all():
            inside = _outlined(frozen)
            hatched = ax.contourf(xs, ys, inside, levels=[0.5, 1.5], colors="none", hatches=["////"])
            hatched.set(edgecolor=(1, 1, 1, 0.45), linewidth=0.0)
            ax.contour(xs, ys, inside, levels=[0.5], colors="white", linewidths=1.0)
        ink = {"relaxed": "white", "frozen": "white", "diverged": "0.2", "unfinished": "0.2"}
        for index, name in enumerate(REGIONS):
            _place(ax, regions == index, xs, ys, name, ink[name])
        ax.set_xscale(**_scale(xs))
        ax.set_yscale(**_scale(ys))
        ax.set_xlim(xs.min(), xs.max())
        ax.set_ylim(ys.min(), ys.max())
        ax.set_xlabel(LABELS[x])
        ax.set_ylabel(LABELS[y])
        fixed = [
            f"{LABELS[n].removeprefix('start ').removeprefix('step size ')} = {v[0]:g}"
            for n, v in result.grid.axes.items()
            if v.size == 1
        ]
        ax.set_title(
            f"{whole:,} orbits of the model $\\{{1, -\\epsilon\\}}$" + (f", {', '.join(fixed)}" if fixed else ""),
            loc="left",
        )
    return ax


def save_phase_diagram(result: SweepResult, path: str, *, x: str | None = None, y: str | None = None) -> None:
    """Draw a phase diagram into a file.

    Args:
        result: a sweep in which exactly two axes vary.
        path: png, pdf or svg.
        x: name of the horizontal axis.
        y: name of the vertical axis.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    axes = plot_phase_diagram(result, x=x, y=y)
    save_figure(axes.figure, path)
