"""A sign flipped in any derived coefficient must turn a claim FALSE."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import pytest

from edgestab.proofs.catalogue import get_claim
from edgestab.proofs.claims import CheckContext, Claim, Subject, Verdict
from edgestab.proofs.verify import run_check
from edgestab.symbolic.algebra.rings import Exponents, poly_terms
from edgestab.symbolic.algebra.series import TruncatedSeries
from edgestab.symbolic.models.quadratic import MAIN_MODEL, main_case
from edgestab.symbolic.planar.maps import PolynomialMap
from edgestab.symbolic.planar.nullcline import Nullcline
from edgestab.symbolic.planar.planar_map import PlanarMap
from edgestab.symbolic.planar.recurrences import Recurrence

M = TypeVar("M", bound=PolynomialMap)
ORDER = 4  # what the checks ask for at effort quick


def flipped_map(right: M, component: int, exponents: Exponents) -> M:
    polynomials = list(right.polynomials)
    terms = poly_terms(polynomials[component])
    terms[exponents] = -terms[exponents]
    polynomials[component] = right.ring.from_dict(terms)
    return type(right).from_polynomials(right.variables, tuple(polynomials), right.parameters, right.name)


def flipped_series(right: TruncatedSeries, exponents: Exponents) -> TruncatedSeries:
    terms = right.terms()
    terms[exponents] = -terms[exponents]
    return TruncatedSeries.from_polynomial(right.grading, right.grading.ring.from_dict(terms))


@dataclass(frozen=True, eq=False)
class Changed(PlanarMap):
    """The main case with a later object replaced."""

    wrong_nullcline: Nullcline | None = None
    wrong_recurrence: Recurrence | None = None

    def nullcline(self, order: int, parameter_weight: int = 0) -> Nullcline:
        if order == ORDER and self.wrong_nullcline is not None:
            return self.wrong_nullcline
        return super().nullcline(order, parameter_weight)

    def two_step(self, order: int = 3, weights: tuple[int, int] = (0, 0)) -> Recurrence:
        if order == ORDER and self.wrong_recurrence is not None:
            return self.wrong_recurrence
        return super().two_step(order, weights)


def changed(nullcline: Nullcline | None = None, recurrence: Recurrence | None = None) -> Subject:
    right = main_case()
    wrong = Changed(right.variables, right.components, right.parameters, right.name, None, nullcline, recurrence)
    return Subject(map=wrong)


def map_coefficients(source: PolynomialMap) -> Iterator[tuple[int, Exponents]]:
    for component, polynomial in enumerate(source.polynomials):
        for exponents in poly_terms(polynomial):
            yield component, exponents


def verdicts(mutant: Subject, *ids: str) -> set[Verdict]:
    claims: list[Claim] = [get_claim(i) for i in ids]
    context = CheckContext(subject=mutant, effort="quick")
    pairs = [(c, k) for c in claims for k, check in enumerate(c.checks) if check.runs_at("quick")]
    return {run_check(c, k, context).outcome.verdict for c, k in pairs}


@pytest.mark.parametrize(("component", "exponents"), list(map_coefficients(main_case())))
def test_one_step_map(component: int, exponents: Exponents) -> None:
    wrong = Subject(map=flipped_map(main_case(), component, exponents))
    assert Verdict.FALSE in verdicts(wrong, "one-step-map")


@pytest.mark.parametrize(("component", "exponents"), list(map_coefficients(MAIN_MODEL.theta_step())))
def test_theta_step(component: int, exponents: Exponents) -> None:
    wrong = Subject(theta_step=flipped_map(MAIN_MODEL.theta_step(), component, exponents))
    assert Verdict.FALSE in verdicts(wrong, "one-step-map")


@pytest.mark.parametrize("exponents", list(main_case().nullcline(ORDER).series.terms()))
def test_nullcline(exponents: Exponents) -> None:
    right = main_case().nullcline(ORDER)
    wrong = changed(nullcline=replace(right, series=flipped_series(right.series, exponents)))
    assert Verdict.FALSE in verdicts(wrong, "nullcline-series")


RECURRENCE = [
    (which, exponents)
    for which in ("z_increment", "y_increment")
    for exponents in getattr(main_case().two_step(ORDER), which).terms()
]


@pytest.mark.parametrize(("which", "exponents"), RECURRENCE)
def test_recurrence(which: str, exponents: Exponents) -> None:
    right = main_case().two_step(ORDER)
    flipped = flipped_series(getattr(right, which), exponents)
    wrong = replace(right, z_increment=flipped) if which == "z_increment" else replace(right, y_increment=flipped)
    assert Verdict.FALSE in verdicts(changed(recurrence=wrong), "two-step-recurrence")


@pytest.mark.parametrize("which", ["z_increment", "y_increment"])
def test_a_dropped_and_an_added_term_are_noticed(which: str) -> None:
    right = main_case().two_step(ORDER)
    series: TruncatedSeries = getattr(right, which)
    first = next(iter(series.terms()))
    without = {e: c for e, c in series.terms().items() if e != first}
    added = {**series.terms(), (ORDER, 9, 3): series.terms()[first]}
    for terms in (without, added):
        flipped = TruncatedSeries.from_polynomial(series.grading, series.grading.ring.from_dict(terms))
        wrong = replace(right, z_increment=flipped) if which == "z_increment" else replace(right, y_increment=flipped)
        assert Verdict.FALSE in verdicts(changed(recurrence=wrong), "two-step-recurrence")


@pytest.mark.parametrize(
    ("claim", "which", "exponents"),
    [
        ("printed-z-recurrence", "z_increment", (1, 1, 0)),
        ("printed-y-leading", "y_increment", (2, 1, 0)),
        ("printed-y-leading", "y_increment", (2, 1, 1)),
        ("printed-y-leading", "y_increment", (2, 1, 2)),
        ("printed-y-leading", "y_increment", (2, 0, 1)),
    ],
)
def test_printed_claims_notice_their_own_coefficients(claim: str, which: str, exponents: Exponents) -> None:
    right = main_case().two_step(ORDER)
    flipped = flipped_series(getattr(right, which), exponents)
    wrong = replace(right, z_increment=flipped) if which == "z_increment" else replace(right, y_increment=flipped)
    assert Verdict.FALSE in verdicts(changed(recurrence=wrong), claim)


def test_theorem_1_notices_a_wrong_map() -> None:
    step = main_case()
    wrong = Subject(map=flipped_map(step, 1, (2, 1, 0)))
    assert Verdict.FALSE in verdicts(wrong, "theorem-1", "theorem-1-overshoot")


def test_the_unchanged_case_passes() -> None:
    ids = ("one-step-map", "nullcline-series", "two-step-recurrence", "printed-z-recurrence", "printed-y-leading")
    assert verdicts(changed(), *ids) == {Verdict.TRUE}
