"""Truncated power series in one variable over any field: what carries a map along a curve, whatever its dimension."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from .fields import Element, Field


class Jet:
    """``c[0] + c[1] s + .. + c[n-1] s^(n-1)``, the rest dropped.

    Args:
        field: where the coefficients live.
        coefficients: as many as are kept.
    """

    __slots__ = ("c", "field")

    def __init__(self, field: Field, coefficients: Sequence[Element]) -> None:
        self.field = field
        self.c = list(coefficients)

    @classmethod
    def constant(cls, field: Field, value: Element, length: int) -> Jet:
        """A number as a series."""
        return cls(field, [value, *[field.zero] * (length - 1)])

    def __add__(self, other: Jet) -> Jet:
        return Jet(self.field, [a + b for a, b in zip(self.c, other.c, strict=True)])

    def __sub__(self, other: Jet) -> Jet:
        return Jet(self.field, [a - b for a, b in zip(self.c, other.c, strict=True)])

    def scaled(self, factor: Element) -> Jet:
        """Times a number."""
        return Jet(self.field, [a * factor for a in self.c])

    def __mul__(self, other: Jet) -> Jet:
        a, b = self.c, other.c
        out = []
        for k in range(len(a)):
            total = a[0] * b[k]
            for i in range(1, k + 1):
                total = total + a[i] * b[k - i]
            out.append(total)
        return Jet(self.field, out)

    def reciprocal(self) -> Jet:
        """``1 / self``.

        Raises:
            ZeroDivisionError: the series starts with 0.
        """
        if self.field.is_zero(self.c[0]) is not False:
            raise ZeroDivisionError("a series that starts with 0, or may")
        first = self.field.one / self.c[0]
        out = [first]
        for k in range(1, len(self.c)):
            total = self.c[1] * out[k - 1]
            for i in range(2, k + 1):
                total = total + self.c[i] * out[k - i]
            out.append(-total * first)
        return Jet(self.field, out)

    def power(self, exponent: int) -> Jet:
        """A whole power, negative ones too."""
        if exponent < 0:
            return self.reciprocal().power(-exponent)
        out, base = Jet.constant(self.field, self.field.one, len(self.c)), self
        while exponent:
            if exponent & 1:
                out = out * base
            exponent >>= 1
            if exponent:
                base = base * base
        return out

    def root(self, p: int, q: int) -> Jet:
        """The power ``p/q`` of a series that starts above 0, by ``u h' = (p/q) u' h``."""
        u, field = self.c, self.field
        if q == 2:
            start = field.function("sqrt", u[0])
            first = start**p if p >= 0 else field.one / start ** (-p)
        else:
            first = field.function("exp", field.function("log", u[0]) * fmpq(p, q))
        out, scale = [first], field.one / u[0]
        for k in range(1, len(u)):
            total = field.zero
            for j in range(1, k + 1):
                total = total + u[j] * out[k - j] * (fmpq(p, q) * j - (k - j))
            out.append(total * scale * fmpq(1, k))
        return Jet(field, out)

    def _integrated(self, slopes: Sequence[Element], first: Element) -> Jet:
        """The series whose derivative is ``slopes * self'``."""
        out = [first]
        for k in range(1, len(self.c)):
            total = self.field.zero
            for j in range(1, k + 1):
                total = total + self.c[j] * slopes[k - j] * j
            out.append(total * fmpq(1, k))
        return Jet(self.field, out)

    def exp(self) -> Jet:
        """The exponential, by ``h' = u' h``."""
        return self._by_own_slope("exp", lambda h: h)

    def tanh(self) -> Jet:
        """The hyperbolic tangent, by ``h' = u' (1 - h^2)``."""
        return self._by_own_slope("tanh", lambda h: h.square_shifted(-1))

    def tan(self) -> Jet:
        """The tangent, by ``h' = u' (1 + h^2)``."""
        return self._by_own_slope("tan", lambda h: h.square_shifted(1))

    def square_shifted(self, factor: int) -> Jet:
        """``1 + factor * self^2``."""
        square = (self * self).scaled(fmpq(factor))
        square.c[0] = square.c[0] + self.field.one
        return square

    def _by_own_slope(self, name: str, slope: object) -> Jet:
        out = [self.field.function(name, self.c[0])]
        for k in range(1, len(self.c)):
            slopes = slope(Jet(self.field, out)).c  # type: ignore[operator]
            total = self.field.zero
            for j in range(1, k + 1):
                total = total + self.c[j] * slopes[k - j] * j
            out.append(total * fmpq(1, k))
        return Jet(self.field, out)

    def log(self) -> Jet:
        """The logarithm, by ``h' = u'/u``."""
        return self._integrated(self.reciprocal().c, self.field.function("log", self.c[0]))

    def pair(self, one: str, other: str, sign: int) -> tuple[Jet, Jet]:
        """Sine and cosine (sign -1), or the hyperbolic pair (sign 1)."""
        s, c = [self.field.function(one, self.c[0])], [self.field.function(other, self.c[0])]
        for k in range(1, len(self.c)):
            first = second = self.field.zero
            for j in range(1, k + 1):
                first = first + self.c[j] * c[k - j] * j
                second = second + self.c[j] * s[k - j] * j
            s.append(first * fmpq(1, k))
            c.append(second * fmpq(sign, k))
        return Jet(self.field, s), Jet(self.field, c)


def curve(field: Field, terms: Sequence[Sequence[Element]], length: int) -> list[Jet]:
    """A curve ``terms[0] + terms[1] s + ..`` in many coordinates.

    Args:
        field: where the coefficients live.
        terms: one vector for each power, lowest first; those that are missing are 0.
        length: powers kept.

    Returns:
        One series for each coordinate.
    """
    padded = [*terms[:length], *[[field.zero] * len(terms[0])] * (length - len(terms))]
    return [Jet(field, column) for column in zip(*padded, strict=True)]
