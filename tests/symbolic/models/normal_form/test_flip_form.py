"""The normal form of a flip: against Kuznetsov's formula on whole tensors, and against planted coefficients."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping

import pytest
import sympy as sp
from flint import arb

import edgestab as es
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.normal_form.flip_form import derive_normal_form

x, y, z = sp.symbols("x y z", real=True)


def kuznetsov(step: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """<p, C(q,q,q) + 3 B(q, (1 - A)^-1 B(q,q))> / 6 at 0, with whole tensors; q as the form under test scales it."""
    variables, maps = list(step), list(step.values())
    zero = dict.fromkeys(variables, 0)
    a = sp.Matrix(maps).jacobian(variables).subs(zero)
    eye = sp.eye(len(variables))
    (q,), (p,) = (a + eye).nullspace(), (a.T + eye).nullspace()
    p = p / (p.T * q)[0]

    def form(*vectors: sp.Matrix) -> sp.Matrix:
        indices = itertools.product(range(len(variables)), repeat=len(vectors))
        total = sp.zeros(len(variables), 1)
        for chosen in indices:
            factor = sp.Mul(*(v[i] for v, i in zip(vectors, chosen, strict=True)))
            if factor != 0:
                total += factor * sp.Matrix([sp.diff(m, *(variables[i] for i in chosen)).subs(zero) for m in maps])
        return total

    inner = (eye - a).inv() * form(q, q)
    return sp.factor((p.T * (form(q, q, q) + 3 * form(q, inner)))[0] / 6)


def test_kuznetsovs_formula_in_three_dimensions() -> None:
    rng = random.Random(4)
    half, third = sp.Rational(1, 2), sp.Rational(-1, 3)
    for _ in range(3):
        low, high = (
            sp.Matrix([[int(i == j) + rng.randint(-1, 1) * int(s * i > s * j) for j in range(3)] for i in range(3)])
            for s in (1, -1)
        )
        turn = low * high
        linear = turn * sp.diag(-1, half, third) * turn.inv() * sp.Matrix([x, y, z])
        step = {
            v: linear[k]
            + sum(rng.randint(-3, 3) * a * b for a, b in itertools.combinations_with_replacement((x, y, z), 2))
            + rng.randint(-3, 3) * x**3
            + rng.randint(-3, 3) * x * y * z
            for k, v in enumerate((x, y, z))
        }
        found = derive_normal_form({v.name: e for v, e in step.items()}, at=dict.fromkeys("xyz", 0), order=3)
        assert found.first_lyapunov_coefficient == kuznetsov(step)


def test_planted_coefficients_come_back_through_shears() -> None:
    c, d = sp.Integer(-2), sp.Integer(7)
    inner = {x: -x + c * x**3 + d * x**5, y: y / 3 + x**2}
    # new coordinates by two shears, which invert exactly
    forward = (x + 2 * y**2, y - 3 * (x + 2 * y**2) ** 2)
    back = (x - 2 * (y + 3 * x**2) ** 2, y + 3 * x**2)
    stepped = [e.subs(dict(zip((x, y), back, strict=True)), simultaneous=True) for e in inner.values()]
    outer = [sp.expand(e.subs(dict(zip((x, y), stepped, strict=True)), simultaneous=True)) for e in forward]
    found = derive_normal_form({"x": outer[0], "y": outer[1]}, at={"x": 0, "y": 0})
    assert dict(found.coefficients) == {3: c, 5: d}
    assert found.criticality == "subcritical"


def test_unfolding_takes_the_moving_fixed_point_along() -> None:
    found = derive_normal_form({"x": "r*x*(1 - x)"}, at={"x": "2/3", "r": 3}, parameter="r")
    # the multiplier of 1 - 1/r is 2 - r: its slope is -1, though that of r (1 - 2 x) in r at fixed x is -1/3
    assert found.unfolding == (sp.Symbol("r", real=True), -1)


def test_a_symbolic_parameter_and_a_degenerate_flip() -> None:
    k = sp.Symbol("k", real=True)
    found = derive_normal_form({"x": "-x + k*x^3 + x^5", "y": "y/2"}, at={"x": 0, "y": 0})
    assert found.first_lyapunov_coefficient == k
    assert found.criticality == "unknown"
    at_zero = derive_normal_form({"x": "-x + k*x^3 + x^5", "y": "y/2"}, at={"x": 0, "y": 0, "k": 0})
    assert (at_zero.criticality, at_zero.hypotheses[-1].detail) == ("supercritical", "xi^5: 1")
    linear = derive_normal_form({"x": "-x", "y": "y/2"}, at={"x": 0, "y": 0})
    assert (linear.criticality, linear.verdict) == ("unknown", "UNKNOWN")


def test_numbers_that_are_not_rational_are_enclosed() -> None:
    # the flip of gradient descent on exp(x) - 2 x at step 1, whose coefficient is 2/3 by the formula of one parameter
    found = derive_normal_form({"x": "x - exp(x) + 2", "y": "y/2"}, at={"x": "log(2)", "y": 0})
    assert not found.exact
    c = found.first_lyapunov_coefficient
    assert isinstance(c, arb)
    assert (3 * c).contains(2)
    assert c.rad() < 1e-60
    assert found.json()["first_lyapunov_coefficient"]["low"].startswith("0.66666666")


@pytest.mark.parametrize(
    ("step", "at", "failing"),
    [
        ({"x": "-x + y", "y": "-y"}, {"x": 0, "y": 0}, "flip"),
        ({"x": "x/2"}, {"x": 0}, "flip"),
        ({"x": "-x", "y": "y + x^2"}, {"x": 0, "y": 0}, "isolated"),
        ({"x": "-x", "y": "2*y + x^2"}, {"x": 0, "y": 0}, "stable rest"),
        ({"x": "-x", "y": "z", "z": "-y + x"}, {"x": 0, "y": 0, "z": 0}, "stable rest"),
        ({"x": "1 - x"}, {"x": 0}, "fixed point"),
        ({"x": "x - exp(x)"}, {"x": "log(2)"}, "fixed point"),
    ],
)
def test_the_hypothesis_that_fails_is_named(step: dict[str, str], at: dict[str, object], failing: str) -> None:
    found = derive_normal_form(step, at)
    assert next(h.name for h in found.hypotheses if h.holds is False) == failing
    with pytest.raises(DomainError, match=failing):
        _ = found.first_lyapunov_coefficient


@pytest.mark.parametrize("bad", [{"order": 4}, {"order": 11}, {"parameter": "r"}])
def test_bad_arguments(bad: dict[str, object]) -> None:
    with pytest.raises(DomainError):
        derive_normal_form({"x": "-x"}, {"x": 0}, **bad)  # type: ignore[arg-type]


def test_floats_are_refused() -> None:
    with pytest.raises(DomainError, match="exact"):
        derive_normal_form({"x": sp.Float(0.5) * x}, {"x": 0})


def test_it_prints_everywhere(golden: object) -> None:
    form = es.models.derive_normal_form(
        {"x": "1 - a*x^2 + y", "y": "b*x"}, {"a": "27/64", "b": "1/4", "x": "8/9", "y": "2/9"}, "a"
    )
    assert form.verdict == "TRUE"
    golden("latex/flip-normal-form.tex", form.document())  # type: ignore[operator]
    assert "supercritical" in form.text()
