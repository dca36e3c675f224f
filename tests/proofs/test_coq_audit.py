"""The guards around Coq: each way to make it accept what it has not checked is noticed."""

import json
from pathlib import Path

import pytest

from edgestab.proofs import coq_audit, coq_record
from edgestab.symbolic.algebra.errors import ProofError

REFUSED = {
    "#[bypass_check(guard)] Fixpoint nope (n:nat) {struct n} : False := nope n.": "bypass_check",
    "Unset Guard Checking.": "Guard Checking",
    "Unset  Positivity\n Checking.": "Positivity Checking",
    "Unset Universe Checking.": "Universe Checking",
    "Axiom a : 0 = 1.": "Axiom",
    "Parameter a : nat.": "Parameter",
    "Theorem t : 0 = 1. Admitted.": "Admitted",
    "Theorem t : 0 = 1. Proof. admit. Qed.": "admit",
    'Declare ML Module "x".': "Declare ML Module",
    "Hypothesis h : 0 = 1.": "Hypothesis",
    "Section A. End A.\nSection B.\nEnd B.\nVariable h : False.": "Variable",
}


@pytest.mark.parametrize("text", REFUSED)
def test_commands_that_switch_checks_off_are_refused(text: str) -> None:
    found = coq_audit.forbidden({"A.v": text})
    assert any(REFUSED[text] in line for line in found), found


def test_the_development_holds_none_of_them_and_comments_do_not_count() -> None:
    assert coq_audit.forbidden(coq_record.source_files()) == []
    quiet = '(* Axiom (* Admitted *) a *) Definition s := "Axiom". Section A.\nVariable x : nat.\nEnd A.'
    assert coq_audit.forbidden({"A.v": quiet}) == []


ASSUMED = """
ClassicalDedekindReals.sig_forall_dec
  : forall P : nat -> Prop,
    (forall n : nat, {P n} + {~ P n}) -> nat
One.axiom : 0 = 1
nope is assumed to be guarded.
Bad is assumed to be positive.
V relies on an unsafe hierarchy.
"""


def test_every_line_of_the_assumptions_is_an_axiom_or_unsafe() -> None:
    assert coq_audit.read_assumptions(ASSUMED) == [
        "ClassicalDedekindReals.sig_forall_dec",
        "One.axiom",
        "unsafe: Bad is assumed to be positive.",
        "unsafe: V relies on an unsafe hierarchy.",
        "unsafe: nope is assumed to be guarded.",
    ]


SUMMARY = """
CONTEXT SUMMARY
===============

* Theory: Set is predicative

* Axioms:
    Coq.Reals.Rdefinitions.RbaseSymbolsImpl.Rplus
    Coq.Reals.ClassicalDedekindReals.sig_forall_dec

* Constants/Inductives relying on type-in-type: <none>

* Constants/Inductives relying on unsafe (co)fixpoints: <none>

* Inductives whose positivity is assumed: <none>
"""


def test_a_clean_summary_is_accepted() -> None:
    summary = coq_audit.read_summary(SUMMARY)
    assert summary.refused == ()
    assert len(summary.axioms) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("unsafe (co)fixpoints: <none>", "unsafe (co)fixpoints:\n    EdgeStab.One.nope"),
        ("type-in-type: <none>", "type-in-type:\n    EdgeStab.One.V"),
        ("assumed: <none>", "assumed:\n    EdgeStab.One.Bad"),
        ("Set is predicative", "Set is impredicative"),
        ("    Coq.Reals.ClassicalDedekindReals.sig_forall_dec", "    EdgeStab.One.axiom"),
        ("* Inductives whose positivity is assumed: <none>", ""),
        ("CONTEXT SUMMARY", "summary"),
        ("* Axioms:", "* Something new: entry\n\n* Axioms:"),
    ],
)
def test_anything_else_in_the_summary_is_refused(old: str, new: str) -> None:
    assert old in SUMMARY
    assert coq_audit.read_summary(SUMMARY.replace(old, new)).refused


FILES = {
    "A.v": "Definition step (x : R) : R := x / 2.\nFixpoint run n x := match n with O => x | S k => step (run k x) end."
    "\n",
    "B.v": "Definition other := 3.\nTheorem t : forall x, Un_cv (fun n => run n x) 0.\nProof. exact _. Qed.",
}
STATEMENTS = {"t": "forall x : R, Un_cv (fun n : nat => run n x) 0"}


def test_a_weaker_statement_or_definition_is_noticed() -> None:
    pinned = coq_audit.pin(STATEMENTS, FILES)
    assert set(pinned["definitions"]) == {"run", "step"}
    assert coq_audit.restated(STATEMENTS, FILES, pinned) == []
    assert coq_audit.restated({"t": "True"}, FILES, pinned) == [
        "t: another statement",
        "run: no definition",
        "step: no definition",
    ]
    weaker = {**FILES, "A.v": FILES["A.v"].replace("x / 2", "0")}
    assert coq_audit.restated(STATEMENTS, weaker, pinned) == ["step: another definition"]
    assert coq_audit.restated({}, FILES, pinned)[0] == "t: no statement"
    shadowed = {**FILES, "C.v": "Definition run (n : nat) (x : R) := 0."}
    assert coq_audit.restated(STATEMENTS, shadowed, pinned) == ["run: another definition"]


def test_the_committed_record_proves_the_pinned_statements() -> None:
    record = coq_record.load_record(coq_record.COMMITTED_RECORD)
    assert record is not None
    statements = {name: str(entry["statement"]) for name, entry in record.theorems.items()}
    assert coq_audit.restated(statements, coq_record.source_files()) == []
    pinned = coq_audit.load_pinned()
    assert {"gd", "gd_step", "lambda", "f", "loss_x"} <= set(pinned["definitions"])
    assert "2 / eta - e / eta <= lim <= 2 / eta" in pinned["theorems"]["theorem1"]


def test_a_definition_is_printed_with_all_it_uses_once_and_in_order() -> None:
    files = {**FILES, "C.v": "Definition p := 1.\nDefinition V (p : R) : R := p + step p.\nSection S.\nVariable w : R."}
    files["C.v"] += "\nDefinition scaled (x : R) := w * x.\nEnd S.\nDefinition step (x : R) := x.\n"
    files["A.v"] = files["A.v"].replace("Definition step", "Definition half")
    files["A.v"] = files["A.v"].replace("step (run", "half (run")
    text = coq_audit.with_definitions("Definition claim : Prop := forall x : R, run 2 (V x) = other.", files)
    names = [line.split()[1] for line in text.splitlines() if line.startswith(("Definition", "Fixpoint"))]
    assert names == ["step", "V", "other", "half", "run", "claim"]  # not p, which V binds
    assert "Coquelicot" not in text
    assert "Coquelicot" in coq_audit.with_definitions("Definition claim : Prop := open V.", files)
    with pytest.raises(ProofError, match="one definition of scaled"):
        coq_audit.with_definitions("Definition claim : Prop := scaled 0 1 = 0.", files)


def test_bound_names_are_not_free() -> None:
    sentence = (
        "Definition d (a b : R) : R := match c with (q, t) :: r => fun u : R => let k := a in forall j, q + u + e j k"
    )
    assert coq_audit.free_names(sentence) & set("abcqtrukje") == {"c", "e"}


def test_a_damaged_pin_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "statements.json"
    with pytest.raises(ProofError, match="pinned statements"):
        coq_audit.load_pinned(path)
    path.write_text(json.dumps({"theorems": {}}), encoding="utf-8")
    with pytest.raises(ProofError, match="pinned statements"):
        coq_audit.load_pinned(path)
