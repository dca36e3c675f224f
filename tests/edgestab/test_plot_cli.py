"""``edgestab plot``: figures and their data in files and on stdout."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgestab.figures import FIGURES

Run = Callable[..., Any]


def test_the_list_names_every_figure(edgestab: Run) -> None:
    for argv in (("plot", "--list"), ("plot",), ("plot", "--help")):
        shown = edgestab(*argv)
        assert shown.code == 0
        assert all(f" {name} " in shown.out for name in FIGURES)


def test_a_name_alone_draws_a_vector_file(edgestab: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = edgestab("plot", "orbit")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    first = (tmp_path / "orbit.svg").read_bytes()
    assert b"<svg" in first
    again = edgestab("plot", "orbit")
    assert again.code == 2
    assert "--force" in again.err
    assert edgestab("plot", "orbit", "--force").code == 0
    assert (tmp_path / "orbit.svg").read_bytes() == first


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_formats_and_options(edgestab: Run, tmp_path: Path, suffix: str, magic: bytes) -> None:
    path = tmp_path / f"orbit.{suffix}"
    assert edgestab("plot", "orbit", "-o", str(path), "--steps", "50", "--T", "2.2", "--inches", "5").code == 0
    assert path.read_bytes().startswith(magic)


def test_json_is_the_data_drawn(edgestab: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = edgestab("plot", "orbit", "--steps", "20", "--json", "-")
    record = json.loads(ran.out)
    assert list(tmp_path.iterdir()) == []
    assert record["figure"] == "orbit"
    assert record["run"]["config"] == {"epsilon": "1/50", "z": "1/100", "T": "43/20", "steps": 20}
    (panel,) = record["panels"]
    even, odd, edge = panel["lines"]
    assert (even["label"], even["x"][:2], edge["style"], edge["y"]) == ("even steps", [1, 3], ":", [2, 2])
    z, T, e = 0.01, 2.15, 0.02  # T' by hand, from the squares of theta
    a, b = T + 2 * e * z, T - 2 * z
    assert odd["y"][0] == pytest.approx((a * (1 - z) ** 2 + e * b * (1 + e * z) ** 2) / (1 + e), abs=1e-14)
    figure, data = tmp_path / "o.svg", tmp_path / "o.json"
    assert edgestab("plot", "orbit", "--steps", "20", "-o", str(figure), "--json", str(data)).code == 0
    assert json.loads(data.read_text(encoding="utf-8"))["panels"] == record["panels"]
    assert figure.exists()


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (("plan",), "plan"),
        (("plane", "--epsilon", "2"), "epsilon"),
        (("plane", "--epsilon", "x"), "--epsilon"),
        (("limit", "--grid", "1"), "grid"),
        (("orbit", "-o", "orbit.xyz"), "svg"),
        (("orbit", "--inches", "0"), "inches"),
        (("network", "--hidden", "a"), "--hidden"),
    ],
)
def test_bad_input_is_one_line(
    edgestab: Run, argv: tuple[str, ...], word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = edgestab("plot", *argv)
    assert ran.code == 2
    assert word in ran.err
    assert "Traceback" not in ran.err


def test_commands_with_plot_reach_the_edge_with_their_defaults() -> None:
    """``dynamics run``, of size 12 by 24 and seed 3."""
    from edgestab.cli.dynamics import run
    from edgestab.figure_data import descent

    chosen: dict[str | None, Any] = {p.name: p.default for p in run.params}
    assert (chosen["outputs"], chosen["parameters"], chosen["seed"]) == (12, 24, 3)
    found = descent(**{str(k): chosen[k] for k in ("outputs", "parameters", "sigma_z", "seed", "start")}, steps=400)[
        "run"
    ]
    assert found.edge_crossings[0] > 2
    assert found.peak[0] < 3


@pytest.mark.thorough
def test_networks_reach_the_edge_with_their_defaults(edgestab: Run) -> None:
    """``network``, in its first 750 steps, and the figure, whose central flow then stays there."""
    from edgestab.figures import figure_result

    ran = edgestab("network", "--steps", "750", "--json", "-")
    assert json.loads(ran.out)["crossings"] > 1
    found = figure_result("network", steps=320)
    assert found["run"].crossings > 1
    late = found["flow"].sharpness[260:, 0]
    assert late == pytest.approx(2 / 0.2, rel=1e-3)


def test_a_figure_to_stdout_is_svg_alone(edgestab: Run) -> None:
    ran = edgestab("plot", "orbit", "--steps", "9", "-o", "-")
    assert ran.out.lstrip().startswith("<?xml")
    assert ran.out.rstrip().endswith("</svg>")
