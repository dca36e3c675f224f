"""Predictions of the limit against iteration of the map, and what they refuse."""

import json
from fractions import Fraction
from itertools import pairwise

import mpmath
import pytest

import edgestab as es
from edgestab.numeric.orbits.iterated_limit import iterate_to_limit
from edgestab.numeric.orbits.limit_prediction import predict_limit
from edgestab.proofs.catalogue.limit_prediction import random_starts
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.quadratic import main_case


@pytest.mark.parametrize(
    ("z0", "T0", "regime", "bound"),
    [
        ("0.02", "2.01", "frozen", 1e-6),
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


@pytest.mark.parametrize(
    ("eps", "z0", "T0"),
    [
        # at epsilon = 1/16 the next correction alone, 3.0e-4, was less than the error of a law cut early, 3.4e-4
        ("1/16", "1/4", "8/3"),
        # corrections of both signs: the last one, 4.4e-6, is an eighth of the error
        ("0.07349596", "0.29027753", "2.61033109"),
        ("0.19921218", "0.01141913", "2.0455427"),
        ("0.16303388", "0.039881665", "2.07092738"),
        ("0.00367976", "-0.17148407", "1.67927556"),
    ],
)
def test_a_correction_that_happens_to_be_small_does_not_pass_for_the_error(eps: str, z0: str, T0: str) -> None:
    prediction = predict_limit(eps, z0, T0)
    end = iterate_to_limit(main_case(), Fraction(eps), Fraction(z0), Fraction(T0), digits=25)
    assert abs(mpmath.mpf(prediction.decimal) - mpmath.mpf(str(end.value))) <= prediction.expected_error < 0.2


@pytest.mark.parametrize("count", [60, pytest.param(3000, marks=pytest.mark.thorough)])
def test_the_truth_lies_within_the_expected_error_and_the_proved_range_of_random_starts(count: int) -> None:
    finite = proved = 0
    for eps, z, T in random_starts(20261125, count):
        prediction = predict_limit(eps, z, T)
        finite += prediction.expected_error < 1
        proved += prediction.proved_range is not None
        end = iterate_to_limit(main_case(), eps, z, T, digits=25)
        assert end.value is not None
        value = mpmath.mpf(str(end.value))
        assert abs(mpmath.mpf(prediction.decimal) - value) <= prediction.expected_error + 1e-20, (eps, z, T)
        if prediction.proved_range is not None:
            low, high = prediction.proved_range
            assert low <= value <= high, (eps, z, T)
    # the statement is not empty
    assert finite > 0.6 * count
    assert proved > 0.05 * count


@pytest.mark.parametrize(
    ("eps", "z0", "T0"),
    [
        ("1/100", "0.3", "2"),
        ("0.1", "-0.05", "1.5"),
        ("0.01", "0.5", "2"),
        ("1/50", "-0.9", "0.1"),
        ("0.2", "0.9", "1.9"),
    ],
)
def test_a_law_without_an_end_neither_hangs_nor_predicts(eps: str, z0: str, T0: str) -> None:
    prediction = predict_limit(eps, z0, T0)
    end = iterate_to_limit(main_case(), Fraction(eps), Fraction(z0), Fraction(T0), digits=25)
    if prediction.proved_range is None:
        assert prediction.regime == "outside"
        assert prediction.to_json()["expected_error"] is None
    else:
        assert abs(mpmath.mpf(prediction.decimal) - mpmath.mpf(str(end.value))) <= prediction.expected_error < 0.1
    assert json.loads(json.dumps(prediction.to_json(), allow_nan=False))


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


@pytest.mark.parametrize(
    ("eps", "z0", "T0"),
    [
        # each forgets itself, and was called relaxed with an expected error below 1e-4; their limits, where they have
        # one, are far from the limit series
        ("0.01807", "0.28136307", "4.32421462"),  # the norm is above 3: diverges
        ("0.05099", "-0.63789933", "1.97268755"),  # ends at 1.796
        ("0.01056545", "0.99307381", "2.34616757"),  # z near 1: ends at 0.336
        ("0.0160808", "-0.28745386", "-0.01336223"),  # no real weights: diverges
    ],
)
def test_a_start_that_does_not_come_down_to_the_edge_is_outside(eps: str, z0: str, T0: str) -> None:
    assert predict_limit(eps, z0, T0).regime == "outside"


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
