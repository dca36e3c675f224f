"""The region for small targets: against the map in exact rationals, and refusals."""

from fractions import Fraction

import pytest
import sympy as sp

from edgestab.symbolic.algebra.errors import DomainError, ProofError
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.quadratic import QuadraticModel, main_case
from edgestab.symbolic.planar.planar_map import PlanarMap
from edgestab.symbolic.trapping.barrier import Barrier, derive_barrier
from edgestab.symbolic.trapping.target import derive_target_region, derive_tilt, s

epsilon, E = symbol("epsilon"), symbol("E")
MODEL = QuadraticModel((1, -epsilon), target=E)
CONSTANTS = {"slope": "8/5", "width": 1, "height": "1/3", "epsilon_min": 0, "epsilon_max": "1/5", "split": "-39/100"}
WINDOW = {"window": "1/5", "floor": "4/5"}


def barrier() -> Barrier:
    return derive_barrier(main_case(), CONSTANTS)


def test_tilt() -> None:
    assert sp.expand(derive_tilt(MODEL.planar_map()) + 2 * (1 - epsilon) + epsilon * s) == 0


def test_reach_and_conditions() -> None:
    region = derive_target_region(MODEL, barrier(), WINDOW)
    assert region.reach == sp.Rational(1, 25)
    assert len(region.conditions) == 8


@pytest.mark.parametrize("target", ["1/25", "-1/25", "1/100"])
def test_the_function_falls_along_orbits(target: str) -> None:
    """``L = V - 4 epsilon E z / T`` falls at every step of gradient descent, and T ends in the interval (floats)."""
    e, goal = 0.1, float(Fraction(target))
    z, T = -0.2, 1.85
    last = None
    for _ in range(3000):
        L = T - 2 * (1 - e) * z - 4 * e * goal * z / T
        assert last is None or last + 1e-12 >= L
        last = L
        moment = (1 - e) * T + 2 * e * (z + goal)
        second = (1 - e) * moment + e * T
        z, T = z - z * T + z * z * moment / 2, T - 2 * z * moment + z * z * second
    assert abs(z) < 1e-8
    assert 2 - e <= T <= 2


def test_refusals() -> None:
    with pytest.raises(DomainError, match="floor"):
        derive_target_region(MODEL, barrier(), {**WINDOW, "floor": 3})
    with pytest.raises(DomainError, match="symbolic target"):
        derive_target_region(QuadraticModel((1, -epsilon)), barrier(), WINDOW)
    z, T = symbol("z"), symbol("T")
    with pytest.raises(ProofError, match="free of T"):
        derive_tilt(PlanarMap((z, T), (z - z * T, T - z * T**2 + z), (E, epsilon)))
