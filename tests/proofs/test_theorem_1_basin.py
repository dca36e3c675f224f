"""Random starts inside the proved regions obey the proved bounds: gradient descent in theta, mpmath, hypothesis."""

from fractions import Fraction
from functools import lru_cache

import mpmath
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgestab.proofs.certificates.sharp_limit import SharpBound, sharp_bound, sharp_strip
from edgestab.proofs.certificates.theorem_1 import regions
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.trapping.barrier import Barrier
from edgestab.symbolic.trapping.start import StartSet

DIGITS = 30


@lru_cache
def pieces() -> list[tuple[Barrier, StartSet | None]]:
    return regions(main_case(), Fraction(1))


@lru_cache
def bound(order: int) -> SharpBound:
    return sharp_bound(sharp_strip(main_case(), order))


def descend(e: mpmath.mpf, z: mpmath.mpf, V: mpmath.mpf) -> list[mpmath.mpf]:
    """Eigenvalues ``eta lambda`` along plain gradient descent in theta, first, second and last (step size 1)."""
    v = mpmath.sqrt((V / e - 2 * z) / (1 + e))
    x = mpmath.sqrt((V + 2 * z) / (1 + e))
    seen = []
    for step in range(int(60 / e) + 400):
        if step < 2:
            seen.append(x * x + e * e * v * v)
        f = (x * x - e * v * v) / 2
        if abs(f) < mpmath.mpf(10) ** -14:
            break
        x, v = x - f * x, v + e * f * v
    # what is left moves T by about e f^2
    return [*seen, x * x + e * e * v * v]


unit = st.fractions(Fraction(1, 50), Fraction(49, 50), max_denominator=50)


@settings(max_examples=25, deadline=None)
@given(unit, unit, unit)
def test_regions_end_in_the_band(a: Fraction, b: Fraction, c: Fraction) -> None:
    with mpmath.workdps(DIGITS):
        barrier = pieces()[min(2, int(3 * a))][0]
        low, high = (Fraction(str(x)) for x in barrier.epsilon_range)
        low = max(low, Fraction(1, 50))
        e = low + (high - low) * b
        left, right = (Fraction(str(x)) for x in barrier.z_range)
        z = left + (right - left) * c
        assume(z != 0)
        slope, height, width = (Fraction(str(x)) for x in (barrier.slope, barrier.height, barrier.width))
        wall = slope * z * z / (1 - z)
        assume(wall < height)
        V = 2 - width * e + wall + (height - wall) * a
        *_, last = descend(*(mpmath.mpf(x.numerator) / x.denominator for x in (e, z, V)))
        slack = mpmath.mpf(10) ** -12
        assert 2 - width.numerator * mpmath.mpf(e.numerator) / e.denominator / width.denominator - slack <= last
        assert last <= 2 + slack


@settings(max_examples=15, deadline=None)
@given(unit, unit, unit)
def test_explicit_starts_sharpen_and_come_back(a: Fraction, b: Fraction, c: Fraction) -> None:
    start = pieces()[0][1]
    assert start is not None
    with mpmath.workdps(DIGITS):
        e = Fraction(1, 50) + (Fraction(1, 5) - Fraction(1, 50)) * c
        f = Fraction(str(start.a_range[0])) + (Fraction(str(start.a_range[1])) - Fraction(str(start.a_range[0]))) * a
        n = Fraction(str(start.n_range[0])) + (Fraction(str(start.n_range[1])) - Fraction(str(start.n_range[0]))) * b
        r = 1 + (Fraction(str(start.ratio)) - 1) * a
        first, second, last = descend(*(mpmath.mpf(x.numerator) / x.denominator for x in (e, r * f, r * n)))
        assert first < 2
        assert second > 2 + mpmath.mpf(2) / 5
        assert 2 - mpmath.mpf(e.numerator) / e.denominator <= last <= 2


@settings(max_examples=8, deadline=None)
@given(unit, unit, unit)
def test_sharp_bounds_hold(a: Fraction, b: Fraction, c: Fraction) -> None:
    start = pieces()[0][1]
    assert start is not None
    with mpmath.workdps(DIGITS):
        e = mpmath.mpf(1) / (50 + int(50 * c))
        f = -mpmath.mpf(27) / 100 + mpmath.mpf(7) / 100 * a.numerator / a.denominator
        n = mpmath.mpf(43) / 20 + mpmath.mpf(1) / 10 * b.numerator / b.denominator
        *_, last = descend(e, f, n)
        for order in (1, 2):
            known = bound(order)
            series = sum(
                (mpmath.mpf(int(t.p)) / int(t.q) * e**j for j, t in enumerate(known.strip.series.limit_coefficients)),
                mpmath.mpf(0),
            )
            constant = mpmath.mpf(known.constant.numerator) / known.constant.denominator
            assert abs(last - series) <= constant * e ** (order + 1)
