"""Figures. Each ``plot_*`` draws on axes it is given (or makes) and returns them; nothing is ever shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import sympy as sp

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.symbols import symbols
from ...symbolic.models.quadratic import main_case
from ..codegen.compile import compile_map
from ..runs.figure_style import COLOURS, EDGE_LINE, STYLE, save_figure, styled_axes
from ..runs.limits import LARGEST
from .starts import CEILING, Start

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Orbit:
    """A stored double-precision orbit: ``z`` and ``T`` of shape ``(n,)`` at steps ``t``."""

    t: npt.NDArray[np.int64]
    z: npt.NDArray[np.float64]
    T: npt.NDArray[np.float64]
    epsilon: Fraction


def record_orbit(start: Start, *, steps: int, most: int = 20_000) -> Orbit:
    """Run the double kernel step by step and keep the first states.

    Args:
        start: an exact start.
        steps: gradient steps to take at most.
        most: states kept at most.

    Returns:
        The orbit, in double precision; it ends early where it diverges.

    Raises:
        CodegenError: the map cannot be compiled.
        DomainError: the start is too far out for double precision.

    Source:
        Derived here: the exact one-step map.

    Example:
        >>> orbit = es.orbits.record_orbit(es.orbits.read_start("1/10", z="-1/4", T="9/5"), steps=3)
        >>> orbit.t.tolist(), round(float(orbit.T[1]), 4)
        ([0, 1, 2, 3], 2.6846)
    """
    problem = start.orbit(min(steps, most), Fraction(0))
    kernel = compile_map(problem.one_step)
    if max(map(abs, start.state)) > LARGEST:
        raise DomainError.of("record_orbit()", f"a start within {LARGEST:g}", "a larger number", "Move it closer.")
    state: Sequence[Any] = tuple(map(float, start.state))
    rows = [state]
    for _ in range(problem.steps):
        state = kernel.step(state, problem.parameters)
        if not abs(state[0]) <= CEILING:
            break
        rows.append(state)
    table = np.array(rows, dtype=np.float64)
    return Orbit(np.arange(len(rows)), table[:, 0], table[:, 1], start.epsilon)


def plot_orbit(orbit: Orbit, *, ax: Axes | None = None) -> Axes:
    """NTK eigenvalue against steps (even and odd apart, since they alternate about the edge), with the edge dotted.

    Args:
        orbit: what to draw.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: the orbit's arrays do not fit together (by matplotlib).

    Source:
        Agarwala, Pedregosa and Pennington 2022, Figure 1.

    Example:
        >>> orbit = es.orbits.record_orbit(es.orbits.read_start("1/10", z="-1/4", T="9/5"), steps=3)
        >>> es.orbits.plot_orbit(orbit).lines[0].get_label()
        'even steps'
    """
    with styled_axes(ax, (3.4, 2.5)) as ax:
        for first, colour, label in ((0, COLOURS[0], "even steps"), (1, COLOURS[1], "odd steps")):
            ax.plot(orbit.t[first::2] + 1, orbit.T[first::2], color=colour, label=label)
        ax.axhline(2, label="edge of stability", **EDGE_LINE)
        ax.set_xscale("log")
        ax.set_xlabel("gradient step + 1")
        ax.set_ylabel(r"$\tilde T = \eta\lambda$")
        ax.set_title(rf"eigenvalues $\{{1, -\epsilon\}}$, $\epsilon = {orbit.epsilon}$", loc="left")
        ax.legend(loc="best")
    return ax


def plot_plane(orbit: Orbit, *, ax: Axes | None = None) -> Axes:
    """Every second step in the plane of residual and eigenvalue, with the nullcline of this epsilon.

    Args:
        orbit: what to draw.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.
    """
    with styled_axes(ax, (3.4, 2.8)) as ax:
        ax.scatter(orbit.z[::2], orbit.T[::2], s=5, color=COLOURS[0], label="even steps")
        ax.scatter(orbit.z[1::2], orbit.T[1::2], s=5, color=COLOURS[1], label="odd steps")
        low, high = ax.get_xlim()
        z = np.linspace(low, min(high, 0.9), 200)
        f = nullcline_at(z, float(orbit.epsilon))
        ax.plot(z, f, color="0.4", linewidth=1, label="nullcline", zorder=0)
        ax.axhline(2, **EDGE_LINE)
        ax.set_xlabel(r"$\tilde z$")
        ax.set_ylabel(r"$\tilde T$")
        ax.legend(loc="best")
    return ax


def nullcline_at(z: npt.NDArray[np.float64], epsilon: float) -> npt.NDArray[np.float64]:
    """The two-step nullcline: Newton's iteration on its exact equation, from the curve at epsilon = 0.

    Args:
        z: residuals, shape ``(n,)``.
        epsilon: in (0, 1].

    Returns:
        T of the same shape, nan where the iteration does not settle; to about 1e-12.
    """
    curve = main_case().nullcline(1)
    names = symbols("z T epsilon")
    equation = curve.exact_equation()
    both = sp.lambdify(names, (equation, sp.diff(equation, names[1])), "numpy")
    with np.errstate(all="ignore"):
        T = np.asarray(sp.lambdify(names[0], curve.at_zero, "numpy")(z), dtype=np.float64)
        for _ in range(60):
            value, slope = both(z, T, epsilon)
            move = value / slope
            T = T - move
        return np.where(np.abs(move) < 1e-12 * np.maximum(1, np.abs(T)), T, np.nan)


def save_orbit(path: str, start: Start, *, steps: int) -> None:
    """Draw one orbit, over time and in the plane, into a file.

    Args:
        path: png, pdf or svg.
        start: an exact start.
        steps: gradient steps.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    orbit = record_orbit(start, steps=steps)
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 2.7), layout="constrained", width_ratios=(3, 2))
        plot_orbit(orbit, ax=left)
        plot_plane(orbit, ax=right)
    save_figure(figure, path)
