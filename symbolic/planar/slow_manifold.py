"""The slow manifold of a planar map near the edge, from its invariance equation, to any order in the parameter.

At parameter 0 the map has a curve ``T = tau_0(z)`` of two-cycles, on which it acts as an involution ``z -> sigma(z)``.
Write the manifold as ``T = sum_n epsilon^n tau_n(z)`` and ask that ONE step keep it. At order n this is

    A(z) tau_n(z) - tau_n(sigma(z)) + N_n(z) = 0,

with ``N_n`` known from the lower orders. Because ``sigma`` is an involution the equation and its image under
``sigma`` are two linear equations for ``tau_n(z)`` and ``tau_n(sigma(z))``, so

    tau_n = (A(sigma) N_n + N_n(sigma)) / (1 - A A(sigma)).

The divisor is of order ``z^2``, so the numerator must vanish to that order, and each order in the parameter costs two
in z.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import sympy as sp
from flint import fmpq, fmpq_poly

from ..algebra.errors import DomainError, ProofError
from ..algebra.rings import poly_terms, rational_string, to_rational
from ..algebra.series import Grading, RowSeries, TruncatedSeries, evaluate
from ..algebra.series.rows import SLOPE, ZERO, compose_low, evaluate_rows, inverse_low
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.printer import Order
from .maps import PolynomialMap
from .nullcline import EDGE, UNITS, two_step_factor
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
    """

    one_step: PolynomialMap
    rows: tuple[fmpq_poly, ...]
    width: int = field(repr=False)

    kind: ClassVar[str] = "slow-manifold"
    units: ClassVar[str] = UNITS

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

    def row_series(self) -> RowSeries:
        """The manifold as a series in z and the parameter."""
        return RowSeries(self.rows, self.order, self.width)

    @cached_property
    def series(self) -> TruncatedSeries:
        """All terms ``z^i epsilon^n`` with ``i + 2 n <= 2 order``."""
        grading = Grading((self.variable, self.parameter), (1, SLOPE), SLOPE * self.order)
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
        if highest > self.order:
            raise DomainError.of("SlowManifold.closed_rows()", f"at most {self.order}", highest, "Raise the order.")
        # a wrong row is not among the truly invariant ones: the closed forms come from the map, with many more degrees
        longer = derive_slow_manifold(self.one_step, highest, DEGREES_PER_ORDER * highest + MARGIN)
        return rational_rows(longer.rows, longer.width, self.variable)

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

    def sides(self) -> list[tuple[str, sp.Expr]]:
        """Left and right side, for plain text and code."""
        return [(self.one_step.variables[1].name, self.expression())]

    def sorted_by(self) -> sp.Symbol:
        """The small parameter."""
        return self.parameter

    def notes(self) -> list[str]:
        """The first orders in closed form."""
        shown = min(self.order, SHOWN_ROWS)
        forms = enumerate(self.closed_rows(shown))
        return [f"coefficient of {self.parameter}**{n}, exactly: {form}" for n, form in forms]

    def explain(self) -> DerivationLog:
        """From the invariance equation, with the manifold put back into it."""
        one_step, (z, T) = self.one_step, self.one_step.variables
        log = DerivationLog(f"The slow manifold to order {self.order}")
        log.state("One step", "The exact map.", *one_step.equations())
        log.state(
            "Invariance",
            "Ask for a curve T = tau(z, epsilon) that one step keeps: T' = tau(z') whenever T = tau(z). Orbits that "
            "have relaxed follow it down to z = 0.",
        )
        # one order more than is shown: a coefficient of weight n is confirmed by the equation at weight n + 2
        curve = derive_slow_manifold(one_step, self.order + 1).series
        if curve.truncate(self.series.grading.order).terms() != self.series.terms():
            raise ProofError.of("SlowManifold.explain()", "the manifold of the map", self.expression(), "Report it.")
        weight = curve.grading.order
        variables = [TruncatedSeries.variable(curve.grading, s) for s in (z, self.parameter)]
        stepped, image = (evaluate(p, [variables[0], curve, variables[1]]) for p in one_step.polynomials)
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
            image - evaluate(curve.polynomial(), [stepped, variables[1]]),
            len(curve.terms()),
            *self.equations(),
        )
        return log

    def equations(self) -> tuple[Equation, ...]:
        """``T = tau_0(z) + epsilon tau_1(z) + ..``, sorted by weight."""
        order = Order((self.variable, self.parameter), {self.parameter: SLOPE})
        dropped = self.series.dropped().monomials()
        return (Equation(self.one_step.variables[1], self.expression(), dropped, order, "slow-manifold"),)


