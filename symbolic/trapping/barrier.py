"""The trapping region of Theorem 1 and the sign conditions that make it invariant.

For rationals ``slope`` (beta), ``width`` (w), ``height`` (A) the region is

    D = { z != 0, z < 1, slope p(z) <= W - 2, W <= 2 + height },   W = V + width epsilon,

with V and p from :mod:`.lyapunov`. With ``q = W - 2 - slope p >= 0`` the next state lies above the barrier when

    F = (W' - 2)(1 - z') - slope z'^2 = q lift + z^2 drift >= 0,

an exact identity. :class:`Barrier` gives, for a closed interval of epsilon:

- ``definitions``: p, W, V, T, h in ``(z, level, epsilon)``, in order, each through the earlier ones;
- ``conditions``: the strict inequalities on closed boxes in ``(z, level, epsilon)``, regular at ``epsilon = 0`` and
  ``z = 0``, each also as ``polynomial / (1 - z)^k``; their Bernstein coefficients are positive on one or two boxes;
- ``identities``: the exact equations that lead from the conditions to invariance;
- ``z_range``: a rational interval that holds D.

Given the conditions, D is invariant, V falls to a limit, ``z -> 0`` and ``2 - width epsilon <= lim T <= 2``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import sympy as sp

from ..algebra.errors import DomainError
from ..algebra.symbols import symbol
from ..planar.nullcline import EDGE
from ..planar.planar_map import PlanarMap
from .lyapunov import Identity, Lyapunov, SlowCoordinate, derive_lyapunov, derive_slow_coordinate
from .region import Condition, Definitions, Interval, Region


@dataclass(frozen=True)
class Barrier:
    """One trapping region for a closed interval of epsilon.

    Attributes:
        slow: the slow coordinate, with the map and its Lyapunov function.
        slope: beta, the slope of the barrier in p.
        width: w; the limit of T lies above ``2 - w epsilon``.
        height: A; the region ends at ``V + w epsilon = 2 + A``.
        epsilon_range: the closed interval of epsilon; its lower end may be 0.
        split: left of this z the next state is compared with the barrier directly; None for nowhere.
        sign_change_slack: k >= 0 in ``h > 1 - k (2 - V)``; a step may land on ``z = 0`` only where ``V < 2`` (0 forbids
            it altogether).
        gap: how far T stays below the ceiling.

    Source:
        Derived here; the theorem is Agarwala et al. 2022, Theorem 1.

    Example:
        >>> barrier = es.trapping.derive_barrier(
        ...     es.models.main_case(),
        ...     {"slope": "7/5", "width": 1, "height": "1/2", "epsilon_min": 0, "epsilon_max": "1/5"},
        ... )
        >>> [condition.name for condition in barrier.conditions]
        ['sign-change', 'ceiling', 'regular', 'lift', 'drift']
    """

    slow: SlowCoordinate
    slope: sp.Rational
    width: sp.Rational
    height: sp.Rational
    epsilon_range: Interval
    split: sp.Rational | None = None
    sign_change_slack: sp.Rational = sp.S.Zero
    gap: sp.Rational = sp.S.Half

    @property
    def lyapunov(self) -> Lyapunov:
        """V and its map."""
        return self.slow.lyapunov

    @property
    def one_step(self) -> PlanarMap:
        """The map."""
        return self.lyapunov.one_step

    @property
    def epsilon(self) -> sp.Symbol:
        """The map's parameter."""
        return self.one_step.parameters[0]

    @cached_property
    def region(self) -> Region:
        """D, with the barrier ``slope p``."""
        return Region(self.slow, {(1, 0): self.slope}, self.width, self.height, self.epsilon_range)

    @property
    def z_range(self) -> Interval:
        """Outward-rounded ends of D in z."""
        return self.region.z_range

    def contains(self, z: Any, T: Any, epsilon: Any) -> Any:
        """Whether a state lies in D (see :meth:`Region.contains`)."""
        return self.region.contains(z, T, epsilon)

    @property
    def cut(self) -> sp.Rational:
        """Where lift and drift take over from the direct comparison: the split, within the range of z."""
        low = self.z_range[0]
        return low if self.split is None else max(low, self.split)

    @property
    def definitions(self) -> Definitions:
        """p, W, V, T, h through ``(z, level, epsilon)`` and one another."""
        z, T = self.one_step.variables
        p, W, V, h, level = (symbol(n) for n in ("p", "W", "V", "h", "level"))
        return (
            (p, self.slow.invariant),
            (W, EDGE + self.slope * p + (self.height - self.slope * p) * level),
            (V, W - self.width * self.epsilon),
            (T, V - self.lyapunov.tilt * z),
            (h, self.slow.effective_curvature),
        )

    @cached_property
    def parts(self) -> dict[str, sp.Expr]:
        """Lift, drift and F in ``z, p, W, T, h, epsilon``; the relaxation is written through h.

        From epsilon = 0 up, for a slope at most 2, ``drift = epsilon uniform + rest`` with a rest that is not negative.

        Unlike :meth:`Region.split`, which takes lift and drift on the barrier, these are taken at the state itself.
        """
        z = self.one_step.variables[0]
        p, W, h = (symbol(n) for n in ("p", "W", "h"))
        relaxation = sp.cancel(self.slow.relaxation / self.slow.effective_curvature) * h
        rate, half, top = self.lyapunov.rate, self.slope / 2, self.epsilon_range[1]
        z_next, run = z * (1 - h), 1 - z + (1 - half) * z * h
        return {
            "relaxation": relaxation,
            "lift": 1 - z + z * h - half * z**2 * relaxation,
            "drift": half * relaxation * (self.width * self.epsilon + (2 - self.slope) * p) - rate * run,
            "uniform": half * relaxation * (self.width + (2 - self.slope) / top * p)
            - sp.cancel(rate / self.epsilon) * run,
            "rest": half * relaxation * (2 - self.slope) * p * (1 - self.epsilon / top),
            "F": (W - z**2 * rate - EDGE) * (1 - z_next) - self.slope * z_next**2,
        }

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The strict inequalities on closed boxes that make D invariant."""
        z, T = self.one_step.variables
        V, h = symbol("V"), symbol("h")
        low, high = self.z_range
        cut = self.cut
        parts = self.parts
        drift = parts["uniform"] if self.epsilon_range[0] == 0 else parts["drift"]
        change = h - 1 + self.sign_change_slack * (EDGE - V)
        found = [
            ("sign-change", "the residual changes sign at every step", change, low, high),
            ("ceiling", "T stays below the ceiling", self.lyapunov.ceiling - self.gap - T, low, high),
            ("regular", "the next residual stays below 1", 1 - z * (1 - h), low, high),
            ("lift", "height above the barrier carries over", parts["lift"], cut, high),
            ("drift", "the barrier is left upwards", drift, cut, high),
        ]
        if cut > low:
            found.append(("far", "the next state lies above the barrier", parts["F"], low, cut))
        return tuple(
            Condition.of_expression(
                name, meaning, self.region.box(z=(left, right)), expression, self.definitions, self.slow.pole
            )
            for name, meaning, expression, left, right in found
        )

    @cached_property
    def identities(self) -> tuple[Identity, ...]:
        """The exact equations behind the argument."""
        z, T = self.one_step.variables
        level = symbol("level")
        p, epsilon = self.slow.invariant, self.epsilon
        parts = self.parts
        known = dict(self.definitions)
        flat: dict[sp.Symbol, sp.Expr] = {}
        for name, body in known.items():
            flat[name] = body.subs(flat, simultaneous=True)
        at = {name: parts[name].subs(flat, simultaneous=True) for name in parts}
        q = (self.height - self.slope * p) * level
        wide = (z, level, epsilon)
        step = Identity(
            "sign-change",
            "z' = z (1 - h)",
            self.one_step.components[0],
            z * (1 - self.slow.effective_curvature),
            (z, T, epsilon),
        )
        split = Identity("split", "F = q lift + z^2 drift", at["F"], q * at["lift"] + z**2 * at["drift"], wide)
        found = [self.lyapunov.identity(), step, self.slow.identity(), split]
        if self.epsilon_range[0] == 0:
            meaning = "drift = epsilon (uniform drift) + a non-negative rest"
            found.append(Identity("uniform", meaning, at["drift"], epsilon * at["uniform"] + at["rest"], wide))
        return tuple(found)


@lru_cache(maxsize=8)
def _slow_coordinate(one_step: PlanarMap) -> SlowCoordinate:
    return derive_slow_coordinate(derive_lyapunov(one_step))


def derive_barrier(one_step: PlanarMap, constants: Mapping[str, object]) -> Barrier:
    """The trapping region of a map for given constants.

    Args:
        one_step: the planar map of eigenvalues ``{1, -epsilon}``, target 0.
        constants: ``slope``, ``width``, ``height``, ``epsilon_min``, ``epsilon_max`` and, if wanted, ``split``,
            ``sign_change_slack``, ``gap``; exact rationals.

    Returns:
        The region with its conditions and identities (they still have to be judged).

    Raises:
        DomainError: a constant is missing, no rational, or out of range.

    Source:
        Derived here; the theorem is Agarwala et al. 2022, Theorem 1.

    Example:
        >>> barrier = es.trapping.derive_barrier(
        ...     es.models.main_case(),
        ...     {"slope": "7/5", "width": 1, "height": "1/2", "epsilon_min": 0, "epsilon_max": "1/5"},
        ... )
        >>> all(identity.holds() for identity in barrier.identities)
        True
    """
    where = "derive_barrier()"
    optional = {"split", "sign_change_slack", "gap"}
    needed = {"slope", "width", "height", "epsilon_min", "epsilon_max"}
    if needed - constants.keys() or constants.keys() - needed - optional:
        raise DomainError.of(where, f"{sorted(needed)}, perhaps {sorted(optional)}", sorted(constants), "Check names.")
    exact = {}
    for name, value in constants.items():
        if value is None:
            continue
        if isinstance(value, float):
            raise DomainError.of(where, f"an exact {name}", value, "Use fractions.Fraction or sympy.Rational.")
        exact[name] = sp.Rational(value)
    if not (0 <= exact["epsilon_min"] < exact["epsilon_max"] <= 1):
        raise DomainError.of(where, "0 <= epsilon_min < epsilon_max <= 1", dict(constants), "Mirror larger epsilon.")
    if exact["epsilon_min"] == 0 and not 0 < exact["slope"] <= 2:
        raise DomainError.of(where, "a slope in (0, 2] when epsilon starts at 0", exact["slope"], "Lower the slope.")
    if min(exact["slope"], exact["width"], exact["height"]) <= 0:
        raise DomainError.of(where, "positive slope, width and height", dict(constants), "Check the constants.")
    rest = {name: exact[name] for name in optional & exact.keys()}
    return Barrier(
        _slow_coordinate(one_step),
        exact["slope"],
        exact["width"],
        exact["height"],
        (exact["epsilon_min"], exact["epsilon_max"]),
        **rest,
    )
