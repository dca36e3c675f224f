"""Long vectors by their coordinates in an orthonormal frame that stays where the products are made.

All that a tracked step does to vectors of length n, but for the products, happens in the span of a few dozen of them.
So the frame of that span, n numbers a row, is kept on the device, and the host works with coordinates: the same
algorithms, on vectors as short as the frame is high. A product lifts coordinates, multiplies, and adds what the image
has outside the frame as new rows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..backends.backend import Array
from ..backends.placed import HostRows, Rows
from ..point import Curvature

FRAMED_FROM = 20_000
"""Length from which vectors are known by coordinates; shorter ones are handled as they are."""
STEP = 8
"""Heights of a frame are multiples of this, so that few programs are compiled."""
NEGLIGIBLE = 1e-12
"""Directions that carry less than this of what is kept are let go."""


class Frame:
    """Orthonormal rows, and how many of them are in use.

    Attributes:
        rows: the rows, where the products are made.
        count: rows in use.
    """

    def __init__(self, rows: Rows) -> None:
        """Begin with nothing in use.

        Args:
            rows: zero rows.
        """
        self.rows, self.count = rows, 0

    @property
    def height(self) -> int:
        """Length of coordinate vectors."""
        return self.rows.height

    def absorb(self, tall: Any) -> Array:
        """Coordinates of vectors, after what they have outside the frame became rows of it.

        Args:
            tall: placed vectors, shape ``(n, c)``.

        Returns:
            Shape ``(height, c)``, float64; NaN where a vector is not finite, and then the frame is as it was.
        """
        new = tall.shape[1]
        if self.count + new > self.height:
            self.rows.resize(max(2 * self.height, _height(self.count + new)))
        found = self.rows.absorb(tall, self.count)
        if np.isfinite(found).all():
            self.count += new
        return found

    def full(self, room: int) -> bool:
        """Whether fewer than so many rows are free, or the frame is much higher than it has to be."""
        return self.count + room > self.height

    def settle(self, parts: list[Array], room: int) -> list[Array]:
        """Let go of all but the span of some vectors, and make the rows orthonormal anew.

        Args:
            parts: coordinates that are kept.
            room: rows to leave free.

        Returns:
            The new coordinates.
        """
        whole = side_by_side(parts)
        span, sizes, _ = np.linalg.svd(whole, full_matrices=False)
        span = span[:, sizes > NEGLIGIBLE * sizes[0]]
        # what rounding has made of the rows, step after step, is in their inner products
        gram = span.T @ self.rows.gram() @ span
        root = np.linalg.cholesky((gram + gram.T) / 2)
        self.rows.turn(np.linalg.solve(root, span.T).T, _height(span.shape[1] + room))
        self.count = span.shape[1]
        moved = deeper(root.T @ (span.T @ whole), self.height)
        return np.split(moved, np.cumsum([part.shape[1] for part in parts])[:-1], axis=1)


def _height(rows: int) -> int:
    return -(-rows // STEP) * STEP


def deeper(vectors: Array, height: int) -> Array:
    """Coordinates with zeros for rows that the frame has got since.

    Args:
        vectors: shape ``(height or less, c)``.
        height: of the frame now.

    Returns:
        Shape ``(height, c)``.
    """
    missing = height - len(vectors)
    return vectors if missing <= 0 else np.concatenate([vectors, np.zeros((missing, vectors.shape[1]))])


def side_by_side(parts: list[Array]) -> Array:
    """Columns joined, each made as deep as the deepest.

    Args:
        parts: shape ``(.., c)`` each.

    Returns:
        The columns.
    """
    height = max(map(len, parts))
    return np.concatenate([deeper(part, height) for part in parts], 1)


class FramedCurvature(Curvature):
    """A curvature that takes and gives coordinates in a frame.

    Attributes:
        frame: whose coordinates.
    """

    def __init__(self, whole: Curvature, frame: Frame) -> None:
        """Keep both.

        Args:
            whole: the matrix.
            frame: of vectors of its size.
        """
        super().__init__(whole.name, whole.size, whole.dtype, self._product, whole.in_double)
        self.frame = frame
        self._whole = whole

    @property
    def whole(self) -> Curvature:
        """The matrix that takes vectors as they are."""
        return self._whole

    @property
    def rows(self) -> int:
        """Length of coordinate vectors now."""
        return self.frame.height

    def _product(self, columns: Array) -> Array:
        tall = self.frame.rows.lift(columns)
        return self.frame.absorb(self._whole.times(tall))

    def draw(self, rng: np.random.Generator, columns: int = 1) -> Array:
        """Random directions, new rows of the frame."""
        return self.frame.absorb(self.frame.rows.draw(rng, columns))

    def inside(self, vectors: Array) -> Array:
        """Coordinates of vectors, new rows of the frame among them."""
        return self.frame.absorb(self.frame.rows.place(vectors))

    def outside(self, vectors: Array) -> Callable[[], Array]:
        """What lifts the coordinates: the vectors stay where they are until they are asked for."""
        return partial(_fetched, self.frame.rows.lift(vectors))


def _fetched(tall: Any) -> Array:
    return np.asarray(tall, dtype=np.float64)


def framed(curvature: Curvature, height: int) -> Frame:
    """A frame for a curvature: on the device, where its products can stay there.

    Args:
        curvature: the matrix.
        height: rows to begin with.

    Returns:
        The frame.
    """
    rows = partial(HostRows, dtype=curvature.dtype) if curvature.placed is None else curvature.placed.rows
    return Frame(rows(curvature.size, _height(height)))
