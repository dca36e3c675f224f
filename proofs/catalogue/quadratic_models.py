"""Claims on the quadratic model with any eigenvalues and any target: closed map, flow, its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from ..certificates.stated_reach import refuse
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import INTEGERS, NATURALS, REALS, Definition, Named, R, Range, Reading, Statement, eq, gt

E, eta, epsilon, z, t, s = (symbol(name) for name in ("E", "eta", "epsilon", "z", "t", "s"))
DIFFER = "monomials that differ"
FAIL = "identities that fail"

_i, _j, _k, _m, _n = (sp.Symbol(name, integer=True) for name in "ijkmn")
_q, _theta, _c, _w = (sp.IndexedBase(name) for name in ("q", "theta", "c", "w"))
MOMENT, MOMENT_NEXT = sp.Function("T"), sp.Function("T'")
_OUTPUT = sp.Sum(_q[_i] * _theta[_i] ** 2, (_i, 1, _n)) / 2
_COMBINED = sp.Sum(_c[_j] * MOMENT(_k + _j), (_j, 0, _m))


def squares_after_a_step(eigenvalue: sp.Expr, residual: sp.Expr) -> sp.Expr:
    """What the square of a weight is multiplied with in one gradient step, by differentiation of the loss.

    Args:
        eigenvalue: of Q along the weight.
        residual: z, the step size times the residual; the other weights enter through it alone.

    Returns:
        ``(1 - q z)^2``, expanded.
    """
    q, weight, rest, goal, step = (sp.Symbol(name, real=True) for name in ("q", "weight", "rest", "goal", "step"))
    inner = rest + q * weight**2 / 2 - goal
    moved = weight - step * sp.diff(inner**2 / 2, weight)
    # the residual in place of what the other weights give
    moved = sp.expand(moved.subs(rest, residual / step - q * weight**2 / 2 + goal))
    return sp.expand(sp.cancel(moved**2 / weight**2)).subs(q, eigenvalue)


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


def _of_moments(expr: sp.Expr, value: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    """An expression with a value in place of each moment, by its order."""
    return expr.replace(MOMENT, value)


def _hierarchy(statement: Reading) -> tuple[sp.Expr, sp.Expr]:
    """The stated right sides of ``T'(k)`` and of ``T(-1)``; the third part and the definitions are as they must be.

    Raises:
        ProofError: another sum closes the hierarchy, or z or T(k) is defined otherwise.
    """
    for variable in (E, eta):
        statement.within(variable, REALS)
    statement.within(_k, INTEGERS)
    for count in (_m, _n):
        statement.within(count, NATURALS)
    defined = {MOMENT(_k): eta * sp.Sum(_q[_i] ** (_k + 2) * _theta[_i] ** 2, (_i, 1, _n)), z: eta * (_OUTPUT - E)}
    for name, value in defined.items():
        if statement.defined(name) != value:
            raise refuse(f"{name} = {value}", statement.defined(name))
    if statement.equation(_COMBINED) != 0:
        raise refuse(f"{_COMBINED} = 0", statement.statement.conclusion)
    return statement.equation(MOMENT_NEXT(_k)), statement.equation(MOMENT(-1))


def _term_by_term(ctx: CheckContext) -> Outcome:
    """One term of the sum over weights, for any k: so any number of them, equal or not, obeys the recurrence."""
    after, lowest = _hierarchy(ctx.statement)
    q = sp.Symbol("q_i", real=True, nonzero=True)
    one = sp.Symbol("one", positive=True)

    def term(order: sp.Expr) -> sp.Expr:
        return one * q ** (order + 2)

    stated = sp.expand(_of_moments(after, term))
    # a sum over weights of what is linear in their squares
    linear = sp.expand(stated / one).free_symbols.isdisjoint({one})
    moved = term(_k) * squares_after_a_step(q, z)
    defects = [sp.powsimp(sp.expand((moved - stated) / q**_k))]
    # T(-1) = eta sum q theta^2, and z = eta (sum q theta^2 / 2 - E)
    total = sp.Symbol("total", real=True)
    defects.append(sp.expand(eta * total - lowest.subs(z, eta * (total / 2 - E))))
    # a polynomial that vanishes at every eigenvalue closes the hierarchy: its combination of moments is 0 term by term
    parts = sp.symbols("c_0:4", real=True)
    combined = sp.Add(*(c * term(_k + j) for j, c in enumerate(parts)))
    factor = sp.Add(*(c * q**j for j, c in enumerate(parts)))
    defects.append(sp.powsimp(sp.expand((combined - factor * term(_k)) / q**_k)))
    wrong = sum(d != 0 for d in defects) + (not linear)
    domain = "any number of weights and of eigenvalues, any order k, any target"
    return judge(len(defects) + 1, wrong, worst=wrong, bound=0, figure=FAIL, domain=domain)


def _compared(model: QuadraticModel, weights: Sequence[sp.Expr], after: sp.Expr, lowest: sp.Expr) -> tuple[int, int]:
    """The stated recurrence, start and closing sum as polynomials in theta, for weights along given eigenvalues."""
    theta = sp.symbols(f"theta_1:{len(weights) + 1}", real=True)
    ring = PolyRing((*theta, *model.parameters, eta))
    pairs = list(zip(weights, theta, strict=True))
    residual = sp.Add(*(q * x**2 / 2 for q, x in pairs)) - model.target
    step = {x: x - eta * sp.diff(residual**2 / 2, x) for x in theta}

    def moment(order: sp.Expr) -> sp.Expr:
        return eta * sp.Add(*(q ** (order + 2) * x**2 for q, x in pairs))

    x, m = sp.Dummy("x"), len(model.eigenvalues)
    minimal = sp.Poly(sp.prod(x - q for q in model.eigenvalues), x).all_coeffs()[::-1]
    places = {z: eta * residual, E: model.target}
    sides = [(moment(sp.Integer(-1)), lowest)]
    sides += [
        (sp.Add(*(c * moment(sp.Integer(k + j)) for j, c in enumerate(minimal))), sp.S.Zero) for k in range(-1, 2)
    ]
    for k in range(-1, m):
        moved = moment(sp.Integer(k)).subs(step, simultaneous=True)
        sides.append((moved, _of_moments(after.subs(_k, k), moment)))
    tested = rejected = 0
    for left, right in sides:
        put = (ring.from_expr(sp.expand(side.subs(places))) for side in (left, right))
        seen, wrong = _differ(*put)
        tested, rejected = tested + seen, rejected + wrong
    return tested, rejected


def _closed(ctx: CheckContext) -> Outcome:
    """The statement in theta, with eigenvalues and target as symbols; and the derived closed map of each size."""
    after, lowest = _hierarchy(ctx.statement)
    tested = rejected = 0
    for m in _sizes(ctx):
        model = symbolic_model(m)
        counts = [_compared(model, model.eigenvalues, after, lowest)] if m <= MOST_IN_THETA else []
        ring = PolyRing((*model.theta, *model.parameters))
        fixed = [ring.generator(p) for p in model.parameters]
        inside = [ring.from_expr(e) for e in model.embedding()]
        step = (ring.from_expr(c) for c in model.theta_step().components)
        stepped = [*step, *fixed]
        for embedded, image in zip(inside, model.one_step().polynomials, strict=True):
            left = embedded.compose(*stepped, ctx=ring.context)
            counts.append(_differ(left, image.compose(*inside, *fixed, ctx=ring.context)))
        tested += sum(seen for seen, _ in counts)
        rejected += sum(wrong for _, wrong in counts)
    domain = f"1..{max(_sizes(ctx))} distinct eigenvalues as symbols, any target"
    return judge(tested, rejected, worst=rejected, bound=0, figure=DIFFER, domain=domain)


MOST_IN_THETA = 3
"""Sizes at which the statement itself is expanded in theta; beyond, only the derived map."""


def _repeated(ctx: CheckContext) -> Outcome:
    """Eigenvalues ``(1, 1, -epsilon, -epsilon)``: four weights obey the statement, and the derived map of two."""
    model = ctx.subject.model
    q = (1, 1, -epsilon, -epsilon)
    tested, rejected = _compared(model, q, *_hierarchy(ctx.statement))
    theta = sp.symbols("a_1:5", real=True)
    ring = PolyRing((*theta, epsilon))
    eps = ring.generator(epsilon)
    residual = sp.Add(*(p * x**2 / 2 for p, x in zip(q, theta, strict=True)))
    eigenvalue = sp.Add(*(p**2 * x**2 for p, x in zip(q, theta, strict=True)))
    inside = [ring.from_expr(e) for e in (residual, eigenvalue)]
    stepped = [*(ring.from_expr(x - residual * p * x) for p, x in zip(q, theta, strict=True)), eps]
    for embedded, image in zip(inside, ctx.map.polynomials, strict=True):
        left = embedded.compose(*stepped, ctx=ring.context)
        seen, wrong = _differ(left, image.compose(*inside, eps, ctx=ring.context))
        tested, rejected = tested + seen, rejected + wrong
    domain = "eigenvalues 1, 1, -epsilon, -epsilon, target 0"
    return judge(tested, rejected, worst=rejected, bound=0, figure=DIFFER, domain=domain)


# gradient flow

RESIDUAL = sp.Function("z")(t)
SQUARE, OTHER = sp.Function("w_i")(t), sp.Function("w_j")(t)
Q_I, Q_J = (sp.Symbol(name, real=True) for name in ("q_i", "q_j"))
_KEPT = Q_J * sp.log(SQUARE) - Q_I * sp.log(OTHER)
TIMES = Named("the times at which the flow exists", r"\text{the times at which the flow exists}")


def _flow_rate(statement: Reading) -> sp.Expr:
    """The stated derivative of a square, over the square; the conserved quantity is the stated one.

    Raises:
        ProofError: it is another.
    """
    statement.within(t, TIMES)
    for variable in (Q_I, Q_J, E):
        statement.within(variable, REALS)
    for square in (SQUARE, OTHER):
        statement.assumed(gt(square, 0))
    if statement.equation(sp.Derivative(_KEPT, t)) != 0:
        raise refuse(f"{_KEPT} conserved", statement.statement.conclusion)
    return sp.cancel(statement.equation(sp.Derivative(SQUARE, t)) / SQUARE)


def _flow_term_by_term(ctx: CheckContext) -> Outcome:
    """One weight along the flow, by differentiation of the loss; the rates of two squares cancel in the logarithms."""
    rate = _flow_rate(ctx.statement)
    q, weight, rest, residual = (sp.Symbol(name, real=True) for name in ("q", "weight", "rest", "residual"))
    velocity = -sp.diff((rest + q * weight**2 / 2 - E) ** 2 / 2, weight)
    moved = sp.expand(2 * weight * velocity.subs(rest, residual - q * weight**2 / 2 + E))
    stated = rate.subs(RESIDUAL, residual).subs(Q_I, q)
    defects = [sp.expand(moved - stated * weight**2)]
    rates = {sp.Derivative(SQUARE, t): rate * SQUARE, sp.Derivative(OTHER, t): rate.subs(Q_I, Q_J) * OTHER}
    defects.append(sp.expand(sp.diff(_KEPT, t).subs(rates)))
    wrong = sum(d != 0 for d in defects)
    return judge(2, wrong, worst=wrong, bound=0, figure=FAIL, domain="any number of weights, any target")


def _flow_field(ctx: CheckContext) -> Outcome:
    """The closed field against the gradient field in theta, and the law of each square, with symbols."""
    rate = _flow_rate(ctx.statement)
    tested = rejected = 0
    for m in _sizes(ctx):
        model = symbolic_model(m)
        flow = GradientFlow(model)
        ring = PolyRing((*model.theta, *model.parameters))
        velocity = [-sp.diff(model.loss(), x) for x in model.theta]
        places = dict(zip(model.state, model.embedding(), strict=True))
        for embedded, component in zip(model.embedding(), flow.field, strict=True):
            pairs = zip(model.theta, velocity, strict=True)
            along = sum((ring.from_expr(sp.diff(embedded, x)) * ring.from_expr(v) for x, v in pairs), start=ring.zero)
            seen, wrong = _differ(along, ring.from_expr(component.xreplace(places)))
            tested, rejected = tested + seen, rejected + wrong
        tested += 2 * m
        stated = [rate.subs({RESIDUAL: z, Q_I: q}) for q in model.eigenvalues]
        rejected += int(not squares_are_squares(flow))
        rejected += sum(sp.expand(a - b) != 0 for a, b in zip(flow.rates(), stated, strict=True))
    domain = f"1..{max(_sizes(ctx))} eigenvalues as symbols, any target"
    return judge(tested, rejected, worst=rejected, bound=0, figure=DIFFER, domain=domain)


# its end

LAMBDA_END = sp.Symbol("lambda_end", real=True)
_OUTPUT_END = sp.Sum(_q[_i] * _w[_i] * sp.exp(-2 * _q[_i] * s), (_i, 1, _n))
_KERNEL_END = sp.Sum(_q[_i] ** 2 * _w[_i] * sp.exp(-2 * _q[_i] * s), (_i, 1, _n))


def _end(statement: Reading) -> tuple[sp.Sum, sp.Sum, sp.Expr]:
    """The stated sums whose values are twice the target and the eigenvalue, and what the first one is.

    Raises:
        ProofError: they are no sums over all weights.
    """
    statement.within(E, REALS)
    statement.within(_n, NATURALS)
    first, second = statement.part(0), statement.equation(LAMBDA_END)
    if not isinstance(first, sp.Eq):
        raise refuse("an equation", first)
    sums = (first.args[0], second)
    if not all(isinstance(x, sp.Sum) and x.args[1] == sp.Tuple(_i, 1, _n) for x in sums):
        raise refuse("sums over all n weights", sums)
    return first.args[0], second, first.args[1]


def _end_term_by_term(ctx: CheckContext) -> Outcome:
    """A square with the stated exponential obeys the law of squares along the flow, and is the start's at s = 0."""
    output, kernel, value = _end(ctx.statement)
    q, w, residual = (sp.Symbol(name, real=True) for name in ("q", "w", "residual"))
    terms = [x.args[0].subs({_q[_i]: q, _w[_i]: w}) for x in (output, kernel)]
    square = sp.cancel(terms[0] / q)
    # ds/dt is the residual, and the law that of flow-invariants
    defects = [sp.diff(square, s) * residual + 2 * q * residual * square, square.subs(s, 0) - w]
    defects += [terms[1] - q**2 * square, value - 2 * E, sp.diff(terms[0], s) + 2 * terms[1]]
    wrong = sum(sp.simplify(d) != 0 for d in defects)
    domain = "any number of weights; f = sum q w / 2 is the target at the end, and lambda = sum q^2 w"
    return judge(len(defects), wrong, worst=wrong, bound=0, figure=FAIL, domain=domain)


