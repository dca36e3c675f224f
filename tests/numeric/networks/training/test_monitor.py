"""A monitor in a loop of the user's, against dense eigenvalues."""

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.networks.training.monitor import MEASURES, Monitor
from edgestab.numeric.networks.training.records import read_records

RNG = np.random.default_rng(5)
ETA = 0.05


def problem(outputs: int = 4, parameters: int = 9) -> es.networks.Problem:
    """A regression model: exact, and quick."""
    Q = RNG.standard_normal((outputs, parameters, parameters)) / 4
    model = es.RegressionModel(
        RNG.standard_normal((parameters, outputs)), Q + Q.transpose(0, 2, 1), RNG.standard_normal(outputs)
    )
    return es.networks.Problem.from_regression(model, RNG.standard_normal(parameters))


SMALL = problem()


def test_a_loop_of_the_user_in_three_lines(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    monitor = Monitor(SMALL, every=10, file=file, k=3, measure=MEASURES, batch_size=1, tolerance=1e-9)
    theta, told = SMALL.start, []
    for step in range(21):
        told.append(monitor(step, theta))
        if step == 10:
            theta_10 = theta
            dense = SMALL.at(theta).hessian.dense(), SMALL.at(theta).ntk.dense()
        theta = theta - ETA * SMALL.at(theta).gradient
    assert [step for step, record in enumerate(told) if record] == [0, 10, 20]
    assert read_records(file) == monitor.records == [r for r in told if r]
    record = monitor.records[1]
    np.testing.assert_allclose(record["sharpness"], np.linalg.eigvalsh(dense[0])[::-1][:3], rtol=1e-6)
    np.testing.assert_allclose(record["ntk"], np.linalg.eigvalsh(dense[1])[::-1][:3], rtol=1e-6)
    np.testing.assert_allclose(record["gauss_newton"], record["ntk"], rtol=1e-6)
    at = SMALL.at(theta_10)
    batches = [SMALL.at(theta_10, [i]) for i in range(SMALL.examples)]
    slopes = [b.gradient for b in batches]
    exact = sum(g @ (b.hessian @ g) for b, g in zip(batches, slopes, strict=True)) / sum(g @ g for g in slopes)
    assert record["batch_sharpness"]["value"] == pytest.approx(exact)
    assert record["batch_sharpness"]["standard_error"] == 0
    assert record["gradient_norm"] == pytest.approx(np.linalg.norm(at.gradient))
    assert "edge" not in record
    assert max(record["bound"]) < 1e-6
    assert record["products"] > 0


def test_the_curvature_that_belongs_to_the_optimiser() -> None:
    diagonal = RNG.uniform(0.5, 2, SMALL.dimension)
    monitor = Monitor(SMALL, k=2, measure=("preconditioned",), optimiser="adam", step_size=ETA, tolerance=1e-9)
    record = monitor(0, SMALL.start, preconditioner=diagonal)
    assert record is not None
    scaled = SMALL.at().hessian.dense() / np.sqrt(np.outer(diagonal, diagonal))
    np.testing.assert_allclose(record["preconditioned"], np.linalg.eigvalsh(scaled)[::-1][:2], rtol=1e-6)
    assert record["edge"] == pytest.approx(38 / ETA)
    before = monitor(10, SMALL.start)
    assert before is not None
    assert "preconditioned" not in before
    later = monitor(20, SMALL.start, step_size=2 * ETA)
    assert later is not None
    assert later["edge"] == pytest.approx(19 / ETA)
    with pytest.raises(es.DomainError, match="above 0"):
        monitor(30, SMALL.start, preconditioner=-diagonal)


def test_what_is_not_finite_is_null_and_no_crash() -> None:
    record = Monitor(SMALL)(0, np.full(SMALL.dimension, 1e200))
    assert record is not None
    assert record["loss"] is None
    assert "sharpness" not in record


def test_the_file_of_a_restarted_loop_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "run.jsonl"
    first = Monitor(SMALL, every=1, file=file)
    for step in range(4):
        first(step, SMALL.start)
    second = Monitor(SMALL, every=1, file=file, resume=True)
    second(2, SMALL.start)
    assert [r["step"] for r in read_records(file)] == [0, 1, 2]
    with pytest.raises(es.algebra.OutputError, match="resume it"):
        Monitor(SMALL, file=file)


def test_scalars_and_words_for_each_record(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[tuple[str, float, int]] = []

    class Writer:
        def __init__(self, folder: str) -> None:
            assert folder == "somewhere"

        def add_scalar(self, name: str, value: float, step: int) -> None:
            seen.append((name, value, step))

        def flush(self) -> None:
            pass

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    monkeypatch.setitem(sys.modules, "tensorboardX", SimpleNamespace(SummaryWriter=Writer))
    told: list[str] = []
    monitor = Monitor(SMALL, tensorboard="somewhere", tell=told.append, optimiser="gradient-descent", step_size=ETA)
    record = monitor(30, SMALL.start)
    assert record is not None
    assert ("sharpness/1", record["sharpness"][0], 30) in seen
    assert {"loss", "gradient_norm", "edge", "sharpness/2", "bound/1", "products"} <= {name for name, _, _ in seen}
    first, second = record["sharpness"]
    assert told == [f"step 30; loss {record['loss']:.4g}; hessian {first:.4g}, {second:.4g}; edge 40"]
    assert capsys.readouterr().out == ""
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(es.DomainError, match="TensorBoard or tensorboardX; got neither"):
        Monitor(SMALL, tensorboard="somewhere")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": 0}, "every"),
        ({"k": 10}, "the 9 parameters; got 10"),
        ({"measure": ("trace",)}, "got trace"),
        ({"step_size": -1.0}, "step_size"),
        ({"tolerance": 0}, "tolerance"),
        ({"measure": ("batch-sharpness",)}, "Give both or neither"),
        ({"measure": ("batch-sharpness",), "batch_size": 5}, "a batch_size of 1 to 4"),
        ({"optimiser": "lion"}, "one of gradient-descent"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(es.DomainError, match=message):
        Monitor(SMALL, **options)


@pytest.mark.thorough
def test_loops_in_jax_and_in_torch_measure_the_same() -> None:
    """The user's parameters go in as they are: a pytree here, the module there."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'edgestab[torch]'")
    pytest.importorskip("jax", reason="needs the extra [jax]")
    inputs, targets = RNG.standard_normal((5, 2)), RNG.standard_normal((5, 1))
    weights = {"w": np.array([[0.5], [-1.0]])}
    module = torch.nn.Linear(2, 1, bias=False).double()
    with torch.no_grad():
        module.weight.copy_(torch.as_tensor(weights["w"].T))
    of_jax = es.networks.Problem.from_jax(lambda p, x: (x @ p["w"]) ** 2, weights, inputs, targets)
    square = torch.nn.Sequential(module, squared())
    of_torch = es.networks.Problem.from_torch(square, inputs, targets)
    monitors = [Monitor(p, every=5, k=1, tolerance=1e-9) for p in (of_jax, of_torch)]
    descent = torch.optim.SGD(square.parameters(), lr=ETA)
    for step in range(6):
        monitors[0](step, weights)
        monitors[1](step, square)
        weights = {"w": weights["w"] - ETA * of_jax.at(weights).gradient[:, None]}
        descent.zero_grad()
        loss = ((square(torch.as_tensor(inputs)) - torch.as_tensor(targets)) ** 2).sum() / 10
        loss.backward()
        descent.step()
    for one, other in zip(monitors[0].records, monitors[1].records, strict=True):
        assert one["step"] == other["step"]
        assert one["loss"] == pytest.approx(other["loss"])
        np.testing.assert_allclose(one["sharpness"], other["sharpness"], rtol=1e-6)


def squared() -> Any:
    """A module without parameters."""
    import torch

    class Squared(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return x**2

    return Squared()


def test_the_seconds_of_a_record_are_those_that_it_took() -> None:
    begun = time.perf_counter()
    record = Monitor(SMALL, every=1)(0, SMALL.start)
    assert record is not None
    assert 0 < record["seconds"] <= time.perf_counter() - begun + 1e-6
