"""The claims on most runs: that they hold at effort quick, can fail, and say nothing of too few runs."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from edgestab.numeric.regression import two_steps
from edgestab.proofs.catalogue import nonlinear_part as module
from edgestab.proofs.claims import CheckContext, Claim, Level, Verdict
from edgestab.proofs.statements import R, gt, le, lt
from edgestab.proofs.verify import run_check

QUICK = CheckContext(effort="quick")
EVERY = pytest.mark.parametrize("claim", module.CLAIMS, ids=lambda c: c.id)


@pytest.fixture
def measured_anew() -> Iterator[None]:
    module._parts.cache_clear()
    yield
    module._parts.cache_clear()


def judged(claim: Claim, **changes: Any) -> Verdict:
    return run_check(replace(claim, statement=replace(claim.statement, **changes)), 0, QUICK).outcome.verdict


@EVERY
def test_claims_hold_at_effort_quick(claim: Claim) -> None:
    found = run_check(claim, 0, QUICK)
    assert found.outcome.verdict is Verdict.TRUE, found.outcome.detail
    assert found.level is Level.CHECKED
    assert "after runs had been seen" in found.hindsight


@EVERY
@pytest.mark.usefixtures("measured_anew")
def test_swapped_parts_are_refuted(claim: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    def swapped(*args: object, **options: object) -> two_steps.TwoStepSplit:
        split = two_steps.split_two_steps(*args, **options)  # type: ignore[arg-type]
        return replace(split, linear=split.nonlinear, linear_in_step=split.change - split.change[0])

    monkeypatch.setattr(module, "split_two_steps", swapped)
    assert judged(claim) is Verdict.FALSE


@EVERY
def test_no_run_that_falls_is_unknown(claim: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_parts", lambda *args: ())
    assert judged(claim) is Verdict.UNKNOWN


def test_the_share_and_the_bounds_are_those_of_the_statement() -> None:
    claim = module.CLAIMS[0]
    event = lt(module.N_RISE, module.L_RISE)
    assert judged(claim, conclusion=(gt(module.PROB(event), R(9, 10)),)) is not Verdict.TRUE
    assert judged(claim, conclusion=(gt(module.PROB(event), R(3, 2)),)) is Verdict.FALSE
    assert judged(claim, conclusion=(gt(module.PROB(gt(*event.args)), R(1, 2)),)) is Verdict.FALSE
    # an event is no chance
    assert judged(claim, conclusion=(event,)) is Verdict.UNKNOWN
    given = claim.statement.given
    assert judged(claim, given=(given[0], le(module.sigma_z, 3), given[2])) is not Verdict.TRUE
    assert judged(claim, given=given[:2]) is Verdict.UNKNOWN
