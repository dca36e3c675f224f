"""Claims on the edges of optimisers, by multipliers of their recursions: Routh and Hurwitz's conditions, and roots.

The recursions are written out here once more, and no root location of the optimisers' own is used: the unit disc is
taken to the half plane, where stability is that of signs of coefficients and minors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

import mpmath
import sympy as sp

from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.optimisers.edge import derive_edge
from ...symbolic.optimisers.optimiser import (
    Optimiser,
    averaged_gradient,
    gradient_filter,
    heavy_ball,
    nesterov,
    sam,
    weight_decay,
)
from ...symbolic.optimisers.root_location import definite_sign
from ..certificates.stated_reach import refuse
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import Definition, Iff, R, Range, Statement, eq, lt

beta, rho, gamma = symbols("beta rho gamma")
h = sp.Symbol("h", positive=True)
mu = sp.Symbol("mu")
FAIL = "conditions that fail"
POSITIVE = sp.Interval.open(0, sp.oo)
UNIT = sp.Interval.Ropen(0, 1)
NOT_NEGATIVE = sp.Interval(0, sp.oo)
HALF, NEAR = R(1, 2), R(1, 1000)

Box = dict[sp.Symbol, sp.Interval]


def _linear(move: Callable[..., tuple[sp.Expr, ...]], size: int) -> sp.Poly:
    """The characteristic polynomial of a linear recursion, from what it does to symbols."""
    state = sp.symbols(f"s_1:{size + 1}")
    matrix = sp.Matrix([[sp.diff(e, s) for s in state] for e in move(*state)])
    return sp.Poly((mu * sp.eye(size) - matrix).det(method="berkowitz"), mu)


def _momentum(look: sp.Expr, weight: sp.Expr) -> sp.Poly:
    """``v' = beta v - weight h (x + look v)``, ``x' = x + v'``."""

    def move(x: sp.Symbol, v: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
        velocity = beta * v - weight * h * (x + look * v)
        return x + velocity, velocity

    return _linear(move, 2)


POLYNOMIALS: Mapping[str, Callable[[], sp.Poly]] = {
    "hb": lambda: _momentum(sp.S.Zero, sp.S.One),
    "nag": lambda: _momentum(beta, sp.S.One),
    "avg": lambda: _momentum(sp.S.Zero, 1 - beta),
    "sam": lambda: _linear(lambda x: (x - h * (x + rho * h * x),), 1),
    "wd": lambda: _linear(lambda x: ((1 - gamma) * x - h * x,), 1),
    "three": lambda: _linear(lambda x, one, two: (x - h * (x + one + two) / 3, x, one), 3),
    "late": lambda: _linear(lambda x, one: (x - h * one, x), 2),
}


@lru_cache(maxsize=16)
def stability_conditions(letter: str) -> tuple[sp.Expr, ...]:
    """What has to be positive for all multipliers to lie inside the unit circle: Routh and Hurwitz after a Moebius map.

    Args:
        letter: of the optimiser, as in :data:`POLYNOMIALS`.

    Returns:
        The coefficients of ``(1 - s)^n p((1 + s)/(1 - s))``, and for degree 3 its Hurwitz minor.
    """
    p, s = POLYNOMIALS[letter](), sp.Dummy("s")
    n = p.degree()
    image = sp.Add(*(c * (1 + s) ** k * (1 - s) ** (n - k) for (k,), c in p.terms()))
    coefficients = sp.Poly(sp.expand(image), s).all_coeffs()
    if n == 3:
        coefficients.append(sp.expand(coefficients[1] * coefficients[2] - coefficients[0] * coefficients[3]))
    return tuple(sp.factor(c) for c in coefficients)


def _modulus(letter: str, *arguments: sp.Expr) -> sp.Expr:
    return sp.Function(f"modulus_{letter}")(*arguments)


def _slack(part: sp.Basic, modulus: sp.Expr) -> sp.Expr:
    """What is positive exactly where the part says that the step contracts.

    Raises:
        ProofError: the part is no equivalence of ``modulus < 1`` with an inequality.
    """
    if not isinstance(part, Iff) or part.args[0] != lt(modulus, 1) or not isinstance(part.args[1], sp.Lt):
        raise refuse(f"{modulus} < 1 if and only if .. < ..", part)
    low, high = part.args[1].args
    return sp.together(high - low)


def _one_sided(slack: sp.Expr, conditions: tuple[sp.Expr, ...], box: Box) -> tuple[int, int]:
    """Conditions that are not shown: all but one are positive on the box, and that one has the sign of the slack."""
    wrong = found = 0
    for condition in conditions:
        ratio = sp.cancel(condition / slack)
        if definite_sign(condition, box) == 1:
            continue
        found += 1
        wrong += int(definite_sign(ratio, box) != 1)
    return len(conditions) + 1, wrong + int(found != 1)


def _on_line(slack: sp.Expr, conditions: tuple[sp.Expr, ...]) -> tuple[int, int]:
    """The same in one variable, by exact real roots: samples between all of them decide."""
    polynomials = [sp.Poly(sp.numer(sp.together(c)), h) for c in (*conditions, slack) if c.has(h)]
    roots = sorted({r for p in polynomials for r in sp.real_roots(p) if r > 0}, key=sp.N)
    ends = [sp.S.Zero, *roots]
    middles = [(a + b) / 2 for a, b in pairwise(ends)] + [ends[-1] + 1]
    wrong = 0
    for value in (*middles, *roots):
        # a root of the slack belongs to the other side, as a multiplier on the circle does
        inside = all(sp.simplify(c.subs(h, value)) > 0 for c in conditions)
        wrong += int(bool(sp.simplify(slack.subs(h, value)) > 0) != inside)
    return len(middles) + len(roots), wrong


def _largest(letter: str, values: Mapping[sp.Symbol, sp.Expr]) -> mpmath.mpf:
    """The largest modulus of a multiplier at exact values, to 30 digits."""
    with mpmath.workdps(40):
        p = sp.Poly(POLYNOMIALS[letter]().as_expr().subs(values), mu)
        return max(abs(mpmath.mpmathify(root)) for root in p.nroots(n=30, maxsteps=200))


def _at_roots(letter: str, slack: sp.Expr, parameter: sp.Symbol | None) -> tuple[int, int]:
    """Roots at samples below and above the stated edge."""
    tested = wrong = 0
    for value in (R(1, 3), R(9, 10)) if parameter is not None else (None,):
        fixed = {} if value is None else {parameter: value}
        for edge in (r for r in sp.real_roots(sp.Poly(sp.numer(sp.together(slack.subs(fixed))), h)) if r > 0):
            close = R(str(sp.N(edge, 20)))
            for factor, below in ((HALF, True), (1 - NEAR, True), (1 + NEAR, False)):
                tested += 1
                wrong += int((_largest(letter, {**fixed, h: close * factor}) < 1) != below)
    return tested, wrong + int(tested == 0)


def _family(ctx: CheckContext, letter: str, optimiser: Optimiser, largest: sp.Interval) -> Outcome:
    """The first part: an edge for all values of the parameter; further parts: the same at one value of it."""
    reading = ctx.statement
    reading.within(h, POSITIVE)
    (parameter,) = optimiser.parameters
    domain = reading.interval(parameter)
    if not domain.is_subset(largest):
        raise refuse(f"{parameter} in {largest}", domain)
    conditions = stability_conditions(letter)
    slack = _slack(reading.part(0), _modulus(letter, h, parameter))
    counts = [_one_sided(slack, conditions, {h: POSITIVE, parameter: domain}), _at_roots(letter, slack, parameter)]
    # what the package derives, by another road
    derived = derived_edge(optimiser)
    counts.append((1, int(sp.simplify(slack.subs(h, derived)) != 0)))
    for part in reading.parts()[1:]:
        left = part.args[0] if isinstance(part, Iff) else part
        arguments: tuple[Any, ...] = left.args[0].args if left.args else ()
        if len(arguments) != 2 or arguments[1] not in domain:
            raise refuse("a value of the parameter in its range", part)
        value = {parameter: arguments[1]}
        at = _slack(part, _modulus(letter, *arguments))
        counts.append(_on_line(at, tuple(c.subs(value) for c in conditions)))
    wrong = sum(w for _, w in counts)
    where = f"all h > 0 and {parameter} in its range"
    return judge(sum(t for t, _ in counts), wrong, worst=wrong, bound=0, figure=FAIL, domain=where)


@lru_cache(maxsize=16)
def derived_edge(optimiser: Optimiser) -> sp.Expr:
    """The edge as the package derives it."""
    return derive_edge(optimiser).curvature.subs(symbol("h"), h)


def _heavy_ball(ctx: CheckContext) -> Outcome:
    """Heavy ball."""
    return _family(ctx, "hb", heavy_ball(), UNIT)


def _nesterov(ctx: CheckContext) -> Outcome:
    """Nesterov's momentum."""
    return _family(ctx, "nag", nesterov(), UNIT)


def _averaged(ctx: CheckContext) -> Outcome:
    """The running mean of gradients, and Adam's 38."""
    return _family(ctx, "avg", averaged_gradient(), UNIT)


def _sam(ctx: CheckContext) -> Outcome:
    """SAM without normalisation."""
    return _family(ctx, "sam", sam(), NOT_NEGATIVE)


def _decay(ctx: CheckContext) -> Outcome:
    """Weight decay: stable wherever its edge says so, also beyond the range that an optimiser may have."""
    return _family(ctx, "wd", weight_decay(), NOT_NEGATIVE)


# the filter formula, and where it is not the edge

FLIP_THREE, FLIP_LATE = sp.Symbol("flip_three", real=True), sp.Symbol("flip_late", real=True)
COSINE = sp.Symbol("cos_omega", real=True)


def _escape(ctx: CheckContext, letter: str, optimiser: Optimiser, flip: sp.Symbol) -> Outcome:
    """The edge by exact roots in h; the multipliers there; where -1 is a multiplier; and the derived edge."""
    reading = ctx.statement
    reading.within(h, POSITIVE)
    conditions = stability_conditions(letter)
    slack = _slack(reading.part(0), _modulus(letter, h))
    counts = [_on_line(slack, conditions), _at_roots(letter, slack, None)]
    (edge,) = (r for r in sp.real_roots(sp.Poly(sp.numer(slack), h)) if r > 0)
    p = POLYNOMIALS[letter]()
    at_edge = sp.roots(sp.Poly(p.as_expr().subs(h, edge), mu))
    on_circle = [root for root in at_edge if sp.simplify(root * sp.conjugate(root) - 1) == 0]
    stated = reading.equation(COSINE)
    counts.append((2, int(len(on_circle) != 2) + int(any(sp.simplify(sp.re(r) - stated) != 0 for r in on_circle))))
    signed = sp.Symbol("signed", real=True)
    found = sp.solve(p.as_expr().subs(mu, -1).subs(h, signed), signed)
    counts.append((1, int(found != [reading.equation(flip)])))
    derived = derive_edge(optimiser)
    counts.append((2, int(derived.curvature != edge) + int(derived.cosine != stated)))
    wrong = sum(w for _, w in counts)
    return judge(sum(t for t, _ in counts), wrong, worst=wrong, bound=0, figure=FAIL, domain="all h > 0")


def _three(ctx: CheckContext) -> Outcome:
    """The running mean of three gradients."""
    return _escape(ctx, "three", gradient_filter(("1/3", "1/3", "1/3")), FLIP_THREE)


def _late(ctx: CheckContext) -> Outcome:
    """Descent on the gradient of the step before."""
    return _escape(ctx, "late", gradient_filter((0, 1)), FLIP_LATE)


_j, _t = sp.symbols("j t", integer=True)
LENGTH = sp.Symbol("N", integer=True)
_n, _d = sp.IndexedBase("n"), sp.IndexedBase("d")
FLIP = sp.Function("flip")(LENGTH)


def _formula(ctx: CheckContext) -> Outcome:
    """Both recursions of a filter of length N on the solution (-1)^t, with its coefficients as symbols."""
    reading = ctx.statement
    reading.within(LENGTH, sp.S.Naturals)
    stated = reading.equation(FLIP)
    # term by term, for any length: on (-1)^t a delay by j steps is a factor (-1)^(t - j) / (-1)^t
    sums = [sp.Sum(c[_j] * (-1) ** _j, (_j, 0, LENGTH)) for c in (_d, _n)]
    parities = [(-1) ** (_t - j) * (-1) ** _t for j in (2 * _j, 2 * _j + 1)]
    tested, wrong = 3, int(stated != 2 * sums[0] / sums[1])
    wrong += sum(int(sp.simplify(sign) != want) for sign, want in zip(parities, (1, -1), strict=True))
    for length in range(1, ctx.pick(3, 5, 7)):
        signed, u, x = sp.symbols("signed u x")
        # x_t = x (-1)^t, u_t = u (-1)^t: x_(t+1) = x_t - u_t, and the filter's own recursion with g_t = h x_t
        (steady,) = sp.solve(sp.Eq(-x, x - u), u)
        left = sp.Add(*(_d[k] * steady * (-1) ** k for k in range(length + 1)))
        right = sp.Add(*(_n[k] * signed * x * (-1) ** k for k in range(length + 1)))
        (found,) = sp.solve(sp.Eq(left, right), signed)
        tested += 1
        wrong += int(sp.cancel(found - stated.subs(LENGTH, length).doit()) != 0)
    # and the flip of the derived edge, where filters are built in
    for top, bottom in (((1,), (1, R(-1, 2))), ((R(1, 2), R(1, 3), 0), (1, R(-1, 5), R(1, 7)))):
        derived = derive_edge(gradient_filter(top, bottom)).flip_curvature
        size = max(len(top), len(bottom)) - 1
        known = {_n[k]: (top[k] if k < len(top) else 0) for k in range(size + 1)}
        known |= {_d[k]: (bottom[k] if k < len(bottom) else 0) for k in range(size + 1)}
        tested += 1
        wrong += int(stated.subs(LENGTH, size).doit().subs(known) != derived)
    where = f"filters of lengths 1..{ctx.pick(2, 4, 6)}, coefficients as symbols"
    return judge(tested, wrong, worst=wrong, bound=0, figure=FAIL, domain=where)


def _edge(letter: str, parameter: sp.Expr, below: sp.Expr, bound: sp.Expr) -> sp.Basic:
    return Iff(lt(_modulus(letter, h, parameter), 1), lt(below, bound))


_H = Definition(h, "eigenvalue of the Hessian times the step size")
_METHOD = "signs of Routh and Hurwitz, roots at samples"
_OVER = Range(h, POSITIVE)

CLAIMS = (
    Claim(
        id="heavy-ball-edge",
        title="Heavy ball is stable exactly below (2 + 2 beta)/eta",
        statement=Statement(
            conclusion=(_edge("hb", beta, h, 2 + 2 * beta),), over=(_OVER, Range(beta, UNIT)), where=(_H,)
        ),
        source=Source("cohen2021", "Appendix: sharpness threshold of Polyak momentum"),
        checks=(Check(_METHOD, Level.DERIVED, _heavy_ball),),
    ),
    Claim(
        id="nesterov-edge",
        title="Nesterov's momentum is stable exactly below (2 + 2 beta)/((1 + 2 beta) eta)",
        statement=Statement(
            conclusion=(_edge("nag", beta, h, (2 + 2 * beta) / (1 + 2 * beta)),),
            over=(_OVER, Range(beta, UNIT)),
            where=(_H,),
        ),
        source=Source("cohen2021", "Appendix: sharpness threshold of Nesterov momentum"),
        checks=(Check(_METHOD, Level.DERIVED, _nesterov),),
    ),
    Claim(
        id="averaged-gradient-edge",
        title="A running mean of gradients is stable below 2 (1 + beta)/((1 - beta) eta), 38/eta at beta = 9/10",
        statement=Statement(
            conclusion=(_edge("avg", beta, h, 2 * (1 + beta) / (1 - beta)), _edge("avg", R(9, 10), h, sp.Integer(38))),
            over=(_OVER, Range(beta, UNIT)),
            where=(_H,),
        ),
        source=Source("edgestab", "Adam with a frozen preconditioner; Cohen et al. 2022 print 38/eta"),
        note="With a frozen preconditioner h is an eigenvalue of the preconditioned Hessian, times the step size.",
        checks=(Check(_METHOD, Level.DERIVED, _averaged),),
    ),
    Claim(
        id="sam-edge",
        title="SAM without normalisation is stable exactly where h (1 + rho h) < 2",
        statement=Statement(
            conclusion=(_edge("sam", rho, h * (1 + rho * h), sp.Integer(2)),),
            over=(_OVER, Range(rho, NOT_NEGATIVE)),
            where=(_H,),
        ),
        source=Source("edgestab", "rho in units of the step size"),
        checks=(Check(_METHOD, Level.DERIVED, _sam),),
    ),
    Claim(
        id="weight-decay-edge",
        title="With weight decay gradient descent is stable exactly below 2 - gamma",
        statement=Statement(
            conclusion=(_edge("wd", gamma, h, 2 - gamma),), over=(_OVER, Range(gamma, NOT_NEGATIVE)), where=(_H,)
        ),
        source=Source("edgestab", "gamma is the step size times the decay"),
        checks=(Check(_METHOD, Level.DERIVED, _decay),),
    ),
    Claim(
        id="filter-flip-formula",
        title="A filter of past gradients has the multiplier -1 at 2 over its value at -1",
        statement=Statement(
            conclusion=(
                eq(
                    FLIP,
                    2 * sp.Sum(_d[_j] * (-1) ** _j, (_j, 0, LENGTH)) / sp.Sum(_n[_j] * (-1) ** _j, (_j, 0, LENGTH)),
                ),
            ),
            over=(Range(LENGTH, sp.S.Naturals),),
            where=(
                Definition(LENGTH, "length of the filter"),
                Definition(_n, "numerator of the filter, by delay"),
                Definition(_d, "denominator of the filter, by delay: sum_j d_j u_(t-j) = sum_j n_j g_(t-j)"),
            ),
        ),
        source=Source("edgestab", "the filter formula for edges of linear optimisers, attributed to Lee and Lee"),
        note="The edge itself only where no pair of multipliers reaches the circle before: see filter-three-edge.",
        checks=(Check("the recursions on (-1)^t; derived edges", Level.DERIVED, _formula),),
    ),
    Claim(
        id="filter-three-edge",
        title="A running mean of three gradients loses stability by a pair at angle pi/3, not where the formula says",
        statement=Statement(
            conclusion=(
                Iff(lt(_modulus("three", h), 1), lt(h, R(3, 2))),
                eq(COSINE, R(1, 2)),
                eq(FLIP_THREE, 6),
            ),
            over=(_OVER,),
            where=(_H, Definition(COSINE, "real part of each multiplier on the unit circle at the edge")),
        ),
        source=Source("edgestab", "an escape that the filter formula misses"),
        uses=("filter-flip-formula",),
        checks=(Check("exact roots in h and in the multiplier", Level.DERIVED, _three),),
    ),
    Claim(
        id="filter-delay-edge",
        title="Descent on the gradient of the step before loses stability at 1/eta by a pair at angle pi/3",
        statement=Statement(
            conclusion=(
                Iff(lt(_modulus("late", h), 1), lt(h, 1)),
                eq(COSINE, R(1, 2)),
                eq(FLIP_LATE, -2),
            ),
            over=(_OVER,),
            where=(_H, Definition(COSINE, "real part of each multiplier on the unit circle at the edge")),
        ),
        source=Source("edgestab", "an escape that the filter formula misses: its value is negative"),
        uses=("filter-flip-formula",),
        checks=(Check("exact roots in h and in the multiplier", Level.DERIVED, _late),),
    ),
)
