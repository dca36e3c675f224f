"""Gradient descent against what the normal form says of it: held where it should, and not where it should not."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import sympy as sp

import edgestab as es
from edgestab.numeric.codegen.loss_gradient import compile_gradient
from edgestab.symbolic.algebra.errors import DomainError

LEVEL = "(x^2 - k^2*y^2)^2/8"


def form_of(loss: str, **at: object) -> es.models.MinimumForm:
    return es.models.reduce_at_minimum(loss, ",".join(at), at)


def test_straight_line_gradient_is_the_gradient() -> None:
    x, y = sp.symbols("x y", real=True)
    loss = sp.tanh(x * y) ** 2 / 3 + sp.log(2 + sp.sin(x)) * sp.exp(-y) + sp.sqrt(3 + x) * sp.cosh(y) - sp.cos(y) / 7
    found = compile_gradient(loss, (x, y))(0.7, -0.4)
    for variable, value in zip((x, y), found, strict=True):
        assert abs(value - float(sp.diff(loss, variable).subs({x: 0.7, y: -0.4}))) < 1e-12


@pytest.mark.parametrize(
    "loss", ["log(cosh(x)) + y^2/4", "x^2/2 + x^4/24 + y^2/4 + x^2*y/10", "x^2/2 + x^3/3 + x^4/2 + y^2/4"]
)
def test_two_cycles_lie_where_the_coefficient_says(loss: str) -> None:
    form = form_of(loss, x=0, y=0)
    found = es.orbits.compare_with_descent(form)
    assert found.verdict == "TRUE"
    # the error is of the next order: about a quarter of it, or half after a fifth power, at a quarter of the excess
    assert found.errors[1] < 0.6 * found.errors[0]
    wrong = replace(form, coefficients={k: 2 * v for k, v in form.coefficients.items()})
    assert es.orbits.compare_with_descent(wrong).verdict == "FALSE"


def test_the_end_of_training_and_its_order() -> None:
    errors = []
    for size in (10, 20):
        form = form_of(f"(x^2 - y^2/{size**2})^2/8", x=1, y=size)
        found = es.orbits.compare_with_descent(form)
        assert found.verdict == "TRUE"
        errors.append(found.errors[0])
    # kappa and rho fall by 4, and so does the relative error
    assert abs(math.log2(errors[0] / errors[1]) - 2) < 0.25
    assert form.kappa is not None
    wrong = replace(form, beta=2 * form.beta, kappa=2 * form.kappa)
    assert es.orbits.compare_with_descent(wrong).verdict == "FALSE"


def test_several_data_points() -> None:
    loss = "(tanh(x)*y - 1/2)^2/2 + (tanh(2*x + z)*y - 1/3)^2/2"
    form = es.models.reduce_at_minimum(loss, "x,y,z", {"x": "1", "y": "0.65", "z": "-1.45"}, near=True)
    found = es.orbits.compare_with_descent(form)
    assert found.verdict == "TRUE"
    assert found.errors[0] < 0.05


def test_too_few_steps_are_unknown() -> None:
    found = es.orbits.compare_with_descent(form_of("(x^2 - y^2/400)^2/8", x=1, y=20), max_steps=200)
    assert found.verdict == "UNKNOWN"
    assert found.json()["measured"] == [None]
    assert "cut short" in found.text()


@pytest.mark.parametrize(
    ("loss", "at"),
    [("x^2/2 + y^2/4", {"x": 0, "y": 0}), ("x^2 + y^4", {"x": 0, "y": 0}), (LEVEL, {"x": "k*t", "y": "t"})],
)
def test_nothing_to_compare(loss: str, at: dict[str, object]) -> None:
    with pytest.raises(DomainError):
        es.orbits.compare_with_descent(form_of(loss, **at))
