"""Schedules for maps whose components are quotients of polynomials, such as steps in ``w = (T - f(z)) / epsilon``."""

from __future__ import annotations

import hashlib
import json
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

import sympy as sp
from flint import fmpq_mpoly

from ...symbolic.algebra.errors import CodegenError, ProofError
from ...symbolic.algebra.rings import poly_terms, rational_string
from ..number_types import Operators
from .coefficient_ring import CoefficientRing, ExactPoly
from .emission import ConstantPool, Problem, emit_constants
from .program import Op, Program, fold_moves
from .scheduling import EFFORTS, named_results


@dataclass(frozen=True)
class Quotient:
    """A quotient of two polynomials in state and parameters; two are equal when they are as rational functions."""

    above: ExactPoly
    below: ExactPoly

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quotient) and self.above * other.below == other.above * self.below

    def __hash__(self) -> int:
        return 0

    def __mul__(self, other: Quotient) -> Quotient:
        return _in_lowest_terms(self.above * other.above, self.below * other.below)

    def __add__(self, other: Quotient) -> Quotient:
        return _in_lowest_terms(self.above * other.below + other.above * self.below, self.below * other.below)

    def __neg__(self) -> Quotient:
        return Quotient(-self.above, self.below)

    def __truediv__(self, other: Quotient) -> Quotient:
        if not other.above:
            raise ProofError.of("schedule_rational()", "a denominator other than 0", "0", "Report it.")
        return _in_lowest_terms(self.above * other.below, self.below * other.above)


def _in_lowest_terms(above: ExactPoly, below: ExactPoly) -> Quotient:
    common = above.numerator.gcd(below.numerator)
    if above and not common.is_one():
        above = ExactPoly(above.home, above.numerator / common, above.denominator)
        below = ExactPoly(below.home, below.numerator / common, below.denominator)
    return Quotient(above, below)


def quotients(ring: CoefficientRing) -> Operators:
    """Quotients of polynomials of a ring as a number type for programs."""
    return Operators(lambda value: Quotient(ring.constant(value), ring.one))


def substitute(expr: sp.Expr, values: Mapping[sp.Basic, Quotient]) -> Quotient:
    """A rational expression, its names replaced by quotients.

    Args:
        expr: sums, products and whole powers of rationals and names.
        values: what the names are; not empty.

    Returns:
        The quotient, in lowest terms.

    Raises:
        ProofError: it is something else, or divides by 0.
    """
    if expr in values:
        return values[expr]
    if isinstance(expr, sp.Rational):
        ring = next(iter(values.values())).above.home
        return Quotient(ring.constant(Fraction(int(expr.p), int(expr.q))), ring.one)
    if isinstance(expr, sp.Add | sp.Mul):
        join = operator.add if isinstance(expr, sp.Add) else operator.mul
        return reduce(join, (substitute(a, values) for a in expr.args))
    if isinstance(expr, sp.Pow) and expr.exp.is_Integer:
        base, one = substitute(expr.base, values), substitute(sp.S.One, values)
        power = reduce(operator.mul, [base] * abs(int(expr.exp)), one)
        return power if expr.exp > 0 else one / power
    raise ProofError.of("substitute()", "a rational function of the names", str(expr), "State another.")


def _split(ring: CoefficientRing, expr: sp.Expr) -> tuple[fmpq_mpoly, fmpq_mpoly]:
    """Numerator and denominator in lowest terms, the denominator with a leading or constant coefficient of 1."""
    above, below = (ring.ring.from_expr(part) for part in sp.fraction(sp.together(expr)))
    if below.is_zero():
        raise CodegenError.of("schedule_rational()", "denominators other than 0", str(expr), "Check the component.")
    common = above.gcd(below)
    above, below = above / common, below / common
    zero = (0,) * len(ring.ring.symbols)
    unit = poly_terms(below).get(zero) or below.leading_coefficient()
    return above / unit, below / unit


