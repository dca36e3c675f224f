"""Eigenvalues along a path: right at every step, cheap, not blind to what rises, the same after a checkpoint."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.networks.backends.jax_rows import JaxRows
from edgestab.numeric.networks.curvature import tracker as tracker_module
from edgestab.numeric.networks.curvature.extrapolation import Forecast
from edgestab.numeric.networks.curvature.subspace import LowRankModel
from edgestab.numeric.networks.point import Curvature, Point
from edgestab.numeric.runs.status import Status
from tests.numeric.networks.curvature.matrices import of_matrix

SIZE = 60
CLOCK = es.networks.Problem.from_regression(es.RegressionModel(G=[[1.0]], Q=[[[0.5]]], y=[-1.0]), [0.0])
"""A problem whose one parameter is the time at which a path of matrices is taken."""


@lru_cache
def axes(seed: int) -> tuple[np.ndarray, np.ndarray]:
    skew = np.random.default_rng(seed).standard_normal((SIZE, SIZE)) / np.sqrt(SIZE)
    speeds, vectors = np.linalg.eigh(1j * (skew - skew.T))
    return speeds, vectors


def spin(angle: float, seed: int = 0) -> np.ndarray:
    """A rotation that grows with the angle."""
    speeds, vectors = axes(seed)
    return np.asarray(((vectors * np.exp(-1j * angle * speeds)) @ vectors.conj().T).real)


def path(matrix: Callable[[float], np.ndarray]) -> Callable[[Point], Curvature]:
    return lambda point: of_matrix(matrix(float(point.theta[0])))


def follow(
    tracker: es.networks.SpectrumTracker, matrix: Callable[[float], np.ndarray], steps: range
) -> tuple[list[float], list[int]]:
    """Largest error of the values at each step, and products."""
    wrong, products = [], []
    for t in steps:
        pairs = tracker.measure([float(t)])
        exact = np.linalg.eigvalsh(matrix(float(t)))[::-1]
        distances = np.abs(pairs.values[:, None] - exact[None, :]).min(axis=1)
        assert (distances <= pairs.bounds).all()
        assert pairs.status is Status.CONVERGED
        assert (pairs.bounds <= tracker.tolerance * pairs.values[0] + pairs.rounding).all()
        wrong.append(float(np.abs(pairs.values - exact[: len(pairs.values)]).max()))
        products.append(pairs.products)
    return wrong, products


SPECTRUM = np.r_[5.0, 4.0, np.linspace(-1, 2, SIZE - 2)]


def smooth(t: float) -> np.ndarray:
    turn = spin(0.02 * t)
    return np.asarray(turn @ (SPECTRUM[:, None] * turn.T))


def to_and_fro(t: float) -> np.ndarray:
    turn = spin(0.005 * t) @ spin(0.15 * (-1) ** int(t), seed=1)
    return np.asarray(turn @ (SPECTRUM[:, None] * turn.T))


@pytest.mark.parametrize("motion", [smooth, to_and_fro])
def test_few_products_on_paths_that_training_takes(motion: Callable[[float], np.ndarray]) -> None:
    tracker = es.networks.SpectrumTracker(CLOCK, 2, of=path(motion))
    wrong, products = follow(tracker, motion, range(20))
    assert max(wrong) < 1e-4
    assert np.mean(products[8:]) <= 4
    assert tracker.products == sum(products)
    cold = [es.networks.top_eigenpairs(of_matrix(motion(float(t))), 2, tolerance=1e-3).products for t in (10, 20)]
    assert np.mean(cold) > 3 * np.mean(products[8:])


def test_an_eigenvalue_that_rises_from_below_is_seen() -> None:
    def rising(t: float) -> np.ndarray:
        values = SPECTRUM.copy()
        values[20] += 0.15 * t
        turn = spin(0.001 * t)
        return np.asarray(turn @ (values[:, None] * turn.T))

    tracker = es.networks.SpectrumTracker(CLOCK, 1, of=path(rising))
    wrong, _ = follow(tracker, rising, range(45))
    assert np.linalg.eigvalsh(rising(44.0))[-1] > 6
    # it overtakes by 3 per cent of the top in a step, and may be seen a step or two late
    assert sum(w > 1e-4 for w in wrong) <= 2
    blind = es.networks.SpectrumTracker(CLOCK, 1, of=path(rising), scout=0, refresh=1000)
    assert sum(w > 1e-4 for w in follow(blind, rising, range(45))[0]) >= 8


def test_a_jump_is_met_by_a_search_from_scratch() -> None:
    def jumping(t: float) -> np.ndarray:
        turn = spin(0.02 * t) @ spin(3.0 * (t >= 12), seed=2)
        return np.asarray(turn @ (SPECTRUM[:, None] * turn.T))

    tracker = es.networks.SpectrumTracker(CLOCK, 2, of=path(jumping))
    wrong, products = follow(tracker, jumping, range(18))
    assert max(wrong) < 1e-4
    assert products[12] > 3 * products[11]


def test_both_ends() -> None:
    tracker = es.networks.SpectrumTracker(CLOCK, 1, of=path(smooth), ends="both")
    for t in range(12):
        pairs = tracker.measure([float(t)])
        np.testing.assert_allclose(pairs.values, [5, -1], atol=0.02)


def test_a_restored_tracker_goes_on_to_the_bit() -> None:
    whole = es.networks.SpectrumTracker(CLOCK, 2, of=path(to_and_fro), refresh=5)
    parts = [whole.measure([float(t)]) for t in range(12)]
    first = es.networks.SpectrumTracker(CLOCK, 2, of=path(to_and_fro), refresh=5)
    first.restore(first.state())
    for t in range(7):
        first.measure([float(t)])
    second = es.networks.SpectrumTracker(CLOCK, 2, of=path(to_and_fro), refresh=5)
    second.restore(first.state())
    for t in range(7, 12):
        pairs = second.measure([float(t)])
        assert pairs.values.tolist() == parts[t].values.tolist()
        assert pairs.products == parts[t].products
    assert second.products == whole.products


@pytest.fixture
def coordinates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors of every length are known by coordinates in a frame."""
    monkeypatch.setattr(tracker_module, "FRAMED_FROM", 1)


