"""Claims on optimisers: closed exact maps, what they are at parameter 0, edges, and where the filter formula fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.rings import PolyRing
from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.models.quadratic import QuadraticModel
from ...symbolic.optimisers.optimiser import (
    NAMED,
    Optimiser,
    heavy_ball,
    nesterov,
    sam,
    weight_decay,
)
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import INTEGERS, REALS, Definition, Named, Range, Reading, Statement, eq
from .stated_maps import differences

z, T, epsilon, beta, rho, gamma = symbols("z T epsilon beta rho gamma")
DIFFER = "monomials that differ"
_k = sp.Symbol("k", integer=True)
M, P, V, NEXT_M, NEXT_P, NEXT_V = (sp.Function(name) for name in ("M_0", "M_1", "M_2", "M_0'", "M_1'", "M_2'"))
LOOK, LIFTED = sp.Symbol("z_y", real=True), sp.Symbol("z_+", real=True)
SEEN = sp.Function("Y")(_k)


@dataclass(frozen=True)
class Rule:
    """One step of an optimiser on one weight, written out: what the closed map is held against.

    Attributes:
        query: the point at which the gradient is taken, or from which the ascent begins, from weight and velocity.
        move: the next weight and velocity, from weight, velocity and gradient.
        rises: whether the gradient is taken after an ascent.
    """

    query: Callable[[sp.Expr, sp.Expr], sp.Expr]
    move: Callable[[sp.Expr, sp.Expr, sp.Expr], tuple[sp.Expr, sp.Expr]]
    rises: bool = False

    def step(self, loss: sp.Expr, pairs: list[tuple[sp.Symbol, sp.Symbol]]) -> list[tuple[sp.Expr, sp.Expr]]:
        """The next weight and velocity of each pair, by differentiation of a loss of the weights."""
        at = {x: self.query(x, v) for x, v in pairs}
        slopes = [sp.diff(loss, x).subs(at, simultaneous=True) for x, _ in pairs]
        if self.rises:
            up = {x: at[x] + rho * g for (x, _), g in zip(pairs, slopes, strict=True)}
            slopes = [sp.diff(loss, x).subs(up, simultaneous=True) for x, _ in pairs]
        return [self.move(x, v, g) for (x, v), g in zip(pairs, slopes, strict=True)]


def _with_velocity(x: sp.Expr, v: sp.Expr, g: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    return x + beta * v - g, beta * v - g


RULES = {
    "heavy-ball": Rule(lambda x, v: x, _with_velocity),
    "nesterov": Rule(lambda x, v: x + beta * v, _with_velocity),
    "sam": Rule(lambda x, v: x, lambda x, v, g: (x - g, v), rises=True),
    "weight-decay": Rule(lambda x, v: x, lambda x, v, g: ((1 - gamma) * x - g, v)),
}
PARTS = {NEXT_M(_k): (0, 0), NEXT_P(_k): (0, 1), NEXT_V(_k): (1, 1)}


def _closed(ctx: CheckContext, rule: Rule, optimiser: Optimiser) -> Outcome:
    """The stated recurrence of moments against steps in theta by differentiation; and the derived closed map."""
    reading = ctx.statement
    for parameter in (s for s in (beta, rho, gamma) if any(r.symbol == s for r in reading.statement.over)):
        reading.within(parameter, REALS)
    reading.within(_k, INTEGERS)
    tested, wrong = _term_by_term(reading, rule)
    largest = ctx.pick(1, 2, 3)
    for size in range(1, largest + 1):
        compared, differ = _with_weights(reading, rule, optimiser, size)
        tested, wrong = tested + compared, wrong + differ
    domain = f"all weights and orders k, any number of eigenvalues (the derived closed maps: up to {largest})"
    return judge(tested, wrong, worst=wrong, bound=0, figure=DIFFER, domain=domain)


def _moments_as(expr: sp.Expr, value: Callable[[tuple[int, int], sp.Expr], sp.Expr]) -> sp.Expr:
    for function, pair in ((M, (0, 0)), (P, (0, 1)), (V, (1, 1))):
        expr = expr.replace(function, lambda order, pair=pair: value(pair, order))
    return expr


def _stated(reading: Reading, left: sp.Expr) -> sp.Expr:
    """The right side of a part, with Y(k) written out at every order."""
    right = reading.equation(left)
    if right.has(sp.Function("Y")):
        seen = reading.defined(SEEN)
        right = right.replace(sp.Function("Y"), lambda order: seen.subs(_k, order))
    return right


def _term_by_term(reading: Reading, rule: Rule) -> tuple[int, int]:
    """One weight among any number, for any k: residuals enter as symbols, and the moments as its own terms."""
    q, x, v, rest, first, second = (sp.Symbol(n, real=True) for n in ("q", "x", "v", "rest", "r_1", "r_2"))
    residual = rest + q * x**2 / 2
    at = rule.query(x, v)
    push = first * q * at
    if rule.rises:
        push = second * q * (at + rho * push)
    moved = rule.move(x, v, push)
    # along the way the derivative of the loss is residual times q times the weight
    defects = [sp.expand(sp.diff(residual**2 / 2, x) - residual * q * x)]
    for left, (a, b) in PARTS.items():
        if not reading.relations(left):
            continue
        stated = _stated(reading, left).subs({z: first, LOOK: first, LIFTED: second})
        ours = _moments_as(stated, lambda pair, order: q ** (order + 2) * (x, v)[pair[0]] * (x, v)[pair[1]])
        defects.append(sp.expand(sp.powsimp(sp.expand((ours - q ** (_k + 2) * moved[a] * moved[b]) / q**_k))))
    return len(defects), sum(d != 0 for d in defects)


def _with_weights(reading: Reading, rule: Rule, optimiser: Optimiser, size: int) -> tuple[int, int]:
    """The statement and the derived closed map, written in the weights of ``size`` eigenvalues, as symbols."""
    model = trained_model(size, optimiser)
    goal = symbol("E")
    rows = [*model.memory, *([sp.Symbol(f"v_{i + 1}", real=True) for i in range(size)] for _ in range(2))]
    pairs = list(zip(rows[0], rows[1], strict=True))
    f = sp.Add(*(q * x**2 / 2 for q, (x, _) in zip(model.eigenvalues, pairs, strict=True)))
    moved = rule.step((f - goal) ** 2 / 2, pairs)

    def moment(pair: tuple[int, int], order: sp.Expr) -> sp.Expr:
        return sp.Add(
            *(q ** (order + 2) * w[pair[0]] * w[pair[1]] for q, w in zip(model.eigenvalues, pairs, strict=True))
        )

    before = f - goal
    known = {z: before}
    for name in (LOOK, LIFTED):
        if any(d.name == name for d in reading.statement.where):
            known[name] = _moments_as(reading.defined(name), moment).subs(z, before)
    ring = PolyRing((*(s for pair in pairs for s in pair), *model.parameters))
    sides = []
    for left, (a, b) in PARTS.items():
        if not reading.relations(left):
            continue
        for k in range(-1, size):
            stated = _moments_as(_stated(reading, left).subs(_k, k), moment).subs(known)
            stepped = sp.Add(*(q ** (k + 2) * w[a] * w[b] for q, w in zip(model.eigenvalues, moved, strict=True)))
            sides.append((stated, stepped))
    step = model.one_step()
    images = dict(zip(step.variables, model.embedding(), strict=True))
    after = dict(zip((s for pair in pairs for s in pair), (e for m in moved for e in m), strict=True))
    here = [ring.from_expr(e) for e in images.values()]
    fixed = [ring.generator(p) for p in step.parameters]
    found = [p.compose(*here, *fixed, ctx=ring.context) for p in step.polynomials]
    wanted = [ring.from_expr(e.subs(after, simultaneous=True)) for e in images.values()]
    counts = [differences(*(ring.from_expr(e) for e in pair)) for pair in sides]
    counts += [differences(one, two) for one, two in zip(found, wanted, strict=True)]
    return sum(c for c, _ in counts), sum(d for _, d in counts)


def trained_model(size: int, optimiser: Optimiser) -> QuadraticModel:
    """``size`` distinct eigenvalues and a target, as symbols, under an optimiser."""
    return QuadraticModel(sp.symbols(f"q_1:{size + 1}", real=True, nonzero=True), symbol("E"), optimiser)


def _heavy_ball_closes(ctx: CheckContext) -> Outcome:
    """Heavy ball: the stated moments after a step."""
    return _closed(ctx, RULES["heavy-ball"], heavy_ball())


def _nesterov_closes(ctx: CheckContext) -> Outcome:
    """Nesterov's momentum: the stated moments after a step."""
    return _closed(ctx, RULES["nesterov"], nesterov())


