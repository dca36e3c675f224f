"""Exact positivity: sound on random polynomials, honest about counterexamples and about running out."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.proofs.certificates.bernstein import Box, Terms, prove_positive
from edgestab.symbolic.algebra.errors import DomainError

UNIT: Box = ((Fraction(0), Fraction(1)), (Fraction(-1), Fraction(1, 2)))
small = st.fractions(-2, 2, max_denominator=5)


def value(terms: dict[tuple[int, ...], Fraction], point: tuple[Fraction, ...]) -> Fraction:
    total = Fraction(0)
    for exponents, coefficient in terms.items():
        part = coefficient
        for x, e in zip(point, exponents, strict=True):
            part *= x**e
        total += part
    return total


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 2)), small, min_size=1, max_size=6),
    st.fractions(0, 1, max_denominator=11),
    st.fractions(-1, Fraction(1, 2), max_denominator=11),
)
def test_verdicts_are_sound(terms: dict[tuple[int, ...], Fraction], a: Fraction, b: Fraction) -> None:
    found = prove_positive(terms, UNIT, 200)
    if found.verdict == "TRUE":
        assert found.floor is not None
        assert value(terms, (a, b)) >= found.floor > 0
        assert sum((b1 - a1) * (b2 - a2) for (a1, b1), (a2, b2) in found.proved) == Fraction(3, 2)
    if found.verdict == "FALSE":
        assert found.counterexample is not None
        assert value(terms, found.counterexample) <= 0


def test_a_touching_polynomial_is_not_called_positive() -> None:
    square: Terms = {(2, 0): Fraction(1), (1, 0): Fraction(-2, 3), (0, 0): Fraction(1, 9)}  # (x - 1/3)^2
    found = prove_positive(square, UNIT, 100)
    assert found.verdict == "UNKNOWN"
    assert found.undecided


def test_a_narrow_valley_needs_subdivision() -> None:
    valley: Terms = {(2, 0): Fraction(1), (1, 0): Fraction(-2, 3), (0, 0): Fraction(1, 9) + Fraction(1, 1000)}
    found = prove_positive(valley, UNIT, 500)
    assert found.verdict == "TRUE"
    assert len(found.proved) > 2


def test_refusals() -> None:
    with pytest.raises(DomainError, match="terms in 2 variables"):
        prove_positive({(1,): Fraction(1)}, UNIT)
    with pytest.raises(DomainError, match="low <= high"):
        prove_positive({(1,): Fraction(1)}, [(Fraction(1), Fraction(0))])
