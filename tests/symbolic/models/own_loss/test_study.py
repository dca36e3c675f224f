"""Models at their edge of stability: what is derived, and which hypothesis fails."""

import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.literature import EXAMPLES, example_study
from edgestab.symbolic.models.own_loss import closure, derivation
from edgestab.symbolic.models.own_loss.descent import GradientDescent
from edgestab.symbolic.models.own_loss.study import EdgeStudy
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.planar.slow_flow import separate_variables

eta, epsilon = sp.Symbol("eta", positive=True), sp.Symbol("epsilon", positive=True)


def test_degree_four_concentrates() -> None:
    found = example_study("zhu")
    assert found.concentrates
    assert [h.verdict for h in found.hypotheses] == ["TRUE"] * 10
    # first two from the paper; the third confirmed by iteration in four parameters (see the claims)
    assert found.limit.coefficients[:3] == (2, sp.Rational(-1, 2), sp.Rational(129, 32))
    assert found.sharpness_limit().coeff(eta, -1) == 2
    assert found.sharpness_limit().coeff(eta, 1) == sp.Rational(-1, 2)


def test_iteration_confirms_the_next_term() -> None:
    with mpmath.workdps(30):
        h = mpmath.mpf(1) / 25
        x = mpmath.mpf("5.2")
        y = mpmath.mpf("1.15") / x
        scale = mpmath.sqrt(mpmath.mpf("1.13") / h / (x**2 + y**2))
        x, y = x * scale, y / scale
        for _ in range(60_000):
            r = 1 - (x * y) ** 2
            if abs(r) < mpmath.mpf(10) ** -16:
                break
            x, y = x + h * r * x * y**2, y + h * r * x**2 * y
        sharpness = 2 * (x**2 + y**2)
        assert abs((sharpness - 2 / h + h / 2) / h**3 - mpmath.mpf(129) / 32) < 0.2


def test_degree_two_does_not() -> None:
    found = example_study("zhu-degree-2")
    assert not found.concentrates
    assert found.failing is not None
    assert found.failing.name == "relaxation"
    z, y = found.flow.z, found.flow.y
    assert sp.expand(found.flow.energy - (y**2 / 2 + epsilon * z**2)) == 0
    with pytest.raises(DomainError, match="relaxation FALSE"):
        _ = found.limit


def test_catapult_has_no_small_parameter() -> None:
    found = example_study("lewkowycz")
    assert found.failing is not None
    assert found.failing.name == "small parameter"
    assert found.form is not None
    assert found.form.map.parameters == ()


def test_the_main_case_is_found_from_its_loss() -> None:
    found = example_study("agarwala")
    assert found.concentrates
    assert found.form is not None
    assert found.form.map == main_case()
    assert found.limit.coefficients == main_case().limit_series(3).coefficients


@pytest.mark.parametrize(("power", "first"), [(3, sp.Rational(-27, 88)), (4, sp.Rational(-1, 4))])
def test_higher_products(power: int, first: sp.Rational) -> None:
    # literals from a separate series computation on the map of p = xy, q = x^2 + y^2 with `power` tied copies
    names = [f"{letter}_{k}" for letter in "xy" for k in range(power)]
    ties = {n: n[0] + "_0" for n in names if not n.endswith("_0")}
    model = GradientDescent(f"(1 - {'*'.join(names)})^2/2", ",".join(names), ties=ties)
    found = model.study({"p": "x_0*y_0", "q": "x_0^2 + y_0^2"}, {"p": 1}, 2)
    assert found.concentrates
    assert found.limit.coefficients[1] == first


@pytest.mark.parametrize(
    ("coordinates", "at", "name", "verdict"),
    [
        ({"p": "x*y", "q": "x^2 + y^2"}, {"p": 2}, "line of minima", "FALSE"),
        ({"p": "x*y", "q": "x^2"}, {"p": 1}, "closure", "UNKNOWN"),
        ({"p": "x*y"}, {"p": 1}, "closure", "FALSE"),
    ],
)
def test_failing_hypotheses_are_named(
    coordinates: dict[str, str], at: dict[str, object], name: str, verdict: str
) -> None:
    found = GradientDescent("(1 - x*y)^2/2", "x,y").study(coordinates, at)
    assert found.failing is not None
    assert (found.failing.name, found.failing.verdict) == (name, verdict)
    with pytest.raises(DomainError, match=name):
        _ = found.limit


