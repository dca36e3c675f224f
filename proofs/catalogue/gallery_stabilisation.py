"""Claims on self-stabilisation at the next order: with noise (Liao et al.), and the drift of its energy (Berthier)."""

from __future__ import annotations

from functools import lru_cache
from math import factorial

import sympy as sp
from flint import fmpq, fmpq_mpoly

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import Exponents, PolyRing, poly_terms, to_fmpq
from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.models.own_loss.stabilisation import alpha, beta
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import FORMAL, POSITIVE, Definition, O, Range, Reading, Statement, eq, gt, lt, split_order

x, y, eta, epsilon = symbols("x y eta epsilon")
STEP_X, STEP_Y = symbols("x' y'")
sigma = sp.Symbol("sigma", positive=True)
xi, h, X, Y, zeta, Delta = (sp.Symbol(name, real=True) for name in ("xi", "h", "X", "Y", "zeta", "Delta"))
ENERGY, ENERGY_2 = symbol("H"), sp.Symbol("H''", real=True)
H_1, H_2 = sp.Symbol("H_1", real=True), sp.Symbol("H_2", real=True)
E = sp.Function("E")
NOISE = {0: 1, 1: 0, 2: 1}
"""Moments of the noise that enter."""


def moment(i: int, j: int) -> sp.Symbol:
    """The moment E[x^i y^j]."""
    return sp.Symbol(f"m_{i}_{j}")


def _expectation(term: sp.Expr) -> sp.Expr:
    """An expectation as moments of x and y; the noise is independent of both.

    Raises:
        ProofError: a moment of the noise is needed that is not known.
    """
    total = sp.S.Zero
    for (i, j, k), value in sp.Poly(sp.expand(term), x, y, xi).terms():
        if k not in NOISE:
            raise ProofError.of("expectation", "at most the second moment of the noise", term, "It knows no more.")
        total += value * NOISE[k] * (1 if i == j == 0 else moment(i, j))
    return total


def _moments(term: sp.Basic, reading: Reading) -> sp.Expr:
    """A term with every E(..) as moments."""
    return term.replace(lambda e: getattr(e, "func", None) == E, lambda e: _expectation(reading.unfolded(e.args[0])))


def _stationary(reading: Reading, given: tuple[sp.Basic, ...]) -> dict[sp.Symbol, sp.Expr]:
    """What stationary equations say of E[x^2], E[x^2 y] and E[y]."""
    for variable in (alpha, beta, sigma, eta):
        reading.within(variable, POSITIVE)
    equations = []
    for hypothesis in given:
        if not isinstance(hypothesis, sp.Eq):
            raise ProofError.of("the law", "stationary moments", hypothesis, "It judges no others.")
        equations.append(sp.expand(_moments(hypothesis.args[0], reading) - _moments(hypothesis.args[1], reading)))
    unknown = (moment(2, 0), moment(2, 1), moment(0, 1))
    matrix, right = sp.linear_eq_to_matrix(equations, unknown)
    if matrix.rows != 3 or matrix.det() == 0:
        raise ProofError.of("the law", "three equations that determine the mean of y", equations, "Give three.")
    return dict(zip(unknown, matrix.LUsolve(right), strict=True))


def _gap_identity(ctx: CheckContext) -> Outcome:
    """Three stationary moments, expanded exactly, solved for the mean of y."""
    found = _stationary(ctx.statement, ctx.statement.given())
    (part,) = ctx.statement.parts()
    if not isinstance(part, sp.Eq):
        raise ProofError.of("the statement", "an equation", part, "It judges no others.")
    left, right = (_moments(a, ctx.statement).subs(found) for a in part.args)
    wrong = int(sp.cancel(sp.expand(left - right)) != 0)
    return judge(3, wrong, worst=wrong, bound=0, figure="sides that differ", domain="every law with these moments")


