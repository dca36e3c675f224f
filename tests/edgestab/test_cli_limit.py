"""The limit command and the derived limits on the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from edgestab.cli.derive import derive
from edgestab.cli.limit import limit
from edgestab.symbolic.algebra.errors import DomainError

ROOT = Path(__file__).parents[2]


def test_prediction_with_iteration() -> None:
    found = CliRunner().invoke(limit, ["--epsilon", "1/100", "--z", "0.1", "--T", "2.1", "--iterate", "--json", "-"])
    assert found.exit_code == 0
    row = json.loads(found.stdout)
    assert row["start"]["iterated"]["error"] < row["start"]["expected_error"]
    assert row["relaxed"]["error"] < 1e-20


def test_text() -> None:
    text = CliRunner().invoke(limit, ["--epsilon", "1/10", "--z", "0.1", "--T", "9", "--iterate"]).stdout
    assert "outside" in text
    assert "unknown error" in text
    assert "no limit" in text
    assert "nearest singularity" in CliRunner().invoke(limit, ["--epsilon", "1/5"]).stdout


@pytest.mark.parametrize(
    "arguments", [["--epsilon", "0"], ["--epsilon", "0.1", "--z", "0.1"], ["--epsilon", "0.1", "--order", "3"]]
)
def test_refusals(arguments: list[str]) -> None:
    found = CliRunner().invoke(limit, arguments)
    assert isinstance(found.exception, DomainError)


def test_limit_json_has_the_agreed_shape() -> None:
    command = [sys.executable, "-m", "edgestab", "derive", "limit", "--order", "10", "--format", "json"]
    row = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=10).stdout)
    assert set(row) == {"schema", "run", "variable", "coefficients"}
    assert row["variable"] == "epsilon"
    assert row["coefficients"][:3] == ["2", "-1/2", "-27/32"]
    assert len(row["coefficients"]) == 11


@pytest.mark.parametrize("what", ["slow-manifold", "limit", "limit-law"])
@pytest.mark.parametrize("form", ["text", "latex", "python", "json"])
def test_every_format_of_every_new_object(what: str, form: str) -> None:
    found = CliRunner().invoke(derive, [what, "--order", "2", "--format", form])
    assert found.exit_code == 0
    assert found.stdout
    if form == "python":
        compile(found.stdout, what, "exec")
    if form == "json":
        json.loads(found.stdout)
