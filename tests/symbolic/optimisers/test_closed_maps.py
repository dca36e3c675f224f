"""Closed maps of the quadratic model, and steps on other losses, against steps written out in fractions."""

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations_with_replacement

import pytest
import sympy as sp

import edgestab as es
from edgestab.symbolic.algebra.errors import DomainError, ProofError
from edgestab.symbolic.models.optimised_quadratic import OptimisedQuadratic
from edgestab.symbolic.optimisers.optimiser import Optimiser
from edgestab.symbolic.planar.maps import PolynomialMap

epsilon = es.symbol("epsilon")
BETA, RHO = Fraction(1, 3), Fraction(2, 5)
Gradient = Callable[[list[Fraction]], list[Fraction]]
Step = Callable[[list[Fraction], list[list[Fraction]], Gradient], list[list[Fraction]]]


def heavy(x: list[Fraction], rest: list[list[Fraction]], gradient: Gradient) -> list[list[Fraction]]:
    v = [BETA * a - g for a, g in zip(rest[0], gradient(x), strict=True)]
    return [[a + b for a, b in zip(x, v, strict=True)], v]


def ahead(x: list[Fraction], rest: list[list[Fraction]], gradient: Gradient) -> list[list[Fraction]]:
    query = [a + BETA * b for a, b in zip(x, rest[0], strict=True)]
    v = [BETA * a - g for a, g in zip(rest[0], gradient(query), strict=True)]
    return [[a + b for a, b in zip(x, v, strict=True)], v]


def sharp(x: list[Fraction], rest: list[list[Fraction]], gradient: Gradient) -> list[list[Fraction]]:
    up = [a + RHO * g for a, g in zip(x, gradient(x), strict=True)]
    return [[a - g for a, g in zip(x, gradient(up), strict=True)]]


def averaged(x: list[Fraction], rest: list[list[Fraction]], gradient: Gradient) -> list[list[Fraction]]:
    """A mean of this gradient and the last one, whose half is kept with its sign."""
    g = gradient(x)
    return [[a - b / 2 + s for a, b, s in zip(x, g, rest[0], strict=True)], [-b / 2 for b in g]]


CASES: list[tuple[Optimiser, Step]] = [
    (es.optimisers.heavy_ball("1/3"), heavy),
    (es.optimisers.nesterov("1/3"), ahead),
    (es.optimisers.sam("2/5"), sharp),
]


@pytest.mark.parametrize(("optimiser", "step"), CASES, ids=lambda v: getattr(v, "name", ""))
@pytest.mark.parametrize("q", [[Fraction(1), Fraction(-1, 7)], [Fraction(1), Fraction(-1, 7), Fraction(2, 3)]])
def test_closed_map_is_the_step(optimiser: Optimiser, step: Step, q: list[Fraction]) -> None:
    goal = Fraction(1, 5)

    def gradient(x: list[Fraction]) -> list[Fraction]:
        residual = sum((a * b * b for a, b in zip(q, x, strict=True)), Fraction(0)) / 2 - goal
        return [residual * a * b for a, b in zip(q, x, strict=True)]

    def state(rows: list[list[Fraction]]) -> list[Fraction]:
        found = []
        for a, b in combinations_with_replacement(range(len(rows)), 2):
            for k in range(1, len(q) + 1):
                terms = (e**k * x * y for e, x, y in zip(q, rows[a], rows[b], strict=True))
                found.append(sum(terms, Fraction(0)))
        return [found[0] / 2 - goal, *found[1:]]

    size = len(q)
    rows = [[Fraction(i + 2, 2 * i + 7 + a) * (-1) ** (i + a) for i in range(size)] for a in range(optimiser.size)]
    closed = es.QuadraticModel(q, goal, optimiser).one_step()
    at = {s: sp.Rational(v.numerator, v.denominator) for s, v in zip(closed.variables, state(rows), strict=True)}
    after = state(step(rows[0], rows[1:], gradient))
    assert [c.subs(at) for c in closed.components] == [sp.Rational(v.numerator, v.denominator) for v in after]


def test_a_filter_keeps_past_gradients() -> None:
    model = es.QuadraticModel((1, -epsilon), optimiser=es.optimisers.gradient_filter(("1/2", "1/2")))
    step = model.theta_step()
    rows = [[Fraction(1, 2), Fraction(2, 3)], [Fraction(1, 5), Fraction(-1, 4)]]
    q = [Fraction(1), Fraction(-1, 9)]

    def gradient(x: list[Fraction]) -> list[Fraction]:
        residual = sum((a * b * b for a, b in zip(q, x, strict=True)), Fraction(0)) / 2
        return [residual * a * b for a, b in zip(q, x, strict=True)]

    at = dict(zip(step.variables, (sp.Rational(str(v)) for row in rows for v in row), strict=True))
    found = [c.subs(at).subs(epsilon, sp.Rational(1, 9)) for c in step.components]
    assert found == [sp.Rational(str(v)) for row in averaged(rows[0], rows[1:], gradient) for v in row]


