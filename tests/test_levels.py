"""The tables of what is shown at which level are those of the claims."""

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from edgestab.proofs.catalogue import all_claims
from edgestab.proofs.claims import Level
from edgestab.proofs.pages import claim_level

ROOT = Path(__file__).parents[1]


def load() -> ModuleType:
    spec = spec_from_file_location("levels", ROOT / "docs" / "levels.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LEVELS = load()


def test_the_tables_are_fresh() -> None:
    assert LEVELS.stale() == [], "run `python docs/levels.py`"


def test_no_level_is_above_what_the_checks_aim_at() -> None:
    record = json.loads(LEVELS.RECORD.read_text(encoding="utf-8"))
    for claim in all_claims().values():
        assert record[claim.id]["verdict"] == "TRUE"
        assert Level[record[claim.id]["level"]] <= claim_level(claim)


def test_a_changed_record_or_table_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    record = json.loads(LEVELS.RECORD.read_text(encoding="utf-8"))
    planted = tmp_path / "levels.json"
    monkeypatch.setattr(LEVELS, "RECORD", planted)
    for change, word in (
        ({"one-step-map": {**record["one-step-map"], "level": "CHECKED"}}, "levels.md"),
        ({"one-step-map": {**record["one-step-map"], "digest": "0"}}, "its statement changed"),
        ({"gone": record["one-step-map"]}, "no claim any more"),
    ):
        planted.write_text(json.dumps({**record, **change}), encoding="utf-8")
        assert any(word in line for line in LEVELS.stale())


@pytest.mark.thorough
def test_the_levels_are_those_of_a_run() -> None:
    assert LEVELS.judge() == json.loads(LEVELS.RECORD.read_text(encoding="utf-8"))
