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
    """Output and curvature of the catapult from three heights, rescaled: output is ``eta f/sqrt n``."""
    for number, height in enumerate((2.2, 2.6, 3.2)):
        orbit = _orbit(
            lambda s: np.array([s[0] * (1 - s[1] + s[0] ** 2), s[1] + s[0] ** 2 * (s[1] - 4)]), [0.02, height], 40
        )
        ax.plot(orbit[:, 1], color=COLOURS[number], label=rf"$\eta\lambda$ from {height:g}")
        ax.plot(np.abs(orbit[:, 0]), ":", color=COLOURS[number])
    _edge(ax)
    ax.plot([], ":", color="0.4", label="|output|")
    ax.set(xlabel="gradient step", ylim=(0, 3.4))
    ax.legend(fontsize=8, ncols=2)
    return ax


def draw_damian(ax: Axes) -> Axes:
    """Closed orbits of the slow flow, and the discrete system (eta = 1/50, alpha = beta = 1)."""
    x, y = np.meshgrid(np.linspace(0.03, 3.4, 300), np.linspace(-2.0, 2.0, 300))
    ax.contour(x, y, y**2 / 2 + x**2 / 4 - np.log(x), levels=[0.2, 0.4, 0.8, 1.4], colors="0.6", linewidths=0.8)
    eta = 0.02
    orbit = _orbit(lambda s: np.array([-(1 + eta * s[1]) * s[0], s[1] + eta * (1 - s[0] ** 2 / 2)]), [1.0, 0.0], 2600)
    ax.plot(np.abs(orbit[:, 0]), orbit[:, 1], color=RED, lw=0.9, label="discrete system, |x|")
    ax.set(xlabel="oscillation x", ylabel="excess sharpness y")
    ax.legend(fontsize=9)
    return ax


def draw_arora(ax: Axes) -> Axes:
    """Descent on sqrt(L), and normalised descent, against their laws (epsilon = 1/2, eta = 1/20)."""
    small, eta = 0.5, 0.05
    count = 900
    second = (1 / (small * (1 + small))) ** 0.5
    time = eta**2 * np.arange(count + 1)
    for normalised, colour, label in ((False, BLUE, r"$\sqrt{L}$"), (True, RED, "normalised")):

        def step(state: Array, normalised: bool = normalised) -> Array:
            a, b = state
            height = a * a + small**2 * b * b
            move = np.copysign(eta / (height**0.5 if normalised else 2**0.5), a * a - small * b * b)
            return np.array([a * (1 - move), b * (1 + small * move)])

        orbit = _orbit(step, [small**0.5 * second, second], count)
        ax.plot(time, orbit[:, 0] ** 2 + small**2 * orbit[:, 1] ** 2, color=colour, lw=0.8, label=label)
        law = 1 - small * time if normalised else np.exp(-small * time / 2)
        ax.plot(time, np.maximum(law, 0), ":", color="0.2", lw=1.4)
    ax.set(xlabel=r"slow time $n\eta^2$", ylabel="sharpness", ylim=(0, 1.1))
    ax.legend(fontsize=9)
    return ax


def draw_chen(ax: Axes) -> Axes:
    """Late iterates of the balanced product against the step size."""
    eta = np.linspace(0.8, 2.0, 700)
    x = np.full_like(eta, 0.9)
    for _ in range(800):
        x = x * (1 + eta - eta * x * x)
    for _ in range(60):
        x = x * (1 + eta - eta * x * x)
        ax.plot(eta, x, ",", color=BLUE, alpha=0.5)
    for at in (1.0, 5**0.5 - 1):
        ax.axvline(at, **EDGE_LINE)
    ax.set(xlabel=r"step size $\eta$", ylabel="late iterates x")
    return ax


def draw_gan(ax: Axes) -> Axes:
    """Two-cycles of ``x' = -(1 + delta) x - f_4 x^3/6`` by bisection, both signs of f_4."""
    for sign, line, label in ((-1, "-", r"$f_4 < 0$: attracting"), (1, ":", r"$f_4 > 0$: repelling")):
        delta = np.linspace(0, -0.3 * sign, 200)
        size = np.sqrt(np.abs(delta))  # on a symmetric two-cycle x' = -x, so delta = -f_4 x^2/6; here |f_4| = 6
        for branch in (size, -size):
            ax.plot(2 + delta, branch, line, color=BLUE, label=label if branch is size else None)
    ax.plot([1.7, 2], [0, 0], "-", color="0.3")
    ax.plot([2, 2.3], [0, 0], ":", color="0.3")
    ax.axvline(2, **EDGE_LINE)
    orbit = _orbit(lambda s: -(1.15) * s + s**3, [0.02], 400)[-40:]
    ax.plot(np.full(orbit.size, 2.15), orbit[:, 0], "o", color=RED, ms=3, label="late iterates")
    ax.set(xlabel=r"$\eta f''$", ylabel="x")
    ax.legend(fontsize=8)
    return ax


