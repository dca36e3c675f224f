"""Reduction at a minimum: against one-parameter flips, exact limits of known models, and derivatives taken naively."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest
import sympy as sp
from flint import arb

import edgestab as es
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.normal_form.minimum import reduce_at_minimum

x, y, z = sp.symbols("x y z", real=True)


def holds(value: object, exact: sp.Expr) -> bool:
    """Whether a ball holds an exact number, judged by a far more precise approximation of it."""
    assert isinstance(value, arb)
    assert value.rad() < 1e-20
    return abs(float(sp.N(exact, 30)) - float(value.mid())) < 1e-13 * (1 + abs(float(value.mid())))


@pytest.mark.parametrize("loss", ["x^2/2 + x^3/3 + x^4/40", "x^2/2 + x^4/24", "2*x^2 - x^4", "x^2/2 + x^3/3 + x^4/2"])
def test_one_parameter_is_the_flip(loss: str) -> None:
    model = es.GradientDescent(loss, "x")
    known, found = model.flip({"x": 0}), model.normal_form({"x": 0})
    assert found.first_lyapunov_coefficient == known.coefficient
    assert found.edge_step == known.edge_step
    assert known.first_term is not None
    power, twice = known.first_term
    # two steps move by -2 times the first coefficient that is not 0
    assert -2 * found.coefficients[power] == twice
    assert (found.criticality == "supercritical") is bool(twice < 0)


def test_rotated_coordinates_give_the_same_coefficients_in_balls() -> None:
    plain = reduce_at_minimum("x^2 + x^3/2 + x^4/3 + y^2/3 + x^2*y/5", "x,y", {"x": 0, "y": 0})
    turned = sp.sympify(plain.loss).subs({x: (x + 2 * y) / sp.sqrt(5), y: (y - 2 * x) / sp.sqrt(5)}, simultaneous=True)
    found = reduce_at_minimum(sp.expand(turned), "x,y", {"x": 0, "y": 0})
    assert plain.exact
    assert not found.exact
    for power in (3, 5):
        assert holds(found.coefficients[power], plain.coefficients[power])


def test_the_quadratic_model_ends_where_its_limit_series_says() -> None:
    epsilon, t = sp.symbols("epsilon t", positive=True)
    loss = (x**2 - epsilon**2 * y**2) ** 2 / 8
    found = reduce_at_minimum(loss, (x, y), {"x": epsilon * t, "y": t})
    limit = es.models.main_case().limit_series(2).expression()
    small = es.symbol("epsilon")
    assert isinstance(found.kappa, sp.Expr)
    # eigenvalues 1, -epsilon^2 here; the form knows the first order
    predicted = sp.series(2 - found.kappa.subs(epsilon, sp.sqrt(small)), small, 0, 2).removeO()
    assert sp.expand(predicted - (limit - limit.coeff(small, 2) * small**2)) == 0


def test_zhu_ends_half_a_step_below_the_edge() -> None:
    model = es.GradientDescent("(1 - x*y*z*w)^2/2", "x,y,z,w", ties={"z": "x", "w": "y"})
    s, eta = sp.Symbol("s", real=True), sp.Symbol("eta", positive=True)
    found = model.normal_form({"x": "1/s", "y": "s"})
    assert found.predicted_sharpness is not None
    depth = sp.together(found.sharpness - found.predicted_sharpness).subs(s, sp.sqrt(eta))
    # at s^2 = eta the sharpness is 2/eta + O(eta^3): the depth starts with eta/2, as study() has it
    assert sp.limit(depth / eta, eta, 0) == sp.Rational(1, 2)
    assert [(h.name, h.verdict) for h in found.hypotheses if h.holds is not True] == [("drift", "UNKNOWN")]
    assert found.nulls == 3


def test_bending_and_slope_against_derivatives_of_the_sharpness() -> None:
    loss = (1 - x * y) ** 2 / 2 + (2 - y * z) ** 2 / 2 + (x * y - 1) ** 2 * z / 3
    at = {"x": 3, "y": sp.Rational(1, 3), "z": 6}
    found = reduce_at_minimum(loss, "x,y,z", at)
    # the minima are (s, 1/s, 2 s): the sharpness along them, by its characteristic polynomial
    s, root = sp.symbols("s root", positive=True)
    hessian = sp.hessian(loss, (x, y, z)).subs({x: s, y: 1 / s, z: 2 * s})
    poly = sp.expand((root * sp.eye(3) - hessian).det() / root)
    value = max(sp.Poly(poly.subs(s, 3), root).nroots(n=40))
    first = -sp.diff(poly, s) / sp.diff(poly, root)
    second = sp.diff(first, s) + sp.diff(first, root) * first
    speed = sp.sqrt(5 + s**-4)
    rate = first / speed
    slope, bend = (
        sp.N(e.subs({s: 3, root: value}), 30) for e in (rate, (second - first * sp.diff(speed, s) / speed) / speed**2)
    )
    assert holds(found.sharpness, value)
    assert holds(found.beta, slope**2)
    assert holds(found.bending, 2 * bend)


def test_a_point_near_a_minimum_is_moved_to_one() -> None:
    loss = "(tanh(x)*y - 1/2)^2/2 + (tanh(2*x + z)*y - 1/3)^2/2"
    near = reduce_at_minimum(loss, "x,y,z", {"x": "1", "y": "0.65", "z": "-1.45"}, near=True)
    assert near.verdict == "TRUE"
    values = {s: float(v.mid()) for s, v in near.point.items()}
    for residual in (sp.tanh(x) * y - sp.Rational(1, 2), sp.tanh(2 * x + z) * y - sp.Rational(1, 3)):
        assert abs(float(residual.subs(values))) < 1e-14
    away = reduce_at_minimum(loss, "x,y,z", {"x": "1", "y": "0.65", "z": "-1.45"})
    assert [(h.name, h.verdict) for h in away.hypotheses] == [("critical point", "FALSE")]


def test_enclosures_hold_the_exact_numbers() -> None:
    exact = reduce_at_minimum("(1 - x*y*z)^2/2", "x,y,z", {"x": 3, "y": "1/3", "z": 1})
    near = reduce_at_minimum("(1 - x*y*z)^2/2", "x,y,z", {"x": 3, "y": "1/3", "z": 1}, near=True)
    for name, value in exact.numbers().items():
        if name != "alpha":
            assert holds(near.numbers()[name], value), name


@pytest.mark.parametrize(
    ("loss", "at", "failing"),
    [
        ("x^2 + y^4", (0, 0), ("manifold", "FALSE")),
        ("x^2 + y^2", (0, 0), ("simple", "FALSE")),
        ("x^2 - y^2", (0, 0), ("minimum", "FALSE")),
        ("x^2 + y^2/2 + y", (0, 0), ("critical point", "FALSE")),
        ("(1 - x*y)^2/2", ("11/10", "10/11"), ("slow drift", "FALSE")),
        ("(1 - 2*x*y + x^2*y^2)/2", ("11/10", "10/11"), ("manifold", "UNKNOWN")),
        ("x^2/2 + y^2/4", (0, 0), ("supercritical", "UNKNOWN")),
        ("x^2/2 + x^4 + y^2/4", (0, 0), ("supercritical", "FALSE")),
    ],
)
def test_the_hypothesis_that_fails_is_named(loss: str, at: tuple[object, object], failing: tuple[str, str]) -> None:
    found = reduce_at_minimum(loss, "x,y", dict(zip(("x", "y"), at, strict=True)))
    assert failing in [(h.name, h.verdict) for h in found.hypotheses if h.holds is not True]
    assert found.verdict != "TRUE"


@pytest.mark.parametrize(
    ("loss", "at", "more"),
    [
        ("x^2*k + y^2", {"x": 0, "y": 0}, {}),
        ("x^2*k + y^2", {"x": 0, "y": 0}, {"near": True}),
        ("x^2 + y^2/2", {"x": 0}, {}),
        ("x^2 + y^2/2", {"x": 0, "y": 0}, {"order": 2}),
        ("exp(x) + exp(y)", {"x": 0, "y": 0}, {"near": True}),
        ("log(x) + y^2", {"x": "-1", "y": 0}, {}),
    ],
)
def test_what_cannot_be_asked(loss: str, at: dict[str, object], more: dict[str, object]) -> None:
    with pytest.raises(DomainError):
        reduce_at_minimum(loss, "x,y", at, **more)  # type: ignore[arg-type]


def test_it_prints_everywhere(golden: object) -> None:
    found = reduce_at_minimum("(1 - x^2*y^2)^2/4", "x,y", {"x": 4, "y": "1/4"})
    golden("latex/minimum-form.tex", found.document())  # type: ignore[operator]
    assert found.json()["predicted_sharpness"] == str(found.predicted_sharpness)
    assert "ends at" in found.text()


@pytest.mark.thorough
def test_a_network_of_a_hundred_parameters_is_reduced_in_seconds() -> None:
    import time

    rng = random.Random(1)
    widths, names = (5, 8, 5, 1), list[str]()

    def parameter(name: str) -> sp.Symbol:
        names.append(name)
        return sp.Symbol(name, real=True)

    layers = [
        (
            [[parameter(f"w{k}x{i}x{j}") for j in range(a)] for i in range(b)],
            [parameter(f"b{k}x{i}") for i in range(b)],
        )
        for k, (a, b) in enumerate(itertools.pairwise(widths))
    ]
    loss = sp.S.Zero
    for _ in range(6):
        h: list[sp.Expr] = [sp.Rational(rng.randint(-20, 20), 20) for _ in range(5)]
        for k, (weights, shifts) in enumerate(layers):
            h = [
                sp.Add(*(w * v for w, v in zip(row, h, strict=True)), b) for row, b in zip(weights, shifts, strict=True)
            ]
            h = [sp.tanh(v) for v in h] if k < 2 else h
        loss += (h[0] - sp.Rational(rng.randint(-10, 10), 10)) ** 2 / 2
    started = time.process_time()
    found = reduce_at_minimum(
        loss, names, {n: Fraction(round(rng.gauss(0, 0.6) * 1000), 1000) for n in names}, near=True
    )
    assert time.process_time() - started < 30
    assert found.nulls == 99 - 6
    c = found.first_lyapunov_coefficient
    assert isinstance(c, arb)
    assert c.rad() < 1e-20
