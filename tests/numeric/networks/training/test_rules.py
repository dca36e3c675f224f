"""Step rules against loops written out by hand, and their edges against steps on a parabola."""

from typing import Any

import numpy as np
import pytest

import edgestab as es
from edgestab.numeric.networks.training.rules import NormalisedSam, with_decay

H = np.array([3.0, 0.5])
START = np.array([1.0, -2.0])
ETA = 0.1


def slope(theta: np.ndarray) -> np.ndarray:
    return H * theta + 0.2 * theta**3


def by_hand(name: str, steps: int) -> np.ndarray:
    """The textbook form of each optimiser."""
    theta, v, m, s = START.copy(), np.zeros(2), np.zeros(2), np.zeros(2)
    for t in range(1, steps + 1):
        g = slope(theta)
        if name == "heavy-ball":
            v = 0.9 * v - ETA * g
            theta = theta + v
        elif name == "nesterov":
            v = 0.9 * v - ETA * slope(theta + 0.9 * v)
            theta = theta + v
        elif name == "averaged-gradient":
            m = 0.9 * m + 0.1 * g
            theta = theta - ETA * m
        elif name == "sam":
            theta = theta - ETA * slope(theta + 0.5 * ETA * g)
        elif name == "normalised-sam":
            theta = theta - ETA * slope(theta + 0.5 * g / np.linalg.norm(g))
        elif name == "adam":
            m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
            theta = theta - ETA * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
        elif name == "rmsprop":
            s = 0.99 * s + 0.01 * g**2
            theta = theta - ETA * g / (np.sqrt(s) + 1e-8)
        elif name == "weight-decay":
            theta = 0.9 * theta - ETA * g
        else:
            theta = theta - ETA * g
    return theta


def run(rule: es.networks.StepRule, steps: int, of: Any = slope, start: np.ndarray = START, eta: float = ETA) -> Any:
    theta, memory = start, rule.start(start)
    for _ in range(steps):
        theta, memory = rule.step(of, theta, memory, eta)
    return theta, memory


NUMBERS: dict[str, dict[str, Any]] = {
    "gradient-descent": {},
    "heavy-ball": {},
    "nesterov": {},
    "averaged-gradient": {},
    "sam": {"rho": "1/2"},
    "normalised-sam": {"rho": 0.5},
    "adam": {},
    "rmsprop": {},
    "weight-decay": {"gamma": 0.1},
}


