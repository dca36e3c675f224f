"""Claims on the one-step map, the nullcline and the printed two-step recurrences."""

from __future__ import annotations

import sympy as sp

from ...symbolic.rings import PolyRing
from ...symbolic.symbols import symbol
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge

z, T, y, epsilon = (symbol(n) for n in ("z", "T", "y", "epsilon"))


def _one_step_is_gradient_step(ctx: CheckContext) -> Outcome:
    """State of the stepped theta against the closed map of the state, coefficient by coefficient in theta."""
    model, closed, step = ctx.derivations.model, ctx.derivations.one_step(), ctx.derivations.theta_step()
    ring = PolyRing((*model.theta, *model.parameters))
    fixed = [ring.generator(p) for p in model.parameters]
    inside = [ring.from_expr(e) for e in model.embedding()]
    stepped = [*(ring.from_expr(c) for c in step.components), *fixed]
    tested = rejected = 0
    for embedded, image in zip(inside, closed.polynomials, strict=True):
        left = embedded.compose(*stepped, ctx=ring.context).to_dict()
        right = image.compose(*inside, *fixed, ctx=ring.context).to_dict()
        monomials = left.keys() | right.keys()
        tested += len(monomials)
        rejected += sum(left.get(m, 0) != right.get(m, 0) for m in monomials)
    return judge(tested, rejected, worst=rejected, bound=0, domain="all theta in R^2, all epsilon")


_FIRST = sp.Eq(sp.Symbol("z'"), z - z * T + z**2 * ((1 - epsilon) * T + 2 * epsilon * z) / 2)

CLAIMS = (
    Claim(
        id="one-step-map",
        title="Gradient descent closes in (z, T)",
        statement=_FIRST,
        variables=(z, T, epsilon),
        source=Source("agarwala2023", "Analysis, insight 1: recurrence for the output"),
        domain="all theta in R^2, all step sizes, all epsilon; eigenvalues {1, -epsilon}, E = 0",
        checks=(Check("both sides as polynomials in theta", Level.DERIVED, _one_step_is_gradient_step),),
    ),
)
