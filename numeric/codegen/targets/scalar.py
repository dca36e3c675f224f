"""Target of single double trajectories: the same program as scalar code, with a stopping rule in the loop."""

from __future__ import annotations

from ..program import Program
from ..text import assign, call_lines, header, indent, literal_names

WHAT = "scalar float64 kernel"


def generate(program: Program) -> str:
    """Source of ``run(state, fixed, result, steps, until, ceiling)`` on pointers to doubles.

    ``state`` holds the iterated coordinates and is overwritten; ``fixed`` the hoisted values the body and ``leave``
    read, computed exactly and rounded once by the caller; ``result`` receives status, steps taken and the variables.

    Args:
        program: the program.

    Returns:
        Source in numba's language.
    """
    names = literal_names(program)
    first = program.variables[0]
    leave = call_lines(program.leave, names)
    seen = [] if first in program.state else leave
    size = first if first in program.state else f"{first}_out"
    step = program.steps_per_body
    lines = [
        '"""',
        *header(program, WHAT),
        '"""',
        "",
        "from edgestab.numeric.codegen.lanes import scalar_ops",
        "",
        "_ops = scalar_ops()",
        "fma, add, mul, div, neg = _ops.fma, _ops.add, _ops.mul, _ops.div, _ops.neg",
        "",
        "",
        "def run(state, fixed, result, steps, until, ceiling):",
        *(f"    {name} = {float(q)!r}" for q, name in names.items()),
        *(f"    {name} = state[{i}]" for i, name in enumerate(program.state)),
        *(f"    {name} = fixed[{i}]" for i, name in enumerate(fixed_names(program))),
        "    taken = 0",
        "    status = 2",
        "    while True:",
        *indent(seen, 2),
        f"        size = abs({size})",
        "        if size < until:",
        "            status = 0",
        "            break",
        "        if not size <= ceiling:",
        "            status = 1",
        "            break",
        f"        if taken + {step} > steps:",
        "            break",
        *indent([*call_lines(program.body, names), *assign(program.state, program.next_state)], 2),
        f"        taken += {step}",
        *indent(leave, 1),
        "    result[0] = status",
        "    result[1] = taken",
        *(f"    result[{i}] = {name}" for i, name in enumerate(program.outputs, 2)),
        *(f"    state[{i}] = {name}" for i, name in enumerate(program.state)),
    ]
    return "\n".join(lines) + "\n"


def fixed_names(program: Program) -> tuple[str, ...]:
    """Parameters and hoisted values, in the order of ``fixed``."""
    return (*program.parameters, *program.hoisted)