def draw_ahn(ax: Axes) -> Axes:
    """Final sharpness of log cosh(x y) against the step size, for one difference of squares."""
    eta = np.linspace(0.2, 0.6, 160)
    x, y = np.full_like(eta, 0.2), np.full_like(eta, 6.04**0.5)
    with np.errstate(over="ignore"):
        for _ in range(4000):
            slope = np.tanh(x * y)
            x, y = x - eta * slope * y, y - eta * slope * x
    ax.plot(eta, eta * (x * x + y * y), "o", color=BLUE, ms=2.5, label="descent")
    ax.plot(eta, np.minimum(6 * eta, 2.6), "--", color=RED, label="gradient flow")
    ax.plot(eta, 2 - 1.5 * eta**2, ":", color="0.2", label=r"$2 - 3\eta^2/2$")
    _edge(ax)
    ax.set(xlabel=r"step size $\eta$", ylabel=r"$\eta\times$ final sharpness", ylim=(1, 2.6))
    ax.legend(fontsize=9)
    return ax


def _gfs(squares: Array) -> float:
    """Sharpness where gradient flow ends: squares with these differences and product 1."""
    low, high = -float(squares.min()), 20.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if np.prod(squares + middle) < 1 else (low, middle)
    return float((1 / (squares + high)).sum())


def draw_kreisler(ax: Axes) -> Axes:
    """Sharpness, gradient-flow-solution sharpness and loss at depth 3."""
    eta = 0.33

    def step(w: Array) -> Array:
        product = np.prod(w)
        return w - eta * (product - 1) * product / w

    orbit = _orbit(step, [2.6, 0.9, 0.5], 80)
    sharp = []
    for w in orbit:
        product = np.prod(w)
        gradient = product / w
        hessian = np.outer(gradient, gradient) + (product - 1) * product * (1 / np.outer(w, w) - np.diag(1 / w**2))
        sharp.append(eta * np.linalg.eigvalsh(hessian)[-1])
    ax.plot(sharp, color=BLUE, lw=1, label=r"$\eta\times$ sharpness")
    ax.plot([eta * _gfs(w**2) for w in orbit], color=RED, label=r"$\eta\times$ gradient-flow-solution sharpness")
    ax.plot([(np.prod(w) - 1) ** 2 / 2 for w in orbit], color=GREEN, lw=1, label="loss")
    _edge(ax)
    ax.set(xlabel="gradient step")
    ax.legend(fontsize=8)
    return ax


def draw_ghosh(ax: Axes) -> Axes:
    """Product and gap of squares at depth 2, eta = 1.1, with the two-cycle in closed form."""
    eta = 1.1
    orbit = _orbit(lambda s: s - eta * (s[0] * s[1] - 1) * s[::-1], [1.15, 0.95], 120)
    ax.plot(orbit[:, 0] * orbit[:, 1], "o", color=BLUE, ms=2.5, label="product")
    ax.plot(orbit[:, 0] ** 2 - orbit[:, 1] ** 2, color=RED, label="gap of squares")
    total = 1 + eta
    ratio = (total - (total**2 - 4) ** 0.5) / 2
    for point in (1 / (ratio * eta), ratio / eta):
        ax.axhline(point, color="0.25", linestyle=":", linewidth=1.1)
    ax.set(xlabel="gradient step")
    ax.legend(fontsize=9, loc=(0.62, 0.3))
    return ax


