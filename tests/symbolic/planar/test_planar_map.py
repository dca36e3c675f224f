from edgestab.symbolic.algebra.symbols import symbols
from edgestab.symbolic.models.literature import example_study
from edgestab.symbolic.models.quadratic import MAIN_MODEL, QuadraticModel, main_case
from edgestab.symbolic.planar.nullcline import Nullcline
from edgestab.symbolic.planar.planar_map import PlanarMap

z, T, epsilon = symbols("z T epsilon")


class Shifted(PlanarMap):
    """The main case with a nullcline that is not its own."""

    def nullcline(self, order: int, parameter_weight: int = 0) -> Nullcline:
        return self.substitute({epsilon: 0}).nullcline(order, parameter_weight)


def test_all_later_objects_follow_from_the_one_step_map() -> None:
    right = main_case()
    wrong = PlanarMap(right.variables, (right.components[0], right.components[1] + z**2 * T), right.parameters)
    assert right.two_step(3).json()["y_increment"] != wrong.two_step(3).json()["y_increment"]
    assert right.nullcline(3).json() != wrong.nullcline(3).json()


def test_later_objects_follow_from_a_replaced_one() -> None:
    right, wrong = main_case(), Shifted.of(main_case())
    assert right.polynomials == wrong.polynomials
    assert right.two_step(3).nullcline.series.terms() != wrong.two_step(3).nullcline.series.terms()
    assert wrong.two_step(3) is wrong.two_step(3)


def test_objects_are_derived_once() -> None:
    step = QuadraticModel((1, -epsilon)).planar_map()
    assert step.two_step(3) is step.two_step(order=3)
    assert step.two_step(3) is step.two_step(3, (0, 0))
    assert step.two_step(3) is not step.two_step(3, (2, 2))
    assert step.nullcline(3) is step.nullcline(3)
    assert main_case() is main_case()
    assert main_case() is not step
    assert main_case() == step


def test_both_kinds_of_models_give_the_same_object() -> None:
    own = example_study("agarwala").map
    assert type(own) is type(main_case())
    assert own == main_case()
    assert own.slow_manifold(2).rows == main_case().slow_manifold(2).rows
    assert main_case().explain().text() == MAIN_MODEL.explain_one_step().text()


def test_a_map_with_a_replaced_object_equals_itself_alone() -> None:
    """Else whatever is kept by the map would be shared with the one that it was made from."""
    plain = main_case()
    one, other = (Shifted(plain.variables, plain.components, plain.parameters, plain.name) for _ in range(2))
    assert plain == PlanarMap(plain.variables, plain.components, plain.parameters, plain.name)
    assert one == one
    assert one not in (plain, other)
    assert plain != one
