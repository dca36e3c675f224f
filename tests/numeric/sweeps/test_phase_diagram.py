"""Phase diagrams: the right axes, orientation, regions by name, and a file that is not blank."""

from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from edgestab.numeric.sweeps.chunk import COLUMNS
from edgestab.numeric.sweeps.grid import make_sweep_grid
from edgestab.numeric.sweeps.phase_diagram import plot_phase_diagram, save_phase_diagram, varying_axes
from edgestab.numeric.sweeps.result import REGIONS, SweepResult, reference_gap
from edgestab.numeric.sweeps.run import sweep
from edgestab.symbolic.algebra.errors import DomainError, OutputError

mpl.use("Agg")


@cache
def plane() -> SweepResult:
    return sweep(make_sweep_grid(epsilon="1e-3:0.3:40:log", z="-1.4:0.9:30", T=2))


def test_regions_are_named_where_they_are() -> None:
    import matplotlib.pyplot as plt

    ax = plot_phase_diagram(plane())
    try:
        assert ax.get_xscale() == "log"
        assert ax.get_yscale() == "linear"
        assert ax.get_xlabel() == r"$\epsilon$"
        named = {text.get_text(): text.get_position() for text in ax.texts}
        assert {"relaxed", "frozen", "diverged"} <= set(named)
        axes, regions = plane().grid.axes, plane().regions[:, :, 0]
        for name, (x, y) in named.items():
            i, j = np.argmin(abs(axes["epsilon"] - x)), np.argmin(abs(axes["z"] - y))
            assert REGIONS[regions[i, j]] == name
    finally:
        plt.close(ax.figure)  # type: ignore[arg-type]


def test_axes_may_be_exchanged() -> None:
    import matplotlib.pyplot as plt

    ax = plot_phase_diagram(plane(), x="z")
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "log")
    mesh = ax.collections[2].get_array()
    assert mesh is not None
    assert mesh.shape == (40, 30)
    plt.close(ax.figure)  # type: ignore[arg-type]


def test_the_step_size_lies_below() -> None:
    assert varying_axes(make_sweep_grid(epsilon=0.1, theta_1="0:1:3", theta_2=1, eta="1:2:3")) == ("eta", "theta_1")
    assert varying_axes(make_sweep_grid(epsilon=0.1, theta_1="0:1:3", theta_2=1, eta="1:2:3"), y="eta") == (
        "theta_1",
        "eta",
    )


def test_a_file_is_written(tmp_path: Path) -> None:
    path = tmp_path / "phase.png"
    save_phase_diagram(plane(), str(path))
    image = mpl.image.imread(path)
    assert min(image.shape[:2]) > 400
    assert len(np.unique((image[..., :3] * 255).astype(int).reshape(-1, 3), axis=0)) > 100
    with pytest.raises(OutputError):
        save_phase_diagram(plane(), str(tmp_path / "phase.xyz"))


@pytest.mark.parametrize("axes", [{"z": 0.1}, {"z": "0:1:3", "T": "1:2:3"}])
def test_not_two_axes(axes: dict[str, str]) -> None:
    grid = make_sweep_grid(**{"epsilon": "0.1:0.2:3" if len(axes) > 1 else 0.1, "T": 2, **axes})  # type: ignore[arg-type]
    with pytest.raises(DomainError, match="exactly two have more than one value"):
        varying_axes(grid)


def test_axes_that_do_not_vary() -> None:
    with pytest.raises(DomainError, match="the axes epsilon and z"):
        varying_axes(plane().grid, x="T")


def test_the_reference_is_the_series_of_the_limit() -> None:
    """2 - lim T = eps/2 + O(eps^2) on the slow manifold, whatever the sample it is interpolated from."""
    epsilon = np.array([1e-4, 3e-4, 1e-3])
    ratio = reference_gap(epsilon) / epsilon
    slope = np.diff(ratio) / np.diff(epsilon)
    assert np.allclose(ratio - slope[0] * epsilon, 0.5, atol=1e-5)
    assert np.allclose(slope[0], slope[1], rtol=0.05)
    assert reference_gap(np.array([[0.05]])).shape == (1, 1)
    assert np.allclose(reference_gap(np.array([1e-4, 0.05, 0.2]))[1], reference_gap(np.array([0.05])), rtol=1e-3)


def test_a_thinned_result_keeps_every_nth_value_of_each_axis() -> None:
    result = sweep(make_sweep_grid(epsilon="0.01:0.1:7", z="-0.3:0.3:10", T=2))
    thin = result.thinned(4)
    assert thin.grid.shape == (4, 4, 1)
    assert np.array_equal(thin.grid.axes["z"], result.grid.axes["z"][::3])
    for name in COLUMNS:
        assert np.array_equal(thin[name], result[name][::2, ::3], equal_nan=True)
    assert result.thinned(10) is result
    with pytest.raises(DomainError, match="most"):
        result.thinned(0)
