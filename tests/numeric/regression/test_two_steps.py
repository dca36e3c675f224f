import numpy as np
import pytest

import edgestab as es


def top(state: es.regression.RegressionState) -> float:
    return float(np.linalg.eigvalsh(state.ntk())[-1])


def test_parts_are_the_derivatives_that_they_claim_to_be() -> None:
    """Both linear parts against central differences of the two-step change, in eta and in the residual's scale."""
    state, eta = es.regression.RegressionEnsemble.normalised(6, 8, 1.5).sample(2), 0.3
    split = es.regression.split_two_steps(state, eta, 3)

    def change(point: es.regression.RegressionState, step: float) -> float:
        return top(point.step(step).step(step)) - top(point)

    for index in range(3):
        h = 1e-4
        by_step = (change(state, h) - change(state, -h)) / (2 * h)
        by_residual = (change(state.scaled_residual(h), eta) - change(state.scaled_residual(-h), eta)) / (2 * h)
        assert split.change[index] == pytest.approx(eta * change(state, eta), abs=1e-12)
        assert split.linear_in_step[index] == pytest.approx(eta**2 * by_step, rel=1e-5)
        assert split.linear[index] == pytest.approx(eta * by_residual, rel=1e-5)
        assert split.scaled_ntk[index] == pytest.approx(eta * top(state))
        state = state.step(eta)
    assert split.nonlinear + split.linear == pytest.approx(split.change)
    assert split.nonlinear_in_step + split.linear_in_step == pytest.approx(split.change)


def test_phases_of_one_run() -> None:
    state = es.regression.RegressionEnsemble.normalised(40, 30, 2.0).sample(7, 1)
    split = es.regression.split_two_steps(state, 0.9 / top(state), 400)
    phases = split.phases()
    assert phases is not None
    assert split.scaled_ntk[: phases.crossing].max() < 2 <= split.scaled_ntk[phases.crossing]
    assert phases.crossing <= phases.peak < phases.end
    assert phases.while_sharpening < 1 < phases.while_falling
    assert phases.linear_while_falling > 0


def test_no_phases_far_below_the_edge_and_divergence_is_a_status() -> None:
    state = es.regression.RegressionEnsemble.normalised(4, 6).sample(1)
    assert es.regression.split_two_steps(state, 0.01, 20).phases() is None
    lost = es.regression.split_two_steps(state, 50.0, 50)
    assert lost.status == "diverged"
    assert len(lost.change) < 50
    with pytest.raises(es.DomainError, match="step_size"):
        es.regression.split_two_steps(state, float("inf"))
