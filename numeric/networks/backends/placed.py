"""Vectors that stay where a backend computes: what a device has to offer for that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .backend import Array


class Rows(ABC):
    """Orthonormal rows of length n at a backend; rows that are not in use are zero."""

    @property
    @abstractmethod
    def height(self) -> int:
        """Number of rows, in use or not."""

    @abstractmethod
    def lift(self, weights: Array) -> Any:
        """Placed vectors ``(n, c)`` from coordinates ``(at most height, c)``."""

    @abstractmethod
    def absorb(self, tall: Any, count: int) -> Array:
        """Make what placed vectors ``(n, c)`` have outside the first ``count`` rows the next c rows.

        Where a vector brings nothing new its row stays zero.

        Args:
            tall: placed vectors.
            count: rows in use.

        Returns:
            Their coordinates ``(height, c)``, float64; NaN, and no new rows, where one is not finite.
        """

    @abstractmethod
    def gram(self) -> Array:
        """Inner products of the rows, ``(height, height)``."""

    @abstractmethod
    def turn(self, weights: Array, height: int) -> None:
        """Take combinations of the rows, ``(old height, r)``, for the rows; the others are zero."""

    @abstractmethod
    def resize(self, height: int) -> None:
        """Have more rows."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, columns: int) -> Any:
        """Placed vectors with normal entries."""

    @abstractmethod
    def place(self, tall: Array) -> Any:
        """Bring vectors there."""

    @abstractmethod
    def read(self, count: int) -> Array:
        """The first rows, shape ``(count, n)``, as they are."""

    @abstractmethod
    def write(self, values: Array) -> None:
        """Put rows that were read where they were."""


@dataclass(frozen=True)
class Placed:
    """Products of a matrix that stay where they are made.

    Attributes:
        multiply: placed vectors ``(n, c)`` to placed vectors.
        rows: makes zero rows there from n and their number.
    """

    multiply: Callable[[Any], Any]
    rows: Callable[[int, int], Rows]
