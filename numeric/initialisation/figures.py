"""Figures of the random model at initialisation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from ...symbolic.algebra.errors import DomainError
from ..runs.figure_style import COLOURS, save_figure, styled_axes
from .laws import InitialEnsemble
from .simulation import EnsembleResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def halved_sizes(outputs: int, parameters: int) -> list[tuple[int, int]]:
    """Sizes from (about) one output up to the given size, halving both (each at least 1) each time."""
    sizes = [(outputs, parameters)]
    while max(sizes[-1]) > 1:
        d, p = sizes[-1]
        sizes.append((max(1, d // 2), max(1, p // 2)))
    return sizes[::-1]


def between(sizes: Sequence[tuple[int, int]], parts: int = 2) -> list[tuple[int, int]]:
    """Sizes with geometric steps put between neighbours, so that the closed form shows as a curve."""
    dense = [sizes[0]]
    for (d0, p0), (d1, p1) in pairwise(sizes):
        for k in range(1, parts + 1):
            share = k / parts
            dense.append((round(d0 ** (1 - share) * d1**share), round(p0 ** (1 - share) * p1**share)))
    return dense


def curve(law: InitialEnsemble, sizes: Sequence[tuple[int, int]]) -> tuple[list[float], list[float]]:
    """The exact ratio over its large-size form along sizes, against ``sqrt(D P)``."""
    laws = [replace(law, outputs=d, parameters=p) for d, p in sizes]
    geometric = [math.sqrt(d * p) for d, p in sizes]
    return geometric, [x.exact_ratio() / x.asymptotic_ratio() for x in laws]


def plot_theorem_2_ratio(results: Sequence[EnsembleResult], *, ax: Axes | None = None) -> Axes:
    """Simulated ratios over their large-size form, with the closed form through the points.

    Args:
        results: simulations of different sizes, at least one.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes. Bars are three standard errors.

    Raises:
        DomainError: there are no results.

    Source:
        Agarwala, Pedregosa and Pennington 2022, Theorem 2.

    Example:
        >>> simulate, ensemble = es.initialisation.simulate_ensemble, es.initialisation.InitialEnsemble
        >>> results = [simulate(ensemble(n, n + 1), samples=50, seed=0) for n in (1, 2)]
        >>> es.initialisation.plot_theorem_2_ratio(results).get_xscale()
        'log'
    """
    if not results:
        raise DomainError.of("plot_theorem_2_ratio()", "at least one result", "none", "Run simulate_ensemble().")
    ordered = sorted(results, key=lambda r: r.law.outputs * r.law.parameters)
    sizes = [(r.law.outputs, r.law.parameters) for r in ordered]
    with styled_axes(ax, (3.4, 2.6)) as ax:
        fine, exact = curve(ordered[0].law, between(sizes) if max(sizes[-1]) <= 1024 else sizes)
        ax.plot(fine, exact, color=COLOURS[0], zorder=1, label="exact at this size")
        ax.errorbar(
            [math.sqrt(d * p) for d, p in sizes],
            [r.ratio / r.asymptotic for r in ordered],
            yerr=[3 * r.standard_error / r.asymptotic for r in ordered],
            fmt="o",
            markersize=4,
            capsize=2,
            color=COLOURS[1],
            label="simulated, 3 std. errors",
        )
        ax.axhline(1, color="0.4", linestyle=":", linewidth=1.2, label=r"large $D$ and $P$")
        ax.set_xscale("log")
        ax.set_yscale("log")
        top = max(max(exact), *(r.ratio / r.asymptotic for r in ordered))
        ticks = [t for t in (1, 1.2, 1.5, 2, 3, 4, 5) if t <= 1.15 * top]
        ax.set_yticks(ticks, [f"{t:g}" for t in ticks])
        ax.set_yticks([], minor=True)
        ax.set_xlabel(r"size $\sqrt{DP}$")
        ax.set_ylabel(r"$\mathbb{E}[\ddot\lambda]\,/\,\mathbb{E}[\lambda]$ over its limit")
        d, p = sizes[-1]
        ax.set_title(f"Theorem 2, up to D = {d}, P = {p}", loc="left")
        ax.legend(loc="upper right")
    return ax


def save_theorem_2_ratio(path: str, results: Sequence[EnsembleResult]) -> None:
    """Draw ``plot_theorem_2_ratio`` into a file.

    Args:
        path: png, pdf or svg.
        results: of different sizes.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    save_figure(plot_theorem_2_ratio(results).figure, path)
