"""Training: the steps, batches, ends of a run, and checkpoints."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.networks.figures import save_watched_run
from edgestab.numeric.networks.training import train as module
from edgestab.numeric.networks.training.batches import batch_at, batches_from
from edgestab.numeric.networks.training.monitor import Monitor
from edgestab.numeric.networks.training.records import read_records
from edgestab.numeric.runs import Status

RNG = np.random.default_rng(11)
ETA = 0.2


def problem(seed: int = 1, outputs: int = 6, parameters: int = 12) -> es.networks.Problem:
    state = es.regression.RegressionEnsemble.normalised(outputs, parameters, sigma_z=1.5).sample(seed=seed)
    model = es.RegressionModel(state.J.T, state.Q, state.z)
    return es.networks.Problem.from_regression(model, np.zeros(parameters))


SMALL = problem()


def test_steps_losses_and_measurements_are_those_of_a_plain_loop() -> None:
    run = es.networks.train(SMALL, step_size=ETA, steps=25)
    theta = SMALL.start
    for step in range(25):
        point = SMALL.at(theta)
        assert run.losses[step] == point.loss
        if step % 10 == 0:
            top = np.linalg.eigvalsh(point.hessian.dense())[::-1][:2]
            np.testing.assert_allclose(run.series("sharpness")[step // 10], top, rtol=1e-6)
        theta = theta - ETA * point.gradient
    np.testing.assert_array_equal(run.parameters, theta)
    assert run.steps.tolist() == [0, 10, 20, 25]
    assert (run.status, run.stopped) == (Status.DONE, 25)
    assert run.series("edge") == pytest.approx(2 / ETA)


def test_batches_depend_on_seed_and_step_alone() -> None:
    epoch = [batch_at(3, step, 6, 2) for step in range(3)]
    assert sorted(np.concatenate(epoch).tolist()) == list(range(6))
    assert not np.array_equal(batch_at(3, 3, 6, 2), epoch[0]) or not np.array_equal(batch_at(3, 4, 6, 2), epoch[1])
    for first, count, size in ((0, 9, 2), (4, 1, 4), (5, 6, 2)):
        each = [batch_at(3, step, 6, size) for step in range(first, first + count)]
        np.testing.assert_array_equal(batches_from(3, first, count, 6, size), each)
    theta = SMALL.start
    for step in range(7):
        theta = theta - ETA * SMALL.at(theta, batch_at(3, step, 6, 4)).gradient
    run = es.networks.train(SMALL, step_size=ETA, steps=7, batch=4, seed=3)
    np.testing.assert_array_equal(run.parameters, theta)
    assert run.losses[0] == SMALL.at(batch=batch_at(3, 0, 6, 4)).loss


def test_divergence_is_reported_with_its_step() -> None:
    run = es.networks.train(SMALL, step_size=50.0, steps=200)
    assert run.status is Status.DIVERGED
    theta, limit = SMALL.start, 1e8 * SMALL.at().loss
    with np.errstate(all="ignore"):
        for _ in range(run.stopped):
            assert SMALL.at(theta).loss <= limit
            theta = theta - 50.0 * SMALL.at(theta).gradient
        assert not SMALL.at(theta).loss <= limit
    assert len(run.losses) == run.stopped + 1 or run.stopped % 10 == 0
    assert all(r["loss"] is not None for r in run.records)
    assert run.summary()["status"] == "diverged"


def test_two_step_split_against_the_exact_model() -> None:
    """The regression model's own split of every two-step change."""
    start = problem(seed=3, outputs=8, parameters=16)
    state = es.regression.RegressionEnsemble.normalised(8, 16, sigma_z=1.5).sample(seed=3)
    rate = 0.95 / state.ntk_spectrum().top
    eta = rate * start.examples
    monitor = Monitor(start, every=1, measure=("two-step",), optimiser="gradient-descent", step_size=eta)
    run = es.networks.train(start, step_size=eta, steps=40, monitor=monitor)
    split = es.regression.split_two_steps(state, rate, 30)
    linear = eta * np.array([r["two_step"]["linear"] for r in run.records[: len(split.linear)]])
    np.testing.assert_allclose(linear, split.linear, rtol=1e-6, atol=1e-9)


class CutError(Exception):
    """Stands for the end of the machine."""


def options(folder: Path, **more: Any) -> dict[str, Any]:
    return {"step_size": ETA, "steps": 60, "checkpoint": folder, "checkpoint_every": 7, **more}


@pytest.mark.parametrize(("optimiser", "batch"), [("nesterov", None), ("adam", 4)])
def test_a_resumed_run_is_the_same_to_the_last_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, optimiser: str, batch: int | None
) -> None:
    def watched(file: Path, resume: bool) -> Monitor:
        measure = ("hessian", "preconditioned") if optimiser == "adam" else ("hessian", "ntk")
        return Monitor(SMALL, 5, file, 2, measure, optimiser=optimiser, step_size=ETA, resume=resume)

    whole = es.networks.train(
        SMALL, optimiser, monitor=watched(tmp_path / "whole.jsonl", False), batch=batch, step_size=ETA, steps=60
    )

    def cut(step: int, steps: int) -> None:
        if step >= 33:
            raise CutError

    file, folder = tmp_path / "cut.jsonl", tmp_path / "kept"
    monkeypatch.setattr(module, "TELL", -1.0)
    with pytest.raises(CutError):
        es.networks.train(SMALL, optimiser, monitor=watched(file, False), batch=batch, progress=cut, **options(folder))
    assert read_records(file)[-1]["step"] == 30
    again = es.networks.train(
        SMALL, optimiser, monitor=watched(file, True), batch=batch, **options(folder, resume=True)
    )
    np.testing.assert_array_equal(again.parameters, whole.parameters)
    np.testing.assert_array_equal(again.losses, whole.losses)
    for one, other in zip(again.records, whole.records, strict=True):
        assert one | {"seconds": 0} == other | {"seconds": 0}
    assert read_records(file) == list(again.records)


