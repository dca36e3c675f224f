"""Lockstep runs at any precision: the same comparison as the compiled one, in MPFR or mpmath numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import gmpy2

from ...codegen.program import EXACT, Program, run
from ...codegen.text import assign, call_lines, indent, literal_names
from .lockstep import Comparison, Ending, leave


@dataclass(frozen=True)
class Arithmetic:
    """A number type at a fixed precision, its operations independent of any current context.

    Attributes:
        name: of the type.
        bits: of the significand.
        number: a rational to the nearest number.
        exact: a number to the rational it is, or None if not finite.
        operations: ``fma``, ``mul``, ``add``, ``div``, ``neg``, ``abs``.
    """

    name: str
    bits: int
    number: Callable[[Fraction], Any]
    exact: Callable[[Any], Fraction | None]
    operations: dict[str, Callable[..., Any]]


def mpfr(bits: int) -> Arithmetic:
    """MPFR through gmpy2: one rounding for each operation, exponents without practical bound.

    Args:
        bits: of the significand.

    Returns:
        The arithmetic.
    """
    context = gmpy2.context(precision=bits, emax=gmpy2.get_emax_max(), emin=gmpy2.get_emin_min())

    def number(q: Fraction) -> Any:
        return context.div(gmpy2.mpz(q.numerator), gmpy2.mpz(q.denominator))

    def exact(x: Any) -> Fraction | None:
        if not gmpy2.is_finite(x):
            return None
        numerator, denominator = x.as_integer_ratio()
        return Fraction(int(numerator), int(denominator))

    operations: dict[str, Callable[..., Any]] = {
        "fma": context.fma,
        "mul": context.mul,
        "add": context.add,
        "div": context.div,
        "neg": context.minus,
        "abs": context.abs,
    }
    return Arithmetic("mpfr", bits, number, exact, operations)


def mpmath(bits: int) -> Arithmetic:
    """mpmath: pure Python, two roundings for a fused operation; for comparison with MPFR.

    Args:
        bits: of the significand.

    Returns:
        The arithmetic.
    """
    from mpmath.ctx_mp import MPContext
    from mpmath.libmp import from_rational, to_rational

    context = MPContext()
    context.prec = bits

    def number(q: Fraction) -> Any:
        return context.make_mpf(from_rational(q.numerator, q.denominator, bits, "n"))

    def exact(x: Any) -> Fraction | None:
        return Fraction(*map(int, to_rational(x._mpf_))) if context.isfinite(x) else None

    operations: dict[str, Callable[..., Any]] = {
        "fma": lambda a, b, c: a * b + c,
        "mul": lambda a, b: a * b,
        "add": lambda a, b: a + b,
        "div": lambda a, b: a / b,
        "neg": lambda a: -a,
        "abs": abs,
    }
    return Arithmetic("mpmath", bits, number, exact, operations)


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
def _maker(program: Program) -> Callable[..., Any]:
    space: dict[str, Any] = {}
    exec(compile(generate_step(program), "<edgestab step>", "exec"), space)
    return space["make"]


def compare_wide(
    program: Program,
    types: tuple[Arithmetic, Arithmetic],
    start: Sequence[Fraction],
    fixed: Sequence[Fraction],
    steps: int,
    until: Fraction,
    ceiling: int,
) -> Comparison:
    """Run one orbit in two number types at once.

    Args:
        program: the program of a map.
        types: the narrower and the wider arithmetic, of one kind.
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
    held = (*program.parameters, *program.hoisted)
    first = program.state.index(program.variables[0])
    literals = literal_names(program)
    states, steppers, constants, small = [], [], [], []
    for kind in types:
        chosen = {name: kind.operations[name] for name in ("fma", "mul", "add", "div", "neg")}
        steppers.append(_maker(program)(**chosen, **{n: kind.number(q) for q, n in literals.items()}))
        states.append(tuple(kind.number(values[name]) for name in program.state))
        constants.append(tuple(kind.number(values[name]) for name in held))
        small.append(kind.number(until))
    add, negate, magnitude = (types[1].operations[name] for name in ("add", "neg", "abs"))
    endings: list[Ending | None] = [None, None]
    distance, taken = types[1].number(Fraction(0)), 0
    while True:
        for which, kind in enumerate(types):
            if endings[which] is None:
                size = kind.operations["abs"](states[which][first])
                status = 0 if size < small[which] else 1 if not size <= ceiling else 2 if taken >= steps else -1
                if status >= 0:
                    numbers = [kind.exact(x) for x in states[which]]
                    exact = None if any(x is None for x in numbers) else [x for x in numbers if x is not None]
                    endings[which] = Ending(status, taken, leave(program, values, exact))
        if None not in endings:
            break
        # a distance that is not a number must not hide
        apart = add(*(magnitude(add(a, negate(b))) for a, b in zip(*states, strict=True)))
        distance = distance if apart <= distance else apart
        states = [step(*state, *held) for step, state, held in zip(steppers, states, constants, strict=True)]
        taken += 1
    low, high = endings
    assert low is not None
    assert high is not None
    units = (Fraction(1, 2 ** types[0].bits), Fraction(1, 2 ** types[1].bits))
    return Comparison(low, high, types[1].exact(distance), (types[0].name, types[1].name), units)
