"""Edges against a twin that knows no algebra: NumPy's eigenvalues of the step matrix, scanned over curvatures."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import edgestab as es
from edgestab.symbolic.algebra.errors import DomainError
from edgestab.symbolic.optimisers.optimiser import NAMED, Optimiser, gradient_filter
from edgestab.symbolic.optimisers.piecewise import PiecewiseOptimiser


def radius(optimiser: Optimiser, curvature: float) -> float:
    """Twin: the spectral radius of the step matrix in floats."""
    a, b, c = (np.array(m.tolist(), dtype=float) for m in (optimiser.matrix, optimiser.gain, optimiser.query))
    gain = curvature * (1 + float(optimiser.ascent) * curvature)
    return float(max(abs(np.linalg.eigvals(a - gain * b @ c))))


def check_edge(optimiser: Optimiser) -> None:
    edge = es.optimisers.derive_edge(optimiser)
    at = float(edge.curvature)
    below = np.linspace(0, 1, 62)[1:-1] * at
    assert max(radius(optimiser, h) for h in below) < 1
    assert radius(optimiser, at) == pytest.approx(1, abs=1e-6)
    assert radius(optimiser, at * 1.001) > 1
    a, b, c = (np.array(m.tolist(), dtype=float) for m in (optimiser.matrix, optimiser.gain, optimiser.query))
    gain = at * (1 + float(optimiser.ascent) * at)
    roots = np.linalg.eigvals(a - gain * b @ c)
    # a double root is found to half the digits only
    assert min(abs(roots - np.exp(1j * float(edge.angle)))) < 1e-6


@pytest.mark.parametrize("name", sorted(set(NAMED) - {"gradient-descent"}))
@pytest.mark.parametrize("value", ["0", "1/3", "9/10"])
def test_edges_of_named_optimisers(name: str, value: str) -> None:
    check_edge(NAMED[name](value))


@pytest.mark.parametrize("name", sorted(set(NAMED) - {"gradient-descent"}))
def test_symbolic_edges_are_those_of_numbers(name: str) -> None:
    general = es.optimisers.derive_edge(NAMED[name]())
    (parameter,) = general.optimiser.parameters
    value = sp.Rational(2, 7)
    special = es.optimisers.derive_edge(NAMED[name](value)).curvature
    assert sp.simplify(general.curvature.subs(parameter, value) - special) == 0
    assert general.is_flip


small = st.fractions(min_value=-1, max_value=1, max_denominator=6)


@settings(max_examples=25)
@given(st.lists(small, min_size=1, max_size=3), st.lists(small, max_size=2))
def test_random_filters(top: list[Fraction], bottom: list[Fraction]) -> None:
    if sum(top) == 0:
        with pytest.raises(DomainError, match="never moves"):
            gradient_filter(top, (1, *bottom))
        return
    optimiser = gradient_filter(top, (1, *bottom))
    try:
        edge = es.optimisers.derive_edge(optimiser)
    except DomainError:
        # no step of it is stable: at small curvature already a multiplier is not inside
        assert max(radius(optimiser, h) for h in (1e-4, 1e-3, 1e-2)) > 1 - 1e-4
        return
    at = float(edge.curvature)
    assert max(radius(optimiser, h) for h in np.linspace(0, 1, 22)[1:-1] * at) < 1
    assert radius(optimiser, at) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("numerator", "curvature", "angle", "flip"),
    [(("1/3", "1/3", "1/3"), sp.Rational(3, 2), sp.pi / 3, 6), ((0, 1), 1, sp.pi / 3, None)],
)
def test_escapes(numerator: tuple[object, ...], curvature: object, angle: object, flip: object) -> None:
    optimiser = gradient_filter(numerator)
    edge = es.optimisers.derive_edge(optimiser)
    assert (edge.curvature, edge.angle, edge.flip_curvature) == (curvature, angle, flip)
    assert edge.escapes
    assert edge.equations()[1].rhs == sp.Rational(1, 2)
    with pytest.raises(DomainError, match=r"unstable from .* by multipliers at angle pi/3"):
        edge.require_flip("test")
    check_edge(optimiser)


@pytest.mark.parametrize("beta", [1, "1", "-1/10", "3/2", 0.5, "x"])
def test_momentum_outside_its_range(beta: object) -> None:
    with pytest.raises(DomainError, match="beta"):
        es.optimisers.heavy_ball(beta)


def test_an_optimiser_without_stable_step() -> None:
    with pytest.raises(DomainError, match="No step of it is stable"):
        es.optimisers.derive_edge(gradient_filter((-1,)))
    with pytest.raises(DomainError, match="No step of it is stable"):
        es.optimisers.derive_edge(gradient_filter((1,), (1, -2)))


@pytest.mark.parametrize("make", [es.optimisers.normalised_descent, es.optimisers.root_loss_descent])
def test_piecewise_steps_have_no_edge(make: Callable[[], PiecewiseOptimiser]) -> None:
    optimiser = make()
    with pytest.raises(DomainError, match="no linear edge"):
        es.optimisers.derive_edge(optimiser)
    with pytest.raises(DomainError, match="linear near a minimum"):
        es.QuadraticModel((1, -2), optimiser=optimiser)
    # the twin: one step on h x^2 / 2 by its formula, from nearer than the length and from farther
    h, x = 8.0, 0.3
    length = float(optimiser.step_length(8))
    slopes: dict[str, Callable[[float], float]] = {
        "normalised-descent": lambda x: float(np.sign(x)),
        "root-loss-descent": lambda x: h * x / (2 * (h * x * x / 2) ** 0.5),
    }
    slope = slopes[optimiser.name]
    once = x - slope(x)
    assert abs(once - x) == pytest.approx(length)
    assert once - slope(once) == pytest.approx(x)
