from fractions import Fraction
from typing import Any

import pytest
import sympy as sp

from edgestab.symbolic.explain.derived import Derived, by_powers
from edgestab.symbolic.models.quadratic import main_case

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
