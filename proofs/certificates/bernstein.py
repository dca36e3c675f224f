"""Proving a polynomial positive on a closed box: exact Bernstein coefficients and adaptive bisection.

On a box a polynomial lies between its least and its greatest Bernstein coefficient, and takes the corner ones. All
arithmetic is on integers (one common positive denominator), so nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import comb, gcd, lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...symbolic.algebra.errors import DomainError

Box = tuple[tuple[Fraction, Fraction], ...]
Terms = Mapping[tuple[int, ...], Fraction]


@dataclass
class Covering:
    """What a subdivision found.

    Attributes:
        box: the closed box.
        proved: leaf boxes on which the polynomial is positive; with ``undecided`` they tile the box.
        undecided: leaf boxes that were left open.
        counterexample: a point of the box where the polynomial is not positive, if one was met.
        floor: a lower bound of the polynomial on the proved boxes.
    """

    box: Box
    proved: list[Box] = field(default_factory=list)
    undecided: list[Box] = field(default_factory=list)
    counterexample: tuple[Fraction, ...] | None = None
    floor: Fraction | None = None

    @property
    def verdict(self) -> str:
        """TRUE, FALSE (a counterexample was met) or UNKNOWN."""
        if self.counterexample is not None:
            return "FALSE"
        return "UNKNOWN" if self.undecided else "TRUE"


def _whole(values: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """Rationals as integers over their common denominator."""
    scale = lcm(*(value.denominator for value in values.flat))
    whole = np.empty(values.shape, dtype=object)
    for index, value in np.ndenumerate(values):
        whole[index] = value.numerator * (scale // value.denominator)
    return whole, scale


def _to_bernstein(terms: Terms, box: Box) -> tuple[NDArray[Any], int]:
    """Integer Bernstein coefficients on the box and their common denominator."""
    degrees = [max(e[axis] for e in terms) for axis in range(len(box))]
    given = np.full([d + 1 for d in degrees], Fraction(0), dtype=object)
    for exponents, coefficient in terms.items():
        given[exponents] = Fraction(coefficient)
    tensor, scale = _whole(given)
    for axis, (low, high) in enumerate(box):
        degree, wide = degrees[axis], high - low
        change = np.full((degree + 1, degree + 1), Fraction(0), dtype=object)
        for row in range(degree + 1):
            for power in range(degree + 1):
                change[row, power] = sum(
                    (
                        Fraction(comb(row, j), comb(degree, j)) * comb(power, j) * low ** (power - j) * wide**j
                        for j in range(min(row, power) + 1)
                    ),
                    Fraction(0),
                )
        # products of fractions would take a greatest common divisor each
        matrix, unit = _whole(change)
        tensor, scale = np.moveaxis(np.tensordot(matrix, tensor, axes=(1, axis)), 0, axis), scale * unit
    common = gcd(scale, *tensor.flat)
    return tensor // common, scale // common


def _halving(degree: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """De Casteljau at the middle as two integer matrices, scaled by ``2**degree``."""
    left = np.zeros((degree + 1, degree + 1), dtype=object)
    for row in range(degree + 1):
        for j in range(row + 1):
            left[row, j] = comb(row, j) * 2 ** (degree - row)
    return left, left[::-1, ::-1].copy()


def _corner(tensor: NDArray[Any], box: Box) -> tuple[Fraction, ...] | None:
    """A corner of the box with a value that is not positive, if any."""
    for choice in np.ndindex(*(2,) * tensor.ndim):
        index = tuple(-1 if c else 0 for c in choice)
        if tensor[index] <= 0:
            return tuple(side[c] for side, c in zip(box, choice, strict=True))
    return None


def _steepest(tensor: NDArray[Any]) -> int:
    """The axis along which the coefficients vary most."""
    spread = [
        int(np.abs(np.diff(tensor, axis=axis)).max()) * (size - 1) if size > 1 else -1
        for axis, size in enumerate(tensor.shape)
    ]
    return max(range(tensor.ndim), key=spread.__getitem__)


def prove_positive(terms: Terms, box: Sequence[tuple[Fraction, Fraction]], max_boxes: int = 4000) -> Covering:
    """Show that a polynomial is positive on a closed box, by bisection where one look does not decide.

    Args:
        terms: exponents to coefficient; one exponent for each side of the box.
        box: a closed interval for each variable.
        max_boxes: boxes looked at before the rest is left undecided.

    Returns:
        The covering; its verdict is TRUE only if every leaf box was proved.

    Raises:
        DomainError: the box and the exponents differ in length, a side is empty, or there are no terms.
    """
    where = "prove_positive()"
    sides: Box = tuple((Fraction(low), Fraction(high)) for low, high in box)
    if not terms or any(len(e) != len(sides) for e in terms):
        raise DomainError.of(where, f"terms in {len(sides)} variables", dict(terms), "Give one exponent a side.")
    if any(low > high for low, high in sides):
        raise DomainError.of(where, "closed intervals low <= high", sides, "Swap the ends.")
    found = Covering(sides)
    root, scale = _to_bernstein(terms, sides)
    halves = [_halving(size - 1) for size in root.shape]
    stack: list[tuple[NDArray[Any], int, Box]] = [(root, scale, sides)]
    looked = 0
    while stack:
        tensor, unit, here = stack.pop()
        looked += 1
        least = min(tensor.flat)
        if least > 0:
            found.proved.append(here)
            floor = Fraction(least, unit)
            found.floor = floor if found.floor is None else min(found.floor, floor)
            continue
        found.counterexample = _corner(tensor, here)
        if found.counterexample is not None or looked >= max_boxes:
            found.undecided += [here, *(rest for _, _, rest in stack)]
            return found
        axis = _steepest(tensor)
        low, high = here[axis]
        middle = (low + high) / 2
        grown = unit * 2 ** (tensor.shape[axis] - 1)
        for matrix, side in zip(halves[axis], ((low, middle), (middle, high)), strict=True):
            half = np.moveaxis(np.tensordot(matrix, tensor, axes=(1, axis)), 0, axis)
            stack.append((half, grown, (*here[:axis], side, *here[axis + 1 :])))
    return found
