"""The central flow beside the orbit that it is to describe: main case, gradient descent in the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import sympy as sp

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.rings import to_fmpq, to_fraction
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.central_flow.averaged import averaged_flow
from ...symbolic.models.central_flow.flow import SIGMA2, read_filter
from ...symbolic.models.central_flow.quadratic import main_model, quadratic_central_flow
from ..runs.figure_style import COLOURS, EDGE_LINE, styled_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]
WHERE = "follow_central_flow()"
TOLERANCE = 1e-11
WIDEST = Fraction(1, 2)
HEIGHT = 2.0
"""Of a panel, in inches."""


@dataclass(frozen=True)
class Path:
    """What is compared, at whole steps.

    Attributes:
        slow: ``b = epsilon theta_2^2`` of the centre.
        sharpness: the top Hessian eigenvalue there.
        variance: squared vibration about the centre.
    """

    slow: Array
    sharpness: Array
    variance: Array


@dataclass(frozen=True)
class CentralFlowRun:
    """An orbit of the main case, and two flows that start where its centre does.

    Attributes:
        epsilon: size of the negative eigenvalue.
        steps: at which all is given, shape ``(n,)``.
        T: the NTK eigenvalue along the orbit, not smoothed.
        orbit: the orbit smoothed by ``(1, 2, 1)/4``, and its vibration by ``(-1, 2, -1)/4``.
        flow: the central flow.
        averaged: the averaged equations with the fourth derivative of the loss and with sigma^2 let free.

    Source:
        Cohen, Damian, Talwalkar, Kolter, Lee 2024, for the flow and the smoothing.

    Example:
        >>> run = es.orbits.follow_central_flow("1/20", "1/4", 100)
        >>> run.orbit.slow.shape, bool(run.errors()[1] < run.errors()[0])
        ((99,), True)
    """

    epsilon: Fraction
    steps: Array
    T: Array
    orbit: Path
    flow: Path
    averaged: Path

    def errors(self) -> tuple[float, float]:
        """Largest distance from the orbit in the slow coordinate: of the central flow, and of the averaged one."""
        return (
            float(np.max(np.abs(self.flow.slow - self.orbit.slow))),
            float(np.max(np.abs(self.averaged.slow - self.orbit.slow))),
        )


def descend_weights(epsilon: Fraction, start: Fraction, steps: int) -> npt.NDArray[np.longdouble]:
    """Gradient descent on ``(theta_1^2 - epsilon theta_2^2)^2/8`` from a two-cycle of epsilon = 0, in long doubles.

    Args:
        epsilon: size of the negative eigenvalue.
        start: the residual z at the start.
        steps: how many.

    Returns:
        The weights, shape ``(steps + 1, 2)``.
    """
    square = 2 / (1 - start)
    slow = square - 2 * start
    real = np.longdouble

    def exact(value: Fraction) -> np.longdouble:
        return real(value.numerator) / real(value.denominator)

    small = exact(epsilon)
    path = np.empty((steps + 1, 2), dtype=real)
    path[0] = np.sqrt(exact(square)), np.sqrt(exact(slow / epsilon))
    for n in range(steps):
        one, two = path[n]
        z = (one * one - small * two * two) / 2
        path[n + 1] = one * (1 - z), two * (1 + small * z)
    return path


def follow_central_flow(epsilon: object, start: object = "1/4", steps: int = 1000) -> CentralFlowRun:
    """Run gradient descent on the main case, and the central flow from the same centre.

    Args:
        epsilon: exact, in ``(0, 1/5]``.
        start: the residual z of a start on the two-cycles of epsilon = 0, exact, ``0 < z <= 1/2``.
        steps: of descent, 10..100000.

    Returns:
        The run; flows are integrated to a relative error of ``1e-11``.

    Raises:
        DomainError: an argument is out of its range.

    Source:
        Derived here.

    Example:
        >>> run = es.orbits.follow_central_flow("1/100", steps=40)
        >>> round(float(run.averaged.variance[-1] / run.orbit.variance[-1]), 2)
        1.0
    """
    from scipy.integrate import solve_ivp
    from scipy.optimize import brentq

    small, begin = to_fraction(to_fmpq(epsilon)), to_fraction(to_fmpq(start))
    if not 0 < small <= Fraction(1, 5) or not 0 < begin <= WIDEST or not 10 <= steps <= 100_000:
        raise DomainError.of(
            WHERE, "epsilon in (0, 1/5], start in (0, 1/2], steps 10..100000", (small, begin, steps), "Change these."
        )
    weights = descend_weights(small, begin, steps)
    centre = (weights[:-2] + 2 * weights[1:-1] + weights[2:]) / 4
    vibration = (2 * weights[1:-1] - weights[:-2] - weights[2:]) / 4
    eps = float(small)
    slow = np.asarray(eps * centre[:, 1] ** 2, dtype=float)
    orbit = Path(slow, _sharpness(centre, eps), np.asarray(np.sum(vibration**2, axis=1), dtype=float))
    times = np.arange(1, steps, dtype=float)

    tuned, model = read_filter(None), main_model()
    value = {symbol("epsilon"): sp.Rational(small.numerator, small.denominator)}
    flow = quadratic_central_flow(model, tuned)
    z = flow.variables[0]
    assert flow.curve is not None, "two eigenvalues have a curve"
    height = sp.cancel(((flow.curve - 2 * z) / (1 + symbol("epsilon"))).subs(value))
    at_z = [sp.lambdify(z, e.subs(value), "numpy") for e in (flow.along[0], flow.variance, height)]
    first = brentq(lambda s: at_z[2](s) - slow[0], -2.0, 0.0, xtol=1e-15)
    span = (times[0], times[-1])
    solved = solve_ivp(lambda _, s: at_z[0](s), span, [first], "DOP853", times, rtol=TOLERANCE, atol=1e-15).y[0]
    plain = Path(at_z[2](solved), np.full(len(times), float(tuned.edge.curvature)), at_z[1](solved))

    more = averaged_flow(model, tuned)
    names = (more.z, more.S, SIGMA2)
    free = [sp.lambdify(names, e.subs(value), "numpy") for e in (*more.velocity, more.growth, more.slow)]
    # the fast direction at rest: the two-cycle's own centre at epsilon = 0
    square = (slow[0] - 2) / 4
    here = brentq(lambda s: free[3](-1.5 * square, s, square) - slow[0], 1.0, 2.5)
    begun = [-1.5 * square, here, np.log(square)]

    def moved(_: float, s: Array) -> list[float]:
        at = (s[0], s[1], np.exp(s[2]))
        return [f(*at) for f in free[:3]]

    triple = solve_ivp(moved, span, begun, "LSODA", times, rtol=TOLERANCE, atol=1e-13).y
    variance = np.exp(triple[2])
    averaged = Path(free[3](triple[0], triple[1], variance), triple[1], variance)
    T_orbit = np.asarray(weights[1:-1, 0] ** 2 + eps**2 * weights[1:-1, 1] ** 2, dtype=float)
    return CentralFlowRun(small, times, T_orbit, orbit, plain, averaged)


def _sharpness(centre: npt.NDArray[Any], eps: float) -> Array:
    """Top eigenvalue of ``J J' + z Q``."""
    one, two = np.asarray(centre, dtype=float).T
    z = (one**2 - eps * two**2) / 2
    a, c, d = one**2 + z, -eps * one * two, eps**2 * two**2 - eps * z
    found: Array = (a + d) / 2 + np.sqrt((a - d) ** 2 / 4 + c**2)
    return found


