"""Odd values for functions of the networks room: each of these once was a traceback, or a wrong answer."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import edgestab as es

N = es.networks
MODEL = es.RegressionModel(G=[[1.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.1]]], y=[0.0])
PROBLEM = N.Problem.from_regression(MODEL, [0.5, 1.0])
NAN: Any = float("nan")
NONE: Any = None
WORD: Any = "x"
HALF: Any = 1.5


def two(**options: Any) -> Any:
    """A network of one hidden layer on two examples."""
    return N.fully_connected(**{"inputs": [[1.0], [2.0]], "targets": [[1.0], [0.0]], "hidden": (2,)} | options)


def step(name: str) -> Any:
    """A step with the memory of fewer parameters."""
    rule = N.step_rule(name)
    return rule.step(lambda theta: theta, np.ones(3), rule.start(np.ones(2)), 0.1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: N.cifar_data("a" * 300), "data_batch_1.bin"),
        (lambda: N.cifar_data("a\x00b"), "data_batch_1.bin"),
        (lambda: N.cifar_data(".", examples=NAN), "examples as an integer"),
        (lambda: N.chebyshev_data(NAN, 4), "degree as an integer"),
        (lambda: N.chebyshev_data(2, 10**9), "at most 1000000 examples"),
        (lambda: N.digits_data(HALF), "examples as an integer"),
        (lambda: N.Comparison("", "", np.arange(2), *[np.ones(5)] * 3), "arrays of one length"),
        (lambda: N.step_rule("heavy-ball").edge(0), "step_size as a finite number above 0"),
        (lambda: N.step_rule("normalised-sam", rho=1).edge(0.0, 1.0), "step_size as a finite number above 0"),
        (lambda: N.stability_edge("adam", 0.001, beta="("), "a finite number; got '\\('"),
        (lambda: N.stability_edge("adam", 0.001, beta="print(1)"), "a finite number"),
        (lambda: N.stability_edge("adam", 0.001, beta=NAN), "a finite number"),
        (lambda: two(targets=[[10**20], [0.0]]), "arrays of real numbers"),
        (lambda: two(targets=["a", "b"]), "arrays of real numbers"),
        (lambda: two(targets=[NAN, 1.0]), "finite data"),
        (lambda: two(hidden=(2.5,)), "at least two sizes"),
        (lambda: two(gain=NAN), "a finite gain"),
        (lambda: two(loss=[1]), "loss 'mse'"),
        (lambda: two(dtype=[1]), "dtype float32 or float64"),
        (lambda: two(loss=lambda output, target: 0), "a loss that is a real number"),
        (lambda: N.apply_layers()(N.draw_layers((2, 1), 0), np.ones((3, 5))), "inputs \\(.., 2\\)"),
        (lambda: N.Problem.from_jax(lambda p, x: x @ p, np.ones((1, 1)), ["x"], [[1.0]]), "data of numbers"),
        (lambda: N.Problem.from_regression(MODEL, ["x", "y"]), "start as an array of real numbers"),
        (lambda: N.fully_connected([[1.0]], [[1.0]], hidden=(10**6, 10**6)), "GiB of memory"),
        (lambda: N.Monitor(PROBLEM, file="a" * 300), "a file that can be written"),
        (lambda: N.Monitor(PROBLEM, file="a\x00b"), "a file that can be written"),
        (lambda: N.read_records("a\x00b"), "a file of records"),
        (lambda: step("heavy-ball"), "the memory of these parameters"),
        (lambda: step("adam"), "the memory of these parameters"),
        (lambda: PROBLEM.at("x"), "parameters as an array of real numbers"),
        (lambda: PROBLEM.starting_at({}), "parameters as an array of real numbers"),
        (lambda: N.preconditioned(PROBLEM.at().hessian, WORD), "diagonal as an array of real numbers"),
        (lambda: N.predict_run(PROBLEM, 0.5, 3, window=NAN), "window as an integer"),
        (lambda: N.predict_run(PROBLEM, 0.5, 3, expand_at=HALF), "begin as an integer"),
        (lambda: N.predict_run(PROBLEM, 0.5, NONE), "steps as an integer"),
        (lambda: N.descend(PROBLEM, 0.5, 3, beta2=NONE), "beta2 in \\(0, 1\\)"),
        (lambda: N.swing_slope(N.descend(PROBLEM, 1.2, 9, centres=True), NAN), "band as a finite number"),
    ],
)
def test_odd_values_are_refused_in_words(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(es.EdgestabError, match=words):
        call()
