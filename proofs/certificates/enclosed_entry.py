"""Boxes of starts that provably enter a trapping region after some steps: the region's basin, grown by ball arithmetic.

A box in ``(z, V, epsilon)`` is followed by balls. When its image lies in a region, or where the rest of the orbit
shrinks geometrically inside the interval of the limit, every start of the box ends in ``2 - w epsilon <= lim T <= 2``.
A box whose image grows too wide is bisected.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp
from flint import arb

from ...symbolic.algebra.rings import PolyRing, to_fraction
from ...symbolic.algebra.symbols import symbol
from ...symbolic.trapping.barrier import Barrier
from .enclosed_orbits import Terms, ball, ball_terms, precision, remaining_fall, value_at

Side = tuple[Fraction, Fraction]
StartBox = tuple[Side, Side, Side]


def interval(side: Side) -> arb:
    """The ball of a closed interval."""
    return ball(side[0]).union(ball(side[1]))


@dataclass(frozen=True)
class Entry:
    """What became of one box of starts.

    Attributes:
        proved: whether every start of the box enters a region.
        steps: the longest way in.
        boxes: leaf boxes followed.
    """

    proved: bool
    steps: int
    boxes: int


class Follower:
    """Follows boxes of starts under the exact map, written in ``(z, V, epsilon)``.

    Args:
        barriers: trapping regions with ascending, adjoining epsilon ranges.
        bits: of ball arithmetic; the balls of the centre grow about threefold a step.
    """

    def __init__(self, barriers: Sequence[Barrier], bits: int = 400) -> None:
        self.barriers, self.bits = tuple(barriers), bits
        one_step, lyapunov = barriers[0].one_step, barriers[0].lyapunov
        (z, T), epsilon = one_step.variables, one_step.parameters[0]
        V = symbol("V")
        ring = PolyRing((z, V, epsilon))
        source = PolyRing((z, T, epsilon))
        images = [ring.from_expr(x) for x in (z, V - lyapunov.tilt * z, epsilon)]

        def put(expr: sp.Expr) -> Terms:
            polynomial = source.from_expr(sp.expand(expr)).compose(*images, ctx=ring.context)
            return ball_terms(polynomial)

        with precision(bits):
            curvature, rate = barriers[0].slow.effective_curvature, lyapunov.rate
            self.effective_curvature = put(curvature)
            following = []
            for expr, sign in ((z * (1 - curvature), 0), (-(z**2) * rate, 1)):
                moved = source.from_expr(sp.expand(expr)).compose(*images, ctx=ring.context)
                following.append(moved + ring.from_expr(V) if sign else moved)
            self.next = [ball_terms(p) for p in following]
            self.slopes = [[ball_terms(p.derivative(axis)) for axis in range(3)] for p in following]
            self.eigenvalue = put(T)
            self.lyapunov = lyapunov
        self.width = to_fraction(barriers[0].width)
        self.edges = [tuple(to_fraction(x) for x in b.epsilon_range) for b in barriers]

    def sharpness(self, z: arb, V: arb, e: arb) -> arb:
        """The eigenvalue T."""
        return value_at(self.eigenvalue, (z, V, e))

    def step(self, z: arb, V: arb, e: arb) -> tuple[arb, arb]:
        """One gradient step of a ball of states."""
        return value_at(self.next[0], (z, V, e)), value_at(self.next[1], (z, V, e))

    def _inside(self, z: arb, V: arb, e: arb, sides: Side) -> bool:
        return any(
            low <= sides[0] and sides[1] <= high and barrier.region.closure_contains(z, V, e)
            for barrier, (low, high) in zip(self.barriers, self.edges, strict=True)
        )

    def _settled(self, z: arb, V: arb, e: arb) -> bool:
        """Whether the rest of every orbit shrinks geometrically, with ``2 - w epsilon <= lim V <= 2``.

        On ``|z| <= zeta``, ``V in [V_0 - tail, V_0]`` with ``|1 - h| <= rho < 1`` the box is kept, since V falls by at
        most ``c epsilon zeta^2 / (1 - rho^2)`` in all.
        """
        zeta = abs(z).upper()
        width = ball(self.width)
        room = V - (2 - width * e)
        if not (V <= 2 and room > 0):
            return False
        tail = room.lower()
        wide = (arb(0, zeta), V.union(V - tail), e)
        rho = abs(1 - value_at(self.effective_curvature, wide)).upper()
        if not (rho < 1 and self.sharpness(*wide) > 0):
            return False
        return bool(remaining_fall(self.lyapunov, e, zeta, rho) <= tail)

    def orbit(self, box: StartBox, most: int) -> Iterator[tuple[arb, arb]]:
        """Balls of ``(z, V)`` for every start of a box, step by step, in mean value form.

        The state of a start is that of the centre plus the derivative, enclosed over the box, times its distance from
        the centre; the derivative is the product of the steps' Jacobians over the balls.
        """
        sides = [interval(side) for side in box]
        offsets = [side - side.mid() for side in sides]
        e, e_mid = sides[2], arb(sides[2].mid())
        centre = (arb(sides[0].mid()), arb(sides[1].mid()))
        spread = [[arb(int(row == column)) for column in range(3)] for row in range(2)]
        for _ in range(most + 1):
            z, V = (
                c + sum((s * d for s, d in zip(row, offsets, strict=True)), arb(0))
                for c, row in zip(centre, spread, strict=True)
            )
            yield z, V
            local = [[value_at(terms, (z, V, e)) for terms in row] for row in self.slopes]
            spread = [
                [row[0] * spread[0][k] + row[1] * spread[1][k] + (row[2] if k == 2 else 0) for k in range(3)]
                for row in local
            ]
            point = (*centre, e_mid)
            centre = (value_at(self.next[0], point), value_at(self.next[1], point))

    def _follow(self, box: StartBox, most: int) -> int | None:
        e = interval(box[2])
        for step, (z, V) in enumerate(self.orbit(box, most)):
            if self._inside(z, V, e, box[2]) or self._settled(z, V, e):
                return step
            if not (abs(z) < 3 and z.rad() < 0.25 and V.rad() < 0.25):
                return None
            # a step may land on z = 0 (where the orbit rests) only inside the interval
            curvature = value_at(self.effective_curvature, (z, V, e))
            if not (curvature > 1 or curvature < 1 or (V <= 2 and self.step(z, V, e)[1] >= 2 - ball(self.width) * e)):
                return None
        return None

    def enters(self, box: StartBox, most: int = 60, depth: int = 4) -> Entry:
        """Whether every start of a box with ``z`` not 0 ends in the interval, by entering a region or settling.

        Args:
            box: closed intervals of z, V and epsilon, the last within one region's range.
            most: steps at most.
            depth: how often a box may be bisected along its widest side.

        Returns:
            Proved, or not; not proved says nothing about the starts.
        """
        with precision(self.bits):
            stack, longest, boxes = [(box, 0)], 0, 0
            while stack:
                here, level = stack.pop()
                taken = self._follow(here, most)
                boxes += 1
                if taken is not None:
                    longest = max(longest, taken)
                    continue
                if level >= depth:
                    return Entry(False, longest, boxes)
                axis = max(range(3), key=lambda i: here[i][1] - here[i][0])
                low, high = here[axis]
                middle = (low + high) / 2
                for half in ((low, middle), (middle, high)):
                    parts = [half if i == axis else side for i, side in enumerate(here)]
                    stack.append(((parts[0], parts[1], parts[2]), level + 1))
            return Entry(True, longest, boxes)
