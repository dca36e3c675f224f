"""Every mutant of every statement is noticed, but for those that the statement implies."""

from collections import Counter
from pathlib import Path

import pytest
import sympy as sp

from edgestab.proofs.catalogue import all_claims, get_claim
from edgestab.proofs.claims import CheckContext, Claim, Verdict
from edgestab.proofs.mutation import fates
from edgestab.proofs.statements import REALS, Definition, R, Range, Statement, eq, le, ne
from edgestab.proofs.statements.excused import EXCUSED
from edgestab.proofs.statements.mutants import mutants
from edgestab.proofs.statements.text import term_text
from edgestab.proofs.verify import own_level, run_check
from edgestab.symbolic.algebra.symbols import symbols

z, T, epsilon, T_inf = symbols("z T epsilon T_inf")
ROOT = Path(__file__).parents[3]


SLOW = frozenset(
    (
        "theorem-1-linear-limit",
        "theorem-1-all-epsilon",
        "theorem-1-starts-near-one",
        "theorem-1-curved-region",
        "theorem-1-third",
        "limit-law-next",
        "limit-series",
        "nonlinear-part-brings-the-fall",
        "nonlinear-part-in-step-size",
        "nesterov-closed-map",
        "berthier-threshold",
        "theorem-2-conventions",
        "tanh-network-edge",
        "network-edge-squared-loss",
        "network-edge-cross-entropy",
        "network-edge-heavy-ball",
        "network-edge-nesterov",
        "network-edge-adam",
        "network-edge-rmsprop",
        "network-edge-sam",
        "network-batch-sharpness",
        "network-central-flow",
    )
)
"""Claims whose mutants take some five seconds or more."""
CLAIMS = [pytest.param(c, id=i, marks=[pytest.mark.thorough] * (i in SLOW)) for i, c in all_claims().items()]


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_mutant_of_a_statement_is_noticed(claim: Claim) -> None:
    context = CheckContext(effort="quick")
    evidence = [run_check(claim, i, context) for i, check in enumerate(claim.checks) if check.runs_at("quick")]
    assert {e.outcome.verdict for e in evidence} == {Verdict.TRUE}
    assert own_level(claim, evidence)[1] == [], "a mutant would be noticed for nothing"
    for found in fates(claim):
        assert found.killed or found.excuse, f"not noticed: {found.mutant.label}"


def test_each_excuse_is_for_a_mutant_that_exists() -> None:
    for claim_id, label in EXCUSED:
        assert label in {m.label for m in mutants(get_claim(claim_id).statement)}


def test_what_is_changed() -> None:
    statement = Statement(
        conclusion=(le(T_inf, 2 - epsilon / 2),),
        over=(Range(epsilon, sp.Interval.Lopen(0, R(1, 5))), Range(z, REALS)),
        given=(ne(z, 1),),
        where=(Definition(T, "", z + 3),),
    )
    found = {m.label: m for m in mutants(statement)}
    kinds = Counter(label.partition(" ")[0] for label in found)
    assert kinds == {"conclusion": 6, "hypothesis": 4, "range": 4, "definition": 2}
    assert found["hypothesis 1 dropped: z != 1"].statement.given == ()
    texts = {term_text(m.statement.conclusion[0]) for m in found.values()}
    assert {"T_inf <= 3 - epsilon/2", "T_inf >= 2 - epsilon/2", "T_inf < 2 - epsilon/2", "T_inf <= 2"} <= texts
    assert {label for label, m in found.items() if m.weaker} == {
        "conclusion 1: 2 -> 3 in T_inf <= 2 - epsilon/2",
        "conclusion 1: -1/2 -> 0 in T_inf <= 2 - epsilon/2",
        "range of epsilon: (0, 1/5] -> (0, 1/5)",
    }


@pytest.mark.thorough
def test_the_number_of_mutants_is_told() -> None:
    """`edgestab verify --mutants` judges them all; the page says how many there are."""
    number = sum(1 for claim in all_claims().values() for _ in mutants(claim.statement))
    page = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    assert f"{number:,} mutants of {len(all_claims())} statements" in page


def test_equations_turn_into_inequations() -> None:
    assert "T != z" in {term_text(m.statement.conclusion[0]) for m in mutants(Statement((eq(T, z),)))}