def _stated_end(statement: Reading, model: QuadraticModel, theta: Sequence[str], digits: int) -> Any:
    """The eigenvalue that the statement gives the end of the flow, by bisection of its equation for s."""
    output, kernel, value = _end(statement)
    pairs = [(sp.Rational(q), sp.Rational(x) ** 2) for q, x in zip(model.eigenvalues, theta, strict=True)]

    def total(of: sp.Sum) -> sp.Expr:
        return sp.Add(*(of.args[0].subs({_q[_i]: q, _w[_i]: w}) for q, w in pairs))

    with mpmath.workdps(digits + 10):
        gap = sp.lambdify(s, total(output) - value.subs(E, model.target), "mpmath")
        low, high = mpmath.mpf(-8), mpmath.mpf(8)
        signs = [mpmath.sign(gap(x)) for x in (low, high)]
        if signs[0] == signs[1]:
            raise refuse(f"an end of the flow at moderate s, eigenvalues {model.eigenvalues}", output)
        for _ in range(4 * digits):
            middle = (low + high) / 2
            low, high = (middle, high) if mpmath.sign(gap(middle)) == signs[0] else (low, middle)
        return sp.lambdify(s, total(kernel), "mpmath")(low)


SPECTRA: tuple[tuple[tuple[sp.Rational, ...], sp.Rational, tuple[str, ...]], ...] = (
    ((R(1), R(-1, 10)), R(0), ("6/5", "5/2")),
    ((R(2), R(-1, 3), R(1, 5)), R(1, 2), ("4/5", "1", "3/2")),
    ((R(1), R(-1), R(1, 2), R(-1, 4)), R(-1, 3), ("1", "1/2", "1/2", "1")),
)
SLOPE_BOUND = 0.05


