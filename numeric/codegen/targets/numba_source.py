"""Source for numba: blocks of lanes in any type of doubles, and single float64 orbits with a stopping rule."""

from __future__ import annotations

import sys
from fractions import Fraction

from ....symbolic.algebra.errors import CodegenError
from ..program import Program
from ..source_text import assign, call_lines, header, indent, literal_names

_IMPORTS = {
    1: "from edgestab.numeric.codegen.lanes import lane_ops",
    2: "from edgestab.numeric.codegen.wide_lanes import wide_ops",
    4: "from edgestab.numeric.codegen.wide_lanes import wide_ops",
}
_WHAT = {1: "float64 kernel", 2: "double-double kernel", 4: "quad-double kernel"}
DEFAULT_LANES = {1: 64, 2: 32, 4: 16}


def expansion(value: Fraction, terms: int) -> tuple[float, ...]:
    """A rational as the sum of ``terms`` doubles, each the correctly rounded rest.

    Args:
        value: the rational.
        terms: 1, 2 or 4.

    Returns:
        The doubles, the largest first.

    Raises:
        CodegenError: it lies beyond all doubles.
    """
    if abs(value) > sys.float_info.max:
        size = f"a number of {len(str(abs(int(value))))} digits"
        raise CodegenError.of("expansion()", "numbers in the range of doubles", size, "Run it in mpfr.")
    parts = []
    for _ in range(terms):
        part = float(value)
        parts.append(part)
        value -= Fraction(part)
    return tuple(parts)


def suffixed(name: str, terms: int) -> list[str]:
    """The names of a value's doubles."""
    return [name] if terms == 1 else [f"{name}_{i}" for i in range(terms)]


def constant_lines(program: Program, terms: int) -> list[str]:
    """Lines that make the program's rational constants, each rounded once, into vectors."""
    lines = []
    for value, name in literal_names(program).items():
        doubles = ", ".join(repr(x) for x in expansion(value, terms))
        lines.append(f"{', '.join(suffixed(name, terms))} = splat({doubles})")
    return lines


def generate_lanes(program: Program, lanes: int | None = None, terms: int = 1) -> str:
    """The module's source.

    ``advance(variables, parameters, stride, passes, first, last)`` works in place on blocks ``first..last - 1`` of
    contiguous arrays of shape (variables, stride), or (variables, terms, stride), ``stride`` a multiple of ``LANES``.

    Args:
        program: the program.
        lanes: trajectories in one vector; default 64, 32 or 16 for 1, 2 or 4 terms.
        terms: doubles in one number: 1, 2 or 4.

    Returns:
        Python source that needs numba and edgestab's lane operations.
    """
    lanes = lanes or DEFAULT_LANES[terms]
    factory = f"lane_ops({lanes})" if terms == 1 else f"wide_ops({lanes}, {terms})"
    names = literal_names(program)

    def row(i: int, j: int) -> str:
        index = i * terms + j
        return "offset" if index == 0 else f"{index} * stride + offset"

    def spread(values: tuple[str, ...]) -> list[str]:
        return [part for v in values for part in suffixed(v, terms)]

    def loads(array: str, values: tuple[str, ...]) -> list[str]:
        return [
            f"{part} = load({array}, {row(i, j)})"
            for i, v in enumerate(values)
            for j, part in enumerate(suffixed(v, terms))
        ]

    stores = [
        f"store(variables, {row(i, j)}, {part})"
        for i, v in enumerate(program.outputs)
        for j, part in enumerate(suffixed(v, terms))
    ]
    block = [
        "offset = block * LANES",
        *loads("variables", program.variables),
        *loads("parameters", program.parameters),
        *call_lines(program.hoist, names, terms),
        *call_lines(program.enter, names, terms),
        "for _ in range(passes):",
        *indent(call_lines(program.body, names, terms), 1),
        *indent(assign(spread(program.state), spread(program.next_state)), 1),
        *call_lines(program.leave, names, terms),
        *stores,
    ]
    lines = [
        '"""',
        *header(program, _WHAT[terms]),
        '"""',
        "",
        _IMPORTS[terms],
        "",
        f"LANES = {lanes}",
        f"TERMS = {terms}",
        f"STEPS = {program.steps_per_body}",
        f"_ops = {factory}",
        "load, store, splat, neg = _ops.load, _ops.store, _ops.splat, _ops.neg",
        "fma, add, mul, div = _ops.fma, _ops.add, _ops.mul, _ops.div",
        "",
        "",
        "def advance(variables, parameters, stride, passes, first, last):",
        *indent(constant_lines(program, terms), 1),
        "    for block in range(first, last):",
        *indent(block, 2),
    ]
    return "\n".join(lines) + "\n"


def generate_scalar(program: Program) -> str:
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
        *header(program, "scalar float64 kernel"),
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
