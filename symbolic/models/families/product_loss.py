"""Losses ``l(x y)`` of a product, for a loss of the user's: edge, flip coefficient, and where training ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import sympy as sp

from ...algebra.errors import DomainError, ProofError
from ...algebra.parsing import model_symbol
from ...algebra.rings import to_fraction
from ...algebra.symbols import symbol, symbols
from ...explain.log import DerivationLog
from ...latex.document import Section
from ...latex.equations import Equation
from ...latex.names import later
from ...latex.printer import Order
from ...planar.planar_map import PlanarMap
from ...planar.slow_manifold import LimitSeries
from ..own_loss.gradient import as_expression
from ..own_loss.hypotheses import Hypothesis, Sectioned
from ..own_loss.numbers import is_positive, is_zero, normal_form, sign
from .algebraic import rational
from .phases import Phase, PhaseTable, Threshold
from .product_step import L_2, L_3, L_4, SLOPE, D, P, S, closed_step, edge_map, edge_of_product

HIGHEST = 6
"""Highest order of the limit in the small parameter."""


@dataclass(frozen=True, eq=False)
class ProductLoss(Sectioned):
    """Gradient descent on ``l(u.v)`` near a minimum of l: edge, flip, and where training ends.

    Attributes:
        loss: ``l`` as a formula in ``p``.
        minimum: ``p_0``, an exact number.
        name: on the command line.
        title: a few words.
        bibkey: where it is from, a key of ``proofs/references.bib``; empty for a loss of the user's own.

    Args:
        loss: a formula in ``p``, as text or expression.
        minimum: the exact place of the minimum.
        name: on the command line.
        title: a few words.
        bibkey: a key of the bibliography.

    Raises:
        DomainError: the loss has other symbols than p, or no minimum with positive curvature there.

    Source:
        Derived here.

    Example:
        >>> soft = es.models.ProductLoss("log(cosh(p))", 0)
        >>> soft.coefficient, soft.sharpness_equation().rhs, soft.concentrates
        (2/3, -3*eta/2 + 2/eta, True)
    """

    kind = "product-loss"
    loss: sp.Expr
    minimum: sp.Expr
    name: str = "loss"
    title: str = "a loss of a product"
    bibkey: str = ""

    def __init__(
        self,
        loss: sp.Expr | str,
        minimum: sp.Expr | str | int = 0,
        name: str = "loss",
        title: str = "",
        bibkey: str = "",
    ) -> None:
        where = "ProductLoss()"
        formula = as_expression(loss, where)
        place = normal_form(as_expression(minimum, where))
        if formula.free_symbols != {P}:
            raise DomainError.of(where, "a loss in p alone", formula, "Write p for the product; set constants first.")
        if not place.is_number or not place.is_real:
            raise DomainError.of(where, "an exact real number for the minimum", place, "E.g. 1/2 or log(2).")
        for key, value in (
            ("loss", formula),
            ("minimum", place),
            ("name", name),
            ("title", title or f"l(x y), l = {formula}"),
            ("bibkey", bibkey),
        ):
            object.__setattr__(self, key, value)
        if is_zero(self.derivative(1)) is not True or is_positive(self.derivative(2)) is not True:
            raise DomainError.of(
                where,
                "a minimum: slope 0 and positive curvature",
                f"l' = {self.derivative(1)}, l'' = {self.derivative(2)} at p = {place}",
                "Give the minimum with --at, as an exact number.",
            )

    def derivative(self, order: int) -> sp.Expr:
        """A derivative of l at the minimum, exact, in the one form of its number."""
        return _derivative(self.loss, self.minimum, order)

    def _with(self, formula: sp.Expr) -> sp.Expr:
        values = {symbol_: self.derivative(k) for k, symbol_ in ((2, L_2), (3, L_3), (4, L_4))}
        return normal_form(sp.expand(formula.subs(values)))

    @cached_property
    def coefficient(self) -> sp.Expr:
        """``c`` of the flip at the edge: positive where the two-cycle beyond it is stable."""
        return self._with(edge_of_product().coefficient)

    @property
    def concentrates(self) -> bool | None:
        """Whether relaxed training ends at one distance below the edge; None where a sign is open."""
        return is_positive(self.coefficient)

    @property
    def small(self) -> sp.Expr:
        """The small parameter ``(eta l_2)^2``."""
        return (symbol("eta") * self.derivative(2)) ** 2

    def map(self, order: int = 3) -> PlanarMap:
        """One step in ``(z, T)``, with ``l'`` expanded at the minimum as far as a limit of this order needs.

        Args:
            order: of the limit in epsilon.

        Returns:
            The map, exact in all powers of z up to ``2 order + 1`` of ``l'``.

        Raises:
            DomainError: the derivatives or the minimum are not rational, or the order is out of range.
        """
        if isinstance(order, bool) or not 1 <= order <= HIGHEST:
            raise DomainError.of("ProductLoss.map()", f"an order in 1..{HIGHEST}", order, "3 is quick.")
        z = symbol("z")
        rows = [self.derivative(k + 1) / self.derivative(2) / sp.factorial(k) for k in range(1, 2 * order + 2)]
        rows = [normal_form(row) for row in rows]
        if not self.minimum.is_Rational or not all(row.is_Rational for row in rows):
            raise DomainError.of(
                "ProductLoss.map()",
                "a rational minimum and rational ratios of derivatives",
                f"p_0 = {self.minimum}",
                "The leading gap is there for every loss: gap.",
            )
        return edge_map(sp.Add(*(row * z ** (k + 1) for k, row in enumerate(rows))), self.minimum)

    @property
    def gap(self) -> sp.Expr:
        """``(2 - T_inf)/epsilon`` to leading order.

        Raises:
            DomainError: training does not concentrate.
        """
        if self.concentrates is not True:
            raise DomainError.of("ProductLoss.gap", "a positive flip coefficient c", self.coefficient, self._why())
        return normal_form(1 / self.coefficient)

    def limit_series(self, order: int = 3) -> LimitSeries:
        """``T_inf`` of relaxed orbits in powers of ``epsilon = (eta l_2)^2``.

        Args:
            order: highest power, 1..6.

        Returns:
            The series, exact; asymptotic.

        Raises:
            DomainError: training does not concentrate, or numbers are not rational.
        """
        if self.concentrates is not True:
            raise DomainError.of("limit_series()", "a positive flip coefficient c", self.coefficient, self._why())
        return self.map(order).limit_series(order)

    def _why(self) -> str:
        if self.coefficient == 0:
            return "Deviations do not relax: the end depends on the start."
        return "The two-cycle lies below the edge and is unstable."

    def frozen_step(self) -> tuple[sp.Symbol, sp.Symbol, sp.Expr]:
        """One step of z at frozen T, the limit of small epsilon: ``z' = z - T l'(p_0 + z)/l_2``."""
        z, T = symbols("z T")
        return z, T, z - T * sp.diff(self.loss, P).subs(P, self.minimum + z) / self.derivative(2)

    def balanced_step(self) -> tuple[sp.Symbol, sp.Symbol, sp.Expr]:
        """One step of p where ``u = v``: ``p' = p (1 - eta l'(p))^2``; proved from the closed step at ``s = 2 p``."""
        eta = symbol("eta")
        both = sp.expand(closed_step()[P].subs(S, 2 * P))
        if sp.expand(both - P * (1 - eta * SLOPE) ** 2) != 0 or sp.expand(closed_step()[S].subs(S, 2 * P) - 2 * both):
            raise ProofError.of("balanced_step()", "a kept balance", both, "Report it.")
        return P, eta, P * (1 - eta * sp.diff(self.loss, P)) ** 2

    def sharpness_equation(self) -> Equation:
        """The final sharpness to leading order, ``2/eta - (l_2^2/c) eta``."""
        eta = symbol("eta")
        value = sp.expand(2 / eta - self.gap * self.derivative(2) ** 2 * eta)
        return Equation(symbol("lambda_infinity"), value, (eta**3,), Order((eta,)), "sharpness")

    def phases(self) -> PhaseTable:
        """The phases in T, step size times sharpness, while it changes slowly: thresholds 1 and 2, exact.

        Returns:
            The table.
        """
        parameter = symbol("T")
        rows = self._phases_beyond_the_edge()
        below = (
            Phase("straight", rational(0), rational(1), ("the residual keeps its sign near the minimum",), None, "T"),
            Phase("alternating", rational(1), rational(2), ("the residual changes sign at each step",), None, "T"),
        )
        marks = [
            Threshold(rational(1), "sign", "the multiplier 1 - T of the minimum is 0", 1),
            Threshold(rational(2), "flip", "the multiplier of the minimum is -1: the edge of stability", 1),
        ]
        if (turn := self.turning_curvature) is not None:
            marks.append(Threshold(rational(to_fraction(turn)), "escape", "beyond it the curvature grows at each step"))
        z, _, step = self.frozen_step()
        shown = (Equation(later(z, 1), step, tag="z", own=frozenset((z, parameter))),)
        title = f"{self.title}, at T that changes slowly"
        return PhaseTable(title, parameter, shown, (*below, *rows), tuple(marks), self.explain())

    def _phases_beyond_the_edge(self) -> tuple[Phase, ...]:
        two, c, turn = rational(2), self.coefficient, self.turning_curvature
        if turn is not None:
            end = rational(to_fraction(turn))
            falls = "the curvature falls at every step, whatever the residual"
            grows = "the curvature never falls: it stays above the edge, and no start converges unless z hits 0"
            return (
                Phase("catapult", two, end, ("the minimum repels", falls), None, "T"),
                Phase("divergent", end, None, ("the minimum repels", grows), None, "T"),
            )
        name, *facts = {
            1: (
                "two-cycle",
                f"just beyond the edge a stable two-cycle with z^2 = (T - 2)/c + .., c = {c}; T falls along it",
                f"orbits that relax end at T = 2 - epsilon/c + .. with epsilon = {self.small}",
            ),
            0: (
                "neutral",
                "at T = 2 every z is on a two-cycle, to fourth order; deviations do not relax",
                "where training ends depends on the start",
            ),
            -1: ("subcritical", f"an unstable two-cycle lies just below the edge, none beyond it: c = {c}"),
            None: ("open", f"the sign of c = {c} is not decided"),
        }[sign(c)]
        return (Phase(name, two, None, ("the minimum repels", *facts), None, "T"),)

    @cached_property
    def turning_curvature(self) -> sp.Rational | None:
        """The curvature below which it falls and above which it grows, if that hangs on T alone (no target, squared).

        There one step changes T by ``epsilon z^2 (T - 4)``, exactly.
        """
        if not self.loss.is_polynomial(P) or sp.degree(self.loss, P) != 2 or not self.minimum.is_Rational:
            return None
        z, T, epsilon = symbols("z T epsilon")
        change = sp.factor((self.map(1).components[1] - T) / (epsilon * z**2))
        if change.free_symbols != {T} or sp.degree(change, T) != 1 or sp.LC(change, T) <= 0:
            return None
        return sp.solve(change, T)[0]

    def verdicts(self) -> tuple[Hypothesis, ...]:
        """Minimum, and the sign of the flip coefficient."""
        shown = f"c = l_3^2/l_2^2 - l_4/(3 l_2) = {self.coefficient}"
        return (
            Hypothesis(
                "minimum",
                "slope 0 and positive curvature at p_0",
                True,
                f"l_2 = {self.derivative(2)} at {self.minimum}",
            ),
            Hypothesis("relaxation", "the flip at the edge is supercritical: c > 0", self.concentrates, shown),
        )

    def equations(self) -> tuple[Equation, ...]:
        """The closed step for any l, then the numbers of this one."""
        own = frozenset((P, S, D, SLOPE, L_2, L_3, L_4))
        order = Order((P, S, D))
        step = tuple(Equation(later(k, 1), e, order=order, tag=k.name, own=own) for k, e in closed_step().items())
        values = tuple(
            Equation(name, self.derivative(k), tag=name.name, own=own) for k, name in ((2, L_2), (3, L_3), (4, L_4))
        )
        c = model_symbol("c")
        return (*step, *values, Equation(c, self.coefficient, tag="c", own=frozenset((c,))))

    def sections(self) -> list[Section]:
        """Loss, closed step, the derivatives at the minimum, and the end of training."""
        rows = self.equations()
        loss = Equation(model_symbol("l"), self.loss, tag="l", own=frozenset((P, model_symbol("l"))))
        found = [
            Section("Loss", f"l(u.v), with its minimum at p_0 = {self.minimum}.", (loss,)),
            Section("Closed step", "p = u.v, s = |u|^2 + |v|^2, d = |u|^2 - |v|^2, g = l'(p); for any l.", rows[:3]),
            Section("At the minimum", "T = eta l_2 s is the step size times the sharpness; c is the flip's.", rows[3:]),
        ]
        if self.concentrates:
            text = "To leading order, for orbits that relax."
            found.append(Section("Where training ends", text, (self.sharpness_equation(),)))
        return found

    def json(self) -> dict[str, Any]:
        """The analysis as data with exact strings."""
        content: dict[str, Any] = {
            "family": self.title,
            "loss": str(self.loss),
            "minimum": str(self.minimum),
            "step": {k.name: str(e) for k, e in closed_step().items()},
            "derivatives": {f"l_{k}": str(self.derivative(k)) for k in (2, 3, 4)},
            "coefficient": str(self.coefficient),
            "concentrates": self.concentrates,
            "hypotheses": [h.json() for h in self.verdicts()],
            **self.state(),
        }
        if self.concentrates:
            content["final_sharpness"] = str(self.sharpness_equation().rhs)
        return content

    def explain(self) -> DerivationLog:
        """From one pair of weights to the end of training, each identity compared.

        Raises:
            ProofError: a step does not hold.
        """
        u, v = sp.symbols("u v", real=True)
        eta = symbol("eta")
        log = DerivationLog(f"Gradient descent on {self.title}", described=frozenset())
        share = {P: u * v, S: u**2 + v**2, D: u**2 - v**2}
        moved = {u: u - eta * SLOPE * v, v: v - eta * SLOPE * u}
        for name, equation in zip(share, self.equations(), strict=False):
            log.identity(
                f"One step of {name}",
                "The share of each pair of weights, for any l; sums over pairs follow.",
                share[name].subs(moved, simultaneous=True),
                closed_step()[name].subs(share, simultaneous=True),
                equation,
                what="the stepped share and the closed form",
            )
        found = edge_of_product()
        own = frozenset((L_2, L_3, L_4, model_symbol("c")))
        log.identity(
            "Relaxation",
            "The coefficient of y z^2 in two steps is -4 c, with the nullcline T = 2 + c z^2 + ..",
            found.relaxation,
            -4 * found.coefficient,
            Equation(model_symbol("c"), found.coefficient, own=own),
        )
        log.state("At this minimum", f"p_0 = {self.minimum}.", *self.equations()[3:])
        if self.concentrates:
            log.state("Where training ends", "y = -epsilon/c on the slow manifold.", self.sharpness_equation())
        return log


@lru_cache(maxsize=512)
def _derivative(loss: sp.Expr, place: sp.Expr, order: int) -> sp.Expr:
    value = sp.diff(loss, P, order).subs(P, place)
    value = sp.simplify(value) if value.is_number and not value.is_Rational else value
    return normal_form(value)
