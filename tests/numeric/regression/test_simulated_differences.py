"""Gradient descent from random starts against the derived series."""

import math

import pytest

from edgestab.numeric.initialisation.laws import InitialEnsemble
from edgestab.numeric.regression.simulated_differences import difference_coefficients, simulate_eigenvalue_differences
from edgestab.symbolic.algebra.errors import DomainError


@pytest.mark.parametrize("size", [(2, 3), (3, 2), (1, 4)])
def test_series_against_descent(size: tuple[int, int]) -> None:
    law = InitialEnsemble(*size, sigma_z=0.8, sigma_J=1.1, sigma_Q=0.6)
    found = simulate_eigenvalue_differences(law, eta=0.01, samples=20_000, seed=5)
    assert all(abs(z) < 4.42 for z in found.z_scores)
    # without the terms beyond the flow the second difference would be far off
    assert abs(found.simulated[1] - found.flow[1]) > 5 * found.standard_errors[1]


def test_leading_coefficient_is_the_flow() -> None:
    law = InitialEnsemble(2, 3)
    assert difference_coefficients(law, 2)[2] == pytest.approx(5 * law.exact_ratio())


@pytest.mark.parametrize("bad", [{"eta": 0.0}, {"eta": math.nan}, {"samples": 1}])
def test_bad_input(bad: dict[str, float]) -> None:
    with pytest.raises(DomainError):
        simulate_eigenvalue_differences(InitialEnsemble(2, 3), **{"eta": 0.1, "samples": 10, "seed": 0} | bad)  # type: ignore[arg-type]
