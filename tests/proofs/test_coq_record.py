"""The kernel's record: what matches, what does not, and what a changed map does to it."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from edgestab.proofs import coq_build, coq_record
from edgestab.proofs.catalogue import get_claim
from edgestab.proofs.catalogue.coq import CLAIMS, coq_text, propositions
from edgestab.proofs.claims import CheckContext, Level, Outcome, Verdict
from edgestab.proofs.coq_export import generated_files
from edgestab.proofs.statements.coq_text import theorem_name
from edgestab.proofs.subject import Subject, main_subject
from edgestab.proofs.verify import run_check
from edgestab.symbolic.algebra.errors import DomainError, ProofError
from edgestab.symbolic.algebra.rings import poly_terms
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.planar.planar_map import PlanarMap

needs_coq = pytest.mark.skipif(coq_build.find_coq() is None, reason="coqc is not installed")


def flipped() -> Subject:
    """The main case with the sign of one coefficient of T' flipped."""
    right = main_case()
    terms = poly_terms(right.polynomials[1])
    exponents = max(terms)
    terms[exponents] = -terms[exponents]
    wrong = (right.polynomials[0], right.ring.from_dict(terms))
    return Subject(map=PlanarMap.from_polynomials(right.variables, wrong, right.parameters, right.name))


@pytest.fixture
def no_local_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = coq_record.local_record_path()
    path.parent.mkdir(parents=True)
    return path


def committed() -> coq_record.CoqRecord:
    record = coq_record.load_record(coq_record.COMMITTED_RECORD)
    assert record is not None
    return record


def judged(ctx: CheckContext | None = None) -> dict[str, Outcome]:
    return {c.id: run_check(c, 0, ctx or CheckContext()).outcome for c in (get_claim("theorem-1"), *CLAIMS)}


def test_regeneration_is_byte_identical() -> None:
    fresh = generated_files(main_subject())
    folder = coq_record.SOURCES / coq_record.GENERATED
    on_disk = {p.name: p.read_text(encoding="utf-8") for p in folder.glob("*.v")}
    assert on_disk.pop(coq_record.PROPOSITIONS) == coq_record.propositions_file(propositions().values())
    assert on_disk == fresh


def test_committed_record_matches_every_source() -> None:
    record = committed()
    assert dict(record.sources) == coq_record.source_digests(), (
        "run `edgestab prove --again --record proofs/coq/record.json`"
    )
    assert record.accepted
    assert record.checker["accepted"]
    assert set(record.theorems) == {t.name for t in coq_record.THEOREMS}
    assert record.excess_axioms() == {}
    checked = {name.removeprefix("EdgeStab.").replace(".", "/") + ".v" for name in record.checker["checked"]}
    assert checked == set(record.sources)


def test_sources_admit_nothing() -> None:
    for name, text in coq_record.source_files().items():
        for word in ("Admitted", "admit", "Axiom ", "Parameter ", "Conjecture", "bypass_check", "Unset Guard"):
            assert word not in text, (name, word)


def test_claims_are_proved_by_the_committed_record(no_local_record: Path) -> None:
    for outcome in judged().values():
        assert outcome.verdict is Verdict.TRUE
        assert outcome.recorded
        assert "the committed record" in outcome.detail
        assert committed().digest()[:16] in outcome.detail
        assert "`edgestab prove`" in outcome.detail
    assert all(check.level is Level.PROVED for claim in CLAIMS for check in claim.checks)


def test_this_machine_comes_first(no_local_record: Path) -> None:
    coq_record.save_record(committed(), no_local_record)
    assert coq_record.coq_status().source == "this machine's Coq"
    assert not any(outcome.recorded for outcome in judged().values())


