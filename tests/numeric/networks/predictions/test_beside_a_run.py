"""Two steps, self-stabilisation and Taylor model beside runs: where they are exact, and where they hold."""

import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.networks.predictions import two_step as module
from edgestab.numeric.networks.predictions.comparison import smooth, two_step_mean
from edgestab.numeric.networks.predictions.two_step import fit_slope

N = es.networks


def orbit(epsilon: float = 0.01, steps: int = 200, start: tuple[float, float] = (0.8, 13.0)) -> N.Descent:
    model = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -epsilon]]], y=[0.0])
    return N.descend(N.Problem.from_regression(model, start), 1.2, steps, centres=True)


def test_y_and_z_are_those_of_the_project() -> None:
    """On the main case z is eta times the residual and T = eta lambda; the slope of z'' - z on 2 y z is 1."""
    run = orbit()
    two = N.two_step_prediction(run)
    a, b = run.theta.T**2
    z = 1.2 * (a - 0.01 * b) / 2
    T = 1.2 * (a + 0.0001 * b)
    # the curvature along J is 1 up to terms of order epsilon
    np.testing.assert_allclose(two.z, z, rtol=3e-2)
    np.testing.assert_allclose(two.y, T - 2 / (1 - two.z), rtol=1e-12)
    slope = two.slope()
    assert slope is not None
    assert abs(slope.value - 1) < 0.02
    assert slope.low < slope.value < slope.high < slope.low + 0.02
    assert slope.explained > 0.99
    whole = two.slope(whole=True)
    assert whole is not None
    # with y^2 z the error of the line is smaller by an order
    assert abs(whole.value - 1) < abs(slope.value - 1) / 2
    by_centre = N.swing_slope(run)
    assert by_centre is not None
    assert abs(by_centre.value - 1) < 0.05
    assert by_centre.explained > slope.explained  # with the cubic term nothing is left
    assert two.holds_for(0.01, "z-change") > 150


