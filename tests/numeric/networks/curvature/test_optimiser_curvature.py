"""What optimisers see: preconditioned curvature, edges against simulated steps, batch sharpness against all batches."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest

import edgestab as es
from tests.numeric.networks.curvature.matrices import of_matrix, with_spectrum

RNG = np.random.default_rng(8)
Q = RNG.standard_normal((7, 4, 4))
MODEL = es.RegressionModel(RNG.standard_normal((4, 7)), Q + Q.transpose(0, 2, 1), RNG.standard_normal(7))
PROBLEM = es.networks.Problem.from_regression(MODEL, RNG.standard_normal(4))


def test_preconditioning_gives_the_eigenvalues_of_the_scaled_matrix() -> None:
    curvature, diagonal = with_spectrum(np.linspace(-1, 3, 30)), RNG.uniform(0.1, 4, 30)
    seen = es.networks.preconditioned(curvature, diagonal)
    exact = np.sort(np.linalg.eigvals(curvature.dense() / diagonal[:, None]).real)[::-1]
    pairs = es.networks.top_eigenpairs(seen, 2, ends="both", tolerance=1e-10)
    np.testing.assert_allclose(pairs.values, np.r_[exact[:2], exact[-2:]], atol=1e-9)
    assert curvature.products >= pairs.products
    single = es.networks.preconditioned(with_spectrum(np.linspace(-1, 3, 30), dtype="float32"), diagonal)
    double = single.in_double()
    assert double is not None
    np.testing.assert_allclose(double.dense(), seen.dense(), atol=1e-14)


@pytest.mark.parametrize(
    ("diagonal", "words"),
    [(np.ones(3), "shape"), (np.r_[0.0, np.ones(3)], "positive"), ([1, 1, 1, np.nan], "positive")],
)
def test_diagonals_that_are_refused(diagonal: np.ndarray, words: str) -> None:
    with pytest.raises(es.DomainError, match=words):
        es.networks.preconditioned(of_matrix(np.eye(4)), diagonal)


def momentum(h: float, eta: float, v: float, x: float) -> tuple[float, float]:
    v = 0.9 * v - eta * h * x
    return v, x + v


def nesterov(h: float, eta: float, v: float, x: float) -> tuple[float, float]:
    v = 0.9 * v - eta * h * (x + 0.9 * v)
    return v, x + v


def adam(h: float, eta: float, m: float, x: float) -> tuple[float, float]:
    m = 0.9 * m + 0.1 * h * x
    return m, x - eta * m


def ascent(h: float, eta: float, _: float, x: float) -> tuple[float, float]:
    return 0.0, x - eta * h * (x + 0.5 / 2.5 * h * x)


@pytest.mark.parametrize(
    ("name", "numbers", "step"),
    [
        ("momentum", {"beta": 0.9}, momentum),
        ("nesterov", {"beta": "9/10"}, nesterov),
        ("adam", {"beta": 0.9}, adam),
        ("normalised-sam", {"rho": 0.5, "gradient_norm": 2.5}, ascent),
        ("sam", {"rho": 0.2}, ascent),
    ],
)
def test_steps_shrink_below_the_edge_and_grow_above(
    name: str, numbers: dict[str, object], step: Callable[[float, float, float, float], tuple[float, float]]
) -> None:
    eta = 0.3
    edge = es.networks.stability_edge(name, eta, **numbers)  # type: ignore[arg-type]

    def grown(h: float) -> float:
        memory, x = 0.0, 1.0
        for _ in range(1500):
            memory, x = step(h, eta, memory, x)
        return abs(x)

    assert grown(0.98 * edge) < 1 < grown(1.02 * edge)


def test_edges_in_closed_form() -> None:
    edge = es.networks.stability_edge
    eta, beta = 0.01, 0.8
    assert edge("gradient-descent", eta) == edge("rmsprop", eta) == pytest.approx(2 / eta, rel=1e-15)
    assert edge("heavy-ball", eta, beta=beta) == pytest.approx((2 + 2 * beta) / eta, rel=1e-15)
    assert edge("nesterov", eta, beta=beta) == pytest.approx((2 + 2 * beta) / ((1 + 2 * beta) * eta), rel=1e-15)
    assert edge("adam", eta, beta=beta) == pytest.approx((2 + 2 * beta) / ((1 - beta) * eta), rel=1e-15)
    # the positive root of eta l (1 + rho l / |g|) = 2, solved by hand: the edge that Long and Bartlett study
    rho, length = 0.1, 0.3
    by_hand = length / (2 * rho) * (np.sqrt(1 + 8 * rho / (eta * length)) - 1)
    assert edge("normalised-sam", eta, rho=rho, gradient_norm=length) == pytest.approx(by_hand, rel=1e-14)
    assert edge(es.optimisers.averaged_gradient("9/10"), 1.0) == 38
    assert edge("weight-decay", 1.0, gamma="1/10") == pytest.approx(1.9)


def test_a_rule_with_an_edge_of_its_own() -> None:
    class Rule:
        def edge(self, step_size: float, gradient_norm: float | None) -> float | None:
            return None if gradient_norm is None else gradient_norm / step_size

    assert es.networks.stability_edge(Rule(), 0.5, gradient_norm=2.0) == 4
    with pytest.raises(es.DomainError, match="gradient_norm"):
        es.networks.stability_edge(Rule(), 0.5)


@pytest.mark.parametrize(
    ("optimiser", "numbers", "words"),
    [
        ("lion", {}, "one of gradient-descent"),
        ("momentum", {}, "beta missing"),
        ("momentum", {"rho": 0.1, "beta": 0.9}, "rho given"),
        ("momentum", {"beta": 1.5}, "number in"),
        ("normalised-sam", {"rho": 0.1}, "gradient_norm missing"),
        (es.optimisers.heavy_ball(), {}, "without symbols"),
        (es.optimisers.heavy_ball("1/2"), {"beta": 0.5}, "beside it"),
        (3, {}, "a name"),
    ],
)
def test_edges_that_are_refused(optimiser: object, numbers: dict[str, object], words: str) -> None:
    with pytest.raises(es.DomainError, match=words):
        es.networks.stability_edge(optimiser, 0.1, **numbers)  # type: ignore[arg-type]


def exact_batch_sharpness(size: int) -> float:
    theta, above, below = PROBLEM.start, 0.0, 0.0
    symmetric = Q + Q.transpose(0, 2, 1)
    z = MODEL.y + MODEL.G.T @ theta + np.einsum("apq,p,q->a", symmetric, theta, theta) / 2
    J = MODEL.G.T + symmetric @ theta
    for batch in map(list, combinations(range(7), size)):
        g = J[batch].T @ z[batch] / size
        H = (J[batch].T @ J[batch] + np.einsum("a,apq->pq", z[batch], symmetric[batch])) / size
        above, below = above + g @ H @ g, below + g @ g
    return above / below


@pytest.mark.parametrize("size", [1, 3, 7])
def test_all_batches_of_a_small_set(size: int) -> None:
    found = es.networks.batch_sharpness(PROBLEM, batch_size=size, batches="all")
    assert found.value == pytest.approx(exact_batch_sharpness(size), rel=1e-12)
    assert found.exact
    assert found.standard_error == 0


def test_the_standard_error_is_that_of_the_draws() -> None:
    """Of 120 seeds, the mean square of z-scores at 30 of 35 batches; 4 standard deviations of a chi square."""
    exact = exact_batch_sharpness(3)
    found = [es.networks.batch_sharpness(PROBLEM, batch_size=3, batches=30, seed=s) for s in range(120)]
    assert not found[0].exact
    scores = np.array([(f.value - exact) / f.standard_error for f in found])
    assert abs(np.mean(scores**2) - 1) < 4 * np.sqrt(2 / 120)
    assert found[0].json() == {"value": found[0].value, "standard_error": found[0].standard_error, "batches": 30}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": 8}, "at most 7"),
        ({"batch_size": 2, "batches": 1}, "batches"),
        ({"batch_size": 2, "batches": "every"}, "'all'"),
        ({"parameters": np.full(4, 1e200)}, "finite"),
    ],
)
def test_batches_that_are_refused(options: dict[str, object], words: str) -> None:
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(es.DomainError, match=words):
        es.networks.batch_sharpness(PROBLEM, **options)  # type: ignore[arg-type]
