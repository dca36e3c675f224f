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


def constants_of(program: Program, terms: int, ops: Sequence[Op] | None = None) -> list[str]:
    """Declarations of a program's rational constants, or of those that some operations read."""
    named = literal_names(program)
    read = named if ops is None else {x for op in ops for x in op.operands}
    return [f"const number {name} = {constant(q, terms)};" for q, name in named.items() if q in read]


UNROLLED = {1: 16, 2: 1, 4: 1}
"""Passes between two looks at the counter, by the doubles of a number."""

RESERVED = {"variables", "parameters", "stride", "passes", "lane", "first", "apart", "pass", "given", "own", "at"}
"""Names of the kernel's own, which no program may use."""


def shared_name(program: Program) -> str:
    """The kernel for trajectories that share their parameters."""
    return f"{function_name(program)}_shared"


def shared_values(program: Program) -> tuple[str, ...]:
    """What that kernel takes by value, in its order: the parameters, and what is worked out from them once."""
    return (*program.parameters, *program.hoisted)


def place(array: str, row: int, term: int, terms: int) -> str:
    """One double of an array."""
    return f"{array}[{row * terms + term} * stride + at]"


def loads(array: str, names: Sequence[str], terms: int) -> list[str]:
    """Declarations of numbers that lie in rows of an array."""
    if terms == 1:
        return [f"const number {n} = {place(array, i, 0, 1)};" for i, n in enumerate(names)]
    return [
        f"const number {n} = {{{{{', '.join(place(array, i, j, terms) for j in range(terms))}}}}};"
        for i, n in enumerate(names)
    ]


def stores(names: Sequence[str], terms: int) -> list[str]:
    """Numbers put back into rows of ``variables``."""
    if terms == 1:
        return [f"{place('variables', i, 0, 1)} = {n};" for i, n in enumerate(names)]
    return [f"{place('variables', i, j, terms)} = {n}.t[{j}];" for i, n in enumerate(names) for j in range(terms)]


def of_lane(names: Sequence[str]) -> list[str]:
    """Numbers of one trajectory of a thread."""
    return [f"number {n} = {n}_lane[lane];" for n in names]


def kernel_lines(program: Program, together: int, terms: int, shared: bool) -> list[str]:
    """One kernel.

    Args:
        program: the program.
        together: trajectories a thread.
        terms: doubles in one number.
        shared: whether all trajectories share their parameters, which are then given by value.

    Returns:
        Lines of CUDA C++.
    """
    used = {x for op in program.body for x in op.operands}
    after = {x for op in program.leave for x in op.operands}
    read = shared_values(program)
    kept = [] if shared else [x for x in read if x in used] + [x for x in read if x in after - used]
    start = [
        "// beyond the last trajectory the last one is computed once more, and not stored",
        "const long long own = first + lane * apart, at = own < stride ? own : stride - 1;",
        *loads("variables", program.variables, terms),
        *([] if shared else loads("parameters", program.parameters, terms)),
        *operation_lines(program.enter if shared else (*program.hoist, *program.enter), program),
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
        *stores(program.outputs, terms),
    ]
    each = ["#pragma unroll", f"for (int lane = 0; lane < {together}; ++lane) {{"]
    inside = [
        *(f"number {s}_lane[{together}];" for s in (*program.state, *kept)),
        *each,
        *indent(start, 1),
        "}",
        *([f"#pragma unroll {UNROLLED[terms]}"] if UNROLLED[terms] > 1 else []),
        "for (long long pass = 0; pass < passes; ++pass) {",
        *indent([*each, *indent(body, 1), "}"], 1),
        "}",
        *each,
        *indent(finish, 1),
        "}",
    ]
    spelled = [*(() if shared else program.hoist), *program.enter, *program.body, *program.leave]
    name = shared_name(program) if shared else function_name(program)
    arguments = "const edgestab_shared given" if shared else "const double *parameters"
    return [
        f'extern "C" __global__ void {name}(',
        f"    double *variables, {arguments}, long long stride, long long passes)",
        "{",
        *indent(constants_of(program, terms, spelled), 1),
        *(f"    const number {n} = given.{n};" for n in (read if shared else ())),
        "    const long long apart = (long long)gridDim.x * blockDim.x;",
        "    for (long long first = (long long)blockIdx.x * blockDim.x + threadIdx.x; first < stride;",
        f"         first += {together} * apart) {{",
        *indent(inside, 2),
        "    }",
        "}",
    ]


def generate(program: Program, trajectories: int | None = None, terms: int = 1) -> str:
    """The source of ``edgestab_<map>(variables, parameters, stride, passes)``.

    Arrays are those of the lane kernels: variables of shape (variables, stride) or (variables, terms, stride),
    changed in place; parameters likewise. Any grid of threads works. For doubles there is a second kernel,
    ``edgestab_<map>_shared(variables, given, stride, passes)``, for trajectories that share their parameters: these,
    and what is worked out from them once, come by value, in the order of :func:`shared_values`. Its multiply-adds read
    them from where all threads do, beside two registers; one of three registers takes an H100 half as long again.

    Args:
        program: the program.
        trajectories: trajectories a thread; 2 for doubles and 1 for wider numbers by default; 1 where parameters are
            shared.
        terms: doubles in one number: 1, 2 or 4.

    Returns:
        CUDA C++. Stated error of one step: ``Program.error_bound`` with the unit of the number type.
    """
    together = trajectories or TRAJECTORIES[terms]
    kinds = kinds_of(program.hoist, program.enter, program.body, program.leave)
    taken = {
        *program.variables,
        *program.parameters,
        *program.state,
        *program.hoisted,
        *literal_names(program).values(),
    }
    assert not taken & RESERVED
    lines = [
        *(f"// {line}" for line in header(program, f"CUDA kernel, {terms} double(s) a number")),
        "",
        "// a value that is kept: the compiler may not work it out again in every pass",
        "#ifdef __CUDA_ARCH__",
        '#define EDGESTAB_KEEP(x) asm("" : "+d"(x))',
        "#else",
        "#define EDGESTAB_KEEP(x)",
        "#endif",
        "",
        *number_lines(terms, kinds),
        "",
        *kernel_lines(program, together, terms, shared=False),
    ]
    if terms == 1:
        declared = f"struct edgestab_shared {{ double {', '.join(shared_values(program))}; }};"
        lines += ["", declared, "", *kernel_lines(program, trajectories or 1, terms, shared=True)]
    return "\n".join(lines) + "\n"
