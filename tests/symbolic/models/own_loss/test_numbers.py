"""One form for equal numbers, and signs that are proved or open."""

import pytest
import sympy as sp

from edgestab.symbolic.algebra.parsing import parse_expression
from edgestab.symbolic.models.own_loss.numbers import is_zero, normal_form, sign

ZEROS = [
    "log(6) - log(2) - log(3)",
    "tanh(2) - 2*tanh(1)/(1 + tanh(1)^2)",
    "sin(1)^2 + cos(1)^2 - 1",
    "sin(2) - 2*sin(1)*cos(1)",
    "sin(3/2)*cos(1/2) + cos(3/2)*sin(1/2) - sin(2)",
    "cosh(2) - 2*cosh(1)^2 + 1",
    "softplus(-1) - softplus(1) + 1",
    "exp(sqrt(2))^2 - exp(2*sqrt(2))",
    "log(2*exp(1)) - 1 - log(2)",
    "log(1 - tanh(1)^2) + 2*log(cosh(1))",
    "exp(exp(1))*exp(-exp(1)) - 1",
    "(sqrt(exp(1) + 1) + 1)*(sqrt(exp(1) + 1) - 1) - exp(1)",
    "1/(sqrt(exp(1) + 1) - 1) - (sqrt(exp(1) + 1) + 1)/exp(1)",
]


@pytest.mark.parametrize("text", ZEROS)
def test_known_identities_hold_in_the_form(text: str) -> None:
    assert normal_form(parse_expression(text)) == 0


@pytest.mark.parametrize("text", ZEROS)
def test_a_number_beside_zero_has_its_sign(text: str) -> None:
    for side in (-1, 1):
        assert sign(parse_expression(f"{text} + {side}/10^30")) == side


@pytest.mark.parametrize("text", ["tanh(1/3)/7", "log(5/7)*sqrt(3)", "exp(-1/2)+sin(1)", "sqrt(tanh(1)+2)/(1+sqrt(2))"])
def test_the_form_is_the_same_number(text: str) -> None:
    number = parse_expression(text)
    assert abs(sp.N(number - normal_form(number), 40, maxn=400)) < sp.Float(10) ** -35


def test_algebraic_zeros_are_decided_and_others_stay_open() -> None:
    assert is_zero(parse_expression("sqrt(3 + 2*sqrt(2)) - 1 - sqrt(2)")) is True
    assert is_zero(parse_expression("log(3 + 2*sqrt(2)) - 2*log(1 + sqrt(2))")) is None
    k = sp.Symbol("k", real=True)
    assert (sign(k**2 + 1), sign(k)) == (1, None)
