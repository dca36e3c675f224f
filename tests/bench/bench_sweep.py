"""Sweeps of orbits of very different lengths: against the kernel alone, NumPy, no refilling; orbits at 16 digits."""

import numpy as np
from numpy.typing import NDArray

from edgestab.numeric.codegen.machine_code import load_function
from edgestab.numeric.sweeps.chunk import SweepJob, enter, program_digest, run_job
from edgestab.numeric.sweeps.grid import make_sweep_grid
from edgestab.numeric.sweeps.kernel import LANES, generate_sweep, parameter_rows, sweep_program
from edgestab.numeric.sweeps.run import sweep
from edgestab.symbolic.models.quadratic import main_case
from tests.bench.timing import Ratio, take_turns

GRID = make_sweep_grid(epsilon="5e-4:0.1:192:log", z="-0.5:0.7:192", T=2)
UNTIL = 1e-8
STEPS = 100_000
PASSES = 2048

TARGETS = {
    "sweep: fraction of its kernel's speed on full lanes": 0.7,
    "sweep: 2 threads / 1 thread": 1.7,
    "sweep / NumPy with compaction": 100.0,
    "sweep: refilled lanes / lanes that wait for the longest of their block": 3.0,
}


def numpy_sweep(lanes: dict[str, NDArray[np.float64]]) -> int:
    """The sweep as one would write it in NumPy: all orbits at once, finished ones dropped every 64 steps."""
    z, T, eps = lanes["z"].copy(), lanes["T"].copy(), lanes["epsilon"].copy()
    largest = T.copy()
    taken = 0
    while z.size and taken < STEPS:
        for _ in range(64):
            first = (1 - eps) * T + 2 * eps * z
            z, T = z - z * T + z * z * first / 2, T - 2 * z * first + z * z * ((1 - eps) * first + eps * T)
            np.maximum(largest, T, out=largest)
        taken += 64
        on = (np.abs(z) >= UNTIL) & (T < 1e6)
        if not on.all():
            z, T, eps, largest = z[on], T[on], eps[on], largest[on]
    return taken


def measure() -> dict[str, float | Ratio]:
    """All ratios of this bench."""
    lanes = GRID.lanes(0, GRID.size)
    job = SweepJob(lanes, STEPS, UNTIL, 1e6, program_digest())
    steps = run_job(job)["steps"]
    total = int(steps.sum())
    # neighbours of a grid end together; for starts in any order they do not
    shuffled = np.random.default_rng(1).permutation(steps)
    waiting = np.pad(shuffled, (0, -len(steps) % LANES)).reshape(-1, LANES).max(axis=1).sum() * LANES
    start, parameters = enter(lanes), parameter_rows(sweep_program(main_case()), lanes["epsilon"])
    burst = load_function(generate_sweep(sweep_program(main_case())), "advance", pointers=1, integers=2)
    blocks = 16
    # orbits that go on for long: none ends, and none underflows, while the bare kernel is timed
    lasting = np.flatnonzero(steps > 4 * PASSES)[: blocks * LANES]
    work = np.zeros((blocks, 4 + parameters.shape[1], LANES))
    work[:, :2] = start[lasting, :2].reshape(blocks, LANES, 2).transpose(0, 2, 1)
    work[:, 4:] = parameters[lasting].reshape(blocks, LANES, -1).transpose(0, 2, 1)

    # about as long as the sweep, so that a busy machine disturbs both alike
    repeats = max(1, total // (blocks * LANES * PASSES))

    def full_lanes() -> None:
        for _ in range(repeats):
            for block in work.copy():
                burst(block.ctypes.data, 4 * LANES, PASSES)

    def on_threads(workers: int) -> None:
        sweep(GRID, steps=STEPS, until=UNTIL, workers=workers)

    few = {name: values[::64] for name, values in lanes.items()}
    times = take_turns(
        {
            "chunk": lambda: run_job(job),
            "full": full_lanes,
            "1": lambda: on_threads(1),
            "2": lambda: on_threads(2),
        },
        rounds=7,
    )
    beside = take_turns({"chunk": lambda: run_job(job), "numpy": lambda: numpy_sweep(few)}, rounds=3)
    share = times.ratio("full", "chunk") * (total / (repeats * blocks * LANES * PASSES))
    return {
        "sweep: G steps/s on one core": total / times.taken("chunk") * 1e-9,
        "sweep: k orbits/s on one core": GRID.size / times.taken("chunk") * 1e-3,
        "sweep: fraction of its kernel's speed on full lanes": share,
        "sweep: 2 threads / 1 thread": times.ratio("1", "2"),
        "sweep / NumPy with compaction": beside.ratio("numpy", "chunk") * (total / int(steps[::64].sum())),
        "sweep: refilled lanes / lanes that wait for the longest of their block": share * (waiting / total),
    }
