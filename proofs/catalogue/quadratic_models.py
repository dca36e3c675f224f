"""Claims on the quadratic model with any eigenvalues and any target: closed map, norm, flow, its end."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

import gmpy2
import mpmath
import sympy as sp
from flint import fmpq_mpoly

from ...numeric.codegen.compile import compile_map
from ...numeric.number_types import bits_for, round_to_mpfr
from ...numeric.orbits.flow_limit import solve_flow_limit
from ...symbolic.algebra.rings import PolyRing, to_fraction
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.gradient_flow import GradientFlow, squares_are_squares
from ...symbolic.models.quadratic import QuadraticModel
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge

E, eta, epsilon, mu, z, T = (symbol(n) for n in ("E", "eta", "epsilon", "mu", "z", "T"))
R = sp.Rational


@lru_cache(maxsize=16)
def symbolic_model(m: int) -> QuadraticModel:
    """Any ``m`` distinct eigenvalues and any target, as symbols."""
    return QuadraticModel(sp.symbols(f"q_1:{m + 1}", real=True, nonzero=True), E)


def _sizes(ctx: CheckContext) -> range:
    return range(1, ctx.pick(3, 5, 7))


def _differ(left: fmpq_mpoly, right: fmpq_mpoly) -> tuple[int, int]:
    """Monomials compared, and how many differ."""
    a, b = left.to_dict(), right.to_dict()
    monomials = a.keys() | b.keys()
    return len(monomials), sum(a.get(m, 0) != b.get(m, 0) for m in monomials)


def _closed(ctx: CheckContext) -> Outcome:
    """State of the stepped theta against the closed map, with symbolic eigenvalues and target."""
    tested = rejected = 0
    for m in _sizes(ctx):
        model = symbolic_model(m)
        ring = PolyRing((*model.theta, *model.parameters))
        fixed = [ring.generator(p) for p in model.parameters]
        inside = [ring.from_expr(e) for e in model.embedding()]
        step = (ring.from_expr(c) for c in model.theta_step().components)
        stepped = [*step, *fixed]
        for embedded, image in zip(inside, model.one_step().polynomials, strict=True):
            left = embedded.compose(*stepped, ctx=ring.context)
            seen, wrong = _differ(left, image.compose(*inside, *fixed, ctx=ring.context))
            tested, rejected = tested + seen, rejected + wrong
    most = max(_sizes(ctx))
    return judge(tested, rejected, worst=rejected, bound=0, domain=f"1..{most} distinct eigenvalues, any target")


def _term_by_term(ctx: CheckContext) -> Outcome:
    """One term of the sum over eigenvalues, for any k: so any number of them, equal or not, obeys the recurrence."""
    q, weight, k = _term, sp.Symbol("theta_i", real=True), sp.Symbol("k", integer=True)
    # the derivative of (f - E)^2 / 2 along an eigenvector is z q theta, whatever the other terms of f are
    residual, rest = z, sp.Symbol("rest", real=True)
    gradient = sp.diff((rest + q * weight**2 / 2) ** 2 / 2, weight).subs(rest, residual - q * weight**2 / 2)
    step = weight - sp.expand(gradient)

    def moment(power: sp.Expr, of: sp.Expr) -> sp.Expr:
        return q ** (power + 2) * of**2

    stated = moment(k, weight) - 2 * residual * moment(k + 1, weight) + residual**2 * moment(k + 2, weight)
    defects = [sp.powsimp(sp.expand((moment(k, step) - stated) / q**k))]
    # a polynomial that vanishes at every eigenvalue closes the hierarchy: its combination of moments is 0 term by term
    coefficients = sp.symbols("c_0:3")
    combined = sp.Add(*(c * moment(k + j, weight) for j, c in enumerate(coefficients)))
    factor = sp.Add(*(c * q**j for j, c in enumerate(coefficients)))
    defects.append(sp.powsimp(sp.expand((combined - factor * moment(k, weight)) / q**k)))
    wrong = sum(d != 0 for d in defects)
    return judge(len(defects), wrong, worst=wrong, bound=0, domain="any number of eigenvalues, any order k, any target")


def _repeated(ctx: CheckContext) -> Outcome:
    """Eigenvalues ``(1, 1, -epsilon, -epsilon)``: four parameters obey the closed map of two."""
    closed = ctx.map
    theta = sp.symbols("a_1:5", real=True)
    q = (1, 1, -epsilon, -epsilon)
    ring = PolyRing((*theta, epsilon))
    eps = ring.generator(epsilon)
    residual = sp.Add(*(p * t**2 / 2 for p, t in zip(q, theta, strict=True)))
    eigenvalue = sp.Add(*(p**2 * t**2 for p, t in zip(q, theta, strict=True)))
    inside = [ring.from_expr(e) for e in (residual, eigenvalue)]
    stepped = [*(ring.from_expr(t - residual * p * t) for p, t in zip(q, theta, strict=True)), eps]
    tested = rejected = 0
    for embedded, image in zip(inside, closed.polynomials, strict=True):
        left = embedded.compose(*stepped, ctx=ring.context)
        seen, wrong = _differ(left, image.compose(*inside, eps, ctx=ring.context))
        tested, rejected = tested + seen, rejected + wrong
    return judge(tested, rejected, worst=rejected, bound=0, domain="all theta in R^4, all epsilon")


def _flow_field(ctx: CheckContext) -> Outcome:
    """The closed field against the gradient field in theta, and the law of each square, with symbols."""
    tested = rejected = 0
    for m in _sizes(ctx):
        model = symbolic_model(m)
        flow = GradientFlow(model)
        ring = PolyRing((*model.theta, *model.parameters))
        velocity = [-sp.diff(model.loss(), t) for t in model.theta]
        places = dict(zip(model.state, model.embedding(), strict=True))
        for embedded, component in zip(model.embedding(), flow.field, strict=True):
            pairs = zip(model.theta, velocity, strict=True)
            along = sum((ring.from_expr(sp.diff(embedded, t)) * ring.from_expr(v) for t, v in pairs), start=ring.zero)
            seen, wrong = _differ(along, ring.from_expr(component.xreplace(places)))
            tested, rejected = tested + seen, rejected + wrong
        tested += 2 * m
        rejected += int(not squares_are_squares(flow)) + int(len(flow.rates()) != m)
    return judge(tested, rejected, worst=rejected, bound=0, domain=f"1..{max(_sizes(ctx))} eigenvalues, any target")


SPECTRA: tuple[tuple[tuple[sp.Rational, ...], sp.Rational, tuple[str, ...]], ...] = (
    ((R(1), R(-1, 10)), R(0), ("6/5", "5/2")),
    ((R(2), R(-1, 3), R(1, 5)), R(1, 2), ("4/5", "1", "3/2")),
    ((R(1), R(-1), R(1, 2), R(-1, 4)), R(-1, 3), ("1", "1/2", "1/2", "1")),
)


def _flow_end(ctx: CheckContext) -> Outcome:
    """The end of the flow against plain gradient descent with smaller and smaller steps: the gap is linear in eta."""
    spectra = SPECTRA[: ctx.pick(1, 3, 3)]
    worst, rejected = 0.0, 0
    for eigenvalues, target, theta in spectra:
        model = QuadraticModel(eigenvalues, target)
        end = solve_flow_limit(model, theta, 30)
        gaps = [abs(_descend(model, theta, Fraction(1, n)) - end.eigenvalue) for n in (100, 200)]
        ratio = float(mpmath.log(gaps[0] / gaps[1]) / math.log(2))
        worst = max(worst, abs(ratio - 1))
        rejected += abs(ratio - 1) > SLOPE_BOUND or not end.reached
    return judge(
        2 * len(spectra),
        rejected,
        worst=round(worst, 4),
        bound=SLOPE_BOUND,
        digits=30,
        detail="slope in the step size of the gap between descent and flow, minus 1",
        domain=f"{len(spectra)} spectra of 2 to 4 eigenvalues with targets; eta = 1/100, 1/200",
    )


SLOPE_BOUND = 0.05


def _descend(model: QuadraticModel, theta: tuple[str, ...], step: Fraction) -> Any:
    """NTK eigenvalue at the end of plain gradient descent with a step size; theta and target are rescaled by it."""
    scaled = QuadraticModel(model.eigenvalues, model.target * R(step.numerator, step.denominator))
    with gmpy2.context(gmpy2.get_context(), precision=bits_for(30)):
        kernel = compile_map(scaled.theta_step(), "mpfr")
        root = gmpy2.sqrt(round_to_mpfr(step))
        state = tuple(round_to_mpfr(t) * root for t in theta)
        q = [round_to_mpfr(to_fraction(v)) for v in map(R, model.eigenvalues)]
        goal = round_to_mpfr(to_fraction(R(scaled.target)))
        while True:
            residual = sum(p * t * t for p, t in zip(q, state, strict=True)) / 2 - goal
            if abs(residual) < gmpy2.mpfr(10) ** -25:
                break
            _, _, state = kernel.run(state, [], 50, round_to_mpfr(0), round_to_mpfr(100))
        value = sum(p * p * t * t for p, t in zip(q, state, strict=True)) / round_to_mpfr(step)
        return mpmath.mpf(str(value))


def _closed_limit(ctx: CheckContext) -> Outcome:
    """The closed form for two eigenvalues against the root of the end equation."""
    cases = [(R(1), R(-1, 10)), (R(3, 2), R(-2, 5)), (R(1), R(-1))][: ctx.pick(2, 3, 3)]
    worst = mpmath.mpf(0)
    with mpmath.workdps(40):
        for q1, q2 in cases:
            model = QuadraticModel((q1, q2))
            a, b = R(6, 5), R(9, 10)
            start = dict(zip(model.theta, (a, b), strict=True))
            places = dict(zip(model.state, (e.subs(start) for e in model.embedding()), strict=True))
            closed = mpmath.mpf(str(sp.N(GradientFlow(model).closed_limit().subs(places), 40)))
            worst = max(worst, abs(closed - solve_flow_limit(model, (str(a), str(b)), 35).eigenvalue))
    rejected = int(worst > mpmath.mpf(10) ** -34)
    return judge(len(cases), rejected, worst=mpmath.nstr(worst, 3), bound=1e-34, digits=35)


_term = sp.Symbol("q_i", real=True, nonzero=True)
_s, (_i, _k, _m) = symbol("s"), (sp.Symbol(name, integer=True) for name in "ikm")
_Tk = sp.Function("T")
_w, _q = sp.IndexedBase("w"), sp.IndexedBase("q")

CLAIMS = (
    Claim(
        id="closed-map-any-spectrum",
        title="Gradient descent closes in (z, T_0, .., T_(m-2)) for any m distinct eigenvalues",
        statement=sp.Eq(sp.Function("T'")(_k), _Tk(_k) - 2 * z * _Tk(_k + 1) + z**2 * _Tk(_k + 2)),
        variables=(z, E, *symbolic_model(2).eigenvalues),
        source=Source("agarwala2023", "Analysis, insight 1: recurrence for the output"),
        domain="any eigenvalues (symbols), any multiplicities, any target; closed by the minimal polynomial of Q",
        checks=(
            Check("both sides as polynomials in theta, eigenvalues, target", Level.DERIVED, _closed),
            Check("term by term, for any number of eigenvalues", Level.DERIVED, _term_by_term),
            Check("repeated eigenvalues", Level.DERIVED, _repeated),
        ),
    ),
    Claim(
        id="flow-invariants",
        title="Gradient flow closes, and has m - 1 conserved quantities",
        statement=sp.Eq(sp.Derivative(sp.Function("w_i")(symbol("t")), symbol("t")), -2 * _q[_i] * z * _w[_i]),
        variables=(z, E),
        source=Source("edgestab", "gradient flow"),
        uses=("closed-map-any-spectrum",),
        domain="any eigenvalues, any target; w_i = theta_i^2 as a linear function of the state",
        checks=(Check("field and squares as polynomials in theta", Level.DERIVED, _flow_field),),
        note="Hence q_j ln w_i - q_i ln w_j is conserved for each pair.",
    ),
    Claim(
        id="flow-end",
        title="Where gradient flow ends",
        statement=sp.Eq(sp.Sum(_q[_i] * _w[_i] * sp.exp(-2 * _q[_i] * _s), (_i, 1, _m)), 2 * E),
        variables=(_s, E),
        source=Source("edgestab", "gradient flow"),
        uses=("flow-invariants",),
        domain="s is the time integral of z; the left side falls strictly, so there is one root at most",
        checks=(
            Check("gradient descent with small steps, slope in eta", Level.CHECKED, _flow_end),
            Check("closed form for two eigenvalues", Level.CHECKED, _closed_limit),
        ),
    ),
)
