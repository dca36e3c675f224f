"""``edgestab network --predict``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
SMALL = ("network", "--hidden", "6", "--degree", "3", "--eta", "0.3", "--steps", "40", "--predict-from", "60")


@pytest.mark.thorough
def test_predictions_of_a_network(edgestab: Run, tmp_path: Path) -> None:
    figure = tmp_path / "predictions.svg"
    ran = edgestab(*SMALL, "--predict", "all", "--plot", str(figure), "--json", "-")
    content = json.loads(ran.out)
    assert ran.code == 0
    assert {row["prediction"] for row in content["comparisons"]} >= {"central-flow", "two-step", "taylor"}
    assert len(content["data"]["flow_loss"]) == 41
    assert figure.exists()
    table = edgestab(*SMALL, "--predict", "central-flow", "--optimiser", "rmsprop", "--eta", "0.02")
    assert table.code == 0
    assert "central-flow: total-variance" in table.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--predict", "all", "--batch", "4"), "--batch"),
        (("--predict", "all", "--optimiser", "adam"), "gradient-descent or rmsprop"),
        (("--predict", "all", "--optimiser", "rmsprop", "--gamma", "1/100"), "weight decay"),
        (("--predict", "all", "--tolerance", "0"), "--tolerance"),
        (("--predict", "weather"), "central-flow, two-step, taylor"),
    ],
)
def test_what_is_refused(edgestab: Run, options: tuple[str, ...], words: str) -> None:
    ran = edgestab(*SMALL, *options)
    assert (ran.code, words in ran.err) == (2, True)
