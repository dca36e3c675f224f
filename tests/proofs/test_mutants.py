"""A sign flipped in any derived coefficient must turn a claim FALSE."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from edgestab.proofs.catalogue import get_claim
from edgestab.proofs.claims import CheckContext, Claim, Verdict
from edgestab.proofs.verify import run_check
from edgestab.symbolic.algebra.rings import Exponents, poly_terms
from edgestab.symbolic.algebra.series import TruncatedSeries
from edgestab.symbolic.planar.derivations import Derivations, main_case
from edgestab.symbolic.planar.maps import PolynomialMap
from edgestab.symbolic.planar.nullcline import Nullcline
from edgestab.symbolic.planar.recurrences import Recurrence

ORDER = 4  # what the checks ask for at effort quick


def flipped_map(right: PolynomialMap, component: int, exponents: Exponents) -> PolynomialMap:
    polynomials = list(right.polynomials)
    terms = poly_terms(polynomials[component])
    terms[exponents] = -terms[exponents]
    polynomials[component] = right.ring.from_dict(terms)
    return PolynomialMap.from_polynomials(right.variables, tuple(polynomials), right.parameters, right.name)


def flipped_series(right: TruncatedSeries, exponents: Exponents) -> TruncatedSeries:
    terms = right.terms()
    terms[exponents] = -terms[exponents]
    return TruncatedSeries.from_polynomial(right.grading, right.grading.ring.from_dict(terms))


class Mutant(Derivations):
    """The main case with one object replaced."""

    def __init__(
        self,
        one_step: PolynomialMap | None = None,
        theta_step: PolynomialMap | None = None,
        nullcline: Nullcline | None = None,
        recurrence: Recurrence | None = None,
    ) -> None:
        super().__init__(main_case().model)
        self.mutated = {"one_step": one_step, "theta_step": theta_step}
        if nullcline is not None:
            self._nullclines[ORDER] = nullcline
        if recurrence is not None:
            self._recurrences[ORDER] = recurrence

    def one_step(self) -> PolynomialMap:
        return self.mutated["one_step"] or super().one_step()

    def theta_step(self) -> PolynomialMap:
        return self.mutated["theta_step"] or super().theta_step()


def map_coefficients(source: PolynomialMap) -> Iterator[tuple[int, Exponents]]:
    for component, polynomial in enumerate(source.polynomials):
        for exponents in poly_terms(polynomial):
            yield component, exponents


def verdicts(mutant: Derivations, *ids: str) -> set[Verdict]:
    claims: list[Claim] = [get_claim(i) for i in ids]
    context = CheckContext(derivations=mutant, effort="quick")
    pairs = [(c, k) for c in claims for k, check in enumerate(c.checks) if check.runs_at("quick")]
    return {run_check(c, k, context).outcome.verdict for c, k in pairs}


@pytest.mark.parametrize(("component", "exponents"), list(map_coefficients(main_case().one_step())))
def test_one_step_map(component: int, exponents: Exponents) -> None:
    wrong = Mutant(one_step=flipped_map(main_case().one_step(), component, exponents))
    assert Verdict.FALSE in verdicts(wrong, "one-step-map")


@pytest.mark.parametrize(("component", "exponents"), list(map_coefficients(main_case().theta_step())))
def test_theta_step(component: int, exponents: Exponents) -> None:
    wrong = Mutant(theta_step=flipped_map(main_case().theta_step(), component, exponents))
    assert Verdict.FALSE in verdicts(wrong, "one-step-map")


@pytest.mark.parametrize("exponents", list(main_case().nullcline(ORDER).series.terms()))
def test_nullcline(exponents: Exponents) -> None:
    right = main_case().nullcline(ORDER)
    wrong = Mutant(nullcline=replace(right, series=flipped_series(right.series, exponents)))
    assert Verdict.FALSE in verdicts(wrong, "nullcline-series")


RECURRENCE = [
    (which, exponents)
    for which in ("z_increment", "y_increment")
    for exponents in getattr(main_case().two_step(ORDER), which).terms()
]


@pytest.mark.parametrize(("which", "exponents"), RECURRENCE)
def test_recurrence(which: str, exponents: Exponents) -> None:
    right = main_case().two_step(ORDER)
    changed = flipped_series(getattr(right, which), exponents)
    wrong = replace(right, z_increment=changed) if which == "z_increment" else replace(right, y_increment=changed)
    assert Verdict.FALSE in verdicts(Mutant(recurrence=wrong), "two-step-recurrence")


@pytest.mark.parametrize("which", ["z_increment", "y_increment"])
def test_a_dropped_and_an_added_term_are_noticed(which: str) -> None:
    right = main_case().two_step(ORDER)
    series: TruncatedSeries = getattr(right, which)
    first = next(iter(series.terms()))
    without = {e: c for e, c in series.terms().items() if e != first}
    added = {**series.terms(), (ORDER, 9, 3): series.terms()[first]}
    for terms in (without, added):
        changed = TruncatedSeries.from_polynomial(series.grading, series.grading.ring.from_dict(terms))
        wrong = replace(right, z_increment=changed) if which == "z_increment" else replace(right, y_increment=changed)
        assert Verdict.FALSE in verdicts(Mutant(recurrence=wrong), "two-step-recurrence")


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
    changed = flipped_series(getattr(right, which), exponents)
    wrong = replace(right, z_increment=changed) if which == "z_increment" else replace(right, y_increment=changed)
    assert Verdict.FALSE in verdicts(Mutant(recurrence=wrong), claim)


def test_theorem_1_notices_a_wrong_map() -> None:
    step = main_case().one_step()
    wrong = Mutant(one_step=flipped_map(step, 1, (2, 1, 0)))
    assert Verdict.FALSE in verdicts(wrong, "theorem-1", "theorem-1-overshoot")


def test_the_unchanged_case_passes() -> None:
    ids = ("one-step-map", "nullcline-series", "two-step-recurrence", "printed-z-recurrence", "printed-y-leading")
    assert verdicts(Mutant(), *ids) == {Verdict.TRUE}
