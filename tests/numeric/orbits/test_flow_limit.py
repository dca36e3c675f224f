"""Ends of gradient flows against an adaptive integrator in theta, and the cases without an end at zero loss."""

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from edgestab.numeric.orbits.flow_limit import solve_flow_limit
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.gradient_flow import GradientFlow
from edgestab.symbolic.models.quadratic import QuadraticModel

starts = st.lists(st.integers(1, 12).map(lambda k: f"{k}/8"), min_size=3, max_size=3)


def integrate(q: list[float], target: float, theta: list[float]) -> float:
    eigenvalues = np.array(q)

    def field(_: float, now: np.ndarray) -> np.ndarray:
        return -(eigenvalues @ now**2 / 2 - target) * eigenvalues * now

    run = solve_ivp(field, (0, 4000), theta, method="LSODA", rtol=1e-11, atol=1e-13)
    return float((eigenvalues**2) @ run.y[:, -1] ** 2)


@settings(max_examples=10, deadline=None)
@given(starts)
def test_ends_agree_with_an_integrator(theta: list[str]) -> None:
    q, target = ("1", "-1/3", "1/2"), "1/4"
    end = solve_flow_limit(QuadraticModel([sp.Rational(v) for v in q], sp.Rational(target)), theta, 25)
    assert end.reached
    assert abs(end.residual) < 1e-24
    exact = integrate([1, -1 / 3, 0.5], 0.25, [float(sp.Rational(t)) for t in theta])
    assert float(end.eigenvalue) == pytest.approx(exact, rel=1e-7)


def test_the_end_is_that_of_the_flow() -> None:
    """Squares and eigenvalue at the integral found, by the formulas of the flow itself."""
    model = QuadraticModel((1, sp.Rational(-1, 3), sp.Rational(1, 2)), sp.Rational(1, 4))
    end, flow = solve_flow_limit(model, ("1", "3/4", "5/8"), 25), GradientFlow(model)
    at = dict(zip(model.theta, map(sp.Rational, ("1", "3/4", "5/8")), strict=True))
    state = {name: value.xreplace(at) for name, value in zip(model.state, model.embedding(), strict=True)}
    s = sp.Float(str(end.integral), 30)
    for found, formula in zip(end.squares, flow.squares_at(s), strict=True):
        assert abs(sp.Float(str(found), 30) - formula.xreplace(state)) < sp.Rational(1, 10**14)
    assert abs(flow.end_equation(s).xreplace(state)) < sp.Rational(1, 10**14)


def test_more_digits_agree_with_fewer() -> None:
    model = QuadraticModel((2, sp.Rational(-1, 7)))
    low, high = (solve_flow_limit(model, ("1", "2"), d).eigenvalue for d in (20, 60))
    with mpmath.workdps(60):
        assert abs(low - high) < mpmath.mpf(10) ** -19


def test_when_the_target_cannot_be_reached_the_loss_stays() -> None:
    # f is positive whatever theta, the target negative: everything shrinks to 0
    end = solve_flow_limit(QuadraticModel((1, 2), -1), ("1", "1"))
    assert not end.reached
    assert (end.eigenvalue, end.residual, end.squares) == (0, 1, (0, 0))
    # a negative direction without weight does not help; with weight it does
    assert not solve_flow_limit(QuadraticModel((1, -2), -1), ("1", "0")).reached
    assert solve_flow_limit(QuadraticModel((1, -2), -1), ("1", "1/9")).reached
    # target 0 is reached at the origin, where the eigenvalue vanishes
    origin = solve_flow_limit(QuadraticModel((1, 2)), ("1", "1"))
    assert (origin.reached, origin.eigenvalue) == (True, 0)
    # from below
    assert solve_flow_limit(QuadraticModel((1, -2), 1), ("1/2", "1")).reached
    assert not solve_flow_limit(QuadraticModel((-1,), 1), ("1",)).reached


def test_a_start_at_the_end_stays() -> None:
    assert solve_flow_limit(QuadraticModel((1,), 2), ("2",)).integral == 0


def test_refusals() -> None:
    with pytest.raises(DomainError, match="Substitute the symbols"):
        solve_flow_limit(QuadraticModel((1, -symbol("epsilon"))), ("1", "1"))
    with pytest.raises(DomainError, match="one start for each"):
        solve_flow_limit(QuadraticModel((1, -2)), ("1",))
    with pytest.raises(DomainError, match="moderate scales"):
        solve_flow_limit(QuadraticModel((sp.Rational(1, 10**9), sp.Rational(-1, 10**9))), ("1", "1/2"))