def _gap_excess(ctx: CheckContext) -> Outcome:
    """Gap less printed gap is a positive multiple of Var x^2 plus a non-negative multiple of E[x^2 y^2]."""
    reading = ctx.statement
    spread = gt(E(x**4), E(x**2) ** 2)
    reading.assumed(spread)
    given = tuple(h for h in reading.given() if h != spread)
    found = _stationary(reading, given)
    (part,) = reading.parts()
    if not isinstance(part, (sp.Gt, sp.Ge)):
        raise ProofError.of("the statement", "a lower bound", part, "It judges no others.")
    variance = sp.Symbol("V", positive=True)
    slack = sp.expand(sp.cancel((_moments(part.args[0], reading) - _moments(part.args[1], reading)).subs(found)))
    slack = sp.expand(slack.subs(moment(4, 0), variance + found[moment(2, 0)] ** 2))
    weights = sp.Poly(slack, variance, moment(2, 2))
    one, two = weights.coeff_monomial(variance), weights.coeff_monomial(moment(2, 2))
    rest = sp.expand(slack - one * variance - two * moment(2, 2))
    wrong = int(rest != 0) + int(not one.is_positive) + int(not two.is_nonnegative) + int(isinstance(part, sp.Ge))
    return judge(
        3, wrong, worst=wrong, bound=0, figure="terms of the wrong sign", domain="every law with these moments"
    )


def _cycle(ctx: CheckContext) -> Outcome:
    """Two steps from the stated point, and the determinant of their derivative there."""
    reading = ctx.statement
    for variable in (alpha, beta, eta):
        reading.within(variable, POSITIVE)
    square, height = reading.value(x**2), reading.value(y)
    step = sp.Matrix([reading.unfolded(v) for v in (STEP_X, STEP_Y)])
    slope = step.jacobian([x, y]).det().subs(y, height)
    both = sp.expand(slope * slope.subs(x, -x)).subs(x**4, square**2).subs(x**2, square)
    wrong = int(sp.expand(both - reading.equation(Delta)) != 0)
    for name in (STEP_X, STEP_Y):
        left, right = (e.subs(y, height) for e in (reading.unfolded(name), reading.equation(name)))
        wrong += int(sp.expand((left - right).subs(x**2, square)) != 0)
    # more than 1: no two multipliers of a product above 1 are both inside the unit circle
    for part in (p for p in reading.parts() if not isinstance(p, sp.Eq)):
        excess = sp.expand(reading.equation(Delta) - part.args[1]) if part.args[0] == Delta else sp.S.NegativeOne
        wrong += int(not excess.is_positive) + int(not isinstance(part, sp.Gt))
    return judge(4, wrong, worst=wrong, bound=0, figure="sides that differ", domain="all step sizes")


@lru_cache(maxsize=16)
def simulate_gap(step: float, noise: float, counts: tuple[int, int], seed: int) -> tuple[float, float]:
    """Mean gap of the noisy system with alpha = beta = 1, and the gap that the moment identity gives of its moments.

    Args:
        step: the step size eta.
        noise: sigma.
        counts: steps of a run, of which the first fifth is not counted, and independent runs.
        seed: of the noise, Gaussian.

    Returns:
        Minus the mean of y, and the right side of the identity.
    """
    import numpy as np

    steps, chains = counts
    draw = np.random.default_rng(seed)
    a, b = np.full(chains, 2.0**0.5), np.zeros(chains)
    sums, kept = np.zeros(4), 0
    for number in range(steps):
        if 5 * number >= steps:
            square = a * a
            sums += [b.mean(), square.mean(), (square**2).mean(), (square * b * b).mean()]
            kept += 1
        a, b = -(1 + step * b) * a + step * noise * draw.standard_normal(chains), b + step * (1 - a * a / 2)
    mean, second, fourth, mixed = sums / kept
    return -float(mean), float(step / 4 * (noise**2 + (fourth - second**2) / 2 + mixed))


def _gap_measured(ctx: CheckContext) -> Outcome:
    """Long runs with Gaussian noise of a fixed seed, at two noise levels: gap over printed gap."""
    reading = ctx.statement
    names = sorted({f for p in reading.parts() for f in p.free_symbols}, key=str)
    counts = ctx.pick((6000, 100), (20000, 200), (40000, 400))
    found = {}
    for name in names:
        level = int(name.name.removeprefix("ratio_"))
        gap, _ = simulate_gap(0.01, level, counts, ctx.seed)
        found[name] = gap / (0.01 * level**2 / 4)
    held = [reading.holds(found, i) for i in range(len(reading.parts()))]
    return judge(
        len(held),
        held.count(False),
        worst=", ".join(f"{v:.3f}" for v in found.values()),
        figure="gap over printed gap",
        digits=16,
        domain=f"eta = 1/100, alpha = beta = 1, {counts[1]} runs of {counts[0]} steps",
    )


