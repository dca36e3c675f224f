"""The slow manifold of a planar map near the edge, and the limit of the orbits that have relaxed onto it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import sympy as sp
from flint import fmpq_poly

from ..algebra.errors import DomainError, ProofError
from ..algebra.rings import rational_string, to_fmpq, to_fraction, to_rational
from ..algebra.series import Grading, TruncatedSeries, evaluate
from ..algebra.series.rows import PARAMETER_WEIGHT
from ..algebra.symbols import symbol
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.printer import Order
from .invariance import invariant_rows
from .maps import PolynomialMap
from .nullcline import EDGE, RESCALED
from .rational_rows import DEGREES_PER_ORDER, MARGIN, rational_rows

HIGHEST_ORDER = 60
SHOWN_ROWS = 3
"""Closed forms printed beside the series; later ones fill a page each."""


@dataclass(frozen=True)
class SlowManifold(Derived):
    """``T = sum_n epsilon^n tau_n(z)``, invariant under the one-step map to the order kept.

    Attributes:
        one_step: the planar map.
        rows: ``tau_0, tau_1, ..`` as exact polynomials in z, row n to degree ``width - 2 n``.
        width: degree kept in row 0.

    Source:
        Derived here; the paper stops at the two-step recurrence.

    Example:
        >>> es.models.main_case().slow_manifold(1).closed_rows(0)
        (-2/(z - 1),)
    """

    kind = "slow-manifold"
    units = RESCALED
    one_step: PolynomialMap
    rows: tuple[fmpq_poly, ...]
    width: int = field(repr=False)

    @property
    def order(self) -> int:
        """Highest power of the parameter."""
        return len(self.rows) - 1

    @property
    def variable(self) -> sp.Symbol:
        """The residual z."""
        return self.one_step.variables[0]

    @property
    def parameter(self) -> sp.Symbol:
        """The small parameter."""
        return self.one_step.parameters[0]

    def limit(self) -> LimitSeries:
        """Where the manifold meets ``z = 0``: the limit of every trajectory that has relaxed onto it."""
        return LimitSeries(self.parameter, tuple(to_rational(row[0]) for row in self.rows), self)

    @cached_property
    def series(self) -> TruncatedSeries:
        """All terms ``z^i epsilon^n`` with ``i + 2 n <= 2 order``."""
        grading = Grading((self.variable, self.parameter), (1, PARAMETER_WEIGHT), PARAMETER_WEIGHT * self.order)
        terms: dict[tuple[int, ...], object] = {}
        for n, row in enumerate(self.rows):
            terms |= {(i, n): c for i, c in enumerate(row.coeffs())}
        return TruncatedSeries.from_polynomial(grading, grading.ring.from_dict(terms))

    def expression(self) -> sp.Expr:
        """The truncated series as a SymPy expression."""
        return self.series.to_expr()

    def closed_rows(self, highest: int) -> tuple[sp.Expr, ...]:
        """``tau_0, .., tau_highest`` as exact rational functions of z (each order is one).

        Args:
            highest: the last one wanted, at most :attr:`order`.

        Returns:
            SymPy expressions, factored; each is confirmed by many more series coefficients than it has free ones.

        Raises:
            DomainError: more rows were asked for than the manifold has.
        """
        if not 0 <= highest <= self.order:
            raise DomainError.of("SlowManifold.closed_rows()", f"a row in 0..{self.order}", highest, "Raise the order.")
        width = manifold_width(highest) + DEGREES_PER_ORDER * highest + MARGIN
        return rational_rows(invariant_rows(self.one_step, highest, width), width, self.variable)

    def json(self) -> dict[str, Any]:
        """Variables, order and all coefficients of ``T`` as exact strings."""
        return {
            "variables": [self.variable.name, self.parameter.name],
            "order": self.order,
            "T": [{"exponents": list(e), "coefficient": rational_string(c)} for e, c in self.series.terms().items()],
            "remainder": self.series.grading.remainder(),
        }

    def remainder(self) -> str:
        """What was dropped, in words."""
        return self.series.grading.remainder()

    def leading(self) -> sp.Symbol:
        """The small parameter."""
        return self.parameter

    def notes(self) -> list[str]:
        """The first orders in closed form."""
        shown = min(self.order, SHOWN_ROWS)
        forms = enumerate(self.closed_rows(shown))
        return [f"coefficient of {self.parameter}**{n}, exactly: {form}" for n, form in forms]

    def equations(self) -> tuple[Equation, ...]:
        """``T = tau_0(z) + epsilon tau_1(z) + ..``, sorted by weight."""
        order = Order((self.variable, self.parameter), {self.parameter: PARAMETER_WEIGHT})
        dropped = self.series.dropped().monomials()
        return (Equation(self.one_step.variables[1], self.expression(), dropped, order, "slow-manifold"),)

    def explain(self) -> DerivationLog:
        """From the invariance equation; the manifold is put back into it.

        Raises:
            ProofError: a step does not hold, or this is not the manifold of its map.
        """
        log = DerivationLog(f"The slow manifold to order {self.order}")
        one_step, epsilon = self.one_step, self.parameter
        z, T = one_step.variables
        log.state("One step", "The exact map.", *one_step.equations())
        log.state(
            "Invariance",
            "Ask for a curve T = tau(z, epsilon) that one step keeps: T' = tau(z') whenever T = tau(z). Orbits that "
            "have relaxed follow it down to z = 0.",
        )
        # one order more than is shown: a coefficient of weight n is confirmed by the equation at weight n + 2
        curve = derive_slow_manifold(one_step, self.order + 1).series
        # what is put back must be what is shown
        if curve.truncate(self.series.grading.order).terms() != self.series.terms():
            raise ProofError.of("SlowManifold.explain()", "the manifold of the map", self.expression(), "Report it.")
        weight = curve.grading.order
        variables = [TruncatedSeries.variable(curve.grading, s) for s in (z, epsilon)]
        stepped = [evaluate(p, [variables[0], curve, variables[1]]) for p in one_step.polynomials]
        residual = stepped[1] - evaluate(curve.polynomial(), [stepped[0], variables[1]])
        frozen = sp.Add(*(to_rational(c) * z**i for i, c in enumerate(self.rows[0].coeffs()) if i <= weight))
        log.state(
            "At parameter 0",
            "The curve consists of two-cycles: z'' = z and T'' = T on it.",
            Equation(T, frozen, (z ** (weight + 1),), Order((z,))),
        )
        log.vanishing(
            "Order by order in the parameter",
            "At each order the equation is linear in the new row and is divided by its coefficient, which is of order "
            "z^2: each power of the parameter costs two powers of z.",
            residual,
            len(curve.terms()),
            *self.equations(),
        )
        return log


@dataclass(frozen=True)
class LimitSeries(Derived):
    """``T_inf = sum_n c_n epsilon^n``, asymptotic as epsilon goes to 0 (it diverges in the end).

    Attributes:
        parameter: the small parameter.
        coefficients: exact rationals, powers 0..order.
        manifold: the slow manifold that meets ``z = 0`` there; None for a series given by hand.

    Source:
        Derived here.

    Example:
        >>> es.models.main_case().limit_series(3).expression()
        -153*epsilon**3/128 - 27*epsilon**2/32 - epsilon/2 + 2
    """

    kind = "limit"
    units = RESCALED

    parameter: sp.Symbol
    coefficients: tuple[sp.Rational, ...]
    manifold: SlowManifold | None = field(default=None, repr=False, compare=False)

    @property
    def order(self) -> int:
        """Highest power kept."""
        return len(self.coefficients) - 1

    def expression(self) -> sp.Expr:
        """The truncated series as a SymPy expression."""
        return sp.Add(*(c * self.parameter**n for n, c in enumerate(self.coefficients)))

    def partial_sum(self, epsilon: object, order: int | None = None) -> Fraction:
        """The exact sum of the terms up to an order at a rational parameter.

        Args:
            epsilon: an exact rational.
            order: the last power; default all that are kept.

        Returns:
            The sum, exactly. Its error is of the size of the first term left out while terms still shrink.

        Raises:
            DomainError: the order is not kept, or epsilon is no rational.
        """
        last = self.order if order is None else order
        if not 0 <= last <= self.order:
            raise DomainError.of(
                "LimitSeries.partial_sum()", f"an order in 0..{self.order}", last, "Derive more terms."
            )
        rational = to_fmpq(epsilon)
        at = to_fraction(rational)
        total = Fraction(0)
        for c in reversed(self.coefficients[: last + 1]):
            total = total * at + to_fraction(c)
        return total

    def json(self) -> dict[str, Any]:
        """Variable and coefficients as exact strings, powers 0..order."""
        return {"variable": self.parameter.name, "coefficients": [str(c) for c in self.coefficients]}

    def remainder(self) -> str:
        """What was dropped, in words."""
        return f"dropped: powers of {self.parameter} above {self.order}; asymptotic, not convergent"

    def equations(self) -> tuple[Equation, ...]:
        """``T_inf = c_0 + c_1 epsilon + ..`` with the first power dropped."""
        dropped = self.parameter ** (self.order + 1)
        return (Equation(symbol("T_inf"), self.expression(), (dropped,), Order((self.parameter,)), "limit"),)

    def explain(self) -> DerivationLog:
        """The limit of relaxed orbits: where the slow manifold meets ``z = 0``.

        Raises:
            ProofError: a step does not hold.
        """
        title = f"The limit of T to order {self.order}"
        if self.manifold is None:
            log = DerivationLog(title)
            log.state("Limit", "A series given by hand.", *self.equations())
            return log
        log = self.manifold.explain()
        log.title = title
        log.identity(
            "Set z = 0",
            "Every point of z = 0 is fixed; a relaxed orbit ends where the manifold meets it.",
            self.manifold.expression().subs(self.manifold.variable, 0),
            self.expression(),
            *self.equations(),
            what="the manifold at z = 0 and the series",
        )
        edge = Equation(symbol("T"), sp.Integer(EDGE))
        log.state("Edge", f"The edge of stability is T = {EDGE} in these units.", edge)
        return log


def derive_slow_manifold(one_step: PolynomialMap, order: int, extra_degree: int = 0) -> SlowManifold:
    """Solve the invariance equation order by order in the parameter.

    Args:
        one_step: a planar map in ``(z, T)`` with one parameter that keeps ``z = 0``.
        order: highest power of the parameter, 0..60.
        extra_degree: further degrees in z to keep in each row, beyond the ``2 (order - n)`` that the limit needs.

    Returns:
        The manifold. Its value at ``z = 0`` is exact to the order asked for.

    Raises:
        DomainError: the order is out of range, or the map has not exactly one parameter.
        ProofError: the curve of two-cycles is not invariant at parameter 0, or an order has no regular solution; then
            the map has no slow manifold of this kind.

    Source:
        Derived here; the paper stops at the two-step recurrence.
    """
    if isinstance(order, bool) or not isinstance(order, int) or not 0 <= order <= HIGHEST_ORDER:
        raise DomainError.of(
            "slow_manifold()", f"an order in 0..{HIGHEST_ORDER}", order, "It is the highest power of epsilon."
        )
    if len(one_step.parameters) != 1:
        raise DomainError.of("slow_manifold()", "a map with one parameter", one_step.parameters, "Fix the rest.")
    if isinstance(extra_degree, bool) or not isinstance(extra_degree, int) or not 0 <= extra_degree <= 200:
        raise DomainError.of("slow_manifold()", "extra_degree in 0..200", extra_degree, "0 serves the limit.")
    width = manifold_width(order) + extra_degree
    return SlowManifold(one_step, invariant_rows(one_step, order, width), width)


def manifold_width(order: int) -> int:
    """The degree in z of row 0 that an order in the parameter needs at ``z = 0``."""
    return PARAMETER_WEIGHT * (order + 1)
