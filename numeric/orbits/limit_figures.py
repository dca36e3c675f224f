"""Where orbits end below the edge: partial sums, their resummation and the truth; and single orbits with their law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...symbolic.algebra.errors import DomainError
from ...symbolic.models.quadratic import main_case
from ..runs.figure_style import COLOURS, styled_axes
from ..runs.limits import check_pair
from .figures import nullcline_at, record_orbit
from .iterated_limit import iterate_from_slow_manifold
from .limit_prediction import LimitPrediction, predict_limit
from .resummation import resum_limit_series
from .starts import check_epsilon, read_start

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LimitCurve:
    """The end of relaxed orbits along epsilon, as the share ``(2 - T) / epsilon``.

    Attributes:
        epsilon: shape ``(n,)``.
        partial: partial sums by the order of their last term, each of shape ``(n,)``.
        resummed: the resummed series, shape ``(n,)``.
        error: its estimated error, shape ``(n,)``.
        iterated: epsilon, the share found by iterating the exact map, and its spread over starts, shape ``(k, 3)``.
    """

    epsilon: Array
    partial: dict[int, Array]
    resummed: Array
    error: Array
    iterated: Array


def compute_limit_curve(
    epsilons: Sequence[object],
    iterated: Sequence[object],
    *,
    order: int = 16,
    shown: Sequence[int] = (1, 2, 4, 8, 16),
) -> LimitCurve:
    """The limit series cut at several orders, resummed, and compared with iteration.

    Args:
        epsilons: where to sum, in (0, 1), read exactly.
        iterated: where to iterate, in (0, 0.35), read exactly.
        order: terms of the series, at least 9.
        shown: orders of the partial sums, at most ``order``.

    Returns:
        The curve. Past epsilon = 1/4 starts are no longer forgotten: iterated shares then spread by percents.

    Raises:
        DomainError: an epsilon or an order is out of range.

    Source:
        Derived here; the paper states that T ends below 2 by O(epsilon).

    Example:
        >>> curve = es.orbits.compute_limit_curve(["1/100"], ["1/100"], shown=(1, 2))
        >>> [round(float(curve.partial[k][0]), 4) for k in (1, 2)], round(float(curve.iterated[0, 1]), 4)
        ([0.5, 0.5084], 0.5086)
    """
    if not shown or not 1 <= min(shown) <= max(shown) <= order:
        raise DomainError.of("compute_limit_curve()", f"orders in 1..{order}", tuple(shown), "Raise order.")
    series = main_case().limit_series(order)
    exact = [check_epsilon(e, "compute_limit_curve()") for e in epsilons]
    partial = {k: np.array([float((2 - series.partial_sum(e, k)) / e) for e in exact]) for k in shown}
    sums = [resum_limit_series(series, e) for e in exact]
    resummed = np.array([(2 - s.value) / float(e) for s, e in zip(sums, exact, strict=True)])
    error = np.array([s.error / float(e) for s, e in zip(sums, exact, strict=True)])
    rows = []
    for each in iterated:
        e = check_epsilon(each, "compute_limit_curve()")
        end = iterate_from_slow_manifold(main_case(), e)
        rows.append((float(e), (2 - end.value) / float(e), end.spread / float(e)))
    return LimitCurve(np.array([float(e) for e in exact]), partial, resummed, error, np.array(rows).reshape(-1, 3))


def plot_limit_series(curve: LimitCurve, *, ax: Axes | None = None) -> Axes:
    """``(2 - T) / epsilon`` of relaxed orbits against epsilon: partial sums, resummation with its error, iteration.

    Args:
        curve: what to draw.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the curve's arrays do not fit together (by matplotlib).

    Source:
        Derived here.

    Example:
        >>> curve = es.orbits.compute_limit_curve(["1/100", "1/10"], ["1/100"], shown=(1, 2))
        >>> [line.get_label() for line in es.orbits.plot_limit_series(curve).lines][2]
        'resummed'
    """
    import matplotlib as mpl

    with styled_axes(ax, (3.4, 2.7)) as ax:
        shades = mpl.colormaps["Greys"](np.linspace(0.35, 0.75, len(curve.partial)))
        for (order, values), shade in zip(curve.partial.items(), shades, strict=True):
            ax.plot(curve.epsilon, values, color=shade, linewidth=1, label=rf"to $\epsilon^{{{order}}}$")
        low, high = curve.resummed - curve.error, curve.resummed + curve.error
        ax.fill_between(curve.epsilon, low, high, color=COLOURS[0], alpha=0.2, linewidth=0)
        ax.plot(curve.epsilon, curve.resummed, color=COLOURS[0], label="resummed")
        x, y, spread = curve.iterated.T
        ax.errorbar(x, y, spread, fmt="o", color=COLOURS[1], markersize=3.5, label="iterated")
        known = np.concatenate([curve.resummed[curve.error < 0.1], curve.iterated[:, 1], [0.5]])
        span = float(np.ptp(known))
        ax.set_ylim(0.5 - 0.06 * max(span, 0.1), float(known.max()) + 0.25 * max(span, 0.1))
        ax.set_xlim(0, float(curve.epsilon.max()))
        ax.set_xlabel(r"$\epsilon$")
        ax.set_ylabel(r"$(2 - \tilde T_\infty)\,/\,\epsilon$")
        ax.set_title("where relaxed orbits end below the edge", loc="left")
        ax.legend(loc="upper left", ncols=2)
    return ax


@dataclass(frozen=True)
class DeviationPath:
    """The deviation from the nullcline along one orbit, with its predicted end.

    Attributes:
        step: even steps, shape ``(n,)``.
        y: ``T - f(z)`` there, shape ``(n,)``.
        start: the exact start ``(z, T)``.
        prediction: the end by the limit law.
    """

    step: npt.NDArray[np.int64]
    y: Array
    start: tuple[Fraction, Fraction]
    prediction: LimitPrediction


@dataclass(frozen=True)
class DeviationPaths:
    """Orbits of one epsilon in the deviation y.

    Attributes:
        epsilon: the smaller eigenvalue's size.
        relaxed: y at the end of orbits that forgot their start, by the resummed limit series.
        paths: the orbits.
    """

    epsilon: Fraction
    relaxed: float
    paths: tuple[DeviationPath, ...]


def follow_deviation(epsilon: object, starts: Sequence[tuple[object, object]], *, steps: int = 400) -> DeviationPaths:
    """Follow ``y = T - f(z)`` from several starts, and predict each end by the limit law.

    Args:
        epsilon: in (0, 1), read exactly.
        starts: pairs ``(z, T)``, read exactly.
        steps: gradient steps of each orbit.

    Returns:
        The orbits at even steps, in double precision.

    Raises:
        DomainError: epsilon or a start is out of range.

    Source:
        Derived here: :class:`LimitLaw`.

    Example:
        >>> found = es.orbits.follow_deviation("1/20", [("1/5", "2.3")])
        >>> bool(abs(found.paths[0].y[-1] - (found.paths[0].prediction.value - 2)) < 1e-3)
        True
    """
    exact = check_epsilon(epsilon, "follow_deviation()")
    relaxed = resum_limit_series(main_case().limit_series(16), exact).value - 2
    if not len(starts):
        raise DomainError.of("follow_deviation()", "at least one start", "none", "Give pairs (z, T).")
    paths = []
    for pair in starts:
        z, T = check_pair("follow_deviation()", "starts", pair)
        start = read_start(exact, z=z, T=T)
        orbit = record_orbit(start, steps=steps)
        y = orbit.T[::2] - nullcline_at(orbit.z[::2], float(exact))
        paths.append(DeviationPath(orbit.t[::2], y, start.state, predict_limit(exact, *start.state)))
    return DeviationPaths(exact, relaxed, tuple(paths))


def plot_deviation(found: DeviationPaths, *, ax: Axes | None = None) -> Axes:
    """Y against steps, the end of relaxed orbits by the limit series, and each orbit's own end by the limit law.

    Args:
        found: what to draw.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes. Open circles at the right are the law's predictions.

    Raises:
        ValueError: the paths' arrays do not fit together (by matplotlib).

    Source:
        Derived here.

    Example:
        >>> found = es.orbits.follow_deviation("1/20", [("1/5", "2.3")], steps=100)
        >>> [line.get_label() for line in es.orbits.plot_deviation(found).lines][:2]
        ['limit series (relaxed orbits)', 'orbit']
    """
    with styled_axes(ax, (3.4, 2.7)) as ax:
        ax.axhline(found.relaxed, color="0.2", linestyle="--", linewidth=1, label="limit series (relaxed orbits)")
        last = max(int(path.step[-1]) for path in found.paths)
        for number, path in enumerate(found.paths):
            colour, first = COLOURS[number % len(COLOURS)], number == 0
            ax.plot(path.step + 1, path.y, color=colour, label="orbit" if first else None)
            end = path.prediction.value - 2
            label = "limit law, from the start alone" if first else None
            ring: Any = {"markersize": 5, "markerfacecolor": "white", "clip_on": False, "zorder": 5}
            ax.plot(last + 1, end, "o", color=colour, label=label, **ring)
        ax.set_xscale("log")
        ax.set_xlim(1, last + 1)
        ax.set_xlabel("gradient step + 1")
        ax.set_ylabel(r"$y = \tilde T - f(\tilde z)$")
        ax.set_title(rf"deviation from the nullcline, $\epsilon = {found.epsilon}$", loc="left")
        ax.legend(loc="best")
    return ax
