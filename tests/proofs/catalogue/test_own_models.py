"""A sign flipped in a model derived from its loss must turn a claim FALSE."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from edgestab.proofs.catalogue import get_claim
from edgestab.proofs.claims import CheckContext, Verdict
from edgestab.proofs.verify import run_check
from edgestab.symbolic.algebra.rings import Exponents, poly_terms
from edgestab.symbolic.models.literature import example_study
from edgestab.symbolic.models.own_loss.study import EdgeStudy

CLAIM = {
    "zhu": "zhu-closed-map",
    "zhu-degree-2": "zhu-degree-2",
    "lewkowycz": "lewkowycz-recurrences",
    "agarwala": "agarwala-from-loss",
}


@dataclass(frozen=True)
class Mutant(CheckContext):
    """The literature's models with one coefficient's sign flipped."""

    wrong: tuple[str, int, Exponents] = ("", 0, ())

    def example(self, name: str, order: int) -> EdgeStudy:
        right = super().example(name, order)
        wrong, component, exponents = self.wrong
        if name != wrong:
            return right
        assert right.form is not None
        old = right.form.map
        polynomials = list(old.polynomials)
        terms = poly_terms(polynomials[component])
        terms[exponents] = -terms[exponents]
        polynomials[component] = old.ring.from_dict(terms)
        flipped = replace(old, components=tuple(old.ring.to_expr(p) for p in polynomials))
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
    context = Mutant(effort="quick", wrong=(name, component, exponents))
    assert run_check(claim, 0, context).outcome.verdict is Verdict.FALSE


def test_the_right_models_pass() -> None:
    for claim_id in CLAIM.values():
        assert run_check(get_claim(claim_id), 0, CheckContext(effort="quick")).outcome.verdict is Verdict.TRUE
