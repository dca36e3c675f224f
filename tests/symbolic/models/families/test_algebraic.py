"""Real algebraic numbers: order, signs and decimals, against SymPy's own."""

from fractions import Fraction

import pytest
import sympy as sp
from flint import fmpz_poly

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.families.algebraic import AlgebraicNumber, between, in_one, rational, roots_between
from edgestab.symbolic.models.families.scalar_map import _LEX


def test_roots_are_those_of_sympy() -> None:
    x = sp.Symbol("x")
    polynomial = sp.Poly((x**3 - 3 * x + 1) * (x**2 - 2) * (2 * x - 3), x)
    found = roots_between(fmpz_poly([int(c) for c in reversed(polynomial.all_coeffs())]), Fraction(-9), Fraction(9))
    assert [float(r) for r in found] == pytest.approx(sorted(float(r) for r in polynomial.real_roots()), abs=1e-15)
    assert [r.degree for r in found] == [3, 2, 3, 2, 1, 3]


def test_close_numbers_are_told_apart_and_equal_ones_are_equal() -> None:
    root = AlgebraicNumber((-2, 0, 1), 1)
    near = rational(Fraction(141421356237309504880, 10**20))
    assert near < root
    assert root > Fraction(141421356237309504880, 10**20)
    assert root == AlgebraicNumber((-2, 0, 1), 1) != AlgebraicNumber((-2, 0, 1), 0)
    assert near < between(near, root) < root


def test_signs_and_decimals() -> None:
    root = AlgebraicNumber((-4, 2, 1), 1)
    assert root.sign_of(fmpz_poly([-4, 2, 1])) == 0
    assert root.sign_of(fmpz_poly([-5, 4])) == -1
    assert root.sign_of(fmpz_poly([-6, 5])) == 1
    assert root.expression() == sp.sqrt(5) - 1
    low, high = root.bounds(200)
    assert low < high
    assert (low + 1) ** 2 < 5 < (high + 1) ** 2
    assert root.json()["minimal_polynomial"] == ["-4", "2", "1"]


def test_a_polynomial_in_two_variables_is_refused() -> None:
    x, a = _LEX.gens()
    with pytest.raises(DomainError, match="one variable"):
        in_one(x * a + 1, 1)


@pytest.mark.parametrize("coefficients", [(-4, 2, 1), (1, -3, 0, 1)])
def test_a_number_solves_the_equation_that_it_prints(coefficients: tuple[int, ...]) -> None:
    root, x = AlgebraicNumber(coefficients, 1), sp.Symbol("x")
    assert sp.Poly(root.equation(x), x).all_coeffs()[::-1] == list(coefficients)
    assert abs(root.equation(x).subs(x, sp.N(root.expression(), 30))) < 1e-25
