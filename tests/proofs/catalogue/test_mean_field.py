"""The claims at infinite size and past the edge: that they hold at effort quick, and can fail."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgestab.numeric.regression.descent import DescentRun, descend_regression
from edgestab.numeric.regression.mean_field import MeanFieldRun, mean_field_descent
from edgestab.proofs.catalogue import get_claim, mean_field
from edgestab.proofs.claims import CheckContext, Claim, Verdict
from edgestab.proofs.statements import eq
from edgestab.proofs.verify import run_check

QUICK = CheckContext(effort="quick")


@pytest.fixture
def measured_anew() -> Iterator[None]:
    for kept in (mean_field._runs, mean_field._log_ratios):
        kept.cache_clear()
    yield
    for kept in (mean_field._runs, mean_field._log_ratios):
        kept.cache_clear()


@pytest.mark.parametrize("claim", mean_field.CLAIMS, ids=lambda c: c.id)
def test_claims_hold_at_effort_quick(claim: Claim) -> None:
    outcome = run_check(claim, 0, QUICK).outcome
    assert outcome.verdict is Verdict.TRUE, outcome.detail
    assert outcome.figure


@pytest.mark.usefixtures("measured_anew")
@pytest.mark.parametrize("name", ["loss", pytest.param("moved", marks=pytest.mark.thorough)])
def test_another_law_at_infinite_size_is_refuted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a tenth more of either the extrapolated means are off by many standard errors."""

    def wrong(*args: object, **rest: object) -> MeanFieldRun:
        limit = mean_field_descent(*args, **rest)  # type: ignore[arg-type]
        changed: dict[str, Any] = {name: 1.1 * np.asarray(getattr(limit, name))}
        return replace(limit, **changed)

    monkeypatch.setattr(mean_field, "mean_field_descent", wrong)
    assert run_check(get_claim("mean-field-descent"), 0, CheckContext()).outcome.verdict is Verdict.FALSE


def test_the_limits_are_those_of_the_statement() -> None:
    claim = get_claim("mean-field-descent")
    loss, spread = claim.statement.conclusion
    crossed = (eq(loss.args[0], spread.args[1]), eq(spread.args[0], loss.args[1]))
    changed = replace(claim, statement=replace(claim.statement, conclusion=crossed))
    assert run_check(changed, 0, QUICK).outcome.verdict is Verdict.FALSE


@pytest.mark.usefixtures("measured_anew")
def test_runs_that_follow_the_law_past_the_edge_are_not_taken_for_runs_that_fall(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def follows(state: object, *args: object, **rest: object) -> DescentRun:
        run = descend_regression(state, *args, **rest)  # type: ignore[arg-type]
        law = 16 * run.displacement**2 / 16 / 32 + 1
        top = run.ntk[0, :, :1] * law[:, :, None] * 1.01 ** np.arange(len(run.steps))[:, None, None]
        return replace(run, ntk=np.where(np.isfinite(run.ntk), top, np.nan))

    monkeypatch.setattr(mean_field, "descend_regression", follows)
    outcome = run_check(get_claim("displacement-law-ends-at-the-edge"), 0, QUICK).outcome
    assert outcome.verdict is not Verdict.TRUE
