"""Followed boxes: balls hold sampled orbits, proved boxes end in the interval, hopeless ones are left open."""

import random
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from flint import arb

from edgestab.proofs.certificates.barrier_reach import SlopeRefuter, largest
from edgestab.proofs.certificates.enclosed_entry import Follower, StartBox
from edgestab.proofs.certificates.proved_basin import grow_basin, judge_window, windows
from edgestab.proofs.certificates.theorem_1 import regions
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.quadratic import main_case


@lru_cache
def follower() -> Follower:
    return Follower([barrier for barrier, _ in regions(main_case(), Fraction(1))])


def step(z: Fraction, V: Fraction, e: Fraction) -> tuple[Fraction, Fraction]:
    T = V + 2 * (1 - e) * z
    moment = (1 - e) * T + 2 * e * z
    return z - z * T + z * z * moment / 2, V - e * z * z * (4 - T)


BOX: StartBox = (
    (Fraction(-26, 100), Fraction(-25, 100)),
    (Fraction(22, 10), Fraction(222, 100)),
    (Fraction(1, 10), Fraction(101, 1000)),
)


def test_balls_hold_sampled_orbits() -> None:
    rng = random.Random(4)
    balls = list(follower().orbit(BOX, 4))
    for _ in range(20):
        z, V, e = (low + (high - low) * Fraction(rng.randrange(101), 100) for low, high in BOX)
        for ball_z, ball_V in balls:
            assert abs(arb(float(z)) - ball_z.mid()) <= ball_z.rad() + arb(1e-12)
            assert abs(arb(float(V)) - ball_V.mid()) <= ball_V.rad() + arb(1e-12)
            z, V = (x.limit_denominator(10**15) for x in step(z, V, e))
    assert balls[-1][0].rad() < 0.2


def test_entries() -> None:
    far: StartBox = ((Fraction(-3, 10), Fraction(-29, 100)), (Fraction(27, 10), Fraction(271, 100)), BOX[2])
    found = follower().enters(far)
    assert found.proved
    assert found.steps > 0
    low: StartBox = (BOX[0], (Fraction(15, 10), Fraction(151, 100)), BOX[2])
    assert not follower().enters(low).proved


def test_windows_are_explicit_and_adjoin() -> None:
    found = list(windows(Fraction(3, 10), Fraction(3, 5)))
    assert found[0].epsilon[0] == Fraction(3, 10)
    assert found[-1].epsilon[1] == Fraction(3, 5)
    assert all(a.epsilon[1] == b.epsilon[0] for a, b in pairwise(found))
    for window in found[::25]:
        assert judge_window(follower(), window) == ""
        e, z, V = float(window.epsilon[0]), float(window.z), float(window.V)
        first = V + 2 * (1 - e) * z
        z1, V1 = (float(x) for x in step(Fraction(z), Fraction(V), Fraction(e)))
        assert first < 2 < 2 + float(window.overshoot) < V1 + 2 * (1 - e) * z1
        for _ in range(3000):
            T = V + 2 * (1 - e) * z
            z, V = z - z * T + z * z * ((1 - e) * T + 2 * e * z) / 2, V - e * z * z * (4 - T)
        assert 2 - e <= V <= 2


def test_grown_cells_hold_the_region() -> None:
    ((barrier, _),) = regions(main_case(), Fraction(1, 5))
    z, V = np.linspace(-0.3, -0.1, 4), np.linspace(2.15, 2.3, 3)
    assert grow_basin(barrier, Fraction(1, 10), z, V).all()
    assert not grow_basin(barrier, Fraction(1, 10), z, np.linspace(1.2, 1.4, 2)).any()


def test_slopes_are_refuted_and_found() -> None:
    ((barrier, _),) = regions(main_case(), Fraction(1, 5))
    found = SlopeRefuter(barrier.slow, Fraction(1), Fraction(1, 2), [Fraction(1, 4)]).refute((Fraction(1), Fraction(3)))
    assert found is not None
    assert found[0].slopes[0] == 1
    assert found[-1].slopes[1] == 3
    for r in found:
        slope = r.slopes[1]
        p = r.z**2 / (1 - r.z)
        W = 2 + slope * p + (Fraction(1, 2) - slope * p) * r.level
        z1, V1 = step(r.z, W - r.epsilon, r.epsilon)
        assert slope * z1**2 / (1 - z1) > V1 + r.epsilon - 2
    # at height 1/2 and epsilon up to 1/5 the slope 7/5 does work, so no cover of it exists
    works = SlopeRefuter(barrier.slow, Fraction(1), Fraction(1, 2), [Fraction(1, 5)])
    assert works.refute((Fraction(7, 5), Fraction(7, 5)), depth=2) is None


def test_largest_is_on_the_grid() -> None:
    with pytest.raises(DomainError, match="either"):
        largest(main_case(), Fraction(7, 5))


@pytest.mark.thorough
def test_largest_reach_of_a_linear_barrier() -> None:
    step = main_case()
    assert largest(step, Fraction(7, 5), height=Fraction(1, 2)) >= Fraction(1, 5)
    assert Fraction(1, 2) <= largest(step, Fraction(7, 5), top=Fraction(1, 5)) < Fraction(14, 25)
