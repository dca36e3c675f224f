"""The z-nullcline of the two-step map: where the residual returns to itself after two steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp
from flint import fmpq_mpoly

from ..algebra.errors import DomainError
from ..algebra.rings import PolyRing, poly_terms, rational_string
from ..algebra.series import Grading, TruncatedSeries, evaluate, solve_implicit
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.names import later
from ..latex.printer import Order
from .maps import PolynomialMap

EDGE = 2
"""The edge of stability in rescaled units: ``eta * lambda = 2``."""

RESCALED = "z = eta * residual, T = eta * NTK eigenvalue, edge of stability T = 2"
"""What the variables of a planar map are measured in."""

SHOWN_TERMS = 100
"""Polynomials with more terms are shown in logs to the order asked for, and still checked in full."""


def check_order(order: int, where: str) -> None:
    """Refuse orders that are no positive integers.

    Args:
        order: the truncation degree in z.
        where: who asks, for the message.

    Raises:
        DomainError: the order is not an integer in 1..200.
    """
    if isinstance(order, bool) or not isinstance(order, int) or not 1 <= order <= 200:
        raise DomainError.of(where, "an order in 1..200", order, "The order is the highest degree in z kept.")


def two_step_factor(one_step: PolynomialMap) -> fmpq_mpoly:
    """``(z'' - z) / z`` as an exact polynomial in ``(z, T, parameters)``.

    Args:
        one_step: a map whose line ``z = 0`` is fixed.

    Returns:
        The cofactor, in the map's ring.

    Raises:
        DomainError: ``z = 0`` is not invariant (a target other than 0).
    """
    z = one_step.ring.generator(one_step.variables[0])
    increment = one_step.iterated(2)[0] - z
    quotient, remainder = divmod(increment, z)
    if not remainder.is_zero():
        raise DomainError.of(
            "two_step_factor()", "a map that keeps z = 0", "another", "The residual must vanish at a minimum."
        )
    return quotient


@dataclass(frozen=True)
class Nullcline(Derived):
    """``T = f(z)``: the branch through the edge of ``z'' = z``.

    Attributes:
        series: ``f`` as a truncated series in ``(z, parameters)``.
        equation: the exact polynomial ``(z'' - z)/z`` in ``(z, T, parameters)`` that vanishes on the curve.
        one_step: the map it comes from.

    Source:
        Agarwala, Pedregosa, Pennington 2022, section on the two-step dynamics (there ``f_epsilon``).

    Example:
        >>> es.models.main_case().nullcline(4).at_zero
        -2/(z - 1)
    """

    kind = "nullcline"
    units = RESCALED
    series: TruncatedSeries
    equation: fmpq_mpoly
    one_step: PolynomialMap

    @property
    def order(self) -> int:
        """Highest degree in z that is kept."""
        return self.series.grading.order

    def expression(self) -> sp.Expr:
        """The truncated series as a SymPy expression."""
        return self.series.to_expr()

    def exact_equation(self) -> sp.Expr:
        """The polynomial in ``(z, T, parameters)`` whose zero set holds the curve."""
        return self.one_step.ring.to_expr(self.equation)

    @cached_property
    def at_zero(self) -> sp.Expr:
        """The closed form at ``epsilon = 0``: the rational root through the edge of the exact equation."""
        z, T = self.one_step.variables
        frozen = self.exact_equation().subs(dict.fromkeys(self.one_step.parameters, 0))
        for factor, _ in sp.factor_list(frozen, T, z)[1]:
            if sp.degree(factor, T) == 1 and factor.subs({z: 0, T: EDGE}) == 0:
                return sp.factor(sp.solve(factor, T)[0])
        raise DomainError.of("Nullcline.at_zero", "a rational branch", frozen, "The branch is not rational here.")

    def json(self) -> dict[str, Any]:
        """Variables, order and all coefficients of ``T = f(z)`` as exact strings."""
        return {
            "variables": [s.name for s in self.series.grading.symbols],
            "order": self.order,
            "T": [{"exponents": list(e), "coefficient": rational_string(c)} for e, c in self.series.terms().items()],
            "remainder": self.series.grading.remainder(),
        }

    def remainder(self) -> str:
        """What was dropped, in words."""
        return self.series.grading.remainder()

    def notes(self) -> list[str]:
        """The closed form at parameter 0."""
        return [f"at epsilon = 0 exactly: T = {self.at_zero}"]

    def equations(self) -> tuple[Equation, ...]:
        """``T = f(z)`` with the first power of z that is dropped."""
        z, T = self.one_step.variables
        return (Equation(T, self.expression(), self.series.dropped().monomials(), Order((z,)), "nullcline"),)

    def explain(self) -> DerivationLog:
        """From the closed map to the curve; the series is put back into the exact equation.

        Raises:
            ProofError: a step does not hold.
        """
        one_step = self.one_step
        log = DerivationLog(f"The two-step nullcline to order {self.order}")
        z, T = one_step.variables
        log.state("One step", "The exact map.", *one_step.equations())
        factor, ring = two_step_factor(one_step), one_step.ring
        log.identity(
            "Two steps return z up to a factor",
            "Compose the map with itself; z = 0 stays fixed, so z divides the change of z.",
            one_step.iterated(2)[0] - ring.generator(z),
            ring.generator(z) * factor,
            Equation(later(z, 2) - later(z, 0), sp.Mul(z, sp.Symbol("F", real=True), evaluate=False)),
            _cut(sp.Symbol("F", real=True), factor, one_step, self.order),
            what="the composed map and z F",
        )
        at_line = ring.to_expr(ring.from_dict({e: c for e, c in factor.to_dict().items() if e[0] == 0}))
        log.identity(
            "The edge is a simple root",
            "On z = 0 the factor is the square of the multiplier minus 1; it vanishes at T = 2, the edge of stability.",
            at_line,
            (1 - T) ** 2 - 1,
            Equation(sp.Symbol("F", real=True), sp.expand(at_line), order=Order((T,))),
            what="F at z = 0 and (1 - T)^2 - 1",
        )
        grading = self.series.grading
        known = [TruncatedSeries.variable(grading, s) for s in grading.symbols]
        log.vanishing(
            "Solve F = 0 for T, power by power in z",
            "The slope of F in T is 2 at the edge, so each power of z fixes one coefficient.",
            evaluate(self.equation, [known[0], self.series, *known[1:]]),
            len(self.series.terms()),
            *self.equations(),
        )
        return log


def _cut(left: sp.Symbol, polynomial: fmpq_mpoly, one_step: PolynomialMap, order: int) -> Equation:
    """A polynomial of the map's ring; one with very many terms is shown to an order in z only."""
    z, T = one_step.variables
    terms = polynomial.to_dict()
    if len(terms) <= SHOWN_TERMS:
        return Equation(left, one_step.ring.to_expr(polynomial), order=Order((z, T)))
    low = one_step.ring.from_dict({e: c for e, c in terms.items() if e[0] <= order})
    return Equation(left, one_step.ring.to_expr(low), (z ** (order + 1),), Order((z, T)))


