"""The Lyapunov function of the planar map and its slow coordinate, found by exact algebra.

For the map ``(z, T) -> (z', T')`` of eigenvalues ``{1, -epsilon}`` and target 0:

- ``V = T + a z`` with ``V' = V - z^2 rate``: the rescaled weight norm falls while ``rate > 0``;
- ``p(z)``, which the two-cycles at ``epsilon = 0`` keep, and ``U = V - 2 - 2 p``, zero on them;
- ``U' = U - z^2 / (1 - z') (relaxation U + forcing)``, exactly.

Nothing here is typed in: ``a``, ``rate``, ``p``, ``relaxation`` and ``forcing`` come out of the map.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ..algebra.errors import DomainError, ProofError
from ..algebra.rational import RationalFunction
from ..algebra.rings import PolyRing
from ..models.quadratic import QuadraticModel
from ..planar.nullcline import EDGE
from ..planar.planar_map import PlanarMap


@dataclass(frozen=True)
class Identity:
    """An equation between rational functions that holds identically.

    Attributes:
        name: slug.
        meaning: what it says, in words.
        left: left side.
        right: right side.
        symbols: the free symbols.
    """

    name: str
    meaning: str
    left: sp.Expr
    right: sp.Expr
    symbols: tuple[sp.Symbol, ...]

    def defect(self) -> sp.Expr:
        """``left - right`` as a reduced rational function; 0 where the identity holds."""
        ring = PolyRing(self.symbols)
        difference = RationalFunction.from_expr(ring, self.left) - RationalFunction.from_expr(ring, self.right)
        return difference.to_expr()

    def holds(self) -> bool:
        """Whether both sides are the same rational function (exact algebra)."""
        return self.defect() == 0

    def equation(self) -> sp.Eq:
        """The identity as a SymPy equation."""
        return sp.Eq(self.left, self.right, evaluate=False)


@dataclass(frozen=True)
class Lyapunov:
    """``V = T + tilt * z`` with ``V' = V - z^2 rate``.

    Attributes:
        one_step: the map.
        tilt: the coefficient of z in V, a polynomial in the parameters.
        rate: ``(V - V') / z^2``, a polynomial in ``(z, T, parameters)``.
        ceiling: V falls while ``T`` lies below this number.

    Source:
        Derived here.

    Example:
        >>> lyapunov = es.trapping.derive_lyapunov(es.models.main_case())
        >>> lyapunov.identity().holds(), lyapunov.ceiling
        (True, 4)
    """

    one_step: PlanarMap
    tilt: sp.Expr
    rate: sp.Expr
    ceiling: sp.Rational

    @property
    def value(self) -> sp.Expr:
        """``V`` in ``(z, T, parameters)``."""
        z, T = self.one_step.variables
        return T + self.tilt * z

    def identity(self) -> Identity:
        """``V' = V - z^2 rate``."""
        z, T = self.one_step.variables
        step = dict(zip((z, T), self.one_step.components, strict=True))
        symbols = (*self.one_step.variables, *self.one_step.parameters)
        right = self.value - z**2 * self.rate
        return Identity("lyapunov", "V falls by z^2 rate", self.value.subs(step, simultaneous=True), right, symbols)

    def weight_norm(self, model: QuadraticModel) -> Identity:
        """``V`` is ``epsilon |theta|^2`` (step size scaled into theta).

        Args:
            model: the model that the map comes from.

        Returns:
            The identity in theta.
        """
        z, T = self.one_step.variables
        inside = self.value.subs(dict(zip((z, T), model.embedding(), strict=True)), simultaneous=True)
        norm = -sp.prod(model.eigenvalues) * sp.Add(*(t**2 for t in model.theta))
        return Identity("weight-norm", "V is the weight norm", inside, norm, (*model.theta, *model.parameters))


def derive_lyapunov(one_step: PlanarMap) -> Lyapunov:
    """Find the linear function of ``(z, T)`` that every step lowers to second order in z: its tilt is the map's own.

    Args:
        one_step: a planar map in ``(z, T)`` with one parameter epsilon that keeps ``z = 0``.

    Returns:
        The function and its rate of decrease.

    Raises:
        DomainError: the map is not planar with one parameter.
        ProofError: no such function exists, or its decrease is not ``epsilon (c - T)``.

    Source:
        Derived here.

    Example:
        >>> es.trapping.derive_lyapunov(es.models.main_case()).rate
        -epsilon*(T - 4)
    """
    where = "derive_lyapunov()"
    if len(one_step.variables) != 2 or len(one_step.parameters) != 1:
        raise DomainError.of(where, "a planar map with one parameter", one_step.variables, "Use {1, -epsilon}.")
    (z, T), (epsilon,), ring = one_step.variables, one_step.parameters, one_step.ring
    dz, dT = (image - v for v, image in zip((z, T), one_step.components, strict=True))
    try:
        tilt = sp.factor(one_step.edge_coordinates().tilt)
    except DomainError as error:
        what = "a tilt free of z and T"
        raise ProofError.of(where, what, str(error), "No linear function falls to second order.") from error
    fall = RationalFunction.from_expr(ring, -(dT + tilt * dz))
    rate_function = fall.divide_exactly(ring.generator(z) ** 2, where)
    rate = sp.factor(rate_function.to_expr())
    ceiling = sp.solve(rate, T)
    if len(ceiling) != 1 or not ceiling[0].is_Rational or sp.expand(rate - epsilon * (ceiling[0] - T)) != 0:
        raise ProofError.of(where, "a rate epsilon (c - T)", rate, "The map differs.")
    return Lyapunov(one_step, tilt, rate, ceiling[0])


@dataclass(frozen=True)
class SlowCoordinate:
    """``U = V - 2 - 2 p`` and its exact one-step law.

    Attributes:
        lyapunov: V and its map.
        effective_curvature: ``h = 1 - z'/z``; it exceeds 1 where the residual changes sign.
        invariant: ``p(z)``, kept by the two-cycles at epsilon = 0.
        pole: the denominator of p, 1 at ``z = 0``.
        relaxation: the factor of U in the one-step law.
        forcing: the rest of it, a multiple of epsilon.
    """

    lyapunov: Lyapunov
    effective_curvature: sp.Expr
    invariant: sp.Expr
    pole: sp.Expr
    relaxation: sp.Expr
    forcing: sp.Expr

    @property
    def value(self) -> sp.Expr:
        """``U`` in ``(z, T, epsilon)``."""
        return self.lyapunov.value - EDGE - 2 * self.invariant

    def identity(self) -> Identity:
        """``U' = U - z^2 (relaxation U + forcing) / (1 - z')``."""
        one_step = self.lyapunov.one_step
        step = dict(zip(one_step.variables, one_step.components, strict=True))
        z = one_step.variables[0]
        right = self.value - z**2 * (self.relaxation * self.value + self.forcing) / self.pole.subs(
            step, simultaneous=True
        )
        left = self.value.subs(step, simultaneous=True)
        return Identity("slow-law", "the one-step law of U", left, right, (*one_step.variables, *one_step.parameters))

    def invariance(self) -> Identity:
        """``p(z') = p(z)`` on the two-cycles at epsilon = 0."""
        one_step = self.lyapunov.one_step
        z, T = one_step.variables
        frozen = one_step.components[0].subs(one_step.parameters[0], 0)
        curve = self.lyapunov.value.subs(one_step.parameters[0], 0)
        on_cycle = sp.solve(curve - EDGE - 2 * self.invariant, T)[0]
        left = self.invariant.subs(z, frozen.subs(T, on_cycle))
        return Identity("invariant", "p is kept by the two-cycles at epsilon = 0", left, self.invariant, (z,))


def derive_slow_coordinate(lyapunov: Lyapunov) -> SlowCoordinate:
    """Find p, U and the one-step law of U from the map.

    ``2 + 2 p`` is V on the nullcline at epsilon = 0. The law is split by its value at epsilon = 0, where it is a
    multiple of U; what is left over must be a multiple of epsilon.

    Args:
        lyapunov: V and its map.

    Returns:
        The slow coordinate.

    Raises:
        ProofError: the law does not split so.
    """
    where = "derive_slow_coordinate()"
    one_step = lyapunov.one_step
    (z, T), (epsilon,), ring = one_step.variables, one_step.parameters, one_step.ring
    curvature_function = RationalFunction.from_expr(ring, z - one_step.components[0]).divide_exactly(
        ring.generator(z), where
    )
    effective_curvature = curvature_function.to_expr()
    branch = one_step.nullcline(1).at_zero
    invariant = sp.factor((branch + lyapunov.tilt.subs(epsilon, 0) * z - EDGE) / 2)
    numerator, denominator = sp.fraction(invariant)
    pole = sp.expand(denominator / denominator.subs(z, 0))
    invariant = sp.expand(numerator / denominator.subs(z, 0)) / pole

    step = dict(zip((z, T), one_step.components, strict=True))
    value = lyapunov.value - EDGE - 2 * invariant
    before = RationalFunction.from_expr(ring, value)
    after = RationalFunction.from_expr(ring, value.subs(step, simultaneous=True))
    pole_after = RationalFunction.from_expr(ring, pole.subs(step, simultaneous=True))
    law = ((before - after) * pole_after).divide_exactly(ring.generator(z) ** 2, where)
    at_zero = {epsilon: sp.Integer(0)}
    shape = law.at(at_zero) / before.at(at_zero) / curvature_function.at(at_zero)
    if not shape.denominator.is_constant() or shape.to_expr().has(T):
        raise ProofError.of(where, "a law that is a multiple of h U at epsilon = 0", shape.to_expr(), "Maps differ.")
    relaxation = effective_curvature * sp.factor(shape.to_expr())
    forcing_function = (law - RationalFunction.from_expr(ring, relaxation) * before).divide_exactly(
        ring.generator(epsilon), where
    ) * RationalFunction(ring, ring.generator(epsilon), ring.one)
    return SlowCoordinate(
        lyapunov, effective_curvature, invariant, pole, relaxation, sp.factor(forcing_function.to_expr())
    )
