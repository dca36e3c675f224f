"""Enclosures: an orbit in Arb balls that contain the exact state at every step.

The ball is carried as a midpoint and two radii, in a coordinate that is constant to first order along the map
(:mod:`symbolic.edge_line`), and moved by the mean value form: the map at the midpoint, the Jacobian over the ball.
Plain ball arithmetic counts z in ``z - z T`` twice and triples the radius at every step, half a digit each; here a
whole orbit costs a few digits (measured from z = -0.3: 3.5 in 1308 steps at epsilon = 1/20, 6.5 in 14308 at 1/200).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import flint
import sympy as sp
from flint import arb, fmpq

from ....symbolic.algebra.rings import PolyRing, poly_terms, to_fraction
from ....symbolic.models.quadratic import main_case
from ....symbolic.planar.maps import PolynomialMap
from ...number_types import bits_for
from ...runs.status import CODES, Status
from ..starts import OrbitProblem

#: Bits for radii and Jacobians.
LOW = 64
#: Give up on a precision when a radius is beyond this.
USELESS = Fraction(1, 100)
MOST_BITS = 400_000


@dataclass(frozen=True)
class Enclosure:
    """Balls around the exact end of an orbit.

    Attributes:
        status: how it ended; certain.
        steps: gradient steps taken; certain.
        z: ball around z.
        T: ball around T.
        bits: precision that decided it.
    """

    status: Status
    steps: int
    z: arb
    T: arb
    bits: int


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Arb's working precision inside the block.

    Args:
        bits: of midpoints.

    Yields:
        Nothing.
    """
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


@cache
def steady_map(source: PolynomialMap) -> tuple[PolynomialMap, sp.Expr]:
    """The map in ``(z, v)`` with ``v = T + tilt z``, and the tilt.

    Args:
        source: the map in ``(z, T)``, with any target.

    Returns:
        The equal map; its second component moves by O(z^2) when the target is 0.
    """
    tilt = main_case().edge_coordinates().tilt
    z, T = source.variables
    ring = PolyRing((z, T, *source.parameters))
    images = [ring.from_expr(e) for e in (z, T - tilt * z, *source.parameters)]
    next_z, next_T = (p.compose(*images, ctx=ring.context) for p in source.polynomials)
    next_v = next_T + ring.from_expr(tilt) * next_z
    return PolynomialMap.from_polynomials((z, T), (next_z, next_v), source.parameters, source.name), tilt


def _nested(poly: dict[tuple[int, int], Fraction]) -> Callable[[arb, arb], arb]:
    """A polynomial in two variables as nested Horner forms on balls, its coefficients exact rationals."""
    rows: dict[int, dict[int, fmpq]] = {}
    for (i, j), c in poly.items():
        rows.setdefault(i, {})[j] = fmpq(c.numerator, c.denominator)
    dense = [
        [rows.get(i, {}).get(j, fmpq(0)) for j in range(max(rows.get(i, {0: 0})) + 1)] for i in range(max(rows) + 1)
    ]

    def evaluate(x: arb, y: arb) -> arb:
        total = arb(0)
        for row in reversed(dense):
            inner = arb(0)
            for c in reversed(row):
                inner = inner * y + c
            total = total * x + inner
        return total

    return evaluate


def _functions(source: PolynomialMap, fixed: Sequence[Fraction]) -> tuple[list[Any], list[list[Any]], Fraction]:
    """The steady map at exact parameters: its components, its Jacobian, its tilt."""
    steady, tilt = steady_map(source)
    values = {p: sp.Rational(q) for p, q in zip(source.parameters, fixed, strict=True)}
    ring = PolyRing(steady.variables)
    components = [ring.from_expr(sp.expand(c.subs(values))) for c in steady.components]

    def terms(poly: Any) -> dict[tuple[int, int], Fraction]:
        found = {(e[0], e[1]): to_fraction(c) for e, c in poly_terms(poly).items()}
        return found or {(0, 0): Fraction(0)}

    jacobian = [[_nested(terms(p.derivative(i))) for i in range(2)] for p in components]
    at = sp.Rational(tilt.subs(values))
    return [_nested(terms(p)) for p in components], jacobian, to_fraction(at)


