"""A verification in which every check said TRUE at once, and what the report makes of it."""

import copy
from typing import Any

import pytest

from edgestab.proofs.catalogue import with_dependencies
from edgestab.proofs.claims import Check, Claim, Evidence, Outcome, Verdict
from edgestab.proofs.report.content import claims_content
from edgestab.proofs.verify import ClaimResult, Report, combine

CLAIMS = ("printed-y-remainder-incomplete", "theorem-2-printed-scale", "theorem-1-coq", "flow-end")


def said(claim: Claim, check: Check) -> Evidence:
    outcome = Outcome(Verdict.TRUE, 12, worst=0.5, bound=4.0, figure="largest error", domain="all z", digits=30)
    parts = tuple(range(len(claim.statement.conclusion)))
    return Evidence(claim.id, check.method, check.level, outcome, 7, 0.25, parts, check.hindsight)


def record_of(*ids: str) -> dict[str, Any]:
    results: dict[str, ClaimResult] = {}
    for claim in with_dependencies(ids):
        evidence = [said(claim, check) for check in claim.checks if check.runs_at("quick")]
        used, included = ([results[i] for i in names] for names in (claim.uses, claim.includes))
        results[claim.id] = combine(claim, evidence, used, included)
    return Report(tuple(results.values()), "quick", 7, 1.5).to_json()


@pytest.fixture(scope="session")
def verified() -> dict[str, Any]:
    return record_of(*CLAIMS)


@pytest.fixture(scope="session")
def whole(verified: dict[str, Any]) -> dict[str, Any]:
    return claims_content(verified)


@pytest.fixture
def content(whole: dict[str, Any]) -> dict[str, Any]:
    """A copy to change."""
    return copy.deepcopy(whole)


@pytest.fixture(scope="session")
def small() -> dict[str, Any]:
    """The record of one claim."""
    return record_of("one-step-map")
