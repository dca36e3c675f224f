"""Where gradient flow of the quadratic model ends, to any number of digits, by solving one monotone equation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import sympy as sp

from ...symbolic.algebra.errors import DomainError
from ...symbolic.models.quadratic import QuadraticModel
from .starts import exact_rational

WIDEST = 10**6


@dataclass(frozen=True)
class FlowLimit:
    """The end of a gradient flow.

    Attributes:
        reached: whether the residual goes to 0; if not, parameters go to 0 before it does and the loss stays.
        eigenvalue: NTK eigenvalue at the end, an mpmath number.
        residual: residual at the end.
        integral: time integral of the residual, infinite when the target is not reached.
        squares: ``theta_i^2`` at the end.

    Source:
        Derived here, from the conserved quantities of :class:`GradientFlow`.

    Example:
        >>> end = es.orbits.solve_flow_limit(es.QuadraticModel((1, -1)), ("2", "1"))
        >>> end.reached, float(end.eigenvalue), tuple(map(float, end.squares))
        (True, 4.0, (2.0, 2.0))
    """

    reached: bool
    eigenvalue: Any
    residual: Any
    integral: Any
    squares: tuple[Any, ...]


def solve_flow_limit(model: QuadraticModel, theta: Sequence[object], digits: int = 30) -> FlowLimit:
    """Follow gradient flow from ``theta`` to its end.

    ``sum_i q_i theta_i^2 exp(-2 q_i s) = 2 E`` is solved for s: its left side falls strictly, so there is at most one
    root, and bisection followed by Newton's iteration finds it.

    Args:
        model: eigenvalues and target must be numbers.
        theta: the start, one exact number for each eigenvalue.
        digits: decimal digits, 5..2000.

    Returns:
        The end; its numbers are good to the digits asked for, up to a few units of the last.

    Raises:
        DomainError: the model has symbols, theta has another length, or digits are out of range.

    Source:
        Derived here.

    Example:
        >>> float(es.orbits.solve_flow_limit(es.QuadraticModel((1, -1)), ("2", "1")).eigenvalue)
        4.0
    """
    if model.parameters or len(theta) != len(model.eigenvalues) or not 5 <= digits <= 2000:
        raise DomainError.of(
            "solve_flow_limit()",
            "a model of numbers, one start for each eigenvalue, digits in 5..2000",
            (model.parameters, len(theta), digits),
            "Substitute the symbols first.",
        )
    starts = [exact_rational(t, "solve_flow_limit()") for t in theta]
    with mpmath.workdps(digits + 10):
        q = [_number(v) for v in model.eigenvalues]
        target = _number(model.target)
        w = [mpmath.mpf(t.numerator) ** 2 / mpmath.mpf(t.denominator) ** 2 for t in starts]
        s = _root(q, w, target, digits)
        if s is None:
            # the residual keeps its sign: every part that it can shrink is gone
            sign = mpmath.sign(_residual(q, w, target, mpmath.mpf(0)))
            left = tuple(x if sign == 0 or p * sign < 0 else mpmath.mpf(0) for p, x in zip(q, w, strict=True))
            return FlowLimit(target == 0, _moment(q, left), -target, mpmath.inf * sign, left)
        end = tuple(x * mpmath.exp(-2 * p * s) for p, x in zip(q, w, strict=True))
        return FlowLimit(True, _moment(q, end), _residual(q, w, target, s), s, end)


def _number(value: sp.Expr) -> Any:
    rational = sp.Rational(value)
    return mpmath.mpf(int(rational.p)) / int(rational.q)


def _moment(q: Sequence[Any], w: Sequence[Any]) -> Any:
    return mpmath.fsum(p * p * x for p, x in zip(q, w, strict=True))


def _residual(q: Sequence[Any], w: Sequence[Any], target: Any, s: Any) -> Any:
    return mpmath.fsum(p * x * mpmath.exp(-2 * p * s) for p, x in zip(q, w, strict=True)) / 2 - target


def _root(q: Sequence[Any], w: Sequence[Any], target: Any, digits: int) -> Any | None:
    value = _residual(q, w, target, mpmath.mpf(0))
    if value == 0:
        return mpmath.mpf(0)
    # towards s -> +-infinity only the parts that grow stay, and they have the other sign
    sign = mpmath.sign(value)
    grows = any(x > 0 and p * sign < 0 for p, x in zip(q, w, strict=True))
    if not grows and target * sign <= 0:
        return None
    near, far = mpmath.mpf(0), sign
    while mpmath.sign(_residual(q, w, target, far)) == sign:
        near, far = far, 2 * far
        if abs(far) > WIDEST:
            raise DomainError.of(
                "solve_flow_limit()", "an end at moderate scales", str(far), "Rescale the eigenvalues."
            )
    s = (near + far) / 2
    for _ in range(40 + 4 * digits):
        here = _residual(q, w, target, s)
        if here == 0:
            break
        near, far = (s, far) if mpmath.sign(here) == sign else (near, s)
        slope = -mpmath.fsum(p * p * x * mpmath.exp(-2 * p * s) for p, x in zip(q, w, strict=True))
        newton = s - here / slope
        inside = min(near, far) < newton < max(near, far)
        before, s = s, newton if inside else (near + far) / 2
        if abs(s - before) <= mpmath.eps * abs(s):
            break
    return s
