"""Predictions beside a run that was trained and watched before: the same as beside a run of their own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgestab as es

N = es.networks
MODEL = es.RegressionModel(G=[[0.0], [0.0]], Q=[[[1.0, 0.0], [0.0, -0.01]]], y=[0.0])
PROBLEM = N.Problem.from_regression(MODEL, [0.8, 13.0])
ETA = 1.2


def watched(optimiser: str = "gradient-descent", steps: int = 60, **options: Any) -> tuple[N.TrainingRun, N.Monitor]:
    batch = options.pop("batch", None)
    measure = "preconditioned" if optimiser in {"rmsprop", "adam"} else "hessian"
    watch = N.Monitor(PROBLEM, 1, optimiser=optimiser, step_size=ETA, **{"measure": measure} | options)
    return N.train(PROBLEM, optimiser, step_size=ETA, steps=steps, monitor=watch, batch=batch), watch


@pytest.mark.parametrize("begin", [0, 20])
def test_they_are_those_of_predict_run(begin: int) -> None:
    run, _ = watched(steps=begin + 40, first=begin)
    beside, own = N.predict_beside(PROBLEM, run), N.predict_run(PROBLEM, ETA, 40, begin=begin)
    assert beside.begin == begin
    np.testing.assert_allclose(beside.run.theta, own.run.theta, rtol=1e-9)
    np.testing.assert_allclose(beside.run.sharpness, own.run.sharpness, atol=1e-5)
    assert beside.flow is not None
    assert own.flow is not None
    np.testing.assert_allclose(beside.flow.theta, own.flow.theta, rtol=1e-9)
    assert [row["holds_for"] for row in beside.rows()] == [row["holds_for"] for row in own.rows()]


def test_records_hold_what_was_predicted(tmp_path: Path) -> None:
    run, watch = watched(file=tmp_path / "run.jsonl")
    found = N.predict_beside(PROBLEM, run)
    assert found.flow is not None
    watch.add_to_records(lambda record: found.at_step(record["step"]))
    records = N.read_records(tmp_path / "run.jsonl")
    assert [r["sharpness"] for r in records] == [r["sharpness"] for r in run.records]
    told = records[30]["predicted"]
    assert told["central_flow"]["sharpness"][0] == found.flow.sharpness[30, 0]
    assert told["centre"]["sharpness"][0] == found.run.centre_sharpness[30, 0]
    assert told["taylor"]["loss"] == pytest.approx(records[30]["loss"], rel=1e-9)  # it is its own Taylor model
    assert records[0]["predicted"]["centre"]["squared_displacement"] is None


def test_measured_now_and_then_the_eigenvalues_of_records_are_kept() -> None:
    watch = N.Monitor(PROBLEM, 7, optimiser="gradient-descent", step_size=ETA)
    run = N.train(PROBLEM, step_size=ETA, steps=60, monitor=watch)
    found = N.predict_beside(PROBLEM, run)
    assert np.flatnonzero(np.isfinite(found.run.sharpness[:, 0])).tolist() == [*range(0, 60, 7), 60]
    assert found.self_stabilisation is not None
    assert found.self_stabilisation.steps[0] % 7 == 0
    assert np.isfinite(found.self_stabilisation.y).all()


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (lambda: watched(batch=1)[0], "a run on all examples; got batches of 1"),
        (lambda: watched("adam")[0], "gradient-descent or rmsprop; got adam"),
        (lambda: watched(measure="ntk", k=1)[0], "no sharpness in"),
        (lambda: watched(steps=1, first=1)[0], "two measured steps"),
    ],
)
def test_what_is_refused(run: Any, words: str) -> None:
    with pytest.raises(es.DomainError, match=words):
        N.predict_beside(PROBLEM, run())


def test_a_run_of_another_problem_is_refused() -> None:
    other = PROBLEM.starting_at([0.7, 13.0])
    with pytest.raises(es.DomainError, match="the problem of this run"):
        N.predict_beside(other, watched()[0])
