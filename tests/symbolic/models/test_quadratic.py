from fractions import Fraction

import pytest
import sympy as sp

import edgestab as es
from edgestab.symbolic.algebra.errors import DomainError, ProofError
from edgestab.symbolic.algebra.symbols import symbols
from edgestab.symbolic.models.quadratic import QuadraticModel
from edgestab.symbolic.planar.maps import PolynomialMap

z, T, epsilon, E = symbols("z T epsilon E")


def gradient_descent(eigenvalues: list[Fraction], theta: list[Fraction], target: Fraction) -> list[Fraction]:
    """Naive twin: one step of size 1 on the loss, written from its definition."""
    residual = sum((q * t * t for q, t in zip(eigenvalues, theta, strict=True)), Fraction(0)) / 2 - target
    return [t - residual * q * t for q, t in zip(eigenvalues, theta, strict=True)]


def state(eigenvalues: list[Fraction], theta: list[Fraction], target: Fraction, count: int) -> list[Fraction]:
    pairs = list(zip(eigenvalues, theta, strict=True))
    residual = sum((q * t * t for q, t in pairs), Fraction(0)) / 2 - target
    return [residual, *(sum((q ** (k + 2) * t * t for q, t in pairs), Fraction(0)) for k in range(count - 1))]


CASES = [
    ([Fraction(1), Fraction(-1, 50)], Fraction(0)),
    ([Fraction(1), Fraction(-1, 50)], Fraction(1, 3)),
    ([Fraction(1), Fraction(-1, 7), Fraction(2, 3)], Fraction(1, 5)),
    ([Fraction(2), Fraction(-1, 7), Fraction(2, 3), Fraction(-3)], Fraction(0)),
    ([Fraction(3, 2)], Fraction(0)),
]


@pytest.mark.parametrize(("eigenvalues", "target"), CASES)
def test_closed_map_is_the_gradient_step(eigenvalues: list[Fraction], target: Fraction) -> None:
    theta = [Fraction(k + 2, 2 * k + 7) * (-1) ** k for k in range(len(eigenvalues))]
    closed = QuadraticModel(eigenvalues, target=target).one_step()
    before = state(eigenvalues, theta, target, len(closed.variables))
    after = state(eigenvalues, gradient_descent(eigenvalues, theta, target), target, len(closed.variables))
    at = {s: sp.Rational(v.numerator, v.denominator) for s, v in zip(closed.variables, before, strict=True)}
    assert [c.subs(at) for c in closed.components] == [sp.Rational(v.numerator, v.denominator) for v in after]


def test_main_case_reads_as_in_the_paper() -> None:
    step = es.QuadraticModel(eigenvalues=(1, -epsilon)).one_step()
    T1 = (1 - epsilon) * T + 2 * epsilon * z
    assert sp.expand(step.components[0] - (z - z * T + z**2 * T1 / 2)) == 0


def test_a_symbolic_target_and_a_users_own_symbol() -> None:
    delta = sp.Symbol("delta")
    model = QuadraticModel((1, -delta), target=E)
    assert set(model.parameters) == {E, delta}
    assert model.one_step().parameters == model.parameters


def test_a_wrong_closed_map_cannot_leave() -> None:
    model = QuadraticModel((1, -epsilon))
    right = model.one_step()
    wrong = PolynomialMap(right.variables, (right.components[0] + z**3, right.components[1]), right.parameters)
    with pytest.raises(ProofError, match="gradient step"):
        model._prove_closed(wrong)


@pytest.mark.parametrize("bad", [(1, 1), (1, 0), (), (1.5, -1), (sp.nan, 1), (1, " "), (1, "x("), (1, "2", object())])
def test_bad_eigenvalues(bad: tuple[object, ...]) -> None:
    with pytest.raises(DomainError):
        QuadraticModel(bad)


def test_an_eigenvalue_given_as_text_is_read_and_not_run() -> None:
    assert QuadraticModel(("1/3", "-0.25")).eigenvalues == (sp.Rational(1, 3), sp.Rational(-1, 4))
    with pytest.raises(DomainError):
        QuadraticModel((1, "__import__('os').getpid()"))
    with pytest.raises(DomainError, match="rational functions"):
        es.models.derive_averaged_flow(QuadraticModel((8, sp.sqrt(2))))


def test_the_nullcline_needs_a_planar_map() -> None:
    with pytest.raises(DomainError, match="two distinct eigenvalues"):
        QuadraticModel((1, -epsilon, 3)).planar_map()
