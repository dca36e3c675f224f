"""Polynomials over a prime field, as plain dictionaries: the fast stand-in in which schedules are searched.

The parameters are replaced by random residues of a 61-bit prime, so two different coefficients look equal with
probability below 1e-15 for the degrees in use; every schedule found is proved again in exact algebra.
"""

from __future__ import annotations

from operator import add, sub

from ...symbolic.algebra.rings import Exponents

PRIME = (1 << 61) - 1
Poly = dict[Exponents, int]
Key = tuple[tuple[Exponents, int], ...]


def inverse(a: int) -> int:
    """The inverse of a residue other than 0."""
    return pow(a, PRIME - 2, PRIME)


def degree(p: Poly) -> int:
    """Total degree; 0 for constants and for zero."""
    return max((sum(e) for e in p), default=0)


def key(p: Poly) -> Key:
    """A hashable form, the same for ``p`` and ``-p``."""
    items = tuple(sorted(p.items()))
    if items and items[-1][1] > PRIME - items[-1][1]:
        return tuple((e, PRIME - v) for e, v in items)
    return items


def negate(p: Poly) -> Poly:
    """``-p``."""
    return {e: PRIME - v for e, v in p.items()}


def scale(p: Poly, k: int) -> Poly:
    """``k * p`` for a residue ``k`` other than 0."""
    return {e: v * k % PRIME for e, v in p.items()}


def subtract(p: Poly, q: Poly) -> Poly:
    """``p - q``."""
    result = dict(p)
    for e, v in q.items():
        value = (result.get(e, 0) - v) % PRIME
        if value:
            result[e] = value
        else:
            result.pop(e, None)
    return result


def divide(p: Poly, q: Poly) -> Poly | None:
    """The exact quotient ``p / q``, or None.

    Args:
        p: the dividend, not zero.
        q: the divisor, not zero.

    Returns:
        The quotient, or None when q does not divide p.
    """
    lead = max(q)
    inv = 0
    rest, result = dict(p), {}
    while rest:
        e = max(rest)
        g = tuple(map(sub, e, lead))
        if min(g) < 0:
            return None
        inv = inv or inverse(q[lead])
        c = rest[e] * inv % PRIME
        result[g] = c
        for f, w in q.items():
            h = tuple(map(add, g, f))
            value = (rest.get(h, 0) - c * w) % PRIME
            if value:
                rest[h] = value
            else:
                rest.pop(h, None)
    return result


def proportional(p: Poly, q: Poly) -> bool:
    """Whether ``p = k * q`` for a residue k."""
    if p.keys() != q.keys():
        return False
    first = next(iter(p))
    a, b = p[first], q[first]
    return all(v * b % PRIME == q[e] * a % PRIME for e, v in p.items())
