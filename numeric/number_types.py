"""The one table of number types: what each is called, the digits it holds, how its operations round, how they run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import gmpy2

from ..symbolic.algebra.errors import PrecisionError

MOST_DIGITS = 1_000_000
"""Decimal digits that can be asked for."""

GUARD_BITS = 32
"""Bits above those of the digits asked for: rounding along an orbit of 10^8 steps costs fewer."""


class Arithmetic(Protocol):
    """What a straight-line program needs of a number type: constants from exact rationals, and five operations."""

    def constant(self, value: Fraction, /) -> Any:
        """A rational in the number type."""

    def fma(self, a: Any, b: Any, c: Any, /) -> Any:
        """``a * b + c``."""

    def mul(self, a: Any, b: Any, /) -> Any:
        """``a * b``."""

    def add(self, a: Any, b: Any, /) -> Any:
        """``a + b``."""

    def div(self, a: Any, b: Any, /) -> Any:
        """``a / b``."""

    def neg(self, a: Any, /) -> Any:
        """``-a``."""


class Operators:
    """Arithmetic by Python's operators; a fused operation rounds as they do, its product and its sum.

    Args:
        constant: turns a Fraction into the number type.
    """

    def __init__(self, constant: Callable[[Fraction], Any]) -> None:
        self.constant = constant

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """``a * b + c``."""
        return a * b + c

    def mul(self, a: Any, b: Any) -> Any:
        """``a * b``."""
        return a * b

    def add(self, a: Any, b: Any) -> Any:
        """``a + b``."""
        return a + b

    def div(self, a: Any, b: Any) -> Any:
        """``a / b``."""
        return a / b

    def neg(self, a: Any) -> Any:
        """``-a``."""
        return -a


EXACT = Operators(lambda q: q)
"""Exact rationals, and all numbers that mix with them."""


@dataclass(frozen=True)
class FixedPrecision:
    """A number type at a fixed precision, its operations independent of any current context.

    Attributes:
        bits: of the significand.
        constant: a rational to the nearest number.
        fraction: a number to the rational it is, or None if not finite.
        fma, mul, add, div, neg, magnitude: the operations, the last one the absolute value.
    """

    bits: int
    constant: Callable[[Fraction], Any]
    fraction: Callable[[Any], Fraction | None]
    fma: Callable[[Any, Any, Any], Any]
    mul: Callable[[Any, Any], Any]
    add: Callable[[Any, Any], Any]
    div: Callable[[Any, Any], Any]
    neg: Callable[[Any], Any]
    magnitude: Callable[[Any], Any]


def mpfr_arithmetic(bits: int) -> FixedPrecision:
    """MPFR through gmpy2: one rounding for each operation, exponents without practical bound."""
    context = gmpy2.context(precision=bits, emax=gmpy2.get_emax_max(), emin=gmpy2.get_emin_min())

    def constant(q: Fraction) -> Any:
        return context.div(gmpy2.mpz(q.numerator), gmpy2.mpz(q.denominator))

    def fraction(x: Any) -> Fraction | None:
        return Fraction(*map(int, x.as_integer_ratio())) if gmpy2.is_finite(x) else None

    return FixedPrecision(
        bits, constant, fraction, context.fma, context.mul, context.add, context.div, context.minus, context.abs
    )


def mpmath_arithmetic(bits: int) -> FixedPrecision:
    """mpmath: pure Python, two roundings for a fused operation; for comparison with MPFR."""
    from mpmath.ctx_mp import MPContext
    from mpmath.libmp import from_rational, to_rational

    context = MPContext()
    context.prec = bits

    def constant(q: Fraction) -> Any:
        return context.make_mpf(from_rational(q.numerator, q.denominator, bits, "n"))

    def fraction(x: Any) -> Fraction | None:
        return Fraction(*map(int, to_rational(x._mpf_))) if context.isfinite(x) else None

    plain = Operators(constant)
    return FixedPrecision(bits, constant, fraction, plain.fma, plain.mul, plain.add, plain.div, plain.neg, abs)


AT_PRECISION = {"mpfr": mpfr_arithmetic, "mpmath": mpmath_arithmetic}
"""Types whose numbers round at a precision that is chosen."""


def _balls(_: int) -> Arithmetic:
    from flint import arb, fmpq

    return Operators(lambda q: arb(fmpq(q.numerator, q.denominator)))


@dataclass(frozen=True)
class NumberType:
    """One number type: a row of :data:`NUMBER_TYPES`.

    A product ``a b`` is computed within ``bounds["mul"] |a b|``, a sum within ``bounds["add"] (|a| + |b|)``, a fused
    operation within ``bounds["fma"] (|a b| + |c|)``, a quotient within ``bounds["div"] |a / b|``; underflow and
    overflow aside.

    With ``u = 2^-53``, for the very algorithms of ``codegen/wide_lanes.py``:

    * *double-double.* Sums are AccurateDWPlusDW: ``3 u^2 / (1 - 4 u)``. Products are DWTimesDW3: ``4 u^2`` (first
      proved with 5). A product and then a sum: ``7 u^2 + O(u^3)``. A quotient adds three doubles ``q_i = rest / b``;
      of the rests only the first has an error that counts, that of ``q_1 b`` (DWTimesFP2, ``3 u^2``). The first
      addition of doubles is exact, the second is DWPlusFP, ``2 u^2``: together ``5 u^2 + O(u^3)``. So all stay below
      ``8 u^2 = 2^-103``.
    * *quad-double.* Errors are relative to ``|a b|`` or ``|a| + |b|``. Products and sums down to third order are
      error-free, so a product loses the roundings of its terms of fourth order (``58 u^4``), the three products that
      it leaves out (``3 u^4``), and the rounding of its last term (``u^4``). Renormalisation takes Fast2Sum of a term
      and all that follows it. After a cancellation the term may be the smaller one; the first two are then still
      multiples of the last place of what follows, and Fast2Sum is exact; at the third it may lose ``40 u^4``. A sum
      loses ``u^4`` and ``9 u^4`` likewise. A quotient adds five doubles with four sums, ``44 u^4``, and the first rest
      has ``12 u^4`` from a double times b. With ``u^4`` each for what is of higher order: 11, 103, 114 and 57
      ``u^4`` for sum, product, both, and quotient. So all stay below ``128 u^4 = 2^-205``.

    Attributes:
        name: what ``simulate --kernel``, ``codegen --target``, :func:`compile_map` and :func:`lane_kernel` call it.
        digits: decimal digits it holds at best; None where the precision is chosen, or the numbers are exact.
        terms: doubles in one number on vector lanes; 0 for types that have none.
        bounds: error of ``add``, ``mul``, ``fma`` and ``div`` as above; empty where the precision is chosen.
        roundoff: a power of two that bounds all of these; 0 for exact numbers, None where the precision is chosen.
        smallest: numbers below this lose low terms to the end of the range of double; 0 where there is no such end.
        target: what runs its generated code: ``numba``, ``gmpy2``, ``mpmath``, ``flint`` or ``python``.
        arithmetic: its :class:`Arithmetic` at a number of bits; None for types that exist on vector lanes only.

    Source:
        Joldes, Muller and Popescu, "Tight and rigorous error bounds for basic building blocks of double-word
        arithmetic", 2017; Muller and Rideau, "Formalization of double-word arithmetic", 2022, Theorem 2.8 for products.
        The quad-double algorithms: Hida, Li and Bailey 2001; the bounds of both types of quotient, and of quad-double
        numbers, are derived here.

    Example:
        >>> wide = es.codegen.NUMBER_TYPES["double-double"]
        >>> wide.digits, wide.terms, wide.unit_roundoff() == 2**-103
        (31, 2, True)
    """

    name: str
    digits: int | None
    terms: int
    bounds: Mapping[str, Fraction]
    roundoff: Fraction | None
    smallest: Fraction
    target: str
    arithmetic: Callable[[int], Arithmetic] | None

    def unit_roundoff(self, bits: int = 0) -> Fraction:
        """The unit round-off: of every operation, relative to the size of its terms.

        Args:
            bits: the precision, where it is chosen; ignored elsewhere.

        Returns:
            The bound, exact.

        Raises:
            PrecisionError: the precision is chosen, and no bits are given.
        """
        if self.roundoff is not None:
            return self.roundoff
        if bits < 1:
            raise PrecisionError.of("unit_roundoff()", f"the bits of {self.name}", bits, "Say how many there are.")
        return Fraction(1, 2**bits)


def _on_lanes(
    name: str,
    digits: int,
    terms: int,
    units: tuple[int, int, int, int],
    smallest: int,
    arithmetic: Callable[[int], Arithmetic] | None = None,
) -> NumberType:
    """A type of 1, 2 or 4 doubles, its bounds in units of ``2^(-53 terms)``."""
    unit = Fraction(1, 2 ** (53 * terms))
    bounds = {name: k * unit for name, k in zip(("add", "mul", "fma", "div"), units, strict=True)}
    return NumberType(
        name,
        digits,
        terms,
        bounds,
        unit * 2 ** (max(units) - 1).bit_length(),
        Fraction(1, 10**smallest),
        "numba",
        arithmetic,
    )


NUMBER_TYPES: dict[str, NumberType] = {
    row.name: row
    for row in (
        _on_lanes("float64", 16, 1, (1, 1, 1, 1), 300, lambda _: Operators(float)),
        _on_lanes("double-double", 31, 2, (4, 4, 8, 6), 270),
        _on_lanes("quad-double", 61, 4, (11, 103, 114, 57), 240),
        NumberType("mpfr", None, 0, {}, None, Fraction(0), "gmpy2", AT_PRECISION["mpfr"]),
        NumberType("mpmath", None, 0, {}, None, Fraction(0), "mpmath", AT_PRECISION["mpmath"]),
        NumberType("arb", None, 0, {}, None, Fraction(0), "flint", _balls),
        NumberType("fraction", None, 0, {}, Fraction(0), Fraction(0), "python", lambda _: EXACT),
    )
}
"""Every number type by name, the narrowest first."""

ON_LANES = tuple(name for name, row in NUMBER_TYPES.items() if row.terms)
"""Types that run over many trajectories at once."""

SINGLE = tuple(name for name, row in NUMBER_TYPES.items() if row.arithmetic is not None)
"""Types that :func:`compile_map` knows."""

KERNELS = ("auto", *(name for name in NUMBER_TYPES if name != "fraction"))
"""What an orbit can be asked to run in: every type but exact numbers, which grow without end; or the cheapest."""


def bits_for(digits: int, guard: int = GUARD_BITS) -> int:
    """Bits that hold a number of decimal digits, and guard bits.

    Raises:
        PrecisionError: no digits, or more than a machine can iterate in.
    """
    if not 1 <= digits <= MOST_DIGITS:
        raise PrecisionError.of("digits", f"1 to {MOST_DIGITS} decimal digits", digits, "Choose fewer.")
    return math.ceil(digits * math.log2(10)) + guard


def round_to_mpfr(value: Any) -> Any:
    """An exact rational (or an MPFR number) in MPFR, rounded once, at the precision of the present context."""
    if isinstance(value, type(gmpy2.mpfr(0))):
        return gmpy2.mpfr(value)
    exact = Fraction(value)
    return gmpy2.mpfr(gmpy2.mpq(exact.numerator, exact.denominator))