def test_no_matching_record_is_unknown(no_local_record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = replace(committed(), sources={**committed().sources, "Trap.v": "0" * 64})
    monkeypatch.setattr(coq_record, "COMMITTED_RECORD", no_local_record.with_name("absent.json"))
    coq_record.save_record(stale, no_local_record)
    assert {o.verdict for o in judged().values()} == {Verdict.UNKNOWN}


def test_a_rejecting_kernel_is_false(no_local_record: Path) -> None:
    coq_record.save_record(replace(committed(), accepted=False, failure="Trap.v: no"), no_local_record)
    assert {o.verdict for o in judged().values()} == {Verdict.FALSE}


@pytest.mark.parametrize(
    "change",
    [
        {"accepted": "no"},
        {"accepted": None},
        {"theorems": None},
        {"checker": None},
        {"checker": {"accepted": "yes"}},
        {"theorems": {"theorem1": {"statement": None, "axioms": []}}},
        {"theorems": {"theorem1": {"statement": "True", "axioms": None}}},
        {"date": 3},
    ],
)
def test_a_record_with_a_field_of_another_type_is_a_typed_error(no_local_record: Path, change: dict[str, Any]) -> None:
    no_local_record.write_text(json.dumps({**committed().to_json(), **change}), encoding="utf-8")
    with pytest.raises(ProofError, match="record of Coq"):
        coq_record.coq_status()


def test_a_refusal_of_the_independent_checker_is_false(no_local_record: Path) -> None:
    checker = {**committed().checker, "accepted": False, "message": "unsafe (co)fixpoints: nope"}
    coq_record.save_record(replace(committed(), checker=checker), no_local_record)
    assert {o.verdict for o in judged().values()} == {Verdict.FALSE}


def test_a_weaker_statement_is_false(no_local_record: Path) -> None:
    theorems = {**committed().theorems, "theorem1": {"statement": "True", "axioms": []}}
    coq_record.save_record(replace(committed(), theorems=theorems), no_local_record)
    outcomes = judged()
    assert {o.verdict for o in outcomes.values()} == {Verdict.FALSE}
    assert "theorem1: another statement" in outcomes["theorem-1-coq"].detail


def test_a_theorem_of_another_proposition_is_false(no_local_record: Path) -> None:
    theorems = json.loads(json.dumps(dict(committed().theorems)))
    theorems["theorem_1_coq_holds"]["statement"] = "Statements.claim_theorem_1"
    coq_record.save_record(replace(committed(), theorems=theorems), no_local_record)
    assert judged()["theorem-1-coq"].verdict is Verdict.FALSE


def test_another_statement_than_the_recorded_one_is_not_proved() -> None:
    claim = get_claim("theorem-1")
    wider = replace(claim, statement=replace(claim.statement, given=claim.statement.given[1:]))
    outcome = run_check(wider, 0, CheckContext()).outcome
    assert outcome.verdict is Verdict.UNKNOWN
    assert "claim_theorem_1 in the sources says something else" in outcome.detail
    unwritten = replace(claim, statement=replace(claim.statement, conclusion=(sp.Lt(sp.Symbol("a"), 1),)))
    assert run_check(unwritten, 0, CheckContext()).outcome.verdict is Verdict.UNKNOWN


def test_the_file_of_statements_is_written_where_it_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coq_record, "SOURCES", tmp_path)
    assert coq_record.recorded_propositions() == ""
    (tmp_path / coq_record.GENERATED).mkdir()
    text = coq_record.propositions_file(["Definition claim_x : Prop := True.\n"])
    assert coq_record.write_propositions(text)
    assert not coq_record.write_propositions(text)
    assert coq_record.recorded_propositions() == text


@needs_coq
@pytest.mark.parametrize("claim_id", propositions())
def test_what_is_printed_of_a_claim_is_coq_by_itself(claim_id: str, tmp_path: Path) -> None:
    text = coq_text(get_claim(claim_id))
    assert "Require Import" in text
    assert "EdgeStab" not in text
    (tmp_path / "One.v").write_text(text, encoding="utf-8")
    assert coq_build.compile_files(tmp_path, {"One.v": text}, 1)[1] == ""


def test_only_what_coq_proves_is_printed_in_coq() -> None:
    with pytest.raises(DomainError, match="Pick one that Coq proves"):
        coq_text(get_claim("one-step-map"))


UNSOUND = """From Coq Require Import Reals.
#[bypass_check(guard)] Fixpoint nope (n : nat) {struct n} : False := nope n.
Theorem first : 1 = 2. Proof. destruct (nope 0). Qed.
"""


@needs_coq
def test_a_check_that_is_switched_off_is_not_proved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "One.v").write_text(UNSOUND, encoding="utf-8")
    theorem = (coq_record.Theorem("first", "One"),)
    record = coq_build.build(sources=tmp_path, theorems=theorem)
    assert not record.accepted
    assert "bypass_check" in record.failure
    # and were the source not looked at, by each of the two audits alone
    monkeypatch.setattr(coq_build, "forbidden", lambda files: [])
    record = coq_build.build(sources=tmp_path, theorems=theorem)
    assert record.theorems["first"]["axioms"] == ["unsafe: nope is assumed to be guarded."]
    assert not record.accepted
    assert "unsafe (co)fixpoints" in record.failure


def test_a_further_axiom_is_false(no_local_record: Path) -> None:
    theorems = json.loads(json.dumps(dict(committed().theorems)))
    theorems["theorem_1_coq_holds"]["axioms"].append("EdgeStab.Trap.wish")
    coq_record.save_record(replace(committed(), theorems=theorems), no_local_record)
    assert judged()["theorem-1-coq"].verdict is Verdict.FALSE
    assert judged()["one-step-coq"].verdict is Verdict.TRUE


def test_a_broken_record_is_a_typed_error(no_local_record: Path) -> None:
    no_local_record.write_text("{}", encoding="utf-8")
    with pytest.raises(ProofError, match="record of Coq"):
        coq_record.coq_status()