def test_the_split_is_that_of_the_regression_model(monkeypatch: pytest.MonkeyPatch) -> None:
    start = es.regression.RegressionEnsemble.normalised(4, 6).sample(seed=0)
    eta = 1.5 / start.largest_ntk
    split = es.regression.split_two_steps(start, eta)
    problem = N.Problem.from_regression(es.RegressionModel(start.J.T, start.Q, start.z), np.zeros(6))
    # the mean over D examples is that over one: D times the step
    run = N.descend(problem, 4 * eta, 12, eigenvalues=0)
    two = N.two_step_prediction(run)
    np.testing.assert_allclose(4 * eta * two.ntk[:11, 0], split.scaled_ntk[:11], rtol=1e-10)
    np.testing.assert_allclose(4 * eta * two.linear[:10], split.linear[:10], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(4 * eta * two.change[:10], split.change[:10], rtol=1e-7, atol=1e-12)
    # and with many residuals, from products
    monkeypatch.setattr(module, "DENSE", 3)
    np.testing.assert_allclose(N.two_step_prediction(run).linear, two.linear, rtol=1e-7, atol=1e-12)


def test_fitted_slopes_cover_the_truth_and_see_correlated_errors() -> None:
    """800 fits, seed fixed: 90 to 98 % of the intervals hold the true slope, with errors correlated in time."""
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(800):
        x, noise = rng.standard_normal((2, 200))
        noise = noise + 0.5 * np.roll(noise, 1)
        slope = fit_slope(x, 0.7 * x + noise)
        held += slope.low < 0.7 < slope.high
    assert 0.90 < held / 800 < 0.98


def test_self_stabilisation_on_the_slow_swing() -> None:
    run = orbit()
    flow = N.central_flow(run.problem, 1.2, 200)
    found = N.self_stabilisation_prediction(run, flow)
    assert found is not None
    assert found.steps[0] == 2 > (run.crossing or 0)  # the flow comes to the edge then
    assert found.holds_for(0.02, "sharpness") > 150
    assert 20 < found.holds_for(0.05, "displacement") < 100
    # the first steps are those of the derived map, with its alpha and beta
    x, y, a, b = found.x[0], found.y[0], found.alpha[0], found.beta[0]
    assert found.x[1] == pytest.approx(-(1 + 1.2 * y) * x)
    assert found.y[1] == pytest.approx(y + 1.2 * (a - b * x**2 / 2))
    other = N.descend(run.problem, 0.01, 4, optimiser="rmsprop")
    with pytest.raises(es.DomainError, match="gradient descent"):
        N.self_stabilisation_prediction(other, flow)


def test_a_prediction_ends_where_it_leaves_its_tolerance() -> None:
    steps = np.arange(3, 9)
    error = np.array([0.0, 0.1, 0.1, 0.4, 0.1, np.nan])
    compared = N.Comparison("loss", "relative", steps, error, error, error)
    assert [compared.holds_for(t) for t in (0.05, 0.2, 0.5)] == [0, 2, 4]
    assert compared.holds_for(0.2, after=7) == 0
    assert compared.holds_for(0.2, after=20) == 0
    with pytest.raises(es.DomainError, match="tolerance"):
        compared.holds_for(0.0)


def test_means_over_two_steps_and_over_windows() -> None:
    t = np.arange(12.0)
    np.testing.assert_allclose(two_step_mean(3 * t + (-1.0) ** t)[1:-1], 3 * t[1:-1], atol=1e-14)
    values = np.array([np.nan, 1.0, 2.0, 6.0, 1.0])
    np.testing.assert_allclose(smooth(values, 3), [np.nan, 1.5, 3.0, 3.0, 3.5])
    with pytest.raises(es.DomainError, match="odd"):
        smooth(values, 4)


def test_predictions_that_do_not_apply() -> None:
    run = orbit(steps=4)
    with pytest.raises(es.DomainError, match="central-flow, two-step"):
        N.predict_run(run.problem, 1.2, 5, predictions=("horoscope",))
    with pytest.raises(es.DomainError, match="gradient descent"):
        N.predict_run(run.problem, 0.01, 5, predictions=("taylor",), optimiser="rmsprop")
    with pytest.raises(es.DomainError, match="a step from 0"):
        N.taylor_prediction(run, begin=9)
    found = N.predict_run(run.problem, 1.2, 30, begin=20)
    assert set(found.made()) == {"central-flow", "two-step", "taylor", "self-stabilisation"}
    assert found.run.theta[0] == pytest.approx(orbit(steps=20).theta[-1])
    rows = list(found.rows(0.1))
    assert {row["prediction"] for row in rows} == set(found.made())
    assert all(0 <= row["holds_for"] <= row["steps"] for row in rows)


def torch_network(x: np.ndarray, targets: np.ndarray) -> N.Problem:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'edgestab[torch]'")
    torch.manual_seed(1)
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).double()
    return N.Problem.from_torch(module, x, targets)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["mse", "cross-entropy", "torch"])
def test_the_taylor_model_of_a_network(kind: str) -> None:
    """Same value, gradient and Hessian at the point; outputs differ by the cube of the distance; any loss."""
    pytest.importorskip("jax", reason="JAX is not installed: pip install 'edgestab[jax]'")
    rng = np.random.default_rng(5)
    x = rng.standard_normal((5, 3))
    targets = np.array([0, 1, 1, 0, 1]) if kind == "cross-entropy" else rng.standard_normal((5, 2))
    if kind == "torch":
        network = torch_network(x, targets)
    else:
        network = N.fully_connected(x, targets, hidden=(4,), loss=kind, outputs=2, seed=1)
    model = N.taylor_problem(network)
    assert model.at().loss == pytest.approx(network.at().loss, rel=1e-14)
    np.testing.assert_allclose(model.at().gradient, network.at().gradient, atol=1e-14)
    np.testing.assert_allclose(model.at().hessian.dense(), network.at().hessian.dense(), atol=1e-13)
    way = rng.standard_normal(network.dimension)
    distance = np.array([0.02, 0.01, 0.005])
    gaps = [
        np.linalg.norm(
            model.at(model.start + d * way).derivatives.outputs()
            - network.at(network.start + d * way).derivatives.outputs()
        )
        for d in distance
    ]
    slopes = np.diff(np.log(gaps)) / np.diff(np.log(distance))
    np.testing.assert_allclose(slopes, 3, atol=0.1)
    # the second derivative along any way is that of the network, wherever it is taken
    u, c = rng.standard_normal(network.dimension), rng.standard_normal(10)
    away = model.at(model.start + way)
    assert away.output_curvature(c, u, u) == pytest.approx(network.at().output_curvature(c, u, u), rel=1e-10)
