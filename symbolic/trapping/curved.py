"""A trapping region with a curved barrier: ``phi(z) = sum c[j, k] p^j z^k`` in place of ``slope p``.

    D = { z_min <= z <= z_max, z != 0, phi(z) <= W - 2, W <= 2 + height },   W = V + width epsilon.

The height of the next state above the barrier, ``F``, is split (:meth:`Region.split`)
near ``z = 0``; away from ``z = 0`` it is shown positive as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from ..algebra.errors import DomainError
from ..algebra.localised import Local
from ..algebra.rings import to_fmpq
from .lyapunov import SlowCoordinate
from .region import Condition, Interval, Region
from .slow_curve import SlowFrame, law_at


@dataclass(frozen=True)
class CurvedBarrier:
    """Constants of a region with a curved barrier, for ``0 < epsilon <= epsilon_max``.

    Attributes:
        slow: the slow coordinate of the map.
        coefficients: ``(j, k)`` to the coefficient of ``p^j z^k``, ``j >= 1``.
        width: w.
        height: A.
        epsilon_max: the end of the range.
        near: the split near ``z = 0`` serves ``|z| <= near``.
    """

    slow: SlowCoordinate
    coefficients: Mapping[tuple[int, int], sp.Rational]
    width: sp.Rational
    height: sp.Rational
    epsilon_max: sp.Rational
    near: sp.Rational

    @cached_property
    def region(self) -> Region:
        """D, with the barrier phi."""
        return Region(self.slow, self.coefficients, self.width, self.height, (sp.S.Zero, self.epsilon_max))

    @property
    def z_range(self) -> Interval:
        """Ends of the region in z: the first multiples of 1/200 where the barrier reaches the top."""
        return self.region.z_range

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Everything that makes the region invariant and V fall in it."""
        f = SlowFrame(self.slow)
        q, epsilon, width = f.q, f.epsilon, to_fmpq(self.width)
        region = self.region
        depth, phi = region.degree, region.barrier_in(f.home)
        law = law_at(f, (phi - 2 * f.p - width * epsilon + q).reduced())
        V_raised = phi + q
        ceiling = to_fmpq(self.slow.lyapunov.ceiling)
        D = law.D**depth
        landing = f.home.constant(0)
        for (j, k), c in self.coefficients.items():
            landing = landing + to_fmpq(c) * (law.z_next ** (2 * j + k) * law.D ** (depth - j))
        above = ((V_raised - epsilon * f.z**2 * (ceiling - law.T)) * D - landing).reduced()

        where = "CurvedBarrier"
        parts = region.split(above, where)
        low, high = self.z_range
        left, right = max(low, -self.near), min(high, self.near)

        def condition(name: str, meaning: str, value: Local, a: sp.Rational, b: sp.Rational) -> Condition:
            return Condition(f"curved-{name}", meaning, region.box(z=(a, b)), region.at_level(value).numerator)

        found = [
            condition("sign-change", "the residual changes sign at every step", law.effective_curvature - 1, low, high),
            condition("ceiling", "T stays below the ceiling", ceiling - law.T, low, high),
            condition("left", "the next residual stays right of the left end", law.z_next - to_fmpq(low), low, high),
            condition("right", "the next residual stays left of the right end", to_fmpq(high) - law.z_next, low, high),
            condition("positive", "the barrier is positive off z = 0", f.zsquare(phi.reduced(), where), low, high),
            condition("lift", "height above the barrier carries over", parts.lift, left, right),
            condition("curve", "the barrier is left upwards at epsilon = 0", parts.curve, left, right),
            condition("drift", "the barrier is left upwards, over epsilon", parts.drift, left, right),
        ]
        for name, a, b in (("far-left", low, left), ("far-right", right, high)):
            if a < b:
                found.append(condition(name, "the next state lies above the barrier", above, a, b))
        return tuple(found)


def derive_curved(
    slow: SlowCoordinate,
    coefficients: Mapping[tuple[int, int], object],
    *,
    width: object,
    height: object,
    epsilon_max: object,
    near: object,
) -> CurvedBarrier:
    """A region with a curved barrier.

    Args:
        slow: the slow coordinate of the map.
        coefficients: ``(j, k)`` to the coefficient of ``p^j z^k``, exact.
        width: w, exact, positive.
        height: A, exact, positive.
        epsilon_max: the end of the range of epsilon, in (0, 1].
        near: where the split near ``z = 0`` ends, positive.

    Returns:
        The region with its conditions (they still have to be judged).

    Raises:
        DomainError: a constant is out of range, or a term is not of order ``z^2`` at least.
    """
    values = [sp.Rational(x) for x in (width, height, epsilon_max, near)]
    if not coefficients or any(j < 1 or k < 0 for j, k in coefficients):
        raise DomainError.of("derive_curved()", "terms p^j z^k with j >= 1", str(coefficients), "Start at p.")
    if min(values) <= 0 or values[2] > 1:
        raise DomainError.of("derive_curved()", "positive constants, epsilon_max <= 1", str(values), "Check them.")
    return CurvedBarrier(slow, {key: sp.Rational(c) for key, c in coefficients.items()}, *values)
