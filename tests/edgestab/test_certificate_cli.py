"""Writing and judging certificates from the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def test_write_then_check(edgestab: Run, tmp_path: Path) -> None:
    path = tmp_path / "theorem-1.json"
    written = edgestab("certificate", "theorem-1", "--epsilon-max", "0.2", "-o", str(path))
    assert written.code == 0
    assert "start-overshoot" in written.out
    checked = edgestab("check-certificate", str(path))
    assert (checked.code, checked.out.startswith("accepted")) == (0, True)
    said = " ".join(checked.out.split())
    assert "theorem: For 0 < epsilon <= 1/5" in said
    assert "region: 0 < epsilon <= 1/5: 7/5 z^2/(1 - z)" in said
    assert "verified: 1 regions, 12 conditions, 14 boxes, 8 exact identities" in said
    data = json.loads(path.read_text(encoding="utf-8"))
    assert (data["claim"], data["epsilon_max"]) == ("theorem-1", "1/5")
    data["delta_over_epsilon"] = "1/2"
    path.write_text(json.dumps(data), encoding="utf-8")
    rejected = edgestab("check-certificate", str(path))
    assert rejected.code == 1
    assert "delta_over_epsilon" in rejected.out
    assert edgestab("certificate", "theorem-1", "-o", str(path)).code == 2


def test_undecided_is_exit_3(edgestab: Run, tmp_path: Path) -> None:
    path = tmp_path / "open.json"
    written = edgestab("certificate", "theorem-1", "--epsilon-max", "1/5", "--max-boxes", "1", "-o", str(path))
    assert written.code == 3
    assert edgestab("check-certificate", str(path)).code == 3


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (("certificate", "theorem-7"), "expected theorem-1"),
        (("certificate", "theorem-1", "--epsilon-max", "3/2"), "epsilon_max"),
        (("certificate", "theorem-1", "--epsilon-max", "nan"), "rational"),
        (("check-certificate", "/nowhere/at/all"), "readable file"),
    ],
)
def test_bad_input_is_one_line(edgestab: Run, argv: tuple[str, ...], text: str) -> None:
    ran = edgestab(*argv)
    assert ran.code == 2
    assert text in ran.err
    assert ran.err.count("\n") == 1


def test_no_json_is_rejected(edgestab: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text("{", encoding="utf-8")
    ran = edgestab("check-certificate", str(path))
    assert ran.code == 1
    assert "not JSON" in ran.out


def test_a_key_given_twice_is_rejected(edgestab: Run, tmp_path: Path) -> None:
    path = tmp_path / "twice.json"
    path.write_text('{"verdict": "FALSE", "verdict": "TRUE"}', encoding="utf-8")
    ran = edgestab("check-certificate", str(path))
    assert ran.code == 1
    assert "twice" in ran.out


def test_sharp_form(edgestab: Run, tmp_path: Path) -> None:
    path = tmp_path / "sharp.json"
    written = edgestab("certificate", "theorem-1-sharp", "-o", str(path))
    assert written.code == 0
    assert "17/4 epsilon^2" in " ".join(written.out.split())
    assert edgestab("check-certificate", str(path)).code == 0
    assert edgestab("certificate", "theorem-1-sharp", "--order", "7").code == 2
