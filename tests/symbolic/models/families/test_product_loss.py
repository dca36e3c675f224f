"""Losses of a product: closed step, edge and limit for any l, against gradient descent and the study of a loss."""

from fractions import Fraction

import pytest
import sympy as sp

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.families.known import product_loss
from edgestab.symbolic.models.families.product_loss import ProductLoss
from edgestab.symbolic.models.families.product_step import SLOPE, D, P, S, closed_step, edge_map, edge_of_product
from edgestab.symbolic.models.literature import example_study

ETA = symbol("eta")


def test_the_step_closes_for_vectors() -> None:
    u, v = [Fraction(1, 2), Fraction(-3), Fraction(2, 7)], [Fraction(5, 3), Fraction(1, 4), Fraction(-1)]
    rate, g = Fraction(1, 5), Fraction(7, 3)

    def sums(one: list[Fraction], two: list[Fraction]) -> dict[sp.Symbol, Fraction]:
        squares = [sum((w * w for w in side), Fraction(0)) for side in (one, two)]
        return {
            P: sum((a * b for a, b in zip(one, two, strict=True)), Fraction(0)),
            S: squares[0] + squares[1],
            D: squares[0] - squares[1],
        }

    before = sums(u, v)
    after = sums(
        [a - rate * g * b for a, b in zip(u, v, strict=True)], [b - rate * g * a for a, b in zip(u, v, strict=True)]
    )
    values = {**before, SLOPE: g, ETA: rate}
    for name, formula in closed_step().items():
        assert formula.subs({k: sp.Rational(w.numerator, w.denominator) for k, w in values.items()}) == after[name]


def test_four_tied_weights_end_where_the_study_of_their_loss_says() -> None:
    """The loss (1 - p^2)^2/4 of x y is what each pair of x y z w feels; its small parameter is 4 eta^2."""
    found = product_loss("quartic")
    limit = found.limit_series(3).expression().subs(symbol("epsilon"), 4 * ETA**2)
    assert sp.expand(limit / ETA - example_study("zhu", 3).sharpness_limit()) == 0
    assert found.sharpness_equation().rhs == 2 / ETA - ETA / 2


@pytest.mark.parametrize(
    ("name", "coefficient", "ends"),
    [
        ("squared", 0, False),
        ("uv", 0, False),
        ("log-cosh", sp.Rational(2, 3), True),
        ("logistic-third", sp.Rational(2, 9), True),
    ],
)
def test_whether_training_concentrates(name: str, coefficient: sp.Rational, ends: bool) -> None:
    found = product_loss(name)
    assert found.coefficient == coefficient
    assert found.concentrates is ends
    assert found.verdict == ("TRUE" if ends else "FALSE")
    if not ends:
        with pytest.raises(DomainError, match="positive flip coefficient"):
            found.limit_series(2)


def test_the_coefficient_is_that_of_the_flip_of_one_parameter() -> None:
    """The frozen map is descent on l itself, whose flip at the edge has the same coefficient."""
    from edgestab.symbolic.models.own_loss.descent import GradientDescent

    flip = GradientDescent("x^2/2 + 2*x^3 - 5*x^4", "x").flip({"x": 0})
    assert ProductLoss("p^2/2 + 2*p^3 - 5*p^4", 0).coefficient == flip.coefficient
    assert edge_of_product().drift == -4


def test_the_limit_needs_no_more_of_the_loss_than_is_taken() -> None:
    found, z = product_loss("log-cosh"), symbol("z")
    rows = sp.series(sp.tanh(z), z, 0, 16).removeO()
    assert edge_map(rows, sp.S.Zero).limit_series(3).coefficients == found.limit_series(3).coefficients


def test_a_loss_that_grows_faster_than_a_square_is_subcritical() -> None:
    found = ProductLoss("p^2/2 + p^4/24", 0)
    assert found.coefficient < 0
    assert [p.name for p in found.phases().phases] == ["straight", "alternating", "subcritical"]


def test_the_uv_model_catapults_between_two_and_four() -> None:
    found = product_loss("uv")
    assert found.turning_curvature == 4
    assert [str(p) for p in found.phases().phases][2:] == ["catapult: 2 < T < 4", "divergent: T > 4"]
    assert product_loss("squared").turning_curvature is None


def test_balanced_weights_stay_balanced() -> None:
    p, eta, step = product_loss("squared").balanced_step()
    z, a = sp.symbols("z a", real=True)
    # with p = 1 + z/eta and a = eta this is the cubic map
    moved = sp.expand((step.subs({p: 1 + z / a, eta: a}) - 1) * a)
    assert sp.expand(moved - z * (1 + (z - 2) * (z + a))) == 0


@pytest.mark.parametrize(
    ("loss", "at", "match"),
    [
        ("p^2/2", 1, "a minimum"),
        ("-p^2/2", 0, "a minimum"),
        ("q*p^2", 0, "p alone"),
        ("p^2/2", "p", "exact real number"),
    ],
)
def test_what_is_no_loss_at_its_minimum_is_refused(loss: str, at: int | str, match: str) -> None:
    with pytest.raises(DomainError, match=match):
        ProductLoss(loss, at)


def test_irrational_minima_have_their_leading_gap_only() -> None:
    found = product_loss("logistic-third")
    assert found.gap == sp.Rational(9, 2)
    with pytest.raises(DomainError, match="rational minimum"):
        found.limit_series(2)
    with pytest.raises(DomainError, match="order in 1"):
        product_loss("log-cosh").map(9)


def test_the_log_compares_every_identity() -> None:
    log = product_loss("log-cosh").explain()
    assert sum(step.kind == "checked" for step in log.steps) == 4
