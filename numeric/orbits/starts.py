"""Orbits of the main case before they run: exact starts, in ``(z, T)`` or in the parameters, and when to stop."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.rings import to_fraction
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.quadratic import QuadraticModel, main_case
from ...symbolic.optimisers.optimiser import Optimiser
from ...symbolic.planar.maps import PolynomialMap
from ..codegen.program import Program, run
from ..codegen.scheduling import program_for
from ..number_types import EXACT
from ..runs.status import Status

CEILING = 10**6
"""A residual beyond this never comes back: past it the cubic term of the map dominates."""


def exact_rational(value: object, where: str) -> Fraction:
    """A finite rational from an int, Fraction, decimal string or SymPy rational; a float is taken as it is stored.

    Args:
        value: the number.
        where: who asks, for the message.

    Returns:
        The exact rational.

    Raises:
        DomainError: the value is no finite rational.
    """
    try:
        if isinstance(value, sp.Rational):
            return to_fraction(value)
        return Fraction(value)  # type: ignore[call-overload]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
        raise DomainError.of(where, "a rational or decimal number", value, "Write it as p/q or a decimal.") from error


def check_epsilon(value: object, where: str) -> Fraction:
    """An exact epsilon in (0, 1).

    Args:
        value: the number.
        where: who asks, for the message.

    Returns:
        The exact rational.

    Raises:
        DomainError: it is no rational in (0, 1).
    """
    epsilon = exact_rational(value, where)
    if not 0 < epsilon < 1:
        raise DomainError.of(
            where,
            "epsilon in (0, 1)",
            str(value),
            "The eigenvalues are 1 and -epsilon; rescale Q so that they are.",
        )
    return epsilon


@dataclass(frozen=True)
class Start:
    """An exact start of the main case.

    Attributes:
        state: ``(z, T)``, rescaled.
        epsilon: the parameter.
        target: the rescaled target.
        optimiser: that moves the weights, with numbers for its parameters; None for gradient descent.
    """

    state: tuple[Fraction, Fraction]
    epsilon: Fraction
    target: Fraction
    optimiser: Optimiser | None = None

    def orbit(self, steps: int, until: Fraction) -> OrbitProblem:
        """The orbit from here, by the map with a target or by the one without, which takes fewer operations."""
        if self.optimiser is not None:
            trained = _trained_model(self.optimiser, bool(self.target)).one_step()
            # at rest: what is kept beside the weights is 0, so are its moments
            idle = (Fraction(0),) * (len(trained.variables) - len(self.state))
            fixed = (self.target, self.epsilon) if self.target else (self.epsilon,)
            return OrbitProblem(trained, fixed, (*self.state, *idle), steps, until)
        one_step = _targeted_model().one_step() if self.target else main_case()
        parameters = (self.target, self.epsilon) if self.target else (self.epsilon,)
        return OrbitProblem(one_step, parameters, self.state, steps, until)


@dataclass(frozen=True)
class OrbitProblem:
    """An orbit to be run: a map, a start, and when to stop.

    Attributes:
        one_step: the exact map; its first two variables are z and T.
        parameters: exact values of its parameters, in its order.
        start: the exact start.
        steps: gradient steps at most.
        until: the orbit has converged when its first variable is below this in absolute value.
        ceiling: it has diverged when that is above this, or not finite.
    """

    one_step: PolynomialMap
    parameters: tuple[Fraction, ...]
    start: tuple[Fraction, ...]
    steps: int
    until: Fraction
    ceiling: int = CEILING

    @property
    def program(self) -> Program:
        """The program that iterates the map."""
        return program_for(self.one_step)

    def status(self, size: Any, small: Any, taken: int) -> Status | None:
        """How the orbit has ended where its first variable has this size, None while it goes on.

        Args:
            size: absolute value of the first variable, in a number type.
            small: ``until`` in that type.
            taken: steps taken.

        Returns:
            The status; a size that is not a number counts as diverged.
        """
        if size < small:
            return Status.CONVERGED
        if not size <= self.ceiling:
            return Status.DIVERGED
        return Status.MAX_STEPS if taken >= self.steps else None

    def entered(self) -> dict[str, Fraction]:
        """Exact values of the start, the parameters, what is hoisted, and the program's coordinates."""
        program = self.program
        names = (*program.variables, *program.parameters)
        values = dict(zip(names, (*self.start, *self.parameters), strict=True))
        run((*program.hoist, *program.enter), values, EXACT)
        return values


@cache
def _targeted_model() -> QuadraticModel:
    return QuadraticModel((1, -symbol("epsilon")), target=symbol("E"))


@cache
def _trained_model(optimiser: Optimiser, targeted: bool) -> QuadraticModel:
    return QuadraticModel((1, -symbol("epsilon")), symbol("E") if targeted else 0, optimiser)


def read_start(
    epsilon: object,
    *,
    z: object = None,
    T: object = None,
    theta: tuple[object, object] | None = None,
    eta: object = None,
    target: object = 0,
    optimiser: Optimiser | None = None,
    where: str = "simulate()",
) -> Start:
    """Read a start given in either way, exactly.

    Args:
        epsilon: in (0, 1).
        z: rescaled residual, with T.
        T: rescaled NTK eigenvalue, with z.
        theta: two parameters, with eta.
        eta: step size, with theta.
        target: the target E; rescaled by ``eta`` when theta is given, already rescaled otherwise.
        optimiser: that moves the weights, which start at rest; None for gradient descent.
        where: who asks, for the message.

    Returns:
        The start.

    Raises:
        DomainError: both or neither way is used, a number is out of range, a parameter of the optimiser is a symbol,
            or it does not keep minima.

    Source:
        Derived here: the rescaled variables of the quadratic regression model.

    Example:
        >>> es.orbits.read_start("1/10", theta=("1", "5"), eta="4/5").state
        (Fraction(-3, 5), Fraction(1, 1))
    """
    if optimiser is not None and not optimiser.keeps_minima:
        raise DomainError.of(
            where,
            "an optimiser that keeps minima",
            optimiser.name,
            "Its fixed points are no minima, so that z does not end at 0: iterate es.compile_map(model.query_step()).",
        )
    if optimiser is not None and optimiser.parameters:
        name = optimiser.parameters[0]
        raise DomainError.of(where, f"a number for {name}", f"{optimiser.name} with a symbol", f"Give {name}.")
    exact, goal = check_epsilon(epsilon, where), exact_rational(target, where)
    planar = z is not None and T is not None
    weights = theta is not None and eta is not None
    half = (z is None) != (T is None) or (theta is None) != (eta is None)
    if planar == weights or half:
        raise DomainError.of(
            where,
            "either z and T, or theta and eta",
            f"z={z}, T={T}, theta={theta}, eta={eta}",
            "Give one pair.",
        )
    if planar:
        return Start((exact_rational(z, where), exact_rational(T, where)), exact, goal, optimiser)
    step = exact_rational(eta, where)
    if step <= 0:
        raise DomainError.of(where, "eta > 0", str(eta), "The step size is positive.")
    assert theta is not None
    if len(theta) != 2:
        raise DomainError.of(where, "two parameters theta", str(theta), "Write --theta a,b.")
    model = _targeted_model()
    places = (*model.theta, symbol("epsilon"), symbol("E"))
    numbers = (*(exact_rational(t, where) for t in theta), exact, goal)
    values = {s: sp.Rational(q) for s, q in zip(places, numbers, strict=True)}
    residual, eigenvalue = (exact_rational(e.subs(values), where) * step for e in model.embedding())
    return Start((residual, eigenvalue), exact, goal * step, optimiser)
