"""The kernel of a sweep on a GPU: one thread runs orbits one after another, each from its start to its end.

A thread that has ended an orbit takes the next start from a counter on the device, so none waits for the longest orbit
of its neighbours (only for a few others to end, see ``TOGETHER``), and nothing but ends comes back. What an orbit
computes is what the lanes of a CPU compute for it, rounding by rounding: bursts, their replays, and the program between
them are those of ``kernel.py``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..codegen.cuda_device import load_module, need_device
from ..codegen.program import Program
from ..codegen.source_text import header, indent
from ..codegen.targets.cuda_source import FUNCTION, constants_of, kinds_of, number_lines, operation_lines
from .grid import Floats
from .kernel import loaded, parameter_rows

BURST = 64
"""Steps between two looks at an orbit; no result depends on it."""
TOGETHER = 4
"""Orbits of a warp that wait before the exact step of each is looked for: the others stand still meanwhile."""
UNROLLED = 16
"""Steps that the loop of a burst spells out: few, so that all of it stays in the cache of instructions."""
BLOCK = 128
"""Threads in a block."""
THREADS = 1024
"""Threads of one multiprocessor that work at a time: what the registers of an orbit leave room for."""

_DRIVER = """
static __device__ __forceinline__ int high_word(double x) { return __double2hiint(x); }

