"""Cycles, thresholds and escape of maps of the line: known numbers of the logistic map, and maps of our own."""

from fractions import Fraction

import pytest
import sympy as sp

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.symbols import symbols
from edgestab.symbolic.models.families.scalar_map import ScalarMap

x, a = symbols("x a")
LOGISTIC = ScalarMap(a * x * (1 - x), x, a)
CUBIC = ScalarMap(a * x - x**3, x, a)


def test_thresholds_of_the_logistic_map() -> None:
    """3, 1 + sqrt(6) and 1 + sqrt(8) are in every book; 3.54409035955 is where the four-cycle doubles."""
    assert LOGISTIC.thresholds(1, -1, 0, 4) == [3]
    assert [t.expression() for t in LOGISTIC.thresholds(2, -1, 0, 4)] == [1 + sp.sqrt(6)]
    assert [t.expression() for t in LOGISTIC.thresholds(3, 1, 0, 4)] == [1 + 2 * sp.sqrt(2)]
    first = LOGISTIC.thresholds(4, -1, 0, 4)[0]
    assert float(first) == pytest.approx(3.544090359551, abs=1e-12)


def test_thresholds_of_the_odd_cubic_map() -> None:
    """Known for r x - x^3: the pair of two-cycles lives on (2, sqrt(5)), and orbits escape beyond 3."""
    assert CUBIC.thresholds(2, 1, 1, 4)[0] == 2
    assert [t.expression() for t in CUBIC.thresholds(2, -1, 1, 4)] == [sp.sqrt(5)]
    assert CUBIC.escapes(1) == [3]
    assert CUBIC.trapped(Fraction(29, 10))
    assert not CUBIC.trapped(Fraction(31, 10))


@pytest.mark.parametrize(("value", "stable"), [(Fraction(16, 5), True), (Fraction(7, 2), False)])
def test_cycles_return_and_their_stability_is_that_of_orbits(value: Fraction, stable: bool) -> None:
    (cycle,) = LOGISTIC.cycles(2, value)
    one, two = (float(p.mid()) for p in cycle.points)
    assert float(value) * one * (1 - one) == pytest.approx(two, abs=1e-12)
    assert cycle.stable is stable
    place = one + 1e-6
    for _ in range(20):
        place = float(value) * place * (1 - place)
    assert (abs(place - one) < 1e-6) is stable


def test_a_neutral_fixed_point_is_no_two_cycle() -> None:
    step = ScalarMap(x + a * x**2 * (1 - x**3), x, a)
    assert all(0 not in [float(p.mid()) for p in c.points] for c in step.cycles(2, Fraction(1, 2)))
    assert [step.neutral(c) for c in step.components(1) if c.at(Fraction(1))(0) == 0] == [True]


def test_what_is_no_such_map_is_refused() -> None:
    with pytest.raises(DomainError, match="polynomial in x and a"):
        ScalarMap(sp.sin(x) * a, x, a)
    with pytest.raises(DomainError, match="degree 2"):
        ScalarMap(a * x, x, a)
    with pytest.raises(DomainError, match="odd degree"):
        LOGISTIC.hull(Fraction(3))
    with pytest.raises(DomainError, match="80"):
        ScalarMap(x + a * x**4 * (1 - x**5), x, a).components(3)
