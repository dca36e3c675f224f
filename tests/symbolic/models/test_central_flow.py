"""The central flow: against whole tensors of derivatives, and its error against series found another way."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from edgestab.symbolic.algebra.errors import DomainError, ProofError
from edgestab.symbolic.algebra.symbols import symbol
from edgestab.symbolic.models.central_flow.averaged import derive_averaged_flow
from edgestab.symbolic.models.central_flow.comparison import _root, derive_central_flow_error
from edgestab.symbolic.models.central_flow.derive import derive_central_flow
from edgestab.symbolic.models.central_flow.flow import CentralFlow
from edgestab.symbolic.models.central_flow.own_loss import CentralFlowPoint
from edgestab.symbolic.models.own_loss.descent import GradientDescent
from edgestab.symbolic.models.quadratic import QuadraticModel, main_case
from edgestab.symbolic.optimisers.optimiser import gradient_filter, heavy_ball, nesterov, sam, weight_decay
from edgestab.symbolic.optimisers.two_step import derive_two_step

epsilon, z, T, b = (symbol(n) for n in ("epsilon", "z", "T", "b"))
MAIN = QuadraticModel((1, -epsilon))


def whole(model: QuadraticModel) -> CentralFlow:
    found = derive_central_flow(model)
    assert isinstance(found, CentralFlow)
    return found


def by_tensors(loss: sp.Expr, weights: list[sp.Symbol], at: dict[sp.Symbol, float]) -> tuple[float, float, list[float]]:
    """S, sigma^2 and velocity of the flow from floats: eigenvector of the Hessian, third derivatives along it."""
    import numpy as np

    gradient = np.array([float(sp.diff(loss, p).subs(at)) for p in weights])
    hessian = np.array([[float(sp.diff(loss, p, q).subs(at)) for p in weights] for q in weights])
    values, vectors = np.linalg.eigh(hessian)
    u = vectors[:, -1]
    cubic = np.array([[[float(sp.diff(loss, p, q, r).subs(at)) for p in weights] for q in weights] for r in weights])
    slope = cubic @ u @ u
    variance = -2 * slope @ gradient / (slope @ slope)
    return values[-1], variance, list(-(gradient + variance / 2 * slope))


@pytest.mark.thorough
@settings(max_examples=6, deadline=None)
@given(st.integers(1, 6), st.integers(-6, -1), st.fractions(-1, 1, max_denominator=4))
def test_closed_flow_is_that_of_the_weights(size: int, place: int, target: sp.Rational) -> None:
    """At a point of the edge, the closed formulas against tensors in theta."""
    eps, at = sp.Rational(size, 7), sp.Rational(place, 20)
    model = QuadraticModel((1, -eps), sp.Rational(str(target)))
    flow = derive_central_flow(model)
    assert isinstance(flow, CentralFlow)
    assert flow.curve is not None
    total, trace = 2 * (at + model.target), flow.curve.subs(z, at)
    first, second = (trace + eps * total) / (1 + eps), (trace - total) / (eps * (1 + eps))
    if first <= 0 or second <= 0:
        return
    weights = list(model.theta)
    here = {weights[0]: float(sp.sqrt(first)), weights[1]: float(sp.sqrt(second))}
    sharpness, variance, velocity = by_tensors(model.loss(), weights, here)
    found = [float(e.subs(z, at)) for e in (flow.variance, *flow.along)]
    assert sharpness == pytest.approx(2)
    assert found[0] == pytest.approx(variance)
    moved = dict(zip(weights, velocity, strict=True))
    for embedded, value in zip(model.embedding(), found[1:], strict=True):
        assert sum(float(sp.diff(embedded, t).subs(here)) * moved[t] for t in weights) == pytest.approx(value)


@pytest.mark.thorough
def test_three_eigenvalues_stay_on_their_edge() -> None:
    flow = derive_central_flow(QuadraticModel((1, 2, -1)))
    assert isinstance(flow, CentralFlow)
    assert flow.curve is None
    at = {flow.variables[0]: sp.Rational(-1, 10), flow.variables[1]: sp.Rational(3, 2)}
    at[flow.variables[2]] = sp.solve(flow.surface.subs(at), flow.variables[2])[0]
    slopes = [sp.diff(flow.surface, v).subs(at) for v in flow.variables]
    _, *moved = flow.at(at)
    assert sum(a * v for a, v in zip(slopes, moved, strict=True)) == 0
    assert any(v != 0 for v in moved)


@pytest.mark.thorough
def test_a_loss_of_ones_own_as_formulas_and_at_a_point() -> None:
    model = GradientDescent("(1 - x*y)^2/2 + x^3/9", "x,y", step="1/2")
    formulas = derive_central_flow(model)
    assert isinstance(formulas, CentralFlow)
    x, y = model.parameters
    point = {x: 1.3, y: float(sp.nsolve(formulas.surface.subs(x, 1.3), y, 1.5))}
    sharpness, variance, velocity = by_tensors(model.loss, [x, y], point)
    assert sharpness == pytest.approx(4)
    assert float(formulas.variance.subs(point)) == pytest.approx(variance)
    assert [2 * float(v.subs(point)) for v in formulas.along] == pytest.approx(velocity)
    free = GradientDescent("(1 - x*y)^2/2 + x^3/9", "x,y")
    exact = derive_central_flow(free, at={"x": 1, "y": "3/2"})
    assert isinstance(exact, CentralFlowPoint)
    sharpness, variance, velocity = by_tensors(model.loss, [x, y], {x: 1.0, y: 1.5})
    assert float(exact.step) == pytest.approx(2 / sharpness)
    assert float(exact.variance) == pytest.approx(max(variance, 0))
    assert exact.explain().compared == (variance > 0)


def test_below_the_edge_it_is_the_gradient_flow_and_beyond_it_is_refused() -> None:
    model = GradientDescent("x^2*(2 + y)/2 - y", "x,y", step=1)
    below = derive_central_flow(model, at={"x": 0, "y": "-1/2"})
    assert isinstance(below, CentralFlowPoint)
    assert (below.regime, below.variance, below.velocity) == ("below", 0, (0, 1))
    with pytest.raises(DomainError, match="edge 2 or below"):
        derive_central_flow(model, at={"x": 0, "y": 1})
    # the loss falls to the other side: the sharpness falls by itself, and nothing has to vibrate
    falling = derive_central_flow(GradientDescent("x^2*(2 + y)/2 + y", "x,y", step=1), at={"x": 0, "y": 0})
    assert isinstance(falling, CentralFlowPoint)
    assert (falling.regime, falling.variance, falling.velocity) == ("edge", 0, (0, -1))


def test_sam_averages_its_own_gradient() -> None:
    """Under an ascent the mean over the vibration is not along the slope; here against a difference quotient."""
    rho, step = sp.Rational(1, 4), sp.Rational(1, 2)
    model = GradientDescent("x^2*(2 + y)/2 - y + x*y^2/5", "x,y", step=step)
    x, y = model.parameters
    slopes = [step * g for g in model.gradient()]
    lifted = {p: p + rho * g for p, g in zip((x, y), slopes, strict=True)}
    taken = sp.Matrix([g.subs(lifted, simultaneous=True) for g in slopes])
    at = {"x": 0, "y": -1}
    found = derive_central_flow(model, sam(rho), at=at)
    assert isinstance(found, CentralFlowPoint)
    here = {x: 0, y: -1}
    jacobian = taken.jacobian([x, y]).subs(here)
    (value, _, (u,)) = max(jacobian.eigenvects(), key=lambda row: float(row[0]))
    assert found.sharpness * step == sp.radsimp(value)
    u = u / sp.sqrt((u.T * u)[0])
    small = sp.Rational(1, 10**8)
    there = [taken.subs({x: side * small * u[0], y: -1 + side * small * u[1]}) for side in (1, -1)]
    bent = (there[0] + there[1] - 2 * taken.subs(here)) / small**2
    for a, c in zip(bent, found.pull, strict=True):
        assert float(a) == pytest.approx(float(c * step), rel=1e-6)


def test_error_of_the_main_case() -> None:
    error = derive_central_flow_error(order=4)
    assert [-c for c in error.gap[1:]] == list(main_case().limit_series(4).coefficients[1:])
    for found, wanted in zip(error.variances, (2 * (b - 2) / 9, (b - 2) / 4), strict=True):
        assert sp.expand(found - wanted) == 0
    assert error.share == sp.Rational(8, 9)
    # the multiplier of the line of minima is 1 - T
    end = main_case().limit_series(4).expression()
    assert sp.series(-2 * sp.log(end - 1), epsilon, 0, 5).removeO().expand() == error.series(error.rates["orbit"])
    assert sp.series(error.flow_rate, epsilon, 0, 5).removeO().expand() == error.series(error.rates["flow"])
    # with the fourth derivative the rate is right to leading order, and only to that
    assert [error.rates["orbit"][n] - error.rates["fourth"][n] for n in (1, 2)] == [0, sp.Rational(1, 2)]


@pytest.mark.thorough
@pytest.mark.parametrize("value", ["1/2", "2/3"])
def test_under_momentum_the_flow_has_the_same_share(value: str) -> None:
    error = derive_central_flow_error(heavy_ball(value), 1)
    two = derive_two_step(heavy_ball(value))
    # per step: the residual changes by rate y / 2, its square by twice that
    assert error.rates["orbit"][1] == -two.rate * two.limit.coefficients[1]
    assert error.rates["flow"][1] == sp.Rational(8, 9) * error.rates["orbit"][1]
    assert error.rates["fourth"][1] == error.rates["orbit"][1]


def test_every_form_can_be_printed() -> None:
    flow, error = derive_central_flow(MAIN), derive_central_flow_error(order=1)
    for found in (flow, error):
        assert found.latex()
        assert found.align()
        assert found.json()
        assert found.explain().compared > 1
        space: dict[str, object] = {}
        exec(found.python(), space)
    half = sp.Rational(1, 2)
    assert space["central_flow_error"](3, half)[1] == error.flow_rate.subs(epsilon, half)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: derive_central_flow(MAIN, weight_decay("1/10")), "keeps minima"),
        (lambda: derive_central_flow(MAIN, gradient_filter(("1/3", "1/3", "1/3"))), "multiplier -1 at the edge"),
        (lambda: derive_central_flow(MAIN, sam("1")), "Give a point|give a point"),
        (lambda: derive_central_flow(GradientDescent("x*y*z*w", "x,y,z,w")), "2..3 parameters"),
        (lambda: derive_central_flow(GradientDescent("x^2 + y^2", "x,y"), at={"x": 0, "y": 0}), "2 times"),
        (lambda: derive_central_flow(GradientDescent("x^2 + 2*y^2", "x,y"), at={"x": 0, "y": 0}), "moves"),
        (lambda: whole(MAIN).at({"z": 0.1, "epsilon": 1}), "exact numbers"),
        (lambda: whole(MAIN).at({"z": sp.Rational(-1, 9)}), "each symbol"),
        (lambda: whole(MAIN).at({"z": 0, "T": 1, "epsilon": 1}), "point of the edge"),
        (lambda: derive_central_flow_error(order=0), "1..12"),
        (lambda: derive_central_flow_error(nesterov("1/2"), target=1), "rational target"),
        (lambda: derive_central_flow_error(target=0.5), "rational target"),
    ],
)
def test_what_it_refuses(call: object, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        call()  # type: ignore[operator]


def test_the_averaged_equations_come_to_rest_on_the_two_cycles() -> None:
    """At epsilon = 0: x^2 = (b - 2)/4, z = -3 x^2/2, S = 2 - x^2/2; and their identities hold."""
    flow = derive_averaged_flow(MAIN)
    square = sp.Symbol("square", positive=True)
    at = {flow.z: -3 * square / 2, flow.S: 2 - square / 2, symbol("sigma2"): square, epsilon: 0}
    for value in (*flow.velocity, flow.growth):
        assert sp.cancel(value.subs(at)) == 0
    assert sp.cancel(flow.slow.subs(at)) == 2 + 4 * square
    assert flow.explain().compared > 10
    assert "dsigma^2/dt" in flow.text()
    with pytest.raises(DomainError, match="two eigenvalues"):
        derive_averaged_flow(QuadraticModel((1, 2, 3)))


def test_the_root_of_a_polynomial_is_its_power_series() -> None:
    unknown, epsilon = sp.Symbol("u"), symbol("epsilon")
    found = _root(unknown**2 - 1 - epsilon, unknown, sp.Integer(-1), 5)
    wanted = sp.series(-sp.sqrt(1 + epsilon), epsilon, 0, 6).removeO()
    assert sp.expand(sp.Add(*(c * epsilon**k for k, c in enumerate(found))) - wanted) == 0
    with pytest.raises(ProofError, match="a simple root"):
        _root((unknown + 1) ** 2 - epsilon, unknown, sp.Integer(-1), 2)
