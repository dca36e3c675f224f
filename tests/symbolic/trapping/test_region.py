"""One region for every arithmetic: membership agrees, level and split put a function together again."""

from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
import sympy as sp
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.algebra.localised import Local
from edgestab.symbolic.algebra.rings import PolyRing, to_fmpq
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.trapping.barrier import derive_barrier
from edgestab.symbolic.trapping.region import Region
from edgestab.symbolic.trapping.slow_curve import SlowFrame
from edgestab.symbolic.trapping.start import scaled_squares

CONSTANTS = {"slope": "7/5", "width": "3/2", "height": "1/2", "epsilon_min": 0, "epsilon_max": "1/5"}
CURVE = {(1, 0): sp.Rational(7, 5), (2, 0): sp.Rational(-1, 2), (2, 1): sp.Rational(-37, 100)}
z, V, epsilon = symbol("z"), symbol("V"), symbol("epsilon")


@lru_cache
def regions() -> tuple[Region, Region]:
    plain = derive_barrier(main_case(), CONSTANTS).region
    return plain, Region(plain.slow, CURVE, plain.width, plain.height, plain.epsilon_range)


def stated(which: int, at: Fraction, norm: Fraction, e: Fraction) -> bool:
    """The definition, word for word."""
    if at == 0 or at >= 1:
        return False
    p = at * at / (1 - at)
    phi = Fraction(7, 5) * p + which * (-p * p / 2 - Fraction(37, 100) * at * p * p)
    W = norm + Fraction(3, 2) * e
    return phi <= W - 2 <= Fraction(1, 2)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from((0, 1)),
    st.fractions(Fraction(-3, 2), Fraction(3, 2), max_denominator=50),
    st.fractions(Fraction(17, 10), Fraction(27, 10), max_denominator=50),
    st.fractions(0, Fraction(1, 5), max_denominator=50),
)
def test_membership_is_one_formula_in_every_arithmetic(which: int, at: Fraction, norm: Fraction, e: Fraction) -> None:
    region, expected = regions()[which], stated(which, at, norm, e)
    T = norm + 2 * (1 - e) * at
    assert region.contains(at, T, e) is expected
    assert region.contains(*(sp.Rational(x.numerator, x.denominator) for x in (at, T, e))) is expected
    balls = (arb(fmpq(x.numerator, x.denominator)) for x in (at, norm, e))
    if at and region.closure_contains(*balls):
        assert expected
    p = at * at / (1 - at) if at != 1 else 0
    phi = Fraction(7, 5) * p + which * (-p * p / 2 - Fraction(37, 100) * at * p * p)
    W = norm + Fraction(3, 2) * e - 2
    if abs(W - phi) > Fraction(1, 10**6) and abs(Fraction(1, 2) - W) > Fraction(1, 10**6):
        found = region.contains(*(np.array([float(x)]) for x in (at, T, e)))
        assert found.tolist() == [expected]


def test_a_ball_across_the_barrier_is_not_inside() -> None:
    region, e = regions()[0], arb("0.1")
    assert region.closure_contains(arb("-0.25"), arb("2.2"), e)
    assert not region.closure_contains(arb("-0.25"), arb("2.2", "0.4"), e)


def value(function: Local, point: dict[sp.Symbol, sp.Rational]) -> sp.Expr:
    top = function.home.ring.to_expr(function.numerator).subs(point)
    return top / (1 - point[z]) ** function.power


def test_level_and_split_put_a_function_together_again() -> None:
    region = regions()[1]
    frame = SlowFrame(region.slow)
    point = {z: sp.Rational(-1, 7), epsilon: sp.Rational(1, 9)}
    at_level = value(
        region.at_level((frame.q**2 + frame.z * frame.q).reduced()), {**point, symbol("q"): sp.Rational(1, 3)}
    )
    q = (region.height - region.barrier(point[z])) / 3
    assert at_level == q**2 + point[z] * q

    above = (frame.z**4 * (1 + frame.z) + frame.epsilon * frame.z**2 * 3 + frame.q * (2 + frame.q)).reduced()
    parts = region.split(above, "test")
    share = to_fmpq(1 / region.epsilon_range[1])
    rest = parts.drift - share * (frame.z**2 * parts.curve)
    again = frame.q * parts.lift + frame.z**2 * (frame.z**2 * parts.curve + frame.epsilon * rest)
    assert (again - above).reduced().is_zero()
    with pytest.raises(ProofError, match="multiple"):
        region.split((above + frame.z**3).reduced(), "test")


def test_weights_are_real_where_their_scaled_squares_are_not_negative() -> None:
    first, second = scaled_squares(derive_barrier(main_case(), CONSTANTS))
    ring = PolyRing((z, V, epsilon))
    assert ring.from_expr(first) == ring.from_expr(V + 2 * z)
    assert ring.from_expr(second) == ring.from_expr(V - 2 * epsilon * z)
