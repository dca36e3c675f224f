"""Schedules: their cost, their proof, and that a wrong one is caught."""

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.numeric.codegen import scheduling
from edgestab.numeric.codegen.program import Op, Program
from edgestab.numeric.codegen.scheduling import prove, schedule_program
from edgestab.numeric.number_types import EXACT
from edgestab.symbolic.algebra.errors import CodegenError, ProofError
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.quadratic import QuadraticModel, main_case
from edgestab.symbolic.optimisers.optimiser import sam
from edgestab.symbolic.planar.maps import PolynomialMap

EPSILON = symbol("epsilon")
MAP = main_case()
PROGRAM = schedule_program(MAP)


def naive(state: tuple[Fraction, ...], epsilon: Fraction) -> tuple[Fraction, ...]:
    """The one-step map by the hierarchy of the paper, written independently of the generator."""
    z, t0 = state
    t1 = (1 - epsilon) * t0 + 2 * epsilon * z
    t2 = (1 - epsilon) * t1 + epsilon * t0
    return z - z * t0 + z * z * t1 / 2, t0 - 2 * z * t1 + z * z * t2


def test_the_main_case_takes_six_operations_and_keeps_z() -> None:
    assert PROGRAM.count.total == 6
    assert PROGRAM.count.div == 0
    assert "z" in PROGRAM.state


@pytest.mark.thorough
def test_nothing_shorter_exists_in_the_space_searched() -> None:
    program = schedule_program(MAP, effort="exhaustive", keep_variables=False)
    assert program.count.total == 6
    assert any("no program of 5 operations" in note for note in program.notes)


def test_coordinates_matter() -> None:
    found = scheduling._candidates(MAP, scheduling.EFFORTS["quick"], True)
    costs = {
        ", ".join(f"{f.name} = {f.value}" for f in c.coordinates.forms): c.problem.plan().operations for c in found
    }
    own = next(cost for text, cost in costs.items() if "T = T" in text)
    weight_norm = next(cost for text, cost in costs.items() if "n1" in text)
    assert own == 8
    assert weight_norm == 8
    assert min(costs.values()) == 6


rationals = st.fractions(min_value=-3, max_value=3, max_denominator=10**6)


@given(rationals, rationals, st.fractions(min_value="1/1000", max_value="999/1000"), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_the_program_is_the_map_exactly(z: Fraction, t: Fraction, epsilon: Fraction, steps: int) -> None:
    expected = (z, t)
    for _ in range(steps):
        expected = naive(expected, epsilon)  # type: ignore[assignment]
    assert PROGRAM.evaluate((z, t), (epsilon,), steps) == expected


def test_a_changed_operation_is_caught() -> None:
    for index, op in enumerate(PROGRAM.body):
        body = list(PROGRAM.body)
        body[index] = replace(op, sign=-op.sign)
        with pytest.raises(ProofError, match="expected the map"):
            prove(replace(PROGRAM, body=tuple(body)), MAP)


def test_a_program_survives_json() -> None:
    assert Program.from_json(PROGRAM.to_json()) == PROGRAM
    assert Program.from_json(PROGRAM.to_json()).digest == PROGRAM.digest


def test_two_steps_fused_are_the_iterated_map() -> None:
    fused = PROGRAM.fused(2)
    prove(fused, MAP.iterate(2))
    assert fused.count.total == 2 * PROGRAM.count.total
    with pytest.raises(CodegenError, match="multiple of 2"):
        fused.evaluate((Fraction(1), Fraction(1)), (Fraction(1, 2),), 3)


def test_fusing_beats_the_two_step_map_taken_as_one() -> None:
    assert PROGRAM.fused(2).count.total * 4 < schedule_program(MAP.iterate(2)).count.total


@pytest.mark.parametrize(
    ("model", "most"),
    [
        (QuadraticModel((1, -EPSILON), target=symbol("E")), 7),
        (QuadraticModel((symbol("mu"), -EPSILON)), 7),
        (QuadraticModel((1,)), 4),
        (QuadraticModel((sp.Rational(1, 3), sp.Rational(-2, 7))), 7),
    ],
)
def test_other_models(model: QuadraticModel, most: int) -> None:
    assert schedule_program(model.one_step()).count.total <= most


def test_three_eigenvalues() -> None:
    program = schedule_program(QuadraticModel((1, -EPSILON, sp.Rational(1, 2))).one_step())
    assert program.count.total <= 12


def test_a_truncated_recurrence_is_scheduled() -> None:
    source = main_case().two_step(4).as_map()
    program = schedule_program(source)
    assert program.count.total < sum(len(p.to_dict()) for p in source.polynomials)


def test_coordinates_that_swap_or_vanish() -> None:
    z, t = symbol("z"), symbol("T")
    for components in ((t, z), (-t, sp.Integer(0)), (z + t, sp.Integer(3)), (z, z)):
        source = PolynomialMap((z, t), components, (), "corner case")
        program = schedule_program(source)
        point = (Fraction(3, 7), Fraction(-5, 11))
        values = {z: sp.Rational(3, 7), t: sp.Rational(-5, 11)}
        expected = tuple(Fraction(str(c.subs(values))) for c in components)
        assert program.evaluate(point, (), 1) == expected


def test_errors() -> None:
    with pytest.raises(CodegenError, match="effort"):
        schedule_program(MAP, effort="heroic")
    bad = sp.Symbol("lambda", real=True)
    with pytest.raises(CodegenError, match="identifiers"):
        schedule_program(PolynomialMap((bad,), (bad**2,)))


def test_listing_says_what_it_is() -> None:
    text = PROGRAM.listing()
    assert "6 FMA-class operations" in text
    assert "equal to the source map by exact algebra" in text
    assert Op("a", "b", sign=-1).text() == "a = -b"


def test_a_step_found_with_the_other_sign_is_replayed_right() -> None:
    """The search knows polynomials up to their sign; this map has a hoisted constant found as its negative."""
    step = QuadraticModel((1, -EPSILON), optimiser=sam()).one_step()
    program = schedule_program(step)
    values = (Fraction(1, 3), Fraction(3, 2)), (Fraction(2, 7), Fraction(3, 5))
    places = dict(zip((*step.variables, *step.parameters), (*values[0], *values[1]), strict=True))
    wanted = [c.subs({s: sp.Rational(v.numerator, v.denominator) for s, v in places.items()}) for c in step.components]
    found = program.evaluate(*values, 1, EXACT)
    assert [sp.Rational(v.numerator, v.denominator) for v in found] == wanted
