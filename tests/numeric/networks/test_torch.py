"""PyTorch modules: the same numbers as JAX for the same weights, on every road; what a module brings along."""

import copy
import doctest
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import edgestab as es

torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'edgestab[torch]'")

RNG = np.random.default_rng(5)
INPUTS, TARGETS = RNG.standard_normal((6, 3)), RNG.standard_normal((6, 2))
LABELS = np.array([0, 1, 1, 0, 1, 0])
ON_PARAMETERS = {"gradient", "hessian", "gauss_newton", "transposed", "third"}


def multilayer(seed: int = 2, bend: Any = torch.nn.Tanh) -> Any:
    """The network of ``es.networks.fully_connected`` with the same weights."""
    parts: list[Any] = []
    for weights, bias in es.networks.draw_layers((3, 4, 3, 2), seed):
        part = torch.nn.Linear(*weights.shape).double()
        part.load_state_dict({"weight": torch.as_tensor(weights.T), "bias": torch.as_tensor(bias)})
        parts += [part, bend()]
    return torch.nn.Sequential(*parts[:-1])


def problem_of(module: Any = None, inputs: Any = INPUTS, targets: Any = TARGETS, **options: Any) -> Any:
    return es.networks.Problem.from_torch(multilayer() if module is None else module, inputs, targets, **options)


def everything(point: es.networks.Point, at: np.ndarray) -> dict[str, np.ndarray]:
    """Every product of a point, for directions whose entries stand in the order ``at``."""
    rng = np.random.default_rng(0)
    vectors, cotangents = rng.standard_normal((len(at), 3))[at], rng.standard_normal((12, 3))
    u, v = vectors[:, 0], vectors[:, 1]
    return {
        "loss": np.array(point.loss),
        "gradient": point.gradient,
        "residual": point.residual,
        "outputs": point.derivatives.outputs(),
        "hessian": point.hessian @ vectors,
        "gauss_newton": point.gauss_newton @ vectors,
        "ntk": point.ntk.dense(),
        "jacobian": point.jacobian_product(vectors),
        "transposed": point.transposed_product(cotangents),
        "third": point.third_product(u, v),
        "curvature": np.array(point.output_curvature(cotangents[:, 0], u, v)),
    }


def require_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-12 * np.abs(value).max(), err_msg=name)


@cache
def of_jax(loss: str) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """The twin in JAX: parameters in the module's order, that order, every product, a Hessian of a batch."""
    pytest.importorskip("jax", reason="JAX is not installed: pip install 'edgestab[jax]'")
    targets = TARGETS if loss == "mse" else LABELS
    twin = es.networks.fully_connected(INPUTS, targets, hidden=(4, 3), seed=2, loss=loss, outputs=2)
    numbers = twin.unflatten(np.arange(twin.dimension, dtype=np.float64))
    # the module's weights are transposed
    at = np.concatenate([np.r_[np.asarray(w).T.ravel(), np.asarray(b)] for w, b in numbers]).astype(int)
    found = everything(twin.at(), np.arange(twin.dimension))
    found |= {name: found[name][at] for name in ON_PARAMETERS}
    return twin.start[at], at, found, twin.at(batch=[4, 0, 5]).hessian.dense()[np.ix_(at, at)]


@pytest.mark.thorough
@pytest.mark.parametrize("loss", ["mse", "cross-entropy"])
@pytest.mark.parametrize("road", ["graphs", "curvlinops", "chunks"])
def test_every_product_is_that_of_jax(loss: str, road: str) -> None:
    start, at, expected, of_batch = of_jax(loss)
    problem = problem_of(targets=TARGETS if loss == "mse" else LABELS, loss=loss, chunk=4 if road == "chunks" else None)
    if road == "curvlinops":
        problem.backend.roads.update(("hessian", "gauss_newton", "jacobian", "transposed", "third", "curvature"))
    np.testing.assert_array_equal(problem.start, start)
    require_same(everything(problem.at(), at), expected)
    np.testing.assert_allclose(problem.at(batch=[4, 0, 5]).hessian.dense(), of_batch, rtol=0, atol=1e-12)


