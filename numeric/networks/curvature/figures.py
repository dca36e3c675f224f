"""Figure of a spectral density."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...runs.figure_style import COLOURS, EDGE_LINE, in_style, styled_axes
from .density import SpectralDensity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOWEST = 1e-2
"""Eigenvalues per kernel width that are still drawn: less than this is no eigenvalue at all."""


@in_style
def plot_spectral_density(found: SpectralDensity, *, edge: float | None = None, ax: Axes | None = None) -> Axes:
    """Number of eigenvalues per unit on a logarithmic axis, with two standard errors, and the edge where given.

    Args:
        found: a spectral density.
        edge: curvature of the optimiser's edge, drawn dotted.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the result's arrays do not fit together (by matplotlib).

    Source:
        Ghorbani, Krishnan and Xiao 2019, their figures.

    Example:
        >>> import numpy as np
        >>> model = es.RegressionModel(np.eye(30)[:, :3] * [3.0, 2.0, 1.0], np.zeros((3, 30, 30)), np.ones(3))
        >>> problem = es.networks.Problem.from_regression(model, np.zeros(30))
        >>> found = es.networks.spectral_density(problem.at().hessian, probes=4, steps=10)
        >>> es.networks.plot_spectral_density(found, edge=2.0).get_yscale()
        'log'
    """
    with styled_axes(ax, (3.4, 2.2)) as axes:
        number = found.size * found.density
        spread = 2 * found.size * found.standard_error
        lowest = LOWEST / found.width
        axes.fill_between(
            found.grid,
            np.maximum(number - spread, lowest),
            np.maximum(number + spread, lowest),
            color=COLOURS[0],
            alpha=0.25,
            linewidth=0,
            label="two standard errors",
        )
        axes.plot(found.grid, np.where(number >= lowest, number, np.nan), color=COLOURS[0], label=found.name)
        if edge is not None:
            axes.axvline(edge, label="edge", **EDGE_LINE)
        axes.set_yscale("log")
        axes.set_ylim(bottom=lowest)
        axes.set_xlabel("eigenvalue")
        axes.set_ylabel("eigenvalues per unit")
        axes.legend(loc="upper right")
    return axes
