"""Five operations a step, and how few there can be."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from ...numeric.codegen.coefficient_ring import CoefficientRing
from ...numeric.codegen.factored import factored_program, residual_factors
from ...numeric.codegen.rational_scheduling import Quotient, quotients, substitute
from ...numeric.codegen.shortest.least import (
    SHORT,
    THREE_PRODUCTS,
    Settled,
    preimages,
    products,
    settle_shapes,
    three_products_suffice,
)
from ...symbolic.algebra.symbols import symbols
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import REALS, Named, Range, Statement, eq

z, T, epsilon = symbols("z T epsilon")
STEPPED = symbols("z' T'")
FACTORS = symbols("z_1 z_2")
OUTPUTS = tuple(sp.Function(f"{f.name}_out")(*FACTORS, epsilon) for f in FACTORS)
OPERATIONS, LEAST = sp.symbols("N_factored N_step")
PREIMAGES, PRODUCTS = (sp.Function(name)(epsilon) for name in ("B_step", "M_step"))
INSIDE = sp.Interval.open(0, 1)
TRANSCENDENTAL = Named("the transcendental numbers", r"\text{the transcendental numbers}")
SAMPLE = {"quick": 5000, "default": 900}
"""Of what can stand before the last operation, one in so many is looked at below effort thorough."""


def _state(first: sp.Expr, second: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Z and T of the factors, as the statement is to say it."""
    ratio = (1 + epsilon) / (1 - epsilon)
    return 2 * first * second / (1 - epsilon), second**2 + 2 * first * second + ratio**2 * first**2


RING = CoefficientRing((*FACTORS, epsilon), ())
RATIONAL = quotients(RING)


def _program(context: CheckContext) -> Outcome:
    """Both sides as rational functions of the factors; the hypotheses and right sides are those of the statement."""
    for variable in (z, T, *FACTORS):
        context.statement.within(variable, REALS)
    context.statement.within(epsilon, INSIDE)
    given = {s: Quotient(RING.generator(s), RING.one) for s in (*FACTORS, epsilon)}
    start = {**given, **{v: substitute(context.statement.value(v), given) for v in (z, T)}}
    program = factored_program()
    made = program.evaluate([given[f] for f in FACTORS], [given[epsilon]], 1, RATIONAL)
    after = {**given, **dict(zip(OUTPUTS, made, strict=True))}
    pairs = zip(STEPPED, context.map.components, strict=True)
    wrong = [
        n.name for n, image in pairs if substitute(context.statement.equation(n), after) != substitute(image, start)
    ]
    if context.statement.equation(OPERATIONS) != program.count.total or program.count.div:
        wrong.append(OPERATIONS.name)
    return judge(
        3,
        len(wrong),
        worst=len(wrong),
        bound=0,
        figure="parts that differ",
        counterexample=", ".join(wrong) or None,
        domain="all factors and epsilon",
        detail=str(program.count),
    )


def _products(context: CheckContext) -> Outcome:
    """Preimages counted by a resultant; m products give at most 2^m."""
    context.statement.within(epsilon, INSIDE)
    count, guard = preimages()
    roots = [r for r in sp.Poly(guard, epsilon).real_roots() if r in INSIDE]
    stated = context.statement.equation(PREIMAGES)
    least = next(m for m in range(10) if 2**m >= count)
    enough = three_products_suffice(residual_factors()[0]) and products(THREE_PRODUCTS, {"z_1", "z_2"})
    wrong = (stated != count) + (context.statement.equation(PRODUCTS) != least) + (enough != least)
    return judge(
        3,
        int(wrong),
        len(roots),
        worst=count,
        bound=str(stated),
        figure="preimages of most weights",
        domain="every epsilon in (0, 1); coordinates in which z and T are algebraic functions of the state",
        detail=f"2^{least - 1} < {count} <= 2^{least}; a program with {enough} products is the step, by exact algebra",
    )


@lru_cache(maxsize=4)
def _settled(every: int, offset: int) -> Settled:
    return settle_shapes(SHORT, every, offset)


def _shapes(context: CheckContext) -> Outcome:
    """Shapes of at most four operations, each excluded for all signs and constants or left open."""
    context.statement.within(epsilon, TRANSCENDENTAL)
    every = 1 if context.effort == "thorough" else SAMPLE[context.effort]
    found = _settled(every, context.seed)
    stated, enough = context.statement.equation(LEAST), factored_program().count.total
    what = "all shapes" if every == 1 else f"one beginning of shapes in {every}"
    return judge(
        found.tested,
        int(stated != enough),
        len(found.open) + (not found.tested),
        worst=len(found.open),
        bound=0,
        figure="shapes of at most four operations that stay open",
        domain=f"{what} with three products or more; fewer are excluded by the preimages",
        counterexample=str(found.open[0]) if found.open else None,
        detail="; ".join(f"{reason}: {count}" for reason, count in found.reasons.most_common()),
        level=Level.DERIVED if every == 1 else Level.CHECKED,
    )


CLAIMS = (
    Claim(
        id="factored-program",
        title="Five operations a step, the residual kept as a product",
        statement=Statement(
            given=tuple(eq(v, value) for v, value in zip((z, T), _state(*FACTORS), strict=True)),
            conclusion=(
                *(eq(name, value) for name, value in zip(STEPPED, _state(*OUTPUTS), strict=True)),
                eq(OPERATIONS, 5),
            ),
            over=(*(Range(v, REALS) for v in (z, T, *FACTORS)), Range(epsilon, INSIDE)),
        ),
        source=Source("edgestab", "edgestab.codegen.factored_program"),
        checks=(Check("exact algebra against the map", Level.DERIVED, _program),),
        note="States with real weights, T >= 2 z and T >= -2 epsilon z, have such factors; they are the weights, "
        "turned so that z is a product.",
    ),
    Claim(
        id="three-products",
        title="Three products a step are needed, and enough",
        statement=Statement(
            conclusion=(eq(PREIMAGES, 5), eq(PRODUCTS, 3)),
            over=(Range(epsilon, INSIDE),),
        ),
        source=Source("edgestab", "edgestab.codegen.factored_program"),
        checks=(Check("preimages by a resultant", Level.DERIVED, _products),),
        note="The number of preimages is the same in all algebraic coordinates, and by Bezout m products or quotients "
        "give at most 2^m.",
    ),
    Claim(
        id="five-operations-least",
        title="No program of four operations, in polynomial coordinates of the weights",
        statement=Statement(conclusion=(eq(LEAST, 5),), over=(Range(epsilon, TRANSCENDENTAL),)),
        source=Source("edgestab", "edgestab.codegen.factored_program"),
        uses=("factored-program", "three-products"),
        checks=(Check("shapes of at most four operations, excluded one by one", Level.CHECKED, _shapes),),
        note="Below effort thorough a sample of the shapes is looked at; at effort thorough all, 3 million, in "
        "exact algebra. The argument that turns growth into affine coordinates is in docs/five-operations.md.",
    ),
)
