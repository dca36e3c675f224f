"""The curved region: one step from it stays in it, in exact rationals; refusals."""

from fractions import Fraction
from functools import lru_cache

import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.trapping.curved import CurvedBarrier, derive_curved
from edgestab.symbolic.trapping.lyapunov import derive_lyapunov, derive_slow_coordinate

BENDS = {(1, 0): "7/5", (2, 0): "-1/2", (2, 1): "-37/100"}
REST = {"width": 1, "height": "13/20", "epsilon_max": "1/5", "near": "1/8"}


@lru_cache
def region() -> CurvedBarrier:
    slow = derive_slow_coordinate(derive_lyapunov(main_case()))
    return derive_curved(slow, BENDS, **REST)


def wall(z: Fraction) -> Fraction:
    p = z * z / (1 - z)
    return Fraction(7, 5) * p - p * p / 2 - Fraction(37, 100) * z * p * p


def test_range_and_conditions() -> None:
    low, high = region().z_range
    assert (low, high) == (sp.Rational(-197, 200), sp.Rational(57, 100))
    assert [c.name for c in region().conditions][-2:] == ["curved-far-left", "curved-far-right"]


@settings(max_examples=60, deadline=None)
@given(
    st.fractions(-Fraction(98, 100), Fraction(56, 100), max_denominator=101),
    st.fractions(0, 1, max_denominator=17),
    st.fractions(Fraction(1, 500), Fraction(1, 5), max_denominator=500),
)
def test_one_step_stays(z: Fraction, level: Fraction, e: Fraction) -> None:
    assume(z != 0)
    top = Fraction(13, 20)
    assume(wall(z) <= top)
    V = 2 - e + wall(z) + (top - wall(z)) * level
    T = V + 2 * (1 - e) * z
    moment = (1 - e) * T + 2 * e * z
    second = (1 - e) * moment + e * T
    z1, T1 = z - z * T + z * z * moment / 2, T - 2 * z * moment + z * z * second
    V1 = T1 - 2 * (1 - e) * z1
    assert z1 != 0
    assert Fraction(-197, 200) <= z1 <= Fraction(57, 100)
    assert wall(z1) <= V1 - 2 + e <= top


def test_refusals() -> None:
    slow = region().slow
    with pytest.raises(DomainError, match="j >= 1"):
        derive_curved(slow, {(0, 2): 1}, **REST)
    with pytest.raises(DomainError, match="positive constants"):
        derive_curved(slow, BENDS, **{**REST, "height": 0})
    flat = derive_curved(slow, {(1, 0): "1/100"}, **{**REST, "height": 40})
    with pytest.raises(DomainError, match="closes the region"):
        _ = flat.z_range
