"""Truncated multivariate power series over Q, graded by weights, with an exact statement of what was dropped.

A series is kept as its homogeneous parts ``c_0, .., c_N`` under a grading, each an exact polynomial, so a product
is a truncated Cauchy product: no term above the order is ever formed.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
from flint import fmpq, fmpq_mpoly

from ..errors import DomainError
from ..rings import Exponents, poly_terms, to_fmpq
from .grading import Grading, Remainder


class TruncatedSeries:
    """An exact polynomial modulo all monomials above the order of its grading.

    Attributes:
        grading: weights and order.
        parts: homogeneous parts of weight 0, 1, ..; missing ones are zero, parts above the order are ignored.

    Source:
        Derived here.

    Example:
        >>> z, epsilon = es.symbols("z epsilon")
        >>> series = es.algebra.TruncatedSeries.from_expr(es.algebra.Grading((z, epsilon), (1, 2), 3), 1 + z)
        >>> (series * series * series * series).to_expr()
        4*z**3 + 6*z**2 + 4*z + 1
    """

    __slots__ = ("grading", "parts")

    def __init__(self, grading: Grading, parts: Sequence[fmpq_mpoly]) -> None:
        zero = grading.ring.zero
        kept = list(parts[: grading.order + 1])
        self.grading = grading
        self.parts: tuple[fmpq_mpoly, ...] = tuple(kept + [zero] * (grading.order + 1 - len(kept)))

    @classmethod
    def from_polynomial(cls, grading: Grading, polynomial: fmpq_mpoly) -> TruncatedSeries:
        """Sort a polynomial of the grading's ring by weight, and cut it."""
        buckets: list[dict[Exponents, fmpq]] = [{} for _ in range(grading.order + 1)]
        for exponents, coefficient in poly_terms(polynomial).items():
            weight = grading.weight(exponents)
            if weight <= grading.order:
                buckets[weight][exponents] = coefficient
        return cls(grading, [grading.ring.context.from_dict(bucket) for bucket in buckets])

    @classmethod
    def from_expr(cls, grading: Grading, expr: sp.Expr | int) -> TruncatedSeries:
        """A polynomial SymPy expression as a series."""
        return cls.from_polynomial(grading, grading.ring.from_expr(expr))

    @classmethod
    def variable(cls, grading: Grading, symbol: sp.Symbol) -> TruncatedSeries:
        """The series that is one variable."""
        return cls.from_polynomial(grading, grading.ring.generator(symbol))

    def polynomial(self) -> fmpq_mpoly:
        """All kept terms as one polynomial."""
        total = self.grading.ring.zero
        for part in self.parts:
            total += part
        return total

    def to_expr(self) -> sp.Expr:
        """All kept terms as a SymPy expression."""
        return self.grading.ring.to_expr(self.polynomial())

    def terms(self) -> dict[Exponents, fmpq]:
        """Exponents to coefficient, sorted by weight, then exponents."""
        items = poly_terms(self.polynomial()).items()
        return dict(sorted(items, key=lambda item: (self.grading.weight(item[0]), item[0])))

    def valuation(self) -> int | None:
        """The lowest weight present, or None for a series that is zero to its order."""
        return next((k for k, part in enumerate(self.parts) if not part.is_zero()), None)

    def dropped(self) -> Remainder:
        """Exactly what this series has dropped."""
        return self.grading.dropped()

    def truncate(self, order: int) -> TruncatedSeries:
        """The same series cut at a lower order."""
        return TruncatedSeries(self.grading.with_order(min(order, self.grading.order)), self.parts)

    def _coerce(self, other: object) -> TruncatedSeries:
        if isinstance(other, TruncatedSeries):
            if other.grading != self.grading:
                raise DomainError.of(
                    "TruncatedSeries",
                    f"a series under {self.grading}",
                    str(other.grading),
                    "Truncate both alike.",
                )
            return other
        return TruncatedSeries(self.grading, [self.grading.ring.constant(to_fmpq(other))])

    def __add__(self, other: object) -> TruncatedSeries:
        right = self._coerce(other)
        return TruncatedSeries(self.grading, [a + b for a, b in zip(self.parts, right.parts, strict=True)])

    __radd__ = __add__

    def __neg__(self) -> TruncatedSeries:
        return TruncatedSeries(self.grading, [-a for a in self.parts])

    def __sub__(self, other: object) -> TruncatedSeries:
        return self + (-self._coerce(other))

    def __rsub__(self, other: object) -> TruncatedSeries:
        return self._coerce(other) - self

    def __mul__(self, other: object) -> TruncatedSeries:
        return self.times(self._coerce(other), self.grading.order)

    def times(self, other: TruncatedSeries, order: int) -> TruncatedSeries:
        """The product, with its parts above an order left at zero.

        Args:
            other: a series under the same grading.
            order: highest weight formed, at most that of the grading.

        Returns:
            The product to that weight, still under the full grading.
        """
        out = [self.grading.ring.zero] * (order + 1)
        left_parts = [(i, a) for i, a in enumerate(self.parts) if not a.is_zero()]
        right_parts = [(j, b) for j, b in enumerate(other.parts) if not b.is_zero()]
        for i, a in left_parts:
            for j, b in right_parts:
                if i + j > order:
                    break
                out[i + j] = out[i + j] + a * b
        return TruncatedSeries(self.grading, out)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> TruncatedSeries:
        if exponent < 0:
            return self.inverse() ** (-exponent)
        result = self._coerce(1)
        for bit in bin(exponent)[2:]:
            result = result * result
            if bit == "1":
                result = result * self
        return result

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TruncatedSeries):
            return NotImplemented
        return self.grading == other.grading and bool(all(a == b for a, b in zip(self.parts, other.parts, strict=True)))

    def __hash__(self) -> int:
        return hash((self.grading, str(self.polynomial())))

    def __repr__(self) -> str:
        return f"TruncatedSeries({self.to_expr()}; {self.grading.remainder()})"

    def inverse(self) -> TruncatedSeries:
        """The multiplicative inverse.

        Returns:
            The series ``1/self`` to the same order.

        Raises:
            DomainError: the weight-0 part is not a non-zero rational.
        """
        head = self.parts[0]
        if head.is_zero() or not head.is_constant():
            raise DomainError.of(
                "TruncatedSeries.inverse()",
                "a non-zero rational constant term",
                str(head),
                "Factor it out first.",
            )
        scale = 1 / head.leading_coefficient()
        out = [self.grading.ring.constant(scale)]
        for k in range(1, self.grading.order + 1):
            total = self.grading.ring.zero
            for i in range(1, k + 1):
                if not self.parts[i].is_zero():
                    total += self.parts[i] * out[k - i]
            out.append(total * (-scale))
        return TruncatedSeries(self.grading, out)

    def __truediv__(self, other: object) -> TruncatedSeries:
        return self * self._coerce(other).inverse()

    def __rtruediv__(self, other: object) -> TruncatedSeries:
        return self._coerce(other) * self.inverse()
