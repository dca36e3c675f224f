"""Each hypothesis of self-stabilisation is needed for the increments, not only listed."""

from dataclasses import replace

import pytest
import sympy as sp

from edgestab.proofs.catalogue import get_claim
from edgestab.proofs.catalogue import self_stabilisation as module
from edgestab.proofs.claims import CheckContext, Verdict
from edgestab.proofs.verify import run_check
from edgestab.symbolic.models.own_loss.stabilisation import derive_self_stabilisation

QUICK = CheckContext(effort="quick")
CLAIM = get_claim("damian-self-stabilisation")
VANISHING = [h for h in CLAIM.statement.given if h.args[1] == 0]


@pytest.mark.parametrize("hypothesis", VANISHING, ids=str)
def test_a_derivative_that_need_not_vanish_is_noticed(hypothesis: sp.Basic, monkeypatch: pytest.MonkeyPatch) -> None:
    rest = tuple(h for h in CLAIM.statement.given if h != hypothesis)
    system = derive_self_stabilisation()
    listed = tuple(s for s in system.surviving if s != hypothesis.args[0])
    monkeypatch.setattr(module, "derive_self_stabilisation", lambda: replace(system, surviving=listed))
    loose = replace(CLAIM, statement=replace(CLAIM.statement, given=rest))
    assert run_check(loose, 0, QUICK).outcome.verdict is Verdict.FALSE


def test_a_hypothesis_too_many_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    system = derive_self_stabilisation()
    monkeypatch.setattr(module, "derive_self_stabilisation", lambda: replace(system, surviving=system.surviving[1:]))
    assert run_check(CLAIM, 0, QUICK).outcome.verdict is Verdict.FALSE


def test_a_wrong_rate_of_the_derived_flow_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    system = derive_self_stabilisation()
    wrong = replace(system, flow=replace(system.flow, force=2 * system.flow.force))
    monkeypatch.setattr(module, "derive_self_stabilisation", lambda: wrong)
    energy = get_claim("damian-energy")
    assert run_check(energy, 0, QUICK).outcome.verdict is Verdict.FALSE
    # the drift is measured on the stated flow, not on the derived one
    assert run_check(energy, 1, QUICK).outcome.verdict is Verdict.TRUE
