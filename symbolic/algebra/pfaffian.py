"""Pfaffians over any commutative ring, by expansion along the first row with shared minors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .errors import DomainError

R = TypeVar("R")


def pfaffian(entry: Callable[[int, int], R], size: int, one: R) -> R:
    """The Pfaffian of a skew-symmetric matrix.

    Args:
        entry: the entry above the diagonal, from ``i < j``.
        size: even number of rows.
        one: the ring's unit.

    Returns:
        The Pfaffian; ``size * 2^(size/2)`` products or fewer than ``2^size``, so this is for small sizes.

    Raises:
        DomainError: the size is odd.
    """
    if size % 2:
        raise DomainError.of("pfaffian()", "an even number of rows", size, "Border the matrix first.")
    minors: dict[tuple[int, ...], Any] = {(): one}

    def minor(rows: tuple[int, ...]) -> Any:
        if rows not in minors:
            head, rest = rows[0], rows[1:]
            total: Any = None
            for place, other in enumerate(rest):
                term: Any = entry(head, other) * minor(rest[:place] + rest[place + 1 :])
                if place % 2:
                    term = -term
                total = term if total is None else total + term
            minors[rows] = total
        return minors[rows]

    found: R = minor(tuple(range(size)))
    return found
