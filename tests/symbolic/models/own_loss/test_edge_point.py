"""A loss at a point where its derivatives are transcendental numbers."""

from __future__ import annotations

import pytest
import sympy as sp

import edgestab as es
from edgestab.symbolic.algebra.errors import DomainError


def test_logistic_loss_has_exact_eigenvalues_at_a_symmetric_point() -> None:
    point = {"x": 1, "y": 1}
    loss = es.models.taylor_expansion("log(1 + exp(-x*y))", "x,y", point, 4)
    found = es.GradientDescent(loss, "x,y").at(point)
    # by hand: h = log(1 + exp(-p)); h' = -1/(1+e), h'' = e/(1+e)^2; eigenvalues h'' + (h'' + h') and -h'
    e = sp.E
    both = (1 / (1 + e), 2 * e / (1 + e) ** 2 - 1 / (1 + e))
    assert sorted(sp.N(v, 30) for v in found.eigenvalues) == sorted(sp.N(v, 30) for v in both)
    assert sp.cancel(sp.together(found.sharpness - 1 / (1 + e))) == 0


def test_roots_of_transcendental_constants_are_refused_before_the_work() -> None:
    point = {"a": 2, "b": 1}
    loss = es.models.taylor_expansion("(a*tanh(b) - 1)^2/2", "a,b", point, 3)
    with pytest.raises(
        DomainError, match=r"expected Hessian eigenvalues that are rational in .*; got .*Choose a point"
    ):
        es.GradientDescent(loss, "a,b").at(point)


def test_a_point_with_transcendental_constants_is_printed() -> None:
    loss = es.models.taylor_expansion("log(1 + exp(-x*y))", "x,y", {"x": 1, "y": 1}, 4)
    text = es.GradientDescent(loss, "x,y").at({"x": 1, "y": 1}).text()
    assert "not composed" in text
    assert "Verdict" in text
