"""Arrays from users: real numbers, shapes that match, and symmetric slices, or a refusal that says what to do."""

from __future__ import annotations

import numbers
from fractions import Fraction
from typing import Any

import numpy as np

from ..runs.limits import refuse

Array = np.ndarray[Any, np.dtype[Any]]

SYMMETRY_TOLERANCE = 64 * np.finfo(np.float64).eps


def as_numbers(where: str, name: str, values: Any) -> Array:
    """Return ``values`` as float64, or as an object array of Fractions when any entry is a Fraction.

    Args:
        where: function that asks.
        name: name of the argument in messages.
        values: nested sequence or array of real numbers.

    Returns:
        An array without NaN or infinity.

    Raises:
        DomainError: text, complex numbers, ragged input, NaN or infinity.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        refuse(where, f"{name} as a rectangular array", "rows of unequal length", "Give each row the same length.")
    if array.dtype == object and array.size and all(isinstance(v, numbers.Rational) for v in array.flat):
        return np.array([Fraction(v) for v in array.flat], dtype=object).reshape(array.shape)
    if array.dtype.kind not in "biufO":
        refuse(where, f"{name} as real numbers", f"entries of type {array.dtype}", "Convert them to float or Fraction.")
    try:
        array = np.ascontiguousarray(array, dtype=np.float64)
    except (TypeError, ValueError):
        refuse(where, f"{name} as real numbers", f"entries of type {array.dtype}", "Convert them to float or Fraction.")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        index = tuple(int(i) for i in bad[0])
        refuse(where, f"finite entries in {name}", f"{array[index]} at index {index}", "Remove or replace that entry.")
    return array


def check_shape(where: str, name: str, values: Array, shape: tuple[int, ...]) -> Array:
    """The same array, if it has this shape."""
    if values.shape != shape:
        fix = "Transpose it, or match it to J of shape (D, P) and Q of shape (D, P, P)."
        refuse(where, f"{name} of shape {shape}", f"shape {values.shape}", fix)
    return values


def check_slices(where: str, curvature: Array) -> Array:
    """Symmetric slices made exactly symmetric, or a refusal of slices that are not symmetric to rounding.

    Args:
        where: function that asks.
        curvature: Q.

    Returns:
        The tensor, shape ``(D, P, P)``, symmetric in its last two indices.
    """
    if curvature.ndim != 3 or curvature.shape[1] != curvature.shape[2] or 0 in curvature.shape:
        expected, fix = (
            "Q of shape (D, P, P) with D and P at least 1",
            "Stack one symmetric P x P matrix for each output.",
        )
        refuse(where, expected, f"shape {curvature.shape}", fix)
    slack = 0 if curvature.dtype == object else SYMMETRY_TOLERANCE * float(np.abs(curvature).max())
    result = curvature
    for index, piece in enumerate(curvature):
        gap = np.abs(piece - piece.T)
        worst = gap.max()
        if worst > slack:
            row, column = (int(i) for i in np.unravel_index(int(gap.argmax()), gap.shape))
            off = float(piece[row, column] - piece[column, row])
            got = f"Q[{index},{row},{column}] - Q[{index},{column},{row}] = {off:.3g}"
            refuse(where, "Q symmetric in its last two indices", got, "Use (A + A') / 2.")
        if worst > 0:
            if result is curvature:
                result = curvature.copy()
            result[index] = (piece + piece.T) / 2
    return result
