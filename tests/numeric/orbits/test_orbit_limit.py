"""Limits of orbits by iteration of the map and by gradient descent in theta."""

from fractions import Fraction

import pytest

from edgestab.numeric.orbits.orbit_limit import descent_limit, orbit_limit
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.planar.derivations import main_case

CASE = main_case()
EPS = Fraction(1, 50)
START = (Fraction(3, 10), Fraction(20, 7))


def test_map_and_descent_agree_to_the_digits_asked_for() -> None:
    planar = orbit_limit(CASE.one_step(), EPS, *START, digits=40)
    weights = descent_limit(CASE.model, EPS, *START, digits=40)
    finer = orbit_limit(CASE.one_step(), EPS, *START, digits=60)
    assert planar.status == weights.status == "converged"
    assert abs(planar.value - weights.value) < 1e-39
    assert abs(planar.value - finer.value) < 1e-39


def test_endings_have_names() -> None:
    assert orbit_limit(CASE.one_step(), EPS, 5, 9).status == "diverged"
    assert orbit_limit(CASE.one_step(), EPS, *START, max_steps=10).status == "max_steps"
    assert orbit_limit(CASE.one_step(), EPS, *START, max_steps=10).value is None


def test_starts_without_a_real_theta_and_bad_digits() -> None:
    with pytest.raises(DomainError, match="T0 >= 2 z0"):
        descent_limit(CASE.model, EPS, 2, 1)
    with pytest.raises(DomainError, match="digits in"):
        orbit_limit(CASE.one_step(), EPS, *START, digits=1)
