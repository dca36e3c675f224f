"""The planar map: the one object from which everything near the edge of stability follows.

Each object is derived through the methods of the map, once, from objects that are derived through them too: a map with
another coefficient, or a subclass that replaces one object, changes all that follows from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec, Self, TypeVar

import sympy as sp

from ..algebra.errors import DomainError
from ..algebra.symbols import symbol
from .edge_line import EdgeCoordinates, derive_edge_coordinates, derive_fibre
from .limit_law import LimitLaw, derive_limit_law, manifold_order
from .limit_series import LimitSeries
from .maps import PolynomialMap
from .nullcline import EDGE, UNITS, Nullcline, check_planar, derive_nullcline
from .recurrences import Recurrence, check_weights, derive_two_step
from .slow_flow import SlowFlow, derive_slow_flow
from .slow_manifold import SlowManifold, derive_slow_manifold
from .two_cycles import (
    LEADING_ORDER,
    LeadingTerms,
    TwoCycles,
    derive_two_cycles,
    read_leading_terms,
    small_parameter,
)

P = ParamSpec("P")
Result = TypeVar("Result")
Map = TypeVar("Map", bound="PlanarMap")


def derived_once(method: Callable[Concatenate[Map, P], Result]) -> Callable[Concatenate[Map, P], Result]:
    """Keep what a method of a map returns on that very map.

    Not keyed by equality: two maps may have the same components and differ in a replaced method.
    """

    @wraps(method)
    def kept(self: Map, /, *args: P.args, **kwargs: P.kwargs) -> Result:
        found = self.__dict__.setdefault("derived", {})
        # the text of the arguments tells 1 from True, and takes lists
        key = (method.__qualname__, repr(args), repr(kwargs))
        if key not in found:
            found[key] = method(self, *args, **kwargs)
        result: Result = found[key]
        return result

    return kept


@dataclass(frozen=True, eq=False)
class PlanarMap(PolynomialMap):
    """A polynomial map of ``(z, T)``, and all that is derived from it near the edge of stability ``(0, 2)``.

    ``z`` is the residual, ``T`` one minus the multiplier across the line of minima ``z = 0``, both in rescaled units.
    What a method asks of the map beyond that, it checks.

    Attributes:
        variables: the residual and the curvature, in this order.
        components: one polynomial over Q for each.
        parameters: symbols that stay fixed along an orbit; the first is the small one.
        name: what the map is, for headers and logs.

    Raises:
        DomainError: there are more or fewer than two variables, or a component is not such a polynomial.

    Source:
        Agarwala, Pedregosa, Pennington 2022, the dynamics of one output with two eigenvalues.

    Example:
        >>> epsilon = es.symbol("epsilon")
        >>> one_step = es.QuadraticModel((1, -epsilon)).one_step()
        >>> one_step.limit_series(2).expressions()
        (-27*epsilon**2/32 - epsilon/2 + 2,)
    """

    kind: ClassVar[str] = "one-step"
    units: ClassVar[str] = UNITS

    def __post_init__(self) -> None:
        check_planar(self, "PlanarMap()")
        super().__post_init__()

    @classmethod
    def of(cls, source: PolynomialMap, **more: Any) -> Self:
        """A map of two variables as a planar map; one that is planar already is returned as it is.

        Args:
            source: the map.
            **more: attributes of this class that the source lacks.

        Returns:
            The planar map, equal to the source.

        Raises:
            DomainError: the source has more or fewer than two variables.
        """
        if isinstance(source, cls):
            return source
        made = cls.__new__(cls)
        # the polynomials are known: do not parse them back from the expressions
        made.__dict__["polynomials"] = source.polynomials
        made.__init__(**{f.name: getattr(source, f.name) for f in fields(cls) if f.name not in more}, **more)  # type: ignore[misc]
        return made

    def iterate(self, times: int) -> PlanarMap:
        """The map applied ``times`` times, see :meth:`PolynomialMap.iterate`."""
        return PlanarMap.of(super().iterate(times))

    def substitute(self, values: Mapping[sp.Symbol, sp.Expr | int]) -> PlanarMap:
        """Some parameters fixed to exact values, see :meth:`PolynomialMap.substitute`."""
        return PlanarMap.of(super().substitute(values))

    @derived_once
    def nullcline(self, order: int, parameter_weight: int = 0) -> Nullcline:
        """The branch through the edge of ``z'' = z``.

        Args:
            order: highest degree in z kept, 1..200.
            parameter_weight: what a parameter counts in that degree; 0 keeps all powers of it.

        Returns:
            The curve; its coefficients are polynomials in the parameters.

        Raises:
            DomainError: the order is out of range, or the edge is no simple root of ``z'' = z``.
        """
        return derive_nullcline(self, order, parameter_weight)

    @derived_once
    def two_step(self, order: int, weights: tuple[int, int] = (0, 0)) -> Recurrence:
        """The recurrence over two steps in ``(z, y)``, with y the deviation of T from the nullcline.

        Args:
            order: total truncation degree in z, 1..200.
            weights: what y and a parameter count in that degree; 0 keeps all their powers, ``(2, 2)`` is the scaling
                in which y and epsilon are of the size of z squared.

        Returns:
            The recurrence.

        Raises:
            DomainError: the order or a weight is out of range.
        """
        check_weights(weights)
        return derive_two_step(self.nullcline(order, weights[1]), weights)

    @derived_once
    def slow_manifold(self, order: int, extra_degree: int = 0) -> SlowManifold:
        """The curve that relaxed orbits follow, from its invariance under one step.

        Args:
            order: highest power of the parameter, 0..60.
            extra_degree: further degrees in z to keep, beyond those that the limit needs.

        Returns:
            The manifold; its value at ``z = 0`` is exact to the order.

        Raises:
            DomainError: the order is out of range, or the map has not exactly one parameter.
            ProofError: the map has no slow manifold of this kind.
        """
        return derive_slow_manifold(self, order, extra_degree)

    def limit_series(self, order: int) -> LimitSeries:
        """The limit of relaxed orbits as a power series in the parameter, to an order in 0..60."""
        return LimitSeries.of(self.slow_manifold(order))

    @derived_once
    def limit_law(self, order: int) -> LimitLaw:
        """The limit of any start near the edge, from a formal first integral.

        Args:
            order: 1 is the leading law, 2 the next, up to 8.

        Returns:
            The law, complete to weight ``2 order``.

        Raises:
            DomainError: the order is out of range.
        """
        weight = 2 * order
        return derive_limit_law(self.slow_manifold(manifold_order(weight)), weight)

    @derived_once
    def leading_terms(self) -> LeadingTerms:
        """The terms of the two-step recurrence that decide whether orbits concentrate at one distance from the edge.

        Returns:
            The terms; ``simple_edge`` is False where there is no recurrence.
        """
        try:
            return read_leading_terms(self.two_step(LEADING_ORDER))
        except DomainError as error:
            return LeadingTerms(False, sp.S.Zero, False, str(error), None, "", None)

    @derived_once
    def two_cycles(self, order: int) -> TwoCycles:
        """The fixed points and the two-cycles near the edge, as series in z at small parameter 0.

        Args:
            order: power of z kept, 1..200.

        Returns:
            Both sets.

        Raises:
            DomainError: the order is out of range, or the edge is not simple.
        """
        frozen = self.substitute(dict.fromkeys(self.parameters, 0))
        return derive_two_cycles(self, frozen.nullcline(order), self.leading_terms())

    @derived_once
    def slow_flow(self) -> SlowFlow:
        """The leading two-step flow of ``(z, y)`` and its energy, where T is frozen at parameter 0 and nothing relaxes.

        Returns:
            The flow, with its conserved energy.

        Raises:
            DomainError: the map has no small parameter, or its flow does not separate.
        """
        small, (z, T) = small_parameter(self), self.variables
        if small is None:
            raise DomainError.of("slow_flow()", "a small parameter", self.parameters, "Fix the other constants.")
        two = self.iterate(2)
        rate = sp.diff(two.components[0], T).subs({small: 0, T: EDGE})
        force = sp.expand(two.components[1] - T).coeff(small, 1).subs(T, EDGE)
        return derive_slow_flow(z, symbol("y"), sp.expand(rate), sp.expand(small * force))

    @derived_once
    def edge_coordinates(self) -> EdgeCoordinates:
        """The affine coordinate that moves by ``O(z^2)`` only, measured from the edge.

        Returns:
            The coordinate, its tilt, and the map in it.

        Raises:
            DomainError: the map moves a point of ``z = 0``, or no affine coordinate will do.
        """
        return derive_edge_coordinates(self)

    @derived_once
    def fibre(self, order: int) -> tuple[sp.Expr, ...]:
        """``a_1 .. a_order`` of the limit function ``L = T + sum a_k(T) z^k`` of orbits near the line ``z = 0``.

        Args:
            order: how many coefficients, 1..8.

        Returns:
            Factored rational functions of T and the parameters.

        Raises:
            DomainError: the map moves a point of ``z = 0``, or the order is out of range.
        """
        return derive_fibre(self, order)
