"""LaTeX of the slow manifold, the limit and the limit law: golden, and read back to what it came from."""

from collections.abc import Callable

import pytest
import sympy as sp

from edgestab.symbolic.explain.derived import Derived
from edgestab.symbolic.latex.equations import Style, align
from edgestab.symbolic.latex.reader import read_equations
from edgestab.symbolic.models.quadratic import main_case

CASE = main_case()
OBJECTS: dict[str, Callable[[], Derived]] = {
    "limit": lambda: CASE.limit_series(5),
    "slow-manifold": lambda: CASE.slow_manifold(3),
    "limit-law-leading": lambda: CASE.limit_law(1),
    "limit-law": lambda: CASE.limit_law(2),
}


@pytest.mark.parametrize("name", list(OBJECTS))
def test_golden(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"latex/{name}.tex", OBJECTS[name]().align(Style(label=f"eq:{name}")) + "\n")


@pytest.mark.parametrize("width", [60, 10_000])
@pytest.mark.parametrize("name", list(OBJECTS))
def test_what_is_printed_is_read_back(name: str, width: int) -> None:
    equations = OBJECTS[name]().equations()
    symbols = frozenset().union(*(e.symbols() for e in equations))
    back = read_equations(align(equations, Style(width)), symbols)
    assert len(back) == len(equations)
    for read, equation in zip(back, equations, strict=True):
        assert read.lhs == equation.lhs
        assert read.remainder == equation.remainder
        assert sp.simplify(read.rhs - equation.rhs) == 0
