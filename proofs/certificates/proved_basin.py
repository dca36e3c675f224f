"""Explicit starts up to epsilon near 1, and the proved basin grown beyond the trapping region, by enclosed orbits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ...symbolic.trapping.barrier import Barrier
from .enclosed_entry import Follower, StartBox, interval
from .enclosed_orbits import ball, precision


@dataclass(frozen=True)
class Window:
    """Explicit starts for one short stretch of epsilon.

    ``U = { |eta_0 f - z| < reach, |eta_0 epsilon |theta|^2 - V| < reach }``, step sizes ``[eta_0, ratio eta_0]``.

    Attributes:
        epsilon: the closed stretch.
        z: centre for ``eta_0 f``.
        V: centre for ``eta_0 epsilon |theta|^2``.
        reach: half width.
        overshoot: after one step ``eta lambda`` exceeds ``2 + overshoot``.
    """

    epsilon: tuple[Fraction, Fraction]
    z: Fraction
    V: Fraction
    reach: Fraction
    overshoot: Fraction

    @property
    def ratio(self) -> Fraction:
        """Step sizes may exceed ``eta_0`` by this factor and stay in the doubled window."""
        return 1 + self.reach / (self.V + self.reach)

    @property
    def box(self) -> StartBox:
        """All states of all starts and step sizes."""
        wide = 2 * self.reach
        return (self.z - wide, self.z + wide), (self.V - wide, self.V + wide), self.epsilon


def windows(first: Fraction, last: Fraction) -> Iterator[Window]:
    """Windows that cover ``[first, last]``, ``last < 1``; they shrink as ``(1 - epsilon)^2`` towards 1.

    With ``z = -min(1/4, 3 (1 - epsilon) / (4 epsilon))`` and ``V = 2 + (1 - epsilon) |z|`` the start lies half-way
    between the edge and the lowest start that one step takes past it.
    """
    low = first
    while low < last:
        room = (1 - low) ** 2
        high = min(last, low + min(Fraction(1, 200), room.limit_denominator(10**6) / 40))
        high = Fraction(round(high * 10**7), 10**7) if high < last else last
        # regions change at 1/2: a stretch never spans it
        if low < Fraction(1, 2) < high:
            high = Fraction(1, 2)
        middle = (low + high) / 2
        z = min(Fraction(1, 4), 3 * (1 - middle) / (4 * middle)).limit_denominator(10**6)
        V = (2 + (1 - middle) * z).limit_denominator(10**6)
        yield Window((low, high), -z, V, (room / 400).limit_denominator(10**7), room / 4)
        low = high


def judge_window(follower: Follower, window: Window) -> str:
    """Whether every start of a window begins below the edge, passes it, and ends in the interval.

    Args:
        follower: with the regions that serve the window's epsilon.
        window: what to judge.

    Returns:
        An empty string, or which part was not shown.
    """
    with precision(follower.bits):
        e = interval(window.epsilon)
        path = follower.orbit(window.box, 1)
        if not follower.sharpness(*next(path), e) < 2:
            return "start below the edge"
        if not follower.sharpness(*next(path), e) > 2 + ball(window.overshoot):
            return "overshoot"
        z, V = (interval(side) for side in window.box[:2])
        if not (V + 2 * z > 0 and V - 2 * e * z > 0):
            return "real weights"
    return "" if follower.enters(window.box, most=400, depth=3).proved else "entry"


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
