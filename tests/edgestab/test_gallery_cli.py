"""`edgestab gallery` as a user meets it."""

import json
from collections.abc import Callable
from pathlib import Path

from .conftest import Ran


def test_the_list_shows_every_entry_with_its_verdicts(edgestab: Callable[..., Ran]) -> None:
    ran = edgestab("gallery", "--format", "json")
    assert ran.code == 0
    entries = {e["entry"]: e for e in json.loads(ran.out)["entries"]}
    assert len(entries) == 14
    assert entries["liao"]["printed"][0]["verdict"] == "FALSE"
    assert not entries["liao"]["printed"][0]["judged"]
    assert "berthier" in edgestab("gallery").out


def test_one_entry_is_judged_and_drawn(edgestab: Callable[..., Ran], tmp_path: Path) -> None:
    target = tmp_path / "edge.svg"
    ran = edgestab("gallery", "long-bartlett", "--plot", str(target))
    assert ran.code == 0
    assert "TRUE (DERIVED)" in ran.out
    assert "CITED" in ran.out
    assert target.read_text(encoding="utf-8").count("<svg") == 1
    # a second time the file is kept
    assert edgestab("gallery", "long-bartlett", "--unjudged", "--plot", str(target)).code == 2


def test_bad_requests_say_what_to_do(edgestab: Callable[..., Ran]) -> None:
    ran = edgestab("gallery", "zuh")
    assert ran.code == 2
    assert "Did you mean zhu" in ran.err
    assert edgestab("gallery", "--format", "latex").code == 2
