"""Target ``cuda``: CUDA C++ of the same program, every rounding spelled out, so that its bits are those of the CPU.

Products and sums are the intrinsics ``__dmul_rn``, ``__dadd_rn``, ``__fma_rn``, ..: no compiler option contracts or
reorders them. A thread keeps some trajectories in registers from their start to their end.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..program import Op, Program
from ..source_text import call_lines, header, indent, literal_names
from ..wide_arithmetic import WideArithmetic
from .c_source import function_name
from .numba_source import expansion

TRAJECTORIES = {1: 2, 2: 1, 4: 1}
"""Trajectories a thread, by the doubles of a number: independent work that fills the latency of an operation."""

TYPES = {"cuda": "float64", "cuda-double-double": "double-double", "cuda-quad-double": "quad-double"}
"""Targets and their number types."""

FUNCTION = "static __device__ __forceinline__ number"


class SourceArithmetic(WideArithmetic):
    """Wide arithmetic as lines of CUDA C++."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def _emit(self, text: str) -> str:
        name = f"t{len(self.lines)}"
        self.lines.append(f"const double {name} = {text};")
        return name

    def fadd(self, a: str, b: str) -> str:
        """``a + b``, rounded."""
        return self._emit(f"__dadd_rn({a}, {b})")

    def fsub(self, a: str, b: str) -> str:
        """``a - b``, rounded."""
        return self._emit(f"__dsub_rn({a}, {b})")

    def fmul(self, a: str, b: str) -> str:
        """``a * b``, rounded."""
        return self._emit(f"__dmul_rn({a}, {b})")

    def fdiv(self, a: str, b: str) -> str:
        """``a / b``, rounded."""
        return self._emit(f"__ddiv_rn({a}, {b})")

    def fneg(self, a: str) -> str:
        """``-a``."""
        return self._emit(f"-{a}")

    def fma(self, a: str, b: str, c: str) -> str:
        """``a * b + c``, rounded once."""
        return self._emit(f"__fma_rn({a}, {b}, {c})")

    def zero(self, like: str) -> str:
        """0."""
        return "0.0"


def kinds_of(*parts: Sequence[Op]) -> set[str]:
    """The kinds of operations that some lists of them use."""
    return {op.kind for ops in parts for op in ops} - {"move"}


def number_lines(terms: int, kinds: set[str]) -> list[str]:
    """The number type and its operations.

    Args:
        terms: doubles in one number.
        kinds: which operations are needed: fma, mul, add, div.

    Returns:
        Lines of CUDA C++ that define ``number``, ``neg`` and the operations.
    """
    if terms == 1:
        roundings = {"fma": "__fma_rn", "mul": "__dmul_rn", "add": "__dadd_rn", "div": "__ddiv_rn"}
        lines = ["typedef double number;", f"{FUNCTION} neg(number a) {{ return -a; }}"]
        for kind in sorted(kinds):
            names = ("a", "b", "c")[: 3 if kind == "fma" else 2]
            declared = ", ".join(f"number {n}" for n in names)
            # `fma` is taken by the language
            lines.append(f"{FUNCTION} {kind}_({declared}) {{ return {roundings[kind]}({', '.join(names)}); }}")
        return lines
    parts = range(terms)
    negated = ", ".join(f"-a.t[{i}]" for i in parts)
    lines = [f"struct number {{ double t[{terms}]; }};", f"{FUNCTION} neg(number a) {{ return {{{{{negated}}}}}; }}"]
    for kind in sorted(kinds):
        names = ("a", "b", "c")[: 3 if kind == "fma" else 2]
        arithmetic = SourceArithmetic()
        found = arithmetic.operation(kind, terms, [[f"{n}.t[{i}]" for i in parts] for n in names])
        lines += [f"{FUNCTION} {kind}_({', '.join(f'number {n}' for n in names)})", "{"]
        lines += [*indent(arithmetic.lines, 1), f"    return {{{{{', '.join(found)}}}}};", "}"]
    return lines


def parts_of(terms: int) -> list[str]:
    """How the doubles of a number are reached."""
    return [""] if terms == 1 else [f".t[{i}]" for i in range(terms)]


def constant(value: object, terms: int) -> str:
    """A rational as a number, each double rounded once."""
    doubles = [float.hex(x) for x in expansion(value, terms)]  # type: ignore[arg-type]
    return doubles[0] if terms == 1 else f"{{{{{', '.join(doubles)}}}}}"


def operation_lines(ops: Sequence[Op], program: Program, declared: str = "const number ") -> list[str]:
    """Operations as calls.

    Args:
        ops: the operations.
        program: whose constants they name.
        declared: what stands before each result.

    Returns:
        Lines of CUDA C++.
    """
    lines = []
    for line, op in zip(call_lines(ops, literal_names(program)), ops, strict=True):
        name, _, text = line.partition(" = ")
        lines.append(f"{declared}{name} = {text.replace(f'{op.kind}(', f'{op.kind}_(', 1)};")
    return lines


