"""Balls lose a few digits on a whole orbit, and say when they cannot decide."""

from fractions import Fraction
from math import log10

import flint
import pytest
from flint import arb, fmpq

from edgestab.numeric.orbits.precision.enclosures import ball_digits, ball_parts, enclose, precision
from edgestab.numeric.runs.status import Status
from edgestab.symbolic.models.quadratic import main_case

SOURCE = main_case()
LIMITS = {"steps": 10**6, "until": Fraction(1, 10**16), "ceiling": 10**6}


@pytest.mark.parametrize(("inverse", "lost"), [(20, 4), (50, 5), (100, 6)])
def test_an_orbit_costs_few_digits(inverse: int, lost: int) -> None:
    found = enclose(SOURCE, (Fraction(-3, 10), Fraction(2)), (Fraction(1, inverse),), digits=16, **LIMITS)  # type: ignore[arg-type]
    assert found is not None
    assert found.status is Status.CONVERGED
    assert ball_digits(found.T) > found.bits * log10(2) - lost


def test_a_tie_is_not_decided() -> None:
    """|z| equals the tolerance exactly at the start for a number that no ball of finite precision is."""
    third = Fraction(1, 3)
    found = enclose(SOURCE, (third, Fraction(1)), (third,), digits=5, steps=3, until=third, ceiling=10)
    assert found is None


def test_the_precision_comes_back() -> None:
    before = flint.ctx.prec

    def fail() -> None:
        with precision(999):
            assert flint.ctx.prec == 999
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert flint.ctx.prec == before
    enclose(SOURCE, (Fraction(1, 10), Fraction(1)), (Fraction(1, 3),), digits=30, **LIMITS)  # type: ignore[arg-type]
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
