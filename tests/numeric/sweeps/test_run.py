"""Sweeps against plain gradient descent in theta, and the same bits from every split of the work."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import gmpy2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.numeric.runs.status import CODES
from edgestab.numeric.sweeps.chunk import COLUMNS, program_digest
from edgestab.numeric.sweeps.grid import SweepGrid, make_sweep_grid
from edgestab.numeric.sweeps.result import REGIONS, SweepResult
from edgestab.numeric.sweeps.run import sweep
from edgestab.symbolic.algebra.errors import CodegenError, DomainError, OutputError

ROOT = Path(__file__).parents[3]


def descend(epsilon: float, z: float, T: float, until: float, steps: int) -> dict[str, Any]:
    """The oracle: gradient descent in the two parameters, 200 bits, no formula of the map."""
    with gmpy2.context(gmpy2.get_context(), precision=200):
        eps, z0, T0 = gmpy2.mpfr(epsilon), gmpy2.mpfr(z), gmpy2.mpfr(T)
        a2, b2 = (T0 + 2 * eps * z0) / (1 + eps), (T0 - 2 * z0) / (eps + eps * eps)
        assert a2 >= 0
        assert b2 >= 0
        a, b = gmpy2.sqrt(a2), gmpy2.sqrt(b2)
        out: dict[str, Any] = {"edge_step": 0 if T >= 2 else -1, "T_max": float(T0), "stop": None}
        for t in range(steps + 1):
            residual = (a * a - eps * b * b) / 2
            kernel = a * a + eps * eps * b * b
            if t and kernel >= 2 and out["edge_step"] < 0:
                out["edge_step"] = t
            if out["stop"] is None:
                out["T_max"] = max(out["T_max"], float(kernel))
                if kernel > 10**6:
                    return {**out, "status": 1, "stop": t}
                if abs(residual) < until:
                    out |= {"status": 0, "stop": t, "z": residual, "T": kernel}
            if abs(residual) < 1e-40:
                return {**out, "gap": 2 - kernel}
            a, b = a - residual * a, b + eps * residual * b
        return {**out, "status": 2, "stop": steps} if out["stop"] is None else out


@given(
    st.floats(min_value=0.01, max_value=0.9),
    st.floats(min_value=-0.5, max_value=0.9),
    st.floats(min_value=0, max_value=1.5),
)
@settings(max_examples=25, deadline=None)
def test_orbits_are_gradient_descent(epsilon: float, z: float, above: float) -> None:
    T = max(2 * z, -2 * epsilon * z) + 1e-3 + above
    truth = descend(epsilon, z, T, 1e-8, 20_000)
    found = sweep(make_sweep_grid(epsilon=epsilon, z=z, T=T), workers=1)
    got = {name: found[name].item() for name in COLUMNS}
    assert got["status"] == truth["status"]
    if got["status"] == 0 and "gap" in truth:
        # chaotic transients lose digits; a start that keeps them must be right to the last
        loss = 1e-11 if got["steps"] < 100 / epsilon and truth["T_max"] < 2.5 else 1e-6
        assert abs(got["steps"] - truth["stop"]) <= 1
        assert got["edge_step"] == truth["edge_step"] or abs(truth["T_max"] - 2) < 1e-9
        assert got["T_max"] == pytest.approx(truth["T_max"], abs=loss)
        if np.isfinite(got["gap"]):
            assert abs(got["gap"] - float(truth["gap"])) <= got["gap_error"] + loss
        else:
            assert truth["gap"] < 1e-3  # so near the edge that the estimate says nothing
    if got["status"] == 1:
        assert abs(got["steps"] - truth["stop"]) <= 1


def test_the_gap_keeps_its_digits_where_epsilon_is_small() -> None:
    """2 - T to 13 digits at epsilon = 1e-3; double in T would lose four of them to the subtraction alone."""
    found = sweep(make_sweep_grid(epsilon=1e-3, z=-0.3, T=2), workers=1, until=1e-9)
    truth = descend(1e-3, -0.3, 2.0, 1e-9, 10**6)
    assert abs(float(found["gap"].item() / truth["gap"] - 1)) < 1e-13
    assert abs(found["gap"].item() / 1e-3 - 0.5) < 1e-2


@cache
def mixed_grid() -> SweepGrid:
    """Starts that relax, freeze, diverge, and run out of steps."""
    return make_sweep_grid(epsilon="0.002:0.4:23:log", z="-1.3:0.95:29", T=[1.5, 2])


@cache
def mixed() -> SweepResult:
    return sweep(mixed_grid(), steps=3000)


def test_the_mixed_grid_has_everything() -> None:
    assert set(np.unique(mixed()["status"])) == {0, 1, 2}
    assert set(np.unique(mixed().regions)) == set(range(len(REGIONS)))
    assert mixed()["T"].shape == mixed_grid().shape
    counts = mixed().summary()
    assert sum(counts["status"].values()) == sum(counts["regions"].values()) == mixed_grid().size
    assert set(counts["status"]) == set(CODES)


@given(st.integers(min_value=1, max_value=1500), st.integers(min_value=1, max_value=5))
@settings(max_examples=12, deadline=None)
def test_bits_do_not_depend_on_chunks_and_threads(chunk: int, workers: int) -> None:
    assert sweep(mixed_grid(), steps=3000, chunk=chunk, workers=workers).digest == mixed().digest


@given(st.randoms(use_true_random=False))
@settings(max_examples=8, deadline=None)
def test_bits_do_not_depend_on_neighbours(random: Any) -> None:
    """Any list of points gives each point what the product grid gave it."""
    chosen = random.choices(range(mixed_grid().size), k=200)
    lanes = mixed_grid().lanes(0, mixed_grid().size)
    points = SweepGrid({name: values[chosen] for name, values in lanes.items()}, "points")
    found = sweep(points, steps=3000, workers=1)
    for name in COLUMNS:
        assert np.array_equal(found[name], mixed()[name].ravel()[chosen], equal_nan=True)


def test_starts_in_theta_are_the_same_orbits() -> None:
    epsilon, eta = 0.0625, 0.25
    theta_1, theta_2 = np.array([0.5, 1.0, 2.0]), np.array([1.0, 4.0])
    by_theta = sweep(make_sweep_grid(epsilon=epsilon, theta_1=theta_1, theta_2=theta_2, eta=eta))
    a, b = np.meshgrid(theta_1, theta_2, indexing="ij")
    z, T = eta * (a**2 - epsilon * b**2) / 2, eta * (a**2 + epsilon**2 * b**2)  # exact in binary
    by_plane = sweep(make_sweep_grid(epsilon=np.full(6, epsilon), z=z, T=T, layout="points"))
    for name in COLUMNS:
        assert np.array_equal(by_theta[name].ravel(), by_plane[name], equal_nan=True)


def test_no_steps_at_all() -> None:
    found = sweep(make_sweep_grid(epsilon=0.1, z=[0.3, 1e-9], T=2), steps=0)
    assert found["status"].ravel().tolist() == [2, 0]
    assert found["steps"].ravel().tolist() == [0, 0]
    assert found["z"].ravel().tolist() == [0.3, 1e-9]
    assert found["edge_step"].ravel().tolist() == [0, 0]


@given(st.integers(min_value=0, max_value=400))
@settings(max_examples=25, deadline=None)
def test_the_limit_of_steps_is_exact(steps: int) -> None:
    found = sweep(make_sweep_grid(epsilon=0.01, z=[-0.3, -0.31, 0.9], T=2), steps=steps)
    unfinished = found["status"] == 2
    assert np.all(found["steps"][unfinished] == steps)
    assert np.all(found["steps"] <= steps)


def test_trajectories_repeat_the_sweep() -> None:
    for index in (0, (5, 7, 1), mixed_grid().size - 1):
        flat = index if isinstance(index, int) else int(np.ravel_multi_index(index, mixed_grid().shape))
        path = mixed().trajectory(index)
        steps = int(mixed()["steps"].flat[flat])
        assert path.step[-1] == steps
        assert path.z[-1] == mixed()["z"].flat[flat] or np.isnan(path.z[-1])
        assert path.T[-1] == mixed()["T"].flat[flat] or np.isnan(path.T[-1])
        coarse = mixed().trajectory(index, stride=7)
        assert np.array_equal(coarse.z[:-1], path.z[::7][: len(coarse.z) - 1], equal_nan=True)


@pytest.mark.parametrize(("index", "stride"), [(10**9, 1), ((0, 0), 1), ((99, 0, 0), 1), (0, 0), (0, -3)])
def test_trajectories_that_are_not_there(index: Any, stride: int) -> None:
    with pytest.raises(DomainError):
        mixed().trajectory(index, stride=stride)


@pytest.mark.parametrize(
    "limits",
    [{"steps": -1}, {"steps": True}, {"steps": 10**16}, {"until": 0}, {"until": 2}, {"until": "x"}, {"until": 1e-200},
     {"chunk": 0}, {"workers": 0}, {"scheduler": "nowhere"}],
)  # fmt: skip
def test_limits_out_of_range(limits: dict[str, Any]) -> None:
    with pytest.raises(DomainError) as caught:
        sweep(make_sweep_grid(epsilon=0.1, z=0.1, T=2), **limits)
    assert "\n" not in str(caught.value)


def test_an_unknown_column() -> None:
    with pytest.raises(DomainError, match="one of status"):
        mixed()["lambda"]


def test_a_finished_sweep_is_read_back(tmp_path: Path) -> None:
    first = sweep(mixed_grid(), steps=3000, output=tmp_path, chunk=300)
    assert first.digest == mixed().digest
    stamps = {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("*.npz")}
    assert len(stamps) == 5
    calls: list[tuple[int, int, int]] = []
    again = sweep(mixed_grid(), steps=3000, output=tmp_path, progress=lambda *c: calls.append(c))
    assert again.digest == mixed().digest
    assert calls == [(mixed_grid().size, mixed_grid().size, 0)]
    assert stamps == {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("*.npz")}
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["finished"] is True
    assert run["summary"]["digest"] == mixed().digest


def test_a_damaged_chunk_is_run_again(tmp_path: Path) -> None:
    sweep(mixed_grid(), steps=3000, output=tmp_path, chunk=300)
    victim = tmp_path / "chunk-000002.npz"
    victim.write_bytes(victim.read_bytes()[:-100])
    (tmp_path / "chunk-000003.npz").unlink()
    np.savez(tmp_path / "chunk-000001.npz", z=np.zeros(3))
    assert sweep(mixed_grid(), steps=3000, output=tmp_path, chunk=300).digest == mixed().digest


def test_another_sweep_is_not_overwritten(tmp_path: Path) -> None:
    sweep(mixed_grid(), steps=50, output=tmp_path)
    with pytest.raises(OutputError):
        sweep(mixed_grid(), steps=51, output=tmp_path)
    sweep(mixed_grid(), steps=51, output=tmp_path, force=True)


def test_a_killed_sweep_resumes(tmp_path: Path) -> None:
    """A real kill: SIGKILL to the process once it has written some chunks."""
    axes = {"epsilon": "1e-5:1e-4:60:log", "z": "-0.6:-0.1:40", "T": "2"}
    command = [sys.executable, "-m", "edgestab", "sweep", "--chunk", "60", "--jobs", "1", "--folder", str(tmp_path)]
    command += [f"--{name}={axis}" for name, axis in axes.items()]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("chunk-*.npz"))) < 3:
        assert process.poll() is None, "the sweep ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("chunk-*.npz")}
    assert 3 <= len(kept) < 40
    assert json.loads((tmp_path / "run.json").read_text())["finished"] is False
    resumed = sweep(make_sweep_grid(**axes), output=tmp_path)  # type: ignore[arg-type]
    assert {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("chunk-*.npz") if p.name in kept} == kept
    assert resumed.digest == sweep(make_sweep_grid(**axes)).digest  # type: ignore[arg-type]


def test_a_cluster_gives_the_same_bits(dask_cluster: Any) -> None:
    victim = dask_cluster.start_worker()
    dask_cluster.wait_for_workers(3)
    seen: list[int] = []

    def progress(done: int, total: int, taken: int) -> None:
        seen.append(done)
        if len(seen) == 4:
            victim.kill()

    found = sweep(mixed_grid(), steps=3000, chunk=50, scheduler=dask_cluster.address, progress=progress)
    assert victim.wait(timeout=10) == -signal.SIGKILL
    assert found.digest == mixed().digest
    assert seen[-1] == mixed_grid().size


def test_a_worker_with_another_map_refuses() -> None:
    from dataclasses import replace

    from edgestab.numeric.sweeps.chunk import SweepJob, run_job

    job = SweepJob(mixed_grid().lanes(0, 4), 10, 1e-8, 1e6, program_digest())
    assert len(run_job(job)["z"]) == 4
    with pytest.raises(CodegenError, match="one version of edgestab everywhere"):
        run_job(replace(job, digest="0" * 64))


def test_json_of_a_small_grid_has_its_rows() -> None:
    content = mixed().to_json()
    text = json.dumps(content, allow_nan=False)
    assert len(json.loads(text)["columns"]["gap"]) == mixed_grid().size
    assert content["config"]["steps"] == 3000
