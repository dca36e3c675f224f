"""Slow planar flows ``dz = y A(z)``, ``dy = B(z)`` of two steps, and their conserved energies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from ..algebra.errors import DomainError, ProofError
from ..algebra.symbols import symbol
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.printer import Order
from .maps import PolynomialMap
from .nullcline import EDGE

SHORT_ROOTS = 2
"""Highest degree of an irreducible factor whose roots are written out in an energy."""


@dataclass(frozen=True)
class SlowFlow(Derived):
    """``dz/dt = y A(z)``, ``dy/dt = B(z)`` and its energy ``y^2/2 - integral of B/A``.

    Attributes:
        z: the amplitude of the oscillation.
        y: the deviation from the edge.
        rate: ``A(z)``.
        force: ``B(z)``.
        energy: constant along the flow; checked by differentiation when built.
    """

    kind = "slow-flow"
    z: sp.Symbol
    y: sp.Symbol
    rate: sp.Expr
    force: sp.Expr
    energy: sp.Expr

    def equations(self) -> tuple[Equation, ...]:
        """The flow and its energy."""
        dz, dy = (sp.Symbol(rf"d{v.name}", real=True) for v in (self.z, self.y))
        order = Order((self.y, self.z))
        return (
            Equation(dz, sp.expand(self.y * self.rate), order=order, tag=self.z.name),
            Equation(dy, sp.expand(self.force), order=order, tag=self.y.name),
            Equation(symbol("H"), self.energy, order=order, tag="energy"),
        )

    def json(self) -> dict[str, Any]:
        """Flow and energy as text."""
        return {e.tag: str(e.rhs) for e in self.equations()}

    def explain(self) -> DerivationLog:
        """The flow and its energy, checked by differentiation.

        Raises:
            ProofError: the energy is not conserved.
        """
        log = DerivationLog("The slow flow and its energy")
        self.add_to(log, "At leading order")
        return log

    def add_to(self, log: DerivationLog, why: str) -> None:
        """Add flow and energy to a longer log.

        Args:
            log: the log.
            why: what the flow approximates, the beginning of a sentence.
        """
        log.state("Slow flow", f"{why}: dz = y A(z), dy = B(z) per step.", *self.equations()[:2])
        plus = self.energy.replace(sp.Abs, lambda inside: inside)
        log.identity(
            "Conserved energy",
            "Separate variables: y dy = B/A dz. The derivative of H along the flow is 0, so orbits with different "
            "energies end at different distances from the edge.",
            sp.diff(plus, self.z) * self.y * self.rate,
            -sp.diff(plus, self.y) * self.force,
            self.equations()[2],
            what="H_z dz and -H_y dy",
        )


def separate_variables(z: sp.Symbol, y: sp.Symbol, rate: sp.Expr, force: sp.Expr) -> SlowFlow:
    """Derive the energy of ``dz = y A(z)``, ``dy = B(z)`` by separating variables.

    Args:
        z: amplitude, positive along an orbit (the energy has ``log|z|`` where needed).
        y: deviation.
        rate: ``A``, a rational function of z with ``A(0) = 0``.
        force: ``B``, a rational function of z.

    Returns:
        The flow with its energy.

    Raises:
        DomainError: A or B depends on y.
        ProofError: the integral found is not conserved.
    """
    if y in rate.free_symbols | force.free_symbols or rate == 0:
        raise DomainError.of(
            "separate_variables()", "A(z) not 0 and B(z), free of y", f"{rate}, {force}", "Separate first."
        )
    quotient = sp.apart(sp.cancel(force / rate), z)
    potential = sum((_integrate(term, z) for term in sp.Add.make_args(sp.expand(quotient))), sp.S.Zero)
    energy = y**2 / 2 - potential
    # d/dt H = H_z y A + H_y B; |z| differentiates like z away from 0
    slope = sp.diff(energy.replace(sp.Abs, lambda inside: inside), z) * y * rate + sp.diff(energy, y) * force
    if sp.cancel(sp.together(sp.expand(slope))) != 0:
        raise ProofError.of("separate_variables()", "a conserved energy", slope, "Report it.")
    return SlowFlow(z, y, rate, force, energy)


def _integrate(term: sp.Expr, z: sp.Symbol) -> sp.Expr:
    """Integrate one term: Laurent monomials by hand, what has short roots by SymPy, the rest as an integral.

    Over an irreducible factor of degree 3 or more the logarithms have nested radicals, whose size has no useful bound.
    """
    coefficient, power = term.as_independent(z)
    base, exponent = power.as_base_exp()
    if power == 1:
        return coefficient * z
    if base == z and exponent.is_Integer:
        if exponent == -1:
            return coefficient * sp.log(sp.Abs(z))
        return coefficient * z ** (exponent + 1) / (exponent + 1)
    denominator = sp.Poly(sp.denom(sp.together(term)), z)
    if any(factor.degree() > SHORT_ROOTS for factor, _ in denominator.factor_list()[1]):
        return sp.Integral(term, z)
    return sp.integrate(term, z)


def derive_slow_flow(one_step: PolynomialMap, epsilon: sp.Symbol, y: sp.Symbol) -> SlowFlow:
    """The leading slow flow of two steps at the edge, where the curvature is frozen at parameter 0.

    Args:
        one_step: a planar map in ``(z, T)``.
        epsilon: its small parameter.
        y: the deviation from the edge.

    Returns:
        The flow with its energy.
    """
    T = one_step.variables[1]
    two = one_step.iterate(2)
    rate = sp.diff(two.components[0], T).subs({epsilon: 0, T: EDGE})
    force = sp.expand(two.components[1] - T).coeff(epsilon, 1).subs(T, EDGE)
    return separate_variables(one_step.variables[0], y, sp.expand(rate), sp.expand(epsilon * force))
