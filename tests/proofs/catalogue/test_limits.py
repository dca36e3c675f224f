"""The claims on limits can fail: wrong coefficients and wrong maps turn them FALSE."""

from dataclasses import replace

import pytest
import sympy as sp

from edgestab.numeric.orbits.iterated_limit import OrbitLimit
from edgestab.numeric.runs.status import Status
from edgestab.proofs.catalogue import get_claim, limit_law, limit_series, printing
from edgestab.proofs.claims import CheckContext, Subject, Verdict
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


def context(wrong: PlanarMap) -> CheckContext:
    return CheckContext(subject=Subject(map=wrong), effort="quick")


def test_a_wrong_limit_coefficient_is_found_twice() -> None:
    wrong = context(WrongLimit.of(main_case()))
    assert limit_series._invariance(wrong).verdict is Verdict.FALSE
    assert limit_series._all_slopes(wrong).verdict is Verdict.FALSE


def test_a_wrong_sign_in_the_integral_is_found_twice() -> None:
    wrong = context(WrongLaw.of(main_case()))
    assert limit_law._conserved(wrong).verdict is Verdict.FALSE
    assert limit_law._next_slope(wrong).verdict is Verdict.FALSE


def test_a_wrong_map_is_found() -> None:
    wrong = context(wrong_map())
    assert limit_series._all_slopes(wrong).verdict is Verdict.FALSE


def test_wrong_objects_are_found_by_their_logs() -> None:
    class WrongRow(PlanarMap):
        def slow_manifold(self, order: int, extra_degree: int = 0) -> SlowManifold:
            right = super().slow_manifold(order, extra_degree)
            return replace(right, rows=(right.rows[0], *(row * 2 for row in right.rows[1:])))

    first = main_case()
    flipped = replace(first, components=(first.components[0], -first.components[1]))
    for wrong in (WrongRow.of(first), WrongLaw.of(first), flipped):
        assert printing._logs_hold(context(wrong)).verdict is Verdict.FALSE
    assert printing._logs_hold(context(first)).verdict is Verdict.TRUE


@pytest.mark.parametrize("claim", [*limit_series.CLAIMS, *limit_law.CLAIMS], ids=lambda c: c.id)
def test_statements_are_sympy(claim: object) -> None:
    assert isinstance(claim.statement, sp.Basic)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("status", "verdict"), [(Status.DIVERGED, Verdict.FALSE), (Status.MAX_STEPS, Verdict.UNKNOWN)])
def test_a_limit_predicted_of_an_orbit_without_one_is_no_pass(
    status: Status, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit_law, "iterate_to_limit", lambda *_, **__: OrbitLimit(status, None, 1, 25))
    check = get_claim("limit-law-prediction").checks[1]
    assert check.run(CheckContext(effort="quick")).verdict is verdict
