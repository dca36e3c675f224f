"""What is printed of a claim: no hypothesis that reads True or False, no claim twice, no check that judges itself."""

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp
from sympy.logic.boolalg import BooleanAtom

from edgestab.proofs.catalogue import all_claims, get_claim
from edgestab.proofs.claims import CheckContext, Claim, Verdict
from edgestab.proofs.statements import Reading
from edgestab.proofs.verify import run_check
from edgestab.symbolic.algebra.symbols import symbols

z, V, epsilon, eta = symbols("z V epsilon eta")


@pytest.mark.parametrize("claim", all_claims().values(), ids=lambda c: c.id)
def test_no_part_has_been_evaluated_away(claim: Claim) -> None:
    for term in (*claim.statement.conclusion, *claim.statement.given):
        assert not isinstance(term, BooleanAtom | bool)
    assert claim.statement.conclusion or claim.statement.prose


@pytest.mark.parametrize(
    ("former", "now"),
    [("scaled-spectrum", "theorem-1-scaling"), ("weight-norm-any-spectrum", "theorem-1-any-spectrum-norm")],
)
def test_claims_that_said_the_same_are_one(former: str, now: str) -> None:
    assert former not in all_claims()
    assert get_claim(former) is get_claim(now)


def test_a_wrong_coefficient_in_the_statement_of_the_limit_is_noticed() -> None:
    claim, context = get_claim("limit-position"), CheckContext(effort="quick")
    assert run_check(claim, 0, context).outcome.verdict is Verdict.TRUE
    (part,) = claim.statement.conclusion
    wrong = replace(claim.statement, conclusion=(part.subs(sp.Rational(-1, 2), sp.Rational(-1, 3)),))
    assert run_check(replace(claim, statement=wrong), 0, context).outcome.verdict is Verdict.FALSE


def test_the_escape_needs_real_weights() -> None:
    """Epsilon = 1/2, z = 6, V = -1000 met the hypotheses as they were once printed, and is no state of any weights."""
    reading = Reading(get_claim("theorem-1-escape").statement)
    assert not reading.admits({epsilon: Fraction(1, 2), z: 6, V: -1000})
    assert reading.admits({epsilon: Fraction(1, 2), z: 6, V: 20})
