"""Where gradient flow of the quadratic model ends, to any number of digits, by solving one monotone equation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import sympy as sp

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.symbols import symbol
from ...symbolic.models.gradient_flow import GradientFlow
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
    flow, s = GradientFlow(model), symbol("s")
    starts = (exact_rational(t, "solve_flow_limit()") for t in theta)
    at = {name: sp.Rational(t) for name, t in zip(model.theta, starts, strict=True)}
    state = {name: value.xreplace(at) for name, value in zip(model.state, model.embedding(), strict=True)}
    residual, eigenvalue = (flow.end_equation(s) / 2).xreplace(state), flow.end_eigenvalue(s).xreplace(state)
    sign = int(sp.sign(residual.subs(s, 0)))
    # towards s -> +-infinity only the parts that grow stay, and they have the other sign
    grows = any(q * sign * w.xreplace(state) < 0 for q, w in zip(model.eigenvalues, flow.squares, strict=True))
    keeps_sign = sign and not grows and model.target * sign <= 0
    with mpmath.workdps(digits + 10):
        values = sp.lambdify(s, (residual, sp.diff(residual, s)), "mpmath")
        end = mpmath.inf * sign if keeps_sign else _root(values, sign, digits)
        ends = sp.lambdify(s, (eigenvalue, residual, *(w.xreplace(state) for w in flow.squares_at(s))), "mpmath")
        found, rest, *squares = map(mpmath.mpf, ends(end))
        return FlowLimit(bool(mpmath.isfinite(end) or model.target == 0), found, rest, end, tuple(squares))


def _root(values: Callable[[Any], tuple[Any, Any]], sign: int, digits: int) -> Any:
    """Where the residual vanishes that has this sign at 0; ``values`` gives it and its derivative."""
    near, far = mpmath.mpf(0), mpmath.mpf(sign)
    if sign == 0:
        return near
    while mpmath.sign(values(far)[0]) == sign:
        near, far = far, 2 * far
        if abs(far) > WIDEST:
            raise DomainError.of(
                "solve_flow_limit()", "an end at moderate scales", str(far), "Rescale the eigenvalues."
            )
    s = (near + far) / 2
    for _ in range(40 + 4 * digits):
        here, slope = values(s)
        if here == 0:
            break
        near, far = (s, far) if mpmath.sign(here) == sign else (near, s)
        newton = s - here / slope
        inside = min(near, far) < newton < max(near, far)
        before, s = s, newton if inside else (near + far) / 2
        if abs(s - before) <= mpmath.eps * abs(s):
            break
    return s
