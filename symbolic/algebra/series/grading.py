"""Gradings of monomials, and the exact statement of what a truncated series has dropped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import sympy as sp

from ..errors import DomainError
from ..rings import Exponents, PolyRing
from ..symbols import latex_names


@dataclass(frozen=True)
class Remainder:
    """The monomials a series under a grading has dropped: exactly those of weight above the order.

    Attributes:
        symbols: the variables.
        weights: their weights.
        order: monomials of weight above this are dropped, no others.
    """

    symbols: tuple[sp.Symbol, ...]
    weights: tuple[int, ...]
    order: int

    def __contains__(self, exponents: object) -> bool:
        """Whether a monomial, given by its exponents, is dropped."""
        if not isinstance(exponents, tuple) or len(exponents) != len(self.weights):
            return False
        return sum(w * e for w, e in zip(self.weights, exponents, strict=True)) > self.order

    def generators(self) -> tuple[Exponents, ...]:
        """The minimal dropped monomials: every dropped one is a multiple of one of these.

        Returns:
            Exponents, sorted; the remainder is the ideal that they generate, so
            ``exact = polynomial + sum_m c_m(..) * m`` over these ``m`` with power series ``c_m``.
        """
        return tuple(sorted(self._generators()))

    def _generators(self) -> Iterator[Exponents]:
        # a minimal monomial leaves the kept set when any one of its factors is taken away
        ranges = [range(self.order // w + 2) if w else range(1) for w in self.weights]
        for head in product(*ranges[:-1]):
            used = sum(w * e for w, e in zip(self.weights, head, strict=False))
            last = self.weights[-1]
            if last == 0:
                candidates = [0] if used > self.order else []
            else:
                candidates = [max(0, (self.order - used) // last + 1)]
            for tail in candidates:
                exponents = (*head, tail)
                total = used + last * tail
                if all(total - w <= self.order for w, e in zip(self.weights, exponents, strict=True) if e and w):
                    yield exponents

    def monomials(self) -> tuple[sp.Expr, ...]:
        """The generators as SymPy monomials, highest power of the first variable last."""
        return tuple(sp.Mul(*(s**e for s, e in zip(self.symbols, m, strict=True))) for m in self.generators())

    def text(self) -> str:
        """In words."""
        graded = [
            f"{w}*deg_{s}" if w != 1 else f"deg_{s}" for s, w in zip(self.symbols, self.weights, strict=True) if w
        ]
        free = [str(s) for s, w in zip(self.symbols, self.weights, strict=True) if not w]
        kept = f"; exact in {', '.join(free)}" if free else ""
        return f"dropped: every monomial with {' + '.join(graded) or '0'} > {self.order}{kept}"

    def latex(self) -> str:
        """As the ideal of its minimal monomials, ``O(z^3, z epsilon, ..)``."""
        names = latex_names()
        monomials = [sp.latex(m, symbol_names=names) for m in reversed(self.monomials())]
        joined = r",\, ".join(monomials)
        return rf"O\left({joined}\right)"

    def __str__(self) -> str:
        return self.text()


@dataclass(frozen=True)
class Grading:
    """Weights of the variables and the highest weight that is kept.

    Attributes:
        symbols: the variables of the series.
        weights: one non-negative integer for each; weight 0 keeps a variable to all orders.
        order: monomials of weight above this are dropped, all others are kept.

    Raises:
        DomainError: numbers of symbols and weights differ, or one is negative.

    Source:
        Derived here.

    Example:
        >>> z, epsilon = es.symbols("z epsilon")
        >>> es.algebra.Grading((z, epsilon), (1, 2), 3).remainder()
        'dropped: every monomial with deg_z + 2*deg_epsilon > 3'
    """

    symbols: tuple[sp.Symbol, ...]
    weights: tuple[int, ...]
    order: int

    def __post_init__(self) -> None:
        if len(self.symbols) != len(self.weights) or any(w < 0 for w in self.weights) or self.order < 0:
            raise DomainError.of(
                "Grading()",
                "one weight >= 0 for each symbol, order >= 0",
                (self.symbols, self.weights, self.order),
                "Give a weight for each variable.",
            )

    @cached_property
    def ring(self) -> PolyRing:
        """The polynomial ring of the parts."""
        return PolyRing(self.symbols)

    def weight(self, exponents: Exponents) -> int:
        """The weight of a monomial."""
        return sum(w * e for w, e in zip(self.weights, exponents, strict=True))

    def with_order(self, order: int) -> Grading:
        """The same weights, cut elsewhere."""
        return Grading(self.symbols, self.weights, order)

    def dropped(self) -> Remainder:
        """Exactly the monomials that a series under this grading has dropped."""
        return Remainder(self.symbols, self.weights, self.order)

    def remainder(self) -> str:
        """What a series under this grading has dropped, in words."""
        return self.dropped().text()
