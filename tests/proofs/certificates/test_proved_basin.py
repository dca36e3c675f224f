"""Followed boxes: balls hold sampled orbits, proved boxes end in the interval, hopeless ones are left open."""

import random
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from flint import arb

from edgestab.proofs.certificates.barrier_reach import SlopeRefuter, largest
from edgestab.proofs.certificates.enclosed_entry import Follower, StartBox
from edgestab.proofs.certificates.proved_basin import Window, enclosed, grow_basin, judge_stretch
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


WINDOW = Window(
    (Fraction(2, 5), Fraction(3, 4)),
    z=(Fraction(-1, 4),),
    z_reach=(Fraction(1, 200),),
    V=(Fraction(9, 4), Fraction(-1, 4)),
    V_reach=(Fraction(1, 40), Fraction(-1, 20), Fraction(1, 40)),
)


def test_polynomials_are_enclosed() -> None:
    cubic = (Fraction(1), Fraction(-2), Fraction(0), Fraction(3))
    low, high = enclosed(cubic, (Fraction(-1, 2), Fraction(1, 3)))
    values = [sum(c * x**k for k, c in enumerate(cubic)) for x in (Fraction(k, 60) for k in range(-30, 21))]
    assert low <= min(values)
    assert max(values) <= high
    # a line is enclosed by its ends, a constant by itself
    assert enclosed((Fraction(1), Fraction(2)), (Fraction(0), Fraction(1))) == (Fraction(1), Fraction(3))
    assert enclosed((Fraction(5),), (Fraction(0), Fraction(1))) == (Fraction(5), Fraction(5))


def test_stretches_adjoin_and_stop_at_the_cuts() -> None:
    found = list(WINDOW.stretches([Fraction(1, 5), Fraction(1, 2)]))
    assert (found[0][0], found[-1][1]) == WINDOW.epsilon
    assert all(a[1] == b[0] for a, b in pairwise(found))
    assert Fraction(1, 2) in {high for _, high in found}
    assert max(high - low for low, high in found) <= Fraction(1, 200)


def test_windows_hold_their_starts_and_end_in_the_interval() -> None:
    rng = random.Random(5)
    for stretch in list(WINDOW.stretches([Fraction(1, 2)]))[::25]:
        assert judge_stretch(follower(), WINDOW, stretch) == ""
        box = WINDOW.box(stretch)
        for _ in range(5):
            e = stretch[0] + (stretch[1] - stretch[0]) * Fraction(rng.randrange(101), 100)
            z = Fraction(-1, 4) + Fraction(rng.randrange(-100, 101), 20_000)
            V = 2 + (1 - e) / 4 + (1 - e) ** 2 * Fraction(rng.randrange(-100, 101), 4_000)
            assert box[0][0] <= z <= box[0][1]
            assert box[1][0] <= V <= box[1][1]
        z1, V1, small = float(z), float(V), float(e)
        for _ in range(3000):
            T = V1 + 2 * (1 - small) * z1
            z1, V1 = (
                z1 - z1 * T + z1 * z1 * ((1 - small) * T + 2 * small * z1) / 2,
                V1 - small * z1 * z1 * (4 - T),
            )
        assert 2 - small <= V1 <= 2


def test_hopeless_windows_are_left_open() -> None:
    low = replace(WINDOW, V=(Fraction(5, 4),))
    assert judge_stretch(follower(), low, (Fraction(2, 5), Fraction(81, 200))) == "entry"
    unreal = replace(WINDOW, V=(Fraction(1, 4),))
    assert judge_stretch(follower(), unreal, (Fraction(2, 5), Fraction(81, 200))) == "real weights"


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


def test_steep_slopes_are_refuted_by_one_start_each() -> None:
    ((barrier, _),) = regions(main_case(), Fraction(1, 5))
    height, eps = Fraction(14, 25), Fraction(1, 5)
    assert SlopeRefuter(barrier.slow, Fraction(1), height, [eps]).refute_steep(Fraction(20))
    # independently: where the barrier meets the top, the next state lies below it
    for z in (Fraction(1, 10), Fraction(1, 50), Fraction(1, 1000)):
        slope = height * (1 - z) / z**2
        z1, V1 = step(z, 2 + height - eps, eps)
        assert slope * z1**2 / (1 - z1) > V1 + eps - 2
    # below height epsilon such starts do not leave
    assert not SlopeRefuter(barrier.slow, Fraction(1), Fraction(1, 10), [eps]).refute_steep(Fraction(20))


def test_largest_is_on_the_grid() -> None:
    with pytest.raises(DomainError, match="either"):
        largest(main_case(), Fraction(7, 5))


@pytest.mark.thorough
def test_largest_reach_of_a_linear_barrier() -> None:
    step = main_case()
    assert largest(step, Fraction(7, 5), height=Fraction(1, 2)) >= Fraction(1, 5)
    assert Fraction(1, 2) <= largest(step, Fraction(7, 5), top=Fraction(1, 5)) < Fraction(14, 25)
