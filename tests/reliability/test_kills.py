"""Runs that are killed at random moments and go on to the same bits; files with a flipped bit; full and closed disks.

The counts are small here; at ``-m thorough`` each run is killed fifty times.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgestab.numeric.runs.chunk_store import ChunkStore

ROOT = Path(__file__).parents[2]

SWEEP = ("sweep", "--epsilon", "1e-4:1e-3:20:log", "--z", "-0.6:-0.1:30", "--T", "2", "--chunk", "20", "--jobs", "1")
GRID = ("dynamics", "sharpness", "--shape", "5,10", "--sigma-z", "0.5,1", "--start", "0.5,1", "-n", "30")
ENSEMBLE = ("ensemble", "--outputs", "60", "--parameters", "80", "--samples", "60000", "--seed", "1")
RUNS = {"sweep": (SWEEP, "--folder"), "grid": (GRID, "--folder"), "ensemble": (ENSEMBLE, "--folder")}


def hear_interrupts() -> None:
    """A shell's background jobs ignore interrupts, and so do all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(arguments: tuple[str, ...], option: str, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "edgestab", *arguments, option, str(folder)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=hear_interrupts
    )


def finish(arguments: tuple[str, ...], option: str, folder: Path) -> None:
    process = start(arguments, option, folder)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err.decode()


def bits(folder: Path) -> dict[str, dict[str, bytes]]:
    """Every array of every chunk."""
    found = {}
    for path in sorted(folder.glob("chunk-*.npz")):
        with np.load(path, allow_pickle=False) as archive:
            found[path.name] = {name: archive[name].tobytes() for name in archive.files}
    assert found
    return found


@pytest.mark.parametrize(("kind", "times"), [pytest.param(kind, 50, marks=pytest.mark.thorough) for kind in RUNS])
def test_a_run_killed_at_random_moments_ends_in_the_same_bits(kind: str, times: int, tmp_path: Path) -> None:
    arguments, option = RUNS[kind]
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    begin = time.monotonic()
    finish(arguments, option, whole)
    takes = time.monotonic() - begin
    draw, killed = random.Random(f"{kind} {times}"), 0
    for _ in range(times):
        process = start(arguments, option, torn)
        time.sleep(draw.uniform(0, takes))
        if process.poll() is None:
            process.kill()
            killed += 1
        process.communicate()
        if draw.random() < 0.3:  # a new life, so that kills meet every stage
            for path in torn.glob("chunk-*.npz"):
                path.unlink()
    finish(arguments, option, torn)
    assert killed > times / 2 or times == 1
    assert bits(torn) == bits(whole)


@pytest.mark.parametrize("count", [100, pytest.param(5000, marks=pytest.mark.thorough)])
def test_a_flipped_bit_in_a_chunk_is_noticed(count: int, tmp_path: Path) -> None:
    rng, draw = np.random.default_rng(1), random.Random(1)
    arrays: dict[str, Any] = {"z": rng.standard_normal(200), "status": rng.integers(0, 3, 200).astype(np.int8)}
    store = ChunkStore(tmp_path, {"a": 1}, 1)
    store.save(0, arrays)
    good = store.path(0).read_bytes()
    noticed = 0
    for _ in range(count):
        place, bit = draw.randrange(len(good)), draw.randrange(8)
        bad = bytearray(good)
        bad[place] ^= 1 << bit
        store.path(0).write_bytes(bytes(bad))
        found = store.load(0)
        noticed += found is None
        # what is not noticed must not matter: time stamps and the like
        if found is not None:
            assert found.keys() == arrays.keys()
            assert all(np.array_equal(found[name], arrays[name]) for name in arrays)
    assert noticed > 0.8 * count


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_told_in_one_line() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "edgestab", "list", "--json", "-"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "No space left" in done.stderr


HARSH: dict[str, dict[str, str]] = {
    "no home": {"HOME": "/dev/null/home", "XDG_CACHE_HOME": "/dev/null/cache"},
    "LANG=C": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""},
    "40 columns": {"COLUMNS": "40"},
}
LATER = pytest.mark.thorough
COMMANDS = (
    ("verify", "one-step-map", "theorem-1-scaling", "--effort", "quick", "--jobs", "1"),
    ("derive", "two-step"),
    ("sweep", "--epsilon", "1/10", "--z", "-0.3:-0.1:3", "--T", "2"),
    pytest.param(("show", "theorem-1"), marks=LATER),
    pytest.param(("simulate", "--epsilon", "1/10", "--z", "-1/4", "--T", "1.8"), marks=LATER),
    pytest.param(("model", "--example", "zhu"), marks=LATER),
    pytest.param(("codegen", "one-step", "--target", "c"), marks=LATER),
)


@pytest.mark.parametrize("place", HARSH)
@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda a: a[0])
def test_harsh_surroundings(place: str, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edgestab", *arguments],
        cwd=ROOT,
        env={**os.environ, **HARSH[place]},
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert b"Traceback" not in done.stderr


@pytest.mark.filterwarnings("ignore:os.fork")  # another program takes the child's place at once
def test_an_interrupt_is_one_word(tmp_path: Path) -> None:
    process = start(SWEEP, "--folder", tmp_path / "run")
    wait_for(lambda: len(list((tmp_path / "run").glob("chunk-*.npz"))) > 1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err


def wait_for(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.005)
