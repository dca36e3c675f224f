"""Predict where an orbit ends without iterating: the limit law evaluated at a start, with its expected error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import mpmath
import sympy as sp

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.rings import to_fraction
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.quadratic import main_case
from ...symbolic.planar.first_integral import LEADING, term_weight
from ...symbolic.planar.limit_law import LimitLaw
from .frozen_limit import enclose_frozen_limit
from .starts import check_epsilon, exact_rational

WEIGHTS = (2, 4, 6, 8, 10)
"""The laws that are compared; each further one gains a power of epsilon until the series turns."""

DIGITS = 40
MAX_ROUNDS = 60
LONGEST = 1
"""Rounds and longest step of Newton's iteration for the end, in ln|x|."""

LARGEST = 2
"""An end farther from the slow manifold than the edge is from 0 is none."""

ROBUST = 12
"""A start that forgets itself by more than ``exp(-12)`` is judged by the limit series alone."""

TRAPPED = Fraction(1, 2)
"""Largest excess of the weight norm over the edge: the trapping region of Theorem 1 reaches to 0.52."""

HIGHEST = 3
WIDEST = Fraction(1, 2)
"""Largest rescaled weight norm and residual of a start whose orbit is taken to come down to the edge, however well it
forgets itself: at random starts the first errors appear at norms above 3.1 and at residuals above 0.9."""

STABLE = Fraction(1, 5)
"""Largest p taken into account: the two-cycles at epsilon = 0 lose their stability at p = 0.236."""

REACH = Fraction(236, 1000)
"""How far the law's series reach in p (there the two-cycles lose their stability), in x and in epsilon (the limit
series behaves as if it had a branch point near 0.241): from weight to weight the terms shrink like size / REACH."""

SAFETY = 2
"""The sum of what follows a cut, in units of the geometric series that bounds it."""

LEAST = Fraction(1, 10)
"""The first correction counts as at least this share of the size, however small it happens to be at a start."""

SLOWEST = 0.95
"""A start far below the slow manifold hardly moves; its terms are taken to shrink at least this much a weight."""

RELAXED = 1e-3
FROZEN = 0.5


@dataclass(frozen=True)
class LimitPrediction:
    """What the limit law says of one start.

    Attributes:
        value: predicted limit of T.
        expected_error: estimate of the error of ``value``, from the corrections on either side of where the law is cut.
        gap: ``2 - value`` without cancellation.
        decimal: the value to 30 digits, of which those above ``expected_error`` mean something.
        weight: the law used (2 leading, 4 next order, ..).
        by_weight: prediction of each law, lowest first; nan where one has no end.
        relaxed_limit: where an orbit ends that has forgotten its start (limit series to the same order).
        memory: share of the start's deviation from the slow manifold that is left at the end.
        regime: ``relaxed`` (memory below 1e-3), ``frozen`` (above 1/2), ``between``, or ``outside``: so far from the
            edge, at so large an epsilon, or of no real weights, so that the law says nothing (its expected error is
            infinite).
        proved_range: an interval that holds the limit for certain, for orbits whose residual shrinks at every step.

    Source:
        Derived here: :class:`LimitLaw`.

    Example:
        >>> prediction = es.predict_limit("0.02", "0.02", "1.9")
        >>> prediction.regime, prediction.weight, round(prediction.gap, 5)
        ('frozen', 10, 0.13927)
    """

    value: float
    expected_error: float
    gap: float
    decimal: str
    weight: int
    by_weight: tuple[tuple[int, float], ...]
    relaxed_limit: float
    memory: float
    regime: str
    proved_range: tuple[float, float] | None

    def to_json(self) -> dict[str, Any]:
        """All fields; the laws as an object from weight to value."""
        row = {**self.__dict__, "by_weight": {str(w): None if math.isnan(v) else v for w, v in self.by_weight}}
        return {**row, "expected_error": None} if math.isinf(self.expected_error) else row


