"""Spot checks see what double does right, and what it does wrong."""

from dataclasses import replace

import numpy as np
import pytest

from edgestab.numeric.sweeps.check import check_sweep
from edgestab.numeric.sweeps.grid import make_sweep_grid
from edgestab.numeric.sweeps.run import sweep
from edgestab.symbolic.algebra.errors import DomainError


def test_a_sweep_is_right_to_twelve_digits() -> None:
    result = sweep(make_sweep_grid(epsilon="1e-3:0.3:12:log", z="-0.3:0.8:10", T=[1.5, 2]))
    check = check_sweep(result, 60)
    assert check.tested == 60
    assert check.lost == check.undecided == 0
    assert 0 < check.worst < 1e-11
    assert check == check_sweep(result, 60)
    assert check_sweep(result, 10**6).tested == result.grid.size


def test_starts_in_theta_are_checked_too() -> None:
    result = sweep(make_sweep_grid(epsilon=0.0625, theta_1=[0.5, 1.0], theta_2=[1.0, 4.0], eta=0.25))
    assert check_sweep(result).worst < 1e-12


def test_wrong_results_are_seen() -> None:
    result = sweep(make_sweep_grid(epsilon="1e-2:0.3:5:log", z="-0.3:0.7:6", T=2))
    shifted = replace(result, columns={**result.columns, "gap": result["gap"] * (1 + 1e-9)})
    assert 9e-10 < check_sweep(shifted, 30).worst < 2e-9
    turned = replace(result, columns={**result.columns, "status": np.ones_like(result["status"])})
    assert check_sweep(turned, 30).lost == 30
    late = replace(result, columns={**result.columns, "steps": result["steps"] + 2})
    assert check_sweep(late, 30).lost == 30


def test_an_orbit_that_double_loses_is_not_called_right() -> None:
    """Far from the edge these starts jump about for a thousand steps and double forgets where they came from."""
    result = sweep(make_sweep_grid(epsilon="1.5e-4:3e-4:4", z="-0.9:-0.8:4", T=2))
    check = check_sweep(result, 16)
    assert check.lost + check.undecided >= 8


@pytest.mark.parametrize("count", [0, -1, True])
def test_no_sample(count: int) -> None:
    with pytest.raises(DomainError, match="count >= 1"):
        check_sweep(sweep(make_sweep_grid(epsilon=0.1, z=0.1, T=2)), count)
