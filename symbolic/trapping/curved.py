"""A trapping region with a curved barrier: ``phi(z) = sum c[j, k] p^j z^k`` in place of ``slope p``.

    D = { z_min <= z <= z_max, z != 0, phi(z) <= W - 2, W <= 2 + height },   W = V + width epsilon.

The height of the next state above the barrier, ``F``, is split mechanically: at level 0 it is ``z^2 (z^2 c_0 + epsilon
c_1)`` near ``z = 0``, and the rest is q times a cofactor; away from ``z = 0`` it is shown positive as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy as sp
from flint import fmpq

from ..algebra.errors import DomainError
from ..algebra.localised import Local
from ..algebra.rings import poly_terms, to_fmpq
from ..algebra.symbols import symbol
from .barrier import Interval
from .lyapunov import SlowCoordinate
from .slow_curve import SlowFrame, law_at
from .strip import PolynomialCondition

_GRID = 200


@dataclass(frozen=True)
class CurvedBarrier:
    """Constants of a region with a curved barrier, for ``0 < epsilon <= epsilon_max``.

    Attributes:
        slow: the slow coordinate of the map.
        bends: ``(j, k)`` to the coefficient of ``p^j z^k``, ``j >= 1``.
        width: w.
        height: A.
        epsilon_max: the end of the range.
        near: the split near ``z = 0`` serves ``|z| <= near``.
    """

    slow: SlowCoordinate
    bends: Mapping[tuple[int, int], sp.Rational]
    width: sp.Rational
    height: sp.Rational
    epsilon_max: sp.Rational
    near: sp.Rational

    def barrier_at(self, z: sp.Rational) -> sp.Rational:
        """``phi(z)``, exact."""
        p = z**2 / (1 - z)
        return sum((c * p**j * z**k for (j, k), c in self.bends.items()), sp.S.Zero)

    @cached_property
    def z_range(self) -> Interval:
        """Ends of the region in z: the first multiples of 1/200 where the barrier reaches the top.

        Raises:
            DomainError: the barrier does not reach the top.
        """
        ends = []
        for sign in (-1, 1):
            n = next(
                (n for n in range(1, 3 * _GRID) if self.barrier_at(sp.Rational(sign * n, _GRID)) >= self.height), None
            )
            if n is None or sign * n >= _GRID:
                raise DomainError.of(
                    "CurvedBarrier", "a barrier that closes the region", str(self.bends), "Steepen it."
                )
            ends.append(sp.Rational(sign * n, _GRID))
        return ends[0], ends[1]

    @cached_property
    def conditions(self) -> tuple[PolynomialCondition, ...]:
        """Everything that makes the region invariant and V fall in it."""
        f = SlowFrame(self.slow)
        q, epsilon, width = f.q, f.epsilon, to_fmpq(self.width)
        depth = max(j for j, _ in self.bends)
        phi = f.home.constant(0)
        for (j, k), c in self.bends.items():
            phi = phi + to_fmpq(c) * (f.p**j * f.z**k)
        law = law_at(f, (phi - 2 * f.p - width * epsilon + q).reduced())
        V_raised = phi + q
        ceiling = to_fmpq(self.slow.lyapunov.ceiling)
        D = law.D**depth
        landing = f.home.constant(0)
        for (j, k), c in self.bends.items():
            landing = landing + to_fmpq(c) * (law.z_next ** (2 * j + k) * law.D ** (depth - j))
        above = ((V_raised - epsilon * f.z**2 * (ceiling - law.T)) * D - landing).reduced()

        def part(value: Local, keep: Callable[[tuple[int, ...]], bool]) -> Local:
            return value.with_terms({m: c for m, c in poly_terms(value.numerator).items() if keep(m)}).reduced()

        where = "CurvedBarrier"
        flat = part(above, lambda m: m[1] == 0)
        lift = (above - flat).reduced().divide_exactly(q.numerator, where)
        drift = f.zsquare(flat, where)
        frozen = part(drift, lambda m: m[2] == 0)
        curve = f.zsquare(frozen, where)
        uniform = (drift - frozen).reduced().divide_exactly(epsilon.numerator, where)
        uniform = (uniform + to_fmpq(1 / self.epsilon_max) * (f.z**2 * curve)).reduced()
        low, high = self.z_range
        left, right = max(low, -self.near), min(high, self.near)
        top = to_fmpq(self.height)

        def at_level(value: Local) -> Local:
            slim = value.reduced()
            height = (top - phi) * q
            total = f.home.constant(0)
            for k in {m[1] for m in poly_terms(slim.numerator)}:
                terms: dict[tuple[int, ...], fmpq] = {
                    (m[0], 0, m[2]): c for m, c in poly_terms(slim.numerator).items() if m[1] == k
                }
                total = total + slim.with_terms(terms) * height**k
            return total.reduced()

        z, _, eps = f.ring.symbols

        def condition(name: str, meaning: str, value: Local, a: sp.Rational, b: sp.Rational) -> PolynomialCondition:
            unit = (sp.S.Zero, sp.S.One)
            box = ((z, (a, b)), (symbol("level"), unit), (eps, (sp.S.Zero, self.epsilon_max)))
            return PolynomialCondition(f"curved-{name}", meaning, at_level(value).numerator, box)

        found = [
            condition("turn", "the residual changes sign at every step", law.turn - 1, low, high),
            condition("ceiling", "T stays below the ceiling", ceiling - law.T, low, high),
            condition("left", "the next residual stays right of the left end", law.z_next - to_fmpq(low), low, high),
            condition("right", "the next residual stays left of the right end", to_fmpq(high) - law.z_next, low, high),
            condition("positive", "the barrier is positive off z = 0", f.zsquare(phi.reduced(), where), low, high),
            condition("lift", "height above the barrier carries over", lift, left, right),
            condition("curve", "the barrier is left upwards at epsilon = 0", curve, left, right),
            condition("drift", "the barrier is left upwards, over epsilon", uniform, left, right),
        ]
        for name, a, b in (("far-left", low, left), ("far-right", right, high)):
            if a < b:
                found.append(condition(name, "the next state lies above the barrier", above, a, b))
        return tuple(found)


def derive_curved(
    slow: SlowCoordinate,
    bends: Mapping[tuple[int, int], object],
    *,
    width: object,
    height: object,
    epsilon_max: object,
    near: object,
) -> CurvedBarrier:
    """A region with a curved barrier.

    Args:
        slow: the slow coordinate of the map.
        bends: ``(j, k)`` to the coefficient of ``p^j z^k``, exact.
        width: w, exact, positive.
        height: A, exact, positive.
        epsilon_max: the end of the range of epsilon, in (0, 1].
        near: where the split near ``z = 0`` ends, positive.

    Returns:
        The region with its conditions (they still have to be judged).

    Raises:
        DomainError: a constant is out of range, or a bend is not of order ``z^2`` at least.
    """
    values = [sp.Rational(x) for x in (width, height, epsilon_max, near)]
    if not bends or any(j < 1 or k < 0 for j, k in bends):
        raise DomainError.of("derive_curved()", "bends p^j z^k with j >= 1", str(bends), "Start at p.")
    if min(values) <= 0 or values[2] > 1:
        raise DomainError.of("derive_curved()", "positive constants, epsilon_max <= 1", str(values), "Check them.")
    return CurvedBarrier(slow, {key: sp.Rational(c) for key, c in bends.items()}, *values)
