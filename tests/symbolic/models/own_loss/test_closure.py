"""Gradient maps of user losses and the search for closed coordinates."""

from fractions import Fraction
from typing import Any

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.own_loss.closure import NotClosed, close
from edgestab.symbolic.models.own_loss.descent import GradientDescent
from edgestab.symbolic.models.own_loss.gradient import taylor_expansion

x, y, eta = sp.Symbol("x", real=True), sp.Symbol("y", real=True), sp.Symbol("eta", positive=True)
STEPS = st.fractions(Fraction(1, 20), 1, max_denominator=20)
small = st.fractions(-3, 3, max_denominator=7)


def rational(q: Fraction) -> sp.Rational:
    return sp.Rational(q.numerator, q.denominator)


def test_the_step_is_minus_the_gradient() -> None:
    model = GradientDescent("(1 - x*y)^2/2", "x,y")
    assert [sp.expand(c) for c in model.step_map().components] == [
        sp.expand(x + eta * y * (1 - x * y)),
        sp.expand(y + eta * x * (1 - x * y)),
    ]


@settings(max_examples=25)
@given(small, small, STEPS, st.sampled_from(["x*y", "x^2*y^2", "x^3*y^3"]))
def test_the_closed_map_is_the_step(at_x: Fraction, at_y: Fraction, step: Fraction, product: str) -> None:
    model = GradientDescent(f"(1 - {product})^2/2", "x,y")
    reduction = model.reduce({"p": "x*y", "q": "x^2 + y^2"})
    at = {x: rational(at_x), y: rational(at_y), eta: rational(step)}
    nx, ny = (c.subs(at) for c in model.step_map().components)
    p, q = reduction.map.variables
    inside = {p: (x * y).subs(at), q: (x**2 + y**2).subs(at), eta: rational(step)}
    assert [c.subs(inside) for c in reduction.map.components] == [nx * ny, nx**2 + ny**2]


def test_ties_are_proved() -> None:
    model = GradientDescent("(1 - x*y*z*w)^2/2", "x,y,z,w", ties={"z": "x", "w": "y"})
    assert [p.name for p in model.free] == ["x", "y"]
    with pytest.raises(DomainError, match="keeps z = x"):
        GradientDescent("(1 - x*y*z)^2/2 + z", "x,y,z", ties={"z": "x"})


def test_constants_with_roots_and_reciprocals() -> None:
    model = GradientDescent("(u*v)^2/(2*n)", "u,v")
    reduction = model.reduce({"f": "u*v/sqrt(n)", "g": "(u^2 + v^2)/n"})
    f, g, n = (sp.Symbol(s, real=True) for s in "fgn")
    first, second = (e.rhs for e in reduction.equations())
    assert sp.expand(first - f * (1 - eta * g + eta**2 * f**2 / n)) == 0
    assert sp.expand(second - (g + eta * f**2 / n * (eta * g - 4))) == 0


def test_no_closure_has_an_exact_witness() -> None:
    model = GradientDescent("(1 - x*y)^2/2", "x,y")
    result = close(model, {"p": "x*y"})
    assert isinstance(result, NotClosed)
    assert result.verdict is False
    # the witness: the differential of p' is no multiple of the differential of p
    nx, ny = model.step_map().components
    matrix = sp.Matrix([[sp.diff(e, s).subs(result.witness) for s in (x, y)] for e in (x * y, nx * ny)])
    assert matrix.rank() == 2
    with pytest.raises(DomainError, match="try adding"):
        model.reduce({"p": "x*y"})


def test_a_function_that_is_no_polynomial_stays_unknown() -> None:
    result = close(GradientDescent("(1 - x*y)^2/2", "x,y"), {"p": "x*y", "q": "x^2"})
    assert isinstance(result, NotClosed)
    assert result.verdict is None
    assert "not excluded" in result.sentence()


def test_the_suggestion_closes_the_map() -> None:
    model = GradientDescent("(1 - x*y)^2/2", "x,y")
    result = close(model, {"p": "x*y", "q": "x^2"})
    assert isinstance(result, NotClosed)
    assert not isinstance(close(model, {"p": "x*y", "q": "x^2", "r": result.suggestion}), NotClosed)


