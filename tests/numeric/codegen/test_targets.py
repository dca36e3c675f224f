"""Every target against exact rational evaluation, within its stated error, on random inputs."""

from fractions import Fraction
from typing import Any

import gmpy2
import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import arb, ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.numeric.codegen.compile import compile_map
from edgestab.numeric.codegen.lane_kernels import kernel_of, to_fractions, to_wide
from edgestab.numeric.codegen.scheduling import program_for
from edgestab.numeric.codegen.targets import cuda_source, python_source
from edgestab.numeric.codegen.targets.registry import TARGETS, generate_source
from edgestab.numeric.number_types import NUMBER_TYPES
from edgestab.symbolic.algebra.errors import CodegenError
from edgestab.symbolic.models.quadratic import QuadraticModel, main_case
from edgestab.symbolic.planar.maps import PolynomialMap

MAP = main_case()
PROGRAM = program_for(MAP)
THIRDS = QuadraticModel((sp.Rational(1, 3), sp.Rational(-2, 7)), target=sp.Rational(1, 11)).one_step()
"""A map whose coefficients are no binary fractions."""

doubles = st.floats(min_value=-3, max_value=3).map(lambda x: Fraction(x + 2.0**-40))
epsilons = st.floats(min_value=0.001, max_value=0.999).map(Fraction)
rationals = st.fractions(min_value=-3, max_value=3, max_denominator=10**9)
fast = settings(max_examples=60, deadline=None)


def check(got: Any, state: tuple[Fraction, ...], parameters: tuple[Fraction, ...], unit: Fraction, source: Any) -> None:
    """Compare one step with its exact value, within the stated error."""
    program = program_for(source)
    exact = program.evaluate(state, parameters, 1)
    bounds = program.error_bound(state, parameters, unit)
    for value, true, bound in zip(got, exact, bounds, strict=True):
        assert abs(value - true) <= bound


def load(source: PolynomialMap, target: str) -> Any:
    space: dict[str, Any] = {}
    exec(python_source.generate(program_for(source), python_source.PYTHON_TARGETS[target]), space)
    return space["iterate"]


@given(doubles, doubles, epsilons)
@fast
def test_scalar_float64(z: Fraction, t: Fraction, epsilon: Fraction) -> None:
    got = compile_map(MAP).step((z, t), (epsilon,))
    check(map(Fraction, got), (z, t), (epsilon,), NUMBER_TYPES["float64"].unit_roundoff(), MAP)


@pytest.mark.parametrize("target", ["float64", "double-double", "quad-double"])
@pytest.mark.parametrize("source", [MAP, THIRDS], ids=["main", "thirds"])
def test_lane_targets(source: PolynomialMap, target: str) -> None:
    kernel = kernel_of(program_for(source), target)

    # inputs with as many digits as the type holds
    def wide(x: Fraction) -> Fraction:
        return to_fractions(to_wide([x + x / 3**40], kernel.terms))[0]

    @given(st.lists(st.tuples(doubles, doubles, epsilons), min_size=1, max_size=9))
    @settings(max_examples=15, deadline=None)
    def inner(rows: list[tuple[Fraction, Fraction, Fraction]]) -> None:
        points = [tuple(wide(x) for x in row) for row in rows]
        columns = [to_wide([p[i] for p in points], kernel.terms) for i in range(3)]
        fixed = np.stack(columns[2:]) if source.parameters else np.zeros((0, *columns[0].shape))
        out = kernel.advance(np.stack(columns[:2]), fixed, 1)
        for index, (z, t, epsilon) in enumerate(points):
            parameters = (epsilon,) if source.parameters else ()
            got = [to_fractions(row)[index] for row in out]
            check(got, (z, t), parameters, kernel.number_type.unit_roundoff(), source)

    inner()


@given(rationals, rationals, epsilons)
@fast
def test_mpfr_and_mpmath(z: Fraction, t: Fraction, epsilon: Fraction) -> None:
    unit = Fraction(1, 2**200)
    for source, parameters in ((MAP, (epsilon,)), (THIRDS, ())):
        with gmpy2.context(gmpy2.get_context(), precision=200):
            values = [gmpy2.mpfr(gmpy2.mpq(x.numerator, x.denominator)) for x in (z, t, *parameters)]
            got = load(source, "mpfr")(*values, 1)
        start = [Fraction(gmpy2.mpq(v)) for v in values]
        check([Fraction(gmpy2.mpq(v)) for v in got], (start[0], start[1]), tuple(start[2:]), unit, source)
        with mpmath.workprec(200):
            wide = [mpmath.mpf(x.numerator) / x.denominator for x in (z, t, *parameters)]
            result = load(source, "mpmath")(*wide, 1)
        begin = [rational(v) for v in wide]
        check([rational(v) for v in result], (begin[0], begin[1]), tuple(begin[2:]), unit, source)


