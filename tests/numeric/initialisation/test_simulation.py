"""The O(D + P) sampler against the dense twin, the closed form, and itself."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import ks_2samp

from edgestab.numeric.initialisation import eigenvalue_motion
from edgestab.numeric.initialisation.bidiagonal import ChiFrame, SpectralFrame, all_eigenvalues, sample_bidiagonal
from edgestab.numeric.initialisation.dense_twin import (
    dense_ensemble,
    dense_motion,
    motion_of,
)
from edgestab.numeric.initialisation.eigenvalue_motion import chunk_sizes
from edgestab.numeric.initialisation.laws import InitialEnsemble, check_dense, draw_slices
from edgestab.numeric.initialisation.simulation import simulate_ensemble
from edgestab.numeric.runs.limits import available_memory
from edgestab.symbolic.algebra.errors import DomainError

Z_BOUND = 4.42


def test_bidiagonal_law_against_dense_matrices() -> None:
    rng = np.random.default_rng(3)
    fast = all_eigenvalues(sample_bidiagonal(rng, 3, 5, 3000))
    dense = np.linalg.eigvalsh([j @ j.T for j in rng.standard_normal((3000, 3, 5))])
    for k in range(3):
        assert ks_2samp(fast[:, k], dense[:, k]).pvalue > 1e-4


@pytest.mark.parametrize("size", [(3, 6), (6, 3), (4, 4)])
def test_equal_in_law_to_the_dense_twin(size: tuple[int, int]) -> None:
    """Two-sample tests of all three quantities, with standard deviations that are not 1."""
    law = InitialEnsemble(*size, sigma_z=0.7, sigma_J=1.3, sigma_Q=0.4)
    count = 2500
    dense = dense_motion(law, samples=count, seed=11)[0]
    fast = eigenvalue_motion.run_chunk(law, "sampled", count, np.random.SeedSequence(5))
    for name in ("eigenvalue", "velocity", "acceleration"):
        assert ks_2samp(getattr(dense, name), getattr(fast, name)).pvalue > 1e-4
    # a joint statistic, which marginals do not see
    joint = [np.corrcoef(m.eigenvalue, np.abs(m.velocity))[0, 1] for m in (dense, fast)]
    assert abs(joint[0] - joint[1]) < Z_BOUND * math.sqrt(2 / count)


@pytest.mark.parametrize("estimator", ["sampled", "averaged", "integrated"])
@pytest.mark.parametrize("size", [(2, 3), (5, 2), (60, 64)])
def test_every_estimator_agrees_with_the_closed_form(estimator: str, size: tuple[int, int]) -> None:
    samples = 4000 if size[0] < 50 else 200
    found = simulate_ensemble(InitialEnsemble(*size), samples=samples, seed=2, estimator=estimator)
    assert abs(found.z_score) < Z_BOUND
    assert abs(found.first_z_score) < Z_BOUND


def test_integrating_shrinks_the_error() -> None:
    errors = [
        simulate_ensemble(InitialEnsemble(60, 64), samples=200, seed=2, estimator=e).standard_error
        for e in ("sampled", "averaged", "integrated")
    ]
    assert errors[0] > 2 * errors[1] > 10 * errors[2]


def test_frames_agree() -> None:
    rng = np.random.default_rng(1)
    b = sample_bidiagonal(rng, 12, 15, 4)
    one, two = SpectralFrame(b), ChiFrame(b)
    assert np.allclose(one.largest, two.largest)
    assert np.allclose(one.second, two.second)
    x = one.largest[:, None] * np.array([[0.97, 1.02, 1.5]])
    for left, right in zip(one.log_minor(x), two.log_minor(x), strict=True):
        assert np.allclose(left, right, rtol=1e-9)
    # the resolvent through full diagonalisation in the bidiagonal frame
    main, off = b.tridiagonal
    vector = rng.standard_normal((4, 12))
    for k in range(4):
        values, basis = np.linalg.eigh(np.diag(main[k]) + np.diag(off[k], 1) + np.diag(off[k], -1))
        parts = basis.T @ vector[k]
        planted = np.sum(parts[:-1] ** 2 / (values[-1] - values[:-1]))
        assert two.resolvent(vector)[k] == pytest.approx(planted, rel=1e-9)


@pytest.mark.parametrize(("d", "p"), [(3, 4), (4, 2)])
def test_motion_against_a_finite_difference_of_the_flow(d: int, p: int) -> None:
    """The twin of the twin: step the flow by a fourth-order Runge-Kutta rule and difference the eigenvalues."""
    rng = np.random.default_rng(4)
    z, j, q = rng.standard_normal(d), rng.standard_normal((d, p)), draw_slices(rng, d, p, "goe")

    def slope(z: np.ndarray, j: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        g = j.T @ z
        return -(j @ g), -(q @ g)

    def eigenvalues(t: float) -> np.ndarray:
        a, b = z, j
        for _ in range(8):
            h = t / 8
            k1 = slope(a, b)
            k2 = slope(a + h / 2 * k1[0], b + h / 2 * k1[1])
            k3 = slope(a + h / 2 * k2[0], b + h / 2 * k2[1])
            k4 = slope(a + h * k3[0], b + h * k3[1])
            a = a + h / 6 * (k1[0] + 2 * k2[0] + 2 * k3[0] + k4[0])
            b = b + h / 6 * (k1[1] + 2 * k2[1] + 2 * k3[1] + k4[1])
        return np.linalg.eigvalsh(b @ b.T)[::-1][: min(d, p)]

    h = 1e-4
    value, first, second = (x[0] for x in motion_of(z[None], j[None], q[None]))
    assert np.allclose(eigenvalues(0), value)
    assert np.allclose((eigenvalues(h) - eigenvalues(-h)) / (2 * h), first, rtol=1e-5)
    assert np.allclose((eigenvalues(h) - 2 * value + eigenvalues(-h)) / h**2, second, rtol=1e-3, atol=1e-3)


def test_results_depend_on_the_seed_alone() -> None:
    law = InitialEnsemble(3, 4)
    one, two = (simulate_ensemble(law, samples=100, seed=9) for _ in range(2))
    assert one == two
    assert one.ratio != simulate_ensemble(law, samples=100, seed=10).ratio
    assert sum(chunk_sizes(InitialEnsemble(400, 600), 1001)) == 1001


def test_record_has_the_agreed_keys() -> None:
    record = simulate_ensemble(InitialEnsemble(1, 3), samples=50, seed=0).to_json()
    keys = "outputs parameters samples seed sigma_z sigma_j sigma_q ratio standard_error exact asymptotic"
    assert list(record) == [*keys.split(), "first_derivative", "first_derivative_standard_error"]
    assert record["exact"] == pytest.approx(16)  # 4 (P + 1), worked by hand for one output
    assert record["asymptotic"] == pytest.approx(6)


def test_scaling_of_the_exact_ratio() -> None:
    plain, scaled = InitialEnsemble(3, 4), InitialEnsemble(3, 4, sigma_z=2, sigma_J=5, sigma_Q=0.1)
    assert scaled.exact_ratio() == pytest.approx(0.04 * plain.exact_ratio())


def test_dense_twin_refuses_what_does_not_fit() -> None:
    with pytest.raises(DomainError, match="GiB"):
        dense_ensemble(InitialEnsemble(100_000, 100_000), samples=2, seed=0)
    with pytest.raises(DomainError, match="O\\(D \\+ P\\)"):
        check_dense("here", 10, 10, limit=100)
    assert available_memory() > 2**20


def test_dense_slices_have_their_variances() -> None:
    q = draw_slices(np.random.default_rng(0), 4000, 3, "goe")
    assert np.allclose(q, q.transpose(0, 2, 1))
    assert np.var(q[:, 0, 1]) == pytest.approx(1, abs=0.1)
    assert np.var(q[:, 1, 1]) == pytest.approx(2, abs=0.2)
    assert np.var(draw_slices(np.random.default_rng(0), 4000, 3, "iid")[:, 1, 1]) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    "bad", [{"outputs": 0}, {"parameters": -2}, {"sigma_z": math.nan}, {"sigma_Q": 0.0}, {"sigma_J": math.inf}]
)
def test_bad_ensembles(bad: dict[str, float]) -> None:
    with pytest.raises(DomainError):
        InitialEnsemble(**{"outputs": 2, "parameters": 3} | bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [{"samples": 1}, {"seed": -1}, {"estimator": "best"}, {"samples": 2.5}])
def test_bad_runs(bad: dict[str, object]) -> None:
    with pytest.raises(DomainError):
        simulate_ensemble(InitialEnsemble(2, 3), **{"samples": 5, "seed": 1} | bad)  # type: ignore[arg-type]
    with pytest.raises(DomainError, match="sampled"):
        simulate_ensemble(InitialEnsemble(1, 3), samples=5, seed=1, estimator="integrated")


def test_workers_and_a_cluster_change_nothing(dask_cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eigenvalue_motion, "BATCH_ENTRIES", 300)
    law = InitialEnsemble(3, 4)
    plain = simulate_ensemble(law, samples=450, seed=3)
    assert len(chunk_sizes(law, 450)) == 5
    seen: list[int] = []
    far = simulate_ensemble(
        law, samples=450, seed=3, scheduler=dask_cluster.address, progress=lambda done, total: seen.append(done)
    )
    assert far == plain
    assert seen == sorted(seen)
    assert seen[-1] == 450
