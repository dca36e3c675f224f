"""Spectral density against the whole spectrum: moments, counts, error bars, the figure."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import edgestab as es
from tests.numeric.networks.curvature.matrices import diagonal, of_matrix

SPECTRUM = np.r_[np.linspace(-0.5, 0.5, 90), 3.0, 3.2, 5.0]


def test_moments_and_counts_lie_within_their_errors() -> None:
    """Of 12 seeds, z-scores of moments 1 to 4 have mean square near 1: bounds for Student's law with 7 degrees."""
    scores = []
    for seed in range(12):
        found = es.networks.spectral_density(diagonal(SPECTRUM), probes=8, steps=12, seed=seed)
        for power in range(1, 5):
            mean, error = found.moment(power)
            scores.append((mean - np.mean(SPECTRUM**power)) / error)
        assert found.moment(0)[0] == pytest.approx(1, abs=1e-12)
        assert found.products == 96
    assert 0.5 < np.mean(np.square(scores)) < 3.5
    many = es.networks.spectral_density(diagonal(SPECTRUM), probes=64, steps=20)
    count, error = many.count(2.5, 3.5)
    assert abs(count - 2) < 4 * error < 2
    assert np.trapezoid(many.density, many.grid) == pytest.approx(1, abs=1e-4)


def test_with_all_steps_the_nodes_are_the_eigenvalues() -> None:
    found = es.networks.spectral_density(diagonal(SPECTRUM[::6]), probes=2, steps=99)
    assert found.nodes.shape == (2, len(SPECTRUM[::6]))
    np.testing.assert_allclose(found.nodes[0], np.sort(SPECTRUM[::6]), atol=1e-9)


def test_the_density_lies_near_the_smoothed_spectrum() -> None:
    found = es.networks.spectral_density(diagonal(SPECTRUM), probes=24, steps=60, width=0.1)
    away = (found.grid[:, None] - SPECTRUM) / 0.1
    exact = np.exp(-(away**2) / 2).mean(axis=1) / (0.1 * np.sqrt(2 * np.pi))
    there = exact > 1e-3
    score = (found.density - exact)[there] / found.standard_error[there]
    assert np.sqrt(np.mean(score**2)) < 2


def test_one_eigenvalue_alone() -> None:
    found = es.networks.spectral_density(of_matrix(np.eye(20)), probes=2, steps=5)
    assert found.products == 2
    assert found.count(0.99, 1.01)[0] == pytest.approx(20)
    np.testing.assert_allclose(found.moment(2), (1, 0), atol=1e-12)


def test_the_figure_draws_density_band_and_edge() -> None:
    found = es.networks.spectral_density(diagonal(SPECTRUM), probes=4, steps=20)
    ax = es.networks.plot_spectral_density(found, edge=4.0)
    curve, edge = (np.asarray(line.get_xydata(), dtype=float) for line in ax.get_lines())
    assert -0.6 < curve[np.nanargmax(curve[:, 1]), 0] < 0.6
    assert edge[:, 0].tolist() == [4.0, 4.0]
    assert len(ax.collections) == 1
    plt.close(ax.figure)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"probes": 1}, {"steps": 0}, {"width": -1.0}])
def test_what_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(es.DomainError):
        es.networks.spectral_density(diagonal(SPECTRUM), **options)  # type: ignore[arg-type]