@pytest.mark.parametrize("motion", [smooth, to_and_fro])
def test_coordinates_in_a_frame_change_nothing(motion: Callable[[float], np.ndarray], monkeypatch: Any) -> None:
    found = []
    for length in (10**9, 1):
        monkeypatch.setattr(tracker_module, "FRAMED_FROM", length)
        tracker = es.networks.SpectrumTracker(CLOCK, 2, of=path(motion), ends="both")
        steps = [tracker.measure([float(t)]) for t in range(14)]
        assert (tracker._frame is None) == (length > 1)
        found.append(steps)
    for plain, framed in zip(*found, strict=True):
        assert abs(plain.products - framed.products) <= 1
        np.testing.assert_allclose(framed.values, plain.values, atol=1e-6)
    matrix, vectors = motion(13.0), framed.vectors
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(4), atol=1e-12)
    residual = np.linalg.norm(matrix @ vectors - vectors * framed.values, axis=0)
    assert (residual <= framed.bounds).all()


@pytest.mark.usefixtures("coordinates")
def test_a_restored_frame_goes_on_to_the_bit() -> None:
    test_a_restored_tracker_goes_on_to_the_bit()


@pytest.mark.usefixtures("coordinates")
def test_a_frame_grows_for_a_search_from_scratch_and_gives_the_room_back() -> None:
    tracker = es.networks.SpectrumTracker(CLOCK, 4, of=path(smooth), ends="both")
    heights = []
    for t in range(6):
        tracker.measure([float(t)])
        assert tracker._frame is not None
        heights.append(tracker._frame.height)
        gram = tracker._frame.rows.gram()
        np.testing.assert_allclose(gram, np.diag(np.diag(gram).round()), atol=1e-12)
    assert min(heights) < max(heights)


@pytest.mark.usefixtures("coordinates")
def test_a_product_that_is_not_finite_leaves_a_frame_as_it_was() -> None:
    tracker = es.networks.SpectrumTracker(CLOCK, 1, of=path(lambda t: smooth(t) * (np.nan if t == 3.5 else 1.0)))
    for t in range(3):
        tracker.measure([float(t)])
    with pytest.raises(es.DomainError, match="finite products"):
        tracker.measure([3.5])
    assert tracker.measure([4.0]).status is Status.CONVERGED


@pytest.mark.usefixtures("coordinates")
@pytest.mark.parametrize("scout", [0, pytest.param(1, marks=pytest.mark.thorough)])
def test_vectors_stay_on_the_device(scout: int) -> None:
    """The device's path, on JAX's CPU: bounds hold, and vectors come to the host when they are asked for."""
    jax = pytest.importorskip("jax", reason="JAX is not installed: pip install 'edgestab[jax]'")
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((40, 1)).astype("float32")
    problem = es.networks.Problem.from_jax(
        lambda w, x: (x @ w) ** 2, weights, rng.standard_normal((12, 40)), rng.standard_normal((12, 1))
    )
    backend: Any = problem.backend
    backend.stays = True
    tracker, theta = es.networks.SpectrumTracker(problem, 1, double=False, scout=scout), problem.start
    for _ in range(3 if not scout else 12):
        point = problem.at(jax.numpy.asarray(theta))
        pairs = tracker.measure_at(point)
        dense = point.hessian.dense().astype(float) if scout else None
        if dense is not None:
            assert abs(pairs.values[0] - np.linalg.eigvalsh(dense)[-1]) <= pairs.bounds[0]
            assert np.linalg.norm(dense @ pairs.vectors - pairs.vectors * pairs.values) <= pairs.bounds[0]
        theta = theta - 1e-4 * point.gradient
    assert pairs.status is Status.CONVERGED
    assert np.linalg.norm(pairs.vectors) == pytest.approx(1, abs=1e-6)
    image = point.hessian @ pairs.vectors
    assert np.linalg.norm(image - pairs.vectors * pairs.values) <= pairs.bounds[0]
    assert tracker._frame is not None
    assert isinstance(tracker._frame.rows, JaxRows)
    resumed = es.networks.SpectrumTracker(problem, 1, double=False, scout=scout)
    resumed.restore(tracker.state())
    assert resumed.measure(theta).values.tolist() == tracker.measure(theta).values.tolist()


