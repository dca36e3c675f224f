"""The limit of relaxed trajectories as a power series in the small parameter."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar

import sympy as sp

from ..algebra.errors import DomainError
from ..algebra.rings import to_fmpq, to_rational
from ..algebra.symbols import symbol
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.printer import Order
from .nullcline import EDGE, UNITS
from .slow_manifold import SlowManifold


@dataclass(frozen=True)
class LimitSeries(Derived):
    """``T_inf = sum_n c_n epsilon^n``, asymptotic as epsilon goes to 0 (it diverges in the end).

    Attributes:
        parameter: the small parameter.
        coefficients: exact rationals, powers 0..order.
        manifold: the slow manifold whose value at ``z = 0`` it is, where it is known.
    """

    parameter: sp.Symbol
    coefficients: tuple[sp.Rational, ...]
    manifold: SlowManifold | None = field(default=None, repr=False, compare=False)

    kind: ClassVar[str] = "limit"
    units: ClassVar[str] = UNITS

    @classmethod
    def of(cls, manifold: SlowManifold) -> LimitSeries:
        """Where a slow manifold meets ``z = 0``: the limit of every orbit that has relaxed onto it."""
        return cls(manifold.parameter, tuple(to_rational(row[0]) for row in manifold.rows), manifold)

    @property
    def order(self) -> int:
        """Highest power kept."""
        return len(self.coefficients) - 1

    def expression(self) -> sp.Expr:
        """The truncated series as a SymPy expression."""
        return sp.Add(*(c * self.parameter**n for n, c in enumerate(self.coefficients)))

    def partial_sum(self, epsilon: object, order: int | None = None) -> Fraction:
        """The exact sum of the terms up to an order at a rational parameter.

        Args:
            epsilon: an exact rational.
            order: the last power; default all that are kept.

        Returns:
            The sum, exactly. Its error is of the size of the first term left out while terms still shrink.

        Raises:
            DomainError: the order is not kept, or epsilon is no rational.
        """
        last = self.order if order is None else order
        if not 0 <= last <= self.order:
            raise DomainError.of(
                "LimitSeries.partial_sum()", f"an order in 0..{self.order}", last, "Derive more terms."
            )
        rational = to_fmpq(epsilon)
        at = Fraction(int(rational.p), int(rational.q))
        total = Fraction(0)
        for c in reversed(self.coefficients[: last + 1]):
            total = total * at + Fraction(int(c.p), int(c.q))
        return total

    def json(self) -> dict[str, Any]:
        """Variable and coefficients as exact strings, powers 0..order."""
        return {"variable": self.parameter.name, "coefficients": [str(c) for c in self.coefficients]}

    def remainder(self) -> str:
        """What was dropped, in words."""
        return f"dropped: powers of {self.parameter} above {self.order}; asymptotic, not convergent"

    def sides(self) -> list[tuple[str, sp.Expr]]:
        """Left and right side, for plain text and code."""
        return [("T_inf", self.expression())]

    def sorted_by(self) -> sp.Symbol:
        """The small parameter."""
        return self.parameter

    def explain(self) -> DerivationLog:
        """From the slow manifold, by setting ``z = 0``.

        Raises:
            DomainError: the series was given without its manifold.
        """
        if self.manifold is None:
            raise DomainError.of("LimitSeries.explain()", "a series of a map", "coefficients", "Derive it from a map.")
        log = self.manifold.explain()
        log.title = f"The limit of T to order {self.order}"
        log.identity(
            "Set z = 0",
            "Every point of z = 0 is fixed; a relaxed orbit ends where the manifold meets it.",
            self.manifold.expression().subs(self.manifold.variable, 0),
            self.expression(),
            *self.equations(),
            what="the manifold at z = 0 and the series",
        )
        log.state(
            "Edge", f"The edge of stability is T = {EDGE} in these units.", Equation(symbol("T"), sp.Integer(EDGE))
        )
        return log

    def equations(self) -> tuple[Equation, ...]:
        """``T_inf = c_0 + c_1 epsilon + ..`` with the first power dropped."""
        dropped = self.parameter ** (self.order + 1)
        return (Equation(symbol("T_inf"), self.expression(), (dropped,), Order((self.parameter,)), "limit"),)
