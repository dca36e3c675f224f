"""A loss at a point where its derivatives are transcendental numbers."""

from __future__ import annotations

from dataclasses import replace

import mpmath
import pytest
import sympy as sp

import edgestab as es
from edgestab.symbolic.algebra.errors import DomainError, ProofError


def test_logistic_loss_has_exact_eigenvalues_at_a_symmetric_point() -> None:
    point = {"x": 1, "y": 1}
    loss = es.models.taylor_expansion("log(1 + exp(-x*y))", "x,y", point, 4)
    found = es.GradientDescent(loss, "x,y").at(point)
    # by hand: h = log(1 + exp(-p)); h' = -1/(1+e), h'' = e/(1+e)^2; eigenvalues h'' + (h'' + h') and -h'
    e = sp.E
    both = (1 / (1 + e), 2 * e / (1 + e) ** 2 - 1 / (1 + e))
    assert sorted(sp.N(v, 30) for v in found.eigenvalues) == sorted(sp.N(v, 30) for v in both)
    assert sp.cancel(sp.together(found.sharpness - 1 / (1 + e))) == 0


def test_eigenvalues_with_a_root_of_transcendental_constants_are_exact() -> None:
    loss = "exp(1)*x^2/2 + x*y + x^2*y*log(2)"
    found = es.GradientDescent(loss, "x,y").at({"x": 0, "y": 0})
    assert [sp.expand(v**2 - sp.E * v - 1) for v in found.eigenvalues] == [0, 0]
    # against the definition, by central differences of the top eigenvalue in 60 digits
    with mpmath.workdps(60):
        step = mpmath.mpf(10) ** -20

        def top(x: mpmath.mpf, y: mpmath.mpf) -> mpmath.mpf:
            a, b = mpmath.e + 2 * y * mpmath.log(2), 1 + 2 * x * mpmath.log(2)
            return (a + mpmath.sqrt(a**2 + 4 * b**2)) / 2

        slope = [(top(step, 0) - top(-step, 0)) / (2 * step), (top(0, step) - top(0, -step)) / (2 * step)]
        vector = [top(0, 0), mpmath.mpf(1)]
        size = mpmath.sqrt(sum(v**2 for v in vector))
        along = sum(s * v for s, v in zip(slope, vector, strict=True)) / size
        side = [s - along * v / size for s, v in zip(slope, vector, strict=True)]
        assert abs(sum(s**2 for s in side) - mpmath.mpf(sp.N(found.beta, 50))) < mpmath.mpf(10) ** -30
    assert found.alpha == 0


HIDDEN_ZERO = "(log(3 + 2*sqrt(2)) - 2*log(1 + sqrt(2)))"
"""Zero, as (1 + sqrt 2)^2 = 3 + 2 sqrt 2, by an identity that no rule here knows."""


@pytest.mark.parametrize(
    ("drive", "sharpening", "top_gradient"),
    [
        ("log(2)", "TRUE", "TRUE"),
        ("(log(6) - log(2) - log(3))", "FALSE", "TRUE"),
        ("(tanh(2) - 2*tanh(1)/(1 + tanh(1)^2))", "FALSE", "TRUE"),
        ("(sin(1)^2 + cos(1)^2 - 1)", "FALSE", "TRUE"),
        ("(log(2) - log(3))", "FALSE", "TRUE"),
        (HIDDEN_ZERO, "UNKNOWN", "TRUE"),
    ],
)
def test_a_sign_is_proved_or_unknown(drive: str, sharpening: str, top_gradient: str) -> None:
    found = es.GradientDescent(f"x^2*(2 + y)/2 - y*{drive}", "x,y").at({"x": 0, "y": 1})
    verdicts = {h.name: h.verdict for h in found.hypotheses}
    assert (verdicts["sharpening"], verdicts["top gradient"]) == (sharpening, top_gradient)


def test_dependent_constants_do_not_make_a_hypothesis_false() -> None:
    for zero, verdict in (("(log(6) - log(2) - log(3))", "TRUE"), (HIDDEN_ZERO, "UNKNOWN")):
        found = es.GradientDescent(f"x^2*(2 + y)/2 - y + x*{zero}", "x,y").at({"x": 0, "y": 1})
        assert {h.name: h.verdict for h in found.hypotheses}["top gradient"] == verdict


def test_a_tie_is_kept_also_where_constants_are_dependent() -> None:
    loss = "log(6)*x^2 + (log(2) + log(3))*y^2"
    assert es.GradientDescent(loss, "x,y", ties={"y": "x"}).free == (es.algebra.parse_expression("x"),)


def test_equal_eigenvalues_in_other_words_are_not_simple() -> None:
    with pytest.raises(DomainError, match="a simple positive top Hessian eigenvalue"):
        es.GradientDescent("log(6)*x^2 + (log(2) + log(3))*y^2", "x,y").at({"x": 0, "y": 0})
    with pytest.raises(DomainError, match="that can be told apart"):
        es.GradientDescent(f"x^2 + (1 + {HIDDEN_ZERO})*y^2", "x,y").at({"x": 0, "y": 0})


def test_roots_and_transcendental_constants_together() -> None:
    loss = "(y^2 + 3/2)*log(2)*(log(2) + sqrt(2) + 2 - x)"
    found = es.GradientDescent(loss, "x,y").at({"x": 0, "y": 0})
    wanted = 2 * sp.log(2) * (sp.log(2) + sp.sqrt(2) + 2)
    assert sp.expand(found.sharpness - wanted) == 0
    root = es.GradientDescent("sqrt(2)*x*y + x^2*y", "x,y").at({"x": 0, "y": 0})
    assert root.eigenvalues == (-sp.sqrt(2), sp.sqrt(2))


def test_points_may_be_irrational() -> None:
    found = es.GradientDescent("(1 - x*y)^2/2", "x,y").at({"x": "sqrt(2)", "y": "1/sqrt(2)"})
    assert found.sharpness == sp.Rational(5, 2)
    for wrong in ("q", "sqrt(-1)", "log(0)", "x.y"):
        with pytest.raises(DomainError, match=r"an exact (real number|expression)|attribute access"):
            es.GradientDescent("(1 - x*y)^2/2", "x,y").at({"x": 1, "y": wrong})


def test_a_point_with_transcendental_constants_is_printed() -> None:
    loss = es.models.taylor_expansion("log(1 + exp(-x*y))", "x,y", {"x": 1, "y": 1}, 4)
    text = es.GradientDescent(loss, "x,y").at({"x": 1, "y": 1}).text()
    assert "not composed" in text
    assert "Verdict" in text


def test_a_changed_point_cannot_be_explained() -> None:
    found = es.GradientDescent("(1 - x*y)^2/2", "x,y").at({"x": 2, "y": 1})
    assert found.explain().compared == 13
    first, *others = found.gradient
    low, high = found.eigenvalues
    wrong = (
        ("Point", {"gradient": (-first, *others)}),
        ("Hessian eigenvalues", {"eigenvalues": (low + 1, high)}),
        ("Top eigenvector and edge", {"edge_step": 1 / found.sharpness}),
        ("Sharpening and slope", {"alpha": -found.alpha}),
        ("Sharpening and slope", {"beta": found.beta + 1}),
    )
    for step, change in wrong:
        with pytest.raises(ProofError, match=f"0 in '{step}'"):
            replace(found, **change).explain()
