"""The certificate of Theorem 1: trapping regions that cover an interval of epsilon, and explicit starts in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import sympy as sp

from ...symbolic.algebra.errors import DomainError
from ...symbolic.planar.planar_map import PlanarMap
from ...symbolic.trapping.barrier import Barrier, derive_barrier
from ...symbolic.trapping.start import StartSet, derive_start
from .serial import condition_record, map_record

FORMAT = "edgestab certificate 1"

Constants = Mapping[str, object]

COQ_NAMES = ("low", "middle", "high")
"""Names of the regions in the Coq development, by ascending epsilon."""

COQ_LEMMAS = {"sign-change": "turn"}
"""Conditions whose lemma in the Coq development has another name."""

#: One trapping region for each stretch of epsilon, with the starts in it. Constants were found by search; that they
#: work is what the certificate shows.
PIECES: tuple[tuple[Constants, Constants | None], ...] = (
    (
        {
            "slope": "7/5",
            "width": "1",
            "height": "1/2",
            "epsilon_min": "0",
            "epsilon_max": "1/5",
            "split": "-39/100",
        },
        {
            "a_min": "-27/100",
            "a_max": "-1/5",
            "n_min": "43/20",
            "n_max": "9/4",
            "norm_shift": "0",
            "ratio": "51/50",
            "overshoot": "2/5",
        },
    ),
    (
        {"slope": "5/2", "width": "1", "height": "1/5", "epsilon_min": "1/5", "epsilon_max": "1/2"},
        {
            "a_min": "-29/100",
            "a_max": "-6/25",
            "n_min": "217/100",
            "n_max": "219/100",
            "norm_shift": "1",
            "ratio": "1001/1000",
            "overshoot": "1/25",
            "epsilon_max": "3/10",
        },
    ),
    (
        {
            "slope": "4",
            "width": "1",
            "height": "1/5",
            "epsilon_min": "1/2",
            "epsilon_max": "1",
            "sign_change_slack": "1/2",
        },
        None,
    ),
)

#: The barrier that serves small targets, with the window of 4 E / T and the floor of T.
TARGET_BARRIER: Constants = {
    "slope": "8/5",
    "width": "1",
    "height": "1/3",
    "epsilon_min": "0",
    "epsilon_max": "1/5",
    "split": "-39/100",
}
TARGET_WINDOW: Constants = {"window": "1/5", "floor": "4/5"}

#: A curved barrier that reaches higher than any linear one (``phi = sum c p^j z^k``).
CURVED: Any = {
    "coefficients": {(1, 0): "7/5", (2, 0): "-1/2", (2, 1): "-3/8"},
    "width": "1",
    "height": "13/20",
    "epsilon_max": "1/5",
    "near": "1/8",
}


def _check_top(epsilon_max: Fraction) -> None:
    if not 0 < epsilon_max <= 1:
        raise DomainError.of(
            "certificate",
            "0 < epsilon_max <= 1",
            str(epsilon_max),
            "For epsilon > 1 swap the roles of the two eigenvalues: {1, -epsilon} mirrors {1, -1/epsilon}.",
        )


def regions(one_step: PlanarMap, epsilon_max: Fraction) -> list[tuple[Barrier, StartSet | None]]:
    """The trapping regions that together serve ``0 < epsilon <= epsilon_max``.

    Args:
        one_step: the map of eigenvalues ``{1, -epsilon}``.
        epsilon_max: where to stop, in (0, 1].

    Returns:
        Regions with ascending, adjoining epsilon ranges, each with its start set if it has one.

    Raises:
        DomainError: ``epsilon_max`` is out of range.
    """
    _check_top(epsilon_max)
    found: list[tuple[Barrier, StartSet | None]] = []
    for constants, start in PIECES:
        low = Fraction(str(constants["epsilon_min"]))
        if low >= epsilon_max:
            break
        high = min(Fraction(str(constants["epsilon_max"])), epsilon_max)
        barrier = derive_barrier(one_step, {**constants, "epsilon_max": sp.Rational(high)})
        found.append((barrier, derive_start(barrier, start) if start else None))
    return found


def barrier_record(barrier: Barrier) -> dict[str, Any]:
    """A region's constants as exact strings."""
    low, high = barrier.z_range
    return {
        "slope": str(barrier.slope),
        "width": str(barrier.width),
        "height": str(barrier.height),
        "epsilon_range": [str(e) for e in barrier.epsilon_range],
        "split": None if barrier.split is None else str(barrier.split),
        "early_stop": str(barrier.sign_change_slack),
        "gap": str(barrier.gap),
        "z_range": [str(low), str(high)],
    }