def plot_central_flow(run: CentralFlowRun, *, ax: Axes | None = None) -> Axes:
    """Sharpness against steps: the orbit's NTK eigenvalue, the smoothed orbit, the central flow on the edge.

    Args:
        run: what to draw.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: arrays do not fit together (by matplotlib).

    Source:
        Derived here.

    Example:
        >>> ax = es.orbits.plot_central_flow(es.orbits.follow_central_flow("1/20", steps=60))
        >>> len(ax.lines)
        6
    """
    with styled_axes(ax, (3.4, HEIGHT)) as ax:
        for k in (0, 1):
            label = "orbit, $\\tilde T$" if k == 0 else None
            ax.plot(run.steps[k::2], run.T[k::2], color="0.7", linewidth=0.8, label=label)
        ax.axhline(float(run.flow.sharpness[0]), **EDGE_LINE)
        ax.plot(run.steps, run.orbit.sharpness, color=COLOURS[0], label="smoothed orbit")
        ax.plot(run.steps, run.flow.sharpness, color=COLOURS[1], linestyle="--", label="central flow")
        ax.plot(run.steps, run.averaged.sharpness, color=COLOURS[2], linestyle="-.", label="averaged, with $D^4L$")
        ax.set_xlabel("step")
        ax.set_ylabel(r"sharpness times $\eta$")
        ax.legend(ncols=2, loc="lower left", bbox_to_anchor=(-0.1, 1.0), handlelength=1.6)
    return ax


