import pytest
import sympy as sp

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.symbols import symbols
from edgestab.symbolic.models.quadratic import QuadraticModel, main_case
from edgestab.symbolic.planar.nullcline import check_order

z, T, epsilon = symbols("z T epsilon")


def test_series_solves_the_exact_equation() -> None:
    """Naive twin: the exact polynomial at the truncated series starts at the next order."""
    curve = main_case().nullcline(4)
    equation = sp.Poly(sp.expand(curve.exact_equation().subs(T, curve.expression())), z)
    assert min(power for (power,) in equation.monoms()) == 5


def test_closed_form_at_zero() -> None:
    curve = main_case().nullcline(5)
    assert sp.simplify(curve.at_zero - 2 / (1 - z)) == 0
    assert sp.expand(curve.expression().subs(epsilon, 0) - 2 * sum(z**k for k in range(6))) == 0


def test_json_and_latex() -> None:
    curve = main_case().nullcline(2)
    assert {"exponents": [0, 0], "coefficient": "2"} in curve.json()["T"]
    assert r"\tilde z^{3}" in curve.latex()
    assert curve._repr_latex_().startswith("$")


def test_a_numeric_model_gives_the_same_curve() -> None:
    special = QuadraticModel((1, sp.Rational(-1, 10))).planar_map().nullcline(6).expression()
    general = main_case().nullcline(6).expression().subs(epsilon, sp.Rational(1, 10))
    assert sp.expand(special - general) == 0


@pytest.mark.parametrize("order", [0, -1, 201, 1.5, True])
def test_orders_are_checked(order: int) -> None:
    with pytest.raises(DomainError, match=r"1\.\.200"):
        check_order(order, "f()")


def test_three_eigenvalues_are_no_planar_map() -> None:
    with pytest.raises(DomainError, match="two variables"):
        QuadraticModel((1, -epsilon, 2)).planar_map()
