"""PyTorch modules: the same numbers as JAX for the same weights, on both roads; what a module brings along."""

import numpy as np
import pytest

import edgestab as es

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'edgestab[torch]'")

RNG = np.random.default_rng(5)
SIZES = (3, 4, 3, 2)
INPUTS, TARGETS = RNG.standard_normal((6, 3)), RNG.standard_normal((6, 2))
LABELS = np.array([0, 1, 1, 0, 1, 0])
ROADS = ("hessian", "gauss_newton", "jacobian", "transposed", "third", "curvature")
PRODUCTS = ("hessian", "gauss_newton", "jacobian", "transposed", "third", "curvature")


def multilayer(sizes: tuple[int, ...] = SIZES, seed: int = 2) -> "torch.nn.Module":
    """The network of ``es.networks.fully_connected`` with the same weights."""
    layers = es.networks.draw_layers(sizes, seed)
    parts: list[torch.nn.Module] = []
    for weights, bias in layers:
        part = torch.nn.Linear(*weights.shape).double()
        with torch.no_grad():
            part.weight.copy_(torch.as_tensor(weights.T))
            part.bias.copy_(torch.as_tensor(bias))
        parts += [part, torch.nn.Tanh()]
    return torch.nn.Sequential(*parts[:-1])


def order(problem: es.networks.Problem) -> np.ndarray:
    """Where each parameter of the module stands among those of the JAX problem, whose weights are transposed."""
    numbers = problem.unflatten(np.arange(problem.dimension, dtype=np.float64))
    return np.concatenate([np.r_[np.asarray(w).T.ravel(), np.asarray(b)] for w, b in numbers]).astype(int)


def same(found: object, expected: object) -> None:
    scale = float(np.abs(expected).max()) + 1e-300  # type: ignore[arg-type]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * scale)  # type: ignore[arg-type]


def everything(point: es.networks.Point, at: np.ndarray) -> dict[str, np.ndarray]:
    """Every product of a point, its parameters taken in the order ``at``."""
    rng = np.random.default_rng(0)
    vectors, cotangents = rng.standard_normal((len(at), 3)), rng.standard_normal((12, 3))
    mine = np.empty_like(vectors)
    mine[:] = vectors if at is None else vectors[at]
    u, v = mine[:, 0], mine[:, 1]
    return {
        "loss": np.array(point.loss),
        "gradient": point.gradient,
        "residual": point.residual,
        "outputs": point.derivatives.outputs(),
        "hessian": point.hessian @ mine,
        "gauss_newton": point.gauss_newton @ mine,
        "ntk": point.ntk.dense(),
        "jacobian": point.jacobian_product(mine),
        "transposed": point.transposed_product(cotangents),
        "third": point.third_product(u, v),
        "curvature": np.array(point.output_curvature(cotangents[:, 0], u, v)),
    }


ON_PARAMETERS = {"gradient", "hessian", "gauss_newton", "transposed", "third"}


@pytest.mark.parametrize("loss", ["mse", pytest.param("cross-entropy", marks=pytest.mark.thorough)])
@pytest.mark.parametrize("road", ["graphs", "curvlinops", "chunks"])
def test_every_product_is_that_of_jax(loss: str, road: str) -> None:
    pytest.importorskip("jax", reason="JAX is not installed: pip install 'edgestab[jax]'")
    targets = TARGETS if loss == "mse" else LABELS
    twin = es.networks.fully_connected(INPUTS, targets, hidden=(4, 3), seed=2, loss=loss, outputs=2)
    chunk = 4 if road == "chunks" else None
    problem = es.networks.Problem.from_torch(multilayer(), INPUTS, targets, loss=loss, chunk=chunk)
    if road == "curvlinops":
        problem.backend.roads.update(ROADS)  # type: ignore[attr-defined]
    at = order(twin)
    same(problem.start, twin.start[at])
    found, expected = everything(problem.at(), at), everything(twin.at(), np.arange(len(at)))
    for name, value in expected.items():
        same(found[name], value[at] if name in ON_PARAMETERS else value)
    batch = [4, 0, 5]
    same(problem.at(batch=batch).hessian.dense(), twin.at(batch=batch).hessian.dense()[np.ix_(at, at)])
