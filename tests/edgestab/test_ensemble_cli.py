"""``edgestab ensemble`` and ``edgestab theorem-2``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
SIZE = ("--outputs", "3", "--parameters", "4", "--samples", "500", "--seed", "1")


def test_json_record(edgestab: Run) -> None:
    ran = edgestab("ensemble", *SIZE, "--sigma-q", "0.5", "--json", "-")
    assert ran.code == 0
    record = json.loads(ran.out)
    assert abs(record["ratio"] - record["exact"]) < 5 * record["standard_error"]
    assert abs(record["first_derivative"]) < 5 * record["first_derivative_standard_error"]


def test_table_and_file(edgestab: Run, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    ran = edgestab("ensemble", *SIZE, "--json", str(path))
    assert "standard errors" in ran.out
    assert "E[lambda''] / E[lambda]" in ran.out
    assert json.loads(path.read_text())["outputs"] == 3
    assert edgestab("ensemble", *SIZE, "--json", str(path)).code == 2
    assert edgestab("ensemble", *SIZE, "--json", str(path), "--force").code == 0


@pytest.mark.parametrize(
    "change",
    [("--outputs", "0"), ("--parameters", "-1"), ("--samples", "1"), ("--seed", "-4"), ("--sigma-z", "nan")],
)
def test_bad_input_is_one_line(edgestab: Run, change: tuple[str, str]) -> None:
    ran = edgestab("ensemble", *SIZE, *change)
    assert ran.code == 2
    assert ran.err.startswith("DomainError")
    assert ran.err.count("\n") == 1


def test_plot(edgestab: Run, tmp_path: Path) -> None:
    path = tmp_path / "ratio.png"
    assert edgestab("ensemble", *SIZE, "--plot", str(path)).code == 0
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("form", ["text", "latex", "json"])
def test_theorem_2(edgestab: Run, form: str) -> None:
    ran = edgestab("theorem-2", "--slices", "iid", "--format", form)
    assert ran.code == 0
    assert "scaled-goe" in ran.out
