"""Approximants against functions whose sums are known, and against orbits."""

import math
from fractions import Fraction

import mpmath
import pytest
import sympy as sp

from edgestab.numeric.orbits.iterated_limit import iterate_from_slow_manifold
from edgestab.numeric.orbits.resummation import (
    best_truncation,
    borel_pade_sum,
    estimate_growth,
    pade_approximant,
    quadratic_approximant,
    resum_limit_series,
)
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.planar.slow_manifold import LimitSeries

epsilon = symbol("epsilon")


def series_of(values: list[object]) -> LimitSeries:
    return LimitSeries(epsilon, tuple(sp.Rational(v) for v in values))


GEOMETRIC = [Fraction(3) ** n for n in range(12)]
EULER = [Fraction((-1) ** n * math.factorial(n)) for n in range(24)]
# binomial series of sqrt(1 - 4 t), a branch point at 1/4
ROOT = [Fraction(int(sp.binomial(sp.Rational(1, 2), n) * (-4) ** n)) for n in range(24)]


def test_pade_is_exact_for_rational_functions() -> None:
    assert pade_approximant(GEOMETRIC, 1, 1, Fraction(1, 2)) == -2
    assert pade_approximant(GEOMETRIC, 3, 1, Fraction(1, 7)) == Fraction(7, 4)
    with pytest.raises(DomainError, match="no pole"):
        pade_approximant(GEOMETRIC, 1, 1, Fraction(1, 3))
    with pytest.raises(DomainError, match="coefficients"):
        pade_approximant(GEOMETRIC, 9, 9, Fraction(1, 2))


def test_borel_pade_sums_eulers_series() -> None:
    with mpmath.workdps(25):
        exact = mpmath.quad(lambda s: mpmath.exp(-s) / (1 + s / 5), [0, mpmath.inf])
        assert abs(borel_pade_sum(EULER, 8, Fraction(1, 5)) - exact) < 1e-15


def test_quadratic_approximants_pass_a_branch_point() -> None:
    with mpmath.workdps(25):
        inside = quadratic_approximant(ROOT, 1, Fraction(1, 5), 0.4)
        assert abs(inside - mpmath.sqrt(mpmath.mpf(1) / 5)) < 1e-20
        outside = quadratic_approximant(ROOT, 1, Fraction(1, 2), 0.0)
        assert abs(abs(mpmath.im(outside)) - 1) < 1e-20
    with pytest.raises(DomainError, match="coefficients"):
        quadratic_approximant(ROOT[:4], 1, Fraction(1, 5), 0.4)
    with pytest.raises(DomainError, match="another degree"):
        quadratic_approximant(ROOT, 2, Fraction(1, 5), 0.4)  # a common factor stays free


def test_best_cut_stops_before_the_smallest_term() -> None:
    # n! / 5^n is smallest at n = 4 and 5
    cut = best_truncation(series_of([abs(c) for c in EULER]), Fraction(1, 5))
    assert cut.order == 3
    assert not cut.shrinking
    still = best_truncation(series_of(list(GEOMETRIC)), Fraction(1, 10))
    assert still.shrinking
    assert abs(still.value - 1 / (1 - 0.3)) == pytest.approx(still.error, rel=1e-6)


def test_growth_finds_radius_and_exponent() -> None:
    found = estimate_growth(series_of(list(ROOT)))
    assert found.radius == pytest.approx(0.25, abs=1e-3)
    assert found.exponent == pytest.approx(0.5, abs=0.05)
    assert found.spread < 1e-3


@pytest.mark.parametrize(("eps", "gain"), [("3/20", 20), ("1/5", 20), ("3/10", 2)])
def test_the_limit_series_resummed_beats_its_partial_sums(eps: str, gain: float) -> None:
    truth = iterate_from_slow_manifold(main_case(), eps, 10)
    found = resum_limit_series(main_case().limit_series(16), eps)
    miss, plain = abs(found.value - truth.value), abs(found.plain.value - truth.value)
    assert miss <= found.error + truth.spread
    assert plain > gain * miss or miss < truth.spread


def test_past_the_branch_point_the_sum_is_quadratic() -> None:
    series = main_case().limit_series(16)
    assert resum_limit_series(series, "1/5").method != "quadratic"
    assert resum_limit_series(series, "3/10").method == "quadratic"


def test_refusals() -> None:
    short = main_case().limit_series(3)
    for call in (
        lambda: best_truncation(short, "1/10"),
        lambda: resum_limit_series(short, "1/10"),
        lambda: estimate_growth(short),
    ):
        with pytest.raises(DomainError, match="order"):
            call()
    with pytest.raises(DomainError, match="order 8"):
        resum_limit_series(main_case().limit_series(6), "1/10")
    with pytest.raises(DomainError, match="at least 6"):
        iterate_from_slow_manifold(main_case(), "1/10", 3)
    with pytest.raises(DomainError, match="epsilon in"):
        resum_limit_series(main_case().limit_series(10), 2)
