"""Training any problem with any step rule: full batch or mini-batches, watched, with checkpoints."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...regression.descent import BLOW_UP
from ...runs.limits import check_count, check_positive, check_seed
from ...runs.status import Status
from ..point import Point
from ..problem import Problem
from .batches import batch_at
from .checkpoint import Checkpoint
from .compiled import CompiledSteps, can_compile
from .monitor import Monitor
from .rules import Memory, StepRule, step_rule
from .run import TrainingRun

Array = np.ndarray[Any, np.dtype[Any]]
WHERE = "train()"
TELL = 0.1
"""Seconds between reports of progress."""


def train(
    problem: Problem,
    optimiser: Any = "gradient-descent",
    *,
    step_size: float,
    steps: int,
    batch: int | None = None,
    seed: int = 0,
    monitor: Monitor | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 100,
    resume: bool = False,
    force: bool = False,
    progress: Callable[[int, int], Any] | None = None,
) -> TrainingRun:
    """Train a problem from its start, watched by a monitor.

    A run diverges when its loss is not finite or exceeds ``1e8`` times that of the start; it ends there. Ctrl-C ends it
    after the step in progress, with everything done so far kept (a second one at once). A run that is resumed from a
    checkpoint goes on bit for bit as if it had not been stopped (on a CPU, on the same machine).

    Args:
        problem: model, data, loss and start.
        optimiser: a name, an optimiser of this project, or a step rule; see ``step_rule``.
        step_size: ``eta > 0``.
        steps: steps altogether, at least 1.
        batch: examples in each step; all by default.
        seed: of the batches.
        monitor: measures on the way; by default the two largest Hessian eigenvalues every 10 steps.
        checkpoint: folder for the state of the run; none by default.
        checkpoint_every: steps between checkpoints, default 100; one more is written when the run ends.
        resume: go on from the checkpoint, if there is one.
        force: discard it.
        progress: called with ``(step, steps)``.

    Returns:
        The run.

    Raises:
        DomainError: a number out of range, a batch that does not fit, or a checkpoint of another run.
        OutputError: the checkpoint folder holds a run that is not to be resumed, or cannot be written.

    Source:
        Standard.

    Example:
        >>> problem = es.networks.Problem.from_regression(es.RegressionModel(G=[[1.0]], Q=[[[0.5]]], y=[-1.0]), [0.1])
        >>> run = es.networks.train(problem, "heavy-ball", step_size=0.1, steps=50)
        >>> str(run.status), run.stopped, len(run.records)
        ('done', 50, 6)
    """
    rule, eta = step_rule(optimiser), check_positive(WHERE, "step_size", step_size)
    steps, check = check_count(WHERE, "steps", steps), check_count(WHERE, "checkpoint_every", checkpoint_every)
    seed = check_seed(WHERE, seed)
    if batch is not None and not 1 <= check_count(WHERE, "batch", batch) <= problem.examples:
        raise DomainError.of(WHERE, f"a batch of 1 to {problem.examples} examples", batch, "Choose one that fits.")
    watch = monitor or Monitor(problem, k=min(2, problem.dimension), optimiser=rule, step_size=eta)
    state = _State(0, problem.start, rule.start(problem.start), [])
    kept: Checkpoint | None = None
    if checkpoint is not None:
        config = {"optimiser": rule.name, "settings": rule.settings, "step_size": eta, "batch": batch, "seed": seed}
        config |= watch.config() | {"dtype": str(problem.dtype), "loss": problem.loss_name}
        kept = Checkpoint(checkpoint, config, problem, resume=resume, force=force)
        if kept.found is not None:
            state = _State.restored(kept.found)
            watch.restore(_part(kept.found, "watch "), state.step)
    began = time.perf_counter()
    plan = _Plan(problem, rule, eta, steps, batch, seed, watch, kept, check, progress)
    with _asked_to_stop() as asked, np.errstate(over="ignore", invalid="ignore"):
        status = plan.run(state, asked)
    took = time.perf_counter() - began
    losses, records = np.array(state.losses), tuple(watch.records)
    return TrainingRun(rule.name, eta, status, state.step, losses, records, state.theta, took, rule, batch, seed)


@dataclass
class _State:
    """Where a run stands."""

    step: int
    theta: Array
    memory: Memory
    losses: list[float]

    def arrays(self) -> dict[str, Array]:
        """For a checkpoint."""
        own = {"step": np.array(self.step), "theta": self.theta, "losses": np.array(self.losses)}
        return own | {f"memory {name}": array for name, array in self.memory.items()}

    @classmethod
    def restored(cls, found: dict[str, Array]) -> _State:
        """From a checkpoint."""
        return cls(int(found["step"]), found["theta"], _part(found, "memory "), list(found["losses"]))


def _part(arrays: dict[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


class _DivergedError(Exception):
    """The loss has left all bounds."""


@dataclass
class _Plan:
    """What one run does at each step."""

    problem: Problem
    rule: StepRule
    step_size: float
    steps: int
    batch: int | None
    seed: int
    watch: Monitor
    kept: Checkpoint | None
    check: int
    progress: Callable[[int, int], Any] | None

    def run(self, state: _State, asked: Callable[[], bool]) -> Status:
        """Step until the end, Ctrl-C or divergence; the state moves on step by step."""
        limit = BLOW_UP * self.problem.at().loss
        told = 0.0
        fast = None
        if can_compile(self.problem, self.rule):
            fast = CompiledSteps(self.problem, self.rule, self.step_size, limit, self.batch, self.seed)
        while True:
            # saved before the step is measured: a resumed run measures it with the same warm start
            last = state.step >= self.steps
            if last or asked() or (state.step and state.step % self.check == 0):
                self._save(state)
            if asked() and not last:
                return Status.INTERRUPTED
            point = self.problem.at(state.theta)
            try:
                if last or self.watch.due(state.step):
                    _bounded(point.loss, limit)
                    self.watch.measure(state.step, point, self.rule.preconditioner(state.memory))
                if self.progress is not None and (last or time.monotonic() - told > TELL):
                    told = time.monotonic()
                    self.progress(state.step, self.steps)
                if last:
                    return Status.DONE
                if fast is None:
                    self._step(state, point, limit)
                else:
                    self._steps(state, fast)
            except _DivergedError:
                return Status.DIVERGED

    def _steps(self, state: _State, fast: CompiledSteps) -> None:
        """As many steps at once as there are before the next one that something is done at."""
        ends = [self.steps, self.watch.next_due(state.step)]
        if self.kept is not None:
            ends.append(state.step // self.check * self.check + self.check)
        theta, memory, losses, bad = fast.run(state.theta, state.memory, state.step, min(ends) - state.step)
        state.losses[state.step :] = losses
        state.step, state.theta, state.memory = state.step + len(losses) - bad, theta, memory
        if bad:
            raise _DivergedError

    def _step(self, state: _State, point: Point, limit: float) -> None:
        chosen = None
        if self.batch is not None:
            chosen = batch_at(self.seed, state.step, self.problem.examples, self.batch)
        seen: list[float] = []

        def slope(theta: Array) -> Array:
            here = point if chosen is None and theta is state.theta else self.problem.at(theta, chosen)
            gradient = here.gradient
            if not seen:
                seen.append(here.loss)
                state.losses[state.step :] = seen
                _bounded(here.loss, limit)
            return gradient

        theta, memory = self.rule.step(slope, state.theta, state.memory, self.step_size)
        state.step, state.theta, state.memory = state.step + 1, theta, memory

    def _save(self, state: _State) -> None:
        if self.kept is not None:
            self.kept.save(state.arrays() | {f"watch {name}": array for name, array in self.watch.state().items()})


def _bounded(loss: float, limit: float) -> None:
    if not loss <= limit:
        raise _DivergedError


@contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed meanwhile; a second one interrupts at once."""
    asked: list[int] = []

    def note(number: int, frame: Any) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    if threading.current_thread() is not threading.main_thread():  # only there may signals be caught
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)
