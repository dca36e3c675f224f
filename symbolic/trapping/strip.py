"""A strip about the slow curve: the sharp limit with explicit constants, to any order of the series.

Inside a trapping region let ``X = U - epsilon Phi`` with Phi truncated at order K, and

    psi = sum_j a_j p^(K-j) epsilon^j,   j = 0 .. K.

Where ``V <= 2 + extent`` the sign conditions here give, for every step,

    |X'| - epsilon psi' <= M (|X| - epsilon psi),   0 <= M <= 1 - contraction_rate z^2 (4 - T),

so that, V falling by ``epsilon z^2 (4 - T)``,

    |lim X| <= epsilon^(K+1) a_K + max|X| exp(-contraction_rate (V - 2) / epsilon):

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
from ..planar.nullcline import EDGE
from .barrier import Barrier
from .region import Condition, Region
from .slow_curve import LawAt, SlowSeries, derive_slow_series


@dataclass(frozen=True)
class Strip:
    """Constants of a strip about the slow curve in a trapping region.

    Attributes:
        barrier: the trapping region (its height is cut down to the strip here).
        series: the slow curve to order K.
        extent: the strip serves ``V <= 2 + extent``.
        epsilon_max: for ``0 < epsilon <= epsilon_max``.
        contraction_rate: a step takes at least ``contraction_rate z^2 (4 - T)`` off ``|X|``, in proportion.
        weights: ``a_0 .. a_K``.
        distance: a bound of ``|X|`` in the strip.
        undershoot: the first state in the strip has ``V >= 2 + extent - undershoot epsilon``.
    """

    barrier: Barrier
    series: SlowSeries
    extent: sp.Rational
    epsilon_max: sp.Rational
    contraction_rate: sp.Rational
    weights: tuple[sp.Rational, ...]
    distance: sp.Rational
    undershoot: sp.Rational

    @property
    def order(self) -> int:
        """K."""
        return self.series.order

    def region_below(self, height: sp.Rational) -> Region:
        """The part of the trapping region below a height, for the strip's epsilon."""
        b = self.barrier
        return Region(b.slow, b.region.coefficients, b.width, height, (sp.S.Zero, self.epsilon_max))

    @cached_property
    def region(self) -> Region:
        """The part of the trapping region that the strip serves."""
        return self.region_below(self.height)

    @property
    def height(self) -> sp.Rational:
        """``W - 2`` in the strip is at most this."""
        return self.extent + self.barrier.width * self.epsilon_max

    @cached_property
    def _at_state(self) -> tuple[Local, LawAt]:
        """``D^(depth - 1)`` times the defect at the state, and the law there."""
        return self.series.defect(self.U(self.series.frame.q))

    def U(self, q: Local) -> Local:
        """U at a height q above the barrier."""
        f, b = self.series.frame, self.barrier
        return (b.region.barrier_in(f.home) - 2 * f.p - to_fmpq(b.width) * f.epsilon + q).reduced()

    @property
    def law(self) -> LawAt:
        """The one-step law at the state ``(z, q, epsilon)``."""
        return self._at_state[1]

    @cached_property
    def _curve(self) -> Local:
        return (self.series.frame.epsilon * self.series.value()).reduced()

    @cached_property
    def X(self) -> Local:
        """``X = U - epsilon Phi``."""
        return (self.U(self.series.frame.q) - self._curve).reduced()

    @cached_property
    def defect_on_curve(self) -> Local:
        """``D^(depth - 1)`` times the defect where X vanishes."""
        return self.series.defect(self._curve)[0]

    @cached_property
    def divided_difference(self) -> Local:
        """The defect at the state less that on the curve, over X, exactly."""
        return (self._at_state[0] - self.defect_on_curve).over(self.X, "Strip")

    @cached_property
    def factor(self) -> Local:
        """``M D^depth``, M the factor of X in one step."""
        f, law, depth = self.series.frame, self.law, self.series.depth
        pulled = law.relaxation * law.D ** (depth - 1)
        return law.D**depth - f.z**2 * pulled + f.epsilon * f.z**2 * self.divided_difference

    @cached_property
    def rate_margin(self) -> Local:
        """``(1 - contraction_rate z^2 (c - T) - M) D^depth / z^2``, c the ceiling of T."""
        law, depth = self.law, self.series.depth
        bound = to_fmpq(self.contraction_rate) * (to_fmpq(self.barrier.lyapunov.ceiling) - law.T)
        eased = law.relaxation * law.D ** (depth - 1) - self.series.frame.epsilon * self.divided_difference
        return eased - bound * law.D**depth

    def edge(self, sign: int) -> Local:
        """``D^K / (epsilon z^2)`` times ``epsilon psi' - M epsilon psi - sign (forcing)``."""
        f, K, depth = self.series.frame, self.order, self.series.depth
        law, on_curve, difference = self.law, self.defect_on_curve, self.divided_difference
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
            part = change + power[K - 1] * law.relaxation * psi - f.epsilon * difference * power[K - depth] * psi
            total = total + to_fmpq(weight) * (part * f.epsilon**j)
        return total.reduced()

    def cofactors(self, value: Local) -> tuple[list[fmpq_mpoly], list[fmpq_mpoly]]:
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

    def _undershoot_conditions(self) -> list[Condition]:
        """From a state with ``V >= 2 + extent`` one step leads to ``V >= 2 + extent - undershoot epsilon``.

        V may be taken as small as it can be at a given z, for T grows with it: ``2 + extent`` where the barrier lies
        below that, and the barrier itself farther out.
        """
        f, b = self.series.frame, self.barrier
        tilt = f.home.element(f.ring.from_expr(b.lyapunov.tilt))
        extent, undershoot = to_fmpq(self.extent), to_fmpq(self.undershoot)
        ceiling, square = to_fmpq(b.lyapunov.ceiling), f.z**2
        near = undershoot - square * (ceiling - (EDGE + extent - tilt * f.z))
        wall = b.region.barrier_in(f.home) - to_fmpq(b.width) * f.epsilon
        far = wall - extent + undershoot * f.epsilon - f.epsilon * square * (ceiling - (EDGE + wall - tilt * f.z))
        (low, high), (outer_low, outer_high) = self.region.z_range, b.z_range
        meaning = "V does not fall far below the strip in one step"
        return [
            Condition(f"undershoot-{side}", meaning, self.region.box(z=ends), value.reduced().numerator)
            for side, value, ends in (
                ("near", near, (low, high)),
                ("left", far, (outer_low, low)),
                ("right", far, (high, outer_high)),
            )
        ]

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Everything the strip rests on, as polynomials positive on closed boxes."""
        f, box, distance = self.series.frame, self.region.box(), to_fmpq(self.distance)

        def level(name: str, meaning: str, value: Local) -> Condition:
            return Condition(name, meaning, box, self.region.at_level(value).numerator)

        found = [
            level("contraction", "M >= 0", self.factor),
            level("contraction-rate", "M <= 1 - contraction_rate z^2 (4 - T)", self.rate_margin),
            level("distance-above", "X stays below its bound", distance - self.X),
            level("distance-below", "-X stays below its bound", distance + self.X),
            *self._undershoot_conditions(),
        ]
        for sign, side in ((1, "upper"), (-1, "lower")):
            plain, raised = self.cofactors(self.edge(sign))
            for j, polynomial in enumerate(plain):
                meaning = f"{side} edge of the strip, cofactor of epsilon^{j} z^{2 * (self.order - j)}"
                found.append(Condition(f"{side}-{j}", meaning, box, polynomial))
            for j, polynomial in enumerate(raised):
                meaning = f"{side} edge of the strip, cofactor of q epsilon^{j} z^{2 * (self.order - 1 - j)}"
                found.append(level(f"{side}-q-{j}", meaning, f.home.element(polynomial)))
        return tuple(found)


def derive_strip(
    barrier: Barrier,
    order: int,
    *,
    extent: object,
    epsilon_max: object,
    contraction_rate: object,
    weights: Sequence[object],
    distance: object,
    undershoot: object,
) -> Strip:
    """A strip about the slow curve with given constants.

    Args:
        barrier: a trapping region that starts at epsilon = 0.
        order: K >= 1.
        extent: the strip serves ``V <= 2 + extent``; with the distance above it, within the region's height.
        epsilon_max: at most the region's.
        contraction_rate: a step takes at least ``contraction_rate z^2 (4 - T)`` off ``|X|``, in proportion.
        weights: ``a_0 .. a_K``, positive.
        distance: a bound of ``|X|`` in the strip.
        undershoot: the first state in the strip has ``V >= 2 + extent - undershoot epsilon``.

    Returns:
        The strip with its conditions (they still have to be judged).

    Raises:
        DomainError: a constant is out of range.
    """
    where = "derive_strip()"
    numbers = [sp.Rational(x) for x in (extent, epsilon_max, contraction_rate, distance, undershoot)]
    a = tuple(sp.Rational(x) for x in weights)
    if len(a) != order + 1 or min(a) <= 0 or min(numbers) <= 0:
        raise DomainError.of(where, f"{order + 1} positive weights and positive constants", weights, "Mind the order.")
    series = derive_slow_series(barrier.slow, order)
    found = Strip(barrier, series, numbers[0], numbers[1], numbers[2], a, numbers[3], numbers[4])
    low, high = barrier.epsilon_range
    if low != 0 or found.epsilon_max > high or found.height >= barrier.height:
        raise DomainError.of(
            where, "an extent within the trapping region", str(extent), "Lower the extent or epsilon_max."
        )
    return found
