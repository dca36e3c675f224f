"""The gradient of any loss in doubles: straight-line code from its operations, forward and then backward."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from ...symbolic.models.normal_form.tape import Tape


def compile_gradient(loss: sp.Expr, parameters: Sequence[sp.Symbol]) -> Callable[..., Any]:
    """The gradient in doubles, as straight-line Python made from the operations of the loss.

    Args:
        loss: a formula without further symbols.
        parameters: the arguments, in order.

    Returns:
        A function of as many doubles, to a tuple.
    """
    tape = Tape([loss], parameters)
    lines, back = _forward_lines(tape), _backward_lines(tape)
    names = ", ".join(f"v{k}" for k in range(len(parameters)))
    used = {line.split(" ")[0] for line in back}
    ends = ", ".join(f"a{k}" if f"a{k}" in used else "0.0" for k in range(len(parameters)))
    body = "\n    ".join([*lines, f"a{tape.outputs[0]} = 1.0", *back, f"return ({ends},)"])
    space: dict[str, Any] = {n: getattr(math, n) for n in ("exp", "log", "tanh", "tan", "sin", "cos", "sinh", "cosh")}
    exec(compile(f"def gradient({names}):\n    {body}\n", "<gradient>", "exec"), space)
    found: Callable[..., Any] = space["gradient"]
    return found


def _forward_lines(tape: Tape) -> list[str]:
    lines = []
    for k, (name, args, data) in enumerate(tape.rows):
        if name == "input":
            continue
        lines.append(f"v{k} = {_right_side(name, [f'v{i}' for i in args], data)}")
    return lines


def _right_side(name: str, args: list[str], data: Any) -> str:
    if name == "constant":
        return repr(float(data))
    if name == "add":
        return " + ".join(args)
    if name == "mul":
        return f"{args[0]}*{args[1]}"
    if name == "scale":
        return f"{args[0]}*{float(data.p) / float(data.q)!r}"
    return f"{args[0]}**{_exponent(data)}" if name == "power" else f"{name}({args[0]})"


def _exponent(power: sp.Rational) -> str:
    return f"({int(power)})" if power.is_Integer else f"({int(power.p)}/{int(power.q)})"


_SLOPES = {
    "exp": "{v}",
    "log": "1/{u}",
    "tanh": "(1 - {v}*{v})",
    "tan": "(1 + {v}*{v})",
    "sin": "cos({u})",
    "cos": "-sin({u})",
    "sinh": "cosh({u})",
    "cosh": "sinh({u})",
}


def _backward_lines(tape: Tape) -> list[str]:
    lines: list[str] = []
    seen = {tape.outputs[0]}

    def add(target: int, value: str) -> None:
        lines.append(f"a{target} {'+=' if target in seen else '='} {value}")
        seen.add(target)

    for k in range(tape.outputs[0], -1, -1):
        name, args, data = tape.rows[k]
        if k not in seen or name in ("input", "constant"):
            continue
        own = f"a{k}"
        if name == "add":
            for i in args:
                add(i, own)
        elif name == "mul":
            add(args[0], f"{own}*v{args[1]}")
            add(args[1], f"{own}*v{args[0]}")
        elif name == "scale":
            add(args[0], f"{own}*{float(data.p) / float(data.q)!r}")
        elif name == "power":
            add(args[0], f"{own}*({int(data.p)}/{int(data.q)})*v{args[0]}**{_exponent(data - 1)}")
        else:
            add(args[0], f"{own}*" + _SLOPES[name].format(u=f"v{args[0]}", v=f"v{k}"))
    return lines
