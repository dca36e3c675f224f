"""Ends of runs under optimisers: slopes of the series' error, and what is refused."""

from fractions import Fraction

import pytest

import edgestab as es

opt = es.optimisers


@pytest.mark.parametrize(
    "optimiser",
    [
        opt.heavy_ball("1/2"),
        pytest.param(opt.nesterov("1/2"), marks=pytest.mark.thorough),
        pytest.param(opt.sam(1), marks=pytest.mark.thorough),
        pytest.param(opt.gradient_filter((1,), (1, "-1/2", "1/8")), marks=pytest.mark.thorough),
        pytest.param(opt.gradient_filter((1, "1/4", "1/8")), marks=pytest.mark.thorough),
    ],
)
def test_the_error_of_the_series_is_of_its_order(optimiser: opt.Optimiser) -> None:
    test = es.orbits.compare_optimiser_limit(optimiser, 3, digits=20)
    assert test.holds
    assert test.misses[-1] < 1e-6


def test_a_wrong_coefficient_does_not_hold() -> None:
    series = opt.derive_limit(opt.heavy_ball("1/2"), 1)
    end = es.orbits.iterate_optimiser(opt.heavy_ball("1/2"), Fraction(1, 64), digits=12)
    assert end.T is not None
    right = float(series.coefficients[0] + series.coefficients[1] / 64)
    assert abs(float(end.T) - right) < 1e-3 < abs(float(end.T) - right - 1 / 64 / 4)


def test_a_start_off_the_manifold_relaxes_onto_it() -> None:
    """Moved off by a tenth of epsilon at z = -1/8, the end moves by far less."""
    at, moved = (
        es.orbits.iterate_optimiser(opt.nesterov("1/4"), Fraction(1, 50), Fraction(-1, 8), offset, digits=10).T
        for offset in (Fraction(0), Fraction(1, 500))
    )
    assert 0 < abs(at - moved) < 0.1 * 1 / 500


def test_what_cannot_run_is_refused() -> None:
    with pytest.raises(es.DomainError, match="epsilon in"):
        es.orbits.iterate_optimiser(opt.heavy_ball("1/2"), Fraction(1, 2))
    with pytest.raises(es.DomainError, match="keeps minima"):
        es.orbits.iterate_optimiser(opt.weight_decay("1/9"), Fraction(1, 9))
    stopped = es.orbits.iterate_optimiser(opt.heavy_ball("1/2"), Fraction(1, 50), max_steps=10)
    assert (stopped.status.value, stopped.T) == ("max_steps", None)
