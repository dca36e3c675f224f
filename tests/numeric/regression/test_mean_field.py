import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.regression.mean_field import MeanFieldRun, mean_field_descent, mean_field_flow


def simulated(
    law: es.regression.RegressionEnsemble, eta: float, steps: int, samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Loss per output and displacement per parameter, |z(0)|^2 set to its mean to leave out its fluctuation."""
    losses, moves = [], []
    for index in range(samples):
        state = law.sample(8, index)
        scale = law.sigma_z * np.sqrt(law.outputs) / np.linalg.norm(state.z)
        run = es.regression.descend_regression(
            state, eta, scales=scale, max_steps=steps, tolerance=1e-12, record_every=1
        )
        losses.append(2 * run.loss[:, 0] / law.outputs)
        moves.append(run.displacement[:, 0] ** 2 / law.parameters)
    return np.mean(losses, axis=0), np.mean(moves, axis=0)


@pytest.mark.parametrize(
    ("outputs", "parameters", "sigma_z", "start"), [(40, 80, 1.0, 0.3), (40, 80, 2.0, 0.5), (60, 30, 1.0, 0.5)]
)
def test_descent_at_size_40_is_close_to_its_limit(outputs: int, parameters: int, sigma_z: float, start: float) -> None:
    law = es.regression.RegressionEnsemble.normalised(outputs, parameters, sigma_z)
    eta = start / (1 + np.sqrt(outputs / parameters)) ** 2
    limit = mean_field_descent(law, eta, 20)
    loss, moved = simulated(law, eta, 20, 8)
    assert limit.loss == pytest.approx(loss, abs=0.04 * loss[0])
    assert limit.moved == pytest.approx(moved, abs=0.06 * moved[-1])


def test_other_scales_and_laws_share_the_limit() -> None:
    """General sigma_J and sigma_Q, Rademacher entries with i.i.d. slices: the limit knows only the variances."""
    law = es.regression.RegressionEnsemble(40, 60, 0.7, 0.2, 0.05, "rademacher", "iid")
    limit = mean_field_descent(law, 0.05, 15)
    loss, moved = simulated(law, 0.05, 15, 6)
    assert limit.loss == pytest.approx(loss, abs=0.04 * loss[0])
    assert limit.moved == pytest.approx(moved, abs=0.06 * moved[-1])


def test_first_step_by_hand() -> None:
    """One step from the start: |eta J'z|^2 / P = eta^2 (D / P) (P sigma_J^2) sigma_z^2."""
    law = es.regression.RegressionEnsemble(3, 7, 1.5, 0.4, 0.3)
    run = mean_field_descent(law, 0.2, 1)
    assert run.loss[0] == pytest.approx(1.5**2)
    assert run.moved[1] == pytest.approx(0.2**2 * 3 * 0.4**2 * 1.5**2)
    assert run.start == pytest.approx(0.16 * (np.sqrt(3) + np.sqrt(7)) ** 2)


def test_without_curvature_the_kernel_is_marchenko_pastur() -> None:
    """sigma_Q -> 0: |z(t)|^2 / D is the mean of (1 - eta x)^(2 t) over the Marchenko-Pastur law, here r = 1/2."""
    law = es.regression.RegressionEnsemble(40, 80, 1.0, 1 / np.sqrt(80), 1e-9)
    run = mean_field_descent(law, 0.3, 30)
    ratio = 0.5
    low, high = (1 - np.sqrt(ratio)) ** 2, (1 + np.sqrt(ratio)) ** 2
    nodes, weights = np.polynomial.legendre.leggauss(400)
    angle = np.pi * (nodes + 1) / 2
    x = (low + high) / 2 - (high - low) / 2 * np.cos(angle)
    density = np.sqrt((high - x) * (x - low)) / (2 * np.pi * ratio * x)
    measure = density * (high - low) / 2 * np.sin(angle) * weights * np.pi / 2
    for step in (0, 1, 5, 30):
        assert run.loss[step] == pytest.approx(np.sum(measure * (1 - 0.3 * x) ** (2 * step)), rel=1e-8)


def test_flow_is_the_limit_of_small_steps_and_ends_as_predicted() -> None:
    law = es.regression.RegressionEnsemble.normalised(40, 80, 0.05)
    coarse, fine = mean_field_flow(law, 40.0, 150), mean_field_flow(law, 40.0, 300)
    assert coarse.moved[1:] == pytest.approx(fine.moved[2::2], abs=5e-3 * fine.moved[-1])
    # small sigma_z: the rise ends at sigma_z^2 / (2 (1 - D / P))
    assert fine.rise[-1] == pytest.approx(0.05**2, rel=0.03)


def test_past_the_edge_the_limit_stays_finite_and_a_divergence_is_cut() -> None:
    edge = mean_field_descent(es.regression.RegressionEnsemble.normalised(40, 80, 2.0), 1.0 / 2.9142, 120)
    assert isinstance(edge, MeanFieldRun)
    assert edge.scaled_ntk.max() > 2
    assert 0 < edge.loss[-1] < edge.loss[0]
    lost = mean_field_descent(es.regression.RegressionEnsemble.normalised(40, 80, 2.0), 5.0, 200)
    assert len(lost.loss) < 201
    assert not lost.loss[-1] < 1e6


def test_refusals() -> None:
    law = es.regression.RegressionEnsemble.normalised(4, 8)
    with pytest.raises(es.DomainError, match="steps"):
        mean_field_descent(law, 0.1, 0)
    with pytest.raises(es.DomainError, match="step_size"):
        mean_field_descent(law, -0.1, 5)
    with pytest.raises(es.DomainError, match="correlation"):
        mean_field_descent(es.regression.RegressionEnsemble.normalised(4, 8, correlation=0.5), 0.1, 5)
    with pytest.raises(es.DomainError, match="Use more steps"):
        mean_field_flow(law, 50.0, 50)
    with pytest.raises(es.DomainError, match="GiB"):
        mean_field_descent(law, 0.1, 200_000)