def constants_of(program: Program, terms: int) -> list[str]:
    """Declarations of a program's rational constants."""
    return [f"const number {name} = {constant(q, terms)};" for q, name in literal_names(program).items()]


def generate(program: Program, trajectories: int | None = None, terms: int = 1) -> str:
    """The source of ``edgestab_<map>(variables, parameters, stride, passes)``.

    Arrays are those of the lane kernels: variables of shape (variables, stride) or (variables, terms, stride),
    changed in place; parameters likewise. Any grid of threads works.

    Args:
        program: the program.
        trajectories: trajectories a thread; 2 for doubles and 1 for wider numbers by default.
        terms: doubles in one number: 1, 2 or 4.

    Returns:
        CUDA C++. Stated error of one step: ``Program.error_bound`` with the unit of the number type.
    """
    together = trajectories or TRAJECTORIES[terms]
    kinds = kinds_of(program.hoist, program.enter, program.body, program.leave)
    used = {x for op in program.body for x in op.operands}
    kept = [*(p for p in program.parameters if p in used), *(h for h in program.hoisted if h in used)]
    after = {x for op in program.leave for x in op.operands}
    kept += [x for x in (*program.parameters, *program.hoisted) if x in after and x not in kept]
    taken = {
        *program.variables,
        *program.parameters,
        *program.state,
        *program.hoisted,
        *literal_names(program).values(),
    }
    assert not taken & {"variables", "parameters", "stride", "passes", "lane", "first", "apart", "pass"}

    def place(array: str, row: int, term: int) -> str:
        return f"{array}[{row * terms + term} * stride + at]"

    def loads(array: str, names: Sequence[str]) -> list[str]:
        if terms == 1:
            return [f"const number {n} = {place(array, i, 0)};" for i, n in enumerate(names)]
        return [
            f"const number {n} = {{{{{', '.join(place(array, i, j) for j in range(terms))}}}}};"
            for i, n in enumerate(names)
        ]

    def stores(names: Sequence[str]) -> list[str]:
        if terms == 1:
            return [f"{place('variables', i, 0)} = {n};" for i, n in enumerate(names)]
        return [f"{place('variables', i, j)} = {n}.t[{j}];" for i, n in enumerate(names) for j in range(terms)]

    def of_lane(names: Sequence[str]) -> list[str]:
        return [f"number {n} = {n}_lane[lane];" for n in names]

    each = ["#pragma unroll", "for (int lane = 0; lane < EDGESTAB_TRAJECTORIES; ++lane) {"]
    start = [
        "// beyond the last trajectory the last one is computed once more, and not stored",
        "const long long own = first + lane * apart, at = own < stride ? own : stride - 1;",
        *loads("variables", program.variables),
        *loads("parameters", program.parameters),
        *operation_lines((*program.hoist, *program.enter), program),
        *(f"{s}_lane[lane] = {s};" for s in (*program.state, *kept)),
        *(f"EDGESTAB_KEEP({k}_lane[lane]{part});" for k in kept for part in parts_of(terms)),
    ]
    body = [
        *of_lane([*program.state, *(k for k in kept if k in used)]),
        *operation_lines(program.body, program),
        *(f"{s}_lane[lane] = {n};" for s, n in zip(program.state, program.next_state, strict=True)),
    ]
    finish = [
        "const long long at = first + lane * apart;",
        "if (at >= stride) continue;",
        *of_lane([*program.state, *(k for k in kept if k in after)]),
        *operation_lines(program.leave, program),
        *stores(program.outputs),
    ]
    inside = [
        *(f"number {s}_lane[EDGESTAB_TRAJECTORIES];" for s in (*program.state, *kept)),
        *each,
        *indent(start, 1),
        "}",
        "for (long long pass = 0; pass < passes; ++pass) {",
        *indent([*each, *indent(body, 1), "}"], 1),
        "}",
        *each,
        *indent(finish, 1),
        "}",
    ]
    lines = [
        *(f"// {line}" for line in header(program, f"CUDA kernel, {terms} double(s) a number")),
        "",
        f"#define EDGESTAB_TRAJECTORIES {together}",
        "// a value that is kept: the compiler may not work it out again in every pass",
        "#ifdef __CUDA_ARCH__",
        '#define EDGESTAB_KEEP(x) asm("" : "+d"(x))',
        "#else",
        "#define EDGESTAB_KEEP(x)",
        "#endif",
        "",
        *number_lines(terms, kinds),
        "",
        f'extern "C" __global__ void {function_name(program)}(',
        "    double *variables, const double *parameters, long long stride, long long passes)",
        "{",
        *indent(constants_of(program, terms), 1),
        "    const long long apart = (long long)gridDim.x * blockDim.x;",
        "    for (long long first = (long long)blockIdx.x * blockDim.x + threadIdx.x; first < stride;",
        "         first += EDGESTAB_TRAJECTORIES * apart) {",
        *indent(inside, 2),
        "    }",
        "}",
    ]
    return "\n".join(lines) + "\n"
