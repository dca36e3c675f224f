"""Sum the limit series: where to cut it, Pade, Borel-Pade and quadratic sums, and what its growth says of its reach.

The terms known grow first like those of a function with a branch point near epsilon = 0.24 on the positive axis, and
only from order 30 or so like factorials. Past the branch point approximants that are real there cannot converge;
quadratic ones can, to a complex pair: their real part is the sum, their imaginary part what the series leaves open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
from flint import fmpq, fmpq_mat, fmpq_poly

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.rings import to_fraction
from ...symbolic.planar.slow_manifold import LimitSeries
from .starts import check_epsilon

DIGITS = 30
FEWEST = 5
"""Orders needed before anything can be said of the growth of a series."""

SHORTEST = 9
"""Coefficients needed for two quadratic approximants to be compared."""


@dataclass(frozen=True)
class Truncation:
    """A partial sum and how good it is.

    Attributes:
        order: last power kept; the next term is the smallest of all, or the terms end here.
        value: the partial sum.
        error: estimate of what is left out, from the size and the ratio of the terms there.
        shrinking: whether terms still shrink at the end of what is known, so that the best cut lies beyond.
    """

    order: int
    value: float
    error: float
    shrinking: bool


@dataclass(frozen=True)
class Growth:
    """What the ratios of coefficients say (Domb and Sykes): ``c_n / c_(n-1)`` tends to ``(1 - (1 + e)/n) / r``.

    Attributes:
        radius: distance r of the nearest singularity in epsilon that the known terms feel.
        exponent: e, the power of ``1 - epsilon/r`` there.
        spread: change of ``radius`` over the last three orders, its uncertainty.
    """

    radius: float
    exponent: float
    spread: float


@dataclass(frozen=True)
class ResummedLimit:
    """A sum of the series at one epsilon.

    Attributes:
        value: the sum.
        error: spread of neighbouring approximants, and the imaginary part of quadratic ones: an estimate.
        method: which approximant.
        plain: the best partial sum, to compare with.
    """

    value: float
    error: float
    method: str
    plain: Truncation


def _fractions(series: LimitSeries) -> list[Fraction]:
    if series.order < FEWEST:
        raise DomainError.of("resummation", f"at least {FEWEST} orders", series.order, "Derive a longer limit series.")
    return [to_fraction(c) for c in series.coefficients]


def best_truncation(series: LimitSeries, epsilon: object) -> Truncation:
    """Where to cut the series at one epsilon: before its smallest term.

    Args:
        series: the limit series.
        epsilon: in (0, 1), exact.

    Returns:
        The partial sum with an estimate of its error.

    Raises:
        DomainError: epsilon is not in (0, 1), or the series is too short.

    Source:
        Derived here.

    Example:
        >>> series = es.models.main_case().limit_series(16)
        >>> cut = es.orbits.best_truncation(series, "1/5")
        >>> cut.order, cut.shrinking
        (16, True)
    """
    eps = check_epsilon(epsilon, "best_truncation()")
    coefficients = _fractions(series)
    sizes = [abs(c) * eps**n for n, c in enumerate(coefficients)]
    smallest = min(range(1, len(sizes)), key=sizes.__getitem__)
    shrinking = smallest == len(sizes) - 1
    order = smallest if shrinking else smallest - 1
    # terms have one sign: what is left out sums like a geometric series, with at most about n terms of this size
    ratio = min(sizes[smallest] / sizes[smallest - 1], 1 - Fraction(1, smallest + 1))
    error = sizes[smallest] * (ratio if shrinking else 1) / (1 - ratio)
    return Truncation(order, float(series.partial_sum(eps, order)), float(error), shrinking)


def estimate_growth(series: LimitSeries) -> Growth:
    """Extrapolate the ratios of the coefficients to infinite order.

    Args:
        series: the limit series, best to order 20 or more.

    Returns:
        The nearest singularity that the known terms feel; the factorial growth of later terms may hide behind it.
    """
    c = _fractions(series)
    last = len(c) - 1
    ratios = {n: c[n] / c[n - 1] for n in range(last - 4, last + 1)}
    slopes = [n * ratios[n] - (n - 1) * ratios[n - 1] for n in range(last - 2, last + 1)]
    radius = 1 / slopes[-1]
    exponent = last * (1 - ratios[last] * radius) - 1
    return Growth(float(radius), float(exponent), float(max(1 / s for s in slopes) - min(1 / s for s in slopes)))


def pade_approximant(coefficients: Sequence[Fraction], above: int, below: int, epsilon: Fraction) -> Fraction:
    """The ``[above/below]`` Pade approximant at a rational point, exactly, by Euclid's algorithm.

    Args:
        coefficients: at least ``above + below + 1`` of them.
        above: degree of the numerator.
        below: degree of the denominator.
        epsilon: where.

    Returns:
        Its exact value.

    Raises:
        DomainError: too few coefficients, or a pole at this point.
    """
    numerator, denominator = _pade_pair(coefficients, above, below)
    at = fmpq(epsilon.numerator, epsilon.denominator)
    bottom = denominator(at)
    if bottom == 0:
        raise DomainError.of(
            "pade_approximant()", "a point that is no pole", str(epsilon), "Move epsilon or change the degrees."
        )
    value = numerator(at) / bottom
    return to_fraction(value)


def _pade_pair(coefficients: Sequence[Fraction], above: int, below: int) -> tuple[fmpq_poly, fmpq_poly]:
    length = above + below + 1
    if len(coefficients) < length:
        raise DomainError.of(
            "pade_approximant()", f"{length} coefficients", len(coefficients), "Derive a longer series."
        )
    series = fmpq_poly([fmpq(c.numerator, c.denominator) for c in coefficients[:length]])
    upper, lower = fmpq_poly([0] * length + [1]), series
    before, now = fmpq_poly([0]), fmpq_poly([1])
    while lower.degree() > above:
        quotient, rest = divmod(upper, lower)
        upper, lower = lower, rest
        before, now = now, before - quotient * now
    return lower, now


def borel_pade_sum(coefficients: Sequence[Fraction], half: int, epsilon: Fraction) -> Any:
    """The Borel sum with the Borel transform continued by its ``[half/half]`` Pade approximant.

    ``sum_n c_n epsilon^n = c_0 + epsilon * integral_0^inf exp(-s) B(epsilon s) ds``, ``B(t) = sum_n c_(n+1) t^n / n!``.

    Args:
        coefficients: at least ``2 half + 2`` of them.
        half: degree of numerator and denominator.
        epsilon: where.

    Returns:
        The sum in mpmath at its present precision; the quadrature's error is far below the approximant's.
    """
    transform, factorial = [], 1
    for n, c in enumerate(coefficients[1:]):
        factorial *= max(n, 1)
        transform.append(c / factorial)
    pair = _pade_pair(transform, half, half)
    above, below = ([mpmath.mpf(int(c.p)) / int(c.q) for c in reversed(p.coeffs())] for p in pair)
    eps = mpmath.mpf(epsilon.numerator) / epsilon.denominator

    def inside(s: Any) -> Any:
        return mpmath.exp(-s) * mpmath.polyval(above, eps * s) / mpmath.polyval(below, eps * s)

    first = mpmath.mpf(coefficients[0].numerator) / coefficients[0].denominator
    return first + eps * mpmath.quad(inside, [0, 1, 3, 6, 12, 25, 60])


def quadratic_approximant(coefficients: Sequence[Fraction], degree: int, epsilon: Fraction, near: float) -> Any:
    """Shafer's quadratic approximant: ``P + Q f + R f^2 = 0`` to as many orders as P, Q, R have coefficients.

    Args:
        coefficients: at least ``3 degree + 2`` of them.
        degree: of P, Q and R.
        epsilon: where.
        near: which of the two roots is meant.

    Returns:
        The root, complex past a branch point, in mpmath.

    Raises:
        DomainError: too few coefficients, or the approximant is degenerate.
    """
    length = 3 * degree + 2
    if len(coefficients) < length:
        raise DomainError.of(
            "quadratic_approximant()", f"{length} coefficients", len(coefficients), "Derive a longer series."
        )
    f = fmpq_poly([fmpq(c.numerator, c.denominator) for c in coefficients[:length]])
    square = f.mul_low(f, length)
    columns = [fmpq_poly([1]).left_shift(j) for j in range(degree + 1)]
    columns += [f.left_shift(j) for j in range(degree + 1)]
    columns += [square.left_shift(j) for j in range(1, degree + 1)]
    matrix = fmpq_mat(length, length, [column[i] for i in range(length) for column in columns])
    try:
        solved = matrix.solve(fmpq_mat(length, 1, [-square[i] for i in range(length)]))
    except ZeroDivisionError as error:
        raise DomainError.of(
            "quadratic_approximant()", "an approximant of this degree", degree, "Take another degree."
        ) from error
    entries = [solved[i, 0] for i in range(length)]
    at = fmpq(epsilon.numerator, epsilon.denominator)
    parts = (entries[: degree + 1], entries[degree + 1 : 2 * degree + 2], [fmpq(1), *entries[2 * degree + 2 :]])
    c, b, a = (mpmath.mpf(int(v.p)) / int(v.q) for v in (fmpq_poly(part)(at) for part in parts))
    root = mpmath.sqrt(b * b - 4 * a * c)
    return min(((-b + root) / (2 * a), (-b - root) / (2 * a)), key=lambda v: abs(v - near))


def resum_limit_series(series: LimitSeries, epsilon: object) -> ResummedLimit:
    """Sum the series by Pade, Borel-Pade and quadratic approximants, and keep the steadiest.

    Where the quadratic approximants are complex epsilon lies past a branch point, and only they are used.

    Args:
        series: the limit series, to order 8 or more.
        epsilon: in (0, 1), exact.

    Returns:
        The sum; its error is an estimate.

    Raises:
        DomainError: epsilon is not in (0, 1), or the series is too short.

    Source:
        Baker and Graves-Morris 1996 (Pade, Borel-Pade); Shafer 1974 (quadratic approximants).

    Example:
        >>> series = es.models.main_case().limit_series(16)
        >>> found = es.orbits.resum_limit_series(series, "1/10")
        >>> round(found.value, 6), found.error < found.plain.error
        (1.940088, True)
    """
    eps = check_epsilon(epsilon, "resum_limit_series()")
    c = _fractions(series)
    if len(c) < SHORTEST:
        raise DomainError.of(
            "resum_limit_series()", f"order {SHORTEST - 1} or more", series.order, "Derive a longer series."
        )
    cut = best_truncation(series, eps)
    with mpmath.workdps(DIGITS):
        highest = (len(c) - 2) // 3
        roots = [quadratic_approximant(c, d, eps, cut.value) for d in range(highest, max(highest - 3, 1), -1)]
        reals, imaginary = [v.real for v in roots], abs(mpmath.im(roots[0]))
        shafer = ("quadratic", float(reals[0]), float(max(reals) - min(reals) + imaginary))
        if imaginary > 0:
            return ResummedLimit(shafer[1], shafer[2], shafer[0], cut)
        top = (len(c) - 2) // 2
        sums = [borel_pade_sum(c, h, eps) for h in range(top, max(top - 3, 0), -1)]
        borel = ("Borel-Pade", float(sums[0]), float(max(sums) - min(sums)))
    half = (len(c) - 1) // 2
    degrees = [(half, half), (half - 1, half), (half, half - 1), (half - 1, half - 1)]
    plain = [pade_approximant(c, m, n, eps) for m, n in degrees]
    rational = ("Pade", float(plain[0]), float(max(plain) - min(plain)))
    method, value, error = min((shafer, borel, rational), key=lambda row: row[2])
    return ResummedLimit(value, error, method, cut)
