from dataclasses import replace

import numpy as np
import pytest

from edgestab.numeric.networks.tanh import TanhNetwork
from edgestab.numeric.networks.tanh_training import NetworkRun, train_network
from edgestab.proofs.catalogue import tanh_network as module
from edgestab.proofs.claims import CheckContext, Verdict
from edgestab.proofs.verify import run_check

QUICK = CheckContext(effort="quick")


def test_claim_holds_at_effort_quick() -> None:
    outcome = run_check(module.CLAIMS[0], 0, QUICK).outcome
    assert outcome.verdict is Verdict.TRUE, outcome.detail


def test_a_second_eigenvalue_above_the_edge_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    def doubled(net: TanhNetwork, theta: np.ndarray, step_size: float, steps: int) -> NetworkRun:
        run = train_network(net, theta, step_size, min(steps, 200))
        return replace(run, ntk=2.5 * run.ntk)

    monkeypatch.setattr(module, "train_network", doubled)
    monkeypatch.setattr(module, "_run", module._run.__wrapped__)  # what was kept is of the true runs
    assert run_check(module.CLAIMS[0], 0, QUICK).outcome.verdict is Verdict.FALSE


def test_a_run_that_never_crosses_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "train_network", lambda net, theta, eta, steps: train_network(net, theta, eta, 50))
    monkeypatch.setattr(module, "_run", module._run.__wrapped__)
    assert run_check(module.CLAIMS[0], 0, QUICK).outcome.verdict is Verdict.FALSE
