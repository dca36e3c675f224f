"""Iterate the exact one-step map of the main case, and say how many digits of the result are trusted.

The cheapest number type that can hold the digits asked for runs in lockstep with a wider one; what the two share is
trusted. Where a type goes wrong (it loses the orbit, freezes at small epsilon, or leaves its range) the run says so
and continues in a wider type.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import gmpy2
import sympy as sp

from ...symbolic.algebra.errors import DomainError, PrecisionError
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.quadratic import QuadraticModel
from ...symbolic.planar.derivations import main_case
from ...symbolic.planar.maps import PolynomialMap
from ..codegen.compile import STATUS_NAMES, Kernel, compile_map
from ..codegen.library import program_for
from .precision.ladder import KERNELS, climb, count_digits

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
        z: final rescaled residual, as a decimal string (one digit more than ``digits``, so that rounding costs none).
        T: final rescaled NTK eigenvalue, likewise; near the edge with as many digits more as ``2 - T`` needs.
        edge: the edge of stability in the same units.
        digits: decimal digits asked for.
        trusted_digits: decimal digits of T that a wider number type confirms (for ``arb``: that the ball proves).
        gap_trusted_digits: the same for the distance below the edge, ``2 - T``.
        epsilon, target: the exact inputs, as strings.
        until: the residual at which the run stops.
        kernel: the number type that ran.
        checked_by: the number type that confirmed it.
        notes: why narrower types did not do, one line each.
        enclosure: for ``arb``, midpoint and radius of z and of T as decimal strings; the exact end lies inside.
    """

    status: str
    steps: int
    z: str
    T: str
    edge: int
    digits: int
    trusted_digits: int
    gap_trusted_digits: int
    epsilon: str
    target: str
    until: str
    kernel: str
    checked_by: str
    notes: tuple[str, ...] = ()
    enclosure: dict[str, dict[str, str]] | None = None

    def to_json(self) -> dict[str, Any]:
        """All fields; z and T are floats at 16 digits and decimal strings above, null where not finite."""
        row = {**self.__dict__, "notes": list(self.notes), "gap": self.gap if math.isfinite(self.gap) else None}
        if self.digits <= 16:
            row |= {"z": _finite(self.z), "T": _finite(self.T)}
        return row

    @property
    def gap(self) -> float:
        """How far the final eigenvalue lies below the edge, ``2 - T``, as a float."""
        return float(EDGE - gmpy2.mpfr(self.T, 64 + int(len(self.T) * 3.33)))


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


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


