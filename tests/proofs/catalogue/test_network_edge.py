"""The claims on networks: their edges, that each can fail, and what is said where JAX is missing.

That they hold, and that every changed statement is noticed, is tested with the mutants (thorough).
"""

import sys
from functools import partial
from typing import Any

import numpy as np
import pytest
import sympy as sp

import edgestab as es
from edgestab.numeric.runs.status import Status
from edgestab.proofs.catalogue import get_claim, network_batches, network_edge, network_flow
from edgestab.proofs.claims import CheckContext, Claim, Verdict
from edgestab.proofs.statements import Reading
from edgestab.proofs.verify import run_check

QUICK = CheckContext(effort="quick")
SETTINGS = {
    claim.id: claim.checks[0].run.keywords["setting"]
    for claim in network_edge.CLAIMS
    if isinstance(claim.checks[0].run, partial)
}


def run(setting: network_edge.Setting, ratio: float, status: Status = Status.DONE) -> es.networks.TrainingRun:
    """A run that goes from a tenth of its edge to a multiple of it, with gradients of length 1."""
    edge = setting.rule.edge(float(setting.step_size), 1.0)
    assert edge is not None
    key = "preconditioned" if setting.measure == "preconditioned" else "sharpness"
    half = setting.steps // 2
    records = tuple(
        {"step": step, "loss": 1.0, "gradient_norm": 1.0, key: [edge * (ratio if step >= half else 0.1)]}
        for step in range(0, setting.steps + 1, setting.every)
    )
    empty = np.zeros(0)
    return es.networks.TrainingRun("", float(setting.step_size), status, setting.steps, empty, records, empty, 0.0)


def verdict(monkeypatch: pytest.MonkeyPatch, claim: Claim, *about: Any) -> Verdict:
    monkeypatch.setattr(network_edge, "trained", lambda setting, seed: run(setting, *about))
    return run_check(claim, 0, QUICK).outcome.verdict


@pytest.mark.parametrize("claim_id", SETTINGS)
def test_each_claim_can_hold_and_fail(monkeypatch: pytest.MonkeyPatch, claim_id: str) -> None:
    claim = get_claim(claim_id)
    # at gradients of length 1 SAM's edge is not far below 2/eta, so one part of its claim is refuted
    expected = Verdict.FALSE if claim_id == "network-edge-sam" else Verdict.TRUE
    assert verdict(monkeypatch, claim, 1.1) is expected
    assert verdict(monkeypatch, claim, 1.4) is Verdict.FALSE
    assert verdict(monkeypatch, claim, 0.6) is Verdict.FALSE
    assert verdict(monkeypatch, claim, 1.0, Status.DIVERGED) is Verdict.FALSE


@pytest.mark.parametrize("claim_id", SETTINGS)
def test_a_stated_edge_is_the_derived_one(claim_id: str) -> None:
    claim, setting = get_claim(claim_id), SETTINGS[claim_id]
    reading = CheckContext(statement=Reading(claim.statement))
    found = network_edge.stated_edge(reading, setting)
    assert network_edge.differs(setting, found) == 0
    assert network_edge.differs(setting, found * sp.Rational(101, 100)) > 0
    expected = setting.rule.edge(float(setting.step_size), 0.5)
    assert float(found.subs(network_edge.length, sp.Rational(1, 2))) == pytest.approx(expected, rel=1e-12)


def test_too_few_runs_near_the_edge_leave_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = get_claim("network-edge-squared-loss")
    ratios = iter([1.1, 1.1, 1.1, 1.1, 1.4, 1.4, 1.4])
    monkeypatch.setattr(network_edge, "trained", lambda setting, seed: run(setting, next(ratios)))
    assert run_check(claim, 0, QUICK).outcome.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((0.4, 1.0, 0.7), Verdict.TRUE),
        ((0.4, 1.4, 0.7), Verdict.FALSE),
        ((0.4, 0.9, 0.95), Verdict.FALSE),
        (None, Verdict.FALSE),
    ],
)
def test_batch_sharpness_can_fail(
    monkeypatch: pytest.MonkeyPatch, rows: tuple[float, ...] | None, expected: Verdict
) -> None:
    edge = 2 / 0.15
    found = None if rows is None else tuple(edge * value for value in rows)
    monkeypatch.setattr(network_batches, "trained", lambda seed: found)
    assert run_check(get_claim("network-batch-sharpness"), 0, QUICK).outcome.verdict is expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((0.02, 0.03, 1.01), Verdict.TRUE),
        ((0.2, 0.03, 1.0), Verdict.FALSE),
        ((0.02, 1.0, 1.0), Verdict.FALSE),
        ((0.02, 0.03, 1.5), Verdict.FALSE),
    ],
)
def test_the_central_flow_can_fail(
    monkeypatch: pytest.MonkeyPatch, row: tuple[float, float, float], expected: Verdict
) -> None:
    monkeypatch.setattr(network_flow, "followed", lambda seed: network_flow.Followed(*row))
    assert run_check(get_claim("network-central-flow"), 0, QUICK).outcome.verdict is expected


@pytest.mark.parametrize(
    "claim_id", ["network-edge-adam", "network-batch-sharpness", "network-central-flow", "tanh-network-edge"]
)
def test_without_jax_nothing_passes(monkeypatch: pytest.MonkeyPatch, claim_id: str) -> None:
    from edgestab.proofs.catalogue import tanh_network

    monkeypatch.setitem(sys.modules, "jax", None)
    for module in (network_edge, network_flow, tanh_network):
        module._problem.cache_clear()
    for kept in (network_edge.trained, network_batches.trained, network_flow.followed, tanh_network._run):
        kept.cache_clear()
    outcome = run_check(get_claim(claim_id), 0, QUICK).outcome
    assert outcome.verdict is Verdict.UNKNOWN
    assert "pip install 'edgestab[jax]'" in outcome.detail
