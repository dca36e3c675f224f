"""A sign flipped in a model derived from its loss must turn a claim FALSE."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from edgestab.proofs.catalogue import get_claim
from edgestab.proofs.claims import CheckContext, Subject, Verdict
from edgestab.proofs.verify import run_check
from edgestab.symbolic.algebra.rings import Exponents, poly_terms
from edgestab.symbolic.models.literature import example_study
from edgestab.symbolic.models.own_loss.study import EdgeStudy
from edgestab.symbolic.planar.planar_map import PlanarMap

CLAIM = {
    "zhu": "zhu-closed-map",
    "zhu-degree-2": "zhu-degree-2",
    "lewkowycz": "lewkowycz-recurrences",
    "agarwala": "agarwala-from-loss",
}


class Mutant(Subject):
    """The literature's models with one coefficient's sign flipped."""

    wrong: str
    place: tuple[int, Exponents]

    def __init__(self, name: str, component: int, exponents: Exponents) -> None:
        super().__init__()
        self.__dict__.update(wrong=name, place=(component, exponents))

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
    claim = get_claim(CLAIM[name])
    context = CheckContext(subject=Mutant(name, component, exponents), effort="quick")
    assert run_check(claim, 0, context).outcome.verdict is Verdict.FALSE


def test_the_right_models_pass() -> None:
    for claim_id in CLAIM.values():
        assert run_check(get_claim(claim_id), 0, CheckContext(effort="quick")).outcome.verdict is Verdict.TRUE
