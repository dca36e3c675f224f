"""Trusted digits never promise too much; the cheapest type that holds is picked; balls contain the truth."""

import json
from fractions import Fraction
from functools import lru_cache

import gmpy2
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

import edgestab as es
from edgestab.numeric.orbits.simulation import Simulation, simulate
from edgestab.symbolic.algebra.errors import CodegenError, DomainError

EPSILONS = st.fractions(min_value=Fraction(1, 100), max_value=Fraction(9, 10), max_denominator=1000)
RESIDUALS = st.fractions(min_value=-1, max_value=1, max_denominator=1000)
ABOVE = st.fractions(min_value=0, max_value=2, max_denominator=1000)
KERNELS = st.sampled_from(("auto", "float64", "double-double", "quad-double", "mpfr"))


@lru_cache(maxsize=64)
def truth(
    epsilon: Fraction, z: Fraction, T: Fraction, until: Fraction, steps: int, bits: int = 1500
) -> tuple[str, int, gmpy2.mpfr, gmpy2.mpfr]:
    """The oracle: plain gradient descent in the two parameters at 1500 bits."""
    with gmpy2.context(precision=bits, emin=gmpy2.get_emin_min(), emax=gmpy2.get_emax_max()):
        squares = ((T + 2 * epsilon * z) / (1 + epsilon), (T - 2 * z) / (epsilon + epsilon**2))
        eps, a, b, small = (gmpy2.mpfr(gmpy2.mpq(*x.as_integer_ratio())) for x in (epsilon, *squares, until))
        a, b = gmpy2.sqrt(a), gmpy2.sqrt(b)
        for taken in range(steps + 1):
            residual, kernel = (a * a - eps * b * b) / 2, a * a + eps * eps * b * b
            if abs(residual) < small:
                return "converged", taken, residual, kernel
            if abs(residual) > 10**6:
                return "diverged", taken, residual, kernel
            a, b = a - residual * a, b + eps * residual * b
        return "max_steps", steps, residual, kernel


def agreeing(shown: str, exact: gmpy2.mpfr) -> float:
    """Decimal digits to which a printed number equals the truth."""
    with gmpy2.context(precision=1500):
        error = abs(gmpy2.mpfr(shown) - exact)
        return float(-gmpy2.log10(error / abs(exact))) if error else 10.0**6


def tolerance(digits: int) -> Fraction:
    """A bound that no short rational start equals: the oracle's square roots would decide such a tie by chance."""
    return Fraction(1000003, 10 ** (6 + digits))


def start(epsilon: Fraction, z: Fraction, above: Fraction) -> Fraction:
    """A T that some parameters have: at least 2 z and -2 epsilon z."""
    return max(2 * z, -2 * epsilon * z) + above


@given(EPSILONS, RESIDUALS, ABOVE, st.integers(min_value=1, max_value=90), KERNELS, st.integers(0, 3000))
@settings(max_examples=60, deadline=None, phases=[p for p in Phase if p is not Phase.shrink])
def test_trusted_digits_never_promise_too_much(
    epsilon: Fraction, z: Fraction, above: Fraction, digits: int, kernel: str, steps: int
) -> None:
    T, until = start(epsilon, z, above), tolerance(min(digits, 40))
    found = simulate(epsilon, z=z, T=T, digits=digits, steps=steps, until=until, kernel=kernel)
    status, taken, _, eigenvalue = truth(epsilon, z, T, until, steps)
    if found.trusted_digits:
        assert (found.status, found.steps) == (status, taken)
        assert agreeing(found.T_decimal, eigenvalue) >= found.trusted_digits
        with gmpy2.context(precision=1500):
            error = abs(gmpy2.mpfr(found.T_decimal) - eigenvalue)
            assert error <= abs(2 - eigenvalue) * gmpy2.mpfr(10) ** -found.gap_trusted_digits
    assert found.trusted_digits <= digits


@example(epsilon=Fraction(23, 178), z=Fraction(172, 271), above=Fraction(5, 14), digits=31)
@given(EPSILONS, RESIDUALS, ABOVE, st.integers(min_value=2, max_value=70))
@settings(max_examples=30, deadline=None, phases=[p for p in Phase if p is not Phase.shrink])
def test_promises_are_kept_where_orbits_converge(epsilon: Fraction, z: Fraction, above: Fraction, digits: int) -> None:
    found = simulate(epsilon, z=z, T=start(epsilon, z, above), digits=digits, steps=3000)
    if found.status == "converged" and abs(float(found.T)) > 10.0**-digits:
        assert found.trusted_digits >= (10 if digits == 16 else digits)


@given(EPSILONS, RESIDUALS, ABOVE, st.integers(min_value=1, max_value=60), st.integers(0, 2000))
@settings(max_examples=25, deadline=None, phases=[p for p in Phase if p is not Phase.shrink])
def test_balls_contain_the_truth(epsilon: Fraction, z: Fraction, above: Fraction, digits: int, steps: int) -> None:
    T, until = start(epsilon, z, above), tolerance(min(digits, 20))
    found = simulate(epsilon, z=z, T=T, digits=digits, steps=steps, until=until, kernel="arb")
    status, taken, residual, eigenvalue = truth(epsilon, z, T, until, steps)
    assert (found.status, found.steps) == (status, taken)
    assert found.enclosure is not None
    with gmpy2.context(precision=1500):
        for name, exact in (("z", residual), ("T", eigenvalue)):
            ball = found.enclosure[name]
            assert abs(gmpy2.mpfr(ball["mid"]) - exact) <= gmpy2.mpfr(ball["radius"]) + gmpy2.mpfr(2) ** -1400
    if status != "diverged":
        assert found.trusted_digits == digits or abs(eigenvalue) < 10.0**-digits
        assert not found.trusted_digits or agreeing(found.T_decimal, eigenvalue) >= found.trusted_digits


