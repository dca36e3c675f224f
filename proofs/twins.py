"""Independent twins: the same dynamics by another road, to judge derived objects against.

Nothing here uses the closed map in ``(z, T)``. Gradient descent is followed in the squares ``a = theta_1^2`` and
``b = theta_2^2`` (times the step size), in which one step is ``a' = a (1 - z)^2``, ``b' = b (1 + epsilon z)^2``
with ``z = (a - epsilon b)/2``; the NTK eigenvalue is ``T = a + epsilon^2 b``.

These formulas stand here a second time on purpose, typed and not derived: a twin made from the derived map would repeat
its mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flint import fmpq, fmpq_series

from ..symbolic.algebra.rings import Exponents, to_fmpq


def squares(z: Any, T: Any, epsilon: Any) -> tuple[Any, Any]:
    """``(a, b)`` from ``(z, T)``: the inverse of ``z = (a - epsilon b)/2``, ``T = a + epsilon^2 b``."""
    b = (T - 2 * z) / (epsilon * (1 + epsilon))
    return 2 * z + epsilon * b, b


def residual_and_eigenvalue(a: Any, b: Any, epsilon: Any) -> tuple[Any, Any]:
    """``(z, T)`` from the squares."""
    return (a - epsilon * b) / 2, a + epsilon * epsilon * b


def two_gradient_steps(z: Any, T: Any, epsilon: Any) -> tuple[Any, Any]:
    """``(z'', T'')`` by two gradient steps in the squares, in whatever number type is given."""
    a, b = squares(z, T, epsilon)
    for _ in range(2):
        now, _unused = residual_and_eigenvalue(a, b, epsilon)
        a, b = a * (1 - now) * (1 - now), b * (1 + epsilon * now) * (1 + epsilon * now)
    return residual_and_eigenvalue(a, b, epsilon)


def coefficients_at(terms: dict[Exponents, fmpq], fixed: Sequence[fmpq], length: int) -> list[fmpq]:
    """Coefficients in the first variable of a polynomial whose other variables are set to rationals.

    Args:
        terms: exponents to coefficient.
        fixed: values of the second, third, .. variable.
        length: how many coefficients.

    Returns:
        The coefficients of powers 0, 1, .., length - 1.
    """
    out = [fmpq(0)] * length
    for (power, *rest), coefficient in terms.items():
        if power < length:
            value = coefficient
            for base, exponent in zip(fixed, rest, strict=True):
                value *= base**exponent
            out[power] += value
    return out


def compose_series(outer: Sequence[fmpq], inner: fmpq_series, length: int) -> fmpq_series:
    """``sum_k outer[k] inner^k`` to a number of terms."""
    total = fmpq_series([0], prec=length)
    for coefficient in reversed(outer):
        total = total * inner + fmpq_series([coefficient], prec=length)
    return total


def listed(series: fmpq_series, length: int) -> list[fmpq]:
    """Coefficients of a series, filled with zeros."""
    found = [to_fmpq(c) for c in series.coeffs()][:length]
    return found + [fmpq(0)] * (length - len(found))


def two_step_twin(nullcline: Sequence[fmpq], y: fmpq, epsilon: fmpq, order: int) -> tuple[list[fmpq], list[fmpq]]:
    """Coefficients in z of ``z'' - z`` and ``y'' - y`` at fixed rational y and epsilon, to an order.

    Args:
        nullcline: coefficients of ``f`` in z at this epsilon, to the same order.
        y: deviation from the nullcline.
        epsilon: not 0 or -1.
        order: highest power of z returned.

    Returns:
        Two lists of ``order + 1`` rationals.
    """
    length = order + 2

    def with_precision(body: Callable[[], tuple[list[fmpq], list[fmpq]]]) -> tuple[list[fmpq], list[fmpq]]:
        from flint import ctx

        saved, ctx.cap = ctx.cap, length
        try:
            return body()
        finally:
            ctx.cap = saved

    def body() -> tuple[list[fmpq], list[fmpq]]:
        z = fmpq_series([0, 1], prec=length)
        f = fmpq_series(list(nullcline), prec=length)
        z2, T2 = two_gradient_steps(z, f + fmpq_series([y], prec=length), epsilon)
        y2 = T2 - compose_series(nullcline, z2, length)
        return listed(z2 - z, order + 1), listed(y2 - y, order + 1)

    return with_precision(body)


def nullcline_residual(nullcline: Sequence[fmpq], epsilon: fmpq, order: int) -> list[fmpq]:
    """Coefficients of ``z'' - z`` on the curve ``T = f(z)``, powers 0 to ``order + 1``: all zero if f is right."""
    extended = [*nullcline, fmpq(0)]
    return two_step_twin(extended, fmpq(0), epsilon, order + 1)[0]
