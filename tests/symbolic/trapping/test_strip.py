"""The slow series and the strip: against literals, against the map itself, and refusals."""

from fractions import Fraction
from functools import lru_cache

import pytest
import sympy as sp
from flint import fmpq

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.localised import Local, Localisation
from edgestab.symbolic.algebra.rings import PolyRing, poly_terms
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.trapping.barrier import Barrier, derive_barrier
from edgestab.symbolic.trapping.slow_curve import SlowSeries, derive_slow_series
from edgestab.symbolic.trapping.strip import Strip, derive_strip

CONSTANTS = {
    "slope": "7/5",
    "width": 1,
    "height": "1/2",
    "epsilon_min": 0,
    "epsilon_max": "1/5",
    "split": "-39/100",
}


@lru_cache
def region() -> Barrier:
    return derive_barrier(main_case(), CONSTANTS)


@lru_cache
def series(order: int) -> SlowSeries:
    return derive_slow_series(region().slow, order)


@lru_cache
def strip() -> Strip:
    return derive_strip(
        region(),
        1,
        extent="3/20",
        epsilon_max="1/30",
        contraction_rate="3/2",
        weights=("9/2", "7/2"),
        distance="1/5",
        undershoot="3/4",
    )


def at(value: Local, z: Fraction, q: Fraction, e: Fraction) -> Fraction:
    """Direct rational evaluation of a localised polynomial (the pole is 1 - z)."""
    total = Fraction(0)
    for (i, k, j), c in poly_terms(value.numerator).items():
        total += Fraction(int(c.p), int(c.q)) * z**i * q**k * e**j
    return total / (1 - z) ** value.power


def test_limit_coefficients() -> None:
    # from the invariance equation of the two-step map in (z, y), solved in another coordinate elsewhere
    assert series(3).limit_coefficients == (2, sp.Rational(-1, 2), sp.Rational(-27, 32), sp.Rational(-153, 128))
    assert series(2).limit_coefficients == series(3).limit_coefficients[:3]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_defect_has_the_promised_weight(order: int) -> None:
    found = series(order)
    defect, _ = found.defect((found.frame.epsilon * found.value()).reduced())
    assert min(i + 2 * j for (i, _, j) in poly_terms(defect.numerator)) == 2 * order


@pytest.mark.parametrize(
    ("z", "e", "shift"), [("1/7", "1/50", "0"), ("-1/5", "1/30", "1/100"), ("1/9", "1/100", "-1/40")]
)
def test_the_law_of_X_is_that_of_the_map(z: str, e: str, shift: str) -> None:
    """``X' = (1 - z^2 relaxation/D) X + epsilon z^2 / D defect`` on the original map, in exact rationals."""
    found, a, b = series(2), Fraction(z), Fraction(e)
    p = a * a / (1 - a)
    U = b * at(found.value(), a, Fraction(0), b) + Fraction(shift)
    T = U + 2 + 2 * p + 2 * (1 - b) * a
    one_step = main_case()
    values = dict(zip((*one_step.variables, *one_step.parameters), map(sp.Rational, (a, T, b)), strict=True))
    a1, T1 = (Fraction(str(c.subs(values))) for c in one_step.components)
    U1 = T1 - 2 * (1 - b) * a1 - 2 - 2 * a1 * a1 / (1 - a1)
    X1 = U1 - b * at(found.value(), a1, Fraction(0), b)
    frame = found.frame
    defect, law = found.defect((frame.epsilon * found.value() + frame.q).reduced())
    q = Fraction(shift)
    D, relaxation = at(law.D, a, q, b), at(law.relaxation, a, q, b)
    assert 1 - a1 == D
    predicted = (1 - a * a * relaxation / D) * q + b * a * a / D * at(defect, a, q, b) / D ** (found.depth - 1)
    assert predicted == X1


def test_strip_holds_along_orbits() -> None:
    """``|X'| - epsilon psi' <= M (|X| - epsilon psi)`` with ``0 <= M <= 1`` on an orbit in the strip, in rationals."""
    s = strip()
    weights = [Fraction(str(w)) for w in s.weights]
    b, a = Fraction(1, 40), Fraction(-1, 5)
    V = Fraction(43, 20)

    def measure(z: Fraction, V: Fraction) -> Fraction:
        p = z * z / (1 - z)
        X = V - 2 - 2 * p - b * at(s.series.value(), z, Fraction(0), b)
        return abs(X) - b * sum(w * p ** (1 - j) * b**j for j, w in enumerate(weights))

    before = measure(a, V)
    for _ in range(6):
        T = V + 2 * (1 - b) * a
        T1 = (1 - b) * T + 2 * b * a
        a, V = a - a * T + a * a * T1 / 2, V - b * a * a * (4 - T)
        a, V = (Fraction(x).limit_denominator(10**12) for x in (a, V))
        now = measure(a, V)
        assert now <= max(before, Fraction(0)) + Fraction(1, 10**9)
        before = now


def test_refusals() -> None:
    keep = {"extent": "3/20", "epsilon_max": "1/30", "contraction_rate": "3/2", "distance": "1/5", "undershoot": "3/4"}
    with pytest.raises(DomainError, match="positive weights"):
        derive_strip(region(), 1, weights=("1",), **keep)
    with pytest.raises(DomainError, match="within the trapping region"):
        derive_strip(region(), 1, weights=("1", "1"), **{**keep, "extent": "1"})
    with pytest.raises(DomainError, match="order >= 1"):
        derive_slow_series(region().slow, 0)


def test_localised_arithmetic() -> None:
    z = symbol("z")
    ring = PolyRing((z,))
    home = Localisation(ring, ring.from_expr(1 - z))
    x = home.element(ring.generator(z))
    p = home.element(ring.from_expr(z**2), 1)
    assert (p * (1 - x) - x * x).reduced().is_zero()
    back = (p * x).reduced().over(x, "test")
    assert (back - p).reduced().is_zero()
    value = home.evaluate(ring.from_expr(z**2 + 3), [p])
    assert value.power == 2
    assert (fmpq(1) * value - value).is_zero()