def one_step_for(target: Fraction, epsilon: Fraction) -> tuple[PolynomialMap, tuple[Fraction, ...]]:
    """The one-step map of the main case for a target, and the exact values of its parameters.

    Args:
        target: the rescaled target; 0 gives the map without it, which takes fewer operations.
        epsilon: the exact epsilon.

    Returns:
        The map and the values, in the order of its parameters.
    """
    if target == 0:
        return main_case().one_step(), (epsilon,)
    return QuadraticModel((1, -symbol("epsilon")), target=symbol("E")).one_step(), (target, epsilon)


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
    kernel: str = "auto",
) -> Simulation:
    """Iterate the exact map from one start until it settles.

    Args:
        epsilon: in (0, 1), read exactly.
        z: start of the rescaled residual, with ``T``.
        T: start of the rescaled NTK eigenvalue, with ``z``.
        theta: start in parameter space, with ``eta``.
        eta: step size, with ``theta``.
        target: the target E (rescaled when z and T are given).
        digits: decimal digits of T to hold, 1..10000. The cheapest type that holds them runs: double, double-double
            (from 17), quad-double (from 32), MPFR (from 62). At 16 double is kept as long as it is not wrong: ten
            digits of T and four of ``2 - T`` confirmed.
        steps: gradient steps at most.
        until: the run has converged when ``|z|`` is below this; default ``10**-digits``.
        kernel: ``auto``, one number type to run whatever it holds (``float64``, ``double-double``, ``quad-double``,
            ``mpfr``, ``mpmath``), or ``arb`` for an enclosure: balls that contain the exact end.

    Returns:
        The end of the orbit, with the digits of T that a wider run confirms.

    Raises:
        DomainError: an input is out of range.
        PrecisionError: no enclosure is found with 400,000 bits.
    """
    where = "simulate()"
    eps = check_epsilon(epsilon, where)
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= MAX_DIGITS:
        raise DomainError.of(where, f"digits in 1..{MAX_DIGITS}", digits, "16 is double precision.")
    if isinstance(steps, bool) or not isinstance(steps, int) or not 0 <= steps < 2**53:
        raise DomainError.of(where, "steps >= 0", steps, "Give a number of gradient steps.")
    if kernel not in (*KERNELS, "arb"):
        raise DomainError.of(where, f"a kernel among {', '.join((*KERNELS, 'arb'))}", kernel, "Use auto.")
    tolerance = Fraction(1, 10**digits) if until is None else exact_rational(until, where)
    if tolerance < 0:
        raise DomainError.of(where, "until >= 0", str(until), "It is a bound on |z|.")
    z0, t0, scaled_target = start_state(eps, exact_rational(target, where), z, T, theta, eta)
    source, fixed = one_step_for(scaled_target, eps)
    inputs: dict[str, Any] = {"digits": digits, "steps": steps, "until": tolerance, "ceiling": CEILING}
    common = (str(eps), str(scaled_target), str(tolerance))
    if kernel == "arb":
        return _enclosed(source, (z0, t0), fixed, inputs, common)
    climbed = climb(program_for(source), (z0, t0), fixed, kernel=kernel, **inputs)
    rung = climbed.rung
    # no step, no rounding: the start as it was given
    state = rung.ending.state if rung.ending.steps else (z0, t0)
    exact = rung.name == "float64"
    # near the edge T carries the digits of 2 - T as well
    closeness = count_digits(abs(EDGE - state[1]), Fraction(1)) if state and state[1] != EDGE else 0
    shown = [
        _decimal(x, digits + extra, exact=exact) for x, extra in zip(state or (None, None), (0, closeness), strict=True)
    ]
    trusted = gap_trusted = 0
    if state is not None and rung.error is not None and STATUS_NAMES[rung.ending.status] != "diverged":
        # what is printed is rounded once more
        error = rung.error + abs(Fraction(shown[1]) - state[1])
        trusted, gap_trusted = (min(digits, count_digits(error, x)) for x in (state[1], EDGE - state[1]))
    return Simulation(
        STATUS_NAMES[rung.ending.status],
        rung.ending.steps,
        shown[0],
        shown[1],
        EDGE,
        digits,
        trusted,
        gap_trusted,
        *common,
        rung.name,
        rung.checked_by,
        climbed.notes,
    )


def _decimal(value: Fraction | None, digits: int, *, exact: bool) -> str:
    """A decimal string: a double's shortest, or one digit more than asked for."""
    if value is None:
        return "nan"
    if exact:
        return repr(float(value))
    bits = math.ceil(digits * math.log2(10)) + 32
    return f"{gmpy2.mpfr(gmpy2.mpq(value.numerator, value.denominator), bits):.{digits + 1}g}"


def _enclosed(
    source: PolynomialMap,
    start: tuple[Fraction, Fraction],
    fixed: tuple[Fraction, ...],
    inputs: dict[str, Any],
    common: tuple[str, str, str],
) -> Simulation:
    from .precision.balls import ball_digits, ball_parts, enclose, precision

    found = enclose(source, start, fixed, **inputs)
    digits = inputs["digits"]
    if found is None:
        raise PrecisionError.of(
            "simulate()",
            "balls that decide where the orbit stops",
            "none with 400,000 bits",
            "The orbit is chaotic or grazes a threshold: take fewer steps, or move until.",
        )
    with precision(found.bits):
        gap = EDGE - found.T
    parts = {"z": ball_parts(found.z, digits), "T": ball_parts(found.T, digits)}
    return Simulation(
        STATUS_NAMES[found.status],
        found.steps,
        parts["z"]["mid"],
        parts["T"]["mid"],
        EDGE,
        digits,
        min(digits, ball_digits(found.T)),
        min(digits, ball_digits(gap)),
        *common,
        "arb",
        f"its own radius, at {found.bits} bits",
        (),
        parts,
    )
