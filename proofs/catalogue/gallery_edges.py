"""Claims on edges and what happens at them: even losses of a product, the flip, sharpness-aware minimisation."""

from __future__ import annotations

from functools import cache

import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import PolyRing, poly_terms
from ...symbolic.algebra.symbols import symbols
from ...symbolic.optimisers.edge import derive_edge
from ...symbolic.optimisers.optimiser import sam
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import FORMAL, POSITIVE, REALS, Definition, Iff, O, R, Range, Statement, eq, lt, split_order
from ..statements.comparing import differing
from .stated_maps import after_step

z, x, f, epsilon, eta, theta_1, theta_2 = symbols("z x f epsilon eta theta_1 theta_2")
(STEP_Z,) = symbols("z'")
q, c_6, m_0, x_0, lam, x_3 = (sp.Symbol(name, real=True) for name in ("q", "c_6", "T_m", "x_s", "lambda_x", "x_s'"))
rho, gradient, edge = sp.symbols("rho g_n lambda_edge", positive=True)
a_3, a_4, delta, a_1, a_2 = (sp.Symbol(name, real=True) for name in ("f_3", "f_4", "delta", "a_1", "a_2"))
TWICE = sp.Symbol("x''", real=True)
ELL = sp.Function("ell")
LOSS = sp.Function("L")
DIFFER = "sides that differ"


def _even_manifold(ctx: CheckContext) -> Outcome:
    """The invariance equation of the map in (z, T) up to weight 4 (z has 1, epsilon 2), solved with symbols q, c_6."""
    reading = ctx.statement
    reading.within(epsilon, FORMAL)
    for variable in (q, c_6):
        reading.within(variable, REALS)
    reading.assumed(sp.Ne(q, 0, evaluate=False))
    value = reading.defined(ELL(z))
    stated = {0: 0, 2: 1, 4: -q, 6: c_6}
    if any(sp.expand(sp.diff(value, z, n).subs(z, 0) - stated.get(n, 0)) != 0 for n in range(8)):
        return judge(1, 1, detail="the derivatives of ell at 0 are not 1, -q, c_6")
    slope = sp.diff(value, z)
    a, b = sp.symbols("a b")
    scale = sp.Symbol("t")
    curve = 2 + a * z**2 + b * epsilon
    one = z - slope * curve + epsilon * slope**2 * z
    left = curve - 4 * epsilon * slope * z + epsilon * slope**2 * curve - curve.subs(z, one)
    graded = sp.expand(left.subs({z: scale * z, epsilon: scale**2 * epsilon}, simultaneous=True))
    # weight 2 is free in a and b; terms of the curve of weight 4 enter from weight 6 on
    low = sp.Poly(sum(graded.coeff(scale, n) for n in range(5)), z, epsilon)
    found = sp.solve([c for c in low.coeffs() if c != 0], (a, b), dict=True)
    if len(found) != 1:
        return judge(1, 1, detail=f"the invariance equation has {len(found)} solutions")
    leading, rest = split_order(reading.equation(m_0))
    if rest != (epsilon**2,):
        return judge(1, undecided=1, detail="terms from epsilon^2 on are not compared")
    wrong = int(sp.cancel(leading - 2 - found[0][b] * epsilon) != 0)
    return judge(3, wrong, worst=wrong, bound=0, figure=DIFFER, domain="weights up to 4, all q and c_6")


def _flip(ctx: CheckContext) -> Outcome:
    """Two exact steps on the Taylor polynomial of the loss, every monomial sorted."""
    reading = ctx.statement
    for variable in (x, delta, a_3, a_4):
        reading.within(variable, FORMAL)
    reading.within(eta, FORMAL)
    value = reading.unfolded(LOSS(x))
    step = sp.expand(x - eta * sp.diff(value, x))
    twice = sp.expand(step.subs(x, step))
    names = (x, delta, eta, a_3, a_4)
    found = poly_terms(PolyRing(names).from_expr(twice - x))
    tested, wrong = differing(reading.equation(TWICE - x), found, names)
    return judge(tested, len(wrong), worst=len(wrong), bound=0, figure="monomials that differ", domain="every monomial")


def _edge_is_root(stated: sp.Expr, factor: sp.Expr, at: sp.Symbol) -> int:
    """Faults: the factor has to be -1 at a positive edge, and to fall strictly from 1 as the curvature grows from 0."""
    roots = {a for a in stated.atoms(sp.Pow) if a.exp == R(1, 2)}
    if len(roots) > 1:
        raise ProofError.of("the edge", "at most one square root", roots, "It judges no others.")
    unit = sp.Symbol("unit")
    square = next(iter(roots)).base if roots else sp.S.One
    plain = stated.subs(dict.fromkeys(roots, unit))
    numerator = sp.Poly(sp.numer(sp.together(factor.subs(at, plain) + 1)), unit)
    wrong = int(sp.cancel(sp.rem(numerator, sp.Poly(unit**2 - square, unit)).as_expr()) != 0)
    wrong += int(factor.subs(at, 0) != 1)
    curvature = sp.Symbol("lambda", positive=True)
    wrong += int(sp.expand(sp.diff(factor, at)).subs(at, curvature).is_negative is not True)
    some = stated.subs(dict.fromkeys(stated.free_symbols, sp.S.One))
    return wrong + int(not some > 0)


