"""Figures of the quadratic regression model: NTK eigenvalues against the edge, loss, two-step splits, the rise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..runs.figure_style import COLOURS, EDGE_LINE, STYLE, in_style, save_figure, styled_axes
from ..runs.status import Status
from .convergence import ConvergenceTable
from .descent import DescentRun
from .flow import FlowRun
from .mean_field import MeanFieldRun
from .sharpening import SharpeningCurve
from .two_steps import TwoStepSplit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray[Any, np.dtype[Any]]
BLUE, RED, GREEN, PURPLE = COLOURS[:4]
DIVERGING = 10.0
"""An eigenvalue that goes beyond this, where the edge is at 2, hides all else on a linear axis."""


def new_axes(ax: Axes | None, size: tuple[float, float] = (3.4, 2.5)) -> Axes:
    """The axes given, or new ones."""
    with styled_axes(ax, size) as found:
        return found


def save_panels(path: str, draw: Callable[[Any], None], size: tuple[float, float]) -> None:
    """Draw into a new figure and write it.

    Args:
        path: png, pdf or svg.
        draw: called with the figure.
        size: width and height in inches.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=size, layout="constrained")
        draw(figure)
    save_figure(figure, path)


def draw_eigenvalues(ax: Axes, steps: Array, scaled: Array, legend: str = "lower right") -> Axes:
    """The two largest NTK eigenvalues times eta, shape ``(T, 2)``, against the edge.

    Args:
        ax: axes to draw on.
        steps: shape ``(T,)``.
        scaled: the eigenvalues; of a run that diverges the axis is logarithmic.
        legend: where.

    Returns:
        The axes.
    """
    for column, colour in enumerate((BLUE, RED)):
        label = rf"$\lambda_{column + 1}$ NTK"
        ax.plot(steps, scaled[:, column], color=colour, linewidth=1.1, label=label)
    ax.axhline(2, label=r"$2/\eta$", **EDGE_LINE)
    ax.set_ylabel(r"$\eta\,\lambda$")
    ax.set_xlabel("gradient step")
    if np.nanmax(scaled[:, 0], initial=0.0) > DIVERGING:
        ax.set_yscale("log")
    place: Any = legend if ax.get_yscale() == "linear" else "upper left"
    ax.legend(loc=place, ncols=2)
    return ax


def draw_loss(ax: Axes, steps: Array, loss: Array) -> Axes:
    """The loss against the step."""
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.semilogy(steps, loss, color="0.2", linewidth=1.1)
    low, high = float(np.nanmin(loss)), float(np.nanmax(loss))
    marks = (1.0, 2.0, 5.0) if low > 0 and high < 100 * low else (1.0,)
    ax.yaxis.set_major_locator(LogLocator(subs=marks, numticks=6))
    if len(marks) > 1:
        ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_ylabel("loss")
    ax.set_xlabel("gradient step")
    return ax


def draw_split(ax: Axes, steps: Array, linear: Array, nonlinear: Array, change: Array) -> Axes:
    """The two-step change of the top NTK eigenvalue with its linear and its non-linear part."""
    ax.axhline(0, color="0.7", linewidth=0.8)
    ax.plot(steps, linear, color=BLUE, linewidth=1.1, label="linear in the residual")
    ax.plot(steps, nonlinear, color=GREEN, linewidth=1.2, label="non-linear")
    ax.plot(steps, change, color="0.15", linewidth=1.0, label="two-step change")
    ax.set_xlabel("gradient step")
    ax.set_ylabel(r"$\eta\,\Delta_2\lambda_1$")
    ax.legend(loc="lower left")
    return ax


@in_style
def plot_trajectory(run: DescentRun, flow: FlowRun | None = None, *, lane: int = 0, ax: Axes | None = None) -> Axes:
    """The two largest NTK eigenvalues of one lane against the edge, with the gradient flow from the same start.

    Args:
        run: runs of gradient descent.
        flow: the flow, drawn at the steps ``t / eta`` as dashed lines; None for none.
        lane: which of the runs.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Agarwala, Pedregosa and Pennington 2022, "A more general model".

    Example:
        >>> start = es.regression.RegressionEnsemble.normalised(6, 12).sample(seed=0)
        >>> run = es.regression.descend_regression(start, 0.2)
        >>> es.regression.plot_trajectory(run).get_xlabel()
        'gradient step'
    """
    ax, eta = new_axes(ax), run.step_sizes[lane]
    if flow is not None:
        for column, colour in enumerate((BLUE, RED)):
            label = "flow" if column == 0 else None
            when, values = flow.times / eta, eta * flow.ntk[:, column]
            if flow.status is Status.CONVERGED:  # it stays there
                when, values = np.append(when, max(when[-1], run.stopped[lane])), np.append(values, values[-1])
            ax.plot(when, values, color=colour, lw=1, ls="--", label=label)
    draw_eigenvalues(ax, run.steps, eta * run.ntk[:, lane])
    ax.set_xlim(0, max(run.stopped[lane], 1))
    return ax


