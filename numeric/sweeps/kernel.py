"""The kernel of a sweep: the program that it iterates, bursts of steps over lanes, the driver that keeps lanes busy.

The state is ``(z, v)``, v the affine coordinate of :class:`EdgeCoordinates`. A step also gives ``z^2`` and ``T - edge``
of the state it starts from, of which the sweep keeps the running least and greatest.

A block of trajectories advances together for :data:`BURST` steps in vector arithmetic that tracks the running extremes
of what is watched. Between bursts, lanes whose extremes crossed a threshold are replayed one step at a time from the
start of the burst, in the same arithmetic on one lane, to find the exact step; a lane that stops is written out and
refilled at once with the next start. What a lane computes depends on its start alone, so results do not depend, to
the bit, on how trajectories are grouped into blocks, chunks, threads or machines.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.planar.edge_line import EdgeCoordinates
from ...symbolic.planar.maps import PolynomialMap
from ...symbolic.planar.planar_map import PlanarMap
from ..codegen.coefficient_ring import CoefficientRing
from ..codegen.emission import ConstantPool, Problem, emit_constants
from ..codegen.machine_code import load_function
from ..codegen.program import Op, Program, run
from ..codegen.scheduling import keep_program
from ..codegen.source_text import assign, call_lines, header, indent, literal_names
from ..codegen.targets.numba_source import constant_lines
from ..number_types import Operators
from .grid import Floats

#: Divisions the search for a short program may try; found once and kept on disk.
EFFORT = 40_000
#: Names of the watched quantities, after the next state.
WATCHED = ("squared", "excess")
#: Trajectories in a block: enough vectors of eight doubles to cover the latency of the arithmetic.
LANES = 32
#: Width of a block that holds one trajectory, twice: replays and recorded paths run in the same vector arithmetic.
NARROW = 2
#: Steps between two looks at the lanes: long enough to make looking cheap, short against a trajectory.
BURST = 64
#: Doubles of scratch memory that the driver needs.
WORKSPACE = 64 * LANES
#: Rows of a block: the state, the least square of the residual, the greatest excess over the edge.
ROWS = 4

_DRIVER = '''

@njit(error_model="numpy", inline="always")
def refill(work, lane, following, count, start, parameters, edge_step, floor, ceiling):
    """Put the next start into a lane, or make it idle: a lane that nothing ever calls."""
    if following < count:
        for j in range(2):
            work[j * LANES + lane] = start[3 * following + j]
        for j in range(PARAMETERS):
            work[PARAMETER_ROW + j * LANES + lane] = parameters[following * PARAMETERS + j]
        # from the given T: a start exactly on the edge is there, whatever its edge coordinate was rounded to
        excess = start[3 * following + 2]
        work[3 * LANES + lane] = excess
        edge_step[following] = 0.0 if excess >= 0.0 else -1.0
        work[INDEX_ROW + lane] = following
        work[AGE_ROW + lane] = 0.0
        work[FLOOR_ROW + lane] = floor
        work[ROOF_ROW + lane] = ceiling if excess >= 0.0 else BELOW_EDGE
    else:
        for j in range(2):
            work[j * LANES + lane] = 0.0
        work[3 * LANES + lane] = -HUGE
        work[INDEX_ROW + lane] = -1.0
        work[AGE_ROW + lane] = -HUGE
        work[FLOOR_ROW + lane] = -1.0
        work[ROOF_ROW + lane] = HUGE
    work[2 * LANES + lane] = HUGE


@njit(error_model="numpy", inline="always")
def replay(work, lane, final, edge_step, limit, floor, ceiling):
    """Repeat a burst of one lane step by step; True if it stops, with its results written."""
    for twin in range(NARROW):
        for j in range(ROWS):
            work[ONE_ROW + j * NARROW + twin] = work[BEFORE_ROW + j * LANES + lane]
        for j in range(PARAMETERS):
            work[ONE_ROW + (ROWS + j) * NARROW + twin] = work[PARAMETER_ROW + j * LANES + lane]
    i = int64(work[INDEX_ROW + lane])
    age = int64(work[AGE_ROW + lane])
    for k in range(BURST):
        z = work[ONE_ROW]
        v = work[ONE_ROW + NARROW]
        work[ONE_ROW + 2 * NARROW] = HUGE
        burst_one(work, ONE_ROW, ONE_ROW + ROWS * NARROW, 1)
        excess = work[ONE_ROW + 3 * NARROW]
        if edge_step[i] < 0.0 and excess >= 0.0:
            edge_step[i] = age + k
            work[ROOF_ROW + lane] = ceiling
        status = -1.0
        if not abs(z) + abs(v) < HUGE or excess > ceiling:
            status = 1.0
        elif work[ONE_ROW + 2 * NARROW] < floor:
            status = 0.0
        elif age + k >= limit:
            status = 2.0
        if status >= 0.0:
            final[5 * i] = z
            final[5 * i + 1] = v
            final[5 * i + 2] = excess
            final[5 * i + 3] = age + k
            final[5 * i + 4] = status
            return True
    return False


def drive(start, parameters, final, edge_step, work, count, limit, floor, ceiling):
    """Run every start to its end.

    start: rows z, v, excess; parameters: rows of what the body reads; final: rows z, v, greatest excess, steps, status
    (0 converged, 1 diverged, 2 out of steps); floor: square of the residual at which a lane has converged.
    work: the block, its copy at the start of a burst, a row each of indices, ages, least squares and greatest
    excesses that pass unnoticed, a narrow block for replays, the parameters.
    """
    following = 0
    done = 0
    huge = splat(HUGE)
    pause = splat(float(BURST))
    last = splat(float(limit))
    for lane in range(LANES):
        refill(work, lane, following, count, start, parameters, edge_step, floor, ceiling)
        following += 1
    while done < count:
        for j in range(ROWS * LANES):
            work[BEFORE_ROW + j] = work[j]
        burst(work, 0, PARAMETER_ROW, BURST)
        calm = and_(ge(load(work, 2 * LANES), load(work, FLOOR_ROW)), le(load(work, 3 * LANES), load(work, ROOF_ROW)))
        calm = and_(calm, lt(add(magnitude(load(work, 0)), magnitude(load(work, LANES))), huge))
        age = add(load(work, AGE_ROW), pause)
        if all_(and_(calm, le(age, last))):
            store(work, AGE_ROW, age)
            continue
        for lane in range(LANES):
            if work[INDEX_ROW + lane] < 0.0:
                continue
            fine = (
                work[2 * LANES + lane] >= work[FLOOR_ROW + lane]
                and work[3 * LANES + lane] <= work[ROOF_ROW + lane]
                and abs(work[lane]) + abs(work[LANES + lane]) < HUGE
                and work[AGE_ROW + lane] + BURST <= limit
            )
            if not fine and replay(work, lane, final, edge_step, limit, floor, ceiling):
                done += 1
                refill(work, lane, following, count, start, parameters, edge_step, floor, ceiling)
                following += 1
            else:
                work[AGE_ROW + lane] += BURST


def record(path, work, count, stride):
    """Fill path with every stride-th state (rows z, v) of the narrow block that lies at the start of work."""
    for i in range(count):
        path[2 * i] = work[0]
        path[2 * i + 1] = work[NARROW]
        burst_one(work, 0, ROWS * NARROW, stride)


def advance(work, fixed, steps):
    """Advance the block at the start of work, whose parameters lie at an offset, without looking at it."""
    burst(work, 0, fixed, steps)
'''


def _targets(edge: EdgeCoordinates) -> PolynomialMap:
    """The next state and the watched quantities, as one map whose last two variables are only written."""
    z, v = edge.map.variables
    watched = tuple(sp.Symbol(name, real=True) for name in WATCHED)
    components = (*edge.map.components, z**2, edge.excess)
    return PolynomialMap((z, v, *watched), components, edge.map.parameters, edge.map.name)


@cache
def sweep_program(source: PlanarMap) -> Program:
    """The program of a sweep over an exact one-step map in ``(z, T)``.

    Args:
        source: a map of two variables that fixes every point of ``z = 0``.

    Returns:
        A program proved equal to the map; ``next_state`` names the next ``z`` and ``v``, then ``z^2`` and ``T - edge``.
    """
    targets = _targets(source.edge_coordinates())
    return keep_program("sweep", targets.digest(), lambda p: prove_program(p, targets), lambda: _search(targets))


def _search(targets: PolynomialMap) -> Program:
    z, v = targets.variables[:2]
    ring = CoefficientRing((z, v), targets.parameters)
    images = [ring.from_polynomial(ring.ring.from_expr(c)) for c in targets.components]
    problem = Problem.of(ring, images, EFFORT)
    pool = ConstantPool()
    body, results = problem.emit(problem.plan(), pool, "t")
    names = [f"next_{s.name}" for s in targets.variables]
    program = Program(
        name=targets.name,
        source_digest=targets.digest(),
        variables=(z.name, v.name),
        parameters=tuple(p.name for p in targets.parameters),
        state=(z.name, v.name),
        hoist=tuple(emit_constants(pool, targets.parameters)),
        enter=(),
        body=(*body, *(Op(name, value, sign=sign) for name, (value, sign) in zip(names, results, strict=True))),
        next_state=tuple(names),
        leave=(),
        coordinates=(z.name, v.name),
    )
    prove_program(program, targets)
    return program


def prove_program(program: Program, targets: PolynomialMap) -> None:
    """Prove by exact algebra that a program computes the next state and the watched quantities.

    Args:
        program: the program.
        targets: what it must compute, in its order.

    Raises:
        ProofError: it computes something else.
    """
    ring = CoefficientRing(targets.variables[:2], targets.parameters)
    values = {s.name: ring.generator(s) for s in (*targets.variables[:2], *targets.parameters)}
    run((*program.hoist, *program.body), values, Operators(ring.constant))
    wanted = [ring.from_polynomial(ring.ring.from_expr(c)) for c in targets.components]
    if [values[name] for name in program.next_state] != wanted:
        raise ProofError.of("sweep_program()", f"the map {targets.name}", "another map", "The program is damaged.")


@dataclass(frozen=True)
class SweepKernel:
    """The compiled functions of a sweep, on addresses; both run without the interpreter lock.

    Attributes:
        source: the generated source.
        drive: start, parameters, final, edge_step, work, count, limit, floor, ceiling.
        record: path, work, count, stride.
    """

    source: str
    drive: Callable[..., None]
    record: Callable[..., None]


def loaded(program: Program) -> tuple[str, ...]:
    """The parameters and hoisted values that the body reads, in the order of a row of parameters."""
    read = {x for op in program.body for x in op.operands if isinstance(x, str)}
    return tuple(n for n in (*program.parameters, *(op.result for op in program.hoist)) if n in read)


def parameter_rows(program: Program, epsilon: Floats) -> Floats:
    """What the body reads, worked out for each epsilon.

    Args:
        program: a program from :func:`sweep_program`.
        epsilon: shape (n,).

    Returns:
        Shape (n, k), columns in the order of :func:`loaded`.
    """
    values: dict[str, Any] = {"epsilon": epsilon}
    run(program.hoist, values, Operators(float))
    return np.stack([np.broadcast_to(values[name], epsilon.shape) for name in loaded(program)], axis=1)


def _burst(program: Program, name: str, lanes: int) -> list[str]:
    """``name(work, block, fixed, steps)``: advance the block at an offset, with parameters at another."""
    names = literal_names(program)
    state = (*program.state, "least", "greatest")
    z, v, squared, excess = program.next_state
    # comparisons are false on NaN: an extreme, once found, stays
    least, greatest = (
        f"select(lt({squared}, least), {squared}, least)",
        f"select(gt({excess}, greatest), {excess}, greatest)",
    )
    following = (z, v, least, greatest)
    ops = ("load", "store", "splat", "neg", "fma", "add", "mul", "div", "lt", "gt", "select")
    return [
        "",
        "",
        *(f"{op}_{lanes} = _ops_{lanes}.{op}" for op in ops),
        "",
        "",
        '@njit(error_model="numpy", inline="always")',
        f"def {name}(work, block, fixed, steps):",
        *indent(_localised(constant_lines(program, 1), lanes), 1),
        *(f"    {s} = load_{lanes}(work, block + {i * lanes})" for i, s in enumerate(state)),
        *(f"    {p} = load_{lanes}(work, fixed + {i * lanes})" for i, p in enumerate(loaded(program))),
        "    for _ in range(steps):",
        *indent(_localised(call_lines(program.body, names, 1), lanes), 2),
        *indent(_localised(assign(state, following), lanes), 2),
        *(f"    store_{lanes}(work, block + {i * lanes}, {s})" for i, s in enumerate(state)),
    ]


def _localised(lines: list[str], lanes: int) -> list[str]:
    """Calls of lane operations, with the width in their names."""
    return [re.sub(r"\b(splat|neg|fma|add|mul|div|lt|gt|select)\(", rf"\1_{lanes}(", line) for line in lines]


def generate_sweep(program: Program) -> str:
    """The source of a sweep's kernel.

    Args:
        program: a program from :func:`sweep_program`.

    Returns:
        Python source in numba's language, with the functions ``drive`` and ``record``.
    """
    width = len(loaded(program))
    order = ("INDEX_ROW", "AGE_ROW", "FLOOR_ROW", "ROOF_ROW", "ONE_ROW", "PARAMETER_ROW")
    rows = {"BEFORE_ROW": ROWS, **{name: 2 * ROWS + i for i, name in enumerate(order)}}
    lines = [
        '"""',
        *header(program, "sweep kernel"),
        '"""',
        "",
        "from numba import int64, njit",
        "",
        "from edgestab.numeric.codegen.lanes import lane_ops",
        "",
        f"LANES = {LANES}",
        f"NARROW = {NARROW}",
        f"BURST = {BURST}",
        f"ROWS = {ROWS}",
        f"PARAMETERS = {width}",
        *(f"{name} = {row * LANES}" for name, row in rows.items()),
        "# beyond this a state is on its way to infinity, and its products may overflow",
        "HUGE = 1e300",
        "# the double next to 0: what does not exceed it is below the edge",
        "BELOW_EDGE = -5e-324",
        f"_ops_{LANES} = lane_ops({LANES})",
        f"_ops_{NARROW} = lane_ops({NARROW})",
        *(f"{op} = _ops_{LANES}.{op}" for op in ("load", "store", "splat", "add", "lt", "le", "ge", "and_", "all_")),
        f"magnitude = _ops_{LANES}.abs",
        *_burst(program, "burst", LANES),
        *_burst(program, "burst_one", NARROW),
    ]
    return "\n".join(lines) + _DRIVER


@cache
def load_sweep(program: Program) -> SweepKernel:
    """Compile the kernel of a sweep program, or take it from the cache.

    Args:
        program: a program from :func:`sweep_program`.

    Returns:
        Its functions.
    """
    source = generate_sweep(program)
    return SweepKernel(
        source,
        load_function(source, "drive", pointers=5, integers=2, doubles=2),
        load_function(source, "record", pointers=2, integers=2),
    )
