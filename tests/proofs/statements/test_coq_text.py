"""Statements as propositions of Coq: what is written, and that nothing changed in a statement is lost on the way."""

import pytest
import sympy as sp

from edgestab.proofs.catalogue import all_claims, coq, get_claim
from edgestab.proofs.statements import (
    FORMAL,
    POSITIVE,
    REALS,
    WEIGHTS,
    Definition,
    If,
    Inhabited,
    IsOpen,
    Named,
    O,
    R,
    Range,
    Statement,
    eq,
    gt,
    le,
    lt,
    ne,
)
from edgestab.proofs.statements.coq_text import proposition
from edgestab.proofs.statements.mutants import mutants
from edgestab.proofs.statements.quantifiers import Either, Exists, ForAll, NotEmpty
from edgestab.symbolic.algebra.errors import CodegenError
from edgestab.symbolic.algebra.symbols import symbol, symbols

z, y, T, epsilon, eta, eta_0, mu = symbols("z y T epsilon eta eta_0 mu")
theta_0, output, limit = symbols("theta_0 f(theta_0) lambda_infinity")

PROVED = sorted(coq.propositions())


def lines(statement: Statement) -> list[str]:
    head, *rest = proposition("some-claim", statement).splitlines()
    assert head == "Definition claim_some_claim : Prop :="
    return [line.strip() for line in rest]


def test_every_claim_that_coq_proves_has_a_proposition() -> None:
    assert sorted(["theorem-1", *(claim.id for claim in coq.CLAIMS)]) == PROVED


@pytest.mark.parametrize("claim_id", PROVED)
def test_every_mutant_of_a_statement_is_another_proposition(claim_id: str) -> None:
    statement = get_claim(claim_id).statement
    stated = proposition(claim_id, statement)
    found = list(mutants(statement))
    assert len(found) > 30
    for mutant in found:
        try:
            assert proposition(claim_id, mutant.statement) != stated, mutant.label
        except CodegenError:
            continue


def test_ranges_and_hypotheses_are_premises_in_their_order() -> None:
    statement = Statement(
        conclusion=(lt(z, 1), gt(z, -2)),
        over=(
            Range(epsilon, sp.Interval.Lopen(0, R(1, 5))),
            Range(eta, POSITIVE),
            Range(z, sp.Interval(-1, sp.oo)),
            Range(sp.Symbol("k"), sp.S.Naturals),
        ),
        given=(ne(z, 1), If(eq(z, 0), Either(lt(epsilon, eta), le(eta, 1)))),
    )
    assert lines(statement) == [
        "forall (e eta z : R) (k : nat),",
        "0 < e ->",
        "e <= 1 / 5 ->",
        "0 < eta ->",
        "(-1) <= z ->",
        "(1 <= k)%nat ->",
        "z <> 1 ->",
        "((z = 0) -> ((e < eta) \\/ (eta <= 1))) ->",
        "z < 1 /\\",
        "(-2) < z.",
    ]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (2 / eta - epsilon / eta, "2 / eta - e / eta"),
        (-epsilon * mu / 2, "- mu * e / 2"),
        (z**2 * (1 - epsilon) / 3, "z ^ 2 * (1 - e) / 3"),
        (1 / (eta * (1 - z) ** 2), "1 / eta / (1 - z) ^ 2"),
        ((z - 2) ** 3, "(z - 2) ^ 3"),
        (R(-27, 32) * z, "- 27 * z / 32"),
        (sp.Abs(z - 1), "Rabs (z - 1)"),
        (R(-1, 2) + 0 * z, "(-1 / 2)"),
    ],
)
def test_terms(term: sp.Expr, text: str) -> None:
    over = tuple(Range(v, REALS) for v in (epsilon, eta, mu, z))
    assert lines(Statement((eq(z, term),), over))[-1] == f"z = {text}."


def test_a_limit_is_a_number_with_a_property() -> None:
    over = (Range(epsilon, REALS), Range(eta, REALS), Range(theta_0, WEIGHTS))
    assert lines(Statement((le(limit, 2 / eta),), over)) == [
        "forall (e eta : R) (q : plane),",
        "exists lim : R, Un_cv (fun n : nat => lambda e (gd e eta q n)) lim /\\",
        "lim <= 2 / eta.",
    ]
    with pytest.raises(CodegenError, match="lambda_infinity"):  # as a hypothesis it would have to be for every limit
        proposition("x", Statement((lt(eta, 1),), over, (le(limit, 2),)))
    with pytest.raises(CodegenError, match="lambda_infinity"):  # no run without a start
        proposition("x", Statement((le(limit, 2),), over[:2]))


