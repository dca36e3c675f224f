"""The cheapest number type that holds the digits asked for, each one checked by a wider one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import log10

from ...number_types import NUMBER_TYPES, ON_LANES, bits_for
from ...runs.status import Status
from ..starts import OrbitProblem
from .lockstep import Comparison, Ending, compare_at_precision, compare_compiled

#: Beyond this distance two runs no longer err in proportion to their round-off, and say nothing about a third.
LINEAR = Fraction(1, 1000)
#: By how much the wider run's error may exceed its share of the distance to the narrower one.
SAFETY = 1024
#: At 16 digits double is kept as long as T has this many, and 2 - T this many.
DOUBLE_GOAL, GAP_GOAL = 10, 4
#: Rounds of doubled precision before the search gives up.
MOST_ROUNDS = 4
#: A start with a larger number leaves the range of doubles at once.
BEYOND = 10**100


@dataclass(frozen=True)
class TypedRun:
    """An orbit's end in one number type, with a bound on its error that a wider type supports.

    Attributes:
        name: the number type.
        bits: its precision.
        checked_by: the type it was compared with.
        ending: the orbit's end.
        error: bound on the error of T there; None where the comparison supports none.
        distance: greatest distance to the other run on the way; None if not finite.
        agreed: whether both ended alike at the same step.
    """

    name: str
    bits: int
    checked_by: str
    ending: Ending
    error: Fraction | None
    distance: Fraction | None
    agreed: bool

    def digits(self, value: Fraction | None) -> int:
        """Decimal digits of ``value`` that an error of T leaves right, 0 where there is no bound."""
        if self.error is None or value is None:
            return 0
        return count_digits(self.error, value)

    @property
    def trusted(self) -> int:
        """Trusted decimal digits of T."""
        return self.digits(self.ending.state[1] if self.ending.state else None)

    def trusted_in_print(self, digits: int) -> int:
        """Trusted decimal digits of T once it is printed to one digit more than ``digits``; a double is not rounded."""
        if self.name == "float64" or self.error is None or self.ending.state is None:
            return self.trusted
        T = self.ending.state[1]
        return count_digits(self.error + abs(T) / (2 * 10**digits), T)

    @property
    def gap_trusted(self) -> int:
        """Trusted decimal digits of 2 - T."""
        return self.digits(2 - self.ending.state[1] if self.ending.state else None)


@dataclass(frozen=True)
class CheapestRun:
    """The run in the cheapest type that holds, and what was said about narrower ones.

    Attributes:
        run: the run.
        notes: why narrower types did not do, one line each.
    """

    run: TypedRun
    notes: tuple[str, ...] = field(default=())


def count_digits(error: Fraction, value: Fraction) -> int:
    """Decimal digits of ``value`` that an absolute error leaves right; 10^6 for an exact one."""
    if error == 0:
        return 10**6
    if value == 0:
        return 0
    ratio = abs(value) / error
    # a first guess from the lengths of the integers, then exactly
    digits = int((ratio.numerator.bit_length() - ratio.denominator.bit_length() + 1) * log10(2)) + 1
    while digits > 0 and 10**digits > ratio:
        digits -= 1
    return max(0, digits)


def judge(comparison: Comparison, *, high: bool, until: Fraction) -> TypedRun:
    """Bound the error of one of two compared runs.

    The narrower run errs by at most its difference from the wider one and the latter's own error, which is its share
    of the greatest distance on the way, times :data:`SAFETY`. No bound is given unless both ended alike and never came
    further apart than :data:`LINEAR`.

    Args:
        comparison: the two runs.
        high: judge the wider run instead of the narrower.
        until: the tolerance of the runs; where they stopped at different steps, T is less sure by its last moves.

    Returns:
        The run with its bound.
    """
    low_end, high_end = comparison.low, comparison.high
    (low_unit, high_unit), distance = comparison.units, comparison.distance
    error = None
    alike = low_end.status == high_end.status and low_end.state is not None and high_end.state is not None
    if alike and distance is not None and distance <= LINEAR:
        assert low_end.state is not None
        assert high_end.state is not None
        size = max(abs(x) for x in high_end.state)
        error = SAFETY * (distance * high_unit / low_unit + 4 * high_unit * size)
        if low_end.steps != high_end.steps:
            error += 8 * until
        if not high:
            error = 2 * abs(low_end.state[1] - high_end.state[1]) + error
    which = int(high)
    bits = _bits(comparison.units[which])
    return TypedRun(
        comparison.names[which],
        bits,
        comparison.names[1 - which] if high else _label(comparison),
        high_end if high else low_end,
        error,
        distance,
        (low_end.status, low_end.steps) == (high_end.status, high_end.steps),
    )


def _bits(unit: Fraction) -> int:
    return unit.denominator.bit_length() - 1


def _label(comparison: Comparison) -> str:
    wide = comparison.names[1]
    return wide if wide in ON_LANES else f"{wide} at {_bits(comparison.units[1])} bits"


def run_in_cheapest_type(problem: OrbitProblem, *, digits: int, kernel: str = "auto") -> CheapestRun:
    """Run an orbit in the cheapest number type that holds ``digits`` decimal digits of T.

    Args:
        problem: the orbit, in ``(z, T)``.
        digits: what is promised; at 16, double is kept as long as it is not wrong.
        kernel: a number type to use whatever it holds, or ``auto``.

    Returns:
        The first run that holds, or the last one tried.
    """
    notes: list[str] = []
    found = None
    for found in _runs(problem, digits, kernel, notes):
        goal = DOUBLE_GOAL if found.name == "float64" and digits == 16 else digits
        settled = found.ending.status is Status.DIVERGED and found.agreed
        state, smallest = found.ending.state, NUMBER_TYPES[found.name].smallest
        if kernel == "auto" and state and problem.start[0] != 0 and abs(state[0]) < smallest:
            if not any("underflows" in note for note in notes):
                notes.append(f"z underflows in {found.name}; continued in mpfr")
            continue
        holds = found.trusted_in_print(digits) >= goal and (
            found.name != "float64" or found.gap_trusted >= min(GAP_GOAL, digits)
        )
        # a T that is exactly 0 has no leading digit to find
        tiny = Fraction(1, 10**digits)
        vanishes = state is not None and found.error is not None and found.error < tiny and abs(state[1]) < tiny
        if kernel != "auto" or settled or holds or vanishes:
            break
        notes.append(_complaint(found, goal))
    assert found is not None
    return CheapestRun(found, tuple(notes))


def _runs(problem: OrbitProblem, digits: int, kernel: str, notes: list[str]) -> Iterator[TypedRun]:
    until = problem.until
    compiled = [n for n in ON_LANES if kernel == n or (kernel == "auto" and (NUMBER_TYPES[n].digits or 0) >= digits)]
    usable = [n for n in compiled if until == 0 or until >= NUMBER_TYPES[n].smallest or kernel == n]
    if len(usable) < len(compiled) and kernel == "auto":
        notes.append(f"until = 10^{_exponent(until)} lies below the range of {compiled[0]}")
    if kernel == "auto" and any(abs(v) > BEYOND for v in problem.entered().values()):
        notes.append(f"a number of the start lies beyond the range of {ON_LANES[0]}")
        usable = []
    pair = None
    for name in usable:
        if name == "quad-double" and pair is not None:
            yield judge(pair, high=True, until=until)
            continue
        narrow, wide = ON_LANES[:2] if name == ON_LANES[0] else ON_LANES[1:]
        pair = compare_compiled(problem, (narrow, wide))
        yield judge(pair, high=name == "quad-double", until=until)
        pair = pair if name == "double-double" else None
    if kernel in ON_LANES:
        return
    name = "mpfr" if kernel == "auto" else kernel
    bits = bits_for(digits)
    for _ in range(MOST_ROUNDS):
        found = judge(compare_at_precision(problem, name, bits), high=False, until=until)
        yield found
        if found.error is not None:
            bits += bits_for(digits - found.trusted, 16)
        else:
            bits *= 4


def _exponent(value: Fraction) -> int:
    return -count_digits(value, Fraction(1))


def _complaint(found: TypedRun, goal: int) -> str:
    where = found.name if found.name in ON_LANES else f"{found.name} at {found.bits} bits"
    if found.error is None:
        return f"{where} lost the orbit: rounding errors grew too large to say anything; continued in a wider type"
    if found.trusted < goal:
        return f"{where} holds {found.trusted} of {goal} digits of T; continued in a wider type"
    return f"{where} freezes: it holds {found.gap_trusted} digits of 2 - T; continued in a wider type"
