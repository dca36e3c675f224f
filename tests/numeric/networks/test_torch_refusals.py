"""What Problem.from_torch refuses, and what each message says."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import edgestab as es

torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'edgestab[torch]'")
nn = torch.nn
INPUTS, TARGETS = torch.linspace(-1, 1, 18).reshape(6, 3), torch.linspace(0, 1, 12).reshape(6, 2)
LABELS = torch.tensor([0, 1, 1, 0, 1, 0])


class Of(torch.nn.Module):
    """A linear layer and what is done with its outputs."""

    def __init__(self, after: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.inner, self.after = nn.Linear(3, 2), after

    def forward(self, x: Any) -> Any:
        return self.after(x, self.inner(x))


def frozen() -> Any:
    return nn.Linear(3, 2).requires_grad_(False)


def by_batch() -> Any:
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2, track_running_stats=False))


def lazy() -> Any:
    with warnings.catch_warnings(action="ignore"):
        return nn.LazyLinear(2)


def constant(value: float) -> Any:
    module = nn.Linear(3, 2)
    nn.init.constant_(module.weight, value)
    return module


def own_constant() -> Any:
    """A module whose tensor is no buffer, so that it cannot follow the type of the arithmetic."""
    row = torch.ones(2, 2)
    return Of(lambda x, f: f @ row)


@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        (lambda: lambda x: x, {}, "a torch.nn.Module; got function"),
        (frozen, {}, "at least one trainable parameter; got none"),
        (nn.Tanh, {}, "at least one trainable parameter"),
        (lazy, {}, "parameters with a shape; got weight"),
        (lambda: nn.Linear(3, 2, dtype=torch.complex64), {}, "float type; got bias in complex64, weight in complex64"),
        (lambda: nn.Linear(3, 2, device="meta"), {}, "meta device"),
        (lambda: nn.Linear(3, 2), {"device": "cuda:99"}, "a device of this machine; got cuda:99"),
        (lambda: nn.Linear(3, 2), {"dtype": torch.float16}, "dtype float32 or float64; got float16"),
        (lambda: nn.Linear(3, 2), {"inputs": INPUTS[:5]}, "one length"),
        (lambda: nn.Linear(3, 2), {"inputs": torch.tensor(1.0)}, "one length"),
        (lambda: nn.Linear(3, 2), {"inputs": INPUTS[:0], "targets": TARGETS[:0]}, "one length"),
        (lambda: nn.Linear(3, 2), {"inputs": INPUTS / 0}, "finite data"),
        (lambda: nn.Linear(3, 2), {"inputs": object()}, "inputs and targets as arrays"),
        (lambda: nn.Linear(4, 2), {}, "a module that runs in float32"),
        (lambda: nn.Linear(3, 2), {"inputs": (INPUTS, INPUTS)}, "a module that runs in float32"),
        (own_constant, {"dtype": "float64"}, "a module that runs in float64"),
        (lambda: nn.Linear(3, 1), {}, "targets of the outputs' shape"),
        (lambda: Of(lambda x, f: f.sum()), {}, r"outputs of shape \(6, ..\)"),
        (lambda: Of(lambda x, f: (f, f)), {}, r"outputs of shape \(6, ..\); got tuple"),
        (lambda: Of(lambda x, f: f + torch.randn(2)), {}, "draws random numbers"),
        (lambda: nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.1)), {}, r"draws random numbers. Call module.eval\(\)"),
        (lambda: nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)), {}, "changes 1.running_mean"),
        (
            lambda: nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2, track_running_stats=False)),
            {"chunk": 3},
            "of batches",
        ),
        (lambda: nn.Linear(3, 2), {"chunk": 7}, "chunk between 1 and 6"),
        (lambda: nn.Linear(3, 2), {"loss": "huber"}, "loss 'mse'"),
        (lambda: nn.Linear(3, 2), {"loss": lambda f, y: (f - y) ** 2}, "a loss of one example that is a number"),
        (lambda: nn.Linear(3, 2), {"loss": lambda f, y: 1.0}, "a loss of one example"),
        (lambda: nn.Linear(3, 2), {"loss": nn.MSELoss(reduction="sum")}, "the mean over examples; got MSELoss"),
        (lambda: nn.Linear(3, 2), {"loss": nn.MSELoss(reduction="none")}, "a number"),
        (lambda: nn.Linear(3, 2), {"loss": nn.Linear(2, 2)}, "a loss without trainable parameters"),
        (
            lambda: nn.Linear(3, 2),
            {"targets": LABELS, "loss": nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0]))},
            "the mean over examples",
        ),
        (lambda: nn.Linear(3, 2), {"targets": LABELS + 1, "loss": "cross-entropy"}, "labels 0 to 1"),
        (lambda: nn.Linear(3, 2), {"targets": LABELS.float(), "loss": "cross-entropy"}, "integer labels"),
        (lambda: nn.Linear(3, 2), {"targets": LABELS[:, None], "loss": "cross-entropy"}, "scores"),
        (lambda: constant(1e30), {}, "a finite loss and gradient at the start"),
        (lambda: Of(lambda x, f: f / (x.sum() * 0)), {}, "a finite loss and gradient at the start"),
        (lambda: Of(lambda x, f: torch.sqrt(f * 0)), {}, "a finite loss and gradient at the start"),
    ],
)
def test_what_is_refused(make: Callable[[], Any], options: dict[str, Any], words: str) -> None:
    data = {"inputs": INPUTS, "targets": TARGETS} | options
    with pytest.raises(es.DomainError, match=words):
        es.networks.Problem.from_torch(make(), **data)


def test_parameters_of_another_model_and_batches_that_do_not_fit() -> None:
    problem = es.networks.Problem.from_torch(nn.Linear(3, 2), INPUTS, TARGETS)
    for other, words in (
        (nn.Linear(4, 2), r"weight of shape \(2, 3\); got \(2, 4\)"),
        ({"weight": torch.zeros(2, 3)}, "bias of shape"),
        ([1.0], "a module or a dict of tensors; got list"),
        (torch.zeros(3), "8 parameters"),
    ):
        with pytest.raises(es.DomainError, match=words):
            problem.at(other)
    with pytest.raises(es.DomainError, match="examples 0 to 5"):
        problem.at(batch=[6])
    # far from the start a loss may overflow: that is a measurement, no error
    assert np.isinf(problem.at(np.full(8, 1e30, np.float32)).loss)
