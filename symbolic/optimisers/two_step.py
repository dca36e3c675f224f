"""Two steps of an optimiser near its edge, to leading order: what moves the residual, what relaxes, what drifts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from ..algebra.symbols import symbol, symbols
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.printer import Order
from .edge import StabilityEdge
from .limit import OptimiserLimit, derive_limit
from .optimiser import Optimiser

WEIGHTS = {"z": 1, "y": 2, "epsilon": 2}
"""What each counts in the order of the recurrence: orbits near the edge have y and epsilon of the size of z^2."""


@dataclass(frozen=True)
class OptimiserTwoStep(Derived):
    """``z'' - z = rate y z`` and ``y'' - y = -relaxation y z^2 + drift epsilon z^2``, to leading weight.

    ``y`` is the deviation of T at the query point from the curve of two-cycles at epsilon = 0. The memory of the
    weights has forgotten its start: it follows z, y and epsilon on the centre manifold.

    Attributes:
        limit: the limit series to first order, ``c_0 + c_1 epsilon``.
        rate: ``d(mu^2)/dT`` of the multiplier that is -1 at the edge.

    Source:
        Derived here; for gradient descent the recurrence of Agarwala, Pedregosa, Pennington 2022 at leading weight.

    Example:
        >>> es.optimisers.derive_two_step(es.optimisers.heavy_ball("1/2")).expressions()
        (4*y*z, -8*epsilon*z**2 - 32*y*z**2/3)
    """

    kind = "two-step"
    units = "z and y at the query point, times the step size; y is measured from the two-cycles at epsilon = 0"
    limit: OptimiserLimit
    rate: sp.Expr

    @property
    def edge(self) -> StabilityEdge:
        """Where the optimiser loses stability."""
        return self.limit.edge

    @property
    def relaxation(self) -> sp.Expr:
        """How fast a deviation dies: the slow manifold attracts where this is positive."""
        return self.limit.relaxation

    @property
    def drift(self) -> sp.Expr:
        """What pushes y: it balances the relaxation where ``y = c_1 epsilon``."""
        return sp.factor(self.limit.relaxation * self.limit.coefficients[1])

    def equations(self) -> tuple[Equation, ...]:
        """Both increments, to leading weight, with what was dropped."""
        z, y, epsilon = symbols("z y epsilon")
        order = Order((z, y, epsilon))
        later = symbols("z'' y''")
        # both increments vanish at z = 0, and on the two-cycles at y = epsilon = 0
        square = (y**2 * z, y * epsilon * z, epsilon**2 * z)
        return (
            Equation(later[0] - z, self.rate * y * z, (y * z**2, epsilon * z**2, *square), order, "z"),
            Equation(
                later[1] - y,
                -self.relaxation * y * z**2 + self.drift * epsilon * z**2,
                (y * z**3, epsilon * z**3, *square),
                order,
                "y",
            ),
        )

    def json(self) -> dict[str, Any]:
        """Optimiser and the three coefficients as exact strings, with the weights that they are leading in."""
        return {
            "optimiser": self.limit.optimiser.name,
            "rate": str(self.rate),
            "relaxation": str(self.relaxation),
            "drift": str(self.drift),
            "weights": WEIGHTS,
            "replaced": self.limit.json()["replaced"],
        }

    def remainder(self) -> str:
        """What was dropped, in words."""
        return "dropped: weight 4 and more in z'', 5 and more in y'', where z counts 1, y and epsilon count 2"

    def explain(self) -> DerivationLog:
        """From the characteristic polynomial and the slow manifold.

        Raises:
            ProofError: a step does not hold.
        """
        log = self.limit.explain()
        log.title = f"Two steps of {self.limit.optimiser.name} near its edge"
        log.state(
            "Leading weight", "Rate from the multiplier, relaxation and drift from the manifold.", *self.equations()
        )
        return log


def derive_two_step(optimiser: Optimiser) -> OptimiserTwoStep:
    """The two-step recurrence of the main case under an optimiser, to leading weight.

    Args:
        optimiser: with numbers, or with one symbol.

    Returns:
        Rate, relaxation and drift; rational functions of the symbol where there is one (of the edge h for SAM).

    Raises:
        DomainError: the optimiser does not keep minima, or a pair loses stability first.
        ProofError: there is no slow manifold.

    Source:
        Derived here.

    Example:
        >>> es.optimisers.derive_two_step(es.optimisers.gradient_descent()).json()["drift"]
        '-4'
    """
    limit = derive_limit(optimiser, 1)
    h, mu = symbol("h"), symbol("multiplier")
    chi = optimiser.characteristic(h).as_expr()
    along = -sp.diff(chi, h) / sp.diff(chi, mu)
    # d(mu^2)/dh = 2 mu mu', and mu = -1
    rate = (-2 * along).subs(mu, -1)
    if limit.replaced is not None:
        rate = rate.subs(*limit.replaced)
    at_edge = h if limit.replaced is not None else limit.edge.curvature
    return OptimiserTwoStep(limit, sp.factor(sp.radsimp(rate.subs(h, at_edge))))