def test_two_cycles_are_two_cycles() -> None:
    found = example_study("zhu")
    assert found.form is not None
    frozen = found.form.map.substitute({epsilon: 0})
    z, T = frozen.variables
    curve = sp.Poly(found.cycles.curve.subs(z, sp.Rational(1, 20)), T)
    (root,) = [r for r in curve.nroots(n=30) if abs(r - 2) < 0.1]
    first = [c.subs({z: sp.Rational(1, 20), T: root}) for c in frozen.components]
    second = [c.subs(dict(zip((z, T), first, strict=True))) for c in frozen.components]
    assert abs(second[0] - sp.Rational(1, 20)) < 1e-25
    assert abs(second[1] - root) < 1e-25
    assert abs(first[0] - sp.Rational(1, 20)) > 0.01
    partner = found.cycles.partner.rhs.subs(z, sp.Rational(1, 20))
    assert abs(partner - first[0]) < 60 * (1 / 20) ** 4


@pytest.mark.parametrize("name", list(EXAMPLES))
@settings(max_examples=10)
@given(a=st.fractions(-2, 2, max_denominator=5), b=st.fractions(-2, 2, max_denominator=5))
def test_the_edge_form_is_the_gradient_step(name: str, a: Fraction, b: Fraction) -> None:
    found: EdgeStudy = example_study(name)
    form, model = found.form, found.model
    assert form is not None
    values = {
        p: sp.Rational(*q.as_integer_ratio()) + k for k, (p, q) in enumerate(zip(model.free, [a, b] * 2, strict=False))
    }
    constants = {c: sp.Rational(k + 4, 9) ** 2 for k, c in enumerate(model.constants)}
    moved = dict(zip(model.free, (e.rhs.subs(constants).subs(values) for e in model.equations()), strict=True))
    coordinates = dict(form.reduction.coordinates)
    before, after = (
        [e.subs(coordinates).subs(constants).subs(at) for e in (form.residual, form.curvature)]
        for at in (values, moved)
    )
    inside = dict(zip(form.map.variables, before, strict=True))
    if form.small is not None:
        inside[form.small[0]] = form.small[1].subs(constants)
    assert [sp.nsimplify(c.subs(inside)) for c in form.map.components] == [sp.nsimplify(v) for v in after]


@pytest.mark.parametrize(
    ("at", "message"), [({}, "value of one of"), ({"k": 1}, "value of one of"), ({"p": "sqrt(2)"}, "rational")]
)
def test_bad_edges_are_refused(at: dict[str, object], message: str) -> None:
    with pytest.raises((DomainError, TypeError), match=message):
        GradientDescent("(1 - x*y)^2/2", "x,y").study({"p": "x*y", "q": "x^2 + y^2"}, at)


def test_several_constants_need_a_choice() -> None:
    model = GradientDescent("(c - x*y)^2/2", "x,y")
    coordinates = {"p": "x*y", "q": "x^2 + y^2"}
    found = model.study(coordinates, {"p": 0})
    assert found.failing is not None
    assert found.failing.name == "line of minima"


