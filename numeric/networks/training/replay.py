"""The points of a run again: its steps are a function of problem, rule and seed, so they need not be kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ..problem import Problem
from .batches import batch_at
from .compiled import CompiledSteps, can_compile
from .rules import Memory
from .run import TrainingRun

Array = np.ndarray[Any, np.dtype[Any]]
WHERE = "replay()"


def replay(problem: Problem, run: TrainingRun, first: int = 0) -> tuple[Array, list[Memory]]:
    """The parameters of a training run at its steps, and what its rule remembered there, by the same arithmetic.

    Args:
        problem: the one that was trained.
        run: the run, from ``train``.
        first: the first step that is kept.

    Returns:
        Parameters, shape ``(T, P)``, and the rule's memory before each of these steps.

    Raises:
        DomainError: the run does not say what made its steps, does not fit into memory, or comes out otherwise.
    """
    if run.rule is None:
        raise DomainError.of(WHERE, "a run made by train()", "one without its step rule", "Train it here.")
    if not 0 <= first <= run.stopped:
        raise DomainError.of(WHERE, f"a first step of 0 to {run.stopped}", first, "Choose one of the run's.")
    problem.require_memory(columns=1, vectors=(run.stopped - first + 1) * (1 + run.rule.preconditions))
    theta, memory = problem.start, run.rule.start(problem.start)
    fast = None
    if can_compile(problem, run.rule):
        fast = CompiledSteps(problem, run.rule, run.step_size, np.inf, run.batch, run.seed)
    points, memories = [], []
    for step in range(run.stopped + 1):
        if step >= first:
            points.append(theta)
            memories.append(memory)
        if step == run.stopped:
            break
        if fast is not None:
            theta, memory = fast.run(theta, memory, step, 1)[:2]
            continue
        chosen = None if run.batch is None else batch_at(run.seed, step, problem.examples, run.batch)

        def slope(at: Array, chosen: Array | None = chosen) -> Array:
            return problem.at(at, chosen).gradient

        theta, memory = run.rule.step(slope, theta, memory, run.step_size)
    _same(theta, run.parameters)
    return np.array(points), memories


def _same(theta: Array, known: Array) -> None:
    """Refuse a replay that ends elsewhere: on a CPU it ends at the same bits."""
    if theta.shape != known.shape or not np.allclose(theta, known, rtol=1e-6, atol=1e-6 * np.abs(known).max(initial=0)):
        fix = "Pass the problem it was trained on, from the same start; on a GPU, train on a CPU."
        raise DomainError.of(WHERE, "the problem of this run", "a run that ends at other parameters", fix)
