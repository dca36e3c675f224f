"""The safe formula parser: exact on good input, quick and clear on bad."""

import time
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import example, given
from hypothesis import strategies as st

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.algebra.parsing import parse_expression

x, y = sp.symbols("x y", real=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x*y", x * y),
        ("(1 - x*y)^2/2", (1 - x * y) ** 2 / 2),
        ("-x^2", -(x**2)),
        ("x^-1", 1 / x),
        ("2^3^2", sp.Integer(512)),
        ("x-y-1", x - y - 1),
        ("x/y/2", x / y / 2),
        ("x*y/2*x-x/y", x**2 * y / 2 - x / y),
        ("0.25*x + 1e-3", x / 4 + sp.Rational(1, 1000)),
        ("sqrt(x)*tanh(y)", sp.sqrt(x) * sp.tanh(y)),
        ("--x", x),
        ("E + I", sp.Symbol("E", real=True) + sp.Symbol("I", real=True)),
    ],
)
def test_formulas(text: str, expected: sp.Expr) -> None:
    result = parse_expression(text)
    assert result == expected
    assert not result.has(sp.Float)


HOSTILE = {
    "__import__('os')": "names start with a letter",
    "x.__class__": "attribute access",
    "eval(x)": "only these functions may be called",
    "x[0]": "indexing",
    "'x'": "quotes",
    "x" * 10**6: "at most 10000 characters; got 1000000",
    "9^9^9^9": "exponents",
    "x^x": "exponents",
    "(x+y)^100000": "exponents",
    "((x^100)^100)^100": "degree",
    "(10^128)^128": "digits",
    "(x+y+z+w+1)^100": "terms",
    "1e999999999": "digits",
    "(" * 4000 + "x" + ")" * 4000: "nesting",
    "-" * 5000 + "x": "nesting",
    "x^" * 3000 + "x": "nesting",
    "2x": "2\\*x",
    "x y": "an operator was expected",
    "x(1)": "write x\\*",
    "": "end of formula",
    "   ": "end of formula",
    "1/0": "division by zero",
    "1/(x-x)": "division by zero",
    "0^-1": "division by zero",
    "(x": "not closed",
    "x)": "an operator was expected",
    "x=1": "equation",
    "x,y": "list",
    "lambda: 1": "names, numbers",
    "\u03b8^2": "names, numbers",
    "x;import os": "names, numbers",
    "x\x00": "names, numbers",
    "1..2": "an operator was expected",
    "x*": "end of formula",
    "*x": "a number, a name",
}


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: t[:20].encode("unicode_escape").decode())
def test_bad_input_is_refused_at_once(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(DomainError, match=HOSTILE[text]) as caught:
        parse_expression(text)
    assert time.perf_counter() - start < 1.0
    message = str(caught.value)
    assert message.startswith("parse_expression(): expected ")
    assert len(message) < 300
    assert "\n" not in message


def test_unknown_names_are_told() -> None:
    with pytest.raises(DomainError, match="name 'u' at position 4.*known names: x, y"):
        parse_expression("x + u", names=("x", "y"))


def test_longest_allowed_formulas_are_quick() -> None:
    start = time.perf_counter()
    parse_expression("+".join(f"a{i}" for i in range(1500)))
    parse_expression("x-" * 4900 + "x")
    assert time.perf_counter() - start < 5.0


numbers = st.fractions(-9, 9, max_denominator=9)
formulas = st.recursive(
    st.sampled_from(["x", "y"]) | st.integers(0, 9).map(str) | st.sampled_from(["0.5", "1.25"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]}) {t[1]} {t[2]}"),
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"{t[0]}{t[1]}({t[2]})"),
        st.tuples(inner, st.integers(0, 3)).map(lambda t: f"({t[0]})^{t[1]}"),
        inner.map(lambda t: f"-{t}"),
        inner.map(lambda t: f"({t})/4"),
    ),
    max_leaves=8,
)


@example("-(x) + ((0)^0)/4", Fraction(1, 3), Fraction(0))
@given(formulas, numbers, numbers)
def test_agrees_with_exact_evaluation(text: str, at_x: Fraction, at_y: Fraction) -> None:
    # the oracle: Python's own grammar on exact fractions (safe here: the text is generated)
    exact = text.replace("^", "**").replace("0.5", "Fraction(1,2)").replace("1.25", "Fraction(5,4)")
    # 1/4 of Python's integers is a float
    exact = exact.replace(")/4", ")/Fraction(4)")
    expected = eval(exact, {"Fraction": Fraction, "x": at_x, "y": at_y})
    value = parse_expression(text).subs(
        {x: sp.Rational(*at_x.as_integer_ratio()), y: sp.Rational(*at_y.as_integer_ratio())}
    )
    assert value == sp.Rational(*Fraction(expected).as_integer_ratio())


def test_a_message_shows_twenty_signs_to_both_sides_and_says_what_it_leaves_out() -> None:
    for before, after in ((0, 0), (19, 20), (20, 20), (21, 21), (40, 5)):
        with pytest.raises(DomainError) as told:
            parse_expression("x" * before + "$" + "y" * (after - 1))
        shown = "..." * (before > 20) + "x" * min(before, 20) + "$" + "y" * min(max(after - 1, 0), 19)
        assert repr(shown + "..." * (after > 20)) in str(told.value)
