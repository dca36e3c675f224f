"""What a training run left behind, and what can be read off it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...runs.status import Status
from .records import Record
from .rules import StepRule
from .two_step import nonlinear_shares

Array = np.ndarray[Any, np.dtype[Any]]

EIGENVALUES = ("preconditioned", "sharpness", "gauss_newton", "ntk")
"""Entries of records with eigenvalues; the edge speaks of the first that there is."""


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """A training run.

    Attributes:
        optimiser: name.
        step_size: eta.
        status: done, diverged, or interrupted (by Ctrl-C).
        stopped: steps taken; of a run that diverged, the step at which that was seen.
        losses: loss that each step saw, of its batch and where it took its gradient, shape ``(stopped,)``; the last
            entry of a run that diverged is the loss that gave it away.
        records: what the monitor measured, one dictionary for each measured step.
        parameters: flat, after the last step; of a run that diverged, those where that was seen.
        seconds: wall time of this call.
        rule: what made the steps; None where that is not known.
        batch: examples in each step; None for all.
        seed: of the batches.

    Source:
        The records are those of Cohen et al. 2021.

    Example:
        >>> problem = es.networks.Problem.from_regression(es.RegressionModel(G=[[1.0]], Q=[[[0.5]]], y=[-1.0]), [0.1])
        >>> run = es.networks.train(problem, step_size=0.3, steps=20)
        >>> str(run.status), run.series("sharpness").shape, bool(run.losses[-1] < run.losses[0])
        ('done', (3, 1), True)
    """

    optimiser: str
    step_size: float
    status: Status
    stopped: int
    losses: Array
    records: tuple[Record, ...]
    parameters: Array
    seconds: float
    rule: StepRule | None = None
    batch: int | None = None
    seed: int = 0

    @property
    def steps(self) -> Array:
        """Measured steps, shape ``(T,)``."""
        return np.array([r["step"] for r in self.records], dtype=int)

    def series(self, key: str) -> Array:
        """One entry of the records over the measured steps.

        Args:
            key: such as ``"loss"`` or ``"sharpness"``.

        Returns:
            Shape ``(T,)``, or ``(T, k)`` for eigenvalues; nan where it was not measured or not finite.
        """
        return series_of(self.records, key)

    @property
    def crossings(self) -> int:
        """How often the largest measured eigenvalue crosses the edge between measurements."""
        return count_crossings(self.records)

    @property
    def nonlinear_shares(self) -> tuple[float, float | None] | None:
        """Non-linear over linear part of the two-step changes, while sharpening and around the fall (``two-step``)."""
        return nonlinear_shares(self.records, 2 / self.step_size)

    def summary(self) -> dict[str, Any]:
        """What a table of the run says; plain data."""
        measured = [r for r in self.records if r["loss"] is not None]
        loss = [measured[0]["loss"], measured[-1]["loss"]] if measured else [None, None]
        if self.status is Status.DIVERGED and len(self.losses):
            loss[1] = float(self.losses[-1])
        shares = self.nonlinear_shares
        batch = [r["batch_sharpness"] for r in self.records if r.get("batch_sharpness")]
        edges = [r["edge"] for r in self.records if r.get("edge") is not None]
        return {
            "status": str(self.status),
            "steps": self.stopped,
            "optimiser": self.optimiser,
            "step_size": self.step_size,
            "loss": loss,
            "edge": edges[-1] if edges else None,
            "held": held_against_the_edge(self.records),
            "crossings": self.crossings,
            "eigenvalues": {key: self._extent(key) for key in EIGENVALUES if self.has(key)},
            "batch_sharpness": batch[-1] if batch else None,
            "products": float(np.mean([r["products"] for r in self.records])) if self.records else None,
            "nonlinear_share": None if shares is None else {"while_sharpening": shares[0], "while_falling": shares[1]},
            "seconds": self.seconds,
        }

    def has(self, key: str) -> bool:
        """Whether an entry of the records was measured at all."""
        return any(r.get(key) is not None for r in self.records)

    def _extent(self, key: str) -> dict[str, Any]:
        """First, largest and last eigenvalues, and the largest bound."""
        values = self.series(key)
        known = values[np.isfinite(values[:, 0])]
        bound = self.series(bound_key(key))
        return {
            "first": known[0].tolist(),
            "largest": known.max(axis=0).tolist(),
            "last": known[-1].tolist(),
            "bound": float(np.nanmax(bound)),
        }


def bound_key(key: str) -> str:
    """Where a record holds the bounds of eigenvalues."""
    return "bound" if key == "sharpness" else f"{key}_bound"


def series_of(records: tuple[Record, ...] | list[Record], key: str) -> Array:
    """One entry of records, with nan for what is missing; see ``TrainingRun.series``."""
    values = [r.get(key) for r in records]
    width = max((len(v) for v in values if isinstance(v, list)), default=0)
    if not width:
        return np.array([np.nan if v is None else v for v in values], dtype=float)
    table = np.full((len(values), width), np.nan)
    for row, value in zip(table, values, strict=True):
        if value is not None:
            row[: len(value)] = [np.nan if v is None else v for v in value]
    return table


def held_against_the_edge(records: tuple[Record, ...] | list[Record]) -> str | None:
    """The eigenvalues that the edge speaks of: preconditioned where there are any, else the sharpness, else others."""
    for key in EIGENVALUES:
        if any(r.get(key) is not None for r in records):
            return key
    return None


def count_crossings(records: tuple[Record, ...] | list[Record]) -> int:
    """How often the largest eigenvalue crosses the edge."""
    key = held_against_the_edge(records)
    if key is None:
        return 0
    excess = series_of(records, key)[:, 0] - series_of(records, "edge")
    excess = excess[np.isfinite(excess)]
    return int(np.sum(excess[1:] * excess[:-1] < 0))