@in_style
def plot_loss(run: DescentRun, flow: FlowRun | None = None, *, lane: int = 0, ax: Axes | None = None) -> Axes:
    """The loss of one lane, with that of the gradient flow from the same start.

    Args:
        run: runs of gradient descent.
        flow: the flow, drawn at the steps ``t / eta``, dashed; None for none.
        lane: which of the runs.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Agarwala, Pedregosa and Pennington 2022, "A more general model".

    Example:
        >>> start = es.regression.RegressionEnsemble.normalised(6, 12).sample(seed=0)
        >>> run = es.regression.descend_regression(start, 0.2)
        >>> es.regression.plot_loss(run).get_yscale()
        'log'
    """
    ax = draw_loss(new_axes(ax, (3.4, 1.6)), run.steps, run.loss[:, lane])
    if flow is not None:
        low, high = ax.get_ylim()
        ax.plot(flow.times / run.step_sizes[lane], flow.loss, color="0.2", lw=1, ls="--", label="flow")
        ax.set_ylim(low, high)
        ax.legend(loc="best")
    ax.set_xlim(0, max(run.stopped[lane], 1))
    return ax


@in_style
def plot_convergence(table: ConvergenceTable, shape: int = 0, *, ax: Axes | None = None) -> Axes:
    """The top NTK eigenvalue at convergence against the residual scale, one curve for each step size.

    Args:
        table: a finished grid.
        shape: which shape.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes. Points are means over the samples that converged, bars their standard error; dashed is the flow from
        the same samples.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Agarwala, Pedregosa and Pennington 2022, Figure 3.

    Example:
        >>> grid = es.regression.ConvergenceGrid(shapes=((3, 6),), sigma_z=(0.5, 1.0), starts=(0.5,), samples=2)
        >>> es.regression.plot_convergence(es.regression.run_convergence_grid(grid)).get_title(loc="left")
        'D = 3, P = 6; dashed: flow'
    """
    import matplotlib as mpl

    ax = new_axes(ax, (3.4, 2.8))
    grid, values = table.grid, table.scaled_ntk[shape]
    scales = np.array(grid.sigma_z)
    colours = mpl.colormaps["YlGnBu"](np.linspace(0.35, 0.95, len(grid.starts)))
    growth = table.flow_growth[shape]
    ceiling = 2.0
    for j, start in enumerate(grid.starts):
        count = np.isfinite(values[:, :, j]).sum(axis=0)
        mean = np.where(count > 0, np.nansum(values[:, :, j], axis=0) / np.maximum(count, 1), np.nan)
        spread = np.sqrt(np.nansum((values[:, :, j] - mean) ** 2, axis=0) / np.maximum(count - 1, 1))
        bars = np.where(count > 1, spread / np.sqrt(np.maximum(count, 1)), 0)
        ceiling = max(ceiling, float(np.nanmax(mean + bars, initial=0)))
        ax.errorbar(scales, mean, bars, color=colours[j], marker="o", ms=4, capsize=2, label=f"{start:g}", zorder=3)
        if table.grid.flow:
            ended = np.isfinite(growth[:, :, j]).sum(axis=0)
            flow = np.where(ended > 0, np.nansum(growth[:, :, j], axis=0) / np.maximum(ended, 1), np.nan)
            ax.plot(scales, start * flow, color=colours[j], linestyle="--", linewidth=1, alpha=0.8)
    ax.axhline(2, **EDGE_LINE)
    ax.annotate(r"$2/\eta$", (scales[0], 2), xytext=(0, 3), textcoords="offset points", color="0.25")
    ax.set_ylim(0, 1.15 * ceiling)
    ax.set_xlabel(r"residual scale $\sigma_z$")
    ax.set_ylabel(r"$\eta\,\lambda_{\max}$ at convergence")
    outputs, parameters = grid.shapes[shape]
    ax.set_title(f"D = {outputs}, P = {parameters}" + ("; dashed: flow" if grid.flow else ""), loc="left")
    ax.legend(loc="lower right", title=r"$\eta\,\lambda_{\max}(0)$")
    return ax


