import numpy as np
import pytest

import edgestab as es


def start(outputs: int = 6, parameters: int = 12, sigma_z: float = 1.0, seed: int = 4) -> es.regression.RegressionState:
    return es.regression.RegressionEnsemble.normalised(outputs, parameters, sigma_z).sample(seed)


def test_lanes_agree_with_single_steps() -> None:
    state = start()
    etas, scales = np.array([0.1, 0.3, 0.3]), np.array([1.0, 1.0, 2.0])
    run = es.regression.descend_regression(state, etas, scales=scales, max_steps=25, tolerance=1e-12)
    for lane in range(3):
        point = state.scaled_residual(scales[lane])
        for step in range(26):
            assert run.loss[step, lane] == pytest.approx(point.loss, rel=1e-11)
            top = np.linalg.eigvalsh(point.ntk())[::-1][:2]
            assert run.ntk[step, lane] == pytest.approx(top, rel=1e-11)
            last, point = point, point.step(etas[lane])
        final = run.final[lane]
        assert final is not None
        # the displacement leads from the start to the final state, exactly: the model is quadratic
        twin = es.RegressionModel(state.J.T, state.Q, scales[lane] * state.z)
        theta = twin.descend_parameters(np.zeros(12), etas[lane], 25)
        assert run.displacement[25, lane] == pytest.approx(np.linalg.norm(theta), rel=1e-9)
        assert pytest.approx(last.J, rel=1e-10, abs=1e-12) == final.J


def test_parameter_space_twin() -> None:
    state = start()
    model = es.RegressionModel(state.J.T, state.Q, state.z)
    theta = model.descend_parameters(np.zeros(12), 0.25, 200)
    run = es.regression.descend_regression(state, 0.25, max_steps=200, tolerance=1e-15)
    assert pytest.approx(run.final[0].J, rel=1e-9, abs=1e-11) == model.at(theta).J  # type: ignore[union-attr]


def test_lanes_leave_when_done_and_keep_their_numbers() -> None:
    state = start(8, 16)
    etas = np.array([0.2, 40.0, 0.4, 1e-7])
    together = es.regression.descend_regression(state, etas, max_steps=2000)
    assert together.status == ("converged", "diverged", "converged", "max_steps")
    assert together.final[1] is None
    assert np.isnan(together.final_ntk[1]).all()
    assert together.stopped[1] < 20
    assert (together.converged == [True, False, True, False]).all()
    for lane, eta in enumerate(etas):
        alone = es.regression.descend_regression(state, float(eta), max_steps=2000)
        assert alone.stopped[0] == together.stopped[lane]
        assert alone.final_loss[0] == pytest.approx(together.final_loss[lane], rel=1e-6)
    sparse = es.regression.descend_regression(state, etas, max_steps=2000, record_every=7)
    assert (sparse.stopped == together.stopped).all()
    assert sparse.final_ntk[0] == pytest.approx(together.final_ntk[0], rel=1e-12)


def test_converged_runs_lie_below_the_edge() -> None:
    """A fixed point above 2 / eta is unstable; a run that gets there comes down first."""
    crossed = 0
    for index in range(12):
        state = es.regression.RegressionEnsemble.normalised(10, 20, 2.0).sample(3, index)
        run = es.regression.descend_regression(
            state, float(1 / np.linalg.norm(state.J, 2) ** 2), max_steps=4000, tolerance=1e-5
        )
        if run.status[0] == "converged":
            assert run.final_ntk[0, 0] * run.step_sizes[0] < 2
            crossed += int(run.peak[0] > 2)
            assert (run.edge_crossings[0] > 0) == (run.peak[0] > 2)
    assert crossed >= 3


def test_a_passage_above_the_edge_is_not_convergence() -> None:
    """One mode dies at once, the other one grows from 1e-9: the small gradient in between is no limit."""
    state = es.regression.RegressionState.checked([1.0, 1e-9], np.diag([1.0, np.sqrt(2.2)]), np.zeros((2, 2, 2)))
    run = es.regression.descend_regression(state, 1.0, max_steps=2000)
    assert run.status == ("diverged",)
    assert run.stopped[0] > 100


def test_more_outputs_than_parameters_converge_to_a_stationary_point() -> None:
    state = start(9, 4, 0.5)
    run = es.regression.descend_regression(state, 0.1, max_steps=20000, tolerance=1e-6)
    assert run.status == ("converged",)
    final = run.final[0]
    assert final is not None
    assert np.linalg.norm(final.gradient()) < 2e-6 * np.linalg.norm(state.gradient())
    assert final.loss > 1e-3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"step_sizes": -1.0}, "step_sizes as finite numbers above 0"),
        ({"step_sizes": [0.1, float("nan")]}, "step_sizes"),
        ({"step_sizes": []}, "step_sizes"),
        ({"step_sizes": [0.1, 0.2], "scales": [1.0, 2.0, 3.0]}, "one length; got 2 and 3"),
        ({"step_sizes": 0.1, "max_steps": 0}, "max_steps"),
        ({"step_sizes": 0.1, "tolerance": 0.0}, "tolerance"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(es.DomainError, match=message):
        es.regression.descend_regression(start(), **arguments)  # type: ignore[arg-type]
