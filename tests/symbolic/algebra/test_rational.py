"""Rational functions: arithmetic agrees with exact evaluation; reduction and its refusals."""

from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.symbolic.algebra.errors import DomainError, ProofError
from edgestab.symbolic.algebra.rational import RationalFunction
from edgestab.symbolic.algebra.rings import PolyRing

x, y = sp.symbols("x y", real=True)
RING = PolyRing((x, y))


def build(expr: sp.Expr) -> RationalFunction:
    return RationalFunction.from_expr(RING, expr)


@settings(max_examples=40, deadline=None)
@given(st.fractions(-3, 3, max_denominator=7), st.fractions(-3, 3, max_denominator=7))
def test_arithmetic_agrees_with_evaluation(a: Fraction, b: Fraction) -> None:
    left, right = (x + 2 * y) / (1 + x**2), (x * y - 3) / (2 + y**2)
    at = {x: sp.Rational(a.numerator, a.denominator), y: sp.Rational(b.numerator, b.denominator)}
    for combined, expected in (
        (build(left) + build(right), left + right),
        (build(left) - build(right), left - right),
        (build(left) * build(right), left * right),
        (build(right) ** 2, right**2),
    ):
        assert combined.at(at).constant("test") == expected.subs(at)


def test_reduction_makes_equal_functions_equal() -> None:
    assert build((x**2 - y**2) / (x - y)) == build(x + y)
    assert build((x**2 - y**2) / (x - y)).denominator.is_constant()


def test_polynomial_over_a_pole() -> None:
    polynomial, power = build(x / (1 - x) ** 3).polynomial_over(1 - x, "test")
    assert (RING.to_expr(polynomial), power) == (x, 3)
    with pytest.raises(ProofError, match="a power of"):
        build(1 / (1 + x)).polynomial_over(1 - x, "test")


def test_refusals() -> None:
    with pytest.raises(DomainError, match="exact|polynomial"):
        build(sp.Float(0.5) * x)
    with pytest.raises(DomainError, match="non-zero denominator"):
        RationalFunction(RING, RING.one, RING.zero)
    with pytest.raises(ProofError, match="a multiple of"):
        build(x + 1).divide_exactly(RING.generator(x), "test")
