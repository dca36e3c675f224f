"""Many steps of a run at once: one compiled loop for a model in JAX and a rule that can be traced.

Between two measurements nothing of a step is of interest but its loss, so the loop stays on the device. Its body is
compiled once, whatever the number of steps, and does the same arithmetic wherever a run is cut: a resumed run goes on
bit for bit.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ..problem import Problem
from .batches import batches_from
from .rules import Memory, StepRule

Array = np.ndarray[Any, np.dtype[Any]]

MOST = 1024
"""Most steps of one loop: so many losses are kept on the device."""

SECONDS = 0.25
"""A loop should take no longer, so that progress is told and Ctrl-C is heard."""


def can_compile(problem: Problem, rule: StepRule) -> bool:
    """Whether a run of this problem and rule can be compiled."""
    return rule.traceable and problem.backend.source == "jax"


class CompiledSteps:
    """Runs many steps of one rule on one problem."""

    def __init__(
        self, problem: Problem, rule: StepRule, step_size: float, limit: float, batch: int | None, seed: int
    ) -> None:
        """Compile nothing yet.

        Args:
            problem: a model in JAX.
            rule: one that can be traced.
            step_size: eta.
            limit: a loss above it, or one that is no number, ends the run.
            batch: examples in each step; None for all.
            seed: of the batches.
        """
        self._problem, self._batch, self._seed = problem, batch, seed
        self._numbers = step_size, limit
        self._most, self._timed = 16, False
        loops = problem.backend.loops  # type: ignore[attr-defined]
        key = (type(rule), rule.name, tuple(sorted(rule.settings.items())), batch)
        if key not in loops:
            loops[key] = self._compile(rule)
        self._loop = loops[key]

    def run(self, theta: Array, memory: Memory, step: int, count: int) -> tuple[Array, Memory, list[float], bool]:
        """Take steps.

        Args:
            theta: parameters, flat.
            memory: of the rule.
            step: number of the first step.
            count: how many at most; fewer are taken where they would take long.

        Returns:
            Parameters and memory after the steps taken, the loss that each of them saw, and whether the run left all
            bounds: then the last loss gave it away, and its step was not taken.
        """
        from ..backends.jax_backend import arithmetic

        count, backend = min(count, self._most, MOST), self._problem.backend
        batches = np.zeros((MOST, 0), np.int32)
        if self._batch is not None:
            batches = np.zeros((MOST, self._batch), np.int32)
            batches[:count] = batches_from(self._seed, step, count, self._problem.examples, self._batch)
        began = time.perf_counter()
        with arithmetic(backend.dtype):
            numbers = np.array(self._numbers, dtype=backend.dtype)
            moved, kept, losses, done, bad = self._loop(theta, memory, batches, count, *numbers)
            after = {name: np.array(kept[name], dtype=array.dtype) for name, array in memory.items()}
            found = np.array(moved), after, np.array(losses)[: int(done) + bool(bad)].tolist(), bool(bad)
        if self._timed:  # the first call compiles
            each = (time.perf_counter() - began) / count
            self._most = max(1, min(MOST, int(SECONDS / max(each, 1e-9))))
        self._timed = True
        return found

    def _compile(self, rule: StepRule) -> Any:
        import jax
        from jax import lax
        from jax import numpy as jnp

        data, value = self._problem.backend.traced()  # type: ignore[attr-defined]
        whole = self._batch is None

        def step(theta: Any, memory: Any, here: Any, step_size: Any) -> tuple[Any, Any, Any]:
            seen: list[Any] = []

            def slope(at: Any) -> Any:
                loss, gradient = value(at, here)
                seen.append(loss)
                return gradient

            theta, memory = rule.step(slope, theta, memory, step_size)
            return theta, memory, seen[0]

        def loop(theta: Any, memory: Any, data: Any, batches: Any, count: Any, step_size: Any, limit: Any) -> Any:
            def ahead(state: Any) -> Any:
                return (state[3] < count) & ~state[4]

            def body(state: Any) -> Any:
                theta, memory, losses, done, _ = state
                here = data if whole else jax.tree_util.tree_map(lambda a: a[batches[done]], data)
                later, kept, loss = step(theta, memory, here, step_size)
                bad = ~(loss <= limit)
                losses = losses.at[done].set(loss)
                later, kept = jax.tree_util.tree_map(lambda a, b: jnp.where(bad, a, b), (theta, memory), (later, kept))
                return later, kept, losses, done + jnp.where(bad, 0, 1), bad

            losses = jnp.zeros(MOST, theta.dtype)
            return lax.while_loop(ahead, body, (theta, memory, losses, jnp.zeros((), jnp.int32), jnp.asarray(False)))

        compiled = jax.jit(loop)
        return lambda theta, memory, *rest: compiled(theta, memory, data, *rest)
