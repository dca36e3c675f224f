from fractions import Fraction

import pytest
import sympy as sp
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.rings import PolyRing, poly_terms, rational_string, to_fmpq, to_fraction, to_rational

x, y = sp.symbols("x y", real=True)
RATIONALS = st.fractions(-100, 100, max_denominator=50)
TERMS = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), RATIONALS, max_size=6)


def exact(value: Fraction) -> sp.Rational:
    return sp.Rational(value.numerator, value.denominator)


@given(RATIONALS)
def test_fractions_of_both_libraries(q: Fraction) -> None:
    assert to_fraction(exact(q)) == to_fraction(to_fmpq(q)) == q


@given(TERMS, RATIONALS, RATIONALS)
def test_round_trip_and_evaluation(terms: dict[tuple[int, ...], Fraction], a: Fraction, b: Fraction) -> None:
    ring = PolyRing((x, y))
    poly = ring.from_dict(terms)
    assert ring.from_expr(ring.to_expr(poly)) == poly
    value = sum((c * a**i * b**j for (i, j), c in terms.items()), Fraction(0))
    assert ring.to_expr(poly).subs({x: exact(a), y: exact(b)}) == exact(value)


def test_a_factored_tree_is_multiplied_out() -> None:
    terms = poly_terms(PolyRing((x, y)).from_expr((x + y / 3) ** 2 * (x - 1)))
    assert terms[1, 1] == fmpq(-2, 3)
    assert all(type(e) is int for key in terms for e in key)


@pytest.mark.parametrize("bad", [0.5 * x, sp.sin(x), 1 / x, sp.Symbol("q"), x**y, sp.sqrt(x)])
def test_what_is_no_polynomial_over_q_is_refused(bad: sp.Expr) -> None:
    with pytest.raises(DomainError, match="polynomial over Q|one of"):
        PolyRing((x, y)).from_expr(bad)


def test_numbers() -> None:
    assert to_fmpq("0.125") == fmpq(1, 8) == to_fmpq(Fraction(1, 8)) == to_fmpq(sp.Rational(1, 8))
    assert to_rational(fmpq(-3, 4)) == sp.Rational(-3, 4)
    assert rational_string(fmpq(6, 3)) == "2"
    for bad in (0.5, True, "x", float("nan"), None):
        with pytest.raises(DomainError):
            to_fmpq(bad)
    with pytest.raises(DomainError, match="distinct"):
        PolyRing((x, x))
