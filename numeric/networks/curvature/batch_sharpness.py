"""Batch sharpness: the curvature that mini-batch gradient descent meets along its own steps, with its error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...runs.limits import check_count, check_seed
from ..backends.backend import Array
from ..problem import Problem

WHERE = "batch_sharpness()"
MOST_BATCHES = 100_000


@dataclass(frozen=True)
class BatchSharpness:
    """Batch sharpness at a point.

    Attributes:
        value: ``E[g'Hg] / E[|g|^2]`` over batches.
        standard_error: of the ratio of means, to first order (delta method); 0 where all batches were taken.
        batch_size: examples in a batch.
        batches: batches taken.
        exact: whether these were all that there are.

    Source:
        Andreyev and Beneventano 2024.

    Example:
        >>> model = es.RegressionModel([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]], [[[0, 1], [1, 0]]] * 3, [1.0, 0, 2])
        >>> problem = es.networks.Problem.from_regression(model, [1.0, 1.0])
        >>> found = es.networks.batch_sharpness(problem, batch_size=3)
        >>> found.exact, found.batches, found.standard_error
        (True, 1, 0.0)
    """

    value: float
    standard_error: float
    batch_size: int
    batches: int
    exact: bool

    def json(self) -> dict[str, Any]:
        """What a record of a run holds."""
        return {"value": self.value, "standard_error": self.standard_error, "batches": self.batches}


def batch_sharpness(
    problem: Problem,
    parameters: Any = None,
    batch_size: int = 1,
    *,
    batches: int | str = 64,
    seed: int = 0,
) -> BatchSharpness:
    """``E[g_B' H_B g_B] / E[|g_B|^2]`` over batches B drawn without replacement, g and H those of the batch's loss.

    At the edge of mini-batch gradient descent it hovers at ``2/eta`` where the sharpness stays below.

    Args:
        problem: the model with its data.
        parameters: in the user's form, or flat; the start by default.
        batch_size: examples in a batch, at most all.
        batches: how many are drawn, one product each; ``"all"`` takes each batch once. Where there are no more batches
            than asked for, all are taken.
        seed: of the draws.

    Returns:
        The ratio of means with its standard error. The ratio is biased by about the square of its relative error.

    Raises:
        DomainError: a batch size that does not fit, fewer than two batches, too many for ``"all"``, gradients that
            vanish or are not finite.

    Source:
        Andreyev and Beneventano 2024; Cochran 1977, chapter 6, for the error of a ratio.

    Example:
        >>> model = es.RegressionModel([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]], [[[0, 1], [1, 0]]] * 3, [1.0, 0, 2])
        >>> problem = es.networks.Problem.from_regression(model, [1.0, 1.0])
        >>> whole, point = es.networks.batch_sharpness(problem, batch_size=3), problem.at()
        >>> g = point.gradient
        >>> bool(abs(whole.value - g @ (point.hessian @ g) / (g @ g)) < 1e-12)
        True
    """
    size, count = check_count(WHERE, "batch_size", batch_size), problem.examples
    if size > count:
        raise DomainError.of(WHERE, f"a batch of at most {count} examples", size, "Take a smaller batch.")
    there = comb(count, size)
    if batches == "all" and there > MOST_BATCHES:
        raise DomainError.of(WHERE, f"at most {MOST_BATCHES} batches for 'all'", there, "Draw some: batches=256.")
    if isinstance(batches, str) and batches != "all":
        raise DomainError.of(WHERE, "a number of batches, or 'all'", repr(batches), "Choose one of these.")
    asked = there if isinstance(batches, str) else check_count(WHERE, "batches", batches, 2)
    exact = asked >= there
    rng = np.random.default_rng(check_seed(WHERE, seed))
    drawn: Iterable[Any] = (
        combinations(range(count), size)
        if exact
        else (np.sort(rng.choice(count, size, replace=False)) for _ in range(asked))
    )
    theta = problem.start if parameters is None else problem.flatten(parameters)
    table = np.array([_along_gradient(problem, theta, np.asarray(batch)) for batch in drawn])
    if not np.isfinite(table).all():
        raise DomainError.of(WHERE, "finite gradients and products", "NaN or infinity", "Measure an earlier step.")
    above, below = table.mean(axis=0)
    if not below > 0:
        raise DomainError.of(WHERE, "a gradient that does not vanish", f"E|g|^2 = {below}", "Training has ended.")
    value = float(above / below)
    spread = table[:, 0] - value * table[:, 1]
    number = len(table)
    error = 0.0 if exact else float(np.sqrt(spread @ spread / (number * (number - 1))) / below)
    return BatchSharpness(value, error, size, number, exact)


def _along_gradient(problem: Problem, theta: Array, batch: Array) -> tuple[float, float]:
    """``g'Hg`` and ``|g|^2`` of one batch."""
    point = problem.at(theta, batch)
    slope = point.gradient
    along = np.asarray(point.hessian @ slope, dtype=np.float64)
    exact = slope.astype(np.float64)
    return float(exact @ along), float(exact @ exact)
