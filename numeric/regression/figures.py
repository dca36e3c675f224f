"""Figures of the quadratic regression model: trajectories, sharpness at convergence, two-step splits, the rise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..runs.figure_style import COLOURS, EDGE_LINE, STYLE, save_figure
from .convergence import ConvergenceTable
from .descent import DescentRun
from .mean_field import MeanFieldRun
from .sharpening import SharpeningCurve
from .two_steps import TwoStepSplit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, RED, GREEN, PURPLE = COLOURS[:4]


def new_axes(ax: Axes | None, size: tuple[float, float] = (6.0, 3.6)) -> Axes:
    """Return the axes given, or new ones."""
    import matplotlib.pyplot as plt

    if ax is not None:
        return ax
    with plt.rc_context(STYLE):
        return plt.subplots(figsize=size, layout="constrained")[1]


def plot_trajectory(run: DescentRun, lane: int = 0, *, ax: Axes | None = None) -> Axes:
    """Draw the two largest NTK eigenvalues of one lane against the edge.

    Args:
        run: Runs of gradient descent.
        lane: Which of them.
        ax: Axes; new ones if None.

    Returns:
        The axes.
    """
    ax = new_axes(ax)
    eta = run.step_sizes[lane]
    ax.plot(run.steps, eta * run.ntk[:, lane, 0], color=BLUE, linewidth=1.1, label=r"$\lambda_1$")
    ax.plot(run.steps, eta * run.ntk[:, lane, 1], color=RED, linewidth=1.1, label=r"$\lambda_2$")
    ax.axhline(2, label=r"$2/\eta$", **EDGE_LINE)
    ax.set_xlim(0, run.stopped[lane])
    ax.set_ylabel(r"$\eta\,\lambda$ (NTK)")
    ax.set_xlabel("gradient step")
    ax.legend(loc="lower right", ncols=3)
    return ax


def plot_loss(run: DescentRun, lane: int = 0, *, ax: Axes | None = None) -> Axes:
    """Draw the loss of one lane.

    Args:
        run: Runs of gradient descent.
        lane: Which of them.
        ax: Axes; new ones if None.

    Returns:
        The axes.
    """
    ax = new_axes(ax, (6.0, 2.2))
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.semilogy(run.steps, run.loss[:, lane], color="0.2", linewidth=1.1)
    ax.yaxis.set_major_locator(LogLocator(numticks=6))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_xlim(0, run.stopped[lane])
    ax.set_ylabel(r"loss $|z|^2/2$")
    ax.set_xlabel("gradient step")
    return ax


def plot_sharpness(table: ConvergenceTable, shape: int = 0, *, ax: Axes | None = None) -> Axes:
    """Draw the sharpness at convergence against the residual scale, one curve for each step size.

    Points are means over the samples that converged, bars their standard error; dashed is the gradient flow.

    Args:
        table: A finished grid.
        shape: Which shape.
        ax: Axes; new ones if None.

    Returns:
        The axes.
    """
    ax = new_axes(ax, (4.6, 3.6))
    grid = table.grid
    scales = np.array(grid.sigma_z)
    shades = np.linspace(0.35, 0.95, len(grid.starts))
    import matplotlib as mpl

    colours = mpl.colormaps["YlGnBu"](shades)
    values = table.sharpness[shape]
    growth = table.flow_final[shape] / table.initial[shape][:, None]
    ceiling = 2.0
    for j, start in enumerate(grid.starts):
        good = np.isfinite(values[:, :, j])
        count = good.sum(axis=0)
        mean = np.where(count > 0, np.nansum(values[:, :, j], axis=0) / np.maximum(count, 1), np.nan)
        spread = np.sqrt(np.nansum((values[:, :, j] - mean) ** 2, axis=0) / np.maximum(count - 1, 1))
        bars = np.where(count > 1, spread / np.sqrt(np.maximum(count, 1)), 0)
        ceiling = max(ceiling, float(np.nanmax(mean + bars, initial=0)))
        ax.errorbar(scales, mean, bars, color=colours[j], marker="o", ms=4, capsize=2, label=f"{start:g}", zorder=3)
        if np.isfinite(growth).all():
            ax.plot(scales, start * growth.mean(axis=0), color=colours[j], linestyle="--", linewidth=1, alpha=0.8)
    ax.axhline(2, **EDGE_LINE)
    ax.annotate(r"$2/\eta$", (scales[0], 2), xytext=(0, 3), textcoords="offset points", color="0.25")
    ax.set_ylim(0, 1.15 * ceiling)
    ax.set_xlabel(r"residual scale $\sigma_z$")
    ax.set_ylabel(r"$\eta\,\lambda_{\max}$ at convergence")
    outputs, parameters = grid.shapes[shape]
    ax.set_title(f"D = {outputs}, P = {parameters}", fontsize=10)
    ax.legend(loc="lower right", title=r"$\eta\,\lambda_{\max}(0)$", fontsize=8, title_fontsize=8)
    return ax


def plot_split(split: TwoStepSplit, *, ax: Axes | None = None) -> Axes:
    """Draw the two-step change of the sharpness with its linear and its non-linear part.

    Args:
        split: A run with its splits.
        ax: Axes; new ones if None.

    Returns:
        The axes.
    """
    ax = new_axes(ax)
    steps = np.arange(len(split.change))
    ax.axhline(0, color="0.7", linewidth=0.8)
    ax.plot(steps, split.linear, color=BLUE, label="linear in the residual")
    ax.plot(steps, split.nonlinear, color=GREEN, label="non-linear")
    ax.plot(steps, split.change, color="0.15", linewidth=1.0, label="two-step change")
    _mark_phases(split, ax)
    ax.set_xlabel("gradient step")
    ax.set_ylabel(r"$\eta\,\Delta_2\lambda_{\max}$")
    ax.legend(loc="best")
    return ax


def plot_split_sharpness(split: TwoStepSplit, *, ax: Axes | None = None) -> Axes:
    """Draw the two largest NTK eigenvalues along a run that was split.

    Args:
        split: A run with its splits.
        ax: Axes; new ones if None.

    Returns:
        The axes.
    """
    ax = new_axes(ax)
    steps = np.arange(len(split.sharpness))
    ax.plot(steps, split.sharpness, color=BLUE, linewidth=1.1, label=r"$\lambda_1$")
    ax.plot(steps, split.second, color=RED, linewidth=1.1, label=r"$\lambda_2$")
    ax.axhline(2, label=r"$2/\eta$", **EDGE_LINE)
    _mark_phases(split, ax)
    ax.set_ylabel(r"$\eta\,\lambda$ (NTK)")
    ax.legend(loc="lower right", ncols=3)
    return ax


def _mark_phases(split: TwoStepSplit, ax: Axes) -> None:
    """Shade where the run sharpens and where it falls."""
    phases = split.phases()
    if phases is not None:
        ax.axvspan(0, phases.crossing, color=BLUE, alpha=0.06, linewidth=0)
        ax.axvspan(phases.peak, phases.end, color=GREEN, alpha=0.14, linewidth=0)


def plot_sharpening(curve: SharpeningCurve, limit: MeanFieldRun | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw the mean rise of the top NTK eigenvalue under the gradient flow with its three predictions.

    Args:
        curve: A measured rise.
        limit: The flow at infinite size, drawn as well when given.
        ax: Axes; new ones if None.

    Returns:
        The axes.
    """
    ax = new_axes(ax)
    time = curve.times * curve.start
    ax.fill_between(
        time, curve.rise - 2 * curve.rise_error, curve.rise + 2 * curve.rise_error, color="0.2", alpha=0.18, lw=0
    )
    ax.loglog(time, curve.rise, color="0.15", linewidth=2, label=f"measured, {curve.samples} pairs")
    ax.loglog(time, curve.short_time, color=RED, linestyle=":", label=r"$c\,t^2/2$")
    ax.loglog(time, curve.fixed_kernel, color=PURPLE, linestyle="-.", label="fixed kernel")
    ax.loglog(
        time,
        curve.displacement,
        color=GREEN,
        linestyle="--",
        label=r"$(\sigma_Q/\sigma_J)^2\,|\theta_t-\theta_0|^2$",
    )
    if limit is not None:
        ax.loglog(limit.times[4:] * limit.start, limit.rise[4:], color=BLUE, lw=1.2, label="infinite size")
    top = max(curve.rise[-1], curve.fixed_kernel[-1])
    ax.set_ylim(0.5 * curve.rise[0], 4 * top)
    ax.set_xlabel(r"time $t\,\lambda_{\max}(0)$")
    ax.set_ylabel(r"$\lambda_{\max}(t)/\lambda_{\max}(0) - 1$")
    law = curve.ensemble
    ax.set_title(rf"D = {law.outputs}, P = {law.parameters}, $\sigma_z$ = {law.sigma_z:g}", fontsize=10)
    ax.legend(loc="lower right")
    return ax


