"""Claims on Theorem 2: true as they stand, false when a derived object is wrong."""

import pytest

from edgestab.proofs.catalogue import all_claims, get_claim, with_dependencies
from edgestab.proofs.claims import CheckContext, Subject, Verdict
from edgestab.proofs.verify import run_check
from edgestab.symbolic.wick.acceleration import LAWS, Acceleration
from edgestab.symbolic.wick.tensors import D


def verdict(claim_id: str, index: int, context: CheckContext) -> Verdict:
    return run_check(get_claim(claim_id), index, context).outcome.verdict


DERIVED = [
    (c.id, k)
    for c in all_claims().values()
    if c.id in {x.id for x in with_dependencies(("theorem-2",))}
    for k, check in enumerate(c.checks)
    if check.level.name == "DERIVED"
]


@pytest.mark.parametrize(("claim_id", "index"), DERIVED)
def test_derived_checks_hold(claim_id: str, index: int) -> None:
    assert verdict(claim_id, index, CheckContext(effort="quick")) is Verdict.TRUE


def test_simulations_hold_at_quick() -> None:
    for claim_id in ("theorem-2-first-derivative", "theorem-2-finite-size"):
        for index, check in enumerate(get_claim(claim_id).checks):
            if check.level.name == "CHECKED":
                assert verdict(claim_id, index, CheckContext(effort="quick")) is Verdict.TRUE


class Mutant(Subject):
    """The main case with a wrong Laplacian, or a first derivative that does not average out."""

    def acceleration(self, law: str = "goe") -> Acceleration:
        class Wrong(Acceleration):
            laplacian = Acceleration(LAWS[law]).laplacian + D
            first_mean = Acceleration(LAWS[law]).derivatives[0]

        return Wrong(LAWS[law])


@pytest.mark.parametrize("claim_id", ["theorem-2-first-derivative", "theorem-2-finite-size", "theorem-2-iid-slices"])
def test_mutants_are_noticed(claim_id: str) -> None:
    context = CheckContext(subject=Mutant(), effort="quick")
    assert verdict(claim_id, 0, context) is Verdict.FALSE
