"""Where one orbit of a planar map ends, to many digits: direct iteration in MPFR of the exact map.

An orbit that converges ends on the line of fixed points ``z = 0``. Near it ``T`` still moves by a multiple of z, so
the limit is read from ``T - slope * z``, which moves by ``O(z^2)`` only: half the steps for the same digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import gmpy2
import sympy as sp

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.rings import PolyRing
from ...symbolic.models.quadratic import QuadraticModel
from ...symbolic.planar.edge_line import derive_edge_coordinates
from ...symbolic.planar.maps import PolynomialMap
from ..codegen.compile import CONVERGED, STATUS_NAMES, Kernel, compile_map

CEILING = 10**3
GUARD_BITS = 32


@dataclass(frozen=True)
class OrbitLimit:
    """The end of one orbit.

    Attributes:
        status: ``converged``, ``diverged`` or ``max_steps``.
        value: the limit of T as an MPFR number, None unless converged.
        steps: steps taken.
        digits: decimal digits asked for; the value's error is a few units of the last of them.
    """

    status: str
    value: Any
    steps: int
    digits: int


def bits_for(digits: int) -> int:
    """Working precision for a number of decimal digits, with guard bits for the rounding along an orbit."""
    return math.ceil(digits * math.log2(10)) + GUARD_BITS


def mpfr(value: Any) -> Any:
    """An exact rational (or an MPFR number) in MPFR, rounded once, at the precision of the present context."""
    if isinstance(value, type(gmpy2.mpfr(0))):
        return gmpy2.mpfr(value)
    exact = Fraction(value)
    return gmpy2.mpfr(gmpy2.mpq(exact.numerator, exact.denominator))


@cache
def _kernel(one_step: PolynomialMap) -> Kernel:
    return compile_map(one_step, "mpfr")


@cache
def _rate(one_step: PolynomialMap, epsilon: Fraction) -> Fraction:
    """The number c for which ``T + c z`` moves by ``O(z^2)`` only."""
    slope = derive_edge_coordinates(one_step).slope
    exact = sp.Rational(epsilon.numerator, epsilon.denominator)
    value = sp.Rational(slope.subs(dict.fromkeys(slope.free_symbols, exact)))
    return Fraction(int(value.p), int(value.q))


def _check(digits: int, max_steps: int) -> None:
    if not 5 <= digits <= 5000 or max_steps < 1:
        raise DomainError.of("orbit_limit()", "digits in 5..5000, steps >= 1", (digits, max_steps), "Ask for less.")


def _until(digits: int) -> Any:
    # T + c z still has to go a multiple of z^2, the multiplier across the line being -1 + O(epsilon)
    return gmpy2.mpfr(10) ** (-(digits + 3) // 2)


def orbit_limit(
    one_step: PolynomialMap, epsilon: Fraction, z0: Any, T0: Any, *, digits: int = 30, max_steps: int = 5_000_000
) -> OrbitLimit:
    """Iterate a planar map with one parameter until its limit is known to a number of digits.

    Args:
        one_step: an exact map of ``(z, T)``.
        epsilon: the parameter, exact.
        z0: start, a Fraction or an MPFR number.
        T0: start, likewise.
        digits: decimal digits wanted.
        max_steps: steps at most.

    Returns:
        The end of the orbit. Rounding adds up like the number of steps: 32 guard bits cover 10^8 of them.
    """
    _check(digits, max_steps)
    with gmpy2.context(gmpy2.get_context(), precision=bits_for(digits)):
        state = [mpfr(z0), mpfr(T0)]
        code, steps, (z, T) = _kernel(one_step).run(state, [mpfr(epsilon)], max_steps, _until(digits), mpfr(CEILING))
        value = T + mpfr(_rate(one_step, Fraction(epsilon))) * z if code == CONVERGED else None
    return OrbitLimit(STATUS_NAMES[code], value, steps, digits)


@cache
def _descent(model: QuadraticModel) -> PolynomialMap:
    """Gradient descent in theta, with the residual carried along in front."""
    step = model.theta_step()
    residual = sp.Symbol("residual", real=True)
    ring = PolyRing((residual, *step.variables, *step.parameters))
    stepped = [ring.from_expr(c) for c in step.components]
    fixed = [ring.generator(p) for p in step.parameters]
    inner = PolyRing((*step.variables, *step.parameters)).from_expr(model.predictor() - model.target)
    first = inner.compose(*stepped, *fixed, ctx=ring.context)
    variables = (residual, *step.variables)
    return PolynomialMap.from_polynomials(variables, (first, *stepped), step.parameters, "gradient step")


def descent_limit(
    model: QuadraticModel, epsilon: Fraction, z0: Any, T0: Any, *, digits: int = 30, max_steps: int = 5_000_000
) -> OrbitLimit:
    """The same limit from plain gradient descent on the loss, in theta: the independent twin of :func:`orbit_limit`.

    Args:
        model: two eigenvalues ``{1, -epsilon}``, target 0.
        epsilon: the parameter, exact.
        z0: start of the residual.
        T0: start of the NTK eigenvalue; ``T0 >= 2 z0`` and ``T0 >= -2 epsilon z0``, so that a real theta has it.
        digits: decimal digits wanted.
        max_steps: steps at most.

    Returns:
        The end of the orbit.

    Raises:
        DomainError: no real theta has this start.
    """
    _check(digits, max_steps)
    with gmpy2.context(gmpy2.get_context(), precision=bits_for(digits)):
        z, T, eps = mpfr(z0), mpfr(T0), mpfr(epsilon)
        # z = (a - eps b)/2 and T = a + eps^2 b for a, b the squares of theta
        b = (T - 2 * z) / (eps * (1 + eps))
        a = 2 * z + eps * b
        if a < 0 or b < 0:
            raise DomainError.of("descent_limit()", "T0 >= 2 z0 and T0 >= -2 epsilon z0", f"({z0}, {T0})", "Raise T0.")
        state = [z, gmpy2.sqrt(a), gmpy2.sqrt(b)]
        kernel = _kernel(_descent(model))
        code, steps, (z, u, v) = kernel.run(state, [eps], max_steps, _until(digits), mpfr(CEILING))
        value = u * u + eps * eps * v * v + mpfr(_rate(model.one_step(), Fraction(epsilon))) * z
    return OrbitLimit(STATUS_NAMES[code], value if code == CONVERGED else None, steps, digits)
