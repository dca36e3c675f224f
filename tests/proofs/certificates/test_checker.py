"""The checker accepts what the prover proves and rejects every tampering."""

import json
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import pytest
from flint import arb, fmpq

from edgestab.proofs.certificates.bernstein import prove_positive
from edgestab.proofs.certificates.checker import ACCEPTED, FORMERLY, REJECTED, UNDECIDED, check_certificate
from edgestab.proofs.certificates.theorem_1 import build_certificate
from edgestab.symbolic.algebra.errors import DomainError, ProofError
from edgestab.symbolic.algebra.rings import poly_terms
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.planar.planar_map import PlanarMap

Data = dict[str, Any]


@lru_cache
def original() -> str:
    return json.dumps(build_certificate(main_case()))


def fresh() -> Data:
    data: Data = json.loads(original())
    return data


def named(data: Data, name: str) -> Data:
    return next(c for c in data["conditions"] if c["name"] == name)


def test_top_level() -> None:
    data = fresh()
    assert {"claim", "epsilon_max", "delta_over_epsilon", "conditions", "verdict"} <= data.keys()
    assert (data["epsilon_max"], data["delta_over_epsilon"], data["verdict"]) == ("1", "1", "TRUE")


def test_accepted() -> None:
    found = check_certificate(fresh())
    assert found.status == ACCEPTED, found.reason
    assert found.conditions == 28
    assert found.boxes >= 30


def test_files_under_the_former_names_are_still_read() -> None:
    data, former = fresh(), {new: old for old, new in FORMERLY.items()}
    renamed = [c for c in data["conditions"] if c["name"] in former]
    assert len(renamed) == 3, "one sign change for each region"
    for record in renamed:
        record["name"] = former[record["name"]]
    assert check_certificate(data).status == ACCEPTED
    renamed[0]["boxes"].pop()
    assert check_certificate(data).status == REJECTED


@pytest.mark.parametrize("top", ["1/10", "1/4"])
def test_shorter_ranges(top: str) -> None:
    data = build_certificate(main_case(), Fraction(top))
    assert check_certificate(data).status == ACCEPTED
    assert data["epsilon_max"] == top


def dropped_box(data: Data) -> None:
    named(data, "drift")["boxes"].pop()


def changed_box(data: Data) -> None:
    named(data, "drift")["boxes"][0][0][1] = "1/10"


def overlapping_boxes(data: Data) -> None:
    boxes = named(data, "far")["boxes"]
    boxes.append(boxes[0])


def changed_domain(data: Data) -> None:
    record = named(data, "ceiling")
    record["box"][2][1] = "1/10"
    record["boxes"] = [record["box"]]


def changed_polynomial(data: Data) -> None:
    named(data, "lift")["polynomial"][0]["coefficient"] = "2"


def easier_condition(data: Data) -> None:
    record = named(data, "far")
    record["polynomial"] = [{"exponents": [0, 0, 0], "coefficient": "1"}]


def changed_slope(data: Data) -> None:
    data["regions"][0]["slope"] = "8/5"


def changed_delta(data: Data) -> None:
    data["delta_over_epsilon"] = "1/2"


def changed_width(data: Data) -> None:
    for region in data["regions"]:
        region["width"] = "1/2"
    data["delta_over_epsilon"] = "1/2"


def changed_top(data: Data) -> None:
    data["epsilon_max"] = "2"


def gap_in_epsilon(data: Data) -> None:
    data["regions"][1]["epsilon_range"][0] = "1/4"


def changed_overshoot(data: Data) -> None:
    data["regions"][0]["start"]["overshoot"] = "1"


def changed_map(data: Data) -> None:
    data["map"]["components"][0][0]["coefficient"] = "3"


def dropped_condition(data: Data) -> None:
    data["conditions"].remove(named(data, "sign-change"))


def false_verdict(data: Data) -> None:
    named(data, "sign-change")["verdict"] = "FALSE"


def float_constant(data: Data) -> None:
    data["regions"][0]["height"] = 0.5


def open_box_called_true(data: Data) -> None:
    record = named(data, "drift")
    record["undecided"].append(record["boxes"].pop())


TAMPERINGS = [
    dropped_box,
    changed_box,
    overlapping_boxes,
    changed_domain,
    changed_polynomial,
    easier_condition,
    changed_slope,
    changed_delta,
    changed_width,
    changed_top,
    gap_in_epsilon,
    changed_overshoot,
    changed_map,
    dropped_condition,
    false_verdict,
    float_constant,
    open_box_called_true,
]


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda f: f.__name__)
def test_tampering_is_rejected(tamper: Callable[[Data], None]) -> None:
    data = fresh()
    tamper(data)
    found = check_certificate(data)
    assert found.status == REJECTED
    assert found.reason


def test_open_boxes_are_undecided() -> None:
    data = build_certificate(main_case(), Fraction(1, 5), max_boxes=1)
    assert data["verdict"] == "UNKNOWN"
    found = check_certificate(data)
    assert found.status == UNDECIDED
    assert found.exit_code == 3


@pytest.mark.parametrize("junk", [None, [], {}, {"format": "edgestab certificate 1"}, {"conditions": 3}])
def test_junk_is_rejected(junk: object) -> None:
    assert check_certificate(junk).status == REJECTED


def test_epsilon_max_out_of_range() -> None:
    with pytest.raises(DomainError, match="epsilon_max"):
        build_certificate(main_case(), Fraction(3, 2))


def test_no_flipped_map_gets_a_certificate() -> None:
    one_step = main_case()
    for component, polynomial in enumerate(one_step.polynomials):
        for exponents in poly_terms(polynomial):
            polynomials = list(one_step.polynomials)
            terms = poly_terms(polynomial)
            terms[exponents] = -terms[exponents]
            polynomials[component] = one_step.ring.from_dict(terms)
            mutant = PlanarMap.from_polynomials(one_step.variables, tuple(polynomials), one_step.parameters)
            try:
                data = build_certificate(mutant, Fraction(1, 5))
            except ProofError:
                continue
            assert data["verdict"] == "FALSE"
            assert check_certificate(data).status == REJECTED


def test_conditions_hold_in_ball_arithmetic_too() -> None:
    """A third look: Arb balls on a grid of small boxes inside each domain."""
    for record in fresh()["conditions"]:
        sides = [(Fraction(a), Fraction(b)) for a, b in record["box"]]
        terms = {tuple(t["exponents"]): Fraction(t["coefficient"]) for t in record["polynomial"]}
        assert prove_positive(terms, sides).verdict == "TRUE"
        for share in (Fraction(0), Fraction(1, 3), Fraction(1, 2), Fraction(1)):
            point = [arb(fmpq((a + share * (b - a)).numerator, (a + share * (b - a)).denominator)) for a, b in sides]
            total = arb(0)
            for exponents, c in terms.items():
                part = arb(fmpq(c.numerator, c.denominator))
                for x, e in zip(point, exponents, strict=True):
                    part *= x**e
                total += part
            assert total > 0