def _sam_closes(ctx: CheckContext) -> Outcome:
    """SAM without normalisation: the stated moments after a step."""
    return _closed(ctx, RULES["sam"], sam())


def _decay_closes(ctx: CheckContext) -> Outcome:
    """Weight decay: the stated moments after a step."""
    return _closed(ctx, RULES["weight-decay"], weight_decay())


# at parameter 0

WHICH = sp.Symbol("optimiser")
FAMILIES = Named(
    "heavy ball, Nesterov's momentum, the running mean of gradients, SAM and weight decay",
    r"\text{heavy ball, Nesterov's momentum, the running mean of gradients, SAM and weight decay}",
)
PARAMETER = sp.Symbol("c", real=True)
CLOSED_Z, CLOSED_T = (sp.Function(name)(WHICH, PARAMETER, z, T) for name in ("closed z'", "closed T'"))


def _returns(ctx: CheckContext) -> Outcome:
    """The closed map of each family at the stated value of its parameter against the stated polynomials."""
    reading = ctx.statement
    reading.within(WHICH, FAMILIES)
    for variable in (z, T, epsilon, PARAMETER):
        reading.within(variable, REALS)
    value = reading.value(PARAMETER)
    ring = PolyRing((z, T, epsilon))
    stated = [ring.from_expr(sp.expand(reading.equation(left))) for left in (CLOSED_Z, CLOSED_T)]
    tested = wrong = 0
    for name, make in NAMED.items():
        if name == "gradient-descent":
            continue
        try:
            step = QuadraticModel(ctx.subject.model.eigenvalues, optimiser=make(value)).one_step()
        except DomainError as error:
            return judge(1, 1, detail=f"no such {name}: {error}")
        # what is kept beside the weights has to be idle: it may not enter the next z and T
        names = (z, T, *(sp.Symbol(s.name, real=True) for s in step.variables[2:]), epsilon)
        wide = PolyRing(names)
        lifted = [p.compose(*(wide.generator(s) for s in (z, T, epsilon)), ctx=wide.context) for p in stated]
        for image, right in zip(step.polynomials[:2], lifted, strict=True):
            compared, differ = differences(image, right)
            tested, wrong = tested + compared, wrong + differ
    for image, right in zip(ctx.map.polynomials, stated, strict=True):
        compared, differ = differences(image, right)
        tested, wrong = tested + compared, wrong + differ
    return judge(tested, wrong, worst=wrong, bound=0, figure=DIFFER, domain="eigenvalues {1, -epsilon}, target 0")