def _flow_end(ctx: CheckContext) -> Outcome:
    """The stated end against plain gradient descent with smaller and smaller steps: the gap is linear in eta."""
    spectra = SPECTRA[: ctx.pick(1, 3, 3)]
    worst, rejected = 0.0, 0
    for eigenvalues, target, theta in spectra:
        model = QuadraticModel(eigenvalues, target)
        end = _stated_end(ctx.statement, model, theta, 30)
        solved = solve_flow_limit(model, theta, 30)
        gaps = [abs(_descend(model, theta, Fraction(1, n)) - end) for n in (100, 200)]
        ratio = float(mpmath.log(gaps[0] / gaps[1]) / mpmath.log(2))
        worst = max(worst, abs(ratio - 1))
        rejected += not abs(ratio - 1) <= SLOPE_BOUND
        rejected += not solved.reached or abs(solved.eigenvalue - end) > mpmath.mpf(10) ** -28
    return judge(
        2 * len(spectra),
        rejected,
        worst=round(worst, 4),
        bound=SLOPE_BOUND,
        figure="slope in eta of the gap, less 1",
        digits=30,
        domain=f"{len(spectra)} spectra of 2 to 4 eigenvalues with targets; eta = 1/100, 1/200",
    )


@lru_cache(maxsize=16)
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
    """The stated end against the closed form for two eigenvalues of opposite sign."""
    cases = [(R(1), R(-1, 10)), (R(3, 2), R(-2, 5)), (R(1), R(-1))][: ctx.pick(2, 3, 3)]
    worst = mpmath.mpf(0)
    with mpmath.workdps(40):
        for q1, q2 in cases:
            model = QuadraticModel((q1, q2))
            a, b = R(6, 5), R(9, 10)
            start = dict(zip(model.theta, (a, b), strict=True))
            places = dict(zip(model.state, (e.subs(start) for e in model.embedding()), strict=True))
            closed = mpmath.mpf(str(sp.N(GradientFlow(model).closed_limit().subs(places), 40)))
            worst = max(worst, abs(closed - _stated_end(ctx.statement, model, (str(a), str(b)), 35)))
    rejected = int(worst > mpmath.mpf(10) ** -34)
    return judge(
        len(cases),
        rejected,
        worst=mpmath.nstr(worst, 3),
        bound=1e-34,
        figure="largest difference of the two ends",
        digits=35,
        domain=f"{len(cases)} pairs of eigenvalues, target 0",
    )


