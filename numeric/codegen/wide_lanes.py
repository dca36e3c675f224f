"""Double-double and quad-double numbers on lane vectors: :class:`WideArithmetic` emitted through LLVM."""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from llvmlite import ir
from numba import types

from .lanes import DOUBLE, Lanes, _simple, broadcast, fma, lane_ops
from .wide_arithmetic import WideArithmetic


class Builder(WideArithmetic):
    """Error-free transformations, emitted.

    Args:
        ir_builder: llvmlite's builder.
    """

    def __init__(self, ir_builder: Any) -> None:
        self.ir = ir_builder

    def fadd(self, a: Any, b: Any) -> Any:
        """``a + b``, rounded."""
        return self.ir.fadd(a, b)

    def fsub(self, a: Any, b: Any) -> Any:
        """``a - b``, rounded."""
        return self.ir.fsub(a, b)

    def fmul(self, a: Any, b: Any) -> Any:
        """``a * b``, rounded."""
        return self.ir.fmul(a, b)

    def fdiv(self, a: Any, b: Any) -> Any:
        """``a / b``, rounded."""
        return self.ir.fdiv(a, b)

    def fneg(self, a: Any) -> Any:
        """``-a``."""
        return self.ir.fneg(a)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """``a * b + c``, rounded once."""
        return fma(self.ir, a, b, c)

    def zero(self, like: Any) -> Any:
        """0 in every lane."""
        return ir.Constant(like.type, [0.0] * like.type.count)


@lru_cache(maxsize=16)
def wide_ops(lanes: int, terms: int) -> SimpleNamespace:
    """Operations on ``terms``-fold doubles (2 or 4) over lane vectors.

    Each takes the terms of its operands one after another and returns a tuple of terms: ``fma add mul div``, and
    ``splat`` of ``terms`` scalars. ``load``, ``store``, ``neg`` are those of :func:`~.lanes.lane_ops`, term by term.

    Args:
        lanes: power of two.
        terms: 2 (double-double) or 4 (quad-double).

    Returns:
        The functions.
    """
    v = Lanes(lanes)
    vector = ir.VectorType(DOUBLE, lanes)
    result = types.UniTuple(v, terms)
    prefix = "dd" if terms == 2 else "qd"

    def operation(name: str, arity: int) -> Any:
        def emit(builder: Any, *args: Any) -> Any:
            values = [list(args[i * terms : (i + 1) * terms]) for i in range(arity)]
            return Builder(builder).operation(name, terms, values)

        return _simple(f"{prefix}_{name}", result, (v,) * (arity * terms), emit)

    def splat(builder: Any, *args: Any) -> Any:
        return [broadcast(builder, x, vector) for x in args]

    plain = lane_ops(lanes)
    return SimpleNamespace(
        lanes=lanes,
        terms=terms,
        load=plain.load,
        store=plain.store,
        neg=plain.neg,
        splat=_simple(f"{prefix}_splat", result, (types.float64,) * terms, splat),
        fma=operation("fma", 3),
        add=operation("add", 2),
        mul=operation("mul", 2),
        div=operation("div", 2),
    )