_NEXT_VELOCITY = beta**2 * V(_k) - 2 * beta * z * P(_k + 1) + z**2 * M(_k + 2)
_NEXT_LOOKING = beta**2 * V(_k) - 2 * beta * LOOK * (P(_k + 1) + beta * V(_k + 1)) + LOOK**2 * sp.Function("Y")(_k + 2)
_RESIDUAL = Definition(z, "the residual at the weights, times the step size")
_ORDER = Definition(_k, "power of Q in a moment, less 2")


def _source(locator: str) -> Source:
    return Source("edgestab", locator)


CLAIMS = (
    Claim(
        id="heavy-ball-closed-map",
        title="Heavy ball on the quadratic model closes in the moments of weights and velocities",
        statement=Statement(
            conclusion=(
                eq(NEXT_V(_k), _NEXT_VELOCITY),
                eq(NEXT_P(_k), _NEXT_VELOCITY + beta * P(_k) - z * M(_k + 1)),
                eq(NEXT_M(_k), _NEXT_VELOCITY + 2 * (beta * P(_k) - z * M(_k + 1)) + M(_k)),
            ),
            over=(Range(beta, REALS), Range(_k, INTEGERS)),
            where=(_RESIDUAL, _ORDER),
        ),
        source=_source("QuadraticModel(.., optimiser=heavy_ball())"),
        note="z = M_0(-1)/2 - E, and the minimal polynomial of Q ends the hierarchy as for gradient descent.",
        checks=(Check("one weight for any k; sums of weights and derived maps", Level.DERIVED, _heavy_ball_closes),),
    ),
    Claim(
        id="nesterov-closed-map",
        title="Nesterov's momentum closes in the same moments, with the residual at the point ahead",
        statement=Statement(
            conclusion=(
                eq(NEXT_V(_k), _NEXT_LOOKING),
                eq(NEXT_P(_k), _NEXT_LOOKING + beta * P(_k) - LOOK * (M(_k + 1) + beta * P(_k + 1))),
                eq(NEXT_M(_k), _NEXT_LOOKING + 2 * (beta * P(_k) - LOOK * (M(_k + 1) + beta * P(_k + 1))) + M(_k)),
            ),
            over=(Range(beta, REALS), Range(_k, INTEGERS)),
            where=(
                _RESIDUAL,
                _ORDER,
                Definition(SEEN, "the moment of the points ahead", M(_k) + 2 * beta * P(_k) + beta**2 * V(_k)),
                Definition(LOOK, "the residual there", z + beta * P(-1) + beta**2 * V(-1) / 2),
            ),
        ),
        source=_source("QuadraticModel(.., optimiser=nesterov())"),
        checks=(Check("one weight for any k; sums of weights and derived maps", Level.DERIVED, _nesterov_closes),),
    ),
    Claim(
        id="sam-closed-map",
        title="SAM without normalisation closes in the moments of the weights alone",
        statement=Statement(
            conclusion=(
                eq(
                    NEXT_M(_k),
                    M(_k)
                    - 2 * LIFTED * (M(_k + 1) + rho * z * M(_k + 2))
                    + LIFTED**2 * (M(_k + 2) + 2 * rho * z * M(_k + 3) + rho**2 * z**2 * M(_k + 4)),
                ),
            ),
            over=(Range(rho, REALS), Range(_k, INTEGERS)),
            where=(
                _RESIDUAL,
                _ORDER,
                Definition(LIFTED, "the residual after the ascent", z + rho * z * M(0) + rho**2 * z**2 * M(1) / 2),
            ),
        ),
        source=_source("QuadraticModel(.., optimiser=sam())"),
        checks=(Check("one weight for any k; sums of weights and derived maps", Level.DERIVED, _sam_closes),),
    ),
    Claim(
        id="weight-decay-closed-map",
        title="Gradient descent with weight decay closes in the moments of the weights",
        statement=Statement(
            conclusion=(eq(NEXT_M(_k), (1 - gamma) ** 2 * M(_k) - 2 * (1 - gamma) * z * M(_k + 1) + z**2 * M(_k + 2)),),
            over=(Range(gamma, REALS), Range(_k, INTEGERS)),
            where=(_RESIDUAL, _ORDER),
        ),
        source=_source("QuadraticModel(.., optimiser=weight_decay())"),
        checks=(Check("one weight for any k; sums of weights and derived maps", Level.DERIVED, _decay_closes),),
    ),
    Claim(
        id="optimisers-return-to-descent",
        title="With their parameter at 0 the optimisers' closed maps are that of gradient descent",
        statement=Statement(
            conclusion=(
                eq(CLOSED_Z, z - z * T + z**2 * ((1 - epsilon) * T + 2 * epsilon * z) / 2),
                eq(
                    CLOSED_T,
                    T
                    - 2 * z * ((1 - epsilon) * T + 2 * epsilon * z)
                    + z**2 * ((1 - epsilon) * ((1 - epsilon) * T + 2 * epsilon * z) + epsilon * T),
                ),
            ),
            over=(Range(WHICH, FAMILIES), *(Range(v, REALS) for v in (PARAMETER, z, T, epsilon))),
            given=(eq(PARAMETER, 0),),
            where=(
                Definition(WHICH, "a family of optimisers"),
                Definition(PARAMETER, "its parameter: beta, rho or gamma"),
            ),
        ),
        source=_source("beta = 0, rho = 0, gamma = 0"),
        uses=("one-step-map",),
        checks=(Check("closed maps at the parameter", Level.DERIVED, _returns),),
    ),
)
