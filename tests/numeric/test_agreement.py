"""The generated kernels and an independent gradient descent in theta agree."""

from fractions import Fraction

import mpmath
import pytest

from edgestab.numeric.codegen.compile import compile_map
from edgestab.numeric.runs.status import Status
from edgestab.symbolic.models.quadratic import main_case

EPSILON = Fraction(1, 50)
THETA = (Fraction(3, 2), Fraction(21, 2))
ETA = Fraction(9, 10)


def start() -> tuple[Fraction, Fraction]:
    """Rescaled residual and NTK eigenvalue of the start, from their definitions."""
    a, b = THETA
    return ETA * (a * a - EPSILON * b * b) / 2, ETA * (a * a + EPSILON**2 * b * b)


def descend(steps: int) -> tuple[mpmath.mpf, mpmath.mpf]:
    """Plain gradient descent on the loss of the two parameters, step size and all, at the mpmath precision."""
    epsilon, eta = (mpmath.mpf(q.numerator) / q.denominator for q in (EPSILON, ETA))
    a, b = (mpmath.mpf(q.numerator) / q.denominator for q in THETA)
    for _ in range(steps):
        residual = (a * a - epsilon * b * b) / 2
        a, b = a - eta * residual * a, b + eta * residual * epsilon * b
    return eta * (a * a - epsilon * b * b) / 2, eta * (a * a + epsilon**2 * b * b)


@pytest.mark.parametrize("steps", [1, 2, 7, 60, 400])
def test_double_mpmath_and_theta_agree(steps: int) -> None:
    step = main_case()
    double = compile_map(step, "float64").run(start(), (EPSILON,), steps, 0, 10**6)
    with mpmath.workdps(60):
        wide_start = [mpmath.mpf(q.numerator) / q.denominator for q in (*start(), EPSILON)]
        wide = compile_map(step, "mpmath").run(wide_start[:2], wide_start[2:], steps, 0, mpmath.mpf(10**6))
        theta = descend(steps)
        for ours, twin in zip(wide[2], theta, strict=True):
            assert abs(ours - twin) < mpmath.mpf(10) ** -52
        for narrow, twin in zip(double[2], theta, strict=True):
            assert abs(narrow - twin) < 1e-12
    assert double[1] == wide[1] == steps


def test_fraction_kernel_is_exact_gradient_descent() -> None:
    state = compile_map(main_case(), "fraction").run(start(), (EPSILON,), 3, 0, 10**6)[2]
    a, b = THETA
    for _ in range(3):
        residual = (a * a - EPSILON * b * b) / 2
        a, b = a - ETA * residual * a, b + ETA * residual * EPSILON * b
    assert tuple(state) == (ETA * (a * a - EPSILON * b * b) / 2, ETA * (a * a + EPSILON**2 * b * b))


def test_the_double_loop_stops_where_mpmath_stops() -> None:
    step = main_case()
    double = compile_map(step, "float64").run(start(), (EPSILON,), 10**6, 1e-8, 10**6)
    with mpmath.workdps(40):
        wide_start = [mpmath.mpf(q.numerator) / q.denominator for q in (*start(), EPSILON)]
        wide = compile_map(step, "mpmath").run(wide_start[:2], wide_start[2:], 10**6, mpmath.mpf("1e-8"), 10**6)
    assert double[0] == wide[0] is Status.CONVERGED
    assert double[1] == wide[1]
