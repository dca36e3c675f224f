from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

from matplotlib import pyplot as plt

from edgestab.numeric.codegen.compile import compile_map
from edgestab.numeric.orbits.figures import plot_orbit, plot_plane, record_orbit, save_orbit
from edgestab.numeric.orbits.landscape import compute_landscape
from edgestab.numeric.orbits.starts import read_start
from edgestab.symbolic.algebra.errors import DomainError, OutputError
from edgestab.symbolic.models.quadratic import main_case

START: Any = {"z": "-1/4", "T": "7/4"}


def test_recorded_orbit_is_the_map() -> None:
    orbit = record_orbit(read_start("1/50", **START), steps=50)
    assert orbit.t.shape == orbit.z.shape == orbit.T.shape == (51,)
    # one step by hand, from the definition of gradient descent in (z, T)
    z, T, e = -0.25, 1.75, 0.02
    T1 = (1 - e) * T + 2 * e * z
    assert orbit.z[1] == pytest.approx(z - z * T + z * z * T1 / 2, rel=1e-14)


def test_a_diverging_orbit_is_cut() -> None:
    orbit = record_orbit(read_start("1/10", z=5, T=9), steps=1000)
    assert len(orbit.t) < 10
    assert np.isfinite(orbit.z).all()


def test_axes_show_the_edge_and_the_nullcline() -> None:
    orbit = record_orbit(read_start("1/50", **START), steps=200)
    ax = plot_orbit(orbit)
    assert any((np.asarray(line.get_ydata()) == 2).all() for line in ax.lines)
    figure, given = plt.subplots()
    assert plot_plane(orbit, ax=given) is given
    z, f = (np.asarray(v) for v in given.lines[0].get_data())
    step = compile_map(main_case()).step
    for residual, value in zip(z[::20], f[::20], strict=True):
        twice = step(step((residual, value), (0.02,)), (0.02,))
        assert twice[0] == pytest.approx(residual, abs=1e-12)
    plt.close("all")
    assert figure is not None


def test_files(tmp_path: Path) -> None:
    for suffix in ("png", "pdf", "svg"):
        save_orbit(str(tmp_path / f"o.{suffix}"), read_start("1/50", **START), steps=20)
        assert (tmp_path / f"o.{suffix}").stat().st_size > 1000
    with pytest.raises(OutputError, match="png, pdf or svg"):
        save_orbit(str(tmp_path / "o.nope"), read_start("1/50", **START), steps=20)
    with pytest.raises(DomainError):
        read_start("2", **START)


def test_pictures_refuse_what_they_cannot_show() -> None:
    with pytest.raises(DomainError, match="holds minima"):
        compute_landscape("1/5", [(1.7, 3.2)], target=2, points=5)
    with pytest.raises(DomainError, match="a start within"):
        record_orbit(read_start("1/10", z="1e400", T=1), steps=3)
