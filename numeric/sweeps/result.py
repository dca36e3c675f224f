"""The result of a sweep: arrays of the grid's shape, a summary, regions, and trajectories on request."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...symbolic.algebra.errors import DomainError
from ...symbolic.models.quadratic import main_case
from ..runs.limits import check_count
from ..runs.status import CODES, Status
from .chunk import CEILING, COLUMNS, Columns, SweepJob, enter, leave, program_digest, run_job
from .grid import Floats, SweepGrid
from .kernel import NARROW, ROWS, load_sweep, parameter_rows, sweep_program

REGIONS = ("relaxed", "frozen", Status.DIVERGED.value, "unfinished")
#: A converged orbit is relaxed when its gap is within this share of the slow manifold's.
TOLERANCE = 0.1
#: Grids up to this size are written into the JSON lane by lane.
MAX_ROWS = 10_000
#: States of one trajectory kept at most.
MAX_PATH = 10**7
#: Sample points of the curve ``gap(epsilon)`` in a decade.
DENSITY = 24
#: Residuals at starts on the edge. Negative ones sharpen first and relax fully; further out (below -0.6) orbits come
#: near starts that diverge, and at larger epsilon jump far below the edge.
REFERENCE_STARTS = (-0.4, -0.35, -0.3, -0.25, -0.2)
REFERENCE_STEPS = 10**9


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Every ``stride``-th state of one orbit, from its start to the first kept step at or after its end.

    Attributes:
        step: gradient steps, shape ``(n,)``.
        z: rescaled residual, shape ``(n,)``.
        T: rescaled NTK eigenvalue, shape ``(n,)``.
        start: the axis values of the orbit, by name.
    """

    step: NDArray[np.int64]
    z: Floats
    T: Floats
    start: dict[str, float]