_FLOW = "along gradient flow, theta' = -grad of (f - E)^2 / 2"

CLAIMS = (
    Claim(
        id="closed-map-any-spectrum",
        title="Gradient descent closes in z, T(0), T(1), .. for any m distinct eigenvalues",
        statement=Statement(
            over=(
                Range(_n, NATURALS),
                Range(_m, NATURALS),
                Range(_k, INTEGERS),
                Range(eta, REALS),
                Range(E, REALS),
            ),
            where=(
                Definition(_n, "the number of weights"),
                Definition(_m, "the number of distinct eigenvalues of Q"),
                Definition(_k, "the order of a moment"),
                Definition(_q, "the eigenvalue of Q, not 0, along each weight, equal or not"),
                Definition(_theta, "the weights along the eigenvectors of Q, any real numbers"),
                Definition(_c, "the coefficients of the minimal polynomial of Q, of degree m, from c_0 up"),
                Definition(z, "eta times the residual", eta * (_OUTPUT - E)),
                Definition(
                    MOMENT(_k),
                    "the moments; T(0) is eta times the NTK eigenvalue",
                    eta * sp.Sum(_q[_i] ** (_k + 2) * _theta[_i] ** 2, (_i, 1, _n)),
                ),
                Definition(MOMENT_NEXT(_k), "T(k) after one step of gradient descent with step size eta"),
            ),
            conclusion=(
                eq(MOMENT_NEXT(_k), MOMENT(_k) - 2 * z * MOMENT(_k + 1) + z**2 * MOMENT(_k + 2)),
                eq(MOMENT(-1), 2 * (z + eta * E)),
                eq(_COMBINED, 0),
            ),
        ),
        source=Source("agarwala2023", "Analysis, insight 1: recurrence for the output"),
        note="With the second equation the first one at k = -1 is the step of z; the third gives T(m - 1) and what "
        "follows from z and T(0), .., T(m - 2).",
        checks=(
            Check("term by term, for any number of eigenvalues", Level.DERIVED, _term_by_term),
            Check("both sides as polynomials in theta, eigenvalues, target", Level.CHECKED, _closed),
            Check("repeated eigenvalues", Level.CHECKED, _repeated),
        ),
    ),
    Claim(
        id="flow-invariants",
        title="Along gradient flow each square has its own rate, and each pair of squares a conserved quantity",
        statement=Statement(
            over=(Range(t, TIMES), Range(Q_I, REALS), Range(Q_J, REALS), Range(E, REALS)),
            given=(gt(SQUARE, 0), gt(OTHER, 0)),
            where=(
                Definition(SQUARE, f"the square of the weight along an eigenvector of Q of eigenvalue q_i, {_FLOW}"),
                Definition(OTHER, f"the square of the weight along another eigenvector, of eigenvalue q_j, {_FLOW}"),
                Definition(RESIDUAL, f"the residual f - E, {_FLOW}"),
                Definition(Q_I, "an eigenvalue of Q"),
                Definition(Q_J, "an eigenvalue of Q"),
            ),
            conclusion=(
                eq(sp.Derivative(SQUARE, t), -2 * Q_I * RESIDUAL * SQUARE),
                eq(sp.Derivative(_KEPT, t), 0),
            ),
        ),
        source=Source("edgestab", "gradient flow"),
        uses=("closed-map-any-spectrum",),
        note="Each square is a linear function of the state z, T(0), ..",
        checks=(
            Check("term by term, for any number of weights", Level.DERIVED, _flow_term_by_term),
            Check("field and squares as polynomials in theta", Level.CHECKED, _flow_field),
        ),
    ),
    Claim(
        id="flow-end",
        title="Where gradient flow ends",
        statement=Statement(
            over=(Range(_n, NATURALS), Range(E, REALS)),
            where=(
                Definition(_n, "the number of weights"),
                Definition(_q, "the eigenvalue of Q along each weight, any real numbers"),
                Definition(_w, "the squares of the weights along the eigenvectors of Q, at the start of the flow"),
                Definition(
                    s, "the integral of the residual over the whole flow, finite, of a flow whose residual goes to 0"
                ),
                Definition(LAMBDA_END, "the NTK eigenvalue at the end of this flow"),
            ),
            conclusion=(eq(_OUTPUT_END, 2 * E), eq(LAMBDA_END, _KERNEL_END)),
        ),
        source=Source("edgestab", "gradient flow"),
        uses=("flow-invariants",),
        note="The derivative in s of the left side of the first equation is -2 lambda_end, so it has one root at most.",
        checks=(
            Check("term by term, by the law of squares", Level.DERIVED, _end_term_by_term),
            Check("gradient descent with small steps, slope in eta", Level.CHECKED, _flow_end),
            Check("closed form for two eigenvalues", Level.CHECKED, _closed_limit),
        ),
    ),
)
