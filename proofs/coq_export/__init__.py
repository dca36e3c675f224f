"""From the derived objects to Coq: definitions, constants, polynomials and boxes, never typed by hand.

Here: printing exact objects as Coq. Not here: the hand-written part of the development (proofs/coq), and running Coq.
"""

from __future__ import annotations

from fractions import Fraction

from ..certificates.sharp_limit import sharp_strip
from ..certificates.theorem_1 import COQ_NAMES, regions
from ..subject import Subject
from .barrier_file import barrier_file, start_file
from .map_file import map_file
from .recurrence_file import recurrence_file
from .strip_file import strip_file

STRIPS = {1: "first", 2: "second"}
"""Coq names of the strips about the slow curve, by order. The third is accepted too, in minutes and megabytes."""


def generated_files(subject: Subject) -> dict[str, str]:
    """All generated Coq files.

    Args:
        subject: the exact objects of the main case.

    Returns:
        File name (below ``proofs/coq/generated``) to text.
    """
    files = {"Map.v": map_file(subject), "Recurrence.v": recurrence_file(subject.map)}
    for name, (barrier, start) in zip(COQ_NAMES, regions(subject.map, Fraction(1)), strict=True):
        files[f"Barrier{name.capitalize()}.v"] = barrier_file(name, barrier)
        if start is not None:
            files[f"Start{name.capitalize()}.v"] = start_file(f"{name}_start", name, start)
    for order, name in STRIPS.items():
        files[f"Strip{name.capitalize()}.v"] = strip_file(name, "low", sharp_strip(subject.map, order))
    return files
