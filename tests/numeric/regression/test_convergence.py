import json
from pathlib import Path

import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.regression import convergence as module
from edgestab.numeric.regression.convergence import ConvergenceGrid, Job, run_convergence_grid, run_job
from edgestab.numeric.runs.status import CODES

SMALL = ConvergenceGrid(shapes=((4, 8), (6, 5)), sigma_z=(0.5, 2.0), starts=(0.5, 1.5), samples=3, max_steps=1500)


def test_a_chunk_agrees_with_single_runs() -> None:
    arrays = run_job(Job(SMALL, 0, 1))
    state = es.regression.RegressionEnsemble.normalised(4, 8).sample(SMALL.seed, 1)
    top = np.linalg.norm(state.J, 2) ** 2
    assert arrays["initial"] == pytest.approx(top)
    for i, scale in enumerate(SMALL.sigma_z):
        for j, start in enumerate(SMALL.starts):
            run = es.regression.descend_regression(
                state.scaled_residual(scale), float(start / top), max_steps=1500, tolerance=1e-5
            )
            assert CODES[int(arrays["status"][i, j])] == run.status[0]
            if run.status[0] == "converged":
                assert arrays["stopped"][i, j] == run.stopped[0]
                assert arrays["final"][i, j] == pytest.approx(run.final_ntk[0, 0], rel=1e-6)
                final = run.final[0]
                assert final is not None
                assert arrays["hessian"][i, j] == pytest.approx(final.hessian_spectrum().top, rel=1e-6)
        flow = es.regression.integrate_regression_flow(state.scaled_residual(scale), tolerance=1e-5)
        assert arrays["flow_final"][i] == pytest.approx(flow.ntk[-1, 0], rel=1e-5)


def test_results_do_not_depend_on_workers_and_resume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = run_convergence_grid(SMALL)
    seen: list[tuple[int, int]] = []
    shared = run_convergence_grid(
        SMALL, folder=tmp_path / "grid", workers=2, progress=lambda done, total: seen.append((done, total))
    )
    assert seen[0] == (0, 6)
    assert seen[-1] == (6, 6)
    record = json.loads((tmp_path / "grid" / "run.json").read_text(encoding="utf-8"))
    assert record["finished"]
    assert record["config"]["samples"] == 3
    for name in ("initial", "final", "second", "status", "stopped", "flow_final"):
        assert np.array_equal(getattr(alone, name), getattr(shared, name), equal_nan=True), name
    missing = sorted((tmp_path / "grid").glob("chunk-*.npz"))
    missing[1].unlink()
    missing[4].write_bytes(b"cut short")
    ran: list[Job] = []

    def counted(job: Job) -> object:
        ran.append(job)
        return run_job(job)

    monkeypatch.setattr(module, "run_job", counted)
    again = run_convergence_grid(SMALL, folder=tmp_path / "grid")
    assert [(job.shape, job.sample) for job in ran] == [(0, 1), (1, 1)]
    assert np.array_equal(again.final, alone.final, equal_nan=True)
    with pytest.raises(es.algebra.OutputError, match="another"):
        run_convergence_grid(ConvergenceGrid(samples=2), folder=tmp_path / "grid")


def test_summary_counts_every_run() -> None:
    table = run_convergence_grid(SMALL)
    rows = table.summary()
    assert len(rows) == 8
    assert all(row["converged"] + row["diverged"] + row["max_steps"] == 3 for row in rows)
    growing = [r["flow_growth"] for r in rows if (r["outputs"], r["start"]) == (4, 0.5)]
    assert growing[0] < growing[1]
    converged = table.status == 0
    assert np.isfinite(table.scaled_ntk[converged]).all()
    assert np.isnan(table.scaled_ntk[~converged]).all()
    assert (table.scaled_hessian[converged] < 2 + 1e-6).all()


def test_the_flow_is_averaged_over_the_runs_that_converged() -> None:
    """Else the gap between descent and flow is one between samples: here descent loses the largest residuals."""
    grid = ConvergenceGrid(shapes=((6, 12),), sigma_z=(3.0,), starts=(1.0,), samples=8, max_steps=2000)
    table = run_convergence_grid(grid)
    converged = table.status[0, :, 0, 0] == 0
    assert 0 < converged.sum() < 8
    growth = table.flow_final[0, :, 0] / table.initial[0]
    (row,) = table.summary()
    assert row["flow_growth"] == pytest.approx(growth[converged].mean())
    assert row["flow_growth"] != pytest.approx(growth.mean(), rel=1e-3)
    assert np.array_equal(np.isfinite(table.flow_growth[0, :, 0, 0]), converged)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shapes": ()}, "at least one entry in shapes"),
        ({"shapes": ((0, 4),)}, "outputs"),
        ({"starts": (2.5,)}, r"below the edge.*got 2.5"),
        ({"sigma_z": (float("nan"),)}, "sigma_z"),
        ({"samples": 0}, "samples"),
    ],
)
def test_bad_grids_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(es.DomainError, match=message):
        ConvergenceGrid(**arguments)  # type: ignore[arg-type]


def test_too_little_memory_is_said_before_the_start() -> None:
    huge = ConvergenceGrid(shapes=((4000, 4000),), samples=1)
    with pytest.raises(es.DomainError, match=r"GiB for 1 worker\(s\)"):
        run_convergence_grid(huge)
