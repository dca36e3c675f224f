from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.regression import figures
from edgestab.numeric.regression.convergence import ConvergenceGrid, run_convergence_grid
from edgestab.numeric.regression.sharpening import measure_sharpening


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def test_trajectory_draws_both_eigenvalues_and_the_edge(tmp_path: Path) -> None:
    run = es.regression.descend_regression(
        es.regression.RegressionEnsemble.normalised(4, 8).sample(0), [0.1, 0.2], max_steps=50
    )
    axes = figures.plot_trajectory(run, lane=1)
    assert axes.get_lines()[0].get_ydata() == pytest.approx(0.2 * run.ntk[:, 1, 0], nan_ok=True)
    edge = axes.get_lines()[2]
    assert np.asarray(edge.get_ydata()) == pytest.approx(2)
    assert edge.get_linestyle() == ":"
    assert figures.plot_loss(run, lane=1).get_yscale() == "log"
    figures.save_run(run, str(tmp_path / "run.png"))
    assert (tmp_path / "run.png").stat().st_size > 10_000


def test_convergence_split_and_rise(tmp_path: Path) -> None:
    table = run_convergence_grid(ConvergenceGrid(shapes=((3, 6), (4, 4)), sigma_z=(0.5, 1.0), samples=2, max_steps=400))
    figures.save_convergence(table, str(tmp_path / "sharpness.svg"))
    axes = figures.plot_convergence(table, 0)
    assert len(axes.containers) == 3
    split = es.regression.split_two_steps(
        es.regression.RegressionEnsemble.normalised(24, 18, 1.5).sample(20230724, 0), 0.3, 200
    )
    axes = figures.plot_split(split)
    legend = axes.get_legend()
    assert legend is not None
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["linear in the residual", "non-linear", "two-step change"]
    figures.save_split(split, str(tmp_path / "split.pdf"))
    curve = measure_sharpening(es.regression.RegressionEnsemble.normalised(4, 8), 2, 0, np.geomspace(0.1, 10, 5))
    assert len(figures.plot_sharpening(curve).get_lines()) == 4
    figures.save_sharpening(curve, str(tmp_path / "rise.png"))
    assert len(list(tmp_path.iterdir())) == 3


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    run = es.regression.descend_regression(
        es.regression.RegressionEnsemble.normalised(2, 3).sample(0), 0.1, max_steps=5
    )
    with pytest.raises(es.algebra.OutputError, match="png, pdf or svg"):
        figures.save_run(run, str(tmp_path / "run.xyz"))
