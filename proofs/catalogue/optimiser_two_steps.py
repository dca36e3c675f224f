"""Claims on two steps of momentum near its edge: rate, relaxation and drift, as functions of beta."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import gmpy2
import sympy as sp

from ...numeric.number_types import bits_for, round_to_mpfr
from ...numeric.orbits.optimiser_orbits import follow_optimiser
from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import to_fraction
from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.optimisers.edge import derive_edge
from ...symbolic.optimisers.optimiser import Optimiser, heavy_ball, nesterov
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import FORMAL, Definition, O, Range, Statement, eq, split_order

beta, epsilon = symbols("beta epsilon")
TWO_Z, TWO_Y = symbols("z'' y''")
a, b, e, scale = (sp.Symbol(name, real=True) for name in ("a", "b", "e", "s"))
UNIT = sp.Interval.Ropen(0, 1)
SCALES = (Fraction(1, 400), Fraction(1, 1600))
FORGETTING = 160
"""Even number of steps after which the memory follows z and y to 24 digits, for beta up to 2/3."""
DIGITS = 60
SLOPE_BOUND = 0.2


@dataclass(frozen=True)
class Momentum:
    """A kind of momentum with what is stated of two steps.

    Attributes:
        name: for the title.
        make: the optimiser from beta.
        rate: of z.
        relaxation: of y.
        drift: of y.
    """

    name: str
    make: Callable[[object], Optimiser]
    rate: sp.Expr
    relaxation: sp.Expr
    drift: sp.Expr


@lru_cache(maxsize=64)
def _two_steps(optimiser: Optimiser, size: Fraction) -> tuple[Any, Any, Any, Any]:
    """``z, y, z'', y''`` on an orbit that has forgotten its start, with z of this size and y, epsilon of its square."""
    edge = to_fraction(sp.Rational(derive_edge(optimiser).curvature))

    def curve(z: Any) -> Any:
        # the two-cycles at epsilon = 0, in closed form
        return edge / (1 - 2 * z / edge)

    start = -size
    path = follow_optimiser(optimiser, size**2, start, Fraction(curve(start)) + size**2, FORGETTING + 2, DIGITS)
    with gmpy2.context(gmpy2.get_context(), precision=bits_for(DIGITS)):
        edge = round_to_mpfr(edge)
        (z, T), (later, T_later) = path[FORGETTING], path[FORGETTING + 2]
        return z, T - curve(z), later, T_later - curve(later)


def _stated(ctx: CheckContext, left: sp.Expr) -> tuple[sp.Expr, int]:
    """Leading part in s, a, b, e and the power of s in the remainder.

    Raises:
        ProofError: the remainder is no power of s.
    """
    leading, monomials = split_order(ctx.statement.equation(left))
    powers = [m.as_base_exp() for m in monomials]
    if len(powers) != 1 or powers[0][0] != scale:
        raise ProofError.of("the statement", "one remainder O(s^k)", left, "The check needs its order.")
    return leading, int(powers[0][1])


def _slopes(momentum: Momentum, ctx: CheckContext) -> Outcome:
    """What is left of two steps beside the stated terms falls by the stated power of the scale."""
    ctx.statement.within(beta, UNIT)
    for variable in (a, b, e, scale):
        ctx.statement.within(variable, FORMAL)
    names = [ctx.statement.defined(v) for v in symbols("z y epsilon")]
    if names != [scale * a, scale**2 * b, scale**2 * e]:
        raise ProofError.of(
            "the statement", "z = s a, y = s^2 b, epsilon = s^2 e", names, "Other scales: another check."
        )
    span = ctx.statement.interval(beta)
    count = ctx.pick(1, 2, 2)
    values = [span.start + (span.end - span.start) * sp.Rational(n, count + 1) for n in range(1, count + 1)]
    worst = 0.0
    for value in values:
        misses: list[list[Any]] = [[], []]
        for size in SCALES:
            z, y, later, y_later = _two_steps(momentum.make(value), size)
            with gmpy2.context(gmpy2.get_context(), precision=bits_for(DIGITS)):
                at = {beta: value, a: _exact(z) / size, b: _exact(y) / size**2, e: 1, scale: size}
                for found, left, change in zip(misses, (TWO_Z - Z, TWO_Y - Y), (later - z, y_later - y), strict=True):
                    leading, _ = _stated(ctx, left)
                    predicted = leading.subs({s: sp.Rational(v) for s, v in at.items()})
                    found.append(abs(_exact(change) - to_fraction(sp.Rational(predicted))))
        for found, left in zip(misses, (TWO_Z - Z, TWO_Y - Y), strict=True):
            slope = sp.log(sp.Rational(found[0] / found[1]), 2).evalf(15) / 2
            worst = max(worst, abs(float(slope) - _stated(ctx, left)[1]))
    return judge(
        2 * len(values),
        int(worst > SLOPE_BOUND),
        worst=round(worst, 4),
        bound=SLOPE_BOUND,
        figure="largest distance of an error slope from the stated order",
        digits=DIGITS,
        domain=f"beta = {', '.join(map(str, values))}; s = {', '.join(map(str, SCALES))}; memory forgotten",
    )


def _exact(value: Any) -> Fraction:
    return Fraction(*map(int, value.as_integer_ratio()))


Z, Y = symbol("z"), symbol("y")
_RATE = 1 / (1 - beta)
KINDS = {
    "heavy-ball": Momentum("heavy ball", heavy_ball, 2 * _RATE, 8 * _RATE / (1 + beta), 4 * _RATE),
    "nesterov": Momentum(
        "Nesterov's momentum",
        nesterov,
        2 * (1 + 2 * beta) ** 2 / (1 + 3 * beta),
        8 * (1 + 2 * beta) ** 3 / ((1 + beta) * (1 + 3 * beta)),
        4 * _RATE,
    ),
}


def _claim(key: str, kind: Momentum) -> Claim:
    return Claim(
        id=f"{key}-two-step",
        title=f"Two steps of {kind.name} near its edge, to leading weight",
        statement=Statement(
            conclusion=(
                eq(TWO_Z - Z, kind.rate * scale**3 * a * b + O(scale**4)),
                eq(TWO_Y - Y, -(kind.relaxation * b + kind.drift * e) * scale**4 * a**2 + O(scale**5)),
            ),
            over=(Range(beta, UNIT), *(Range(v, FORMAL) for v in (a, b, e, scale))),
            where=(
                Definition(a, "z over s"),
                Definition(b, "y over s^2"),
                Definition(e, "epsilon over s^2"),
                Definition(scale, "the scale of z"),
                Definition(Z, "the residual at the query point, eigenvalues 1 and -epsilon, target 0", scale * a),
                Definition(
                    Y, "T at the query point less its value on the two-cycles at epsilon = 0, of this z", scale**2 * b
                ),
                Definition(epsilon, "minus the smaller eigenvalue", scale**2 * e),
                Definition(
                    TWO_Z,
                    "z after two steps on the centre manifold over (z, y, epsilon): memory has forgotten its start",
                ),
                Definition(TWO_Y, "y after these two steps"),
            ),
        ),
        source=Source("edgestab", "edgestab.optimisers.derive_two_step"),
        uses=(),
        checks=(Check("orbits that have forgotten their memory, error slopes", Level.CHECKED, partial(_slopes, kind)),),
        note="At beta = 0 these are the leading terms of gradient descent, 2, 8 and 4.",
    )


CLAIMS = tuple(_claim(key, kind) for key, kind in KINDS.items())
