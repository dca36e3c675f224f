"""Exact rational functions over Q: a reduced quotient of two polynomials of one ring."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp
from flint import fmpq, fmpq_mpoly

from .errors import DomainError, ProofError
from .rings import PolyRing, poly_terms, to_rational


class RationalFunction:
    """``numerator / denominator`` in lowest terms, the denominator with leading coefficient 1.

    Args:
        ring: where both polynomials live.
        numerator: any polynomial of the ring.
        denominator: a non-zero polynomial of the ring.

    Raises:
        DomainError: the denominator is zero.
    """

    def __init__(self, ring: PolyRing, numerator: fmpq_mpoly, denominator: fmpq_mpoly) -> None:
        if denominator.is_zero():
            raise DomainError.of("RationalFunction()", "a non-zero denominator", "0", "Stay off the pole.")
        common = numerator.gcd(denominator)
        if not common.is_constant():
            numerator, denominator = divmod(numerator, common)[0], divmod(denominator, common)[0]
        scale = denominator.leading_coefficient()
        self.ring = ring
        self.numerator: fmpq_mpoly = numerator * (1 / scale)
        self.denominator: fmpq_mpoly = denominator * (1 / scale)

    @classmethod
    def from_expr(
        cls, ring: PolyRing, expr: sp.Expr | int, names: Mapping[sp.Symbol, RationalFunction] | None = None
    ) -> RationalFunction:
        """Build from a SymPy tree with integer powers; named symbols are replaced by their functions.

        Args:
            ring: the ring of numerator and denominator.
            expr: rational in the ring's symbols and the names.
            names: further symbols, each with its rational function of the ring.

        Returns:
            The reduced function.

        Raises:
            DomainError: the tree holds a float, a foreign symbol, or a power that is no integer.
        """
        known = names or {}

        def walk(node: sp.Expr) -> RationalFunction:
            if node in known:
                return known[node]
            if isinstance(node, sp.Add):
                total = cls(ring, ring.zero, ring.one)
                for term in node.args:
                    total = total + walk(term)
                return total
            if isinstance(node, sp.Mul):
                product = cls(ring, ring.one, ring.one)
                for factor in node.args:
                    product = product * walk(factor)
                return product
            if isinstance(node, sp.Pow) and isinstance(node.exp, sp.Integer):
                return walk(node.base) ** int(node.exp)
            return cls(ring, ring.from_expr(node), ring.one)

        return walk(sp.sympify(expr))

    def _lift(self, other: RationalFunction | fmpq | int) -> RationalFunction:
        if isinstance(other, RationalFunction):
            return other
        return RationalFunction(self.ring, self.ring.constant(other), self.ring.one)

    def __add__(self, other: RationalFunction | fmpq | int) -> RationalFunction:
        right = self._lift(other)
        if self.denominator == right.denominator:
            return RationalFunction(self.ring, self.numerator + right.numerator, self.denominator)
        top = self.numerator * right.denominator + right.numerator * self.denominator
        return RationalFunction(self.ring, top, self.denominator * right.denominator)

    def __neg__(self) -> RationalFunction:
        return RationalFunction(self.ring, -self.numerator, self.denominator)

    def __sub__(self, other: RationalFunction | fmpq | int) -> RationalFunction:
        return self + (-self._lift(other))

    def __mul__(self, other: RationalFunction | fmpq | int) -> RationalFunction:
        right = self._lift(other)
        return RationalFunction(self.ring, self.numerator * right.numerator, self.denominator * right.denominator)

    def __truediv__(self, other: RationalFunction | fmpq | int) -> RationalFunction:
        right = self._lift(other)
        return RationalFunction(self.ring, self.numerator * right.denominator, self.denominator * right.numerator)

    def __pow__(self, power: int) -> RationalFunction:
        if power < 0:
            return RationalFunction(self.ring, self.denominator ** (-power), self.numerator ** (-power))
        return RationalFunction(self.ring, self.numerator**power, self.denominator**power)

    def __eq__(self, other: object) -> bool:
        """Equality of functions; both sides are reduced, so of coefficients."""
        if not isinstance(other, RationalFunction):
            return NotImplemented
        return bool(self.numerator == other.numerator and self.denominator == other.denominator)

    def __hash__(self) -> int:
        return hash((str(self.numerator), str(self.denominator)))

    def is_zero(self) -> bool:
        """Whether the function is 0."""
        return bool(self.numerator.is_zero())

    def at(self, values: Mapping[sp.Symbol, sp.Rational | int]) -> RationalFunction:
        """The function with some symbols fixed, still in the same ring."""
        images = [self.ring.constant(values[s]) if s in values else self.ring.generator(s) for s in self.ring.symbols]
        context = self.ring.context
        return RationalFunction(
            self.ring, self.numerator.compose(*images, ctx=context), self.denominator.compose(*images, ctx=context)
        )

    def divide_exactly(self, divisor: fmpq_mpoly, where: str) -> RationalFunction:
        """Divide by a polynomial that must divide the numerator.

        Args:
            divisor: a polynomial of the ring.
            where: who asks, for the message.

        Returns:
            The quotient.

        Raises:
            ProofError: the numerator is no multiple of it.
        """
        quotient, remainder = divmod(self.numerator, divisor)
        if not remainder.is_zero():
            raise ProofError.of(
                where, f"a multiple of {self.ring.to_expr(divisor)}", self.to_expr(), "The map differs."
            )
        return RationalFunction(self.ring, quotient, self.denominator)

    def polynomial_over(self, base: sp.Expr, where: str) -> tuple[fmpq_mpoly, int]:
        """Write the function as ``polynomial / base**k`` with the least ``k``.

        Args:
            base: a polynomial, for example ``1 - z``.
            where: who asks, for the message.

        Returns:
            The polynomial and ``k``.

        Raises:
            ProofError: the denominator is no constant times a power of the base.
        """
        root = self.ring.from_expr(base)
        rest, power = self.denominator, 0
        while not rest.is_constant():
            rest, remainder = divmod(rest, root)
            if not remainder.is_zero():
                raise ProofError.of(where, f"a power of {base} below", self.to_expr(), "The map differs.")
            power += 1
        return self.numerator * (1 / rest.leading_coefficient()), power

    def to_expr(self) -> sp.Expr:
        """The function as a SymPy quotient."""
        return self.ring.to_expr(self.numerator) / self.ring.to_expr(self.denominator)

    def constant(self, where: str) -> sp.Rational:
        """The value of a constant function.

        Args:
            where: who asks, for the message.

        Returns:
            The rational.

        Raises:
            ProofError: the function is not constant.
        """
        terms = poly_terms(self.numerator)
        if not self.denominator.is_constant() or any(any(e) for e in terms):
            raise ProofError.of(where, "a constant", self.to_expr(), "The map differs.")
        return to_rational(next(iter(terms.values()))) if terms else sp.Integer(0)
