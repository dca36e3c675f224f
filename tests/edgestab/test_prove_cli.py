"""``edgestab prove`` where no compiler has to run: a record that is there, and sources that have drifted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgestab.proofs import kernel

Run = Callable[..., Any]


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> kernel.KernelRecord:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    record = kernel.load_record(kernel.COMMITTED_RECORD)
    assert record is not None
    path = kernel.local_record_path()
    path.parent.mkdir(parents=True)
    kernel.save_record(record, path)
    return record


def test_a_matching_record_is_not_built_again(edgestab: Run, local: kernel.KernelRecord) -> None:
    ran = edgestab("prove")
    assert ran.code == 0
    assert "already" in ran.out
    assert "theorem1_explicit" in ran.out
    assert ran.out.rstrip().endswith("PROVED")


def test_a_further_axiom_is_not_proved(edgestab: Run, local: kernel.KernelRecord) -> None:
    theorems = {**local.theorems, "theorem1": {"statement": "False", "axioms": ["EdgeStab.Trap.wish"]}}
    kernel.save_record(replace(local, theorems=theorems), kernel.local_record_path())
    ran = edgestab("prove")
    assert ran.code == 1
    assert "theorem1 rests on EdgeStab.Trap.wish" in ran.out


def test_drifted_sources_stop_it(edgestab: Run, local: kernel.KernelRecord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "stale_sources", lambda derivations: ["Map.v"])
    ran = edgestab("prove")
    assert ran.code == 1
    assert "Map.v" in ran.out
