"""Models of flax and equinox through Problem.from_jax, as docs/bring-your-model.md shows them."""

from typing import Any

import numpy as np
import pytest

import edgestab as es

jax: Any = pytest.importorskip("jax", reason="JAX is not installed: pip install 'edgestab[jax]'")
pytestmark = pytest.mark.thorough
INPUTS = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)
TARGETS = np.tanh(INPUTS[:, :1])


def require_a_network(problem: es.networks.Problem, parameters: Any, loss: float) -> None:
    """Loss, size, product and the way back to the library's own parameters."""
    assert problem.dimension == 3 * 4 + 4 + 4 + 1
    assert problem.at(parameters).loss == pytest.approx(loss, rel=1e-5)
    v = np.ones(problem.dimension, np.float32)
    ahead, behind = (problem.at(problem.start + s * 1e-2 * v).gradient for s in (1, -1))
    np.testing.assert_allclose(problem.at().hessian @ v, (ahead - behind) / 2e-2, rtol=0, atol=2e-3)
    back = problem.unflatten(problem.start)
    assert jax.tree_util.tree_structure(back) == jax.tree_util.tree_structure(parameters)
    np.testing.assert_array_equal(problem.flatten(back), problem.start)


def test_flax_linen() -> None:
    nn = pytest.importorskip("flax.linen", reason="flax is not installed: pip install flax")
    module = nn.Sequential([nn.Dense(4), nn.tanh, nn.Dense(1)])
    parameters = module.init(jax.random.key(0), INPUTS)
    problem = es.networks.Problem.from_jax(module.apply, parameters, INPUTS, TARGETS)
    loss = float(((module.apply(parameters, INPUTS) - TARGETS) ** 2).mean()) / 2
    require_a_network(problem, parameters, loss)


def test_flax_nnx() -> None:
    nnx = pytest.importorskip("flax.nnx", reason="flax is not installed: pip install flax")
    rngs = nnx.Rngs(0)
    module = nnx.Sequential(nnx.Linear(3, 4, rngs=rngs), nnx.tanh, nnx.Linear(4, 1, rngs=rngs))
    graph, parameters, rest = nnx.split(module, nnx.Param, ...)

    def model(p: Any, x: Any) -> Any:
        return nnx.merge(graph, p, rest)(x)

    problem = es.networks.Problem.from_jax(model, parameters, INPUTS, TARGETS)
    require_a_network(problem, nnx.state(module, nnx.Param), float(((module(INPUTS) - TARGETS) ** 2).mean()) / 2)


def test_equinox() -> None:
    eqx = pytest.importorskip("equinox", reason="equinox is not installed: pip install equinox")
    module = eqx.nn.MLP(3, 1, 4, 1, activation=jax.numpy.tanh, key=jax.random.key(0))
    parameters, rest = eqx.partition(module, eqx.is_inexact_array)

    def model(p: Any, x: Any) -> Any:
        return jax.vmap(eqx.combine(p, rest))(x)

    problem = es.networks.Problem.from_jax(model, parameters, INPUTS, TARGETS)
    require_a_network(problem, parameters, float(((jax.vmap(module)(INPUTS) - TARGETS) ** 2).mean()) / 2)


def test_optax_steps_are_watched() -> None:
    """The user's own loop: parameters of the library go in, numbers of this package come out."""
    optax = pytest.importorskip("optax", reason="optax is not installed: pip install optax")

    def model(p: Any, x: Any) -> Any:
        return jax.numpy.tanh(x @ p["w"])

    parameters = {"w": jax.numpy.ones((3, 1)) / 2}
    problem = es.networks.Problem.from_jax(model, parameters, INPUTS, TARGETS)
    optimiser = optax.sgd(0.3)
    state, losses = optimiser.init(parameters), []
    for _ in range(3):
        slope = jax.grad(lambda p: ((model(p, INPUTS) - TARGETS) ** 2).mean() / 2)(parameters)
        losses.append(problem.at(parameters).loss)
        np.testing.assert_allclose(problem.at(parameters).gradient, problem.flatten(slope), rtol=0, atol=1e-6)
        update, state = optimiser.update(slope, state)
        parameters = optax.apply_updates(parameters, update)
    assert losses == sorted(losses, reverse=True)
