"""Differences under gradient descent against exact polynomial expectations done entry by entry."""

from math import prod

import pytest
import sympy as sp

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.symbols import symbol, symbols
from edgestab.symbolic.wick.acceleration import Acceleration
from edgestab.symbolic.wick.contraction import canonical, collect
from edgestab.symbolic.wick.differences import (
    expected_first_difference,
    expected_second_difference,
    mean_change,
    mean_trace_change,
)
from edgestab.symbolic.wick.integration_by_parts import eigenvalue_moment, mean_power_sum
from edgestab.symbolic.wick.tensors import Factor, outputs, parameters, product

D, P, eta, s_z, s_j, s_q = symbols("D P eta sigma_z sigma_J sigma_Q")


def naive_change(d: int, p: int, steps: int, order: int) -> sp.Expr:
    """E[tr K(steps) - tr K(0)] with every entry a Gaussian symbol; for d = 1 or p = 1 the trace is the eigenvalue."""
    z = list(sp.symbols(f"z:{d}"))
    j = {(a, i): sp.Symbol(f"J{a}{i}") for a in range(d) for i in range(p)}
    q = {(a, i, k): sp.Symbol(f"Q{a}{min(i, k)}{max(i, k)}") for a in range(d) for i in range(p) for k in range(p)}
    variance = dict.fromkeys((*z, *j.values()), 1) | {s: 2 if i == k else 1 for (_, i, k), s in q.items()}
    gens = (eta, *variance)

    def cut(f: sp.Expr) -> sp.Expr:
        return (
            sp.Poly(f, *gens).as_expr()
            if f.is_number
            else sum(
                (
                    c * prod(g**e for g, e in zip(gens, m, strict=True))
                    for m, c in sp.Poly(f, *gens).terms()
                    if m[0] <= order
                ),
                sp.Integer(0),
            )
        )

    state_z, state_j = z, dict(j)
    for _ in range(steps):
        g = [cut(sum(state_j[a, i] * state_z[a] for a in range(d))) for i in range(p)]
        curvature = {(a, i): cut(sum(q[a, i, k] * g[k] for k in range(p))) for a in range(d) for i in range(p)}
        state_z = [
            cut(
                state_z[a]
                - eta * sum(state_j[a, i] * g[i] for i in range(p))
                + eta**2 / 2 * sum(curvature[a, i] * g[i] for i in range(p))
            )
            for a in range(d)
        ]
        state_j = {key: cut(state_j[key] - eta * curvature[key]) for key in state_j}
    change = sum(cut(state_j[key] ** 2) - j[key] ** 2 for key in j)
    total = sp.Integer(0)
    for exponents, c in sp.Poly(sp.expand(change), *gens).terms():
        if any(e % 2 for e in exponents[1:]):
            continue
        moments = prod(
            prod(range(e - 1, 0, -2)) * variance[g] ** (e // 2) for g, e in zip(gens[1:], exponents[1:], strict=True)
        )
        total += c * moments * eta ** exponents[0]
    return sp.expand(total)


@pytest.mark.parametrize(("d", "p", "steps", "order"), [(1, 1, 1, 4), (1, 1, 2, 4), (1, 2, 1, 4), (2, 1, 2, 3)])
def test_one_eigenvalue_against_entries(d: int, p: int, steps: int, order: int) -> None:
    numbers = {D: d, P: p, s_z: 1, s_j: 1, s_q: 1}
    chi = {eigenvalue_moment(r): prod(d * p + 2 * k for k in range(r)) for r in range(1, 7)}
    found = mean_change(steps, order).subs(chi).subs(numbers)
    assert sp.expand(found - naive_change(d, p, steps, order)) == 0


@pytest.mark.parametrize(("steps", "order"), [(1, 4), (2, 4)])
def test_sum_over_eigenvalues_is_the_trace(steps: int, order: int) -> None:
    traces = {eigenvalue_moment(r): mean_power_sum(r) for r in range(1, 7)}
    assert sp.expand(mean_change(steps, order).subs(traces) - mean_trace_change(steps, order)) == 0


def test_small_steps_follow_the_flow() -> None:
    leading = sp.Poly(expected_second_difference(2), eta).coeff_monomial(eta**2)
    assert sp.expand(leading - Acceleration().closed_form) == 0


def test_first_difference_is_even_in_the_step() -> None:
    powers = {k for (k,), _ in sp.Poly(expected_first_difference(4), eta).terms()}
    assert powers == {2, 4}


def test_necklaces_collect_equal_products() -> None:
    a, b = outputs(2)
    i, j = parameters(2)
    one = product(Factor("J", (a, i)), Factor("d", (b, i)), Factor("J", (b, j)), Factor("J", (a, j)))
    c, d = outputs(2)
    k, m = parameters(2)
    two = product(Factor("J", (c, k)), Factor("J", (d, k)), Factor("d", (d, m)), Factor("J", (c, m)))
    assert len(collect(one + two)) == 1
    assert canonical(("d", "J", "J", "J")) == canonical(("J", "J", "J", "d"))


@pytest.mark.parametrize("bad", [(3, 4), (1, 0), (2, 9)])
def test_bad_requests(bad: tuple[int, int]) -> None:
    with pytest.raises(DomainError):
        mean_change(*bad)
    assert symbol("eta").is_positive
