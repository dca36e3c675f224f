"""Explicit sets of initial weights: below the edge at the start, past it after one step, inside the trapping region.

For a base step size ``eta_0`` the set is

    U = { theta : a_min < eta_0 f(theta) < a_max,  n_min < eta_0 epsilon |theta|^2 + norm_shift epsilon < n_max },

open as the preimage of an open rectangle under polynomials. With ``r = eta / eta_0`` in ``[1, ratio]`` the state is
``z = r a``, ``V = r (n - norm_shift epsilon)``; everything to be shown is a polynomial inequality in
``(a, n, r, epsilon)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from ..algebra.errors import DomainError
from ..algebra.symbols import symbols
from ..models.gradient_flow import GradientFlow
from ..models.quadratic import QuadraticModel
from ..planar.nullcline import EDGE
from .barrier import Barrier
from .region import Condition, Definitions, Interval

a, n, r, V = symbols("a n r V")


@dataclass(frozen=True)
class StartSet:
    """An open set of initial weights and a closed interval of step sizes.

    Attributes:
        barrier: the trapping region it lies in.
        a_range: ends for ``eta_0 f(theta)``, both negative.
        n_range: ends for ``eta_0 epsilon |theta|^2 + norm_shift epsilon``.
        norm_shift: how the norm's window moves with epsilon.
        ratio: step sizes run over ``[eta_0, ratio eta_0]``.
        overshoot: after one step ``eta lambda`` exceeds ``2 + overshoot``.
        epsilon_range: the closed interval of epsilon, within that of the barrier.
    """

    barrier: Barrier
    a_range: Interval
    n_range: Interval
    norm_shift: sp.Rational
    ratio: sp.Rational
    overshoot: sp.Rational
    epsilon_range: Interval

    @property
    def definitions(self) -> Definitions:
        """z, V, T through ``(a, n, r, epsilon)``."""
        z, T = self.barrier.one_step.variables
        epsilon = self.barrier.epsilon
        return ((z, r * a), (V, r * (n - self.norm_shift * epsilon)), (T, V - self.barrier.lyapunov.tilt * z))

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Below the edge, past it after a step, inside the region, and non-empty."""
        barrier = self.barrier
        T, epsilon = barrier.one_step.variables[1], barrier.epsilon
        W = V + barrier.width * epsilon
        first, second = scaled_squares(barrier)
        box = ((a, self.a_range), (n, self.n_range), (r, (sp.S.One, self.ratio)), (epsilon, self.epsilon_range))
        numerator = sp.expand(barrier.slow.invariant * barrier.slow.pole)
        wanted = (
            ("start-below", "the sharpness starts below the edge", EDGE - T),
            (
                "start-overshoot",
                "one step takes it past the edge",
                barrier.one_step.components[1] - EDGE - self.overshoot,
            ),
            (
                "start-above-barrier",
                "the start lies above the barrier",
                (W - EDGE) * barrier.slow.pole - barrier.slope * numerator,
            ),
            ("start-below-top", "the start lies below the top", EDGE + barrier.height - W),
            ("start-first-weight", "theta_1 is real", first),
            ("start-second-weight", "theta_2 is real", second),
        )
        return tuple(
            Condition.of_expression(name, why, box, expr, self.definitions, sp.S.One) for name, why, expr in wanted
        )


def scaled_squares(barrier: Barrier) -> tuple[sp.Expr, ...]:
    """The squares of the weights, each up to a positive factor: as V plus a multiple of z.

    Args:
        barrier: gives the map's V; its model has the eigenvalues ``{1, -epsilon}``.

    Returns:
        One polynomial in ``(z, V, epsilon)`` a weight, exact; the weight is real where it is not negative.
    """
    z, T = barrier.one_step.variables
    squares = GradientFlow(QuadraticModel((1, -barrier.epsilon))).squares
    moved = (sp.expand(w.subs(T, V - barrier.lyapunov.tilt * z)) for w in squares)
    return tuple(V + sp.cancel(sp.diff(w, z) / sp.diff(w, V)) * z for w in moved)


def derive_start(barrier: Barrier, constants: Mapping[str, object]) -> StartSet:
    """An explicit set of starts for a trapping region.

    Args:
        barrier: the region.
        constants: ``a_min``, ``a_max``, ``n_min``, ``n_max``, ``norm_shift``, ``ratio``, ``overshoot`` and, if the
            set serves only part of the region's epsilon, ``epsilon_max``; exact rationals.

    Returns:
        The set with its conditions (they still have to be judged).

    Raises:
        DomainError: a constant is missing or out of order.
    """
    where = "derive_start()"
    names = {"a_min", "a_max", "n_min", "n_max", "norm_shift", "ratio", "overshoot"}
    if names - constants.keys() or constants.keys() - names - {"epsilon_max"}:
        raise DomainError.of(where, f"{sorted(names)}", sorted(constants), "Check names.")
    exact = {name: sp.Rational(value) for name, value in constants.items()}
    low, high = barrier.epsilon_range
    top = min(high, exact.get("epsilon_max", high))
    ordered = exact["a_min"] < exact["a_max"] < 0 and exact["n_min"] < exact["n_max"] and low < top
    if not (ordered and exact["ratio"] >= 1 and exact["overshoot"] >= 0):
        raise DomainError.of(where, "a_min < a_max < 0, n_min < n_max, ratio >= 1", dict(constants), "Mind the order.")
    return StartSet(
        barrier,
        (exact["a_min"], exact["a_max"]),
        (exact["n_min"], exact["n_max"]),
        exact["norm_shift"],
        exact["ratio"],
        exact["overshoot"],
        (low, top),
    )
