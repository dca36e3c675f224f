"""Lockstep runs: one orbit in two number types at once, with the greatest distance between them.

Both states advance in the same loop, so no divergence between them goes unseen: as long as the distance stays small,
rounding errors are in their linear range, the wider run is closer to the truth by the ratio of the unit round-offs,
and what the two agree on can be trusted. Types of doubles run compiled; MPFR and mpmath run at any precision.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, reduce
from typing import Any

import numpy as np

from ...codegen.machine_code import load_function
from ...codegen.program import Program, run
from ...codegen.source_text import assign, call_lines, header, indent, literal_names
from ...codegen.targets.numba_source import constant_lines, expansion, suffixed
from ...number_types import AT_PRECISION, EXACT, NUMBER_TYPES
from ...runs.status import CODES, Status
from ..starts import OrbitProblem

#: Two equal lanes: the narrowest vectors there are.
LANES = 2


@dataclass(frozen=True)
class Ending:
    """How one of the two orbits ended.

    Attributes:
        status: how it ended.
        steps: gradient steps taken.
        state: the exact values of its final numbers, z and T; None where one is not finite.
    """

    status: Status
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
        units: unit round-offs of the two types.
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
def _kernel(program: Program, low: int, high: int) -> Callable[..., None]:
    source = generate_lockstep(program, low, high)
    return load_function(source, "run", pointers=2, integers=1, doubles=2)


def compare_compiled(problem: OrbitProblem, names: tuple[str, str]) -> Comparison:
    """Run one orbit in two compiled number types at once.

    Args:
        problem: the orbit.
        names: the narrower and the wider type, two neighbours among those on lanes.

    Returns:
        How both ended, and how far they came apart on the way.
    """
    program, values = problem.program, problem.entered()
    held = (*program.state, *program.parameters, *program.hoisted)
    kinds = [NUMBER_TYPES[name] for name in names]
    terms = [kind.terms for kind in kinds]
    doubles = [part for count in terms for name in held for part in expansion(values[name], count)]
    work = np.repeat(np.array([*doubles, 0.0]), LANES)
    result = np.full(5, -1.0)
    kernel = _kernel(program, *terms)
    kernel(work.ctypes.data, result.ctypes.data, problem.steps, float(problem.until), float(problem.ceiling))
    endings, offset = [], 0
    for which, count in enumerate(terms):
        flat = work[offset * LANES : (offset + 2 * count) * LANES : LANES].tolist()
        numbers = [flat[i * count : (i + 1) * count] for i in range(len(program.state))]
        endings.append(
            Ending(
                CODES[int(result[2 * which])], int(result[2 * which + 1]), leave(program, values, _exact_sums(numbers))
            )
        )
        offset += len(held) * count
    distance = float(result[4])
    return Comparison(
        endings[0],
        endings[1],
        Fraction(distance) if np.isfinite(distance) else None,
        names,
        (kinds[0].unit_roundoff(), kinds[1].unit_roundoff()),
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


def generate_step(program: Program) -> str:
    """Source of ``make(operations.., literals..)``, which gives ``step(state.., fixed..)`` bound to an arithmetic."""
    names = literal_names(program)
    fixed = (*program.parameters, *program.hoisted)
    body = [*call_lines(program.body, names), *assign(program.state, program.next_state)]
    return "\n".join(
        [
            f"def make(fma, mul, add, div, neg, {', '.join(names.values())}):",
            f"    def step({', '.join((*program.state, *fixed))}):",
            *indent(body, 2),
            f"        return {', '.join(program.state)},",
            "    return step",
            "",
        ]
    )


@cache
def _step_maker(program: Program) -> Callable[..., Any]:
    space: dict[str, Any] = {}
    exec(compile(generate_step(program), "<edgestab step>", "exec"), space)
    return space["make"]


def compare_at_precision(problem: OrbitProblem, name: str, bits: int) -> Comparison:
    """Run one orbit in one number type at two precisions at once.

    Args:
        problem: the orbit.
        name: the number type, of those whose precision is chosen.
        bits: the lower precision; the higher one is twice that.

    Returns:
        How both ended, and how far they came apart on the way.
    """
    program, values = problem.program, problem.entered()
    types = AT_PRECISION[name](bits), AT_PRECISION[name](2 * bits)
    held = (*program.parameters, *program.hoisted)
    first = program.state.index(program.variables[0])
    literals = literal_names(program)
    states, steppers, constants, small = [], [], [], []
    for kind in types:
        chosen = (kind.fma, kind.mul, kind.add, kind.div, kind.neg)
        steppers.append(_step_maker(program)(*chosen, *map(kind.constant, literals)))
        states.append(tuple(kind.constant(values[name]) for name in program.state))
        constants.append(tuple(kind.constant(values[name]) for name in held))
        small.append(kind.constant(problem.until))
    add, negate, magnitude = types[1].add, types[1].neg, types[1].magnitude
    endings: list[Ending | None] = [None, None]
    distance, taken = types[1].constant(Fraction(0)), 0
    while True:
        for which, kind in enumerate(types):
            if endings[which] is None:
                status = problem.status(kind.magnitude(states[which][first]), small[which], taken)
                if status is not None:
                    numbers = [kind.fraction(x) for x in states[which]]
                    exact = None if any(x is None for x in numbers) else [x for x in numbers if x is not None]
                    endings[which] = Ending(status, taken, leave(program, values, exact))
        if None not in endings:
            break
        # a distance that is not a number must not hide
        apart = reduce(add, (magnitude(add(a, negate(b))) for a, b in zip(*states, strict=True)))
        distance = distance if apart <= distance else apart
        states = [step(*state, *held) for step, state, held in zip(steppers, states, constants, strict=True)]
        taken += 1
    low, high = endings
    assert low is not None
    assert high is not None
    unit = NUMBER_TYPES[name].unit_roundoff
    units = (unit(types[0].bits), unit(types[1].bits))
    return Comparison(low, high, types[1].fraction(distance), (name, name), units)
