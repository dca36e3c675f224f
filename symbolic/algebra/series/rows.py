"""Power series in a variable and a small parameter: one univariate polynomial for each power of the parameter.

Row ``i`` is kept up to degree ``width - 2 i``: the parameter counts as order two in the variable. Recursions that run
over powers of the parameter then work on dense univariate polynomials, which is far cheaper than sparse bivariate ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq, fmpq_mpoly, fmpq_poly

from ..errors import DomainError
from ..rings import poly_terms

ZERO = fmpq_poly([0])
PARAMETER_WEIGHT = 2
"""The parameter's weight: each power of it costs this many orders in the variable."""


class RowSeries:
    """``sum_i row_i(z) epsilon^i`` modulo ``epsilon^(height + 1)`` and, in row ``i``, ``z^(width - 2 i + 1)``.

    Args:
        rows: polynomials in the variable, lowest power of the parameter first.
        height: highest power of the parameter kept.
        width: highest degree kept in row 0.
    """

    __slots__ = ("height", "rows", "width")

    def __init__(self, rows: Sequence[fmpq_poly], height: int, width: int) -> None:
        kept = [*rows[: height + 1], *([ZERO] * (height + 1 - len(rows)))]
        self.height, self.width = height, width
        self.rows: tuple[fmpq_poly, ...] = tuple(r.truncate(self.length(i)) for i, r in enumerate(kept))

    def length(self, row: int) -> int:
        """How many coefficients a row keeps."""
        return max(self.width - PARAMETER_WEIGHT * row + 1, 0)

    def constant(self, value: fmpq | int) -> RowSeries:
        """A number as a series of this shape."""
        return RowSeries([fmpq_poly([value])], self.height, self.width)

    def __add__(self, other: RowSeries) -> RowSeries:
        return RowSeries([a + b for a, b in zip(self.rows, other.rows, strict=True)], self.height, self.width)

    def __neg__(self) -> RowSeries:
        return RowSeries([-a for a in self.rows], self.height, self.width)

    def __sub__(self, other: RowSeries) -> RowSeries:
        return self + (-other)

    def __mul__(self, other: RowSeries) -> RowSeries:
        out = [ZERO] * (self.height + 1)
        right = [(j, b) for j, b in enumerate(other.rows) if not b.is_zero()]
        for i, a in enumerate(self.rows):
            if a.is_zero():
                continue
            for j, b in right:
                if i + j > self.height:
                    break
                out[i + j] += a.mul_low(b, self.length(i + j))
        return RowSeries(out, self.height, self.width)

    def compose(self, inner: RowSeries) -> RowSeries:
        """``self(inner(z, epsilon), epsilon)`` by Horner's rule; ``inner`` must vanish at ``z = 0``.

        Args:
            inner: the new value of the variable.

        Returns:
            The composition, to the shape of this series.

        Raises:
            DomainError: ``inner`` has a term without a factor of the variable.
        """
        if any(row[0] != 0 for row in inner.rows):
            raise DomainError.of("RowSeries.compose()", "an inner series that vanishes at 0", inner.rows, "Shift it.")
        result = RowSeries([], self.height, self.width)
        for degree in range(max(row.degree() for row in self.rows), -1, -1):
            head = [fmpq_poly([row[degree]]) for row in self.rows]
            result = result * inner + RowSeries(head, self.height, self.width)
        return result


def evaluate_rows(polynomial: fmpq_mpoly, state: RowSeries, value: RowSeries, parameter: RowSeries) -> RowSeries:
    """A polynomial in (variable, unknown, parameter) at three series.

    Args:
        polynomial: in three variables, in this order.
        state: for the first variable.
        value: for the second.
        parameter: for the third.

    Returns:
        The polynomial's value.
    """
    one = state.constant(1)
    powers: list[list[RowSeries]] = [[one], [one], [one]]
    terms = poly_terms(polynomial)
    for exponents in terms:
        for table, base, exponent in zip(powers, (state, value, parameter), exponents, strict=True):
            while len(table) <= exponent:
                table.append(table[-1] * base)
    total = RowSeries([], state.height, state.width)
    for (i, j, k), coefficient in terms.items():
        total += state.constant(coefficient) * powers[0][i] * powers[1][j] * powers[2][k]
    return total


def compose_low(outer: fmpq_poly, inner: fmpq_poly, length: int) -> fmpq_poly:
    """``outer(inner(z))`` modulo ``z^length``; ``inner`` vanishes at 0."""
    result = ZERO
    for coefficient in reversed(outer.coeffs()[:length]):
        result = result.mul_low(inner, length) + coefficient
    return result.truncate(length)


def inverse_low(series: fmpq_poly, length: int) -> fmpq_poly:
    """``1/series`` modulo ``z^length``, by Newton's iteration; the constant term is not 0."""
    result, known = fmpq_poly([1 / series[0]]), 1
    while known < length:
        known = min(2 * known, length)
        defect = 2 - series.truncate(known).mul_low(result, known)
        result = result.mul_low(defect, known)
    return result
