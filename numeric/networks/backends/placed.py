"""Vectors that stay where a backend computes: what a device has to offer for that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

DROPPED = 16
"""What is left of a vector beside the rows, in units in the last place of its length, that is nothing but rounding."""


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


class HostRows(Rows):
    """Rows as a NumPy array, for models whose products come to the host."""

    def __init__(self, size: int, height: int, dtype: Any = np.float64) -> None:
        """Zero rows.

        Args:
            size: n.
            height: number of rows.
            dtype: arithmetic.
        """
        self.values = np.zeros((height, size), dtype)

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.values)

    def lift(self, weights: Array) -> Any:
        """Vectors from coordinates."""
        return self.values[: len(weights)].T @ weights.astype(self.values.dtype)

    def absorb(self, tall: Any, count: int) -> Array:
        """Coordinates, with new rows; see ``Rows``."""
        found = np.zeros((self.height, tall.shape[1]))
        tall = np.asarray(tall, self.values.dtype)
        lengths = np.linalg.norm(tall, axis=0)
        if not np.isfinite(lengths).all():
            return found * np.nan
        known, rest = self.values[:count], np.ascontiguousarray((tall / np.where(lengths > 0, lengths, 1)).T)
        for _ in range(2):
            rest -= (rest @ known.T) @ known
            for j in range(len(rest)):
                for _ in range(2):
                    rest[j] -= (rest[:j] @ rest[j]) @ rest[:j]
                length = np.linalg.norm(rest[j])
                rest[j] *= 1 / length if length > DROPPED * np.finfo(rest.dtype).eps else 0
        self.values[count : count + len(rest)] = rest
        found[: count + len(rest)] = self.values[: count + len(rest)] @ tall
        return found

    def gram(self) -> Array:
        """Inner products of the rows."""
        return np.asarray(self.values @ self.values.T, dtype=np.float64)

    def turn(self, weights: Array, height: int) -> None:
        """Other rows, from these."""
        turned = weights.T.astype(self.values.dtype) @ self.values
        self.values = np.zeros((height, self.values.shape[1]), turned.dtype)
        self.values[: len(turned)] = turned

    def resize(self, height: int) -> None:
        """More rows, zero."""
        more = np.zeros((height - self.height, self.values.shape[1]), self.values.dtype)
        self.values = np.concatenate([self.values, more])

    def draw(self, rng: np.random.Generator, columns: int) -> Any:
        """Normal random vectors."""
        return rng.standard_normal((self.values.shape[1], columns))

    def place(self, tall: Array) -> Any:
        """The vectors themselves."""
        return tall

    def read(self, count: int) -> Array:
        """The first rows."""
        return self.values[:count].copy()

    def write(self, values: Array) -> None:
        """Rows from a checkpoint."""
        self.values[: len(values)] = values


@dataclass(frozen=True)
class Placed:
    """Products of a matrix that stay where they are made.

    Attributes:
        multiply: placed vectors ``(n, c)`` to placed vectors.
        rows: makes zero rows there from n and their number.
    """

    multiply: Callable[[Any], Any]
    rows: Callable[[int, int], Rows]
