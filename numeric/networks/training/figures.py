"""Figures of a watched run: eigenvalues with their bounds against the edge, and the loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...regression.figures import draw_loss, new_axes, save_panels
from ...runs.figure_style import COLOURS, EDGE_LINE, in_style
from .records import Record
from .run import TrainingRun, held_against_the_edge, series_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]
SYMBOLS = {
    "sharpness": (r"h_{}", "Hessian"),
    "preconditioned": (r"p_{}", "preconditioned"),
    "gauss_newton": (r"g_{}", "Gauss-Newton"),
    "ntk": (r"\lambda_{}", "NTK"),
}
"""How eigenvalues are called, and of what."""

HEADROOM = 1.35
"""The vertical axis ends so far above the edge and what is drawn, for the legend."""


def bound_key(key: str) -> str:
    """Where a record holds the bounds of eigenvalues."""
    return "bound" if key == "sharpness" else f"{key}_bound"


@in_style
def plot_spectrum(records: Any, key: str | None = None, *, ax: Axes | None = None) -> Axes:
    """The largest eigenvalues of a run with their residual bounds, against the edge.

    Args:
        records: a training run, or the records of a monitor.
        key: ``"sharpness"``, ``"preconditioned"``, ``"gauss_newton"`` or ``"ntk"``; by default that which the edge
            speaks of, with the Hessian as thin lines beside the kernel's where both were measured.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes. Shaded: each eigenvalue and its bound; dotted: the edge.

    Raises:
        ValueError: the records' entries do not fit together (by matplotlib).

    Source:
        Cohen et al. 2021, Figure 1.

    Example:
        >>> problem = es.networks.Problem.from_regression(es.RegressionModel(G=[[1.0]], Q=[[[0.5]]], y=[-1.0]), [0.1])
        >>> run = es.networks.train(problem, step_size=0.3, steps=20)
        >>> es.networks.plot_spectrum(run).get_xlabel()
        'step'
    """
    rows: Sequence[Record] = records.records if hasattr(records, "records") else records
    ax, steps = new_axes(ax), np.array([r["step"] for r in rows], dtype=float)
    chosen = key or held_against_the_edge(list(rows))
    edge = series_of(list(rows), "edge")
    top = 0.0
    if chosen is not None:
        values, bounds = series_of(list(rows), chosen), series_of(list(rows), bound_key(chosen))
        symbol, of = SYMBOLS[chosen]
        for column in range(values.shape[1]):
            colour = COLOURS[column % len(COLOURS)]
            label = f"${symbol.format(column + 1)}$ {of}" if column == 0 else f"${symbol.format(column + 1)}$"
            ax.plot(steps, values[:, column], color=colour, label=label, marker=_marker(len(steps)), ms=2.5)
            if bounds.shape == values.shape:
                low, high = values[:, column] - bounds[:, column], values[:, column] + bounds[:, column]
                ax.fill_between(steps, low, high, color=colour, alpha=0.25, linewidth=0)
        top = float(np.nanmax(values[:, 0], initial=0.0))
    if np.isfinite(edge).any():
        ax.plot(steps, edge, label="edge", **EDGE_LINE)
        top = max(top, float(np.nanmax(edge)))
    ax.set_xlabel("step")
    ax.set_ylabel("eigenvalue")
    if top > 0:
        ax.set_ylim(0, HEADROOM * top)
    ax.set_xlim(0, max(float(steps.max(initial=0.0)), 1.0))
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="upper left", ncols=2)
    return ax


def _marker(count: int) -> str | None:
    """Few measurements are drawn as points too."""
    return "o" if count < 15 else None


@in_style
def plot_run_loss(run: TrainingRun, *, ax: Axes | None = None) -> Axes:
    """The loss of a training run: of every step, and over all examples where it was measured.

    Args:
        run: a training run.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Cohen et al. 2021, Figure 1.

    Example:
        >>> problem = es.networks.Problem.from_regression(es.RegressionModel(G=[[1.0]], Q=[[[0.5]]], y=[-1.0]), [0.1])
        >>> run = es.networks.train(problem, step_size=0.3, steps=20)
        >>> es.networks.plot_run_loss(run).get_yscale()
        'log'
    """
    ax = draw_loss(new_axes(ax, (3.4, 1.6)), np.arange(len(run.losses)), run.losses)
    ax.set_xlim(0, max(run.stopped, 1))
    ax.set_xlabel("step")
    return ax


def save_training_run(run: TrainingRun, path: str) -> None:
    """Write eigenvalues and loss, one above the other.

    Args:
        run: a training run.
        path: png, pdf or svg.
    """

    def draw(figure: Any) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.6))
        plot_spectrum(run, ax=upper).set_xlabel("")
        plot_run_loss(run, ax=lower)

    save_panels(path, draw, (3.4, 3.6))