@pytest.mark.parametrize("name", NUMBERS)
def test_rules_are_the_textbook_ones(name: str) -> None:
    theta, _ = run(es.networks.step_rule(name, **NUMBERS[name]), 7)
    np.testing.assert_allclose(theta, by_hand(name, 7), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", [n for n in NUMBERS if n not in {"adam", "rmsprop", "normalised-sam"}])
@pytest.mark.parametrize("decay", [None, "1/10"])
def test_minima_are_stable_just_below_the_edge_and_not_above(name: str, decay: str | None) -> None:
    numbers = NUMBERS[name] | ({} if decay is None else {"gamma": decay})
    rule = es.networks.step_rule(name, **numbers)
    edge = rule.edge(ETA)
    assert edge is not None
    for factor, grows in ((0.99, False), (1.01, True)):
        theta, _ = run(rule, 1500, lambda y, f=factor: f * edge * y, np.ones(1))
        assert bool(abs(theta[0]) > 1) is grows


def test_any_linear_optimiser_of_the_project_trains() -> None:
    """A filter of the user's: the gradient averaged with the one before."""
    rule = es.networks.step_rule(es.optimisers.gradient_filter(("1/2", "1/2", "1/4")))
    theta, history = START.copy(), [np.zeros(2), np.zeros(2)]
    for _ in range(6):
        history.append(slope(theta))
        theta = theta - ETA * (history[-1] / 2 + history[-2] / 2 + history[-3] / 4)
    np.testing.assert_allclose(run(rule, 6)[0], theta, rtol=1e-12)
    assert rule.edge(1.0) == pytest.approx(float(es.optimisers.derive_edge(rule.optimiser).curvature))  # type: ignore[attr-defined]


def test_preconditioned_edge_of_adam() -> None:
    """With the preconditioner held, a parabola is stable exactly below the edge of the preconditioned curvature."""
    rule = es.networks.step_rule("adam", beta="9/10")
    _, memory = run(rule, 5)
    diagonal = rule.preconditioner(memory)
    assert diagonal is not None
    assert rule.preconditioner(rule.start(START)) is None
    edge = rule.edge(ETA)
    assert edge == pytest.approx((2 + 2 * 0.9) / (1 - 0.9) / ETA)
    after, later = rule.step(slope, START, memory, ETA)
    held = rule.preconditioner(later)
    assert held is not None
    np.testing.assert_allclose(START - after, ETA * later["mean"] / held, rtol=1e-12)
    assert es.networks.step_rule("rmsprop").edge(ETA) == pytest.approx(2 / ETA)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_rule_and_its_name_have_one_edge(name: str) -> None:
    numbers: dict[str, Any] = (
        {"beta": "9/10"} if name in {"heavy-ball", "nesterov", "averaged-gradient", "adam"} else {}
    )
    rule = es.networks.step_rule(name, **(NUMBERS[name] | numbers))
    if name == "sam":  # the rule counts the ascent in units of the step size
        numbers = {"rho": ETA / 2}
    elif name not in {"adam", "rmsprop"}:
        numbers |= NUMBERS[name]
    length: dict[str, Any] = {"gradient_norm": 0.7} if name == "normalised-sam" else {}
    expected = es.networks.stability_edge(name, ETA, **numbers, **length)
    assert rule.edge(ETA, 0.7) == pytest.approx(expected, rel=1e-14)
    assert es.networks.stability_edge(rule, ETA, **length) == rule.edge(ETA, 0.7)


def test_normalised_sam_needs_the_length_of_the_gradient() -> None:
    rule = NormalisedSam(0.3)
    h = rule.edge(ETA, 0.7)
    assert rule.edge(ETA) is None
    assert h is not None
    assert ETA * h * (1 + 0.3 / 0.7 * h) == pytest.approx(2)
    shrunk = NormalisedSam(0.3, "1/10").edge(ETA, 0.7)
    assert shrunk is not None
    assert ETA * shrunk * (1 + 0.3 / 0.7 * shrunk) == pytest.approx(1.9)
    theta, _ = rule.step(lambda y: np.zeros_like(y), START, {}, ETA)
    np.testing.assert_array_equal(theta, START)


def test_single_precision_stays_single() -> None:
    single = START.astype(np.float32)
    for name, numbers in NUMBERS.items():
        theta, memory = run(es.networks.step_rule(name, **numbers), 2, lambda y: 2 * y, single)
        assert theta.dtype == np.float32, name
        assert all(a.dtype in {np.dtype("f4"), np.dtype("i8")} for a in memory.values()), name


@pytest.mark.parametrize(
    ("optimiser", "numbers", "message"),
    [
        ("lion", {}, "one of gradient-descent"),
        ("adam", {"rho": 1}, "beta, beta_2, gamma for adam; got rho"),
        ("heavy-ball", {"beta": 1}, r"beta in \[0, 1\)"),
        ("heavy-ball", {"beta": "x"}, r"beta in \[0, 1\)"),
        ("sam", {}, "rho for sam"),
        ("weight-decay", {}, "gamma for weight-decay"),
        ("normalised-sam", {"rho": 0}, r"rho in \(0"),
        (es.optimisers.heavy_ball(), {}, "a number for beta"),
        (es.optimisers.heavy_ball("1/2"), {"beta": "1/2"}, "its numbers in it"),
        (es.optimisers.normalised_descent(), {}, "a linear optimiser"),
        (NormalisedSam(1), {"gamma": "1/2"}, "its weight decay in it"),
        (3, {}, "a linear optimiser"),
    ],
)
def test_what_is_refused(optimiser: Any, numbers: dict[str, Any], message: str) -> None:
    with pytest.raises(es.DomainError, match=message):
        es.networks.step_rule(optimiser, **numbers)


def test_decay_of_nothing_is_the_optimiser_itself() -> None:
    plain = es.optimisers.nesterov("1/2")
    assert with_decay(plain, 0) is plain
    assert with_decay(plain, "1/5").matrix[0, 0] == es.optimisers.weight_decay("1/5").matrix[0, 0]
