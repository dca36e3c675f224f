"""Claims on Theorem 2: true as they stand, false when a derived object or the statement is wrong."""

from dataclasses import replace

import pytest
import sympy as sp

from edgestab.proofs.catalogue import all_claims, get_claim, with_dependencies
from edgestab.proofs.catalogue.theorem_2 import D_0, P_0, N, polynomials_agree
from edgestab.proofs.catalogue.theorem_2_samples import DEVIATIONS, ensemble, judge_scores, sampled
from edgestab.proofs.claims import CheckContext, Claim, Subject, Verdict
from edgestab.proofs.statements import Range, eq, split_order
from edgestab.proofs.statements.names import table
from edgestab.proofs.verify import run_check
from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.wick.acceleration import LAWS, Acceleration
from edgestab.symbolic.wick.exact_moments import exact_wishart_moments
from edgestab.symbolic.wick.tensors import D

QUICK = CheckContext(effort="quick")
STORY = [c for c in all_claims().values() if c.id in {x.id for x in with_dependencies(("theorem-2",))}]
DERIVED = [(c.id, k) for c in STORY for k, check in enumerate(c.checks) if check.level.name == "DERIVED"]
#: Checks that sample, whose noise is small enough to see a conclusion that is wrong by a factor.
SAMPLING = [
    (c.id, k)
    for c in STORY
    for k, check in enumerate(c.checks)
    if any(word in check.method for word in ("simula", "Fredholm", "rational moments"))
]


def verdict(claim: Claim | str, index: int, context: CheckContext = QUICK) -> Verdict:
    return run_check(get_claim(claim) if isinstance(claim, str) else claim, index, context).outcome.verdict


@pytest.mark.parametrize(("claim_id", "index"), DERIVED)
def test_derived_checks_hold(claim_id: str, index: int) -> None:
    assert verdict(claim_id, index) is Verdict.TRUE


@pytest.mark.parametrize(("claim_id", "index"), SAMPLING)
def test_simulations_hold_and_see_a_wrong_factor(claim_id: str, index: int) -> None:
    """Each of them alone, without the derivation beside it."""
    claim = get_claim(claim_id)
    assert verdict(claim, index) is Verdict.TRUE
    for number, part in enumerate(claim.statement.conclusion):
        parts = list(claim.statement.conclusion)
        parts[number] = part.func(part.args[0], wrong(part.args[1]))
        changed = replace(claim, statement=replace(claim.statement, conclusion=tuple(parts)))
        covered = number in run_check(claim, index, QUICK).covers
        assert (verdict(changed, index) is not Verdict.TRUE) == covered


def wrong(right: sp.Expr) -> sp.Expr:
    """Another right side: 1 for 0, a much smaller bound, or a leading part of the other sign and twice the size."""
    if right == 0:
        return sp.Integer(1)
    return right / 10**20 if right.is_number else right - 3 * split_order(right)[0]


class Mutant(Subject):
    """The main case with a wrong Laplacian, or a first derivative that does not average out."""

    def acceleration(self, law: str = "goe") -> Acceleration:
        class Wrong(Acceleration):
            laplacian = Acceleration(LAWS[law]).laplacian + D
            first_mean = Acceleration(LAWS[law]).derivatives[0]

        return Wrong(LAWS[law])


@pytest.mark.parametrize(
    "claim_id",
    [
        "theorem-2-first-derivative",
        "theorem-2-finite-size",
        "theorem-2-iid-slices",
        "theorem-2-printed-scale",
        "theorem-2-every-eigenvalue",
        "theorem-2-discrete-time",
    ],
)
def test_mutants_are_noticed(claim_id: str) -> None:
    assert verdict(claim_id, 0, CheckContext(subject=Mutant(), effort="quick")) is Verdict.FALSE


class Doubled(Subject):
    """The main case with twice the acceleration."""

    def acceleration(self, law: str = "goe") -> Acceleration:
        class Twice(Acceleration):
            closed_form = 2 * Acceleration(LAWS[law]).closed_form

        return Twice(LAWS[law])


