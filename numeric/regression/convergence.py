"""The top NTK eigenvalue at convergence over residual scales, step sizes and shapes, with statistics over samples.

One chunk is one sample of one shape: all its lanes (residual scales times step sizes) share Q and run as one batch.
The same directions of z, J and Q serve every scale, so differences along the grid are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ..initialisation.laws import CurvatureLaw, Entries
from ..runs.chunk_store import ChunkStore
from ..runs.cluster import map_chunks
from ..runs.limits import check_count, check_memory, check_pair, check_positive, one_thread_each, refuse
from ..runs.status import CODES, Status
from .descent import descend_regression, top_two
from .ensemble import RegressionEnsemble
from .flow import integrate_regression_flow
from .model import RegressionState

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class ConvergenceGrid:
    """What to run.

    Attributes:
        shapes: pairs ``(D, P)``.
        sigma_z: residual scales, in the units of ``RegressionEnsemble.normalised``.
        starts: starting ``eta lambda_max(0)`` of each step size, each in ``(0, 2)``.
        samples: samples of each shape.
        seed: seed.
        max_steps: largest number of steps.
        tolerance: relative gradient norm at convergence.
        record_every: steps between measurements of ``eta lambda_max`` (for its peak and its crossings).
        flow: whether to run the gradient flow as well.
        entries: law of one entry.
        curvature: law of one slice of Q.
        correlation: correlation of ``J[a, i]`` with ``z[a]``.

    Source:
        Agarwala, Pedregosa and Pennington 2022, Figure 3.

    Example:
        >>> es.regression.ConvergenceGrid(shapes=((3, 6),), samples=2).config["samples"]
        2
    """

    shapes: tuple[tuple[int, int], ...] = ((20, 80), (20, 40), (40, 20))
    sigma_z: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
    starts: tuple[float, ...] = (0.5, 0.75, 1.0)
    samples: int = 12
    seed: int = 0
    max_steps: int = 10_000
    tolerance: float = 1e-5
    record_every: int = 4
    flow: bool = True
    entries: Entries = "gaussian"
    curvature: CurvatureLaw = "goe"
    correlation: float = 0.0

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            DomainError: an empty axis or a value out of range.
        """
        where = "ConvergenceGrid()"
        for name in ("shapes", "sigma_z", "starts"):
            if not len(getattr(self, name)):
                refuse(where, f"at least one entry in {name}", "none", "Give one.")
        for shape in self.shapes:
            self.law(*check_pair(where, "shapes", shape))
        for value in self.sigma_z:
            check_positive(where, "sigma_z", value)
        for value in self.starts:
            if check_positive(where, "starts", value) >= 2:
                refuse(where, "a starting eta lambda_max below the edge, in (0, 2)", repr(value), "Lower it.")
        for name in ("samples", "max_steps", "record_every"):
            check_count(where, name, getattr(self, name))
        check_positive(where, "tolerance", self.tolerance)

    def law(self, outputs: int, parameters: int) -> RegressionEnsemble:
        """The law of the starts of one shape, with residual scale 1."""
        return RegressionEnsemble.normalised(
            outputs,
            parameters,
            entries=self.entries,
            curvature=self.curvature,
            correlation=self.correlation,
        )

    @property
    def config(self) -> dict[str, Any]:
        """The grid as JSON-ready data."""
        plain = asdict(self)
        return {
            key: [list(v) if isinstance(v, tuple) else v for v in value] if isinstance(value, tuple) else value
            for key, value in plain.items()
        }

    @property
    def lanes(self) -> int:
        """Runs of gradient descent in one chunk."""
        return len(self.sigma_z) * len(self.starts)

    def bytes_needed(self, workers: int = 1) -> int:
        """Peak memory: Q, four Jacobians a lane, and the records, for each worker.

        Args:
            workers: number of processes.

        Returns:
            Bytes.
        """
        records = 8 * 6 * self.lanes * (self.max_steps // self.record_every + 1)
        largest = max(
            RegressionEnsemble.normalised(d, p).bytes_needed + 8 * 4 * self.lanes * d * p for d, p in self.shapes
        )
        return workers * (largest + records)


@dataclass(frozen=True, eq=False)
class ConvergenceTable:
    """Results over ``(shape, sample, sigma_z, start)``.

    Attributes:
        grid: what was run.
        initial: ``lambda_max(0)``, shape ``(shapes, samples)``.
        final: ``lambda_max`` where each run stopped; nan where it diverged.
        second: second largest NTK eigenvalue there.
        hessian: largest eigenvalue of the loss Hessian there.
        peak: largest measured ``eta lambda_max``.
        crossings: how often the measured ``eta lambda_max`` crossed 2.
        status: code of the status.
        stopped: steps taken.
        flow_final: ``lambda_max`` at the end of the gradient flow, shape ``(shapes, samples, sigma_z)``; nan
            where not run.
        flow_error: its integration error.
    """

    grid: ConvergenceGrid
    initial: Array
    final: Array
    second: Array
    hessian: Array
    peak: Array
    crossings: Array
    status: Array
    stopped: Array
    flow_final: Array
    flow_error: Array

    @property
    def step_sizes(self) -> Array:
        """Step size of each run, shape ``(shapes, samples, 1, starts)``."""
        return np.asarray(np.array(self.grid.starts) / self.initial[:, :, None, None])

    @property
    def scaled_ntk(self) -> Array:
        """``eta lambda_max`` at convergence; nan for runs that did not converge."""
        return np.where(self.status == Status.CONVERGED.code, self.final * self.step_sizes, np.nan)

    @property
    def scaled_hessian(self) -> Array:
        """``eta`` times the top Hessian eigenvalue at convergence; nan for runs that did not converge."""
        return np.where(self.status == Status.CONVERGED.code, self.hessian * self.step_sizes, np.nan)

    @property
    def flow_growth(self) -> Array:
        """``lambda_max`` at the end of the flow over that at the start, of the very runs that converged; nan elsewhere.

        Shaped like :attr:`scaled_ntk`, so that means over samples compare descent and flow on the same starts: large
        residuals diverge more often under descent, and would count under the flow alone.
        """
        growth = self.flow_final[..., None] / self.initial[..., None, None]
        return np.where(self.status == Status.CONVERGED.code, growth, np.nan)

    def summary(self) -> list[dict[str, Any]]:
        """One row for each (shape, sigma_z, start): counts, and the mean scaled NTK eigenvalue with its error."""
        rows = []
        for a, (outputs, parameters) in enumerate(self.grid.shapes):
            for i, scale in enumerate(self.grid.sigma_z):
                for j, begin in enumerate(self.grid.starts):
                    status, values = self.status[a, :, i, j], self.scaled_ntk[a, :, i, j]
                    good = values[np.isfinite(values)]
                    growth = self.flow_growth[a, :, i, j][np.isfinite(values)]
                    rows.append(
                        {
                            "outputs": outputs,
                            "parameters": parameters,
                            "sigma_z": scale,
                            "start": begin,
                            **{end.value: int(np.sum(status == end.code)) for end in CODES},
                            "sharpness": float(good.mean()) if len(good) else None,
                            "standard_error": float(good.std(ddof=1) / np.sqrt(len(good))) if len(good) > 1 else None,
                            "hessian": float(np.nanmean(self.scaled_hessian[a, :, i, j])) if len(good) else None,
                            "crossed": int(np.sum(self.peak[a, :, i, j] >= 2)),
                            "flow_growth": float(growth.mean()) if len(good) and np.isfinite(growth).all() else None,
                        }
                    )
        return rows


@dataclass(frozen=True)
class Job:
    """One chunk: one sample of one shape."""

    grid: ConvergenceGrid
    shape: int
    sample: int


def run_job(job: Job) -> dict[str, Array]:
    """Run one sample of one shape over all scales and step sizes.

    Args:
        job: the chunk.

    Returns:
        Arrays over ``(sigma_z, start)``, and over ``sigma_z`` for the flow.
    """
    grid, shape, sample = job.grid, job.shape, job.sample
    outputs, parameters = grid.shapes[shape]
    state = grid.law(outputs, parameters).sample(grid.seed, sample)
    initial = float(top_two(state.J[None])[0, 0])
    box = (len(grid.sigma_z), len(grid.starts))
    etas = np.broadcast_to(np.array(grid.starts) / initial, box).ravel()
    scales = np.repeat(grid.sigma_z, box[1])
    run = descend_regression(
        state,
        etas,
        scales=scales,
        max_steps=grid.max_steps,
        tolerance=grid.tolerance,
        record_every=grid.record_every,
    )
    flow_final, flow_error = np.full(box[0], np.nan), np.full(box[0], np.nan)
    if grid.flow:
        for i, scale in enumerate(grid.sigma_z):
            flow = integrate_regression_flow(state.scaled_residual(scale), tolerance=grid.tolerance, rtol=1e-8)
            if flow.status is Status.CONVERGED:
                flow_final[i], flow_error[i] = flow.ntk[-1, 0], flow.energy_error
    return {
        "initial": np.array(initial),
        "final": run.final_ntk[:, 0].reshape(box),
        "second": run.final_ntk[:, 1].reshape(box),
        "hessian": np.array([_sharpness(point) for point in run.final]).reshape(box),
        "peak": run.peak.reshape(box),
        "crossings": run.edge_crossings.reshape(box),
        "status": np.array([end.code for end in run.status]).reshape(box),
        "stopped": run.stopped.reshape(box),
        "flow_final": flow_final,
        "flow_error": flow_error,
    }


def run_convergence_grid(
    grid: ConvergenceGrid,
    *,
    folder: str | Path | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    force: bool = False,
    info: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ConvergenceTable:
    """Run a grid, in several processes and with a folder to resume from when asked.

    Args:
        grid: what to run.
        folder: where each finished chunk is stored; a later call with the same grid computes only what is missing.
        workers: processes; the results do not depend on their number.
        scheduler: address of a Dask scheduler that runs the chunks instead.
        force: discard what another grid left in the folder.
        info: more data for the folder's ``run.json`` (argv, versions).
        progress: called with ``(chunks done, chunks)``.

    Returns:
        The table.

    Raises:
        DomainError: the memory needed exceeds what is free (said before it starts).
        OutputError: the folder cannot be written or belongs to another grid.

    Source:
        Agarwala, Pedregosa and Pennington 2022, Figure 3.

    Example:
        >>> grid = es.regression.ConvergenceGrid(shapes=((3, 6),), sigma_z=(0.5,), starts=(0.5,), samples=2)
        >>> es.regression.run_convergence_grid(grid).scaled_ntk.shape
        (1, 2, 1, 1)
    """
    check_count("run_convergence_grid()", "workers", workers)
    if scheduler is None:
        check_memory(
            "run_convergence_grid()",
            grid.bytes_needed(workers),
            f"{workers} worker(s)",
            "Use fewer workers, smaller shapes, or a larger record_every.",
        )
    jobs = [Job(grid, shape, sample) for shape in range(len(grid.shapes)) for sample in range(grid.samples)]
    store = None if folder is None else ChunkStore(folder, grid.config, len(jobs), info=info, force=force)
    found: dict[int, Mapping[str, Array]] = {}
    if store is not None:
        found = {index: known for index in range(len(jobs)) if (known := store.load(index)) is not None}
    todo = [index for index in range(len(jobs)) if index not in found]
    if progress is not None:
        progress(len(found), len(jobs))
    with one_thread_each():
        work = [jobs[index] for index in todo]
        for place, arrays in map_chunks(run_job, work, workers=workers, scheduler=scheduler, backend="processes"):
            found[todo[place]] = arrays
            if store is not None:
                store.save(todo[place], arrays)
            if progress is not None:
                progress(len(found), len(jobs))
    if store is not None:
        store.write_run(finished=True)
    shape = (len(grid.shapes), grid.samples)
    stacked = {
        item.name: np.array([found[index][item.name] for index in range(len(jobs))])
        for item in fields(ConvergenceTable)
        if item.name != "grid"
    }
    return ConvergenceTable(
        grid, **{name: values.reshape(*shape, *values.shape[1:]) for name, values in stacked.items()}
    )


def _sharpness(state: RegressionState | None) -> float:
    """The top Hessian eigenvalue; nan for a run that diverged."""
    return float("nan") if state is None else float(np.linalg.eigvalsh(state.hessian())[-1])
