"""The bench runner: what it writes, when it fails; and that every bench can be collected."""

import ast
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.bench.timing import Ratio, Rounds, take_turns

BENCH = Path(__file__).parent / "bench"

FAKE = """
from tests.bench.timing import Ratio

TARGETS = {"a / b": 2.0}
SKIPPED = {}

def measure():
    SKIPPED["a / c"] = "c is not installed"
    return {"a / b": RATIO, "rate": 7.0}
"""


@pytest.fixture
def runner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_all", BENCH / "run_all.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("ratio", "code", "word"),
    [
        ("2.5", 0, "ok"),
        ("1.5", 1, "BELOW"),
        ("Ratio.of([2.4, 2.5, 2.6])", 0, "+-  4.0% of 3 rounds"),
        ("Ratio.of([1.4, 1.5, 1.6])", 1, "BELOW"),
        # what a busy machine measured decides nothing, either way
        ("Ratio.of([0.5, 1.5, 4.5])", 0, "noisy"),
        ("Ratio.of([0.5, 2.5, 4.5])", 0, "noisy"),
    ],
)
def test_the_runner(
    runner: ModuleType,
    ratio: str,
    code: int,
    word: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "tests" / "bench"
    folder.mkdir(parents=True)
    (folder / "bench_fake.py").write_text(FAKE.replace("RATIO", ratio))
    (folder / "bench_helper.py").write_text("VALUE = 1\n")
    monkeypatch.setattr(runner, "HERE", folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", ["run_all.py", "--json", str(tmp_path / "out.json")])
    assert runner.main() == code
    record = json.loads((tmp_path / "out.json").read_text())
    value = eval(ratio)
    assert record["ratios"] == {"a / b": getattr(value, "median", value), "rate": 7.0}
    assert record["noisy"] == ["a / b"] * (word == "noisy")
    assert set(record["spreads"]) == ({"a / b"} if isinstance(value, Ratio) else set())
    assert record["targets"] == {"a / b": 2.0}
    assert record["skipped"] == {"a / c": "c is not installed"}
    assert record["machine"]["cores"] >= 1
    assert record["versions"]["numpy"]
    shown = capsys.readouterr().out
    assert word in shown
    assert "skipped: c is not installed" in shown


@pytest.mark.parametrize("path", sorted(BENCH.glob("bench_*.py")), ids=lambda p: p.stem)
def test_every_bench_has_measure(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert "measure" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_ratios_are_those_of_one_round() -> None:
    """The machine slows down by ten between rounds: ratios of best times would mix rounds, paired ones do not."""
    slow = np.array([1.0, 10.0, 1.0, 10.0])
    rounds = Rounds({"ours": slow, "peer": 3 * slow, "other": np.array([9.0, 20.0, 9.0, 20.0])})
    assert rounds.ratio("peer", "ours") == Ratio(3.0, 0.0, 4)
    assert rounds.ratio("peer", ["ours", "other"]).median == 3.0
    assert rounds.taken("ours").noisy
    assert (12 / rounds.ratio("peer", "ours")).median == 4.0
    assert not Ratio.of([5.0]).noisy


def test_contenders_take_turns() -> None:
    calls: list[str] = []
    times = take_turns({name: lambda name=name: calls.append(name) for name in "ab"}, rounds=2)  # type: ignore[misc]
    assert "".join(calls) == "ab" + "ab" + "ba"
    assert {len(s) for s in times.seconds.values()} == {2}