extern "C" __global__ void __launch_bounds__(BLOCK) drive(
    const double *start, const double *table, const int *row, double *final, double *edge_step,
    unsigned long long *queue, long long count, long long limit, double floor, double ceiling)
{
    const int low = high_word(floor);
    fixed given;
    long long i = -1, age = 0;
    double z = 0.0, v = 0.0, greatest = 0.0, roof = 0.0, reached = 0.0;
    bool over = false, rose = false;
    for (;;) {
        if (i < 0 && !over) {
            i = (long long)atomicAdd(queue, 1ULL);
            over = i >= count;
            if (over) {
                i = -1;
            } else {
                const long long at = row[i];
                LOAD_PARAMETERS
                z = start[3 * i];
                v = start[3 * i + 1];
                // from the given T: a start exactly on the edge is there, whatever its edge coordinate was rounded to
                greatest = start[3 * i + 2];
                reached = greatest >= 0.0 ? 0.0 : -1.0;
                roof = greatest >= 0.0 ? ceiling : BELOW_EDGE;
                age = 0;
                rose = true;
            }
        }
        bool running = i >= 0;
        const int had = __popc(__ballot_sync(WARP, running));
        if (!had) return;
        double before_z = z, before_v = v, before_greatest = greatest;
        // orbits that something happened to wait for some others, and all look together for the exact step
        for (int going = had; going && going + TOGETHER > had;) {
            const bool exact = __any_sync(WARP, running && (rose || __double_as_longlong(greatest) < 0));
            if (running) {
                before_z = z;
                before_v = v;
                before_greatest = greatest;
                bool calm = age + BURST <= limit;
                // of z^2 the high word is watched, which can only call a look for nothing
                if (exact) {
#pragma unroll UNROLLED
                    for (int k = 0; k < BURST; ++k) {
                        double squared, excess;
                        step(z, v, squared, excess, given);
                        calm = calm & (high_word(squared) > low);
                        // comparisons are false on NaN: an extreme, once found, stays
                        greatest = excess > greatest ? excess : greatest;
                    }
                    calm = calm && greatest <= roof;
                    rose = greatest > before_greatest;
                } else {
                    // so of the excess, where none was greater for a while: words without a sign are in their order
                    const int high = high_word(greatest);
#pragma unroll UNROLLED
                    for (int k = 0; k < BURST; ++k) {
                        double squared, excess;
                        step(z, v, squared, excess, given);
                        calm = calm & (high_word(squared) > low) & (high_word(excess) < high);
                    }
                }
                calm = calm && (high_word(z) & 0x7fffffff) < HUGE_WORD && (high_word(v) & 0x7fffffff) < HUGE_WORD;
                if (calm) age += BURST;
                running = calm;
            }
            going = __popc(__ballot_sync(WARP, running));
        }
        if (i >= 0 && !running) {
            z = before_z;
            v = before_v;
            greatest = before_greatest;
            int k = 0;
            for (; k < BURST; ++k) {
                const double own_z = z, own_v = v;
                double squared, excess, status = -1.0;
                step(z, v, squared, excess, given);
                greatest = excess > greatest ? excess : greatest;
                if (reached < 0.0 && greatest >= 0.0) {
                    reached = (double)(age + k);
                    roof = ceiling;
                }
                if (!(__dadd_rn(fabs(own_z), fabs(own_v)) < HUGE_NUMBER) || greatest > ceiling) status = 1.0;
                else if (squared < floor) status = 0.0;
                else if (age + k >= limit) status = 2.0;
                if (status >= 0.0) {
                    final[5 * i] = own_z;
                    final[5 * i + 1] = own_v;
                    final[5 * i + 2] = greatest;
                    final[5 * i + 3] = (double)(age + k);
                    final[5 * i + 4] = status;
                    edge_step[i] = reached;
                    i = -1;
                    break;
                }
            }
            age += BURST;
            rose = greatest > before_greatest;
        }
    }
}
"""


def generate_sweep(program: Program) -> str:
    """The source of a sweep's kernel for a GPU.

    Args:
        program: a program from :func:`sweep_program`.

    Returns:
        CUDA C++ with the kernel ``drive``.
    """
    names = loaded(program)
    z, v, squared, excess = program.next_state
    own_z, own_v = program.state
    body = [
        f"const number {own_z} = now_z, {own_v} = now_v;",
        *(f"const number {n} = given.{n};" for n in names),
        *constants_of(program, 1),
        *operation_lines(program.body, program),
        f"now_z = {z};",
        f"now_v = {v};",
        f"squared_now = {squared};",
        f"excess_now = {excess};",
    ]
    load = " ".join(f"given.{n} = table[{len(names)} * at + {j}];" for j, n in enumerate(names))
    lines = [
        *(f"// {line}" for line in header(program, "CUDA sweep kernel")),
        "",
        f"#define BURST {BURST}",
        f"#define BLOCK {BLOCK}",
        f"#define TOGETHER {TOGETHER}",
        f"#define UNROLLED {UNROLLED}",
        "#define WARP 0xffffffffu",
        "// beyond this a state is on its way to infinity, and its products may overflow",
        "#define HUGE_NUMBER 1e300",
        "// the high word of a number well below half of it",
        "#define HUGE_WORD 0x7e000000",
        "// the double next to 0: what does not exceed it is below the edge",
        "#define BELOW_EDGE (-4.9406564584124654e-324)",
        "",
        *number_lines(1, kinds_of(program.body)),
        f"struct fixed {{ double {', '.join(names)}; }};",
        "",
        f"{FUNCTION.removesuffix('number')}void step(",
        "    double &now_z, double &now_v, double &squared_now, double &excess_now, const fixed &given)",
        "{",
        *indent(body, 1),
        "}",
    ]
    return "\n".join(lines) + "\n" + _DRIVER.replace("LOAD_PARAMETERS", load)


@cache
def sweep_source(program: Program) -> str:
    """The source of a program, generated once."""
    return generate_sweep(program)


def stretches_of(epsilon: Floats) -> NDArray[np.int64]:
    """Where the stretches of equal epsilon begin in a list of starts, and the number of all."""
    changes = np.flatnonzero(epsilon[1:] != epsilon[:-1]) + 1
    return np.concatenate([[0], changes, [len(epsilon)]])


def drive_on_device(
    program: Program, start: Floats, epsilon: Floats, limit: int, floor: float, ceiling: float
) -> tuple[Floats, Floats]:
    """Run every start to its end on the GPU; from several threads at a time, side by side.

    Args:
        program: a program from :func:`sweep_program`.
        start: rows z, v, excess.
        epsilon: of each start.
        limit: steps at most.
        floor: square of the residual at which an orbit has converged.
        ceiling: excess at which it has diverged.

    Returns:
        Rows z, v, greatest excess, steps, status; and the step at which each reached the edge, or -1.
    """
    cupy = need_device("sweep(device='cuda')")
    # the last orbits of one thread's starts leave room for the first of another's
    with cupy.cuda.Stream(non_blocking=True) as stream:
        arrays = upload(program, start, epsilon)
        launch(program, arrays, limit, floor, ceiling)
        final, edge_step = (cupy.asnumpy(a) for a in arrays[-2:])
        stream.synchronize()
    return final, edge_step


def upload(program: Program, start: Floats, epsilon: Floats) -> tuple[Any, ...]:
    """Put starts on the GPU, and once for each stretch of equal epsilon what the body reads.

    Args:
        program: a program from :func:`sweep_program`.
        start: rows z, v, excess.
        epsilon: of each start.

    Returns:
        CuPy arrays: start, table, row of each start, and room for final and edge_step.
    """
    cupy = need_device("sweep(device='cuda')")
    count, first = len(start), stretches_of(epsilon)
    row = cupy.zeros(count, dtype=cupy.int32)
    row[cupy.asarray(first[1:-1])] = 1
    table = cupy.asarray(parameter_rows(program, epsilon[first[:-1]]))
    given = cupy.asarray(np.ascontiguousarray(start)), table, cupy.cumsum(row, dtype=cupy.int32)
    return (*given, cupy.empty((count, 5)), cupy.empty(count))


def launch(program: Program, arrays: tuple[Any, ...], limit: int, floor: float, ceiling: float) -> None:
    """Run starts that lie on the GPU to their ends.

    Args:
        program: a program from :func:`sweep_program`.
        arrays: what :func:`upload` returned.
        limit: steps at most.
        floor: square of the residual at which an orbit has converged.
        ceiling: excess at which it has diverged.
    """
    cupy = need_device("sweep(device='cuda')")
    function = load_module(sweep_source(program)).get_function("drive")
    count = len(arrays[0])
    processors = cupy.cuda.Device().attributes["MultiProcessorCount"]
    grid = min(processors * THREADS // BLOCK, -(-count // BLOCK))
    limits = (np.int64(count), np.int64(limit), np.float64(floor), np.float64(ceiling))
    function((grid,), (BLOCK,), (*arrays, cupy.zeros(1, dtype=cupy.uint64), *limits))
