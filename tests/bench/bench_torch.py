"""Hessian products of a PyTorch module: graphs that are kept against curvlinops, forward over reverse."""

from __future__ import annotations

from functools import partial

import numpy as np

import edgestab as es
from tests.bench.timing import Ratio, take_turns

ONE = "torch Hessian product, 1 vector: curvlinops / edgestab"
FOUR = "torch Hessian product, 4 vectors: curvlinops / edgestab"
POINT = "torch, a new point and 10 Hessian products: curvlinops / edgestab"
TARGETS = {ONE: 1.0, FOUR: 1.0, POINT: 1.0}
SKIPPED: dict[str, str] = {}
N, INPUTS, WIDTH, OUTPUTS = 1000, 64, 100, 10


def measure() -> dict[str, Ratio]:
    """Seconds of curvlinops over those of this package, for the same module, data and vectors."""
    try:
        import torch

        from tests.bench.peers_torch import hessian_by_curvlinops
    except ModuleNotFoundError as error:
        SKIPPED.update(dict.fromkeys(TARGETS, f"{error.name} is not installed: pip install 'edgestab[torch]'"))
        return {}
    torch.manual_seed(0)
    layers = torch.nn.Linear(INPUTS, WIDTH), torch.nn.Tanh(), torch.nn.Linear(WIDTH, WIDTH), torch.nn.Tanh()
    module = torch.nn.Sequential(*layers, torch.nn.Linear(WIDTH, OUTPUTS)).double()
    x, y = torch.randn(N, INPUTS).double(), torch.randn(N, OUTPUTS).double()
    loss = torch.nn.MSELoss()
    problem = es.networks.Problem.from_torch(module, x, y, loss=loss)
    point, peer = problem.at(), hessian_by_curvlinops(module, loss, x, y)
    found: dict[str, Ratio] = {}
    for name, columns in ((ONE, 1), (FOUR, 4)):
        vectors = np.random.default_rng(0).standard_normal((problem.dimension, columns))
        expected = peer(vectors)
        if np.abs(point.hessian @ vectors - expected).max() > 1e-11 * np.abs(expected).max():
            raise AssertionError("the two Hessians differ")
        sides = {"ours": partial(point.hessian.__matmul__, vectors), "theirs": partial(peer, vectors)}
        found[name] = take_turns(sides, rounds=9).ratio("theirs", "ours")
    vector = np.random.default_rng(0).standard_normal((problem.dimension, 1))

    def ours() -> None:
        fresh = problem.at(module).hessian
        for _ in range(10):
            fresh @ vector

    def theirs() -> None:
        fresh = hessian_by_curvlinops(module, loss, x, y)
        for _ in range(10):
            fresh(vector)

    found[POINT] = take_turns({"ours": ours, "theirs": theirs}, rounds=5).ratio("theirs", "ours")
    return found
