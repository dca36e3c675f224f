"""The limit series of the sharpness under any optimiser: numbers, or closed forms in its one symbol."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy as sp
from flint import fmpq, fmpq_poly

from ..algebra.errors import DomainError, ProofError
from ..algebra.parsing import exact_expression
from ..algebra.rings import to_rational
from ..algebra.symbols import symbol
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.printer import Order
from ..planar.rational_rows import MARGIN, least_fraction, to_expr
from .edge import StabilityEdge
from .optimiser import Optimiser, sam
from .slow_manifold import ManifoldRows, manifold_rows, require_line_of_minima

WHERE = "limit series of an optimiser"
HIGHEST_ORDER = 12
MOST_POINTS = 400
FIRST_POINTS = 24


@dataclass(frozen=True)
class OptimiserLimit(Derived):
    """``T_inf = sum_n c_n epsilon^n`` of orbits that have relaxed, in the main case under an optimiser.

    Attributes:
        optimiser: whose steps are taken.
        edge: where it loses stability; ``c_0`` is its curvature.
        coefficients: exact numbers, or rational functions of :attr:`free`.
        relaxation: two steps near the manifold shrink a deviation by ``1 - relaxation z^2`` at epsilon = 0; the
            manifold attracts where it is positive.
        free: the symbol that the coefficients are functions of; None for numbers.
        replaced: for SAM, whose edge is no rational function of rho, rho as a function of its edge ``h``.

    Source:
        Derived here.

    Example:
        >>> es.optimisers.derive_limit(es.optimisers.heavy_ball("1/2"), 2).coefficients
        (3, -3/4, -177/64)
    """

    kind = "limit"
    units = "T is the curvature times the step size; the edge of stability is its value at epsilon = 0"
    optimiser: Optimiser
    edge: StabilityEdge
    coefficients: tuple[sp.Expr, ...]
    relaxation: sp.Expr
    free: sp.Symbol | None = None
    replaced: tuple[sp.Symbol, sp.Expr] | None = None

    @property
    def parameter(self) -> sp.Symbol:
        """The small parameter."""
        return symbol("epsilon")

    @property
    def order(self) -> int:
        """Highest power kept."""
        return len(self.coefficients) - 1

    def expression(self) -> sp.Expr:
        """The truncated series as a SymPy expression."""
        return sp.Add(*(c * self.parameter**n for n, c in enumerate(self.coefficients)))

    def equations(self) -> tuple[Equation, ...]:
        """``T_inf = c_0 + c_1 epsilon + ..`` with the first power dropped, and what a symbol was replaced by."""
        dropped = self.parameter ** (self.order + 1)
        first = Equation(symbol("T_inf"), self.expression(), (dropped,), Order((self.parameter,)), "limit")
        return (first,) if self.replaced is None else (first, Equation(*self.replaced, tag="replaced"))

    def remainder(self) -> str:
        """What was dropped, in words."""
        return f"dropped: powers of {self.parameter} above {self.order}; asymptotic, not convergent"

    def json(self) -> dict[str, Any]:
        """Variable and coefficients as exact strings, powers 0..order; the edge; what a symbol was replaced by."""
        return {
            "variable": self.parameter.name,
            "coefficients": [str(c) for c in self.coefficients],
            "optimiser": self.optimiser.name,
            "edge": str(self.edge.curvature),
            "relaxation": str(self.relaxation),
            "attracts": bool(self.relaxation > 0) if self.relaxation.is_number else None,
            "replaced": None if self.replaced is None else {self.replaced[0].name: str(self.replaced[1])},
        }

    def substitute(self, value: object) -> OptimiserLimit:
        """The series at an exact value of its symbol.

        Args:
            value: of :attr:`free`, inside the optimiser's range.

        Returns:
            The series with numbers.

        Raises:
            DomainError: the series has no symbol, or the value is outside its range.
        """
        if self.free is None or self.replaced is not None:
            raise DomainError.of(
                "OptimiserLimit.substitute()", "a series in beta", self.free, "Derive it with numbers."
            )
        at = self.optimiser.substitute({self.free: value})
        exact = {self.free: exact_expression(value, "OptimiserLimit.substitute()")}
        inside = tuple(sp.nsimplify(c.subs(exact)) for c in self.coefficients)
        return OptimiserLimit(at, require_line_of_minima(at), inside, self.relaxation.subs(exact))

    def explain(self) -> DerivationLog:
        """From the edge to the series; closed forms are held against the manifold at a value that did not make them.

        Raises:
            ProofError: a step does not hold.
        """
        log = self.edge.explain()
        log.title = f"The limit of T under {self.optimiser.name} to order {self.order}"
        log.state(
            "Coordinates",
            "Residual z and curvature T at the query point, and the ratio of each weight's memory to its query: one "
            "step is rational in them and keeps z = 0. At epsilon = 0 the two-cycles are those of gradient descent "
            "with the step size scaled so that its edge is that of the optimiser.",
        )
        log.state(
            "Invariance",
            "Ask for a curve over z that one step keeps. Each power of epsilon gives a linear system over power series "
            "in z with one slow direction; two steps shrink a deviation along it by 1 - relaxation z^2.",
            Equation(sp.Symbol("relaxation"), self.relaxation),
        )
        if self.free is None:
            rows = manifold_rows(self.optimiser, self.order) if self.replaced is None and self._rational() else None
            if rows is not None:
                again = sum(to_rational(r[0]) * self.parameter**n for n, r in enumerate(rows.unknown[0]))
                log.identity("At z = 0", "Relaxed orbits end there.", again, self.expression(), *self.equations())
            else:
                log.state("At z = 0", "Relaxed orbits end there.", *self.equations())
            return log
        value, rows = _sample(self.optimiser, self.order, 3 * MOST_POINTS + 1)
        at = {self.free: to_rational(value)}
        log.identity(
            "At z = 0",
            "Relaxed orbits end there. The closed forms are fixed by values at rational points and confirmed at more.",
            sum(to_rational(r[0]) * self.parameter**n for n, r in enumerate(rows.unknown[0])),
            self.expression().subs(at),
            *self.equations(),
            what=f"manifold and closed form at {self.free} = {at[self.free]}",
        )
        return log

    def _rational(self) -> bool:
        return bool(self.edge.curvature.is_Rational)


def derive_limit(optimiser: Optimiser, order: int) -> OptimiserLimit:
    """The limit series of the sharpness at convergence, for eigenvalues ``{1, -epsilon}`` and target 0.

    Args:
        optimiser: with numbers, or with one symbol.
        order: highest power of epsilon, 0..12.

    Returns:
        The series. With a symbol its coefficients are rational functions, each confirmed by at least 12 values more
        than it has free numbers (for SAM functions of the edge ``h``, with ``rho = (2 - h)/h^2``).

    Raises:
        DomainError: the optimiser does not keep minima, a pair loses stability first, or the order is out of range.
        ProofError: there is no slow manifold, or no closed form of moderate degree.

    Source:
        Derived here.

    Example:
        >>> es.optimisers.derive_limit(es.optimisers.heavy_ball(), 1).coefficients[1]
        -(beta + 1)/2
    """
    if isinstance(order, bool) or not isinstance(order, int) or not 0 <= order <= HIGHEST_ORDER:
        raise DomainError.of(WHERE, f"an order in 0..{HIGHEST_ORDER}", order, "It is the highest power of epsilon.")
    edge = require_line_of_minima(optimiser)
    if not optimiser.parameters:
        if edge.curvature.is_Rational:
            rows = manifold_rows(optimiser, order)
            return OptimiserLimit(optimiser, edge, _limits(rows), to_rational(rows.relaxation))
        if optimiser.name != "sam":
            raise DomainError.of(WHERE, "a rational edge", edge.curvature, "Choose numbers with a rational edge.")
        return _at_edge(derive_limit(sam(), order), optimiser, edge)
    if len(optimiser.parameters) > 1:
        raise DomainError.of(WHERE, "at most one symbol", optimiser.parameters, "Give numbers for the others.")
    values, coefficients, relaxation = _closed_forms(optimiser, order)
    return OptimiserLimit(optimiser, edge, coefficients, relaxation, values, _replacement(optimiser))


def _replacement(optimiser: Optimiser) -> tuple[sp.Symbol, sp.Expr] | None:
    h = symbol("h")
    return (symbol("rho"), (2 - h) / h**2) if optimiser.ascent != 0 else None


def _at_edge(series: OptimiserLimit, optimiser: Optimiser, edge: StabilityEdge) -> OptimiserLimit:
    at = {symbol("h"): edge.curvature}
    inside = tuple(_rationalised(c.subs(at)) for c in series.coefficients)
    return OptimiserLimit(optimiser, edge, inside, _rationalised(series.relaxation.subs(at)))


def _rationalised(value: sp.Expr) -> sp.Expr:
    above, below = sp.fraction(sp.together(value))
    return sp.radsimp(sp.expand(above) / sp.expand(below))


def _limits(rows: ManifoldRows) -> tuple[sp.Rational, ...]:
    return tuple(to_rational(r[0]) for r in rows.unknown[0])


def _sample(optimiser: Optimiser, order: int, n: int) -> tuple[fmpq, ManifoldRows]:
    """The manifold at the n-th rational value of the symbol."""
    (parameter,) = optimiser.parameters
    if optimiser.ascent != 0:
        h = fmpq(2 * n, n + 1)  # (0, 2): rho > 0
        rho = to_rational((2 - h) / (h * h))
        return h, manifold_rows(optimiser.substitute({parameter: rho}), order)
    value = fmpq(n, n + 1)
    return value, manifold_rows(optimiser.substitute({parameter: to_rational(value)}), order)


@lru_cache(maxsize=16)
def _closed_forms(optimiser: Optimiser, order: int) -> tuple[sp.Symbol, tuple[sp.Expr, ...], sp.Expr]:
    """Symbol, coefficients and relaxation as rational functions of it."""
    free = symbol("h") if optimiser.ascent != 0 else optimiser.parameters[0]
    points: list[fmpq] = []
    samples: list[ManifoldRows] = []
    wanted = FIRST_POINTS
    while wanted <= MOST_POINTS:
        while len(points) < wanted:
            value, rows = _sample(optimiser, order, len(points) + 1)
            points.append(value)
            samples.append(rows)
        rows_of_values = [[r.unknown[0][n][0] for r in samples] for n in range(order + 1)]
        forms = [_through(points, values) for values in (*rows_of_values, [r.relaxation for r in samples])]
        found = [f for f in forms if f is not None]
        if len(found) == len(forms):
            *coefficients, relaxation = (sp.factor(to_expr(a, free) / to_expr(b, free)) for a, b in found)
            return free, tuple(coefficients), relaxation
        wanted += wanted // 2
    raise ProofError.of(WHERE, f"closed forms fixed by {MOST_POINTS} values", optimiser.name, "Lower the order.")


def _through(points: list[fmpq], values: list[fmpq]) -> tuple[fmpq_poly, fmpq_poly] | None:
    """The rational function of least degree through values, if it has fewer free numbers, by the margin, than these."""
    modulus, through = fmpq_poly([1]), fmpq_poly([0])
    for x, y in zip(points, values, strict=True):
        step = (y - through(x)) / modulus(x)
        through += modulus * step
        modulus *= fmpq_poly([-x, 1])
    numerator, denominator = least_fraction(modulus, through)
    free = max(numerator.degree(), 0) + denominator.degree() + 1
    return (numerator, denominator) if free + MARGIN <= len(points) else None
