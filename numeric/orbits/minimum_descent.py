"""Gradient descent itself about a minimum, to say whether what was derived of its normal form holds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import sympy as sp
from flint import arb, ctx

from ...symbolic.algebra.errors import DomainError
from ...symbolic.models.normal_form.fields import Balls
from ...symbolic.models.normal_form.minimum_form import MinimumForm
from ...symbolic.models.normal_form.spectrum import hessian_at
from ...symbolic.models.normal_form.tape import Tape
from ..codegen.loss_gradient import compile_gradient

WHERE = "compare_with_descent()"
HEIGHT = 6
"""Starts on the slow manifold this many kappa above the edge: by the edge what was not on it has shrunk by exp(-6)."""

SMALLEST = 1e-11
"""Amplitudes below this end a run: their effect on the sharpness is beyond double precision."""

TOLERANCE = 0.05
WIDEST = 0.25
"""Bounds on the relative error: for small kappa and rho, and at most."""


@dataclass(frozen=True)
class DescentComparison:
    """What was predicted, what gradient descent did, and whether both agree.

    Attributes:
        quantity: what is compared, in words.
        predicted: by the normal form.
        measured: by gradient descent in double precision, one for each step size or start.
        errors: relative errors; of the end of training, of its depth below the edge.
        bound: relative error up to which the prediction is said to have held.
        steps: steps of gradient descent in all.
        held: the verdict; None where the run ended too early to say.

    Source:
        Derived here.

    Example:
        >>> form = es.models.reduce_at_minimum("log(cosh(x)) + y^2/4", "x,y", at={"x": 0, "y": 0})
        >>> es.orbits.compare_with_descent(form).held
        True
    """

    quantity: str
    predicted: tuple[float, ...]
    measured: tuple[float, ...]
    errors: tuple[float, ...]
    bound: float
    steps: int
    held: bool | None

    @property
    def verdict(self) -> str:
        """TRUE, FALSE or UNKNOWN."""
        return {True: "TRUE", False: "FALSE", None: "UNKNOWN"}[self.held]

    def text(self) -> str:
        """For a terminal."""
        lines = [f"Gradient descent: {self.quantity}"]
        for p, m, e in zip(self.predicted, self.measured, self.errors, strict=True):
            lines.append(f"  predicted {p:.10g}, measured {m:.10g}, relative error {e:.2e}")
        end = {True: "held", False: "did not hold", None: "is not decided: the runs were cut short"}[self.held]
        return "\n".join([*lines, f"  The prediction {end} (bound {self.bound:.2g}, {self.steps} steps)."])

    def json(self) -> dict[str, Any]:
        """As data."""
        return {
            "quantity": self.quantity,
            "predicted": list(self.predicted),
            "measured": [None if math.isnan(m) else m for m in self.measured],
            "relative_errors": [None if math.isnan(e) else e for e in self.errors],
            "bound": self.bound,
            "steps": self.steps,
            "verdict": self.verdict,
        }


def compare_with_descent(form: MinimumForm, max_steps: int = 400_000) -> DescentComparison:
    """Run gradient descent from starts that the normal form chooses, and compare.

    At an isolated minimum: the two-cycle beyond a supercritical flip at two step sizes, or the start that divides what
    returns from what leaves below a subcritical one. Along a manifold of minima: the sharpness at convergence of a
    start on the slow manifold.

    Args:
        form: the reduction at a minimum, with numbers.
        max_steps: steps at most of one run; beyond, the verdict is UNKNOWN.

    Returns:
        Prediction, measurement and verdict.

    Raises:
        DomainError: the form has symbols, no coefficient, or nothing to compare.

    Source:
        Derived here.

    Example:
        >>> form = es.models.reduce_at_minimum("(x^2 - y^2/400)^2/8", "x,y", at={"x": 1, "y": 20})
        >>> es.orbits.compare_with_descent(form).verdict
        'TRUE'
    """
    if not form.reduced or any(isinstance(v, sp.Expr) and v.free_symbols for v in form.numbers().values()):
        raise DomainError.of(WHERE, "a reduced minimum with numbers only", form.conclusion(), "Give constants values.")
    slope = compile_gradient(form.loss, form.parameters)
    if form.nulls:
        return _end_of_training(form, slope, max_steps)
    return _two_cycle(form, slope, max_steps)


def _end_of_training(form: MinimumForm, slope: Callable[..., Any], max_steps: int) -> DescentComparison:
    if form.kappa is None or form.rho is None or not number(form.kappa) > 0 or not number(form.coefficients[3]) > 0:
        raise DomainError.of(
            WHERE, "a prediction of the end: c > 0 and beta > 0", form.conclusion(), "Nothing to compare."
        )
    kappa, rho, c = number(form.kappa), number(form.rho), number(form.coefficients[3])
    sharp, beta = number(form.sharpness), number(form.beta)
    eta = 2 / sharp
    base, q, fibre, b, curved = _frame(form)
    x = math.sqrt((1 + HEIGHT) * kappa / c)
    s = HEIGHT * kappa / eta / beta
    state = base + x * q + x * x * fibre + s * b + s * s * curved
    size = float(np.abs(state).max())
    steps, moved = 0, 1.0
    while steps < max_steps and SMALLEST < moved < 1e3 * size:
        for _ in range(100):
            before, state = state, _move(slope, eta, state)
        steps, moved = steps + 100, float(np.abs(state - before).max())
    predicted = sharp * (1 - kappa / 2)
    if not moved <= SMALLEST:
        left = not moved < 1e3 * size
        measured = math.inf if left else math.nan
        return DescentComparison(
            _END, (predicted,), (measured,), (measured,), TOLERANCE, steps, False if left else None
        )
    measured = _sharpness(form, state)
    error = abs((sharp - measured) / (sharp - predicted) - 1)
    # the first terms that are not in the prediction, with room for their coefficient
    bound = min(max(TOLERANCE, 4 * (kappa + abs(rho))), WIDEST)
    return DescentComparison(_END, (predicted,), (measured,), (error,), bound, steps, error <= bound)


_END = "sharpness at convergence from a start on the slow manifold; errors are of its depth below 2/eta"


def _two_cycle(form: MinimumForm, slope: Callable[..., Any], max_steps: int) -> DescentComparison:
    leading = next(((k, number(v)) for k, v in form.coefficients.items() if number(v) != 0), None)
    if leading is None or form.criticality == "unknown":
        raise DomainError.of(WHERE, "a coefficient whose sign is known", form.conclusion(), "Nothing to compare.")
    power, value = leading
    sharp = number(form.sharpness)
    base, q, fibre, _, _ = _frame(form)
    measure = _amplitude if value > 0 else _threshold
    predicted, measured, steps = [], [], 0
    for part in (1, 4):
        # amplitudes small against the next term of the series
        excess = math.copysign(0.02 / part, value)
        size = (excess / value) ** (1 / (power - 1))
        found, used = measure(partial(_move, slope, (2 + excess) / sharp), base, q, fibre, size, max_steps)
        predicted.append(size)
        measured.append(found)
        steps += used
    errors = [abs(m / p - 1) for m, p in zip(measured, predicted, strict=True)]
    held = None if any(map(math.isnan, errors)) else errors[1] <= TOLERANCE and errors[1] <= max(errors[0], 0.005)
    what = "distance of the two-cycle beyond the edge" if value > 0 else "start that divides, below the edge"
    quantity = f"{what}, at eta S - 2 = {0.02 if value > 0 else -0.02} and a quarter of it"
    return DescentComparison(quantity, tuple(predicted), tuple(measured), tuple(errors), TOLERANCE, steps, held)


def _move(slope: Callable[..., Any], eta: float, state: np.ndarray) -> np.ndarray:
    """One step; where the run has overflowed, no number."""
    try:
        return np.asarray(state - eta * np.array(slope(*state.tolist())))
    except OverflowError:
        return np.full_like(state, math.nan)


def _amplitude(
    move: Callable[[np.ndarray], np.ndarray],
    base: np.ndarray,
    q: np.ndarray,
    fibre: np.ndarray,
    size: float,
    max_steps: int,
) -> tuple[float, int]:
    """Half the distance between the two points that the run ends on."""
    x = size / 2
    state, steps, last = base + x * q + x * x * fibre, 0, 0.0
    while steps < max_steps:
        for _ in range(200):
            state = move(state)
        steps += 200
        width = float(abs(np.dot(move(state) - state, q))) / 2
        if not width < 1e3 * size:
            return math.inf, steps
        if abs(width - last) < 1e-8 * size:
            return width, steps
        last = width
    return math.nan, steps


def _threshold(
    move: Callable[[np.ndarray], np.ndarray],
    base: np.ndarray,
    q: np.ndarray,
    fibre: np.ndarray,
    size: float,
    max_steps: int,
) -> tuple[float, int]:
    """The amplitude that divides what returns to the minimum from what leaves, by bisection."""
    low, high, steps = 0.5 * size, 2 * size, 0
    for _ in range(12):
        x = (low + high) / 2
        state = base + x * q + x * x * fibre
        while steps < max_steps:
            for _ in range(20):
                state = move(state)
            steps += 20
            now = float(np.abs(np.dot(state - base, q)))
            if not 0.4 * x < now < 2.5 * x:
                break
        else:
            return math.nan, steps
        low, high = (x, high) if now < x else (low, x)
    return (low + high) / 2, steps


def _frame(form: MinimumForm) -> tuple[np.ndarray, ...]:
    """The minimum, the unit eigenvector, and the three directions, the fibre's for a unit amplitude."""
    base = np.array([number(v) for v in form.point.values()])
    q = np.array([number(v) for v in form.eigenvector])
    norm = float(np.dot(q, q))
    fibre, slope, curved = (np.array([number(v) for v in form.directions[n]]) for n in ("fibre", "slope", "curved"))
    return base, q / math.sqrt(norm), fibre / norm, slope, curved


def _sharpness(form: MinimumForm, state: np.ndarray) -> float:
    tape = Tape([form.loss], form.parameters)
    with ctx.workprec(80):
        entries = hessian_at(tape, [arb(float(v)) for v in state], Balls())
    return float(np.linalg.eigvalsh(np.array([[float(e.mid()) for e in row] for row in entries]))[-1])


def number(value: Any) -> float:
    """An exact number or a ball as a double.

    Args:
        value: SymPy number or ball.

    Returns:
        The nearest double, or that of the midpoint.
    """
    return float(value.mid()) if isinstance(value, arb) else float(value)
