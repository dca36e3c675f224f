"""The ladder of number types: the cheapest that holds a promise, each rung checked by a wider one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, log2, log10

from ...codegen.program import Program
from .arithmetic import Arithmetic, compare_wide, mpfr, mpmath
from .lockstep import SMALLEST, TERMS, Comparison, Ending, compare

#: Number types a user may ask for; ``auto`` climbs the ladder.
KERNELS = ("auto", "float64", "double-double", "quad-double", "mpfr", "mpmath")
#: Decimal digits that a compiled type can hold at best.
CAPACITY = {"float64": 16, "double-double": 31, "quad-double": 61}
#: Beyond this distance two runs no longer err in proportion to their roundoff, and say nothing about a third.
LINEAR = Fraction(1, 1000)
#: By how much the wider run's error may exceed its share of the distance to the narrower one.
SAFETY = 1024
#: At 16 digits double is kept as long as T has this many, and 2 - T this many.
DOUBLE_GOAL, GAP_GOAL = 10, 4
#: Rounds of doubled precision before the ladder gives up.
MOST_ROUNDS = 4


@dataclass(frozen=True)
class Rung:
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

    @property
    def gap_trusted(self) -> int:
        """Trusted decimal digits of 2 - T."""
        return self.digits(2 - self.ending.state[1] if self.ending.state else None)


@dataclass(frozen=True)
class Climb:
    """The rung that holds, and what was said about those below it.

    Attributes:
        rung: where the ladder was left.
        notes: why narrower types did not do, one line each.
    """

    rung: Rung
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


def judge(comparison: Comparison, *, high: bool, until: Fraction) -> Rung:
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
    return Rung(
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
    return wide if wide in TERMS else f"{wide} at {_bits(comparison.units[1])} bits"


def climb(
    program: Program,
    start: Sequence[Fraction],
    fixed: Sequence[Fraction],
    *,
    digits: int,
    steps: int,
    until: Fraction,
    ceiling: int,
    kernel: str = "auto",
) -> Climb:
    """Run an orbit in the cheapest number type that holds ``digits`` decimal digits of T.

    Args:
        program: the program of a map in ``(z, T)``.
        start: the exact start.
        fixed: the exact parameters.
        digits: what is promised; at 16, double is kept as long as it is not wrong.
        steps: gradient steps at most.
        until: residual at which the orbit has converged.
        ceiling: residual at which it has diverged.
        kernel: a number type to use whatever it holds, or ``auto``.

    Returns:
        The first rung that holds, or the last one tried.
    """
    notes: list[str] = []
    rung = None
    for rung in _rungs(program, start, fixed, digits, steps, until, ceiling, kernel, notes):
        goal = DOUBLE_GOAL if rung.name == "float64" and digits == 16 else digits
        settled = rung.ending.status == 1 and rung.agreed
        state = rung.ending.state
        if rung.name in TERMS and kernel == "auto" and state and start[0] != 0 and abs(state[0]) < SMALLEST[rung.name]:
            if not any("underflows" in note for note in notes):
                notes.append(f"z underflows in {rung.name}; continued in mpfr")
            continue
        holds = rung.trusted >= goal and (rung.name != "float64" or rung.gap_trusted >= min(GAP_GOAL, digits))
        # a T that is exactly 0 has no leading digit to find
        tiny = Fraction(1, 10**digits)
        vanishes = state is not None and rung.error is not None and rung.error < tiny and abs(state[1]) < tiny
        if kernel != "auto" or settled or holds or vanishes:
            break
        notes.append(_complaint(rung, goal))
    assert rung is not None
    return Climb(rung, tuple(notes))


def _rungs(
    program: Program,
    start: Sequence[Fraction],
    fixed: Sequence[Fraction],
    digits: int,
    steps: int,
    until: Fraction,
    ceiling: int,
    kernel: str,
    notes: list[str],
) -> Iterator[Rung]:
    compiled = [n for n in TERMS if kernel == n or (kernel == "auto" and CAPACITY[n] >= digits)]
    usable = [n for n in compiled if until == 0 or until >= SMALLEST[n] or kernel == n]
    if len(usable) < len(compiled) and kernel == "auto":
        notes.append(f"until = 10^{_exponent(until)} lies below the range of {compiled[0]}")
    pair = None
    for name in usable:
        if name == "quad-double" and pair is not None:
            yield judge(pair, high=True, until=until)
            continue
        names = ("float64", "double-double") if name == "float64" else ("double-double", "quad-double")
        pair = compare(program, names, start, fixed, steps, until, ceiling)
        yield judge(pair, high=name == "quad-double", until=until)
        pair = pair if name == "double-double" else None
    if kernel not in ("auto", "mpfr", "mpmath"):
        return
    arithmetic = mpmath if kernel == "mpmath" else mpfr
    bits = ceil(digits * log2(10)) + 32
    for _ in range(MOST_ROUNDS):
        types: tuple[Arithmetic, Arithmetic] = (arithmetic(bits), arithmetic(2 * bits))
        rung = judge(compare_wide(program, types, start, fixed, steps, until, ceiling), high=False, until=until)
        yield rung
        if rung.error is not None:
            bits += ceil((digits - rung.trusted) * log2(10)) + 16
        else:
            bits *= 4


def _exponent(value: Fraction) -> int:
    return -count_digits(value, Fraction(1))


def _complaint(rung: Rung, goal: int) -> str:
    where = rung.name if rung.name in TERMS else f"{rung.name} at {rung.bits} bits"
    if rung.error is None:
        return f"{where} lost the orbit: rounding errors grew too large to say anything; continued in a wider type"
    if rung.trusted < goal:
        return f"{where} holds {rung.trusted} of {goal} digits of T; continued in a wider type"
    return f"{where} freezes: it holds {rung.gap_trusted} digits of 2 - T; continued in a wider type"
