"""The slow manifold: solved order by order, checked by putting it back, by exact points and by known coefficients."""

import math
import time
from fractions import Fraction

import pytest
import sympy as sp
from flint import fmpq_poly

from edgestab.symbolic.algebra.errors import DomainError, ProofError
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.quadratic import QuadraticModel, main_case
from edgestab.symbolic.planar.invariance import frozen_branch
from edgestab.symbolic.planar.planar_map import PlanarMap
from edgestab.symbolic.planar.rational_rows import reconstruct

z, T, epsilon = (symbol(n) for n in ("z", "T", "epsilon"))
ONE_STEP = main_case()

# found with an independent prototype (dict-of-monomials arithmetic over Fraction) and by high-precision iteration
LIMIT = ["2", "-1/2", "-27/32", "-153/128", "-17385/8192", "-40051/8192", "-13625237/1048576"]


def defect(rows: tuple[sp.Expr, ...], at: sp.Rational, eps: sp.Rational) -> sp.Rational:
    """``T' - tau(z')`` of the truncated closed forms at exact numbers: the naive twin."""
    curve = sum(r.subs(z, at) * eps**n for n, r in enumerate(rows))
    stepped, image = (c.subs({z: at, T: curve, epsilon: eps}) for c in ONE_STEP.components)
    return image - sum(r.subs(z, stepped) * eps**n for n, r in enumerate(rows))


def test_limit_coefficients() -> None:
    series = ONE_STEP.slow_manifold(6).limit()
    assert series.json() == {"variable": "epsilon", "coefficients": LIMIT}
    assert series.partial_sum(Fraction(1, 10), 2) == 2 - Fraction(1, 20) - Fraction(27, 3200)


def test_every_order_agrees_with_every_other() -> None:
    high = ONE_STEP.slow_manifold(5)
    for order in range(5):
        low = ONE_STEP.slow_manifold(order)
        for n, row in enumerate(low.rows):
            assert row == high.rows[n].truncate(row.length())


def test_closed_forms_solve_the_invariance_equation_exactly() -> None:
    rows = ONE_STEP.slow_manifold(2).closed_rows(2)
    assert sp.simplify(rows[0] - 2 / (1 - z)) == 0
    for at in (sp.Rational(3, 17), sp.Rational(-2, 9)):
        coarse, fine = (abs(defect(rows, at, sp.Rational(1, n))) for n in (10**5, 10**6))
        assert abs(math.log10(coarse / fine) - 3) < 1e-3
    for n, row in enumerate(rows):
        below = sp.Poly(sp.fraction(sp.cancel(row))[1], z)
        assert set(sp.roots(below)) <= {sp.Integer(1), sp.Integer(2)}, n


def test_closed_forms_agree_with_the_series() -> None:
    manifold = ONE_STEP.slow_manifold(4)
    for row, form in zip(manifold.rows, manifold.closed_rows(4), strict=True):
        above, below = (fmpq_poly([int(c) for c in reversed(sp.Poly(e, z).all_coeffs())]) for e in sp.fraction(form))
        assert below.mul_low(row, row.length()) == above.truncate(row.length())
    with pytest.raises(DomainError, match=r"a row in 0\.\.4"):
        manifold.closed_rows(5)


def test_a_wrong_map_has_no_slow_manifold() -> None:
    bent = PlanarMap((z, T), (ONE_STEP.components[0], ONE_STEP.components[1] + z**2), (epsilon,))
    with pytest.raises((ProofError, DomainError)):
        bent.slow_manifold(2)


@pytest.mark.parametrize("order", [-1, 61, True, "3"])
def test_orders_out_of_range(order: object) -> None:
    with pytest.raises(DomainError, match="an order in"):
        ONE_STEP.slow_manifold(order)  # type: ignore[arg-type]


def test_only_one_parameter() -> None:
    free = QuadraticModel((symbol("mu"), -epsilon)).planar_map()
    with pytest.raises(DomainError, match="one parameter"):
        free.slow_manifold(2)


def test_scaled_eigenvalues_have_the_same_limit_in_rescaled_units() -> None:
    # eigenvalues {3, -3 epsilon}: z and T both scale, T does not feel it and z is divided by the scale
    scaled = QuadraticModel((sp.Integer(3), -3 * epsilon)).planar_map()
    assert scaled.slow_manifold(4).limit().coefficients == ONE_STEP.slow_manifold(4).limit().coefficients


def test_frozen_branch_is_the_geometric_series() -> None:
    assert [int(c) for c in frozen_branch(ONE_STEP, 12).coeffs()] == [2] * 12


def test_reconstruct_finds_and_refuses() -> None:
    geometric = fmpq_poly([k + 1 for k in range(30)])
    above, below = reconstruct(geometric, 30)
    assert (above, below) == (fmpq_poly([1]), fmpq_poly([1, -2, 1]))
    factorials = fmpq_poly([sp.factorial(k).p for k in range(20)])
    with pytest.raises(ProofError, match="rational function"):
        reconstruct(factorials, 20)


def test_order_ten_is_quick() -> None:
    start = time.perf_counter()
    ONE_STEP.slow_manifold(10)
    assert time.perf_counter() - start < 10


def test_text_and_latex() -> None:
    manifold = ONE_STEP.slow_manifold(2)
    assert r"\tilde T_\infty &= 2 - \frac{1}{2} \epsilon - \frac{27}{32} \epsilon^{2}" in manifold.limit().latex()
    assert "O" in manifold.latex()
    assert manifold.remainder() == "dropped: every monomial with deg_z + 2*deg_epsilon > 4"
    assert len(manifold.notes()) == 3
    with pytest.raises(DomainError, match="an order in"):
        manifold.limit().partial_sum(1, 7)
