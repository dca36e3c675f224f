"""The central flow beside the orbit: starts, order of the error, bad input."""

from fractions import Fraction

import numpy as np
import pytest

from edgestab.numeric.orbits.central_flow import descend_weights, follow_central_flow
from edgestab.symbolic.algebra.errors import DomainError


def test_the_start_is_a_two_cycle_where_the_slow_weight_stands_still() -> None:
    """With the slow weight put back after each step, two steps return the other one."""
    path = descend_weights(Fraction(1, 10**6), Fraction(1, 4), 2)
    assert float(path[2, 0]) == pytest.approx(float(path[0, 0]), abs=1e-5)
    assert float(path[1, 0] / path[0, 0]) == pytest.approx(0.75)


def test_flow_and_orbit_start_at_one_place_and_part_as_derived() -> None:
    run = follow_central_flow("1/100", "1/4", 1200)
    assert run.flow.slow[0] == pytest.approx(run.orbit.slow[0], abs=1e-12)
    assert run.averaged.slow[0] == pytest.approx(run.orbit.slow[0], abs=1e-12)
    late = slice(1000, 1100)
    speeds = [np.polyfit(run.steps[late], np.log(p.variance[late]), 1)[0] for p in (run.flow, run.orbit, run.averaged)]
    # the rates of the exact comparison at epsilon = 1/100
    assert -100 * speeds[0] == pytest.approx(8 / (9 - 0.14 + 0.0009), rel=1e-3)
    assert -100 * speeds[1] == pytest.approx(1 + 31 / 1600 + 637 / 1.92e6, rel=2e-3)
    assert -100 * speeds[2] == pytest.approx(-100 * speeds[1], rel=0.01)
    flow, averaged = run.errors()
    assert averaged < flow / 20


@pytest.mark.thorough
def test_the_error_of_the_flow_stays_and_that_of_the_averaged_equations_falls_like_epsilon() -> None:
    found = np.array([follow_central_flow(Fraction(1, n), "1/4", 6 * n).errors() for n in (200, 400, 800)])
    # the slow coordinate runs 9/8 times as slowly: b(s) = 2/(1 - c exp(-s)), s = epsilon steps
    start = 2 / (1 - 0.25) - 0.5
    c, s = 1 - 2 / start, np.linspace(0, 12, 200_001)
    limit = np.max(np.abs(2 / (1 - c * np.exp(-s)) - 2 / (1 - c * np.exp(-8 * s / 9))))
    slopes = np.log2((found[:-1, 0] - limit) / (found[1:, 0] - limit))
    assert slopes == pytest.approx([1, 1], abs=0.05)
    assert np.log2(found[:-1, 1] / found[1:, 1]) == pytest.approx([1, 1], abs=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("1/4",), "epsilon in"), (("1/50", "3/4"), "start in"), (("1/50", "1/4", 3), "steps 10")],
)
def test_what_it_refuses(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        follow_central_flow(*arguments)  # type: ignore[arg-type]
