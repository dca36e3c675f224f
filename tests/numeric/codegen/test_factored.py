"""The residual as a product: the step itself, what it needs of a start, and that z keeps its relative accuracy."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from edgestab.numeric.codegen import factored
from edgestab.numeric.codegen.factored import factored_kernel, factored_program
from edgestab.numeric.codegen.lane_kernels import lane_kernel, to_fractions
from edgestab.symbolic.algebra.errors import CodegenError, DomainError, ProofError
from edgestab.symbolic.models.quadratic import main_case
from edgestab.symbolic.planar.planar_map import PlanarMap

PROGRAM = factored_program()


def state(a: Fraction, b: Fraction, epsilon: Fraction) -> tuple[Fraction, Fraction]:
    """z and T of factors, written apart."""
    k = (1 + epsilon) / (1 - epsilon)
    return 2 * a * b / (1 - epsilon), b * b + 2 * a * b + k * k * a * a


def hierarchy(z: Fraction, t: Fraction, epsilon: Fraction) -> tuple[Fraction, Fraction]:
    """One step by the moments of Q."""
    t1 = (1 - epsilon) * t + 2 * epsilon * z
    t2 = (1 - epsilon) * t1 + epsilon * t
    return z - z * t + z * z * t1 / 2, t - 2 * z * t1 + z * z * t2


@pytest.mark.parametrize("steps", [1, 3])
def test_five_operations_are_gradient_descent(steps: int) -> None:
    assert (PROGRAM.count.total, PROGRAM.count.div) == (5, 0)
    a, b, epsilon = Fraction(1, 7), Fraction(-9, 8), Fraction(3, 11)
    expected = state(a, b, epsilon)
    for _ in range(steps):
        expected = hierarchy(*expected, epsilon)
    got = PROGRAM.evaluate((a, b), (epsilon,), steps)
    assert state(got[0], got[1], epsilon) == expected
    assert PROGRAM.fused(2).count.total == 10
    assert factored_program(epsilon).evaluate((a, b), (), steps) == got


def test_another_map_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    z, t = main_case().components
    wrong = replace(PlanarMap.of(main_case()), components=(z, t + z**3))
    monkeypatch.setattr(factored, "main_case", lambda: wrong)
    with pytest.raises(ProofError, match="the step of the main case"):
        factored.residual_factors()


def test_other_factors_of_a_start_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    step, (z, t) = factored.residual_factors()
    monkeypatch.setattr(factored, "residual_factors", lambda: (step, (z, t + z)))
    with pytest.raises(ProofError, match="T again"):
        factored.entering_factors()


def test_weights_of_zero_rest() -> None:
    for target, shape in (("float64", (2, 1)), ("double-double", (2, 2, 1))):
        epsilon = np.array([0.1]) if target == "float64" else np.array([[0.1, 0.0]])
        assert not factored_kernel(target).advance(np.zeros(shape), epsilon, 3).any()


@pytest.mark.parametrize("target", ["float64", "double-double"])
def test_orbits_are_those_of_the_other_kernel(target: str) -> None:
    kernel, other = factored_kernel(target), lane_kernel(main_case(), target)
    rng = np.random.default_rng(2)
    states = rng.uniform([[-0.3], [1.4]], [[0.3], [2.2]], (2, 70 if target == "float64" else 9))
    epsilon = np.array([0.05])
    if kernel.kernel.terms > 1:
        states = np.stack([states, np.zeros_like(states)], axis=1)
        epsilon = np.array([[0.05, 0.0]])
    one, two = kernel.advance(states, epsilon, 20), other.advance(states, epsilon, 20)
    wide = target != "float64"
    difference = np.abs((one - two).sum(axis=1) if wide else one - two)
    assert difference.max() < (1e-28 if wide else 1e-11)


def test_a_small_residual_keeps_its_relative_accuracy() -> None:
    states, epsilon = np.array([[1e-13, -3e-200], [1.5, 2.5]]), np.array([0.1])
    got = factored_kernel().advance(states, epsilon, 30)[0]
    z, t = (to_fractions(row) for row in states)
    for i in range(2):
        exact = (z[i], t[i])
        # of order z^2 nothing is left: z is multiplied by 1 - T
        expected = exact[0] * (1 - exact[1]) ** 30
        assert abs(Fraction(float(got[i])) / expected - 1) < Fraction(1, 10**10)


def test_what_has_no_real_weights_is_refused() -> None:
    kernel = factored_kernel()
    good = np.array([[0.1, 0.0], [2.0, 0.0]])
    assert kernel.advance(good, np.array([0.1]), 0) == pytest.approx(good)
    for z, t in ((1.1, 2.0), (-20.1, 4.0), (np.nan, 2.0)):
        with pytest.raises(DomainError, match=r"T >= 2 z .*index 1"):
            kernel.advance(np.array([[0.1, z], [2.0, t]]), np.array([0.1]), 1)
    beyond = np.array([[[1.0], [1e-20]], [[2.0], [0.0]]])
    with pytest.raises(DomainError, match=r"T >= 2 z .*index 0"):
        factored_kernel("double-double").advance(beyond, np.array([[0.1, 0.0]]), 1)
    with pytest.raises(DomainError, match="0 < epsilon < 1"):
        kernel.advance(good, np.array([1.0]), 1)
    with pytest.raises(DomainError, match="0 < epsilon < 1"):
        factored_program(Fraction(0))
    with pytest.raises(CodegenError, match="factored_kernel"):
        factored_kernel("float16")