@in_style
def plot_split(split: TwoStepSplit, *, ax: Axes | None = None) -> Axes:
    """The two-step changes of a run with their parts, its two phases shaded.

    Args:
        split: the changes of a run.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes. Blue shade: up to the edge; green shade: the fall.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Agarwala, Pedregosa and Pennington 2022, "A more general model".

    Example:
        >>> state = es.regression.RegressionEnsemble.normalised(6, 12).sample(seed=0)
        >>> split = es.regression.split_two_steps(state, 0.2, 20)
        >>> es.regression.plot_split(split).lines[2].get_label()
        'non-linear'
    """
    steps = np.arange(len(split.change))
    ax = draw_split(new_axes(ax), steps, split.linear, split.nonlinear, split.change)
    _mark_phases(split, ax)
    return ax


@in_style
def plot_split_eigenvalues(split: TwoStepSplit, *, ax: Axes | None = None) -> Axes:
    """The two largest NTK eigenvalues along a run that was split, its two phases shaded.

    Args:
        split: the changes of a run.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Agarwala, Pedregosa and Pennington 2022, "A more general model".

    Example:
        >>> state = es.regression.RegressionEnsemble.normalised(6, 12).sample(seed=0)
        >>> split = es.regression.split_two_steps(state, 0.2, 20)
        >>> es.regression.plot_split_eigenvalues(split).get_xlabel()
        'gradient step'
    """
    pair = np.stack([split.scaled_ntk, split.second], axis=1)
    ax = draw_eigenvalues(new_axes(ax), np.arange(len(pair)), pair)
    _mark_phases(split, ax)
    return ax


def _mark_phases(split: TwoStepSplit, ax: Axes) -> None:
    """Shade where the run sharpens and where it falls."""
    phases = split.phases()
    if phases is not None:
        ax.axvspan(0, phases.crossing, color=BLUE, alpha=0.06, linewidth=0)
        ax.axvspan(phases.peak, phases.end, color=GREEN, alpha=0.14, linewidth=0)


@in_style
def plot_sharpening(curve: SharpeningCurve, limit: MeanFieldRun | None = None, *, ax: Axes | None = None) -> Axes:
    """The mean rise of the top NTK eigenvalue under the gradient flow with its three predictions.

    Args:
        curve: a measured rise.
        limit: the flow at infinite size, drawn as well when given.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Agarwala, Pedregosa and Pennington 2022, Theorem 2, for its start; the predictions are derived here.

    Example:
        >>> law = es.regression.RegressionEnsemble.normalised(3, 6)
        >>> es.regression.plot_sharpening(es.regression.measure_sharpening(law, 2, 0)).get_xscale()
        'log'
    """
    ax = new_axes(ax)
    time, low, high = curve.times * curve.start, curve.rise - 2 * curve.rise_error, curve.rise + 2 * curve.rise_error
    ax.fill_between(time, low, high, color="0.2", alpha=0.18, lw=0)
    ax.loglog(time, curve.rise, color="0.15", linewidth=2, label=f"measured, {curve.samples} pairs")
    displacement = r"$(\sigma_Q/\sigma_J)^2\,|\theta_t-\theta_0|^2$"
    ax.loglog(time, curve.short_time, color=RED, linestyle=":", label=r"$c\,t^2/2$")
    ax.loglog(time, curve.fixed_kernel, color=PURPLE, linestyle="-.", label="fixed kernel")
    ax.loglog(time, curve.displacement, color=GREEN, linestyle="--", label=displacement)
    if limit is not None:
        ax.loglog(limit.times[4:] * limit.start, limit.rise[4:], color=BLUE, lw=1.2, label="infinite size")
    ax.set_ylim(0.5 * curve.rise[0], 4 * max(curve.rise[-1], curve.fixed_kernel[-1]))
    ax.set_xlabel(r"time $t\,\lambda_{\max}(0)$")
    ax.set_ylabel(r"$\lambda_{\max}(t)/\lambda_{\max}(0) - 1$")
    law = curve.ensemble
    ax.set_title(rf"D = {law.outputs}, P = {law.parameters}, $\sigma_z$ = {law.sigma_z:g}", loc="left")
    ax.legend(loc="lower right")
    return ax


