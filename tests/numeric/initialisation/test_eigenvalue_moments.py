"""Thirty digits of Wishart moments."""

import mpmath
import pytest

from edgestab.numeric.initialisation.eigenvalue_moments import eigenvalue_moments
from edgestab.numeric.initialisation.largest_eigenvalue import largest_eigenvalue_moments
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.wick.exact_moments import exact_wishart_moments


def test_square_two_in_closed_form() -> None:
    """n = m = 2: 2 + pi/2 and 10 + 3 pi, from the integral of (a - b) exp(-(a + b)/2) / sqrt(a b) in polar angles."""
    found = eigenvalue_moments(2, 2, digits=30)
    with mpmath.workdps(40):
        assert abs(found.first - (2 + mpmath.pi / 2)) < mpmath.mpf(10) ** -29
        assert abs(found.second - (10 + 3 * mpmath.pi)) < mpmath.mpf(10) ** -28


def test_inner_rank_against_a_rational() -> None:
    found, exact = eigenvalue_moments(3, 4, 2, digits=20), exact_wishart_moments(3, 4, 2)
    with mpmath.workdps(30):
        assert abs(found.first - mpmath.mpf(exact.first.p) / exact.first.q) < mpmath.mpf(10) ** -19


@pytest.mark.thorough
@pytest.mark.parametrize("n", range(1, 7))
@pytest.mark.parametrize("excess", range(4))
def test_all_small_sizes(n: int, excess: int) -> None:
    found, double = eigenvalue_moments(n, n + excess), largest_eigenvalue_moments(n, n + excess)
    assert float(found.first) == pytest.approx(double.first, rel=1e-12)
    assert float(found.second) == pytest.approx(double.second, rel=1e-12)


@pytest.mark.parametrize("bad", [{"outputs": 9, "parameters": 9}, {"rank": 3}, {"digits": 5}, {"outputs": 0}])
def test_bad_input(bad: dict[str, int]) -> None:
    with pytest.raises(DomainError):
        eigenvalue_moments(**{"outputs": 2, "parameters": 3} | bad)
