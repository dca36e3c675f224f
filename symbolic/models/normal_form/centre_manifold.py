"""The centre manifold of a flip as a curve, power by power: ``F(W(xi)) = W(G(xi))`` with ``G`` in normal form.

With multiplier -1 along ``q`` the curve is ``W = xi q + w_2 xi^2 + ..`` and ``G = -xi + c xi^3 + d xi^5 + ..``. The
coefficient of ``xi^k`` asks ``(A - (-1)^k) w_k = known``: regular for even k if 1 is no multiplier, and for odd k
solvable once the coefficient of G has taken the part along ``q``. Only series in one variable ever occur.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .fields import Element, Field
from .jets import Jet, curve
from .linear import Vector, dot, scaled

Step: TypeAlias = Callable[[list[Jet]], list[Jet]]
Solve: TypeAlias = Callable[[Sequence[Element]], Vector]


@dataclass(frozen=True)
class CentreManifold:
    """Curve and normal form.

    Attributes:
        terms: the vectors ``0, q, w_2, ..``, by power of xi.
        coefficients: of ``G``, by power of xi; even ones are 0.
    """

    terms: tuple[Vector, ...]
    coefficients: tuple[Element, ...]


def reduce_to_flip(
    step: Step, q: Vector, p: Vector, even: Solve, odd: Solve, order: int, field: Field
) -> CentreManifold:
    """Curve and normal form to an order.

    Args:
        step: the map about its fixed point 0, on series.
        q: eigenvector of -1.
        p: adjoint, ``<p, q> = 1``.
        even: solves ``(A - 1) w = b``.
        odd: solves ``(A + 1) w = b`` for b with ``<p, b> = 0``, with ``<p, w> = 0``.
        order: highest power.
        field: where coefficients live.

    Returns:
        The manifold.
    """
    size = len(q)
    terms: list[Vector] = [[field.zero] * size, list(q)]
    normal = [field.zero, -field.one]
    for k in range(2, order + 1):
        moved = [s.c[k] for s in step(curve(field, terms, k + 1))]
        inner = Jet(field, [*normal, *[field.zero] * (k + 1 - len(normal))])
        power = inner
        known = [-m for m in moved]
        for j in range(2, k):
            power = power * inner
            known = [a + w * power.c[k] for a, w in zip(known, terms[j], strict=True)]
        if k % 2 == 0:
            normal.append(field.zero)
            terms.append(even(known))
        else:
            own = -dot(p, known, field)
            normal.append(own)
            terms.append(odd([a + b for a, b in zip(known, scaled(q, own), strict=True)]))
    return CentreManifold(tuple(terms), tuple(normal))
