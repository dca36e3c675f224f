"""The generated kernels: the program behind them is gradient descent, and every number type keeps its stated error."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import sympy as sp
from flint import arb, fmpq

from ...numeric.codegen.coefficient_ring import CoefficientRing, ExactPoly
from ...numeric.codegen.compile import compile_map
from ...numeric.codegen.lane_kernels import kernel_of, to_fractions, to_wide
from ...numeric.codegen.program import Program
from ...numeric.codegen.scheduling import Algebra, program_for
from ...numeric.number_types import ON_LANES
from ...numeric.orbits.precision.enclosures import precision
from ...symbolic.algebra.rings import to_fraction
from ...symbolic.algebra.symbols import symbols
from ...symbolic.models.quadratic import QuadraticModel
from ...symbolic.planar.planar_map import PlanarMap
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge
from ..statements import REALS, Definition, Named, Range, Statement, eq, le
from ..subject import measured

z, T, epsilon = symbols("z T epsilon")
STEPPED = symbols("z' T'")
TYPE = sp.Symbol("N")
OUTPUTS = tuple(sp.Function(name)(z, T, epsilon) for name in ("z_out", "T_out"))
COMPUTED, STATED = (
    tuple(sp.Function(name)(TYPE, z, T, epsilon) for name in names)
    for names in (("z_num", "T_num"), ("error_z", "error_T"))
)
TYPES = Named("the number types that state an error", r"\text{the number types that state an error}")
NUMBERS = Named("the numbers of type N", r"\text{the numbers of type } N")
WIDTH = 400
"""Bits in which it is decided whether a ball contains a rational."""


def program_against_descent(program: Program, sides: tuple[int, ...] = (0, 1)) -> tuple[int, list[str]]:
    """Compare a program with the gradient step in theta, which knows nothing of it, in exact algebra.

    Args:
        program: a program for ``(z, T)`` with parameter epsilon.
        sides: with which component of the stepped state each output is compared.

    Returns:
        How many polynomials were compared, and the names of those that differ.
    """
    model = QuadraticModel((1, -epsilon))
    ring = CoefficientRing(model.theta, (epsilon,))
    state = [ExactPoly(ring, ring.ring.from_expr(e), ring.ring.one) for e in model.embedding()]
    after = [ExactPoly(ring, ring.ring.from_expr(c), ring.ring.one) for c in model.theta_step().components]
    stepped = [e.compose(after) for e in state]
    wanted = [stepped[i] for i in sides]
    got = program.evaluate(state, [ring.generator(epsilon)], 1, Algebra(ring))
    wrong = [n for n, a, b in zip(program.variables, got, wanted, strict=True) if a != b]
    return len(wanted), wrong


def _descent(context: CheckContext) -> Outcome:
    for variable in (z, T, epsilon):
        context.statement.within(variable, REALS)
    program = program_for(context.map)
    sides = tuple(STEPPED.index(context.statement.equation(output)) for output in OUTPUTS)
    tested, wrong = program_against_descent(program, sides)
    return judge(
        tested,
        len(wrong),
        worst=len(wrong),
        bound=0,
        figure="outputs that differ",
        counterexample=", ".join(f"{name}'" for name in wrong) or None,
        domain="all theta and epsilon",
        detail=f"{program.count} in the coordinates {'; '.join(program.coordinates)}",
    )


def _points(count: int, seed: int) -> list[tuple[Fraction, Fraction, Fraction]]:
    rng = random.Random(seed)

    def double(low: float, high: float) -> Fraction:
        return Fraction(rng.uniform(low, high))

    return [(double(-2, 2), double(-1, 4), double(0.001, 0.999)) for _ in range(count)]


def twin(start: tuple[Fraction, ...]) -> tuple[Fraction, Fraction]:
    """One step by the hierarchy ``T^(k)``, in rationals, written apart from every generated formula."""
    residual, t0, eps = start
    t1 = (1 - eps) * t0 + 2 * eps * residual
    t2 = (1 - eps) * t1 + eps * t0
    return residual - residual * t0 + residual**2 * t1 / 2, t0 - 2 * residual * t1 + residual**2 * t2


Row = tuple[str, tuple[Fraction, ...], tuple[Fraction, ...], tuple[Fraction, ...], tuple[Fraction, ...]]
"""Number type, point, computed and exact values, stated errors."""


@measured
def _on_lanes(one_step: PlanarMap, types: tuple[str, ...], count: int, seed: int) -> list[Row]:
    """One step of each lane type at random doubles, and at the origin, where every operation is exact."""
    program = program_for(one_step)
    points = [(Fraction(0), Fraction(0), Fraction(1, 2)), *_points(count, seed)]
    rows: list[Row] = []
    for target in types:
        kernel = kernel_of(program, target)
        columns = [to_wide([p[i] for p in points], kernel.terms) for i in range(3)]
        out = kernel.advance(np.stack(columns[:2]), np.stack(columns[2:]), 1)
        values = [to_fractions(row) for row in out]
        for index, point in enumerate(points):
            bounds = program.error_bound(point[:2], point[2:], kernel.number_type.unit_roundoff())
            rows.append((target, point, tuple(row[index] for row in values), twin(point), tuple(bounds)))
    return rows


@measured
def _in_balls(one_step: PlanarMap, count: int, seed: int) -> list[Row]:
    """Midpoints and radii of Arb balls of the generated kernel at random rationals, thirds included, and the origin."""
    step, rng = compile_map(one_step, "arb").step, random.Random(seed)
    rows: list[Row] = []
    starts: list[tuple[Fraction, ...]] = [(Fraction(0), Fraction(0), Fraction(1, 2))]
    for _ in range(count):
        numbers = ((rng.randint(-60, 60), 21), (rng.randint(1, 90), 27), (rng.randint(1, 32), 33))
        starts.append(tuple(Fraction(*pair) for pair in numbers))
    for start in starts:
        with precision(53):
            balls = [arb(fmpq(x.numerator, x.denominator)) for x in start]
            got = step(balls[:2], balls[2:])
        with precision(WIDTH):
            middles, radii = ([to_fraction(part.fmpq()) for part in parts] for parts in _parts(got))
        rows.append(("arb", start, tuple(middles), twin(start), tuple(radii)))
    return rows


def _parts(balls: Sequence[arb]) -> tuple[list[arb], list[arb]]:
    return [ball.mid() for ball in balls], [ball.rad() for ball in balls]


def _against_stated(context: CheckContext, rows: list[Row], domain: str, digits: int | None = None) -> Outcome:
    """The statement at each row."""
    context.statement.within(TYPE, TYPES)
    for variable in (z, T, epsilon):
        context.statement.within(variable, NUMBERS)
    rejected, worst, where = 0, Fraction(0), None
    for target, point, computed, exact, bounds in rows:
        names = (*COMPUTED, *STEPPED, *STATED)
        holds = context.statement.holds(dict(zip(names, (*computed, *exact, *bounds), strict=True)))
        worst = max((worst, *(abs(a - b) / c for a, b, c in zip(computed, exact, bounds, strict=True) if c)))
        if not holds:
            rejected, where = rejected + 1, where or f"{target} at {tuple(map(float, point))}"
    return judge(
        len(rows),
        rejected,
        worst=round(float(worst), 4),
        bound=1,
        figure="largest error over its stated bound",
        digits=digits,
        counterexample=where,
        domain=domain,
    )


def _lanes(context: CheckContext) -> Outcome:
    """Each lane type against exact rationals, the error held against the stated bound."""
    types = context.pick(ON_LANES[:1], ON_LANES, ON_LANES)
    rows = _on_lanes(context.map, types, context.pick(64, 256, 4096), context.seed)
    return _against_stated(context, rows, f"one step of {', '.join(types)} at random doubles and at the origin")


def _balls(context: CheckContext) -> Outcome:
    """Arb balls of the generated kernel contain the exact value, thirds included."""
    rows = _in_balls(context.map, context.pick(50, 200, 2000), context.seed)
    return _against_stated(context, rows, "random rationals that are no doubles, and the origin", digits=15)


CLAIMS = (
    Claim(
        id="generated-program",
        title="The program behind every kernel is gradient descent",
        statement=Statement(
            conclusion=tuple(eq(left, right) for left, right in zip(OUTPUTS, STEPPED, strict=True)),
            over=tuple(Range(v, REALS) for v in (z, T, epsilon)),
        ),
        source=Source("edgestab", "edgestab.codegen.Program"),
        checks=(Check("exact algebra against the step in theta", Level.DERIVED, _descent),),
        note="Coordinates and order of operations were found by search; this identity vouches for them.",
    ),
    Claim(
        id="generated-kernels",
        title="Every generated number type keeps its stated error",
        statement=Statement(
            conclusion=tuple(
                le(sp.Abs(got - true), error) for got, true, error in zip(COMPUTED, STEPPED, STATED, strict=True)
            ),
            over=(Range(TYPE, TYPES), *(Range(v, NUMBERS) for v in (z, T, epsilon))),
            where=(Definition(TYPE, "a number type of edgestab.codegen.NUMBER_TYPES; for arb, numbers are balls"),),
        ),
        source=Source("edgestab", "edgestab.codegen.NUMBER_TYPES"),
        uses=("generated-program",),
        checks=(
            Check("lane kernels against exact rationals", Level.CHECKED, _lanes),
            Check("Arb balls contain exact values, thirds included", Level.CHECKED, _balls),
        ),
        note="One step; many steps add up their errors.",
    ),
)
