"""What is later in z, and what increments are not those of two exact steps."""

from dataclasses import replace

import pytest
import sympy as sp

from edgestab.proofs.catalogue import get_claim
from edgestab.proofs.catalogue.stated_maps import (
    DY,
    DZ,
    TWO_Y,
    TWO_Z,
    composition_defects,
    later_terms,
    two_steps,
    y,
    z,
)
from edgestab.proofs.statements import Reading
from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.algebra.series import TruncatedSeries
from edgestab.symbolic.models.literature import example_study
from edgestab.symbolic.planar.recurrences import Recurrence


def recurrence(name: str, order: int) -> Recurrence:
    return example_study(name, order).map.two_step(order)


def divides(factor: tuple[int, ...], monomial: tuple[int, ...]) -> bool:
    return all(a <= b for a, b in zip(factor, monomial, strict=True))


@pytest.mark.parametrize("name", ["zhu", "zhu-degree-2", "lewkowycz"])
def test_later_terms_have_the_factors_that_are_said(name: str) -> None:
    factors = later_terms(recurrence(name, 3))
    for series, allowed in zip(recurrence(name, 6).increments, factors, strict=True):
        late = [e for e in series.terms() if e[0] > 3]
        assert late
        assert all(any(divides(f, e) for f in allowed) for e in late)


def test_a_map_that_moves_T_without_its_parameter_is_not_judged() -> None:
    with pytest.raises(ProofError, match="T kept at parameter 0"):
        later_terms(recurrence("agarwala", 3))


@pytest.mark.parametrize("which", ["z_increment", "y_increment"])
def test_an_increment_that_is_not_that_of_two_steps_is_noticed(which: str) -> None:
    right = recurrence("zhu", 3)
    series: TruncatedSeries = getattr(right, which)
    terms = series.terms()
    place = max(terms)  # so late that the statement's remainder covers it
    terms[place] = -terms[place]
    flipped = TruncatedSeries.from_polynomial(series.grading, series.grading.ring.from_dict(terms))
    wrong = replace(right, z_increment=flipped) if which == "z_increment" else replace(right, y_increment=flipped)
    assert [bool(d.terms()) for d in composition_defects(right)] == [False, False]
    assert [bool(d.terms()) for d in composition_defects(wrong)] == [which == "z_increment", which == "y_increment"]
    _, defects = two_steps(Reading(get_claim("zhu-two-step").statement), wrong)
    assert len(defects) == 1
    assert "composition" in defects[0]


def test_the_left_sides_of_two_steps_are_increments() -> None:
    """Statement and check share these terms: a wrong sign would be printed and not be noticed."""
    for change, later, now in ((DZ, TWO_Z, z), (DY, TWO_Y, y)):
        assert change.subs(later, now) == 0
        assert sp.diff(change, later) == 1
