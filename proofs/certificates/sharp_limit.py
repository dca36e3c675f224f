"""The sharp forms of Theorem 1: the limit to order K with an explicit constant, from strips about the slow curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.rings import rational_string, to_fraction
from ...symbolic.planar.planar_map import PlanarMap
from ...symbolic.trapping.barrier import derive_barrier
from ...symbolic.trapping.region import Condition
from ...symbolic.trapping.strip import Strip, derive_strip
from .serial import condition_record, map_record
from .theorem_1 import FORMAT, PIECES, barrier_record, overall

#: Constants of the strips, by order. Found by search; that they work is what the conditions show.
STRIPS: Mapping[int, Mapping[str, Any]] = {
    1: {
        "extent": "3/20",
        "epsilon_max": "1/30",
        "contraction_rate": "3/2",
        "weights": ("9/2", "7/2"),
        "distance": "1/5",
        "undershoot": "3/4",
    },
    2: {
        "extent": "3/20",
        "epsilon_max": "1/50",
        "contraction_rate": "3/2",
        "weights": ("21/4", "16", "16"),
        "distance": "1/5",
        "undershoot": "3/4",
    },
    3: {
        "extent": "1/8",
        "epsilon_max": "1/100",
        "contraction_rate": "3/2",
        "weights": ("1/8", "8", "21", "17"),
        "distance": "3/20",
        "undershoot": "3/4",
    },
}

#: The trapping region that each strip lies in; order 3 needs a steeper barrier.
_STEEP = {
    "slope": "8/5",
    "width": "1",
    "height": "1/3",
    "epsilon_min": "0",
    "epsilon_max": "23/100",
    "split": "-39/100",
}
REGIONS: Mapping[int, Mapping[str, object]] = {1: PIECES[0][0], 2: PIECES[0][0], 3: _STEEP}


@dataclass(frozen=True)
class SharpBound:
    """``|lim eta lambda - series| <= constant * epsilon^(K+1)``.

    Attributes:
        strip: what it rests on.
        constant: for starts with ``V >= 2 + extent``.
        log_constant: for starts with ``V >= 2 + tau epsilon ln(1/epsilon)``, ``tau = (K + 1) / contraction_rate``.
    """

    strip: Strip
    constant: Fraction
    log_constant: Fraction

    @property
    def tau(self) -> Fraction:
        """``(K + 1) / contraction_rate``."""
        return (self.strip.order + 1) / to_fraction(self.strip.contraction_rate)


def _round_up(value: arb) -> Fraction:
    """An upper bound as a multiple of 1/8, certified by comparing balls."""
    guess = Fraction(math.floor(float(value.mid()) * 8) + 1, 8)
    while not value < arb(fmpq(guess.numerator, guess.denominator)):
        guess += Fraction(1, 8)
    return guess


def sharp_strip(one_step: PlanarMap, order: int) -> Strip:
    """The strip of one order, derived from the map.

    Args:
        one_step: the map of eigenvalues ``{1, -epsilon}``.
        order: 1, 2 or 3.

    Returns:
        The strip; its conditions still have to be judged.

    Raises:
        DomainError: there are no constants for the order.
    """
    if order not in STRIPS:
        raise DomainError.of("sharp_strip()", f"an order in {sorted(STRIPS)}", order, "Search for constants first.")
    return derive_strip(derive_barrier(one_step, REGIONS[order]), order, **STRIPS[order])


def sharp_bound(strip: Strip) -> SharpBound:
    """Combine the strip with the contraction before it, in ball arithmetic.

    The error is at most ``a_K epsilon^(K+1) + distance exp(-contraction_rate (V - 2) / epsilon)``. A start above the
    strip passes a state with ``extent - undershoot epsilon <= V - 2 <= extent``. The exponential over ``epsilon^(K+1)``
    grows with epsilon as long as ``contraction_rate extent >= (K + 1) epsilon``, so its worst case is epsilon_max.

    Args:
        strip: with conditions that hold.

    Returns:
        The constants.

    Raises:
        DomainError: the constants do not let the exponential be absorbed.
    """
    where = "sharp_bound()"
    K = strip.order
    top, extent, contraction_rate, distance, undershoot = (
        to_fraction(x)
        for x in (strip.epsilon_max, strip.extent, strip.contraction_rate, strip.distance, strip.undershoot)
    )
    if contraction_rate * extent < (K + 1) * top:
        raise DomainError.of(
            where, "contraction_rate extent >= (K + 1) epsilon_max", str(strip.contraction_rate), "Lower epsilon_max."
        )
    last = to_fraction(strip.weights[-1])
    precision = ctx.prec
    try:
        ctx.prec = 128

        def ball(x: Fraction) -> arb:
            return arb(fmpq(x.numerator, x.denominator))

        # V passes the strip, or starts there
        late = ball(distance) * (-ball(contraction_rate * (extent / top - undershoot))).exp() / ball(top) ** (K + 1)
        # a start inside the strip: exp(-contraction_rate tau ln(1/epsilon)) = epsilon^(K+1)
        constant = _round_up(ball(last) + late)
        log_constant = _round_up(ball(last) + late.max(ball(distance)))
    finally:
        ctx.prec = precision
    return SharpBound(strip, constant, log_constant)


def build_sharp_certificate(
    one_step: PlanarMap,
    order: int = 1,
    max_boxes: int = 4000,
    progress: Callable[[float], None] = lambda share: None,
) -> dict[str, Any]:
    """Prove the strip of one order and its region, and write down how.

    Args:
        one_step: the map of eigenvalues ``{1, -epsilon}``, derived.
        order: K, one of :data:`STRIPS`.
        max_boxes: boxes for each condition before it is left UNKNOWN.
        progress: called with the share done.

    Returns:
        A certificate like that of Theorem 1, with the strip, its series and its constant.
    """
    strip = sharp_strip(one_step, order)
    bound, barrier = sharp_bound(strip), strip.barrier
    pairs: list[tuple[int | str, Condition]] = [(0, c) for c in barrier.conditions]
    pairs += [("strip", c) for c in strip.conditions]
    conditions = []
    for number, (where, condition) in enumerate(pairs, 1):
        conditions.append(condition_record(condition, max_boxes, region=where))
        progress(number / len(pairs))
    ranges = {c.name: c.box[0][1] for c in strip.conditions}
    series = [
        {"exponents": list(index), "coefficient": rational_string(c)}
        for index, c in sorted(strip.series.coefficients.items())
    ]
    return {
        "format": FORMAT,
        "claim": "theorem-1-sharp",
        "statement": (
            f"For 0 < epsilon <= {strip.epsilon_max}, eigenvalues {{1, -epsilon}}, target 0 and every start in the "
            f"region with epsilon eta |theta|^2 >= 2 + {strip.extent}: |eta lim lambda - ({strip.series.limit()})| <= "
            f"{bound.constant} epsilon^{order + 1}."
        ),
        "epsilon_max": str(barrier.epsilon_range[1]),
        "delta_over_epsilon": str(barrier.width),
        "map": map_record(one_step),
        "regions": [barrier_record(barrier)],
        "strip": {
            "order": order,
            "band": str(strip.extent),
            "epsilon_max": str(strip.epsilon_max),
            "decay": str(strip.contraction_rate),
            "weights": [str(w) for w in strip.weights],
            "excess": str(strip.distance),
            "drop": str(strip.undershoot),
            "z_range": [str(x) for x in ranges["contraction-rate"]],
            "series": series,
            "limit_coefficients": [str(c) for c in strip.series.limit_coefficients],
            "constant": str(bound.constant),
        },
        "conditions": conditions,
        "verdict": overall([c["verdict"] for c in conditions]),
    }