def test_chunks_and_batches() -> None:
    whole, parts = problem_of(), problem_of(chunk=4)
    at = np.arange(whole.dimension)
    expected = everything(whole.at(), at)
    require_same(everything(parts.at(), at), expected)
    halves = [parts.at(batch=b).hessian.dense() for b in (np.arange(5), np.array([5]))]
    np.testing.assert_allclose((5 * halves[0] + halves[1]) / 6, whole.at().hessian.dense(), rtol=0, atol=1e-14)
    # a kept graph does not remember what was asked before
    point = whole.at()
    require_same(everything(point, at), expected)
    require_same(everything(point, at), expected)


class Tied(torch.nn.Module):
    """Tokens in, scores out, the same matrix at both ends; one frozen bias."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(5, 3)
        self.inner = torch.nn.Linear(3, 3)
        self.inner.bias.requires_grad_(False)
        self.head = torch.nn.Linear(3, 5, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens: Any) -> Any:
        return self.head(torch.tanh(self.inner(self.embedding(tokens).mean(1))))


class Two(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = torch.nn.Linear(3, 2), torch.nn.Linear(4, 2)

    def forward(self, a: Any, b: Any) -> Any:
        return torch.tanh(self.left(a)) * self.right(b)


class Last(torch.nn.Module):
    """The last output of a recurrent network."""

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.inner = kind(3, 4, batch_first=True)

    def forward(self, x: Any) -> Any:
        return self.inner(x)[0][:, -1]


def conv() -> Any:
    nn = torch.nn
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.GELU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(18, 2))


def normed() -> Any:
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    module(torch.randn(20, 3))
    return module.eval()


def by_batch() -> Any:
    return torch.func.replace_all_batch_norm_modules_(normed().train())


def encoder() -> Any:
    layer = torch.nn.TransformerEncoderLayer(4, 2, 8, dropout=0.5, batch_first=True, activation="gelu")
    return torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval()


ZOO = {
    "tied": (Tied, lambda: torch.randint(0, 5, (6, 4))),
    "two inputs": (Two, lambda: (torch.randn(6, 3), torch.randn(6, 4))),
    "by name": (Two, lambda: {"b": torch.randn(6, 4), "a": torch.randn(6, 3)}),
    "conv": (conv, lambda: torch.randn(6, 1, 8, 8)),
    "batch norm": (normed, lambda: torch.randn(6, 3)),
    "norm by the batch": (by_batch, lambda: torch.randn(6, 3)),
    "attention": (encoder, lambda: torch.randn(6, 5, 4)),
    "lstm": (lambda: Last(torch.nn.LSTM), lambda: torch.randn(6, 5, 3)),
    "gru": (lambda: Last(torch.nn.GRU), lambda: torch.randn(6, 5, 3)),
    "weight norm": (
        lambda: torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 2)),
        lambda: torch.randn(6, 3),
    ),
    "layer norm": (
        lambda: torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4), torch.nn.SiLU()),
        lambda: torch.randn(6, 3),
    ),
}


def call(module: Any, inputs: Any) -> Any:
    return (
        module(**inputs)
        if isinstance(inputs, dict)
        else module(*inputs)
        if isinstance(inputs, tuple)
        else module(inputs)
    )


@pytest.mark.thorough
@pytest.mark.parametrize("name", ZOO)
def test_derivatives_are_those_of_the_users_own_loop(name: str) -> None:
    """Gradient against ``backward()``, products against differences of such gradients."""
    torch.manual_seed(0)
    module, inputs = ZOO[name][0]().double(), ZOO[name][1]()
    floats = torch.utils._pytree.tree_map(lambda t: t.double() if t.is_floating_point() else t, inputs)
    targets = torch.randn_like(call(module, floats))
    problem = problem_of(module, inputs, targets, loss=torch.nn.MSELoss(), dtype=torch.float64)
    other = copy.deepcopy(module)

    def gradient(theta: np.ndarray) -> np.ndarray:
        other.load_state_dict(problem.unflatten(theta), strict=False)
        other.zero_grad()
        torch.nn.MSELoss()(call(other, floats), targets).backward()
        return np.concatenate([p.grad.numpy().ravel() for p in other.parameters() if p.requires_grad])

    point, step = problem.at(), 1e-5
    np.testing.assert_allclose(point.gradient, gradient(problem.start), rtol=0, atol=1e-13)
    rng = np.random.default_rng(3)
    u, v = rng.standard_normal((2, problem.dimension))
    ends = [problem.start + s * step * v for s in (1, -1)]
    slope = (gradient(ends[0]) - gradient(ends[1])) / (2 * step)
    np.testing.assert_allclose(point.hessian @ v, slope, rtol=0, atol=1e-6 * abs(slope).max())
    bend = [problem.at(theta).hessian @ u for theta in ends]
    third = (bend[0] - bend[1]) / (2 * step)
    np.testing.assert_allclose(point.third_product(u, v), third, rtol=0, atol=1e-6 * abs(third).max())
    assert problem.backend.roads == set()


def test_what_a_module_brings_along() -> None:
    torch.manual_seed(0)
    module = Tied()
    problem = problem_of(module, np.array([[0, 1], [2, 3], [4, 4]], dtype=np.int32), [0, 1, 4], loss="cross-entropy")
    # the tied matrix once, the frozen bias not at all
    assert problem.dimension == 15 + 9
    assert list(problem.unflatten(problem.start)) == ["embedding.weight", "inner.weight"]
    before = copy.deepcopy(module.state_dict())
    problem.at(problem.start + 1.0).hessian.dense()
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert all(p.grad is None for p in module.parameters())

    # what it was given as is what is measured, whatever the module's mode later; and that mode stays
    normal = normed()
    fixed = problem_of(normal)
    loss = fixed.at().loss
    normal.train()
    assert fixed.at(normal).loss == loss
    assert all(part.training for part in normal.modules())
    normal(torch.randn(6, 3))
    with pytest.raises(es.DomainError, match=r"buffers as they were; got another 1\.running_mean"):
        fixed.at(normal)


def test_a_run_of_the_users_own_is_watched_by_at() -> None:
    """Parameters come as a module, its state, a dict, a flat array or None; half precision is lifted."""
    module = multilayer().half()
    problem = problem_of(module)
    assert (problem.dtype, problem.start.dtype) == (np.float32, np.float32)
    optimiser = torch.optim.SGD(module.parameters(), lr=0.25)
    inputs, targets = torch.as_tensor(INPUTS).half(), torch.as_tensor(TARGETS).half()
    first = problem.at(module).loss
    (((module(inputs) - targets) ** 2).sum() / 12).backward()
    optimiser.step()
    moved = problem.flatten(module)
    assert problem.at(module).loss < first
    with torch.no_grad(), torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        watched = problem.at(module)
        curved = watched.hessian.dense()
    np.testing.assert_array_equal(watched.theta, moved)
    np.testing.assert_array_equal(problem.at(moved).hessian.dense(), curved)
    for same in (module.state_dict(), problem.unflatten(moved), torch.as_tensor(moved), None):
        np.testing.assert_array_equal(problem.flatten(same), moved)
    double = problem.in_double()
    assert double.in_double() is double
    exact = double.at(moved).hessian.dense()
    assert exact.dtype == np.float64
    error = abs(exact - curved).max() / abs(exact).max()
    assert 1e-9 < error < 1e-5
    assert problem.backend.dtype == np.float32


def test_losses() -> None:
    """Half of the mean square, the loss module of one example, and a function, all the mean over examples."""
    mse = problem_of().at()
    mean = problem_of(loss=torch.nn.MSELoss()).at()
    own = problem_of(loss=lambda f, y: ((f - y) ** 2).sum() / 2).at()
    assert mean.loss == pytest.approx(mse.loss, rel=1e-14)  # two outputs: the mean is half of the sum
    np.testing.assert_allclose(own.hessian.dense(), mse.hessian.dense(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(mean.gauss_newton.dense(), mse.gauss_newton.dense(), rtol=0, atol=1e-14)
    scores = [
        problem_of(targets=y, loss=loss).at()
        for y, loss in (
            (LABELS, "cross-entropy"),
            (np.eye(2)[LABELS], "cross-entropy"),
            (LABELS, torch.nn.CrossEntropyLoss()),
        )
    ]
    for other in scores[1:]:
        np.testing.assert_allclose(other.hessian.dense(), scores[0].hessian.dense(), rtol=0, atol=1e-14)
    # a model and a loss of the first order: no curvature, and no failure
    line = problem_of(torch.nn.Linear(3, 2).double(), loss=lambda f, y: (f - y).sum()).at()
    assert not line.hessian.dense().any()
    assert not line.gauss_newton.dense().any()
    assert not line.third_product(line.theta, line.theta).any()


class Cosine(torch.autograd.Function):
    """A cosine with a derivative in forward mode only."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Any) -> Any:
        return torch.cos(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_forward(*inputs)

    @staticmethod
    def jvp(ctx: Any, tangent: Any) -> Any:
        return -tangent * torch.sin(ctx.saved_tensors[0])


class OneWay(torch.autograd.Function):
    """A sine; its backward pass can be differentiated forward only."""

    generate_vmap_rule = True
    slope: Any = Cosine.apply

    @staticmethod
    def forward(x: Any) -> Any:
        return torch.sin(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @classmethod
    def backward(cls, ctx: Any, cotangent: Any) -> Any:
        return cotangent * Cosine.apply(ctx.saved_tensors[0])

    @staticmethod
    def jvp(ctx: Any, tangent: Any) -> Any:
        return tangent * torch.cos(ctx.saved_tensors[0])


class Wrong(OneWay):
    """A sine; its second derivative is lost."""

    @staticmethod
    def backward(ctx: Any, cotangent: Any) -> Any:
        return cotangent * torch.cos(ctx.saved_tensors[0].detach())


class Sine(torch.nn.Module):
    def __init__(self, sine: Any) -> None:
        super().__init__()
        self.inner, self.sine = torch.nn.Linear(3, 2).double(), sine

    def forward(self, x: Any) -> Any:
        return self.sine(self.inner(x))


@pytest.mark.thorough
def test_where_graphs_fail_functions_serve() -> None:
    plain, other = Sine(torch.sin), Sine(OneWay.apply)
    other.load_state_dict(plain.state_dict())
    expected, point = problem_of(plain).at(), problem_of(other).at()
    np.testing.assert_allclose(point.hessian.dense(), expected.hessian.dense(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(point.gauss_newton.dense(), expected.gauss_newton.dense(), rtol=0, atol=1e-14)
    assert point.problem.backend.roads == {"hessian"}


def test_wrong_and_missing_derivatives_are_refused() -> None:
    """Both would else be used in silence: an operation whose second derivative is lost, and one that has none."""
    with pytest.raises(es.DomainError, match="hessian that is the derivative of the order below"):
        problem_of(Sine(Wrong.apply)).at().hessian.dense()
    bag = problem_of(torch.nn.EmbeddingBag(5, 2), torch.randint(0, 5, (6, 3)))
    with pytest.raises(es.DomainError, match="a model and loss whose hessian can be computed"):
        bag.at().hessian.dense()


@pytest.mark.thorough
@pytest.mark.parametrize("chunk", [None, 500])
def test_memory_is_foreseen(chunk: int | None) -> None:
    """The forecast for 2,000 examples from runs over 8 and 16, against what such a product holds."""
    from edgestab.numeric.networks.backends.torch_memory import bytes_alive

    torch.manual_seed(0)
    inputs, targets = torch.randn(2000, 3).double(), torch.randn(2000, 2).double()
    problem = problem_of(multilayer(), inputs, targets, chunk=chunk)
    problem.at(batch=range(8)).hessian @ np.ones(problem.dimension)
    counted = max(bytes_alive(lambda: problem.at().hessian @ np.ones((problem.dimension, 4))))
    foreseen = problem.backend.foreseen_bytes(columns=4)
    assert 0.95 < foreseen / (1.5 * counted) < 1.05
    with pytest.raises(es.DomainError, match="GiB"):
        problem.require_memory(columns=1, vectors=10**12)


def test_the_example_of_the_docstring() -> None:
    found = doctest.DocTestFinder(recurse=False).find(
        es.networks.Problem.from_torch, "from_torch", module=ModuleType("example"), globs={"es": es}
    )
    results = [doctest.DocTestRunner().run(test) for test in found]
    assert sum(r.attempted for r in results) > 3
    assert sum(r.failed for r in results) == 0
