"""The line of fixed points ``z = 0`` of the map in ``(z, T)``: its edge, its invariant fibres, coordinates fit for it.

On the line the map has multipliers ``1`` (along it) and ``m(T)`` (across it); the edge of stability is ``m = -1``.
An orbit that converges ends on the line at a point that is constant along the orbit: a function ``L(z, T)`` with
``L(z', T') = L(z, T)`` and ``L(0, T) = T``. Its Taylor coefficients in ``z`` are rational functions of ``T``,
determined order by order; truncated, they turn a state near the line into an estimate of the limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from ..algebra.errors import DomainError
from ..algebra.rings import PolyRing
from ..algebra.symbols import symbol
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.printer import Order
from .maps import PolynomialMap

MAX_FIBRE_ORDER = 8


@dataclass(frozen=True)
class EdgeCoordinates(Derived):
    """The affine coordinate ``v = T + tilt * z - edge``, constant along the map to first order in ``z``.

    For the main case ``v + edge`` is the rescaled weight norm. ``v`` is small where ``T`` is near the edge, so
    floating-point iteration in it keeps the relative accuracy of ``edge - T``; in ``T`` it keeps the absolute one.

    Attributes:
        edge: the value of ``T`` at which the multiplier across the line is ``-1``.
        tilt: the coefficient of ``z``, in the parameters of the map.
        map: the map in ``(z, v)``, equal to the given one by exact algebra.

    Source:
        Derived here; for the main case the tilt is that of the weight norm.

    Example:
        >>> es.models.main_case().edge_coordinates().tilt
        2*epsilon - 2
    """

    kind = "edge-coordinates"
    edge: sp.Rational
    tilt: sp.Expr
    map: PolynomialMap

    @property
    def excess(self) -> sp.Expr:
        """``T - edge`` in ``z`` and ``v``."""
        z, v = self.map.variables
        return v - self.tilt * z

    def equations(self) -> tuple[Equation, ...]:
        """The coordinate, then the map in it."""
        z, v = self.map.variables
        return (Equation(v, symbol("T") + self.tilt * z - self.edge, order=Order((z,))), *self.map.equations())

    def json(self) -> dict[str, Any]:
        """Edge and tilt as text, and the map."""
        return {"edge": str(self.edge), "tilt": str(self.tilt), "map": self.map.json()}

    def explain(self) -> DerivationLog:
        """The coordinate, and that one step moves it by ``O(z^2)``.

        Raises:
            ProofError: it moves at first order.
        """
        log = DerivationLog("The coordinate that is constant to first order at the edge")
        z, v = self.map.variables
        log.state("Coordinate", "T, tilted by a multiple of z and measured from the edge.", self.equations()[0])
        moved = sp.expand(self.map.components[1] - v)
        log.identity(
            "It moves by terms of order z^2 only",
            "One step of the coordinate has no term linear in z, at any distance from the edge.",
            sp.diff(moved, z).subs(z, 0),
            sp.S.Zero,
            *self.map.equations(),
            what="the derivative of v' - v in z at z = 0, and 0,",
        )
        return log


def _factors(source: PolynomialMap) -> tuple[sp.Poly, sp.Poly]:
    """The factors ``m, g`` of ``z' = z m`` and ``T' = T + z g``, as polynomials in z."""
    z, T = source.variables
    increments = (sp.Poly(source.components[0], z), sp.Poly(source.components[1] - T, z))
    if any(p.eval(0) != 0 for p in increments):
        raise DomainError.of("edge_coordinates()", "z = 0 to be fixed", source.name, "This holds for target 0 only.")
    m, g = (p.quo(sp.Poly(z, z)) for p in increments)
    return m, g


def derive_edge_coordinates(source: PolynomialMap) -> EdgeCoordinates:
    """Derive the affine coordinate in which the map moves by ``O(z^2)`` only, measured from the edge.

    Args:
        source: a map in ``(z, T)`` that fixes every point of ``z = 0``.

    Returns:
        The coordinate and the map in it.

    Raises:
        DomainError: the map moves a point of ``z = 0``, or no affine coordinate will do.
    """
    m, g = _factors(source)
    z, T = source.variables
    across, along = m.eval(0), g.eval(0)
    edges = sp.solve(across + 1, T)
    tilt = sp.cancel(along / (1 - across))
    if len(edges) != 1 or tilt.has(T) or not edges[0].is_Rational:
        raise DomainError.of(
            "edge_coordinates()",
            "one rational edge and a tilt that does not depend on T",
            f"edges {edges}, tilt {tilt}",
            "This map has no such coordinate.",
        )
    edge, v = sp.Rational(edges[0]), symbol("v")
    ring = PolyRing((z, v, *source.parameters))
    images = [ring.from_expr(e) for e in (z, edge + v - tilt * z, *source.parameters)]
    next_z, next_T = (p.compose(*images, ctx=ring.context) for p in source.polynomials)
    next_v = next_T + ring.from_expr(tilt) * next_z - ring.constant(edge)
    moved = PolynomialMap.from_polynomials((z, v), (next_z, next_v), source.parameters, f"{source.name}, edge at v = 0")
    return EdgeCoordinates(edge, tilt, moved)


def derive_fibre(source: PolynomialMap, order: int) -> tuple[sp.Expr, ...]:
    """Derive ``a_1 .. a_order`` of the limit function ``L = T + sum a_k(T) z^k``, order by order in ``z``.

    ``L(z', T') = L(z, T)`` gives ``a_k (1 - m^k)`` from the lower coefficients, ``m`` the multiplier across the line.
    For even k the divisor vanishes at the edge: the expansion holds for ``z`` small against the distance to it, and
    its first dropped term says how well.

    Args:
        source: a map in ``(z, T)`` that fixes every point of ``z = 0``.
        order: how many coefficients, 1..8 (order 3 takes 0.1 s, each further one about five times longer).

    Returns:
        The coefficients as factored rational functions of ``T`` and the parameters.

    Raises:
        DomainError: the map moves a point of ``z = 0``, or the order is out of range.
    """
    if not 1 <= order <= MAX_FIBRE_ORDER:
        raise DomainError.of("fibre()", f"an order in 1..{MAX_FIBRE_ORDER}", order, "Order 3 serves most uses.")
    m, g = _factors(source)
    T = source.variables[1]
    field = sp.QQ.frac_field(T, *source.parameters)
    t, width = field.from_sympy(T), order + 1

    def series(poly: sp.Poly) -> list[Any]:
        lowest_first = [field.from_sympy(c) for c in reversed(poly.all_coeffs())][:width]
        return lowest_first + [field.zero] * (width - len(lowest_first))

    def times(a: list[Any], b: list[Any]) -> list[Any]:
        return [sum((a[i] * b[k - i] for i in range(k + 1)), field.zero) for k in range(width)]

    across, step = series(m), [field.zero, *series(g)[:order]]
    one = [field.one] + [field.zero] * order
    coefficients: list[Any] = []
    # the sum over the known a_j of a_j(T') z'^j, as a series in z; its coefficient k is complete once a_(k-1) is in
    total, power = [field.zero] * width, one
    for j in range(width):
        coefficients.append(t if j == 0 else total[j] / (field.one - across[0] ** j))
        shifted, derivative, factor = [field.zero] * width, coefficients[j], one
        for i in range(width):
            shifted = [x + derivative * y for x, y in zip(shifted, factor, strict=True)]
            derivative, factor = derivative.diff(t) / (i + 1), times(factor, step)
        image = [field.zero] * j + times(shifted, power)[: width - j]
        total = [x + y for x, y in zip(total, image, strict=True)]
        power = times(power, across)
    return tuple(sp.factor(field.to_sympy(a)) for a in coefficients[1:])
