"""The sharp certificate: accepted as built, rejected when tampered with, constants against simulation."""

import json
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import pytest

from edgestab.proofs.certificates.checker import ACCEPTED, FORMERLY, REJECTED, UNDECIDED, check_certificate
from edgestab.proofs.certificates.serial import judge_condition
from edgestab.proofs.certificates.sharp_limit import build_sharp_certificate, sharp_bound, sharp_strip
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.quadratic import main_case

Data = dict[str, Any]


@lru_cache
def original(order: int) -> str:
    return json.dumps(build_sharp_certificate(main_case(), order))


def fresh(order: int = 1) -> Data:
    data: Data = json.loads(original(order))
    return data


def test_every_former_name_is_that_of_a_condition() -> None:
    data = fresh()
    former = {new: old for old, new in FORMERLY.items()}
    assert former.keys() <= {c["name"] for c in data["conditions"]}
    for record in data["conditions"]:
        record["name"] = former.get(record["name"], record["name"])
    assert check_certificate(data).status == ACCEPTED


@pytest.mark.parametrize("order", [1, 2])
def test_accepted(order: int) -> None:
    data = fresh(order)
    assert data["verdict"] == "TRUE"
    found = check_certificate(data)
    assert found.status == ACCEPTED, found.reason
    assert data["strip"]["limit_coefficients"][:2] == ["2", "-1/2"]


def smaller_constant(data: Data) -> None:
    data["strip"]["constant"] = "7/2"


def smaller_weight(data: Data) -> None:
    data["strip"]["weights"][1] = "1"


def changed_series(data: Data) -> None:
    data["strip"]["series"][0]["coefficient"] = "-1/3"


def other_limit(data: Data) -> None:
    data["strip"]["limit_coefficients"][1] = "-1/3"


def wider_band(data: Data) -> None:
    data["strip"]["band"] = "1/5"


def narrower_z(data: Data) -> None:
    data["strip"]["z_range"] = ["-1/10", "1/10"]


def larger_epsilon(data: Data) -> None:
    data["strip"]["epsilon_max"] = "1/10"


def smaller_drop(data: Data) -> None:
    data["strip"]["drop"] = "1/10"


def dropped_box(data: Data) -> None:
    record = next(c for c in data["conditions"] if c["name"] == "distance-above")
    record["boxes"].pop()


def dropped_condition(data: Data) -> None:
    data["conditions"] = [c for c in data["conditions"] if c["name"] != "upper-1"]


def changed_cofactor(data: Data) -> None:
    record = next(c for c in data["conditions"] if c["name"] == "lower-0")
    record["polynomial"][0]["coefficient"] = "100"


TAMPERINGS = [
    smaller_constant,
    smaller_weight,
    changed_series,
    other_limit,
    wider_band,
    narrower_z,
    larger_epsilon,
    smaller_drop,
    dropped_box,
    dropped_condition,
    changed_cofactor,
]


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda f: f.__name__)
def test_tampering_is_rejected(tamper: Callable[[Data], None]) -> None:
    data = fresh()
    tamper(data)
    found = check_certificate(data)
    assert found.status == REJECTED
    assert found.reason


def test_open_boxes_are_undecided() -> None:
    data = build_sharp_certificate(main_case(), 1, max_boxes=1)
    assert check_certificate(data).status == UNDECIDED


def test_one_step_towards_the_strip() -> None:
    """From ``V >= 2 + extent`` one step never leads below ``2 + extent - undershoot epsilon``: a grid, in floats."""
    strip = sharp_strip(main_case(), 1)
    extent, undershoot, slope = (float(x) for x in (strip.extent, strip.undershoot, strip.barrier.slope))
    low, high = (float(x) for x in strip.barrier.z_range)
    for e in (1 / 30, 0.01, 1e-4):
        for k in range(201):
            z = low + (high - low) * k / 200
            wall = 2 - e + slope * z * z / (1 - z)
            for level in range(11):
                V = max(wall, 2 + extent)
                V += (2.5 - e - V) * level / 10
                T = V + 2 * (1 - e) * z
                assert V - e * z * z * (4 - T) >= 2 + extent - undershoot * e - 1e-12 or 2.5 - e < V


def test_constants() -> None:
    bound = sharp_bound(sharp_strip(main_case(), 1))
    assert Fraction(7, 2) < bound.constant <= Fraction(17, 4)
    assert bound.tau == Fraction(4, 3)
    with pytest.raises(DomainError, match="an order in"):
        sharp_strip(main_case(), 9)


@pytest.mark.thorough
def test_third_order() -> None:
    strip = sharp_strip(main_case(), 3)
    assert all(judge_condition(c, 4000).verdict == "TRUE" for c in strip.conditions)