def draw_berthier(ax: Axes) -> Axes:
    """The corrected energy along orbits for three zeta, against the sum of its leading changes (h = 1/50)."""
    h = 0.02
    for zeta, colour in ((0.0, RED), ((2 / 9) ** 0.5, GREEN), (0.7, BLUE)):
        x, y = h * 0.35, 2.0
        energy, law, total = [], [], 0.0
        for number in range(3000):
            big, slow = x / h, (y - 2) / h
            if number % 2 == 0:
                correction = (
                    big / 4
                    + slow / 2
                    - 3 * zeta * slow / 2
                    + 3 * zeta * big / 4
                    - 1 / (2 * big)
                    - big**2 * slow / 4
                    + 9 * zeta**2 * big**2 * slow / 4
                    + slow**3 / 6
                    - 3 * zeta * big**3 / 8
                )
                energy.append(slow**2 / 2 + big**2 / 4 - np.log(abs(big)) - h * correction)
                law.append(energy[0] + total)
                total += h**2 * (2 - 9 * zeta**2) * big**2 * slow**2
            x, y = x - (y * x + 1.5 * zeta * x * x - h * h), y - (x * x / 2 - h * h)
        steps = 2 * np.arange(len(energy))
        ax.plot(steps, energy, color=colour, label=rf"$\zeta^2$ = {zeta**2:.2f}")
        ax.plot(steps, law, ":", color="0.2")
    ax.set(xlabel="gradient step", ylabel="energy")
    ax.legend(fontsize=9)
    return ax


def draw_liao(ax: Axes) -> Axes:
    """Gap over printed gap against the noise, from runs of a fixed seed and from the identity."""
    eta, draw = 0.01, np.random.default_rng(20230724)
    noise = np.repeat(np.geomspace(2, 30, 10), 80)
    x, y = np.full(noise.size, 2.0**0.5), np.zeros(noise.size)
    sums, kept = np.zeros((4, 10)), 0
    for number in range(20000):
        if number >= 5000:
            rows = (y, x * x, x**4, x * x * y * y)
            sums += [r.reshape(10, -1).mean(axis=1) for r in rows]
            kept += 1
        x, y = -(1 + eta * y) * x + eta * noise * draw.standard_normal(noise.size), y + eta * (1 - x * x / 2)
    mean, second, fourth, mixed = sums / kept
    level = noise.reshape(10, -1)[:, 0]
    ax.loglog(level, -mean / (eta * level**2 / 4), "o", color=BLUE, label="runs")
    ax.loglog(level, (level**2 + (fourth - second**2) / 2 + mixed) / level**2, color=RED, label="exact identity")
    ax.axhline(1, label="printed", **EDGE_LINE)
    ax.set(xlabel=r"noise $\sigma$", ylabel="gap over printed gap")
    ax.legend(fontsize=9)
    return ax


def draw_long_bartlett(ax: Axes) -> Axes:
    """The edge of SAM against the length of the gradient, in units of 1/eta."""
    length = np.geomspace(1e-3, 10, 300)
    for radius, colour in zip((0.01, 0.1, 1.0), (BLUE, GREEN, RED), strict=True):
        ax.semilogx(
            length,
            length / (2 * radius) * (np.sqrt(1 + 8 * radius / length) - 1),
            color=colour,
            label=rf"$\rho$ = {radius:g}",
        )
    _edge(ax)
    ax.set(xlabel=r"length of the gradient $|g|$ ($\eta = 1$)", ylabel=r"$\eta\times$ SAM edge")
    ax.legend(fontsize=9)
    return ax


def draw_agarwala_dauphin(ax: Axes) -> Axes:
    """The main model with SAM of three radii from one start, and each edge."""
    small, eta = 0.1, 1.0
    for radius, colour in zip((0.0, 0.1, 0.3), (BLUE, GREEN, RED), strict=True):

        def step(state: Array, radius: float = radius) -> Array:
            q = np.array([1.0, -small])
            residual = (q * state**2).sum() / 2
            moved = state + radius * residual * q * state
            return state - eta * (q * moved**2).sum() / 2 * q * moved

        edge = 2.0 if radius == 0 else ((1 + 8 * radius) ** 0.5 - 1) / (2 * radius)
        second = ((edge + 0.15) / (small * (1 + small))) ** 0.5
        orbit = _orbit(step, [(small * second**2 + 0.5) ** 0.5, second], 120)
        ax.plot(orbit[:, 0] ** 2 + small**2 * orbit[:, 1] ** 2, color=colour, lw=1, label=rf"$\rho$ = {radius:g}")
        ax.axhline(edge, color=colour, linestyle=":", linewidth=1.1)
    ax.set(xlabel="step", ylabel=r"$\eta\lambda$")
    ax.legend(fontsize=9)
    return ax


def draw_central_flows(ax: Axes) -> Axes:
    """Squared vibration of an orbit and of the flows (epsilon = 1/50)."""
    from .central_flow import follow_central_flow, plot_central_flow_variance

    plot_central_flow_variance(follow_central_flow("1/50", "1/4", 400), ax=ax)
    ax.set_xlabel("gradient step")
    return ax
