"""Derivation logs: a wrong step cannot be written down."""

from collections.abc import Callable

import pytest
import sympy as sp

from edgestab.symbolic.algebra.errors import ProofError
from edgestab.symbolic.algebra.series import Grading, TruncatedSeries
from edgestab.symbolic.explain.descent import explain_descent, explain_self_stabilisation
from edgestab.symbolic.explain.log import DerivationLog, compare
from edgestab.symbolic.explain.main_case import (
    explain_limit,
    explain_nullcline,
    explain_one_step,
    explain_two_step,
)
from edgestab.symbolic.latex import Equation, Style
from edgestab.symbolic.models.literature import example_study
from edgestab.symbolic.models.quadratic import QuadraticModel, main_case
from edgestab.symbolic.planar.planar_map import PlanarMap

x, z, T, epsilon = sp.Symbol("x", real=True), *main_case().variables, *main_case().parameters


def test_a_wrong_identity_raises() -> None:
    log = DerivationLog("test")
    log.identity("right", "binomial", (x + 1) ** 2, x**2 + 2 * x + 1, Equation(x, x))
    assert log.steps[0].compared == 3
    with pytest.raises(ProofError, match="wrong"):
        log.identity("wrong", "no", (x + 1) ** 2, x**2 + 1)
    assert compare(1 / (1 - x), (1 + x) / (1 - x**2), "rational") > 0
    with pytest.raises(ProofError):
        compare(1 / (1 - x), 1 / (1 + x), "rational")


def test_a_series_that_does_not_vanish_raises() -> None:
    grading = Grading((x,), (1,), 3)
    with pytest.raises(ProofError, match="expected 0"):
        DerivationLog("t").vanishing("t", "", TruncatedSeries.from_expr(grading, x**3), 1)


LOGS: dict[str, Callable[[], DerivationLog]] = {
    "one-step": lambda: explain_one_step(main_case().model),
    "one-step-3": lambda: explain_one_step(QuadraticModel((1, -2, sp.Rational(1, 3)), target=1)),
    "nullcline": lambda: explain_nullcline(main_case(), 4),
    "two-step": lambda: explain_two_step(main_case(), 3),
    "limit": lambda: explain_limit(main_case(), 3),
    "zhu": lambda: explain_descent(example_study("zhu")),
    "zhu-degree-2": lambda: explain_descent(example_study("zhu-degree-2")),
    "lewkowycz": lambda: explain_descent(example_study("lewkowycz")),
    "self-stabilisation": explain_self_stabilisation,
}


@pytest.mark.parametrize("name", list(LOGS))
def test_logs_are_checked(name: str, golden: Callable[[str, str], None]) -> None:
    log = LOGS[name]()
    assert any(step.kind == "checked" for step in log.steps)
    assert log.compared > 0
    assert "checked by exact algebra" in log.text()
    assert r"\begin{align" in log.align(Style(label="eq:log"))
    assert log.to_json()["compared"] == log.compared
    if name in ("one-step", "zhu-degree-2", "self-stabilisation"):
        golden(f"logs/{name}.txt", log.text() + "\n")


def test_a_wrong_map_stops_the_log() -> None:
    right = main_case()
    wrong = PlanarMap(right.variables, (right.components[0] + epsilon * z * T, right.components[1]), right.parameters)
    with pytest.raises(ProofError):
        explain_nullcline(wrong, 3)
