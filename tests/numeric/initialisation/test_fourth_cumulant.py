"""Entries that are not Gaussian."""

import numpy as np
import pytest

from edgestab.numeric.initialisation.dense_twin import dense_motion
from edgestab.numeric.initialisation.fourth_cumulant import cumulant_effect
from edgestab.numeric.initialisation.laws import InitialEnsemble, draw_entries
from edgestab.numeric.initialisation.simulation import summarise
from edgestab.symbolic.algebra.errors import DomainError


def test_paired_slopes() -> None:
    found = cumulant_effect(InitialEnsemble(3, 4), samples=30_000, seed=1)
    assert all(abs(z) < 4.42 for z in found.z_scores)
    assert abs(found.simulated[0]) > 4 * found.standard_errors[0]


def test_two_valued_z_and_q_give_the_same_ratio() -> None:
    law = InitialEnsemble(2, 3)
    motion = dense_motion(law, samples=20_000, seed=2, entries="rademacher")[0]
    assert abs(summarise(law, motion, 2, "dense").z_score) < 4.42
    assert set(np.unique(draw_entries(np.random.default_rng(0), "rademacher", (50,)))) == {-1.0, 1.0}


@pytest.mark.parametrize("bad", [{"samples": 1}, {"spreads": (0.3, 0.3)}, {"spreads": (0.0, 0.5)}])
def test_bad_input(bad: dict[str, object]) -> None:
    with pytest.raises(DomainError):
        cumulant_effect(InitialEnsemble(2, 3), **{"samples": 10, "seed": 0} | bad)  # type: ignore[arg-type]