def _drift(ctx: CheckContext) -> Outcome:
    """Two exact steps in X, Y as polynomials in h, and the change of the stated energy to the stated order."""
    reading = ctx.statement
    for variable in (h, X, Y, zeta):
        reading.within(variable, FORMAL)
    reading.assumed(sp.Ne(X, 0, evaluate=False))
    scaled = {x: reading.value(x), y: reading.value(y), epsilon: reading.value(epsilon)}
    step = [reading.unfolded(v).doit().subs(scaled) for v in (STEP_X, STEP_Y)]
    # back to X and Y: x = h X and y = 2 + h Y after the step as before
    shift = [scaled[v].subs({X: 0, Y: 0}) for v in (x, y)]
    one = [RING.from_expr(sp.expand(sp.expand(e - a) / h)) for e, a in zip(step, shift, strict=True)]
    fixed = [RING.generator(v) for v in (zeta, h)]
    moved = [p.compose(*one, *fixed, ctx=RING.context) - RING.generator(v) for p, v in zip(one, (X, Y), strict=True)]
    (part,) = reading.parts()
    leading, rest = split_order(part.args[1])
    if part.args[0] != ENERGY_2 - ENERGY or not isinstance(part, sp.Eq) or len(rest) != 1:
        raise ProofError.of("the drift", "an equation for H'' - H with a remainder", part, "It judges no others.")
    cut = int(sp.degree(rest[0], h)) if rest[0].free_symbols == {h} else 0
    if not 0 < cut <= HIGHEST + 1:
        return judge(1, undecided=1, detail=f"only terms up to h^{HIGHEST} are compared")
    if not all(_part(m, 0).is_zero() for m in moved):
        return judge(1, 1, detail="two steps do not return to first order")
    square = reading.value(zeta**2) if reading.statement.given[-1].args[0] == zeta**2 else None
    left = _change(sp.expand(reading.unfolded(reading.defined(ENERGY))), moved) - RING.from_expr(
        sp.expand(sp.expand(leading) * X**POLES)
    )
    left = left if square is None else _at_square(left, square)
    wrong = sum(not _part(left, n).is_zero() for n in range(cut))
    return judge(
        cut,
        wrong,
        worst=wrong,
        bound=0,
        figure="orders that differ",
        domain="all X > 0 or X < 0, all Y and zeta; the remainder is a power series in h with coefficients rational in "
        "X, regular but at X = 0",
    )


def _part(poly: fmpq_mpoly, order: int) -> fmpq_mpoly:
    """The coefficient of a power of h."""
    return RING.from_dict({(*e[:3], 0): v for e, v in poly_terms(poly).items() if e[3] == order})


