"""What is read from statements about curved barriers and moving windows, and what is refused."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from edgestab.proofs.certificates.stated_reach import (
    StatedBarrier,
    box_points,
    closed_range,
    closed_side,
    stated_barrier,
    stated_reach,
    stated_windows,
)
from edgestab.proofs.statements import Definition, R, Range, Reading, Statement, ge, le, lt
from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.algebra.symbols import symbols

z, T, V, p, epsilon = symbols("z T V p epsilon")
c = sp.Symbol("c", real=True)
EPSILON = Range(epsilon, sp.Interval.Lopen(0, R(9, 10)))
BARRIER = le(7 * p / 5 - 3 * z * p**2 / 8, V + 2 * epsilon - 2)
TOP = le(V + 2 * epsilon, R(53, 20))


def reading(*given: sp.Basic, where: tuple[Definition, ...] = (), over: tuple[Range, ...] = (EPSILON,)) -> Reading:
    return Reading(Statement(given=given, where=where, over=over))


def test_a_barrier_with_its_top() -> None:
    statement = reading(BARRIER, TOP, lt(z, 1))
    found = stated_barrier(statement, V)
    assert found == StatedBarrier((((1, 0), R(7, 5)), ((2, 1), R(-3, 8))), sp.Integer(2), R(13, 20))
    assert [name for name in statement.unread() if "V" in name] == []
    with pytest.raises(ProofError, match="multiple of p"):
        found.slope()
    assert stated_barrier(reading(le(p, V + epsilon - 2), le(V + epsilon, 3)), V).slope() == 1


@pytest.mark.parametrize(
    "given",
    [
        (BARRIER,),
        (TOP,),
        (BARRIER, le(V + epsilon, R(53, 20))),
        (le(7 * p / 5, V + 2 * epsilon - 3), TOP),
        (ge(V + 2 * epsilon - 2, p), TOP),
        (le(7 * p / 5, 2 * V + 2 * epsilon - 2), TOP),
        (le(7 * p / 5, V + 2 * epsilon**2 - 2), TOP),
        (BARRIER, BARRIER, TOP),
    ],
)
def test_other_barriers_are_refused(given: tuple[sp.Basic, ...]) -> None:
    with pytest.raises(ProofError, match="the statement"):
        stated_barrier(reading(*given), V)


def test_windows_that_move() -> None:
    statement = reading(
        le(sp.Abs(z + c), R(1, 100)),
        le(sp.Abs(V - 2 - epsilon * c), (1 - epsilon) ** 2 / 50),
        where=(Definition(c, "", sp.Min(R(1, 4), 1 - epsilon)),),
    )
    left, right = stated_windows(statement, (z, V))
    assert left.epsilon == (Fraction(0), Fraction(3, 4))
    assert right.epsilon == (Fraction(3, 4), Fraction(9, 10))
    assert (left.z, right.z) == ((Fraction(-1, 4),), (Fraction(-1), Fraction(1)))
    assert (Fraction(2), Fraction(1), Fraction(-1)) == right.V
    assert left.V_reach == (Fraction(1, 50), Fraction(-1, 25), Fraction(1, 50))
    assert statement.unread() == []


def test_other_windows_are_refused() -> None:
    where = (Definition(c, "", sp.Min(R(1, 4), 1 - epsilon)),)
    for given in (
        (lt(sp.Abs(z + c), R(1, 100)),),
        (),
        (le(z + c, R(1, 100)),),
        (le(sp.Abs(z * c), R(1, 100)),),
        (le(sp.Abs(z + c), 1), le(sp.Abs(z - c), 1)),
    ):
        with pytest.raises(ProofError, match="the statement"):
            stated_windows(reading(*given, le(sp.Abs(V - 2), 1), where=where), (z, V))


def test_sides_are_closed_and_not_empty() -> None:
    assert closed_side(reading(le(R(9, 4), V), le(V, R(5, 2))), V) == (Fraction(9, 4), Fraction(5, 2))
    assert stated_reach(reading(le(z**2, epsilon / 2)), z**2) == epsilon / 2
    for given in ((le(R(9, 4), V),), (le(R(9, 4), V), lt(V, 3)), (le(3, V), le(V, 2))):
        with pytest.raises(ProofError, match="the statement"):
            closed_side(reading(*given), V)
    with pytest.raises(ProofError, match="closed interval"):
        closed_range(reading(), epsilon)
    assert closed_range(reading(over=(Range(T, sp.Interval(-1, 2)),)), T) == (Fraction(-1), Fraction(2))


def test_boxes_are_sampled_with_their_corners() -> None:
    points = box_points(np.random.default_rng(1), ((Fraction(0), Fraction(1)), (Fraction(2), Fraction(4))), 50)
    assert {tuple(x) for x in points[:4]} == {(0.0, 2.0), (0.0, 4.0), (1.0, 2.0), (1.0, 4.0)}
    assert points.shape == (54, 2)
    assert points.min(axis=0).tolist() == [0.0, 2.0]
    assert points.max(axis=0).tolist() == [1.0, 4.0]
