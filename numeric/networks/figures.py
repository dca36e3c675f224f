"""Figures of a watched run beside its central flow: eigenvalues with bounds against the edge, and the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..regression.figures import save_panels
from ..runs.figure_style import in_style
from .predictions.central_flow import CentralFlowPrediction
from .training.figures import plot_run_loss, plot_spectrum, plot_two_step_split
from .training.run import TrainingRun, held_against_the_edge
from .training.two_step import split_changes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FLOW: dict[str, Any] = {"color": "0.1", "lw": 1.2, "ls": "--"}


@in_style
def plot_spectrum_beside_flow(run: TrainingRun, flow: CentralFlowPrediction, *, ax: Axes | None = None) -> Axes:
    """The largest eigenvalues of a run with their bounds against the edge, and those along its central flow.

    Args:
        run: a training run.
        flow: the central flow from the same start.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the records' entries do not fit together (by matplotlib).

    Source:
        Cohen, Damian, Talwalkar, Kolter and Lee 2024, for what is drawn.

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.1]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [1.5, 4.0])
        >>> run, flow = es.networks.train(problem, step_size=0.8, steps=40), es.networks.central_flow(problem, 0.8, 40)
        >>> es.networks.plot_spectrum_beside_flow(run, flow).lines[-1].get_label()
        'central flow'
    """
    ax = plot_spectrum(run, ax=ax)
    for column in reversed(range(min(2, flow.sharpness.shape[1]))):
        ax.plot(flow.steps, flow.sharpness[:, column], label="_" if column else "central flow", **FLOW)
    ax.legend(loc="upper left", ncols=2)
    return ax


@in_style
def plot_loss_beside_flow(run: TrainingRun, flow: CentralFlowPrediction, *, ax: Axes | None = None) -> Axes:
    """The loss of a run, and what the central flow predicts for its mean over the swing.

    Args:
        run: a training run.
        flow: the central flow from the same start.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Cohen, Damian, Talwalkar, Kolter and Lee 2024, for what is drawn.

    Example:
        >>> model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.1]]], y=[0.0])
        >>> problem = es.networks.Problem.from_regression(model, [1.5, 4.0])
        >>> run, flow = es.networks.train(problem, step_size=0.8, steps=40), es.networks.central_flow(problem, 0.8, 40)
        >>> es.networks.plot_loss_beside_flow(run, flow).get_yscale()
        'log'
    """
    ax = plot_run_loss(run, ax=ax)
    # every step of the run, so its line is lighter than the flow's
    ax.lines[0].set(color="0.55", label="run")
    ax.plot(flow.steps, flow.mean_loss, label="central flow", **FLOW)
    shown = np.concatenate([run.losses[np.isfinite(run.losses)], flow.mean_loss])
    ax.set_ylim(0.7 * max(shown.min(), 1e-12 * shown.max()), 1.6 * shown.max())
    return ax


def save_watched_run(run: TrainingRun, flow: CentralFlowPrediction | None, path: str) -> None:
    """Write eigenvalues against the edge and loss, with the central flow, and between them what else was measured.

    For an adaptive optimiser that is the sharpness itself, for a run with ``two-step`` the split of its changes.

    Args:
        run: a training run.
        flow: its central flow; None for none.
        path: png, pdf or svg.
    """
    extra = run.has("sharpness") and held_against_the_edge(run.records) != "sharpness"
    split = split_changes(run.records) is not None
    heights = [2.2, *([1.5] if extra else []), *([1.7] if split else []), 1.3]

    def draw(figure: Any) -> None:
        panels = list(figure.subplots(len(heights), 1, sharex=True, height_ratios=heights))
        first, last = panels[0], panels[-1]
        if flow is None:
            plot_spectrum(run, ax=first)
        else:
            plot_spectrum_beside_flow(run, flow, ax=first)
        first.set_xlabel("")
        middle = iter(panels[1:-1])
        if extra:
            plot_spectrum(run, "sharpness", ax=next(middle)).set_xlabel("")
        if split:
            plot_two_step_split(run, ax=next(middle)).set_xlabel("")
        if flow is None:
            plot_run_loss(run, ax=last)
        else:
            plot_loss_beside_flow(run, flow, ax=last).legend(loc="lower left")

    save_panels(path, draw, (3.4, sum(heights) + 0.2))
