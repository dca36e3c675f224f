"""Figures of predictions beside a run: sharpness, variance of the oscillation, loss, and the slope of two steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...regression.figures import new_axes, save_panels
from ...runs.figure_style import COLOURS, EDGE_LINE, in_style
from ..backends.backend import Array
from .central_flow import CentralFlowPrediction
from .comparison import largest
from .predict import RunPredictions
from .two_step import BAND

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RUN, FLOW, TAYLOR, SWING, SECOND = COLOURS
WIDTH = 3.4
OVERSHOOT = 1.6
"""The sharpness axis ends here, in units of the edge: a Taylor model that leaves does not hide the rest."""


@in_style
def plot_predicted_sharpness(found: RunPredictions, *, ax: Axes | None = None) -> Axes:
    """Top eigenvalues against the edge, with central flow, self-stabilisation and Taylor model.

    Args:
        found: a run with its predictions.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Cohen, Damian, Talwalkar, Kolter and Lee 2024, for what is drawn.

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.01]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.8, 13.0])
        >>> ax = es.networks.plot_predicted_sharpness(es.networks.predict_run(problem, 1.2, steps=20))
        >>> ax.get_xlabel()
        'gradient step'
    """
    ax, run = new_axes(ax, (WIDTH, 2.4)), found.run
    scale = run.rule.step_size
    for column in range(min(run.sharpness.shape[1], 2)):
        colour, label = ((RUN, r"run, $\lambda_1$"), (SECOND, r"run, $\lambda_2$"))[column]
        style: Any = {"color": colour, "lw": 0.8, "alpha": 0.8, "zorder": 2 - column / 10}
        known = np.isfinite(run.sharpness[:, column])
        values = scale * run.sharpness[known, column]
        ax.plot(run.steps[known], values, label=label, **style)
        if run.bounds is not None:
            bound = scale * run.bounds[known, column]
            band: Any = {"color": colour, "alpha": 0.3, "linewidth": 0}
            ax.fill_between(run.steps[known], values - bound, values + bound, **band)
    if found.taylor is not None:
        model = found.taylor.run
        ax.plot(
            found.taylor.begin + model.steps, scale * model.sharpness[:, 0], color=TAYLOR, lw=0.9, label="Taylor model"
        )
    if found.self_stabilisation is not None:
        swing = found.self_stabilisation
        ax.plot(swing.steps, scale * swing.sharpness, color=SWING, lw=1.0, ls="-.", label="self-stabilisation")
    if found.flow is not None:
        for column in range(min(found.flow.sharpness.shape[1], 2)):
            name = "central flow" if column == 0 else None
            ax.plot(found.flow.steps, scale * found.flow.sharpness[:, column], color="0.1", lw=1.3, ls="--", label=name)
    ax.axhline(2, label=r"$2/\eta$", **EDGE_LINE)
    seen = scale * run.sharpness[:, :2]
    if np.isfinite(seen).any():
        low, high = float(np.nanmin(seen)), float(np.nanmax(seen))
        room = 0.15 * (max(high, 2.0) - min(low, 2.0))
        ax.set_ylim(max(min(low, 2.0) - room, 0.0), min(max(high, 2.0) + room, 2 * OVERSHOOT))
    ax.set_ylabel(r"$\eta\,\lambda$")
    return _steps(ax, found)


@in_style
def plot_predicted_variance(found: RunPredictions, *, ax: Axes | None = None) -> Axes:
    """Predicted and measured variance of the oscillation, along the top eigenvector and in all directions.

    Args:
        found: a run with its central flow.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        DomainError: no central flow was asked for.

    Source:
        Cohen, Damian, Talwalkar, Kolter and Lee 2024, for what is drawn.

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.01]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.8, 13.0])
        >>> ax = es.networks.plot_predicted_variance(es.networks.predict_run(problem, 1.2, steps=20))
        >>> len(ax.get_lines()) >= 3
        True
    """
    if found.flow is None:
        raise DomainError.of("plot_predicted_variance()", "a central flow", "none", "Predict 'central-flow' too.")
    ax, flow = new_axes(ax, (WIDTH, 1.6)), found.flow
    raw = np.sum(found.run.displacement**2, axis=1)
    ax.plot(found.run.steps, raw, color=RUN, lw=0.6, alpha=0.3, label="run")
    total, along = flow.comparisons["total-variance"], flow.comparisons["variance"]
    ax.plot(total.steps, total.measured, color=RUN, lw=1.1, label="run, mean")
    ax.plot(total.steps, total.predicted, color="0.1", lw=1.3, ls="--", label=r"$\mathrm{tr}\,\Sigma$")
    if largest(total.predicted - along.predicted) > 1e-3 * largest(total.predicted):
        ax.plot(along.steps, along.predicted, color=TAYLOR, lw=1.0, ls="--", label=r"$\sigma_1^2$")
        ax.plot(along.steps, along.measured, color=TAYLOR, lw=0.8, label=r"run, along $u_1$")
    high = max(largest(total.predicted), largest(total.measured)) or 1.0
    ax.set_ylim(0, 1.25 * high)
    ax.set_ylabel(r"$\langle\delta^2\rangle$")
    return _steps(ax, found)


@in_style
def plot_predicted_loss(found: RunPredictions, *, ax: Axes | None = None) -> Axes:
    """The loss with the central flow's, averaged over the oscillation and at its centre, and the Taylor model's.

    Args:
        found: a run with its predictions.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Cohen, Damian, Talwalkar, Kolter and Lee 2024, for what is drawn.

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.01]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.8, 13.0])
        >>> es.networks.plot_predicted_loss(es.networks.predict_run(problem, 1.2, steps=20)).get_yscale()
        'log'
    """
    ax, run = new_axes(ax, (WIDTH, 1.8)), found.run
    ax.plot(run.steps, run.loss, color=RUN, lw=0.8, alpha=0.8, label="run")
    if found.taylor is not None:
        ax.plot(
            found.taylor.begin + found.taylor.run.steps,
            found.taylor.run.loss,
            color=TAYLOR,
            lw=0.9,
            label="Taylor model",
        )
    if found.flow is not None:
        ax.plot(found.flow.steps, found.flow.mean_loss, color="0.1", lw=1.3, ls="--", label="flow, mean")
        ax.plot(found.flow.steps, found.flow.loss, color="0.5", lw=1.0, ls=":", label="flow, centre")
    ax.set_yscale("log")
    shown = [run.loss, *([] if found.flow is None else [found.flow.loss])]
    low, high = min(map(np.nanmin, shown)), max(map(np.nanmax, shown))
    ax.set_ylim(0.7 * max(float(low), 1e-12 * float(high)), 1.6 * float(high))
    ax.set_ylabel("loss")
    return _steps(ax, found, columns=2)


@in_style
def plot_two_step_slope(found: RunPredictions, *, ax: Axes | None = None) -> Axes:
    """``z'' - z`` against ``2 y z`` near the edge, with the measured slope and the predicted one.

    Args:
        found: a run with its two steps.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        DomainError: the two steps were not asked for.

    Source:
        Agarwala, Pedregosa and Pennington 2022, equation for ``z_(t+2) - z_t``.

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.01]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.8, 13.0])
        >>> ax = es.networks.plot_two_step_slope(es.networks.predict_run(problem, 1.2, steps=20))
        >>> ax.get_xlabel().startswith("$2yz")
        True
    """
    if found.two_step is None:
        raise DomainError.of("plot_two_step_slope()", "the two-step split", "none", "Predict 'two-step' too.")
    ax, two = new_axes(ax, (WIDTH, 2.2)), found.two_step
    near, slope = two.near_edge(BAND), two.slope(BAND)
    x, change = (2 * two.y * two.z)[near], two.z_change[near]
    reach_of = largest(x) or 1.0
    power = int(np.floor(np.log10(reach_of))) if reach_of < 0.1 else 0
    x, change = x / 10.0**power, change / 10.0**power
    ax.plot(x, change, ".", color=RUN, ms=2.5, alpha=0.6, label="run")
    reach = np.array([-1.0, 1.0]) * reach_of / 10.0**power
    ax.plot(reach, reach, color="0.1", lw=1.2, ls="--", label="slope 1")
    if slope is not None:
        label = f"{slope.value:.2f} ({slope.low:.2f} to {slope.high:.2f})"
        ax.plot(reach, slope.value * reach, color=TAYLOR, lw=1.0, label=label)
    ax.locator_params(nbins=5)
    unit = rf"\;[10^{{{power}}}]" if power else ""
    ax.set_xlabel(f"$2yz{unit}$")
    ax.set_ylabel(f"$z''-z{unit}$")
    ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=3, handlelength=1.3)
    return ax


def plot_predictions(found: RunPredictions) -> Any:
    """Everything in one figure: sharpness, variance, loss, and the slope of two steps, as far as they were asked for.

    Args:
        found: a run with its predictions.

    Returns:
        A matplotlib figure, one column wide.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Cohen, Damian, Talwalkar, Kolter and Lee 2024, for what is drawn.

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.01]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [0.8, 13.0])
        >>> len(es.networks.plot_predictions(es.networks.predict_run(problem, 1.2, steps=20)).axes)
        4
    """
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(WIDTH, _height(found)), layout="constrained")
    _draw(found, figure)
    return figure


def save_predictions(found: RunPredictions, path: str) -> None:
    """Write the figure.

    Args:
        found: a run with its predictions.
        path: png, pdf or svg.
    """
    save_panels(path, lambda figure: _draw(found, figure), (WIDTH, _height(found)))


def _panels(found: RunPredictions) -> list[tuple[Any, float]]:
    chosen: list[tuple[Any, float]] = [(plot_predicted_sharpness, 2.7)]
    if found.flow is not None:
        chosen.append((plot_predicted_variance, 1.7))
    chosen.append((plot_predicted_loss, 1.9))
    if found.two_step is not None and found.two_step.near_edge().any():
        chosen.append((plot_two_step_slope, 2.1))
    return chosen


def _height(found: RunPredictions) -> float:
    return sum(height for _, height in _panels(found))


def _draw(found: RunPredictions, figure: Any) -> None:
    """All panels under one another; those over steps share their axis."""
    panels = _panels(found)
    grid = figure.add_gridspec(len(panels), 1, height_ratios=[height for _, height in panels])
    first = None
    for row, (draw, _) in enumerate(panels):
        ax = figure.add_subplot(grid[row], sharex=first if draw is not plot_two_step_slope else None)
        first = first or ax
        draw(found, ax=ax)
        last = row + 1 == len(panels) or panels[row + 1][0] is plot_two_step_slope
        if draw is not plot_two_step_slope and not last:
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)


def _steps(ax: Axes, found: RunPredictions, columns: int = 3) -> Axes:
    """The common axis and a legend above, out of the way of the curves."""
    ax.set_xlim(0, max(len(found.run.theta) - 1, 1))
    ax.set_xlabel("gradient step" if not found.begin else f"gradient step after step {found.begin}")
    ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=columns, handlelength=1.3)
    return ax


def figure_data(found: RunPredictions) -> dict[str, Array]:
    """What the figure shows, as arrays by name.

    Args:
        found: a run with its predictions.

    Returns:
        Steps, loss and eigenvalues of the run, and what was predicted.
    """
    data = {"steps": found.run.steps, "loss": found.run.loss, "sharpness": found.run.sharpness}
    data["centre_sharpness"] = found.run.centre_sharpness
    if found.run.bounds is not None:
        data["bounds"] = found.run.bounds
    if found.flow is not None:
        data |= flow_data(found.flow)
        data["variance"] = found.flow.comparisons["total-variance"].measured
    if found.two_step is not None:
        two = found.two_step
        data |= {name: getattr(two, name) for name in ("ntk", "linear", "change", "y", "z", "z_change")}
    if found.taylor is not None:
        data |= {"taylor_loss": found.taylor.run.loss, "taylor_sharpness": found.taylor.run.sharpness}
    if found.self_stabilisation is not None:
        swing = found.self_stabilisation
        data |= {"swing_steps": swing.steps, "swing_x": swing.x, "swing_sharpness": swing.sharpness}
    return data


def flow_data(flow: CentralFlowPrediction) -> dict[str, Array]:
    """What a figure shows of the central flow, as arrays by name.

    Args:
        flow: the flow.

    Returns:
        Mean loss, eigenvalues and total variance at each step.
    """
    return {"flow_loss": flow.mean_loss, "flow_sharpness": flow.sharpness, "flow_variance": flow.total_variance}
