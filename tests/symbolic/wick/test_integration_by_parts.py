"""Contraction, integration by parts, and moments of the Wishart law against exact enumeration."""

import itertools
from fractions import Fraction
from math import prod

import pytest
import sympy as sp

from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.algebra.symbols import symbols
from edgestab.symbolic.wick.contraction import contract, copy_average, delta, independent, pairings, wick
from edgestab.symbolic.wick.integration_by_parts import field_divergence, mean_power_sum, reduce_moments, trace_tensor
from edgestab.symbolic.wick.tensors import LAMBDA, MU, RING, Factor, Term, outputs, parameters, product, truncated

D, P, s_j = symbols("D P sigma_J")


def gaussian_moment(power: int) -> int:
    return prod(range(power - 1, 0, -2)) if power % 2 == 0 else 0


def trace_mean(power: int, d: int, p: int) -> int:
    """Naive twin: E[tr (J J')^power] entry by entry, each monomial by double factorials."""
    total = 0
    for a in itertools.product(range(d), repeat=power):
        for i in itertools.product(range(p), repeat=power):
            counts: dict[tuple[int, int], int] = {}
            for n in range(power):
                for key in ((a[n], i[n]), (a[(n + 1) % power], i[n])):
                    counts[key] = counts.get(key, 0) + 1
            total += prod(gaussian_moment(c) for c in counts.values())
    return total


@pytest.mark.parametrize(("power", "d", "p"), [(1, 2, 3), (2, 2, 3), (2, 3, 1), (3, 2, 2), (3, 1, 3), (4, 2, 2)])
def test_traces_against_enumeration(power: int, d: int, p: int) -> None:
    assert mean_power_sum(power).subs({D: d, P: p, s_j: 1}) == trace_mean(power, d, p)


def test_traces_of_one_row_are_chi_square_moments() -> None:
    for power in range(1, 7):
        chi = prod(Fraction(P_ + 2 * k) for k in range(power) for P_ in (5,))
        assert mean_power_sum(power).subs({D: 1, P: 5, s_j: 1}) == chi


def test_traces_are_symmetric_in_outputs_and_parameters() -> None:
    for power in range(1, 6):
        found = mean_power_sum(power)
        assert sp.expand(found - found.subs({D: P, P: D}, simultaneous=True)) == 0


def test_one_eigenvalue_is_its_own_power_sum() -> None:
    """D = 1: p_2 = lambda^2, so E[p_2 lambda] must reduce to E[lambda^3] of a chi-square."""
    p2 = RING.generator(symbols("p_2")[0])
    m1, m2 = symbols("m_1 m_2")
    found = reduce_moments(p2 * LAMBDA).subs({D: 1, P: 4, s_j: 1, m1: 4, m2: 4 * 6})
    assert found == 4 * 6 * 8


def test_divergence_of_the_identity_field() -> None:
    assert RING.to_expr(field_divergence(0)) == D * P


def test_pairings_count() -> None:
    assert [len(list(pairings(tuple(range(n))))) for n in (0, 2, 3, 4, 6)] == [1, 1, 0, 3, 15]


def test_copy_average_against_the_sphere() -> None:
    """E[v_1^4] on the unit sphere is 3/(P (P + 2)): the average of the copy tensor along one direction, per axis."""
    assert sp.simplify(copy_average(P) - 1 / (P + 2)) == 0


def test_different_eigenvectors_are_orthogonal() -> None:
    (a,) = outputs(1)
    assert contract(Term(RING.one, (Factor("w", (a,)), Factor("u", (a,))))) == RING.zero


def test_chains_are_powers_of_the_eigenvalue() -> None:
    (a, b), (i,) = outputs(2), parameters(1)
    chain = (Factor("J", (a, i)), Factor("J", (b, i)))
    for name, value in (("w", LAMBDA), ("u", MU)):
        assert contract(Term(RING.one, (Factor(name, (a,)), *chain, Factor(name, (b,))))) == value


def test_open_indices_are_refused() -> None:
    with pytest.raises(ProofError, match="every index twice"):
        contract(Term(RING.one, (Factor("J", (outputs(1)[0], parameters(1)[0])),)))


def test_fourth_moment_by_wick() -> None:
    (i,) = parameters(1)
    four = product(*(Factor("N", (i,)) for _ in range(4)))
    found = wick(four, "N", independent(RING.one))
    assert len(found) == 3
    assert all(f == delta(i, i) for term in found for f in term.factors)


def test_trace_tensor_contracts_to_its_power_sums() -> None:
    (term,) = trace_tensor({1: 2, 3: 1})
    p1, p3 = symbols("p_1 p_3")
    assert RING.to_expr(contract(term)) == p1**2 * p3


def test_truncation_in_the_step_size() -> None:
    eta = RING.generator(symbols("eta")[0])
    tensor = product(coefficient=1 + eta + eta**3)
    assert truncated(tensor, 2)[0].coefficient == 1 + eta
    assert truncated(product(coefficient=eta**3), 2) == ()
