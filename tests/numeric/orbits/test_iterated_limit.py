"""Limits of orbits by iteration of the map and by gradient descent in theta."""

from fractions import Fraction

import pytest

from edgestab.numeric.orbits.iterated_limit import iterate_descent_to_limit, iterate_to_limit
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.quadratic import MAIN_MODEL, main_case

CASE = main_case()
EPS = Fraction(1, 50)
START = (Fraction(3, 10), Fraction(20, 7))


def test_map_and_descent_agree_to_the_digits_asked_for() -> None:
    planar = iterate_to_limit(CASE, EPS, *START, digits=40)
    weights = iterate_descent_to_limit(MAIN_MODEL, EPS, *START, digits=40)
    finer = iterate_to_limit(CASE, EPS, *START, digits=60)
    assert planar.status == weights.status == "converged"
    assert abs(planar.value - weights.value) < 1e-39
    assert abs(planar.value - finer.value) < 1e-39


def test_endings_have_names() -> None:
    assert iterate_to_limit(CASE, EPS, 5, 9).status == "diverged"
    assert iterate_to_limit(CASE, EPS, *START, max_steps=10).status == "max_steps"
    assert iterate_to_limit(CASE, EPS, *START, max_steps=10).value is None


def test_starts_without_a_real_theta_and_bad_digits() -> None:
    with pytest.raises(DomainError, match="T0 >= 2 z0"):
        iterate_descent_to_limit(MAIN_MODEL, EPS, 2, 1)
    with pytest.raises(DomainError, match="digits in"):
        iterate_to_limit(CASE, EPS, *START, digits=1)
