"""Compiled loops of steps against the same run taken step by step, and against themselves when cut."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.networks.training import train as module
from edgestab.numeric.runs import Status

pytest.importorskip("jax", reason="JAX is not installed: pip install 'edgestab[jax]'")

X = np.linspace(-1, 1, 6)[:, None]
SMALL = es.networks.fully_connected(X, np.cos(3 * np.arccos(X)), hidden=(3,), seed=1)
OTHER = pytest.mark.thorough


def run(optimiser: Any, **options: Any) -> es.networks.TrainingRun:
    return es.networks.train(SMALL, optimiser, **{"step_size": 0.1, "steps": 40, **options})


def by_steps(monkeypatch: pytest.MonkeyPatch, optimiser: Any, **options: Any) -> es.networks.TrainingRun:
    with monkeypatch.context() as patch:
        patch.setattr(module, "can_compile", lambda problem, rule: False)
        return run(optimiser, **options)


@pytest.mark.parametrize(
    ("optimiser", "batch"),
    [
        ("gradient-descent", 4),
        ("adam", None),
        pytest.param("nesterov", None, marks=OTHER),
        pytest.param("heavy-ball", 2, marks=OTHER),
        pytest.param("rmsprop", None, marks=OTHER),
        pytest.param(es.networks.step_rule("normalised-sam", rho=0.05), None, marks=OTHER),
        pytest.param(es.networks.step_rule("sam", rho=0.5, gamma="1/100"), 3, marks=OTHER),
    ],
    ids=str,
)
def test_a_loop_takes_the_same_steps(monkeypatch: pytest.MonkeyPatch, optimiser: Any, batch: int | None) -> None:
    step_size = 0.01 if optimiser in {"adam", "rmsprop"} else 0.1
    fast = run(optimiser, batch=batch, step_size=step_size)
    slow = by_steps(monkeypatch, optimiser, batch=batch, step_size=step_size)
    np.testing.assert_allclose(fast.losses, slow.losses, rtol=1e-9)
    np.testing.assert_allclose(fast.parameters, slow.parameters, rtol=1e-8, atol=1e-10)
    assert [r["step"] for r in fast.records] == [r["step"] for r in slow.records] == [0, 10, 20, 30, 40]


def test_where_a_run_is_cut_changes_no_bit(tmp_path: Path) -> None:
    whole = run("gradient-descent", batch=4, steps=61)
    for steps in (13, 61):
        again = run("gradient-descent", batch=4, steps=steps, checkpoint=tmp_path, checkpoint_every=7, resume=True)
    np.testing.assert_array_equal(again.parameters, whole.parameters)
    np.testing.assert_array_equal(again.losses, whole.losses)


def test_divergence_ends_the_loop_at_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = run("gradient-descent", step_size=40.0, steps=500)
    slow = by_steps(monkeypatch, "gradient-descent", step_size=40.0, steps=500)
    assert fast.status is slow.status is Status.DIVERGED
    assert fast.stopped == slow.stopped
    assert len(fast.losses) == len(slow.losses) == fast.stopped + 1
    assert not fast.losses[-1] <= 1e8 * fast.losses[0]


def test_another_start_shares_what_was_compiled() -> None:
    moved = SMALL.starting_at(SMALL.start + 0.01)
    assert moved.backend.loops is SMALL.backend.loops  # type: ignore[attr-defined]
    assert moved.at().loss == SMALL.at(SMALL.start + 0.01).loss != SMALL.at().loss
    with pytest.raises(es.DomainError, match="finite loss"):
        SMALL.starting_at(np.full(SMALL.dimension, np.nan))
