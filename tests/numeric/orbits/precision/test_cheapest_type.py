"""What is said of two runs, and digits counted exactly."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgestab.numeric.number_types import NUMBER_TYPES
from edgestab.numeric.orbits.precision.cheapest_type import LINEAR, count_digits, judge, run_in_cheapest_type
from edgestab.numeric.orbits.precision.lockstep import Comparison, Ending, compare_at_precision, compare_compiled
from edgestab.numeric.orbits.starts import read_start
from edgestab.numeric.runs.status import Status

UNTIL = Fraction(1, 10**12)
PROBLEM = read_start("1/10", z="-3/5", T=1).orbit(10**5, UNTIL)


@given(
    st.fractions(min_value=Fraction(1, 10**9), max_value=10**9, max_denominator=10**9),
    st.fractions(min_value=Fraction(1, 10**30), max_value=10**9, max_denominator=10**30),
)
def test_digits_are_counted_exactly(value: Fraction, error: Fraction) -> None:
    digits = count_digits(error, value)
    assert digits == 0 or error * 10**digits <= value
    assert error * 10 ** (digits + 1) > value
    assert count_digits(error, -value) == digits


def test_digits_at_the_ends() -> None:
    assert count_digits(Fraction(0), Fraction(1)) == 10**6
    assert count_digits(Fraction(1, 10), Fraction(1)) == 1
    assert count_digits(Fraction(1), Fraction(0)) == 0
    assert count_digits(Fraction(1, 10**5000), Fraction(1)) == 5000


def test_every_pair_follows_the_same_orbit() -> None:
    pairs = [
        compare_compiled(PROBLEM, ("float64", "double-double")),
        compare_compiled(PROBLEM, ("double-double", "quad-double")),
        compare_at_precision(PROBLEM, "mpfr", 200),
        compare_at_precision(PROBLEM, "mpmath", 200),
    ]
    best = pairs[2].high.state
    assert best is not None
    for pair in pairs:
        assert {pair.low.status, pair.high.status} == {Status.CONVERGED}
        assert pair.low.steps == pair.high.steps == pairs[0].low.steps
        for ending, unit in zip((pair.low, pair.high), pair.units, strict=True):
            assert ending.state is not None
            assert all(abs(a - b) < 10**5 * unit for a, b in zip(ending.state, best, strict=True))
        assert pair.distance is not None
        assert pair.units[0] / 1000 < pair.distance < 10**5 * pair.units[0]


def test_no_bound_where_runs_come_apart() -> None:
    end = Ending(Status.CONVERGED, 5, (Fraction(0), Fraction(1)))
    units = (NUMBER_TYPES["float64"].unit_roundoff(), NUMBER_TYPES["double-double"].unit_roundoff())
    near = Comparison(end, end, LINEAR, ("float64", "double-double"), units)
    far = Comparison(end, end, LINEAR * 2, ("float64", "double-double"), units)
    gone = Comparison(end, end, None, ("float64", "double-double"), units)
    other = Comparison(end, Ending(Status.MAX_STEPS, 5, end.state), Fraction(0), ("float64", "double-double"), units)
    assert judge(near, high=False, until=UNTIL).error is not None
    for bad in (far, gone, other):
        for high in (False, True):
            found = judge(bad, high=high, until=UNTIL)
            assert found.error is None
            assert found.trusted == found.gap_trusted == 0


def test_a_chaotic_orbit_is_lost_and_found() -> None:
    """Double and double-double forget this start; mpfr at some hundred bits holds it."""
    problem = read_start("1/2000", z="-17/20", T=2).orbit(4000, UNTIL)
    cheapest = run_in_cheapest_type(problem, digits=16)
    assert cheapest.notes[0].startswith("float64 lost the orbit")
    assert cheapest.run.name == "mpfr"
    assert cheapest.run.trusted >= 16


@pytest.mark.parametrize("name", ["float64", "double-double", "quad-double", "mpfr", "mpmath"])
def test_a_type_asked_for_runs_whatever_it_holds(name: str) -> None:
    cheapest = run_in_cheapest_type(replace(PROBLEM, steps=10**4), digits=50, kernel=name)
    assert cheapest.run.name == name
    assert cheapest.notes == ()
    assert cheapest.run.trusted >= {"float64": 12, "double-double": 28}.get(name, 50)
