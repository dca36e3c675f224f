"""Gradient flow of the quadratic model: field, squares, invariants, closed end."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.gradient_flow import GradientFlow, squares_are_squares
from edgestab.symbolic.models.quadratic import QuadraticModel

z, T, epsilon, E = (symbol(n) for n in ("z", "T", "epsilon", "E"))
numbers = st.fractions(min_value=-3, max_value=3, max_denominator=6).filter(bool)


def test_field_of_the_main_case() -> None:
    flow = GradientFlow(QuadraticModel((1, -epsilon)))
    assert sp.expand(flow.field[0] + z * T) == 0
    assert sp.expand(flow.field[1] + 2 * z * ((1 - epsilon) * T + 2 * epsilon * z)) == 0
    assert r"\frac{d}{d t}" in flow.latex()
    assert set(flow.json()) == {"variables", "field", "squares", "invariants"}


@settings(max_examples=15, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=4, unique=True), st.fractions(-2, 2, max_denominator=5), st.data())
def test_field_is_the_gradient_field_and_invariants_do_not_move(
    eigenvalues: list[object], target: object, data: st.DataObject
) -> None:
    model = QuadraticModel(eigenvalues, target)
    flow = GradientFlow(model)
    theta = {t: sp.Rational(data.draw(st.integers(1, 7)), 3) for t in model.theta}
    velocity = {t: -sp.diff(model.loss(), t).subs(theta) for t in model.theta}
    places = {s: e.subs(theta) for s, e in zip(model.state, model.embedding(), strict=True)}
    for embedded, component in zip(model.embedding(), flow.field, strict=True):
        along = sum(sp.diff(embedded, t).subs(theta) * velocity[t] for t in model.theta)
        assert sp.simplify(along - component.subs(places)) == 0
    assert squares_are_squares(flow)
    assert len(flow.rates()) == len(eigenvalues)
    assert len(flow.invariants()) == len(eigenvalues) - 1
    for invariant in flow.invariants():
        along = sum(sp.diff(invariant, s) * f for s, f in zip(model.state, flow.field, strict=True))
        assert sp.simplify(along.subs(places)) == 0


def test_composite_targets_keep_their_degree() -> None:
    direct = GradientFlow(QuadraticModel((1, -2), E))
    doubled = GradientFlow(QuadraticModel((1, -2), 2 * E))
    for a, b in zip(direct.field, doubled.field, strict=True):
        assert sp.expand(a.subs(E, 2 * E) - b) == 0


def test_closed_limit_needs_two_eigenvalues_and_no_target() -> None:
    assert GradientFlow(QuadraticModel((1, -epsilon))).closed_limit().has(epsilon)
    for model in (QuadraticModel((1, -2), 1), QuadraticModel((1, -2, 3))):
        with pytest.raises(DomainError, match="two eigenvalues and target 0"):
            GradientFlow(model).closed_limit()


def test_the_log_says_that_each_square_grows_at_its_rate() -> None:
    flow = GradientFlow(QuadraticModel((1, -epsilon)))
    said = [step.equations[1] for step in flow.explain().steps if step.title.startswith("The square")]
    assert tuple(e.rhs / e.lhs.expr for e in said) == flow.rates()
