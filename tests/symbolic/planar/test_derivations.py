from edgestab.symbolic.algebra.symbols import symbols
from edgestab.symbolic.models.quadratic import QuadraticModel
from edgestab.symbolic.planar.derivations import Derivations, main_case, model_case
from edgestab.symbolic.planar.maps import PolynomialMap

z, T, epsilon = symbols("z T epsilon")


class Wrong(Derivations):
    """A one-step map with one coefficient changed."""

    def one_step(self) -> PolynomialMap:
        right = super().one_step()
        return PolynomialMap(right.variables, (right.components[0], right.components[1] + z**2 * T), right.parameters)


def test_all_later_objects_follow_from_the_one_step_map() -> None:
    model = QuadraticModel((1, -epsilon))
    right, wrong = Derivations(model), Wrong(model)
    assert right.two_step(3).to_json()["y_increment"] != wrong.two_step(3).to_json()["y_increment"]
    assert right.nullcline(3).to_json() != wrong.nullcline(3).to_json()
    assert right.theta_step() == wrong.theta_step()


def test_objects_are_derived_once() -> None:
    derivations = model_case(QuadraticModel((1, -epsilon)))
    assert derivations.two_step(3) is derivations.two_step(3)
    assert derivations.nullcline(3) is derivations.nullcline(3)
    assert main_case() is main_case()
