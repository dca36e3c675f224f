"""Target ``javascript``: an ES module whose numbers are those of the float64 kernel, bit for bit.

JavaScript has no fused multiply-add. Here it is computed by error-free transformations and rounding to odd, and what
depends on start and parameters alone in exact rationals, rounded once, as the float64 kernel does.

Source: Boldo, Melquiond 2008, emulation of FMA and correctly rounded sums, IEEE Transactions on Computers 57.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from ..program import Op, Operand, Program
from ..source_text import header, indent

ARITHMETIC = """\
const words = new Float64Array(1);
const bits = new BigUint64Array(words.buffer);

// a double as the rational [numerator, denominator] that it is
function exact(x) {
    if (!Number.isFinite(x)) throw new RangeError(`a finite number expected, got ${x}`);
    words[0] = x;
    const exponent = Number((bits[0] >> 52n) & 2047n);
    const fraction = bits[0] & 0xfffffffffffffn;
    const size = exponent ? fraction | 0x10000000000000n : fraction;
    const whole = bits[0] >> 63n ? -size : size;
    const power = (exponent || 1) - 1075;
    return power < 0 ? [whole, 1n << BigInt(-power)] : [whole << BigInt(power), 1n];
}

const plus = (a, b) => [a[0] * b[1] + b[0] * a[1], a[1] * b[1]];
const times = (a, b) => [a[0] * b[0], a[1] * b[1]];
const over = (a, b) => (b[0] < 0n ? [-a[0] * b[1], -a[1] * b[0]] : [a[0] * b[1], a[1] * b[0]]);
const minus = (a) => [-a[0], a[1]];

// the double nearest to a rational, ties to even
function nearest([top, bottom]) {
    if (top === 0n) return 0;
    const size = top < 0n ? -top : top;
    let power = Math.max(size.toString(2).length - bottom.toString(2).length - 53, -1074);
    for (;;) {
        const a = power < 0 ? size << BigInt(-power) : size;
        const b = power > 0 ? bottom << BigInt(power) : bottom;
        let whole = a / b;
        if (whole >> 53n) {
            power += 1;
            continue;
        }
        const rest = 2n * (a - whole * b);
        if (rest > b || (rest === b && whole & 1n)) whole += 1n;
        const value = Number(whole) * 2 ** power;
        return top < 0n ? -value : value;
    }
}

// a b + c at the ends of the range, where the parts of a product would overflow or underflow
function rareFma(a, b, c) {
    if (a === 0 || b === 0 || ![a, b, c].every(Number.isFinite)) return a * b + c;
    return nearest(plus(times(exact(a), exact(b)), exact(c))) || a * b + c;
}