def test_a_changed_coefficient_turns_the_claims_false() -> None:
    outcomes = judged(CheckContext(subject=flipped()))
    assert {o.verdict for o in outcomes.values()} == {Verdict.FALSE}


def write(folder: Path, names: tuple[str, ...], changed: dict[str, str]) -> dict[str, str]:
    files = {name: changed.get(name, text) for name, text in coq_record.source_files().items() if name in names}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return files


@needs_coq
def test_the_kernel_rejects_a_changed_map(tmp_path: Path) -> None:
    """Only the map and the identities, a few seconds: the weight norm no longer falls as it should."""
    right = (coq_record.SOURCES / "generated" / "Map.v").read_text(encoding="utf-8")
    wrong = right.replace("+ 2*z^3*e", "- 2*z^3*e")
    assert wrong != right
    files = write(tmp_path, ("Trap.v", "generated/Map.v"), {"generated/Map.v": wrong})
    seconds, failure = coq_build.compile_files(tmp_path, files, 1)
    assert "generated/Map.v" in seconds
    assert failure.startswith("Trap.v")


@needs_coq
@pytest.mark.thorough
def test_the_whole_development_builds() -> None:
    record = coq_build.build(jobs=2)
    assert record.accepted, record.failure
    assert record.excess_axioms() == {}
    assert dict(record.sources) == coq_record.source_digests()


#: Of each claim a part of its proposition, what to put in its place, and a word of the theorem that then fails.
MUTATED = {
    "theorem-1": ("51 * h0 / 50", "52 * h0 / 50"),
    "theorem-1-coq": ("e <= 3 / 10", "e <= 4 / 10"),
    "theorem-1-basin-coq": ("e <= 1 ->", "e <= 2 ->"),
    "theorem-1-sharp-coq": ("137 * e ^ 3 / 8", "136 * e ^ 3 / 8"),
    "gradient-coq": ("x - eta * L_1", "x + eta * L_1"),
    "one-step-coq": ("z ^ 2 * (2 * e * z", "z ^ 2 * (3 * e * z"),
    "hierarchy-coq": ("M k th - 2 * z", "M k th - 3 * z"),
    "recurrence-identity-coq": ("z ^ 5 * poly_3", "z ^ 6 * poly_3"),
}


@needs_coq
@pytest.mark.thorough
def test_mutated_propositions_are_refused(tmp_path: Path) -> None:
    """The whole development once, then each statement with one thing changed."""
    files = write(tmp_path, tuple(coq_record.source_files()), {})
    assert coq_build.compile_files(tmp_path, files, 2)[1] == ""
    text, claims = files[f"{coq_record.GENERATED}/{coq_record.PROPOSITIONS}"], files["Claims.v"]
    assert sorted(MUTATED) == sorted(propositions())
    for claim_id, (right, wrong) in MUTATED.items():
        right_text = propositions()[claim_id]
        assert right in right_text
        folder = tmp_path / coq_record.GENERATED
        (folder / coq_record.PROPOSITIONS).write_text(
            text.replace(right_text, right_text.replace(right, wrong)), encoding="utf-8"
        )
        for name in (f"{coq_record.GENERATED}/{coq_record.PROPOSITIONS}", "Claims.v"):
            command = ["coqc", *coq_build.FLAGS, "-R", ".", coq_build.LIBRARY, name]
            ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode != 0, claim_id
        line = int(ran.stderr.partition("line ")[2].partition(",")[0])
        begun = "\n".join(claims.splitlines()[:line]).rpartition("Theorem ")[2]
        assert begun.startswith(theorem_name(claim_id)), (claim_id, ran.stderr)


def test_dependencies_find_circles_and_gaps(tmp_path: Path) -> None:
    with pytest.raises(ProofError, match="a source of Absent"):
        coq_build.dependencies({"One.v": "From EdgeStab Require Import Absent.\n"})
    files = {"One.v": "From EdgeStab Require Import Two.\n", "Two.v": "From EdgeStab Require Import One.\n"}
    with pytest.raises(ProofError, match="without circles"):
        coq_build.compile_files(tmp_path, files, 1)


def test_audit_output_is_read_back() -> None:
    theorems = (coq_record.Theorem("first", "One"), coq_record.Theorem("second", "Two"))
    output = (
        "first : 0 <\n  1\nAxioms:\nA.b : forall P, P\nC.long\n  : nat\n"
        "Two.second\n     : True\nClosed under the global context\n"
    )
    found = coq_build.parse_audit(output, theorems)
    assert found == {
        "first": {"statement": "0 < 1", "axioms": ["A.b", "C.long"]},
        "second": {"statement": "True", "axioms": []},
    }
    with pytest.raises(ProofError, match="statement of second"):
        coq_build.parse_audit(output.replace("Two.second", "other"), theorems)


def test_missing_coq_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ProofError, match="apt-get install coq"):
        coq_build.coq_version()
    with pytest.raises(ProofError, match=r"Coq 8\.16"):
        coq_build.install_coq()
