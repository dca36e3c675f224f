"""The line of fixed points: edge coordinates, and the limit function against exact and long iteration."""

from fractions import Fraction

import mpmath
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.quadratic import QuadraticModel, main_case
from edgestab.symbolic.planar.planar_map import PlanarMap

Z, T, E, V = (symbol(n) for n in ("z", "T", "epsilon", "v"))
ONE_STEP = main_case()
RATIONALS = st.fractions(min_value=-2, max_value=2, max_denominator=50)


def exact(expr: sp.Expr, values: dict[sp.Symbol, Fraction]) -> Fraction:
    value = sp.Rational(expr.subs({s: sp.Rational(v.numerator, v.denominator) for s, v in values.items()}))
    return Fraction(int(value.p), int(value.q))


def gradient_step(a: Fraction, b: Fraction, eps: Fraction) -> tuple[Fraction, Fraction]:
    """Plain gradient descent on ((a^2 - eps b^2) / 2)^2 / 2 with step 1."""
    residual = (a * a - eps * b * b) / 2
    return a - residual * a, b + residual * eps * b


@given(RATIONALS, RATIONALS, st.fractions(min_value=Fraction(1, 50), max_value=Fraction(49, 50), max_denominator=50))
def test_edge_coordinates_are_gradient_descent(a: Fraction, b: Fraction, eps: Fraction) -> None:
    """The coordinate is the weight norm less the edge, and its map is the gradient step."""
    coordinates = ONE_STEP.edge_coordinates()

    def state(a: Fraction, b: Fraction) -> tuple[Fraction, Fraction]:
        return (a * a - eps * b * b) / 2, eps * (a * a + b * b) - 2

    z, v = state(a, b)
    stepped = tuple(exact(c, {Z: z, V: v, E: eps}) for c in coordinates.map.components)
    assert stepped == state(*gradient_step(a, b, eps))
    assert exact(coordinates.excess, {Z: z, V: v, E: eps}) == a * a + eps * eps * b * b - 2
    assert coordinates.edge == 2


def test_the_coordinate_moves_at_second_order() -> None:
    moved = ONE_STEP.edge_coordinates().map.components[1] - V
    assert sp.Poly(moved, Z).eval(0) == 0
    assert sp.Poly(moved, Z).coeff_monomial(Z) == 0


def test_planted_coefficients() -> None:
    """From ``V' = V - epsilon z^2 (4 - T)`` and ``z' = (1 - T) z``: a geometric sum, worked by hand."""
    first, second = ONE_STEP.fibre(2)
    assert sp.cancel(first + 2 * (1 - E)) == 0
    assert sp.cancel(second + E * (4 - T) / (T * (2 - T))) == 0


def test_the_error_of_the_limit_function_falls_by_its_order() -> None:
    """Halving z divides the error at order n by 2^(n+1)."""
    fibre = [sp.lambdify((T, E), a, "mpmath") for a in ONE_STEP.fibre(4)]
    with mpmath.workdps(60):
        eps, start = mpmath.mpf(1) / 20, mpmath.mpf(2) - mpmath.mpf(1) / 10
        step = sp.lambdify((Z, T, E), ONE_STEP.components, "mpmath")

        def errors(z: mpmath.mpf) -> list[mpmath.mpf]:
            now = (z, start)
            for _ in range(4000):
                now = step(*now, eps)
            assert abs(now[0]) < 1e-60
            estimate, out = start, []
            for k, a in enumerate(fibre, 1):
                estimate += a(start, eps) * z**k
                out.append(abs(estimate - now[1]))
            return out

        coarse, fine = errors(mpmath.mpf(1) / 2000), errors(mpmath.mpf(1) / 4000)
        for order, (a, b) in enumerate(zip(coarse, fine, strict=True), 1):
            assert abs(mpmath.log(a / b, 2) - (order + 1)) < 0.15


@pytest.mark.parametrize(
    "source",
    [
        QuadraticModel((1, -E), target=symbol("E")).planar_map(),
        PlanarMap((Z, T), (Z * (1 - T**2), T + Z), ()),
    ],
)
def test_maps_without_such_a_line(source: PlanarMap) -> None:
    with pytest.raises(DomainError):
        source.edge_coordinates()


@pytest.mark.parametrize("order", [0, -1, 9])
def test_orders_out_of_range(order: int) -> None:
    with pytest.raises(DomainError, match=r"order in 1\.\.8"):
        ONE_STEP.fibre(order)
