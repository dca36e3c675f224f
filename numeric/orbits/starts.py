"""Starts of orbits of the main case: exact numbers read and checked, in ``(z, T)`` or in the parameters."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.quadratic import QuadraticModel
from ...symbolic.planar.derivations import main_case
from ...symbolic.planar.maps import PolynomialMap


def exact_rational(value: Any, where: str) -> Fraction:
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
            return Fraction(int(value.p), int(value.q))
        return Fraction(value)
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


def start_state(
    epsilon: Fraction,
    target: Fraction,
    z: object,
    T: object,
    theta: tuple[object, object] | None,
    eta: object,
    where: str = "simulate()",
) -> tuple[Fraction, Fraction, Fraction]:
    """The exact start ``(z, T)`` and rescaled target, from either way of giving a start.

    Args:
        epsilon: the exact epsilon.
        target: the target E; rescaled by ``eta`` when theta is given, already rescaled otherwise.
        z: rescaled residual, with T.
        T: rescaled NTK eigenvalue, with z.
        theta: two parameters, with eta.
        eta: step size, with theta.
        where: who asks, for the message.

    Returns:
        ``(z, T, rescaled target)``.

    Raises:
        DomainError: both or neither way is used, or a number is out of range.
    """
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
        return exact_rational(z, where), exact_rational(T, where), target
    step = exact_rational(eta, where)
    if step <= 0:
        raise DomainError.of(where, "eta > 0", str(eta), "The step size is positive.")
    assert theta is not None
    if len(theta) != 2:
        raise DomainError.of(where, "two parameters theta", str(theta), "Write --theta a,b.")
    a, b = (exact_rational(t, where) for t in theta)
    model = QuadraticModel((1, -symbol("epsilon")), target=symbol("E"))
    values = {
        model.theta[0]: sp.Rational(a.numerator, a.denominator),
        model.theta[1]: sp.Rational(b.numerator, b.denominator),
        symbol("epsilon"): sp.Rational(epsilon.numerator, epsilon.denominator),
        symbol("E"): sp.Rational(target.numerator, target.denominator),
    }
    scaled = [exact_rational(e.subs(values), where) * step for e in model.embedding()]
    return scaled[0], scaled[1], target * step


def one_step_for(target: Fraction, epsilon: Fraction) -> tuple[PolynomialMap, tuple[Fraction, ...]]:
    """The one-step map of the main case for a target, and the exact values of its parameters.

    Args:
        target: the rescaled target; 0 gives the map without it, which takes fewer operations.
        epsilon: the exact epsilon.

    Returns:
        The map and the values, in the order of its parameters.
    """
    if target == 0:
        return main_case().one_step(), (epsilon,)
    return QuadraticModel((1, -symbol("epsilon")), target=symbol("E")).one_step(), (target, epsilon)
