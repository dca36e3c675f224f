"""The search for cuts: exact, honest about failure, and in agreement with plain evaluation."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.proofs.coq_export.bernstein import bernstein, find_cuts, shifted
from edgestab.proofs.coq_export.boxes import Box
from edgestab.symbolic.algebra.errors import ProofError

terms = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2)), st.integers(-9, 9), min_size=1, max_size=8
)


def value(poly: dict[tuple[int, ...], int], point: tuple[Fraction, ...]) -> Fraction:
    total = Fraction(0)
    for exponents, coefficient in poly.items():
        term = Fraction(coefficient)
        for x, power in zip(point, exponents, strict=True):
            term *= x**power
        total += term
    return total


@settings(max_examples=40, deadline=None)
@given(terms, st.tuples(*(st.fractions(0, 1, max_denominator=7) for _ in range(3))))
def test_cuts_are_found_only_for_positive_polynomials(
    poly: dict[tuple[int, ...], int], share: tuple[Fraction, ...]
) -> None:
    box = ((-4, 4), (0, 8), (1, 5))
    point = tuple(low + (high - low) * s for (low, high), s in zip(box, share, strict=True))
    try:
        find_cuts(poly, box, most=60)
    except ProofError:
        return
    assert value(poly, point) > 0


def test_shift_and_bernstein_of_a_known_polynomial() -> None:
    square = np.array([0, 0, 1], dtype=object)
    assert list(shifted(square, 0, 3)) == [9, 6, 1]
    # x^2 - 2x + 3 on [0, 2]: 3 (1-t)^2 + 2 t (1-t) + 3 t^2
    assert list(bernstein(np.array([3, -2, 1], dtype=object), (2,))) == [3, 2, 3]


def test_a_cut_is_made_where_one_box_does_not_suffice() -> None:
    poly: dict[tuple[int, ...], int] = {(2, 0, 0): 1, (1, 0, 0): -8, (0, 0, 0): 17}  # (x - 4)^2 + 1
    text, leaves = find_cuts(poly, ((0, 8), (0, 1), (0, 1)))
    assert text == "CutX 4 Leaf Leaf"
    assert leaves == 2


def test_a_zero_on_the_box_is_refused() -> None:
    with pytest.raises(ProofError, match="positive on the box"):
        find_cuts({(1, 0, 0): 1}, ((0, 8), (0, 1), (0, 1)))
    with pytest.raises(ProofError, match="positive on the box"):
        find_cuts({(2, 0, 0): 1, (1, 0, 0): -8, (0, 0, 0): 16}, ((0, 8), (0, 1), (0, 1)), most=40)


def test_boxes_scale_to_integers() -> None:
    box = Box(
        ("z", "l", "e"), ((Fraction(-1, 3), Fraction(1, 2)), (Fraction(0), Fraction(1)), (Fraction(0), Fraction(1, 5)))
    )
    assert box.scales == (96, 16, 80)
    assert box.integer_sides == ((-32, 48), (0, 16), (0, 16))
    assert box.hypotheses().startswith("(-1/3) <= z <= (1/2) -> ")
