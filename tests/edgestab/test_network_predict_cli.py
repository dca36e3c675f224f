"""``edgestab network --predict``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgestab.numeric.networks.training.records import read_records

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
    assert content["records"][-1]["step"] == 100
    table = edgestab(*SMALL, "--predict", "central-flow", "--optimiser", "rmsprop", "--eta", "0.02")
    assert table.code == 0
    assert "central-flow: total-variance" in table.out


@pytest.mark.thorough
def test_records_hold_measured_and_predicted(edgestab: Run, tmp_path: Path) -> None:
    """One file with both, a checkpoint beside it, and going on from that changes nothing."""
    records = tmp_path / "run.jsonl"
    files = ("--records", str(records), "--checkpoint", str(tmp_path / "state"))
    argv = (*SMALL[:-4], "--steps", "12", "--predict-from", "4", "--predict", "central-flow", "--every", "4", *files)
    ran = edgestab(*argv, "--json", "-")
    content = json.loads(ran.out)
    found = read_records(records)
    assert (ran.code, content["steps"], content["from"]) == (0, 16, 4)
    assert [r["step"] for r in found] == [4, 8, 12, 16]
    assert content["records"] == found
    assert found[1]["predicted"]["central_flow"]["loss"] == content["data"]["flow_loss"][4]
    assert edgestab(*argv, "--resume").code == 0
    assert [r | {"seconds": 0} for r in read_records(records)] == [r | {"seconds": 0} for r in found]


@pytest.mark.thorough
def test_the_figure_has_the_central_flow_of_a_run_that_reaches_the_edge(edgestab: Run, tmp_path: Path) -> None:
    figure = tmp_path / "network.svg"
    ran = edgestab("network", "--plot", str(figure), "--json", "-")
    content = json.loads(ran.out)
    assert content["crossings"] > 3
    assert content["flow"]["flow_sharpness"][-1][0] == pytest.approx(content["edge"], rel=1e-3)
    assert "central flow" in figure.read_text()
    plain = edgestab("network", "--steps", "20", "--no-flow", "--plot", str(tmp_path / "plain.svg"))
    assert "--flow" in plain.out
    assert "central flow" not in (tmp_path / "plain.svg").read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--predict", "all", "--batch", "4"), "--batch"),
        (("--predict", "all", "--optimiser", "adam"), "gradient-descent or rmsprop"),
        (("--predict", "all", "--optimiser", "rmsprop", "--gamma", "1/100"), "weight decay"),
        (("--predict", "all", "--tolerance", "0"), "--tolerance"),
        (("--predict", "weather"), "central-flow, two-step, taylor"),
        (("--predict", "all", "--measure", "ntk"), "hessian beside predictions"),
        (("--predict", "all", "--predict-from", "-1"), "--predict-from"),
        (("--predict", "taylor", "--optimiser", "rmsprop"), "gradient-descent for taylor"),
        (("--flow", "--optimiser", "adam"), "--flow"),
    ],
)
def test_what_is_refused(edgestab: Run, options: tuple[str, ...], words: str) -> None:
    ran = edgestab(*SMALL, *options)
    assert (ran.code, words in ran.err) == (2, True)
