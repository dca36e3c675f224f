"""Figures of a watched run: eigenvalues with their bounds against the edge, and the loss."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...regression.figures import draw_loss, draw_split, new_axes
from ...runs.figure_style import COLOURS, EDGE_LINE, in_style
from .records import Record
from .run import TrainingRun, bound_key, held_against_the_edge, series_of
from .two_step import split_changes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]
SYMBOLS = {
    "sharpness": ("h", "Hessian"),
    "preconditioned": ("p", "preconditioned Hessian"),
    "gauss_newton": ("g", "Gauss-Newton"),
    "ntk": (r"\lambda", "NTK"),
}
"""How eigenvalues are called, and of what."""

BESIDE = ("ntk", "gauss_newton")
"""Drawn thin beside the sharpness, whose size they share."""

HEADROOM = 1.4
"""The vertical axis ends so far above the edge and what is drawn, for the legend."""

HIGHEST = 6.0
"""An eigenvalue may rise so many edges high before the axis is cut there: what diverges would hide all else."""


@in_style
def plot_spectrum(run: Any, key: str | None = None, *, ax: Axes | None = None) -> Axes:
    """The largest eigenvalues of a run with their residual bounds, against the edge.

    Args:
        run: a training run, a monitor, or records.
        key: ``"sharpness"``, ``"preconditioned"``, ``"gauss_newton"`` or ``"ntk"``; by default that which the edge
            speaks of, with other curvatures of its size and batch sharpness beside it.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes. Shaded: each eigenvalue and its bound (for batch sharpness twice its standard error); dotted: the
        edge.

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
    rows: list[Record] = list(run.records if hasattr(run, "records") else run)
    ax, steps = new_axes(ax), np.array([r["step"] for r in rows], dtype=float)
    held = held_against_the_edge(rows)
    chosen = key or held
    highest = _draw_eigenvalues(ax, rows, steps, chosen) if chosen is not None else 0.0
    if chosen == held:
        if chosen == "sharpness":
            _draw_beside(ax, rows, steps)
        highest = _draw_edge(ax, rows, steps, highest, getattr(run, "step_size", None))
    ax.set_xlabel("step")
    ax.set_ylabel("eigenvalue")
    if highest > 0:
        ax.set_ylim(0, HEADROOM * highest)
    ax.set_xlim(0, max(float(steps.max(initial=0.0)), 1.0))
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="upper left", ncols=2)
    if chosen is not None:
        _say_bounds(ax, series_of(rows, bound_key(chosen)))
    return ax


def _say_bounds(ax: Axes, bounds: Array) -> None:
    """The largest residual bound, which is often narrower than a line."""
    if np.isfinite(bounds).any():
        largest = float(np.nanmax(bounds))
        unit = 10.0 ** (math.floor(math.log10(largest)) - 1) if largest > 0 else 1.0
        words = rf"shaded: bounds, $\leq$ {math.ceil(largest / unit) * unit:.2g}"
        ax.text(0.98, 0.02, words, transform=ax.transAxes, ha="right", va="bottom", color="0.3")


def _draw_eigenvalues(ax: Axes, rows: list[Record], steps: Array, key: str) -> float:
    """Eigenvalues with their bounds; the largest of them."""
    values, bounds = series_of(rows, key), series_of(rows, bound_key(key))
    letter, of = SYMBOLS[key]
    few = "o" if len(steps) < 15 else None
    if values.ndim == 1:
        return 0.0
    for column in range(values.shape[1]):
        colour, name = COLOURS[column % len(COLOURS)], f"${letter}_{{{column + 1}}}$"
        label = f"{name} {of}" if column == 0 else name
        ax.plot(steps, values[:, column], color=colour, label=label, marker=few, ms=2.5)
        if bounds.shape == values.shape:
            low, high = values[:, column] - bounds[:, column], values[:, column] + bounds[:, column]
            ax.fill_between(steps, low, high, color=colour, alpha=0.3, linewidth=0)
    return float(np.nanmax(values[:, 0], initial=0.0))


def _draw_beside(ax: Axes, rows: list[Record], steps: Array) -> None:
    """Other curvatures of the same size, thin; batch sharpness with twice its standard error."""
    for colour, key in zip(COLOURS[3:], BESIDE, strict=False):
        values = series_of(rows, key)
        if values.ndim > 1:
            letter, of = SYMBOLS[key]
            ax.plot(steps, values[:, 0], color=colour, lw=0.8, ls="--", label=f"${letter}_1$ {of}")
    batch = [r.get("batch_sharpness") or {} for r in rows]
    if any(batch):
        value, error = (np.array([b.get(name) or np.nan for b in batch]) for name in ("value", "standard_error"))
        ax.plot(steps, value, color=COLOURS[2], lw=0.9, label="batch sharpness")
        ax.fill_between(steps, value - 2 * error, value + 2 * error, color=COLOURS[2], alpha=0.25, linewidth=0)


def _draw_edge(ax: Axes, rows: list[Record], steps: Array, highest: float, eta: float | None) -> float:
    """The edge, in units of 1/eta where it stays; how high the axis has to reach."""
    edge = series_of(rows, "edge")
    if not np.isfinite(edge).any():
        return highest
    limit = float(np.nanmax(edge))
    fixed = eta is not None and np.nanmin(edge) == limit
    ax.plot(steps, edge, label=rf"${limit * eta:.4g}/\eta$" if fixed and eta else "edge", **EDGE_LINE)
    return min(max(highest, limit), HIGHEST * limit)


@in_style
def plot_two_step_split(run: TrainingRun, *, ax: Axes | None = None) -> Axes:
    """The two-step changes of the top NTK eigenvalue of a run that measured ``two-step`` at every step.

    Args:
        run: a training run.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes: the change, its part linear in the residual, and the rest, times the step size.

    Raises:
        DomainError: the run did not measure it at every step.

    Source:
        Agarwala, Pedregosa and Pennington 2022, "Connection with deep models".

    Example:
        >>> problem = es.networks.Problem.from_regression(es.RegressionModel(G=[[1.0]], Q=[[[0.5]]], y=[-1.0]), [0.1])
        >>> each = es.networks.Monitor(problem, 1, measure="two-step", k=1, step_size=1)
        >>> run = es.networks.train(problem, step_size=1.0, steps=20, monitor=each)
        >>> es.networks.plot_two_step_split(run).lines[2].get_label()
        'non-linear'
    """
    split = split_changes(run.records)
    if split is None:
        fix = "Use a monitor with every=1 and measure='two-step'."
        raise DomainError.of("plot_two_step_split()", "two-step measured at every step", "a run without", fix)
    eta = run.step_size
    parts = (eta * split[name] for name in ("linear", "nonlinear", "change"))
    ax = draw_split(new_axes(ax), split["steps"], *parts)
    ax.set_xlabel("step")
    ax.set_xlim(0, max(run.stopped, 1))
    return ax


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
    seen, whole = run.steps < len(run.losses), run.series("loss")
    # they differ for mini-batches, and where a gradient is taken ahead
    if len(whole) and not np.allclose(whole[seen], run.losses[run.steps[seen]], rtol=1e-6, atol=0, equal_nan=True):
        ax.lines[0].set(color="0.75", linewidth=0.6)
        ax.plot(run.steps, whole, color="0.2", label="all examples")
    ax.set_xlim(0, max(run.stopped, 1))
    ax.set_xlabel("step")
    return ax
