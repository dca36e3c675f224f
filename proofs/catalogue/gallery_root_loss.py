"""Claims on gradient descent on the root of the loss, and on normalised gradient descent (Arora et al.)."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import PolyRing, poly_terms, to_fraction
from ...symbolic.algebra.symbols import symbols
from ..certificates.bernstein import prove_positive
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import FORMAL, POSITIVE, REALS, Definition, O, R, Range, Reading, Statement, eq, ge, le, split_order
from .stated_maps import after_step

z, T, epsilon, eta, theta_1, theta_2 = symbols("z T epsilon eta theta_1 theta_2")
STEP_Z, STEP_T = symbols("z' T'")
q_1, q_2, s, c = (sp.Symbol(name, real=True) for name in ("q_1", "q_2", "s", "c"))
rate, flow_rate, normal_rate, factor, normal_factor = (
    sp.Symbol(name, real=True) for name in ("rho_c", "rho_root", "rho_norm", "kappa_root", "kappa_norm")
)
ROOT = sp.Function("root")(theta_1, theta_2)
LOSS = sp.Function("L")(theta_1, theta_2)
SECOND = sp.Symbol("w''", real=True)
SIGNS = sp.FiniteSet(-1, 1)
DIFFER = "sides that differ"


def _reduced(expr: sp.Expr) -> sp.Expr:
    """A polynomial in s with ``s^2 = 1``."""
    poly = sp.Poly(sp.expand(expr), s)
    return sp.expand(sum(a * s ** (n % 2) for (n,), a in poly.terms()))


def _two_steps(ctx: CheckContext) -> Outcome:
    """The root squared is the loss; one step, and the next with the other sign, as polynomials."""
    for variable in (theta_1, theta_2, q_1, q_2):
        ctx.statement.within(variable, REALS)
    ctx.statement.within(eta, POSITIVE)
    ctx.statement.within(s, SIGNS)
    unfold = ctx.statement.unfolded
    tested = wrong = 0
    for part in ctx.statement.parts():
        if not isinstance(part, sp.Eq):
            raise ProofError.of("the statement", "equations", part, "It judges no others.")
        left, right = (unfold(side).doit() for side in part.args)
        tested, wrong = tested + 1, wrong + int(_reduced(left - right) != 0)
    # the second step is the first one again, from there and with the other sign
    first = ctx.statement.equation(after_step(theta_1))
    again = unfold(first.subs({s: -s, theta_1: after_step(theta_1)}, simultaneous=True)).doit()
    wrong += int(_reduced(again - unfold(SECOND).doit()) != 0)
    return judge(tested + 1, wrong, worst=wrong, bound=0, figure=DIFFER, domain="all weights, eigenvalues, step sizes")


def _linear(expr: sp.Expr, squares: tuple[sp.Symbol, sp.Symbol]) -> tuple[sp.Expr, sp.Expr]:
    """Coefficients of an expression that is linear in the two squares."""
    swapped = sp.expand(expr).subs({theta_1**2: squares[0], theta_2**2: squares[1]})
    poly = sp.Poly(swapped, *squares)
    if any(sum(e) != 1 for e in poly.monoms()) or poly.free_symbols_in_domain & {theta_1, theta_2}:
        raise ProofError.of("the band", "quantities linear in the squares", expr, "It judges no others.")
    return poly.coeff_monomial(squares[0]), poly.coeff_monomial(squares[1])


def _positive(expr: sp.Expr, reading: Reading) -> bool:
    """Whether a polynomial in c and epsilon is positive for positive c and epsilon in their ranges."""
    poly = poly_terms(PolyRing((c, epsilon)).from_expr(sp.expand(expr)))
    if not poly:
        return False
    least = [min(e[i] for e in poly) for i in (0, 1)]
    terms: dict[tuple[int, ...], Fraction] = {
        (e[0] - least[0], e[1] - least[1]): to_fraction(v) for e, v in poly.items()
    }
    box = [(to_fraction(i.start), to_fraction(i.end)) for i in map(reading.interval, (c, epsilon))]
    return prove_positive(terms, box).verdict == "TRUE"


def _inconsistent(reading: Reading) -> int:
    """Definitions that do not fit: the step follows the gradient of the residual, T is its square, at both points."""
    value, height = reading.defined(z), reading.defined(T)
    slope = {v: sp.diff(value, v) for v in (theta_1, theta_2)}
    later = {v: after_step(v) for v in slope}
    defects = [height - sum(d**2 for d in slope.values())]
    defects += [reading.defined(later[v]) - (v - c * s * d) for v, d in slope.items()]
    defects += [
        reading.defined(name) - term.subs(later, simultaneous=True)
        for name, term in ((STEP_Z, value), (STEP_T, height))
    ]
    return sum(sp.expand(d) != 0 for d in defects)


def _band(ctx: CheckContext) -> Outcome:
    """The band is a cone in the squares of the weights: on its two edges both bounds after a step, by Bernstein."""
    reading = ctx.statement
    for variable in (theta_1, theta_2):
        reading.within(variable, REALS)
    reading.within(s, SIGNS)
    for variable in (c, epsilon):
        reading.within(variable, sp.Interval.open(0, 1) if variable == epsilon else sp.Interval.Lopen(0, R(1, 5)))
    before, after = reading.bounds(s * z, given=True), reading.bounds(STEP_Z)
    if None in (before.low, before.high, after.low, after.high):
        raise ProofError.of("the band", "two bounds before and after", before, "It judges no others.")
    strict = before.low_strict or before.high_strict or after.low_strict or after.high_strict
    squares = sp.symbols("A B", positive=True)
    tested, wrong = 1, _inconsistent(reading)
    if wrong:
        return judge(tested, wrong, worst=wrong, bound=0, figure="definitions that do not fit", domain="")
    for sign in sorted(SIGNS):
        inner = [s * z - before.low, before.high - s * z]
        outer = [STEP_Z - after.low, after.high - STEP_Z]
        inner, outer = ([_linear(reading.unfolded(e).subs(s, sign), squares) for e in rows] for rows in (inner, outer))
        rays = []
        for one, other in (inner, inner[::-1]):
            ray = (one[1], -one[0]) if _positive(one[1], reading) else (-one[1], one[0])
            inside = sp.expand(other[0] * ray[0] + other[1] * ray[1])
            wrong += not all(_positive(e, reading) for e in (*ray, inside))
            rays.append(ray)
        for a, b in outer:
            for ray in rays:
                tested += 1
                wrong += not _positive(a * ray[0] + b * ray[1], reading)
    # at theta = 0 both sides vanish
    wrong += int(strict)
    return judge(
        tested + 1, wrong, worst=wrong, bound=0, figure="signs not shown", domain="the whole range, all weights"
    )


def _log(small: sp.Expr, order: int) -> sp.Expr:
    """ln(1 + small) up to a power of c."""
    return sum(((-1) ** (n + 1) * small**n / n for n in range(1, order + 1)), sp.S.Zero)


def _rate(ctx: CheckContext) -> Outcome:
    """The growth of ln T per step in the band as an exact series in c, and both printed flows on the main model."""
    reading = ctx.statement
    reading.within(c, FORMAL)
    reading.within(epsilon, sp.Interval.open(0, 1))
    wrong = 0
    for name, scale in ((flow_rate, factor), (normal_rate, normal_factor)):
        wrong += int(sp.cancel(reading.defined(scale) * _unit_flow() - reading.equation(name)) != 0)
    if wrong:
        return judge(4, wrong, worst=wrong, bound=0, figure="terms that differ", domain="")
    found = _derived_rate()
    leading, remainder = split_order(reading.equation(rate))
    if len(remainder) != 1:
        raise ProofError.of("the rate", "one remainder in c", remainder, "It judges no others.")
    cut = sp.degree(remainder[0], c)
    if cut > 4:
        return judge(1, undecided=1, detail=f"terms from c^4 on are not compared, up to c^{cut} asked")
    difference = sp.Poly(sp.expand(found - leading), c)
    wrong += sum(1 for (n,), v in difference.terms() if n < cut and sp.cancel(v) != 0)
    return judge(
        4, wrong, worst=wrong, bound=0, figure="terms that differ", domain="every power of c below the remainder"
    )


@cache
def _derived_rate() -> sp.Expr:
    """Growth of ln T per step in the band, up to c^4, with coefficients rational in epsilon."""
    order = 6
    one, two = ([_log(sign * w * c, order) for sign in (-1, 1)] for w in (1, -epsilon))
    # of all steps a share p has s = 1: ln|theta_1| and ln|theta_2| have to move alike
    (a, b), (d, e) = one, two
    above, below = sp.expand(((e - b) * d - (d - a) * e) / c**3), sp.expand(((e - b) - (d - a)) / c)
    share = sp.series(sp.cancel(2 * above / below), c, 0, 3).removeO()
    return sp.expand(share * c**2)


@cache
def _unit_flow() -> sp.Expr:
    """Rate of ln T along ``dX = -P grad T`` on z = 0, main model; that of T along the flow of ln T is the same."""
    height = theta_1**2 + epsilon**2 * theta_2**2
    line = (theta_1**2 - epsilon * theta_2**2) / 2
    up, normal = ([sp.diff(f, v) for v in (theta_1, theta_2)] for f in (height, line))
    dot = sum(a * b for a, b in zip(up, normal, strict=True)) / sum(b * b for b in normal)
    along = [a - dot * b for a, b in zip(up, normal, strict=True)]
    change = -sum(a * a for a in along) / height
    return sp.cancel(sp.together(change).subs(theta_1, sp.sqrt(epsilon) * theta_2))


def _descent(ctx: CheckContext) -> Outcome:
    """Both optimisers from a start on z = 0 over a fixed slow time: the fall of T against the flows."""
    ctx.statement.within(c, FORMAL)
    interval = ctx.statement.interval(epsilon)
    root, normal = (ctx.statement.equation(v) for v in (flow_rate, normal_rate))
    shares = ctx.pick((4,), (4, 3, 2), (8, 4, 3, 2))
    steps = ctx.pick((40, 80), (40, 80, 160), (100, 200, 400, 800))
    tested, worst = 0, 0.0
    for share in shares:
        small = float(interval.start + (interval.end - interval.start) / share)
        for fine in steps:
            size = 1 / fine
            for which, stated in ((True, root), (False, normal)):
                count = int(0.5 / size**2)
                first, last = descend_root(size, small, count, normalised=not which)
                moved = math.log(last / first) if which else last - first
                expected = float(stated.subs(epsilon, R(small))) * count * size**2
                tested += 1
                worst = max(worst, abs(moved - expected) / size)
    return judge(
        tested,
        int(worst > DEVIATION),
        worst=round(worst, 3),
        bound=DEVIATION,
        figure="largest deviation over eta",
        digits=16,
        domain=f"T_0 = 1, slow time 1/2, 1/eta in {{{', '.join(map(str, steps))}}}",
    )


DEVIATION = 4.0
"""The band is about eta wide, so T is within a few eta of the flow at every step."""


def descend_root(step: float, small: float, count: int, *, normalised: bool, start: float = 1.0) -> tuple[float, float]:
    """T at the start, on z = 0, and after some steps of descent on the root of the loss, or of normalised descent.

    Args:
        step: the step size eta.
        small: epsilon.
        count: steps.
        normalised: whether the gradient of the loss is divided by its length.
        start: T at the start.

    Returns:
        T before and after.
    """
    second = math.sqrt(start / (small * (1 + small)))
    first = math.sqrt(small) * second
    for _ in range(count):
        residual = (first * first - small * second * second) / 2
        height = first * first + small * small * second * second
        move = math.copysign(step / (math.sqrt(height) if normalised else math.sqrt(2)), residual or 1.0)
        first, second = first * (1 - move), second * (1 + small * move)
    return start, first * first + small * small * second * second


_MAIN = "the main model: L = z^2/2, eigenvalues 1 and -epsilon, E = 0"
_SOURCE = "abstract and theorems on the edge-of-stability regime; constants recalled"

CLAIMS = (
    Claim(
        id="arora-root-loss-steps",
        title="Descent on the root of the loss: each step multiplies, and two steps of opposite signs shrink exactly",
        statement=Statement(
            conclusion=(
                eq(ROOT**2, LOSS),
                eq(after_step(theta_1), (1 - c * s * q_1) * theta_1),
                eq(SECOND, (1 - c**2 * q_1**2) * theta_1),
            ),
            over=(*(Range(v, REALS) for v in (theta_1, theta_2, q_1, q_2)), Range(s, SIGNS), Range(eta, POSITIVE)),
            where=(
                Definition(c, "the step size of the sign of the residual", eta / sp.sqrt(2)),
                Definition(s, "sign of the residual"),
                Definition(q_1, "eigenvalue of Q along theta_1"),
                Definition(q_2, "eigenvalue of Q along theta_2; the same law holds for each of any number"),
                Definition(LOSS, "the loss", (q_1 * theta_1**2 + q_2 * theta_2**2) ** 2 / 8),
                Definition(ROOT, "root of the loss", s * (q_1 * theta_1**2 + q_2 * theta_2**2) / sp.sqrt(8)),
                Definition(
                    after_step(theta_1),
                    "theta_1 after a step of gradient descent on the root of the loss",
                    theta_1 - eta * sp.Derivative(ROOT, theta_1),
                ),
                Definition(
                    SECOND,
                    "theta_1 after another step, from where the residual has the other sign",
                    after_step(theta_1) + c * s * q_1 * after_step(theta_1),
                ),
            ),
        ),
        source=Source("arora2022", f"gradient descent on sqrt(L); {_SOURCE}"),
        checks=(Check("both sides as polynomials", Level.DERIVED, _two_steps),),
        note="All steps commute: after a steps with s = 1 and b with s = -1 each weight is (1 - c q)^a (1 + c q)^b "
        "times what it was, exactly.",
    ),
    Claim(
        id="arora-band",
        title="Descent on the root of the loss never leaves the band |z| <= 2 c T once it is there",
        statement=Statement(
            conclusion=(le(STEP_Z, 2 * c * STEP_T), ge(STEP_Z, -2 * c * STEP_T)),
            over=(
                *(Range(v, REALS) for v in (theta_1, theta_2)),
                Range(s, SIGNS),
                Range(c, sp.Interval.Lopen(0, R(1, 5))),
                Range(epsilon, sp.Interval.open(0, 1)),
            ),
            given=(ge(s * z, 0), le(s * z, 2 * c * T)),
            where=(
                Definition(s, "sign of the residual"),
                Definition(c, "step size over sqrt 2"),
                Definition(z, "the residual", (theta_1**2 - epsilon * theta_2**2) / 2),
                Definition(T, "the NTK eigenvalue", theta_1**2 + epsilon**2 * theta_2**2),
                Definition(after_step(theta_1), "theta_1 after a step", (1 - c * s) * theta_1),
                Definition(after_step(theta_2), "theta_2 after a step", (1 + c * s * epsilon) * theta_2),
                Definition(
                    STEP_Z,
                    "the residual after a step",
                    (after_step(theta_1) ** 2 - epsilon * after_step(theta_2) ** 2) / 2,
                ),
                Definition(
                    STEP_T,
                    "the NTK eigenvalue after a step",
                    after_step(theta_1) ** 2 + epsilon**2 * after_step(theta_2) ** 2,
                ),
            ),
        ),
        source=Source("arora2022", f"phase II stays near the minima; {_SOURCE}"),
        uses=("arora-root-loss-steps",),
        checks=(Check("signs of polynomials by Bernstein coefficients", Level.DERIVED, _band),),
        note="So the phase near the minima never ends, and in it the weights keep theta_1^2 = epsilon theta_2^2 to "
        "O(c).",
    ),
    Claim(
        id="arora-sharpness-rate",
        title="At the edge the sharpness falls at the rate of the printed flows, with no term of third order",
        statement=Statement(
            conclusion=(
                eq(rate, -epsilon * c**2 + O(c**4)),
                eq(flow_rate, -epsilon / 2),
                eq(normal_rate, -epsilon),
            ),
            over=(Range(c, FORMAL), Range(epsilon, sp.Interval.open(0, 1))),
            where=(
                Definition(c, "step size over sqrt 2, eta/sqrt 2"),
                Definition(
                    rate,
                    "growth of ln T per step of descent on the root of the loss along orbits in the band, whose "
                    "numbers of steps with s = 1 and s = -1 have the ratio that keeps theta_1/theta_2",
                ),
                Definition(
                    flow_rate,
                    f"derivative of ln T along dX = -kappa_root P grad T on the minima z = 0 of {_MAIN}; P projects "
                    "on the tangent; one step takes the time eta^2",
                ),
                Definition(normal_rate, "derivative of T along dX = -kappa_norm P grad ln T, likewise"),
                Definition(factor, "factor of the printed flow for descent on the root", R(1, 8)),
                Definition(normal_factor, "factor of the printed flow for normalised descent", R(1, 4)),
            ),
        ),
        source=Source("arora2022", f"limiting flows with factors 1/8 and 1/4; {_SOURCE}"),
        uses=("arora-root-loss-steps", "arora-band"),
        checks=(
            Check("exact series in c, and the flows on the minima", Level.DERIVED, _rate),
            Check(
                "both optimisers over a fixed slow time",
                Level.CHECKED,
                _descent,
                hindsight="the bound on the deviation",
            ),
        ),
        note="-epsilon c^2 per step is -epsilon/2 in the flow's time, for c^2 = eta^2/2. On the minima T is also the "
        "largest eigenvalue of the Hessian of L.",
    ),
)
