"""``claims.json``: the record of the verification and nothing else, in the form that its schema says."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edgestab.proofs.catalogue import all_claims, get_claim, subjects
from edgestab.proofs.claims import Finding
from edgestab.proofs.report.content import LEVELS, arrows, claims_content
from edgestab.proofs.report.files import SCHEMA_FILE, check_folder, write_report
from edgestab.symbolic.algebra.errors import DomainError, OutputError

SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def problems(content: dict[str, Any]) -> list[str]:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return [f"{list(e.absolute_path)}: {e.message}" for e in validator.iter_errors(json.loads(json.dumps(content)))]


def test_verdicts_and_evidence_are_those_of_the_record(whole: dict[str, Any], verified: dict[str, Any]) -> None:
    assert {c["id"]: c["result"] for c in whole["claims"]} == verified["run"]["claims"]
    assert [e for c in whole["claims"] for e in c["evidence"]] == verified["evidence"]
    assert whole["run"] == {key: value for key, value in verified["run"].items() if key != "claims"}


def test_it_follows_its_schema(whole: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert problems(whole) == []
    assert {c["id"] for c in whole["claims"] if c["coq"]} >= {"theorem-1-coq"}
    assert {c["id"] for c in whole["claims"] if c["derivation"]} >= {"printed-y-remainder-incomplete"}


@pytest.mark.parametrize(
    ("path", "value"),
    [(("claims", 0, "result", "verdict"), "MAYBE"), (("claims", 0, "evidence", 0, "tested"), 0), (("schema",), "2")],
)
def test_the_schema_refuses_what_is_none(content: dict[str, Any], path: tuple[str | int, ...], value: object) -> None:
    inner: Any = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert len(problems(content)) == 1


def test_the_schema_wants_every_key(content: dict[str, Any]) -> None:
    del content["claims"][0]["statement"]
    content["claims"][0]["opinion"] = "nice"
    assert len(problems(content)) == 2


def test_a_record_of_other_claims_is_refused(verified: dict[str, Any]) -> None:
    with pytest.raises(DomainError, match="verify --json"):
        claims_content({"evidence": []})
    stale = copy.deepcopy(verified)
    stale["evidence"][0]["method"] = "what was done before"
    with pytest.raises(DomainError, match="The claims have changed since"):
        claims_content(stale)
    unknown = copy.deepcopy(verified)
    unknown["run"]["claims"]["no-such-claim"] = unknown["run"]["claims"]["theorem-1-coq"]
    with pytest.raises(DomainError, match="no-such-claim"):
        claims_content(unknown)


def test_arrows_are_those_of_the_claims_and_of_coq(whole: dict[str, Any]) -> None:
    found = arrows(whole)
    ids = {c["id"] for c in whole["claims"]}
    own = {(a, b) for a, b, kind in found if kind in ("uses", "includes")}
    assert own == {(i, used) for i in ids for used in get_claim(i).related}
    assert ("theorem-1-coq", "coq:theorem1", "coq") in found
    assert ("coq:theorem1", "coq:edge_of_stability", "coq") in found
    names = {f"coq:{t['name']}" for t in whole["coq"]["theorems"]}
    assert {end for pair in found for end in pair[:2]} <= ids | names


def test_the_first_screen_is_chosen_by_the_claims() -> None:
    found = {kind: [c.id for c in all_claims().values() if c.finding is kind] for kind in Finding}
    assert found[Finding.MAIN] == ["theorem-1", "theorem-2"]
    assert "printed-y-remainder-incomplete" in found[Finding.LEFT_OUT]
    assert "theorem-2-conventions" in found[Finding.SILENT]


def test_levels_mean_what_the_page_on_claims_says() -> None:
    page = (Path(__file__).parents[3] / "docs" / "claims.md").read_text(encoding="utf-8")
    for level, meaning in LEVELS.items():
        assert level.name == "REFUTED" or (f"| {level.name} |" in page and meaning in page)


def test_every_claim_has_one_subject() -> None:
    listed = [claim_id for ids in subjects().values() for claim_id in ids]
    assert sorted(listed) == sorted(all_claims())


def test_a_report_is_not_replaced_without_force(small: dict[str, Any], tmp_path: Path) -> None:
    written = write_report(tmp_path / "new", small)
    assert [path.name for path in written] == ["index.html", "claims.json", "claims.schema.json"]
    with pytest.raises(OutputError, match="--force"):
        check_folder(tmp_path / "new", force=False)
    assert check_folder(tmp_path / "new", force=True) == tmp_path / "new"
    for bad in (written[0] / "report", "a\0b", "n" * 5000):
        with pytest.raises(OutputError, match="a folder"):
            check_folder(bad, force=False)
