"""The claims about Theorem 1's constants: TRUE as derived, FALSE for a map with one flipped coefficient."""

import pytest

from edgestab.proofs.catalogue import (
    theorem_1_beyond,
    theorem_1_certificate,
    theorem_1_measured,
    theorem_1_reach,
    theorem_1_sharp,
    with_dependencies,
)
from edgestab.proofs.claims import CheckContext, Claim, Subject, Verdict
from edgestab.proofs.verify import run_check
from edgestab.symbolic.algebra.rings import poly_terms
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.planar.planar_map import PlanarMap

MODULES = (theorem_1_certificate, theorem_1_sharp, theorem_1_beyond, theorem_1_measured, theorem_1_reach)
CLAIMS = [claim for module in MODULES for claim in module.CLAIMS]
#: What the others rest on (through ``uses``); each of these must notice the flipped sign by itself.
CORE = {
    "theorem-1-lyapunov",
    "theorem-1-trapping-region",
    "theorem-1-all-epsilon",
    "theorem-1-checker",
    "theorem-1-sharp",
    "theorem-1-second",
    "theorem-1-curved-region",
    "theorem-1-scaling",
    "theorem-1-multiplicities",
}
#: Not about the one-step map: identities in theta for any spectrum, and what is measured in theta.
ELSEWHERE = {"theorem-1-escape", "theorem-1-any-spectrum-norm", "theorem-1-third-eigenvalue-measured"}


def flipped() -> Subject:
    """The main case with the sign of ``epsilon z^2`` in T' flipped."""
    right = main_case()
    terms = poly_terms(right.polynomials[1])
    terms[2, 0, 1] = -terms[2, 0, 1]
    changed = (right.polynomials[0], right.ring.from_dict(terms))
    return Subject(map=PlanarMap.from_polynomials(right.variables, changed, right.parameters, right.name))


def verdicts(claim: Claim, context: CheckContext) -> set[Verdict]:
    return {
        run_check(claim, index, context).outcome.verdict
        for index, check in enumerate(claim.checks)
        if check.runs_at(context.effort)
    }


@pytest.mark.thorough  # `edgestab verify` runs them too
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_true_as_derived(claim: Claim) -> None:
    assert verdicts(claim, CheckContext(effort="quick")) == {Verdict.TRUE}


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.id in CORE], ids=lambda c: c.id)
def test_false_for_a_flipped_sign(claim: Claim) -> None:
    context = CheckContext(subject=flipped(), effort="quick")
    assert Verdict.FALSE in verdicts(claim, context)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_the_others_rest_on_the_core(claim: Claim) -> None:
    below = {c.id for c in with_dependencies((claim.id,))}
    assert claim.id in ELSEWHERE or below & (CORE | {"theorem-1-escape", "one-step-map"})