def plot_mean_field(limit: MeanFieldRun, runs: Sequence[DescentRun] = (), *, ax: Axes | None = None) -> Axes:
    """Draw the loss of descent at infinite size, and of simulated runs of one size.

    Args:
        limit: Descent at infinite size.
        runs: Simulated runs, one lane each, with the same step size.
        ax: Axes; new ones if None.

    Returns:
        The axes.
    """
    ax = new_axes(ax)
    outputs = limit.ensemble.outputs
    for number, run in enumerate(runs):
        label = f"D = {outputs}, {len(runs)} runs" if number == 0 else None
        ax.semilogy(run.steps, 2 * run.loss[:, 0] / outputs, color=BLUE, lw=0.8, alpha=0.5, label=label)
    ax.semilogy(np.arange(len(limit.loss)), limit.loss, color="0.1", lw=1.8, ls="--", label="infinite size")
    ax.set_ylabel(r"$|z|^2/D$")
    ax.set_xlabel("gradient step")
    ax.set_xlim(0, len(limit.loss) - 1)
    ax.legend(loc="best")
    return ax


def plot_mean_field_sharpness(limit: MeanFieldRun, runs: Sequence[DescentRun] = (), *, ax: Axes | None = None) -> Axes:
    """Draw the sharpness by the displacement law at infinite size, and the measured one of simulated runs.

    Args:
        limit: Descent at infinite size.
        runs: Simulated runs, one lane each, with the same step size.
        ax: Axes; new ones if None.

    Returns:
        The axes.
    """
    ax = new_axes(ax)
    for number, run in enumerate(runs):
        top, eta = run.ntk[:, 0, 0], run.step_sizes[0]
        labels = ("measured", "displacement law") if number == 0 else (None, None)
        ax.plot(run.steps, eta * top, color=BLUE, lw=0.8, alpha=0.6, label=labels[0])
        predicted = eta * top[0] * (1 + limit.ensemble.relative_curvature * run.displacement[:, 0] ** 2)
        ax.plot(run.steps, predicted, color=GREEN, lw=0.8, alpha=0.6, label=labels[1])
    ax.plot(np.arange(len(limit.loss)), limit.sharpness, color="0.1", lw=1.8, ls="--", label="the law at infinite size")
    ax.axhline(2, label=r"$2/\eta$", **EDGE_LINE)
    ax.set_ylabel(r"$\eta\,\lambda_{\max}$ (NTK)")
    ax.set_xlabel("gradient step")
    ax.legend(loc="lower right", fontsize=9)
    return ax


