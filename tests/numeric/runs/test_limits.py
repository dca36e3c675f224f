"""What a number that no float can hold meets: a refusal, not an OverflowError."""

from fractions import Fraction

import pytest

from edgestab.numeric.runs.limits import LARGEST, check_positive, check_range
from edgestab.symbolic.algebra.errors import DomainError

HUGE = (10**400, Fraction(10**400, 3), -(10**400))


@pytest.mark.parametrize("huge", HUGE, ids=("integer", "fraction", "negative"))
def test_numbers_beyond_all_floats_are_refused(huge: int | Fraction) -> None:
    for pair in ((0, huge), (huge, 0), (huge, huge + 1)):
        with pytest.raises(DomainError, match="two finite numbers"):
            check_range("f()", "z", pair)
    with pytest.raises(DomainError, match="eta"):
        check_positive("f()", "eta", huge)


def test_exact_numbers_within_reach_are_taken() -> None:
    assert check_range("f()", "z", (Fraction(-1, 2), 10**100)) == (-0.5, 1e100)
    assert check_positive("f()", "eta", Fraction(1, 4)) == 0.25
    assert check_positive("f()", "eta", LARGEST) == LARGEST
    for wrong in (0, -1, float("nan"), float("inf"), True, "1", 1j, 10**101):
        with pytest.raises(DomainError):
            check_positive("f()", "eta", wrong)
    for bad in ((1, 1), (2, 1), (0, float("nan")), (0, float("inf")), (0, "1")):
        with pytest.raises(DomainError):
            check_range("f()", "z", bad)