def _at_square(poly: fmpq_mpoly, square: sp.Rational) -> fmpq_mpoly:
    """A polynomial with even powers of zeta replaced."""
    found: dict[Exponents, fmpq] = {}
    for (i, j, k, n), value in poly_terms(poly).items():
        here = (i, j, k % 2, n)
        found[here] = found.get(here, fmpq(0)) + value * to_fmpq(square) ** (k // 2)
    return RING.from_dict(found)


def _change(energy: sp.Expr, moved: list[fmpq_mpoly]) -> fmpq_mpoly:
    """The change of an energy under displacements of order h, right up to h^3, times a power of X that clears poles."""
    total = RING.zero
    place = tuple(tuple(poly_terms(m).items()) for m in moved)
    for term in sp.Add.make_args(sp.expand(energy)):
        weight, function = term.as_independent(X, Y)
        total += RING.from_expr(weight) * _change_of(function, place)
    return total


@lru_cache(maxsize=512)
def _change_of(function: sp.Expr, place: tuple[tuple[tuple[Exponents, fmpq], ...], ...]) -> fmpq_mpoly:
    """The same for one function of X and Y, with the displacements as terms."""
    moved, total = [RING.from_dict(dict(terms)) for terms in place], RING.zero
    for i in range(HIGHEST + 1):
        for j in range(HIGHEST + 1 - i):
            slope = sp.diff(function, *(X,) * i, *(Y,) * j) if i + j else sp.S.Zero
            if slope != 0:
                weight = RING.constant(sp.Rational(1, factorial(i) * factorial(j)))
                factor = RING.from_expr(sp.expand(sp.expand(slope) * X**POLES)) * weight
                total += factor * moved[0] ** i * moved[1] ** j
    return RING.from_dict({e: v for e, v in poly_terms(total).items() if e[3] <= HIGHEST})


HIGHEST = 3
RING = PolyRing((X, Y, zeta, h))
POLES = 6
"""Powers of 1/X that derivatives of an energy may have."""

_LAWS = (
    eq(E(STEP_X**2), E(x**2)),
    eq(E(STEP_Y), E(y)),
    eq(E(STEP_Y**2), E(y**2)),
)
_SYSTEM = (
    Definition(x, "oscillation along the top eigenvector"),
    Definition(y, "excess of the sharpness over 2/eta"),
    Definition(alpha, "progressive sharpening"),
    Definition(beta, "strength of the self-stabilisation"),
)
_NOISY = (
    *_SYSTEM,
    Definition(xi, "noise: independent of x and y, mean 0, variance 1"),
    Definition(sigma, "standard deviation of the gradient noise along the top eigenvector"),
    Definition(E(x), "expectation in a stationary law with finite fourth moments, or average along a bounded orbit"),
    Definition(STEP_X, "x after one step", -(1 + eta * y) * x + eta * sigma * xi),
    Definition(STEP_Y, "y after one step", y + eta * (alpha - beta * x**2 / 2)),
)
_OVER = tuple(Range(v, POSITIVE) for v in (alpha, beta, sigma, eta))
_LIAO = "abstract: equilibrium sharpness gap eta beta sigma_u^2/(4 alpha)"
_RATIOS = {level: sp.Symbol(f"ratio_{level}", real=True) for level in (3, 10)}
"""At these noise levels sigma."""
_CORRECTION = (
    X / 4
    + Y / 2
    - 3 * zeta * Y / 2
    + 3 * zeta * X / 4
    - 1 / (2 * X)
    - X**2 * Y / 4
    + 9 * zeta**2 * X**2 * Y / 4
    + Y**3 / 6
    - 3 * zeta * X**3 / 8
)

_NEXT = (
    Y / (4 * X)
    - X * Y / 8
    - 1 / (8 * X**2)
    - 37 * X**2 / 96
    + 9 * zeta * X**2 / 8
    - 5 * Y**2 / 16
    + 9 * zeta * Y**2 / 8
    - 9 * zeta * X * Y / 8
    - 19 * X**4 / 192
    + 9 * zeta * X**3 * Y / 16
    - 5 * X**2 * Y**2 / 24
    - Y**4 / 12
)


def _drift_statement(conclusion: sp.Basic, corrections: tuple[sp.Expr, ...], *more: sp.Basic) -> Statement:
    """What two steps on Berthier's loss do to an energy with some corrections."""
    loss, terms = sp.Function("L")(x, y), list(zip((H_1, H_2), corrections, strict=False))
    return Statement(
        conclusion=(conclusion,),
        over=tuple(Range(v, FORMAL) for v in (h, X, Y, zeta)),
        given=(eq(x, h * X), eq(y, 2 + h * Y), eq(epsilon, h**2), sp.Ne(X, 0, evaluate=False), *more),
        where=(
            Definition(x, "the oscillating weight"),
            Definition(y, "the slow weight"),
            Definition(epsilon, "strength of the drive, small"),
            Definition(h, "root of epsilon: the scale of the oscillation"),
            Definition(X, "x over h"),
            Definition(Y, "distance of y from the edge, over h"),
            Definition(zeta, "asymmetry of the valley"),
            Definition(loss, "the loss", (y + zeta * x) * x**2 / 2 - epsilon * (x + y)),
            Definition(STEP_X, "x after a step of gradient descent, step size 1", x - sp.Derivative(loss, x)),
            Definition(STEP_Y, "y after this step", y - sp.Derivative(loss, y)),
            *(Definition(name, f"correction of the energy at order {n}", v) for n, (name, v) in enumerate(terms, 1)),
            Definition(
                ENERGY,
                "the energy of the slow flow with its corrections",
                Y**2 / 2 + X**2 / 4 - sp.log(X**2) / 2 - sum(h**n * name for n, (name, _) in enumerate(terms, 1)),
            ),
            Definition(ENERGY_2, "the same after two steps from (x, y) to (x', y')"),
        ),
    )


CLAIMS = (
    Claim(
        id="liao-gap-identity",
        title="The sharpness gap of the noisy system, exactly, in any stationary law",
        statement=Statement(
            conclusion=(
                eq(
                    -E(y),
                    eta * beta * (sigma**2 + beta * (E(x**4) - E(x**2) ** 2) / 2 + E(x**2 * y**2)) / (4 * alpha),
                ),
            ),
            over=_OVER,
            given=_LAWS,
            where=_NOISY,
        ),
        source=Source("liao2026", f"{_LIAO}; the identity is derived here"),
        checks=(Check("three stationary moments", Level.DERIVED, _gap_identity),),
        note="The printed gap is the first of three terms that are not negative.",
    ),
    Claim(
        id="liao-gap-exceeds",
        title="The gap of the noisy system is larger than the printed one",
        statement=Statement(
            conclusion=(gt(-E(y), eta * beta * sigma**2 / (4 * alpha)),),
            over=_OVER,
            given=(*_LAWS, gt(E(x**4), E(x**2) ** 2)),
            where=_NOISY,
        ),
        source=Source("liao2026", _LIAO),
        uses=("liao-gap-identity",),
        checks=(Check("signs of the other two terms", Level.DERIVED, _gap_excess),),
        note="The last hypothesis says that x^2 is not constant. The excess does not vanish with the noise: it is the "
        "offset of the deterministic orbits.",
    ),
    Claim(
        id="liao-no-noise-cycle",
        title="Without noise the orbit of gap 0 is a two-cycle that repels",
        statement=Statement(
            conclusion=(
                eq(STEP_X, -x),
                eq(STEP_Y, y),
                eq(Delta, (1 + 2 * alpha * eta**2) ** 2),
                gt(Delta, 1),
            ),
            over=tuple(Range(v, POSITIVE) for v in (alpha, beta, eta)),
            given=(eq(x**2, 2 * alpha / beta), eq(y, 0)),
            where=(
                *_SYSTEM,
                Definition(STEP_X, "x after one step", -(1 + eta * y) * x),
                Definition(STEP_Y, "y after one step", y + eta * (alpha - beta * x**2 / 2)),
                Definition(Delta, "determinant of the derivative of two steps at this point"),
            ),
        ),
        source=Source("liao2026", "abstract: the formula recovers gradient descent at full batch"),
        uses=("damian-system",),
        checks=(Check("two exact steps and their derivative", Level.DERIVED, _cycle),),
        note="So at sigma = 0 orbits leave it, and by liao-gap-identity their mean gap is positive while they are "
        "bounded.",
    ),
    Claim(
        id="liao-gap-measured",
        title="The printed gap is nearly met at large noise, and exceeded by more than half at small noise",
        statement=Statement(
            conclusion=(lt(_RATIOS[10], sp.Rational(6, 5)), gt(_RATIOS[10], 1), gt(_RATIOS[3], sp.Rational(3, 2))),
            where=tuple(
                Definition(
                    name,
                    "mean gap over the printed gap in runs of the noisy system of liao-gap-identity with alpha = "
                    "beta = 1, "
                    f"eta = 1/100 and Gaussian noise, sigma = {level}",
                )
                for level, name in _RATIOS.items()
            ),
        ),
        source=Source("liao2026", _LIAO),
        uses=("liao-gap-identity",),
        checks=(
            Check("runs with a fixed seed", Level.CHECKED, _gap_measured, hindsight="the noise levels and the bounds"),
        ),
        note="beta sigma^2 against alpha^2 decides: in the limit of small eta sqrt(alpha) at fixed eta beta sigma^2 / "
        "alpha^(3/2) both other terms of the identity vanish against the printed one.",
    ),
    Claim(
        id="berthier-energy-drift",
        title="Berthier's model: over two steps a corrected energy changes by h^2 (2 - 9 zeta^2) X^2 Y^2",
        statement=_drift_statement(
            eq(ENERGY_2 - ENERGY, h**2 * (2 - 9 * zeta**2) * X**2 * Y**2 + O(h**3)), (_CORRECTION,)
        ),
        source=Source("berthier2026", "drift of the energy, changing sign at zeta^2 = 2/9"),
        checks=(Check("two exact steps as polynomials in h", Level.DERIVED, _drift),),
        note="X^2 Y^2 is not negative, so the sign of the drift is that of 2 - 9 zeta^2 at every energy: a "
        "multiple-scale "
        "argument is not needed. The remainder is uniform where X stays away from 0.",
    ),
    Claim(
        id="berthier-threshold",
        title="Berthier's model at its threshold: the energy is kept up to h^4",
        statement=_drift_statement(
            eq(ENERGY_2 - ENERGY, O(h**4)), (_CORRECTION, _NEXT), eq(zeta**2, sp.Rational(2, 9))
        ),
        source=Source("berthier2026", "drift of the energy, at zeta^2 = 2/9"),
        uses=("berthier-energy-drift",),
        checks=(Check("two exact steps as polynomials in h", Level.DERIVED, _drift),),
        note="So the threshold has no shift of order h: what drift there is, is two orders smaller.",
    ),
)
