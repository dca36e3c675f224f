"""Balls lose a few digits on a whole orbit, and say when they cannot decide."""

from dataclasses import replace
from fractions import Fraction
from math import log10

import flint
import pytest
from flint import arb, fmpq

from edgestab.numeric.orbits.precision.enclosures import ball_digits, ball_parts, enclose, precision
from edgestab.numeric.orbits.starts import read_start
from edgestab.numeric.runs.status import Status

UNTIL = Fraction(1, 10**16)


@pytest.mark.parametrize(("inverse", "lost"), [(20, 4), (50, 5), (100, 6)])
def test_an_orbit_costs_few_digits(inverse: int, lost: int) -> None:
    found = enclose(read_start(Fraction(1, inverse), z="-3/10", T=2).orbit(10**6, UNTIL), 16)
    assert found is not None
    assert found.status is Status.CONVERGED
    assert ball_digits(found.T) > found.bits * log10(2) - lost


def test_a_tie_is_not_decided() -> None:
    """|z| equals the tolerance exactly at the start for a number that no ball of finite precision is."""
    third = Fraction(1, 3)
    problem = read_start(third, z=third, T=1).orbit(3, third)
    assert enclose(replace(problem, ceiling=10), 5) is None


def test_the_precision_comes_back() -> None:
    before = flint.ctx.prec

    def fail() -> None:
        with precision(999):
            assert flint.ctx.prec == 999
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert flint.ctx.prec == before
    enclose(read_start("1/3", z="1/10", T=1).orbit(10**6, UNTIL), 30)
    assert flint.ctx.prec == before


@pytest.mark.parametrize("digits", [1, 5, 30])
def test_printed_balls_contain_their_ball(digits: int) -> None:
    with precision(400):
        ball = arb(fmpq(1, 3), arb(2) ** -60)
        parts = ball_parts(ball, digits)
        wide = arb(parts["mid"]) + arb(0, arb(parts["radius"]).upper())
        assert wide.contains(fmpq(1, 3))
        assert wide.contains(ball.lower().mid())
        assert wide.contains(ball.upper().mid())


def test_digits_of_a_ball() -> None:
    with precision(200):
        assert ball_digits(arb(5)) == 10**6
        assert ball_digits(arb(1, "1e-10")) in (9, 10)
        assert ball_digits(arb(0, 1)) == 0
        assert ball_digits(arb(1, 2)) == 0
