import numpy as np
import pytest

from edgestab.numeric.regression.model import RegressionState
from edgestab.proofs.catalogue import get_claim
from edgestab.proofs.catalogue.regression_step import generic_state
from edgestab.proofs.claims import CheckContext, Subject, Verdict
from edgestab.proofs.verify import run_check
from edgestab.symbolic.algebra.rings import poly_terms
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.planar.planar_map import PlanarMap

QUICK = CheckContext(effort="quick")


def test_both_claims_hold() -> None:
    for claim_id in ("regression-step", "regression-planar-reduction"):
        assert run_check(get_claim(claim_id), 0, QUICK).outcome.verdict is Verdict.TRUE


def test_a_wrong_step_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    right = RegressionState.step

    def first_order_only(self: RegressionState, step_size: object) -> RegressionState:
        state = right(self, step_size)
        direction = self.gradient()
        bend = self.contract(direction) @ direction
        return RegressionState(state.z - step_size * step_size * bend / 2, state.J, state.Q)  # type: ignore[operator]

    monkeypatch.setattr(RegressionState, "step", first_order_only)
    for claim_id in ("regression-step", "regression-planar-reduction"):
        outcome = run_check(get_claim(claim_id), 0, QUICK).outcome
        assert outcome.verdict is Verdict.FALSE
        assert outcome.rejected > 0


@pytest.mark.parametrize("component", [0, 1])
def test_a_wrong_planar_map_is_refuted(component: int) -> None:
    right = main_case()
    for exponents in poly_terms(right.polynomials[component]):
        polynomials = list(right.polynomials)
        terms = poly_terms(polynomials[component])
        terms[exponents] = -terms[exponents]
        polynomials[component] = right.ring.from_dict(terms)
        wrong = PlanarMap.from_polynomials(right.variables, tuple(polynomials), right.parameters)
        context = CheckContext(subject=Subject(map=wrong), effort="quick")
        assert run_check(get_claim("regression-planar-reduction"), 0, context).outcome.verdict is Verdict.FALSE


def test_symmetry_of_the_second_derivative_is_used() -> None:
    """Without it J' = J - eta Q(J'z, .) is not the derivative of z'."""
    state, ring = generic_state(1, 2, shared=False)
    assert state.Q[0, 0, 1] != state.Q[0, 1, 0]
    shared, _ = generic_state(1, 2)
    assert shared.Q[0, 0, 1] == shared.Q[0, 1, 0]
    assert len(ring.symbols) == 1 + 2 + 4 + 1
    assert np.asarray(shared.J).shape == (1, 2)