def _start_record(start: StartSet) -> dict[str, Any]:
    return {
        "a_range": [str(x) for x in start.a_range],
        "n_range": [str(x) for x in start.n_range],
        "lean": str(start.norm_shift),
        "ratio": str(start.ratio),
        "overshoot": str(start.overshoot),
        "epsilon_range": [str(x) for x in start.epsilon_range],
    }


def overall(verdicts: list[str]) -> str:
    """FALSE if any is FALSE, else UNKNOWN if any is UNKNOWN, else TRUE."""
    return "FALSE" if "FALSE" in verdicts else "UNKNOWN" if "UNKNOWN" in verdicts else "TRUE"


def build_certificate(
    one_step: PlanarMap,
    epsilon_max: Fraction = Fraction(1),
    max_boxes: int = 4000,
    progress: Callable[[float], None] = lambda share: None,
) -> dict[str, Any]:
    """Prove every condition of Theorem 1 and write down how.

    Args:
        one_step: the map of eigenvalues ``{1, -epsilon}``, derived.
        epsilon_max: the theorem is shown for ``0 < epsilon <= epsilon_max``; at most 1.
        max_boxes: boxes for each condition before it is left UNKNOWN.
        progress: called with the share done.

    Returns:
        The certificate: claim, epsilon_max, delta_over_epsilon, map, regions, conditions, identities, verdict.

    Raises:
        DomainError: epsilon_max is not in (0, 1], or the map is not of the kind that the theorem speaks of.

    Source:
        Agarwala et al. 2022, Theorem 1; the argument is derived here.

    Example:
        >>> from fractions import Fraction
        >>> one_step = es.models.main_case()
        >>> certificate = es.proofs.build_certificate(one_step, Fraction(1, 5))
        >>> certificate["verdict"], certificate["delta_over_epsilon"]
        ('TRUE', '1')
    """
    pieces = regions(one_step, epsilon_max)
    delta = max(barrier.width for barrier, _ in pieces)
    conditions: list[dict[str, Any]] = []
    identities: list[dict[str, Any]] = []
    for index, (barrier, start) in enumerate(pieces):
        for identity in barrier.identities:
            verdict = "TRUE" if identity.holds() else "FALSE"
            identities.append({"region": index, "name": identity.name, "meaning": identity.meaning, "verdict": verdict})
        for condition in (*barrier.conditions, *(start.conditions if start else ())):
            conditions.append(condition_record(condition, max_boxes, region=index))
        progress((index + 1) / len(pieces))
    return {
        "format": FORMAT,
        "claim": "theorem-1",
        "statement": (
            f"For 0 < epsilon <= {epsilon_max}, eigenvalues {{1, -epsilon}}, target 0, any step size eta > 0 and every "
            f"start in the trapping region of its epsilon: f -> 0 and 2 - {delta} epsilon <= eta lim lambda <= 2. "
            "The explicit starts begin below the edge and are past it by the stated overshoot after one step."
        ),
        "epsilon_max": str(epsilon_max),
        "delta_over_epsilon": str(delta),
        "map": map_record(one_step),
        "regions": [
            {**barrier_record(barrier), "start": None if start is None else _start_record(start)}
            for barrier, start in pieces
        ],
        "identities": identities,
        "conditions": conditions,
        "verdict": overall([c["verdict"] for c in (*conditions, *identities)]),
    }