def test_an_interrupt_loses_only_the_step_it_falls_into(monkeypatch: pytest.MonkeyPatch) -> None:
    model, coordinates, at = GradientDescent("(1 - x*y)^2/2", "x,y"), {"p": "x*y", "q": "x^2 + y^2"}, {"p": 1}
    whole, flat = example_study("zhu").hypotheses, example_study("zhu-degree-2").hypotheses
    calls: list[str] = []

    def counted(*arguments: Any, **named: Any) -> Any:
        calls.append("close")
        return closure.close(*arguments, **named)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(derivation, "close", counted)
    with monkeypatch.context() as patch:
        patch.setattr(derivation, "concentration_hypotheses", interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.study(coordinates, at)
    begun = model.begin_study(coordinates, at)
    partial = begun.so_far()
    assert begun.step == partial.interruption == "leading terms of two steps"
    assert partial.form is not None
    assert [h.verdict for h in partial.hypotheses] == ["TRUE"] * 5 + ["UNKNOWN"] * 5
    assert [h.name for h in partial.hypotheses] == [h.name for h in whole]
    assert [h.statement for h in partial.hypotheses] == [h.statement for h in whole]
    assert partial.verdict == "UNKNOWN"
    assert model.study(coordinates, at).hypotheses == flat
    assert calls == ["close"]


def test_an_interrupt_while_a_coordinate_is_tried_keeps_the_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(derivation, "try_suggestion", interrupted)
    begun = GradientDescent("(1 - x*y)^2/2", "x,y").begin_study({"p": "x*y"}, {"p": 1})
    with pytest.raises(KeyboardInterrupt):
        begun.run()
    partial = begun.so_far()
    assert (partial.hypotheses[0].name, partial.hypotheses[0].verdict) == ("closure", "FALSE")
    assert partial.hypotheses[0].detail.startswith("at x=")
    assert (partial.verdict, partial.interruption) == ("FALSE", "closed map")


def test_an_interrupted_report_shows_what_came_before() -> None:
    begun = GradientDescent("(1 - x*y*z*w)^2/2", "x,y,z,w", ties={"z": "x", "w": "y"}).begin_study(
        {"p": "x*y", "q": "x^2 + y^2"}, {"p": 1}
    )

    def stop(step: str) -> None:
        if step == "two-step recurrence":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begun.run(everything=True, tell=stop)
    text = begun.so_far().text()
    assert "Two-step nullcline" in text
    assert "Two-step recurrence:" not in text
    assert "UNKNOWN: cut short at the step 'two-step recurrence'" in text
    assert "two_step" not in begun.so_far().json()
    assert begun.run(everything=True).verdict == "TRUE"


def test_a_document_lists_its_hypotheses() -> None:
    found = example_study("zhu-degree-2")
    text = found.document()
    listed = text.partition(r"\begin{enumerate}")[2].partition(r"\end{enumerate}")[0]
    assert listed.count(r"\item \textbf{") == len(found.hypotheses)
    assert r"\item \textbf{relaxation (FALSE)}: off the two-cycles" in listed
    assert "order z$^{2}$: y$''$ - y = -a z$^{2}$ y" in listed
    assert "Verdict: the analysis stops at 'relaxation': FALSE." in text


def test_a_notebook_shows_the_whole_study() -> None:
    found = example_study("zhu-degree-2")
    page = found._repr_html_()
    assert page.count("<tr>") == len(found.hypotheses) + 1
    assert "<td>FALSE</td><td>relaxation</td>" in page
    assert r"p_{t+1} &amp;= \left(1 + \eta^{2}\right) p" in page
    assert "y&#x27;&#x27; - y = -a z^2 y, a &gt; 0" in page
    outside = re.sub(r"\$\$.*?\$\$", "", page, flags=re.DOTALL)
    assert not re.search(r"<(?!/?(h3|h4|p|div|table|tr|th|td)>)", outside)
    for name in ("zhu", "lewkowycz"):
        assert example_study(name)._repr_latex_().count(r"\begin{aligned}") >= 5
    assert "cut short at the step" in replace(found, interruption="sharpness")._repr_html_()
    point = GradientDescent("x^2*(2 + y)/2 - y", "x,y").at({"x": 0, "y": 1})
    assert "<td>TRUE</td><td>sharpening</td>" in point._repr_html_()


def test_energies() -> None:
    u, v, k = sp.symbols("u v k", real=True)
    flow = separate_variables(u, v, u, k - u**2)
    assert flow.energy == v**2 / 2 - k * sp.log(sp.Abs(u)) + u**2 / 2
    with pytest.raises(DomainError, match="free of y"):
        separate_variables(u, v, u * v, k)
