"""``edgestab network``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
SMALL = ("--examples", "8", "--degree", "3", "--hidden", "6,5", "--steps", "60")


def test_table_json_and_figure(edgestab: Run, tmp_path: Path) -> None:
    figure = tmp_path / "network.svg"
    ran = edgestab("network", *SMALL, "--json", "-", "--plot", str(figure))
    content = json.loads(ran.out)
    assert (ran.code, content["status"], content["steps"]) == (0, "done", 60)
    assert len(content["trajectory"]["ntk"]) == 61
    assert content["residuals"] == 8
    assert figure.exists()
    assert "crossings of 2/eta" in edgestab("network", *SMALL, "--hessian-every", "0").out


def test_divergence_is_a_status(edgestab: Run) -> None:
    ran = edgestab("network", *SMALL, "--eta", "900")
    assert ran.code == 0
    assert "diverged after" in ran.out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--hidden", "a"), "--hidden"),
        (("--hidden", "0"), "hidden widths"),
        (("--examples", "1"), "examples"),
        (("--eta", "-1"), "step size"),
        (("--steps", "0"), "steps"),
    ],
)
def test_bad_input_is_one_line(edgestab: Run, argv: tuple[str, ...], message: str) -> None:
    ran = edgestab("network", *argv)
    assert ran.code == 2
    assert message in ran.err
    assert ran.err.count("\n") == 1
