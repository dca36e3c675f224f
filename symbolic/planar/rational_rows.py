"""Closed forms of the slow manifold: each order in the parameter is a rational function of z."""

from __future__ import annotations

import sympy as sp
from flint import fmpq, fmpq_poly

from ..algebra.errors import ProofError
from ..algebra.rings import to_rational

MARGIN = 12
"""Series coefficients that a closed form must reproduce beyond those that fix it."""

DEGREES_PER_ORDER = 12
"""Coefficients spent on each order: numerator and denominator gain about 5 degrees each in the main case."""

POLE_GROWTH = 4
"""How much the order of a pole may grow with each order in the parameter."""


def rational_rows(rows: tuple[fmpq_poly, ...], width: int, z: sp.Symbol) -> tuple[sp.Expr, ...]:
    """Rows of the slow manifold as rational functions of z.

    Args:
        rows: ``tau_0, tau_1, ..`` as power series.
        width: degree kept in row 0; row n is known to two degrees less for each order.
        z: the residual.

    Returns:
        Factored SymPy expressions.
    """
    poles: set[tuple[str, ...]] = set()
    forms = []
    for n, row in enumerate(rows):
        length = width - 2 * n + 1 if n == 0 else width - 2 * n - 1
        numerator, denominator = _from_poles(row, length, n, poles) or reconstruct(row, length)
        poles |= {tuple(map(str, factor.coeffs())) for factor, _ in denominator.factor()[1]}
        (above, top), (below, bottom) = _factored(numerator, z), _factored(denominator, z)
        forms.append(above / below * (top / bottom))
    return tuple(forms)


def _from_poles(
    series: fmpq_poly, length: int, n: int, poles: set[tuple[str, ...]]
) -> tuple[fmpq_poly, fmpq_poly] | None:
    """The closed form if row n has no other poles than the rows before it, each of order at most ``4 n``."""
    denominator = fmpq_poly([1])
    for coefficients in sorted(poles):
        denominator *= fmpq_poly([fmpq(*map(int, c.split("/"))) for c in coefficients]) ** (POLE_GROWTH * n)
    numerator = series.mul_low(denominator, length)
    if n < 2 or numerator.degree() + MARGIN > length:
        return None
    common = numerator.gcd(denominator)
    return numerator // common, denominator // common


def _factored(polynomial: fmpq_poly, variable: sp.Symbol) -> tuple[sp.Rational, sp.Expr]:
    """A polynomial as a number and a product of irreducible ones with integer coefficients."""
    scale, factors = polynomial.factor()
    number, product = to_rational(scale), sp.Integer(1)
    for factor, power in factors:
        size = fmpq(factor.denom(), 1)
        number /= to_rational(size) ** power
        product *= to_expr(factor * size, variable) ** power
    return number, product


def to_expr(polynomial: fmpq_poly, variable: sp.Symbol) -> sp.Expr:
    """A univariate polynomial as a SymPy sum."""
    return sp.Add(*(to_rational(c) * variable**i for i, c in enumerate(polynomial.coeffs())))


def reconstruct(series: fmpq_poly, length: int) -> tuple[fmpq_poly, fmpq_poly]:
    """The rational function of least degree with this power series, by Euclid's algorithm.

    Args:
        series: known modulo ``z^length``.
        length: how many coefficients are known.

    Returns:
        Numerator and denominator, the latter with constant term 1.

    Raises:
        ProofError: no rational function has fewer free coefficients, by the margin, than are known.
    """
    numerator, denominator = least_fraction(fmpq_poly([0] * length + [1]), series.truncate(length))
    free = max(numerator.degree(), 0) + denominator.degree() + 1
    if denominator[0] == 0 or free + MARGIN > length:
        raise ProofError.of(
            "reconstruct()", f"a rational function fixed by {length - MARGIN} coefficients", f"{free}", "Not rational."
        )
    scale: fmpq = 1 / denominator[0]
    return numerator * scale, denominator * scale


def least_fraction(modulus: fmpq_poly, residue: fmpq_poly) -> tuple[fmpq_poly, fmpq_poly]:
    """The fraction of least degree that is congruent to a residue, by Euclid's algorithm.

    Args:
        modulus: ``z^n`` for a power series, ``prod (z - z_i)`` for values at points.
        residue: the series, or the polynomial through the values.

    Returns:
        Numerator and denominator.
    """
    upper, lower = modulus, residue
    before, now = fmpq_poly([0]), fmpq_poly([1])
    best = (lower, now)
    while not lower.is_zero():
        if lower.degree() + now.degree() < best[0].degree() + best[1].degree():
            best = (lower, now)
        quotient, rest = divmod(upper, lower)
        upper, lower = lower, rest
        before, now = now, before - quotient * now
    return best
