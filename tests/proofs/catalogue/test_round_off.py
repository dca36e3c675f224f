"""The claims on round-off: the bounds are no more than three times too wide, and samples can refute them."""

from dataclasses import replace
from fractions import Fraction

import pytest

from edgestab.proofs.catalogue import get_claim
from edgestab.proofs.catalogue.round_off import ERRORS, coq_theorem, questions, worst_errors
from edgestab.proofs.claims import CheckContext, Level, Verdict
from edgestab.proofs.statements import R, le
from edgestab.proofs.verify import run_check
from edgestab.symbolic.models.quadratic import main_case


@pytest.mark.parametrize("claim", ["round-off-one-step", "round-off-two-step"])
def test_the_bounds_are_within_three_of_the_worst_error_seen(claim: str) -> None:
    asked, _ = questions()[claim]
    worst, running = worst_errors(main_case(), asked.steps, tuple(asked.box.values()), 200_000, 1)
    for bound, error, analysis in zip(asked.bounds, worst, running, strict=True):
        assert error < bound < 3 * error
        assert bound < analysis


def test_a_bound_below_an_error_that_occurs_is_refuted() -> None:
    claim = get_claim("round-off-one-step")
    small = (le(ERRORS[1][0], R(1, 10**16)), claim.statement.conclusion[1])
    false = replace(claim, statement=replace(claim.statement, conclusion=small))
    found = [run_check(false, i, CheckContext(effort="quick")) for i in range(2)]
    assert [e.outcome.verdict for e in found] == [Verdict.UNKNOWN, Verdict.FALSE]
    assert found[1].level is Level.REFUTED


def test_the_worst_error_is_exact() -> None:
    point = ((Fraction(-1, 4),) * 2, (Fraction(9, 4),) * 2, (Fraction(1, 5),) * 2)
    worst, _ = worst_errors(main_case(), 1, point, 3, 1)
    # 1/5 is no double, and its square is rounded
    assert 0 < worst[0] < Fraction(1, 2**52)


def test_what_coq_proves_is_shown_with_the_bounds_of_the_statement() -> None:
    text = coq_theorem(get_claim("round-off-two-step"))
    assert "(- 1 / 4) <= z <= (1 / 4)" in text
    assert "exact epsilon z T)) <= (947 / 1000000000000000000)" in text
    assert "Definition binary64 (x : R) : R := round radix2 (FLT_exp (-1074) 53) ZnearestE x." in text
    assert "Lemma" not in text
    assert coq_theorem(get_claim("one-step-map")) == ""
