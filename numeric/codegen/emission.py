"""From polynomials to operations: search a plan modulo a prime, replay it in exact algebra, emit operations."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import sympy as sp

from ...symbolic.algebra.errors import CodegenError
from .coefficient_ring import CoefficientRing, ExactPoly
from .operation_search import PRIME, Key, Plan, Poly, Recipe, Search, Triple, degree, inverse, key
from .program import Op, Operand

MANY = 100_000
"""An operation budget that never binds: the first descent, greedy, always succeeds within it."""


@dataclass
class ConstantPool:
    """Constants of a program: rationals stay literal, functions of the parameters get a name and are hoisted.

    Attributes:
        names: what each hoisted constant is called, by its text.
        values: the hoisted constants, in order of appearance.
    """

    names: dict[str, str] = field(default_factory=dict)
    values: list[ExactPoly] = field(default_factory=list)

    def operand(self, value: ExactPoly) -> tuple[Operand, int]:
        """The operand for a constant, and a sign.

        Args:
            value: an element without state variables, not zero.

        Returns:
            A literal or a name, and the sign to give it.
        """
        exact = value.rational()
        if exact is not None:
            return abs(exact), 1 if exact > 0 else -1
        sign = 1 if value.numerator.leading_coefficient() > 0 else -1
        positive = value if sign > 0 else -value
        text = f"{positive.numerator} / {positive.denominator}"
        if text not in self.names:
            self.names[text] = f"k{len(self.values) + 1}"
            self.values.append(positive)
        return self.names[text], sign


def residues(ring: CoefficientRing) -> list[int]:
    """The fixed pseudo-random residues that stand for the parameters."""
    source = random.Random(20221013)
    return [source.randrange(2, PRIME) for _ in ring.parameters]


def modular_image(value: ExactPoly, at: Sequence[int]) -> Poly:
    """An element modulo the prime, with residues in place of the parameters.

    Args:
        value: the element.
        at: one residue for each parameter.

    Returns:
        Its image.
    """
    n = len(value.home.state)

    def reduce(items: object) -> Poly:
        result: Poly = {}
        for exponents, c in items:  # type: ignore[attr-defined]
            v = int(c.p) * inverse(int(c.q) % PRIME) % PRIME
            for base, power in zip(at, exponents[n:], strict=True):
                v = v * pow(base, power, PRIME) % PRIME
            result[exponents[:n]] = (result.get(exponents[:n], 0) + v) % PRIME
        return {e: v for e, v in result.items() if v}

    below = reduce(value.denominator.to_dict().items())
    scale = inverse(below[(0,) * n])
    return {e: v * scale % PRIME for e, v in reduce(value.numerator.to_dict().items()).items()}


def useful_factors(targets: Sequence[ExactPoly]) -> list[ExactPoly]:
    """Irreducible factors of the targets with a constant term, scaled so that it is 1."""
    found: list[ExactPoly] = []
    for target in targets:
        if not target:
            continue
        home = target.home
        for factor, _ in target.numerator.factor()[1]:
            piece = ExactPoly(home, factor, home.ring.one)
            constant = piece.coefficient((0,) * len(home.state))
            if not constant or piece.degree() == 0:
                continue
            scaled = piece.divide(constant)
            if scaled is not None and scaled not in found:
                found.append(scaled)
    return found


@dataclass
class Problem:
    """Polynomials to be computed, exactly and modulo the prime.

    Attributes:
        ring: where they live.
        targets: the polynomials.
        factors: factors for the search.
        search: the search over their modular images.
    """

    ring: CoefficientRing
    targets: list[ExactPoly]
    factors: list[ExactPoly]
    search: Search

    @classmethod
    def of(cls, ring: CoefficientRing, targets: Sequence[ExactPoly], limit: int) -> Problem:
        """Set a problem up.

        Args:
            ring: where the targets live.
            targets: the polynomials.
            limit: divisions that the search may try for one budget.

        Returns:
            The problem.
        """
        at = residues(ring)
        terms = sum(len(t.terms()) for t in targets)
        factors = useful_factors(targets) if terms <= 60 else []
        images = [modular_image(t, at) for t in targets]
        search = Search(images, len(ring.state), [modular_image(f, at) for f in factors], limit)
        return cls(ring, list(targets), factors, search)

    def greedy(self) -> Plan:
        """The plan of the first descent.

        Returns:
            The plan.

        Raises:
            CodegenError: the polynomials are too large.
        """
        limit, self.search.limit = self.search.limit, 10**12
        try:
            found = self.search.run(MANY)
        except RecursionError:
            found = None
        finally:
            self.search.limit = limit
        if found is None:
            raise CodegenError.of(
                "schedule_program()", "polynomials of moderate size", f"{len(self.targets)} targets", "Lower the order."
            )
        return found

    def plan(self) -> Plan:
        """A short plan: greedy, then shorter budgets while they succeed.

        Returns:
            The plan.
        """
        best = self.greedy()
        while (better := self.search.run(best.operations - 1)) is not None:
            best = better
        return best

    def emit(self, plan: Plan, pool: ConstantPool, prefix: str) -> tuple[list[Op], list[tuple[Operand, int]]]:
        """Replay a plan exactly and write it as operations.

        Args:
            plan: from this problem's search.
            pool: where constants go.
            prefix: of the names of intermediate results.

        Returns:
            The operations in order, and for each target its operand and sign.
        """
        return _Replay(self, plan, pool, prefix).emit()


class _Replay:
    def __init__(self, problem: Problem, plan: Plan, pool: ConstantPool, prefix: str) -> None:
        self.problem, self.plan, self.pool, self.prefix = problem, plan, pool, prefix
        ring = problem.ring
        self.exact: dict[Key, ExactPoly] = {}
        self.image: dict[Key, Poly] = {}
        self.name: dict[Key, str] = {}
        for s, image in zip(ring.state, problem.search.variables, strict=True):
            self._learn(image, ring.generator(s))
            self.name[key(image)] = s.name
        self.at = residues(ring)
        for target in problem.targets:
            image = modular_image(target, self.at)
            if degree(image) > 0 and key(image) not in self.exact:
                self._learn(image, target)

    def _learn(self, image: Poly, value: ExactPoly) -> None:
        self.exact[key(image)] = value
        self.image[key(image)] = image

    def emit(self) -> tuple[list[Op], list[tuple[Operand, int]]]:
        exact: dict[Key, tuple[ExactPoly, ExactPoly, ExactPoly]] = {}
        for goal, (_, recipe, triple) in self.plan.steps.items():
            exact[goal] = self._matching(goal, recipe, triple)
            for image, value in zip(triple, exact[goal], strict=True):
                if degree(image) > 0 and key(image) not in self.exact:
                    self._learn(image, value)
        ops: list[Op] = []
        for number, goal in enumerate(self._order(), 1):
            self.name[goal] = f"{self.prefix}{number}"
            ops.append(self._op(self.name[goal], self.plan.steps[goal][2], exact[goal]))
        results: list[tuple[Operand, int]] = []
        for target in self.problem.targets:
            image = modular_image(target, self.at)
            results.append(self._operand(image, target) if image else (Fraction(0), 1))
        return ops, results

    def _matching(self, goal: Key, recipe: Recipe, triple: Triple) -> tuple[ExactPoly, ExactPoly, ExactPoly]:
        """The exact triple of a step; the search knows polynomials up to their sign, so the goal may have to turn."""
        for value in (self.exact[goal], -self.exact[goal]):
            try:
                found = self._triple(value, recipe, triple)
            except CodegenError:
                continue
            if all(modular_image(part, self.at) == image for part, image in zip(found, triple, strict=True)):
                self._learn(modular_image(value, self.at), value)
                return found
        raise CodegenError.of("schedule_program()", "an exact step", recipe.kind, "The search was wrong: report it.")

    def _signed(self, known: Key, image: Poly) -> ExactPoly:
        """A known polynomial with the sign that an image has."""
        return self.exact[known] if self.image[known] == image else -self.exact[known]

    def _triple(self, p: ExactPoly, recipe: Recipe, triple: Triple) -> tuple[ExactPoly, ExactPoly, ExactPoly]:
        ring = self.problem.ring
        zero = (0,) * len(ring.state)
        constant = p.coefficient(zero)
        if recipe.kind == "quotient":
            a = self._signed(recipe.known, triple[0])
            if recipe.addend is None:
                c = constant if recipe.addend_sign else ring.zero
            else:
                c = self._signed(recipe.addend, triple[2])
            return a, self._divide(p - c, a), c
        if recipe.kind == "horner":
            a = ring.generator(ring.state[recipe.index])
            low = ring.zero
            for exponents, value in p.terms().items():
                if not exponents[recipe.index]:
                    low = low + value.monomial(exponents)
            return a, self._divide(p - low, a), low
        if recipe.kind == "constant":
            return ring.one, p - constant, constant
        if recipe.kind == "axpy":
            b = self._signed(recipe.known, triple[1])
            lead = max(self.image[recipe.known])
            a = self._divide(p.coefficient(lead), b.coefficient(lead))
            return a, b, p - a * b
        factor = self.problem.factors[recipe.index]
        cofactor = self._divide(p, factor)
        if recipe.kind == "unit":
            return factor - ring.one, cofactor, cofactor
        return factor, cofactor, ring.zero

    @staticmethod
    def _divide(p: ExactPoly, q: ExactPoly) -> ExactPoly:
        quotient = p.divide(q)
        if quotient is None:
            raise CodegenError.of(
                "schedule_program()", "an exact quotient", f"({p}) / ({q})", "The search was wrong: report it."
            )
        return quotient

    def _order(self) -> list[Key]:
        order: list[Key] = []

        def visit(goal: Key) -> None:
            if goal in order or goal not in self.plan.steps:
                return
            for operand in self.plan.steps[goal][2]:
                if degree(operand) > 0:
                    visit(key(operand))
            order.append(goal)

        for goal in self.plan.steps:
            visit(goal)
        return order

    def _operand(self, image: Poly, value: ExactPoly) -> tuple[Operand, int]:
        if degree(image) == 0:
            return self.pool.operand(value)
        name = key(image)
        return self.name[name], 1 if self.image[name] == image else -1

    def _op(self, result: str, triple: Triple, exact: tuple[ExactPoly, ExactPoly, ExactPoly]) -> Op:
        operands: list[Operand] = []
        sign = 1
        for image, value in zip(triple[:2], exact[:2], strict=True):
            operand, s = self._operand(image, value)
            sign *= s
            if operand != 1:
                operands.append(operand)
        # constants second, so that listings read "x * k"
        operands.sort(key=lambda x: isinstance(x, Fraction) or x in self.pool.names.values())
        addend, c_sign = self._operand(triple[2], exact[2]) if triple[2] else (None, 1)
        if not operands:
            operands.append(Fraction(1))
        second = operands[1] if len(operands) > 1 else None
        return Op(result, operands[0], second, addend, sign, c_sign)


def emit_constants(pool: ConstantPool, parameters: Sequence[sp.Symbol]) -> list[Op]:
    """Operations that compute the hoisted constants from the parameters.

    Args:
        pool: the constants.
        parameters: the parameters.

    Returns:
        The operations; the last ones define the names of the pool.
    """
    ring = CoefficientRing(parameters, ())
    pieces: list[ExactPoly] = []
    for value in pool.values:
        for part in (value.numerator, value.denominator):
            pieces.append(_as_state(value, part, ring))
    problem = Problem.of(ring, pieces, 2_000)
    ops, results = problem.emit(problem.plan(), ConstantPool(), "h")
    for index, name in enumerate(pool.names.values()):
        (above, s), (below, t) = results[2 * index], results[2 * index + 1]
        if below == 1:
            ops.append(Op(name, above, sign=s * t))
        else:
            ops.append(Op(name, above, below, sign=s * t, divide=True))
    return ops


def _as_state(value: ExactPoly, poly: object, ring: CoefficientRing) -> ExactPoly:
    n = len(value.home.state)
    terms = poly.to_dict().items()  # type: ignore[attr-defined]
    return ExactPoly(ring, ring.ring.context.from_dict({e[n:]: c for e, c in terms}), ring.ring.one)
