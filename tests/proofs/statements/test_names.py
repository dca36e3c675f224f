"""Every name in a statement is defined, and every definition leads to a value."""

from importlib import import_module

import pytest
import sympy as sp

import edgestab as es
from edgestab.proofs.catalogue import all_claims
from edgestab.proofs.claims import Claim
from edgestab.proofs.statements import Definition, Statement, eq, lt
from edgestab.proofs.statements.names import table
from edgestab.proofs.statements.names.entry import Name
from edgestab.proofs.statements.statement import meaning_of
from edgestab.proofs.statements.terms import names_in
from edgestab.proofs.subject import main_subject
from edgestab.symbolic.algebra.symbols import symbols

z, T, y = symbols("z T y")


@pytest.mark.parametrize("claim", all_claims().values(), ids=lambda c: c.id)
def test_no_claim_has_a_name_without_a_definition(claim: Claim) -> None:
    assert claim.statement.undefined() == set()


@pytest.mark.parametrize("claim", all_claims().values(), ids=lambda c: c.id)
def test_every_variable_has_a_meaning(claim: Claim) -> None:
    statement = claim.statement
    own = {d.key for d in statement.where}
    assert [r.symbol.name for r in statement.over if not meaning_of(r.symbol) and r.symbol.name not in own] == []
    used = set().union(*(names_in(t) for t in statement.terms())) | {r.symbol.name for r in statement.over}
    used |= {s.name for s in statement.inner_variables()}
    for definition in statement.where:
        # a name may also serve the words of another definition
        told = " ".join(d.meaning for d in statement.where if d is not definition)
        assert definition.key in used or str(definition.name) in told
        assert definition.meaning


@pytest.mark.parametrize("name", table().values(), ids=lambda n: n.key)
def test_every_name_has_a_value_or_is_computed_by_a_public_object(name: Name) -> None:
    assert name.meaning
    if name.value is not None:
        assert isinstance(name.value(main_subject()), sp.Basic)
    if name.see:
        head, *rest = name.see.split(".")
        assert head == "edgestab"
        found: object = es
        for part in rest:
            found = getattr(found, part)
        assert found.__doc__ if callable(found) else found


def test_each_name_stands_in_some_statement() -> None:
    used = set().union(*(c.statement.names() for c in all_claims().values()))
    assert table().keys() <= used


def test_the_test_can_fail() -> None:
    g = sp.Function("g")
    assert Statement((eq(g(z), y),)).undefined() == {"g()", "z", "y"}
    assert Statement((lt(g(z), 1),), where=(Definition(g(z), "a function"),)).undefined() == {"z"}
    with pytest.raises(ValueError, match="needs a value"):
        Name("g()", "nothing computes it")


def test_value_of_the_later_state() -> None:
    assert table()["z'"].value is not None
    value = table()["z'"].value(main_subject())  # type: ignore[misc]
    assert sp.expand(value - es.models.main_case().components[0]) == 0
    assert import_module("edgestab.proofs.statements.names.plane").NAMES[0].key == "z'"
