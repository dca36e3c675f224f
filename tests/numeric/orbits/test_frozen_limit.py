"""The proved range of frozen orbits: it holds the truth, and it can be wrong only if the map is."""

from fractions import Fraction

import pytest
import sympy as sp

from edgestab.numeric.orbits.frozen_limit import enclose_frozen_limit
from edgestab.numeric.orbits.iterated_limit import iterate_to_limit
from edgestab.symbolic.models.quadratic import main_case

MAP = main_case()


@pytest.mark.parametrize(
    ("eps", "z0", "T0", "width"),
    [
        ("1/200", "1/100", "17/10", 1e-5),
        ("1/200", "1/10", "17/10", 1e-3),
        ("1/200", "1/100", "6/5", 1e-5),
        ("1/10", "-1/20", "3/2", 1e-2),
        ("1/200", "1/50", "201/100", 1e-3),
    ],
)
def test_the_range_holds_the_limit_and_is_narrow(eps: str, z0: str, T0: str, width: float) -> None:
    found = enclose_frozen_limit(MAP, Fraction(eps), Fraction(z0), Fraction(T0))
    assert found is not None
    end = iterate_to_limit(MAP, Fraction(eps), Fraction(z0), Fraction(T0), digits=40)
    assert found[0] <= Fraction(str(end.value)) <= found[1]
    assert 0 < found[1] - found[0] < width


@pytest.mark.parametrize(("z0", "T0"), [("1/4", "8/3"), ("3/10", "2"), ("1/10", "9")])
def test_no_range_where_no_contraction_is_found(z0: str, T0: str) -> None:
    assert enclose_frozen_limit(MAP, Fraction(1, 100), Fraction(z0), Fraction(T0)) is None


def test_another_map_gives_another_range() -> None:
    """The range is made from the map, not from remembered formulas: with v falling thrice as fast it moves."""
    z, T = MAP.variables
    tilted = T - 2 * (1 - MAP.parameters[0]) * z
    fall = sp.expand(tilted - tilted.subs(dict(zip((z, T), MAP.components, strict=True)), simultaneous=True))
    other = type(MAP)(MAP.variables, (MAP.components[0], sp.expand(MAP.components[1] - 2 * fall)), MAP.parameters)
    start = Fraction(1, 10), Fraction(1, 20), Fraction(3, 2)
    mine, theirs = enclose_frozen_limit(MAP, *start), enclose_frozen_limit(other, *start)
    assert mine is not None
    assert theirs is not None
    assert theirs[0] < mine[0]
    end = iterate_to_limit(other, *start, digits=30)
    assert theirs[0] <= Fraction(str(end.value)) <= theirs[1]
