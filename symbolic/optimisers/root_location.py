"""Where roots lie, decided by exact algebra: inside the unit circle, on it, and of what sign on a box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp

from ..algebra.errors import DomainError
from ..algebra.parsing import exact_expression

COSINE = sp.Symbol("cos(omega)", real=True)
"""The real part of a multiplier on the unit circle."""


def inside_unit_circle(coefficients: Sequence[sp.Rational]) -> bool:
    """Whether all roots of a real polynomial lie strictly inside the unit circle, by the Schur-Cohn recursion.

    Args:
        coefficients: highest power first, exact numbers; the first is not 0.

    Returns:
        The exact answer: a root on the circle counts as not inside.

    Raises:
        DomainError: a coefficient is no exact real number, or the leading one is 0.

    Source:
        Jury 1964, the reduction of the degree by one.

    Example:
        >>> es.optimisers.inside_unit_circle((4, 0, -1))
        True
    """
    rest = [exact_expression(c, "inside_unit_circle()") for c in coefficients]
    if not rest or any(not c.is_Rational for c in rest) or rest[0] == 0:
        raise DomainError.of("inside_unit_circle()", "rational coefficients, the first not 0", rest, "Fix the symbols.")
    while len(rest) > 1:
        first, last = rest[0], rest[-1]
        if abs(last) >= abs(first):
            return False
        reverse = rest[::-1]
        rest = [first * p - last * q for p, q in zip(rest, reverse, strict=True)][:-1]
    return True


def on_circle(first: sp.Poly, second: sp.Poly) -> tuple[sp.Expr, sp.Expr]:
    """Real part, and imaginary part over ``sin omega``, of ``first(mu) conj(second(mu))`` at ``mu = exp(i omega)``.

    Args:
        first: a polynomial with real coefficients.
        second: another.

    Returns:
        Both as polynomials in :data:`COSINE` (by Chebyshev polynomials).
    """
    laurent: dict[int, sp.Expr] = {}
    for (i,), p in first.terms():
        for (j,), q in second.terms():
            laurent[i - j] = laurent.get(i - j, 0) + p * q
    real = sp.Add(*(c * sp.chebyshevt(abs(k), COSINE) for k, c in laurent.items()))
    imaginary = sp.Add(*(sp.sign(k) * c * sp.chebyshevu(abs(k) - 1, COSINE) for k, c in laurent.items() if k))
    return sp.expand(real), sp.expand(imaginary)


def definite_sign(expression: sp.Expr, box: Mapping[sp.Symbol, sp.Interval]) -> int | None:
    """The sign of a rational function that has one sign on a whole box, where its coefficients show it.

    Each symbol is written as a ratio of non-negative numbers; if then all coefficients have one sign, so has the
    function. That is sufficient, not necessary.

    Args:
        expression: rational over Q.
        box: symbol to interval, closed or half-open or open, with rational ends or infinite above.

    Returns:
        1 or -1 where proved strictly on the box, None where undecided.
    """
    box = {s: i for s, i in box.items() if s in expression.free_symbols}
    inner, strict = {}, {}
    for s, interval in box.items():
        t = sp.Dummy(f"t_{s.name}", positive=True)
        low, high = interval.start, interval.end
        inner[s] = low + t if high is sp.oo else (low + high * t) / (1 + t)
        strict[t] = not interval.left_open
        if not interval.right_open and high is not sp.oo:
            return None
    above, below = sp.fraction(sp.together(expression.subs(inner, simultaneous=True)))
    signs = []
    for part in (above, below):
        symbols = tuple(strict) or (sp.Dummy(),)
        terms = sp.Poly(sp.expand(part), *symbols).terms()
        kinds = {sp.sign(c) for _, c in terms}
        # at a closed end its symbol is 0: a term without it has to be there
        anchored = any(
            all(e == 0 or not strict.get(s, False) for s, e in zip(symbols, m, strict=True)) for m, _ in terms
        )
        if len(kinds) != 1 or not kinds <= {1, -1} or not anchored:
            return None
        signs.append(int(kinds.pop()))
    return signs[0] * signs[1]