def test_kinds_of_maps() -> None:
    assert es.QuadraticModel((1, -epsilon), optimiser=es.optimisers.sam()).planar_map().small == epsilon
    heavy_model = es.QuadraticModel((1, -epsilon), optimiser=es.optimisers.heavy_ball())
    assert heavy_model.one_step().parameters == (epsilon, es.symbol("beta"))
    with pytest.raises(DomainError, match="keeps 2 numbers for each weight"):
        heavy_model.planar_map()
    with pytest.raises(DomainError, match="without an optimiser"):
        _ = es.models.GradientFlow(heavy_model).field
    with pytest.raises(DomainError, match="polynomial over Q"):
        es.QuadraticModel((1, -2), optimiser=es.optimisers.heavy_ball(sp.sqrt(2) / 2))


def test_a_wrong_closed_map_cannot_leave() -> None:
    model = es.QuadraticModel((1, -epsilon), optimiser=es.optimisers.heavy_ball())
    right = model.one_step()
    wrong = PolynomialMap(right.variables, (right.components[0] + epsilon, *right.components[1:]), right.parameters)
    assert model.optimiser is not None
    trained = OptimisedQuadratic(model.eigenvalues, model.target, model.theta, model.optimiser)
    trained.prove(right)
    with pytest.raises(ProofError, match="another z'"):
        trained.prove(wrong)
    with pytest.raises(ProofError):
        model.explain_one_step(wrong)
    assert right.explain().compared > 0


def test_the_query_step_is_the_step_seen_from_ahead() -> None:
    model = es.QuadraticModel((1, -epsilon), optimiser=es.optimisers.nesterov())
    step, seen = model.theta_step(), model.query_step()
    beta = es.symbol("beta")
    x1, x2, v1, v2 = step.variables
    y1, y2 = seen.variables[:2]
    ahead = {y1: x1 + beta * v1, y2: x2 + beta * v2}
    for before, image in zip((x1, x2), seen.components[:2], strict=True):
        now = dict(zip(step.variables, step.components, strict=True))
        velocity = now[{x1: v1, x2: v2}[before]]
        assert sp.expand(image.subs(ahead) - now[before] - beta * velocity) == 0


def test_preconditioning() -> None:
    q, p = (Fraction(1), Fraction(-1, 7)), (Fraction(3), Fraction(1, 2))
    scaled = es.QuadraticModel(q).preconditioned(p)
    # the twin: theta' = theta - P g, seen through z and the preconditioned sharpness
    theta = (Fraction(2, 3), Fraction(1, 2))

    def seen(x: tuple[Fraction, ...]) -> list[Fraction]:
        rows = list(zip(q, p, x, strict=True))
        return [
            sum((a * b * b for a, _, b in rows), Fraction(0)) / 2,
            sum((a * a * s * b * b for a, s, b in rows), Fraction(0)),
        ]

    z = seen(theta)[0]
    moved = tuple(x - s * z * a * x for x, s, a in zip(theta, p, q, strict=True))
    step = scaled.one_step()
    at = {s: sp.Rational(str(v)) for s, v in zip(step.variables, seen(theta), strict=True)}
    assert [c.subs(at) for c in step.components] == [sp.Rational(str(v)) for v in seen(moved)]
    with pytest.raises(DomainError, match="commute"):
        es.QuadraticModel(q).preconditioned((1, 0))
    with pytest.raises(DomainError, match="ascent"):
        es.QuadraticModel(q, optimiser=es.optimisers.sam()).preconditioned(p)


COORDINATES = {"p": "x*y", "s": "x^2+y^2", "c": "x*v_y+y*v_x", "d": "x*v_x+y*v_y", "w": "v_x*v_y", "u": "v_x^2+v_y^2"}


def test_another_loss_with_momentum() -> None:
    model = es.GradientDescent("(1 - x*y)^2/2", "x,y", optimiser=es.optimisers.heavy_ball())
    closed = model.reduce(COORDINATES)
    plain = es.GradientDescent("(1 - x*y)^2/2", "x,y").reduce({"p": "x*y", "s": "x^2+y^2"})
    beta = es.symbol("beta")
    for image, known in zip(closed.map.components[:2], plain.map.components, strict=True):
        assert sp.expand(image.subs(beta, 0) - known) == 0
    assert closed.explain().compared > 0
    with pytest.raises(DomainError, match="reduce"):
        model.reduce({"p": "x*y", "s": "x^2+y^2"})
    for refused in (lambda: model.study(COORDINATES, {"p": 1}), lambda: model.at({"x": 1, "y": 1})):
        with pytest.raises(DomainError, match="expected gradient descent; got heavy-ball"):
            refused()


def test_the_edge_step_of_a_minimum() -> None:
    loss, at = "(1 - x*y)^2/2", {"x": 1, "y": 1}
    assert es.GradientDescent(loss, "x,y").edge_step(at) == 1
    assert es.GradientDescent(loss, "x,y", optimiser=es.optimisers.averaged_gradient("9/10")).edge_step(at) == 19
    with pytest.raises(DomainError, match="keeps minima"):
        es.GradientDescent(loss, "x,y", optimiser=es.optimisers.weight_decay("1/9")).edge_step(at)


def test_ties_bind_the_memory_too() -> None:
    model = es.GradientDescent("(1 - x*y*z)^2/2", "x,y,z", ties={"z": "x"}, optimiser=es.optimisers.heavy_ball())
    assert [s.name for s in model.step_map().variables] == ["x", "y", "v_x", "v_y"]
    with pytest.raises(DomainError, match="memory"):
        es.GradientDescent("(1 - x*v_x)^2/2", "x,v_x", optimiser=es.optimisers.heavy_ball())
