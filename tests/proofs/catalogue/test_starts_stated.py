"""The sets of starts that claims on Theorem 1 state: what they hold, and what they leave out."""

from fractions import Fraction

import pytest
import sympy as sp

from edgestab.proofs.catalogue import get_claim
from edgestab.proofs.catalogue.quadratic_models import squares_after_a_step
from edgestab.proofs.catalogue.theorem_1_measured import THETA_3, THIRD
from edgestab.proofs.certificates.enclosed_orbits import NEEDED
from edgestab.proofs.statements import Reading
from edgestab.symbolic.algebra.symbols import symbols

z, T, V, p, epsilon, eta, E = symbols("z T V p epsilon eta E")
theta_1, theta_2 = symbols("theta_1 theta_2")


def state(eps: Fraction, z0: Fraction, T0: Fraction) -> dict[sp.Basic, object]:
    """A state with the names that hypotheses use."""
    return {epsilon: eps, z: z0, T: T0, V: T0 - 2 * (1 - eps) * z0, p: z0**2 / (1 - z0), eta: 1, E: 0}


@pytest.mark.parametrize("claim", ["theorem-1-curved-region", "theorem-1-small-target"])
def test_starts_that_refute_the_bare_interval_are_left_out(claim: str) -> None:
    reading = Reading(get_claim(claim).statement)
    for hypothesis in ("barrier", "top"):
        eps, z0, T0 = (Fraction(str(x)) for x in NEEDED[hypothesis])
        assert not reading.admits(state(eps, z0, T0))
    assert reading.admits(state(Fraction(1, 10), Fraction(-1, 4), Fraction(17, 10)))
    assert not reading.admits(state(Fraction(1, 10), Fraction(0), Fraction(11, 5)))


def test_windows_near_one() -> None:
    reading = Reading(get_claim("theorem-1-starts-near-one").statement)
    for eps in (Fraction(1, 100), Fraction(1, 2), Fraction(9, 10)):
        c = min(Fraction(1, 4), 1 - eps)
        V0 = 2 + (1 - eps) * c
        centre = {epsilon: eps, z: -c, T: V0 - 2 * (1 - eps) * c, V: V0}
        assert reading.admits(centre)
        assert not reading.admits({**centre, V: V0 + (1 - eps) ** 2 / 30})
        assert not reading.admits({**centre, z: -c + Fraction(1, 150)})
    assert not reading.admits({epsilon: Fraction(97, 100), z: 0, T: 2, V: 2})


def test_a_third_weight_is_bounded_by_epsilon() -> None:
    reading = Reading(get_claim("theorem-1-third-eigenvalue-measured").statement)
    # z_12 = -0.3845 and V_12 = 2.353
    weights = {theta_1: Fraction(6, 5), theta_2: Fraction(47, 10), epsilon: Fraction(1, 10), eta: 1}
    start = {**weights, THIRD: Fraction(1, 2), THETA_3: Fraction(1, 10)}
    assert reading.admits(start)
    assert not reading.admits({**start, THETA_3: Fraction(1, 4)})
    assert not reading.admits({**start, theta_1: 1})


def test_a_square_is_multiplied_as_descent_multiplies_it() -> None:
    """By hand: one weight, f = q w^2/2, target E, step h."""
    q, w, goal, h = Fraction(3, 2), Fraction(4, 5), Fraction(1, 3), Fraction(1, 7)
    residual = q * w * w / 2 - goal
    moved = w - h * residual * q * w
    factor = squares_after_a_step(sp.Rational(3, 2), sp.Rational(residual.numerator, residual.denominator) / 7)
    assert Fraction(int(factor.p), int(factor.q)) == moved**2 / w**2
