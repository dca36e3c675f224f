"""Pictures of the gallery show what their captions say."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from edgestab.numeric.orbits import gallery_figures
from edgestab.symbolic.algebra.errors import DomainError

mpl.use("Agg")


def drawn(name: str) -> Any:
    import matplotlib.pyplot as plt

    return getattr(gallery_figures, f"draw_{name}")(plt.subplots()[1])


def curve(ax: Any, label: str) -> np.ndarray:
    (line,) = [found for found in ax.get_lines() if str(found.get_label()).endswith(label)]
    return np.asarray(line.get_ydata(), dtype=float)


def test_the_gradient_flow_solution_sharpness_falls_while_the_sharpness_oscillates() -> None:
    ax = drawn("kreisler")
    falls = np.diff(curve(ax, "solution sharpness"))
    assert (falls <= 1e-12).all()
    assert (np.diff(curve(ax, r"$\eta\times$ sharpness")) > 0).any()


def test_the_two_cycle_is_the_closed_form_and_the_gap_decays() -> None:
    ax = drawn("ghosh")
    late = curve(ax, "product")[-2:]
    ratio = (2.1 - (2.1**2 - 4) ** 0.5) / 2
    assert sorted(late) == pytest.approx([ratio / 1.1, 1 / (ratio * 1.1)], abs=1e-9)
    assert abs(curve(ax, "gap of squares")[-1]) < 1e-4


def test_an_unknown_picture_is_refused(tmp_path: object) -> None:
    with pytest.raises(DomainError, match="picture of the gallery"):
        gallery_figures.save_picture("nothing", f"{tmp_path}/x.png")


@pytest.mark.thorough
@pytest.mark.parametrize("name", sorted(n[5:] for n in vars(gallery_figures) if n.startswith("draw_")))
def test_every_picture_can_be_drawn(name: str) -> None:
    import matplotlib.pyplot as plt

    assert drawn(name).get_lines() or drawn(name).collections
    plt.close("all")


def test_the_energy_of_berthiers_orbits_follows_its_law() -> None:
    lines = [np.asarray(found.get_ydata(), dtype=float) for found in drawn("berthier").get_lines()]
    assert len(lines) == 6
    # at zeta = 0 the energy grows beyond what its leading changes say
    for energy, law in zip(lines[2::2], lines[3::2], strict=True):
        assert np.abs(energy - law).max() < 0.01
