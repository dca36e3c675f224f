"""`edgestab derive central-flow` and its relatives as a user meets them."""

import json
from collections.abc import Callable

import pytest

from .conftest import Ran


def test_the_error_is_printed_as_data(edgestab: Callable[..., Ran]) -> None:
    ran = edgestab("derive", "central-flow-error", "--order", "2", "--format", "json")
    found = json.loads(ran.out)
    assert (found["gap"], found["share"]) == (["0", "1/2", "27/32"], "8/9")


def test_a_loss_of_ones_own_at_a_point(edgestab: Callable[..., Ran]) -> None:
    own = ("--loss", "x^2*(2 + y)/2 - y", "--parameters", "x,y")
    ran = edgestab("derive", "central-flow", *own, "--at", "x=0,y=0", "--step", "1")
    assert "sigma2 = 2" in ran.out
    assert "sigma^2 = " in edgestab("derive", "central-flow", *own).out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("central-flow", "--loss", "x*y"), "--parameters"),
        (("limit", "--loss", "x*y", "--parameters", "x,y"), "edgestab model"),
        (("central-flow", "--loss", "x*y", "--parameters", "x,y", "--at", "x"), "name=formula"),
        (("central-flow", "--optimiser", "sam"), "point"),
        (("central-flow", "--optimiser", "weight-decay"), "keeps minima"),
    ],
)
def test_bad_requests_say_what_to_do(edgestab: Callable[..., Ran], arguments: tuple[str, ...], message: str) -> None:
    ran = edgestab("derive", *arguments)
    assert ran.code == 2
    assert message in ran.err
