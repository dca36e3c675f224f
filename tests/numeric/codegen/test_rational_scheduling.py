"""Rational maps: steps in the deviation from the nullcline, in units of epsilon."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.numeric.codegen.lane_kernels import kernel_of
from edgestab.numeric.codegen.program import Program
from edgestab.numeric.codegen.rational_scheduling import schedule_rational
from edgestab.numeric.number_types import NUMBER_TYPES
from edgestab.symbolic.algebra.errors import CodegenError, DomainError
from edgestab.symbolic.algebra.symbols import symbols
from edgestab.symbolic.models.quadratic import main_case

z, w, T, epsilon = symbols("z w T epsilon")


@pytest.fixture(scope="module")
def program() -> Program:
    """One step in ``(z, w)``, ``T = 2/(1 - z) + epsilon w``."""
    source = main_case()
    inside = {T: 2 / (1 - z) + epsilon * w}
    z1, t1 = (c.subs(inside, simultaneous=True) for c in source.components)
    return schedule_rational((z, w), (z1, (t1 - 2 / (1 - z1)) / epsilon), (epsilon,), "step in (z, w)")


coordinates = st.fractions(min_value="-1/2", max_value="1/2", max_denominator=10**6)


@given(coordinates, coordinates, st.fractions(min_value="1/100", max_value="1/2", max_denominator=10**4))
@settings(max_examples=25, deadline=None)
def test_exactly_the_step_of_the_polynomial_map(program: Program, a: Fraction, b: Fraction, e: Fraction) -> None:
    step = main_case()
    t = 2 / (1 - a) + e * b
    values = {z: sp.Rational(str(a)), T: sp.Rational(str(t)), epsilon: sp.Rational(str(e))}
    z1, t1 = (Fraction(str(c.subs(values))) for c in step.components)
    assert program.evaluate((a, b), (e,), 1) == (z1, (t1 - 2 / (1 - z1)) / e)


def test_divisions_are_counted_and_compiled(program: Program) -> None:
    assert 1 <= program.count.div <= 2
    state = np.array([[0.1, -0.2], [-0.3, 0.4]])
    got = kernel_of(program).advance(state, np.array([0.25]), 1)
    for column in range(2):
        start = [Fraction(x) for x in state[:, column]]
        exact = program.evaluate(start, (Fraction(1, 4),), 1)
        bounds = program.error_bound(start, (Fraction(1, 4),), NUMBER_TYPES["float64"].unit_roundoff())
        for value, true, bound in zip(got[:, column], exact, bounds, strict=True):
            assert abs(Fraction(value) - true) <= bound


def test_a_denominator_of_parameters_is_hoisted() -> None:
    program = schedule_rational((z,), (z / (1 + epsilon) + z / 3,), (epsilon,))
    assert program.count.div == 0
    assert program.evaluate((Fraction(1),), (Fraction(1),), 1) == (Fraction(5, 6),)


def test_errors() -> None:
    with pytest.raises(CodegenError, match="2 components"):
        schedule_rational((z, w), (z,))
    with pytest.raises(DomainError):
        schedule_rational((z,), (sp.sin(z),))
