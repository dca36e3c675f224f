"""Iterate the exact one-step map of the main case, and say how many digits of the result are trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import gmpy2
import sympy as sp

from ..symbolic.errors import DomainError
from ..symbolic.models import QuadraticModel
from ..symbolic.symbols import symbol
from .compile import STATUS_NAMES, Kernel, compile_map

EDGE = 2
DEFAULT_STEPS = 1_000_000
MAX_DIGITS = 10_000
CEILING = 10**6
"""A residual beyond this never comes back: past it the cubic term of the map dominates."""


@dataclass(frozen=True)
class Simulation:
    """The end of one orbit.

    Attributes:
        status: ``converged``, ``diverged`` or ``max_steps``.
        steps: gradient steps taken.
        z: final rescaled residual, as a decimal string of ``digits`` digits.
        T: final rescaled NTK eigenvalue, likewise.
        edge: the edge of stability in the same units.
        digits: decimal digits carried.
        trusted_digits: decimal digits of T confirmed by a second run at twice the precision.
        epsilon, target: the exact inputs, as strings.
        until: the residual at which the run stops.
        kernel: the number type that ran.
    """

    status: str
    steps: int
    z: str
    T: str
    edge: int
    digits: int
    trusted_digits: int
    epsilon: str
    target: str
    until: str
    kernel: str

    def to_json(self) -> dict[str, Any]:
        """All fields; z and T are floats at 16 digits and decimal strings above."""
        row = dict(self.__dict__)
        if self.digits <= 16:
            row["z"], row["T"] = float(self.z), float(self.T)
        return row

    @property
    def gap(self) -> float:
        """How far the final eigenvalue lies below the edge, ``2 - T``, as a float."""
        return float(EDGE - gmpy2.mpfr(self.T, 64 + int(self.digits * 3.33)))


def exact_rational(value: Any, where: str) -> Fraction:
    """A finite rational from an int, Fraction, decimal string or SymPy rational; a float is taken as it is stored.

    Args:
        value: the number.
        where: who asks, for the message.

    Returns:
        The exact rational.

    Raises:
        DomainError: the value is no finite rational.
    """
    try:
        if isinstance(value, sp.Rational):
            return Fraction(int(value.p), int(value.q))
        return Fraction(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
        raise DomainError.of(where, "a rational or decimal number", value, "Write it as p/q or a decimal.") from error


def check_epsilon(value: object, where: str) -> Fraction:
    """An exact epsilon in (0, 1).

    Args:
        value: the number.
        where: who asks, for the message.

    Returns:
        The exact rational.

    Raises:
        DomainError: it is no rational in (0, 1).
    """
    epsilon = exact_rational(value, where)
    if not 0 < epsilon < 1:
        raise DomainError.of(
            where,
            "epsilon in (0, 1)",
            str(value),
            "The eigenvalues are 1 and -epsilon; rescale Q so that they are.",
        )
    return epsilon


def start_state(
    epsilon: Fraction,
    target: Fraction,
    z: object,
    T: object,
    theta: tuple[object, object] | None,
    eta: object,
    where: str = "simulate()",
) -> tuple[Fraction, Fraction, Fraction]:
    """The exact start ``(z, T)`` and rescaled target, from either way of giving a start.

    Args:
        epsilon: the exact epsilon.
        target: the target E; rescaled by ``eta`` when theta is given, already rescaled otherwise.
        z: rescaled residual, with T.
        T: rescaled NTK eigenvalue, with z.
        theta: two parameters, with eta.
        eta: step size, with theta.
        where: who asks, for the message.

    Returns:
        ``(z, T, rescaled target)``.

    Raises:
        DomainError: both or neither way is used, or a number is out of range.
    """
    planar = z is not None and T is not None
    weights = theta is not None and eta is not None
    half = (z is None) != (T is None) or (theta is None) != (eta is None)
    if planar == weights or half:
        raise DomainError.of(
            where,
            "either z and T, or theta and eta",
            f"z={z}, T={T}, theta={theta}, eta={eta}",
            "Give one pair.",
        )
    if planar:
        return exact_rational(z, where), exact_rational(T, where), target
    step = exact_rational(eta, where)
    if step <= 0:
        raise DomainError.of(where, "eta > 0", str(eta), "The step size is positive.")
    assert theta is not None
    if len(theta) != 2:
        raise DomainError.of(where, "two parameters theta", str(theta), "Write --theta a,b.")
    a, b = (exact_rational(t, where) for t in theta)
    model = QuadraticModel((1, -symbol("epsilon")), target=symbol("E"))
    values = {
        model.theta[0]: sp.Rational(a.numerator, a.denominator),
        model.theta[1]: sp.Rational(b.numerator, b.denominator),
        symbol("epsilon"): sp.Rational(epsilon.numerator, epsilon.denominator),
        symbol("E"): sp.Rational(target.numerator, target.denominator),
    }
    scaled = [exact_rational(e.subs(values), where) * step for e in model.embedding()]
    return scaled[0], scaled[1], target * step


def kernel_for(target: str) -> Kernel:
    """The one-step kernel of the main case, any target E, in a number type of :mod:`.compile`."""
    model = QuadraticModel((1, -symbol("epsilon")), target=symbol("E"))
    return compile_map(model.one_step(), target)


def _run_mpfr(
    start: tuple[Fraction, ...], fixed: tuple[Fraction, ...], digits: int, steps: int, until: Fraction
) -> tuple[int, int, list[Any]]:
    bits = math.ceil(digits * math.log2(10)) + 16
    with gmpy2.context(gmpy2.get_context(), precision=bits):
        kernel = kernel_for("mpfr")
        convert = [gmpy2.mpfr(gmpy2.mpq(v.numerator, v.denominator)) for v in (*start, *fixed, until)]
        n = len(start)
        status, taken, state = kernel.run(convert[:n], convert[n:-1], steps, convert[-1], gmpy2.mpfr(CEILING))
        return status, taken, list(state)


def _agreeing_digits(value: Any, truth: Any, digits: int) -> int:
    """How many decimal digits of ``value`` a more precise ``truth`` confirms, at most ``digits``."""
    with gmpy2.context(gmpy2.get_context(), precision=math.ceil(2 * digits * math.log2(10)) + 64):
        error = abs(gmpy2.mpfr(value) - truth)
        if error == 0:
            return digits
        scale = abs(truth) if truth != 0 else gmpy2.mpfr(1)
        if not gmpy2.is_finite(error / scale):
            return 0
        return max(0, min(digits, int(gmpy2.floor(-gmpy2.log10(error / scale)))))


def simulate(
    epsilon: object,
    *,
    z: object = None,
    T: object = None,
    theta: tuple[object, object] | None = None,
    eta: object = None,
    target: object = 0,
    digits: int = 16,
    steps: int = DEFAULT_STEPS,
    until: object = None,
) -> Simulation:
    """Iterate the exact map from one start until it settles.

    Args:
        epsilon: in (0, 1), read exactly.
        z: start of the rescaled residual, with ``T``.
        T: start of the rescaled NTK eigenvalue, with ``z``.
        theta: start in parameter space, with ``eta``.
        eta: step size, with ``theta``.
        target: the target E (rescaled when z and T are given).
        digits: decimal digits to carry, 1..10000; up to 16 the generated double kernel runs, above it MPFR.
        steps: gradient steps at most.
        until: the run has converged when ``|z|`` is below this; default ``10**-digits``.

    Returns:
        The end of the orbit, with the digits of T that a run at twice the precision confirms.

    Raises:
        DomainError: an input is out of range.
    """
    where = "simulate()"
    eps = check_epsilon(epsilon, where)
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= MAX_DIGITS:
        raise DomainError.of(where, f"digits in 1..{MAX_DIGITS}", digits, "16 is double precision.")
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0:
        raise DomainError.of(where, "steps >= 0", steps, "Give a number of gradient steps.")
    tolerance = Fraction(1, 10**digits) if until is None else exact_rational(until, where)
    if tolerance < 0:
        raise DomainError.of(where, "until >= 0", str(until), "It is a bound on |z|.")
    z0, t0, scaled_target = start_state(eps, exact_rational(target, where), z, T, theta, eta)
    # the kernel's parameters are sorted by name: E, epsilon
    fixed = (scaled_target, eps)
    if digits <= 16:
        status, taken, state = kernel_for("float64").run((z0, t0), fixed, steps, tolerance, CEILING)
        name, shown = "float64", [repr(v) for v in state]
    else:
        status, taken, state = _run_mpfr((z0, t0), fixed, digits, steps, tolerance)  # type: ignore[assignment]
        name, shown = "mpfr", [f"{v:.{digits}g}" for v in state]
    # the ladder: the same number of steps at twice the precision
    _, _, truth = _run_mpfr((z0, t0), fixed, 2 * digits, taken, Fraction(0))
    trusted = 0 if STATUS_NAMES[status] == "diverged" else _agreeing_digits(state[1], truth[1], digits)
    return Simulation(
        STATUS_NAMES[status],
        taken,
        shown[0],
        shown[1],
        EDGE,
        digits,
        trusted,
        str(eps),
        str(scaled_target),
        str(tolerance),
        name,
    )
