import pytest

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.symbols import TABLE, latex_names, symbol, symbols


def test_one_object_has_one_name_and_one_latex() -> None:
    assert len({row.latex for row in TABLE.values()}) == len(TABLE)
    assert all(row.meaning and row.domain for row in TABLE.values())


def test_symbols_are_real_and_epsilon_positive() -> None:
    z, epsilon = symbols("z epsilon")
    assert z.is_real
    assert epsilon.is_positive
    assert symbol("z") == z


def test_unknown_name_lists_the_table() -> None:
    with pytest.raises(DomainError, match="epsilon"):
        symbol("epsilom")


def test_names_can_follow_another_paper() -> None:
    assert latex_names({"T": r"\Lambda"})[symbol("T")] == r"\Lambda"
    with pytest.raises(DomainError, match="one of"):
        latex_names({"nope": "x"})
