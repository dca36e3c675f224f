"""The catalogue of claims: one file a subject, each with a tuple ``CLAIMS``.

Here: statements, sources and the checks that judge them. Not here: the derivations and kernels that checks call.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from ...symbolic.algebra.errors import DomainError, ProofError
from ..claims import Claim

MODULES: tuple[str, ...] = (
    "recurrences",
    "series_engine",
    "quadratic_models",
    "limit_series",
    "limit_law",
    "limit_prediction",
    "optimiser_limits",
    "optimiser_two_steps",
    "products",
    "own_models",
    "scalar_families",
    "product_losses",
    "optimisers",
    "optimiser_edges",
    "self_stabilisation",
    "normal_forms",
    "central_flow",
    "central_flow_beyond",
    "printing",
    "theorem_1",
    "theorem_1_certificate",
    "theorem_2",
    "regression_step",
    "regression_dynamics",
    "nonlinear_part",
    "mean_field",
    "tanh_network",
    "network_edge",
    "network_batches",
    "network_flow",
    "theorem_1_sharp",
    "coq",
    "generated_kernels",
    "round_off",
    "cuda_program",
    "five_operations",
    "theorem_1_beyond",
    "theorem_1_measured",
    "theorem_1_reach",
    "theorem_2_printed",
    "theorem_2_finite",
    "gallery_gaps",
    "gallery_edges",
    "gallery_root_loss",
    "gallery_stabilisation",
)


@lru_cache(maxsize=1)
def all_claims() -> dict[str, Claim]:
    """Every claim of the catalogue by id, dependencies first.

    Returns:
        Ids to claims in an order in which each claim follows what it uses.

    Raises:
        ProofError: an id is defined twice, a used id is missing, or claims use one another in a circle.

    Source:
        The catalogue.

    Example:
        >>> {"theorem-1", "theorem-2"} <= set(es.proofs.all_claims())
        True
    """
    found: dict[str, Claim] = {}
    for name in MODULES:
        for claim in import_module(f"{__package__}.{name}").CLAIMS:
            if claim.id in found:
                raise ProofError.of("all_claims()", "unique claim ids", claim.id, "Rename one; ids are permanent.")
            found[claim.id] = claim
    ordered: dict[str, Claim] = {}

    def visit(claim_id: str, trail: tuple[str, ...]) -> None:
        if claim_id in ordered:
            return
        if claim_id in trail or claim_id not in found:
            raise ProofError.of(
                "all_claims()", "known claims without circles", " -> ".join((*trail, claim_id)), "Fix `uses`."
            )
        for used in found[claim_id].related:
            visit(used, (*trail, claim_id))
        ordered[claim_id] = found[claim_id]

    for claim_id in found:
        visit(claim_id, ())
    return ordered


def subjects() -> dict[str, tuple[str, ...]]:
    """The claims of each file of the catalogue, under what the file says that it is about.

    Returns:
        The first words of each file to the ids of its claims, in the catalogue's order.
    """
    found = {}
    for name in MODULES:
        module = import_module(f"{__package__}.{name}")
        heading = (module.__doc__ or name).partition(".\n")[0].partition(":")[0].strip().rstrip(".")
        found[heading.removeprefix("Claims on ")] = tuple(claim.id for claim in module.CLAIMS)
    return {heading[:1].upper() + heading[1:]: ids for heading, ids in found.items()}


def get_claim(claim_id: str) -> Claim:
    """A claim by id.

    Args:
        claim_id: a slug such as ``"theorem-1"``; an id that a claim had before is understood too.

    Returns:
        The claim.

    Raises:
        DomainError: there is none; the message names the nearest ids.

    Source:
        The catalogue.

    Example:
        >>> es.get_claim("theorem-1").id
        'theorem-1'
    """
    from difflib import get_close_matches

    claims = all_claims()
    former = {claim.formerly: claim.id for claim in claims.values() if claim.formerly}
    claim_id = former.get(claim_id, claim_id)
    if claim_id not in claims:
        near = get_close_matches(claim_id, claims, n=3, cutoff=0.3)
        hint = f"Did you mean {', '.join(near)}?" if near else "See `edgestab list`."
        raise DomainError.of("claims", "a known claim id", claim_id, hint)
    return claims[claim_id]


def with_dependencies(ids: tuple[str, ...]) -> tuple[Claim, ...]:
    """The claims asked for and all they use, dependencies first (all claims when none is named)."""
    claims = all_claims()
    wanted: set[str] = set()

    def visit(claim_id: str) -> None:
        claim = get_claim(claim_id)
        if claim.id not in wanted:
            wanted.add(claim.id)
            for used in claim.related:
                visit(used)

    for claim_id in ids or claims:
        visit(claim_id)
    return tuple(claim for claim_id, claim in claims.items() if claim_id in wanted)
