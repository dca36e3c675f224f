"""Figures of a training run: curvature against the edge, loss, and the two-step split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..regression.figures import new_axes, save_panels
from ..runs.figure_style import COLOURS, EDGE_LINE
from .training import NetworkRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, RED, GREEN, PURPLE = COLOURS[:4]


def plot_curvature(run: NetworkRun, *, ax: Axes | None = None) -> Axes:
    """Draw the two largest NTK eigenvalues, and the Hessian's where measured, against the edge.

    Args:
        run: A training run.
        ax: Axes; new ones if None.

    Returns:
        The axes.
    """
    ax = new_axes(ax)
    eta = run.step_size
    known = np.isfinite(run.hessian[:, 0])
    if known.any():
        ax.plot(run.steps[known], eta * run.hessian[known, 0], color=PURPLE, lw=0.9, alpha=0.55, label=r"$h_1$ Hessian")
    ax.plot(run.steps, eta * run.ntk[:, 0], color=BLUE, lw=1.1, label=r"$\lambda_1$ NTK")
    ax.plot(run.steps, eta * run.ntk[:, 1], color=RED, lw=1.1, label=r"$\lambda_2$ NTK")
    ax.axhline(2, label=r"$2/\eta$", **EDGE_LINE)
    ax.set_xlim(0, max(run.stopped, 1))
    ax.set_ylabel(r"$\eta\,\times$ eigenvalue")
    ax.set_xlabel("gradient step")
    ax.legend(loc="upper left", ncols=4, fontsize=9)
    ax.set_ylim(0, 1.25 * max(2.0, float(np.nanmax(eta * run.ntk[:, 0], initial=0.0))))
    return ax


def plot_loss(run: NetworkRun, *, ax: Axes | None = None) -> Axes:
    """Draw the training loss.

    Args:
        run: A training run.
        ax: Axes; new ones if None.

    Returns:
        The axes.
    """
    ax = new_axes(ax)
    ax.semilogy(run.steps, run.loss, color="0.2", lw=1.1)
    ax.set_xlim(0, max(run.stopped, 1))
    ax.set_ylabel("loss")
    ax.set_xlabel("gradient step")
    return ax


def plot_contributions(run: NetworkRun, *, ax: Axes | None = None) -> Axes:
    """Draw the two-step change of the top NTK eigenvalue with its linear and its non-linear part.

    Args:
        run: A training run measured at every step.
        ax: Axes; new ones if None.

    Returns:
        The axes.
    """
    ax = new_axes(ax)
    eta = run.step_size
    ax.axhline(0, color="0.7", lw=0.8)
    ax.plot(run.steps, eta * run.change, color="0.15", lw=2.0, alpha=0.35, label="two-step change")
    ax.plot(run.steps, eta * run.linear, color=BLUE, lw=1.0, label="linear in the residual")
    ax.plot(run.steps, eta * run.nonlinear, color=GREEN, lw=1.2, label="non-linear")
    ax.set_xlim(0, max(run.stopped, 1))
    ax.set_ylabel(r"$\eta\,\Delta_2\lambda_1$")
    ax.set_xlabel("gradient step")
    ax.legend(loc="lower left", ncols=3, fontsize=9)
    return ax


def save_network_run(run: NetworkRun, path: str) -> None:
    """Write curvature, loss and, where every step was measured, the two-step split.

    Args:
        run: A training run.
        path: png, pdf or svg.
    """
    split = bool(np.isfinite(run.change).any())

    def draw(figure: Any) -> None:
        panels = figure.subplots(2 + split, 1, sharex=True, height_ratios=(3, 2, 1.4) if split else (3, 1.4))
        plot_curvature(run, ax=panels[0]).set_xlabel("")
        if split:
            plot_contributions(run, ax=panels[1]).set_xlabel("")
        plot_loss(run, ax=panels[-1])

    save_panels(path, draw, (7.0, 6.6 if split else 4.8))
