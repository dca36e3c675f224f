"""Small drawings: where dot and tick stand, and when there is none."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from edgestab.proofs.report.figures import against_bound, number, tally


def evidence(worst: object, bound: object, **rest: Any) -> dict[str, Any]:
    counts = {"tested": 10, "undecided": 0, "rejected": 0}
    return {"worst": worst, "bound": bound, "figure": "error", "verdict": "TRUE", **counts, **rest}


def places(svg: str) -> tuple[float, float]:
    root = ET.fromstring(svg)
    dot, tick = root.find("circle"), root.find("line[@class='bound']")
    assert dot is not None
    assert tick is not None
    return float(dot.attrib["cx"]), float(tick.attrib["x1"])


def test_numbers_are_read_from_text_too() -> None:
    assert [number(v) for v in ("1/4", "2e-3", "> 0", 3, 0.5)] == [0.25, 0.002, 0.0, 3.0, 0.5]
    assert [number(v) for v in (None, True, "escape", "6 of 11", "1/0", float("inf"), "nan")] == [None] * 7


def test_a_dot_stands_on_its_side_of_the_bound() -> None:
    dot, tick = places(against_bound(evidence(1.0, 4.0)))
    assert (dot - 8) / (tick - 8) == pytest.approx(0.25, abs=0.01)
    dot, tick = places(against_bound(evidence(3.0, 2.75)))
    assert dot > tick
    dot, tick = places(against_bound(evidence(0.3, "> 0")))
    assert dot > tick == 8


def test_far_apart_the_line_is_logarithmic() -> None:
    svg = against_bound(evidence("4.64e-41", 1e-34))
    dot, tick = places(svg)
    assert 8 < dot < tick < 212
    assert "logarithmic" in svg
    assert [t.text for t in ET.fromstring(svg).iter("text")] == ["1e-41", "1e-33"]


@pytest.mark.parametrize(("worst", "bound"), [(0, 0), (None, None), ("escape", "escape"), (2.4, None)])
def test_no_line_without_two_numbers(worst: object, bound: object) -> None:
    assert against_bound(evidence(worst, bound)) == ""


def test_a_tally_shows_what_was_not_shown() -> None:
    svg = tally(evidence(0, 0, undecided=2, rejected=3))
    widths = [float(w) for w in re.findall(r'width="([\d.]+)"', svg)]
    assert widths == [60.0, 24.0, 36.0]
    assert "of 10 comparisons 5 held, 2 open, 3 contradicted" in svg
