"""The twin itself, against a network computed unit by unit and differences of it."""

import numpy as np
import pytest

from tests.numeric.networks.numpy_twin import TanhNetwork


@pytest.fixture
def network() -> TanhNetwork:
    rng = np.random.default_rng(0)
    return TanhNetwork(rng.standard_normal((5, 3)), rng.standard_normal((5, 2)), (4, 3))


def naive_residual(network: TanhNetwork, theta: np.ndarray) -> np.ndarray:
    """Example by example, unit by unit."""
    rows = []
    for x, y in zip(network.inputs, network.targets, strict=True):
        start, current = 0, list(x)
        for number, (fan_in, fan_out) in enumerate(network.shapes):
            layer = theta[start : start + fan_in * fan_out].reshape(fan_in, fan_out)
            start += fan_in * fan_out
            sums = [sum(c * layer[i, j] for i, c in enumerate([*current, 1.0])) for j in range(fan_out)]
            current = sums if number == len(network.shapes) - 1 else [np.tanh(s) for s in sums]
        rows.extend(np.array(current) - y)
    return np.array(rows)


def test_residual_and_jacobian_products_agree_with_the_naive_network(network: TanhNetwork) -> None:
    theta, h = network.initial(3), 1e-6
    assert network.residual(theta) == pytest.approx(naive_residual(network, theta), rel=1e-12)
    units = np.eye(network.parameters)
    differences = [
        (naive_residual(network, theta + h * e) - naive_residual(network, theta - h * e)) / (2 * h) for e in units
    ]
    jacobian = np.array(differences).T
    forward = np.array([network.jvp(theta, e) for e in units]).T
    backward = np.array([network.vjp(theta, e) for e in np.eye(network.outputs)])
    assert forward == pytest.approx(jacobian, abs=1e-8)
    assert backward == pytest.approx(forward, abs=1e-14)
    assert network.ntk(theta) == pytest.approx(forward @ forward.T, abs=1e-13)
    assert network.gradient(theta) == pytest.approx(backward.T @ network.residual(theta) / 5)


def test_second_derivatives(network: TanhNetwork) -> None:
    theta, h = network.initial(4), 1e-5
    rng = np.random.default_rng(9)
    u, v, w = rng.standard_normal(network.outputs), *rng.standard_normal((2, network.parameters))
    difference = u @ (network.jvp(theta + h * w, v) - network.jvp(theta - h * w, v)) / (2 * h)
    assert network.second_derivative(theta, u, v, w) == pytest.approx(difference, rel=1e-7)
    assert network.second_derivative(theta, u, v, w) == pytest.approx(
        network.second_derivative(theta, u, w, v), rel=1e-12
    )
    slope = (network.gradient(theta + h * v) - network.gradient(theta - h * v)) / (2 * h)
    assert network.hessian_product(theta, v) == pytest.approx(slope, rel=1e-7, abs=1e-8)
