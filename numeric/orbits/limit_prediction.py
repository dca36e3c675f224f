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
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.quadratic import main_case
from ...symbolic.planar.limit_law import LimitLaw, term_weight
from .starts import check_epsilon, exact_rational

WEIGHTS = (2, 4, 6, 8, 10)
"""The laws that are compared; each further one gains a power of epsilon until the series turns."""

DIGITS = 40
MAX_ROUNDS = 200
"""Rounds of the fixed-point iteration for the end; each gains a factor of the size of epsilon."""

ROBUST = 12
"""A start that forgets itself by more than ``exp(-12)`` is judged by the limit series alone."""

TRAPPED = Fraction(1, 2)
"""Largest excess of the weight norm over the edge: the trapping region of Theorem 1 reaches to 0.52."""

STABLE = Fraction(1, 5)
"""Largest p taken into account: the two-cycles at epsilon = 0 lose their stability at p = 0.236."""

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
        by_weight: prediction of each law, lowest first.
        relaxed_limit: where an orbit ends that has forgotten its start (limit series to the same order).
        memory: share of the start's deviation from the slow manifold that is left at the end.
        regime: ``relaxed`` (memory below 1e-3), ``frozen`` (above 1/2), ``between``, or ``outside``: so high above the
            edge that the orbit may wander or diverge, and the law says nothing (its expected error is infinite).

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

    def to_json(self) -> dict[str, Any]:
        """All fields; the laws as an object from weight to value."""
        row = {**self.__dict__, "by_weight": {str(w): v for w, v in self.by_weight}}
        return {**row, "expected_error": None} if math.isinf(self.expected_error) else row


def predict_limit(epsilon: object, z0: object, T0: object) -> LimitPrediction:
    """Where gradient descent from ``(z0, T0)`` ends, for eigenvalues ``{1, -epsilon}`` and target 0.

    Args:
        epsilon: in (0, 1), read exactly; the law is asymptotic for small epsilon.
        z0: rescaled residual of the start, below 1 and not 0.
        T0: rescaled NTK eigenvalue of the start, near ``2/(1 - z0)``.

    Returns:
        The prediction. The law is taken to the last weight at which its terms still halve; twice what the next weight
        would change (at weight 10 what the last one did) is the expected error, so a start too far from the edge shows
        as a large one. A start that forgets itself is judged by the limit series alone. The expected error is an
        estimate, not a bound.

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
        if strength > ROBUST:
            limits = {w: value - end for w, (value, end, _) in ends.items()}
            weight, error = _smallest_correction(limits)
            value, error = limits[weight], error + 4 * _mpf(eps) * mpmath.exp(-strength)
        else:
            weight = law.usable_weight(eps, *start)
            # corrections at least halve up to this weight: all that follow the last one sum to its size at most,
            # and where the law stops early the first one left out comes with as much again
            neighbour, times = (weight + 2, 2) if weight < WEIGHTS[-1] else (weight - 2, 1)
            value, error = ends[weight][0], times * abs(ends[weight][0] - ends[neighbour][0])
        outside = law.height(eps, *start) > _mpf(TRAPPED)
        error = mpmath.inf if outside else error
        _, deviation, before = ends[weight]
        memory = abs(deviation / before) if before else mpmath.mpf(0)
        return LimitPrediction(
            value=float(value),
            expected_error=float(error),
            gap=float(2 - value),
            decimal=mpmath.nstr(value, 30),
            weight=weight,
            by_weight=tuple((w, float(v)) for w, (v, *_) in ends.items()),
            relaxed_limit=float(ends[weight][0] - deviation),
            memory=float(memory),
            regime="outside" if outside else _regime(memory),
        )


def _regime(memory: Any) -> str:
    return "relaxed" if memory < RELAXED else "frozen" if memory > FROZEN else "between"


def _smallest_correction(values: dict[int, Any]) -> tuple[int, Any]:
    """The weight after the smallest step in a sequence, and that step."""
    steps = {b: abs(values[b] - values[a]) for a, b in pairwise(values)}
    best = min(steps, key=steps.__getitem__)
    return best, steps[best]


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
        self._limits = [Fraction(int(c.p), int(c.q)) for c in law.series.coefficients]
        self._terms = [(e, Fraction(int(c.p), int(c.q))) for e, c in law.terms]
        self._logarithm = Fraction(int(law.logarithm.p), int(law.logarithm.q))

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

    def height(self, epsilon: Any, z0: Any, T0: Any) -> Any:
        """Excess ``2 p + x`` of the weight norm over its value at the edge, to leading order."""
        _, _, p, x = self._start(1, epsilon, z0, T0)
        return 2 * p + x

    def usable_weight(self, epsilon: Any, z0: Any, T0: Any) -> int:
        """The last weight up to which the integral's parts at this start halve from each to the next."""
        eps, u, p, x = self._start((self.law.weight + 1) // 2, epsilon, z0, T0)
        parts = dict.fromkeys(range(2, self.law.weight + 1, 2), mpmath.mpf(0))
        for e, c in self._terms:
            even = term_weight(e) + term_weight(e) % 2
            if even in parts:
                parts[even] += _mpf(c) * u ** e[0] * p ** e[1] * x ** e[2] * eps ** e[3]
        parts[2] = abs(2 * p) + abs(x)
        last = 2
        for before, now in pairwise(parts):
            if abs(parts[now]) > abs(parts[before]) / 2:
                break
            last = now
        return last

    def __call__(self, weight: int, epsilon: Any, z0: Any, T0: Any) -> tuple[Any, Any, Any]:
        """Evaluate the law of one weight at one start.

        Args:
            weight: terms of the integral up to it; the slow manifold is taken to half of it, rounded up.
            epsilon: the parameter.
            z0: start.
            T0: start.

        Returns:
            ``(T_inf, x at the end, x at the start)``; rounding costs a few digits of the working precision.
        """
        order = (weight + 1) // 2
        eps, u, p, x = self._start(order, epsilon, z0, T0)
        limit = mpmath.fsum(_mpf(c) * eps**n for n, c in enumerate(self._limits[: order + 1]))
        if x == 0:
            return limit, x, x
        scale = _mpf(self._logarithm) * eps
        held = [(e, _mpf(c)) for e, c in self._terms if term_weight(e) <= weight]
        total = mpmath.fsum(c * u ** e[0] * p ** e[1] * x ** e[2] * eps ** e[3] for e, c in held)
        at_end = [(e[2], c * eps ** e[3]) for e, c in held if e[0] == e[1] == 0 and e != (0, 0, 1, 0)]
        end, excess = mpmath.mpf(0), mpmath.mpf(0)
        for _ in range(MAX_ROUNDS):
            argument = -x / scale * mpmath.exp(-(total - excess) / scale)
            before, end = end, -scale * mpmath.lambertw(argument).real
            if abs(end - before) <= 4 * mpmath.eps * abs(end):
                break
            excess = mpmath.fsum(c * end**j for j, c in at_end)
        return limit + end, end, x


def _mpf(value: Any) -> Any:
    return mpmath.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else mpmath.mpf(value)


def _integers(expr: sp.Expr, z: sp.Symbol) -> list[int]:
    return [int(c) for c in sp.Poly(expr, z).all_coeffs()]


@cache
def _main_law() -> LawEvaluator:
    return LawEvaluator(main_case().limit_law(WEIGHTS[-1] // 2))
