"""A sign flipped in any derived coefficient must turn a claim FALSE."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sympy as sp

from edgestab.proofs.catalogue import get_claim
from edgestab.proofs.claims import CheckContext, Claim, Verdict
from edgestab.proofs.verify import run_check
from edgestab.symbolic.algebra.rings import Exponents, poly_terms
from edgestab.symbolic.algebra.series import TruncatedSeries
from edgestab.symbolic.models.quadratic import QuadraticMap, main_case
from edgestab.symbolic.planar.maps import PolynomialMap
from edgestab.symbolic.planar.nullcline import Nullcline
from edgestab.symbolic.planar.recurrences import Recurrence

ORDER = 4  # what the checks ask for at effort quick


def flipped_map(right: PolynomialMap, component: int, exponents: Exponents) -> tuple[sp.Expr, ...]:
    polynomials = list(right.polynomials)
    terms = poly_terms(polynomials[component])
    terms[exponents] = -terms[exponents]
    polynomials[component] = right.ring.from_dict(terms)
    return tuple(right.ring.to_expr(p) for p in polynomials)


def flipped_series(right: TruncatedSeries, exponents: Exponents) -> TruncatedSeries:
    terms = right.terms()
    terms[exponents] = -terms[exponents]
    return TruncatedSeries.from_polynomial(right.grading, right.grading.ring.from_dict(terms))


def mutant(
    one_step: tuple[sp.Expr, ...] | None = None,
    theta_step: tuple[sp.Expr, ...] | None = None,
    nullcline: Nullcline | None = None,
    recurrence: Recurrence | None = None,
) -> QuadraticMap:
    """The main case with one object replaced: its components, or what one of its methods returns at ``ORDER``."""

    class Mutant(QuadraticMap):
        def theta_step(self) -> PolynomialMap:
            right = super().theta_step()
            return right if theta_step is None else replace(right, components=theta_step)

        def nullcline(self, order: int, parameter_weight: int = 0) -> Nullcline:
            right = super().nullcline(order, parameter_weight)
            return right if nullcline is None or order != ORDER else nullcline

        def two_step(self, order: int, weights: tuple[int, int] = (0, 0)) -> Recurrence:
            right = super().two_step(order, weights)
            return right if recurrence is None or order != ORDER else recurrence

    made = Mutant.of(main_case())
    return made if one_step is None else replace(made, components=one_step)


def map_coefficients(source: PolynomialMap) -> Iterator[tuple[int, Exponents]]:
    for component, polynomial in enumerate(source.polynomials):
        for exponents in poly_terms(polynomial):
            yield component, exponents


def verdicts(wrong: QuadraticMap, *ids: str) -> set[Verdict]:
    claims: list[Claim] = [get_claim(i) for i in ids]
    context = CheckContext(map=wrong, effort="quick")
    pairs = [(c, k) for c in claims for k, check in enumerate(c.checks) if check.runs_at("quick")]
    return {run_check(c, k, context).outcome.verdict for c, k in pairs}


@pytest.mark.parametrize(("component", "exponents"), list(map_coefficients(main_case())))
def test_one_step_map(component: int, exponents: Exponents) -> None:
    wrong = mutant(one_step=flipped_map(main_case(), component, exponents))
    assert Verdict.FALSE in verdicts(wrong, "one-step-map")


@pytest.mark.parametrize(("component", "exponents"), list(map_coefficients(main_case().theta_step())))
def test_theta_step(component: int, exponents: Exponents) -> None:
    wrong = mutant(theta_step=flipped_map(main_case().theta_step(), component, exponents))
    assert Verdict.FALSE in verdicts(wrong, "one-step-map")


@pytest.mark.parametrize("exponents", list(main_case().nullcline(ORDER).series.terms()))
def test_nullcline(exponents: Exponents) -> None:
    right = main_case().nullcline(ORDER)
    wrong = mutant(nullcline=replace(right, series=flipped_series(right.series, exponents)))
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
    assert Verdict.FALSE in verdicts(mutant(recurrence=wrong), "two-step-recurrence")


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
        assert Verdict.FALSE in verdicts(mutant(recurrence=wrong), "two-step-recurrence")


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
    assert Verdict.FALSE in verdicts(mutant(recurrence=wrong), claim)


def test_theorem_1_notices_a_wrong_map() -> None:
    wrong = mutant(one_step=flipped_map(main_case(), 1, (2, 1, 0)))
    assert Verdict.FALSE in verdicts(wrong, "theorem-1", "theorem-1-overshoot")


def test_the_unchanged_case_passes() -> None:
    ids = ("one-step-map", "nullcline-series", "two-step-recurrence", "printed-z-recurrence", "printed-y-leading")
    assert verdicts(mutant(), *ids) == {Verdict.TRUE}
