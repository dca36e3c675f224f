"""Put a limit law back: its integral before and after one step, in other series than those that it was solved in."""

from __future__ import annotations

import sympy as sp

from ..algebra.errors import ProofError
from ..algebra.rings import Exponents, to_fmpq
from ..algebra.series import Grading, TruncatedSeries, evaluate, log
from ..algebra.symbols import symbol
from .limit_law import LEADING, LimitLaw
from .maps import PolynomialMap


def integral_defect(law: LimitLaw, one_step: PolynomialMap) -> TruncatedSeries:
    """``I(z', T') - I(z, T)`` as a series of ``(z, x, epsilon)``; the solver works in ``(u, x, epsilon)``.

    Args:
        law: the law, to its weight.
        one_step: the map that must keep its integral.

    Returns:
        The defect up to the weight of the law: zero if it is right. Even terms of weight w of the integral show their
        defect at ``w + 2`` only, so a law is confirmed up to two weights below its own.

    Raises:
        ProofError: the map does not keep the law's slow manifold.
    """
    z, x, epsilon = law.manifold.variable, symbol("x"), law.manifold.parameter
    grading = Grading((z, x, epsilon), (1, LEADING, LEADING), law.weight + LEADING)
    here = [TruncatedSeries.variable(grading, s) for s in grading.symbols]
    curve = law.manifold.series.polynomial()
    tall = evaluate(curve, [here[0], here[2]]) + here[1]
    next_z, next_T = (evaluate(p, [here[0], tall, here[2]]) for p in one_step.polynomials)
    next_x = next_T - evaluate(curve, [next_z, here[2]])
    difference = _polynomial_part(law, [next_z, next_x, here[2]]) - _polynomial_part(law, here)
    ratio: dict[Exponents, object] = {}
    for (i, j, k), c in next_x.terms().items():
        if j == 0:
            raise ProofError.of("integral_defect()", "an invariant slow manifold", f"{(i, j, k)}", "Another map?")
        ratio[i, j - 1, k] = c
    factor = TruncatedSeries.from_polynomial(grading.with_order(law.weight), grading.ring.from_dict(ratio))
    turned = log(factor) * here[2].truncate(law.weight) * to_fmpq(law.logarithm)
    return difference.truncate(law.weight) - turned


def _polynomial_part(law: LimitLaw, at: list[TruncatedSeries]) -> TruncatedSeries:
    u, p = (_rational(law.coordinates[symbol(n)], at[0], law.manifold.variable) for n in "up")
    total = TruncatedSeries(at[0].grading, [])
    for (a, b, c, d), coefficient in law.terms:
        total = total + u**a * p**b * at[1] ** c * at[2] ** d * to_fmpq(coefficient)
    return total


def _rational(expr: sp.Expr, at: TruncatedSeries, variable: sp.Symbol) -> TruncatedSeries:
    parts = []
    for part in sp.fraction(expr):
        value = TruncatedSeries(at.grading, [])
        for coefficient in sp.Poly(part, variable).all_coeffs():
            value = value * at + to_fmpq(sp.Rational(coefficient))
        parts.append(value)
    return parts[0] / parts[1]
