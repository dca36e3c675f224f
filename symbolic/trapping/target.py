"""The trapping region for a target E other than 0.

No linear function of ``(z, T)`` falls at every step then: the slope that cancels the first order in z depends on T.
With ``s = 4 E / T`` in place of E it does not, and

    L = T + tilt z,   tilt = tilt(epsilon, s),

falls by ``z^2`` times a positive rate while s, which now moves with T, stays in a window. E enters the map through
``epsilon E`` alone, so the barrier of the case E = 0 survives for small E, down to epsilon = 0. The conditions are
polynomials on closed boxes in ``(z, level, epsilon, s)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from ..algebra.errors import DomainError, ProofError
from ..algebra.localised import Local, Localisation
from ..algebra.rings import PolyRing, to_fmpq
from ..algebra.symbols import symbol
from ..models.quadratic import QuadraticModel
from ..planar.nullcline import EDGE
from ..planar.planar_map import PlanarMap
from .barrier import Barrier
from .region import Condition, Interval, without

s = symbol("s")


def derive_tilt(one_step: PlanarMap) -> sp.Expr:
    """The tilt of the map with the target written as ``s T / 4``, so that it does not depend on T.

    Args:
        one_step: the planar map with parameters E and epsilon.

    Returns:
        A polynomial in epsilon and s.

    Raises:
        ProofError: the tilt still depends on T.
    """
    T, target = one_step.variables[1], symbol("E")
    moved = tuple(sp.expand(image.subs(target, s * T / 4)) for image in one_step.components)
    parameters = (*(x for x in one_step.parameters if x != target), s)
    try:
        return PlanarMap(one_step.variables, moved, parameters).edge_coordinates().tilt
    except DomainError as error:
        raise ProofError.of("derive_tilt()", "a tilt free of T", str(error), "The map differs.") from error


@dataclass(frozen=True)
class TargetRegion:
    """A trapping region for all targets with ``|eta E| <= reach``.

    Attributes:
        model: the model with the symbolic target E.
        barrier: slope, width and height; its epsilon range and split are used here.
        window: s runs over ``[-window, window]``.
        floor: T stays above this; so ``reach = window floor / 4``.
    """

    model: QuadraticModel
    barrier: Barrier
    window: sp.Rational
    floor: sp.Rational

    @property
    def reach(self) -> sp.Rational:
        """Targets with ``|eta E|`` up to this are served."""
        return self.window * self.floor / 4

    @cached_property
    def _home(self) -> Localisation:
        z = self.barrier.one_step.variables[0]
        ring = PolyRing((z, symbol("q"), self.barrier.epsilon, s))
        return Localisation(ring, ring.from_expr(self.barrier.slow.pole))

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Everything that makes the region invariant and L fall in it."""
        b, home = self.barrier, self._home
        one_step = self.model.planar_map()
        z, q, epsilon, shift = (home.element(g) for g in home.ring.context.gens())
        slope, width = to_fmpq(b.slope), to_fmpq(b.width)
        tilt = home.element(home.ring.from_expr(derive_tilt(one_step)))
        # T = L - tilt z; the next tilt has s' = s T / T'
        L = EDGE - width * epsilon + b.region.barrier_in(home) + q
        T = (L - tilt * z).reduced()
        images = {"z": z, "T": T, "E": to_fmpq(sp.Rational(1, 4)) * shift * T, "epsilon": epsilon}
        order = [images[x.name] for x in (*one_step.variables, *one_step.parameters)]
        z_next, T_next = (home.evaluate(polynomial, order) for polynomial in one_step.polynomials)
        plain = without(tilt, 3)
        moving = (tilt - plain).reduced()
        # T' L'
        L_next = ((T_next + plain * z_next) * T_next + moving * T * z_next).reduced()
        z_square = z.numerator**2
        fall = (L * T_next - L_next).reduced().divide_exactly(z_square, "TargetRegion")
        rate = fall.divide_exactly(epsilon.numerator, "TargetRegion")
        above = ((L_next - (EDGE - width * epsilon) * T_next) * (1 - z_next) - slope * z_next**2 * T_next).reduced()
        parts = b.region.split(above, "TargetRegion")
        change = 1 - z_next.divide_exactly(z.numerator, "TargetRegion") - 1
        low, high = b.z_range
        cut = b.cut

        def condition(name: str, meaning: str, value: Local, side: Interval) -> Condition:
            box = b.region.box((s, (-self.window, self.window)), z=side)
            return Condition(f"target-{name}", meaning, box, b.region.at_level(value).numerator)

        found = [
            condition("sign-change", "the residual changes sign at every step", change, (low, high)),
            condition("rate", "L falls", rate, (low, high)),
            condition("regular", "the next residual stays below 1", 1 - z_next, (low, high)),
            condition("floor", "T stays above its floor", T_next - to_fmpq(self.floor), (low, high)),
            condition("lift", "height above the barrier carries over", parts.lift, (cut, high)),
            condition("curve", "the barrier is left upwards at epsilon = 0", parts.curve, (cut, high)),
            condition("drift", "the barrier is left upwards, over epsilon", parts.drift, (cut, high)),
        ]
        if cut > low:
            found.append(condition("far", "the next state lies above the barrier", above, (low, cut)))
        return tuple(found)


def derive_target_region(model: QuadraticModel, barrier: Barrier, constants: Mapping[str, object]) -> TargetRegion:
    """The region of a barrier for small targets.

    Args:
        model: eigenvalues ``{1, -epsilon}`` with the symbolic target E.
        barrier: slope, width, height and an epsilon range from 0.
        constants: ``window`` and ``floor``, exact rationals.

    Returns:
        The region with its conditions (they still have to be judged).

    Raises:
        DomainError: the barrier does not start at epsilon = 0, or a constant is out of range.
    """
    window, floor = (sp.Rational(constants[name]) for name in ("window", "floor"))
    if barrier.epsilon_range[0] != 0 or not (window > 0 and 0 < floor < EDGE) or model.target != symbol("E"):
        raise DomainError.of(
            "derive_target_region()",
            "a barrier from epsilon = 0, window > 0, 0 < floor < 2, the symbolic target E",
            dict(constants),
            "Check the constants.",
        )
    return TargetRegion(model, barrier, window, floor)
