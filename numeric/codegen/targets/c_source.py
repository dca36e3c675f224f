"""Target ``c``: plain C11 for users' own programs, blocked so that compilers vectorise it."""

from __future__ import annotations

from fractions import Fraction

from ..program import Program
from ..source_text import header, indent, operator_lines

DEFAULT_LANES = 64
_RESERVED = {"double", "float", "int", "long", "short", "char", "register", "restrict", "static", "struct", "const"}


def hex_double(value: Fraction) -> str:
    """A rational as a C double, rounded once, in hexadecimal so that no compiler rounds it again."""
    nearest = float(value)
    return f"{nearest!r}" if nearest == int(nearest) and abs(nearest) < 2**53 else nearest.hex()


def function_name(program: Program) -> str:
    """The C function's name."""
    stem = "".join(c if c.isalnum() else "_" for c in program.name).strip("_").lower()
    return f"edgestab_{stem}"


def generate(program: Program, lanes: int | None = None) -> str:
    """The source file.

    ``void edgestab_<map>(size_t n, size_t passes, double *z, .., const double *epsilon, ..)`` iterates n
    trajectories in place; parameters are given per trajectory.

    Args:
        program: the program.
        lanes: trajectories in one block, default 64.

    Returns:
        C11 source. Stated error of one step: ``Program.error_bound`` with unit 2^-53.
    """
    lanes = lanes or DEFAULT_LANES

    def clean(name: str) -> str:
        return f"{name}_" if name in _RESERVED or name in {"n", "passes", "base", "lane", "width"} else name

    renamed = {s: clean(s) for s in (*program.variables, *program.parameters, *program.state)}
    hoisted = program.hoisted
    # what lives across passes is an array over the lanes of a block, everything else a scalar of one lane
    arrays = {**{s: f"{renamed[s]}_lane[lane]" for s in program.state}, **{k: f"{k}_lane[lane]" for k in hoisted}}
    used = {x for op in program.body for x in op.operands}
    per_lane = [p for p in program.parameters if p in used]
    arrays |= {p: f"{renamed[p]}_lane[lane]" for p in per_lane}

    def lines(ops: object, names: dict[str, str], made: set[str]) -> list[str]:
        declared = [op.renamed(names) for op in ops]  # type: ignore[attr-defined]
        text = operator_lines(declared, hex_double, "{0} = {1};", "EDGESTAB_FMA({0}, {1}, {2})")
        return [t if op.result in made else f"const double {t}" for t, op in zip(text, declared, strict=True)]

    inputs = {v: f"{renamed[v]}[base + lane]" for v in (*program.variables, *program.parameters)}
    entered = {op.result for op in program.enter}
    start_names = {**inputs, **{k: arrays[k] for k in hoisted}, **{s: arrays[s] for s in entered & set(program.state)}}
    start = lines((*program.hoist, *program.enter), start_names, set(arrays.values()))
    start += [f"{arrays[s]} = {inputs[s]};" for s in program.state if s not in entered]
    start += [f"{arrays[p]} = {inputs[p]};" for p in per_lane]
    body = lines(program.body, arrays, set())
    body += [f"{arrays[s]} = {n};" for s, n in zip(program.state, program.next_state, strict=True)]
    finish_names = {**arrays, **{p: inputs[p] for p in program.parameters if p not in per_lane}}
    finish = lines(program.leave, finish_names, set())
    finish += [f"{inputs[v]} = {v}_out;" for v in program.variables]
    pointers = [f"double *{renamed[v]}" for v in program.variables]
    pointers += [f"const double *{renamed[p]}" for p in program.parameters]
    declared = sorted(a.removesuffix("[lane]") for a in arrays.values())
    each = "for (size_t lane = 0; lane < width; ++lane) {"

    def block(width: str) -> list[str]:
        loop = each.replace("width", width)
        return [
            *(f"double {a}[EDGESTAB_LANES];" for a in declared),
            loop,
            *indent(start, 1),
            "}",
            "for (size_t pass = 0; pass < passes; ++pass) {",
            *indent([loop, *indent(body, 1), "}"], 1),
            "}",
            loop,
            *indent(finish, 1),
            "}",
        ]

    return (
        "\n".join(
            [
                "/*",
                *(f" * {line}" for line in header(program, "C kernel")),
                " */",
                "#include <math.h>",
                "#include <stddef.h>",
                "",
                f"#define EDGESTAB_LANES {lanes}",
                "/* fma() where the machine has one; without it every product is rounded as well */",
                "#if defined(FP_FAST_FMA) || defined(__FP_FAST_FMA)",
                "#define EDGESTAB_FMA(a, b, c) fma((a), (b), (c))",
                "#else",
                "#define EDGESTAB_FMA(a, b, c) ((a) * (b) + (c))",
                "#endif",
                "",
                f"void {function_name(program)}(size_t n, size_t passes, {', '.join(pointers)})",
                "{",
                "    size_t base = 0;",
                "    for (; base + EDGESTAB_LANES <= n; base += EDGESTAB_LANES) {",
                *indent(block("EDGESTAB_LANES"), 2),
                "    }",
                "    if (base < n) {",
                "        const size_t width = n - base;",
                *indent(block("width"), 2),
                "    }",
                "}",
            ]
        )
        + "\n"
    )
