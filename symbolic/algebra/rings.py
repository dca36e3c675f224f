"""The bridge between SymPy expressions and python-flint's exact polynomials over Q."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

import sympy as sp
from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from .errors import DomainError

Exponents = tuple[int, ...]


def to_fmpq(value: object) -> fmpq:
    """An exact rational as python-flint's ``fmpq``.

    Args:
        value: an int, Fraction, SymPy rational, fmpq, or a string such as ``"3/7"`` or ``"0.125"``.

    Returns:
        The same number.

    Raises:
        DomainError: the value is a float, or no rational.
    """
    if isinstance(value, fmpq):
        return value
    if isinstance(value, sp.Rational):
        return fmpq(int(value.p), int(value.q))
    if isinstance(value, (int, Fraction, str)) and not isinstance(value, bool):
        try:
            exact = Fraction(value)
        except (ValueError, ZeroDivisionError) as error:
            raise DomainError.of("to_fmpq()", "a rational number", value, "Write it as p/q or a decimal.") from error
        return fmpq(exact.numerator, exact.denominator)
    raise DomainError.of(
        "to_fmpq()",
        "an exact rational",
        value,
        "Floats never enter a derivation: pass a Fraction or sympy.Rational.",
    )


def to_rational(value: fmpq) -> sp.Rational:
    """A python-flint rational as a SymPy rational."""
    return sp.Rational(int(value.p), int(value.q))


def to_fraction(value: sp.Rational | fmpq) -> Fraction:
    """An exact rational as a Fraction, from either library."""
    return Fraction(int(value.p), int(value.q))


def rational_string(value: fmpq) -> str:
    """``"p/q"``, or ``"p"`` for an integer."""
    return f"{int(value.p)}/{int(value.q)}" if value.q != 1 else f"{int(value.p)}"


def poly_terms(polynomial: fmpq_mpoly) -> dict[Exponents, fmpq]:
    """Exponents (plain ints) to coefficient, in the ring's monomial order."""
    return {tuple(int(e) for e in exponents): c for exponents, c in polynomial.to_dict().items()}


class PolyRing:
    """Q[x_1, .., x_n] with SymPy symbols at the boundary and python-flint inside.

    Args:
        symbols: the variables, in the order of the exponents.

    Raises:
        DomainError: a symbol is given twice.
    """

    def __init__(self, symbols: Iterable[sp.Symbol]) -> None:
        self.symbols: tuple[sp.Symbol, ...] = tuple(symbols)
        if len(set(self.symbols)) != len(self.symbols):
            raise DomainError.of("PolyRing()", "distinct symbols", self.symbols, "Name each variable once.")
        # flint names are positional, so two symbols that print alike cannot be mixed up
        names = [f"x{i}" for i in range(len(self.symbols))]
        self.context: fmpq_mpoly_ctx = fmpq_mpoly_ctx.get(names, Ordering.deglex)

    @property
    def zero(self) -> fmpq_mpoly:
        """The polynomial 0."""
        return self.context.from_dict({})

    @property
    def one(self) -> fmpq_mpoly:
        """The polynomial 1."""
        return self.constant(1)

    def constant(self, value: object) -> fmpq_mpoly:
        """A rational as a constant polynomial."""
        return self.context.from_dict({(0,) * len(self.symbols): to_fmpq(value)})

    def generator(self, symbol: sp.Symbol) -> fmpq_mpoly:
        """The polynomial that is one variable.

        Args:
            symbol: one of the ring's symbols.

        Returns:
            Its generator.
        """
        return self.context.gens()[self.index(symbol)]

    def index(self, symbol: sp.Symbol) -> int:
        """The position of a variable.

        Args:
            symbol: one of the ring's symbols.

        Returns:
            Its place among the exponents.

        Raises:
            DomainError: the ring has no such variable.
        """
        if symbol not in self.symbols:
            raise DomainError.of("PolyRing.generator()", f"one of {self.symbols}", symbol, "Widen the ring.")
        return self.symbols.index(symbol)

    def from_dict(self, terms: Mapping[Exponents, object]) -> fmpq_mpoly:
        """A polynomial from exponents to rationals."""
        return self.context.from_dict({key: to_fmpq(value) for key, value in terms.items()})

    def from_expr(self, expr: sp.Expr | int) -> fmpq_mpoly:
        """An exact polynomial expression in this ring, built from its tree (never through ``expand``).

        Args:
            expr: a SymPy expression, polynomial in the ring's symbols with rational coefficients.

        Returns:
            The polynomial.

        Raises:
            DomainError: a float, a foreign symbol, a negative or symbolic power, or a function appears.
        """
        return self._walk(sp.sympify(expr))

    def _walk(self, expr: sp.Expr) -> fmpq_mpoly:
        if isinstance(expr, sp.Symbol):
            return self.generator(expr)
        if isinstance(expr, sp.Rational):
            return self.constant(expr)
        if isinstance(expr, sp.Add):
            total = self.zero
            for term in expr.args:
                total += self._walk(term)
            return total
        if isinstance(expr, sp.Mul):
            product = self.one
            for factor in expr.args:
                product *= self._walk(factor)
            return product
        if isinstance(expr, sp.Pow) and isinstance(expr.exp, sp.Integer) and expr.exp >= 0:
            return self._walk(expr.base) ** int(expr.exp)
        raise DomainError.of(
            "PolyRing.from_expr()",
            f"a polynomial over Q in {', '.join(map(str, self.symbols)) or 'no symbol'}",
            expr,
            "Use exact rationals, non-negative integer powers and the ring's own symbols.",
        )

    def to_expr(self, poly: fmpq_mpoly) -> sp.Expr:
        """The polynomial as a SymPy sum of monomials."""
        terms = [
            sp.Mul(to_rational(coefficient), *(s**e for s, e in zip(self.symbols, exponents, strict=True)))
            for exponents, coefficient in poly_terms(poly).items()
        ]
        return sp.Add(*terms)
