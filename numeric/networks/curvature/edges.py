"""Edges of stability as numbers, evaluated from the ones that are derived exactly."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp

from ....symbolic.algebra.errors import DomainError
from ....symbolic.optimisers.edge import derive_edge
from ....symbolic.optimisers.optimiser import NAMED, Optimiser
from ...runs.limits import check_positive

WHERE = "stability_edge()"
SAME = {
    "gradient-descent": "gradient-descent",
    "sgd": "gradient-descent",
    "heavy-ball": "heavy-ball",
    "momentum": "heavy-ball",
    "nesterov": "nesterov",
    "averaged-gradient": "averaged-gradient",
    "adam": "averaged-gradient",
    "rmsprop": "gradient-descent",
    "sam": "sam",
    "normalised-sam": "sam",
    "weight-decay": "weight-decay",
}
"""Names, and the linear step that is left when a preconditioner, or the length of a gradient, is held."""


@lru_cache(maxsize=64)
def _edge(optimiser: Optimiser) -> sp.Expr:
    return derive_edge(optimiser).curvature


def _exact(value: Any) -> sp.Expr:
    """A number without rounding it; text is read as a fraction or a decimal, never run."""
    if isinstance(value, sp.Expr):
        return value
    found = None
    with contextlib.suppress(TypeError, ValueError, ZeroDivisionError, OverflowError):
        found = Fraction(value)
    if found is None or isinstance(value, bool):
        raise DomainError.of(WHERE, "a finite number", repr(value)[:60], "Write 9/10, 0.9 or a number.")
    return sp.Rational(found.numerator, found.denominator)


def stability_edge(
    optimiser: Any,
    step_size: float,
    *,
    beta: Any = None,
    rho: Any = None,
    gamma: Any = None,
    gradient_norm: float | None = None,
) -> float:
    """The curvature at which a minimum loses stability under an optimiser, from its exact edge.

    Of the Hessian for gradient descent, momentum, Nesterov, SAM and weight decay; of the preconditioned Hessian
    (``preconditioned``) for Adam and RMSProp. Each edge is derived once with symbols (``es.optimisers.derive_edge``)
    and evaluated at the numbers.

    Args:
        optimiser: gradient-descent (sgd), heavy-ball (momentum), nesterov, averaged-gradient, adam, rmsprop, sam,
            normalised-sam, weight-decay; an optimiser of ``es.optimisers``; or an object with
            ``edge(step_size, gradient_norm)``, such as a step rule.
        step_size: eta.
        beta: momentum, or ``beta_1`` of Adam, in [0, 1).
        rho: radius of SAM's ascent: along the gradient itself for ``sam`` (as ``rho * grad L``), of unit gradients for
            ``normalised-sam`` (``rho * grad L / |grad L|``), where it needs ``gradient_norm``.
        gamma: weight decay times the step size.
        gradient_norm: length of the gradient, for ``normalised-sam``.

    Returns:
        The edge, in units of curvature, rounded once to float64.

    Raises:
        DomainError: an unknown name, a number that is missing, foreign to the optimiser or out of range.
        ProofError: by ``derive_edge``, for an optimiser with symbols of which it is not decided what comes first.

    Source:
        Cohen et al. 2021 and 2022; Long and Bartlett 2024 for SAM; derived here.

    Example:
        >>> es.networks.stability_edge("adam", 1e-3, beta="9/10")
        38000.0
        >>> round(es.networks.stability_edge("normalised-sam", 0.1, rho=0.5, gradient_norm=0.5), 4)
        4.0
    """
    eta = check_positive(WHERE, "step_size", step_size)
    if not isinstance(optimiser, str):
        stray = [name for name, value in (("beta", beta), ("rho", rho), ("gamma", gamma)) if value is not None]
        if stray:
            raise DomainError.of(WHERE, "an optimiser with its numbers in it", f"{stray[0]} beside it", "Drop it.")
        if isinstance(optimiser, Optimiser):
            edge = _edge(optimiser)
            if edge.free_symbols:
                raise DomainError.of(WHERE, "an optimiser without symbols", str(edge), "Give it numbers.")
            return float(edge / _exact(eta))
        if not hasattr(optimiser, "edge"):
            raise DomainError.of(WHERE, "a name, an optimiser or a step rule", repr(optimiser), "See es.optimisers.")
        found = optimiser.edge(eta, gradient_norm)
        if found is None:
            raise DomainError.of(WHERE, "gradient_norm for this optimiser", "none", "Give the gradient's length.")
        return float(found)
    if optimiser not in SAME:
        raise DomainError.of(WHERE, f"one of {', '.join(SAME)}", repr(optimiser), "Choose one of these.")
    numbers = {"beta": beta, "rho": rho, "gamma": gamma}
    if optimiser == "normalised-sam":
        numbers["rho"] = _ascent(rho, gradient_norm)
    symbolic = NAMED[SAME[optimiser]]()
    asked = [symbol.name for symbol in symbolic.parameters]
    wrong = [name for name, value in numbers.items() if value is not None and name not in asked]
    missing = [name for name in asked if numbers[name] is None]
    if wrong or missing:
        what = f"{wrong[0]} given" if wrong else f"{missing[0]} missing"
        raise DomainError.of(WHERE, f"{', '.join(asked) or 'no number'} for {optimiser}", what, "Give what it takes.")
    values = {symbol: _exact(numbers[symbol.name]) for symbol in symbolic.parameters}
    if SAME[optimiser] == "sam":
        # the symbol counts the ascent in units of the step size
        values = {symbol: value / _exact(eta) for symbol, value in values.items()}
    symbolic.substitute(dict(values))
    return float(sp.N(_edge(symbolic).subs(values) / _exact(eta), 30))


def _ascent(rho: Any, gradient_norm: float | None) -> Any:
    """The ascent along the gradient itself that is as long as one of length rho."""
    if rho is None or gradient_norm is None:
        missing = "rho" if rho is None else "gradient_norm"
        raise DomainError.of(WHERE, "rho and gradient_norm for normalised-sam", f"{missing} missing", "Give both.")
    return _exact(rho) / _exact(check_positive(WHERE, "gradient_norm", gradient_norm))
