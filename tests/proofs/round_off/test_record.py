"""Records and certificates: what they answer, and what is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from edgestab.proofs.catalogue.round_off import questions
from edgestab.proofs.round_off import record as records
from edgestab.proofs.round_off.building import refused
from edgestab.proofs.round_off.certificate import judge_round_off
from edgestab.proofs.round_off.script import find_gappa
from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.models.quadratic import main_case

F = Fraction
ONE = questions()["round-off-one-step"][0]
GAPPA = """Require Import Gappa.Gappa_library.
Section Generated_by_Gappa.
Variable _z : R.
Definition f1 := Float2 (-1) (-1).
Notation p1 := (BND _z i1). (* BND(z, [-0.5, 0.25]) *)
Lemma l1 : s1 -> False.
Proof.
 intros h0.
Qed.
End Generated_by_Gappa.
"""


def test_the_committed_record_answers_what_the_claims_ask() -> None:
    for question, _ in questions().values():
        found = records.find(question, main_case(), [records.COMMITTED])
        assert isinstance(found, records.Recorded)
        assert not found.here
        assert found.plan.bounds == question.bounds


@pytest.mark.parametrize(
    "other",
    [
        replace(ONE, bounds=(ONE.bounds[0] - F(1, 10**18), ONE.bounds[1])),
        replace(ONE, box={**ONE.box, "z": (F(-1), F(1, 4))}),
        replace(ONE, steps=2),
        replace(ONE, target="javascript"),
    ],
)
def test_it_answers_nothing_else(other: records.Question) -> None:
    assert "no record speaks" in str(records.find(other, main_case(), [records.COMMITTED]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda e: e["generated"].update({"RoundOff.v": "0" * 64}), "differ from the recorded ones"),
        (lambda e: e["plan"].update({"program": "0" * 64}), "another program"),
        (lambda e: e.update(accepted="yes"), "did not accept"),
        (lambda e: e["axioms"].append("Cell0.wish"), "did not accept"),
        (lambda e: e["checker"].update(accepted=None), "did not accept"),
    ],
)
def test_a_changed_record_does_not_answer(change: Callable[[Any], object], said: str, tmp_path: Path) -> None:
    entries = records.load(records.COMMITTED)["entries"]
    change(entries[0])
    records.save(entries, tmp_path / "record.json")
    assert said in str(records.find(ONE, main_case(), [tmp_path / "record.json"]))


def test_a_file_that_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text('{"entries": 3}')
    with pytest.raises(ProofError, match="a record"):
        records.load(path)


@pytest.mark.parametrize(
    "line",
    [
        "Axiom wish : False.",
        "End Generated_by_Gappa. Definition computed := 0.",
        "Require Import Cheat.",
        "End Gappa0.",
        "Global Notation computed := exact.",
        "#[global] Notation a := b.",
    ],
)
def test_what_gappa_does_not_print_is_refused(line: str) -> None:
    assert refused({"a": GAPPA}) == []
    assert refused({"a": GAPPA.replace("Lemma l1", f"{line}\nLemma l1")})


def test_nothing_is_written_without_gappa(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ProofError, match="apt-get install gappa libcoq-gappa libcoq-flocq"):
        records.prove_question(replace(ONE, steps=3), main_case(), 1)


@pytest.mark.thorough
@pytest.mark.skipif(find_gappa() is None, reason="gappa is not installed")
def test_a_certificate_is_written_judged_and_refused_when_changed() -> None:
    from edgestab.proofs.round_off.certificate import certify_round_off

    ranges = [(F(0), F(1, 8)), (F(7, 4), F(2)), (F(0), F(1, 10))]
    for steps, target in ((1, "javascript"), (3, "c")):
        data = json.loads(json.dumps(certify_round_off(main_case(), ranges, target=target, steps=steps, cells=1)))
        assert data["verdict"] == "TRUE"
        assert judge_round_off(data, main_case()).accepted
        tighter = {**data, "plan": {**data["plan"], "bounds": {"z": "1/10000000000000000000", "T": "1/10000000000"}}}
        assert "not what the program and the box give" in judge_round_off(tighter, main_case()).reason
        name = next(iter(data["proofs"]))
        broken = {**data, "proofs": {**data["proofs"], name: data["proofs"][name].replace("Float2 (", "Float2 (1", 1)}}
        assert not judge_round_off(broken, main_case()).accepted
