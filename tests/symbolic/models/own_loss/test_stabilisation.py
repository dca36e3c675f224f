"""Self-stabilisation from the cubic expansion, and the data of a point."""

import pytest
import sympy as sp

from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.models.own_loss.descent import GradientDescent
from edgestab.symbolic.models.own_loss.stabilisation import derive_self_stabilisation, minimal_loss

x, y = sp.symbols("x y", real=True)
eta, alpha, beta = sp.symbols("eta alpha beta", positive=True)


def test_system_and_energy() -> None:
    found = derive_self_stabilisation()
    assert sp.expand(found.system.components[0] + (1 + eta * y) * x) == 0
    assert sp.expand(found.system.components[1] - y - eta * (alpha - beta * x**2 / 2)) == 0
    energy = found.flow.energy
    assert sp.expand(energy - (y**2 / 2 + beta * x**2 / 4 - alpha * sp.log(sp.Abs(x)))) == 0
    assert {str(p) for p in found.surviving} >= {"L_vv", "L_vw", "L_vvv"}
    assert "L_xxx" in {str(p) for p in found.cancelling}


@pytest.mark.parametrize(("extra", "spoils"), [("x^3", False), ("x*v^2", False), ("v^2", True), ("v^3", True)])
def test_the_list_of_conditions_is_right(extra: str, spoils: bool) -> None:
    # an oracle of its own: run descent on the minimal loss plus one more derivative, and compare two-step increments
    model = GradientDescent(f"x^2 + x^2*v/2 - a*v + {extra}/7", "x,v", 1)
    scale, a = sp.Symbol("s"), sp.Symbol("a", real=True)
    u, v = sp.Symbol("x", real=True), sp.Symbol("v", real=True)
    state = {u: scale * 3, v: scale * 2}
    now = [state[u], state[v]]
    for _ in range(2):
        inside = dict(zip((u, v), now, strict=True)) | {a: scale**2}
        now = [sp.expand(c.subs(inside, simultaneous=True)) for c in model.step_map().components]
    change = [sp.expand(n - s) for n, s in zip(now, (state[u], state[v]), strict=True)]
    wanted = [2 * 3 * 2 * scale**2, 2 * (1 - sp.Rational(9, 2)) * scale**2]
    low = [sp.series(c - w, scale, 0, 3).removeO() for c, w in zip(change, wanted, strict=True)]
    assert (low != [0, 0]) is spoils


def test_minimal_loss_is_exactly_the_system() -> None:
    first, second = minimal_loss().step_map().components
    b, c, v = sp.Symbol("b", positive=True), sp.Symbol("c", positive=True), sp.Symbol("v", real=True)
    assert sp.expand(first + (1 + eta * b * v) * x) == 0
    assert sp.expand(second - v - eta * (c - b * x**2 / 2)) == 0


def test_point_data() -> None:
    point = GradientDescent("x^2*(2 + y)/2 - y", "x,y").at({"x": 0, "y": 1})
    assert point.sharpness == 3
    assert point.edge_step == sp.Rational(2, 3)
    assert (point.alpha, point.beta) == (1, 1)
    assert [h.verdict for h in point.hypotheses] == ["TRUE"] * 4


def test_quadratic_irrationals_are_exact() -> None:
    point = GradientDescent("(1 - x*y)^2/2", "x,y").at({"x": 2, "y": 1})
    assert point.sharpness == sp.Rational(5, 2) + sp.Rational(3, 2) * sp.sqrt(5)
    # oracle: a numerical derivative of the top eigenvalue along minus the gradient
    hessian = sp.hessian((1 - x * y) ** 2 / 2, (x, y))

    def top(at: tuple[float, float]) -> float:
        return max(float(sp.re(e)) for e in hessian.subs({x: at[0], y: at[1]}).evalf().eigenvals())

    h = 1e-5
    slope = [(top((2 + h, 1)) - top((2 - h, 1))) / (2 * h), (top((2, 1 + h)) - top((2, 1 - h))) / (2 * h)]
    eigen = (hessian.subs({x: 2, y: 1}) - point.sharpness * sp.eye(2)).nullspace()[0].evalf()
    norm = float(eigen.norm())
    unit = [float(e) / norm for e in eigen]
    along = sum(s * u for s, u in zip(slope, unit, strict=True))
    side = [s - along * u for s, u in zip(slope, unit, strict=True)]
    assert abs(sum(s * s for s in side) - float(point.beta)) < 1e-3
    gradient = [float(g) for g in point.gradient]
    assert abs(-sum(s * g for s, g in zip(side, gradient, strict=True)) - float(point.alpha)) < 1e-3


@pytest.mark.parametrize(
    ("loss", "point", "message"),
    [
        ("x^2 + y^2", {"x": 1, "y": 1}, "simple positive"),
        ("-x^2 - 2*y^2", {"x": 1, "y": 1}, "simple positive"),
        ("c*x^2 + y^2", {"x": 1, "y": 1}, "without constants"),
        ("x^2 + y^2", {"x": 1}, "a value for each"),
        ("x^2 + 3*x*y + 2*y*z + z^2*x + z^3 + 7*x^2", {"x": 1, "y": 1, "z": 2}, "degree at most 2"),
    ],
)
def test_bad_points_are_refused(loss: str, point: dict[str, object], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        GradientDescent(loss, ",".join(point) if "z" in point else "x,y").at(point)
