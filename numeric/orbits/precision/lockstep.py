"""Compiled lockstep runs: one orbit in two number types at once, with the greatest distance between them.

Both states advance in the same loop, so no divergence between them goes unseen: as long as the distance stays small,
rounding errors are in their linear range, the wider run is closer to the truth by the ratio of the unit roundoffs,
and what the two agree on can be trusted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from ...codegen.objects import load_function
from ...codegen.program import EXACT, Program, run
from ...codegen.targets.numba_lanes import constant_lines, expansion, suffixed
from ...codegen.text import assign, call_lines, header, indent, literal_names

#: Two equal lanes: the narrowest vectors there are.
LANES = 2
#: Doubles in one number, by the name of the type.
TERMS = {"float64": 1, "double-double": 2, "quad-double": 4}
#: Unit roundoff of one operation.
UNIT = {"float64": Fraction(1, 2**53), "double-double": Fraction(1, 2**102), "quad-double": Fraction(1, 2**203)}
#: Below this residual the low parts of wide numbers leave the range of double.
SMALLEST = {"float64": Fraction(1, 10**300), "double-double": Fraction(1, 10**270), "quad-double": Fraction(1, 10**240)}


@dataclass(frozen=True)
class Ending:
    """How one of the two orbits ended.

    Attributes:
        status: 0 converged, 1 diverged, 2 out of steps.
        steps: gradient steps taken.
        state: the exact values of its final numbers, z and T; None where one is not finite.
    """

    status: int
    steps: int
    state: tuple[Fraction, ...] | None


@dataclass(frozen=True)
class Comparison:
    """One orbit in two number types.

    Attributes:
        low: the ending in the narrower type.
        high: the ending in the wider one.
        distance: greatest distance between the two on the way, in z and the second coordinate; None if not finite.
        names: the two types.
        units: unit roundoffs of the two types.
    """

    low: Ending
    high: Ending
    distance: Fraction | None
    names: tuple[str, str]
    units: tuple[Fraction, Fraction]


def _own(lines: list[str], terms: int) -> list[str]:
    """Lines with operations, parts of numbers and literals under names that belong to one number type."""
    lines = [re.sub(r"\b(fma|add|mul|div|splat)\(", rf"\1_{terms}(", line) for line in lines]
    if terms == 1:
        return [re.sub(r"\b(c\d+)\b", r"\1_only", line) for line in lines]
    return [re.sub(r"\b(\w+)_(\d)\b(?!\()", rf"\1_\2of{terms}", line) for line in lines]


def generate_lockstep(program: Program, low: int, high: int) -> str:
    """Source of ``run(work, result, steps, until, ceiling)`` for numbers of ``low`` and ``high`` doubles.

    ``work`` holds, for each type in turn, the state and the hoisted values, every double twice; it receives the final
    states. ``result`` receives status and steps of both, and the greatest distance.

    Args:
        program: the program; it keeps the source's first variable as a coordinate.
        low: doubles in a number of the narrower type, 1 or 2.
        high: doubles in a number of the wider one, 2 or 4.

    Returns:
        Source in numba's language.
    """
    names = literal_names(program)
    fixed = (*program.parameters, *program.hoisted)
    loads: list[str] = []
    stores: dict[int, list[str]] = {}
    bodies: dict[int, list[str]] = {}
    leading: dict[int, str] = {}
    offset = 0
    for terms in (low, high):
        parts = [p for name in program.state for p in suffixed(name, terms)]
        held = [p for name in fixed for p in suffixed(name, terms)]
        rows = [f"{p} = load(work, {(offset + i) * LANES})" for i, p in enumerate((*parts, *held))]
        loads += _own([*rows, *constant_lines(program, terms)], terms)
        stores[terms] = _own([f"store(work, {(offset + i) * LANES}, {p})" for i, p in enumerate(parts)], terms)
        offset += len(parts) + len(held)
        following = [p for name in program.next_state for p in suffixed(name, terms)]
        bodies[terms] = _own([*call_lines(program.body, names, terms), *assign(parts, following)], terms)
        leading[terms] = _own(suffixed(program.variables[0], terms), terms)[0]
    differences = []
    for name in program.state:
        wide = _own(suffixed(name, high), high)
        narrow = [*_own(suffixed(name, low), low), *["zero"] * (high - low)]
        pairs = [f"sub({a}, {b})" for a, b in zip(narrow, wide, strict=True)]
        text = pairs[0]
        for pair in pairs[1:]:
            text = f"add_1({text}, {pair})"
        differences.append(f"abs_({text})")

    def ending(terms: int, row: int) -> list[str]:
        size = f"abs_({leading[terms]})"
        return [
            f"if result[{row}] < 0.0:",
            "    status = -1.0",
            f"    if any_(lt({size}, small)):",
            "        status = 0.0",
            f"    elif not any_(le({size}, large)):",
            "        status = 1.0",
            "    elif taken >= steps:",
            "        status = 2.0",
            "    if status >= 0.0:",
            f"        result[{row}] = status",
            f"        result[{row + 1}] = taken",
            *indent(stores[terms], 2),
        ]

    distance = differences[0]
    for other in differences[1:]:
        distance = f"add_1({distance}, {other})"
    loop = [
        *ending(low, 0),
        *ending(high, 2),
        # a NaN must not hide: it is less than nothing, so the test is for what is not below
        "if result[0] < 0.0 or result[2] < 0.0:",
        f"    distance = {distance}",
        "    if not all_(le(distance, worst)):",
        "        worst = distance",
        "if result[0] >= 0.0 and result[2] >= 0.0:",
        "    break",
        *bodies[low],
        *bodies[high],
        "taken += 1",
    ]
    plain = ("load", "store", "sub", "lt", "le", "any_", "all_", "neg")
    lines = [
        '"""',
        *header(program, f"lockstep kernel of {low} and {high} doubles"),
        '"""',
        "",
        "from edgestab.numeric.codegen.lanes import lane_ops",
        "from edgestab.numeric.codegen.wide_lanes import wide_ops",
        "",
        f"_plain = lane_ops({LANES})",
        *(f"{op} = _plain.{op}" for op in plain),
        "abs_ = _plain.abs",
        *(f"{op}_1 = _plain.{op}" for op in ("fma", "add", "mul", "div", "splat")),
        *(
            line
            for terms in {low, high} - {1}
            for line in (
                f"_wide_{terms} = wide_ops({LANES}, {terms})",
                *(f"{op}_{terms} = _wide_{terms}.{op}" for op in ("fma", "add", "mul", "div", "splat")),
            )
        ),
        "",
        "",
        "def run(work, result, steps, until, ceiling):",
        *indent(loads, 1),
        "    small = splat_1(until)",
        "    large = splat_1(ceiling)",
        "    zero = splat_1(0.0)",
        "    worst = zero",
        "    taken = 0",
        "    while True:",
        *indent(loop, 2),
        f"    store(work, {offset * LANES}, worst)",
        f"    result[4] = work[{offset * LANES}]",
    ]
    return "\n".join(lines) + "\n"


