"""Orbits that freeze: a proved enclosure of the limit where every step shrinks the residual.

In edge coordinates ``v = T + tilt z - 2`` one step is ``z' = m z`` and ``v' = v - z^2 r``, with polynomials m, r. If on
the box ``|z| <= |z_0|``, ``|v - v_0| <= d`` both ``|m| <= c < 1`` and ``|r| z_0^2 <= (1 - c^2) d`` hold, the orbit
stays in it: ``z_n^2 <= c^(2n) z_0^2``, so that v moves by at most ``sum |r| z_n^2 <= d`` in all. Then z goes to 0, and
the limit of T is ``2 + v_0`` to within d, and not above it where ``r >= 0``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from flint import arb, fmpq

from ...symbolic.algebra.rings import poly_terms
from ...symbolic.planar.planar_map import PlanarMap

TRIES = 6
"""Contraction factors that are tried, from the middle between the first step's and 1 onwards."""

Terms = Mapping[tuple[int, ...], fmpq]


def _exact(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def _ball(low: fmpq, high: fmpq) -> arb:
    return arb((low + high) / 2, (high - low) / 2)


def _value(terms: Terms, *at: arb) -> arb:
    total = arb(0)
    for exponents, c in terms.items():
        part = arb(c)
        for x, power in zip(at, exponents, strict=True):
            # arb's power takes a logarithm, and so refuses balls around 0
            part = math.prod([x] * power, start=part)
        total = total + part
    return total


def enclose_frozen_limit(
    one_step: PlanarMap, epsilon: Fraction, z0: Fraction, T0: Fraction
) -> tuple[Fraction, Fraction] | None:
    """A proved interval for the limit of T of an orbit whose residual shrinks at every step.

    Args:
        one_step: an exact map of ``(z, T)`` with one parameter that fixes every point of ``z = 0``.
        epsilon: the parameter, exact.
        z0: start, exact.
        T0: start, exact.

    Returns:
        Lower and upper end, exact rationals, or None where no contraction was found: the orbit may still converge.

    Source:
        Derived here.

    Example:
        >>> from fractions import Fraction
        >>> from edgestab.numeric.orbits.frozen_limit import enclose_frozen_limit
        >>> map_ = es.QuadraticModel((1, -es.symbol("epsilon"))).one_step()
        >>> low, high = enclose_frozen_limit(map_, Fraction(1, 200), Fraction(1, 100), Fraction(17, 10))
        >>> float(low), float(high)
        (1.68009..., 1.68010...)
    """
    coordinates = one_step.edge_coordinates()
    next_z, next_v = (poly_terms(p) for p in coordinates.map.polynomials)
    # z divides the step of z, and z^2 that of v, up to v itself
    multiplier = {(e[0] - 1, *e[1:]): c for e, c in next_z.items()}
    fall = {(e[0] - 2, *e[1:]): -c for e, c in next_v.items() if e != (0, 1, 0)}
    eps, z = _exact(epsilon), abs(_exact(z0))
    tilt = _value(poly_terms(one_step.ring.from_expr(coordinates.tilt)), arb(0), arb(0), arb(eps))
    edge = fmpq(int(coordinates.edge.p), int(coordinates.edge.q))
    start = arb(_exact(T0)) + tilt * arb(_exact(z0)) - arb(edge)
    first = abs(_value(multiplier, arb(_exact(z0)), start, arb(eps)))
    if not first < 1:
        return None
    zs = _ball(-z, z)
    for k in range(1, TRIES + 1):
        c = 1 - (1 - first.upper()) * arb(fmpq(1, 2**k))
        near = _value(fall, zs, start, arb(eps))
        # twice what the fall would be if the rate stayed what it is at the start
        d = (2 * abs(near) * arb(z) ** 2 / (1 - c**2)).upper() + arb(fmpq(1, 2**200))
        vs = start + arb(0, 1) * d
        rate = _value(fall, zs, vs, arb(eps))
        across = abs(_value(multiplier, zs, vs, arb(eps))).upper()
        if across <= c and abs(rate) * arb(z) ** 2 <= (1 - c**2) * d:
            # the orbit stays in the box, so its fall is at most that of the box's own rates
            most = (abs(rate) * arb(z) ** 2 / (1 - across**2)).upper()
            low, high = start - most + arb(edge), (start if rate >= 0 else start + most) + arb(edge)
            return _fraction(low.lower()), _fraction(high.upper())
    return None


def _fraction(value: arb) -> Fraction:
    """An exact ball as a fraction (its radius is zero)."""
    mantissa, exponent = value.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