def frozen_branch(one_step: PolynomialMap, length: int) -> fmpq_poly:
    """``tau_0``: the branch through the edge of ``z'' = z`` at parameter 0, by Newton's iteration on power series.

    Args:
        one_step: a planar map with one parameter.
        length: how many coefficients are wanted.

    Returns:
        The branch modulo ``z^length``.

    Raises:
        DomainError: the edge is no simple root of the equation.
    """
    frozen = one_step.substitute(dict.fromkeys(one_step.parameters, 0))
    terms = poly_terms(two_step_factor(frozen))
    columns: dict[int, dict[int, fmpq]] = {}
    for (i, j), c in terms.items():
        columns.setdefault(j, {})[i] = c
    in_t = [
        fmpq_poly([columns.get(j, {}).get(i, fmpq(0)) for i in range(max(columns.get(j, {0: 0}), default=0) + 1)])
        for j in range(max(columns) + 1)
    ]

    def value(coefficients: list[fmpq_poly], at: fmpq_poly, known: int) -> fmpq_poly:
        total = ZERO
        for c in reversed(coefficients):
            total = total.mul_low(at, known) + c.truncate(known)
        return total

    slopes = [c * j for j, c in enumerate(in_t)][1:]
    branch, known = fmpq_poly([EDGE]), 1
    if value(in_t, branch, 1)[0] != 0 or value(slopes, branch, 1)[0] == 0:
        raise DomainError.of("slow manifold", "T = 2 a simple root of z'' = z at z = 0", str(in_t), "No edge here.")
    while known < length:
        known = min(2 * known, length)
        step = value(in_t, branch, known).mul_low(inverse_low(value(slopes, branch, known), known), known)
        branch = (branch - step).truncate(known)
    return branch


def derive_slow_manifold(one_step: PolynomialMap, order: int, extra_degree: int = 0) -> SlowManifold:
    """Solve the invariance equation order by order in the parameter.

    Args:
        one_step: a planar map in ``(z, T)`` with one parameter that keeps ``z = 0``, for example
            ``QuadraticModel((1, -epsilon)).one_step()``.
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
            "derive_slow_manifold()", f"an order in 0..{HIGHEST_ORDER}", order, "It is the highest power of epsilon."
        )
    if len(one_step.parameters) != 1:
        raise DomainError.of("derive_slow_manifold()", "a map with one parameter", one_step.parameters, "Fix the rest.")
    width = SLOPE * (order + 1) + extra_degree
    rows = [frozen_branch(one_step, width + 1)]
    shape = RowSeries(rows, 0, width)
    z, parameter = RowSeries([fmpq_poly([0, 1])], 0, width), RowSeries([], 0, width)
    involution, image = (evaluate_rows(p, z, shape, parameter).rows[0] for p in one_step.polynomials)
    back = compose_low(involution, involution, width + 1)
    if compose_low(rows[0], involution, width + 1) != image or back != z.rows[0]:
        raise ProofError.of(
            "derive_slow_manifold()",
            "a curve of two-cycles through the edge at parameter 0",
            "one that the map does not keep",
            "Without it there is no slow manifold of this kind.",
        )
    slopes = [evaluate_rows(p.derivative(1), z, shape, parameter).rows[0] for p in one_step.polynomials]
    bend = compose_low(rows[0].derivative(), involution, width + 1)
    factor = slopes[1] - bend.mul_low(slopes[0], width + 1)
    factor_image = compose_low(factor, involution, width + 1)
    divisor = (1 - factor.mul_low(factor_image, width + 1)).truncate(width + 1)
    if divisor[0] != 0 or divisor[1] != 0 or divisor[2] == 0:
        raise ProofError.of(
            "derive_slow_manifold()", "a divisor of order z^2", str(divisor.truncate(3)), "The edge is degenerate."
        )
    inverse = inverse_low(divisor.right_shift(SLOPE), width - 1)
    for n in range(1, order + 1):
        defect = _defect(one_step, rows, n, width)
        length = width - SLOPE * n + 1
        numerator = factor_image.mul_low(defect, length) + compose_low(defect, involution, length)
        if numerator[0] != 0 or numerator[1] != 0:
            raise ProofError.of(
                "derive_slow_manifold()", f"a solvable order {n}", str(numerator.truncate(2)), "No slow manifold."
            )
        rows.append(numerator.right_shift(SLOPE).mul_low(inverse, length - SLOPE))
    return SlowManifold(one_step, tuple(rows), width)


def _defect(one_step: PolynomialMap, rows: list[fmpq_poly], n: int, width: int) -> fmpq_poly:
    """Row n of ``T' - tau(z')`` for the rows known so far."""
    tau = RowSeries(rows, n, width)
    z = RowSeries([fmpq_poly([0, 1])], n, width)
    parameter = RowSeries([ZERO, fmpq_poly([1])], n, width)
    stepped, image = (evaluate_rows(p, z, tau, parameter) for p in one_step.polynomials)
    return (image - tau.compose(stepped)).rows[n]
