"""Two-step recurrences in the residual and the deviation from the nullcline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from ..algebra.rings import rational_string
from ..algebra.series import Grading, TruncatedSeries, evaluate
from ..algebra.symbols import symbol
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.names import later
from ..latex.printer import Order
from .maps import PolynomialMap
from .nullcline import RESCALED, Nullcline


@dataclass(frozen=True)
class Recurrence(Derived):
    """``z'' - z`` and ``y'' - y`` as truncated series in ``(z, y, parameters)``, exact below the order.

    Attributes:
        variables: ``(z, y)``.
        parameters: for example ``(epsilon,)``.
        z_increment: ``z'' - z``.
        y_increment: ``y'' - y``, with ``y = T - f(z)``.
        nullcline: the curve ``T = f(z)`` that ``y`` is measured from.

    Source:
        Agarwala, Pedregosa, Pennington 2022, the two-step recurrences before Theorem 1.

    Example:
        >>> es.models.main_case().two_step(3, (2, 2)).expressions()
        (2*y*z, 0)
    """

    kind = "two-step"
    units = RESCALED
    variables: tuple[sp.Symbol, sp.Symbol]
    parameters: tuple[sp.Symbol, ...]
    z_increment: TruncatedSeries
    y_increment: TruncatedSeries
    nullcline: Nullcline

    @property
    def order(self) -> int:
        """Degree in z up to which both increments are complete (y and parameters count by their weights, usually 0)."""
        return self.z_increment.grading.order

    @property
    def increments(self) -> tuple[TruncatedSeries, TruncatedSeries]:
        """Both increments."""
        return (self.z_increment, self.y_increment)

    def as_map(self) -> PolynomialMap:
        """The truncated recurrence as a polynomial map of ``(z, y)``."""
        z, y = self.variables
        dz, dy = self.expressions()
        return PolynomialMap(self.variables, (z + dz, y + dy), self.parameters, "truncated two-step recurrence")

    def remainder(self) -> str:
        """What was dropped, in words."""
        return self.z_increment.grading.remainder()

    def json(self) -> dict[str, Any]:
        """Variables, order and all coefficients as exact strings."""

        def rows(series: TruncatedSeries) -> list[dict[str, Any]]:
            return [{"exponents": list(e), "coefficient": rational_string(c)} for e, c in series.terms().items()]

        return {
            "variables": [s.name for s in (*self.variables, *self.parameters)],
            "order": self.order,
            "z_increment": rows(self.z_increment),
            "y_increment": rows(self.y_increment),
            "remainder": self.remainder(),
        }

    def equations(self) -> tuple[Equation, ...]:
        """Both increments; y counts twice in the order of terms, as it does near the nullcline."""
        z, y = self.variables
        order = Order((z, y), {y: 2})
        return tuple(
            Equation(later(v, 2) - later(v, 0), series.to_expr(), series.dropped().monomials(), order, v.name)
            for v, series in zip(self.variables, self.increments, strict=True)
        )

    def compile(self, target: str = "float64") -> Any:
        """A generated kernel of the truncated recurrence.

        Args:
            target: a number type of ``edgestab.compile_map``.

        Returns:
            The kernel, with ``step`` and ``run``.
        """
        return self.as_map().compile(target)

    def explain(self) -> DerivationLog:
        """From the closed map to both increments, held against the exact twofold composition.

        Raises:
            ProofError: a step does not hold.
        """
        one_step = self.nullcline.one_step
        log = self.nullcline.explain()
        log.title = f"The two-step recurrence to order {self.order}"
        y, T = self.variables[1], one_step.variables[1]
        log.state("Deviation", "Measure T from the nullcline T = f(z).", Equation(y, T - symbol("f")))
        grading = self.z_increment.grading
        z0, y0, *fixed = (TruncatedSeries.variable(grading, s) for s in grading.symbols)
        curve = self.nullcline.series.polynomial()
        start = evaluate(curve, [z0, *fixed]) + y0
        # the oracle: the exact twofold composition, against the series that the engine pushed through step by step
        # T = f(z) + y has no negative powers of z, so terms above the order cannot come back
        z2, t2 = (
            evaluate(
                one_step.ring.from_dict({e: c for e, c in p.to_dict().items() if e[0] <= self.order}),
                [z0, start, *fixed],
            )
            for p in one_step.iterated(2)
        )
        log.vanishing(
            "Two steps of z",
            "Put T = f(z) + y into the exact twofold composition.",
            z2 - z0 - self.z_increment,
            len(self.z_increment.terms()),
            self.equations()[0],
        )
        log.vanishing(
            "Two steps of y",
            "y'' = T'' - f(z''), with the same substitution.",
            t2 - evaluate(curve, [z2, *fixed]) - y0 - self.y_increment,
            len(self.y_increment.terms()),
            self.equations()[1],
        )
        return log


def derive_two_step(nullcline: Nullcline, weight_of_y: int = 0) -> Recurrence:
    """The recurrence of ``(z, y)`` over two steps, complete up to an order in z.

    Args:
        nullcline: the curve ``T = f(z)`` of a map; its order and the weight of the parameters are taken over.
        weight_of_y: what y counts in the order; 0 keeps all its powers.

    Returns:
        The recurrence; ``y = T - f(z)`` is measured from the nullcline.
    """
    one_step, order = nullcline.one_step, nullcline.order
    y = symbol("y")
    z = one_step.variables[0]
    grading = Grading((z, y, *one_step.parameters), (1, weight_of_y, *nullcline.series.grading.weights[1:]), order)
    known = [TruncatedSeries.variable(grading, s) for s in grading.symbols]
    z0, y0, fixed = known[0], known[1], known[2:]
    f = nullcline.series.polynomial()

    def f_of(at: TruncatedSeries) -> TruncatedSeries:
        return evaluate(f, [at, *fixed])

    state = [z0, f_of(z0) + y0]
    start = state[1]
    for _ in range(2):
        state = [evaluate(p, [*state, *fixed]) for p in one_step.polynomials]
    z2, t2 = state
    # y'' - y = (T'' - f(z'')) - (T - f(z))
    y_increment = t2 - f_of(z2) - (start - f_of(z0))
    return Recurrence((z, y), one_step.parameters, z2 - z0, y_increment, nullcline)
