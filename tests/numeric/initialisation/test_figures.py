"""The figure of ratio against size."""

import matplotlib as mpl
import numpy as np

from edgestab.numeric.initialisation.figures import between, curve, halved_sizes, plot_theorem_2_ratio
from edgestab.numeric.initialisation.laws import InitialEnsemble
from edgestab.numeric.initialisation.simulation import simulate_ensemble

mpl.use("Agg")


def test_ladder_ends_at_the_size() -> None:
    assert halved_sizes(4, 6) == [(1, 1), (2, 3), (4, 6)]
    assert halved_sizes(1, 1) == [(1, 1)]


def test_curve_falls_to_the_limit() -> None:
    _, exact = curve(InitialEnsemble(1, 1), [(1, 1), (4, 6), (64, 96)])
    assert exact[0] > exact[1] > exact[2] > 1
    assert abs(exact[0] - 4) < 1e-12  # D = P = 1: 2 (1 + 3) against 2


def test_between_keeps_the_ends() -> None:
    sizes = between([(1, 2), (8, 16)])
    assert (sizes[0], sizes[-1]) == ((1, 2), (8, 16))


def test_points_lie_on_the_curve() -> None:
    import matplotlib.pyplot as plt

    found = [simulate_ensemble(InitialEnsemble(d, p), samples=2000, seed=1) for d, p in ((2, 3), (4, 6))]
    ax = plot_theorem_2_ratio(found)
    legend = ax.get_legend()
    assert legend is not None
    assert len(legend.get_texts()) == 3
    assert np.asarray(ax.lines[0].get_xdata()).shape == (3,)
    plt.close("all")
