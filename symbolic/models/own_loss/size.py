"""How large a composed map can get, before it is composed."""

from __future__ import annotations

import math

from ...algebra.rings import poly_terms
from ...planar.maps import PolynomialMap


def two_step_bound(one_step: PolynomialMap) -> int:
    """An upper bound on the terms of the map applied twice.

    The smaller of two counts: products of powers of the components, expanded term by term, and all monomials
    within the composed degrees.

    Args:
        one_step: an exact map.

    Returns:
        The bound, summed over the components.
    """
    size = len(one_step.variables)
    tables = [poly_terms(p) for p in one_step.polynomials]
    counts = [max(1, len(t)) for t in tables]
    width = len(one_step.ring.symbols)
    degrees = [[max((e[k] for e in t), default=0) for k in range(width)] for t in tables]
    total = 0
    for table in tables:
        by_products = sum(
            math.prod(math.comb(c + e - 1, e) for c, e in zip(counts, powers[:size], strict=True)) for powers in table
        )
        reach = [
            max(
                (
                    sum(power * d[k] for power, d in zip(powers[:size], degrees, strict=True))
                    + (powers[k] if k >= size else 0)
                    for powers in table
                ),
                default=0,
            )
            for k in range(width)
        ]
        total += min(by_products, math.prod(r + 1 for r in reach))
    return total
