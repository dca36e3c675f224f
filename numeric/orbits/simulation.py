"""Iterate the exact one-step map of the main case, and say how many digits of the result are trusted.

The cheapest number type that can hold the digits asked for runs in lockstep with a wider one; what the two share is
trusted. Where a type goes wrong (it loses the orbit, freezes at small epsilon, or leaves its range) the run says so
and continues in a wider type.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from typing import Any

import gmpy2
import mpmath
import sympy as sp

from ...symbolic.algebra.errors import DomainError, PrecisionError
from ...symbolic.optimisers.edge import derive_edge
from ...symbolic.optimisers.optimiser import Optimiser
from ...symbolic.planar.nullcline import EDGE
from ..number_types import KERNELS, bits_for
from ..runs.status import Status
from .precision.cheapest_type import count_digits, run_in_cheapest_type
from .precision.enclosures import ball_digits, ball_parts, enclose, precision
from .starts import OrbitProblem, exact_rational, read_start

DEFAULT_STEPS = 1_000_000
MAX_DIGITS = 10_000


@dataclass(frozen=True)
class Simulation:
    """The end of one orbit.

    Attributes:
        status: ``converged``, ``diverged`` or ``max_steps``.
        steps: gradient steps taken.
        z_decimal: final rescaled residual in decimals, one digit more than ``digits``, so that rounding costs none; the
            property ``z`` is the same as a number.
        T_decimal: final rescaled NTK eigenvalue, likewise; near the edge with as many digits more as ``2 - T`` needs.
        edge: the edge of stability in the same units: 2, or that of the optimiser; a fraction or a decimal where it is
            no integer.
        digits: decimal digits asked for.
        trusted_digits: decimal digits of T that a wider number type confirms (for ``arb``: that the ball proves).
        gap_trusted_digits: the same for the distance below the edge.
        epsilon, target: the exact inputs, as strings.
        until: the residual at which the run stops.
        kernel: the number type that ran.
        checked_by: the number type that confirmed it.
        notes: why narrower types did not do, one line each.
        enclosure: for ``arb``, midpoint and radius of z and of T as decimal strings; the exact end lies inside.

    Source:
        Agarwala, Pedregosa and Pennington 2023, Analysis (the map); the digits trusted are derived here.

    Example:
        >>> end = es.simulate("1/10", z="-3/5", T=1, digits=20)
        >>> end.status.value, end.kernel, end.T_decimal, end.trusted_digits
        ('converged', 'double-double', '1.935597113681717097264', 20)
        >>> end.T < 2, round(float(2 - end.T), 6)
        (True, 0.064403)
    """

    status: Status
    steps: int
    z_decimal: str
    T_decimal: str
    edge: int | str
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
        row = {name.removesuffix("_decimal"): value for name, value in self.__dict__.items()}
        row |= {"notes": list(self.notes), "gap": self.gap if math.isfinite(self.gap) else None}
        if self.digits <= 16:
            row |= {"z": _finite(self.z_decimal), "T": _finite(self.T_decimal)}
        return row

    @property
    def z(self) -> mpmath.mpf:
        """The final rescaled residual, with all its digits; arithmetic on it rounds to ``mpmath.mp.dps``."""
        return _number(self.z_decimal)

    @property
    def T(self) -> mpmath.mpf:
        """The final rescaled NTK eigenvalue, likewise."""
        return _number(self.T_decimal)

    def rows(self) -> list[tuple[str, str]]:
        """What a reader looks for: names and texts."""
        found = [
            ("status", str(self.status)),
            ("steps", f"{self.steps:,}"),
            ("z", self.z_decimal),
            ("T", self.T_decimal),
            ("edge", str(self.edge)),
            (
                f"{self.edge if isinstance(self.edge, int) else 'edge'} - T",
                f"{self.gap:.10g}, {self.gap_trusted_digits} digits trusted",
            ),
            ("digits", f"{self.digits} asked for, {self.trusted_digits} of T trusted"),
            ("number type", f"{self.kernel}, checked by {self.checked_by}"),
        ]
        for name, ball in (self.enclosure or {}).items():
            found.append((f"{name} lies in", f"{ball['mid']} +/- {ball['radius']}"))
        return [*found, ("note", "\n".join(self.notes))] if self.notes else found

    def _repr_html_(self) -> str:
        """A table for notebooks."""
        cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in self.rows())
        return f"<table>{cells}</table>"

    @property
    def gap(self) -> float:
        """How far the final eigenvalue lies below the edge, as a float."""
        edge = self.edge if isinstance(self.edge, int) else gmpy2.mpq(Fraction(self.edge))
        return float(edge - gmpy2.mpfr(self.T_decimal, 64 + int(len(self.T_decimal) * 3.33)))


def _number(text: str) -> mpmath.mpf:
    with mpmath.workprec(64 + int(len(text) * 3.33)):
        return mpmath.mpf(text)


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def simulate(
    epsilon: object,
    *,
    z: object = None,
    T: object = None,
    theta: tuple[object, object] | None = None,
    eta: object = None,
    target: object = 0,
    optimiser: Optimiser | None = None,
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
        optimiser: that moves the weights, which start at rest; its parameters are numbers. None for gradient descent.
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

    Source:
        Agarwala, Pedregosa and Pennington 2023, Analysis (the map); the choice of number types is derived here.

    Example:
        >>> es.simulate("1/10", z="-3/5", T=1).T_decimal
        '1.935597113681715'
    """
    where = "simulate()"
    start = read_start(epsilon, z=z, T=T, theta=theta, eta=eta, target=target, optimiser=optimiser)
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= MAX_DIGITS:
        raise DomainError.of(where, f"digits in 1..{MAX_DIGITS}", digits, "16 is double precision.")
    if isinstance(steps, bool) or not isinstance(steps, int) or not 0 <= steps < 2**53:
        raise DomainError.of(where, "steps >= 0", steps, "Give a number of gradient steps.")
    if kernel not in KERNELS:
        raise DomainError.of(where, f"a kernel among {', '.join(KERNELS)}", kernel, "Use auto.")
    tolerance = Fraction(1, 10**digits) if until is None else exact_rational(until, where)
    if tolerance < 0:
        raise DomainError.of(where, "until >= 0", str(until), "It is a bound on |z|.")
    if kernel == "arb" and optimiser is not None:
        raise DomainError.of(where, "gradient descent for kernel arb", optimiser.name, "Balls follow (z, T) alone.")
    edge, goal = (Fraction(EDGE), EDGE) if optimiser is None else _edge_of(optimiser, 2 * digits + 40)
    problem = start.orbit(steps, tolerance)
    common = (str(start.epsilon), str(start.target), str(tolerance))
    if kernel == "arb":
        return _enclosed(problem, digits, common)
    cheapest = run_in_cheapest_type(problem, digits=digits, kernel=kernel)
    found = cheapest.run
    # no step, no rounding: the start as it was given
    state = found.ending.state if found.ending.steps else start.state
    exact = found.name == "float64"
    # near the edge T carries the digits of 2 - T as well
    closeness = count_digits(abs(edge - state[1]), Fraction(1)) if state and state[1] != edge else 0
    shown = [
        _decimal(x, digits + extra, exact=exact)
        for x, extra in zip(state[:2] if state else (None, None), (0, closeness), strict=True)
    ]
    trusted = gap_trusted = 0
    if state is not None and found.error is not None and found.ending.status is not Status.DIVERGED:
        # what is printed is rounded once more
        error = found.error + abs(Fraction(shown[1]) - state[1])
        trusted, gap_trusted = (min(digits, count_digits(error, x)) for x in (state[1], edge - state[1]))
    return Simulation(
        found.ending.status,
        found.ending.steps,
        shown[0],
        shown[1],
        goal,
        digits,
        trusted,
        gap_trusted,
        *common,
        found.name,
        found.checked_by,
        cheapest.notes,
    )


def _edge_of(optimiser: Optimiser, digits: int) -> tuple[Fraction, int | str]:
    """The edge of an optimiser to many digits, and as it is shown."""
    edge = derive_edge(optimiser).curvature
    if edge.is_Integer:
        return Fraction(int(edge)), int(edge)
    text = str(sp.N(edge, digits))
    # a fraction as such: its decimals need not end
    return (Fraction(int(edge.p), int(edge.q)), str(edge)) if edge.is_Rational else (Fraction(text), text)


def _decimal(value: Fraction | None, digits: int, *, exact: bool) -> str:
    """A decimal string: a double's shortest, or one digit more than asked for."""
    if value is None:
        return "nan"
    if exact:
        return repr(float(value))
    return f"{gmpy2.mpfr(gmpy2.mpq(value.numerator, value.denominator), bits_for(digits)):.{digits + 1}g}"


def _enclosed(problem: OrbitProblem, digits: int, common: tuple[str, str, str]) -> Simulation:
    found = enclose(problem, digits)
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
        found.status,
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