def enclose(problem: OrbitProblem, digits: int) -> Enclosure | None:
    """Enclose the end of an orbit, in balls narrow enough for a number of digits.

    Args:
        problem: the orbit, in ``(z, T)``.
        digits: decimal digits of T that the ball must fix.

    Returns:
        The enclosure; None when :data:`MOST_BITS` do not decide where the orbit stops.
    """
    bits = bits_for(digits, LOW)
    functions = _functions(problem.one_step, problem.parameters)
    while bits <= MOST_BITS:
        with precision(bits):
            found = _run(functions, problem, bits)
            if found is not None:
                held = ball_digits(found.T)
                # a T that is exactly 0 has no leading digit to find
                vanishing = found.T.contains(0) and found.T.rad() < _ball(Fraction(1, 10 ** (digits + 8)))
                if found.status is Status.DIVERGED or held >= digits or vanishing:
                    return found
                bits += bits_for(digits - held, 16)
                continue
        bits *= 2
    return None


def _run(functions: tuple[list[Any], list[list[Any]], Fraction], problem: OrbitProblem, bits: int) -> Enclosure | None:
    move, jacobian, tilt = functions
    small, large = _ball(problem.until), arb(problem.ceiling)
    ratio = _ball(tilt)
    start = problem.start
    first = (_ball(start[0]), _ball(start[1] + tilt * start[0]))
    z, v = first[0].mid(), first[1].mid()
    rz, rv = first[0].rad(), first[1].rad()
    useless = float(USELESS)
    for taken in range(problem.steps + 1):
        size = abs(z) + arb(0, rz)
        status = 0 if size < small else 1 if size > large else 2 if taken == problem.steps else -1
        sure = (size >= small or status == 0) and (size <= large or status == 1)
        if not sure:
            return None
        if status >= 0:
            whole = (z + arb(0, rz), v + arb(0, rv))
            return Enclosure(CODES[status], taken, whole[0], whole[1] - ratio * whole[0], bits)
        flint.ctx.prec = LOW
        x, y = z + arb(0, rz), v + arb(0, rv)
        spread = [[abs(d(x, y)) for d in row] for row in jacobian]
        flint.ctx.prec = bits
        image = [f(z, v) for f in move]
        flint.ctx.prec = LOW
        rz, rv = ((row[0] * rz + row[1] * rv + part.rad()).abs_upper() for row, part in zip(spread, image, strict=True))
        flint.ctx.prec = bits
        z, v = image[0].mid(), image[1].mid()
        if not (rz < useless and rv < useless):
            return None
    return None


def _ball(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))


def ball_digits(ball: arb) -> int:
    """Decimal digits that a ball fixes: those of its midpoint that its radius leaves alone."""
    if ball.rad() == 0:
        return 10**6
    if not abs(ball) > 0:
        return 0
    with precision(LOW):
        logarithm = (ball.rad() / abs(ball)).log() / arb(10).log()
        return max(0, int((-logarithm).lower().floor().unique_fmpz() or 0))


def ball_parts(ball: arb, digits: int) -> dict[str, str]:
    """A ball as decimal midpoint and radius, the radius widened by what rounding the midpoint moved it.

    Args:
        ball: a ball.
        digits: decimal digits of the midpoint, at least.

    Returns:
        ``mid`` and ``radius``; the exact value lies within ``radius`` of ``mid``.
    """
    with precision(bits_for(digits, 2 * LOW)):
        mid = ball.mid().str(digits + 1, radius=False)
        distance = (abs(ball.mid() - arb(mid)) + ball.rad()).abs_upper()
        # one unit more in the last digit shown covers the rounding of the radius itself
        return {"mid": mid, "radius": (distance * arb("1.1")).mid().str(3, radius=False)}
