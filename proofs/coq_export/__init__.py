"""From the derived objects to Coq: definitions, constants, polynomials and boxes, never typed by hand.

Here: printing exact objects as Coq. Not here: the hand-written part of the development (proofs/coq), and running Coq.
"""

from __future__ import annotations

from fractions import Fraction

from ...symbolic.models.quadratic import QuadraticMap
from ..certificates.sharp_limit import sharp_strip
from ..certificates.theorem_1 import regions
from .barrier_file import barrier_file, start_file
from .map_file import map_file
from .recurrence_file import recurrence_file
from .strip_file import strip_file

NAMES = ("low", "middle", "high")
"""Coq names of the trapping regions, by ascending epsilon."""

STRIPS = {1: "first", 2: "second"}
"""Coq names of the strips about the slow curve, by order. The third is accepted too, in minutes and megabytes."""


def generated_files(one_step: QuadraticMap) -> dict[str, str]:
    """All generated Coq files.

    Args:
        one_step: the map of the main case.

    Returns:
        File name (below ``proofs/coq/generated``) to text.
    """
    files = {"Map.v": map_file(one_step), "Recurrence.v": recurrence_file(one_step)}
    for name, (barrier, start) in zip(NAMES, regions(one_step, Fraction(1)), strict=True):
        files[f"Barrier{name.capitalize()}.v"] = barrier_file(name, barrier)
        if start is not None:
            files[f"Start{name.capitalize()}.v"] = start_file(f"{name}_start", name, start)
    for order, name in STRIPS.items():
        files[f"Strip{name.capitalize()}.v"] = strip_file(name, "low", sharp_strip(one_step, order))
    return files
