"""What a check has not read of a statement it has not judged."""

from fractions import Fraction

import pytest
import sympy as sp

from edgestab.proofs.claims import Check, CheckContext, Claim, Level, Outcome, Source, Verdict, judge
from edgestab.proofs.statements import REALS, Bounds, Definition, Iff, Range, Reading, Statement, eq, ge, gt, le, lt, ne
from edgestab.proofs.verify import combine, own_level, run_check
from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.algebra.symbols import symbols

z, T, epsilon, T_inf = symbols("z T epsilon T_inf")
STATEMENT = Statement(
    conclusion=(le(2 - epsilon, T_inf), le(T_inf, 2), eq(T, 2 + z)),
    over=(Range(epsilon, sp.Interval.Lopen(0, sp.Rational(1, 5))), Range(z, REALS)),
    given=(ne(z, 1), lt(z, T)),
)


def claim(*checks: Check, statement: Statement = STATEMENT) -> Claim:
    return Claim("c", "t", statement, Source("edgestab", "here"), checks)


def test_parts_are_found_by_their_left_side() -> None:
    reading = Reading(STATEMENT)
    assert reading.equation(T) == 2 + z
    assert reading.covered == {2}
    assert reading.relations(T_inf) == [STATEMENT.conclusion[1]]
    assert reading.covered == {1, 2}
    with pytest.raises(ProofError, match="one equation for"):
        reading.equation(T_inf)
    with pytest.raises(ProofError, match="part number 3"):
        reading.part(3)


def test_bounds_are_read_from_either_side_with_their_strictness() -> None:
    reading = Reading(STATEMENT)
    assert reading.bounds(T_inf) == Bounds(2 - epsilon, sp.Integer(2))
    assert reading.bounds(z, given=True) == Bounds(None, T, False, True)
    assert reading.covered == {0, 1}
    assert Reading(Statement((gt(z, 1), ge(3, z)))).bounds(z) == Bounds(sp.Integer(1), sp.Integer(3), True, False)
    with pytest.raises(ProofError, match="one bound of"):
        Reading(Statement((lt(z, 1), le(z, 2)))).bounds(z)
    with pytest.raises(ProofError, match="a bound of"):
        Reading(Statement((eq(z, 1),))).bounds(z)


def test_ranges() -> None:
    reading = Reading(STATEMENT)
    assert reading.interval(epsilon) == sp.Interval.Lopen(0, sp.Rational(1, 5))
    reading.within(z, REALS)
    with pytest.raises(ProofError, match="epsilon in"):
        reading.within(epsilon, sp.Interval(0, sp.Rational(1, 10)))
    with pytest.raises(ProofError, match="a range of"):
        reading.domain(T)


def test_values_are_exact() -> None:
    reading = Reading(STATEMENT)
    assert reading.admits({epsilon: Fraction(1, 5), z: 0, T: 1})
    assert not reading.admits({epsilon: 0.2 + 1e-16, z: 0, T: 1})
    assert not reading.admits({epsilon: 0, z: 0, T: 1})
    assert not reading.admits({epsilon: Fraction(1, 5), z: 1, T: 2})
    assert reading.holds({epsilon: Fraction(1, 5), T_inf: 2, z: 0, T: 2})
    assert not reading.holds({epsilon: Fraction(1, 5), T_inf: 2, z: 0, T: 2 + 1e-15})
    assert reading.holds({T_inf: 2}, 1)
    with pytest.raises(ProofError, match="values for every name"):
        reading.holds({epsilon: 1})


def test_own_definitions_are_unfolded() -> None:
    statement = Statement((lt(T, 1),), where=(Definition(T, "twice z", 2 * z),))
    assert Reading(statement).holds({z: Fraction(1, 4)})
    assert not Reading(statement).holds({z: Fraction(1, 2)})
    assert Reading(statement).defined(T) == 2 * z


def test_hypotheses() -> None:
    reading = Reading(Statement(given=(eq(epsilon, 0), ne(z, 1))))
    assert reading.value(epsilon) == 0
    assert reading.unread() == ["z != 1"]
    reading.assumed(ne(z, 1))
    assert reading.unread() == []
    with pytest.raises(ProofError, match="the hypothesis"):
        reading.assumed(ne(z, 2))
    with pytest.raises(ProofError, match="one hypothesis"):
        reading.value(z)


def _reads(ctx: CheckContext) -> Outcome:
    ctx.statement.given()
    ctx.statement.interval(epsilon)
    ctx.statement.domain(z)
    ctx.statement.parts()
    return judge(1)


def _skips_a_hypothesis(ctx: CheckContext) -> Outcome:
    ctx.statement.parts()
    ctx.statement.interval(epsilon)
    ctx.statement.domain(z)
    return judge(1)


def _first_part_only(ctx: CheckContext) -> Outcome:
    ctx.statement.given()
    ctx.statement.interval(epsilon)
    ctx.statement.domain(z)
    ctx.statement.part(0)
    return judge(1)


def test_a_check_that_does_not_read_a_hypothesis_is_open() -> None:
    found = run_check(claim(Check("m", Level.DERIVED, _skips_a_hypothesis)), 0, CheckContext())
    assert found.outcome.verdict is Verdict.UNKNOWN
    assert "did not read: z != 1; z < T" in found.outcome.detail
    assert run_check(claim(Check("m", Level.DERIVED, _reads)), 0, CheckContext()).outcome.verdict is Verdict.TRUE


def test_the_level_is_the_least_over_the_parts() -> None:
    both = claim(Check("p", Level.PROVED, _first_part_only), Check("c", Level.CHECKED, _reads))
    evidence = [run_check(both, i, CheckContext()) for i in (0, 1)]
    assert [e.covers for e in evidence] == [(0,), (0, 1, 2)]
    assert combine(both, evidence, ()).level is Level.CHECKED
    alone = combine(both, evidence[:1], ())
    assert alone.verdict is Verdict.UNKNOWN
    assert "nothing judged: T_inf <= 2" in alone.note


def test_prose_is_checked_at_most_unless_coq_states_it() -> None:
    for level, expected in ((Level.DERIVED, Level.CHECKED), (Level.PROVED, Level.PROVED)):
        told = claim(Check("m", level, _reads), statement=Statement(prose="it works"))
        told = Claim("c", "t", told.statement, told.source, (Check("m", level, lambda ctx: judge(1)),))
        assert own_level(told, [run_check(told, 0, CheckContext())]) == (expected, [])


def test_connectives_keep_their_order() -> None:
    assert str(Iff(lt(T, 1), lt(z, 1))) == "(T < 1) if and only if (z < 1)"
    assert str(Iff(lt(z, 1), lt(T, 1))) == "(z < 1) if and only if (T < 1)"
