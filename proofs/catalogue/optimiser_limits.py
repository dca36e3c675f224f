"""Claims on the sharpness at convergence under momentum and SAM: the limit series of the main case, in closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial

import gmpy2
import sympy as sp

from ...numeric.number_types import bits_for, round_to_mpfr
from ...numeric.orbits.optimiser_orbits import iterate_optimiser
from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import to_fraction, to_rational
from ...symbolic.algebra.symbols import symbol
from ...symbolic.optimisers.optimiser import Optimiser, averaged_gradient, heavy_ball, nesterov, sam
from ...symbolic.optimisers.slow_manifold import manifold_rows
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import FORMAL, Definition, O, R, Range, Statement, eq
from .limit_series import stated_order, stated_series

beta, rho, h, epsilon = (symbol(n) for n in ("beta", "rho", "h", "epsilon"))
DIGITS = 24
LARGEST = Fraction(1, 64)
"""The larger of two epsilons; momentum needs it small against ``(1 - beta)^2``, the distance of the series' pole."""
SEEN = "the epsilons near beta = 1: with 1/384 at beta = 4/5 the slope was still off by more than the bound"
SLOPE_BOUND = 0.25


@dataclass(frozen=True)
class Family:
    """One optimiser with a free number.

    Attributes:
        name: for titles.
        make: the optimiser from its parameter.
        free: the number that the series is a function of.
        largest: where the series is known to hold.
        parameter: what :attr:`make` takes, in the statement.
        coefficients: of powers of epsilon, as stated.
    """

    name: str
    make: Callable[[object], Optimiser]
    free: sp.Symbol
    largest: sp.Interval
    parameter: sp.Symbol
    coefficients: tuple[sp.Expr, ...]

    @property
    def left(self) -> sp.Expr:
        """The limit as the statement names it."""
        return sp.Function("T_inf")(self.parameter, epsilon)

    def at(self, ctx: CheckContext, value: sp.Rational) -> Optimiser:
        """The optimiser at a value of the free number, its parameter read from the statement."""
        return self.make(ctx.statement.unfolded(self.parameter).subs(self.free, value))

    def largest_epsilon(self, value: sp.Rational) -> Fraction:
        """The larger of the two epsilons whose errors are compared."""
        return min(LARGEST, (1 - to_fraction(value)) ** 2 / 32) if self.free == beta else LARGEST

    def values(self, ctx: CheckContext, count: int) -> list[sp.Rational]:
        """Rational values inside the stated range, and its closed ends."""
        span = ctx.statement.interval(self.free)
        ctx.statement.within(self.free, self.largest)
        ctx.statement.within(epsilon, FORMAL)
        inside = [span.start + (span.end - span.start) * sp.Rational(n, count + 1) for n in range(1, count + 1)]
        ends = [e for e, is_open in ((span.start, span.left_open), (span.end, span.right_open)) if not is_open]
        return [*inside, *ends]


@lru_cache(maxsize=256)
def _exact(optimiser: Optimiser, order: int) -> tuple[sp.Rational, ...]:
    return tuple(to_rational(row[0]) for row in manifold_rows(optimiser, order).unknown[0])


@lru_cache(maxsize=64)
def _end(optimiser: Optimiser, at: Fraction) -> Fraction:
    """Where steps of the weights end.

    Raises:
        ProofError: they do not converge.
    """
    orbit = iterate_optimiser(optimiser, at, digits=DIGITS)
    if orbit.T is None:
        raise ProofError.of("iteration", "an orbit that converges", orbit.status.value, "The claim is of such orbits.")
    return Fraction(*map(int, orbit.T.as_integer_ratio()))


def _manifold(family: Family, ctx: CheckContext) -> Outcome:
    """The stated coefficients at rational values, against the invariant curve solved with these numbers."""
    stated = stated_series(ctx.statement.equation(family.left))
    values = family.values(ctx, ctx.pick(2, 12, 40))
    rejected = 0
    for value in values:
        found = _exact(family.at(ctx, value), len(family.coefficients))
        rejected += any(c.subs(family.free, value) != f for c, f in zip(stated, found, strict=False))
    return judge(
        len(values) * len(stated),
        rejected,
        worst=rejected,
        bound=0,
        figure="values at which a coefficient differs",
        domain=f"{len(values)} rational values of {family.free}, exactly",
    )


