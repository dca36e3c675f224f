"""Where the multipliers of a fixed point lie: how often -1 and 1, and whether the rest is inside the unit circle."""

from __future__ import annotations

from dataclasses import dataclass

from .fields import Element, Field
from .linear import Matrix, characteristic


@dataclass(frozen=True)
class Multipliers:
    """What the characteristic polynomial says.

    Attributes:
        flips: how often -1 is a multiplier.
        ones: how often 1 is one.
        inside: whether all others lie inside the unit circle; None where it is open.
    """

    flips: int
    ones: int
    inside: bool | None


def read_multipliers(matrix: Matrix, field: Field) -> Multipliers:
    """Divide out -1 and 1, and judge the rest by Schur and Cohn's test.

    Args:
        matrix: the derivative of the map, over an exact field.
        field: that field.

    Returns:
        What is known.
    """
    row = characteristic(matrix, field)
    row, flips = _without(row, -field.one, field)
    row, ones = _without(row, field.one, field)
    return Multipliers(flips, ones, all_inside(row, field))


def _without(row: list[Element], root: Element, field: Field) -> tuple[list[Element], int]:
    count = 0
    while len(row) > 1:
        quotient = [row[0]]
        for c in row[1:]:
            quotient.append(quotient[-1] * root + c)
        if not field.is_zero(quotient[-1]):
            break
        row, count = quotient[:-1], count + 1
    return row, count


def all_inside(row: list[Element], field: Field) -> bool | None:
    """Whether all zeros of a polynomial lie inside the unit circle (Schur and Cohn).

    Args:
        row: coefficients, highest power first.
        field: their field.

    Returns:
        The verdict, None where a sign is open.
    """
    while len(row) > 1:
        top, low = row[0], row[-1]
        sign = field.sign(top * top - low * low)
        if sign is None:
            return None
        if sign <= 0:
            return False
        turned = row[::-1]
        row = [top * a - low * b for a, b in zip(row, turned, strict=True)][:-1]
    return True


def deflated(row: list[Element], root: Element) -> list[Element]:
    """A polynomial over ``x - root``, the remainder dropped: for a root that is known from elsewhere."""
    quotient = [row[0]]
    for c in row[1:-1]:
        quotient.append(quotient[-1] * root + c)
    return quotient
