"""The step in index notation against the step of the numeric model, entry by entry."""

import itertools

import numpy as np
import pytest
import sympy as sp

from edgestab.numeric.regression.model import RegressionState
from edgestab.symbolic.wick.indexed_model import Jacobian, Residual, step_tensors
from edgestab.symbolic.wick.tensors import RING, Factor, Index, Space, Tensor, outputs, parameters, product


def entries(
    tensor: Tensor, free: tuple[Index, ...], arrays: dict[str, np.ndarray], numbers: dict[str, float]
) -> object:
    """Evaluate a sum of products by einsum."""
    shape = [arrays["J"].shape[0 if i.space is Space.OUTPUT else 1] for i in free]
    total = np.zeros(shape)
    for term in tensor:
        letters = dict(zip(free, "ABCD", strict=False))
        for index in itertools.chain.from_iterable(f.indices for f in term.factors):
            letters.setdefault(index, "abcdefghijklmnopqrstuvwxyz"[len(letters)])
        inputs = ",".join("".join(letters[i] for i in f.indices) for f in term.factors)
        wanted = "".join(letters[i] for i in free)
        scalar = RING.to_expr(term.coefficient).subs({sp.Symbol(k, positive=True): v for k, v in numbers.items()})
        factors = [arrays[f.name] for f in term.factors]
        total += float(scalar) * np.einsum(f"{inputs}->{wanted}", *factors, optimize=True)
    return total


@pytest.mark.parametrize("steps", [1, 2])
def test_step_tensors_are_the_step_of_the_model(steps: int) -> None:
    rng, eta = np.random.default_rng(1), 0.3
    half = rng.standard_normal((2, 3, 3))
    arrays = {"z": rng.standard_normal(2), "J": rng.standard_normal((2, 3)), "Q": half + half.transpose(0, 2, 1)}
    state = RegressionState(arrays["z"], arrays["J"], arrays["Q"])
    residual: Residual = lambda a: product(Factor("z", (a,)))  # noqa: E731
    jacobian: Jacobian = lambda a, i: product(Factor("J", (a, i)))  # noqa: E731
    for _ in range(steps):
        residual, jacobian = step_tensors(residual, jacobian, 2 * 3**steps)
        state = state.step(eta)
    (a,), (i,) = outputs(1), parameters(1)
    assert entries(residual(a), (a,), arrays, {"eta": eta}) == pytest.approx(state.z, rel=1e-9)
    assert entries(jacobian(a, i), (a, i), arrays, {"eta": eta}) == pytest.approx(state.J, rel=1e-9)
