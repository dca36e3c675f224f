"""The slow manifold under an optimiser as a derived object: T over z, to a weight in z and epsilon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from ..algebra.errors import DomainError
from ..algebra.rings import to_rational
from ..algebra.series.rows import PARAMETER_WEIGHT
from ..algebra.symbols import symbols
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.printer import Order
from .limit import HIGHEST_ORDER, WHERE
from .optimiser import Optimiser
from .slow_manifold import manifold_rows, require_line_of_minima


@dataclass(frozen=True)
class OptimiserManifold(Derived):
    """``T = sum c_in z^i epsilon^n`` at the query point, invariant under the optimiser's step with its memory.

    Attributes:
        optimiser: whose steps keep it.
        order: highest power of epsilon; terms with ``i + 2 n <= 2 order`` are kept.
        terms: ``(i, n)`` to the coefficient, an exact rational.

    Source:
        Derived here.

    Example:
        >>> sorted(es.optimisers.derive_manifold(es.optimisers.heavy_ball("1/2"), 1).terms.items())
        [((0, 0), 3), ((0, 1), -3/4), ((1, 0), 2), ((2, 0), 4/3)]
    """

    kind = "slow-manifold"
    units = "z and T are residual and curvature at the query point, times the step size"
    optimiser: Optimiser
    order: int
    terms: dict[tuple[int, int], sp.Rational]

    def equations(self) -> tuple[Equation, ...]:
        """T over z and epsilon, sorted by weight."""
        z, T, epsilon = symbols("z T epsilon")
        total = sp.Add(*(c * z**i * epsilon**n for (i, n), c in self.terms.items()))
        top = 2 * self.order + 1
        dropped = tuple(z ** (top - 2 * n) * epsilon**n for n in range(self.order + 1))
        order = Order((z, epsilon), {epsilon: PARAMETER_WEIGHT})
        return (Equation(T, total, dropped, order, "slow-manifold"),)

    def json(self) -> dict[str, Any]:
        """Variables, optimiser, order and all coefficients as exact strings."""
        found = [{"exponents": list(e), "coefficient": str(c)} for e, c in self.terms.items()]
        return {
            "variables": ["z", "epsilon"],
            "optimiser": self.optimiser.name,
            "order": self.order,
            "T": found,
            "remainder": self.remainder(),
        }

    def remainder(self) -> str:
        """What was dropped, in words."""
        return f"dropped: z^i epsilon^n with i + 2 n > {2 * self.order}"

    def explain(self) -> DerivationLog:
        """How the curve is found; its first row is the exact curve of two-cycles.

        Raises:
            ProofError: a step does not hold.
        """
        log = require_line_of_minima(self.optimiser).explain()
        log.title = f"The slow manifold under {self.optimiser.name}"
        z, T = symbols("z T")
        frozen = sp.Add(*(c * z**i for (i, n), c in self.terms.items() if n == 0))
        log.state(
            "At epsilon = 0",
            "Two-cycles: those of gradient descent with the step size scaled so that its edge is the optimiser's.",
            Equation(T, frozen, (z ** (2 * self.order + 1),), Order((z,))),
        )
        again = derive_manifold(self.optimiser, self.order).equations()[0].rhs
        log.identity("Order by order", "One step keeps the curve.", again, self.equations()[0].rhs, *self.equations())
        return log


def derive_manifold(optimiser: Optimiser, order: int) -> OptimiserManifold:
    """The slow manifold of the main case under an optimiser with numbers.

    Args:
        optimiser: without symbols, with a rational edge.
        order: highest power of epsilon, 0..12.

    Returns:
        The curve T over z.

    Raises:
        DomainError: a symbol is left, the optimiser has no line of minima or flip, or the order is out of range.
        ProofError: there is no slow manifold.

    Source:
        Derived here.

    Example:
        >>> es.optimisers.derive_manifold(es.optimisers.gradient_descent(), 1).terms[(0, 1)]
        -1/2
    """
    if isinstance(order, bool) or not isinstance(order, int) or not 0 <= order <= HIGHEST_ORDER:
        raise DomainError.of(WHERE, f"an order in 0..{HIGHEST_ORDER}", order, "It is the highest power of epsilon.")
    if optimiser.parameters:
        raise DomainError.of("derive_manifold()", "numbers, no symbols", optimiser.parameters, "Give --beta 1/2, say.")
    rows = manifold_rows(optimiser, order).unknown[0]
    top = PARAMETER_WEIGHT * order
    terms = {
        (i, n): to_rational(c)
        for n, row in enumerate(rows)
        for i, c in enumerate(row.coeffs())
        if c != 0 and i + PARAMETER_WEIGHT * n <= top
    }
    return OptimiserManifold(optimiser, order, terms)
