"""Coq text of exact objects."""

from fractions import Fraction

import pytest
import sympy as sp

from edgestab.proofs.coq_export.terms import definition, nested, number, real_polynomial
from edgestab.symbolic.algebra.errors import CodegenError
from edgestab.symbolic.algebra.rings import PolyRing

x, y = sp.symbols("x y")


def test_numbers() -> None:
    assert [number(v) for v in (3, -3, Fraction(1, 2), Fraction(-1, 2))] == ["3", "(-3)", "(1/2)", "(-1/2)"]


def test_real_polynomial_reads_back_as_the_same_polynomial() -> None:
    ring = PolyRing((x, y))
    expr = sp.Rational(-3, 2) * x**2 * y + y**3 - x + 1
    text = real_polynomial(ring.from_expr(expr), ("x", "y"))
    assert text == "1 - x - 3/2*x^2*y + y^3"
    assert sp.expand(sp.sympify(text) - expr) == 0
    assert real_polynomial(ring.zero, ("x", "y")) == "0"


def test_nested_lists() -> None:
    assert nested({(0, 1): 2, (2, 0): -3, (1, 0): 0}, 2) == "[[0; 2]; []; [-3]]"
    assert nested({}, 3) == "[]"
    with pytest.raises(CodegenError, match="non-negative exponents"):
        nested({(-1,): 1}, 1)


def test_definition() -> None:
    assert definition("f", "(x : R)", "R", "x") == "Definition f (x : R) : R :=\n  x.\n"