// a b + c, rounded once
function fma(a, b, c) {
    const h = a * b;
    const size = Math.abs(h);
    const fits = size > 1e-280 && size < 1e280 && Math.abs(a) < 1e280 && Math.abs(b) < 1e280 && Math.abs(c) < 1e280;
    if (!fits) return rareFma(a, b, c);
    let t = 134217729 * a;
    const ah = t - (t - a);
    const al = a - ah;
    t = 134217729 * b;
    const bh = t - (t - b);
    const bl = b - bh;
    const l = al * bl - (h - ah * bh - al * bh - ah * bl);
    const th = c + l;
    t = th - c;
    const tl = c - (th - t) + (l - t);
    const vh = h + th;
    t = vh - h;
    const vl = h - (vh - t) + (th - t);
    const s = tl + vl;
    t = s - tl;
    const e = tl - (s - t) + (vl - t);
    const r = vh + s;
    if (e === 0) return r;
    t = r - vh;
    const d = vh - (r - t) + (s - t);
    // only at a tie does e, all that is left out, decide
    const other = r + 2 * d;
    return d !== 0 && other - r === 2 * d && e > 0 === d > 0 ? other : r;
}
"""


def _rounded(ops: Iterable[Op], template: str) -> list[str]:
    """Operations on doubles, each rounded once."""

    def text(x: Operand | None, sign: int = 1) -> str:
        name = x if isinstance(x, str) else repr(float(x or 0))
        return f"-{name}" if sign < 0 else name

    lines = []
    for op in ops:
        first = text(op.a, op.sign)
        if op.kind == "fma":
            value = f"fma({first}, {text(op.b)}, {text(op.c, op.c_sign)})"
        elif op.kind == "add":
            value = f"{first} {'-' if op.c_sign < 0 else '+'} {text(op.c)}"
        else:
            value = first if op.b is None else f"{first} {'/' if op.divide else '*'} {text(op.b)}"
        lines.append(template.format(op.result, value))
    return lines


def _exactly(program: Program) -> list[str]:
    """Start and parameters as rationals, what follows from them, and the doubles nearest to what is used."""

    def name(x: Operand | None) -> str:
        if isinstance(x, Fraction):
            return f"[{x.numerator}n, {x.denominator}n]"
        return f"{x}_exact"

    lines = [f"const {name(x)} = exact({x});" for x in (*program.variables, *program.parameters)]
    for op in (*program.hoist, *program.enter):
        value = name(op.a)
        if op.b is not None:
            value = f"{'over' if op.divide else 'times'}({value}, {name(op.b)})"
        value = f"minus({value})" if op.sign < 0 else value
        if op.c is not None:
            value = f"plus({value}, {f'minus({name(op.c)})' if op.c_sign < 0 else name(op.c)})"
        lines.append(f"const {op.result}_exact = {value};")
    given = (*program.variables, *program.parameters)
    used = {x for op in (*program.body, *program.leave) for x in op.operands}
    lines += [f"const {x} = nearest({x}_exact);" for x in program.hoisted if x in used and x not in given]
    return lines + [f"let {s} = nearest({s}_exact);" for s in program.state if s not in program.variables]


def kernel_text(program: Program) -> str:
    """The functions ``run``, ``iterate`` and ``orbit`` and their arithmetic, without header and exports.

    Args:
        program: the program.

    Returns:
        JavaScript statements.
    """
    count = "steps" if program.steps_per_body == 1 else f"Math.floor(steps / {program.steps_per_body})"
    variables, arguments = ", ".join(program.variables), ", ".join((*program.variables, *program.parameters))
    moves = [f"{s} = {n};" for s, n in zip(program.state, program.next_state, strict=True)]
    body, leave = _rounded(program.body, "const {0} = {1};"), _rounded(program.leave, "const {0} = {1};")
    enter = indent(_exactly(program), 1)
    kept = [f"columns[{i}][pass] = {name};" for i, name in enumerate(program.outputs)]
    first = program.variables[0]
    return "\n".join(
        [
            ARITHMETIC,
            "// status 0 converged, 1 diverged, 2 not finished; columns[i][pass] is variable i after so many passes",
            f"function run({arguments}, steps, until, ceiling, columns) {{",
            *enter,
            "    for (let pass = 0; ; pass += 1) {",
            *indent(leave, 2),
            *indent(kept, 2),
            f"        const size = Math.abs({first});",
            f"        const status = size < until ? 0 : !(size <= ceiling) ? 1 : pass >= {count} ? 2 : -1;",
            f"        if (status >= 0) return {{ status, taken: pass * {program.steps_per_body} }};",
            *indent([*body, *moves], 2),
            "    }",
            "}",
            "",
            f"function iterate({arguments}, steps) {{",
            *enter,
            f"    for (let pass = 0; pass < {count}; pass += 1) {{",
            *indent([*body, *moves], 2),
            "    }",
            *indent(leave, 1),
            f"    return [{', '.join(program.outputs)}];",
            "}",
            "",
            f"function orbit({arguments}, steps) {{",
            f"    const columns = [{variables}].map(() => new Float64Array({count} + 1).fill(NaN));",
            f"    run({arguments}, steps, -1, Infinity, columns);",
            "    return Array.from(columns[0], (_, pass) => columns.map((column) => column[pass]));",
            "}",
            "",
        ]
    )


def generate(program: Program) -> str:
    """The module: ``iterate(variables.., parameters.., steps)``, ``orbit`` and ``run`` with a stopping rule.

    Args:
        program: the program.

    Returns:
        ES module source. Its numbers are those of ``compile_map``; stated error of one step: ``Program.error_bound``
        with unit 2^-53.
    """
    lines = ["/*", *(f" * {line}" for line in header(program, "JavaScript kernel")), " */", "", kernel_text(program)]
    return "\n".join([*lines, "export { iterate, orbit, run };", ""])