def predict_limit(epsilon: object, z0: object, T0: object) -> LimitPrediction:
    """Where gradient descent from ``(z0, T0)`` ends, for eigenvalues ``{1, -epsilon}`` and target 0.

    Args:
        epsilon: in (0, 1), read exactly; the law is asymptotic for small epsilon.
        z0: rescaled residual of the start, below 1 and not 0.
        T0: rescaled NTK eigenvalue of the start, near ``2/(1 - z0)``.

    Returns:
        The prediction. What a law of some weight leaves out is estimated from all corrections known, each continued by
        the ratio ``max(p, |x|, epsilon) / 0.236`` at which terms shrink from weight to weight; the law with the least
        estimate is used. A start that forgets itself is judged by the limit series alone. The expected error is an
        estimate, not a bound; where the ratio reaches 1 the law says nothing, and the regime is ``outside``. Where
        every step shrinks the residual the limit is enclosed as well; value and error respect that proved range.

    Raises:
        DomainError: epsilon is not in (0, 1), or z0 is 0 or at least 1.

    Source:
        Derived here: :class:`LimitLaw`.

    Example:
        >>> prediction, end = es.predict_limit("1/50", "-1/4", "7/4"), es.simulate("1/50", z="-1/4", T="7/4")
        >>> prediction.regime, abs(prediction.value - float(end.T)) < prediction.expected_error
        ('relaxed', True)
    """
    where = "predict_limit()"
    eps = check_epsilon(epsilon, where)
    start = exact_rational(z0, where), exact_rational(T0, where)
    if not start[0] < 1 or start[0] == 0:
        raise DomainError.of(
            where, "z0 below 1 and not 0", str(z0), "At z = 0 the orbit rests; past 1 there is no edge."
        )
    with mpmath.workdps(DIGITS):
        law = _main_law()
        ends = {w: law(w, eps, *start) for w in WEIGHTS}
        strength = law.forgetting(eps, *start)
        size, outside = law.size(eps, *start)
        values = {w: value for w, (value, *_) in ends.items()}
        rest = mpmath.mpf(0)
        if strength > ROBUST:
            size, outside = _mpf(eps), eps >= REACH
            values = {w: law.relaxed(w, eps) for w in WEIGHTS}
            # what is left of the start, by the leading law and by the least favourable of all
            rest = 16 * _mpf(eps) * mpmath.exp(-strength) + 2 * max(
                (abs(end) for _, end, _ in ends.values() if not mpmath.isnan(end)), default=mpmath.inf
            )
        weight, error = _best_cut(values, size)
        error = mpmath.inf if outside or _far(eps, *start) else error + rest
        value, error, proved = _within(values[weight], error, enclose_frozen_limit(main_case(), eps, *start))
        outside = mpmath.isinf(error)
        before = ends[weight][2]
        kept = ends[weight][1] if strength > ROBUST else value - law.relaxed(weight, eps)
        memory = mpmath.mpf(0) if not before or mpmath.isnan(kept) else abs(kept / before)
        return LimitPrediction(
            value=float(value),
            expected_error=float(error),
            gap=float(2 - value),
            decimal=mpmath.nstr(value, 30),
            weight=weight,
            by_weight=tuple((w, float(v)) for w, (v, *_) in ends.items()),
            relaxed_limit=float(law.relaxed(weight, eps)),
            memory=float(memory),
            regime="outside" if outside else _regime(memory),
            proved_range=proved,
        )


def _far(eps: Fraction, z0: Fraction, T0: Fraction) -> bool:
    """Whether a start has no real weights, or its orbit may not come down to the edge at all."""
    norm = T0 - 2 * (1 - eps) * z0
    return norm > HIGHEST or z0 > WIDEST or max(2 * z0, -2 * eps * z0) > T0


def _regime(memory: Any) -> str:
    return "relaxed" if memory < RELAXED else "frozen" if memory > FROZEN else "between"


def _within(value: Any, error: Any, proved: tuple[Fraction, Fraction] | None) -> tuple[Any, Any, Any]:
    """The value moved into the proved range, its error where that is the smaller one, and the range in floats."""
    if proved is None:
        return value, error, None
    low, high = map(_mpf, proved)
    value = min(max(value, low), high)
    return value, min(error, max(value - low, high - value)), (_below(proved[0]), -_below(-proved[1]))


def _below(value: Fraction) -> float:
    """The largest float that is at most a fraction."""
    near = float(value)
    return near if Fraction(near) <= value else math.nextafter(near, -math.inf)


