"""The true error of the central flow in the main case {1, -epsilon}: where it ends, how fast, with what variance.

Three exact comparisons with orbits that have relaxed onto the slow manifold. The flow ends on the edge, orbits end
below it by the limit series. Near the end sigma^2 dies at a rate that is rational in epsilon, orbits at minus twice the
logarithm of a multiplier. At epsilon = 0 both stand still, at a vibration that is solved exactly: there the flow lacks
the fourth derivative of the loss, which is of the size of what it keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from ...algebra.errors import DomainError, ProofError
from ...algebra.parsing import exact_expression
from ...algebra.symbols import symbol
from ...explain.derived import Derived
from ...explain.log import DerivationLog
from ...latex.equations import Equation
from ...latex.printer import Order
from ...optimisers.limit import derive_limit
from ...optimisers.optimiser import Optimiser, gradient_descent
from ...planar.planar_map import PlanarMap
from ..quadratic import QuadraticModel
from .averaged import averaged_flow
from .flow import SIGMA2, Filter, read_filter
from .quadratic import main_model, quadratic_central_flow

WHERE = "derive_central_flow_error()"
HIGHEST_ORDER = 12
b, epsilon = symbol("b"), symbol("epsilon")


@dataclass(frozen=True)
class CentralFlowError(Derived):
    """The central flow of the main case against relaxed orbits, as series in epsilon.

    Attributes:
        filter: speed and edge of the optimiser.
        target: the regression target, in units of step size 1.
        gap: coefficients, from the power 0 on, of the end of the flow less that of orbits.
        flow_rate: rate at which sigma^2 dies at the end of the flow, exactly.
        rates: coefficients of the three rates, from the power 0 on: of the flow, of the flow with the fourth
            derivative, of orbits.
        variances: squared vibration at epsilon = 0 as a function of ``b = epsilon theta_2^2 + 2 E``, the slow
            coordinate: of the flow, and of the two-cycles of the optimiser.

    Source:
        Derived here; the flow is that of Cohen et al. 2024.

    Example:
        >>> error = es.models.derive_central_flow_error(order=2)
        >>> error.gap, error.variances
        ((0, 1/2, 27/32), (2*(b - 2)/9, (b - 2)/4))
    """

    kind = "central-flow-error"
    units = "step size 1: z and T carry one factor of it, sigma^2 too; rates are per step"
    filter: Filter
    target: sp.Rational
    gap: tuple[sp.Expr, ...]
    flow_rate: sp.Expr
    rates: dict[str, tuple[sp.Expr, ...]]
    variances: tuple[sp.Expr, sp.Expr]

    @property
    def order(self) -> int:
        """Highest power of epsilon kept."""
        return len(self.gap) - 1

    @property
    def share(self) -> sp.Expr:
        """What part of the squared vibration, and of the drift, the flow has at epsilon = 0: the same at every b."""
        return sp.cancel(self.variances[0] / self.variances[1])

    @property
    def missing(self) -> tuple[sp.Expr, ...]:
        """Coefficients of the rate of orbits less that of the flow."""
        return tuple(sp.factor(x - y) for x, y in zip(self.rates["orbit"], self.rates["flow"], strict=True))

    def series(self, coefficients: Sequence[sp.Expr]) -> sp.Expr:
        """The polynomial in epsilon with these coefficients."""
        return sp.Add(*(c * epsilon**n for n, c in enumerate(coefficients)))

    def equations(self) -> tuple[Equation, ...]:
        """Gap, rates, and the two variances."""
        dropped, order = (epsilon ** (self.order + 1),), Order((epsilon,))
        fourth, orbit = self.rates["fourth"], self.rates["orbit"]
        names = {k: symbol(k) for k in ("r_flow", "r_orbit", "gap")}
        closer = sp.Symbol("r_fourth", positive=True)
        own = frozenset((closer,))
        return (
            Equation(names["gap"], self.series(self.gap), dropped, order, "gap"),
            Equation(names["r_flow"], self.flow_rate, tag="flow-rate"),
            Equation(names["r_orbit"], self.series(orbit), dropped, order, "orbit-rate"),
            Equation(names["r_orbit"] - names["r_flow"], self.series(self.missing), dropped, order, "rate-error"),
            Equation(closer, self.series(fourth), dropped, order, "fourth-rate", own=own),
            Equation(SIGMA2, self.variances[0], tag="flow-variance"),
            Equation(symbol("x") ** 2, self.variances[1], tag="orbit-variance"),
        )

    def text(self) -> str:
        """The comparison for reading in a terminal."""
        e = {row.tag: row.rhs for row in self.equations()}
        lines = [
            f"# the error of the central flow of the main case under {self.filter.optimiser.name}, E = {self.target}",
            f"# units: {self.units}",
            "# where the flow ends less where relaxed orbits end",
            f"gap = {self._powers(self.gap)}",
            "# rate at which the squared vibration dies at the end: of the flow, exactly; of orbits; their difference",
            f"r_flow = {e['flow-rate']}",
            f"r_orbit = {self._powers(self.rates['orbit'])}",
            f"r_orbit - r_flow = {self._powers(self.missing)}",
            "# the same with the fourth derivative of the loss: S + sigma^2 D^4 L[u, u, u, u]/6 kept at the edge",
            f"r_fourth = {self._powers(self.rates['fourth'])}",
            "# squared vibration at epsilon = 0, b = epsilon theta_2^2 + 2 E: of the flow, of the two-cycles",
            f"sigma^2 = {e['flow-variance']}",
            f"x^2 = {e['orbit-variance']}",
            f"# the flow has {self.share} of it, and moves b at {self.share} of the speed",
            f"# {self.remainder()}",
        ]
        return "\n".join(lines)

    @staticmethod
    def _powers(coefficients: Sequence[sp.Expr]) -> str:
        parts = [sp.sstr(sp.factor(c) * epsilon**n) for n, c in enumerate(coefficients) if c != 0]
        return (" + ".join(parts) or "0").replace("+ -", "- ")

    def remainder(self) -> str:
        """What was dropped, in words."""
        return f"dropped: powers of epsilon above {self.order} in the series; the rest is exact"

    def json(self) -> dict[str, Any]:
        """All coefficients as exact strings."""
        return {
            "optimiser": self.filter.optimiser.name,
            "target": str(self.target),
            "gap": [str(c) for c in self.gap],
            "flow_rate": str(self.flow_rate),
            "rates": {k: [str(c) for c in row] for k, row in self.rates.items()},
            "variances": {"flow": str(self.variances[0]), "orbit": str(self.variances[1])},
            "share": str(self.share),
        }

    def explain(self) -> DerivationLog:
        """The three comparisons; what was solved is put back.

        Raises:
            ProofError: a step does not hold.
        """
        log = DerivationLog("The error of the central flow", described=frozenset())
        rows = {e.tag: e for e in self.equations()}
        theta, x = sp.symbols("theta x", positive=True)
        loss = (theta**2 - b) ** 2 / 8
        h = self.filter.edge.curvature
        log.state(
            "At epsilon = 0",
            "theta_2 stands still; theta_1 vibrates between theta + x and theta - x in the loss (theta_1^2 - b)^2/8: "
            "the mean of the gradients is 0, and half their difference is the edge times x.",
        )
        slopes = [sp.diff(loss, theta, k) for k in range(1, 5)]
        moves = [sp.diff(loss, theta).subs(theta, theta + side * x) for side in (1, -1)]
        log.identity(
            "Mean", "Exactly, by Taylor's formula.", sp.expand(sum(moves) / 2), slopes[0] + slopes[2] * x**2 / 2
        )
        log.identity(
            "Half the difference",
            "Here the fourth derivative enters, which the central flow leaves out.",
            sp.expand((moves[0] - moves[1]) / 2),
            sp.expand(slopes[1] * x + slopes[3] * x**3 / 6),
        )
        for tag, keep in (("flow-variance", 0), ("orbit-variance", 1)):
            square = rows[tag].rhs
            centre = b - 3 * square
            inside = {theta: sp.sqrt(centre)}
            log.identity(
                "The flow" if not keep else "The two-cycle",
                "Both equations hold at this centre and this vibration.",
                sp.expand((slopes[1] + keep * slopes[3] * square / 6).subs(inside)),
                h,
                rows[tag],
            )
        log.state("End", "The flow ends on the edge; the limit series says where orbits end.", rows["gap"])
        log.state(
            "Rates",
            "Of the flow by linearising it at its end, of orbits by the multiplier that is -1 at the edge.",
            *(rows[t] for t in ("flow-rate", "orbit-rate", "rate-error", "fourth-rate")),
        )
        return log


def derive_central_flow_error(
    optimiser: Optimiser | None = None, order: int = 3, target: object = 0
) -> CentralFlowError:
    """The central flow of the main case {1, -epsilon} against the orbits that have relaxed, order by order.

    Args:
        optimiser: a linear filter with numbers, or with one symbol; gradient descent by default.
        order: highest power of epsilon, 1..12.
        target: a rational number; other than 0 for gradient descent only.

    Returns:
        The comparison, exact to the order.

    Raises:
        DomainError: the optimiser has an ascent or no flip, the order is out of range, or a target is not supported.
        ProofError: there is no slow manifold.

    Source:
        Derived here.

    Example:
        >>> str(es.models.derive_central_flow_error(order=2).flow_rate)
        '8*epsilon/(9*epsilon**2 - 14*epsilon + 9)'
    """
    if isinstance(order, bool) or not isinstance(order, int) or not 1 <= order <= HIGHEST_ORDER:
        raise DomainError.of(WHERE, f"an order in 1..{HIGHEST_ORDER}", order, "It is the highest power of epsilon.")
    exact = sp.nan if isinstance(target, float) else exact_expression(target, WHERE)
    plain = optimiser is None or optimiser == gradient_descent()
    if not exact.is_Rational or (exact != 0 and not plain):
        raise DomainError.of(WHERE, "a rational target, 0 for other optimisers", target, "Write it as p/q.")
    tuned = read_filter(optimiser)
    model = main_model(exact)
    flow = quadratic_central_flow(model, tuned)
    z = model.state[0]
    rate = sp.factor(-sp.cancel(flow.along[0] / z).subs(z, 0))
    if plain:
        step = model.one_step()
        if not isinstance(step, PlanarMap):
            raise ProofError.of(WHERE, "a map of the plane", step, "Report it.")
        ends = step.limit_series(order).coefficients
    else:
        ends = derive_limit(tuned.optimiser, order).coefficients
    gap = tuple(sp.factor(-c) if n else sp.factor(tuned.edge.curvature - c) for n, c in enumerate(ends))
    rates = {
        "flow": _taylor(rate, order),
        "fourth": _fourth_rate(model, tuned, order),
        "orbit": _orbit_rate(tuned, ends, order),
    }
    return CentralFlowError(tuned, exact, gap, rate, rates, _at_zero(tuned.edge.curvature))


def _taylor(expr: sp.Expr, order: int) -> tuple[sp.Expr, ...]:
    """Coefficients of a rational function of epsilon, regular at 0."""
    above, below = (sp.Poly(part, epsilon).all_coeffs()[::-1] for part in sp.fraction(sp.together(expr)))
    found: list[sp.Expr] = []
    for n in range(order + 1):
        rest = sum((c * found[n - k] for k, c in enumerate(below[1 : n + 1], 1)), sp.S.Zero)
        found.append(sp.factor(((above[n] if n < len(above) else 0) - rest) / below[0]))
    return tuple(found)


def _truncated(expr: sp.Expr, order: int) -> sp.Expr:
    poly = sp.Poly(sp.expand(expr), epsilon)
    return sp.Add(*(sp.factor(c) * epsilon**n for (n,), c in poly.terms() if n <= order))


def _root(polynomial: sp.Expr, unknown: sp.Symbol, start: sp.Expr, order: int) -> list[sp.Expr]:
    """The simple root through ``start`` of a polynomial with coefficients in epsilon, as a power series."""
    slope = sp.diff(polynomial, unknown).subs({unknown: start, epsilon: 0})
    if sp.factor(polynomial.subs({unknown: start, epsilon: 0})) != 0 or sp.factor(slope) == 0:
        raise ProofError.of(WHERE, f"a simple root {start}", polynomial, "Report it.")
    found = [start]
    for n in range(1, order + 1):
        here = sp.Add(*(c * epsilon**k for k, c in enumerate(found)))
        defect = sp.Poly(sp.expand(polynomial.subs(unknown, here)), epsilon).coeff_monomial(epsilon**n)
        found.append(sp.factor(-defect / slope))
    return found


def _orbit_rate(tuned: Filter, ends: Sequence[sp.Expr], order: int) -> tuple[sp.Expr, ...]:
    """``-2 ln(-multiplier)`` at the end of orbits."""
    mu = symbol("multiplier")
    end = sp.Add(*(c * epsilon**n for n, c in enumerate(ends)))
    series = _root(tuned.optimiser.characteristic(end).as_expr(), mu, sp.Integer(-1), order)
    # ln(1 - s) with s = 1 + multiplier
    small = sp.Add(*(c * epsilon**n for n, c in enumerate(series) if n))
    power, total = sp.S.One, sp.S.Zero
    for k in range(1, order + 1):
        power = _truncated(power * small, order)
        total += 2 * power / k
    poly = sp.Poly(sp.expand(total), epsilon)
    return tuple(sp.factor(poly.coeff_monomial(epsilon**n)) for n in range(order + 1))


def _fourth_rate(model: QuadraticModel, tuned: Filter, order: int) -> tuple[sp.Expr, ...]:
    """Rate of the slow solution of the averaged equations with the fourth derivative and the vibration bound."""
    rate = sp.Symbol("rate", real=True)
    trace, determinant = averaged_flow(model, tuned).bound_rates()
    polynomial = sp.numer(sp.together(rate**2 + trace * rate + determinant))
    return tuple(_root(polynomial, rate, sp.S.Zero, order))


def _at_zero(h: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Squared vibration about the centre at epsilon = 0, without and with the fourth derivative."""
    theta, square, centre = sp.symbols("theta s a", positive=True)
    loss = (theta**2 - b) ** 2 / 8
    slopes = [sp.diff(loss, theta, k) for k in range(1, 5)]
    mean = sp.expand((slopes[0] + slopes[2] * square / 2) / theta).subs(theta**2, centre)
    found = []
    for keep in (0, 1):
        curvature = sp.expand(slopes[1] + keep * slopes[3] * square / 6).subs(theta**2, centre)
        (solution,) = sp.solve([mean, curvature - h], [square, centre], dict=True)
        found.append(sp.factor(solution[square]))
    return found[0], found[1]