@cache
def _kernel(program: Program, low: int, high: int) -> object:
    source = generate_lockstep(program, low, high)
    return load_function(source, "run", pointers=2, integers=1, doubles=2)


def compare(
    program: Program,
    names: tuple[str, str],
    start: Sequence[Fraction],
    fixed: Sequence[Fraction],
    steps: int,
    until: Fraction,
    ceiling: int,
) -> Comparison:
    """Run one orbit in two compiled number types at once.

    Args:
        program: the program of a map of two variables.
        names: the narrower and the wider type, two neighbours of :data:`TERMS`.
        start: the exact start, in the program's variables.
        fixed: the exact parameters.
        steps: gradient steps at most.
        until: a run has converged when its first variable is below this in absolute value.
        ceiling: a run has diverged when it is above this or not finite.

    Returns:
        How both ended, and how far they came apart on the way.
    """
    values: dict[str, Fraction] = dict(zip((*program.variables, *program.parameters), (*start, *fixed), strict=True))
    run((*program.hoist, *program.enter), values, EXACT)
    held = (*program.state, *program.parameters, *program.hoisted)
    terms = [TERMS[name] for name in names]
    doubles = [part for count in terms for name in held for part in expansion(values[name], count)]
    work = np.repeat(np.array([*doubles, 0.0]), LANES)
    result = np.full(5, -1.0)
    kernel = _kernel(program, *terms)
    kernel(work.ctypes.data, result.ctypes.data, steps, float(until), float(ceiling))  # type: ignore[operator]
    endings, offset = [], 0
    for which, count in enumerate(terms):
        flat = work[offset * LANES : (offset + 2 * count) * LANES : LANES].tolist()
        numbers = [flat[i * count : (i + 1) * count] for i in range(len(program.state))]
        endings.append(
            Ending(int(result[2 * which]), int(result[2 * which + 1]), leave(program, values, _exact_sums(numbers)))
        )
        offset += len(held) * count
    distance = float(result[4])
    return Comparison(
        endings[0],
        endings[1],
        Fraction(distance) if np.isfinite(distance) else None,
        names,
        (UNIT[names[0]], UNIT[names[1]]),
    )


def _exact_sums(numbers: list[list[float]]) -> list[Fraction] | None:
    if not all(np.isfinite(part) for number in numbers for part in number):
        return None
    return [sum((Fraction(part) for part in number), Fraction(0)) for number in numbers]


def leave(
    program: Program, values: dict[str, Fraction], state: Sequence[Fraction] | None
) -> tuple[Fraction, ...] | None:
    """The program's variables from its iterated coordinates, exactly.

    Args:
        program: the program.
        values: parameters and hoisted values.
        state: the coordinates; None is passed on.

    Returns:
        The variables.
    """
    if state is None:
        return None
    known = {**values, **dict(zip(program.state, state, strict=True))}
    run(program.leave, known, EXACT)
    return tuple(known[name] for name in program.outputs)
