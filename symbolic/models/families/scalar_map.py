"""Maps of the line with one parameter: cycles, where they appear and lose stability, and where orbits escape.

Every answer is exact: polynomials are factored over Q, thresholds are real roots of resultants, and what holds between
two thresholds is decided at one rational parameter there by enclosures of real roots. Nothing can change between two
neighbouring thresholds: periodic points appear or meet only where the derivative of the iterate is 1, and their
stability changes only where it is 1 or -1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache, reduce
from itertools import pairwise

import sympy as sp
from flint import Ordering, arb, ctx, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpz_poly

from ...algebra.errors import DomainError, ProofError
from ...algebra.rings import Exponents, PolyRing
from .algebraic import BITS, AlgebraicNumber, between, ends, in_one, primitive, rational, real_roots, roots_between

_LEX = fmpq_mpoly_ctx.get(["x", "a"], Ordering.lex)
_X, _A = _LEX.gens()
MOST_DEGREE = 80
"""Periodic points of which the polynomial has a higher degree in the state are not followed exactly."""


@dataclass(frozen=True, eq=False)
class Component:
    """An irreducible curve of periodic points in the plane of parameter and state.

    Attributes:
        period: the least period of its points.
        polynomial: vanishes on it; irreducible over Q.
        multiplier: the derivative of the iterate, a polynomial in state and parameter.
    """

    period: int
    polynomial: fmpq_mpoly
    multiplier: fmpq_mpoly

    def at(self, value: Fraction) -> fmpz_poly:
        """The polynomial in the state at a rational parameter, square-free."""
        return _at(self.polynomial, value)


@dataclass(frozen=True)
class Cycle:
    """A cycle at one rational parameter.

    Attributes:
        component: number of the curve that it lies on.
        period: its period.
        points: balls about its points, in the order of the orbit.
        multiplier: a ball about the derivative of the iterate.
    """

    component: int
    period: int
    points: tuple[arb, ...]
    multiplier: arb

    @property
    def stable(self) -> bool:
        """Whether the multiplier lies inside (-1, 1)."""
        return bool(abs(self.multiplier) < 1)


@lru_cache(maxsize=4096)
def _at_cached(key: tuple[tuple[tuple[int, ...], fmpq], ...], value: Fraction) -> fmpz_poly:
    a = fmpq(value.numerator, value.denominator)
    rows: dict[int, fmpq] = {}
    for (power, height), c in key:
        rows[power] = rows.get(power, fmpq(0)) + c * a**height
    coefficients = [rows.get(k, fmpq(0)) for k in range(max(rows) + 1)]
    whole = primitive(coefficients)
    common = whole.gcd(whole.derivative())
    return whole if common.degree() < 1 else primitive([fmpq(c) for c in (whole / common).coeffs()])


def _at(polynomial: fmpq_mpoly, value: Fraction) -> fmpz_poly:
    key = tuple((tuple(map(int, e)), c) for e, c in polynomial.to_dict().items())
    return _at_cached(key, value)


class ScalarMap:
    """``x' = F(x; a)``, a polynomial over Q in the state and one parameter.

    Attributes:
        formula: the next state.
        variable: the state.
        parameter: the parameter.

    Args:
        formula: the next state, an exact expression.
        variable: the state.
        parameter: the parameter.

    Raises:
        DomainError: the formula is no polynomial over Q in the two, or is linear in the state.

    Source:
        Derived here.

    Example:
        >>> x, a = es.symbols("x a")
        >>> step = es.models.ScalarMap(a * x * (1 - x), x, a)
        >>> [str(found) for found in step.thresholds(2, -1, 0, 4)]
        ['1 + sqrt(6)']
    """

    def __init__(self, formula: sp.Expr, variable: sp.Symbol, parameter: sp.Symbol) -> None:
        self.formula, self.variable, self.parameter = sp.expand(formula), variable, parameter
        if formula.free_symbols - {variable, parameter} or not formula.is_polynomial(variable, parameter):
            raise DomainError.of(
                "ScalarMap()", f"a polynomial in {variable} and {parameter}", formula, "Set other constants first."
            )
        ring = PolyRing((variable, parameter))
        self.polynomial: fmpq_mpoly = _LEX.from_dict(
            {tuple(map(int, e)): c for e, c in ring.from_expr(self.formula).to_dict().items()}
        )
        if self.degree < 2:
            raise DomainError.of("ScalarMap()", "a map of degree 2 or more", formula, "A linear map has no phases.")

    @property
    def degree(self) -> int:
        """The degree in the state."""
        return int(self.polynomial.degrees()[0])

    @cached_property
    def slope(self) -> fmpq_mpoly:
        """The derivative in the state."""
        return self.polynomial.derivative(0)

    def iterate(self, times: int) -> fmpq_mpoly:
        """The map applied several times."""
        result = _X
        for _ in range(times):
            result = self.polynomial.compose(result, _A, ctx=_LEX)
        return result

    @lru_cache(maxsize=8)  # noqa: B019 - a family is made once and kept
    def components(self, period: int) -> tuple[Component, ...]:
        """The irreducible curves of points of a least period.

        Args:
            period: 1, 2, 3 or 4, as far as the degree allows.

        Returns:
            The curves.

        Raises:
            DomainError: the polynomial's degree in the state would be above 80.
        """
        if self.degree**period > MOST_DEGREE + self.degree ** (period // 2):
            raise DomainError.of(
                "ScalarMap.components()", f"degree^period up to {MOST_DEGREE}", self.degree**period, "A lower period."
            )
        rest = self.iterate(period) - _X
        shorter = [c.polynomial for n in range(1, period) if period % n == 0 for c in self.components(n)]
        for known in shorter:
            # as often as it divides: a neutral fixed point is a multiple root of every iterate
            while not (parts := divmod(rest, known))[1].to_dict():
                rest = parts[0]
        multiplier = self.slope
        for k in range(1, period):
            multiplier = multiplier * self.slope.compose(self.iterate(k), _A, ctx=_LEX)
        return tuple(
            Component(period, factor, multiplier) for factor, _ in rest.factor()[1] if int(factor.degrees()[0]) > 0
        )

    @lru_cache(maxsize=64)  # noqa: B019 - a family is made once and kept
    def _resultant(self, component: Component, value: int) -> fmpq_mpoly:
        wanted = component.multiplier - value
        if _lead_is_constant(component.polynomial):
            wanted = divmod(wanted, component.polynomial)[1]
        return component.polynomial.resultant(wanted, "x")

    def resonance(self, component: Component, value: int) -> fmpz_poly:
        """A polynomial in the parameter that vanishes wherever a point of a curve has this multiplier."""
        found = self._resultant(component, value)
        # 0 where the multiplier has this value all along the curve: there it never passes it
        return in_one(found, 1) if found.to_dict() else fmpz_poly([1])

    def neutral(self, component: Component) -> bool:
        """Whether the multiplier is 1, or -1, all along a curve."""
        return any(not self._resultant(component, v).to_dict() for v in (1, -1))

    def critical(self, component: Component, low: Fraction, high: Fraction | None) -> list[AlgebraicNumber]:
        """Every parameter of an interval at which a point of the curve may appear, or change its stability."""
        found: set[AlgebraicNumber] = set()
        for value in (1, -1):
            found.update(roots_between(self.resonance(component, value), low, high))
        lead = _lead(component.polynomial)
        if int(lead.degrees()[1]) > 0:
            found.update(roots_between(in_one(lead, 1), low, high))
        return sorted(found)

    def cycles(self, period: int, value: Fraction) -> list[Cycle]:
        """All real cycles of a least period at a rational parameter, with certified stability.

        Args:
            period: the least period.
            value: the parameter; no bifurcation value.

        Returns:
            The cycles, component by component, from the least point up.

        Raises:
            ProofError: a multiplier is not told from 1 or -1 within 4096 bits.
        """
        found: list[Cycle] = []
        for number, component in enumerate(self.components(period)):
            found += self._cycles_on(number, component, value)
        return found

    def _cycles_on(self, number: int, component: Component, value: Fraction) -> list[Cycle]:
        for bits in BITS:
            with ctx.workprec(bits):
                a = arb(fmpq(value.numerator, value.denominator))
                roots = real_roots(component.at(value))
                used: set[int] = set()
                found = []
                for start in range(len(roots)):
                    if start in used:
                        continue
                    points, product = [], arb(1)
                    at: int | None = start
                    for _ in range(component.period):
                        if at is None:
                            break
                        used.add(at)
                        points.append(roots[at])
                        product *= _value(self.slope, roots[at], a)
                        at = _hit(_value(self.polynomial, roots[at], a), roots)
                    if at != start or (abs(product).overlaps(arb(1)) and not self.neutral(component)):
                        break
                    found.append(Cycle(number, component.period, tuple(points), product))
                else:
                    return found
        raise ProofError.of("ScalarMap.cycles()", "multipliers other than 1 and -1", value, "A bifurcation lies here.")

    def thresholds(
        self, period: int, value: int, low: Fraction | int, high: Fraction | int | None = None
    ) -> list[AlgebraicNumber]:
        """Parameters at which real cycles appear (multiplier 1) or double their period (multiplier -1).

        Only those are kept at which the real cycles on the two sides differ in number or in stability.

        Args:
            period: least period.
            value: 1 or -1.
            low: lower end of the parameters.
            high: upper end; none when not given.

        Returns:
            The exact thresholds in order.
        """
        found: list[AlgebraicNumber] = []
        for number, component in enumerate(self.components(period)):
            start, end = Fraction(low), None if high is None else Fraction(high)
            wanted = roots_between(self.resonance(component, value), start, end)
            cuts = cut(start, self.critical(component, start, end), end)
            for before, here, after in zip(cuts, cuts[1:], cuts[2:], strict=False):
                if here not in wanted:
                    continue
                left = self._cycles_on(number, component, between(before, here))
                right = self._cycles_on(number, component, between(here, after))
                if [len(left), sum(c.stable for c in left)] != [len(right), sum(c.stable for c in right)]:
                    found.append(here)
        return sorted(set(found))

    # loss along orbits, and escape

    def rises(self, loss: fmpq_mpoly, value: Fraction) -> bool:
        """Whether one step raises a loss somewhere in the hull, at a rational parameter.

        Args:
            loss: a polynomial in the state.
            value: the parameter.

        Returns:
            The answer, decided by the sign of the change between its real roots.
        """
        change = loss.compose(self.polynomial, _A, ctx=_LEX) - loss
        at = fmpq(value.numerator, value.denominator)
        for bits in BITS:
            with ctx.workprec(bits):
                low, high = self.hull(value)
                inside = [r for r in real_roots(_at(change, value)) if not (r < low or r > high)]
                places = [(ends(u)[1] + ends(v)[0]) / 2 for u, v in pairwise([low, *inside, high]) if u < v]
                signs = [_value(change, arb(fmpq(p.numerator, p.denominator)), arb(at)) for p in places]
                if any(v > 0 for v in signs):
                    return True
                if signs and all(v < 0 for v in signs):
                    return False
        raise ProofError.of("ScalarMap.rises()", "a decided sign", value, "Choose another parameter.")

    def rise_thresholds(
        self, loss: fmpq_mpoly, low: Fraction | int, high: Fraction | int | None = None
    ) -> list[AlgebraicNumber]:
        """Parameters at which a step begins, or ceases, to raise a loss somewhere in the hull.

        Args:
            loss: a polynomial in the state.
            low: lower end of the parameters.
            high: upper end; none when not given.

        Returns:
            The exact thresholds in order.
        """
        start, end = Fraction(low), None if high is None else Fraction(high)
        change = loss.compose(self.polynomial, _A, ctx=_LEX) - loss
        curves = [f for f, _ in change.factor()[1] if int(f.degrees()[0]) > 0]
        known = [c.polynomial for period in (1, 2) for c in self.components(period)]
        found: list[fmpq_mpoly] = [_lead(f) for f in curves]
        found += [f.resultant(f.derivative(0), "x") for f in curves if int(f.degrees()[0]) > 1]
        found += [f.resultant(g, "x") for k, f in enumerate(curves) for g in (*curves[:k], *known) if f != g]
        candidates = {r for p in found if int(p.degrees()[1]) > 0 for r in roots_between(in_one(p, 1), start, end)}
        candidates.update(r for p in (1, 2) for c in self.components(p) for r in self.critical(c, start, end))
        cuts = cut(start, candidates, end)
        state = [self.rises(loss, between(x, y)) for x, y in pairwise(cuts)]
        return [here for here, before, after in zip(cuts[1:], state, state[1:], strict=False) if before != after]

    def hull(self, value: Fraction) -> tuple[arb, arb]:
        """The least and the largest real point that two steps keep; an orbit that leaves what lies between escapes.

        For a map of odd degree: two steps then grow at both ends, and beyond the last fixed point of two steps
        every further pair of steps leads further out.

        Args:
            value: a rational parameter.

        Returns:
            Balls about both.

        Raises:
            DomainError: the degree is even.
        """
        if self.degree % 2 == 0:
            raise DomainError.of("ScalarMap.hull()", "a map of odd degree", self.degree, "It has another way out.")
        points = [p for period in (1, 2) for c in self.components(period) for p in real_roots(c.at(value))]
        ordered = sorted(points, key=lambda ball: ball.mid())
        # where balls of different curves overlap at an end, the end is within what both cover
        low = [p for p in ordered if p.overlaps(ordered[0])]
        high = [p for p in ordered if p.overlaps(ordered[-1])]
        return reduce(arb.union, low), reduce(arb.union, high)

    def trapped(self, value: Fraction) -> bool:
        """Whether one step maps the hull into itself: whether all critical values lie in it.

        Args:
            value: a rational parameter, at which no critical value is an end of the hull by accident.

        Returns:
            The answer.

        Raises:
            ProofError: a critical value is not told from an end of the hull.
        """
        for bits in BITS:
            with ctx.workprec(bits):
                low, high = self.hull(value)
                a = arb(fmpq(value.numerator, value.denominator))
                turns = [c for factor in self._turns for c in real_roots(_at(factor, value))]
                images = [_value(self.polynomial, c, a) for c in turns if not (c < low or c > high)]
                if any(v < low or v > high for v in images):
                    return False
                if all(low < v < high for v in images):
                    return True
        raise ProofError.of("ScalarMap.trapped()", "a decided critical value", value, "Choose another parameter.")

    @cached_property
    def _turns(self) -> tuple[fmpq_mpoly, ...]:
        """The curves of critical points whose images are no fixed points of two steps at every parameter.

        The others need no check: fixed points of two steps lie in the hull.
        """
        two = self.iterate(2) - _X
        image = two.compose(self.polynomial, _A, ctx=_LEX)
        curves = [f for f, _ in self.slope.factor()[1] if int(f.degrees()[0]) > 0]
        return tuple(f for f in curves if f.resultant(image, "x").to_dict())

    def crossings(self, saddle: fmpq_mpoly, low: Fraction | int) -> list[AlgebraicNumber]:
        """Parameters at which the second image of the largest critical point passes a given point.

        Args:
            saddle: the point, a polynomial in the parameter.
            low: lower end of the parameters.

        Returns:
            The exact thresholds in order.
        """
        start = Fraction(low)
        miss = self.iterate(2) - saddle
        found = [f.resultant(miss, "x") for f in self._turns]
        candidates = {r for p in found if p.to_dict() for r in roots_between(in_one(p, 1), start)}
        cuts = cut(start, candidates, None)
        state = [self._crossed(miss, between(x, y)) for x, y in pairwise(cuts)]
        return [here for here, before, after in zip(cuts[1:], state, state[1:], strict=False) if before != after]

    def _crossed(self, miss: fmpq_mpoly, value: Fraction) -> bool:
        for bits in BITS:
            with ctx.workprec(bits):
                turns = [c for factor in self._turns for c in real_roots(_at(factor, value))]
                if not turns:
                    return False
                last = max(turns, key=lambda ball: ball.mid())
                image = _value(miss, last, arb(fmpq(value.numerator, value.denominator)))
                if image < 0 or image > 0:
                    return bool(image < 0)
        raise ProofError.of("ScalarMap.crossings()", "a decided sign", value, "Choose another parameter.")

    def escapes(self, low: Fraction | int, high: Fraction | int | None = None) -> list[AlgebraicNumber]:
        """Parameters at which the hull begins, or ceases, to be mapped into itself.

        Args:
            low: lower end of the parameters.
            high: upper end; none when not given.

        Returns:
            The exact thresholds in order.
        """
        start, end = Fraction(low), None if high is None else Fraction(high)
        context = fmpq_mpoly_ctx.get(["x", "a", "v"], Ordering.lex)
        x, a, v = context.gens()
        value = v - self.polynomial.compose(x, a, ctx=context)
        candidates: set[AlgebraicNumber] = set()
        for factor in self._turns:
            values = factor.compose(x, a, ctx=context).resultant(value, "x")
            for period in (1, 2):
                for component in self.components(period):
                    landing = values.resultant(component.polynomial.compose(v, a, ctx=context), "v")
                    candidates.update(roots_between(in_one(landing, 1), start, end))
        for period in (1, 2):
            for component in self.components(period):
                candidates.update(self.critical(component, start, end))
        cuts = cut(start, candidates, end)
        state = [self.trapped(between(x, y)) for x, y in pairwise(cuts)]
        return [here for here, before, after in zip(cuts[1:], state, state[1:], strict=False) if before != after]


def cut(low: Fraction, inner: Iterable[AlgebraicNumber], high: Fraction | None) -> list[AlgebraicNumber]:
    """An interval cut at numbers inside it; without an upper end the last cut is a number beyond all others."""
    found = [rational(low), *sorted(set(inner))]
    return [*found, rational(int(found[-1].bounds()[1]) + 2) if high is None else rational(high)]


def _lead(polynomial: fmpq_mpoly) -> fmpq_mpoly:
    """The leading coefficient in the state, a polynomial in the parameter."""
    top = int(polynomial.degrees()[0])
    terms: dict[Exponents, fmpq] = {(0, int(e[1])): c for e, c in polynomial.to_dict().items() if int(e[0]) == top}
    return _LEX.from_dict(terms)


def _lead_is_constant(polynomial: fmpq_mpoly) -> bool:
    return int(_lead(polynomial).degrees()[1]) == 0


def _value(polynomial: fmpq_mpoly, x: arb, a: arb) -> arb:
    """An enclosure of the polynomial's value, by Horner's rule in the state."""
    rows: dict[int, arb] = {}
    for e, c in polynomial.to_dict().items():
        k = int(e[0])
        rows[k] = rows.get(k, arb(0)) + arb(c) * a ** int(e[1])
    total = arb(0)
    for k in range(max(rows), -1, -1):
        total = total * x + rows.get(k, arb(0))
    return total


def _hit(image: arb, roots: list[arb]) -> int | None:
    """The one root that an image can be; None where several, or none, overlap it."""
    found = [k for k, root in enumerate(roots) if root.overlaps(image)]
    return found[0] if len(found) == 1 else None