@in_style
def plot_mean_field_loss(limit: MeanFieldRun, runs: Sequence[DescentRun] = (), *, ax: Axes | None = None) -> Axes:
    """The loss of descent at infinite size, and of simulated runs of one size (one lane each, the same step size).

    Args:
        limit: descent at infinite size.
        runs: simulated runs to draw beside it.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Agarwala, Pedregosa and Pennington 2022, "A more general model"; the limit is derived here.

    Example:
        >>> law = es.regression.RegressionEnsemble.normalised(20, 40)
        >>> limit = es.regression.mean_field_descent(law, 0.5 / law.edge, 10)
        >>> es.regression.plot_mean_field_loss(limit).get_ylabel()
        '$|z|^2/D$'
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


@in_style
def plot_mean_field_eigenvalue(limit: MeanFieldRun, runs: Sequence[DescentRun] = (), *, ax: Axes | None = None) -> Axes:
    """The top NTK eigenvalue by the displacement law at infinite size, and the measured one of simulated runs.

    Args:
        limit: descent at infinite size.
        runs: simulated runs to draw beside it.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Agarwala, Pedregosa and Pennington 2022, "A more general model"; the limit is derived here.

    Example:
        >>> law = es.regression.RegressionEnsemble.normalised(20, 40)
        >>> limit = es.regression.mean_field_descent(law, 0.5 / law.edge, 10)
        >>> es.regression.plot_mean_field_eigenvalue(limit).get_xlabel()
        'gradient step'
    """
    ax = new_axes(ax)
    for number, run in enumerate(runs):
        top, eta = run.ntk[:, 0, 0], run.step_sizes[0]
        labels = ("measured", "displacement law") if number == 0 else (None, None)
        ax.plot(run.steps, eta * top, color=BLUE, lw=0.8, alpha=0.6, label=labels[0])
        predicted = eta * top[0] * (1 + limit.ensemble.relative_curvature * run.displacement[:, 0] ** 2)
        ax.plot(run.steps, predicted, color=GREEN, lw=0.8, alpha=0.6, label=labels[1])
    steps = np.arange(len(limit.loss))
    ax.plot(steps, limit.scaled_ntk, color="0.1", lw=1.8, ls="--", label="the law at infinite size")
    ax.axhline(2, label=r"$2/\eta$", **EDGE_LINE)
    ax.set_ylabel(r"$\eta\,\lambda_{\max}$ (NTK)")
    ax.set_xlabel("gradient step")
    ax.legend(loc="lower right")
    return ax


def save_mean_field(limit: MeanFieldRun, runs: Sequence[DescentRun], path: str) -> None:
    """Write eigenvalue and loss at infinite size with simulated runs, one above the other."""

    def draw(figure: Any) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        plot_mean_field_eigenvalue(limit, runs, ax=upper).set_xlabel("")
        plot_mean_field_loss(limit, runs, ax=lower)

    save_panels(path, draw, (3.4, 3.8))


def save_run(run: DescentRun, path: str, lane: int = 0) -> None:
    """Write trajectory and loss of one lane, one above the other."""

    def draw(figure: Any) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.6))
        plot_trajectory(run, lane=lane, ax=upper).set_xlabel("")
        plot_loss(run, lane=lane, ax=lower)

    save_panels(path, draw, (3.4, 3.6))


def save_convergence(table: ConvergenceTable, path: str) -> None:
    """Write the top NTK eigenvalue at convergence, one panel for each shape."""
    shapes = len(table.grid.shapes)

    def draw(figure: Any) -> None:
        for index, panel in enumerate(figure.subplots(1, shapes, sharey=True, squeeze=False)[0]):
            plot_convergence(table, index, ax=panel)
            if index:
                panel.set_ylabel("")

    save_panels(path, draw, (3.4 * shapes, 2.9))


def save_split(split: TwoStepSplit, path: str) -> None:
    """Write eigenvalues and split of one run, one above the other."""

    def draw(figure: Any) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1))
        plot_split_eigenvalues(split, ax=upper).set_xlabel("")
        plot_split(split, ax=lower)
        lower.set_xlim(0, max(len(split.change) - 1, 1))

    save_panels(path, draw, (3.4, 4.0))


def save_sharpening(curve: SharpeningCurve, path: str, limit: MeanFieldRun | None = None) -> None:
    """Write the rise with its predictions."""
    save_panels(path, lambda figure: (plot_sharpening(curve, limit, ax=figure.subplots()), None)[1], (3.4, 2.8))