@dataclass(frozen=True, eq=False)
class SweepResult:
    """What a sweep keeps of each trajectory: arrays of the grid's shape, by the names of ``COLUMNS``.

    Attributes:
        grid: the starts.
        columns: the arrays.
        config: what the results depend on, as plain data.
        seconds: wall time of the run (0 for chunks read from files).

    Source:
        Derived here.

    Example:
        >>> grid = es.sweeps.make_sweep_grid(epsilon="0.01,0.1", z="-0.3:0.3:2", T=2)
        >>> result = es.sweep(grid)
        >>> result["gap"].round(4).ravel()
        array([0.0051, 0.5971, 0.0598, 0.5721])
    """

    grid: SweepGrid
    columns: Columns
    config: dict[str, Any]
    seconds: float = 0.0

    def __getitem__(self, name: str) -> NDArray[Any]:
        """One array, for example ``result["gap"]``.

        Args:
            name: a column.

        Returns:
            The array, of the grid's shape.

        Raises:
            DomainError: there is no such column.
        """
        if name not in self.columns:
            raise DomainError.of("SweepResult[]", f"one of {', '.join(COLUMNS)}", name, "Pick one of these.")
        return self.columns[name]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all columns: equal for equal bits, whatever machine, threads and chunks made them."""
        state = hashlib.sha256()
        for name, (dtype, _) in COLUMNS.items():
            state.update(np.ascontiguousarray(self.columns[name], dtype=np.dtype(dtype).newbyteorder("<")).tobytes())
        return state.hexdigest()

    @cached_property
    def regions(self) -> NDArray[np.int8]:
        """Index into ``REGIONS`` for each start.

        A converged orbit is *relaxed* when it ends within a tenth of ``2 - T`` of the slow manifold, a property of
        epsilon alone (:func:`reference_gap`), and *frozen* when it stopped elsewhere, before it forgot its start.
        """
        status, gap = self.columns["status"], self.columns["gap"]
        expected = reference_gap(self.epsilon)
        relaxed = np.abs(gap - expected) <= TOLERANCE * expected
        return np.select(
            [status == Status.DIVERGED.code, status == Status.MAX_STEPS.code, ~relaxed], [2, 3, 1], 0
        ).astype(np.int8)

    @property
    def epsilon(self) -> Floats:
        """Epsilon of each orbit, broadcastable to the grid's shape."""
        values, axes = self.grid.axes["epsilon"], list(self.grid.axes)
        if self.grid.layout == "points":
            return values
        return values.reshape([-1 if name == "epsilon" else 1 for name in axes])

    def thinned(self, most: int) -> SweepResult:
        """Every n-th value of each axis, so that none keeps more than so many.

        Args:
            most: values of an axis at most, from 1.

        Returns:
            The result of the thinner grid; itself where nothing is too many, and for a list of points.

        Raises:
            DomainError: ``most`` is no count.
        """
        most = check_count("thinned()", "most", most)
        steps = tuple(-(-n // most) for n in self.grid.shape)
        if self.grid.layout == "points" or set(steps) == {1}:
            return self
        axes = {n: values[::step] for (n, values), step in zip(self.grid.axes.items(), steps, strict=True)}
        every = tuple(slice(None, None, step) for step in steps)
        columns = {name: np.ascontiguousarray(values[every]) for name, values in self.columns.items()}
        return SweepResult(SweepGrid(axes), columns, self.config, self.seconds)

    def trajectory(self, index: int | tuple[int, ...], *, stride: int = 1) -> Trajectory:
        """Run one orbit again, bit for bit as in the sweep, and keep every ``stride``-th state.

        Args:
            index: position in the grid, flat or one number for each axis.
            stride: gradient steps between kept states.

        Returns:
            The states, about ``steps / stride`` of them.

        Raises:
            DomainError: the position is not in the grid, or too many states would be kept.
        """
        shape = self.grid.shape
        try:
            flat = int(np.ravel_multi_index(index, shape)) if isinstance(index, tuple) else range(self.grid.size)[index]
        except (ValueError, IndexError, TypeError) as error:
            raise DomainError.of(
                "trajectory()", f"an index into a grid {shape}", index, "Counting is from 0."
            ) from error
        taken = int(self.columns["steps"].flat[flat])
        if stride < 1 or taken // stride > MAX_PATH:
            raise DomainError.of(
                "trajectory()",
                f"a stride that keeps 1..{MAX_PATH} states of {taken} steps",
                stride,
                "Raise the stride.",
            )
        lanes = self.grid.lanes(flat, flat + 1)
        start = enter(lanes)
        program = sweep_program(main_case())
        path = np.empty((-(-taken // stride) + 1, 2))
        parameters = parameter_rows(program, lanes["epsilon"])
        work = np.repeat(np.concatenate([start[0, :2], np.zeros(ROWS - 2), parameters[0]]), NARROW)
        kernel = load_sweep(program)
        kernel.record(path.ctypes.data, work.ctypes.data, len(path), stride)
        with np.errstate(all="ignore"):
            T = 2.0 + leave(lanes, path[:, 0], path[:, 1])
        steps = stride * np.arange(len(path), dtype=np.int64)
        return Trajectory(steps, path[:, 0].copy(), T, {name: float(v[0]) for name, v in lanes.items()})

    def summary(self) -> dict[str, Any]:
        """Counts by status and region, the range of the gap, work done and speed, as plain data."""
        status, regions = self.columns["status"].ravel(), self.regions.ravel()
        gap = self.columns["gap"][np.isfinite(self.columns["gap"])]
        total = int(self.columns["steps"].sum())
        return {
            "trajectories": self.grid.size,
            "status": {name.value: int(np.count_nonzero(status == k)) for k, name in enumerate(CODES)},
            "regions": {name: int(np.count_nonzero(regions == k)) for k, name in enumerate(REGIONS)},
            "reached_edge": int(np.count_nonzero(self.columns["edge_step"] >= 0)),
            "gap_min": float(gap.min()) if gap.size else None,
            "gap_max": float(gap.max()) if gap.size else None,
            "steps_total": total,
            "seconds": round(self.seconds, 3),
            "steps_per_second": round(total / self.seconds) if self.seconds else None,
            "digest": self.digest,
        }

    def to_json(self) -> dict[str, Any]:
        """Configuration, summary, and the columns of small grids (flat, in C order; undefined numbers are null)."""
        content: dict[str, Any] = {"config": self.config, "grid": self.grid.to_json(), "summary": self.summary()}
        if self.grid.size <= MAX_ROWS:
            content["columns"] = {
                name: [x if math.isfinite(x) else None for x in values.ravel().tolist()]
                for name, values in self.columns.items()
            }
        return content


def reference_gap(epsilon: Floats) -> Floats:
    """``2 - lim T`` of orbits that relax fully: the end of the slow manifold, for each epsilon.

    For a sample of epsilons a few orbits run to their limit, and their median stands for all that relax; between
    samples ``gap / epsilon`` is interpolated. Above epsilon = 0.2 or so orbits stop before they relax fully, the slow
    manifold loses its meaning, and the value is merely that of these orbits.

    Args:
        epsilon: values in (0, 1), any shape.

    Returns:
        The gap, of the same shape. Stated error: 1 % for epsilon up to 0.1.
    """
    low, high = float(epsilon.min()), float(epsilon.max())
    count = int(np.ceil(DENSITY * np.log10(high / low))) + 1
    sample = np.geomspace(low, high, count)
    lanes = {
        "epsilon": np.repeat(sample, len(REFERENCE_STARTS)),
        "z": np.tile(REFERENCE_STARTS, count),
        "T": np.full(count * len(REFERENCE_STARTS), 2.0),
    }
    # the residual only has to be small against epsilon for the limit to be known
    out = run_job(SweepJob(lanes, REFERENCE_STEPS, min(1e-6, low / 1e3), CEILING, program_digest()))
    ratio = np.median(out["gap"].reshape(count, -1), axis=1) / sample
    scaled: Floats = np.interp(np.log(epsilon), np.log(sample), ratio) * epsilon
    return scaled
