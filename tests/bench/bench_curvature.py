"""Curvature along a run at the edge: products and time for each tracked step, against what others do from scratch.

Two runs of gradient descent at their edge (a tanh network on a Chebyshev polynomial, one on handwritten digits, where
scikit-learn is installed), the k largest eigenvalues at every step, every contender to the same residual of 1e-3 of the
largest eigenvalue:

- power iteration with deflation, as in PyHessian (which stops by the change of the eigenvalue, at a larger residual);
- ARPACK from scratch (``eigsh`` with SciPy's defaults), the usual cold Lanczos;
- the fewest products that any Lanczos method from a random start can do: full orthogonalisation, judged at every step.

The bound of a pair takes a product with its vector, and one product a step looks for what rises: k + 1 is the least
that a tracked step can cost, and what ARPACK takes over k + 1 the most that the ratio can be.

Times are for one measured step: the tracker, the plain way (``jax.linearize`` of the gradient and ``eigsh``), and
curvlinops with ``eigsh`` on the same network in PyTorch. On a GPU, where JAX finds one, the cost of a tracked step in
units of a training step is printed for a 2 x 200 network on 5,000 inputs of 3,072.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import edgestab as es
from edgestab.numeric.networks.curvature.subspace import Search
from edgestab.numeric.networks.point import Curvature
from edgestab.numeric.networks.problem import Problem
from tests.bench.timing import Ratio, take_turns

RESIDUAL = 1e-3
WARM, STRETCH = 10, 8
"""Steps before a stretch that is timed, and its steps."""
TARGETS = {
    f"curvature: products of {what} / tracked, {run}, k = {k}": 5.0
    for what in ("power iteration", "ARPACK")
    for run in ("chebyshev", "digits")
    for k in (1, 2)
}
SKIPPED: dict[str, str] = {}
TOGETHER = 20
"""Training steps that are timed at once."""


def power_iteration(curvature: Curvature, k: int, rng: np.random.Generator, most: int = 5000) -> int:
    """Products that deflated power iteration needs until each residual is small enough."""
    found: list[np.ndarray] = []
    begun, scale = curvature.products, 0.0
    for _ in range(k):
        v = rng.standard_normal(curvature.size)
        for _ in range(most):
            for u in found:
                v = v - u * (u @ v)
            v = v / np.linalg.norm(v)
            image = curvature @ v
            value = float(v @ image)
            scale = max(scale, abs(value))
            if np.linalg.norm(image - value * v) <= RESIDUAL * scale:
                break
            v = image
        found.append(v)
    return curvature.products - begun


def arpack(curvature: Curvature, k: int, rng: np.random.Generator) -> int:
    """Products of ARPACK from a random start."""
    from scipy.sparse.linalg import eigsh

    begun = curvature.products
    eigsh(curvature.as_scipy(), k, which="LA", v0=rng.standard_normal(curvature.size), tol=RESIDUAL)
    return curvature.products - begun


def fewest(curvature: Curvature, k: int, rng: np.random.Generator) -> int:
    """Products of a Lanczos method that is stopped as soon as it can be."""
    search, begun = Search(curvature), curvature.products
    direction = rng.standard_normal((curvature.size, 1))
    while True:
        search.grow(direction)
        ritz = search.ritz(k, "largest")
        if len(ritz.wanted) == k and (np.linalg.norm(ritz.residuals, axis=0) <= RESIDUAL * abs(ritz.wanted[0])).all():
            return curvature.products - begun
        direction = search.images[:, -1:]


CONTENDERS = {"power iteration": power_iteration, "ARPACK": arpack, "the least Lanczos": fewest}


def runs() -> Iterator[tuple[str, Problem, float, int, int]]:
    """Name, problem, step size, steps before the measurement, steps measured."""
    x = np.linspace(-1, 1, 20)[:, None]
    yield "chebyshev", es.networks.fully_connected(x, np.cos(5 * np.arccos(x))), 0.3, 1100, 300
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        for name in TARGETS:
            if "digits" in name:
                SKIPPED[name] = "scikit-learn is not installed"
        return
    data = load_digits()
    inputs = data.data[:300] / 16 - (data.data[:300] / 16).mean(axis=0)
    problem = es.networks.fully_connected(inputs, np.eye(10)[data.target[:300]], hidden=(32, 32))
    yield "digits", problem, 0.5, 500, 150


def products() -> dict[str, float]:
    """Ratios of products for each tracked step."""
    ratios: dict[str, float] = {}
    for name, problem, eta, before, steps in runs():
        theta, path = problem.start, []
        for step in range(before + steps):
            if step >= before:
                path.append(theta)
            theta = theta - eta * problem.at(theta).gradient
        for k in (1, 2, 4):
            tracker = es.networks.SpectrumTracker(problem, k, tolerance=RESIDUAL)
            for at in path:
                tracker.measure(at)
            # the first, from scratch, is counted too
            ours = tracker.products / len(path)
            rng, some = np.random.default_rng(0), path[:: max(1, len(path) // 12)]
            for what, solve in (
                ("power iteration", power_iteration),
                ("ARPACK", arpack),
                ("the least Lanczos", fewest),
            ):
                # at every step where it costs little: steps at which the spectrum jumps are dear for all
                points = path if what == "ARPACK" else some
                theirs = np.mean([solve(problem.at(at).hessian, k, rng) for at in points])
                ratios[f"curvature: products of {what} / tracked, {name}, k = {k}"] = float(theirs / ours)
            ratios[f"curvature: products for a tracked step, {name}, k = {k}"] = ours
    return ratios


def walk(path: list[Any], measure: Callable[[Any], object]) -> Callable[[], object]:
    """One measurement a call, along the path; the last point is kept where the path ends."""
    points = iter(path)
    last = [path[0]]

    def go_on() -> object:
        last[0] = next(points, last[0])
        return measure(last[0])

    return go_on


def linearised(problem: Problem, k: int) -> Callable[[np.ndarray], object]:
    """The plain way in JAX."""
    import jax
    from scipy.sparse.linalg import LinearOperator, eigsh

    backend: Any = problem.backend
    model, unravel, x, y = backend._model, backend._unravel, backend._inputs, backend._targets

    def loss(flat: Any) -> Any:
        return jax.numpy.sum((model(unravel(flat), x) - y) ** 2) / (2 * len(x))

    def measure(at: np.ndarray) -> object:
        with jax.enable_x64(True):
            _, product = jax.linearize(jax.grad(loss), jax.numpy.asarray(at))
            product = jax.jit(product)
            size = len(at)
            operator = LinearOperator(
                (size, size), matvec=lambda v: np.asarray(product(jax.numpy.asarray(v.ravel()))), dtype=float
            )
            return eigsh(operator, k, which="LA", tol=RESIDUAL)

    return measure


def with_curvlinops(problem: Problem, k: int) -> Callable[[np.ndarray], object]:
    """The same network in PyTorch, its Hessian by curvlinops."""
    import torch as torch_module
    from curvlinops import HessianLinearOperator
    from scipy.sparse.linalg import eigsh

    torch: Any = torch_module
    backend: Any = problem.backend
    x, y = (torch.tensor(np.asarray(a)) for a in (backend._inputs, backend._targets))
    sizes = [(w.shape, b.shape) for w, b in problem.unflatten(problem.start)]
    layers: list[Any] = []
    for (wide, _), last in zip(sizes, [False] * (len(sizes) - 1) + [True], strict=True):
        layers += [torch.nn.Linear(*wide, dtype=torch.float64), *([] if last else [torch.nn.Tanh()])]
    net = torch.nn.Sequential(*layers)

    loss = torch.nn.MSELoss(reduction="mean")  # times C / 2 it is the loss here: eigenvectors and products are the same

    def measure(at: np.ndarray) -> object:
        with torch.no_grad():
            for linear, (w, b) in zip([m for m in net if hasattr(m, "weight")], problem.unflatten(at), strict=True):
                linear.weight.copy_(torch.tensor(np.asarray(w)).T)
                linear.bias.copy_(torch.tensor(np.asarray(b)))
        operator = HessianLinearOperator(net, loss, list(net.parameters()), [(x, y)], check_deterministic=False)
        return eigsh(operator.to_scipy(), k, which="LA", tol=RESIDUAL)

    return measure


def times() -> dict[str, Ratio]:
    """Ratios of wall time for one measured step, k = 2, over the same steps in every round.

    Steps differ in what they cost; a round is a stretch of them, begun by the tracker as it stood there.
    """
    ratios: dict[str, Ratio] = {}
    for name, problem, eta, before, _ in runs():
        theta, path = problem.start, []
        for step in range(before + WARM + STRETCH):
            if step >= before:
                path.append(theta)
            theta = theta - eta * problem.at(theta).gradient
        tracker = es.networks.SpectrumTracker(problem, 2, tolerance=RESIDUAL)
        for at in path[:WARM]:
            tracker.measure(at)
        stood, stretch = tracker.state(), path[WARM:]

        def tracked(tracker: Any = tracker, stood: Any = stood, stretch: Any = stretch) -> None:
            tracker.restore(stood)
            for at in stretch:
                tracker.measure(at)

        def each(measure: Callable[[np.ndarray], object], stretch: Any = stretch) -> Callable[[], object]:
            return lambda: [measure(at) for at in stretch]

        contenders: dict[str, Callable[[], object]] = {
            "tracked": tracked,
            "jax.linearize with eigsh": each(linearised(problem, 2)),
        }
        try:
            contenders["curvlinops with eigsh"] = each(with_curvlinops(problem, 2))
        except ModuleNotFoundError as missing:
            SKIPPED[f"curvature: time of curvlinops with eigsh / tracked, {name}"] = f"{missing.name} is not installed"
        rounds = take_turns(contenders, 5)
        ratios[f"curvature: ms for a tracked step, {name}, k = 2"] = rounds.taken("tracked") * (1e3 / STRETCH)
        for other in list(contenders)[1:]:
            ratios[f"curvature: time of {other} / tracked, {name}"] = rounds.ratio(other, "tracked")
    return ratios


def on_a_gpu() -> dict[str, Ratio]:
    """A tracked step in units of a training step, where there is a GPU."""
    import jax

    key = "curvature: tracked step / training step, 2 x 200 on 5,000 of 3,072"
    device = jax.devices()[0]
    if device.platform == "cpu":
        SKIPPED[key] = "JAX finds no GPU"
        return {}
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((5000, 3072)).astype(np.float32)
    targets = np.eye(10, dtype=np.float32)[rng.integers(0, 10, 5000)]
    begun = time.perf_counter()
    problem = es.networks.fully_connected(inputs, targets, hidden=(200, 200), dtype="float32")
    print(f"  set up in {time.perf_counter() - begun:.1f} s")
    train = training_step(problem, 0.05)
    path: list[Any] = []
    theta = jax.numpy.array(problem.start)
    for _ in range(80):
        path.append(theta)
        theta = train(jax.numpy.array(theta))
    tracker = es.networks.SpectrumTracker(problem, 1, tolerance=RESIDUAL, double=False)
    # the first steps search from scratch, and compile
    for at in path[:38]:
        tracker.measure(at)
    before, last = tracker.products, [theta]

    def step(count: int) -> object:
        for _ in range(count):
            last[0] = train(last[0])
        return jax.block_until_ready(last[0])

    # in a run the device is not waited for after each step
    contenders = {"run": lambda: step(TOGETHER), "step": lambda: step(1), "tracked": walk(path[38:], tracker.measure)}
    rounds = take_turns(contenders, 40)
    taken = {name: 1e3 * rounds.taken(name).median for name in contenders}
    print(
        f"  {device.device_kind}: a tracked step {taken['tracked']:.2f} ms, {(tracker.products - before) / 41:.1f} "
        f"products; a training step {taken['run'] / TOGETHER:.2f} ms in a run, {taken['step']:.2f} ms alone"
    )
    return {key: rounds.ratio("tracked", "run") * TOGETHER}


def training_step(problem: Problem, step_size: float) -> Callable[[Any], Any]:
    """Gradient descent as one compiled program, the parameters' memory used again, the data on the device."""
    import jax

    backend: Any = problem.backend
    data, value = backend.traced()
    program = jax.jit(lambda theta, data: theta - theta.dtype.type(step_size) * value(theta, data)[1], donate_argnums=0)

    def step(theta: Any) -> Any:
        with backend.arithmetic():
            return program(theta, data)

    return step


def measure() -> dict[str, float | Ratio]:
    """All ratios of this bench."""
    try:
        import jax  # noqa: F401
    except ModuleNotFoundError:
        SKIPPED.update(dict.fromkeys(TARGETS, "JAX is not installed"))
        return {}
    return products() | times() | on_a_gpu()


if __name__ == "__main__":
    for label, ratio in measure().items():
        print(f"{label:<75} {ratio}")
    for label, reason in SKIPPED.items():
        print(f"{label:<75} skipped: {reason}")
