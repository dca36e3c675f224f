"""The simulated basin: no start of a proved region ends outside the band; the figure draws what it says."""

from fractions import Fraction

import matplotlib as mpl
import numpy as np
import pytest

from edgestab.numeric.orbits.basin import BELOW, WITHIN, Basin, plot_basin, simulate_basin
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.trapping.barrier import Barrier, derive_barrier

mpl.use("Agg")

CONSTANTS = {"slope": "7/5", "width": 1, "height": "1/2", "epsilon_min": 0, "epsilon_max": "1/5", "split": "-39/100"}


@pytest.fixture(scope="module")
def barrier() -> Barrier:
    return derive_barrier(main_case(), CONSTANTS)


@pytest.fixture(scope="module")
def basin(barrier: Barrier) -> Basin:
    return simulate_basin(barrier, Fraction(1, 8), shape=(20, 30), z_range=(-0.9, 0.6), V_range=(1.7, 2.6))


def test_the_proved_region_ends_in_the_band(basin: Basin, barrier: Barrier) -> None:
    inside = basin.inside(barrier)
    assert inside.sum() > 30
    assert np.all(basin.outcome[inside] == WITHIN)
    assert 0 < basin.share_proved(barrier) < 1


def test_one_outcome_by_hand(basin: Basin) -> None:
    row, column = 0, 3
    e, z, T = 0.125, float(basin.z[column]), float(basin.V[row] + 2 * 0.875 * basin.z[column])
    for _ in range(4000):
        moment = (1 - e) * T + 2 * e * z
        second = (1 - e) * moment + e * T
        z, T = z - z * T + z * z * moment / 2, T - 2 * z * moment + z * z * second
    assert 2 - e > T
    assert basin.outcome[row, column] == BELOW
    assert basin.limit[row, column] == pytest.approx(T, abs=1e-7)


def test_figure(basin: Basin, barrier: Barrier) -> None:
    ax = plot_basin(basin, [barrier])
    legend = ax.get_legend()
    assert legend is not None
    labels = [text.get_text() for text in legend.get_texts()]
    assert "ends in the band" in labels
    assert "proved, slope 7/5" in labels
    assert len(ax.lines) == 2


def test_refusals(barrier: Barrier) -> None:
    with pytest.raises(DomainError, match="epsilon"):
        simulate_basin(barrier, Fraction(2))
