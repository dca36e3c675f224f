"""``edgestab sweep``: what it prints, writes and refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GRID = ("--epsilon", "0.01:0.1:4:log", "--z", "-0.4:0.4:5", "--T", "2")


def test_a_table_for_people(edgestab: Callable[..., Any]) -> None:
    ran = edgestab("sweep", *GRID)
    assert ran.code == 0
    for word in ("relaxed", "frozen", "diverged", "unfinished", "reached the edge", "2 - lim T from", "digest"):
        assert word in ran.out
    assert ran.err == ""


def test_json_on_stdout_alone(edgestab: Callable[..., Any]) -> None:
    ran = edgestab("sweep", *GRID, "--json", "-")
    content = json.loads(ran.out)
    assert content["summary"]["trajectories"] == 20
    assert content["grid"]["shape"] == [4, 5, 1]
    assert len(content["columns"]["gap"]) == 20
    assert content["config"]["steps"] == 1_000_000


def test_plot_and_chunks(edgestab: Callable[..., Any], tmp_path: Path) -> None:
    folder, figure = tmp_path / "run", tmp_path / "phase.png"
    ran = edgestab("sweep", *GRID, "--folder", str(folder), "--plot", str(figure), "--chunk", "8")
    assert ran.code == 0
    assert figure.stat().st_size > 10_000
    assert len(list(folder.glob("chunk-*.npz"))) == 3
    run = json.loads((folder / "run.json").read_text())
    assert run["finished"] is True
    assert "numpy" in run["versions"]
    assert run["config"]["grid"]["shape"] == [4, 5, 1]
    again = edgestab("sweep", *GRID, "--folder", str(folder))
    assert f"digest {run['summary']['digest'][:16]}" in again.out
    kept = edgestab("sweep", *GRID, "--plot", str(figure))
    assert (kept.code, kept.err.startswith("OutputError: ")) == (2, True)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--epsilon", "0:1:3", "--z", "0.1", "--T", "2"), "epsilon in (0, 1); got 0.0 at index 0"),
        (("--epsilon", "0.1", "--z", "0.1"), "epsilon with z and T"),
        (("--epsilon", "0.1", "--z", "a:b:c", "--T", "2"), "COUNT"),
        (("--epsilon", "0.1", "--z", "0.1", "--T", "2", "--steps", "-1"), "steps in 0..10^15; got -1"),
        (("--epsilon", "0.1", "--z", "0.1", "--T", "2", "--until", "x"), "--until"),
        (("--epsilon", "0.1", "--z", "0.1", "--T", "2", "--plot", "a.png"), "exactly two"),
        (("--epsilon", "0.1", "--z", "0.1", "--T", "2", "--scheduler", "x"), "tcp://"),
        (("--epsilon", "0.1", "--z", "0.1", "--T", "2", "--folder", "/proc/none"), "OutputError"),
        (("--epsilon", "0.1", "--z", "0.1", "--T", "2", "--json", "/proc/none/a"), "OutputError"),
    ],
)
def test_bad_input_is_one_line(edgestab: Callable[..., Any], argv: tuple[str, ...], words: str) -> None:
    ran = edgestab("sweep", *argv)
    assert ran.code == 2
    assert words in ran.err
    assert ran.err.count("\n") == 1
    assert ran.out == ""
