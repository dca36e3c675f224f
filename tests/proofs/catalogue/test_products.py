"""Ends of gradient descent that are not as stated, and coefficients of the final sharpness."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp

from edgestab.numeric.orbits.own_loss_descent import descend_to_minimum
from edgestab.proofs.catalogue import get_claim
from edgestab.proofs.catalogue import products as module
from edgestab.proofs.claims import CheckContext, Verdict
from edgestab.proofs.statements import R, eq
from edgestab.proofs.verify import run_check

QUICK = CheckContext(effort="quick")
eta = module.eta


def judged(claim_id: str, index: int = 0) -> Verdict:
    return run_check(get_claim(claim_id), index, QUICK).outcome.verdict


@pytest.mark.parametrize("claim_id", ["zhu-sharpness-series", "zhu-final-sharpness"])
def test_a_wrong_coefficient_in_the_final_sharpness_is_noticed(claim_id: str) -> None:
    claim = get_claim(claim_id)
    (part,) = [p for p in claim.statement.conclusion if isinstance(p, sp.Eq)]
    assert sp.expand(part.rhs).coeff(eta, 3) == R(129, 32)
    assert judged(claim_id) is Verdict.TRUE
    parts = tuple(eq(p.lhs, p.rhs + eta**3) if p == part else p for p in claim.statement.conclusion)
    wrong = replace(claim, statement=replace(claim.statement, conclusion=parts))
    assert run_check(wrong, 0, QUICK).outcome.verdict is Verdict.FALSE


End = Callable[..., Fraction]


@pytest.mark.parametrize("part", [0, 1])
def test_an_end_outside_the_printed_bracket_is_noticed(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    true_end: End = module._sharpness_at_end

    def moved(subject: object, name: str, z: Fraction, T: Fraction, step: Fraction, digits: int) -> Fraction:
        found = true_end(subject, name, z, T, step, digits)
        if step < Fraction(9, 20):  # where no slope is taken
            return found
        return 2 / step + (Fraction(1, 100) if part else -7 * step)

    monkeypatch.setattr(module, "_sharpness_at_end", moved)
    outcome = run_check(get_claim("zhu-final-sharpness"), 0, QUICK).outcome
    assert outcome.verdict is Verdict.FALSE
    assert "outside the bounds at eta = 9/20" in outcome.detail


def test_an_end_that_does_not_depend_on_its_start_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_sharpness_at_end", lambda subject, name, z, T, step, digits: 2 / step - step / 2)
    assert judged("zhu-degree-2-end") is Verdict.FALSE


def test_a_run_that_does_not_converge_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        module, "descend_to_minimum", lambda *given, **more: descend_to_minimum(*given, **more, max_steps=3)
    )
    module._sharpness_at_end.cache_clear()
    outcome = run_check(get_claim("zhu-final-sharpness"), 0, QUICK).outcome
    module._sharpness_at_end.cache_clear()
    assert outcome.verdict is Verdict.UNKNOWN
    assert "a run that converges" in outcome.detail


def test_values_at_zero_are_extrapolated() -> None:
    places = [R(1), R(1, 2), R(1, 3)]
    assert module._at_zero(places, [7 + 3 * p - p**2 for p in places]) == 7
