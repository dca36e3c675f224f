from dataclasses import replace

import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.networks.predictions.two_step import TwoStepPrediction
from edgestab.proofs.catalogue import tanh_network as module
from edgestab.proofs.claims import CheckContext, Verdict
from edgestab.proofs.verify import run_check

QUICK = CheckContext(effort="quick")
STEPS = 60


def there_and_back(**changed: object) -> TwoStepPrediction:
    """The top eigenvalue rises slowly past its edge, 4, and falls at once; the linear part is that of the rise."""
    top = np.concatenate([np.linspace(2, 5, 40), np.linspace(3, 3.5, STEPS - 39)])
    change = np.full(STEPS + 1, np.nan)
    change[:-2] = top[2:] - top[:-2]
    linear = np.where(np.arange(STEPS + 1) < 36, 0.98 * np.nan_to_num(change), 0.1)
    unused = np.zeros(STEPS + 1)
    ntk = np.stack([top, 0.3 * top], axis=1)
    whole = TwoStepPrediction(0.5, np.arange(STEPS + 1), ntk, linear, change, unused, unused, unused, unused)
    return replace(whole, **changed)  # type: ignore[arg-type]


def verdict(monkeypatch: pytest.MonkeyPatch, run: TwoStepPrediction) -> Verdict:
    monkeypatch.setattr(module, "_run", lambda seed, level, steps: run)
    return run_check(module.CLAIMS[0], 0, QUICK).outcome.verdict


def test_the_claim_can_hold_and_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    run = there_and_back()
    assert verdict(monkeypatch, run) is Verdict.TRUE
    # a second eigenvalue beyond the edge; a run that never crosses; one that does not come back; no fall of its own
    assert verdict(monkeypatch, replace(run, ntk=run.ntk * [1, 3])) is Verdict.FALSE
    assert verdict(monkeypatch, replace(run, ntk=run.ntk / 2)) is Verdict.FALSE
    assert verdict(monkeypatch, replace(run, ntk=np.maximum.accumulate(run.ntk))) is Verdict.FALSE
    assert verdict(monkeypatch, replace(run, linear=np.nan_to_num(run.change))) is Verdict.FALSE


@pytest.mark.thorough
def test_a_run_goes_on_until_it_has_come_back() -> None:
    pytest.importorskip("jax", reason="JAX is not installed: pip install 'edgestab[jax]'")
    run = module._run(module.FIRST_SEED, 1.5, 100)
    assert len(run.ntk) - 1 in {200, 400, 800, 1600}
    assert module.measured(run) is not None
    problem = module._problem().starting_at(es.networks.draw_layers((1, *module.WIDTHS, 1), module.FIRST_SEED))
    assert run.step_size * run.ntk[0, 0] == pytest.approx(1.5)
    assert run.ntk[0, 0] == pytest.approx(
        np.linalg.norm(problem.at().jacobian_product(np.eye(problem.dimension)), 2) ** 2 / 20
    )
