"""``edgestab dynamics``: tables, JSON, figures, and one-line refusals."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Run = Callable[..., Any]
SMALL = ("-D", "4", "-P", "8")


def test_run(edgestab: Run, tmp_path: Path) -> None:
    figure = tmp_path / "run.png"
    ran = edgestab("dynamics", "run", *SMALL, "--flow", "--json", "-", "--plot", str(figure))
    assert ran.code == 0
    content = json.loads(ran.out)
    assert content["status"] == "converged"
    assert content["final"]["ntk"][0] * content["step_size"] < 2
    assert content["final"]["ntk_bound"] < 1e-9
    assert content["flow"]["status"] == "converged"
    assert len(content["trajectory"]["loss"]) == content["steps"] + 1
    assert figure.exists()
    again = edgestab("dynamics", "run", *SMALL)
    assert "converged after" in again.out
    kept = edgestab("dynamics", "run", *SMALL, "--plot", str(figure))
    assert kept.code == 2
    assert kept.err.startswith("OutputError")


def test_divergence_is_a_status(edgestab: Run) -> None:
    ran = edgestab("dynamics", "run", *SMALL, "--eta", "50", "--json", "-")
    content = json.loads(ran.out)
    assert (ran.code, content["status"]) == (0, "diverged")
    assert content["steps"] < 30
    assert "diverged after" in edgestab("dynamics", "run", *SMALL, "--eta", "50").out


def test_a_model_of_ones_own(edgestab: Run, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    curvature = np.diag([1.0, -0.1])[None]
    np.savez(path, G=np.zeros((2, 1)), Q=curvature, y=np.zeros(1), theta=np.array([1.2, 3.0]))
    ran = edgestab("dynamics", "run", "--model", str(path), "--eta", "1.2", "--json", "-")
    content = json.loads(ran.out)
    assert content["initial"]["ntk"] == [pytest.approx(1.44 + 0.09)]
    assert content["status"] == "converged"
    for arrays, message in (
        ({"G": np.zeros((2, 1)), "Q": curvature}, "no y"),
        ({"G": np.zeros((2, 1)), "Q": np.array([[[0, 1.0], [0, 0]]]), "y": np.zeros(1)}, "symmetric"),
        ({"G": np.zeros((3, 1)), "Q": curvature, "y": np.zeros(1)}, "G of shape (2, 1)"),
        ({"G": np.zeros((2, 1)), "Q": curvature, "y": np.array([np.nan])}, "finite entries in y"),
    ):
        np.savez(path, **arrays)  # type: ignore[arg-type]
        ran = edgestab("dynamics", "run", "--model", str(path))
        assert ran.code == 2
        assert message in ran.err
        assert ran.err.count("\n") == 1
    path.write_text("no archive")
    assert edgestab("dynamics", "run", "--model", str(path)).err.startswith("DomainError: --model")


def test_sharpness(edgestab: Run, tmp_path: Path) -> None:
    arguments = ("dynamics", "sharpness", "--shape", "3,6", "--sigma-z", "0.5,1", "--start", "0.5", "-n", "2")
    folder = ("--folder", str(tmp_path / "chunks"))
    ran = edgestab(*arguments, *folder, "--json", "-")
    assert ran.code == 0
    assert "memory: at most" in ran.err
    rows = json.loads(ran.out)["rows"]
    assert [row["sigma_z"] for row in rows] == [0.5, 1.0]
    assert all(row["converged"] == 2 for row in rows)
    assert edgestab(*arguments, *folder).code == 0
    other = edgestab(*arguments, "--seed", "1", *folder)
    assert other.code == 2
    assert other.err.splitlines()[-1].startswith("OutputError")


def test_split_and_rise(edgestab: Run) -> None:
    ran = edgestab("dynamics", "split", "-D", "24", "-P", "18", "--sigma-z", "1.5", "--seed", "20230724", "--json", "-")
    content = json.loads(ran.out)
    assert len(content["trajectory"]["change"]) == content["changes"] == 300
    assert edgestab("dynamics", "split", *SMALL, "--start", "0.1", "--steps", "10").code == 0
    ran = edgestab("dynamics", "rise", *SMALL, "-n", "3", "--json", "-")
    assert json.loads(ran.out)["ranges"].keys() == {"short_time", "fixed_kernel", "displacement"}
    assert "within 10%" in edgestab("dynamics", "rise", *SMALL, "-n", "2").out
    other = edgestab("dynamics", "rise", *SMALL, "-n", "2", "--entries", "rademacher", "--correlation", "0.2")
    assert "not known for this law" in other.out


def test_mean_field(edgestab: Run, tmp_path: Path) -> None:
    figure = tmp_path / "limit.png"
    arguments = ("dynamics", "mean-field", *SMALL, "--steps", "12", "-n", "2")
    ran = edgestab(*arguments, "--json", "-", "--plot", str(figure))
    content = json.loads(ran.out)
    assert len(content["limit"]["loss"]) == 13
    assert content["rows"][0]["loss"] == pytest.approx(4)
    assert content["rows"][0]["simulated_loss"] == pytest.approx(4)
    assert figure.exists()
    assert "measured" in edgestab(*arguments[:-1], "0").out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("run", "-D", "0"), "outputs"),
        (("run", "-P", "-3"), "parameters"),
        (("run", "--sigma-z", "nan"), "sigma_z"),
        (("run", "--eta", "-1"), "step_sizes"),
        (("run", "-D", "4000", "-P", "4000"), "GiB"),
        (("sharpness", "--shape", "3"), "--shape"),
        (("sharpness", "--sigma-z", "a"), "--sigma-z"),
        (("rise", "-n", "1"), "samples"),
        (("mean-field", "--steps", "0"), "steps"),
        (("mean-field", "--start", "-1"), "step_size"),
        (("split", "--steps", "0"), "steps"),
        (("run", "--plot", "/nowhere/x.png"), "existing directory"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(edgestab: Run, argv: tuple[str, ...], message: str) -> None:
    ran = edgestab("dynamics", *argv)
    assert ran.code == 2
    assert message in ran.err
    assert "Traceback" not in ran.err


PAGE = Path(__file__).parents[2] / "docs" / "dynamics.md"


def documented(command: str) -> list[str]:
    """The arguments of the page's first example of a command."""
    line = next(x for x in PAGE.read_text(encoding="utf-8").splitlines() if x.startswith(f"$ edgestab {command} "))
    return line.split()[2:]


def test_the_documented_run_crosses_the_edge_and_ends_just_below_it(edgestab: Run) -> None:
    record = json.loads(edgestab(*documented("dynamics run"), "--json", "-").out)
    assert record["status"] == "converged"
    assert record["edge_crossings"] > 100
    assert 1.98 < record["final"]["ntk"][0] * record["step_size"] < 2
    assert record["flow"]["ntk"][0] * record["step_size"] == pytest.approx(2.78, abs=0.01)


def test_the_documented_split_shows_a_fall_by_the_nonlinear_part(edgestab: Run) -> None:
    record = json.loads(edgestab(*documented("dynamics split"), "--json", "-").out)
    phases = record["phases"]
    assert phases["while_sharpening"] == pytest.approx(1 / 6, abs=0.01)
    assert phases["while_falling"] == pytest.approx(1.7, abs=0.05)
    assert phases["linear_while_falling"] > 0