def schedule_rational(
    variables: Sequence[sp.Symbol],
    components: Sequence[sp.Expr],
    parameters: Sequence[sp.Symbol] = (),
    name: str = "rational map",
    *,
    effort: str = "quick",
) -> Program:
    """A program for a map with rational components, in its own variables.

    Numerators and denominators are scheduled together, so that they share what they have in common, and each component
    takes one division unless its denominator is free of the state. The program is proved equal to the components as
    rational functions before it is returned.

    Args:
        variables: the state.
        components: one exact rational function for each variable.
        parameters: symbols that stay fixed.
        name: for headers.
        effort: as for :func:`~.scheduling.schedule_program`.

    Returns:
        The program; its count gives the divisions apart.

    Raises:
        CodegenError: numbers of variables and components differ, or a denominator is 0.

    Source:
        Derived here.

    Example:
        >>> from fractions import Fraction
        >>> T, epsilon = es.symbols("T epsilon")
        >>> program = es.codegen.schedule_rational((T,), (T / (1 - epsilon * T),), (epsilon,))
        >>> print(program.count)
        1 FMA-class operations (1 fma, 0 mul, 0 add) and 1 divisions
        >>> program.evaluate((Fraction(2),), (Fraction(1, 4),), 1)
        (Fraction(4, 1),)
    """
    if len(variables) != len(components):
        raise CodegenError.of(
            "schedule_rational()", f"{len(variables)} components", len(components), "Give one for each variable."
        )
    ring = CoefficientRing(variables, parameters)
    split = [_split(ring, sp.sympify(c)) for c in components]
    targets: list[ExactPoly] = []
    divisors: list[ExactPoly | None] = []
    for above, below in split:
        whole = ExactPoly(ring, below, ring.ring.one)
        constant = whole.is_constant()
        targets.append(ExactPoly(ring, above, below if constant else ring.ring.one))
        divisors.append(None if constant else whole)
    wanted = [d for d in divisors if d is not None]
    problem = Problem.of(ring, [*targets, *wanted], EFFORTS[effort])
    pool = ConstantPool()
    body, results = problem.emit(problem.plan(), pool, "t")
    below_results = iter(results[len(targets) :])
    final = []
    for v, (operand, sign), divisor in zip(variables, results, divisors, strict=False):
        if divisor is not None:
            under, under_sign = next(below_results)
            body.append(Op(f"q_{v.name}", operand, under, sign=sign * under_sign, divide=True))
            operand, sign = f"q_{v.name}", 1
        final.append((operand, sign))
    next_state = named_results(body, final, tuple(f"{v.name}_next" for v in variables))
    names = tuple(v.name for v in variables)
    program = Program(
        name=name,
        source_digest=_digest(ring, split),
        variables=names,
        parameters=tuple(p.name for p in parameters),
        state=names,
        hoist=tuple(fold_moves(emit_constants(pool, tuple(parameters)))) if pool.values else (),
        enter=(),
        body=tuple(body),
        next_state=next_state,
        leave=tuple(Op(f"{n}_out", n) for n in names),
        coordinates=tuple(f"{n} = {n}" for n in names),
        notes=("equal to the source map as rational functions",),
    )
    _prove(program, ring, split)
    return program


def _prove(program: Program, ring: CoefficientRing, split: list[tuple[fmpq_mpoly, fmpq_mpoly]]) -> None:
    state = [Quotient(ring.generator(s), ring.one) for s in ring.state]
    fixed = [Quotient(ring.generator(s), ring.one) for s in ring.parameters]
    got = program.evaluate(state, fixed, 1, Operators(lambda q: Quotient(ring.constant(q), ring.one)))
    wanted = [Quotient(ring.from_polynomial(a), ring.from_polynomial(b)) for a, b in split]
    if list(got) != wanted:
        raise ProofError.of("schedule_rational()", f"the map {program.name}", "another map", "Report it.")


def _digest(ring: CoefficientRing, split: list[tuple[fmpq_mpoly, fmpq_mpoly]]) -> str:
    rows = [[[[list(e), rational_string(c)] for e, c in sorted(poly_terms(p).items())] for p in pair] for pair in split]
    names = [[s.name for s in ring.state], [s.name for s in ring.parameters]]
    return hashlib.sha256(json.dumps([names, rows]).encode()).hexdigest()
