import ast
from pathlib import Path

import pytest
import sympy as sp

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


def typed_symbols(path: Path) -> list[sp.Symbol]:
    """SymPy symbols that a file makes from a literal name and literal assumptions."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "sp.Symbol" and len(node.args) == 1:
            try:
                name = ast.literal_eval(node.args[0])
                found.append(sp.Symbol(name, **{str(k.arg): ast.literal_eval(k.value) for k in node.keywords}))
            except ValueError:
                continue
    return found


def test_no_symbol_of_the_table_is_typed_again() -> None:
    root, table = Path(__file__).parents[3], {row.symbol for row in TABLE.values()}
    files = [path for room in ("symbolic", "numeric", "proofs") for path in (root / room).rglob("*.py")]
    typed = {(path.name, s.name) for path in files for s in typed_symbols(path) if s in table}
    assert len(files) > 100
    assert typed == set()
