from fractions import Fraction

import pytest
import sympy as sp

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.literature import EXAMPLES, example_study
from edgestab.symbolic.planar.maps import PolynomialMap

x, y, c = sp.symbols("x y c", real=True)
HENON = PolynomialMap((x, y), (1 - c * x**2 + y, x / 3), (c,), "henon")


def orbit(a: Fraction, b: Fraction, k: Fraction, steps: int) -> tuple[Fraction, Fraction]:
    """Naive twin."""
    for _ in range(steps):
        a, b = 1 - k * a * a + b, a / 3
    return a, b


def test_iterates_agree_with_direct_iteration() -> None:
    at = {x: sp.Rational(2, 7), y: sp.Rational(-1, 5), c: sp.Rational(7, 5)}
    expected = orbit(Fraction(2, 7), Fraction(-1, 5), Fraction(7, 5), 3)
    got = tuple(component.subs(at) for component in HENON.iterate(3).components)
    assert got == tuple(sp.Rational(v.numerator, v.denominator) for v in expected)


def test_equality_and_digest_do_not_depend_on_how_it_was_written() -> None:
    other = PolynomialMap((x, y), (1 + y - x * x * c, 2 * x / 6), (c,))
    changed = PolynomialMap((x, y), (1 + y + x * x * c, x / 3), (c,))
    assert other == HENON
    assert other.digest() == HENON.digest()
    assert hash(other) == hash(HENON)
    assert changed != HENON
    assert changed.digest() != HENON.digest()
    assert HENON != "henon"


def test_parameters_can_be_fixed() -> None:
    fixed = HENON.substitute({c: 2})
    assert fixed.parameters == ()
    assert fixed.components[0] == 1 - 2 * x**2 + y
    with pytest.raises(DomainError, match="parameters"):
        HENON.substitute({x: 1})


def test_json_and_latex_hold_every_coefficient() -> None:
    record = HENON.json()
    assert record["variables"] == ["x", "y", "c"]
    assert {"exponents": [1, 0, 0], "coefficient": "1/3"} in record["components"]["y"]
    assert r"\frac{1}{3} x" in HENON.latex()
    assert HENON._repr_latex_().startswith("$")


def test_bad_maps_are_refused() -> None:
    with pytest.raises(DomainError, match="components"):
        PolynomialMap((x, y), (x,))
    with pytest.raises(DomainError, match="polynomial over Q"):
        PolynomialMap((x,), (sp.sin(x),))
    with pytest.raises(DomainError, match="times >= 1"):
        HENON.iterate(0)
    with pytest.raises(DomainError, match="a map of"):
        HENON.compose(PolynomialMap((x,), (x,)))


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_the_bound_on_two_steps_holds(name: str) -> None:
    step = example_study(name).map
    exact = sum(len(p.to_dict()) for p in step.iterated(2))
    assert exact <= step.two_step_bound() <= 10 * exact
