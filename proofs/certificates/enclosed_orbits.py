"""Enclosed orbits: balls that hold the exact orbit, a limit enclosed with its tail, an escape that is final."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp
from flint import arb, ctx, fmpq, fmpq_mpoly

from ...symbolic.algebra.errors import DomainError, PrecisionError
from ...symbolic.algebra.rings import poly_terms, to_fraction
from ...symbolic.trapping.lyapunov import Lyapunov

#: Epsilon and start (z, T) of the orbits that show the hypotheses of Theorem 1 are needed; without T, on the nullcline.
NEEDED: dict[str, tuple[Fraction, ...]] = {
    "top": (Fraction(1, 5), Fraction(-1), Fraction(19, 10)),
    "barrier": (Fraction(1, 5), Fraction(-1, 100), Fraction(3, 2)),
    "distance": (Fraction(1, 50), Fraction(1, 20)),
}


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Ball arithmetic at a number of bits, for a while."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def ball(value: Fraction) -> arb:
    """The ball of a rational at the current precision."""
    return arb(fmpq(value.numerator, value.denominator))


Terms = list[tuple[tuple[int, ...], arb]]


def ball_terms(polynomial: fmpq_mpoly) -> Terms:
    """Exponents with coefficients as balls, at the current precision."""
    return [(e, arb(c)) for e, c in poly_terms(polynomial).items()]


def value_at(terms: Terms, point: tuple[arb, ...]) -> arb:
    """A polynomial at a point of balls; powers are products, for arb's power of a ball about 0 is nan."""
    powers: list[list[arb]] = [[arb(1), x] for x in point]
    total = arb(0)
    for exponents, coefficient in terms:
        part = coefficient
        for row, exponent in zip(powers, exponents, strict=True):
            while len(row) <= exponent:
                row.append(row[-1] * row[1])
            if exponent:
                part = part * row[exponent]
        total = total + part
    return total


def remaining_fall(lyapunov: Lyapunov, e: arb, zeta: arb, rho: arb) -> arb:
    """How far V falls at most once ``|z| <= zeta`` shrinks by ``rho < 1`` a step, for ``T >= 0`` below the ceiling.

    A step takes ``epsilon z^2 (c - T)`` off V, and the squares of z sum to ``zeta^2 / (1 - rho^2)`` at most.
    """
    return int(lyapunov.ceiling) * e * zeta**2 / (1 - rho**2)


@dataclass(frozen=True)
class OrbitVerdict:
    """What an enclosed orbit shows.

    Attributes:
        outcome: ``"limit"`` or ``"escape"``.
        steps: steps taken.
        low: lower end of the limit of T (limit), as a float rounded down; nan for an escape.
        high: upper end; nan for an escape.
        first: T after one step, as a float.
        radius: the widest ball met.
    """

    outcome: str
    steps: int
    low: float
    high: float
    first: float
    radius: float


def needed_orbit(lyapunov: Lyapunov, hypothesis: str) -> tuple[Fraction, Fraction, Fraction]:
    """Epsilon and start ``(z, T)`` of the orbit that shows a hypothesis to be needed.

    Args:
        lyapunov: the map with its Lyapunov function.
        hypothesis: a key of ``NEEDED``.

    Returns:
        Exact; a T that is not given is that of the nullcline at ``epsilon = 0``.
    """
    epsilon, z, *given = NEEDED[hypothesis]
    on_curve = lyapunov.one_step.nullcline(1).at_zero.subs(lyapunov.one_step.variables[0], sp.Rational(z))
    return epsilon, z, given[0] if given else to_fraction(on_curve)