def rational(value: Any) -> Fraction:
    """An mpf as the rational it is."""
    sign, mantissa, exponent, _ = value._mpf_
    return (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** exponent


def balls_of(source: PolynomialMap, values: tuple[Fraction, ...], steps: int, bits: int) -> Any:
    """The Arb kernel's balls at a precision."""
    before, ctx.prec = ctx.prec, bits
    try:
        return load(source, "arb")(*(arb(fmpq(x.numerator, x.denominator)) for x in values), steps)
    finally:
        ctx.prec = before


@given(rationals, rationals, epsilons, st.sampled_from([53, 128]))
@fast
def test_arb_contains_the_exact_value(z: Fraction, t: Fraction, epsilon: Fraction, bits: int) -> None:
    for source, parameters in ((MAP, (epsilon,)), (THIRDS, ())):
        exact = program_for(source).evaluate((z, t), parameters, 2)
        for ball, true in zip(balls_of(source, (z, t, *parameters), 2, bits), exact, strict=True):
            assert contains(ball, true)


@given(doubles, doubles, epsilons)
@fast
def test_arb_balls_are_narrow(z: Fraction, t: Fraction, epsilon: Fraction) -> None:
    """From exact starts the radius is of the size of the stated error at the same precision."""
    bounds = PROGRAM.error_bound((z, t), (epsilon,), Fraction(1, 2**100))
    for ball, bound in zip(balls_of(MAP, (z, t, epsilon), 1, 100), bounds, strict=True):
        assert ball.rad() <= 8 * arb(fmpq(bound.numerator, bound.denominator))


def contains(ball: Any, true: Fraction) -> bool:
    """Whether a ball contains a rational, decided with plenty of bits."""
    before, ctx.prec = ctx.prec, 4000
    try:
        return bool(abs(ball.mid() - fmpq(true.numerator, true.denominator)) <= ball.rad())
    finally:
        ctx.prec = before


def test_a_third_stays_a_third() -> None:
    """``x/3`` as a float misses the true value; the ball of the generated kernel contains it."""
    x = sp.Symbol("x", real=True)
    source = PolynomialMap((x,), (x / 3,), (), "a third")
    before, ctx.prec = ctx.prec, 53
    try:
        (ball,) = load(source, "arb")(arb(1), 1)
        assert contains(ball, Fraction(1, 3))
        assert not contains(arb(1) * arb(1 / 3), Fraction(1, 3))
    finally:
        ctx.prec = before
    assert load(source, "fraction")(Fraction(1), 5) == (Fraction(1, 243),)
    assert compile_map(source).step((1,), ()) == (float(Fraction(1, 3)),)


@given(rationals, rationals, epsilons)
@fast
def test_fraction_is_exact(z: Fraction, t: Fraction, epsilon: Fraction) -> None:
    assert load(MAP, "fraction")(z, t, epsilon, 2) == PROGRAM.evaluate((z, t), (epsilon,), 2)


@pytest.mark.parametrize("target", list(TARGETS))
@pytest.mark.parametrize("fused", [1, 2])
def test_every_target_generates_and_says_what_it_is(target: str, fused: int) -> None:
    program = program_for(MAP, fused)
    text = generate_source(program, target)
    assert MAP.digest() in text
    assert "do not edit" in text
    assert str(program.count) in text
    if target not in {"c", "javascript", *cuda_source.TYPES}:
        compile(text, target, "exec")


def test_two_steps_in_one_pass() -> None:
    start = np.array([[0.1, 0.2], [1.9, 1.7]])
    plain = kernel_of(PROGRAM).advance(start, np.array([0.02]), 6)
    fused = kernel_of(program_for(MAP, 2)).advance(start, np.array([0.02]), 6)
    np.testing.assert_array_equal(plain, fused)


def test_lanes_are_checked() -> None:
    with pytest.raises(CodegenError, match="power of two"):
        generate_source(PROGRAM, "numba", 48)
    with pytest.raises(CodegenError, match="no lanes"):
        generate_source(PROGRAM, "mpfr", 8)
    with pytest.raises(CodegenError, match="a target among"):
        generate_source(PROGRAM, "fortran")


def descend(start: list[Any], steps: int) -> tuple[Any, Any]:
    """Plain gradient descent on the squares of the two weights, in whatever numbers come in: the independent twin."""
    z, t, epsilon = start
    a = (t + 2 * epsilon * z) / (1 + epsilon)
    b = (t - 2 * z) / (epsilon * (1 + epsilon))
    for _ in range(steps):
        z = (a - epsilon * b) / 2
        a, b = a * (1 - z) ** 2, b * (1 + epsilon * z) ** 2
    return (a - epsilon * b) / 2, a + epsilon**2 * b


@pytest.mark.parametrize(("target", "digits"), [("double-double", 30), ("quad-double", 60)])
def test_wide_kernels_hold_their_digits_over_an_orbit(target: str, digits: int) -> None:
    """400 steps at epsilon = 1/50, against mpmath: T to all digits; z, down at 4e-89, to all but two."""
    kernel = kernel_of(PROGRAM, target)
    wide = [to_wide([x], kernel.terms) for x in (Fraction(3, 20), Fraction(19, 10), Fraction(1, 50))]
    out = kernel.advance(np.stack(wide[:2]), np.stack(wide[2:]), 400)
    with mpmath.workdps(250):  # the twin takes z as a difference
        start = [mpmath.mpf(x.numerator) / x.denominator for (x,) in map(to_fractions, wide)]
        for row, true, lost in zip(out, descend(start, 400), (2, 0), strict=True):
            (got,) = to_fractions(row)
            error = abs(mpmath.mpf(got.numerator) / got.denominator / true - 1)
            assert error < mpmath.mpf(10) ** (lost - digits)
