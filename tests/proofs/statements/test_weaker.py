"""Which changed statements follow from the unchanged one."""

import pytest
import sympy as sp

from edgestab.proofs.statements import O, R, Range, Statement, eq, ge, gt, le, lt
from edgestab.proofs.statements.weaker import implies, narrower, positive, weaker_part
from edgestab.symbolic.algebra.symbols import symbols

z, T, epsilon, y = symbols("z T epsilon y")
STATEMENT = Statement(over=(Range(epsilon, sp.Interval.Lopen(0, R(1, 5))), Range(z, sp.S.Reals)))


@pytest.mark.parametrize(
    ("old", "new", "follows"),
    [
        (le(T, 2), le(T, 3), True),
        (le(T, 2), le(T, 1), False),
        (le(T, 2), lt(T, 2), False),
        (le(T, 2), lt(T, 3), True),
        (lt(T, 2), le(T, 2), True),
        (le(T, 2), ge(T, 2), False),
        (gt(T, R(12, 5)), gt(T, R(11, 5)), True),
        (gt(T, R(12, 5)), gt(T, R(13, 5)), False),
        (le(2 - epsilon, T), le(1 - epsilon, T), True),
        (le(2 - epsilon, T), le(2 - 2 * epsilon, T), True),
        (le(2 - epsilon, T), le(2, T), False),
        (le(T, 17 * epsilon**2), le(T, 17 * epsilon), True),
        (le(T, 17 * epsilon**2), le(T, 17 * epsilon**3), False),
        (le(T, epsilon), le(T, epsilon - z), False),
        (eq(T, 2), eq(T, 3), False),
    ],
)
def test_inequalities(old: sp.Basic, new: sp.Basic, follows: bool) -> None:
    assert implies(old, new, STATEMENT) is follows


def test_a_larger_remainder_follows() -> None:
    old = eq(T, 2 * z + O(z**3, y * z**2))
    assert weaker_part(old, eq(T, 2 * z + O(z**2, y * z**2)), STATEMENT)
    assert not weaker_part(old, eq(T, 2 * z + O(z**4, y * z**2)), STATEMENT)
    assert not weaker_part(old, eq(T, 3 * z + O(z**2, y * z**2)), STATEMENT)
    assert not weaker_part(old, eq(T, 2 * z), STATEMENT)


def test_narrower_ranges() -> None:
    whole = sp.Interval.Lopen(0, R(1, 5))
    assert narrower(whole, sp.Interval.open(0, R(1, 5)))
    assert not narrower(whole, sp.Interval(0, R(1, 5)))
    assert not narrower(whole, sp.Interval.Lopen(0, R(2, 5)))


def test_signs_on_ranges() -> None:
    assert positive(epsilon * (1 - epsilon), STATEMENT)
    assert not positive(epsilon * (R(1, 10) - epsilon), STATEMENT)
    assert positive(R(13, 2) * epsilon**2 * (1 - epsilon), STATEMENT)
    assert positive(z**2, STATEMENT)
    assert not positive(z**2 - z + 1, STATEMENT)  # true, but unbounded: not decided
    assert not positive(sp.Integer(0), STATEMENT, strict=True)
