"""Derivation logs: a wrong step cannot be written down."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import sympy as sp

from edgestab.symbolic.algebra.errors import DomainError, ProofError
from edgestab.symbolic.algebra.series import Grading, TruncatedSeries
from edgestab.symbolic.explain.log import DerivationLog, compare
from edgestab.symbolic.latex.equations import Equation, Style
from edgestab.symbolic.models.gradient_flow import GradientFlow
from edgestab.symbolic.models.literature import example_study
from edgestab.symbolic.models.own_loss.stabilisation import derive_self_stabilisation
from edgestab.symbolic.models.quadratic import MAIN_MODEL, QuadraticModel, main_case
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
    "one-step": lambda: MAIN_MODEL.explain_one_step(),
    "one-step-3": lambda: QuadraticModel((1, -2, sp.Rational(1, 3)), target=1).explain_one_step(),
    "nullcline": lambda: main_case().nullcline(4).explain(),
    "two-step": lambda: main_case().two_step(3).explain(),
    "limit": lambda: main_case().limit_series(3).explain(),
    "zhu": lambda: example_study("zhu").explain(),
    "zhu-degree-2": lambda: example_study("zhu-degree-2").explain(),
    "lewkowycz": lambda: example_study("lewkowycz").explain(),
    "limit-law": lambda: main_case().limit_law(2).explain(),
    "edge-coordinates": lambda: main_case().edge_coordinates().explain(),
    "gradient-flow": lambda: GradientFlow(MAIN_MODEL).explain(),
    "self-stabilisation": lambda: derive_self_stabilisation().explain(),
}


@pytest.mark.parametrize("name", list(LOGS))
def test_logs_are_checked(name: str, golden: Callable[[str, str], None]) -> None:
    log = LOGS[name]()
    assert any(step.kind == "checked" for step in log.steps)
    assert log.compared > 0
    for left in (e.lhs for step in log.steps for e in step.equations):
        # plain text writes a minus sign between later values whatever the sign is: it has to be one
        values = sorted((s for s in left.free_symbols if "@" in s.name), key=lambda s: s.name)
        assert len(values) < 2 or left == values[1] - values[0]
    assert "checked by exact algebra" in log.text()
    assert r"\begin{align" in log.align(Style(label="eq:log"))
    assert log.json()["compared"] == log.compared
    if name in ("one-step", "zhu-degree-2", "self-stabilisation"):
        golden(f"logs/{name}.txt", log.text() + "\n")


def test_a_wrong_series_stops_the_log() -> None:
    right = main_case().nullcline(3)
    terms = right.series.terms()
    terms[1, 0] = -terms[1, 0]
    changed = TruncatedSeries.from_polynomial(right.series.grading, right.series.grading.ring.from_dict(terms))
    with pytest.raises(ProofError, match="expected 0"):
        replace(right, series=changed).explain()
    recurrence = main_case().two_step(3)
    z, y = (TruncatedSeries.variable(recurrence.y_increment.grading, s) for s in recurrence.variables)
    wrong = replace(recurrence, y_increment=recurrence.y_increment + z * z * y)
    with pytest.raises(ProofError, match="Two steps of y"):
        wrong.explain()


def test_a_wrong_map_has_no_log() -> None:
    right = main_case()
    wrong = PlanarMap(right.variables, (right.components[0] + epsilon * z * T, right.components[1]), right.parameters)
    with pytest.raises(DomainError, match="simple root"):
        wrong.nullcline(3)
    with pytest.raises(ProofError, match="simple root"):
        replace(right.nullcline(3), one_step=wrong).explain()


def test_a_wrong_object_stops_its_own_log() -> None:
    """What is shown is what was checked: a log of a changed object does not pass on the right one's checks."""
    step = main_case()
    manifold, law, cycles = step.slow_manifold(2), step.limit_law(2), step.two_cycles(4)
    coordinates = step.edge_coordinates()
    for wrong in (
        replace(step, components=(step.components[0] + epsilon * z * T, step.components[1])),
        replace(manifold, rows=(*manifold.rows[:2], manifold.rows[2] + 1)),
        replace(law, terms=tuple((e, -c) for e, c in law.terms)),
        replace(law, logarithm=-law.logarithm),
        replace(law, terms=law.terms[:-1]),
        replace(cycles, partner=replace(cycles.partner, rhs=cycles.partner.rhs + z**3)),
        replace(coordinates, tilt=coordinates.tilt + 1),
        replace(coordinates, edge=coordinates.edge + 1),
    ):
        with pytest.raises(ProofError):
            wrong.explain()
    for right in (step, manifold, law, cycles, coordinates):
        assert right.explain().compared > 0
