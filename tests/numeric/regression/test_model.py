from fractions import Fraction

import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.runs.limits import check_memory


def rational(rng: np.random.Generator, *shape: int) -> np.ndarray:
    values = [Fraction(int(v), 7) for v in rng.integers(-9, 10, int(np.prod(shape)))]
    return np.array(values, dtype=object).reshape(shape)


def exact_model(outputs: int, parameters: int, seed: int) -> tuple[es.RegressionModel, np.ndarray]:
    rng = np.random.default_rng(seed)
    half = rational(rng, outputs, parameters, parameters)
    curvature = half + half.transpose(0, 2, 1)
    model = es.RegressionModel(rational(rng, parameters, outputs), curvature, rational(rng, outputs))
    return model, rational(rng, parameters)


@pytest.mark.parametrize(("outputs", "parameters"), [(1, 1), (1, 3), (3, 2), (2, 4)])
def test_function_space_step_is_gradient_descent_exactly(outputs: int, parameters: int) -> None:
    model, theta = exact_model(outputs, parameters, 10 * outputs + parameters)
    eta, state = Fraction(1, 11), model.at(theta)
    for steps in (1, 2):
        state = state.step(eta)
        twin = model.at(model.descend_parameters(theta, eta, steps))
        assert (state.z == twin.z).all()
        assert (state.J == twin.J).all()
        assert isinstance(state.z[0], Fraction)


def test_one_output_with_eigenvalues_one_and_minus_epsilon_is_the_planar_map() -> None:
    """The reduction, against the literal map of the plane (E = 1/3) and not against the library's."""
    epsilon, eta, target = Fraction(1, 7), Fraction(2, 5), Fraction(1, 3)
    model = es.RegressionModel(G=[[Fraction(0)], [Fraction(0)]], Q=[[[Fraction(1), 0], [0, -epsilon]]], y=[-target])
    state = model.at([Fraction(3, 2), Fraction(-2, 3)])
    z, T, shift = eta * state.z[0], eta * state.ntk()[0, 0], eta * target
    for _ in range(4):
        moment = (1 - epsilon) * T + 2 * epsilon * (z + shift)
        higher = (1 - epsilon) * moment + epsilon * T
        z, T = z - z * T + z**2 * moment / 2, T - 2 * z * moment + z**2 * higher
        state = state.step(eta)
        assert eta * state.z[0] == z
        assert eta * state.ntk()[0, 0] == T


def test_gradient_and_hessian_are_derivatives_of_the_loss() -> None:
    model, theta = exact_model(3, 4, 5)
    state, h = model.at(theta), Fraction(1, 10**6)
    for i in range(4):
        unit = np.array([Fraction(int(i == j)) for j in range(4)], dtype=object)
        up, down = model.at(theta + h * unit), model.at(theta - h * unit)
        assert abs((up.loss - down.loss) / (2 * h) - state.gradient()[i]) < Fraction(1, 10**8)
        slope = (up.gradient() - down.gradient()) / (2 * h)
        assert max(abs(slope - state.hessian()[i])) < Fraction(1, 10**8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"Q": np.zeros((1, 2, 3))}, r"Q of shape \(D, P, P\)"),
        ({"Q": np.zeros((0, 2, 2))}, "D and P at least 1"),
        ({"Q": [[[0.0, 1.0], [2.0, 0.0]]]}, r"symmetric.*Q\[0,0,1\] - Q\[0,1,0\] = -1"),
        ({"G": np.zeros((1, 2))}, r"G of shape \(2, 1\).*Transpose"),
        ({"y": [0.0, 1.0]}, r"y of shape \(1,\)"),
        ({"y": [float("nan")]}, r"finite entries in y; got nan at index \(0,\)"),
        ({"G": [["a"], ["b"]]}, "G as real numbers"),
        ({"G": [[1j], [0]]}, "G as real numbers"),
        ({"G": [[1.0], [0.0, 2.0]]}, "rectangular"),
    ],
)
def test_bad_models_are_refused(arguments: dict[str, object], message: str) -> None:
    good: dict[str, object] = {"G": [[1.0], [0.0]], "Q": np.zeros((1, 2, 2)), "y": [0.0]}
    with pytest.raises(es.DomainError, match=message):
        es.RegressionModel(**{**good, **arguments})


def test_rounding_asymmetry_is_averaged_away() -> None:
    curvature = np.array([[[1.0, 2.0], [2.0 * (1 + 2**-52), 0.0]]])
    kept = es.RegressionModel([[1.0], [0.0]], curvature, [0.0]).Q
    assert (kept == kept.transpose(0, 2, 1)).all()


def test_states_check_shapes() -> None:
    with pytest.raises(es.DomainError, match=r"z of shape \(2,\)"):
        es.regression.RegressionState.checked([1.0], np.zeros((2, 2)), np.zeros((2, 2, 2)))
    with pytest.raises(es.DomainError, match=r"Q of shape \(2, 2, 2\)"):
        es.regression.RegressionState.checked([1.0, 0.0], np.zeros((2, 2)), np.zeros((1, 2, 2)))


def test_memory_is_refused_before_it_is_taken() -> None:
    with pytest.raises(es.DomainError, match="GiB for a dense Q"):
        es.regression.RegressionEnsemble(100_000, 100_000).sample(0)
    check_memory("here", 1, "a byte", "")