def test_ctrl_c_keeps_what_was_done_and_the_run_goes_on(tmp_path: Path) -> None:
    whole = es.networks.train(SMALL, step_size=ETA, steps=60)
    pressed: list[int] = []

    def press(step: int, steps: int) -> None:
        if not pressed:
            pressed.append(step)
            os.kill(os.getpid(), signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)
    part = es.networks.train(SMALL, progress=press, **options(tmp_path / "kept"))
    assert signal.getsignal(signal.SIGINT) is handler
    assert part.status is Status.INTERRUPTED
    assert 0 < part.stopped < 60
    rest = es.networks.train(SMALL, **options(tmp_path / "kept", resume=True))
    np.testing.assert_array_equal(rest.parameters, whole.parameters)
    assert [r | {"seconds": 0} for r in rest.records] == [r | {"seconds": 0} for r in whole.records]


def test_a_finished_run_is_prolonged_as_if_it_had_been_longer(tmp_path: Path) -> None:
    es.networks.train(SMALL, **options(tmp_path, steps=25))
    longer = es.networks.train(SMALL, **options(tmp_path, steps=45, resume=True))
    whole = es.networks.train(SMALL, step_size=ETA, steps=45)
    np.testing.assert_array_equal(longer.parameters, whole.parameters)
    assert [r | {"seconds": 0} for r in longer.records] == [r | {"seconds": 0} for r in whole.records]


def test_checkpoints_of_other_runs_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    kept = es.networks.train(SMALL, **options(tmp_path))
    with pytest.raises(es.algebra.OutputError, match="Resume it"):
        es.networks.train(SMALL, **options(tmp_path))
    with pytest.raises(es.DomainError, match="step_size 0.2, now 0.1"):
        es.networks.train(SMALL, **options(tmp_path, resume=True, step_size=0.1))
    with pytest.raises(es.DomainError, match="optimiser 'gradient-descent', now 'nesterov'"):
        es.networks.train(SMALL, "nesterov", **options(tmp_path, resume=True))
    with pytest.raises(es.DomainError, match="another model or other data"):
        es.networks.train(problem(seed=2), **options(tmp_path, resume=True))
    archive = tmp_path / "checkpoint.npz"
    content = bytearray(archive.read_bytes())
    content[content.index(kept.parameters.tobytes()) + 3] ^= 1
    for damaged in (bytes(content), bytes(content[:-40]), b""):
        archive.write_bytes(damaged)
        with pytest.raises(es.DomainError, match="damaged checkpoint.npz"):
            es.networks.train(SMALL, **options(tmp_path, resume=True))
    assert es.networks.train(SMALL, **options(tmp_path, force=True)).status is Status.DONE


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"step_size": 0.0}, "step_size"),
        ({"steps": 0}, "steps"),
        ({"batch": 7}, "a batch of 1 to 6 examples; got 7"),
        ({"seed": -1}, "seed"),
        ({"checkpoint_every": 0}, "checkpoint_every"),
    ],
)
def test_what_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(es.DomainError, match=message):
        es.networks.train(SMALL, **{"step_size": ETA, "steps": 3, **wrong})


def test_figure(tmp_path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    run = es.networks.train(SMALL, step_size=ETA, steps=60)
    ax = es.networks.plot_spectrum(run)
    lines = {str(line.get_label()): np.asarray(line.get_ydata()) for line in ax.get_lines()}
    assert lines[r"$2/\eta$"] == pytest.approx(2 / ETA)
    np.testing.assert_array_equal(lines["$h_{1}$ Hessian"], run.series("sharpness")[:, 0])
    assert len(es.networks.plot_run_loss(run).get_lines()) == 1
    batches = es.networks.train(SMALL, step_size=ETA, steps=30, batch=3)
    drawn = es.networks.plot_run_loss(batches).get_lines()
    np.testing.assert_array_equal(np.asarray(drawn[1].get_ydata()), batches.series("loss"))
    save_watched_run(run, None, str(tmp_path / "run.png"))
    assert (tmp_path / "run.png").stat().st_size > 10_000


@pytest.mark.parametrize("batch", [None, 2])
def test_a_start_that_fits_all_data_does_not_diverge(batch: int | None) -> None:
    """Its loss is 0, and so is the loss above which a run is called divergent."""
    state = es.regression.RegressionEnsemble.normalised(6, 12, sigma_z=1.5).sample(seed=1)
    model = es.RegressionModel(state.J.T, state.Q, 0 * state.z)
    run = es.networks.train(
        es.networks.Problem.from_regression(model, np.zeros(12)), step_size=ETA, steps=3, batch=batch
    )
    assert run.status is Status.DONE
    assert set(run.losses) == {0.0}
