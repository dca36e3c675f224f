"""A strip about the slow curve: the sharp limit with explicit constants, to any order of the series.

Inside a trapping region let ``X = U - epsilon Phi`` with Phi truncated at order K, and

    psi = sum_j a_j p^(K-j) epsilon^j,   j = 0 .. K.

Where ``V <= 2 + band`` the sign conditions here give, for every step,

    |X'| - epsilon psi' <= M (|X| - epsilon psi),   0 <= M <= 1 - decay z^2 (4 - T),

so that, V falling by ``epsilon z^2 (4 - T)``,

    |lim X| <= epsilon^(K+1) a_K + max|X| exp(-decay (V - 2) / epsilon):

the limit of T is known up to ``a_K epsilon^(K+1)``, with no logarithm, and a term that any start some way above the
edge makes exponentially small. Each condition vanishes to a known weight at ``z = epsilon = 0``; it is divided by the
monomials that vanish, and the cofactors are positive on closed boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy as sp
from flint import fmpq, fmpq_mpoly

from ..algebra.errors import DomainError, ProofError
from ..algebra.localised import Local
from ..algebra.rings import poly_terms, to_fmpq
from ..algebra.symbols import symbol
from ..planar.nullcline import EDGE
from .barrier import Barrier, Interval
from .slow_curve import LawAt, SlowSeries, derive_slow_series

Sides = tuple[tuple[sp.Symbol, Interval], ...]


@dataclass(frozen=True)
class PolynomialCondition:
    """A polynomial that is positive on a closed box.

    Attributes:
        name: slug.
        meaning: what it gives, in words.
        polynomial: in the variables of the box, in order.
        box: for each variable its closed interval.
    """

    name: str
    meaning: str
    polynomial: fmpq_mpoly
    box: Sides

    @property
    def variables(self) -> tuple[sp.Symbol, ...]:
        """The variables of the box."""
        return tuple(v for v, _ in self.box)


@dataclass(frozen=True)
class Strip:
    """Constants of a strip about the slow curve in a trapping region.

    Attributes:
        barrier: the trapping region (its height is cut down to the band here).
        series: the slow curve to order K.
        band: the strip serves ``V <= 2 + band``.
        epsilon_max: for ``0 < epsilon <= epsilon_max``.
        decay: kappa.
        weights: ``a_0 .. a_K``.
        excess: a bound of ``|X|`` in the band.
        drop: the first state in the band has ``V >= 2 + band - drop epsilon``.
    """

    barrier: Barrier
    series: SlowSeries
    band: sp.Rational
    epsilon_max: sp.Rational
    decay: sp.Rational
    weights: tuple[sp.Rational, ...]
    excess: sp.Rational
    drop: sp.Rational

    @property
    def order(self) -> int:
        """K."""
        return self.series.order

    def _within(self, height: sp.Rational) -> tuple[Interval, Interval, Interval]:
        part = Barrier(self.barrier.slow, self.barrier.slope, self.barrier.width, height, self.barrier.epsilon_range)
        return part.z_range, (sp.S.Zero, sp.S.One), (sp.S.Zero, self.epsilon_max)

    def _box(self, height: sp.Rational) -> Sides:
        z, _, epsilon = self.series.frame.ring.symbols
        return tuple(zip((z, symbol("level"), epsilon), self._within(height), strict=True))

    @property
    def height(self) -> sp.Rational:
        """``W - 2`` in the band is at most this."""
        return self.band + self.barrier.width * self.epsilon_max

    @cached_property
    def _state(self) -> tuple[Local, LawAt]:
        """U in ``(z, q, epsilon)`` and the law there."""
        f, b = self.series.frame, self.barrier
        U = to_fmpq(b.slope - 2) * f.p - to_fmpq(b.width) * f.epsilon + f.q
        defect, law = self.series.defect(U.reduced())
        return defect, law

    @cached_property
    def _split(self) -> tuple[Local, Local, Local]:
        """X, the defect on the curve, and the exact divided difference of the defect."""
        f, b = self.series.frame, self.barrier
        curve = (f.epsilon * self.series.value()).reduced()
        U = to_fmpq(b.slope - 2) * f.p - to_fmpq(b.width) * f.epsilon + f.q
        X = (U - curve).reduced()
        on_curve, _ = self.series.defect(curve)
        return X, on_curve, (self._state[0] - on_curve).over(X, "Strip")

    def _level(self, value: Local, height: sp.Rational) -> fmpq_mpoly:
        """The numerator with ``q = (height - slope p) level``."""
        f = self.series.frame
        q = (to_fmpq(height) - to_fmpq(self.barrier.slope) * f.p) * f.q
        by_power: dict[int, dict[tuple[int, ...], fmpq]] = {}
        for (i, k, j), c in poly_terms(value.numerator).items():
            by_power.setdefault(k, {})[i, 0, j] = c
        total = f.home.constant(0)
        for k, terms in by_power.items():
            total = total + f.home.element(f.ring.from_dict(terms), value.power) * q**k
        return total.reduced().numerator

    def _grow(self, sign: int) -> Local:
        """``D^K / (epsilon z^2)`` times ``epsilon psi' - M epsilon psi - sign (forcing)``."""
        f, K, depth = self.series.frame, self.order, self.series.depth
        law = self._state[1]
        _, on_curve, difference = self._split
        power = [f.home.constant(1)]
        for _ in range(K):
            power.append((power[-1] * law.D).reduced())
        total = -sign * on_curve * power[K - depth]
        for j, weight in enumerate(self.weights):
            n = K - j
            change = f.home.constant(0)
            if n:
                moved = law.z_next ** (2 * n) - f.p**n * power[n]
                change = f.zsquare(moved.reduced(), "Strip") * power[K - n]
            psi = f.p**n
            part = change + power[K - 1] * law.pull * psi - f.epsilon * difference * power[K - depth] * psi
            total = total + to_fmpq(weight) * (part * f.epsilon**j)
        return total.reduced()

    def _cofactors(self, value: Local) -> tuple[list[fmpq_mpoly], list[fmpq_mpoly]]:
        """Cofactors of ``epsilon^j z^(2K-2j)``, and of ``q epsilon^j z^(2K-2-2j)``.

        Raises:
            ProofError: a monomial of lower weight is left (the series does not solve the law).
        """
        f, K = self.series.frame, self.order
        plain: list[dict[tuple[int, ...], fmpq]] = [{} for _ in range(K + 1)]
        raised: list[dict[tuple[int, ...], fmpq]] = [{} for _ in range(K)]
        for (i, k, j), c in poly_terms(value.numerator).items():
            top = K if k == 0 else K - 1
            group = min(j, top)
            left = i - 2 * (top - group)
            if left < 0:
                raise ProofError.of("Strip", f"weight {2 * top} at least", f"z^{i} q^{k} epsilon^{j}", "Maps differ.")
            if k == 0:
                plain[group][left, 0, j - group] = c
            else:
                raised[group][left, k - 1, j - group] = c
        return [f.ring.from_dict(t) for t in plain], [f.ring.from_dict(t) for t in raised]

    def _drop_conditions(self) -> list[PolynomialCondition]:
        """From a state of the region with ``V >= 2 + band`` one step leads to ``V >= 2 + band - drop epsilon``.

        V may be taken as small as it can be at a given z, for T grows with it: ``2 + band`` where the barrier lies
        below that, and the barrier itself farther out.
        """
        f, b = self.series.frame, self.barrier
        tilt = f.home.element(f.ring.from_expr(b.lyapunov.tilt))
        slope, width, band, drop = (to_fmpq(x) for x in (b.slope, b.width, self.band, self.drop))
        ceiling, square = to_fmpq(b.lyapunov.ceiling), f.z**2
        near = drop - square * (ceiling - (EDGE + band - tilt * f.z))
        wall = slope * f.p - width * f.epsilon
        far = wall - band + drop * f.epsilon - f.epsilon * square * (ceiling - (EDGE + wall - tilt * f.z))
        (low, high), unit, wide = self._within(self.height)
        outer_low, outer_high = b.z_range
        z, _, epsilon = f.ring.symbols

        def condition(name: str, value: Local, side: Interval) -> PolynomialCondition:
            box = ((z, side), (symbol("level"), unit), (epsilon, wide))
            meaning = "V does not fall far below the band in one step"
            return PolynomialCondition(name, meaning, value.reduced().numerator, box)

        return [
            condition("drop-near", near, (low, high)),
            condition("drop-left", far, (outer_low, low)),
            condition("drop-right", far, (high, outer_high)),
        ]

    @cached_property
    def conditions(self) -> tuple[PolynomialCondition, ...]:
        """Everything the strip rests on, as polynomials positive on closed boxes."""
        f, depth = self.series.frame, self.series.depth
        law = self._state[1]
        X, _, difference = self._split
        ceiling = to_fmpq(self.barrier.lyapunov.ceiling)
        box = self._box(self.height)
        D = law.D ** (depth - 1)
        found = []

        def add(name: str, meaning: str, value: Local) -> None:
            found.append(PolynomialCondition(name, meaning, self._level(value.reduced(), self.height), box))

        factor = law.D**depth - f.z**2 * law.pull * D + f.epsilon * f.z**2 * difference
        add("contraction", "M >= 0", factor)
        decay = law.pull * D - f.epsilon * difference - to_fmpq(self.decay) * (ceiling - law.T) * law.D**depth
        add("decay", "M <= 1 - decay z^2 (4 - T)", decay)
        add("excess-above", "X stays below its bound", to_fmpq(self.excess) - X)
        add("excess-below", "-X stays below its bound", to_fmpq(self.excess) + X)
        found += self._drop_conditions()
        for sign, side in ((1, "upper"), (-1, "lower")):
            plain, raised = self._cofactors(self._grow(sign))
            for j, polynomial in enumerate(plain):
                meaning = f"{side} edge of the strip, cofactor of epsilon^{j} z^{2 * (self.order - j)}"
                found.append(PolynomialCondition(f"{side}-{j}", meaning, polynomial, box))
            for j, polynomial in enumerate(raised):
                meaning = f"{side} edge of the strip, cofactor of q epsilon^{j} z^{2 * (self.order - 1 - j)}"
                value = f.home.element(polynomial)
                found.append(PolynomialCondition(f"{side}-q-{j}", meaning, self._level(value, self.height), box))
        return tuple(found)


