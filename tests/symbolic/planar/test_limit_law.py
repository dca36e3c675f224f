"""The limit law: its terms, its conservation at numbers, its closed solutions, its errors."""

from fractions import Fraction

import mpmath
import pytest
import sympy as sp

from edgestab.symbolic.algebra.errors import DomainError, ProofError
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.planar.first_integral import manifold_order, term_weight
from edgestab.symbolic.planar.limit_law import LimitLaw, derive_limit_law
from edgestab.symbolic.planar.planar_map import PlanarMap

z, T, epsilon, u, p, x = (symbol(n) for n in ("z", "T", "epsilon", "u", "p", "x"))
ONE_STEP = main_case()


def law_of_weight(weight: int) -> LimitLaw:
    """Odd weights too, between the orders that the map gives."""
    return derive_limit_law(ONE_STEP.slow_manifold(manifold_order(weight)), weight)


R = sp.Rational

# weights 2 and 4 and the single term of weight 5, from an independent prototype over Fraction in another coordinate
EXPECTED = (
    2 * p + x + R(13, 4) * p**2 + R(13, 4) * p * x + R(13, 16) * x**2 - R(27, 4) * epsilon * p - R(5, 2) * epsilon * x
)


def test_terms_up_to_weight_five() -> None:
    law = law_of_weight(5)
    assert sp.expand(law.polynomial(4) - EXPECTED) == 0
    assert sp.expand(law.polynomial(5) - law.polynomial(4) + 2 * epsilon * p * u) == 0
    assert law.logarithm == R(1, 2)
    assert sp.simplify(law.coordinates[p] - z**2 / (1 - z)) == 0
    assert sp.simplify(law.coordinates[u] - z * (2 - z) / (2 * (1 - z))) == 0


def test_laws_of_all_weights_agree_where_they_overlap() -> None:
    high = dict(law_of_weight(7).terms)
    for weight in (2, 3, 4, 6):
        low = dict(law_of_weight(weight).terms)
        assert low == {e: c for e, c in high.items() if term_weight(e) <= weight}


@pytest.mark.parametrize("weight", [2, 4, 5, 8])
def test_the_defect_after_one_step_has_the_stated_order(weight: int) -> None:
    """Evaluate I before and after one exact step at scaled points; the defect falls like t^(weight + 1) or faster."""
    law = law_of_weight(weight)
    rows = law.manifold.closed_rows(law.manifold.order)
    step = sp.lambdify((z, T, epsilon), ONE_STEP.components, "mpmath")
    curve = sp.lambdify((z, epsilon), sum(r * epsilon**n for n, r in enumerate(rows)), "mpmath")
    inside = sp.lambdify((z, x, epsilon), law.integral().subs(law.coordinates), "mpmath")
    with mpmath.workdps(60):
        defects = []
        for t in (mpmath.mpf(1) / 200, mpmath.mpf(1) / 400):
            z0, eps = -t * mpmath.mpf("0.7"), t**2
            T0 = curve(z0, eps) + t**2 * mpmath.mpf("0.6")
            z1, T1 = step(z0, T0, eps)
            defects.append(abs(inside(z1, T1 - curve(z1, eps), eps) - inside(z0, T0 - curve(z0, eps), eps)))
        slope = mpmath.log(defects[0] / defects[1]) / mpmath.log(2)
    assert slope > weight + 0.8


def test_lambert_solves_the_end_equation_for_both_signs() -> None:
    law = law_of_weight(2)
    for start in (R(1, 50), R(-1, 50)):
        at = {p: R(1, 100), x: start, epsilon: R(1, 60)}
        end = sp.N(law.lambert().subs(at), 40)
        assert sp.sign(end) == sp.sign(start)
        left = end - sp.N(at[epsilon] / 2, 40) * sp.log(sp.Abs(end))
        assert abs(left - sp.N(law.integral().subs(at), 40)) < R(1, 10**35)


def test_the_next_order_expression_is_the_law_of_weight_four() -> None:
    from edgestab.numeric.orbits.limit_prediction import LawEvaluator

    law = law_of_weight(4)
    with mpmath.workdps(30):
        value, _, start = LawEvaluator(law)(4, Fraction(1, 400), Fraction(1, 40), Fraction(41, 20))
        at = {p: law.coordinates[p].subs(z, R(1, 40)), epsilon: R(1, 400), x: sp.Float(str(start), 30)}
        closed = mpmath.mpf(str(sp.N(law.next_order().subs(at), 30)))
    # the closed form takes the end terms at the leading solution: one order beyond the law's own error
    assert abs(closed - value) < 1e-7


def test_refusals() -> None:
    for order in (0, 9, True):
        with pytest.raises(DomainError, match="an order in"):
            ONE_STEP.limit_law(order)
    with pytest.raises(DomainError, match="weight 4 or more"):
        law_of_weight(2).next_order()
    bent = PlanarMap((z, T), (ONE_STEP.components[0], ONE_STEP.components[1] + z**2), (epsilon,))
    with pytest.raises((ProofError, DomainError)):
        bent.limit_law(2)


def test_text_latex_and_json() -> None:
    law = law_of_weight(4)
    assert r"W\left(" in law.latex()
    assert law.json()["logarithm"] == "-1/2"
    assert len(law.sides()) == 5
    assert len(law_of_weight(2).equations()) == 5
    assert "> 4" in law.remainder()