def _best_cut(values: dict[int, Any], size: Any) -> tuple[int, Any]:
    """The weight after which least is left out, and an estimate of that.

    Each known correction stands for a geometric series of the ratio ``size / REACH``, so that one that happens to be
    small does not pass for the size of what follows.

    Args:
        values: weight to value, lowest first; nan where a law has no end.
        size: the largest of p, |x| and epsilon at the start.

    Returns:
        The weight and the estimate; infinite where no two successive laws have an end.
    """
    ratio = min(size / _mpf(REACH), mpmath.mpf(SLOWEST))
    steps: dict[int, Any] = {}
    for a, b in pairwise(values):
        if mpmath.isnan(values[a]) or mpmath.isnan(values[b]):
            break
        steps[b] = abs(values[b] - values[a])
    best, least = min(values), mpmath.inf
    for w in values:
        # the first correction left out is known, but for the last law
        known = w + 2 if w + 2 in steps else w
        if known in steps:
            sized = {2: size * _mpf(LEAST), **steps}
            follow = max(step * ratio ** ((w + 2 - b) // 2) for b, step in sized.items() if b <= known)
            if SAFETY * follow / (1 - ratio) < least:
                best, least = w, SAFETY * follow / (1 - ratio)
    return best, least


class LawEvaluator:
    """The limit law as numbers, at the precision mpmath is set to.

    Args:
        law: to its highest weight; lower ones are read off it.
    """

    def __init__(self, law: LimitLaw) -> None:
        self.law = law
        z = law.manifold.variable
        exact = [*(law.coordinates[symbol(n)] for n in "up"), *law.manifold.closed_rows((law.weight + 1) // 2)]
        # numerators and denominators have integer coefficients
        self._closed = [tuple(_integers(part, z) for part in sp.fraction(e)) for e in exact]
        self._limits = [to_fraction(c) for c in law.manifold.limit().coefficients]
        self._terms = [(e, to_fraction(c)) for e, c in law.terms]
        self._logarithm = to_fraction(law.logarithm)

    def _start(self, order: int, epsilon: Any, z0: Any, T0: Any) -> tuple[Any, Any, Any, Any]:
        """``(epsilon, u, p, x)`` of a start, the slow manifold to one power of epsilon."""
        eps, z = _mpf(epsilon), _mpf(z0)
        u, p, *rows = (mpmath.polyval(a, z) / mpmath.polyval(b, z) for a, b in self._closed[: order + 3])
        return eps, u, p, _mpf(T0) - mpmath.fsum(v * eps**n for n, v in enumerate(rows))

    def forgetting(self, epsilon: Any, z0: Any, T0: Any) -> Any:
        """Minus the logarithm of the share of a start's deviation that survives, cautiously from the leading law.

        A start beyond the stable two-cycles (p above 1/5) forgets itself only below them; a start below the slow
        manifold first has to run_in_cheapest_type.
        """
        eps, _, p, x = self._start(1, epsilon, z0, T0)
        return (2 * min(p, _mpf(STABLE)) + min(x, 0)) / (_mpf(self._logarithm) * eps)

    def size(self, epsilon: Any, z0: Any, T0: Any) -> tuple[Any, bool]:
        """The largest of p, |x| and epsilon at a start, and whether the start is outside the law's reach.

        Outside are sizes at which terms do not shrink, and starts so high above the edge that the orbit may wander.
        """
        eps, _, p, x = self._start(1, epsilon, z0, T0)
        outside = max(p, x, eps) >= _mpf(REACH) or 2 * p + x > _mpf(TRAPPED)
        return max(p, abs(x), eps), bool(outside)

    def relaxed(self, weight: int, epsilon: Any) -> Any:
        """Where an orbit ends that has forgotten its start: the limit series to the order of a weight."""
        eps = _mpf(epsilon)
        return mpmath.fsum(_mpf(c) * eps**n for n, c in enumerate(self._limits[: (weight + 1) // 2 + 1]))

    def __call__(self, weight: int, epsilon: Any, z0: Any, T0: Any) -> tuple[Any, Any, Any]:
        """Evaluate the law of one weight at one start.

        Args:
            weight: terms of the integral up to it; the slow manifold is taken to half of it, rounded up.
            epsilon: the parameter.
            z0: start.
            T0: start.

        Returns:
            ``(T_inf, x at the end, x at the start)``, the first two nan where the law of this weight has no end;
            rounding costs a few digits of the working precision.
        """
        order = (weight + 1) // 2
        eps, u, p, x = self._start(order, epsilon, z0, T0)
        limit = self.relaxed(weight, epsilon)
        if x == 0:
            return limit, x, x
        scale = _mpf(self._logarithm) * eps
        held = [(e, _mpf(c)) for e, c in self._terms if term_weight(e) <= weight]
        total = mpmath.fsum(c * u ** e[0] * p ** e[1] * x ** e[2] * eps ** e[3] for e, c in held)
        at_end = [(e[2], c * eps ** e[3]) for e, c in held if e[0] == e[1] == 0 and e != (0, 0, 1, 0)]
        # I(end) = I(start) by Newton in ln|x| from the leading law's end. On the stable side of the fold at
        # x = C epsilon I falls with ln|x|; a law whose own terms leave that side has no end
        end = -scale * mpmath.lambertw(-x / scale * mpmath.exp(-total / scale)).real
        for _ in range(MAX_ROUNDS):
            terms = mpmath.fsum(c * end**j for j, c in at_end)
            slope = end - scale + mpmath.fsum(j * c * end**j for j, c in at_end)
            if not slope < 0 or abs(end) > LARGEST:
                break
            step = (total - scale * mpmath.log(abs(x / end)) - end - terms) / slope
            end *= mpmath.exp(max(min(step, LONGEST), -LONGEST))
            if abs(step) <= mpmath.eps * 2**10 / eps:
                return limit + end, end, x
        return mpmath.nan, mpmath.nan, x


def _mpf(value: Any) -> Any:
    return mpmath.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else mpmath.mpf(value)


def _integers(expr: sp.Expr, z: sp.Symbol) -> list[int]:
    return [int(c) for c in sp.Poly(expr, z).all_coeffs()]


@cache
def _main_law() -> LawEvaluator:
    return LawEvaluator(main_case().limit_law(WEIGHTS[-1] // LEADING))
