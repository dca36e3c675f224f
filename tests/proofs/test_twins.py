from fractions import Fraction

from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from edgestab.proofs.twins import (
    coefficients_at,
    nullcline_residual,
    residual_and_eigenvalue,
    squares,
    two_gradient_steps,
)

RATIONALS = st.fractions(-5, 5, max_denominator=30)
EPSILONS = st.fractions(Fraction(1, 50), 1, max_denominator=50)


@given(RATIONALS, RATIONALS, EPSILONS)
def test_squares_invert(z: Fraction, T: Fraction, epsilon: Fraction) -> None:
    assert residual_and_eigenvalue(*squares(z, T, epsilon), epsilon) == (z, T)


@given(RATIONALS, RATIONALS, EPSILONS)
def test_two_steps_are_two_gradient_steps_in_theta(a: Fraction, b: Fraction, epsilon: Fraction) -> None:
    """By the definition of the loss, with rational theta."""
    theta = (a, b)
    first = residual_and_eigenvalue(a * a, b * b, epsilon)
    for _ in range(2):
        f = (theta[0] ** 2 - epsilon * theta[1] ** 2) / 2
        theta = (theta[0] - f * theta[0], theta[1] + epsilon * f * theta[1])
    assert two_gradient_steps(*first, epsilon) == residual_and_eigenvalue(theta[0] ** 2, theta[1] ** 2, epsilon)


def test_coefficients_at_a_point() -> None:
    terms: dict[tuple[int, ...], fmpq] = {(0, 1): fmpq(2), (1, 2): fmpq(3), (5, 0): fmpq(1)}
    assert coefficients_at(terms, [fmpq(1, 2)], 3) == [fmpq(1), fmpq(3, 4), fmpq(0)]


def test_a_wrong_nullcline_leaves_a_residual() -> None:
    eps = fmpq(1, 3)
    assert nullcline_residual([fmpq(2), 2 - 2 * eps], eps, 1) == [0, 0, 0]
    assert any(nullcline_residual([fmpq(2), 2 + 2 * eps], eps, 1))
