"""Row series against the graded multivariate ones: two implementations of one arithmetic."""

import pytest
import sympy as sp
from flint import fmpq_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.series import Grading, RowSeries, TruncatedSeries, compose
from edgestab.symbolic.algebra.series.rows import compose_low, inverse_low

Z, E = sp.symbols("z e", real=True)
HEIGHT, WIDTH = 2, 6
coefficients = st.lists(st.integers(-4, 4), min_size=1, max_size=6)
rows = st.lists(coefficients, min_size=1, max_size=3)


def both(given_rows: list[list[int]]) -> tuple[RowSeries, TruncatedSeries]:
    series = RowSeries([fmpq_poly(r) for r in given_rows], HEIGHT, WIDTH)
    return series, graded(series)


def graded(series: RowSeries) -> TruncatedSeries:
    grading = Grading((Z, E), (1, 2), WIDTH)
    terms: dict[tuple[int, ...], object] = {}
    for n, row in enumerate(series.rows):
        terms |= {(i, n): c for i, c in enumerate(row.coeffs())}
    kept = TruncatedSeries.from_polynomial(grading, grading.ring.from_dict(terms))
    return without_high_rows(kept)


def without_high_rows(series: TruncatedSeries) -> TruncatedSeries:
    terms: dict[tuple[int, ...], object] = {e: c for e, c in series.terms().items() if e[1] <= HEIGHT}
    return TruncatedSeries.from_polynomial(series.grading, series.grading.ring.from_dict(terms))


@settings(max_examples=40, deadline=None)
@given(rows, rows)
def test_products_sums_and_compositions_agree(left: list[list[int]], right: list[list[int]]) -> None:
    a, a_graded = both(left)
    b, b_graded = both([[0, *r] for r in right])
    assert graded(a * b) == without_high_rows(a_graded * b_graded)
    assert graded(a - b) == a_graded - b_graded
    e = TruncatedSeries.variable(a_graded.grading, E)
    assert graded(a.compose(b)) == without_high_rows(compose(a_graded, [b_graded, e]))


def test_composition_needs_a_vanishing_inner_series() -> None:
    a, _ = both([[1, 2]])
    with pytest.raises(DomainError, match="vanishes at 0"):
        a.compose(a)


@settings(max_examples=40, deadline=None)
@given(coefficients, coefficients)
def test_univariate_helpers(outer: list[int], inner: list[int]) -> None:
    p, q = fmpq_poly(outer), fmpq_poly([0, *inner])
    assert compose_low(p, q, 7) == p(q).truncate(7)
    unit = fmpq_poly([3, *outer])
    assert unit.mul_low(inverse_low(unit, 9), 9) == fmpq_poly([1])
