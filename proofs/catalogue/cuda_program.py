"""The CUDA source as it is printed: read back from its text, it is gradient descent."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import sympy as sp

from ...numeric.codegen.coefficient_ring import CoefficientRing, ExactPoly
from ...numeric.codegen.program import Program, run
from ...numeric.codegen.scheduling import Algebra, program_for
from ...numeric.codegen.targets.cuda_source import TYPES as TARGETS
from ...numeric.codegen.targets.registry import generate_source
from ...symbolic.algebra.symbols import symbols
from ...symbolic.models.quadratic import QuadraticModel
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import REALS, Definition, Named, Range, Statement, eq

z, T, epsilon = symbols("z T epsilon")
STEPPED = symbols("z' T'")
TARGET = sp.Symbol("G")
KINDS = Named("the number types of the CUDA source", r"\text{the number types of the CUDA source}")
READ = tuple(sp.Function(name)(TARGET, z, T, epsilon) for name in ("z_cuda", "T_cuda"))

_KERNEL = re.compile(r'extern "C" __global__ void (\w+)\(.*?^}', re.DOTALL | re.MULTILINE)
_GIVEN = re.compile(r"given\.(\w+)")
_DECLARED = re.compile(r"(?:const )?number (\w+) = (.+);")
_KEPT = re.compile(r"(\w+_lane\[lane\]) = (\w+);")
_STORED = re.compile(r"variables\[(\d+) \* stride \+ at\] = (\w+)(\.t\[0\])?;")
_ROW = re.compile(r"(?:\{\{)?(variables|parameters)\[(\d+) \* stride \+ at\]")
_CALL = re.compile(r"(fma|mul|add|div)_\((.*)\)")


def _constant(text: str) -> Fraction | None:
    """A literal, exactly: a hexadecimal double, or a brace of those that are summed."""
    parts = re.findall(r"-?0x[0-9a-f.]+p[+-]\d+", text)
    return sum((Fraction(float.fromhex(p)) for p in parts), Fraction(0)) if parts else None


def read_kernel(
    kernel: str, wide: int, variables: list[Any], parameters: list[Any], given: dict[str, Any], arithmetic: Any
) -> list[Any]:
    """Run the text of a generated kernel for one pass of one trajectory, in any arithmetic.

    Args:
        kernel: CUDA C++ of one kernel.
        wide: doubles in one number.
        variables: values of the rows of ``variables``.
        parameters: values of the rows of ``parameters``.
        given: what is handed over by value.
        arithmetic: what numbers are.

    Returns:
        What is stored in the rows of ``variables``.
    """
    rows = {"variables": variables, "parameters": parameters}
    values: dict[str, Any] = {}

    def value(text: str) -> Any:
        name = text.removeprefix("neg(").removesuffix(")") if text.startswith("neg(") else text
        return arithmetic.neg(values[name]) if name != text else values[name]

    def evaluate(text: str) -> Any:
        row, call, handed = _ROW.match(text), _CALL.fullmatch(text), _GIVEN.fullmatch(text)
        if handed:
            return given[handed.group(1)]
        if row:
            return rows[row.group(1)][int(row.group(2)) // wide]
        if call:
            return getattr(arithmetic, call.group(1))(*map(value, call.group(2).split(", ")))
        literal = _constant(text)
        return value(text) if literal is None else arithmetic.constant(literal)

    out = list(variables)
    for line in kernel.splitlines():
        for pattern in (_DECLARED, _KEPT):
            match = pattern.fullmatch(line.strip())
            if match:
                values[match.group(1)] = evaluate(match.group(2))
        stored = _STORED.fullmatch(line.strip())
        if stored and (wide == 1 or stored.group(3)):
            out[int(stored.group(1)) // wide] = values[stored.group(2)]
    return out


def source_against_descent(program: Program, source: str, sides: tuple[int, ...] = (0, 1)) -> tuple[int, int]:
    """Compare the printed kernels with the gradient step in theta, in exact algebra.

    Args:
        program: what was printed: it says what the host works out for the kernel that takes parameters by value.
        source: CUDA C++ of the one-step map.
        sides: with which component of the stepped state each output is compared.

    Returns:
        How many outputs were compared, and how many differ.
    """
    model = QuadraticModel((1, -epsilon))
    ring = CoefficientRing(model.theta, (epsilon,))
    state = [ExactPoly(ring, ring.ring.from_expr(e), ring.ring.one) for e in model.embedding()]
    after = [ExactPoly(ring, ring.ring.from_expr(c), ring.ring.one) for c in model.theta_step().components]
    stepped = [e.compose(after) for e in state]
    given = {"epsilon": ring.generator(epsilon)}
    run(program.hoist, given, Algebra(ring))
    terms = re.search(r"struct number \{ double t\[(\d+)\]", source)
    compared = wrong = 0
    for kernel in _KERNEL.finditer(source):
        wide = int(terms.group(1)) if terms else 1
        got = read_kernel(kernel.group(), wide, state, [given["epsilon"]], given, Algebra(ring))
        compared += len(got)
        wrong += sum(a != stepped[i] for a, i in zip(got, sides, strict=True))
    return compared, wrong


def _read_back(context: CheckContext) -> Outcome:
    """The printed text of each number type, read line by line, against the step in theta."""
    context.statement.within(TARGET, KINDS)
    for variable in (z, T, epsilon):
        context.statement.within(variable, REALS)
    program = program_for(context.map)
    sides = tuple(STEPPED.index(context.statement.equation(output)) for output in READ)
    read = {name: source_against_descent(program, generate_source(program, name), sides) for name in TARGETS}
    wrong = {name: differ for name, (_, differ) in read.items()}
    return judge(
        sum(compared for compared, _ in read.values()),
        sum(wrong.values()),
        worst=sum(wrong.values()),
        bound=0,
        figure="outputs that differ",
        counterexample=", ".join(name for name, count in wrong.items() if count) or None,
        domain="all theta and epsilon, the text of " + ", ".join(TARGETS),
    )


CLAIMS = (
    Claim(
        id="cuda-program",
        title="The printed CUDA kernels are gradient descent",
        statement=Statement(
            conclusion=tuple(eq(left, right) for left, right in zip(READ, STEPPED, strict=True)),
            over=(Range(TARGET, KINDS), *(Range(v, REALS) for v in (z, T, epsilon))),
            where=(Definition(TARGET, "a number type for which edgestab codegen prints CUDA source"),),
        ),
        source=Source("edgestab", "edgestab codegen --target cuda"),
        uses=("generated-program",),
        checks=(Check("the text read back, in exact algebra, against the step in theta", Level.DERIVED, _read_back),),
        note="One pass of the loop in exact arithmetic. That rounding is that of the CPU's kernels, bit for bit, is a "
        "test: the same text, compiled for the processor.",
    ),
)
