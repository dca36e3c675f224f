"""Every symbol in a claim comes from the one table, but for bound ones and quantities named in words."""

import pytest
import sympy as sp

from edgestab.proofs.catalogue import all_claims
from edgestab.proofs.claims import Claim
from edgestab.symbolic.algebra.symbols import TABLE, symbol

LISTED = {row.symbol for row in TABLE.values()}
#: Indices and counts: bound, or arguments of a family.
INDICES = {sp.Symbol(name, integer=True) for name in "ikmnr"}
#: Families, indexed by the above: eigenvalues of Q and weights along them.
FAMILIES = {"q", "w"}
#: Quantities that are no mathematics of the theory but what a program says, named in words.
WORDS = {
    *("exact", "kept", "dropped", "sum", "stated_error", "prediction", "expected_error"),
    *("verdict", "accepted", "invariant", "lhs", "rhs", "X"),
}
#: Variables of another paper's model, positive there (Damian et al. 2023), and a limit that may be infinite.
FOREIGN = {sp.Symbol("alpha", positive=True), sp.Symbol("beta", positive=True), sp.Symbol("T_inf", extended_real=True)}


def unlisted(claim: Claim) -> set[str]:
    free = set(claim.variables).union(*(e.free_symbols for e in (claim.statement, *claim.assumptions)))
    bare = {s for s in free if isinstance(s, sp.Symbol)} - LISTED - INDICES - FOREIGN
    # matrices and tensors do not commute and stand for themselves; eigenvalues of a spectrum are numbered
    return {
        s.name
        for s in bare
        if s.is_commutative and s.name not in WORDS | FAMILIES and s.name.partition("_")[0] not in FAMILIES
    }


@pytest.mark.parametrize("claim", all_claims().values(), ids=lambda claim: claim.id)
def test_symbols_of_a_claim_are_those_of_the_table(claim: Claim) -> None:
    assert unlisted(claim) == set(), "add a row to the table of symbols"


def test_a_symbol_of_ones_own_is_noticed() -> None:
    claim = next(iter(all_claims().values()))
    foreign = Claim(claim.id, claim.title, sp.Eq(sp.Symbol("y_own"), symbol("T")), claim.source)
    assert unlisted(foreign) == {"y_own"}
    # the same letters with other assumptions are another symbol
    assert unlisted(Claim(claim.id, claim.title, sp.Eq(sp.Symbol("z"), symbol("T")), claim.source)) == {"z"}
    assert unlisted(Claim(claim.id, claim.title, sp.Eq(symbol("z"), symbol("T")), claim.source)) == set()
