"""The one intermediate form: a straight-line program of FMA-class operations with exact constants.

A program iterates an affine image of the source map's variables. ``hoist`` computes what depends on the parameters
alone, ``enter`` goes from the variables to the iterated state, ``body`` is one step, ``leave`` comes back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from ...symbolic.algebra.errors import CodegenError, DomainError
from ..number_types import EXACT, Arithmetic

Operand = str | Fraction


@dataclass(frozen=True)
class Op:
    """``result = sign * a * b + c_sign * c``; without b a sum, without c a product; ``divide`` makes it ``a / b``.

    Signs cost nothing: every FMA unit negates its product and its addend for free.
    """

    result: str
    a: Operand
    b: Operand | None = None
    c: Operand | None = None
    sign: int = 1
    c_sign: int = 1
    divide: bool = False

    @property
    def kind(self) -> str:
        """``fma``, ``mul``, ``add``, ``div`` or ``move``."""
        if self.divide:
            return "div"
        if self.b is None:
            return "move" if self.c is None else "add"
        return "mul" if self.c is None else "fma"

    @property
    def operands(self) -> tuple[Operand, ...]:
        """What it reads."""
        return tuple(x for x in (self.a, self.b, self.c) if x is not None)

    def renamed(self, names: Mapping[str, str]) -> Op:
        """The same operation on other names."""

        def new(x: Operand | None) -> Any:
            return names.get(x, x) if isinstance(x, str) else x

        return replace(self, result=names.get(self.result, self.result), a=new(self.a), b=new(self.b), c=new(self.c))

    def text(self) -> str:
        """Readable form, for listings and comments."""
        head = "-" if self.sign < 0 else ""
        first = f"{head}{self.a}" + (f" {'/' if self.divide else '*'} {self.b}" if self.b is not None else "")
        tail = f" {'-' if self.c_sign < 0 else '+'} {self.c}" if self.c is not None else ""
        return f"{self.result} = {first}{tail}"


def fold_moves(ops: Sequence[Op]) -> list[Op]:
    """Give the result of an operation the name that a later plain move gives it, and drop that move."""
    made = {op.result for op in ops if op.kind != "move"}
    names: dict[str, str] = {}
    kept = []
    for op in ops:
        plain = op.kind == "move" and op.sign > 0 and isinstance(op.a, str) and op.a in made and op.a not in names
        if plain:
            names[str(op.a)] = op.result
        else:
            kept.append(op)
    return [op.renamed(names) for op in kept]


@dataclass(frozen=True)
class OperationCount:
    """Operations of one step. Each kind but ``div`` is one FMA-class instruction."""

    fma: int
    mul: int
    add: int
    div: int

    @property
    def total(self) -> int:
        """FMA-class operations; divisions are not among them."""
        return self.fma + self.mul + self.add

    def __str__(self) -> str:
        rest = f" and {self.div} divisions" if self.div else ""
        return f"{self.total} FMA-class operations ({self.fma} fma, {self.mul} mul, {self.add} add){rest}"


def count(ops: Iterable[Op]) -> OperationCount:
    """Count operations by kind; moves are free."""
    kinds = [op.kind for op in ops]
    return OperationCount(*(kinds.count(kind) for kind in ("fma", "mul", "add", "div")))


@dataclass(frozen=True)
class Program:
    """A straight-line program for iterating an exact map.

    Attributes:
        name: of the source map.
        source_digest: digest of the source map.
        variables: names of the source map's variables.
        parameters: names of its parameters.
        state: names of the iterated coordinates.
        hoist: operations on the parameters alone.
        enter: variables to state.
        body: one application of ``steps_per_body`` steps, state to ``next_state``.
        next_state: names that hold the new state after the body.
        leave: state to variables, results named ``<variable>_out``.
        coordinates: how each state coordinate reads in the variables, as text.
        steps_per_body: gradient steps that one body makes.
        notes: what the generator proved and tried, one line each.

    Source:
        Derived here.

    Example:
        >>> program = es.codegen.schedule_program(es.QuadraticModel((1, -es.symbol("epsilon"))).one_step())
        >>> from fractions import Fraction
        >>> program.evaluate((Fraction(1, 2), Fraction(2)), (Fraction(1, 10),), 1)
        (Fraction(-21, 80), Fraction(231, 400))
    """

    name: str
    source_digest: str
    variables: tuple[str, ...]
    parameters: tuple[str, ...]
    state: tuple[str, ...]
    hoist: tuple[Op, ...]
    enter: tuple[Op, ...]
    body: tuple[Op, ...]
    next_state: tuple[str, ...]
    leave: tuple[Op, ...]
    coordinates: tuple[str, ...]
    steps_per_body: int = 1
    notes: tuple[str, ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the variables after ``leave``."""
        return tuple(f"{v}_out" for v in self.variables)

    @property
    def hoisted(self) -> tuple[str, ...]:
        """Names of hoisted values that enter, body or leave read."""
        made = [op.result for op in self.hoist]
        read = {x for op in (*self.enter, *self.body, *self.leave) for x in op.operands}
        return tuple(name for name in made if name in read)

    @property
    def count(self) -> OperationCount:
        """Operations of one body."""
        return count(self.body)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything the generated code depends on."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def listing(self) -> str:
        """The program as a person reads it."""
        lines = [f"{self.name}: {self.count}, {self.steps_per_body} step(s) a pass"]
        for title, ops in (("hoist", self.hoist), ("enter", self.enter), ("body", self.body), ("leave", self.leave)):
            lines.append(f"{title}:")
            lines += [f"    {op.text()}" for op in ops]
            if title == "body":
                lines += [f"    {s} <- {n}" for s, n in zip(self.state, self.next_state, strict=True)]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def evaluate(
        self, state: Sequence[Any], parameters: Sequence[Any], steps: int, arithmetic: Arithmetic = EXACT
    ) -> tuple[Any, ...]:
        """Interpret the program: enter, step, leave.

        Args:
            state: the source variables in the number type.
            parameters: the parameters in the number type.
            steps: gradient steps, a multiple of ``steps_per_body``.
            arithmetic: the number type; exact rationals by default.

        Returns:
            The source variables after the steps. Stated error: that of :meth:`error_bound` for the type.

        Raises:
            CodegenError: ``steps`` is no multiple of ``steps_per_body``.
            DomainError: a value is missing, or a quotient has a pole there.
        """
        given, needed = (len(state), len(parameters)), (len(self.variables), len(self.parameters))
        if given != needed:
            names = (*self.variables, *self.parameters)
            raise DomainError.of(
                "Program.evaluate()", f"{needed} variables and parameters", given, f"They are {names}."
            )
        if steps % self.steps_per_body:
            raise CodegenError.of(
                "Program.evaluate()", f"a multiple of {self.steps_per_body} steps", steps, "Use the one-step program."
            )
        values: dict[str, Any] = dict(zip((*self.variables, *self.parameters), (*state, *parameters), strict=True))
        try:
            self._run(values, steps, arithmetic)
        except ZeroDivisionError as error:
            point = ", ".join(
                f"{n} = {v}" for n, v in zip((*self.variables, *self.parameters), (*state, *parameters), strict=True)
            )
            raise DomainError.of("Program.evaluate()", "a point that is no pole", point, "Start elsewhere.") from error
        return tuple(values[name] for name in self.outputs)

    def _run(self, values: dict[str, Any], steps: int, arithmetic: Arithmetic) -> None:
        """Enter, step and leave, in place."""
        run(self.hoist, values, arithmetic)
        run(self.enter, values, arithmetic)
        for _ in range(steps // self.steps_per_body):
            run(self.body, values, arithmetic)
            values.update(zip(self.state, [values[n] for n in self.next_state], strict=True))
        run(self.leave, values, arithmetic)

    def error_bound(
        self, state: Sequence[Fraction], parameters: Sequence[Fraction], unit: Fraction
    ) -> tuple[Fraction, ...]:
        """A bound on the rounding error of one pass in a type of unit round-off ``unit``.

        A product rounds within a relative ``unit``, a sum within ``unit`` of the size of its terms, and constants
        are rounded once; the bound is carried along the exact values in exact arithmetic.

        Args:
            state: the exact source variables, representable in the type.
            parameters: the exact parameters, representable in the type.
            unit: unit round-off; underflow is not covered.

        Returns:
            One bound for each variable.
        """
        arithmetic = _Running(unit)
        wrapped = [_Bounded(Fraction(v), Fraction(0)) for v in (*state, *parameters)]
        n = len(self.variables)
        result = self.evaluate(wrapped[:n], wrapped[n:], self.steps_per_body, arithmetic)
        return tuple(v.error for v in result)

    def fused(self, times: int) -> Program:
        """The program of ``times`` steps without leaving the coordinates in between.

        Args:
            times: bodies to join.

        Returns:
            The longer program; the digest of the source stays that of the single step.
        """
        ops: list[Op] = []
        current = {s: s for s in self.state}
        for index in range(times):
            names = {op.result: f"{op.result}_{index}" for op in self.body}
            ops += [replace(op.renamed({**names, **current}), result=names[op.result]) for op in self.body]
            current = {s: names.get(n, current.get(n, n)) for s, n in zip(self.state, self.next_state, strict=True)}
        return replace(
            self,
            name=f"{self.name}, {times} times",
            body=tuple(ops),
            next_state=tuple(current[s] for s in self.state),
            steps_per_body=self.steps_per_body * times,
        )

    def to_json(self) -> dict[str, Any]:
        """All fields; rationals as ``"p/q"`` strings marked by a leading ``=``."""

        def rows(ops: tuple[Op, ...]) -> list[list[Any]]:
            return [
                [op.result, _freeze(op.a), _freeze(op.b), _freeze(op.c), op.sign, op.c_sign, op.divide] for op in ops
            ]

        fields = {k: v for k, v in self.__dict__.items() if k in self.__dataclass_fields__}
        return {k: rows(v) if k in _OPS else (list(v) if isinstance(v, tuple) else v) for k, v in fields.items()}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Program:
        """The inverse of :meth:`to_json`."""
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
        for key in _OPS:
            fields[key] = tuple(Op(r, _thaw(a), _thaw(b), _thaw(c), s, t, d) for r, a, b, c, s, t, d in row[key])
        return cls(**fields)


_OPS = ("hoist", "enter", "body", "leave")


def _freeze(x: Operand | None) -> str | None:
    return f"={x}" if isinstance(x, Fraction) else x


def _thaw(x: str | None) -> Any:
    return Fraction(x[1:]) if isinstance(x, str) and x.startswith("=") else x


def run(ops: Iterable[Op], values: dict[str, Any], arithmetic: Arithmetic) -> None:
    """Interpret operations in place.

    Args:
        ops: in order.
        values: names to numbers; results are added.
        arithmetic: the number type.
    """

    def read(x: Operand) -> Any:
        return values[x] if isinstance(x, str) else arithmetic.constant(x)

    for op in ops:
        a = read(op.a)
        first = arithmetic.neg(a) if op.sign < 0 else a
        if op.kind == "div":
            values[op.result] = arithmetic.div(first, read(op.b))  # type: ignore[arg-type]
            continue
        addend = None
        if op.c is not None:
            addend = arithmetic.neg(read(op.c)) if op.c_sign < 0 else read(op.c)
        if op.b is None:
            values[op.result] = first if addend is None else arithmetic.add(first, addend)
        elif addend is None:
            values[op.result] = arithmetic.mul(first, read(op.b))
        else:
            values[op.result] = arithmetic.fma(first, read(op.b), addend)


@dataclass(frozen=True)
class _Bounded:
    """An exact value and a bound on the distance of the computed one."""

    value: Fraction
    error: Fraction


class _Running:
    """Running error analysis around exact values; a sum rounds within ``unit`` of the size of its terms."""

    def __init__(self, unit: Fraction) -> None:
        self.unit = unit

    def constant(self, value: Fraction) -> _Bounded:
        short = value.denominator & (value.denominator - 1) == 0 and abs(value.numerator) < 2**20
        return _Bounded(value, Fraction(0) if short else abs(value) * self.unit)

    def _round(self, value: Fraction, error: Fraction) -> _Bounded:
        return _Bounded(value, error + self.unit * (abs(value) + error))

    def mul(self, a: _Bounded, b: _Bounded) -> _Bounded:
        return self._round(a.value * b.value, a.error * abs(b.value) + b.error * abs(a.value) + a.error * b.error)

    def add(self, a: _Bounded, b: _Bounded) -> _Bounded:
        size = abs(a.value) + abs(b.value)
        return _Bounded(a.value + b.value, (a.error + b.error) * (1 + self.unit) + self.unit * size)

    def fma(self, a: _Bounded, b: _Bounded, c: _Bounded) -> _Bounded:
        return self.add(self.mul(a, b), c)

    def div(self, a: _Bounded, b: _Bounded) -> _Bounded:
        low = abs(b.value) - b.error
        if low <= 0:
            raise CodegenError.of("error_bound()", "a denominator clear of zero", str(b.value), "Move the parameters.")
        quotient = a.value / b.value
        return self._round(quotient, (a.error + abs(quotient) * b.error) / low)

    def neg(self, a: _Bounded) -> _Bounded:
        return _Bounded(-a.value, a.error)
