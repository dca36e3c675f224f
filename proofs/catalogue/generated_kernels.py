"""The generated kernels: the program behind them is gradient descent, and every number type keeps its stated error."""

from __future__ import annotations

import random
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
from ...symbolic.algebra.symbols import symbols
from ...symbolic.models.quadratic import QuadraticModel
from ..claims import Check, CheckContext, Claim, Level, Outcome, Source, judge

z, T, epsilon = symbols("z T epsilon")
WIDTH = 400
"""Bits in which it is decided whether a ball contains a rational."""


def program_against_descent(program: Program) -> tuple[int, list[str]]:
    """Compare a program with the gradient step in theta, which knows nothing of it, in exact algebra.

    Args:
        program: a program for ``(z, T)`` with parameter epsilon.

    Returns:
        How many polynomials were compared, and the names of those that differ.
    """
    model = QuadraticModel((1, -epsilon))
    ring = CoefficientRing(model.theta, (epsilon,))
    state = [ExactPoly(ring, ring.ring.from_expr(e), ring.ring.one) for e in model.embedding()]
    after = [ExactPoly(ring, ring.ring.from_expr(c), ring.ring.one) for c in model.theta_step().components]
    wanted = [e.compose(after) for e in state]
    got = program.evaluate(state, [ring.generator(epsilon)], 1, Algebra(ring))
    wrong = [n for n, a, b in zip(program.variables, got, wanted, strict=True) if a != b]
    return len(wanted), wrong


def _descent(context: CheckContext) -> Outcome:
    program = program_for(context.map)
    tested, wrong = program_against_descent(program)
    return judge(
        tested,
        len(wrong),
        worst=program.count.total,
        counterexample=", ".join(f"{name}'" for name in wrong) or None,
        domain="all theta and epsilon",
        detail=f"{program.count} in the coordinates {'; '.join(program.coordinates)}",
    )


def _points(count: int, seed: int) -> list[tuple[Fraction, Fraction, Fraction]]:
    rng = random.Random(seed)

    def double(low: float, high: float) -> Fraction:
        return Fraction(rng.uniform(low, high))

    return [(double(-2, 2), double(-1, 4), double(0.001, 0.999)) for _ in range(count)]


def twin(start: tuple[Fraction, Fraction, Fraction]) -> tuple[Fraction, Fraction]:
    """One step by the hierarchy ``T^(k)``, in rationals, written apart from every generated formula."""
    residual, t0, eps = start
    t1 = (1 - eps) * t0 + 2 * eps * residual
    t2 = (1 - eps) * t1 + eps * t0
    return residual - residual * t0 + residual**2 * t1 / 2, t0 - 2 * residual * t1 + residual**2 * t2


def _lanes(context: CheckContext) -> Outcome:
    """Each lane type against exact rationals, the error held against the stated bound."""
    program = program_for(context.map)
    points = _points(context.pick(64, 256, 4096), context.seed)
    tested = rejected = 0
    worst, where = Fraction(0), None
    types = context.pick(ON_LANES[:1], ON_LANES, ON_LANES)
    for target in types:
        kernel = kernel_of(program, target)
        columns = [to_wide([p[i] for p in points], kernel.terms) for i in range(3)]
        out = kernel.advance(np.stack(columns[:2]), np.stack(columns[2:]), 1)
        values = [to_fractions(row) for row in out]
        for index, point in enumerate(points):
            bounds = program.error_bound(point[:2], point[2:], kernel.number_type.unit_roundoff())
            for row, true, bound in zip(values, twin(point), bounds, strict=True):
                tested += 1
                share = abs(row[index] - true) / bound
                worst = max(worst, share)
                if share > 1:
                    rejected += 1
                    where = where or f"{target} at {tuple(map(float, point))}"
    return judge(
        tested,
        rejected,
        worst=float(worst),
        bound=1.0,
        counterexample=where,
        domain=f"one step of {', '.join(types)} at random doubles",
        detail="worst is the largest error over its stated bound",
    )


def _balls(context: CheckContext) -> Outcome:
    """Arb balls of the generated kernel contain the exact value, thirds included."""
    step = compile_map(context.map, "arb").step
    rng = random.Random(context.seed)
    tested = rejected = 0
    where = None
    for _ in range(context.pick(50, 200, 2000)):
        start = (
            Fraction(rng.randint(-60, 60), 21),
            Fraction(rng.randint(1, 90), 27),
            Fraction(rng.randint(1, 32), 33),
        )
        with precision(53):
            balls = [arb(fmpq(x.numerator, x.denominator)) for x in start]
            got = step(balls[:2], balls[2:])
        with precision(WIDTH):
            for ball, true in zip(got, twin(start), strict=True):
                tested += 1
                if not abs(ball.mid() - fmpq(true.numerator, true.denominator)) <= ball.rad():
                    rejected += 1
                    where = where or str(start)
    return judge(tested, rejected, counterexample=where, digits=15, domain="random rationals that are no doubles")


def _function(name: str) -> sp.Expr:
    return sp.Function(name)(z, T, epsilon)


_T1 = (1 - epsilon) * T + 2 * epsilon * z
_T2 = (1 - epsilon) * _T1 + epsilon * T

CLAIMS = (
    Claim(
        id="generated-program",
        title="The program behind every kernel is gradient descent",
        statement=sp.And(
            sp.Eq(_function("z_next"), z - z * T + z**2 * _T1 / 2, evaluate=False),
            sp.Eq(_function("T_next"), T - 2 * z * _T1 + z**2 * _T2, evaluate=False),
        ),
        source=Source("edgestab", "edgestab.codegen.Program"),
        variables=(z, T, epsilon),
        checks=(Check("exact algebra against the step in theta", Level.DERIVED, _descent),),
        domain="all z, T and epsilon",
        note="Coordinates and order of operations were found by search; this identity vouches for them.",
    ),
    Claim(
        id="generated-kernels",
        title="Every generated number type keeps its stated error",
        statement=sp.Le(sp.Abs(_function("computed") - _function("exact")), _function("stated"), evaluate=False),
        source=Source("edgestab", "edgestab.codegen.NUMBER_TYPES"),
        variables=(z, T, epsilon),
        uses=("generated-program",),
        checks=(
            Check("lane kernels against exact rationals", Level.CHECKED, _lanes),
            Check("Arb balls contain exact values, thirds included", Level.CHECKED, _balls),
        ),
        domain="one step at random points",
    ),
)
