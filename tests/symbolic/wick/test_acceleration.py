"""The derivation of Theorem 2 at every size."""

import pytest
import sympy as sp

from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.algebra.symbols import symbol, symbols
from edgestab.symbolic.wick.acceleration import LAWS, Acceleration, edge_bound, split_resolvent, sum_over_others
from edgestab.symbolic.wick.conventions import READINGS, condition
from edgestab.symbolic.wick.tensors import LAMBDA, MU, RESOLVENT, RING, latex_tensor

D, P, s_z, s_j, s_q, m1, m2, kappa = symbols("D P sigma_z sigma_J sigma_Q m_1 m_2 kappa")


def test_mean_first_derivative_is_an_empty_sum() -> None:
    first, _ = Acceleration().derivatives
    assert len(first) == 2
    assert Acceleration().first_mean == ()


def test_closed_form_for_orthogonal_slices() -> None:
    planted = 2 * s_q**2 * s_z**2 * (D * P * m1 + m2 / s_j**2)
    assert sp.expand(Acceleration().closed_form - planted) == 0


def test_closed_form_with_a_diagonal_excess() -> None:
    """Worked by hand: kappa adds 2 kappa s_z^2 (P (D - 1) m_1 + 2 m_2 / s_j^2) / (P + 2)."""
    extra = 2 * kappa * s_z**2 / (P + 2) * (P * (D - 1) * m1 + 2 * m2 / s_j**2)
    found = Acceleration(LAWS["excess"]).closed_form
    assert sp.simplify(found - Acceleration().closed_form - extra) == 0
    assert sp.simplify(found.subs(kappa, -(s_q**2)) - Acceleration(LAWS["iid"]).closed_form) == 0


def test_one_output_and_parameter_by_hand() -> None:
    """For scalars lambda'' has mean 4 Var(Q) s_z^2 E[lambda]: differentiate J^2 twice along dJ = -Q J z."""
    moments = {D: 1, P: 1, m2: 3 * s_j**2 * m1}
    assert sp.simplify(Acceleration().closed_form.subs(moments) - 4 * (2 * s_q**2) * s_z**2 * m1) == 0
    assert sp.simplify(Acceleration(LAWS["iid"]).closed_form.subs(moments) - 4 * s_q**2 * s_z**2 * m1) == 0


def test_one_output_needs_no_gaussian_law_of_j() -> None:
    """D = 1: the conditional mean is 4 (P + 1) lambda, with no sum over other eigenvalues."""
    found = RING.to_expr(Acceleration().conditional).subs({D: 1, symbol("R_k"): 0, symbol("p_1"): symbol("lambda_k")})
    assert sp.expand(found - 4 * (P + 1) * symbol("lambda_k") * s_q**2 * s_z**2) == 0


def test_laplacian_is_twice_the_wishart_drift() -> None:
    r, lam = symbols("R_k lambda_k")
    # sum over j of (lam + lam_j)/(lam - lam_j) = 2 lam R - (D - 1)
    drift = P + 2 * lam * r - (D - 1)
    assert sp.expand(RING.to_expr(Acceleration().laplacian) - 2 * drift) == 0
    assert RING.to_expr(Acceleration().gradient_square) == 4 * lam


def test_sum_over_others_against_numbers() -> None:
    values = [sp.Rational(v) for v in (7, 3, 2, 1)]
    lam, others = values[0], values[1:]
    polynomial = 2 * MU**3 + LAMBDA * MU + 5
    found = RING.to_expr(sum_over_others(polynomial))
    numbers = {symbol("lambda_k"): lam, symbol("D"): 4, symbol("R_k"): sum(1 / (lam - o) for o in others)}
    numbers |= {symbol(f"p_{r}"): sum(v**r for v in values) for r in (1, 2, 3)}
    assert found.subs(numbers) == sum((2 * o**3 + lam * o + 5) / (lam - o) for o in others)


def test_split_refuses_a_bare_resolvent() -> None:
    with pytest.raises(ProofError, match="lambda_k R_k"):
        split_resolvent(RESOLVENT)


def test_leading_ratio_and_edge_bound() -> None:
    for law in LAWS.values():
        assert sp.expand(Acceleration(law).leading_ratio() - 2 * D * P * s_q**2 * s_z**2) == 0
    size = sp.Symbol("size", positive=True)
    top, bottom = sp.fraction(sp.together(edge_bound().subs({D: size, P: size})))
    assert sp.degree(top, size) - sp.degree(bottom, size) == 3


def test_ledger() -> None:
    found = {r.name: r.holds(Acceleration(LAWS[r.law])) for r in READINGS}
    assert found["symmetric-goe"] == found["half-sum"] == "no"
    assert found["scaled-goe"] == found["scaled-half-sum"] == found["scaled-time"] == "always"
    assert found["mean-loss"] == "if D = P"
    assert sp.simplify(condition(Acceleration()).rhs - 1 / (2 * D * P)) == 0


def test_steps_are_generated() -> None:
    titles = dict(Acceleration().steps())
    assert titles["its mean: every term is odd in Q"].endswith("= 0")
    assert latex_tensor(Acceleration().derivatives[0]).count("Q_{") == 2


def test_a_wrong_covariance_changes_the_closed_form() -> None:
    class Mutant(Acceleration):
        @property
        def laplacian(self):  # type: ignore[no-untyped-def]
            return super().laplacian + 2

    assert sp.expand(Mutant().closed_form - Acceleration().closed_form) != 0