def test_an_order_symbol_is_a_monomial_times_a_polynomial() -> None:
    over = tuple(Range(v, FORMAL) for v in (z, y, epsilon))
    assert lines(Statement((eq(z, y + O(z**3, y * z) + epsilon * O(z)),), over)) == [
        "exists P Q S : polynomial, forall (z y e : R),",
        "z =",
        "y + e * z * poly_3 P z y e + z ^ 3 * poly_3 Q z y e + y * z * poly_3 S z y e.",
    ]


def test_a_set_of_starts_is_quantified_without_the_rest() -> None:
    statement = Statement(
        conclusion=(IsOpen(theta_0), Inhabited(theta_0), lt(eta_0, 1)),
        over=(Range(epsilon, REALS), Range(eta_0, POSITIVE), Range(theta_0, WEIGHTS), Range(eta, REALS)),
        given=(lt(eta_0 * output, 1), lt(eta_0, 2), le(eta_0, eta)),
    )
    text = " ".join(lines(statement))
    start = "h0 * f e q < 1"
    assert f"forall (e h0 : R), 0 < h0 -> h0 < 2 -> open (fun q : plane => {start})" in text
    assert f"forall (e h0 : R), 0 < h0 -> h0 < 2 -> exists q : plane, {start}" in text
    assert f"(eta : R), 0 < h0 -> {start} -> h0 < 2 -> h0 <= eta -> h0 < 1" in text


def test_quantifiers_keep_their_order() -> None:
    U, r = sp.Symbol("U"), symbol("r")
    inner = ForAll.of((Range(theta_0, U), Range(eta, sp.Interval(1, r))), (), (lt(output, r),))
    sets = Named("sets", "", "plane -> Prop")
    statement = Statement(
        (Exists.of((Range(U, sets), Range(r, REALS)), (gt(r, 1),), (NotEmpty(U), inner)),), (Range(epsilon, REALS),)
    )
    assert " ".join(lines(statement)) == (
        "forall (e : R), (exists (U : plane -> Prop) (r : R), (1 < r) /\\ (exists q : plane, U q) /\\ "
        "(forall (q : plane) (eta : R), U q -> 1 <= eta -> eta <= r -> f e q < r))."
    )
    assert statement.names() == {"f(theta_0)"}


def test_an_abbreviation_is_written_once_where_it_has_a_value() -> None:
    statement = Statement(
        conclusion=(ForAll.of((Range(theta_0, WEIGHTS),), (ne(z, 0),), (lt(z, T),)),),
        over=(Range(epsilon, REALS), Range(eta, REALS)),
        where=(Definition(z, "", eta * output), Definition(T, "", eta + 1)),
    )
    assert " ".join(lines(statement)) == (
        "forall (e eta : R), let T := 1 + eta in (forall (q : plane), let z := eta * f e q in z <> 0 -> z < T)."
    )


def test_cases_and_sums() -> None:
    cases = sp.Piecewise((1, sp.Le(epsilon, R(1, 5), evaluate=False)), (2, True))
    assert lines(Statement((lt(cases, eta),), (Range(epsilon, REALS), Range(eta, REALS))))[-1] == (
        "(if Rle_dec e (1 / 5) then 1 else 2) < eta."
    )
    found = proposition("hierarchy-coq", get_claim("hierarchy-coq").statement)
    assert "total (length th) (fun i : nat => eigenvalue i th ^ k * coordinate i th ^ 2)" in found


@pytest.mark.parametrize(
    "statement",
    [
        Statement((lt(sp.exp(z), 1),), (Range(z, REALS),)),
        Statement((lt(symbol("beta"), 1),), (Range(z, REALS),)),
        Statement((lt(z, 1),), (Range(z, Named("some place", "")),)),
        Statement((lt(z, 1),), (Range(z, REALS), Range(symbol("kappa"), REALS))),
        Statement((), (Range(z, REALS),)),
        Statement((eq(z, O(z**2)),), (Range(z, REALS),)),
    ],
)
def test_what_has_no_coq_term_is_refused(statement: Statement) -> None:
    with pytest.raises(CodegenError, match="a statement in Coq"):
        proposition("x", statement)


def test_the_statements_of_the_catalogue_are_closed() -> None:
    for claim_id in PROVED:
        assert all_claims()[claim_id].statement.undefined() == set()