class EnclosedOrbit:
    """Iterates a planar map in ball arithmetic from an exact start.

    Args:
        lyapunov: the map with its Lyapunov function.
        epsilon: exact.
        bits: precision.
    """

    def __init__(self, lyapunov: Lyapunov, epsilon: Fraction, bits: int = 1024) -> None:
        self.lyapunov, self.epsilon, self.bits = lyapunov, epsilon, bits
        ring = lyapunov.one_step.ring
        with precision(bits):
            self.step = [ball_terms(p) for p in lyapunov.one_step.polynomials]
            self.norm = ball_terms(ring.from_expr(lyapunov.value))
            z = ring.generator(lyapunov.one_step.variables[0])
            quotient, remainder = divmod(lyapunov.one_step.polynomials[0], z)
            if not remainder.is_zero():
                raise DomainError.of("EnclosedOrbit()", "a map that keeps z = 0", "another", "Use target 0.")
            self.factor = ball_terms(quotient)

    def run(self, z0: Fraction, T0: Fraction, max_steps: int = 20_000) -> OrbitVerdict:
        """Iterate until the limit is enclosed or the escape is final.

        Args:
            z0: start, exact.
            T0: start, exact.
            max_steps: steps at most.

        Returns:
            The verdict, rigorous.

        Raises:
            PrecisionError: the balls grew too wide, or the steps ran out.
        """
        with precision(self.bits):
            e = ball(self.epsilon)
            z, T = ball(z0), ball(T0)
            first, widest = float("nan"), 0.0
            for step in range(1, max_steps + 1):
                point = (z, T, e)
                # z' = z (1 - h): as a product the ball of z does not grow near the edge
                z, T = z * value_at(self.factor, point), value_at(self.step[1], point)
                widest = max(widest, float(z.rad()), float(T.rad()))
                if step == 1:
                    first = float(T.mid())
                if not widest < 1e-6 * max(1.0, abs(float(z.mid()))):
                    raise PrecisionError.of("EnclosedOrbit.run()", "narrow balls", f"radius {widest}", "Raise bits.")
                if self._escaped(z, T, e):
                    return OrbitVerdict("escape", step, float("nan"), float("nan"), first, widest)
                if abs(z) < 1e-12:
                    found = self._limit(z, T, e)
                    if found is not None:
                        return OrbitVerdict("limit", step, found[0], found[1], first, widest)
        raise PrecisionError.of("EnclosedOrbit.run()", "an orbit that settles", f"{max_steps} steps", "Allow more.")

    def _escaped(self, z: arb, T: arb, e: arb) -> bool:
        """``z >= 3``, ``z (1 - epsilon) >= 2`` and ``theta_2`` real: from there z grows fourfold at every step.

        In theta: ``theta_1' = theta_1 (1 - z)`` and ``theta_2' = theta_2 (1 + epsilon z)``, and
        ``(z - 1)^2 - (1 + epsilon z)^2 = z (1 + epsilon) (z (1 - epsilon) - 2) >= 0``, so
        ``z' >= z (z - 1)^2 >= 4 z`` (claim theorem-1-escape).
        """
        V = value_at(self.norm, (z, T, e))
        return bool(z > 3 and z * (1 - e) > 2 and 2 * e * z < V)

    def _limit(self, z: arb, T: arb, e: arb) -> tuple[float, float] | None:
        """Ends of ``lim T``, if the rest of the orbit provably shrinks geometrically.

        On the box ``|z| <= zeta``, ``V in [V_N - tail, V_N]`` with ``|z'/z| <= rho < 1`` the orbit stays in the box for
        ``tail = c epsilon zeta^2 / (1 - rho^2)`` (c the ceiling, T >= 0), and ``lim T = lim V``.
        """
        V = value_at(self.norm, (z, T, e))
        zeta = abs(z).upper()
        tail = zeta  # far above what is needed; verified below
        wide_z = arb(0, zeta)
        wide_V = V.union(V - tail)
        # T from V at every z of the box
        tilt = value_at(self.norm, (arb(1), arb(0), e))
        wide_T = wide_V - tilt * wide_z
        rho = abs(value_at(self.factor, (wide_z, wide_T, e))).upper()
        fall = remaining_fall(self.lyapunov, e, zeta, rho)
        if not (rho < 1 and wide_T > 0 and fall < tail):
            return None
        needed = fall.upper()
        return (
            math.nextafter(float((V - needed).lower().mid()), -math.inf),
            math.nextafter(float(V.upper().mid()), math.inf),
        )