def derive_nullcline(one_step: PolynomialMap, order: int, parameter_weight: int = 0) -> Nullcline:
    """Solve ``z'' = z`` for ``T`` near the edge, order by order in z.

    Args:
        one_step: a planar map in ``(z, T)``, for example the main case.
        order: highest degree in z kept, 1..200.
        parameter_weight: what a parameter counts in that degree; 0 keeps all powers of it.

    Returns:
        The curve; its coefficients are polynomials in the parameters.

    Raises:
        DomainError: the order is out of range, or the edge is no simple root of the equation.

    Source:
        Agarwala, Pedregosa, Pennington 2022, section on the two-step dynamics (there ``f_epsilon``).
    """
    check_order(order, "nullcline()")
    z, T = one_step.variables
    equation = two_step_factor(one_step)
    grading = Grading((z, *one_step.parameters), (1, *(parameter_weight for _ in one_step.parameters)), order)
    edge = PolyRing((T, *one_step.parameters))
    terms = poly_terms(equation)
    slope_poly = edge.from_dict({e[1:]: c for e, c in terms.items() if e[0] == 0}).derivative(0)
    # the candidate has no negative powers of z: terms above the order cannot come back
    low = one_step.ring.from_dict({e: c for e, c in terms.items() if e[0] <= order})
    parameters = [edge.generator(p) for p in one_step.parameters]
    slope = slope_poly.compose(edge.constant(EDGE), *parameters, ctx=edge.context)
    if slope.is_zero() or not slope.is_constant():
        raise DomainError.of(
            "nullcline()",
            "T = 2 a simple root at z = 0",
            str(slope),
            "Check that the edge is at T = 2.",
        )

    def residual(candidate: TruncatedSeries) -> TruncatedSeries:
        here = candidate.grading
        known = [TruncatedSeries.variable(here, s) for s in here.symbols]
        return evaluate(low, [known[0], candidate, *known[1:]])

    start = TruncatedSeries.from_expr(grading, EDGE)
    return Nullcline(solve_implicit(residual, start, slope.leading_coefficient()), equation, one_step)
