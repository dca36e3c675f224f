"""Orthonormal rows on the device of a JAX model, handled by a few compiled programs."""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from .backend import Array
from .placed import DROPPED, Rows

PIECES, SHORTEST = 1024, 64
"""Rows are cut into so many pieces, of at least so many entries: their sums run side by side, and round less."""


@lru_cache(1)
def _programs() -> Any:
    """The programs, compiled once for each shape."""
    import jax
    from jax import numpy as jnp

    def contract(form: str, *arrays: Any) -> Any:
        return jnp.einsum(form, *arrays, precision="highest")

    def cut(tall: Any, pieces: int, piece: int) -> Any:
        """From ``(n, c)`` to ``(pieces, c, piece)``, zeros behind."""
        padded = jnp.pad(tall.T, ((0, 0), (0, pieces * piece - tall.shape[0])))
        return padded.reshape(tall.shape[1], pieces, piece).transpose(1, 0, 2)

    def combined(rows: Any, weights: Any) -> Any:
        # piece by piece: a product over all at once would first turn the rows about in memory
        return contract("bmk,bmc->bck", rows, jnp.broadcast_to(weights, (rows.shape[0], *weights.shape)))

    def lift(rows: Any, weights: Any, size: int) -> Any:
        found = combined(rows, weights).transpose(1, 0, 2)
        return found.reshape(weights.shape[1], -1)[:, :size].T

    def against(rows: Any, vectors: Any) -> Any:
        return contract("bmk,bck->bmc", rows, vectors).sum(0)

    def one_by_one(vectors: Any) -> Any:
        """Columns made orthonormal; those that bring nothing become zero."""
        found: list[Any] = []
        for j in range(vectors.shape[1]):
            v = vectors[:, j]
            for _ in range(2):
                for earlier in found:
                    v = v - earlier * jnp.sum(earlier * v)
            length = jnp.sqrt(jnp.sum(v * v))
            found.append(jnp.where(length > DROPPED * jnp.finfo(v.dtype).eps, v / length, 0.0))
        return jnp.stack(found, 1)

    def absorb(rows: Any, tall: Any, count: Any) -> Any:
        images = cut(tall, rows.shape[0], rows.shape[2])
        lengths = jnp.sqrt((images * images).sum((0, 2)))
        finite = jnp.isfinite(lengths).all()
        images = jnp.where(finite, images, 0.0)
        rest = images / jnp.where(finite & (lengths > 0), lengths, 1)[:, None]
        for _ in range(2):
            rest = rest - combined(rows, against(rows, rest))
            rest = one_by_one(rest)
        rows = jax.lax.dynamic_update_slice(rows, rest, (count * 0, count, count * 0))
        return rows, jnp.where(finite, against(rows, images), jnp.nan)

    def turn(rows: Any, weights: Any, height: int) -> Any:
        found = combined(rows, weights)
        return jnp.pad(found, ((0, 0), (0, height - weights.shape[1]), (0, 0)))

    def draw(seed: Any, shape: tuple[int, int], dtype: Any) -> Any:
        return jax.random.normal(jax.random.key(seed), shape, dtype)

    return SimpleNamespace(
        lift=jax.jit(lift, static_argnums=2),
        absorb=jax.jit(absorb, donate_argnums=0),
        gram=jax.jit(lambda rows: contract("bmk,bck->bmc", rows, rows).sum(0)),
        turn=jax.jit(turn, static_argnums=2),
        draw=jax.jit(draw, static_argnums=(1, 2)),
    )


class JaxRows(Rows):
    """Rows in the arithmetic of a JAX model."""

    def __init__(self, size: int, height: int, backend: Any) -> None:
        """Zero rows.

        Args:
            size: n.
            height: number of rows.
            backend: whose device and arithmetic.
        """
        self._size, self._backend = size, backend
        self._pieces = max(1, min(PIECES, size // SHORTEST))
        self._piece = -(-size // self._pieces)
        self._rows = self.place(np.zeros((self._pieces, height, self._piece)))

    @property
    def height(self) -> int:
        """Number of rows."""
        return int(self._rows.shape[1])

    def _run(self, name: str, *arguments: Any) -> Any:
        with self._backend.arithmetic():
            return getattr(_programs(), name)(*arguments)

    def lift(self, weights: Array) -> Any:
        """Vectors from coordinates."""
        padded = np.zeros((self.height, weights.shape[1]), self._backend.dtype)
        padded[: len(weights)] = weights
        return self._run("lift", self._rows, padded, self._size)

    def absorb(self, tall: Any, count: int) -> Array:
        """Coordinates, with new rows; see ``Rows``."""
        self._rows, found = self._run("absorb", self._rows, tall, np.int32(count))
        return np.asarray(found, dtype=np.float64)

    def gram(self) -> Array:
        """Inner products of the rows."""
        return np.asarray(self._run("gram", self._rows), dtype=np.float64)

    def turn(self, weights: Array, height: int) -> None:
        """Other rows, from these."""
        self._rows = self._run("turn", self._rows, weights.astype(self._backend.dtype), height)

    def resize(self, height: int) -> None:
        """More rows, zero."""
        self._rows = self._run("turn", self._rows, np.eye(self.height, dtype=self._backend.dtype), height)

    def draw(self, rng: np.random.Generator, columns: int) -> Any:
        """Normal random vectors, drawn on the device from a seed."""
        seed = np.uint32(rng.integers(2**32, dtype=np.uint64))
        return self._run("draw", seed, (self._size, columns), self._backend.dtype)

    def place(self, tall: Array) -> Any:
        """Bring vectors to the device."""
        with self._backend.arithmetic():
            return self._backend._real(tall)

    def read(self, count: int) -> Array:
        """The first rows."""
        host = np.asarray(self._rows[:, :count]).transpose(1, 0, 2)
        return host.reshape(count, -1)[:, : self._size]

    def write(self, values: Array) -> None:
        """Rows from a checkpoint."""
        pieces = np.zeros((self.height, self._pieces * self._piece), self._backend.dtype)
        pieces[: len(values), : self._size] = values
        self._rows = self.place(pieces.reshape(self.height, self._pieces, self._piece).transpose(1, 0, 2))
