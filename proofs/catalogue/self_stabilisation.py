"""Claims on self-stabilisation (Damian et al.): the system, where it comes from, and the energy of its slow flow."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise

import sympy as sp
from flint import fmpq_mpoly

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import PolyRing, poly_terms
from ...symbolic.algebra.symbols import symbols
from ...symbolic.models.own_loss.gradient import GradientStep
from ...symbolic.models.own_loss.stabilisation import (
    alpha,
    b,
    beta,
    cubic_loss,
    derivative_symbol,
    derive_self_stabilisation,
)
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import FORMAL, POSITIVE, REALS, Definition, O, Range, Reading, Statement, eq, gt, split_order
from ..statements.comparing import differing
from .stated_maps import after_step, descends

x, v, w, y, t, eta = symbols("x v w y t eta")
STEP_X, STEP_Y, TWO_Y = symbols("x' y' y''")
TWO_X, delta = sp.Symbol("x''", real=True), sp.Symbol("delta", positive=True)
a_x, a_v, a_w, g_v, g_w = sp.symbols("a_x a_v a_w g_v g_w", real=True)
X, Y = sp.Function("x")(t), sp.Function("y")(t)
DIFFER = "coefficients that differ"
SLOPE_BOUND = 0.25
SEEN = "the bound on a slope's error"


def _derivatives(*directions: str) -> tuple[sp.Symbol, ...]:
    return tuple(derivative_symbol(d) for d in directions)


DRIVE = _derivatives("v", "w")
VANISHING = _derivatives("vv", "vw", "vvv", "vvw", "vww")
L_ww, L_xvw, L_xww = _derivatives("ww", "xvw", "xww")
DERIVATIVES = (*VANISHING, L_ww, L_xvw, L_xww)


def _minimal_loss(ctx: CheckContext) -> Outcome:
    """One exact gradient step on the stated loss, and the derived system, against the stated one."""
    for variable, domain in ((x, REALS), (v, REALS), (alpha, REALS), (b, POSITIVE), (eta, POSITIVE)):
        ctx.statement.within(variable, domain)
    tested = rejected = 0
    for later, derived in zip((STEP_X, STEP_Y), derive_self_stabilisation().system.components, strict=True):
        stated = ctx.statement.equation(later)
        left, right = (ctx.statement.unfolded(e).doit() for e in (later, stated))
        defects = (left - right, derived - stated)
        tested += len(sp.Add.make_args(sp.expand(stated))) + 1
        rejected += sum(sp.expand(d) != 0 for d in defects)
    return judge(tested, rejected, worst=rejected, bound=0, figure=DIFFER, domain="all x, v, alpha; b, eta > 0")


@lru_cache(maxsize=1)
def _two_steps() -> tuple[PolyRing, tuple[fmpq_mpoly, fmpq_mpoly]]:
    """Changes of x and of b v over two exact gradient steps on the general cubic loss, as polynomials."""
    value = cubic_loss()
    state = (x, v, w)
    ring = PolyRing((*state, *sorted(value.free_symbols - set(state), key=str)))
    one = [ring.from_expr(c) for c in GradientStep(value, state, 1).full_step()]
    fixed = [ring.generator(s) for s in ring.symbols[len(state) :]]
    twice = [p.compose(*one, *fixed, ctx=ring.context) for p in one]
    return ring, (twice[0] - ring.generator(x), (twice[1] - ring.generator(v)) * ring.generator(b))


def _under_hypotheses(reading: Reading, ring: PolyRing) -> tuple[dict[sp.Symbol, sp.Expr], list[tuple[int, ...]]]:
    """What the hypotheses put in for symbols, and which products of symbols they say to vanish.

    Raises:
        ProofError: a hypothesis is of another kind.
    """
    values: dict[sp.Symbol, sp.Expr] = {}
    products = []
    for hypothesis in reading.given():
        left, right = hypothesis.args
        if not isinstance(hypothesis, sp.Eq) or (not left.is_Symbol and right != 0):
            raise ProofError.of("hypotheses", "values, or products that vanish", hypothesis, "It judges no others.")
        if left.is_Symbol:
            values[left] = right
        else:
            products += list(poly_terms(ring.from_expr(left)))
    return values, products


def _from_expansion(ctx: CheckContext) -> Outcome:
    """Two exact steps on the general cubic loss under the hypotheses, against the stated increments in delta."""
    for r in ctx.statement.statement.over:
        ctx.statement.within(r.symbol, FORMAL)
    ring, increments = _two_steps()
    wide = PolyRing(tuple(dict.fromkeys((*(r.symbol for r in ctx.statement.statement.over), *ring.symbols))))
    values, products = _under_hypotheses(ctx.statement, wide)
    inside = [wide.from_expr(values.get(s, s)) for s in ring.symbols]
    system = derive_self_stabilisation()
    own = {later: (now, change) for later, now, change in zip((TWO_X, TWO_Y), (x, y), system.increments, strict=True)}
    tested = rejected = 0
    for (later, (now, derived)), increment in zip(own.items(), increments, strict=True):
        right = ctx.statement.equation(later - now)
        found = poly_terms(increment.compose(*inside, ctx=wide.context))
        kept = {e: c for e, c in found.items() if not any(all(map(int.__ge__, e, p)) for p in products)}
        unfolded = ctx.statement.unfolded(right).subs(values)
        compared, wrong = differing(unfolded, kept, wide.symbols)
        # the system of the paper has the same increments at leading weight
        leading, _ = split_order(right)
        tested += compared + 1
        rejected += len(wrong) + (sp.expand(leading - derived) != 0)
    named = {h.args[0] for h in ctx.statement.given() if h.args[1] == 0}
    rejected += named != set(system.surviving)
    return judge(
        tested + 1,
        rejected,
        worst=rejected,
        bound=0,
        figure=DIFFER,
        domain="displacements of size delta, gradient of size delta^2",
        detail=f"must vanish: {', '.join(map(str, system.surviving))}; "
        f"cancel over two steps: {', '.join(map(str, system.cancelling))}",
    )


def _flow_of(reading: Reading) -> tuple[sp.Expr, sp.Expr, dict[sp.Basic, sp.Expr]]:
    """The quantity whose derivative in t is stated, what this is to be, and the rates of x and y by the hypotheses.

    Raises:
        ProofError: the statement is of another kind.
    """
    for variable, domain in ((t, REALS), (alpha, POSITIVE), (beta, POSITIVE), (eta, POSITIVE)):
        reading.within(variable, domain)
    reading.assumed(gt(X, 0))  # else the logarithm is not defined
    (part,) = reading.parts()
    left = part.args[0]
    if not (isinstance(part, sp.Eq) and isinstance(left, sp.Derivative) and left.args[1:] == (sp.Tuple(t, 1),)):
        raise ProofError.of("the flow", "one equation for a derivative in t", part, "It judges no others.")
    rates = {h.args[0]: h.args[1] for h in reading.given() if isinstance(h, sp.Eq)}
    if rates.keys() != {sp.Derivative(X, t), sp.Derivative(Y, t)}:
        raise ProofError.of("the flow", "the rates of x and y", list(rates), "It judges no others.")
    return left.args[0], part.args[1], rates


def _energy_is_conserved(ctx: CheckContext) -> Outcome:
    """The derivative of the stated energy along the stated flow; both against the derived slow flow."""
    energy, constant, rates = _flow_of(ctx.statement)
    defects = [sp.expand(sp.diff(energy, t).subs(rates) - constant)]
    flow = derive_self_stabilisation().flow
    plain = {X: x, Y: y}
    derived = (flow.rate * y, flow.force)
    defects += [sp.expand(rates[sp.diff(s, t)].subs(plain) - d) for s, d in zip((X, Y), derived, strict=True)]
    defects.append(sp.expand(energy.subs(plain) - flow.energy.replace(sp.Abs, lambda inside: inside)))
    wrong = sum(d != 0 for d in defects)
    return judge(len(defects), wrong, worst=wrong, bound=0, figure=DIFFER, domain="x > 0, alpha, beta, eta > 0")


def _energy_drifts_slowly(ctx: CheckContext) -> Outcome:
    """Along the discrete system the change of the energy over a fixed slow time falls with the size of the orbit."""
    stated, _, rates = _flow_of(ctx.statement)
    names = (X, Y, alpha, beta, eta)
    energy, rate_x, rate_y = (sp.lambdify(names, e, "math") for e in (stated, *(rates[sp.diff(s, t)] for s in (X, Y))))
    sizes = ctx.pick((100, 200), (200, 400, 800), (1000, 2000, 4000))
    drifts = []
    for size in sizes:
        d = 1.0 / size
        rest = (d * d, 1.0, 1.0)
        first, second = 2.0 * d, 0.5 * d
        before = energy(first, second, *rest)
        for _ in range(10 * size):
            first, second = -first - rate_x(first, second, *rest), second + rate_y(first, second, *rest)
        drifts.append(abs(energy(abs(first), second, *rest) - before) / rest[0])
    worst = max(abs(math.log(p / q) / math.log(2) - 1) for p, q in pairwise(drifts))
    return judge(
        len(sizes) - 1,
        int(worst > SLOPE_BOUND),
        worst=round(worst, 4),
        bound=SLOPE_BOUND,
        figure="largest error of a slope in d",
        digits=16,
        domain=f"x, y of size d, alpha = d^2, 10/d steps, 1/d in {{{', '.join(map(str, sizes))}}}",
        detail="the energy over alpha changes by O(d)",
    )


CLAIMS = (
    Claim(
        id="damian-system",
        title="The system of self-stabilisation is gradient descent on its smallest loss",
        statement=Statement(
            conclusion=(eq(STEP_X, -(1 + eta * y) * x), eq(STEP_Y, y + eta * (alpha - beta * x**2 / 2))),
            over=(*(Range(s, REALS) for s in (x, v, alpha)), Range(b, POSITIVE), Range(eta, POSITIVE)),
            where=(
                Definition(x, "displacement along the top eigenvector of the Hessian at x = v = 0"),
                Definition(v, "displacement along the gradient of the sharpness"),
                Definition(alpha, "progressive sharpening"),
                Definition(b, "length of the gradient of the sharpness"),
                *descends((x, v), x**2 / eta + b * x**2 * v / 2 - alpha * v / b),
                Definition(y, "excess of the sharpness over 2/eta at x = 0", b * v),
                Definition(beta, "strength of the self-stabilisation", b**2),
                Definition(STEP_Y, "y after one step", b * after_step(v)),
            ),
        ),
        source=Source("damian2022", "Section 4, the system for the oscillation x and the excess sharpness y"),
        checks=(Check("one exact gradient step", Level.DERIVED, _minimal_loss),),
    ),
    Claim(
        id="damian-self-stabilisation",
        title="Self-stabilisation over two steps, from the cubic Taylor expansion",
        derivation=lambda subject: derive_self_stabilisation().explain(),
        statement=Statement(
            conclusion=(
                eq(TWO_X - x, 2 * eta * x * y + O(delta**3)),
                eq(TWO_Y - y, 2 * eta * (alpha - beta * x**2 / 2) + O(delta**3)),
            ),
            over=tuple(Range(s, FORMAL) for s in (delta, eta, b, a_x, a_v, a_w, g_v, g_w, *DERIVATIVES)),
            given=(
                eq(x, delta * a_x),
                eq(v, delta * a_v),
                eq(w, delta * a_w),
                eq(DRIVE[0], delta**2 * g_v),
                eq(DRIVE[1], delta**2 * g_w),
                *(eq(s, 0) for s in VANISHING),
                eq(L_ww * L_xvw, 0),
                eq(L_ww * L_xww, 0),
            ),
            where=(
                Definition(x, "displacement along the top eigenvector of the Hessian at 0"),
                Definition(v, "displacement along the gradient of the sharpness at 0"),
                Definition(w, "displacement in any direction orthogonal to both"),
                Definition(delta, "size of the displacements; the gradient has its square"),
                *(Definition(s, "a displacement over delta") for s in (a_x, a_v, a_w)),
                *(Definition(s, "a derivative of the loss over delta^2") for s in (g_v, g_w)),
                Definition(b, "third derivative of the loss along x, x, v: length of the gradient of the sharpness"),
                *(
                    Definition(s, f"derivative of the loss along {', '.join(s.name.removeprefix('L_'))} at 0")
                    for s in (*DRIVE, *DERIVATIVES)
                ),
                Definition(y, "excess of the sharpness over 2/eta, to first order", b * v),
                Definition(alpha, "progressive sharpening", -b * DRIVE[0]),
                Definition(beta, "strength of the self-stabilisation", b**2),
                Definition(
                    TWO_X,
                    "x after two steps of gradient descent with step size eta on any polynomial loss of degree three "
                    "in x, v, w whose derivatives at 0 are free but for these: 2/eta along x, x; b along x, x, v; 0 "
                    "along x, along x and one of v, w, and along x, x, w",
                ),
                Definition(TWO_Y, "y after these steps"),
            ),
        ),
        source=Source("damian2022", "Section 4, the system for the oscillation x and the excess sharpness y"),
        uses=("damian-system",),
        checks=(Check("two exact steps on the general cubic loss", Level.DERIVED, _from_expansion),),
        note="These are the two-step increments of damian-system at leading order, for any loss that meets the "
        "hypotheses: some derivatives vanish, displacements are of one size delta, the gradient of size delta^2. "
        "Derivatives along x, x, x and along x with two of v, w enter one step but cancel over two.",
    ),
    Claim(
        id="damian-energy",
        title="The conserved energy of self-stabilisation",
        statement=Statement(
            conclusion=(eq(sp.Derivative(Y**2 / 2 + beta * X**2 / 4 - alpha * sp.log(X), t), 0),),
            over=(Range(t, REALS), *(Range(s, POSITIVE) for s in (alpha, beta, eta))),
            given=(
                eq(sp.Derivative(X, t), eta * X * Y),
                eq(sp.Derivative(Y, t), eta * (alpha - beta * X**2 / 2)),
                gt(X, 0),
            ),
            where=(
                Definition(X, "size of the oscillation, in slow time: its rate is half the leading two-step increment"),
                Definition(Y, "excess of the sharpness over 2/eta, likewise"),
                Definition(alpha, "progressive sharpening"),
                Definition(beta, "strength of the self-stabilisation"),
            ),
        ),
        source=Source("damian2022", "Section 4, energy of the slow flow"),
        uses=("damian-self-stabilisation",),
        checks=(
            Check("derivative along the flow", Level.DERIVED, _energy_is_conserved),
            Check(
                "drift along the discrete system, slopes in its size",
                Level.CHECKED,
                _energy_drifts_slowly,
                hindsight=SEEN,
            ),
        ),
        note="With alpha = beta = 1 up to units, y^2/2 + a^2/4 - ln(a^2)/2.",
    ),
)