@pytest.mark.parametrize(
    ("loss", "names", "coordinates"),
    [
        ("(1 - x*y)^2/2", "x,y", {"p": "x*y"}),
        ("(1 - x*y)^2/2", "x,y", {"p": "x*y", "q": "x^2"}),
        ("(1 - x*y*z)^2/2", "x,y,z", {"p": "x*y*z", "q": "x^2 + y^2 + z^2"}),
        ("(1 - x*y*z)^2/2", "x,y,z", {"p": "x*y*z"}),
        ("(1 - x*y^2)^2/2", "x,y", {"p": "x*y^2"}),
        ("(x^2 - epsilon*y^2)^2/8", "x,y", {"f": "x^2 - epsilon*y^2"}),
        ("(u*v)^2/(2*n)", "u,v", {"f": "u*v/sqrt(n)"}),
    ],
)
def test_a_suggestion_is_accepted_or_not_made(loss: str, names: str, coordinates: dict[str, str]) -> None:
    model = GradientDescent(loss, names)
    result = close(model, coordinates)
    assert isinstance(result, NotClosed)
    if result.suggestion is None:
        assert "no one coordinate was found" in result.sentence()
        return
    assert f"adding the coordinate {result.suggestion}" in result.sentence()
    more = {**coordinates, "added": str(result.suggestion)}
    assert not isinstance(close(model, more), NotClosed)
    found = model.study(more, {next(iter(more)): 1 if loss.startswith("(1") else 0})
    assert found.reduction is not None
    assert found.hypotheses[0].verdict == "TRUE"
    assert [h.name for h in found.hypotheses][1] in ("plane", "line of minima")


def test_three_dependent_coordinates_find_their_plane() -> None:
    model, at = GradientDescent("(1 - x*y)^2/2", "x,y"), {"p": 1}
    found = model.study({"p": "x*y", "q": "x^2", "r": "y^2"}, at)
    plain = model.study({"p": "x*y", "q": "x^2 + y^2"}, at)
    assert found.hypothesis("plane") is not None
    assert found.hypotheses[1].verdict == "TRUE"
    assert found.map == plain.map
    assert [h.verdict for h in found.hypotheses if h.name != "plane"] == [h.verdict for h in plain.hypotheses]


def test_three_coordinates_without_a_plane_keep_their_closed_map() -> None:
    model = GradientDescent("(1 - x*y*z)^2/2", "x,y,z")
    third = "x^2*y^2 + y^2*z^2 + x^2*z^2"
    found = model.study({"p": "x*y*z", "q": "x^2 + y^2 + z^2", "r": third}, {"p": 1})
    assert found.failing is not None
    assert (found.failing.name, found.failing.verdict) == ("plane", "FALSE")
    assert "p and r = " in found.failing.detail
    assert set(found.json()["reduced"]) == {"p", "q", "r"}
    with pytest.raises(DomainError, match="value of one of p, q, r"):
        model.study({"p": "x*y*z", "q": "x^2 + y^2 + z^2", "r": third}, {"k": 1})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x*y", "x,z"), "no z in it"),
        (("x*y", "x,x"), "each once"),
        (("x*y", ""), "names such as"),
        (("x*y", "1x,y"), "names such as"),
        (("x/y", "x,y"), "polynomial"),
        (("tanh(x)", "x"), "polynomial"),
        (("x*y", "x,y", "x"), "positive step"),
        (("x*y", "x,y", "-1"), "positive step"),
        (("x*y", "x,y", "0"), "positive step"),
        (("__import__('os')", "x"), "names start"),
        (("n*x/(n+1)", "x"), "power of itself"),
    ],
)
def test_bad_models_are_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        GradientDescent(*arguments).step_map()


def test_floats_are_refused() -> None:
    with pytest.raises(DomainError, match="exact"):
        GradientDescent(0.5 * x**2, (x,))


@pytest.mark.parametrize(
    ("coordinates", "message"),
    [
        ({"x": "x*y"}, "does not use"),
        ({"eta": "x*y"}, "does not use"),
        ({"p": "x*k"}, "formulas in"),
        ({"p": "2"}, "polynomial"),
        ({"p": "1/x"}, "polynomial"),
        ({}, "at least one"),
    ],
)
def test_bad_coordinates_are_refused(coordinates: dict[str, str], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        GradientDescent("(1 - x*y)^2/2", "x,y").reduce(coordinates)


def test_taylor_of_a_network() -> None:
    expanded = taylor_expansion("(tanh(x)*y - 1)^2/2", "x,y", {"x": 0, "y": 1}, 4)
    exact = (sp.tanh(x) * y - 1) ** 2 / 2
    scale = sp.Symbol("s")
    ray = {x: scale * 2, y: 1 + 3 * scale}
    series = sp.series(exact.subs(ray), scale, 0, 5).removeO()
    # degrees above 4 of the Taylor polynomial do not exist
    assert sp.expand(series - expanded.subs(ray)) == 0
    with pytest.raises(DomainError, match="degree"):
        taylor_expansion("x", "x", {}, 13)
    with pytest.raises(DomainError, match="smooth"):
        taylor_expansion("log(x)", "x", {"x": 0})
