"""A sign flipped in a model derived from its loss must turn a claim FALSE."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
import sympy as sp

from edgestab.proofs.catalogue import get_claim, own_models
from edgestab.proofs.claims import CheckContext, Subject, Verdict
from edgestab.proofs.statements import Definition
from edgestab.proofs.verify import run_check
from edgestab.symbolic.algebra.rings import Exponents, poly_terms
from edgestab.symbolic.models.literature import example_study
from edgestab.symbolic.models.own_loss.study import EdgeStudy
from edgestab.symbolic.planar.planar_map import PlanarMap

QUICK = CheckContext(effort="quick")
CLAIM = {
    "zhu": "zhu-closed-map",
    "zhu-degree-2": "zhu-degree-2-closed-map",
    "lewkowycz": "lewkowycz-not-concentrated",
    "agarwala": "agarwala-from-loss",
}


@dataclass(frozen=True, eq=False)
class Mutant(Subject):
    """The literature's models with one coefficient's sign flipped; no two are equal, so that nothing is kept."""

    wrong: str = ""
    place: tuple[int, Exponents] = (0, ())

    def example(self, name: str, order: int) -> EdgeStudy:
        right = example_study(name, order)
        if name != self.wrong:
            return right
        assert right.form is not None
        component, exponents = self.place
        polynomials = list(right.form.map.polynomials)
        terms = poly_terms(polynomials[component])
        terms[exponents] = -terms[exponents]
        ring = right.form.map.ring
        polynomials[component] = ring.from_dict(terms)
        old = right.form.map
        flipped = PlanarMap.from_polynomials(old.variables, tuple(polynomials), old.parameters, old.name)
        return replace(right, form=replace(right.form, map=flipped))


def places() -> Iterator[tuple[str, int, Exponents]]:
    for name in CLAIM:
        form = example_study(name).form
        assert form is not None
        for component, polynomial in enumerate(form.map.polynomials):
            for exponents in poly_terms(polynomial):
                yield name, component, exponents


@pytest.mark.parametrize(("name", "component", "exponents"), list(places()))
def test_flipped_sign(name: str, component: int, exponents: Exponents) -> None:
    context = CheckContext(subject=Mutant(wrong=name, place=(component, exponents)), effort="quick")
    assert run_check(get_claim(CLAIM[name]), 0, context).outcome.verdict is Verdict.FALSE


def test_the_right_models_pass() -> None:
    for claim_id in CLAIM.values():
        assert run_check(get_claim(claim_id), 0, QUICK).outcome.verdict is Verdict.TRUE


def test_a_sum_that_leaves_out_a_unit_is_not_judged() -> None:
    claim = get_claim("lewkowycz-recurrences")
    f, i, n, u, v = own_models.f, own_models.i, own_models.n, own_models.u, own_models.v
    where = tuple(
        Definition(f, d.meaning, sp.Sum(u[i] * v[i], (i, 2, n)) / sp.sqrt(n)) if d.name == f else d
        for d in claim.statement.where
    )
    short = replace(claim, statement=replace(claim.statement, where=where))
    outcome = run_check(short, 0, QUICK).outcome
    assert outcome.verdict is Verdict.UNKNOWN
    assert "sums over all hidden units" in outcome.detail


def test_sums_that_do_not_close_are_refuted() -> None:
    claim = get_claim("lewkowycz-recurrences")
    lam, i, n, u, v = own_models.lam, own_models.i, own_models.n, own_models.u, own_models.v
    where = tuple(
        Definition(lam, d.meaning, sp.Sum(u[i] ** 2 - v[i] ** 2, (i, 1, n)) / n) if d.name == lam else d
        for d in claim.statement.where
    )
    open_sums = replace(claim, statement=replace(claim.statement, where=where))
    assert run_check(open_sums, 0, QUICK).outcome.verdict is Verdict.FALSE
