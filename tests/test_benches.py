"""The bench runner: what it writes, when it fails; and that every bench can be collected."""

import ast
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parent / "bench"

FAKE = """
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


@pytest.mark.parametrize(("ratio", "code"), [(2.5, 0), (1.5, 1)])
def test_the_runner(
    runner: ModuleType,
    ratio: float,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "tests" / "bench"
    folder.mkdir(parents=True)
    (folder / "bench_fake.py").write_text(FAKE.replace("RATIO", str(ratio)))
    (folder / "bench_helper.py").write_text("VALUE = 1\n")
    monkeypatch.setattr(runner, "HERE", folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", ["run_all.py", "--json", str(tmp_path / "out.json")])
    assert runner.main() == code
    record = json.loads((tmp_path / "out.json").read_text())
    assert record["ratios"] == {"a / b": ratio, "rate": 7.0}
    assert record["targets"] == {"a / b": 2.0}
    assert record["skipped"] == {"a / c": "c is not installed"}
    assert record["machine"]["cores"] >= 1
    assert record["versions"]["numpy"]
    shown = capsys.readouterr().out
    assert ("ok" if code == 0 else "BELOW") in shown
    assert "skipped: c is not installed" in shown


@pytest.mark.parametrize("path", sorted(BENCH.glob("bench_*.py")), ids=lambda p: p.stem)
def test_every_bench_has_measure(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert "measure" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
