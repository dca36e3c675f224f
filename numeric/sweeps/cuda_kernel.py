"""The kernel of a sweep on a GPU: one thread runs orbits one after another, each from its start to its end.

A thread that has ended an orbit takes the next start from a counter on the device, so none waits for the longest orbit
of its neighbours, and nothing but ends comes back. What an orbit computes is what the lanes of a CPU compute for it,
rounding by rounding: bursts, their replays, and the program between them are those of ``kernel.py``.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ..codegen.cuda_device import BLOCK, load_module, need_device
from ..codegen.program import Program
from ..codegen.source_text import header, indent
from ..codegen.targets.cuda_source import FUNCTION, constants_of, kinds_of, number_lines, operation_lines
from .grid import Floats
from .kernel import BURST, loaded

OCCUPANCY = 2048
"""Threads of one multiprocessor."""

_DRIVER = """
extern "C" __global__ void drive(
    const double *start, const double *parameters, double *final, double *edge_step, unsigned long long *queue,
    long long count, long long limit, double floor, double ceiling)
{
    state now, before;
    fixed given;
    long long i = -1, age = 0;
    double roof = 0.0, reached = 0.0;
    for (;;) {
        if (i < 0) {
            i = (long long)atomicAdd(queue, 1ULL);
            if (i >= count) return;
            LOAD_PARAMETERS
            // from the given T: a start exactly on the edge is there, whatever its edge coordinate was rounded to
            now.z = start[3 * i];
            now.v = start[3 * i + 1];
            now.greatest = start[3 * i + 2];
            now.least = HUGE_NUMBER;
            reached = now.greatest >= 0.0 ? 0.0 : -1.0;
            roof = now.greatest >= 0.0 ? ceiling : BELOW_EDGE;
            age = 0;
        }
        before = now;
        burst(now, given, BURST);
        const bool calm = now.least >= floor && now.greatest <= roof
            && __dadd_rn(fabs(now.z), fabs(now.v)) < HUGE_NUMBER && age + BURST <= limit;
        if (!calm) {
            // the burst again, one step at a time, to find the exact step
            state one = before;
            double status = -1.0;
            int k = 0;
            for (; k < BURST; ++k) {
                const double z = one.z, v = one.v;
                one.least = HUGE_NUMBER;
                burst(one, given, 1);
                if (reached < 0.0 && one.greatest >= 0.0) {
                    reached = (double)(age + k);
                    roof = ceiling;
                }
                if (!(__dadd_rn(fabs(z), fabs(v)) < HUGE_NUMBER) || one.greatest > ceiling) status = 1.0;
                else if (one.least < floor) status = 0.0;
                else if (age + k >= limit) status = 2.0;
                if (status >= 0.0) {
                    final[5 * i] = z;
                    final[5 * i + 1] = v;
                    break;
                }
            }
            if (status >= 0.0) {
                final[5 * i + 2] = one.greatest;
                final[5 * i + 3] = (double)(age + k);
                final[5 * i + 4] = status;
                edge_step[i] = reached;
                i = -1;
                continue;
            }
        }
        age += BURST;
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
        f"const number {own_z} = now.z, {own_v} = now.v;",
        *operation_lines(program.body, program),
        f"now.z = {z};",
        f"now.v = {v};",
        "// comparisons are false on NaN: an extreme, once found, stays",
        f"now.least = {squared} < now.least ? {squared} : now.least;",
        f"now.greatest = {excess} > now.greatest ? {excess} : now.greatest;",
    ]
    load = " ".join(f"given.{n} = parameters[{len(names)} * i + {j}];" for j, n in enumerate(names))
    lines = [
        *(f"// {line}" for line in header(program, "CUDA sweep kernel")),
        "",
        f"#define BURST {BURST}",
        "// beyond this a state is on its way to infinity, and its products may overflow",
        "#define HUGE_NUMBER 1e300",
        "// the double next to 0: what does not exceed it is below the edge",
        "#define BELOW_EDGE (-4.9406564584124654e-324)",
        "",
        *number_lines(1, kinds_of(program.body)),
        "struct state { double z, v, least, greatest; };",
        f"struct fixed {{ double {', '.join(names)}; }};",
        "",
        f"{FUNCTION.removesuffix('number')}void burst(state &now, const fixed &given, int steps)",
        "{",
        *indent(constants_of(program, 1), 1),
        *(f"    const number {n} = given.{n};" for n in names),
        "    for (int step = 0; step < steps; ++step) {",
        *indent(body, 2),
        "    }",
        "}",
    ]
    return "\n".join(lines) + "\n" + _DRIVER.replace("LOAD_PARAMETERS", load)


@cache
def sweep_source(program: Program) -> str:
    """The source of a program, generated once."""
    return generate_sweep(program)


def drive_on_device(
    program: Program, start: Floats, parameters: Floats, limit: int, floor: float, ceiling: float
) -> tuple[Floats, Floats]:
    """Run every start to its end on the GPU.

    Args:
        program: a program from :func:`sweep_program`.
        start: rows z, v, excess.
        parameters: rows of what the body reads.
        limit: steps at most.
        floor: square of the residual at which an orbit has converged.
        ceiling: excess at which it has diverged.

    Returns:
        Rows z, v, greatest excess, steps, status; and the step at which each reached the edge, or -1.
    """
    cupy = need_device("sweep(device='cuda')")
    function = load_module(sweep_source(program)).get_function("drive")
    count = len(start)
    given = [cupy.asarray(np.ascontiguousarray(a)) for a in (start, parameters)]
    final, edge_step = cupy.empty((count, 5)), cupy.empty(count)
    queue = cupy.zeros(1, dtype=cupy.uint64)
    processors = cupy.cuda.Device().attributes["MultiProcessorCount"]
    grid = min(processors * OCCUPANCY // BLOCK, -(-count // BLOCK))
    limits = (np.int64(count), np.int64(limit), np.float64(floor), np.float64(ceiling))
    function((grid,), (BLOCK,), (*given, final, edge_step, queue, *limits))
    return np.asarray(cupy.asnumpy(final)), np.asarray(cupy.asnumpy(edge_step))