def plot_central_flow_gap(run: CentralFlowRun, *, ax: Axes | None = None) -> Axes:
    """How far the sharpness of the centre is below the edge, in units of epsilon, against steps.

    Args:
        run: what to draw.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: arrays do not fit together (by matplotlib).

    Source:
        Derived here.

    Example:
        >>> ax = es.orbits.plot_central_flow_gap(es.orbits.follow_central_flow("1/20", steps=60))
        >>> len(ax.lines)
        4
    """
    edge, eps = run.flow.sharpness[0], float(run.epsilon)
    with styled_axes(ax, (3.4, HEIGHT)) as ax:
        drawn = ((run.orbit, "-", "smoothed orbit"), (run.flow, "--", "central flow"), (run.averaged, "-.", "averaged"))
        for (path, dash, label), colour in zip(drawn, COLOURS, strict=False):
            ax.plot(run.steps, (edge - path.sharpness) / eps, color=colour, linestyle=dash, label=label)
        ax.axhline(0.5, color="0.6", linewidth=0.8)
        ax.set_ylim(-0.3, None)
        ax.set_xlabel("step")
        ax.set_ylabel(r"$(2 - S)\,/\,\epsilon$")
    return ax


def plot_central_flow_variance(run: CentralFlowRun, *, ax: Axes | None = None) -> Axes:
    """Squared vibration of the orbit and sigma^2 of the flows against steps, on a logarithmic axis.

    Args:
        run: what to draw.
        ax: axes to draw on; new ones if None.

    Returns:
        The axes.

    Raises:
        ValueError: arrays do not fit together (by matplotlib).

    Source:
        Derived here.

    Example:
        >>> ax = es.orbits.plot_central_flow_variance(es.orbits.follow_central_flow("1/20", steps=60))
        >>> ax.get_yscale()
        'log'
    """
    with styled_axes(ax, (3.4, HEIGHT)) as ax:
        ax.plot(run.steps, run.orbit.variance, color=COLOURS[0], label="orbit, $x^2$")
        ax.plot(run.steps, run.flow.variance, color=COLOURS[1], linestyle="--", label=r"central flow, $\sigma^2$")
        ax.plot(run.steps, run.averaged.variance, color=COLOURS[2], linestyle="-.", label="averaged, with $D^4L$")
        ax.set_yscale("log")
        ax.set_xlabel("step")
        ax.set_ylabel("squared vibration")
        ax.legend(loc="upper right")
    return ax


def measure_central_flow(epsilons: Sequence[Fraction], start: object = "1/4", length: int = 6) -> list[CentralFlowRun]:
    """Runs over several epsilons, each of ``length / epsilon`` steps.

    Args:
        epsilons: exact.
        start: as for :func:`follow_central_flow`.
        length: steps times epsilon.

    Returns:
        One run for each.
    """
    return [follow_central_flow(e, start, int(length / e)) for e in epsilons]
