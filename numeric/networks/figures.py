"""Figures of a training run: eigenvalues against the edge, loss, and the two-step split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..regression.figures import PURPLE, draw_eigenvalues, draw_loss, draw_split, new_axes, save_panels
from ..runs.figure_style import in_style
from .tanh_training import NetworkRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@in_style
def plot_eigenvalues(run: NetworkRun, *, ax: Axes | None = None) -> Axes:
    """The two largest NTK eigenvalues, and the Hessian's largest where measured, against the edge.

    Args:
        run: a training run.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Agarwala, Pedregosa and Pennington 2022, "Connection with deep models".

    Example:
        >>> network = es.networks.TanhNetwork([[-1.0], [0.0], [1.0]], [[1.0], [0.0], [1.0]], hidden=(4,))
        >>> run = es.networks.train_network(network, network.initial(seed=0), 0.1, steps=20)
        >>> float(es.networks.plot_eigenvalues(run).get_xlim()[1])
        20.0
    """
    ax, eta = new_axes(ax), run.step_size
    known = np.isfinite(run.hessian[:, 0])
    if known.any():
        ax.plot(run.steps[known], eta * run.hessian[known, 0], color=PURPLE, lw=0.9, alpha=0.55, label=r"$h_1$ Hessian")
    draw_eigenvalues(ax, run.steps, eta * run.ntk, legend="upper left")
    ax.set_xlim(0, max(run.stopped, 1))
    ax.set_ylim(0, 1.4 * max(2.0, float(np.nanmax(eta * run.ntk[:, 0], initial=0.0))))
    return ax


@in_style
def plot_network_loss(run: NetworkRun, *, ax: Axes | None = None) -> Axes:
    """The loss of a training run.

    Args:
        run: a training run.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Agarwala, Pedregosa and Pennington 2022, "Connection with deep models".

    Example:
        >>> network = es.networks.TanhNetwork([[-1.0], [0.0], [1.0]], [[1.0], [0.0], [1.0]], hidden=(4,))
        >>> run = es.networks.train_network(network, network.initial(seed=0), 0.1, steps=20)
        >>> es.networks.plot_network_loss(run).get_yscale()
        'log'
    """
    return draw_loss(new_axes(ax, (3.4, 1.6)), run.steps, run.loss)


def save_network_run(run: NetworkRun, path: str) -> None:
    """Write eigenvalues, loss and, where every step was measured, the two-step split.

    Args:
        run: a training run.
        path: png, pdf or svg.
    """
    split, eta = bool(np.isfinite(run.change).any()), run.step_size

    def draw(figure: Any) -> None:
        panels = figure.subplots(2 + split, 1, sharex=True, height_ratios=(3, 2, 1.4) if split else (3, 1.4))
        plot_eigenvalues(run, ax=panels[0]).set_xlabel("")
        if split:
            draw_split(panels[1], run.steps, eta * run.linear, eta * run.nonlinear, eta * run.change).set_xlabel("")
        draw_loss(panels[-1], run.steps, run.loss)

    save_panels(path, draw, (3.4, 4.8 if split else 3.4))
