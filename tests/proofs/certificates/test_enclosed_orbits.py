"""Enclosed orbits against high-precision iteration of gradient descent in theta, and the escape lemma."""

from fractions import Fraction

import mpmath
import pytest

from edgestab.proofs.certificates.enclosed_orbits import EnclosedOrbit, needed_orbit
from edgestab.symbolic.algebra.errors import PrecisionError
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.trapping.lyapunov import Lyapunov, derive_lyapunov


def lyapunov() -> Lyapunov:
    return derive_lyapunov(main_case())


def theta_limit(e: float, z: float, T: float, steps: int) -> mpmath.mpf:
    """Plain gradient descent on (x^2 - e v^2)^2 / 8 from the weights that give (z, T)."""
    with mpmath.workdps(40):
        e, z, T = mpmath.mpf(e), mpmath.mpf(z), mpmath.mpf(T)
        v2 = (T - 2 * z) / (e + e * e)
        x, v = mpmath.sqrt(2 * z + e * v2), mpmath.sqrt(v2)
        for _ in range(steps):
            f = (x * x - e * v * v) / 2
            x, v = x - f * x, v + e * f * v
        return x * x + e * e * v * v


@pytest.mark.parametrize(("z", "T"), [(Fraction(1, 4), Fraction(5, 2)), (Fraction(-1, 8), Fraction(15, 8))])
def test_limit_is_enclosed(z: Fraction, T: Fraction) -> None:
    found = EnclosedOrbit(lyapunov(), Fraction(1, 8)).run(z, T)
    assert found.outcome == "limit"
    assert found.high - found.low < 1e-12
    truth = theta_limit(0.125, float(z), float(T), 1500)
    assert found.low - 1e-12 <= truth <= found.high + 1e-12


def test_the_orbit_too_close_to_zero_starts_on_the_nullcline() -> None:
    assert needed_orbit(lyapunov(), "distance") == (Fraction(1, 50), Fraction(1, 20), Fraction(40, 19))


def test_escape_from_below_the_edge() -> None:
    epsilon, z0, T0 = needed_orbit(lyapunov(), "top")
    assert (epsilon, z0, T0) == (Fraction(1, 5), Fraction(-1), Fraction(19, 10))
    found = EnclosedOrbit(lyapunov(), epsilon).run(z0, T0)
    assert found.outcome == "escape"
    z, T, e = -1.0, 1.9, 0.2
    for _ in range(found.steps + 3):
        moment = (1 - e) * T + 2 * e * z
        second = (1 - e) * moment + e * T
        z, T = z - z * T + z * z * moment / 2, T - 2 * z * moment + z * z * second
    assert z > 1e6


def test_running_out_is_an_error() -> None:
    with pytest.raises(PrecisionError, match="settles"):
        EnclosedOrbit(lyapunov(), Fraction(1, 5)).run(Fraction(1, 20), Fraction(2), max_steps=5)
    with pytest.raises(PrecisionError, match="narrow balls"):
        EnclosedOrbit(lyapunov(), Fraction(1, 5), bits=20).run(Fraction(1, 20), Fraction(40, 19))
