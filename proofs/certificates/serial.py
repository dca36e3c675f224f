"""How exact objects are written into certificate files."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from flint import fmpq_mpoly

from ...symbolic.algebra.rings import poly_terms, rational_string, to_fraction
from ...symbolic.planar.maps import PolynomialMap
from ...symbolic.trapping.region import Condition
from .bernstein import Covering, Terms, prove_positive


def fraction_terms(polynomial: fmpq_mpoly) -> dict[tuple[int, ...], Fraction]:
    """Exponents to Fraction."""
    return {e: to_fraction(c) for e, c in poly_terms(polynomial).items()}


def term_list(polynomial: fmpq_mpoly) -> list[dict[str, Any]]:
    """Sorted exponents with coefficients as exact strings."""
    return [
        {"exponents": list(e), "coefficient": rational_string(c)} for e, c in sorted(poly_terms(polynomial).items())
    ]


def map_record(one_step: PolynomialMap) -> dict[str, Any]:
    """A map with its digest."""
    return {
        "variables": [s.name for s in one_step.variables],
        "parameters": [s.name for s in one_step.parameters],
        "components": [term_list(p) for p in one_step.polynomials],
        "digest": one_step.digest(),
    }


def box_record(sides: Iterable[tuple[Fraction, Fraction]]) -> list[list[str]]:
    """A box as pairs of exact strings."""
    return [[str(low), str(high)] for low, high in sides]


def judge_condition(condition: Condition, max_boxes: int) -> Covering:
    """Prove a condition positive on its box.

    Args:
        condition: what is to be shown.
        max_boxes: boxes looked at before the rest is left open.

    Returns:
        The covering found.
    """
    terms: Terms = fraction_terms(condition.polynomial)
    return prove_positive(terms, [(to_fraction(low), to_fraction(high)) for _, (low, high) in condition.box], max_boxes)


def condition_record(condition: Condition, max_boxes: int, **where: Any) -> dict[str, Any]:
    """A condition, judged: its expression, polynomial, box, leaf boxes and verdict.

    Args:
        condition: what is to be shown.
        max_boxes: boxes looked at before the rest is left open.
        where: what the condition belongs to, copied into the record.

    Returns:
        The JSON record.
    """
    written: dict[str, Any] = {}
    if condition.expression is not None:
        written = {
            "expression": str(condition.expression),
            "definitions": [[name.name, str(body)] for name, body in condition.definitions],
        }
    covering = judge_condition(condition, max_boxes)
    record = {
        "name": condition.name,
        **where,
        "meaning": condition.meaning,
        **written,
        "variables": [v.name for v in condition.variables],
        "polynomial": term_list(condition.polynomial),
        "pole_power": condition.power,
        "box": box_record(covering.box),
        "boxes": [box_record(leaf) for leaf in covering.proved],
        "undecided": [box_record(leaf) for leaf in covering.undecided],
        "floor": None if covering.floor is None else str(covering.floor),
        "verdict": covering.verdict,
    }
    if covering.counterexample is not None:
        record["counterexample"] = [str(x) for x in covering.counterexample]
    return record
