"""Where orbits of a planar map end, to many digits: direct iteration in MPFR, from one start or from the slow manifold.

An orbit that converges ends on the line of fixed points ``z = 0``. Near it ``T`` still moves by a multiple of z, so
the limit is read from ``T + tilt * z``, which moves by ``O(z^2)`` only: half the steps for the same digits.

Away from ``z = 0`` the slow manifold attracts strongly. An orbit started there, on the resummed manifold, and iterated
down with the exact map ends where relaxed orbits end; its start's error shrinks on the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

import gmpy2
import sympy as sp

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.rings import PolyRing, to_fraction
from ...symbolic.models.quadratic import QuadraticModel
from ...symbolic.planar.maps import PolynomialMap
from ...symbolic.planar.planar_map import PlanarMap
from ...symbolic.planar.slow_manifold import SlowManifold
from ..codegen.compile import Kernel, compile_map
from ..number_types import bits_for, round_to_mpfr
from ..runs.status import Status
from .resummation import pade_approximant
from .starts import check_epsilon

CEILING = 10**3


@dataclass(frozen=True)
class OrbitLimit:
    """The end of one orbit.

    Attributes:
        status: ``converged``, ``diverged`` or ``max_steps``.
        value: the limit of T as an MPFR number, None unless converged.
        steps: steps taken.
        digits: decimal digits asked for; the value's error is a few units of the last of them.
    """

    status: Status
    value: Any
    steps: int
    digits: int


@cache
def _kernel(one_step: PolynomialMap) -> Kernel:
    return compile_map(one_step, "mpfr")


@cache
def _tilt(one_step: PlanarMap, epsilon: Fraction) -> Fraction:
    """The number c for which ``T + c z`` moves by ``O(z^2)`` only."""
    tilt = one_step.edge_coordinates().tilt
    exact = sp.Rational(epsilon)
    value = sp.Rational(tilt.subs(dict.fromkeys(tilt.free_symbols, exact)))
    return to_fraction(value)


def _check(digits: int, max_steps: int) -> None:
    if not 5 <= digits <= 5000 or max_steps < 1:
        raise DomainError.of(
            "iterate_to_limit()", "digits in 5..5000, steps >= 1", (digits, max_steps), "Ask for less."
        )


def _until(digits: int) -> Any:
    # T + c z still has to go a multiple of z^2, the multiplier across the line being -1 + O(epsilon)
    return gmpy2.mpfr(10) ** (-(digits + 3) // 2)


def iterate_to_limit(
    one_step: PlanarMap, epsilon: Fraction, z0: Any, T0: Any, *, digits: int = 30, max_steps: int = 5_000_000
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

    Raises:
        DomainError: digits or steps are out of range.

    Source:
        Derived here; the coordinate is that of :class:`EdgeCoordinates`.

    Example:
        >>> from fractions import Fraction
        >>> one_step = es.QuadraticModel((1, -es.symbol("epsilon"))).one_step()
        >>> end = es.orbits.iterate_to_limit(one_step, Fraction(1, 10), Fraction(-3, 5), 1, digits=20)
        >>> print(end.status, f"{end.value:.18f}")
        converged 1.935597113681717097
    """
    _check(digits, max_steps)
    with gmpy2.context(gmpy2.get_context(), precision=bits_for(digits)):
        state = [round_to_mpfr(z0), round_to_mpfr(T0)]
        status, steps, (z, T) = _kernel(one_step).run(
            state, [round_to_mpfr(epsilon)], max_steps, _until(digits), round_to_mpfr(CEILING)
        )
        value = T + round_to_mpfr(_tilt(one_step, Fraction(epsilon))) * z if status is Status.CONVERGED else None
    return OrbitLimit(status, value, steps, digits)


def carry_along(step: PolynomialMap, watched: Mapping[sp.Symbol, sp.Expr]) -> PolynomialMap:
    """A map with polynomials in its variables carried along in front, each computed from the step.

    Args:
        step: the map.
        watched: a symbol for each polynomial in the map's variables and parameters.

    Returns:
        The larger map; a run of it stops by the first polynomial.
    """
    inner, ring = PolyRing((*step.variables, *step.parameters)), PolyRing((*watched, *step.variables, *step.parameters))
    stepped = [ring.from_expr(c) for c in step.components]
    fixed = [ring.generator(p) for p in step.parameters]
    first = [inner.from_expr(e).compose(*stepped, *fixed, ctx=ring.context) for e in watched.values()]
    variables = (*watched, *step.variables)
    return PolynomialMap.from_polynomials(variables, (*first, *stepped), step.parameters, f"{step.name}, watched")


