"""Numbers of regions and start sets, as they are read from statements."""

from dataclasses import replace

import pytest
import sympy as sp

from edgestab.proofs.catalogue import get_claim
from edgestab.proofs.certificates.stated import (
    epsilon_range,
    require_limit,
    stated_regions,
    stated_starts,
    stated_width,
)
from edgestab.proofs.certificates.theorem_1 import PIECES
from edgestab.proofs.statements import (
    REALS,
    Definition,
    Inhabited,
    R,
    Range,
    Reading,
    Statement,
    ge,
    le,
    lt,
    ne,
)
from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.algebra.symbols import symbol, symbols

z, V, p, epsilon, beta = symbols("z V p epsilon beta")
limit = symbol("T_inf")
UP_TO_A_FIFTH = sp.Interval.Lopen(0, R(1, 5))


def about(*hypotheses: sp.Basic, over: sp.Set = UP_TO_A_FIFTH, where: tuple[Definition, ...] = ()) -> Reading:
    return Reading(
        Statement(
            over=(Range(epsilon, over), Range(z, REALS), Range(V, REALS)),
            given=(*hypotheses, ne(z, 0), lt(z, 1)),
            conclusion=(le(2 - 3 * epsilon, limit), le(limit, 2)),
            where=where,
        )
    )


BARRIER, TOP = le(R(7, 5) * p, V + 3 * epsilon - 2), le(V + 3 * epsilon, R(5, 2))


def test_a_region() -> None:
    statement = about(BARRIER, TOP, ge(V, R(43, 20)))
    (region,) = stated_regions(statement)
    wanted = {"slope": R(7, 5), "width": 3, "height": R(1, 2), "floor": R(43, 20), "epsilon_min": 0}
    assert {name: region[name] for name in wanted} == wanted
    assert region["epsilon_max"] == R(1, 5)
    require_limit(statement, limit, sp.S.One, [region])
    assert statement.unread() == []
    assert statement.covered == {0, 1}


def test_regions_by_cases() -> None:
    slopes = sp.Piecewise((R(7, 5), le(epsilon, R(1, 5))), (R(5, 2), True))
    where = (Definition(beta, "slope", slopes),)
    found = stated_regions(
        about(le(beta * p, V + epsilon - 2), le(V + epsilon, 3), over=sp.Interval.Lopen(0, R(1, 2)), where=where)
    )
    assert [(r["slope"], r["epsilon_min"], r["epsilon_max"]) for r in found] == [
        (R(7, 5), 0, R(1, 5)),
        (R(5, 2), R(1, 5), R(1, 2)),
    ]


def test_a_point_between_two_cases_is_not_forgotten() -> None:
    slopes = sp.Piecewise((R(7, 5), lt(epsilon, R(1, 5))), (1, le(epsilon, R(1, 5))), (R(5, 2), True))
    where = (Definition(beta, "slope", slopes),)
    with pytest.raises(ProofError, match="at epsilon = 1/5"):
        stated_regions(
            about(le(beta * p, V + epsilon - 2), le(V + epsilon, 3), over=sp.Interval.Lopen(0, R(1, 2)), where=where)
        )


@pytest.mark.parametrize(
    ("hypotheses", "expected"),
    [
        ((BARRIER,), "a barrier and a top"),
        ((BARRIER, le(V + epsilon, R(5, 2))), "of one width"),
        ((le(R(7, 5) * p, V + 3 * epsilon - 1), TOP), "a barrier, a top or a floor"),
        ((BARRIER, TOP, ge(V, epsilon)), "a barrier, a top or a floor"),
        ((BARRIER, TOP, TOP), "one height"),
        ((BARRIER, le(V**2, 5)), "linear in V"),
        ((BARRIER, ne(V, 3)), "an inequality"),
    ],
)
def test_other_hypotheses_are_refused(hypotheses: tuple[sp.Basic, ...], expected: str) -> None:
    with pytest.raises(ProofError, match=expected):
        stated_regions(about(*hypotheses))


@pytest.mark.parametrize(
    "over", [sp.Interval(0, R(1, 5)), sp.Interval.Lopen(-1, R(1, 5)), sp.Interval.Lopen(0, 2), REALS], ids=str
)
def test_epsilon_must_be_positive_and_at_most_one(over: sp.Set) -> None:
    with pytest.raises(ProofError, match="0 < epsilon <= 1"):
        epsilon_range(about(BARRIER, TOP, over=over))


@pytest.mark.parametrize(
    "conclusion",
    [
        (le(2 - 2 * epsilon, limit), le(limit, 2)),
        (le(2 - 3 * epsilon, limit), lt(limit, 2)),
        (le(2 - 3 * epsilon, limit), le(limit, 1)),
        (le(2 - 3 * epsilon, limit),),
    ],
)
def test_the_limit_is_that_of_the_regions_and_no_more(conclusion: tuple[sp.Basic, ...]) -> None:
    statement = Reading(replace(about(BARRIER, TOP).statement, conclusion=conclusion))
    with pytest.raises(ProofError):
        require_limit(statement, limit, sp.S.One, stated_regions(statement))


def test_the_starts_of_theorem_1_are_those_of_its_certificate() -> None:
    statement = Reading(get_claim("theorem-1").statement)
    start = PIECES[0][1]
    assert start is not None
    assert stated_starts(statement) == {name: sp.Rational(str(value)) for name, value in start.items()}
    assert stated_width(statement) == 1


def test_a_closed_window_or_a_missing_part_is_refused() -> None:
    statement = get_claim("theorem-1").statement
    first, *rest = statement.given
    closed = replace(statement, given=(le(*first.args), *rest))
    silent = replace(statement, conclusion=tuple(p for p in statement.conclusion if not isinstance(p, Inhabited)))
    for changed in (closed, silent):
        with pytest.raises(ProofError, match="an open set of starts that is not empty"):
            stated_starts(Reading(changed))
