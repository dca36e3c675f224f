"""Explicit starts up to epsilon near 1, and the proved basin grown beyond the trapping region, by enclosed orbits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ...symbolic.trapping.barrier import Barrier
from .enclosed_entry import Follower, Side, StartBox, interval
from .enclosed_orbits import precision

Coefficients = tuple[Fraction, ...]


def enclosed(coefficients: Coefficients, side: Side) -> Side:
    """Between what a polynomial lies on a closed interval.

    Args:
        coefficients: by ascending power.
        side: the interval.

    Returns:
        Its value at the middle, give or take the sizes of its other terms there: exact for degree 1.
    """
    middle, half = (side[0] + side[1]) / 2, (side[1] - side[0]) / 2
    row = list(coefficients)
    for k in range(len(row)):
        for i in range(len(row) - 2, k - 1, -1):
            row[i] += middle * row[i + 1]
    spread = sum((abs(c) * half**k for k, c in enumerate(row) if k), Fraction(0))
    return row[0] - spread, row[0] + spread


@dataclass(frozen=True)
class Window:
    """Starts that move with epsilon: ``|z - z_centre| <= z_reach``, ``|V - V_centre| <= V_reach``.

    Attributes:
        epsilon: the closed stretch.
        z: centre for z, a polynomial in epsilon by ascending power, like the next three.
        z_reach: half width.
        V: centre for the rescaled weight norm.
        V_reach: half width.
    """

    epsilon: Side
    z: Coefficients
    z_reach: Coefficients
    V: Coefficients
    V_reach: Coefficients

    def box(self, stretch: Side) -> StartBox:
        """All starts of a stretch of epsilon."""
        sides = []
        for centre, reach in ((self.z, self.z_reach), (self.V, self.V_reach)):
            (low, high), (_, wide) = enclosed(centre, stretch), enclosed(reach, stretch)
            sides.append((low - wide, high + wide))
        return sides[0], sides[1], stretch

    def stretches(self, cuts: Iterable[Fraction]) -> Iterator[Side]:
        """Short stretches that cover that of epsilon and end at the cuts; they shrink as ``(1 - epsilon)^2`` to 1."""
        inner = sorted(c for c in cuts if self.epsilon[0] < c < self.epsilon[1])
        low = self.epsilon[0]
        for end in (*inner, self.epsilon[1]):
            while low < end:
                wide = min(Fraction(1, 200), ((1 - low) ** 2 / 10).limit_denominator(10**6))
                high = min(end, low + max(wide, Fraction(1, 10**6)))
                yield low, high
                low = high


def judge_stretch(follower: Follower, window: Window, stretch: Side) -> str:
    """Whether every start of a stretch has real weights and ends in the interval.

    Args:
        follower: with the regions that serve the stretch.
        window: the starts.
        stretch: of epsilon, within one region's range.

    Returns:
        An empty string, or which part was not shown.
    """
    box = window.box(stretch)
    with precision(follower.bits):
        z, V, e = (interval(side) for side in box)
        if not (V + 2 * z > 0 and V - 2 * e * z > 0):
            return "real weights"
    return "" if follower.enters(box, most=400, depth=6).proved else "entry"


def grow_basin(
    barrier: Barrier,
    epsilon: Fraction,
    z: npt.NDArray[np.float64],
    V: npt.NDArray[np.float64],
    *,
    most: int = 60,
    depth: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> npt.NDArray[np.bool_]:
    """Cells of a grid all of whose starts provably end in the interval, for one epsilon.

    Args:
        barrier: the trapping region of this epsilon.
        epsilon: exact.
        z: edges of the cells in z, ascending; shape ``(n + 1,)``.
        V: edges of the cells in V; shape ``(m + 1,)``.
        most: steps followed.
        depth: how often a cell is bisected.
        progress: called with the share done.

    Returns:
        Proved or not, shape ``(m, n)``; not proved says nothing. Cells with starts of no real weights count if the
        map's orbit ends in the interval.
    """
    follower = Follower([barrier])
    exact_z, exact_V = ([Fraction(float(x)) for x in edges] for edges in (z, V))
    proved = np.zeros((len(V) - 1, len(z) - 1), dtype=np.bool_)
    for row in range(len(V) - 1):
        for column in range(len(z) - 1):
            box = (
                (exact_z[column], exact_z[column + 1]),
                (exact_V[row], exact_V[row + 1]),
                (epsilon, epsilon),
            )
            proved[row, column] = follower.enters(box, most, depth).proved
        progress((row + 1) / (len(V) - 1))
    return proved