@pytest.mark.parametrize("claim_id", ["theorem-2-limit", "theorem-2-conventions", "theorem-2-printed-scale"])
def test_a_doubled_acceleration_is_noticed(claim_id: str) -> None:
    assert verdict(claim_id, 0, CheckContext(subject=Doubled(), effort="quick")) is Verdict.FALSE


def test_names_have_the_values_of_the_derived_objects() -> None:
    subject, names = Subject(), table()
    found = names["a_k"].value
    assert found is not None
    assert found(subject) == Acceleration().closed_form
    zero = names["v_k"].value
    assert zero is not None
    assert zero(subject) == 0
    rotated = names["kappa_r'"].value
    assert rotated is not None
    at = {symbol("r"): 4, symbol("kappa_r"): 8}
    assert rotated(subject).subs(at) == 4


def test_only_what_the_statement_speaks_of_is_sampled() -> None:
    claim = get_claim("theorem-2-finite-size")
    over = tuple(Range(r.symbol, sp.FiniteSet(4)) if r.symbol.name == "D" else r for r in claim.statement.over)
    narrowed = replace(claim, statement=replace(claim.statement, over=over))
    assert "[(4, 6, 1)]" in run_check(narrowed, 1, QUICK).outcome.domain
    nothing = tuple(Range(r.symbol, sp.FiniteSet(5)) if r.symbol.name == "D" else r for r in claim.statement.over)
    assert verdict(replace(claim, statement=replace(claim.statement, over=nothing)), 1) is Verdict.UNKNOWN


def test_a_limit_needs_its_variable_to_grow() -> None:
    claim = get_claim("theorem-2-limit")
    (part,) = claim.statement.conclusion
    quantity = part.args[0].args[0]
    for changed in (sp.Limit(quantity, N, 0), sp.Limit(quantity, D_0, sp.oo), sp.Limit(quantity / P_0, N, sp.oo)):
        statement = replace(claim.statement, conclusion=(eq(changed, part.args[1]),))
        assert verdict(replace(claim, statement=statement), 0) is not Verdict.TRUE


def test_a_hypothesis_is_read_and_not_repeated() -> None:
    """With Q twice as large every number on the right side changes with it."""
    claim = get_claim("theorem-2-printed-scale")
    sigma_Q = symbol("sigma_Q")
    given = tuple(eq(sigma_Q, 2) if h == eq(sigma_Q, 1) else h for h in claim.statement.given)
    first, bound = claim.statement.conclusion
    louder = (eq(first.args[0], 4 * first.args[1]), bound.func(bound.args[0], 4 * bound.args[1]))
    statement = replace(claim.statement, given=given, conclusion=louder)
    assert verdict(replace(claim, statement=statement), 0) is Verdict.TRUE
    assert (
        verdict(replace(claim, statement=replace(statement, conclusion=claim.statement.conclusion)), 0) is Verdict.FALSE
    )


def test_samples_are_measured_once_and_away_from_one() -> None:
    assert 1 not in DEVIATIONS
    assert sampled(ensemble(1, 3), 50, 1) is sampled(ensemble(1, 3), 50, 1)


def test_scores() -> None:
    found = judge_scores([(1, 2, 1, -3.0), (2, 3, 1, 2.0)], "here")
    assert (found.verdict, found.worst, found.figure) == (Verdict.TRUE, 3.0, "largest |z-score|")
    assert judge_scores([(1, 2, 1, -5.0)], "here").verdict is Verdict.FALSE
    assert judge_scores([(1, 2, 1, float("nan"))], "here").verdict is Verdict.FALSE
    with pytest.raises(ProofError, match="at least one comparison"):
        judge_scores([], "nowhere")


def test_rational_functions_are_compared_over_a_common_denominator() -> None:
    x, y = sp.symbols("x y")
    assert polynomials_agree(1 / x + 1 / y, (x + y) / (x * y))[1] == 0
    assert polynomials_agree(1 / x, 1 / (2 * x))[1] == 1


def test_moments_of_one_rank_are_not_those_of_another() -> None:
    """The sum over ranks that the claim states holds for no rank left out."""
    first, second = (exact_wishart_moments(2, 3, k).first for k in (1, 2))
    assert first + second == 6
    assert first > second > 0
