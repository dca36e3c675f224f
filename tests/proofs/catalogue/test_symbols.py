"""A symbol of the one table means the same in every claim; the same letters with other assumptions are another one."""

import pytest
import sympy as sp

from edgestab.proofs.catalogue import all_claims
from edgestab.proofs.claims import Claim
from edgestab.proofs.statements import Definition, Statement, eq
from edgestab.proofs.statements.names import table
from edgestab.symbolic.algebra.symbols import TABLE, symbol


def strangers(statement: Statement) -> set[str]:
    """Symbols that are called as one of the table, are another, and are not defined by the statement itself."""
    own = {key.removesuffix("()") for key in (*table(), *(d.key for d in statement.where))}
    free = set().union(*(t.free_symbols for t in statement.terms())) | {r.symbol for r in statement.over}
    named = {s for s in free if isinstance(s, sp.Symbol) and s.name in TABLE}
    # indices and counts are integers, where the table's namesakes are real numbers
    return {s.name for s in named if s != TABLE[s.name].symbol and s.name not in own and not s.is_integer}


@pytest.mark.parametrize("claim", all_claims().values(), ids=lambda claim: claim.id)
def test_symbols_of_a_claim_are_those_of_the_table(claim: Claim) -> None:
    assert strangers(claim.statement) == set(), "take them from the table of symbols"


def test_a_symbol_of_ones_own_is_noticed() -> None:
    assert strangers(Statement((eq(sp.Symbol("z"), symbol("T")),))) == {"z"}
    assert strangers(Statement((eq(symbol("z"), symbol("T")),))) == set()
    own = sp.Symbol("z")
    assert strangers(Statement((eq(own, symbol("T")),), where=(Definition(own, "another z"),))) == set()
