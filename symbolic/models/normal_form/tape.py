"""Formulas as a list of operations: evaluated on series, and differentiated backwards at a few times that cost.

A directional derivative of a gradient of any order then costs some evaluations of the loss, whatever the number of
parameters; no tensor of third derivatives is ever formed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sympy as sp
from flint import fmpq

from ...algebra.errors import DomainError
from ...algebra.rings import to_fmpq
from .fields import Element, Field
from .jets import Jet

_UNARY = {
    sp.exp: "exp",
    sp.log: "log",
    sp.tanh: "tanh",
    sp.tan: "tan",
    sp.sin: "sin",
    sp.cos: "cos",
    sp.sinh: "sinh",
    sp.cosh: "cosh",
}
_PAIRS = {
    "sin": ("sin", "cos", -1),
    "cos": ("sin", "cos", -1),
    "sinh": ("sinh", "cosh", 1),
    "cosh": ("sinh", "cosh", 1),
}


class Tape:
    """Several formulas in the same variables, with what they share computed once.

    Args:
        outputs: the formulas.
        inputs: the variables; every other symbol is a constant that the field has to hold.

    Raises:
        DomainError: a function in a formula is not known.
    """

    def __init__(self, outputs: Sequence[sp.Expr], inputs: Sequence[sp.Symbol]) -> None:
        self.inputs = tuple(inputs)
        self.rows: list[tuple[str, tuple[int, ...], Any]] = []
        self._known: dict[sp.Basic, int] = {}
        for s in self.inputs:
            self._known[s] = self._append("input", (), s)
        self._moving = frozenset(self.inputs)
        self.outputs = tuple(self._place(sp.sympify(e)) for e in outputs)

    def _append(self, name: str, args: tuple[int, ...], data: Any = None) -> int:
        self.rows.append((name, args, data))
        return len(self.rows) - 1

    def _place(self, root: sp.Expr) -> int:
        """The row of a formula; parts first, without recursion, so that deep networks have room."""
        stack = [root]
        while stack:
            expr = stack[-1]
            if expr in self._known:
                stack.pop()
                continue
            inner = [] if not expr.free_symbols & self._moving else self._parts(expr)
            missing = [a for a in inner if a not in self._known]
            if missing:
                stack += missing
                continue
            self._known[expr] = self._row(expr, [self._known[a] for a in inner])
            stack.pop()
        return self._known[root]

    @staticmethod
    def _parts(expr: sp.Expr) -> list[sp.Expr]:
        if expr.is_Mul:
            number, rest = expr.as_coeff_Mul()
            return list(rest.args if rest.is_Mul else (rest,)) if number != 1 else list(expr.args)
        if expr.is_Pow:
            return [expr.base] if expr.exp.is_Rational else [sp.exp(expr.exp * sp.log(expr.base), evaluate=False)]
        return list(expr.args)

    def _row(self, expr: sp.Expr, args: list[int]) -> int:
        if not args:
            return self._append("constant", (), expr)
        if expr.is_Add:
            return self._append("add", tuple(args))
        if expr.is_Mul:
            row = args[0]
            for other in args[1:]:
                row = self._append("mul", (row, other))
            number = expr.as_coeff_Mul()[0]
            return row if number == 1 else self._append("scale", (row,), to_fmpq(number))
        if expr.is_Pow:
            if not expr.exp.is_Rational:
                return args[0]
            return self._append("power", (args[0],), expr.exp)
        if expr.func not in _UNARY:
            raise DomainError.of(
                "normal form", f"functions among {', '.join(sorted(_UNARY.values()))}", expr.func, "Write it in these."
            )
        return self._append(_UNARY[expr.func], (args[0],))

    def forward(self, field: Field, values: Sequence[Jet]) -> list[Jet]:
        """The series of every row along a curve.

        Args:
            field: where coefficients live.
            values: one series for each input.

        Returns:
            One series for each row.

        Raises:
            DomainError: a pole lies on the curve.
        """
        length = len(values[0].c)
        out: list[Jet] = []
        given = iter(values)
        try:
            for name, args, data in self.rows:
                out.append(_forward(field, length, name, [out[a] for a in args], data, given))
        except ZeroDivisionError:
            raise DomainError.of("normal form", "formulas without a pole here", name, "Choose another point.") from None
        return out

    def values(self, field: Field, values: Sequence[Jet]) -> list[Jet]:
        """The series of the outputs along a curve."""
        rows = self.forward(field, values)
        return [rows[o] for o in self.outputs]

    def gradient(self, field: Field, values: Sequence[Jet], output: int = 0) -> list[Jet]:
        """The gradient of one output in all inputs, along a curve.

        Args:
            field: where coefficients live.
            values: one series for each input.
            output: number of the output.

        Returns:
            One series for each input.
        """
        rows = self.forward(field, values)
        length = len(values[0].c)
        adjoint: dict[int, Jet] = {self.outputs[output]: Jet.constant(field, field.one, length)}
        for index in range(self.outputs[output], -1, -1):
            own = adjoint.get(index)
            if own is None:
                continue
            name, args, data = self.rows[index]
            if name == "input":
                continue
            del adjoint[index]
            for a, factor in _slopes(name, args, data, rows, index):
                part = own if factor is None else own.scaled(factor) if not isinstance(factor, Jet) else own * factor
                adjoint[a] = adjoint[a] + part if a in adjoint else part
        zero = Jet.constant(field, field.zero, length)
        return [adjoint.get(k, zero) for k in range(len(self.inputs))]


def _forward(field: Field, length: int, name: str, args: list[Jet], data: Any, given: Iterator[Jet]) -> Jet:
    if name == "input":
        return next(given)
    if name == "constant":
        return Jet.constant(field, field.read(data), length)
    if name == "add":
        total = args[0]
        for other in args[1:]:
            total = total + other
        return total
    if name == "mul":
        return args[0] * args[1]
    if name == "scale":
        return args[0].scaled(data)
    if name == "power":
        return _power(args[0], data)
    if name in _PAIRS:
        one, other = args[0].pair(*_PAIRS[name])
        return one if name == _PAIRS[name][0] else other
    found: Jet = getattr(args[0], name)()
    return found


def _power(base: Jet, exponent: sp.Rational) -> Jet:
    return base.power(int(exponent)) if exponent.is_Integer else base.root(int(exponent.p), int(exponent.q))


def _slopes(
    name: str, args: tuple[int, ...], data: Any, rows: list[Jet], index: int
) -> list[tuple[int, Jet | Element | None]]:
    """For each argument of a row the derivative of the row in it; None stands for 1."""
    if name == "constant":
        return []
    if name == "add":
        return [(a, None) for a in args]
    if name == "mul":
        return [(args[0], rows[args[1]]), (args[1], rows[args[0]])]
    if name == "scale":
        return [(args[0], data)]
    inner, value = rows[args[0]], rows[index]
    if name == "power":
        return [(args[0], _power(inner, data - 1).scaled(fmpq(int(data.p), int(data.q))))]
    if name == "exp":
        return [(args[0], value)]
    if name == "log":
        return [(args[0], inner.reciprocal())]
    if name in ("tanh", "tan"):
        return [(args[0], value.square_shifted(-1 if name == "tanh" else 1))]
    one, other = inner.pair(*_PAIRS[name])
    derived = {"sin": other, "sinh": other, "cosh": one, "cos": one.scaled(fmpq(-1))}
    return [(args[0], derived[name])]


def squares(loss: sp.Expr, parameters: Sequence[sp.Symbol]) -> list[tuple[sp.Expr, sp.Expr]] | None:
    """A loss that is written as a sum of squares, as weights and residuals: ``sum w r^2 / 2``.

    Args:
        loss: the formula.
        parameters: the parameters.

    Returns:
        Pairs ``(w, r)`` with positive weights, or None where it is not written so.
    """
    found: list[tuple[sp.Expr, sp.Expr]] = []
    own = set(parameters)

    def read(term: sp.Expr, factor: sp.Expr) -> bool:
        if term.is_Add:
            return all(read(a, factor) for a in term.args)
        fixed, moving = term.as_independent(*own, as_Add=False)
        if moving.is_Add or (fixed != 1 and moving.is_Mul and len(moving.args) == 1):
            return read(moving, factor * fixed)
        parts = sp.Mul.make_args(moving)
        even = all(p.is_Pow and p.exp.is_Integer and p.exp > 0 and p.exp % 2 == 0 for p in parts)
        if moving == 1 or not even or not (factor * fixed).is_positive:
            return False
        found.append((2 * factor * fixed, sp.Mul(*(p.base ** (p.exp / 2) for p in parts))))
        return True

    return found if read(loss, sp.S.One) else None
