"""``edgestab prove`` where no compiler has to run: a record that is there, and sources that have drifted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgestab.proofs import coq_record
from edgestab.proofs.round_off.record import COMMITTED, load, local_path, save

Run = Callable[..., Any]


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> coq_record.CoqRecord:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    record = coq_record.load_record(coq_record.COMMITTED_RECORD)
    assert record is not None
    path = coq_record.local_record_path()
    path.parent.mkdir(parents=True)
    coq_record.save_record(record, path)
    round_off = load(COMMITTED)["entries"]
    save(round_off, local_path())
    return record


def test_a_matching_record_is_not_built_again(edgestab: Run, local: coq_record.CoqRecord) -> None:
    ran = edgestab("prove")
    assert ran.code == 0
    assert "already" in ran.out
    assert "theorem1_explicit" in ran.out
    assert "round-off-two-step: proved on this machine already" in ran.out
    assert ran.out.rstrip().endswith("PROVED")


def test_a_further_axiom_is_not_proved(edgestab: Run, local: coq_record.CoqRecord) -> None:
    theorems = {**local.theorems, "theorem1": {"statement": "False", "axioms": ["EdgeStab.Trap.wish"]}}
    coq_record.save_record(replace(local, theorems=theorems), coq_record.local_record_path())
    ran = edgestab("prove")
    assert ran.code == 1
    assert "theorem1 rests on EdgeStab.Trap.wish" in ran.out


def test_drifted_sources_stop_it(edgestab: Run, local: coq_record.CoqRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coq_record, "stale_sources", lambda subject: ["Map.v"])
    ran = edgestab("prove")
    assert ran.code == 1
    assert "Map.v" in ran.out
