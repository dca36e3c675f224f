"""Series operations against exact rational evaluation: a truncated identity holds modulo the dropped monomials."""

from collections.abc import Callable
from fractions import Fraction

import pytest
import sympy as sp
from flint import fmpq, fmpq_poly
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.series import (
    Grading,
    Remainder,
    TruncatedSeries,
    compose,
    derivative,
    evaluate,
    exp,
    log,
    reversion,
    root,
    solve_implicit,
    solve_system,
)

X, Y = sp.symbols("x y", real=True)
ORDER = 5
GRADINGS = [Grading((X, Y), weights, ORDER) for weights in ((1, 1), (1, 2), (2, 1))]
rationals = st.fractions(min_value=-3, max_value=3, max_denominator=5)


@st.composite
def series(draw: st.DrawFn, constant: int | None = None, grading: Grading | None = None) -> TruncatedSeries:
    chosen = grading or draw(st.sampled_from(GRADINGS))
    monomials = [(i, j) for i in range(ORDER + 1) for j in range(ORDER + 1) if (i, j) not in chosen.dropped()]
    picked = draw(st.lists(st.sampled_from(monomials), max_size=5, unique=True))
    terms: dict[tuple[int, ...], object] = {m: draw(rationals) for m in picked}
    if constant is not None:
        terms[0, 0] = constant
    return TruncatedSeries.from_polynomial(chosen, chosen.ring.from_dict(terms))


def value(of: TruncatedSeries, x: Fraction, y: Fraction) -> Fraction:
    total = Fraction(0)
    for (i, j), c in of.terms().items():
        total += Fraction(int(c.p), int(c.q)) * x**i * y**j
    return total


