"""From the derived Python objects to Coq: definitions, constants, polynomials and boxes, never typed by hand."""

from __future__ import annotations

from fractions import Fraction

from ...symbolic.derivations import Derivations
from ..certificates.theorem_1 import regions
from .barrier_file import barrier_file, start_file
from .map_file import map_file

NAMES = ("low", "middle", "high")
"""Coq names of the trapping regions, by ascending epsilon."""


def generated_files(derivations: Derivations) -> dict[str, str]:
    """All generated Coq files.

    Args:
        derivations: the exact objects of the main case.

    Returns:
        File name (below ``proofs/coq/generated``) to text.
    """
    files = {"Map.v": map_file(derivations)}
    for name, (barrier, start) in zip(NAMES, regions(derivations.one_step(), Fraction(1)), strict=True):
        files[f"Barrier{name.capitalize()}.v"] = barrier_file(name, barrier)
        if start is not None:
            files[f"Start{name.capitalize()}.v"] = start_file(f"{name}_start", name, start)
    return files
