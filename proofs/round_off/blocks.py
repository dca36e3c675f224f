"""A straight-line program cut into blocks, and in each block the weight of every single rounding.

A block is one pass of the program, the first with what comes before it and the last with what comes after. With
``x`` a computed value and ``x_0`` the exact one, each output of a block obeys an identity of polynomials,

    out - out_0 = sum over operations of w_r (r - op(r)) + sum over inputs of w_x (x - x_0)

where ``r - op(r)`` is the rounding of one operation and ``w`` its weight: the derivative of the output, found by the
reverse sweep, with differences divided exactly (``a b - a_0 b_0 = b_0 (a - a_0) + a (b - b_0)``), so that nothing of
higher order is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import add

from ...numeric.codegen.program import Op, Operand, Program
from ...symbolic.algebra.errors import DomainError
from .terms import ONE, Term, name, number


@dataclass(frozen=True)
class Rounding:
    """One rounded operation.

    Attributes:
        result: its name.
        computed: what is rounded, in computed values.
        exact: the same in exact values.
        factored: both with a factor taken out, where one occurs in product and addend; narrower on an interval.
    """

    result: str
    computed: Term
    exact: Term
    factored: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Spread:
    """The error of one output of a block.

    Attributes:
        output: its name.
        computed: the computed output.
        exact: the exact output.
        weights: definitions of the weights, in order.
        error: the weighted sum, equal to ``computed - exact``.
    """

    output: str
    computed: Term
    exact: Term
    weights: tuple[tuple[str, Term], ...]
    error: Term


@dataclass(frozen=True)
class Block:
    """A piece of a program with rounded operations.

    Attributes:
        inputs: names of what enters.
        parameters: names of the parameters, the same in both worlds.
        same_inputs: whether the inputs are exact (the first block).
        last: whether its outputs are those of the program.
        roundings: the operations in order.
        spreads: the error of each output.
    """

    inputs: tuple[str, ...]
    parameters: tuple[str, ...]
    same_inputs: bool
    last: bool
    roundings: tuple[Rounding, ...]
    spreads: tuple[Spread, ...]


def exact_name(value: str) -> str:
    """What the exact twin of a computed value is called."""
    return f"{value}_0"


def rounded_once(ops: Sequence[Op]) -> list[Op]:
    """Operations that each round once, ``a b + c`` too, and whose errors are polynomials.

    Args:
        ops: of a program.

    Returns:
        The operations.

    Raises:
        DomainError: a division, or a constant that is no double.
    """
    found: list[Op] = []
    for op in ops:
        if op.divide:
            raise DomainError.of("round_off()", "a program without divisions", op.text(), "Take the map in (z, T).")
        for constant in op.operands:
            if isinstance(constant, Fraction) and Fraction(float(constant)) != constant:
                raise DomainError.of("round_off()", "constants that are doubles", constant, "Keep epsilon a parameter.")
        found.append(op)
    return found


def operation_term(op: Op, read: Callable[[Operand], Term]) -> Term:
    """What an operation rounds.

    Args:
        op: the operation, no division.
        read: its operands as terms.

    Returns:
        ``(sign a) b + c_sign c``.
    """
    first = -read(op.a) if op.sign < 0 else read(op.a)
    if op.b is not None:
        first = first * read(op.b)
    if op.c is None:
        return first
    return first - read(op.c) if op.c_sign < 0 else first + read(op.c)


class _Sweep:
    """Forward through the operations, then back from each output."""

    def __init__(self, ops: Sequence[Op], inputs: Sequence[str], parameters: Sequence[str], same: bool) -> None:
        self.inputs, self.same = tuple(inputs), same
        self.computed = {v: name(v) for v in (*inputs, *parameters)}
        self.exact = {v: name(v if same or v in parameters else exact_name(v)) for v in (*inputs, *parameters)}
        self.ops: list[Op] = []
        self.moved: dict[str, tuple[str, int]] = {}
        self.roundings: list[Rounding] = []
        for op in ops:
            self._forward(op)

    def _forward(self, op: Op) -> None:
        if op.kind == "move" and isinstance(op.a, str):
            to, sign = self.moved.get(op.a, (op.a, 1))
            self.moved[op.result] = to, sign * op.sign
            return
        computed, exact = self._apply(op, self.computed), self._apply(op, self.exact)
        worlds = (self.computed,) if computed == exact else (self.computed, self.exact)
        factored = tuple(self._factor(op, values) for values in worlds if self._shared(op))
        self.roundings.append(Rounding(op.result, computed, exact, factored))
        self.computed[op.result], self.exact[op.result] = name(op.result), name(exact_name(op.result))
        self.ops.append(op)

    def read(self, x: Operand, values: dict[str, Term]) -> Term:
        """An operand in one of the two worlds."""
        if isinstance(x, Fraction):
            return number(x)
        to, sign = self.moved.get(x, (x, 1))
        return values[to] if sign > 0 else -values[to]

    def _apply(self, op: Op, values: dict[str, Term]) -> Term:
        return operation_term(op, lambda x: self.read(x, values))

    @staticmethod
    def _shared(op: Op) -> bool:
        return op.b is not None and isinstance(op.c, str) and op.c in (op.a, op.b)

    def _factor(self, op: Op, values: dict[str, Term]) -> Term:
        """``b (a + 1)`` for ``a b + b``."""
        other = self.read(op.b if op.c == op.a else op.a, values)  # type: ignore[arg-type]
        other = -other if op.sign < 0 else other
        inner = other - ONE if op.c_sign < 0 else other + ONE
        return self.read(op.c, values) * inner  # type: ignore[arg-type]

    def spread(self, output: str, tag: str) -> Spread:
        """The error of one output as a weighted sum of all roundings before it."""
        parts: dict[str, list[Term]] = {}
        self._give(parts, output, ONE)
        weights: list[tuple[str, Term]] = []
        summands: list[Term] = []
        for op, rounding in zip(reversed(self.ops), reversed(self.roundings), strict=True):
            if op.result not in parts:
                continue
            weight = self._weight(op.result, parts.pop(op.result), weights, tag)
            summands.append(_times(weight, name(op.result) - rounding.computed))
            self._back(parts, op, weight)
        for entered in () if self.same else self.inputs:
            if entered in parts:
                weight = self._weight(entered, parts.pop(entered), weights, tag)
                summands.append(_times(weight, self.computed[entered] - self.exact[entered]))
        computed, exact = self.read(output, self.computed), self.read(output, self.exact)
        return Spread(output, computed, exact, tuple(weights), reduce(add, summands))

    @staticmethod
    def _weight(of: str, parts: list[Term], weights: list[tuple[str, Term]], tag: str) -> Term:
        whole = reduce(add, parts)
        if whole.kind in ("name", "number"):
            return whole
        weights.append((f"{tag}_{of}", whole))
        return name(f"{tag}_{of}")

    def _give(self, parts: dict[str, list[Term]], to: Operand, weight: Term) -> None:
        if isinstance(to, Fraction):
            return
        source, sign = self.moved.get(to, (to, 1))
        if self.computed[source] == self.exact[source]:
            return
        parts.setdefault(source, []).append(weight if sign > 0 else -weight)

    def _back(self, parts: dict[str, list[Term]], op: Op, weight: Term) -> None:
        signed = -weight if op.sign < 0 else weight
        if op.b is None:
            self._give(parts, op.a, signed)
        else:
            by_a, by_b = self.read(op.b, self.exact), self.read(op.a, self.computed)
            shared = self._shared(op)
            # a b + b has the weight (a + 1) for b: two parts apart would each be bounded by their size
            pairs = ((op.a, by_a), (op.b, by_b))
            for operand, factor in pairs:
                if shared and operand == op.c:
                    inner = -factor if op.sign < 0 else factor
                    self._give(parts, operand, _times(weight, inner - ONE if op.c_sign < 0 else inner + ONE))
                    shared = False
                    continue
                self._give(parts, operand, _times(signed, factor))
            if self._shared(op):
                return
        if op.c is not None:
            self._give(parts, op.c, -weight if op.c_sign < 0 else weight)


def _times(weight: Term, factor: Term) -> Term:
    if weight == ONE:
        return factor
    if weight == -ONE:
        return -factor
    return weight * factor


def program_blocks(program: Program, passes: int) -> tuple[Block, ...]:
    """Cut a number of passes of a program into blocks, one a pass.

    Args:
        program: of one gradient step a pass.
        passes: at least 1.

    Returns:
        The blocks; parameters are rounded anew in each, to the same values.
    """
    hoist, enter, body, leave = (
        rounded_once(ops) for ops in (program.hoist, program.enter, program.body, program.leave)
    )
    after = dict(zip(program.state, program.next_state, strict=True))
    last = [op.renamed(after) for op in leave]
    found = []
    for index in range(passes):
        first = index == 0
        ops = [*hoist, *(enter if first else ()), *body, *(last if index == passes - 1 else ())]
        inputs = program.variables if first else program.state
        outputs = program.outputs if index == passes - 1 else program.next_state
        used = _needed(ops, outputs)
        sweep = _Sweep([op for op in ops if op.result in used], inputs, program.parameters, first)
        spreads = tuple(sweep.spread(output, f"w{k}") for k, output in enumerate(outputs))
        found.append(Block(inputs, program.parameters, first, index == passes - 1, tuple(sweep.roundings), spreads))
    return tuple(found)


def _needed(ops: Sequence[Op], outputs: Sequence[str]) -> set[str]:
    needed = set(outputs)
    for op in reversed(ops):
        if op.result in needed:
            needed |= {x for x in op.operands if isinstance(x, str)}
    return needed
