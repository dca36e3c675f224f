"""The Python targets: one program in plain Python arithmetic of some number type.

Rational constants are made once by the type's own constructor from numerator and denominator, in the precision that
is current when ``iterate`` or ``run`` is called; none passes through a float.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ..program import Program
from ..source_text import assign, header, indent, literal_names, operator_lines


@dataclass(frozen=True)
class PythonTarget:
    """One number type.

    Attributes:
        name: the target's name.
        what: the title of generated files.
        imports: import lines.
        number: the expression for the rational ``n/d``.
        fma: call template for a fused multiply-add, or empty for ``a * b + c``.
        error: the stated error of one operation.
    """

    name: str
    what: str
    imports: tuple[str, ...]
    number: Callable[[Fraction], str]
    fma: str
    error: str


def _whole(template: str, ratio: str) -> Callable[[Fraction], str]:
    def number(q: Fraction) -> str:
        if q.denominator == 1:
            return template.format(n=q.numerator)
        return ratio.format(n=q.numerator, d=q.denominator)

    return number


PYTHON_TARGETS = {
    target.name: target
    for target in (
        PythonTarget(
            "mpfr",
            "MPFR kernel",
            ("import gmpy2",),
            _whole("gmpy2.mpfr({n})", "gmpy2.mpfr(gmpy2.mpq({n}, {d}))"),
            "gmpy2.fma({0}, {1}, {2})",
            "one rounding at the precision of gmpy2's context",
        ),
        PythonTarget(
            "mpmath",
            "mpmath kernel",
            ("from mpmath import mp, mpf", "from mpmath.libmp import from_rational"),
            _whole("mpf({n})", 'mp.make_mpf(from_rational({n}, {d}, mp.prec, "n"))'),
            "",
            "two roundings at mpmath's working precision",
        ),
        PythonTarget(
            "arb",
            "Arb ball kernel",
            ("from flint import arb, fmpq",),
            _whole("arb({n})", "arb(fmpq({n}, {d}))"),
            "",
            "the ball contains the exact value",
        ),
        PythonTarget(
            "fraction",
            "exact kernel",
            ("from fractions import Fraction",),
            _whole("Fraction({n})", "Fraction({n}, {d})"),
            "",
            "none",
        ),
        PythonTarget(
            "jax",
            "JAX kernel",
            (
                "from functools import partial",
                "",
                "import jax",
                "import jax.numpy as jnp",
                "from jax import lax",
                'jax.config.update("jax_enable_x64", True)',
            ),
            lambda q: f"jnp.float64({float(q)!r})",
            "",
            "two roundings of float64, or one where XLA fuses them",
        ),
    )
}


UNROLLED = 32
"""Passes that the JAX kernel makes between two visits to memory."""


def generate(program: Program, target: PythonTarget) -> str:
    """The module's source: ``iterate(variables.., parameters.., steps)`` and ``run`` with a stopping rule.

    Args:
        program: the program.
        target: the number type.

    Returns:
        Python source.
    """
    names = literal_names(program)
    arguments = ", ".join((*program.variables, *program.parameters))

    def lines(ops: object) -> list[str]:
        return operator_lines(ops, lambda q: names[q], fma=target.fma)  # type: ignore[arg-type]

    constants = [f"{name} = {target.number(q)}" for q, name in names.items()]
    start = [*constants, *lines(program.hoist), *lines(program.enter)]
    body = [*lines(program.body), *assign(program.state, program.next_state)]
    result = f"return {', '.join(program.outputs)}" + ("," if len(program.outputs) == 1 else "")
    loop = _jax_loop(program, body) if target.name == "jax" else [_passes(program), *indent(body, 1)]
    jitted = ['@partial(jax.jit, static_argnames="steps")'] if target.name == "jax" else []
    text = [
        '"""',
        *header(program, target.what),
        f"error of one operation: {target.error}",
        '"""',
        "",
        *target.imports,
        "",
        "",
        *jitted,
        f"def iterate({arguments}, steps):",
        *indent([*start, *loop, *lines(program.leave), result], 1),
    ]
    if target.name != "jax":
        text += ["", "", *_run(program, arguments, start, body, lines)]
    return "\n".join(text) + "\n"


def _passes(program: Program) -> str:
    count = "steps" if program.steps_per_body == 1 else f"steps // {program.steps_per_body}"
    return f"for _ in range({count}):"


def _jax_loop(program: Program, body: list[str]) -> list[str]:
    """The loop as ``lax.fori_loop``, which XLA compiles and differentiates.

    XLA makes one kernel of what is unrolled, so numbers go to memory and back once in UNROLLED passes.
    """
    state = ", ".join(program.state) + ","
    count = "steps" if program.steps_per_body == 1 else f"(steps // {program.steps_per_body})"
    return [
        "def advance(_, state):",
        *indent([f"{state} = state", *body, f"return ({state})"], 1),
        "def together(_, state):",
        f"    for _ in range({UNROLLED}):",
        "        state = advance(_, state)",
        "    return state",
        f"shapes = jnp.broadcast_shapes({', '.join(f'jnp.shape({s})' for s in (*program.state, *program.parameters))})",
        f"start = tuple(jnp.broadcast_to(jnp.asarray(s, jnp.float64), shapes) for s in ({state}))",
        f"start = lax.fori_loop(0, {count} // {UNROLLED}, together, start)",
        f"{state} = lax.fori_loop(0, {count} % {UNROLLED}, advance, start)",
    ]


def _run(
    program: Program, arguments: str, start: list[str], body: list[str], lines: Callable[[object], list[str]]
) -> list[str]:
    """``run``: stop when the first variable is below ``until`` or not below ``ceiling``."""
    first = program.variables[0]
    leave = lines(program.leave)
    seen = [f"size = abs({first})"] if first in program.state else [*leave, f"size = abs({first}_out)"]
    outputs = ", ".join(program.outputs) + ","
    return [
        f"def run({arguments}, steps, until, ceiling):",
        *indent(start, 1),
        "    taken, status = 0, 2",
        "    while True:",
        *indent(seen, 2),
        "        if size < until:",
        "            status = 0",
        "            break",
        "        if not size <= ceiling:",
        "            status = 1",
        "            break",
        f"        if taken + {program.steps_per_body} > steps:",
        "            break",
        *indent(body, 2),
        f"        taken += {program.steps_per_body}",
        *indent(leave, 1),
        f"    return status, taken, ({outputs})",
    ]
