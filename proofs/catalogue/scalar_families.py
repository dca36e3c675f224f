"""Claims on maps of the line with one parameter: the cubic map of quadratic regression, and balanced products."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import sympy as sp

from ...symbolic.algebra.errors import ProofError
from ...symbolic.algebra.rings import to_fmpq, to_fraction
from ...symbolic.algebra.symbols import symbol, symbols
from ...symbolic.models.families.algebraic import AlgebraicNumber, primitive
from ...symbolic.models.families.known import cubic_formula, family
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import POSITIVE, REALS, Definition, Range, Statement, eq, lt, ne
from .stated_maps import LATER, STEP_Z, TWO_Z, after_step, closure, descends

z, a, eta, u, E = symbols("z a eta u E")
gamma, b, k, slope = (sp.Symbol(name, real=True) for name in ("gamma", "b", "k", "slope"))
depth = sp.Symbol("m", integer=True, positive=True)
ONE_X, TWO_X = symbol("x'"), sp.Symbol("x''", real=True)
CUBIC = "the cubic map z' = z (1 + (z - 2) (z + a))"
DIFFER = "things that are not as stated"
A_SIGN, A_MONOTONE, A_EDGE, A_DOUBLE, A_THREE, A_ESCAPE = (
    sp.Symbol(name, real=True) for name in ("a_sign", "a_monotone", "a_edge", "a_double", "a_three", "a_escape")
)
EDGE_OF, DOUBLE_OF, ESCAPE_OF = (sp.Function(name) for name in ("edge_of", "double_of", "escape_of"))


def _closes(ctx: CheckContext) -> Outcome:
    """The stepped residual against the cubic, both as polynomials in the weight and all constants of the model."""
    for constant in (u, gamma, b, E):
        ctx.statement.within(constant, REALS)
    ctx.statement.within(eta, POSITIVE)
    tested, rejected = closure(ctx.statement)
    right = ctx.statement.equation(LATER[z])
    rejected += sp.expand(right - cubic_formula()) != 0
    return judge(tested + 1, int(rejected), worst=int(rejected), bound=0, figure=DIFFER, domain="all constants")


@cache
def _cubic() -> dict[sp.Symbol, AlgebraicNumber]:
    """The thresholds as they are derived, by the name that statements give them."""
    found = family("cubic")
    step = found.map
    change, edge = found.edge_thresholds()
    return {
        A_SIGN: change.value,
        A_EDGE: edge.value,
        A_MONOTONE: found.rise_thresholds()[0],
        A_DOUBLE: step.thresholds(2, -1, 0)[0],
        A_THREE: found.three_cycles()[0],
        A_ESCAPE: step.escapes(0)[0],
    }


def _holds(part: sp.Basic, lookup: Callable[[sp.Basic], AlgebraicNumber]) -> bool:
    """Whether a stated value, equation or bound of one threshold is right, by exact algebra."""
    left, right = part.args
    if isinstance(part, sp.Lt) and left.is_Rational:
        return lookup(right) > to_fraction(left)
    if isinstance(part, sp.Lt) and right.is_Rational:
        return lookup(left) < to_fraction(right)
    if not isinstance(part, sp.Eq):
        return False
    if right.is_number and not left.is_Add:
        value = lookup(left)
        return value.degree <= 2 and sp.expand(value.expression() - right) == 0
    (name,) = left.free_symbols
    polynomial = sp.Poly(left - right, name)
    exact = primitive([to_fmpq(c) for c in reversed(polynomial.all_coeffs())])
    return lookup(name).sign_of(exact) == 0


def _judged(ctx: CheckContext, lookup: Callable[[sp.Basic], AlgebraicNumber], domain: str) -> Outcome:
    parts = ctx.statement.parts()
    for name in {arg for part in parts if isinstance(part, sp.Lt) for arg in part.args if not arg.is_number}:
        bounds = ctx.statement.bounds(name)
        if bounds.low is None or bounds.high is None:
            raise ProofError.of("thresholds", f"bounds of {name} from both sides", bounds, "It judges no others.")
    wrong = [str(part) for part in parts if not _holds(part, lookup)]
    return judge(
        len(parts),
        len(wrong),
        worst=len(wrong),
        bound=0,
        figure=DIFFER,
        domain=domain,
        counterexample=wrong[0] if wrong else None,
    )


def _cubic_thresholds(ctx: CheckContext) -> Outcome:
    """Roots of resultants, told apart by what the real cycles on their two sides are."""

    def lookup(name: sp.Basic) -> AlgebraicNumber:
        if name not in _cubic():
            raise ProofError.of("thresholds", f"one of {', '.join(map(str, _cubic()))}", name, "Check the statement.")
        return _cubic()[name]

    return _judged(ctx, lookup, "all parameters above 0; cycles and stability between thresholds at one rational each")


def _two_cycle(ctx: CheckContext) -> Outcome:
    """Two steps and their derivative, divided by the polynomial of the stated points."""
    for variable in (z, a):
        ctx.statement.within(variable, REALS)
    (given,) = ctx.statement.given()
    if not isinstance(given, sp.Eq):
        raise ProofError.of("two-cycle", "an equation for its points", given, "It judges no others.")
    curve = sp.expand(given.args[0] - given.args[1])
    once = cubic_formula()
    twice = once.subs(z, once)
    derivative = sp.diff(once, z)
    found = {TWO_Z: twice, slope: derivative * derivative.subs(z, once)}
    wrong = []
    for left, value in found.items():
        rest = sp.rem(sp.expand(value - ctx.statement.equation(left)), curve, z)
        wrong += [str(left)] * (sp.expand(rest) != 0)
    # the points are no fixed points but where the cycle is born: one step less z is not divisible
    wrong += ["fixed"] * (sp.expand(sp.rem(sp.expand(once - z), curve, z)) == 0)
    return judge(3, len(wrong), worst=len(wrong), bound=0, figure=DIFFER, domain="all a, real and complex points")


def _balanced(ctx: CheckContext) -> Outcome:
    """Both steps as rational functions of the ratio k and its power, for every depth at once."""
    ctx.statement.within(depth, sp.S.Naturals)
    for variable in (u, k):
        ctx.statement.within(variable, POSITIVE)
    ctx.statement.within(a, REALS)
    ctx.statement.assumed(ne(k, 1))
    power, height = sp.Symbol("K", positive=True), sp.Symbol("U", positive=True)
    rules = [h for h in ctx.statement.given() if isinstance(h, sp.Eq)]
    values = {h.args[0]: _in_powers(h.args[1], power) for h in rules}
    wanted = {u**depth, a * u ** (depth - 2)}
    if set(values) != wanted:
        raise ProofError.of("balanced two-cycles", f"hypotheses on {wanted}", list(values), "It judges no others.")
    rate = values[a * u ** (depth - 2)]
    level = values[u**depth]
    # x = u y: one step is y + a u^(m-2) y^(m-1) (1 - u^m y^m); of y = k the power k^m is K
    first = 1 + rate * (1 - height)
    second = k + rate * power / k * (1 - height * power)
    wrong = []
    for left, value in ((ONE_X, first), (TWO_X, second)):
        stated = ctx.statement.equation(left) / u
        difference = sp.cancel(sp.together((value - stated).subs(height, level)))
        wrong += [str(left)] * (difference != 0)
    return judge(2, len(wrong), worst=len(wrong), bound=0, figure=DIFFER, domain="every depth, every ratio but 1")


def _in_powers(expr: sp.Expr, power: sp.Symbol) -> sp.Expr:
    """A formula in k and powers of k that hang on the depth, with ``k^m`` as a symbol of its own."""
    expanded = sp.expand_power_exp(expr)
    plain = expanded.replace(
        lambda e: isinstance(e, sp.Pow) and e.base == k and e.exp.has(depth),
        lambda e: power ** sp.Poly(e.exp, depth).coeff_monomial(depth) * k ** e.exp.subs(depth, 0),
    )
    if plain.has(depth):
        raise ProofError.of("balanced two-cycles", "powers of k linear in the depth", expr, "It judges no others.")
    return plain


@cache
def _product_thresholds(number: int) -> dict[str, AlgebraicNumber]:
    step = family(f"product-{number}").map
    return {
        "edge_of": family(f"product-{number}").edge_thresholds()[1].value,
        "double_of": step.thresholds(2, -1, 0)[0],
        "escape_of": step.escapes(0)[0],
    }


def _balanced_thresholds(ctx: CheckContext) -> Outcome:
    """Thresholds of the products that the statement names, each from its own map."""

    def lookup(name: sp.Basic) -> AlgebraicNumber:
        if not name.args or name.args[0] not in (2, 3, 4):
            raise ProofError.of("thresholds", "a depth of 2, 3 or 4", name, "Check the statement.")
        return _product_thresholds(int(name.args[0]))[type(name).__name__]

    return _judged(ctx, lookup, "depths 2, 3 and 4, all step sizes above 0")


_OUTPUT = gamma * u**2 / 2 + b * u
_CHEN = "the cubic map and its phases"
_SQRT2, _SQRT5 = sp.sqrt(2), sp.sqrt(5)

CLAIMS = (
    Claim(
        id="cubic-map-closes",
        title="Quadratic regression on one datum is a cubic map of the residual",
        statement=Statement(
            conclusion=(eq(STEP_Z, z * (1 + (z - 2) * (z + a))),),
            over=(*(Range(s, REALS) for s in (u, gamma, b, E)), Range(eta, POSITIVE)),
            where=(
                Definition(u, "the weight along the datum, which has length 1"),
                Definition(gamma, "twice the coefficient of u^2 in the output gamma u^2/2 + b u"),
                Definition(b, "the coefficient of u in the output"),
                Definition(E, "the target"),
                *descends((u,), (_OUTPUT - E) ** 2 / 2),
                Definition(z, "the residual times eta gamma", eta * gamma * (_OUTPUT - E)),
                Definition(a, "the parameter of the map", eta * (gamma * E + b**2 / 2)),
                Definition(STEP_Z, "z after one step", eta * gamma * (_OUTPUT.subs(u, after_step(u)) - E)),
            ),
        ),
        source=Source("chen2023", _CHEN),
        checks=(Check("both sides as polynomials in the weight and all constants", Level.DERIVED, _closes),),
        note="Half the step size times the sharpness at the minimum is a. A datum of length l puts l^2 eta for eta.",
    ),
    Claim(
        id="cubic-map-thresholds",
        title="The cubic map: every phase begins at an algebraic number",
        statement=Statement(
            conclusion=(
                eq(A_SIGN, sp.Rational(1, 2)),
                eq(A_MONOTONE, 2 * _SQRT2 - 2),
                eq(A_EDGE, 1),
                eq(A_DOUBLE, _SQRT5 - 1),
                eq(
                    4 * A_THREE**8
                    + 48 * A_THREE**7
                    + 189 * A_THREE**6
                    + 144 * A_THREE**5
                    - 828 * A_THREE**4
                    - 2052 * A_THREE**3
                    - 972 * A_THREE**2
                    + 2700 * A_THREE
                    + 4644,
                    0,
                ),
                lt(sp.Rational(29, 20), A_THREE),
                lt(A_THREE, sp.Rational(1451, 1000)),
                eq(A_ESCAPE, 2),
            ),
        ),
        source=Source("chen2023", _CHEN),
        uses=("cubic-map-closes",),
        checks=(Check("roots of resultants, with the cycles on both sides", Level.DERIVED, _cubic_thresholds),),
        note="From a_three on there are cycles of every period and, by Li and Yorke, an uncountable scrambled set.",
    ),
    Claim(
        id="cubic-map-two-cycle",
        title="The cubic map: the two-cycle beyond the edge and its multiplier",
        statement=Statement(
            conclusion=(eq(TWO_Z, z), eq(slope, 7 - 4 * a - 2 * a**2)),
            over=(Range(z, REALS), Range(a, REALS)),
            given=(eq(z**2, (1 - a) * (z - 1)),),
            where=(
                Definition(z, f"a state of {CUBIC}"),
                Definition(a, "its parameter"),
                Definition(TWO_Z, "z after two steps"),
                Definition(slope, "the derivative of two steps at z"),
            ),
        ),
        source=Source("chen2023", _CHEN),
        checks=(Check("two steps modulo the polynomial of the points", Level.DERIVED, _two_cycle),),
        note="Real for a >= 1, stable up to a = sqrt(5) - 1, where the multiplier is -1.",
    ),
    Claim(
        id="balanced-two-cycles",
        title="Balanced products of any depth: two-cycles by the ratio of their points",
        statement=Statement(
            conclusion=(eq(ONE_X, k * u), eq(TWO_X, u)),
            over=(
                Range(depth, sp.S.Naturals),
                Range(u, POSITIVE),
                Range(k, POSITIVE),
                Range(a, REALS),
            ),
            given=(
                ne(k, 1),
                eq(u**depth, (1 + k ** (depth - 1)) / (1 + k ** (2 * depth - 1))),
                eq(
                    a * u ** (depth - 2),
                    (k - 1) * (1 + k ** (2 * depth - 1)) / (k ** (depth - 1) * (k**depth - 1)),
                ),
            ),
            where=(
                Definition(depth, "the depth of the product"),
                Definition(u, "each of the m equal weights of the loss (1 - x_1 .. x_m)^2/2"),
                Definition(k, "the ratio of the weight after one step to the weight before"),
                Definition(a, "the step size"),
                Definition(ONE_X, "the weight after one step, u + a u^(m - 1) (1 - u^m)"),
                Definition(TWO_X, "the weight after two steps"),
            ),
        ),
        source=Source("ghosh2025", "two-cycles of deep linear networks beyond the edge"),
        checks=(Check("two steps as rational functions of the ratio", Level.DERIVED, _balanced),),
    ),
    Claim(
        id="balanced-thresholds",
        title="Balanced products of depth 2, 3 and 4: edge, period doubling and escape",
        statement=Statement(
            conclusion=(
                eq(EDGE_OF(2), 1),
                eq(EDGE_OF(3), sp.Rational(2, 3)),
                eq(EDGE_OF(4), sp.Rational(1, 2)),
                eq(DOUBLE_OF(2), _SQRT5 - 1),
                lt(sp.Rational(8297, 10000), DOUBLE_OF(3)),
                lt(DOUBLE_OF(3), sp.Rational(8298, 10000)),
                lt(sp.Rational(6235, 10000), DOUBLE_OF(4)),
                lt(DOUBLE_OF(4), sp.Rational(6236, 10000)),
                eq(ESCAPE_OF(2), 2),
                lt(sp.Rational(14334, 10000), ESCAPE_OF(3)),
                lt(ESCAPE_OF(3), sp.Rational(14335, 10000)),
                lt(sp.Rational(12045, 10000), ESCAPE_OF(4)),
                lt(ESCAPE_OF(4), sp.Rational(12046, 10000)),
            ),
        ),
        source=Source("edgestab", "phases of balanced products"),
        checks=(Check("roots of resultants, with the cycles on both sides", Level.DERIVED, _balanced_thresholds),),
        note="At depth m the edge is 2/m, the step size times the sharpness m being 2. `edgestab family product-5` "
        "goes one deeper.",
    ),
)
