"""Claims on the series engine: what a truncated recurrence has dropped is exactly what it says."""

from __future__ import annotations

import sympy as sp

from ...symbolic.algebra.rings import Exponents, PolyRing, poly_terms
from ...symbolic.algebra.symbols import symbol
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge

z, T, y, epsilon = (symbol(n) for n in ("z", "T", "y", "epsilon"))


def _exact_increments(ctx: CheckContext, order: int) -> tuple[dict[Exponents, object], dict[Exponents, object]]:
    """Both increments as whole polynomials, by exact composition: nothing is cut on the way."""
    one_step = ctx.map
    ring = PolyRing((z, y, epsilon))
    here = [ring.generator(s) for s in (z, y, epsilon)]
    curve = ctx.map.nullcline(order).series.polynomial()
    start = curve.compose(here[0], here[2], ctx=ring.context) + here[1]
    now = [here[0], start]
    for _ in range(2):
        now = [p.compose(*now, here[2], ctx=ring.context) for p in one_step.polynomials]
    moved = now[1] - curve.compose(now[0], here[2], ctx=ring.context) - here[1]
    return dict(poly_terms(now[0] - here[0])), dict(poly_terms(moved))


def _remainder(ctx: CheckContext) -> Outcome:
    """Exact increments, with the monomials of the stated remainder taken out, against the truncated recurrence."""
    order = ctx.pick(2, 3, 5)
    exact = _exact_increments(ctx, order)
    tested = rejected = 0
    for weights in ((0, 0), (2, 2), (1, 0)):
        recurrence = ctx.map.two_step(order, weights)
        for series, whole in zip(recurrence.increments, exact, strict=True):
            dropped = series.dropped()
            kept = series.terms()
            tested += len(whole)
            rejected += sum(kept.get(e, 0) != (0 if e in dropped else c) for e, c in whole.items())
            rejected += sum(e not in whole for e in kept)
    return judge(
        tested,
        rejected,
        worst=rejected,
        bound=0,
        domain=f"order {order}; weights of (z, y, epsilon): (1, 0, 0), (1, 2, 2), (1, 1, 0)",
        detail="every monomial of the exact increments is either kept unchanged or in the stated remainder",
    )


CLAIMS = (
    Claim(
        id="series-remainder",
        title="A truncated recurrence has dropped exactly what it says",
        statement=sp.Eq(sp.Symbol("exact"), sp.Symbol("kept") + sp.Symbol("dropped")),
        variables=(z, y, epsilon),
        source=Source("edgestab", "series engine"),
        uses=("one-step-map",),
        domain="two-step increments in (z, y) under three gradings",
        checks=(Check("against exact composition without any truncation", Level.DERIVED, _remainder),),
        note="`series.dropped()` is the ideal of its minimal dropped monomials.",
    ),
)
