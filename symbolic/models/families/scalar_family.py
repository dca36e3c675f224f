"""Families of scalar maps: their phases by exact thresholds, and their cycles as curves with certified stability."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import pairwise

import sympy as sp
from flint import fmpq, fmpq_mpoly

from ...algebra.errors import DomainError
from ...algebra.rings import Exponents, PolyRing, poly_terms
from ...explain.log import DerivationLog
from ...latex.equations import Equation
from ...latex.names import later
from ...latex.printer import Order
from ...planar.maps import PolynomialMap
from .algebraic import AlgebraicNumber, between, primitive, roots_between
from .phases import Phase, PhaseTable, Threshold, ordered
from .scalar_map import _LEX, MOST_DEGREE, Component, ScalarMap, cut

CHAOS = "a cycle of period three, so cycles of every period and Li-Yorke chaos"
WORDS = {1: "fixed point", 2: "two-cycle", 3: "three-cycle", 4: "four-cycle"}


@dataclass(frozen=True)
class Branch:
    """Points of one cycle, or fixed point, over a grid of parameters.

    Attributes:
        period: its period.
        component: which curve it lies on.
        parameters: the rational parameters at which it is real.
        points: at each of them the points of the cycle, decimals of balls of width below 1e-12.
        stable: at each of them whether the multiplier lies inside (-1, 1), certified.

    Source:
        Derived here.

    Example:
        >>> branch = es.models.family("product-2").branches(3, (1,))[-1]
        >>> branch.points[0], branch.stable[0], branch.stable[-1]
        ((-1.0,), True, False)
    """

    period: int
    component: int
    parameters: tuple[Fraction, ...]
    points: tuple[tuple[float, ...], ...]
    stable: tuple[bool, ...]


@dataclass(frozen=True, eq=False)
class ScalarFamily:
    """A polynomial map of the line with one parameter, with a fixed point that is the minimum.

    Attributes:
        name: on the command line.
        title: a few words.
        bibkey: where it is from, a key of ``proofs/references.bib``.
        map: one step.
        minimum: the state at the minimum of the loss.
        loss: the loss as a polynomial in the state, up to a positive factor.
        low: lower end of the parameters.
        high: up to which parameter diagrams are drawn; phases and thresholds have no upper end.
        saddle: the point of the state, a polynomial in the parameter, that parts what starts on its two sides.
        words: what state and parameter are, for people.
        followed: the largest period of cycles that are followed.

    Source:
        Derived here.

    Example:
        >>> from fractions import Fraction
        >>> print(es.models.family("product-3").phases().at(Fraction(7, 10)))
        two-cycle: 2/3 < a < 0.829738261893..
    """

    name: str
    title: str
    bibkey: str
    map: ScalarMap
    minimum: sp.Rational
    loss: sp.Expr
    low: Fraction
    high: Fraction
    saddle: sp.Expr = sp.S.Zero
    words: str = ""
    followed: int = 4

    @property
    def parameter(self) -> sp.Symbol:
        """The parameter of the family."""
        return self.map.parameter

    def step_map(self) -> PolynomialMap:
        """One step as a map that kernels are generated from."""
        return PolynomialMap((self.map.variable,), (self.map.formula,), (self.map.parameter,), self.title)

    def equations(self) -> tuple[Equation, ...]:
        """One step."""
        x = self.map.variable
        own = frozenset((x, self.map.parameter))
        return (Equation(later(x, 1), self.map.formula, order=Order((x,)), tag=x.name, own=own),)

    @cached_property
    def multiplier(self) -> sp.Expr:
        """The derivative of one step at the minimum."""
        return sp.factor(sp.diff(self.map.formula, self.map.variable).subs(self.map.variable, self.minimum))

    @cached_property
    def _loss(self) -> fmpq_mpoly:
        return _LEX.from_dict({(int(e[0]), 0): c for e, c in _terms(self.loss, self.map.variable).items()})

    @lru_cache(maxsize=2)  # noqa: B019 - a family is made once and kept
    def thresholds(self) -> tuple[Threshold, ...]:
        """Every parameter at which a phase may begin or end, exact, in order.

        Returns:
            Sign change, loss, flips, folds, the first cycle of period three, escape.
        """
        step, low = self.map, self.low
        found = [*self.edge_thresholds()]
        found += [
            Threshold(t, "monotone", "beyond it some starts raise the loss at first") for t in self.rise_thresholds()
        ]
        found += [
            Threshold(t, "escape", "beyond it a critical point leaves the trapping interval: orbits escape")
            for t in step.escapes(low)
        ]
        edge = next((t.value for t in found if t.kind == "flip"), None)
        where = _LEX.from_dict({(0, int(e[0])): c for e, c in _terms(self.saddle, self.parameter).items()})
        found += [
            Threshold(t, "crisis", f"beyond it orbits about the minimum cross {self.map.variable} = {self.saddle}")
            for t in step.crossings(where, low)
            if edge is not None and t > edge
        ][:1]
        flips = [Threshold(t, "flip", "a two-cycle doubles its period", 2) for t in step.thresholds(2, -1, low)]
        known = {t.value for t in found if t.kind == "flip"}
        found += flips
        found += [Threshold(t, "fold", "two-cycles appear", 2) for t in step.thresholds(2, 1, low) if t not in known]
        three = self.three_cycles()
        found += [Threshold(t, "period three", "a cycle of period three appears", 3) for t in three[:1]]
        if flips and self._follows(4):
            begin, end = flips[0].value.bounds()[1], three[0].bounds()[0] if three else None
            for value, kind, what in (
                (-1, "flip", "a four-cycle doubles its period"),
                (1, "fold", "four-cycles appear"),
            ):
                found += [Threshold(t, kind, what, 4) for t in step.thresholds(4, value, begin, end)]
        return ordered(found)

    @lru_cache(maxsize=2)  # noqa: B019 - a family is made once and kept
    def three_cycles(self) -> tuple[AlgebraicNumber, ...]:
        """Where three-cycles appear, if from the first such parameter on there is one at every parameter."""
        if not self._follows(3):
            return ()
        found = self.map.thresholds(3, 1, self.low)
        cuts = cut(self.low, found, None)
        there = [bool(self.map.cycles(3, between(x, y))) for x, y in pairwise(cuts)]
        return tuple(found) if found and there == [False, *[True] * len(found)] else ()

    def _follows(self, period: int) -> bool:
        return period <= self.followed and self.map.degree**period <= MOST_DEGREE + self.map.degree ** (period // 2)

    def rise_thresholds(self) -> list[AlgebraicNumber]:
        """Parameters at which a step begins, or ceases, to raise the loss of some start that does not escape."""
        return self.map.rise_thresholds(self._loss, self.low)

    def edge_thresholds(self) -> tuple[Threshold, ...]:
        """Where the multiplier of the minimum is 0, and where it is -1: the edge of stability."""
        a = self.map.parameter
        found: list[Threshold] = []
        for value, kind, meaning in (
            (0, "sign", "the multiplier of the minimum is 0: beyond it orbits change sides at each step"),
            (-1, "flip", "the multiplier of the minimum is -1: the edge of stability"),
        ):
            rows = _terms(self.multiplier - value, a)
            polynomial = primitive([rows.get((k,), fmpq(0)) for k in range(max(e[0] for e in rows) + 1)])
            found += [Threshold(root, kind, meaning, 1) for root in roots_between(polynomial, self.low)]
        return tuple(found)

    @lru_cache(maxsize=2)  # noqa: B019 - a family is made once and kept
    def phases(self) -> PhaseTable:
        """The phases between the thresholds, each decided at one rational parameter.

        Returns:
            The table; the last phase is open upwards.
        """
        found = self.thresholds()
        cuts = cut(self.low, (t.value for t in found), None)
        rows: list[Phase] = []
        for low, high in pairwise(cuts):
            sample = between(low, high)
            name, facts = self._state(sample)
            rows.append(Phase(name, low, None if high == cuts[-1] else high, facts, sample, self.parameter.name))
        return PhaseTable(self.title, self.parameter, self.equations(), _joined(rows), found, self._log(found, rows))

    def _state(self, a: Fraction) -> tuple[str, tuple[str, ...]]:
        """Name of the phase at a rational parameter, and what was decided there."""
        three = self.three_cycles()
        chaos = ("a cycle of period three, so cycles of every period and Li-Yorke chaos",) * bool(
            three and three[0] < a
        )
        if not self.map.trapped(a):
            return "divergent", ("a critical point escapes to infinity", *chaos)
        if chaos:
            return "chaotic", chaos
        periods = [1, 2]
        if self._follows(4) and any(t.kind == "flip" and t.period == 2 and t.value < a for t in self.thresholds()):
            periods.append(4)
        stable = {p: sum(c.stable for c in self.map.cycles(p, a)) for p in periods}
        attracting = [f"{_number(n)} {WORDS[p]}{'s' * (n > 1)}" for p, n in stable.items() if n]
        if not attracting:
            return "cascade", (f"no attracting cycle of period {_listed(periods)}",)
        facts = f"attracting: {', '.join(attracting)}"
        if not stable[1]:
            return WORDS[max(p for p in periods if stable[p])], (facts,)
        if self.map.rises(self._loss, a):
            return "catapult", (facts, "some starts raise the loss before they converge")
        return "monotone", (facts, "the loss falls at every step, from every start that does not escape")

    def _log(self, found: tuple[Threshold, ...], rows: list[Phase]) -> DerivationLog:
        x, a = self.map.variable, self.map.parameter
        log = DerivationLog(f"Phases of {self.title}", described=frozenset())
        log.state("One step", self.words, *self.equations())
        log.identity(
            "Minimum",
            "One step keeps the minimum.",
            self.map.formula.subs(x, self.minimum),
            self.minimum + 0 * a,
            what="the minimum and its image",
        )
        for number, t in enumerate(found, 1):
            name = sp.Symbol(f"{a}_{number}", real=True)
            equation = Equation(t.value.equation(name), sp.S.Zero, own=frozenset((name,)))
            low, high = t.value.bounds()
            log.state(
                f"Threshold {number}: {t.kind}",
                f"{t.meaning}. The root near {t.value.digits(8)} of an irreducible factor of a resultant, alone in an "
                f"interval of length {float(high - low):.0e}.",
                equation,
            )
        samples = ", ".join(str(p.sample) for p in rows)
        log.state("Between", f"Cycles and their stability, loss and escape were decided at {a} = {samples}.")
        return log

    def branches(self, count: int = 200, periods: tuple[int, ...] = (1, 2)) -> tuple[Branch, ...]:
        """Fixed points and cycles over a grid of parameters, with certified stability.

        Args:
            count: parameters in the grid; some close to each threshold are added.
            periods: least periods to follow.

        Returns:
            One branch for each curve and each cycle on it, in order of the least point.

        Raises:
            DomainError: fewer than two parameters.
        """
        if isinstance(count, bool) or count < 2:
            raise DomainError.of("branches()", "two parameters or more", count, "200 draws well.")
        # shares with a prime denominator: no grid point is a threshold that is a simple fraction
        prime = int(sp.nextprime(4 * count))
        wide = self.high - self.low
        grid = {self.low + wide * Fraction(4 * k + 1, prime) for k in range(count)}
        for t in self.thresholds():
            low, high = t.value.bounds()
            grid |= {a for a in (low - wide / 10**5, high + wide / 10**5) if self.low < a < self.high}
        rows: dict[tuple[int, int, int], list[tuple[Fraction, tuple[float, ...], bool]]] = {}
        for period in periods:
            for a in sorted(grid):
                ranks: Counter[int] = Counter()
                for cycle in self.map.cycles(period, a):
                    key = (period, cycle.component, ranks[cycle.component])
                    ranks[cycle.component] += 1
                    points = tuple(float(p.mid()) for p in cycle.points)
                    rows.setdefault(key, []).append((a, points, cycle.stable))
        return tuple(
            Branch(period, component, *(tuple(column) for column in zip(*found, strict=True)))
            for (period, component, _), found in sorted(rows.items())
        )

    def curves(self, period: int) -> tuple[sp.Expr, ...]:
        """The irreducible polynomials of which the cycles of a least period are the zeros.

        Args:
            period: the least period.

        Returns:
            Expressions in state and parameter.
        """
        return tuple(_expression(c, self.map) for c in self.map.components(period))


def _terms(expr: sp.Expr, name: sp.Symbol) -> dict[Exponents, fmpq]:
    return poly_terms(PolyRing((name,)).from_expr(sp.sympify(expr)))


def _expression(component: Component, step: ScalarMap) -> sp.Expr:
    x, a = step.variable, step.parameter
    terms = component.polynomial.to_dict().items()
    return sp.Add(*(sp.Rational(int(c.p), int(c.q)) * x ** int(e[0]) * a ** int(e[1]) for e, c in terms))


def _joined(rows: list[Phase]) -> tuple[Phase, ...]:
    """Neighbours of one name become one phase, with the facts that both have."""
    found: list[Phase] = []
    for row in rows:
        if found and found[-1].name == row.name:
            last = found[-1]
            both = tuple(f for f in last.facts if f in row.facts)
            found[-1] = Phase(row.name, last.low, row.high, both, last.sample, row.parameter)
        else:
            found.append(row)
    return tuple(found)


def _number(count: int) -> str:
    return {1: "a", 2: "two", 3: "three", 4: "four"}.get(count, str(count))


def _listed(values: list[int]) -> str:
    return ", ".join(map(str, values[:-1])) + (f" or {values[-1]}" if len(values) > 1 else str(values[0]))