def along_ray(grading: Grading, f: Callable[[Fraction, Fraction], Fraction], points: int = 14) -> list[Fraction]:
    """Coefficients of ``t -> f(t^w1 a, t^w2 b)``, exactly, by Newton's divided differences: an oracle for weights."""
    nodes = [Fraction(k - points // 2) for k in range(points)]
    table = [f(Fraction(2, 3) * t ** grading.weights[0], Fraction(-3, 2) * t ** grading.weights[1]) for t in nodes]
    for level in range(1, points):
        for k in range(points - 1, level - 1, -1):
            table[k] = (table[k] - table[k - 1]) / (nodes[k] - nodes[k - level])
    result = fmpq_poly([0])
    for node, entry in zip(reversed(nodes), reversed(table), strict=True):
        result = result * fmpq_poly([-int(node), 1]) + fmpq(entry.numerator, entry.denominator)
    return [Fraction(int(c.p), int(c.q)) for c in result.coeffs()]


def low(coefficients: list[Fraction]) -> list[Fraction]:
    padded = coefficients + [Fraction(0)] * (ORDER + 1)
    return padded[: ORDER + 1]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_product_agrees_with_exact_values_below_the_order(data: st.DataObject) -> None:
    a = data.draw(series())
    b = data.draw(series(grading=a.grading))
    exact = along_ray(a.grading, lambda x, y: value(a, x, y) * value(b, x, y) + value(a, x, y) - 2 * value(b, x, y))
    kept = along_ray(a.grading, lambda x, y: value(a * b + a - 2 * b, x, y))
    assert low(exact) == low(kept)


@settings(max_examples=25, deadline=None)
@given(series(constant=2), series(constant=1))
def test_inverse_and_elementary_functions(a: TruncatedSeries, b: TruncatedSeries) -> None:
    assert a * a.inverse() == TruncatedSeries.from_expr(a.grading, 1)
    assert (a / a) ** 3 == a**0
    half = root(b, "1/2")
    assert half * half == b
    assert root(b, Fraction(-1, 3)) ** 3 * b == b**0
    assert exp(log(b)) == b
    assert log(b * b) == log(b) * 2


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_exp_of_a_sum_is_the_product(data: st.DataObject) -> None:
    a = data.draw(series(constant=0))
    b = data.draw(series(constant=0, grading=a.grading))
    assert exp(a + b) == exp(a) * exp(b)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_composition_agrees_with_exact_values_below_its_order(data: st.DataObject) -> None:
    grading = GRADINGS[0]
    outer = data.draw(series(grading=grading))
    inner = [data.draw(series(constant=0, grading=grading)) for _ in range(2)]
    result = compose(outer, inner)
    exact = along_ray(grading, lambda x, y: value(outer, value(inner[0], x, y), value(inner[1], x, y)), 28)
    kept = along_ray(grading, lambda x, y: value(result, x, y))
    order = result.grading.order
    assert (exact + [Fraction(0)] * 9)[: order + 1] == (kept + [Fraction(0)] * 9)[: order + 1]


def test_composition_lowers_the_order_where_dropped_terms_come_back() -> None:
    wide, narrow = Grading((X, Y), (1, 1), 8), Grading((X, Y), (1, 1), 3)
    x, y = (TruncatedSeries.variable(wide, s) for s in (X, Y))
    outer = TruncatedSeries.from_expr(narrow, 1 + X + X**3)
    assert compose(outer, [x, y]).grading.order == 3
    assert compose(outer, [x * x, y * y]).grading.order == 7
    with pytest.raises(DomainError, match="positive weight"):
        compose(outer, [x + 1, y])
    with pytest.raises(DomainError, match="2 values"):
        compose(outer, [x])


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_reversion_is_a_two_sided_inverse(data: st.DataObject) -> None:
    grading = GRADINGS[0]
    x, y = (TruncatedSeries.variable(grading, s) for s in (X, Y))
    bent = [data.draw(series(constant=0, grading=grading)) for _ in range(2)]
    high = [TruncatedSeries(grading, [grading.ring.zero] * 2 + list(b.parts[2:])) for b in bent]
    forward = [x * 2 + y + high[0], x + y + high[1]]
    back = reversion(forward, (X, Y))
    assert [compose(f, back) for f in forward] == [x, y]
    assert [compose(b, forward) for b in back] == [x, y]


def test_reversion_keeps_parameters_and_refuses_singular_maps() -> None:
    grading = Grading((X, Y), (1, 1), 6)
    x, y = (TruncatedSeries.variable(grading, s) for s in (X, Y))
    (back,) = reversion([x + x * x * y], (X,))
    assert back + back * back * y == x
    with pytest.raises(DomainError, match="invertible"):
        reversion([x + y, x * 2 + y * 2], (X, Y))
    with pytest.raises(DomainError, match="no term below"):
        reversion([x + 1], (X,))


def test_implicit_functions_against_known_series() -> None:
    grading = Grading((X,), (1,), 8)
    x = TruncatedSeries.variable(grading, X)
    # Catalan numbers: c = 1 + x c^2
    catalan = solve_implicit(lambda c: c - 1 - x.truncate(c.grading.order) * c * c, x * 0 + 1, 1)
    assert [int(c) for c in catalan.terms().values()] == [1, 1, 2, 5, 14, 42, 132, 429, 1430]

    def sine_cosine(pair: list[TruncatedSeries]) -> list[TruncatedSeries]:
        # s = x + s c, c = x s: a coupled system with a known elimination s = x + x s^2
        s, c = pair
        here = x.truncate(s.grading.order)
        return [s - here - s * c, c - here * s]

    s, c = solve_system(sine_cosine, [x * 0, x * 0], [[1, 0], [0, 1]])
    assert s == x + x * s * s
    assert c == x * s
    with pytest.raises(DomainError, match="non-zero slope"):
        solve_implicit(lambda c: c * c, x * 0, 0)
    with pytest.raises(DomainError, match="start on the branch"):
        solve_implicit(lambda c: c - 1, x * 0, 1)
    with pytest.raises(DomainError, match="invertible"):
        solve_system(sine_cosine, [x * 0, x * 0], [[1, 1], [1, 1]])


def test_derivative_loses_the_weight_of_its_symbol() -> None:
    grading = Grading((X, Y), (1, 2), 4)
    f = TruncatedSeries.from_expr(grading, X**4 + X**2 * Y + Y**2)
    by_y = derivative(f, Y)
    assert by_y.grading.order == 2
    assert by_y.to_expr() == X**2 + 2 * Y
    with pytest.raises(DomainError, match="order of at least"):
        derivative(f.truncate(1), Y)


def test_evaluate_of_the_zero_polynomial_is_zero() -> None:
    grading = GRADINGS[0]
    x = TruncatedSeries.variable(grading, X)
    assert evaluate(grading.ring.zero, [x, x]).valuation() is None


@pytest.mark.parametrize("weights", [(1, 1), (1, 2), (2, 3), (1, 0)])
def test_the_remainder_is_exactly_the_ideal_of_its_generators(weights: tuple[int, int]) -> None:
    remainder = Remainder((X, Y), weights, 5)
    generators = remainder.generators()
    for i in range(8):
        for j in range(8):
            divisible = any(i >= g[0] and j >= g[1] for g in generators)
            assert divisible == ((i, j) in remainder)
    # minimal: none divides another
    for g in generators:
        assert not any(h != g and all(a <= b for a, b in zip(h, g, strict=True)) for h in generators)
    assert "> 5" in remainder.text()
    assert (1,) not in remainder


def test_remainder_in_words_and_latex() -> None:
    grading = Grading((X, Y), (1, 2), 2)
    assert grading.remainder() == "dropped: every monomial with deg_x + 2*deg_y > 2"
    assert Grading((X, Y), (1, 0), 2).remainder().endswith("exact in y")
    assert grading.dropped().generators() == ((0, 2), (1, 1), (3, 0))


def test_mixing_gradings_and_floats_is_refused() -> None:
    a = TruncatedSeries.from_expr(GRADINGS[0], X)
    b = TruncatedSeries.from_expr(GRADINGS[1], X)
    with pytest.raises(DomainError, match="Truncate both alike"):
        a + b
    with pytest.raises(DomainError, match="exact rational"):
        a + 0.5
    with pytest.raises(DomainError, match="one weight"):
        Grading((X, Y), (1,), 3)
    with pytest.raises(DomainError, match="constant term 1"):
        log(a)
    assert a + fmpq(1, 2) == a + Fraction(1, 2)
