"""Predictions of the limit against iteration of the map, and what they refuse."""

from fractions import Fraction
from itertools import pairwise

import mpmath
import pytest

import edgestab as es
from edgestab.numeric.orbits.iterated_limit import iterate_to_limit
from edgestab.numeric.orbits.limit_prediction import predict_limit
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.quadratic import main_case


@pytest.mark.parametrize(
    ("z0", "T0", "regime", "bound"),
    [
        ("0.02", "2.01", "frozen", 1e-8),
        ("0.1", "2.2", "between", 1e-4),
        ("-0.25", "1.6", "relaxed", 1e-9),
        ("0.01", "1.7", "frozen", 1e-4),
        ("0.1", "1.7", "frozen", 1e-2),
        ("0.01", "1.2", "frozen", 1),
    ],
)
def test_the_truth_lies_within_the_expected_error(z0: str, T0: str, regime: str, bound: float) -> None:
    eps = Fraction(1, 200)
    prediction = predict_limit(eps, z0, T0)
    end = iterate_to_limit(main_case(), eps, Fraction(z0), Fraction(T0), digits=30)
    error = abs(mpmath.mpf(prediction.decimal) - mpmath.mpf(str(end.value)))
    assert error <= prediction.expected_error < bound
    assert prediction.regime == regime
    assert prediction.gap == pytest.approx(2 - prediction.value, abs=1e-15)


def test_a_law_that_stops_early_counts_what_follows_the_next_correction() -> None:
    # at epsilon = 1/16 the next correction alone, 3.0e-4, is less than the error, 3.4e-4
    eps = Fraction(1, 16)
    start = Fraction(1, 4), Fraction(8, 3)
    prediction = predict_limit(eps, *start)
    end = iterate_to_limit(main_case(), eps, *start, digits=25)
    assert prediction.weight < 10
    assert abs(prediction.value - float(end.value)) <= prediction.expected_error < 1e-3


def test_each_law_is_closer_than_the_one_before() -> None:
    eps = Fraction(1, 400)
    prediction = predict_limit(eps, "0.03", "2.065")
    end = float(iterate_to_limit(main_case(), eps, Fraction("0.03"), Fraction("2.065")).value)
    errors = [abs(v - end) for _, v in prediction.by_weight]
    assert all(b < a / 5 for a, b in pairwise(errors[:4]))
    assert set(prediction.to_json()["by_weight"]) == {"2", "4", "6", "8", "10"}


def test_a_start_far_from_the_edge_says_so() -> None:
    assert predict_limit("1/4", "0.6", "3.5").expected_error > 0.01


def test_a_start_high_above_the_edge_is_outside() -> None:
    prediction = predict_limit("1/10", "1/10", 9)
    assert prediction.regime == "outside"
    assert prediction.to_json()["expected_error"] is None
    assert iterate_to_limit(main_case(), Fraction(1, 10), Fraction(1, 10), 9).status == "diverged"


def test_a_start_on_the_slow_manifold_has_no_memory() -> None:
    # at parameter order 5 the manifold through this z is rational; its value is where x vanishes
    law = main_case().limit_law(5)
    rows = law.manifold.closed_rows(5)
    z = main_case().variables[0]
    eps = Fraction(1, 100)
    at = sum(r.subs(z, Fraction(1, 5)) * eps**n for n, r in enumerate(rows))
    prediction = predict_limit(eps, "1/5", at)
    assert prediction.memory == 0
    assert prediction.regime == "relaxed"


@pytest.mark.parametrize(("eps", "z0"), [("0", "0.1"), ("1.5", "0.1"), ("0.1", "1"), ("0.1", "0"), ("x", "0.1")])
def test_refusals(eps: str, z0: str) -> None:
    with pytest.raises(DomainError, match=r"predict_limit\(\)"):
        es.predict_limit(eps, z0, "2")
