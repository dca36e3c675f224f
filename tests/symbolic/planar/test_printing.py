from fractions import Fraction
from typing import Any

import pytest
import sympy as sp

from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.planar.printing import by_powers, python_source, text_lines

x, a = sp.symbols("x a", real=True)


def test_text_is_sorted_by_powers() -> None:
    assert [line.strip(" +") for line in by_powers(a * x + x**2 - 3, x).splitlines()] == ["-3", "a*x", "x**2"]
    assert by_powers(sp.Integer(0), x) == "0"


@pytest.mark.parametrize("what", ["one-step", "two-step", "nullcline"])
def test_python_source_runs_exactly(what: str) -> None:
    case = main_case()
    result, expressions = {
        "one-step": (case, case.components),
        "two-step": (case.two_step(3), case.two_step(3).expressions()),
        "nullcline": (case.nullcline(3), (case.nullcline(3).expression(),)),
    }[what]
    space: dict[str, Any] = {}
    exec(python_source(what, result), space)  # type: ignore[arg-type]
    function = space[what.replace("-", "_")]
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    point = {name: Fraction(k + 1, k + 5) for k, name in enumerate(names)}
    for value, expr in zip(function(**point), expressions, strict=True):
        at = {s: sp.Rational(point[s.name].numerator, point[s.name].denominator) for s in expr.free_symbols}
        assert expr.subs(at) == sp.Rational(value.numerator, value.denominator)
    assert any("deg_z > 3" in line or "exact" in line for line in text_lines(what, result))  # type: ignore[arg-type]