def _long_edge(ctx: CheckContext) -> Outcome:
    """One step of SAM along the top eigenvector as a factor; it falls with the curvature and is -1 at the edge."""
    reading = ctx.statement
    for variable in (eta, rho, lam, x_0):
        reading.within(variable, POSITIVE)
    (part,) = reading.parts()
    shrinks, below = part.args
    if shrinks != lt(x_3**2, x_0**2) or not isinstance(below, sp.Lt) or below.args[0] != lam:
        raise ProofError.of("the statement", "|x'| < |x| where lambda is below a bound", part, "It judges no others.")
    slope = reading.defined(gradient)
    moved = sp.expand(reading.defined(x_3) / x_0)
    # in the curvature and the length of the gradient, which x gives
    factor = sp.expand(moved.subs(x_0, gradient * x_0 / slope))
    if factor.free_symbols - {eta, rho, lam, gradient}:
        return judge(1, 1, detail=f"the factor of a step is {factor}")
    wrong = _edge_is_root(below.args[1], factor, lam)
    return judge(4, wrong, worst=wrong, bound=0, figure="conditions that fail", domain="all eta, rho, |g| > 0")


@cache
def _located_edge(radius: int) -> sp.Expr:
    """The edge of SAM without normalisation, by the optimiser's characteristic polynomial, for step size 1."""
    return derive_edge(sam(str(radius))).curvature


