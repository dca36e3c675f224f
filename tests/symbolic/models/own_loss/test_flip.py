"""One parameter: the flip at the edge, against orbits of the map itself."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy as sp

import edgestab as es
from edgestab.symbolic.algebra.errors import DomainError

SUPERCRITICAL = "x^2/2 + x^3/3 + x^4/40"


def descend(slope: sp.Expr, x: float, step: float, steps: int) -> float:
    move = sp.lambdify(sp.Symbol("x", real=True), slope)
    for _ in range(steps):
        x -= step * move(x)
        if abs(x) > 5:
            return float("inf")
    return x


@pytest.mark.parametrize(("loss", "c"), [("x^2/2 + x^4/24", "-1/3"), (SUPERCRITICAL, "19/5"), ("2*x^2 - x^4", "2")])
def test_coefficient_and_where_orbits_go(loss: str, c: str) -> None:
    model = es.GradientDescent(loss, "x")
    found = model.flip({"x": 0})
    assert found.coefficient == sp.Rational(c)
    (slope,) = model.gradient()
    (last,) = [h for h in found.hypotheses if h.name == "supercritical"]
    assert last.holds is bool(found.coefficient > 0)
    mu = 1e-3 if found.coefficient > 0 else -1e-3
    step = float((2 + mu) / found.sharpness)
    size = float(sp.sqrt(mu / found.coefficient))
    if found.coefficient > 0:  # attracted from both sides
        for start in (0.5 * size, 1.5 * size):
            end = descend(slope, start, step, 40_000)
            again = descend(slope, end, step, 1)
            assert abs(abs(end - again) / 2 - size) < 0.05 * size
    else:
        assert abs(descend(slope, 0.9 * size, step, 40_000)) < 0.01 * size
        assert abs(descend(slope, 1.1 * size, step, 40_000)) > 2 * size


def test_the_zero_of_the_cubic_term_asks_the_next() -> None:
    # c = L3^2/L2^2 - L4/(3 L2) = 4 - 24 k/3 with L3 = 2, L4 = 24 k: zero at k = 1/2
    found = es.GradientDescent("x^2/2 + x^3/3 + x^4/2", "x").flip({"x": 0})
    assert found.coefficient == 0
    assert found.first_term is not None
    assert found.first_term[0] == 5
    assert found.hypotheses[-1].holds is bool(found.first_term[1] < 0)


def test_a_quadratic_is_degenerate() -> None:
    found = es.GradientDescent("x^2", "x").flip({"x": 0})
    assert [(h.name, h.verdict) for h in found.hypotheses] == [("minimum", "TRUE"), ("flip", "FALSE")]
    assert "every point is a two-cycle" in found.text()


def test_no_sharpness_moves_and_it_says_so() -> None:
    text = es.GradientDescent(SUPERCRITICAL, "x").flip({"x": 0}).text()
    assert "its sharpness is a constant" in " ".join(text.split())
    assert "Supercritical" in text


def test_irrational_minima_ties_and_constants() -> None:
    found = es.GradientDescent("(x^2 - 2)^2/4", "x").flip({"x": "sqrt(2)"})
    assert (found.edge_step, found.coefficient, found.verdict) == (sp.Rational(1, 2), 4, "TRUE")
    tied = es.GradientDescent("(1 - x*y)^2/2", "x,y", ties={"y": "x"}).flip({"x": 1})
    assert (tied.sharpness, tied.coefficient) == (2, 8)
    assert [h.verdict for h in tied.hypotheses] == ["TRUE"] * 4
    # within y = x the second derivative is 1, across it 3: not the sharpness
    across = es.GradientDescent("(x + y)^2/4 + 3*(x - y)^2/4 + (x + y)^3", "x,y", ties={"y": "x"}).flip({"x": 0})
    assert {h.name: h.verdict for h in across.hypotheses}["sharpness"] == "FALSE"
    open_sign = es.GradientDescent("x^2/2 + g*x^4/24", "x").flip({"x": 0})
    assert (str(open_sign.coefficient), open_sign.verdict) == ("-g/3", "UNKNOWN")


def test_no_minimum_is_false() -> None:
    for loss, at in (("x^2/2 + x^3", 1), ("x^3 - x^2", 0)):
        found = es.GradientDescent(loss, "x").flip({"x": at})
        assert found.hypotheses[0].verdict == "FALSE"
        assert "No minimum" in found.explain().text()
        assert found.json()["verdict"] == "FALSE"


def test_the_log_compares_the_composed_map_with_the_formula() -> None:
    log = es.GradientDescent(SUPERCRITICAL, "x").flip({"x": 0}).explain()
    assert log.compared >= 1
    assert "-38*u**3/5" in log.text()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m: m.study({"p": "x", "q": "x^2"}, {"p": 0}), "two free parameters or more.*flip"),
        (lambda m: m.flip({}), "a value for each"),
        (lambda m: m.flip({"x": 0}, degree=3), "degree 4 or more"),
        (lambda m: m.flip({"x": "k"}), "exact real number"),
    ],
)
def test_refusals_say_what_to_do(ask: object, message: str) -> None:
    assert callable(ask)
    with pytest.raises(DomainError, match=message):
        ask(es.GradientDescent("x^2/2 + x^4", "x"))
    with pytest.raises(DomainError, match="one free parameter"):
        es.GradientDescent("x*y", "x,y").flip({"x": 0, "y": 0})


def test_a_taylor_polynomial_is_believed_to_its_degree_only() -> None:
    model = es.GradientDescent(es.models.taylor_expansion("1 - cos(x)", "x", {"x": 0}, 4), "x")
    assert model.flip({"x": 0}, degree=4).coefficient == sp.Rational(1, 3)
    flat = es.GradientDescent("x^2/2", "x").flip({"x": Fraction(0)}, degree=4)
    assert flat.hypotheses[-1].verdict == "UNKNOWN"