def test_bounds_hold_along_a_run_of_the_regression_model() -> None:
    rng = np.random.default_rng(2)
    Q = rng.standard_normal((3, 40, 40)) / 40
    model = es.RegressionModel(rng.standard_normal((40, 3)) / 6, Q + Q.transpose(0, 2, 1), rng.standard_normal(3))
    problem = es.networks.Problem.from_regression(model, rng.standard_normal(40))
    tracker, theta = es.networks.SpectrumTracker(problem, 2, tolerance=1e-6), problem.start
    for _ in range(20):
        point = problem.at(theta)
        exact = np.linalg.eigvalsh(point.hessian.dense())[::-1]
        pairs = tracker.measure_at(point)
        assert (np.abs(pairs.values - exact[:2]) <= pairs.bounds).all()
        theta = theta - 0.2 * point.gradient


def test_the_model_agrees_with_what_it_was_taught() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((20, 20))
    matrix = matrix + matrix.T
    model = LowRankModel(20, 40)
    for _ in range(3):
        basis, _ = np.linalg.qr(rng.standard_normal((20, 3)))
        model.learn(basis, matrix @ basis)
        np.testing.assert_allclose(model @ basis, matrix @ basis, atol=1e-12)
    dense = model @ np.eye(20)
    np.testing.assert_allclose(dense, dense.T, atol=1e-12)
    model.learn(np.eye(20), matrix)
    np.testing.assert_allclose(model @ np.eye(20), matrix, atol=1e-11)


def test_forecasts_of_polynomial_and_alternating_paths() -> None:
    rng = np.random.default_rng(1)
    base, slope, swing = rng.standard_normal((3, 30, 1))

    def block(t: int) -> np.ndarray:
        column = base + 0.01 * t * slope + 0.3 * (-1) ** t * swing
        return np.asarray(column / np.linalg.norm(column))

    forecast = Forecast()
    for t in range(10):
        forecast.observe(block(t))
    assert np.linalg.norm(forecast.next() - block(10)) < 1e-4
    assert np.linalg.norm(block(9) - block(10)) > 0.1


@pytest.mark.parametrize(
    ("options", "words"),
    [({"of": "fisher"}, "hessian, gauss-newton, ntk"), ({"ends": "top"}, "largest"), ({"scout": -1}, "scout")],
)
def test_what_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(es.DomainError, match=words):
        es.networks.SpectrumTracker(CLOCK, **options)  # type: ignore[arg-type]


def test_more_pairs_than_there_are() -> None:
    with pytest.raises(es.DomainError, match="k of at most 1"):
        es.networks.SpectrumTracker(CLOCK, 2).measure()


@pytest.mark.thorough
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_network_at_its_edge(dtype: str) -> None:
    """Against ARPACK at every step of a run that oscillates at the edge; the values are the top ones, bounds hold."""
    from scipy.sparse.linalg import eigsh

    pytest.importorskip("jax", reason="JAX is not installed: pip install 'edgestab[jax]'")
    x = np.linspace(-1, 1, 20)[:, None].astype(dtype)
    problem = es.networks.fully_connected(x, np.cos(5 * np.arccos(x)), hidden=(20, 20), dtype=dtype)
    theta, tracker = problem.start, es.networks.SpectrumTracker(problem, 2)
    spent = []
    for step in range(500):
        point = problem.at(theta)
        if step >= 300:
            pairs = tracker.measure_at(point)
            exact = point.hessian.in_double()
            assert exact is not None
            tight = eigsh(exact.as_scipy(), k=2, which="LA", tol=1e-10, return_eigenvectors=False)
            assert (np.abs(pairs.values - np.sort(tight)[::-1]) <= pairs.bounds).all()
            spent.append(pairs.products)
        theta = theta - 0.3 * point.gradient
    # two of the products are those in float64
    assert np.mean(spent[10:]) < (5 if dtype == "float64" else 7)
