"""The invariance equation of the slow manifold, solved row by row in the parameter.

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

from flint import fmpq, fmpq_poly

from ..algebra.errors import DomainError, ProofError
from ..algebra.rings import poly_terms
from ..algebra.series import RowSeries
from ..algebra.series.rows import PARAMETER_WEIGHT, ZERO, compose_low, evaluate_rows, inverse_low
from .maps import PolynomialMap
from .nullcline import EDGE, two_step_factor


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


def invariant_rows(one_step: PolynomialMap, order: int, width: int) -> tuple[fmpq_poly, ...]:
    """``tau_0, .., tau_order`` of a curve ``T = sum_n epsilon^n tau_n(z)`` that one step keeps.

    Args:
        one_step: a planar map with one parameter that keeps ``z = 0``.
        order: highest power of the parameter.
        width: degree in z kept in row 0; each later row has two degrees less.

    Returns:
        The rows.

    Raises:
        ProofError: the curve of two-cycles is not invariant at parameter 0, or an order has no regular solution.
    """
    rows = [frozen_branch(one_step, width + 1)]
    shape = RowSeries(rows, 0, width)
    z, parameter = RowSeries([fmpq_poly([0, 1])], 0, width), RowSeries([], 0, width)
    involution, image = (evaluate_rows(p, z, shape, parameter).rows[0] for p in one_step.polynomials)
    back = compose_low(involution, involution, width + 1)
    if compose_low(rows[0], involution, width + 1) != image or back != z.rows[0]:
        raise ProofError.of(
            "slow_manifold()",
            "a curve of two-cycles through the edge at parameter 0",
            "one that the map does not keep",
            "Without it there is no slow manifold of this kind.",
        )
    slopes = [evaluate_rows(p.derivative(1), z, shape, parameter).rows[0] for p in one_step.polynomials]
    along = compose_low(rows[0].derivative(), involution, width + 1)
    factor = slopes[1] - along.mul_low(slopes[0], width + 1)
    factor_image = compose_low(factor, involution, width + 1)
    divisor = (1 - factor.mul_low(factor_image, width + 1)).truncate(width + 1)
    if divisor[0] != 0 or divisor[1] != 0 or divisor[2] == 0:
        raise ProofError.of(
            "slow_manifold()", "a divisor of order z^2", str(divisor.truncate(3)), "The edge is degenerate."
        )
    inverse = inverse_low(divisor.right_shift(PARAMETER_WEIGHT), width - 1)
    for n in range(1, order + 1):
        defect = _defect(one_step, rows, n, width)
        length = width - PARAMETER_WEIGHT * n + 1
        numerator = factor_image.mul_low(defect, length) + compose_low(defect, involution, length)
        if numerator[0] != 0 or numerator[1] != 0:
            raise ProofError.of(
                "slow_manifold()", f"a solvable order {n}", str(numerator.truncate(2)), "No slow manifold."
            )
        rows.append(numerator.right_shift(PARAMETER_WEIGHT).mul_low(inverse, length - PARAMETER_WEIGHT))
    return tuple(rows)


def _defect(one_step: PolynomialMap, rows: list[fmpq_poly], n: int, width: int) -> fmpq_poly:
    """Row n of ``T' - tau(z')`` for the rows known so far."""
    tau = RowSeries(rows, n, width)
    z = RowSeries([fmpq_poly([0, 1])], n, width)
    parameter = RowSeries([ZERO, fmpq_poly([1])], n, width)
    stepped, image = (evaluate_rows(p, z, tau, parameter) for p in one_step.polynomials)
    return (image - tau.compose(stepped)).rows[n]