def save_mean_field(limit: MeanFieldRun, runs: Sequence[DescentRun], path: str) -> None:
    """Write sharpness and loss at infinite size with simulated runs, one above the other.

    Args:
        limit: Descent at infinite size.
        runs: Simulated runs.
        path: png, pdf or svg.
    """

    def draw(figure: Any) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        plot_mean_field_sharpness(limit, runs, ax=upper).set_xlabel("")
        plot_mean_field(limit, runs, ax=lower)

    save_panels(path, draw, (6.4, 5.2))


def save_panels(path: str, draw: Callable[[Any], None], size: tuple[float, float]) -> None:
    """Draw into a new figure and write it.

    Args:
        path: png, pdf or svg.
        draw: Called with the figure.
        size: Width and height in inches.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=size, layout="constrained")
        draw(figure)
    save_figure(figure, path)


def save_run(run: DescentRun, path: str, lane: int = 0) -> None:
    """Write trajectory and loss of one lane, one above the other.

    Args:
        run: Runs of gradient descent.
        path: png, pdf or svg.
        lane: Which of them.
    """

    def draw(figure: Any) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.6))
        plot_trajectory(run, lane, ax=upper).set_xlabel("")
        plot_loss(run, lane, ax=lower)

    save_panels(path, draw, (6.4, 4.8))


def save_sharpness(table: ConvergenceTable, path: str) -> None:
    """Write the sharpness at convergence, one panel for each shape.

    Args:
        table: A finished grid.
        path: png, pdf or svg.
    """
    shapes = len(table.grid.shapes)

    def draw(figure: Any) -> None:
        panels = figure.subplots(1, shapes, sharey=True, squeeze=False)[0]
        for index, panel in enumerate(panels):
            plot_sharpness(table, index, ax=panel)
            if index:
                panel.set_ylabel("")

    save_panels(path, draw, (1.2 + 3.4 * shapes, 3.8))


def save_split(split: TwoStepSplit, path: str) -> None:
    """Write sharpness and split of one run, one above the other.

    Args:
        split: A run with its splits.
        path: png, pdf or svg.
    """

    def draw(figure: Any) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1))
        plot_split_sharpness(split, ax=upper)
        plot_split(split, ax=lower)
        lower.set_xlim(0, max(len(split.change) - 1, 1))

    save_panels(path, draw, (6.8, 5.4))


def save_sharpening(curve: SharpeningCurve, path: str, limit: MeanFieldRun | None = None) -> None:
    """Write the rise with its predictions.

    Args:
        curve: A measured rise.
        limit: The flow at infinite size.
        path: png, pdf or svg.
    """
    save_panels(path, lambda figure: (plot_sharpening(curve, limit, ax=figure.subplots()), None)[1], (6.2, 4.2))
