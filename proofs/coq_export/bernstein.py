"""Where to cut a box so that all Bernstein coefficients of a polynomial are positive, exactly over Z.

The search mirrors ``proofs/coq/Bernstein.v``; only its cuts go into the Coq file, and Coq tests them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import Exponents

Tensor = np.ndarray[Any, np.dtype[np.object_]]
AXES = "VXYW"
"""The names of the last variables in the Coq type ``cuts``."""


def _tensor(terms: Mapping[Exponents, int]) -> Tensor:
    shape = [1 + max(column) for column in zip(*terms, strict=True)]
    array: Tensor = np.zeros(shape, dtype=object)
    for exponents, value in terms.items():
        array[exponents] = value
    return array


def _along(array: Tensor, axis: int) -> Tensor:
    return np.moveaxis(array, axis, 0).copy()


def shifted(array: Tensor, axis: int, by: int) -> Tensor:
    """The polynomial with ``x + by`` for one variable."""
    rows = _along(array, axis)
    for low in range(len(rows) - 1):
        for i in range(len(rows) - 2, low - 1, -1):
            rows[i] = rows[i] + by * rows[i + 1]
    return np.moveaxis(rows, 0, axis)


def bernstein(array: Tensor, sides: Sequence[int]) -> Tensor:
    """Coefficients in the basis ``t^i (1 - t)^(n - i)`` after scaling each side of ``[0, side]`` to 1."""
    for axis, side in enumerate(sides):
        rows = _along(array, axis)
        for i in range(len(rows)):
            rows[i] = rows[i] * side**i
        array = shifted(np.moveaxis(rows[::-1], 0, axis), axis, 1)
    return array


def _spread(coefficients: Tensor, axis: int) -> Fraction:
    rows = _along(coefficients, axis)
    count = len(rows) - 1
    widest = Fraction(0)
    for i in range(count):
        gap = [
            Fraction(a, comb(count, i)) - Fraction(b, comb(count, i + 1))
            for a, b in zip(rows[i].flat, rows[i + 1].flat, strict=True)
        ]
        widest = max(widest, *(abs(g) for g in gap))
    return widest


def find_cuts(terms: Mapping[Exponents, int], box: Sequence[tuple[int, int]], most: int = 4000) -> tuple[str, int]:
    """Cuts of an integer box that show a polynomial positive on it.

    Args:
        terms: exponents of three or four variables to integer coefficient.
        box: integer ends of each side.
        most: give up after this many boxes.

    Returns:
        The Coq term of type ``cuts``, and the number of leaves.

    Raises:
        ProofError: a corner value is not positive, or the cuts do not suffice.
    """
    array, names = _tensor(terms), AXES[-len(box) :]
    for axis, (low, _) in enumerate(box):
        array = shifted(array, axis, low)
    budget = [most]

    def visit(here: Tensor, sides: tuple[int, ...]) -> tuple[str, int]:
        budget[0] -= 1
        coefficients = bernstein(here, sides)
        if bool(np.all(coefficients > 0)):
            return "Leaf", 1
        corners = [
            coefficients[tuple((n - 1) * bit for n, bit in zip(coefficients.shape, bits, strict=True))]
            for bits in np.ndindex(*(2 for _ in box))
        ]
        usable = [axis for axis in range(len(box)) if sides[axis] > 1]
        if budget[0] <= 0 or not usable or min(corners) <= 0:
            raise ProofError.of(
                "find_cuts()",
                "a polynomial positive on the box",
                f"not shown on sides {sides}",
                "Shrink the box or change the constants.",
            )
        axis = max(usable, key=lambda a: _spread(coefficients, a))
        cut = sides[axis] // 2
        lower, few = visit(here, (*sides[:axis], cut, *sides[axis + 1 :]))
        upper, more = visit(shifted(here, axis, cut), (*sides[:axis], sides[axis] - cut, *sides[axis + 1 :]))
        return f"Cut{names[axis]} {cut} ({lower}) ({upper})".replace("(Leaf)", "Leaf"), few + more

    return visit(array, tuple(high - low for low, high in box))
