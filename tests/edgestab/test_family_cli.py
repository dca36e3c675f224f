"""``edgestab family``: what it lists, prints, draws and refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_list_and_phases(edgestab: Run) -> None:
    assert "log-cosh" in edgestab("family", "--list").out
    ran = edgestab("family", "product-3")
    assert ran.code == 0, ran.err
    rows = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert "2/3 < a < 0.829738261893.. two-cycle attracting: a two-cycle" in rows


def test_json_has_exact_thresholds(edgestab: Run) -> None:
    content = json.loads(edgestab("family", "product-3", "--json", "-").out)
    assert [p["name"] for p in content["phases"]["phases"]] == ["catapult", "two-cycle", "cascade", "divergent"]
    flip = next(t for t in content["phases"]["thresholds"] if t["kind"] == "flip")
    assert flip["exact"] == "2/3"
    assert content["schema"] == "edgestab 1"


def test_a_loss_of_ones_own_and_its_limit(edgestab: Run) -> None:
    own = ("family", "loss", "--loss", "log(cosh(p))", "--at", "0")
    assert "lambda_infinity = 2/eta - 3*eta/2" in edgestab(*own).out
    assert "- 9/20*epsilon**2" in edgestab(*own, "--order", "2").out
    assert "alternating" in edgestab(*own, "--phases").out
    assert r"\begin{tabular}" in edgestab(*own, "--phases", "--format", "latex").out
    assert "checked" in edgestab(*own, "--explain").out


def test_plot_writes_a_picture(edgestab: Run, tmp_path: Path) -> None:
    picture = tmp_path / "found.png"
    ran = edgestab("family", "log-cosh", "--phases", "--count", "10", "--plot", str(picture))
    assert ran.code == 0, ran.err
    assert picture.stat().st_size > 10_000
    assert edgestab("family", "log-cosh", "--plot", str(picture)).code == 2


def test_bad_requests_say_what_is_wrong(edgestab: Run) -> None:
    for words, part in (
        (("family", "nothing"), "one of cubic"),
        (("family",), "no name"),
        (("family", "loss"), "--loss"),
        (("family", "cubic", "--loss", "p"), "`loss`"),
        (("family", "cubic", "--order", "2"), "--order"),
        (("family", "loss", "--loss", "p^4", "--at", "0"), "a minimum"),
        (("family", "squared", "--order", "2"), "positive flip coefficient"),
    ):
        ran = edgestab(*words)
        assert ran.code == 2, words
        assert part in ran.err, ran.err