@cache
def _descent(model: QuadraticModel) -> PolynomialMap:
    """Gradient descent in theta, with the residual carried along."""
    return carry_along(model.theta_step(), {sp.Symbol("residual", real=True): model.predictor() - model.target})


def iterate_descent_to_limit(
    model: QuadraticModel, epsilon: Fraction, z0: Any, T0: Any, *, digits: int = 30, max_steps: int = 5_000_000
) -> OrbitLimit:
    """The same limit from gradient descent on the loss, in theta: the independent twin of :func:`iterate_to_limit`.

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
        z, T, eps = round_to_mpfr(z0), round_to_mpfr(T0), round_to_mpfr(epsilon)
        # z = (a - eps b)/2 and T = a + eps^2 b for a, b the squares of theta
        b = (T - 2 * z) / (eps * (1 + eps))
        a = 2 * z + eps * b
        if a < 0 or b < 0:
            raise DomainError.of(
                "iterate_descent_to_limit()", "T0 >= 2 z0 and T0 >= -2 epsilon z0", f"({z0}, {T0})", "Raise T0."
            )
        state = [z, gmpy2.sqrt(a), gmpy2.sqrt(b)]
        kernel = _kernel(_descent(model))
        status, steps, (z, u, v) = kernel.run(state, [eps], max_steps, _until(digits), round_to_mpfr(CEILING))
        value = u * u + eps * eps * v * v + round_to_mpfr(_tilt(model.one_step(), Fraction(epsilon))) * z
    return OrbitLimit(status, value if status is Status.CONVERGED else None, steps, digits)


RELAXED_STARTS = (Fraction(3, 10), Fraction(1, 3))
"""Residuals to start from, inside the stable two-cycles (z below 0.38)."""

RELAXED_DIGITS = 24


@dataclass(frozen=True)
class RelaxedLimit:
    """Where relaxed orbits end.

    Attributes:
        value: limit of T.
        spread: largest difference between starts and approximants, an estimate of the error.
    """

    value: float
    spread: float


@lru_cache(maxsize=8)
def _manifold(one_step: PlanarMap, order: int) -> SlowManifold:
    # the extra degrees make the truncation in z at z = 1/3 smaller than RELAXED_DIGITS
    return one_step.slow_manifold(order, 5 * order)


def manifold_values(manifold: SlowManifold, z0: Fraction) -> list[Fraction]:
    """The coefficients of powers of epsilon of the manifold at one z, exactly for the series as truncated."""
    values = []
    for row in manifold.rows:
        total = Fraction(0)
        for c in reversed(row.coeffs()):
            total = total * z0 + to_fraction(c)
        values.append(total)
    return values


def iterate_from_slow_manifold(
    one_step: PlanarMap, epsilon: object, order: int = 12, starts: Sequence[Fraction] = RELAXED_STARTS
) -> RelaxedLimit:
    """Iterate the exact map from starts on the resummed slow manifold.

    Args:
        one_step: the map.
        epsilon: in (0, 1), exact; past about 0.35 the manifold cannot be resummed.
        order: powers of epsilon of the manifold used, 6 or more.
        starts: residuals to start from.

    Returns:
        The limit, with the spread over starts and the last two diagonal Pade approximants.

    Raises:
        DomainError: an orbit does not converge, or the order is below 6.
    """
    eps = check_epsilon(epsilon, "iterate_from_slow_manifold()")
    if order < 6:
        raise DomainError.of("iterate_from_slow_manifold()", "an order of at least 6", order, "Take the default.")
    found = []
    for z0 in starts:
        values = manifold_values(_manifold(one_step, order), z0)
        for half in (order // 2, order // 2 - 1):
            end = iterate_to_limit(one_step, eps, z0, pade_approximant(values, half, half, eps), digits=RELAXED_DIGITS)
            if end.value is None:
                raise DomainError.of(
                    "iterate_from_slow_manifold()", "orbits that converge", end.status, "Take a smaller epsilon."
                )
            found.append(float(end.value))
    return RelaxedLimit(found[-2], max(found) - min(found))
