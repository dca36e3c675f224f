from pathlib import Path

import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.networks.data.chebyshev import chebyshev_data
from edgestab.numeric.networks.figures import plot_eigenvalues, save_network_run
from edgestab.numeric.networks.tanh_training import hessian_top, ntk_top
from edgestab.numeric.regression.figures import draw_split, new_axes

NETWORK = es.networks.TanhNetwork(*chebyshev_data(3, 8), (6, 5))


def test_training_is_gradient_descent_and_measures_what_it_says() -> None:
    theta = NETWORK.initial(1)
    run = es.networks.train_network(NETWORK, theta, 0.1, 30, hessian_every=10)
    for step in range(31):
        kernel = NETWORK.ntk(theta) / 8
        assert run.loss[step] == pytest.approx(np.sum(NETWORK.residual(theta) ** 2) / 16)
        assert run.ntk[step] == pytest.approx(np.linalg.eigvalsh(kernel)[::-1][:2], rel=1e-9)
        if step % 10 == 0:
            full = np.array([NETWORK.hessian_product(theta, e) for e in np.eye(NETWORK.parameters)])
            assert run.hessian[step] == pytest.approx(np.linalg.eigvalsh(full)[::-1][:2], rel=1e-6)
            assert run.hessian_bound[step] < 1e-6
        else:
            assert np.isnan(run.hessian[step]).all()
        last, theta = theta, theta - 0.1 * NETWORK.gradient(theta)
    assert run.theta == pytest.approx(theta)
    assert run.change[:29] == pytest.approx(run.ntk[2:, 0] - run.ntk[:-2, 0])
    assert not np.array_equal(last, theta)


def test_linear_part_is_that_of_the_quadratic_expansion() -> None:
    """The network's z, J and Q at one point, handed to the general model and split there."""
    theta, eta = NETWORK.initial(2), 0.3
    units, cells = np.eye(NETWORK.parameters), np.eye(8)
    jacobian = np.array([NETWORK.vjp(theta, u) for u in cells])
    curvature = np.array([[(NETWORK.vjp(theta + 1e-30j * e, u)).imag / 1e-30 for e in units] for u in cells])
    state = es.regression.RegressionState.checked(
        NETWORK.residual(theta), jacobian, (curvature + curvature.transpose(0, 2, 1)) / 2
    )
    split = es.regression.split_two_steps(state, eta / 8, 1)
    run = es.networks.train_network(NETWORK, theta, eta, 3)
    assert eta * run.linear[0] == pytest.approx(split.linear[0], rel=1e-9)


def test_large_kernels_by_lanczos_agree_with_dense(monkeypatch: pytest.MonkeyPatch) -> None:
    from edgestab.numeric.networks import tanh_training as training

    theta = NETWORK.initial(3)
    dense, vector = ntk_top(NETWORK, theta)
    monkeypatch.setattr(training, "DENSE", 2)
    sparse, other = ntk_top(NETWORK, theta)
    assert sparse == pytest.approx(dense, rel=1e-9)
    assert abs(vector @ other) == pytest.approx(1, abs=1e-9)
    values, top, bound = hessian_top(NETWORK, theta)
    assert bound < 1e-6 * values[0]
    assert hessian_top(NETWORK, theta, top)[0] == pytest.approx(values, rel=1e-6)


def test_divergence_is_a_status_with_its_step() -> None:
    run = es.networks.train_network(NETWORK, NETWORK.initial(1), 500.0, 200, measure_every=5)
    assert run.status == "diverged"
    assert run.theta is None
    assert run.stopped < 200
    assert run.nonlinear_shares() is None
    assert np.isfinite(run.ntk).all()


def test_a_fall_that_did_not_happen_is_not_reported() -> None:
    whole = es.networks.train_network(NETWORK, NETWORK.initial(1), 0.35, 400, hessian_every=0)
    above = np.flatnonzero(whole.step_size * whole.ntk[:, 0] > 2)
    back = int(above[np.argmax(np.diff(above) > 1)]) if (np.diff(above) > 1).any() else int(above[-1])
    steps = max(int(above[0]) + 1, back - 1)
    cut = es.networks.train_network(NETWORK, NETWORK.initial(1), 0.35, steps, hessian_every=0)
    assert cut.step_size * cut.ntk[-1, 0] > 2
    shares = cut.nonlinear_shares()
    assert shares is not None
    assert shares[1] is None


def test_shares_and_figures(tmp_path: Path) -> None:
    run = es.networks.train_network(NETWORK, NETWORK.initial(1), 0.35, 400, hessian_every=50)
    shares = run.nonlinear_shares()
    assert shares is not None
    assert run.crossings >= 1
    assert shares[1] is not None
    assert shares[0] < shares[1]
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    axes = plot_eigenvalues(run)
    assert np.asarray(axes.get_lines()[-1].get_ydata()) == pytest.approx(2)
    assert len(draw_split(new_axes(None), run.steps, run.linear, run.nonlinear, run.change).get_lines()) == 4
    plt.close("all")
    save_network_run(run, str(tmp_path / "network.png"))
    assert (tmp_path / "network.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"step_size": float("nan")}, "step size"),
        ({"steps": 0}, "steps"),
        ({"theta": np.zeros(3)}, "finite parameters"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, object], message: str) -> None:
    good: dict[str, object] = {"theta": NETWORK.initial(0), "step_size": 0.1, "steps": 3}
    with pytest.raises(es.DomainError, match=message):
        es.networks.train_network(NETWORK, **{**good, **arguments})  # type: ignore[arg-type]
