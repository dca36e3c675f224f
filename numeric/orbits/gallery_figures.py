"""Pictures of the gallery: one small figure a paper, each from an orbit that runs while it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...symbolic.algebra.errors import DomainError
from ..runs.figure_style import COLOURS, EDGE_LINE, STYLE, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, RED, GREEN, PURPLE, BROWN = COLOURS
Array = np.ndarray[Any, np.dtype[Any]]


def save_picture(name: str, path: str) -> None:
    """Draw a picture of the gallery and write it.

    Args:
        name: such as ``zhu``.
        path: png, pdf or svg.

    Raises:
        DomainError: there is no such picture.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    draw: Callable[[Axes], Axes] | None = globals().get(f"draw_{name}")
    if draw is None:
        raise DomainError.of("save_picture()", "a picture of the gallery", name, "See `edgestab gallery`.")
    with plt.rc_context({**STYLE, "svg.hashsalt": "edgestab"}):
        figure, ax = plt.subplots(figsize=(6.0, 3.5), layout="constrained")
        draw(ax)
        ax.figure.set_dpi(90)
    save_figure(figure, path)


def _edge(ax: Axes) -> None:
    ax.axhline(2, label="edge", **EDGE_LINE)


def _orbit(step: Callable[[Array], Array], start: list[float], count: int) -> Array:
    """An orbit of a map, shape ``(count + 1, size of the state)``."""
    rows = [np.array(start, dtype=float)]
    for _ in range(count):
        rows.append(np.asarray(step(rows[-1])))
    return np.array(rows)


def draw_zhu(ax: Axes) -> Axes:
    """Degree 4 ends at one height, degree 2 at one for each start."""
    eta = 0.1

    def descend(power: int) -> Callable[[Array], Array]:
        def step(state: Array) -> Array:
            a, b = state
            pull = power * (1 - (a * b) ** power) * (a * b) ** (power - 1) / power
            return np.array([a + eta * pull * b, b + eta * pull * a])

        return step

    for number, (residual, height) in enumerate(((0.1, 2.3), (0.15, 2.1), (0.05, 2.2))):
        for power, line in ((2, "-"), (1, "--")):
            total, product = height / (power * eta), 1 + residual
            wide, narrow = np.sqrt(total + 2 * product), np.sqrt(total - 2 * product)
            orbit = _orbit(descend(power), [(wide + narrow) / 2, (wide - narrow) / 2], 400)
            ax.plot(power * eta * (orbit**2).sum(axis=1), line, color=COLOURS[number], lw=1.1)
    _edge(ax)
    ax.set(xlabel="gradient step", ylabel=r"$\eta\times$ sharpness at the minimum")
    ax.plot([], "-", color="0.4", label="degree 4")
    ax.plot([], "--", color="0.4", label="degree 2")
    ax.legend(fontsize=9)
    return ax


def draw_lewkowycz(ax: Axes) -> Axes:
    """Output and curvature of the catapult, rescaled: ``f^2`` is ``eta^2 f^2/n``, lambda is ``eta lambda``."""
    for number, start in enumerate((1e-3, 1e-2, 1e-1)):
        orbit = _orbit(
            lambda s: np.array([s[0] * (1 - s[1] + s[0] ** 2), s[1] + s[0] ** 2 * (s[1] - 4)]), [start, 2.6], 40
        )
        ax.plot(orbit[:, 1], color=COLOURS[number], label=rf"$\eta\lambda$, $f_0$ = {start:g}")
        ax.plot(np.abs(orbit[:, 0]), ":", color=COLOURS[number])
    _edge(ax)
    ax.plot([], ":", color="0.4", label="|output|")
    ax.set(xlabel="gradient step", ylim=(0, 3))
    ax.legend(fontsize=8, ncols=2)
    return ax


def draw_damian(ax: Axes) -> Axes:
    """Closed orbits of the slow flow, and the discrete system (eta = 1/10, alpha = beta = 1)."""
    x, y = np.meshgrid(np.linspace(0.03, 3.4, 300), np.linspace(-2.0, 2.0, 300))
    ax.contour(x, y, y**2 / 2 + x**2 / 4 - np.log(x), levels=[0.2, 0.4, 0.8, 1.4], colors="0.6", linewidths=0.8)
    eta = 0.02
    orbit = _orbit(lambda s: np.array([-(1 + eta * s[1]) * s[0], s[1] + eta * (1 - s[0] ** 2 / 2)]), [1.0, 0.0], 2600)
    ax.plot(np.abs(orbit[:, 0]), orbit[:, 1], color=RED, lw=0.9, label="discrete system, |x|")
    ax.set(xlabel="oscillation x", ylabel="excess sharpness y")
    ax.legend(fontsize=9)
    return ax
