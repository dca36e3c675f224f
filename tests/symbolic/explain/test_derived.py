import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import sympy as sp

from edgestab.symbolic.explain.derived import Derived, by_powers
from edgestab.symbolic.models.central_flow.averaged import derive_averaged_flow
from edgestab.symbolic.models.central_flow.comparison import derive_central_flow_error
from edgestab.symbolic.models.central_flow.derive import derive_central_flow
from edgestab.symbolic.models.families.known import family, product_loss
from edgestab.symbolic.models.gradient_flow import GradientFlow
from edgestab.symbolic.models.literature import example_study
from edgestab.symbolic.models.normal_form.flip_form import derive_normal_form
from edgestab.symbolic.models.own_loss.descent import GradientDescent
from edgestab.symbolic.models.own_loss.gradient import CutShort
from edgestab.symbolic.models.own_loss.stabilisation import derive_self_stabilisation
from edgestab.symbolic.models.quadratic import MAIN_MODEL, QuadraticModel, main_case
from edgestab.symbolic.optimisers.edge import derive_edge
from edgestab.symbolic.optimisers.optimiser import heavy_ball

x, a = sp.symbols("x a", real=True)


def test_text_is_sorted_by_powers() -> None:
    assert [line.strip(" +") for line in by_powers(a * x + x**2 - 3, x).splitlines()] == ["-3", "a*x", "x**2"]
    assert by_powers(sp.Integer(0), x) == "0"


@pytest.mark.parametrize("what", ["one-step", "two-step", "nullcline"])
def test_python_source_runs_exactly(what: str) -> None:
    step = main_case()
    result: Derived = {"one-step": step, "two-step": step.two_step(3), "nullcline": step.nullcline(3)}[what]
    assert result.kind == what
    space: dict[str, Any] = {}
    exec(result.python(), space)
    function = space[what.replace("-", "_")]
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    point = {name: Fraction(k + 1, k + 5) for k, name in enumerate(names)}
    for value, expr in zip(function(**point), result.expressions(), strict=True):
        at = {s: sp.Rational(point[s.name].numerator, point[s.name].denominator) for s in expr.free_symbols}
        assert expr.subs(at) == sp.Rational(value.numerator, value.denominator)
    assert any("deg_z > 3" in line or "exact" in line for line in result.text().splitlines())


KINDS: dict[str, Callable[[], Derived]] = {
    "one-step": main_case,
    "nullcline": lambda: main_case().nullcline(2),
    "two-step": lambda: main_case().two_step(2),
    "slow-manifold": lambda: main_case().slow_manifold(2),
    "limit": lambda: main_case().limit_series(2),
    "limit-law": lambda: main_case().limit_law(1),
    "edge-coordinates": lambda: main_case().edge_coordinates(),
    "two-cycles": lambda: main_case().two_cycles(2),
    "slow-flow": lambda: example_study("zhu-degree-2").flow,
    "gradient-flow": lambda: GradientFlow(MAIN_MODEL),
    "gradient-step": lambda: GradientDescent("(1 - x*y)^2/2", "x,y"),
    "closed-map": lambda: GradientDescent("(1 - x*y)^2/2", "x,y").reduce({"p": "x*y", "q": "x^2 + y^2"}),
    "edge-form": lambda: example_study("zhu").form or main_case(),
    "edge-study": lambda: example_study("zhu"),
    "edge-point": lambda: GradientDescent("(1 - x*y)^2/2", "x,y").at({"x": 2, "y": "1/2"}),
    "flip-point": lambda: GradientDescent("x^2/2 + x^4/24", "x").flip({"x": 0}),
    "cut-short": lambda: CutShort(GradientDescent("(1 - x*y)^2/2", "x,y"), "closed map"),
    "self-stabilisation": derive_self_stabilisation,
    "edge": lambda: derive_edge(heavy_ball()),
    "phases": lambda: family("cubic").phases(),
    "product-loss": lambda: product_loss("log-cosh"),
    "flip-normal-form": lambda: derive_normal_form({"x": "-x + x^3"}, at={"x": 0}),
    "central-flow": lambda: derive_central_flow(GradientDescent("x^2*(2 + y)/2 - y", "x,y"), at={"x": 0, "y": 0}),
    "central-flow-error": lambda: derive_central_flow_error(order=1),
    "averaged-flow": lambda: derive_averaged_flow(QuadraticModel((1, -2))),
    "minimum-form": lambda: GradientDescent("x^2/2 + x^4/24", "x").normal_form({"x": 0}),
}


def all_kinds(base: type[Derived] = Derived) -> set[str]:
    below = [sub for sub in base.__subclasses__() if sub.__module__.startswith("edgestab.")]
    return set().union({sub.kind for sub in below if "kind" in vars(sub)}, *(all_kinds(sub) for sub in below))


def test_no_kind_is_forgotten() -> None:
    assert all_kinds() == set(KINDS)


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_has_the_one_interface(kind: str) -> None:
    result = KINDS[kind]()
    assert result.kind == kind
    assert result.expressions() == tuple(right for _, right in result.sides())
    assert result.expressions()
    assert len(result.text().splitlines()) > 1
    compile(result.python(), kind, "exec")
    assert json.loads(json.dumps(result.json())) == result.json()
    assert result.latex().startswith(r"\begin{aligned}")
    assert r"\begin{align" in result.align()
    assert r"\documentclass" in result.document(title=kind)
    assert len(result.explain().steps) > 0