def derive_strip(
    barrier: Barrier,
    order: int,
    *,
    band: object,
    epsilon_max: object,
    decay: object,
    weights: Sequence[object],
    excess: object,
    drop: object,
) -> Strip:
    """A strip about the slow curve with given constants.

    Args:
        barrier: a trapping region that starts at epsilon = 0.
        order: K >= 1.
        band: the strip serves ``V <= 2 + band``; with the excess above it, within the region's height.
        epsilon_max: at most the region's.
        decay: kappa.
        weights: ``a_0 .. a_K``, positive.
        excess: a bound of ``|X|`` in the band.
        drop: the first state in the band has ``V >= 2 + band - drop epsilon``.

    Returns:
        The strip with its conditions (they still have to be judged).

    Raises:
        DomainError: a constant is out of range.
    """
    where = "derive_strip()"
    numbers = [sp.Rational(x) for x in (band, epsilon_max, decay, excess, drop)]
    a = tuple(sp.Rational(x) for x in weights)
    if len(a) != order + 1 or min(a) <= 0 or min(numbers) <= 0:
        raise DomainError.of(where, f"{order + 1} positive weights and positive constants", weights, "Mind the order.")
    series = derive_slow_series(barrier.slow, order)
    found = Strip(barrier, series, numbers[0], numbers[1], numbers[2], a, numbers[3], numbers[4])
    low, high = barrier.epsilon_range
    if low != 0 or found.epsilon_max > high or found.height >= barrier.height:
        raise DomainError.of(where, "a band within the trapping region", str(band), "Lower the band or epsilon_max.")
    return found
