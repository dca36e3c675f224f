"""Moments of the largest Wishart eigenvalue against exact values and simulation."""

import math

import numpy as np
import pytest

from edgestab.numeric.initialisation.largest_eigenvalue import exceedance, largest_eigenvalue_moments
from edgestab.symbolic.algebra.errors import DomainError


@pytest.mark.parametrize(
    ("size", "first", "second"),
    [
        ((1, 1), 1.0, 3.0),
        ((1, 3), 3.0, 15.0),
        ((2, 2), 2 + math.pi / 2, 10 + 3 * math.pi),
        ((2, 3), 5.0, 34.0),  # ordered integrals of polynomials times exponentials
        ((3, 4), 25 / 3, 83 + 1 / 9),
    ],
)
def test_small_sizes(size: tuple[int, int], first: float, second: float) -> None:
    found = largest_eigenvalue_moments(*size)
    assert found.first == pytest.approx(first, rel=1e-11)
    assert found.second == pytest.approx(second, rel=1e-11)
    assert found.relative_error < 1e-11


def test_outputs_and_parameters_may_be_swapped() -> None:
    assert largest_eigenvalue_moments(9, 4).first == pytest.approx(largest_eigenvalue_moments(4, 9).first, rel=1e-14)


@pytest.mark.parametrize(("n", "m"), [(2, 5), (5, 5), (6, 9), (7, 8)])
def test_distribution_against_sampled_matrices(n: int, m: int) -> None:
    rng = np.random.default_rng(7)
    values = np.array([np.linalg.eigvalsh(j @ j.T)[-1] for j in rng.standard_normal((4000, n, m))])
    x = np.quantile(values, [0.1, 0.5, 0.9])
    found = 1 - exceedance(n, m, x)
    assert np.all(np.abs(found - [0.1, 0.5, 0.9]) < 4.5 * np.sqrt(0.25 / 4000))


def test_distribution_of_two_eigenvalues_in_closed_form() -> None:
    """n = 2, m = 3: integrate (a - b) exp(-(a + b)/2)/4 over b < a < x by hand."""
    x = np.array([0.5, 2.0, 5.0, 20.0])
    e = np.exp(-x / 2)
    planted = 1 - x * e - e**2
    assert np.allclose(1 - exceedance(2, 3, x), planted, atol=1e-12)


def test_edge_of_a_large_size() -> None:
    """Mean -1.2065335745820 and variance 1.6077810345810 of the Tracy-Widom law of order 1, to O(n^(-2/3))."""
    n = 1000
    found = largest_eigenvalue_moments(n, n)
    mu = (math.sqrt(n - 0.5) + math.sqrt(n - 0.5)) ** 2
    sigma = 2 * math.sqrt(n - 0.5) * (2 / math.sqrt(n - 0.5)) ** (1 / 3)
    assert (found.first - mu) / sigma == pytest.approx(-1.2065335745820, abs=5e-3)
    assert (found.second - found.first**2) / sigma**2 == pytest.approx(1.6077810345810, rel=1e-2)


@pytest.mark.parametrize("size", [(0, 3), (3, -1), (2.5, 3), (True, 3), (math.nan, 2)])
def test_bad_sizes(size: tuple[int, int]) -> None:
    with pytest.raises(DomainError, match="integer"):
        largest_eigenvalue_moments(*size)
