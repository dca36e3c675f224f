"""The claims on limits can fail: wrong coefficients and wrong maps turn them FALSE."""

from dataclasses import replace

import pytest

from edgestab.numeric.orbits.iterated_limit import OrbitLimit
from edgestab.numeric.runs.status import Status
from edgestab.proofs.catalogue import get_claim, limit_prediction
from edgestab.proofs.claims import CheckContext, Subject, Verdict
from edgestab.proofs.verify import run_check
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.planar.limit_law import LimitLaw
from edgestab.symbolic.planar.planar_map import PlanarMap
from edgestab.symbolic.planar.slow_manifold import SlowManifold


class WrongLimit(PlanarMap):
    """The main case with the coefficient of epsilon^4 (the last that is claimed) changed."""

    def slow_manifold(self, order: int, extra_degree: int = 0) -> SlowManifold:
        right = super().slow_manifold(order, extra_degree)
        rows = list(right.rows)
        if order >= 4:
            rows[4] = rows[4] + 1
        return replace(right, rows=tuple(rows))


class WrongLaw(PlanarMap):
    """The main case with the sign of one term of the integral changed."""

    def limit_law(self, order: int) -> LimitLaw:
        right = super().limit_law(order)
        terms = [(e, -c if e == (0, 1, 0, 1) else c) for e, c in right.terms]
        return replace(right, terms=tuple(terms))


def wrong_map() -> PlanarMap:
    """The main case with a sign of the one-step map changed."""
    right, z, epsilon = main_case(), symbol("z"), symbol("epsilon")
    components = (right.components[0] - 2 * epsilon * z**3, right.components[1])
    return PlanarMap(right.variables, components, right.parameters)


def verdict(wrong: PlanarMap, claim: str, method: str) -> Verdict:
    """What the check whose method begins so says of a claim about a wrong map."""
    found = get_claim(claim)
    (index,) = (k for k, check in enumerate(found.checks) if check.method.startswith(method))
    return run_check(found, index, CheckContext(subject=Subject(map=wrong), effort="quick")).outcome.verdict


def test_a_wrong_limit_coefficient_is_found() -> None:
    assert verdict(WrongLimit.of(main_case()), "slow-manifold", "T' - tau") is Verdict.FALSE


def test_a_wrong_coefficient_beyond_the_stated_ones_is_found_by_slopes() -> None:
    class WrongTail(PlanarMap):
        def slow_manifold(self, order: int, extra_degree: int = 0) -> SlowManifold:
            right = super().slow_manifold(order, extra_degree)
            return replace(right, rows=tuple(row + 1 if n == 6 else row for n, row in enumerate(right.rows)))

    claim = get_claim("limit-series")
    for one_step, found in ((WrongTail.of(main_case()), Verdict.FALSE), (main_case(), Verdict.TRUE)):
        context = CheckContext(subject=Subject(map=one_step), effort="default")
        assert run_check(claim, 0, context).outcome.verdict is found


@pytest.mark.thorough
def test_a_wrong_sign_in_the_integral_is_found() -> None:
    class WrongTail(PlanarMap):
        """The sign of a term of weight 5 changed: the stated ones are those of the statement."""

        def limit_law(self, order: int) -> LimitLaw:
            right = super().limit_law(order)
            return replace(right, terms=tuple((e, -c if e == (1, 1, 0, 1) else c) for e, c in right.terms))

    wrong = WrongTail.of(main_case())
    assert verdict(wrong, "limit-law-integral", "before and after") is Verdict.FALSE
    assert verdict(main_case(), "limit-law-integral", "before and after") is Verdict.TRUE
    # the term is of the order of the remainder: the law of weight 8 is then wrong by that much
    claim = get_claim("limit-law-next")
    context = CheckContext(subject=Subject(map=wrong), effort="default")
    assert run_check(claim, 2, context).outcome.verdict is Verdict.FALSE


def test_a_law_of_another_map_is_found() -> None:
    wrong = WrongLaw.of(main_case())
    assert verdict(wrong, "limit-law-next", "against the law of weight 8") is Verdict.FALSE


def test_a_wrong_map_is_found() -> None:
    for method in ("T' - tau", "the stated rows"):
        assert verdict(wrong_map(), "slow-manifold", method) is Verdict.FALSE
    assert verdict(wrong_map(), "limit-law-integral", "before and after") is Verdict.FALSE


def test_wrong_objects_are_found_by_their_logs() -> None:
    class WrongRow(PlanarMap):
        def slow_manifold(self, order: int, extra_degree: int = 0) -> SlowManifold:
            right = super().slow_manifold(order, extra_degree)
            return replace(right, rows=(right.rows[0], *(row * 2 for row in right.rows[1:])))

    first = main_case()
    flipped = replace(first, components=(first.components[0], -first.components[1]))
    for wrong in (WrongRow.of(first), WrongLaw.of(first), flipped):
        assert verdict(wrong, "derivation-logs", "exact algebra") is Verdict.FALSE
    assert verdict(first, "derivation-logs", "exact algebra") is Verdict.TRUE


@pytest.mark.parametrize(("status", "verdict"), [(Status.DIVERGED, Verdict.FALSE), (Status.MAX_STEPS, Verdict.UNKNOWN)])
def test_a_limit_predicted_of_an_orbit_without_one_is_no_pass(
    status: Status, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit_prediction, "iterate_to_limit", lambda *_, **__: OrbitLimit(status, None, 1, 25))
    fresh = CheckContext(subject=Subject(map=PlanarMap.of(main_case())), effort="quick")
    assert run_check(get_claim("limit-law-prediction"), 1, fresh).outcome.verdict is verdict
