"""The measured claims at effort quick, and that each of them can fail."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy as sp

from edgestab.numeric.regression.descent import DescentRun, descend_regression
from edgestab.numeric.regression.flow import FlowRun, integrate_regression_flow
from edgestab.numeric.regression.sharpening import eigenvalue_rates, measure_sharpening
from edgestab.proofs.catalogue import get_claim
from edgestab.proofs.catalogue import regression_dynamics as module
from edgestab.proofs.claims import CheckContext, Claim, Verdict
from edgestab.proofs.statements import eq
from edgestab.proofs.verify import run_check

QUICK = CheckContext(effort="quick")
MEASURED = (module._short_path, module._loss_rates, module._curve, module._ends, module._settled)


@pytest.fixture
def measured_anew() -> Iterator[None]:
    """What is kept was measured with the right tools."""
    for kept in MEASURED:
        kept.cache_clear()
    yield
    for kept in MEASURED:
        kept.cache_clear()


@pytest.mark.parametrize("claim", module.CLAIMS, ids=lambda c: c.id)
def test_claims_hold_at_effort_quick(claim: Claim) -> None:
    outcome = run_check(claim, 0, QUICK).outcome
    assert outcome.verdict is Verdict.TRUE, outcome.detail
    assert outcome.bound is not None
    assert outcome.figure
    assert outcome.detail


def judged(claim_id: str, **changes: Any) -> Verdict:
    claim = get_claim(claim_id)
    return run_check(replace(claim, statement=replace(claim.statement, **changes)), 0, QUICK).outcome.verdict


@pytest.mark.usefixtures("measured_anew")
@pytest.mark.parametrize("claim_id", ["short-time-sharpening", "short-time-range"])
def test_a_kernel_that_does_not_move_is_refuted(claim_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def frozen(*args: object, **options: object) -> FlowRun:
        run = integrate_regression_flow(*args, **options)  # type: ignore[arg-type]
        return replace(run, ntk=np.broadcast_to(run.ntk[0], run.ntk.shape))

    monkeypatch.setattr(module, "integrate_regression_flow", frozen)
    assert judged(claim_id) is Verdict.FALSE


@pytest.mark.usefixtures("measured_anew")
def test_a_kernel_that_is_no_number_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*args: object, **options: object) -> FlowRun:
        run = integrate_regression_flow(*args, **options)  # type: ignore[arg-type]
        return replace(run, ntk=np.full(run.ntk.shape, np.nan))

    monkeypatch.setattr(module, "integrate_regression_flow", lost)
    assert judged("short-time-sharpening") is Verdict.FALSE
    assert judged("short-time-range") is Verdict.FALSE
    assert judged("sharpness-grows-with-residual") is Verdict.UNKNOWN


@pytest.mark.usefixtures("measured_anew")
def test_a_run_above_the_edge_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    def lifted(*args: object, **options: object) -> DescentRun:
        run = descend_regression(*args, **options)  # type: ignore[arg-type]
        return replace(run, final_ntk=run.final_ntk * 1.3)

    monkeypatch.setattr(module, "descend_regression", lifted)
    assert judged("descent-ends-below-the-edge") is Verdict.FALSE


def test_the_planted_run_settles_above_the_edge_with_a_residual() -> None:
    ((step, top, residual, _),), unsettled = module._settled(QUICK.seed, 2, 1, -1, 1.0)
    assert unsettled == 0
    assert step * top == pytest.approx(2.4, rel=1e-3)
    assert residual == pytest.approx(1.4, rel=1e-3)
    # without the hypothesis, or with its contrary, it is a counterexample
    assert judged("descent-ends-below-the-edge", given=()) is Verdict.FALSE


def test_other_units_of_theta_give_the_same_runs() -> None:
    (one, _), (other, _) = (module._settled(QUICK.seed, 12, 24, 0, units) for units in (1.0, 16.0))
    for (step, top, *_), (wide, low, *_) in zip(one, other, strict=True):
        assert wide == pytest.approx(16 * step)
        assert wide * low == pytest.approx(step * top, rel=1e-3)


@pytest.mark.usefixtures("measured_anew")
def test_another_ratio_breaks_the_displacement_law(monkeypatch: pytest.MonkeyPatch) -> None:
    def doubled(*args: object) -> object:
        curve = measure_sharpening(*args)  # type: ignore[arg-type]
        return replace(curve, displacement_gap=curve.rise - 2 * curve.displacement)

    monkeypatch.setattr(module, "measure_sharpening", doubled)
    assert judged("displacement-law") is Verdict.FALSE


@pytest.mark.usefixtures("measured_anew")
def test_a_start_of_which_the_second_derivative_is_lost_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "eigenvalue_rates", lambda state: replace(eigenvalue_rates(state), second=0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        assert judged("short-time-sharpening") is Verdict.FALSE


@pytest.mark.parametrize(
    ("claim_id", "rights"),
    [
        ("short-time-range", (lambda r: 2 * r, lambda r: r**2)),
        ("displacement-law", (lambda r: r + 1,)),
    ],
)
def test_another_limit_is_refuted(claim_id: str, rights: tuple[Callable[[sp.Expr], sp.Expr], ...]) -> None:
    (part,) = get_claim(claim_id).statement.conclusion
    for right in rights:
        assert judged(claim_id, conclusion=(eq(part.args[0], right(part.args[1])),)) is Verdict.FALSE


def test_what_was_measured_is_kept() -> None:
    claim = get_claim("sharpness-grows-with-residual")
    run_check(claim, 0, QUICK)
    before = module._ends.cache_info().misses
    run_check(claim, 0, QUICK)
    assert module._ends.cache_info().misses == before


def test_a_double_eigenvalue_is_excluded_by_the_hypothesis() -> None:
    """The planted start has two equal ones, and no second derivative."""
    top = np.linalg.eigvalsh(module._start(QUICK.seed, -1).ntk())
    assert top[-1] == top[-2]
    assert judged("short-time-sharpening", given=()) is Verdict.UNKNOWN
    assert judged("short-time-sharpening") is Verdict.TRUE
