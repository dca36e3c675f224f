"""``edgestab network``."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgestab.numeric.networks.data import cifar
from edgestab.numeric.networks.training.records import read_records

Run = Callable[..., Any]
ROOT = Path(__file__).parents[2]
SMALL = ("--examples", "8", "--degree", "3", "--hidden", "6,5", "--steps", "60")


def test_table_json_figure_and_records(edgestab: Run, tmp_path: Path) -> None:
    figure, records = tmp_path / "network.svg", tmp_path / "run.jsonl"
    files = ("--plot", str(figure), "--records", str(records), "--eta", "1/5")
    ran = edgestab("network", *SMALL, *files, "--json", "-", "--every", "20", "--measure", "hessian,ntk")
    content = json.loads(ran.out)
    assert (ran.code, content["status"], content["steps"]) == (0, "done", 60)
    assert [r["step"] for r in content["records"]] == [0, 20, 40, 60]
    assert content["records"] == read_records(records)
    assert len(content["losses"]) == 60
    assert content["edge"] == pytest.approx(2 / 0.2)
    assert figure.exists()
    again = edgestab("network", *SMALL, "--records", str(records))
    assert (again.code, "--force" in again.err) == (2, True)


@pytest.mark.thorough
def test_divergence_and_data_of_the_user(edgestab: Run, tmp_path: Path) -> None:
    """Classes from a file, mini-batches, another optimiser; then a step size that is too large."""
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "own.npz", x=rng.standard_normal((6, 2)), y=[0, 1, 2, 0, 1, 2])
    argv = ("network", "--data", str(tmp_path / "own.npz"), "--depth", "1", "--width", "3", "--steps", "12")
    ran = edgestab(*argv, "--loss", "cross-entropy", "--optimiser", "adam", "--batch", "5", "--every", "6")
    assert ran.code == 0
    assert "adam, eta = 0.001" in ran.out
    assert "(of preconditioned)" in ran.out
    assert "batch sharpness" in ran.out
    wild = edgestab(*argv, "--activation", "linear", "--eta", "1e4", "--json", "-")
    content = json.loads(wild.out)
    assert (wild.code, content["status"]) == (0, "diverged")
    assert 0 < content["steps"] < 12


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--hidden", "a"), "--hidden"),
        (("--hidden", "0"), "draw_layers"),
        (("--examples", "1"), "examples"),
        (("--eta", "-1"), "step_size"),
        (("--eta", "1/0"), "--eta"),
        (("--eta", "1e400"), "--eta"),
        (("--hidden", "1000000,1000000"), "GiB"),
        (("--steps", "0"), "steps"),
        (("--measure", "trace"), "got trace"),
        (("--measure", "preconditioned"), "adam or rmsprop"),
        (("--measure", "batch-sharpness"), "--batch beside"),
        (("--loss", "cross-entropy"), "mse for chebyshev"),
        (("--data", "mnist"), "or a folder; got mnist"),
        (("--data", "."), "data_batch_1.bin beside the others"),
        (("--depth", "2"), "--depth and --width"),
        (("--optimiser", "adam", "--rho", "1"), "got rho"),
        (("--optimiser", "filter"), "--filter"),
        (("--batch", "21"), "1 to 20; got 21"),
    ],
)
def test_bad_input_is_one_line(edgestab: Run, argv: tuple[str, ...], message: str) -> None:
    ran = edgestab("network", "--hidden", "3", *argv)
    assert ran.code == 2
    assert message in ran.err
    assert ran.err.count("\n") == 1


BATCHES = ("--batch", "8", "--measure", "hessian", "--optimiser", "heavy-ball", "--eta", "0.01", "--steps", "2000")
PREDICTED = ("--predict", "central-flow,taylor", "--predict-from", "500", "--steps", "1500", "--every", "10")


@pytest.mark.thorough
@pytest.mark.parametrize("options", [BATCHES, PREDICTED], ids=["batches", "predicted"])
def test_a_killed_run_goes_on_to_the_same_bits(options: tuple[str, ...], tmp_path: Path) -> None:
    """kill -9 in the middle, resumed from the checkpoint, against a run that was left alone."""

    def argv(name: str, *more: str) -> list[str]:
        files = ["--checkpoint", str(tmp_path / name), "--records", str(tmp_path / f"{name}.jsonl")]
        return [sys.executable, "-m", "edgestab", "network", "--hidden", "20,20", *options, *files, *more]

    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}

    def finish(*words: str) -> None:
        subprocess.run(words, check=True, env=environment, cwd=tmp_path, capture_output=True)

    finish(*argv("whole"))
    for kills in range(2):
        killed = subprocess.Popen(argv("cut", "--resume"), env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL)
        reached, deadline = 500 * (kills + 1), time.monotonic() + 300
        while (
            (read_records(tmp_path / "cut.jsonl") or [{"step": 0}])[-1]["step"] < reached
            if (tmp_path / "cut.jsonl").exists()
            else True
        ):
            assert killed.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        killed.send_signal(signal.SIGKILL)
        killed.wait(20)
        assert read_records(tmp_path / "cut.jsonl")[-1]["step"] < 2000
    finish(*argv("cut", "--resume"))
    whole, cut = (read_records(tmp_path / f"{name}.jsonl") for name in ("whole", "cut"))
    assert [r | {"seconds": 0} for r in whole] == [r | {"seconds": 0} for r in cut]
    with np.load(tmp_path / "whole" / "checkpoint.npz") as one, np.load(tmp_path / "cut" / "checkpoint.npz") as other:
        assert set(one.files) == set(other.files)
        for name in set(one.files) - {"sha256"}:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.mark.thorough
def test_cifar_from_a_folder(edgestab: Run, tmp_path: Path) -> None:
    """Files of the size and format of the real ones: five of 10,000 records."""
    rng = np.random.default_rng(1)
    for name in cifar.TRAINING:
        records = rng.integers(0, 256, (10_000, cifar.RECORD), dtype=np.uint8)
        records[:, 0] %= 10
        records.tofile(tmp_path / name)
    argv = ("--data", str(tmp_path), "--examples", "50", "--hidden", "8", "--steps", "5", "--eta", "1e-4")
    ran = edgestab("network", *argv, "--json", "-", "--precision", "float32")
    content = json.loads(ran.out)
    assert (ran.code, content["examples"], content["parameters"]) == (0, 50, 3072 * 8 + 8 + 8 * 10 + 10)
