"""``edgestab report``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_page_and_verify_agree(edgestab: Run, tmp_path: Path) -> None:
    record = tmp_path / "verify.json"
    told = edgestab("verify", "printed-y-leading", "--effort", "quick", "--jobs", "1", "--json", str(record))
    made = edgestab("report", "-o", str(tmp_path / "report"), "--from", str(record))
    assert (told.code, made.code) == (0, 0)
    verified = json.loads(record.read_text(encoding="utf-8"))
    content = json.loads((tmp_path / "report" / "claims.json").read_text(encoding="utf-8"))
    assert {c["id"]: c["result"] for c in content["claims"]} == verified["run"]["claims"]
    assert [e for c in content["claims"] for e in c["evidence"]] == verified["evidence"]
    assert (tmp_path / "report" / "index.html").read_text(encoding="utf-8").count('<section class="claim"') == 4
    again = edgestab("report", "-o", str(tmp_path / "report"), "--from", str(record))
    assert again.code == 2
    assert "--force" in again.err


def test_what_is_no_record_is_refused(edgestab: Run, tmp_path: Path) -> None:
    out = str(tmp_path / "report")
    assert "No such file" in edgestab("report", "-o", out, "--from", str(tmp_path / "none.json")).err
    (tmp_path / "other.json").write_text("[1]", encoding="utf-8")
    assert "another file" in edgestab("report", "-o", out, "--from", str(tmp_path / "other.json")).err
    (tmp_path / "other.json").write_text("<html>", encoding="utf-8")
    assert "no JSON" in edgestab("report", "-o", out, "--from", str(tmp_path / "other.json")).err
    assert edgestab("report", "theorem-1", "-o", out, "--from", str(tmp_path / "other.json")).code == 2
