"""The limit of relaxed trajectories as a power series in the small parameter."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from .errors import DomainError
from .rings import to_fmpq
from .symbols import latex_names, symbol


@dataclass(frozen=True)
class LimitSeries:
    """``T_inf = sum_n c_n epsilon^n``, asymptotic as epsilon goes to 0 (it diverges in the end).

    Attributes:
        parameter: the small parameter.
        coefficients: exact rationals, powers 0..order.
    """

    parameter: sp.Symbol
    coefficients: tuple[sp.Rational, ...]

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
            raise DomainError.of("LimitSeries.partial_sum()", f"an order in 0..{self.order}", last, "Derive more terms.")
        rational = to_fmpq(epsilon)
        at = Fraction(int(rational.p), int(rational.q))
        total = Fraction(0)
        for c in reversed(self.coefficients[: last + 1]):
            total = total * at + Fraction(int(c.p), int(c.q))
        return total

    def to_json(self) -> dict[str, Any]:
        """Variable and coefficients as exact strings, powers 0..order."""
        return {"variable": self.parameter.name, "coefficients": [str(c) for c in self.coefficients]}

    def latex(self) -> str:
        """One line of LaTeX, lowest power first."""
        names = latex_names()
        parameter = names[self.parameter]
        body = ""
        for n, c in enumerate(self.coefficients):
            if c == 0:
                continue
            power = "" if n == 0 else f" {parameter}" if n == 1 else f" {parameter}^{{{n}}}"
            size = "" if abs(c) == 1 and n else sp.latex(abs(c))
            body += f" {'-' if c < 0 else '+'} {size}{power}" if body else f"{'-' if c < 0 else ''}{size}{power}"
        return rf"{names[symbol('T')]}_\infty = {body or '0'} + O({parameter}^{{{self.order + 1}}})"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"
