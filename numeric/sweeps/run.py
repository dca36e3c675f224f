"""Run a sweep: split a grid into chunks, run them here or on a cluster, resume from chunk files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np

from ...symbolic.algebra.errors import DomainError
from ...symbolic.models.quadratic import main_case
from ..codegen.cuda_device import need_device
from ..orbits.starts import exact_rational
from ..runs.chunk_store import ChunkStore
from ..runs.cluster import count_cores, map_chunks
from .chunk import CEILING, COLUMNS, Columns, SweepJob, drive_on_lanes, empty_columns, program_digest, run_job
from .cuda_kernel import drive_on_device
from .grid import SweepGrid
from .kernel import LANES, load_sweep, sweep_program
from .result import SweepResult

#: ``progress(trajectories done, trajectories in all, gradient steps taken in this run)``.
Progress = Callable[[int, int, int], None]
DEFAULT_STEPS = 1_000_000
DEFAULT_UNTIL = 1e-8
MAX_CHUNK = 16_384
DEVICE_CHUNK = 1_048_576
DEVICES = ("cpu", "cuda")


class _Jobs(Sequence[SweepJob]):
    """The jobs of some chunks, made when asked for: a grid of 10^8 starts is never held as a whole."""

    def __init__(self, grid: SweepGrid, size: int, which: Sequence[int], **limits: Any) -> None:
        self.grid, self.size, self.which, self.limits = grid, size, which, limits

    def place(self, position: int) -> slice:
        """Where the trajectories of a job lie in the grid."""
        first = self.which[position] * self.size
        return slice(first, min(first + self.size, self.grid.size))

    def __len__(self) -> int:
        return len(self.which)

    @overload
    def __getitem__(self, index: int) -> SweepJob: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SweepJob]: ...
    def __getitem__(self, index: int | slice) -> SweepJob | Sequence[SweepJob]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = self.place(index)
        return SweepJob(self.grid.lanes(place.start, place.stop), **self.limits)


def _chunk_size(grid: SweepGrid, chunk: int | None, workers: int, device: str) -> int:
    if chunk is not None:
        if isinstance(chunk, bool) or not isinstance(chunk, int) or not 1 <= chunk <= 10**7:
            raise DomainError.of(
                "sweep()", "1..10000000 trajectories in a chunk", chunk, "Leave it out for the default."
            )
        return chunk
    if device == "cuda":
        return DEVICE_CHUNK
    # a few chunks for each worker, so that none waits long for the last; whole blocks of lanes
    share = -(-grid.size // (8 * workers))
    return min(MAX_CHUNK, max(4 * LANES, -(-share // LANES) * LANES))


def sweep(
    grid: SweepGrid,
    *,
    steps: int = DEFAULT_STEPS,
    until: object = DEFAULT_UNTIL,
    workers: int | None = None,
    scheduler: str | None = None,
    device: str = "cpu",
    output: str | Path | None = None,
    chunk: int | None = None,
    force: bool = False,
    info: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> SweepResult:
    """Iterate the exact map of the model ``{1, -epsilon}`` from every start of a grid to its end.

    Each trajectory runs in double precision, in coordinates that keep the relative accuracy of ``2 - T``, until
    ``|z| < until``, until ``T > 10^6`` or a number is no longer finite (diverged), or for ``steps`` steps. No
    paths are stored. Results do not depend, to the bit, on threads, chunks, or the machines of a cluster.

    Args:
        grid: the starts, from :func:`make_sweep_grid`.
        steps: gradient steps at most, from 0.
        until: residual at which a trajectory has converged, in (0, 1).
        workers: local threads; default: every core this process may use.
        scheduler: address of a Dask scheduler (``tcp://host:port``) to run the chunks elsewhere.
        device: ``"cpu"``, or ``"cuda"`` for an NVIDIA GPU of this machine; the results are the same to the bit.
        output: folder for chunk files; a sweep that was killed resumes from the chunks it finds there.
        chunk: trajectories in a chunk; default: a few chunks for each worker, at most 16384; on a GPU 1048576.
        force: discard another run found in ``output``.
        info: more data for ``run.json`` (argv, versions).
        progress: called after each chunk.

    Returns:
        The end of every trajectory. Stated error of ``gap``: ``gap_error``, plus rounding of a few units in the last
        place for each step.

    Raises:
        DomainError: a limit is out of range.
        OutputError: the folder cannot be written or holds another run.
        ClusterError: the scheduler or its workers do not answer.
        CodegenError: ``device="cuda"`` without CuPy or without a GPU.

    Source:
        Derived here.

    Example:
        >>> grid = es.sweeps.make_sweep_grid(epsilon="0.01,0.1", z="-0.3:0.3:2", T=2)
        >>> es.sweep(grid).summary()["regions"]
        {'relaxed': 2, 'frozen': 2, 'diverged': 0, 'unfinished': 0}
    """
    if isinstance(steps, bool) or not isinstance(steps, int) or not 0 <= steps <= 10**15:
        raise DomainError.of("sweep()", "steps in 0..10^15", steps, "Give a number of gradient steps.")
    if device not in DEVICES or (device == "cuda" and scheduler is not None):
        got = device if scheduler is None else f"{device} with a scheduler"
        raise DomainError.of("sweep()", "device 'cpu', or 'cuda' on this machine", got, "Choose one of the two.")
    if device == "cuda":
        need_device("sweep(device='cuda')")
    tolerance = float(exact_rational(until, "sweep()"))
    if not 1e-140 <= tolerance < 1:
        raise DomainError.of("sweep()", "until in [1e-140, 1)", until, "It bounds |z|; its square must not underflow.")
    limits = {"steps": steps, "until": tolerance, "ceiling": CEILING, "digest": program_digest()}
    size = _chunk_size(grid, chunk, workers or count_cores(), device)
    config = {"grid": grid.to_json(), **limits}
    store = None
    if output is not None:
        found = ChunkStore.peek(output, "chunk_size")
        size = size if chunk is not None or not isinstance(found, int) else found
        store = ChunkStore(output, {**config, "chunk_size": size}, -(-grid.size // size), info=info, force=force)
    return _run(grid, size, config, limits, store, (device, workers, scheduler), progress)


def _run(
    grid: SweepGrid,
    size: int,
    config: dict[str, Any],
    limits: dict[str, Any],
    store: ChunkStore | None,
    where: tuple[str, int | None, str | None],
    progress: Progress | None,
) -> SweepResult:
    columns = empty_columns(grid.size)
    missing: list[int] = []
    done = taken = 0
    began = time.perf_counter()

    def keep(index: int, part: Columns) -> None:
        nonlocal done
        first = index * size
        for name, values in columns.items():
            # chunks that ran here have been written in their place
            if not np.may_share_memory(values, part[name]):
                values[first : first + size] = part[name]
        done += len(part["status"])

    for index in range(-(-grid.size // size)):
        part = store.load(index) if store else None
        if part is not None and _fits(part, min(size, grid.size - index * size)):
            keep(index, part)
        else:
            missing.append(index)
    if progress:
        progress(done, grid.size, 0)
    for position, part in _compute(_Jobs(grid, size, missing, **limits), columns, *where):
        index = missing[position]
        if store:
            store.save(index, part)
        keep(index, part)
        taken += int(part["steps"].sum())
        if progress:
            progress(done, grid.size, taken)
    shaped = {name: values.reshape(grid.shape) for name, values in columns.items()}
    result = SweepResult(grid, shaped, config, time.perf_counter() - began if missing else 0.0)
    if store:
        store.write_run(finished=True, summary=result.summary())
    return result


def _compute(
    jobs: _Jobs, columns: Columns, device: str, workers: int | None, scheduler: str | None
) -> Iterator[tuple[int, Columns]]:
    if scheduler is not None:
        yield from map_chunks(run_job, jobs, scheduler=scheduler)
        return
    drive = drive_on_device if device == "cuda" else drive_on_lanes
    if jobs and device == "cpu":
        load_sweep(sweep_program(main_case()))  # compile once, before the threads start

    def run_here(position: int) -> Columns:
        place = jobs.place(position)
        return run_job(jobs[position], drive, {name: values[place] for name, values in columns.items()})

    yield from map_chunks(run_here, range(len(jobs)), workers=workers)


def _fits(part: Columns, length: int) -> bool:
    """Whether a loaded chunk has every column at the right length and type."""
    return set(part) == set(COLUMNS) and all(
        part[name].shape == (length,) and part[name].dtype == np.dtype(dtype) for name, (dtype, _) in COLUMNS.items()
    )
