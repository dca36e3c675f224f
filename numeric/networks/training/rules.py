"""Step rules: how an optimiser moves flat parameters, as pure functions of parameters, memory and gradient.

Every linear optimiser of this project runs from its state space, so its edge is the one that is derived from the same
matrices. Adam, RMSProp and the normalised SAM are written out; their edges are those of the linear step that is left
when the preconditioner, or the length of the gradient, is held. All edges come from ``curvature.edges``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp

from ....symbolic.algebra.errors import DomainError
from ....symbolic.optimisers.optimiser import NAMED, Optimiser, averaged_gradient, gradient_descent, sam
from ....symbolic.optimisers.piecewise import PiecewiseOptimiser
from ...runs.limits import check_positive
from ..curvature.edges import stability_edge

Array = np.ndarray[Any, np.dtype[Any]]
Memory = dict[str, Array]
Slope = Callable[[Array], Array]
WHERE = "step_rule()"


class StepRule(ABC):
    """How one optimiser moves parameters.

    Attributes:
        name: as on the command line.
        settings: its numbers, as text, for records and checkpoints.
        preconditions: whether its edge speaks of a preconditioned curvature.
        traceable: whether ``step`` takes arrays of JAX too, so that many steps run as one compiled loop.

    Source:
        The protocol of this package.

    Example:
        >>> rule = es.networks.step_rule("heavy-ball", beta="1/2")
        >>> rule.name, rule.edge(0.5)
        ('heavy-ball', 6.0)
    """

    name: str
    settings: dict[str, str]
    preconditions = False
    traceable = False

    def start(self, theta: Array) -> Memory:
        """The memory before the first step; empty where there is none."""
        return {}

    @abstractmethod
    def step(self, slope: Slope, theta: Array, memory: Memory, step_size: float) -> tuple[Array, Memory]:
        """Parameters and memory after one step.

        Args:
            slope: the gradient of the loss (of the step's batch) at any parameters.
            theta: parameters, shape ``(P,)``.
            memory: what ``start`` or the last step gave.
            step_size: eta.
        """

    @abstractmethod
    def edge(self, step_size: float, gradient_norm: float | None = None) -> float | None:
        """The curvature at which a minimum loses stability; of the preconditioned curvature where there is one.

        A rule says which linear step it is at the edge; the number is that of ``stability_edge``.

        Args:
            step_size: eta.
            gradient_norm: length of the gradient, for a rule that depends on it.

        Returns:
            The edge, derived exactly and then rounded; None where it is not known without the length of the gradient.

        Raises:
            DomainError: a step size that is not positive and finite.
        """

    def preconditioner(self, memory: Memory) -> Array | None:
        """The diagonal D of ``theta' = theta - eta m / D``; None for rules without one, and before the first step."""
        return None


class LinearRule(StepRule):
    """Any linear optimiser of :mod:`edgestab.optimisers`, run from its state space.

    ``x' = A x - eta B grad L(y)`` with ``y = C x``; with an ascent the gradient is taken at
    ``y + rho eta grad L(y)``.

    Attributes:
        optimiser: the optimiser, without symbols.

    Raises:
        DomainError: a symbol is left without a number, or the optimiser is not linear.

    Source:
        Derived here: the state-space form of a rational transfer function.

    Example:
        >>> rule = es.networks.LinearRule(es.optimisers.nesterov("1/2"))
        >>> import numpy as np
        >>> theta, memory = np.ones(1), rule.start(np.ones(1))
        >>> for _ in range(2):
        ...     theta, memory = rule.step(lambda y: y, theta, memory, 0.1)
        >>> float(theta.round(6)[0])
        0.765
    """

    traceable = True

    def __init__(self, optimiser: Optimiser) -> None:
        if isinstance(optimiser, PiecewiseOptimiser) or not isinstance(optimiser, Optimiser):
            got = getattr(optimiser, "name", repr(optimiser))
            raise DomainError.of("LinearRule()", "a linear optimiser", got, "Name another one.")
        if optimiser.parameters:
            names = ", ".join(s.name for s in optimiser.parameters)
            raise DomainError.of("LinearRule()", f"a number for {names}", optimiser.name, "Give it a value.")
        self.optimiser, self.name = optimiser, optimiser.name
        rows = [[str(e) for e in optimiser.matrix.row(i)] for i in range(optimiser.size)]
        self.settings = {
            "matrix": str(rows),
            "gain": str([str(e) for e in optimiser.gain]),
            "query": str([str(e) for e in optimiser.query]),
            "ascent": str(optimiser.ascent),
        }
        self._matrix = [[float(e) for e in optimiser.matrix.row(i)] for i in range(optimiser.size)]
        self._gain, self._query = [float(e) for e in optimiser.gain], [float(e) for e in optimiser.query]
        self._ascent = float(optimiser.ascent)

    def start(self, theta: Array) -> Memory:
        """Nothing remembered."""
        return {"memory": np.zeros((self.optimiser.size - 1, *theta.shape), theta.dtype)}

    def step(self, slope: Slope, theta: Array, memory: Memory, step_size: float) -> tuple[Array, Memory]:
        """One step of the state space; see ``StepRule``."""
        _fitting(theta, memory["memory"].shape[1:])
        state = [theta, *memory["memory"]]
        where = _combine(self._query, state)
        push = slope(where)
        if self._ascent:
            push = slope(where + (self._ascent * step_size) * push)
        moved = [_combine(row, state) - (step_size * b) * push for row, b in zip(self._matrix, self._gain, strict=True)]
        if len(moved) == 1:
            return moved[0], memory
        return moved[0], {"memory": namespace(theta).stack(moved[1:]).astype(memory["memory"].dtype)}

    @cached_property
    def _edge(self) -> float:
        return stability_edge(self.optimiser, 1.0)

    def edge(self, step_size: float, gradient_norm: float | None = None) -> float | None:
        """The edge derived from the same matrices, over the step size."""
        return self._edge / check_positive("edge()", "step_size", step_size)


class NormalisedSam(StepRule):
    """SAM with an ascent of fixed length: ``theta' = (1 - gamma) theta - eta grad L(theta + rho g/|g|)``.

    Attributes:
        rho: length of the ascent, above 0.
        gamma: weight decay times the step size, in [0, 1).

    Raises:
        DomainError: a number out of range.

    Source:
        Foret et al. 2021; the edge, which depends on the gradient's length, as in Long and Bartlett 2024.

    Example:
        >>> rule = es.networks.step_rule("normalised-sam", rho=0.5)
        >>> rule.edge(0.1) is None, round(rule.edge(0.1, gradient_norm=0.5), 4)
        (True, 4.0)
    """

    name = "normalised-sam"
    traceable = True

    def __init__(self, rho: Any, gamma: Any = 0) -> None:
        exact = _rational("rho", rho, open_low=True), _rational("gamma", gamma, 1)
        self.settings = {"rho": str(exact[0]), "gamma": str(exact[1])}
        self.rho, self.gamma = float(exact[0]), float(exact[1])

    def step(self, slope: Slope, theta: Array, memory: Memory, step_size: float) -> tuple[Array, Memory]:
        """One step; where the gradient vanishes there is no ascent."""
        push, xp = slope(theta), namespace(theta)
        length = xp.sqrt(xp.sum(push**2))
        push = slope(theta + self.rho * (push / xp.where(length > 0, length, 1)))
        return (1 - self.gamma) * theta - step_size * push, memory

    def edge(self, step_size: float, gradient_norm: float | None = None) -> float | None:
        """The edge of SAM without normalisation whose ascent is as long."""
        check_positive("edge()", "step_size", step_size)
        if gradient_norm is None or not gradient_norm > 0:
            return None
        if not self.gamma:  # derived once, for every length
            return stability_edge("normalised-sam", step_size, rho=self.settings["rho"], gradient_norm=gradient_norm)
        radius = sp.Rational(self.rho / (gradient_norm * step_size))
        return stability_edge(with_decay(sam(radius), self.settings["gamma"]), step_size)


class AdaptiveRule(StepRule):
    """Adam and RMSProp: ``theta' = (1 - gamma) theta - eta m / D`` with a diagonal D from past squared gradients.

    Attributes:
        beta: ``beta_1``, of the running mean m of gradients; 0 for RMSProp.
        beta_2: of the running mean of squares.
        damping: what is added to the root of that mean.
        gamma: weight decay times the step size, decoupled, in [0, 1).

    Raises:
        DomainError: a number out of range.

    Source:
        Kingma and Ba 2015; Tieleman and Hinton 2012; the preconditioned edge as in Cohen et al. 2022.

    Example:
        >>> es.networks.step_rule("adam").edge(1e-3)
        38000.0
    """

    preconditions = traceable = True

    def __init__(self, name: str, beta: Any, beta_2: Any, damping: Any = 1e-8, gamma: Any = 0) -> None:
        self.name, self.corrected = name, name == "adam"
        exact = {
            "beta": _rational("beta", beta, 1),
            "beta_2": _rational("beta_2", beta_2, 1),
            "damping": _rational("damping", damping),
            "gamma": _rational("gamma", gamma, 1),
        }
        self.beta, self.beta_2, self.damping, self.gamma = (float(v) for v in exact.values())
        self.settings = {key: str(value) for key, value in exact.items()}
        self._linear = with_decay(averaged_gradient(exact["beta"]), exact["gamma"])

    def start(self, theta: Array) -> Memory:
        """Means of nothing."""
        return {"mean": np.zeros_like(theta), "squares": np.zeros_like(theta), "count": np.zeros((), np.int64)}

    def step(self, slope: Slope, theta: Array, memory: Memory, step_size: float) -> tuple[Array, Memory]:
        """One step; see ``StepRule``."""
        _fitting(theta, memory["mean"].shape)
        push = slope(theta)
        mean = self.beta * memory["mean"] + (1 - self.beta) * push
        squares = self.beta_2 * memory["squares"] + (1 - self.beta_2) * push**2
        after = {"mean": mean, "squares": squares, "count": memory["count"] + 1}
        moved = (1 - self.gamma) * theta - step_size * mean / self._diagonal(after)
        return moved, after

    def _diagonal(self, memory: Memory) -> Array:
        """D, with the corrections of Adam for means that start from 0 taken into it."""
        squares = memory["squares"]
        xp = namespace(squares)
        if not self.corrected:
            plain: Array = xp.sqrt(squares) + self.damping
            return plain
        count = memory["count"].astype(squares.dtype)
        root = xp.sqrt(squares / _filled(self.beta_2, count))
        found: Array = _filled(self.beta, count) * (root + self.damping)
        return found

    def preconditioner(self, memory: Memory) -> Array | None:
        """D of the step just taken."""
        return self._diagonal(memory) if int(memory["count"]) else None

    @cached_property
    def _edge(self) -> float:
        return stability_edge(self._linear, 1.0)

    def edge(self, step_size: float, gradient_norm: float | None = None) -> float | None:
        """The edge of the averaged gradient, for the curvature ``D^(-1/2) H D^(-1/2)``."""
        return self._edge / check_positive("edge()", "step_size", step_size)


def _fitting(theta: Array, shape: tuple[int, ...]) -> None:
    """Refuse a memory of other parameters."""
    if theta.shape != shape:
        got = f"parameters {theta.shape} and memory {shape}"
        raise DomainError.of("StepRule.step()", "the memory of these parameters", got, "Begin with start(theta).")


def namespace(array: Any) -> Any:
    """NumPy, or the functions of JAX where a rule is traced."""
    return np if isinstance(array, np.ndarray | np.generic) else array.__array_namespace__()


def _filled(share: float, count: Any) -> Any:
    """``1 - share^count``, to the precision of the count's type."""
    return -namespace(count).expm1(count * math.log(share)) if share else 1.0


def _combine(weights: list[float], parts: list[Array]) -> Array:
    """A linear combination, with 0 and 1 left out, so that plain descent costs one product."""
    found: Array | None = None
    for weight, part in zip(weights, parts, strict=True):
        if weight:
            term = part if weight == 1 else weight * part
            found = term if found is None else found + term
    return 0 * parts[0] if found is None else found


def _rational(name: str, value: Any, below: float = math.inf, open_low: bool = False) -> Fraction:
    """A number of a range, exactly; a float counts as its shortest decimal."""
    try:
        found: Fraction | None = Fraction(repr(value) if isinstance(value, float) else value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        found = None
    if found is None or not 0 <= found < below or (open_low and found == 0):
        reach = f"in {'(' if open_low else '['}0, {below:g})"
        raise DomainError.of(WHERE, f"{name} {reach}", repr(value), "Choose one inside.")
    return found


def with_decay(optimiser: Optimiser, gamma: Any) -> Optimiser:
    """A linear optimiser that also shrinks the weight by ``1 - gamma`` at each step, beside its memory.

    Args:
        optimiser: any.
        gamma: weight decay times the step size, in [0, 1).

    Returns:
        The optimiser; itself for 0.

    Raises:
        DomainError: gamma is out of range.
    """
    share = _rational("gamma", gamma, 1)
    if not share:
        return optimiser
    matrix = optimiser.matrix.as_mutable()
    matrix[0, 0] -= sp.Rational(share.numerator, share.denominator)
    return replace(optimiser, name=f"{optimiser.name} with weight decay", matrix=sp.ImmutableMatrix(matrix))


TAKES: dict[str, tuple[str, ...]] = {
    "gradient-descent": (),
    "heavy-ball": ("beta",),
    "nesterov": ("beta",),
    "averaged-gradient": ("beta",),
    "sam": ("rho",),
    "weight-decay": (),
    "normalised-sam": ("rho",),
    "adam": ("beta", "beta_2"),
    "rmsprop": ("beta_2",),
}
"""Optimisers by name and the numbers that each takes; all take gamma."""

DEFAULTS: dict[str, Any] = {"beta": Fraction(9, 10), "adam beta_2": "0.999", "rmsprop beta_2": "0.99"}


def step_rule(
    optimiser: Any = "gradient-descent", *, beta: Any = None, beta_2: Any = None, rho: Any = None, gamma: Any = None
) -> StepRule:
    """The step rule of an optimiser.

    Args:
        optimiser: a name (gradient-descent, heavy-ball, nesterov, averaged-gradient, sam, weight-decay, normalised-sam,
            adam, rmsprop), any linear optimiser of :mod:`edgestab.optimisers`, or a step rule.
        beta: momentum, or ``beta_1`` of Adam; default 9/10.
        beta_2: of the running mean of squares; default 0.999 for Adam, 0.99 for RMSProp (as in PyTorch).
        rho: ascent radius: of sam over the step size, of normalised-sam the radius itself.
        gamma: weight decay times the step size, for every optimiser; default none.

    Returns:
        The rule.

    Raises:
        DomainError: an unknown name, a number that does not belong to it or is out of range, or one that is missing.

    Source:
        The sources of each optimiser.

    Example:
        >>> es.networks.step_rule("nesterov", beta="1/2").edge(1.0)
        1.5
    """
    given = {"beta": beta, "beta_2": beta_2, "rho": rho}
    if not isinstance(optimiser, str):
        foreign = [key for key, value in given.items() if value is not None]
        if foreign:
            raise DomainError.of(WHERE, "an optimiser with its numbers in it", f"{foreign[0]} beside it", "Drop it.")
        if isinstance(optimiser, StepRule):
            if gamma is not None:
                raise DomainError.of(WHERE, "a rule with its weight decay in it", "gamma beside it", "Drop it.")
            return optimiser
        return LinearRule(optimiser if gamma is None else with_decay(optimiser, gamma))
    if optimiser not in TAKES:
        raise DomainError.of(WHERE, f"one of {', '.join(TAKES)}", optimiser, "Or pass an optimiser of es.optimisers.")
    wrong = [key for key, value in given.items() if value is not None and key not in TAKES[optimiser]]
    if wrong:
        takes = ", ".join((*TAKES[optimiser], "gamma"))
        raise DomainError.of(WHERE, f"{takes} for {optimiser}", wrong[0], "Drop it.")
    missing = [key for key in TAKES[optimiser] if given[key] is None]
    for key in missing:
        found = DEFAULTS.get(f"{optimiser} {key}", DEFAULTS.get(key))
        if found is None:
            raise DomainError.of(WHERE, f"{key} for {optimiser}", "none", "Give it.")
        given[key] = found
    decay = 0 if gamma is None else gamma
    if optimiser == "weight-decay" and gamma is None:
        raise DomainError.of(WHERE, "gamma for weight-decay", "none", "Give it.")
    if optimiser == "normalised-sam":
        return NormalisedSam(given["rho"], decay)
    if optimiser in {"adam", "rmsprop"}:
        return AdaptiveRule(optimiser, given["beta"] or 0, given["beta_2"], gamma=decay)
    values = [_rational(k, given[k], 1 if k == "beta" else math.inf) for k in TAKES[optimiser]]
    plain = gradient_descent() if optimiser == "weight-decay" else NAMED[optimiser](*values)
    return LinearRule(with_decay(plain, decay))
