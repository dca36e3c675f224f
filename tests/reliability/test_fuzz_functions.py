"""A share of the generated arguments for public functions; the longer runs are started by hand."""

import pytest

from .fuzz_functions import case, examples, fuzz


@pytest.mark.thorough
def test_public_functions_answer_or_refuse() -> None:
    broken = [outcome for outcome in fuzz(400, seed=11) if outcome.partition(":")[0] not in {"ok", "refused", "long"}]
    assert broken == []


def test_cases_are_the_same_for_the_same_seed_and_reach_every_room() -> None:
    pool = examples("numeric.orbits")
    assert [case(pool, 1, n)[2] for n in range(5)] == [case(pool, 1, n)[2] for n in range(5)]
    rooms = {path.split(".")[2] for path, _ in examples("")}
    assert rooms >= {"algebra", "planar", "models", "optimisers", "trapping", "wick", "orbits", "sweeps", "regression"}
