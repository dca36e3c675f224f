"""The trapping region: exact identities, and each condition against direct rational evaluation of the map."""

from fractions import Fraction
from functools import lru_cache

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.rings import PolyRing
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.trapping.barrier import Barrier, derive_barrier
from edgestab.symbolic.trapping.region import Condition

z, T, epsilon, level = (symbol(n) for n in ("z", "T", "epsilon", "level"))
MAIN = {"slope": "7/5", "width": 1, "height": "1/2", "epsilon_min": 0, "epsilon_max": "1/5", "split": "-39/100"}
LATER = {"slope": "5/2", "width": 1, "height": "1/5", "epsilon_min": "1/5", "epsilon_max": "1/2"}


@lru_cache
def main() -> Barrier:
    return derive_barrier(main_case(), MAIN)


@pytest.mark.parametrize("constants", [MAIN, LATER])
def test_identities_hold(constants: dict[str, object]) -> None:
    found = derive_barrier(main_case(), constants).identities
    assert len(found) >= 4
    assert all(identity.holds() for identity in found)


def test_z_range_holds_the_region() -> None:
    low, high = main().z_range
    assert (low, high) == (sp.Rational(-161, 200), sp.Rational(9, 20))
    for end in (low, high):
        assert sp.Rational(7, 5) * end**2 >= sp.Rational(1, 2) * (1 - end)


def value(condition: Condition, at: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The condition's polynomial over the power of its pole, at a point."""
    numerator = PolyRing(condition.variables).to_expr(condition.polynomial).subs(at)
    return numerator / (1 - at[z]) ** condition.power


@settings(max_examples=12, deadline=None)
@given(
    st.fractions(-Fraction(4, 5), Fraction(9, 20), max_denominator=97),
    st.fractions(0, 1, max_denominator=13),
    st.fractions(Fraction(1, 1000), Fraction(1, 5), max_denominator=1000),
)
def test_one_step_from_the_region_stays_in_it(a: Fraction, b: Fraction, c: Fraction) -> None:
    barrier = main()
    at = {z: sp.Rational(a), level: sp.Rational(b), epsilon: sp.Rational(c)}
    values: dict[sp.Symbol, sp.Expr] = {}
    for name, body in barrier.definitions:
        values[name] = body.subs({**values, **at}, simultaneous=True)
    start = {z: at[z], T: values[T], epsilon: at[epsilon]}
    if not barrier.contains(start[z], start[T], start[epsilon]):
        return
    image = [component.subs(start, simultaneous=True) for component in barrier.one_step.components]
    assert barrier.contains(image[0], image[1], start[epsilon])
    for condition in barrier.conditions:
        if all(lo <= at[v] <= hi for v, (lo, hi) in condition.box):
            assert condition.expression is not None
            direct = condition.expression.subs({**values, **at}, simultaneous=True)
            assert value(condition, at) == direct
            assert direct > 0


def test_bad_constants() -> None:
    step = main_case()
    with pytest.raises(DomainError, match="slope in"):
        derive_barrier(step, {**MAIN, "slope": 3})
    with pytest.raises(DomainError, match="epsilon_min"):
        derive_barrier(step, {**MAIN, "epsilon_max": 2})
    with pytest.raises(DomainError, match="exact slope"):
        derive_barrier(step, {**MAIN, "slope": 1.4})
    with pytest.raises(DomainError, match="Check names"):
        derive_barrier(step, {"slope": 1})
