"""Vectors of trajectories inside numba: LLVM vectors of N doubles, and masks, as values of compiled functions.

``lane_ops(64)`` gives functions that work in ``@njit`` code. A 64-lane value is eight AVX-512 (or sixteen AVX2)
registers, so independent trajectories hide the latency of the fused multiply-adds and nothing is left for an
auto-vectoriser to guess. ``fma`` is a true fused multiply-add (LLVM's ``llvm.fma``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from ...symbolic.algebra.errors import CodegenError

DOUBLE = ir.DoubleType()
MOST_LANES = 256


class Lanes(types.Type):
    """The numba type of a vector of doubles.

    Args:
        lanes: how many.
    """

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        super().__init__(name=f"Lanes({lanes})")


class Mask(types.Type):
    """The numba type of a vector of truth values.

    Args:
        lanes: how many.
    """

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        super().__init__(name=f"Mask({lanes})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Lanes) -> None:
        super().__init__(dmm, fe_type, ir.VectorType(DOUBLE, fe_type.lanes))


@register_model(Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Mask) -> None:
        super().__init__(dmm, fe_type, ir.VectorType(ir.IntType(1), fe_type.lanes))


Emit = Callable[..., Any]
"""Emits code: ``emit(builder, *llvm_values) -> llvm_value`` (or a list of them)."""


def _simple(name: str, result: Any, arguments: tuple[Any, ...], emit: Emit) -> Any:
    """A numba intrinsic with a fixed signature; its Python signature has the right number of arguments."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = emit(builder, *args)
        if isinstance(value, list):
            return context.make_tuple(builder, signature.return_type, value)
        return value

    names = ", ".join(f"x{i}" for i in range(len(arguments)))
    # numba reads the number of arguments from the function's own signature
    space: dict[str, Any] = {"result": result, "arguments": arguments, "generate": generate}
    exec(f"def {name}(context, {names}):\n    return result(*arguments), generate\n", space)
    return intrinsic(space[name])


def call_llvm(builder: Any, name: str, vector: Any, *args: Any) -> Any:
    """Call an LLVM intrinsic on vectors of doubles.

    Args:
        builder: the IR builder.
        name: for example ``fma`` or ``fabs``.
        vector: the LLVM type, a vector of doubles or a double.
        *args: values of that type.

    Returns:
        The result, of the same type.
    """
    kind = ir.FunctionType(vector, [vector] * len(args))
    suffix = f"v{vector.count}f64" if isinstance(vector, ir.VectorType) else "f64"
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.{suffix}")
    return builder.call(function, list(args))


def fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """Emit ``a * b + c``, rounded once."""
    return call_llvm(builder, "fma", a.type, a, b, c)


def _memory(vector: Any, lane_type: Lanes) -> tuple[Any, Any]:
    """``load(pointer, offset)`` and ``store(pointer, offset, value)`` on pointers to doubles."""
    pointer = types.CPointer(types.float64)

    def place(builder: Any, base: Any, offset: Any) -> Any:
        return builder.bitcast(builder.gep(base, [offset]), vector.as_pointer())

    @intrinsic
    def load(typing: Any, base: Any, offset: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            value = builder.load(place(builder, *args))
            value.align = 8
            return value

        return lane_type(pointer, types.int64), generate

    @intrinsic
    def store(typing: Any, base: Any, offset: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            builder.store(args[2], place(builder, *args[:2])).align = 8
            return context.get_dummy_value()

        return types.void(pointer, types.int64, lane_type), generate

    return load, store


def broadcast(builder: Any, value: Any, vector: Any) -> Any:
    """Emit a vector whose lanes all hold one scalar.

    Args:
        builder: the IR builder.
        value: the scalar.
        vector: the LLVM vector type.

    Returns:
        The vector.
    """
    empty = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(empty, value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(first, empty, zeros)


def _reduce(name: str) -> Emit:
    def emit(builder: Any, mask: Any) -> Any:
        bit = ir.IntType(1)
        kind = ir.FunctionType(bit, [mask.type])
        symbol = f"llvm.vector.reduce.{name}.v{mask.type.count}i1"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, symbol), [mask])

    return emit


@lru_cache(maxsize=16)
def lane_ops(lanes: int) -> SimpleNamespace:
    """The operations on vectors of a number of lanes.

    ``load(pointer, offset)``, ``store(pointer, offset, v)``, ``splat(x)``; ``fma add sub mul div neg abs``;
    ``lt le gt ge`` to masks (false for NaN); ``select(mask, a, b)``; ``and_``, ``any_ all_``.

    Args:
        lanes: a power of two, 2..256.

    Returns:
        The functions, to be bound to global names of the module whose compiled code uses them.

    Raises:
        CodegenError: the number of lanes is no such power.
    """
    if isinstance(lanes, bool) or lanes not in {2**k for k in range(1, 9)}:
        raise CodegenError.of("lane_ops()", f"a power of two in 2..{MOST_LANES} lanes", lanes, "64 suits float64.")
    vector = ir.VectorType(DOUBLE, lanes)
    v, m = Lanes(lanes), Mask(lanes)
    load, store = _memory(vector, v)

    def binary(name: str) -> Any:
        return _simple(name[1:], v, (v, v), lambda builder, a, b: getattr(builder, name)(a, b))

    def named(name: str, llvm: str, arity: int) -> Any:
        return _simple(name, v, (v,) * arity, lambda builder, *args: call_llvm(builder, llvm, vector, *args))

    def compare(name: str, symbol: str) -> Any:
        return _simple(name, m, (v, v), lambda builder, a, b: builder.fcmp_ordered(symbol, a, b))

    return SimpleNamespace(
        lanes=lanes,
        vector_type=v,
        load=load,
        store=store,
        splat=_simple("splat", v, (types.float64,), lambda builder, x: broadcast(builder, x, vector)),
        fma=named("fma", "fma", 3),
        add=binary("fadd"),
        sub=binary("fsub"),
        mul=binary("fmul"),
        div=binary("fdiv"),
        neg=_simple("neg", v, (v,), lambda builder, a: builder.fneg(a)),
        abs=named("abs_", "fabs", 1),
        lt=compare("lt", "<"),
        le=compare("le", "<="),
        gt=compare("gt", ">"),
        ge=compare("ge", ">="),
        select=_simple("select", v, (m, v, v), lambda builder, k, a, b: builder.select(k, a, b)),
        and_=_simple("and_", m, (m, m), lambda builder, a, b: builder.and_(a, b)),
        any_=_simple("any_", types.boolean, (m,), _reduce("or")),
        all_=_simple("all_", types.boolean, (m,), _reduce("and")),
    )


@lru_cache(maxsize=1)
def scalar_ops() -> SimpleNamespace:
    """``fma add mul div neg`` on single doubles, ``fma`` a true fused multiply-add."""
    x = types.float64
    return SimpleNamespace(
        fma=_simple("fma", x, (x, x, x), fma),
        add=_simple("add", x, (x, x), lambda builder, a, b: builder.fadd(a, b)),
        mul=_simple("mul", x, (x, x), lambda builder, a, b: builder.fmul(a, b)),
        div=_simple("div", x, (x, x), lambda builder, a, b: builder.fdiv(a, b)),
        neg=_simple("neg", x, (x,), lambda builder, a: builder.fneg(a)),
    )
