"""Double-double and quad-double arithmetic from error-free transformations, whatever emits it.

``two_prod`` is two operations because the fused multiply-add is a true one. All algorithms are free of branches, so
that every lane does the same work. Values are unevaluated sums of 2 or 4 doubles, the largest first.

Sources: Joldes, Muller, Popescu 2017 (double-word arithmetic: ``AccurateDWPlusDW``, ``DWTimesDW3``); Hida, Li, Bailey
2001 (quad-double), with a renormalisation without tests. Errors: :class:`NumberType`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

Value = list[Any]


class WideArithmetic(ABC):
    """Operations on expansions of doubles, over six roundings of doubles that a subclass emits."""

    @abstractmethod
    def fadd(self, a: Any, b: Any) -> Any:
        """``a + b``, rounded."""

    @abstractmethod
    def fsub(self, a: Any, b: Any) -> Any:
        """``a - b``, rounded."""

    @abstractmethod
    def fmul(self, a: Any, b: Any) -> Any:
        """``a * b``, rounded."""

    @abstractmethod
    def fdiv(self, a: Any, b: Any) -> Any:
        """``a / b``, rounded."""

    @abstractmethod
    def fneg(self, a: Any) -> Any:
        """``-a``."""

    @abstractmethod
    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """``a * b + c``, rounded once."""

    @abstractmethod
    def zero(self, like: Any) -> Any:
        """0 of the kind of another value."""

    def operation(self, name: str, terms: int, values: list[Value]) -> Value:
        """One operation of a program on expansions.

        Args:
            name: fma, add, mul or div.
            terms: 2 or 4.
            values: its operands.

        Returns:
            The terms of the result.
        """
        prefix = "dd" if terms == 2 else "qd"
        if name == "fma":
            product: Value = getattr(self, f"{prefix}_mul")(values[0], values[1])
            found: Value = getattr(self, f"{prefix}_add")(product, values[2])
        else:
            found = getattr(self, f"{prefix}_{name}")(*values)
        return found

    def add(self, *terms: Any) -> Any:
        """``((a + b) + c) + ..`` with rounding."""
        total = terms[0]
        for term in terms[1:]:
            total = self.fadd(total, term)
        return total

    def two_sum(self, a: Any, b: Any) -> tuple[Any, Any]:
        """``s + e = a + b`` exactly, s the rounded sum (Knuth)."""
        s = self.fadd(a, b)
        bb = self.fsub(s, a)
        return s, self.fadd(self.fsub(a, self.fsub(s, bb)), self.fsub(b, bb))

    def quick_two_sum(self, a: Any, b: Any) -> tuple[Any, Any]:
        """The same when ``|a| >= |b|`` or a is 0 (Dekker)."""
        s = self.fadd(a, b)
        return s, self.fsub(b, self.fsub(s, a))

    def two_prod(self, a: Any, b: Any) -> tuple[Any, Any]:
        """``p + e = a * b`` exactly, p the rounded product."""
        p = self.fmul(a, b)
        return p, self.fma(a, b, self.fneg(p))

    def three_sum(self, a: Any, b: Any, c: Any) -> tuple[Any, Any, Any]:
        """``s + e + f = a + b + c`` exactly."""
        t1, t2 = self.two_sum(a, b)
        s, t3 = self.two_sum(c, t1)
        e, f = self.two_sum(t2, t3)
        return s, e, f

    def dd_add(self, a: Value, b: Value) -> Value:
        """AccurateDWPlusDW."""
        s, e = self.two_sum(a[0], b[0])
        t, f = self.two_sum(a[1], b[1])
        s, e = self.quick_two_sum(s, self.add(e, t))
        return list(self.quick_two_sum(s, self.add(e, f)))

    def dd_mul(self, a: Value, b: Value) -> Value:
        """DWTimesDW3."""
        p, e = self.two_prod(a[0], b[0])
        low = self.fma(a[0], b[1], self.fmul(a[1], b[1]))
        low = self.fma(a[1], b[0], low)
        return list(self.quick_two_sum(p, self.add(e, low)))

    def qd_renormalise(self, c: Value) -> Value:
        """Five overlapping terms to four that do not overlap, by three downward sweeps."""
        c = list(c)
        for first in (0, 1, 2):
            s = c[4]
            for i in range(3, first - 1, -1):
                s, c[i + 1] = self.quick_two_sum(c[i], s)
            c[first] = s
        c[3] = self.add(c[3], c[4])
        return c[:4]

    def qd_add(self, a: Value, b: Value) -> Value:
        """Hida, Li, Bailey, with the error terms of all four sums."""
        s0, e0 = self.two_sum(a[0], b[0])
        s1, e1 = self.two_sum(a[1], b[1])
        s2, e2 = self.two_sum(a[2], b[2])
        s3, e3 = self.two_sum(a[3], b[3])
        s1, e0 = self.two_sum(s1, e0)
        s2, e0, e1 = self.three_sum(s2, e0, e1)
        s3, e0, e2 = self.three_sum(s3, e0, e2)
        return self.qd_renormalise([s0, s1, s2, s3, self.add(e0, e1, self.add(e2, e3))])

    def qd_mul(self, a: Value, b: Value) -> Value:
        """Hida, Li, Bailey: products exact to third order, the fourth order rounded."""
        p0, q0 = self.two_prod(a[0], b[0])
        p1, q1 = self.two_prod(a[0], b[1])
        p2, q2 = self.two_prod(a[1], b[0])
        p3, q3 = self.two_prod(a[0], b[2])
        p4, q4 = self.two_prod(a[1], b[1])
        p5, q5 = self.two_prod(a[2], b[0])
        p1, p2, q0 = self.three_sum(p1, p2, q0)
        p2, q1, q2 = self.three_sum(p2, q1, q2)
        p3, p4, p5 = self.three_sum(p3, p4, p5)
        s0, t0 = self.two_sum(p2, p3)
        s1, t1 = self.two_sum(q1, p4)
        s2 = self.add(q2, p5)
        s1, t0 = self.two_sum(s1, t0)
        s2 = self.add(s2, t0, t1)
        fourth = self.add(self.add(q0, q3), self.add(q4, q5))
        for x, y in ((a[0], b[3]), (a[3], b[0]), (a[1], b[2]), (a[2], b[1])):
            fourth = self.fma(x, y, fourth)
        s1, t0 = self.two_sum(s1, fourth)
        return self.qd_renormalise([p0, p1, s0, s1, self.add(s2, t0)])

    def dd_div(self, a: Value, b: Value) -> Value:
        """Quotient by three corrections."""
        return self._divide(a, b, 3, self.dd_add, self.dd_mul)

    def qd_div(self, a: Value, b: Value) -> Value:
        """Quotient by five corrections."""
        return self._divide(a, b, 5, self.qd_add, self.qd_mul)

    def _divide(self, a: Value, b: Value, corrections: int, add: Any, mul: Any) -> Value:
        zero = self.zero(a[0])
        rest, total = a, [zero] * len(a)
        for _ in range(corrections):
            digit = [self.fdiv(rest[0], b[0])] + [zero] * (len(a) - 1)
            total = add(total, digit)
            rest = add(rest, self.negate(mul(digit, b)))
        return total

    def negate(self, a: Value) -> Value:
        """All terms negated."""
        return [self.fneg(x) for x in a]
