import numpy as np
import pytest
from scipy.integrate import solve_ivp

import edgestab as es
from edgestab.numeric.regression.sharpening import eigenvalue_rates


def start(outputs: int = 5, parameters: int = 9, sigma_z: float = 2.0) -> es.regression.RegressionState:
    return es.regression.RegressionEnsemble.normalised(outputs, parameters, sigma_z).sample(9)


def naive_flow(state: es.regression.RegressionState, end: float) -> tuple[np.ndarray, np.ndarray]:
    """The twin in (z, J), as the equations are printed."""
    shape = state.J.shape

    def rate(_: float, point: np.ndarray) -> np.ndarray:
        z, jacobian = point[: shape[0]], point[shape[0] :].reshape(shape)
        direction = jacobian.T @ z
        return np.concatenate([-jacobian @ direction, -np.einsum("aij,j->ai", state.Q, direction).ravel()])

    done = solve_ivp(rate, (0, end), np.concatenate([state.z, state.J.ravel()]), rtol=1e-11, atol=1e-13)
    return done.y[: shape[0], -1], done.y[shape[0] :, -1].reshape(shape)


@pytest.mark.parametrize("method", ["DOP853", "Radau", "LSODA"])
def test_flow_agrees_with_the_printed_equations(method: str) -> None:
    state = start()
    run = es.regression.integrate_regression_flow(state, times=np.array([0.5, 2.0]), method=method)  # type: ignore[arg-type]
    z, jacobian = naive_flow(state, 2.0)
    assert run.status == "end_time"
    assert run.final.z == pytest.approx(z, abs=1e-7)
    assert pytest.approx(jacobian, abs=1e-7) == run.final.J
    assert run.energy_error < 1e-7


def test_flow_converges_and_is_the_limit_of_small_steps() -> None:
    state = start()
    flow = es.regression.integrate_regression_flow(state, tolerance=1e-7)
    assert flow.status == "converged"
    assert flow.energy_error < 1e-8
    etas = np.array([0.02, 0.01])
    run = es.regression.descend_regression(state, etas, max_steps=60_000, tolerance=1e-7, record_every=1000)
    coarse, fine = run.final_ntk[:, 0] - flow.ntk[-1, 0]
    assert coarse / fine == pytest.approx(2, rel=0.05)


def test_rates_are_derivatives_along_the_flow() -> None:
    """Central differences over h and 2 h (the flow runs backwards for a residual of opposite sign in time)."""
    state = start()
    for index in (0, 2, 4):
        found = eigenvalue_rates(state, index)
        values = []
        for h in (-2e-3, -1e-3, 0.0, 1e-3, 2e-3):
            point, parts = state, 8
            for _ in range(parts):  # classical Runge-Kutta in theta, both ways in time
                k1 = -point.gradient()
                k2 = -point.moved(h / parts / 2 * k1).gradient()
                k3 = -point.moved(h / parts / 2 * k2).gradient()
                k4 = -point.moved(h / parts * k3).gradient()
                point = point.moved(h / parts * (k1 + 2 * k2 + 2 * k3 + k4) / 6)
            values.append(np.sort(np.linalg.eigvalsh(point.ntk()))[::-1][index])
        a, b, c, d, e = values
        assert found.value == pytest.approx(c, rel=1e-12)
        assert found.first == pytest.approx((a - 8 * b + 8 * d - e) / 12e-3, rel=1e-6, abs=1e-7)
        assert found.second == pytest.approx((-a + 16 * b - 30 * c + 16 * d - e) / 12e-6, rel=1e-4, abs=1e-4)


def test_refusals() -> None:
    state = start()
    with pytest.raises(es.DomainError, match="increasing times"):
        es.regression.integrate_regression_flow(state, times=np.array([1.0, 0.5]))
    with pytest.raises(es.DomainError, match="SciPy integrator"):
        es.regression.integrate_regression_flow(state, method="Euler")  # type: ignore[arg-type]
    with pytest.raises(es.DomainError, match="rtol"):
        es.regression.integrate_regression_flow(state, rtol=-1.0)
    broken = es.regression.RegressionState(state.z * np.nan, state.J, state.Q)
    with pytest.raises(es.DomainError, match="finite start"):
        es.regression.integrate_regression_flow(broken)
    with pytest.raises(es.DomainError, match="index below D"):
        eigenvalue_rates(state, 7)
    twice = es.regression.RegressionState(state.z[:2], np.eye(2, 9), state.Q[:2])
    with pytest.raises(es.DomainError, match="simple eigenvalue"):
        eigenvalue_rates(twice)