def _sam_model(ctx: CheckContext) -> Outcome:
    """One step of SAM without normalisation on the main model, as polynomials in the weights, to first order in z."""
    reading = ctx.statement
    for variable in (theta_1, theta_2):
        reading.within(variable, REALS)
    for variable in (eta, rho):
        reading.within(variable, POSITIVE)
    reading.within(epsilon, sp.Interval.open(0, 1))
    leading, rest = split_order(reading.equation(STEP_Z))
    if rest != (z**2,):
        return judge(1, undecided=1, detail="terms from z^2 on are not compared")
    square = sp.Symbol("B")
    wide, narrow = PolyRing((theta_1, theta_2, z, epsilon, eta, rho)), PolyRing((square, z, epsilon, eta, rho))
    on_line = 2 * narrow.generator(z) + narrow.generator(epsilon) * narrow.generator(square)
    found = []
    for expr in (STEP_Z, leading):
        total = narrow.zero
        for (i, j, *rest_of), value in poly_terms(wide.from_expr(reading.unfolded(expr).doit())).items():
            if i % 2 or j % 2:
                raise ProofError.of("the step", "even powers of the weights", expr, "It judges no others.")
            if rest_of[0] < 2:
                total += narrow.from_dict({(j // 2, *rest_of): value}) * on_line ** (i // 2)
        found.append({e: v for e, v in poly_terms(total).items() if e[1] < 2})
    wrong = sum(found[0].get(e, 0) != found[1].get(e, 0) for e in found[0].keys() | found[1].keys())
    if wrong:
        return judge(6, wrong, worst=wrong, bound=0, figure="conditions that fail", domain="")
    stated = reading.equation(edge)
    wrong += _edge_is_root(stated, sp.expand(sp.cancel(leading / z)).subs(f, lam), lam)
    # the same edge by root location in the optimiser's transfer function, at radii where it is rational
    wrong += sum(stated.subs({rho: r, eta: 1}) != _located_edge(r) for r in (1, 3, 6))
    return judge(9, wrong, worst=wrong, bound=0, figure="conditions that fail", domain="all weights, eta, rho")


_AHN = "the model ell(x y); theorems recalled, only the abstract was at hand"

CLAIMS = (
    Claim(
        id="ahn-limit-series",
        title="Even loss of a product: where its slow manifold meets the minima",
        statement=Statement(
            conclusion=(eq(m_0, 2 - 3 * epsilon / q + O(epsilon**2)),),
            over=(Range(epsilon, FORMAL), Range(q, REALS), Range(c_6, REALS)),
            given=(sp.Ne(q, 0, evaluate=False),),
            where=(
                Definition(epsilon, "the step size squared"),
                Definition(q, "minus the fourth derivative of ell(z) at 0, with second derivative 1"),
                Definition(c_6, "sixth derivative of ell at 0"),
                Definition(z, "the product x_1 x_2"),
                Definition(
                    m_0,
                    "m(0), with the formal even series T = m(z), starting with 2, that gradient descent on ell(x_1 "
                    "x_2) "
                    "keeps, T = eta (x_1^2 + x_2^2)",
                ),
                Definition(ELL(z), "the loss", z**2 / 2 - q * z**4 / 24 + c_6 * z**6 / 720),
            ),
        ),
        source=Source("edgestab", "slow manifold of ell(x_1 x_2), applied to Ahn et al. 2023"),
        uses=("product-loss-closes",),
        checks=(Check("invariance equation", Level.DERIVED, _even_manifold),),
        note="The gap 3 eta/q needs q > 0, the growth of ell below a parabola; the squared loss has q = 0, and no "
        "limit.",
    ),
    Claim(
        id="gan-flip",
        title="Past the edge of one direction the two-cycle is decided by the first Lyapunov coefficient",
        statement=Statement(
            conclusion=(
                eq(
                    TWICE - x,
                    2 * delta * x - (eta**2 * a_3**2 / 2 - eta * a_4 / 3) * x**3 + O(delta**2 * x, delta * x**2, x**4),
                ),
            ),
            over=tuple(Range(v, FORMAL) for v in (x, delta, eta, a_3, a_4)),
            where=(
                Definition(x, "distance from the minimum along the normal direction"),
                Definition(delta, "how far eta f'' is past 2"),
                Definition(a_3, "third derivative of the loss at the minimum"),
                Definition(a_4, "fourth derivative there"),
                Definition(
                    LOSS(x),
                    "the loss along this direction; further derivatives only enter the remainder",
                    (2 + delta) * x**2 / (2 * eta) + a_3 * x**3 / 6 + a_4 * x**4 / 24,
                ),
                Definition(TWICE, "x after two steps of gradient descent on L(x)"),
            ),
        ),
        source=Source("gan2026", "abstract: a flip bifurcation governed by the sign of the first Lyapunov coefficient"),
        checks=(Check("two exact steps", Level.DERIVED, _flip),),
        note="The first Lyapunov coefficient is a positive multiple of 3 eta f_3^2 - 2 f_4: if it is positive a "
        "two-cycle "
        "of size x^2 = 2 delta/(..) exists for delta > 0, and attracts.",
    ),
    Claim(
        id="long-bartlett-edge",
        title="SAM contracts a quadratic direction exactly below the printed edge",
        statement=Statement(
            conclusion=(
                Iff(
                    lt(x_3**2, x_0**2),
                    lt(lam, gradient / (2 * rho) * (sp.sqrt(1 + 8 * rho / (eta * gradient)) - 1)),
                ),
            ),
            over=tuple(Range(v, POSITIVE) for v in (eta, rho, lam, x_0)),
            where=(
                Definition(x_0, "distance from the minimum of a quadratic loss along its top eigenvector"),
                Definition(lam, "the curvature"),
                Definition(rho, "radius of SAM"),
                Definition(gradient, "length of the gradient", lam * x_0),
                Definition(
                    x_3,
                    "after a step: the gradient is taken a distance rho up the slope",
                    x_0 - eta * lam * (x_0 + rho),
                ),
            ),
        ),
        source=Source("long2023", "the SAM edge; formula recalled, the abstract was at hand"),
        checks=(Check("the factor of a step, and its root", Level.DERIVED, _long_edge),),
    ),
    Claim(
        id="agarwala-dauphin-edge",
        title="SAM without normalisation on the quadratic model: its edge from the exact step",
        statement=Statement(
            conclusion=(
                eq(STEP_Z, z * (1 - eta * f * (1 + rho * f)) + O(z**2)),
                eq(edge, (sp.sqrt(1 + 8 * rho / eta) - 1) / (2 * rho)),
            ),
            over=(
                *(Range(v, REALS) for v in (theta_1, theta_2)),
                Range(epsilon, sp.Interval.open(0, 1)),
                *(Range(v, POSITIVE) for v in (eta, rho)),
            ),
            where=(
                Definition(rho, "radius of SAM"),
                Definition(z, "the residual (theta_1^2 - epsilon theta_2^2)/2; the loss is z^2/2"),
                Definition(f, "the NTK eigenvalue", theta_1**2 + epsilon**2 * theta_2**2),
                Definition(a_1, "theta_1 a way up the gradient", theta_1 + rho * z * theta_1),
                Definition(a_2, "theta_2 a way up the gradient", theta_2 - rho * z * epsilon * theta_2),
                Definition(LOSS(a_1, a_2), "the loss there", (a_1**2 - epsilon * a_2**2) ** 2 / 8),
                Definition(
                    after_step(theta_1), "theta_1 after a step", theta_1 - eta * sp.Derivative(LOSS(a_1, a_2), a_1)
                ),
                Definition(
                    after_step(theta_2), "theta_2 after a step", theta_2 - eta * sp.Derivative(LOSS(a_1, a_2), a_2)
                ),
                Definition(
                    STEP_Z,
                    "the residual after a step",
                    (after_step(theta_1) ** 2 - epsilon * after_step(theta_2) ** 2) / 2,
                ),
                Definition(edge, "the curvature at which this factor is -1"),
            ),
        ),
        source=Source("dauphin2023", "abstract: the largest eigenvalue as a function of step size and radius"),
        checks=(Check("one exact step", Level.DERIVED, _sam_model),),
        note="It is below 2/eta: to first order in rho, 2/eta - 4 rho/eta^2.",
    ),
)
