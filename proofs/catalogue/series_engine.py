"""Claims on the series engine: what a truncated recurrence has dropped is exactly what it says."""

from __future__ import annotations

import sympy as sp
from flint import fmpq

from ...symbolic.algebra.rings import Exponents, PolyRing, poly_terms, to_rational
from ...symbolic.algebra.symbols import symbol
from ...symbolic.planar.planar_map import PlanarMap
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import NATURALS, Definition, Named, Range, Statement, eq
from ..subject import measured

z, y, epsilon = (symbol(n) for n in ("z", "y", "epsilon"))
m, N = sp.Symbol("m"), sp.Symbol("N", integer=True)
W_Y, W_EPSILON = sp.Symbol("w_y", integer=True), sp.Symbol("w_epsilon", integer=True)
EXACT, KEPT, DROPPED = (sp.Function(name)(m, N, W_Y, W_EPSILON) for name in ("exact", "kept", "dropped"))
MONOMIALS = Named("the monomials in z, y and epsilon", r"\text{the monomials in } z, y, \epsilon")
WEIGHTED = ((0, 0), (2, 2), (1, 0))
"""What y and epsilon count in the degree, z counting 1."""


@measured
def _exact_increments(one_step: PlanarMap, order: int) -> tuple[dict[Exponents, fmpq], dict[Exponents, fmpq]]:
    """Both increments as whole polynomials, by exact composition: nothing is cut on the way."""
    ring = PolyRing((z, y, epsilon))
    here = [ring.generator(s) for s in (z, y, epsilon)]
    curve = one_step.nullcline(order).series.polynomial()
    start = curve.compose(here[0], here[2], ctx=ring.context) + here[1]
    now = [here[0], start]
    for _ in range(2):
        now = [p.compose(*now, here[2], ctx=ring.context) for p in one_step.polynomials]
    moved = now[1] - curve.compose(now[0], here[2], ctx=ring.context) - here[1]
    return dict(poly_terms(now[0] - here[0])), dict(poly_terms(moved))


def _remainder(ctx: CheckContext) -> Outcome:
    """The statement at every monomial of the exact increments and of the truncated ones."""
    ctx.statement.within(m, MONOMIALS)
    orders = [n for n in ctx.pick((1, 2), (1, 2, 3), (1, 3, 5)) if n in ctx.statement.domain(N)]
    weights = [
        pair
        for pair in WEIGHTED
        if all(w in ctx.statement.domain(v) for v, w in zip((W_Y, W_EPSILON), pair, strict=True))
    ]
    tested = rejected = 0
    held: dict[tuple[fmpq, fmpq, bool], bool] = {}
    for order in orders:
        exact = _exact_increments(ctx.map, order)
        for pair in weights:
            recurrence = ctx.map.two_step(order, pair)
            for series, whole in zip(recurrence.increments, exact, strict=True):
                dropped, kept = series.dropped(), series.terms()
                for e in whole.keys() | kept.keys():
                    true, left = whole.get(e, fmpq(0)), kept.get(e, fmpq(0))
                    key = (true, left, e in dropped)
                    if key not in held:
                        values = {EXACT: to_rational(true), KEPT: to_rational(left)}
                        held[key] = ctx.statement.holds({**values, DROPPED: to_rational(true) if key[2] else 0})
                    tested, rejected = tested + 1, rejected + (not held[key])
    return judge(
        tested,
        rejected,
        worst=rejected,
        bound=0,
        figure="monomials neither kept unchanged nor in the stated remainder",
        domain=f"orders {', '.join(map(str, orders))}; weights of (y, epsilon): {', '.join(map(str, weights))}",
    )


CLAIMS = (
    Claim(
        id="series-remainder",
        title="A truncated recurrence has dropped exactly what it says",
        statement=Statement(
            conclusion=(eq(EXACT, KEPT + DROPPED), eq(KEPT * DROPPED, 0)),
            over=(
                Range(m, MONOMIALS),
                Range(N, NATURALS),
                Range(W_Y, sp.S.Naturals0),
                Range(W_EPSILON, sp.S.Naturals0),
            ),
            where=(
                Definition(m, "a monomial, of either increment of the two-step recurrence"),
                Definition(N, "the order to which the recurrence is kept"),
                Definition(W_Y, "what y counts in the order, z counting 1"),
                Definition(W_EPSILON, "what epsilon counts in the order"),
            ),
        ),
        source=Source("edgestab", "edgestab.planar.Recurrence"),
        uses=("one-step-map",),
        checks=(Check("against exact composition without any truncation", Level.CHECKED, _remainder),),
        note="`series.dropped()` is the ideal of its minimal dropped monomials.",
    ),
)
