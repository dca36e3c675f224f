import pytest

import edgestab as es
from edgestab.proofs.catalogue.recurrences import CLAIMS
from edgestab.proofs.claims import CheckContext, Level, Verdict
from edgestab.proofs.verify import run_check


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_claims_are_derived(claim: es.proofs.Claim) -> None:
    evidence = run_check(claim, 0, CheckContext(effort="quick"))
    assert (evidence.outcome.verdict, evidence.level) == (Verdict.TRUE, Level.DERIVED)


def test_the_incomplete_remainder_names_its_counterexample() -> None:
    claim = es.get_claim("printed-y-remainder-incomplete")
    found = run_check(claim, 0, CheckContext(effort="quick")).outcome
    assert "-12*y**2*z**2" in found.detail
    assert "-8*y**1*z**3" in found.detail
