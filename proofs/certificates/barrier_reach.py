"""How far a barrier linear in p reaches, and what stops it: exact starts that refute slopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.rings import PolyRing
from ...symbolic.algebra.symbols import symbol
from ...symbolic.planar.nullcline import EDGE
from ...symbolic.planar.planar_map import PlanarMap
from ...symbolic.trapping.barrier import Barrier, derive_barrier
from ...symbolic.trapping.lyapunov import SlowCoordinate
from ...symbolic.trapping.region import Region, rational_function
from .bernstein import prove_positive
from .serial import fraction_terms, judge_condition


@dataclass(frozen=True)
class Refutation:
    """An interval of slopes that fail at one start of the region.

    Attributes:
        slopes: the closed interval.
        epsilon: at which value.
        z: of the start.
        level: of the start, 0 on the barrier and 1 at the top; its next state lies below the barrier.
    """

    slopes: tuple[Fraction, Fraction]
    epsilon: Fraction
    z: Fraction
    level: Fraction


class SlopeRefuter:
    """Finds starts of the region whose next state lies below the barrier, for whole intervals of slopes.

    Args:
        slow: the slow coordinate of the map.
        width: w.
        height: A.
        epsilons: values of epsilon that the slope has to serve, exact.
    """

    def __init__(self, slow: SlowCoordinate, width: Fraction, height: Fraction, epsilons: Sequence[Fraction]) -> None:
        self.slow, self.width, self.height = slow, width, height
        self._regions: dict[Fraction, Region] = {}
        self.polynomials = {e: self._below(slow, width, e) for e in epsilons}

    def _below(self, slow: SlowCoordinate, width: Fraction, epsilon: Fraction) -> dict[tuple[int, ...], Fraction]:
        """Minus the height of the next state above the barrier, over ``(z, level, beta)``; positive where it fails."""
        beta, at = symbol("beta"), {slow.lyapunov.one_step.parameters[0]: sp.Rational(epsilon)}
        raised = Barrier(slow, beta, sp.Rational(width), sp.Rational(self.height), (sp.S.Zero, sp.S.One))
        ring = PolyRing((slow.lyapunov.one_step.variables[0], symbol("level"), beta))
        definitions = tuple((name, body.subs(at)) for name, body in raised.definitions)
        below = rational_function(ring, -raised.parts["F"].subs(at), definitions)
        return fraction_terms(below.polynomial_over(slow.pole, "SlopeRefuter")[0])

    def _region(self, slope: Fraction) -> Region:
        if slope not in self._regions:
            terms, unit = {(1, 0): sp.Rational(slope)}, (sp.S.Zero, sp.S.One)
            self._regions[slope] = Region(self.slow, terms, sp.Rational(self.width), sp.Rational(self.height), unit)
        return self._regions[slope]

    def fails(self, epsilon: Fraction, z: Fraction, level: Fraction, slopes: tuple[Fraction, Fraction]) -> bool:
        """Whether one start leaves the region for every slope of an interval."""
        if not self._region(slopes[1]).closes_at(z):
            return False
        terms: dict[tuple[int, ...], Fraction] = {}
        for (i, j, k), c in self.polynomials[epsilon].items():
            terms[(k,)] = terms.get((k,), Fraction(0)) + c * z**i * level**j
        return prove_positive(terms, [slopes], 20).verdict == "TRUE"

    def refute(self, slopes: tuple[Fraction, Fraction], depth: int = 12) -> list[Refutation] | None:
        """Cover an interval of slopes by refuted ones.

        Args:
            slopes: the interval.
            depth: how often the interval may be halved.

        Returns:
            The cover, or None if a slope was left.
        """
        zs = [Fraction(k, 100) for k in (*range(-90, 0, 3), -1, 2, *range(4, 56, 3))]
        starts = [(e, z, level) for level in (Fraction(0), Fraction(1)) for e in self.polynomials for z in zs]
        found, stack = [], [(slopes, 0)]
        while stack:
            (low, high), depth_here = stack.pop()
            start = next((s for s in starts if self.fails(*s, (low, high))), None)
            if start is not None:
                found.append(Refutation((low, high), *start))
                starts.remove(start)
                starts.insert(0, start)
                continue
            if depth_here >= depth:
                return None
            middle = (low + high) / 2
            stack += [((low, middle), depth_here + 1), ((middle, high), depth_here + 1)]
        return sorted(found, key=lambda r: r.slopes)

    def refute_steep(self, slope: Fraction) -> bool:
        """Whether every slope from one up fails at some epsilon, at the start where the barrier meets the top.

        For a slope ``beta`` that start is the z > 0 with ``beta p(z) = A``. It nears 0 as beta grows, and the height of
        the next state above the barrier, over the pole and with ``beta z'^2`` written through ``h``, is a polynomial in
        z that stays below 0 down to ``z = 0``.

        Args:
            slope: the least slope.
        """
        slow = self.slow
        (z, T), (epsilon,) = slow.lyapunov.one_step.variables, slow.lyapunov.one_step.parameters
        numerator = sp.expand(sp.cancel(slow.invariant * slow.pole))
        if sp.expand(numerator - z**2) != 0:
            return False
        height = sp.Rational(self.height)
        # where slope p = A: every larger slope has its start nearer to 0
        end = next(
            (k for k in range(1, 200) if slope * Fraction(k, 200) ** 2 >= self.height * (1 - Fraction(k, 200))), None
        )
        if end is None or sp.expand(slow.pole - (1 - z)) != 0:
            return False
        for value in self.polynomials:
            at = {epsilon: sp.Rational(value)}
            norm = EDGE + height - sp.Rational(self.width) * at[epsilon]
            here = {T: norm - (slow.lyapunov.tilt * z).subs(at)}
            h = sp.expand(slow.effective_curvature.subs(at).subs(here))
            rate = sp.expand(slow.lyapunov.rate.subs(at).subs(here))
            above = (height - z**2 * rate) * (1 - z * (1 - h)) - height * (1 - z) * (1 - h) ** 2
            terms = fraction_terms(PolyRing((z,)).from_expr(sp.expand(-above)))
            if prove_positive(terms, [(Fraction(0), Fraction(end, 200))], 200).verdict == "TRUE":
                return True
        return False


def region_holds(
    one_step: PlanarMap, slope: Fraction, height: Fraction, top: Fraction, low: Fraction = Fraction(0)
) -> bool:
    """Whether a linear barrier works on a range of epsilon, for some split (width 1)."""
    for split in ("-2/5", "-3/10", "-1/5", None):
        constants = {
            "slope": str(slope),
            "width": "1",
            "height": str(height),
            "epsilon_min": str(low),
            "epsilon_max": str(top),
            "split": split,
            "gap": "1/100",
            "sign_change_slack": "0" if low == 0 else "1/2",
        }
        try:
            barrier = derive_barrier(one_step, constants)
        except DomainError:
            return False
        if all(judge_condition(c, 300).verdict == "TRUE" for c in barrier.conditions):
            return True
    return False


def largest(
    one_step: PlanarMap, slope: Fraction, *, height: Fraction | None = None, top: Fraction | None = None
) -> Fraction:
    """The largest epsilon_max for a height, or the largest height for an epsilon_max, to 1/200, that is proved.

    Args:
        one_step: the map.
        slope: beta.
        height: A, if epsilon_max is sought.
        top: epsilon_max, if A is sought.

    Returns:
        The largest proved value on the grid of 1/200; 0 if none.

    Raises:
        DomainError: not exactly one of the two is given.
    """
    if (height is None) == (top is None):
        raise DomainError.of("largest()", "either a height or an epsilon_max", (height, top), "Give one of them.")
    low, high = 0, 200
    while high - low > 1:
        middle = (low + high) // 2
        value = Fraction(middle, 200)
        works = region_holds(one_step, slope, value if height is None else height, value if top is None else top)
        low, high = (middle, high) if works else (low, middle)
    return Fraction(low, 200)
