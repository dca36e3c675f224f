"""A share of the generated arguments for public functions; the longer runs are started by hand."""

import os

import pytest

from .fuzz_functions import FunctionCases, examples, fuzz
from .fuzz_worker import GRACE, State
from .fuzz_worker import fuzz as run_cases


@pytest.mark.thorough
def test_public_functions_answer_or_refuse() -> None:
    broken = [outcome for outcome in fuzz(400, seed=11) if outcome.partition(":")[0] not in {"ok", "refused", "long"}]
    assert broken == []


def test_cases_are_the_same_for_the_same_seed_and_reach_every_room() -> None:
    def drawn(seed: int) -> list[object]:
        cases = FunctionCases(seed, "numeric.orbits")
        return [(cases.name(n), cases.describe(n)) for n in range(5)]

    assert drawn(1) == drawn(1) != drawn(2)
    rooms = {path.split(".")[2] for path, _, _ in examples()}
    assert rooms >= {"algebra", "planar", "models", "optimisers", "trapping", "wick", "orbits", "sweeps", "regression"}


class Planted:
    """Inputs of which some break, hang or die."""

    def begin(self) -> None:
        """Nothing."""

    def names(self) -> list[str]:
        """Two."""
        return ["cheap", "costly"]

    def name(self, index: int) -> str:
        """Every other one is costly."""
        return self.names()[index % 2]

    def run(self, index: int) -> str:
        """Number 10 raises, number 20 dies."""
        if index == 20:
            os._exit(9)
        return f"KeyError: number {index}\nKeyError: 'x'" if index == 10 else "ok"

    def describe(self, index: int) -> str:
        """The number."""
        return f"number {index}"


# it forks, which other libraries of the test process may not like
@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")
def test_what_breaks_or_dies_is_found_and_the_run_goes_on() -> None:
    state, outcomes = State(), list[str]()
    run_cases(Planted(), state, 50, outcomes.append)
    assert state.count == 50
    assert state.kinds == {"ok": 48, "KeyError": 1, "died": 1}
    assert [f for f in outcomes if f != "ok"] == ["KeyError: number 10\nKeyError: 'x'", "died: number 20"]
    assert list(state.findings) == ["cheap: KeyError: 'x'", "cheap: died: number 20"]


def test_what_has_had_its_share_of_the_time_is_spared() -> None:
    state = State()
    state.add("costly", 100.0, "ok")
    assert state.spare("costly", 10)
    for number in range(9):
        state.add(f"cheap {number}", 200.0, "ok")
    assert not state.spare("costly", 10)
    assert not State(spent={"costly": GRACE}).spare("costly", 10)