def _iterated(family: Family, ctx: CheckContext) -> Outcome:
    """Steps of the weights in MPFR: the error of the stated series falls by the power of its remainder."""
    right = ctx.statement.equation(family.left)
    stated, (_, order) = stated_series(right), stated_order(right)
    count = ctx.pick(1, 1, 4)
    values = family.values(ctx, count)[:count]
    tops = [family.largest_epsilon(v) for v in values]
    worst = 0.0
    with gmpy2.context(gmpy2.get_context(), precision=bits_for(DIGITS + 8)):
        for value, largest in zip(values, tops, strict=True):
            misses = []
            for eps in (largest, largest / 2):
                series = (to_fraction(c.subs(family.free, value)) * eps**n for n, c in enumerate(stated))
                miss = abs(_end(family.at(ctx, value), eps) - sum(series, Fraction(0)))
                misses.append(round_to_mpfr(miss))
            worst = max(worst, abs(float(gmpy2.log2(misses[0] / misses[1])) - float(order)))
    return judge(
        len(values),
        int(worst > SLOPE_BOUND),
        worst=round(worst, 4),
        bound=SLOPE_BOUND,
        figure="largest distance of an error slope from the stated order",
        digits=DIGITS,
        domain=f"{family.free} = {', '.join(map(str, values))}; epsilon from {', '.join(map(str, tops))}, and halves",
    )


UNIT, UP_TO_TWO = sp.Interval.Ropen(0, 1), sp.Interval.Lopen(0, 2)
RATIO = (1 + beta) / (1 - beta)
MOMENTUM = (2, -R(1, 2), -(27 - 38 * beta + 27 * beta**2) / (32 * (1 - beta) ** 2))
AVERAGED = tuple(RATIO * c for c in MOMENTUM)
NESTEROV_2 = 27 + 135 * beta + 97 * beta**2 - 223 * beta**3 - 24 * beta**4 + 372 * beta**5
LOOK = 1 + 2 * beta
NESTEROV = (2 / LOOK, -(1 + 3 * beta) / (2 * (1 - beta) * LOOK**3), -NESTEROV_2 / (32 * (1 - beta) ** 3 * LOOK**5))
SAM = (h, -16 * h**2 / (128 + 72 * h - 4 * h**2 - 34 * h**3 + 9 * h**4))
FAMILIES = {
    "heavy-ball": Family("heavy ball", heavy_ball, beta, UNIT, beta, tuple((1 + beta) * c for c in MOMENTUM)),
    "nesterov": Family("Nesterov's momentum", nesterov, beta, UNIT, beta, tuple((1 + beta) * c for c in NESTEROV)),
    "averaged-gradient": Family(
        "descent on a running mean of gradients",
        averaged_gradient,
        beta,
        UNIT,
        beta,
        tuple(RATIO * c for c in MOMENTUM),
    ),
    "sam": Family("SAM without normalisation", sam, h, UP_TO_TWO, rho, SAM),
}
NOTES = {
    "heavy-ball": "Edge and first correction grow by 1 + beta; the second has a pole of order 2 at beta = 1.",
    "nesterov": "At beta = 0 this is gradient descent.",
    "averaged-gradient": "Heavy ball with its step size divided by 1 - beta. With a frozen preconditioner folded into "
    "the curvature it is Adam at its edge: 38 at beta = 9/10.",
    "sam": "h is the edge of SAM, h (1 + rho h) = 2, so that rho = 0 at h = 2.",
}


def _claim(key: str, family: Family) -> Claim:
    order = len(family.coefficients)
    series = sp.Add(*(c * epsilon**n for n, c in enumerate(family.coefficients)))
    curve = (
        "T at z = 0 on the one formal curve over z = eta f(y), in powers of z and epsilon, that a step of "
        f"{family.name} keeps for eigenvalues 1 and -epsilon and target 0: the curvature T at the query point y, and "
        "each weight's memory over its query; at epsilon = 0 it consists of the two-cycles through the edge; relaxed "
        "orbits end there"
    )
    where = [Definition(family.left, curve)]
    if family.parameter != family.free:
        where.append(Definition(family.parameter, "the ascent radius over the step size", (2 - h) / h**2))
        where.append(Definition(h, "the edge of stability times the step size"))
    return Claim(
        id=f"{key}-limit",
        title=f"The sharpness at convergence under {family.name}, as a series in epsilon",
        statement=Statement(
            conclusion=(eq(family.left, series + O(epsilon**order)),),
            over=(Range(family.free, family.largest), Range(epsilon, FORMAL)),
            where=tuple(where[:2]),
        ),
        source=Source("edgestab", "edgestab.optimisers.derive_limit"),
        uses=(),
        checks=(
            Check("the invariant curve solved with rational numbers", Level.CHECKED, partial(_manifold, family)),
            Check("steps of the weights, error slopes", Level.CHECKED, partial(_iterated, family), hindsight=SEEN),
        ),
        note=NOTES[key],
    )


CLAIMS = tuple(_claim(key, family) for key, family in FAMILIES.items())
