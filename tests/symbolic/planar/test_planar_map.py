from dataclasses import replace

import pytest

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.symbols import symbols
from edgestab.symbolic.models.quadratic import QuadraticMap, QuadraticModel, main_case
from edgestab.symbolic.planar.maps import PolynomialMap
from edgestab.symbolic.planar.nullcline import Nullcline
from edgestab.symbolic.planar.planar_map import PlanarMap

z, T, epsilon = symbols("z T epsilon")


def test_all_later_objects_follow_from_the_one_step_map() -> None:
    right = main_case()
    wrong = replace(right, components=(right.components[0], right.components[1] + z**2 * T))
    assert right.two_step(3).increments[1] != wrong.two_step(3).increments[1]
    assert right.nullcline(3).series != wrong.nullcline(3).series
    assert right.theta_step() == wrong.theta_step()


def test_a_replaced_object_changes_what_follows_though_the_maps_are_equal() -> None:
    class Wrong(QuadraticMap):
        def nullcline(self, order: int, parameter_weight: int = 0) -> Nullcline:
            right = super().nullcline(order, parameter_weight)
            return replace(right, series=right.series * 2)

    right, wrong = main_case(), Wrong.of(main_case())
    assert right == wrong
    assert right.two_step(3).increments[1] != wrong.two_step(3).increments[1]
    assert right.two_step(3).increments[1] == replace(right).two_step(3).increments[1]


def test_objects_are_derived_once() -> None:
    one_step = main_case()
    assert one_step is main_case()
    assert one_step.two_step(3) is one_step.two_step(3)
    assert one_step.nullcline(3) is one_step.nullcline(3)
    one_step.nullcline(1)
    with pytest.raises(DomainError):
        one_step.nullcline(True)


def test_other_numbers_of_variables_are_refused() -> None:
    with pytest.raises(DomainError, match="planar"):
        PlanarMap((z,), (z,))
    with pytest.raises(DomainError, match="planar"):
        PlanarMap.of(QuadraticModel((1, -epsilon, 2)).one_step())


def test_a_planar_map_stays_one() -> None:
    assert main_case().substitute({epsilon: 0}).nullcline(2).at_zero == -2 / (z - 1)
    assert isinstance(main_case().iterate(2), PlanarMap)
    assert PlanarMap.of(main_case()) is main_case()
    plain = PolynomialMap.from_polynomials((z, T), main_case().polynomials, (epsilon,))
    assert PlanarMap.of(plain) == main_case()
