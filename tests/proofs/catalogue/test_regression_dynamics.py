"""The measured claims at effort quick, and that each of them can fail."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from edgestab.numeric.regression import two_steps
from edgestab.numeric.regression.descent import DescentRun, descend_regression
from edgestab.numeric.regression.flow import FlowRun, integrate_regression_flow
from edgestab.numeric.regression.sharpening import measure_sharpening
from edgestab.proofs.catalogue import regression_dynamics as module
from edgestab.proofs.claims import CheckContext, Claim, Outcome, Verdict
from edgestab.proofs.verify import run_check

QUICK = CheckContext(effort="quick")


@pytest.mark.parametrize("claim", module.CLAIMS, ids=lambda c: c.id)
def test_claims_hold_at_effort_quick(claim: Claim) -> None:
    outcome = run_check(claim, 0, QUICK).outcome
    assert outcome.verdict is Verdict.TRUE, outcome.detail
    assert outcome.bound is not None
    assert outcome.detail


def judged(check: Callable[[CheckContext], Outcome]) -> Verdict:
    return check(QUICK).verdict


def test_a_kernel_that_does_not_move_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    def frozen(*args: object, **options: object) -> FlowRun:
        run = integrate_regression_flow(*args, **options)  # type: ignore[arg-type]
        return replace(run, ntk=np.broadcast_to(run.ntk[0], run.ntk.shape))

    monkeypatch.setattr(module, "integrate_regression_flow", frozen)
    assert judged(module._short_time) is Verdict.FALSE
    monkeypatch.setattr(
        module,
        "integrate_regression_flow",
        lambda *a, **o: replace(integrate_regression_flow(*a, **o), ntk=np.ones((2, 2))),
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        assert judged(module._short_time) is Verdict.FALSE


def test_a_run_above_the_edge_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    def lifted(*args: object, **options: object) -> DescentRun:
        run = descend_regression(*args, **options)  # type: ignore[arg-type]
        return replace(run, final_ntk=run.final_ntk * 1.3)

    monkeypatch.setattr(module, "descend_regression", lifted)
    assert judged(module._descent_edge) is Verdict.FALSE


def test_swapped_parts_are_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    def swapped(*args: object, **options: object) -> two_steps.TwoStepSplit:
        split = two_steps.split_two_steps(*args, **options)  # type: ignore[arg-type]
        return replace(split, linear=split.nonlinear, linear_in_step=split.change - split.change[0])

    monkeypatch.setattr(module, "split_two_steps", swapped)
    assert judged(module._nonlinear_part) is Verdict.FALSE
    assert judged(module._nonlinear_in_step) is Verdict.FALSE


def test_no_run_that_falls_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_phases", lambda ctx: [])
    assert judged(module._nonlinear_part) is Verdict.UNKNOWN
    assert judged(module._nonlinear_in_step) is Verdict.UNKNOWN


def test_another_ratio_breaks_the_displacement_law(monkeypatch: pytest.MonkeyPatch) -> None:
    def doubled(*args: object) -> object:
        curve = measure_sharpening(*args)  # type: ignore[arg-type]
        return replace(curve, displacement_gap=curve.rise - 2 * curve.displacement)

    monkeypatch.setattr(module, "measure_sharpening", doubled)
    assert judged(module._displacement) is Verdict.FALSE