@pytest.mark.parametrize(
    ("digits", "kernel"),
    [(5, "float64"), (16, "float64"), (17, "double-double"), (28, "double-double"), (40, "quad-double"), (80, "mpfr")],
)
def test_the_cheapest_type_runs(digits: int, kernel: str) -> None:
    found = simulate("1/10", z="-3/5", T=1, digits=digits)
    assert found.kernel == kernel
    assert found.trusted_digits >= min(digits, 13)
    assert found.notes == ()


def test_a_type_that_does_not_hold_says_so() -> None:
    found = simulate("1/10", z="-3/5", T=1, digits=15)
    assert found.kernel == "double-double"
    assert found.trusted_digits == 15
    assert "float64 holds 14 of 15 digits of T" in found.notes[0]


def test_double_that_freezes_is_not_believed() -> None:
    """A hair from the edge 2 - T is smaller than what double loses on the way: the run says so and goes on."""
    slow = simulate("1e-3", z="1e-13", T=2, steps=20_001)
    assert slow.kernel == "double-double"
    assert slow.notes == ("float64 freezes: it holds 2 digits of 2 - T; continued in a wider type",)
    assert slow.gap_trusted_digits >= 12
    end = truth(Fraction(1, 1000), Fraction(1, 10**13), Fraction(2), Fraction(1, 10**16), 20_001, 300)
    assert (slow.status, slow.steps) == end[:2]
    with gmpy2.context(precision=300):
        assert abs(gmpy2.mpfr(slow.T_decimal) - end[3]) < abs(2 - end[3]) / 1000


def test_underflow_continues_in_a_wider_type() -> None:
    named = simulate("1/10", z="-3/5", T=1, until="1e-400")
    assert named.status == "converged"
    assert named.kernel == "mpfr"
    assert "below the range of float64" in named.notes[0]
    unnamed = simulate("1/2", z="-3/5", T=1, until=0, steps=3000)
    assert unnamed.kernel == "mpfr"
    assert "z underflows in float64" in unnamed.notes[0]
    assert abs(gmpy2.mpfr(unnamed.z_decimal)) > 0
    assert unnamed.trusted_digits == 16


def test_a_lost_orbit_is_not_trusted() -> None:
    """Double forgets a chaotic orbit within some hundred steps; wider types run until it is held."""
    lost = simulate("1/20", z="-99/100", T=2, kernel="float64", until="1e-3")
    held = simulate("1/20", z="-99/100", T=2, digits=20, until="1e-3")
    assert held.trusted_digits in (0, 20)
    if lost.trusted_digits:
        assert lost.T_decimal[: lost.trusted_digits - 1] == held.T_decimal[: lost.trusted_digits - 1]


def test_mpmath_and_mpfr_agree() -> None:
    one, other = (simulate("1/10", z="-3/5", T=1, digits=30, kernel=k) for k in ("mpmath", "mpfr"))
    assert one.T_decimal == other.T_decimal
    assert one.trusted_digits == other.trusted_digits == 30


def test_a_target_moves_the_limit() -> None:
    plain = simulate("1/10", z="-3/5", T=1)
    moved = simulate("1/10", z="-3/5", T=1, target="1/100")
    assert plain.T != moved.T
    ball = simulate("1/10", z="-3/5", T=1, target="1/100", kernel="arb")
    assert abs(float(ball.T) - float(moved.T)) < 1e-13


@pytest.mark.parametrize("kernel", ["", "float32", "AUTO", 3])
def test_unknown_types(kernel: str) -> None:
    with pytest.raises(DomainError, match="a kernel among auto, float64"):
        simulate("1/10", z=0, T=1, kernel=kernel)


def test_a_start_beyond_all_doubles_goes_to_mpfr_or_is_refused() -> None:
    found = simulate("1/10", z="1e400", T=-7, digits=5)
    assert (found.status.value, found.kernel) == ("diverged", "mpfr")
    assert any("beyond the range of float64" in note for note in found.notes)
    with pytest.raises(CodegenError, match="in the range of doubles"):
        simulate("1/10", z="1e400", T=-7, kernel="double-double")


def test_json_is_whole() -> None:
    found = es.simulate("1/10", z="-3/5", T=1, digits=40)
    content = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert {"status", "steps", "z", "T", "digits", "trusted_digits", "notes", "kernel"} <= content.keys()
    assert isinstance(found, Simulation)
    gone = simulate("1/10", z=10**300, T=9, steps=5)
    assert json.loads(json.dumps(gone.to_json(), allow_nan=False))["status"] == "diverged"
    overflow = simulate("1/10", z=10**5, T=10**250, steps=5)
    assert json.loads(json.dumps(overflow.to_json(), allow_nan=False))["status"] == "diverged"
