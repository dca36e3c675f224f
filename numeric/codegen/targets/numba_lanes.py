"""Target ``numba``: float64 (or double-double, quad-double) over blocks of lanes, the time loop in compiled code."""

from __future__ import annotations

from fractions import Fraction

from ..program import Program
from ..text import assign, call_lines, header, indent, literal_names

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
    """
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


def generate(program: Program, lanes: int | None = None, terms: int = 1) -> str:
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
