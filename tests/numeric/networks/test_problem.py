"""Every source of models against dense derivatives, and against each other; what is refused."""

import sys

import numpy as np
import pytest

import edgestab as es
from tests.numeric.networks.numpy_twin import TanhNetwork

pytest.importorskip("jax", reason="JAX is not installed: pip install 'edgestab[jax]'")

RNG = np.random.default_rng(5)
INPUTS, TARGETS = RNG.standard_normal((6, 3)), RNG.standard_normal((6, 2))
LABELS = np.array([0, 1, 1, 0, 1, 0])


def jax_problem(**options: object) -> es.networks.Problem:
    return es.networks.fully_connected(INPUTS, TARGETS, hidden=(4, 3), seed=2, **options)  # type: ignore[arg-type]


def twin() -> tuple[TanhNetwork, np.ndarray]:
    """The NumPy network with the same weights, in its own order of parameters."""
    network = TanhNetwork(INPUTS, TARGETS, (4, 3))
    return network, network.initial(seed=2)


def test_products_agree_with_a_network_differentiated_by_hand() -> None:
    problem, (network, theta) = jax_problem(), twin()
    layers = [(m[:-1], m[-1]) for m in network.layers(theta)]
    point = problem.at(layers)
    assert point.loss == pytest.approx(network.loss(theta), rel=1e-14)
    v = RNG.standard_normal(problem.dimension)
    tangent = np.concatenate([np.vstack([w, b[None]]).ravel() for w, b in problem.unflatten(v)])
    product = np.concatenate(
        [np.r_[m[:-1].ravel(), m[-1]] for m in network.layers(network.hessian_product(theta, tangent))]
    )
    assert problem.unflatten(point.hessian @ v)[0][0].shape == (3, 4)
    own = np.concatenate([np.r_[np.ravel(w), np.ravel(b)] for w, b in problem.unflatten(point.hessian @ v)])
    np.testing.assert_allclose(own, product, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(point.ntk.dense(), network.ntk(theta) / 6, rtol=1e-12, atol=1e-13)
    # a few columns go one by one, many at once
    np.testing.assert_allclose(point.ntk @ np.eye(12)[:, :3], point.ntk.dense()[:, :3], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(point.residual, network.residual(theta), rtol=1e-13)
    u = RNG.standard_normal(12)
    expected = network.second_derivative(theta, u, tangent, tangent)
    assert point.output_curvature(u, v, v) == pytest.approx(expected, rel=1e-10)


def test_a_point_stays_where_it_was() -> None:
    problem = jax_problem()
    moving = problem.start
    point = problem.at(moving)
    moving += 1.0
    assert point.loss == problem.at().loss != problem.at(moving).loss


@pytest.mark.parametrize("loss", ["mse", pytest.param("cross-entropy", marks=pytest.mark.thorough)])
def test_products_agree_with_differences_of_the_gradient(loss: str) -> None:
    targets = TARGETS if loss == "mse" else LABELS
    problem = es.networks.fully_connected(INPUTS, targets, hidden=(4,), loss=loss, outputs=2, seed=1)
    theta, step = problem.start, 1e-5
    v, w = RNG.standard_normal((2, problem.dimension))

    def difference(of: str, along: np.ndarray) -> np.ndarray:
        ahead, behind = problem.at(theta + step * along), problem.at(theta - step * along)
        if of == "gradient":
            return (ahead.gradient - behind.gradient) / (2 * step)
        return (ahead.hessian @ w - behind.hessian @ w) / (2 * step)

    point = problem.at()
    np.testing.assert_allclose(point.hessian @ v, difference("gradient", v), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(point.third_product(w, v), difference("hessian", v), rtol=1e-6, atol=1e-8)
    jacobian = point.jacobian_product(np.eye(problem.dimension))
    np.testing.assert_allclose(point.transposed_product(np.eye(12)), jacobian.T, atol=1e-14)
    scores = point.derivatives.outputs().reshape(6, 2)
    if loss == "mse":
        inner = np.eye(12)
    else:
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        inner = np.zeros((12, 12))
        for i, row in enumerate(p):
            inner[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = np.diag(row) - np.outer(row, row)
    np.testing.assert_allclose(point.gauss_newton.dense(), jacobian.T @ inner @ jacobian / 6, rtol=1e-10, atol=1e-13)


@pytest.mark.thorough
def test_chunks_batches_and_types() -> None:
    whole, parts = jax_problem(), jax_problem(chunk=4)
    v = RNG.standard_normal(whole.dimension)
    for of in ("hessian", "gauss_newton"):
        np.testing.assert_allclose(getattr(parts.at(), of) @ v, getattr(whole.at(), of) @ v, rtol=1e-12, atol=1e-14)
    halves = [whole.at(batch=b).gradient for b in (np.arange(3), np.arange(3, 6))]
    np.testing.assert_allclose((halves[0] + halves[1]) / 2, whole.at().gradient, rtol=1e-12)
    single = jax_problem(dtype="float32")
    assert single.at().gradient.dtype == np.float32
    assert single.in_double().at(single.start).gradient.dtype == np.float64
    assert abs(single.at().hessian @ v.astype(np.float32) - whole.at().hessian @ v).max() > 1e-9


def test_regression_agrees_with_its_dense_hessian() -> None:
    Q = RNG.standard_normal((4, 5, 5))
    model = es.RegressionModel(RNG.standard_normal((5, 4)), Q + Q.transpose(0, 2, 1), RNG.standard_normal(4))
    problem = es.networks.Problem.from_regression(model, RNG.standard_normal(5))
    point, state = problem.at(), model.at(problem.start)
    np.testing.assert_allclose(point.hessian.dense(), state.hessian() / 4, rtol=1e-12)
    np.testing.assert_allclose(point.ntk.dense(), state.ntk() / 4, rtol=1e-12)
    u, v = RNG.standard_normal((2, 5))
    step = 1e-5
    moved = [problem.at(problem.start + s * step * v).hessian @ u for s in (1, -1)]
    np.testing.assert_allclose(point.third_product(u, v), (moved[0] - moved[1]) / (2 * step), rtol=1e-7)


def _line(p: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    return x @ p["w"]


@pytest.mark.parametrize(
    ("parameters", "options", "words"),
    [
        ({}, {}, "at least one trainable parameter"),
        ({"w": np.ones((3, 2), int)}, {}, "float type"),
        ({"w": np.ones((3, 1))}, {}, "targets of the outputs' shape"),
        ({"w": np.ones((3, 2))}, {"loss": "huber"}, "loss 'mse'"),
        ({"w": np.ones((3, 2))}, {"loss": lambda f, y: (f - y) ** 2}, "a number"),
        ({"w": np.ones((3, 2))}, {"chunk": 7}, "chunk between 1 and 6"),
        ({"w": np.ones((3, 2))}, {"dtype": "float16"}, "dtype float32"),
        ({"w": np.full((3, 2), 1e200)}, {}, "finite loss"),
    ],
)
def test_what_is_refused(parameters: dict[str, np.ndarray], options: dict[str, object], words: str) -> None:
    with pytest.raises(es.DomainError, match=words):
        es.networks.Problem.from_jax(_line, parameters, INPUTS, TARGETS, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("labels", "words"),
    [([0, 1, 2, 0, 1, 0], "labels 0 to 1"), (np.zeros(6), "integer labels"), (TARGETS[:5], "length")],
)
def test_labels_that_name_no_class(labels: object, words: str) -> None:
    with pytest.raises(es.DomainError, match=words):
        es.networks.Problem.from_jax(_line, {"w": np.ones((3, 2))}, INPUTS, labels, loss="cross-entropy")


def test_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source says what to install."""
    words = r"no such package\. Install it: pip install 'edgestab\[%s\]'"
    for name, make in (
        ("jax", lambda: es.networks.Problem.from_jax(_line, {"w": np.ones((3, 2))}, INPUTS, TARGETS)),
        ("torch", lambda: es.networks.Problem.from_torch(None, INPUTS, TARGETS)),
    ):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, name, None)
            with pytest.raises(es.DomainError, match=words % name):
                make()


def test_batches_and_parameters_that_do_not_fit() -> None:
    problem = jax_problem()
    with pytest.raises(es.DomainError, match="examples 0 to 5"):
        problem.at(batch=[6])
    with pytest.raises(es.DomainError, match="numbers of examples"):
        problem.at(batch=[])
    with pytest.raises(es.DomainError, match="pytree"):
        problem.at({"w": np.ones(3)})
    with pytest.raises(es.DomainError, match="GiB"):
        problem.require_memory(columns=1, vectors=10**12)
