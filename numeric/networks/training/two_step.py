"""The two-step change of the top NTK eigenvalue of a watched run: its part linear in the residual, and the rest."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from .records import Record

Array = np.ndarray[Any, np.dtype[Any]]
WINDOW = 10
"""Steps on each side of the steepest fall that count to it."""


class Linearised(Protocol):
    """What the split asks of a point."""

    @property
    def examples(self) -> int:
        """Number of examples."""

    @property
    def residual(self) -> Array:
        """Derivative of the summed loss in the outputs, ``(M,)``."""

    def jacobian_product(self, vectors: Array) -> Array:
        """``J V``."""

    def transposed_product(self, vectors: Array) -> Array:
        """``J' U``."""

    def output_curvature(self, cotangent: Array, first: Array, second: Array) -> float:
        """``c' Q(u, v)``."""


def linear_part(point: Linearised, step_size: float, top: Array) -> float:
    """The part of the two-step change of the top eigenvalue of ``J J' / N`` that is linear in the residual.

    With ``h = eta / N`` it is ``-2 h u'Q(J'(2 - h J J')z, J'u) / N``, as for the general model with D outputs.

    Args:
        point: where, for the squared loss, over all examples.
        step_size: eta of gradient descent.
        top: the eigenvector u, shape ``(M,)``.

    Returns:
        The number.
    """
    rate = step_size / point.examples
    slope = point.transposed_product(point.residual)
    damped = 2 * slope - rate * point.transposed_product(point.jacobian_product(slope))
    top = top.astype(slope.dtype)
    return -2 * rate * point.output_curvature(top, point.transposed_product(top), damped) / point.examples


def split_changes(records: tuple[Record, ...] | list[Record]) -> dict[str, Array] | None:
    """Two-step changes of the top NTK eigenvalue along a run that measured every step.

    Args:
        records: with ``two_step``.

    Returns:
        ``steps``, ``eigenvalue``, ``change``, ``linear`` and ``nonlinear``, shape ``(T - 2,)``; None where fewer than
        three steps in a row were measured so.
    """
    rows = [(r["step"], r["two_step"]["eigenvalue"], r["two_step"]["linear"]) for r in records if r.get("two_step")]
    if len(rows) < 3 or any(b[0] - a[0] != 1 for a, b in pairwise(rows)):
        return None
    steps, value, linear = np.array(rows, dtype=float).T
    change = value[2:] - value[:-2]
    parts = {"steps": steps[:-2], "eigenvalue": value[:-2], "change": change, "linear": linear[:-2]}
    return parts | {"nonlinear": change - linear[:-2]}


def nonlinear_shares(records: tuple[Record, ...] | list[Record], edge: float) -> tuple[float, float | None] | None:
    """The sum of the non-linear over that of the linear part: up to the edge, and around the steepest fall.

    Args:
        records: with ``two_step``.
        edge: ``2 / eta``.

    Returns:
        The two shares; None where the run never crosses the edge or was not measured at every step. The second is None
        where the eigenvalue has not come back below the edge: nothing has fallen yet.
    """
    split = split_changes(records)
    if split is None:
        return None
    value, rest, part = split["eigenvalue"], np.abs(split["nonlinear"]), np.abs(split["linear"])
    above = np.flatnonzero(value > edge)
    if not len(above) or above[0] < 2:
        return None
    crossing = int(above[0])
    rising = float(rest[:crossing].sum() / part[:crossing].sum())
    peak = crossing + int(np.argmax(value[crossing:]))
    if not np.any(value[peak:] < edge):
        return rising, None
    fall = crossing + int(np.argmin(split["change"][crossing:]))
    around = slice(max(fall - WINDOW, crossing), fall + WINDOW)
    return rising, float(rest[around].sum() / part[around].sum())
