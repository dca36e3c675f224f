"""Where training ends under several optimisers: the gap below each edge, by its series and by iteration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...symbolic.algebra.errors import DomainError
from ...symbolic.optimisers.limit import derive_limit
from ...symbolic.optimisers.optimiser import Optimiser
from ..runs.figure_style import COLOURS, styled_axes
from .optimiser_orbits import iterate_optimiser

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OptimiserGap:
    """How far below its edge one optimiser ends, over epsilon and over the edge.

    Attributes:
        label: the optimiser with its numbers.
        epsilon: shape ``(n,)``.
        series: ``(edge - T_inf)/(epsilon edge)`` by partial sums, by order, each of shape ``(n,)``.
        iterated: epsilon and the same by steps of the weights, shape ``(k, 2)``.

    Source:
        Derived here.

    Example:
        >>> es.orbits.OptimiserGap("none", [], {}, []).label
        'none'
    """

    label: str
    epsilon: Array
    series: dict[int, Array]
    iterated: Array


def compute_optimiser_gaps(
    optimisers: Sequence[tuple[str, Optimiser]],
    epsilons: Sequence[Fraction],
    iterated: Sequence[Fraction],
    orders: Sequence[int] = (1, 3),
) -> list[OptimiserGap]:
    """The gap below the edge under several optimisers.

    Args:
        optimisers: label and optimiser, without symbols, with rational edges.
        epsilons: where the series is evaluated, in ``(0, 1/5]``.
        iterated: where weights are stepped, in ``(0, 1/5]``.
        orders: of the partial sums, each at least 1.

    Returns:
        One gap for each optimiser.

    Raises:
        DomainError: there is no optimiser, or one has no limit series.

    Source:
        Derived here.

    Example:
        >>> from fractions import Fraction
        >>> ball = ("heavy ball", es.optimisers.heavy_ball("1/2"))
        >>> gaps = es.orbits.compute_optimiser_gaps([ball], [Fraction(1, 100)], [])
        >>> float(gaps[0].series[1][0])
        0.25
    """
    if not optimisers or not orders or min(orders) < 1:
        raise DomainError.of("compute_optimiser_gaps()", "optimisers and orders >= 1", orders, "Name one at least.")
    found = []
    for label, optimiser in optimisers:
        edge, *rest = (Fraction(str(c)) for c in derive_limit(optimiser, max(orders)).coefficients)
        series = {
            k: np.array([float(-sum(c * e**n for n, c in enumerate(rest[:k])) / edge) for e in epsilons])
            for k in orders
        }
        ends = [(float(e), iterate_optimiser(optimiser, e, digits=12).T) for e in iterated]
        # an orbit that did not converge has no end: nan, which is not drawn
        shares = [(e, np.nan if T is None else float((edge - Fraction(float(T))) / edge) / e) for e, T in ends]
        found.append(OptimiserGap(label, np.array(epsilons, float), series, np.array(shares).reshape(-1, 2)))
    return found


def plot_optimiser_gaps(gaps: Sequence[OptimiserGap], *, ax: Axes | None = None) -> Axes:
    """``(edge - T_inf)/(epsilon edge)`` against epsilon: last partial sum drawn through, first dotted, ends as circles.

    Args:
        gaps: what to draw.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: arrays do not fit together (by matplotlib).

    Source:
        Derived here.

    Example:
        >>> from fractions import Fraction
        >>> ball = ("heavy ball", es.optimisers.heavy_ball("1/2"))
        >>> ax = es.orbits.plot_optimiser_gaps(es.orbits.compute_optimiser_gaps([ball], [Fraction(1, 100)], []))
        >>> [line.get_label() for line in ax.lines if not line.get_label().startswith("_")]
        ['heavy ball']
    """
    with styled_axes(ax, (3.4, 2.7)) as ax:
        for gap, colour in zip(gaps, COLOURS, strict=False):
            first, *_, last = gap.series if len(gap.series) > 1 else (*gap.series, *gap.series)
            ax.plot(gap.epsilon, gap.series[first], color=colour, linestyle=":", linewidth=1)
            ax.plot(gap.epsilon, gap.series[last], color=colour, label=gap.label)
            ax.plot(*gap.iterated.T, "o", color=colour, markersize=4, markerfacecolor="white")
        ax.set_xlabel(r"$\epsilon$")
        ax.set_ylabel(r"(edge $-\,T_\infty$) / ($\epsilon\,$edge)")
        ax.legend(
            fontsize=8, ncols=2, loc="lower left", bbox_to_anchor=(-0.1, 1.0), columnspacing=1.0, handlelength=1.4
        )
    return ax
