"""The one object of the plane: a map in ``(z, T)``, and everything that is derived from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from inspect import signature
from typing import Any, Concatenate, ParamSpec, Protocol, Self, TypeVar

import sympy as sp

from ..algebra.errors import DomainError
from ..algebra.symbols import symbol
from ..explain.log import DerivationLog
from .edge_line import EdgeCoordinates, derive_edge_coordinates, derive_fibre
from .first_integral import LEADING, manifold_order
from .limit_law import LimitLaw, derive_limit_law
from .maps import PolynomialMap
from .nullcline import RESCALED, Nullcline, derive_nullcline
from .recurrences import Recurrence, derive_two_step
from .slow_flow import SlowFlow, derive_slow_flow
from .slow_manifold import LimitSeries, SlowManifold, derive_slow_manifold
from .two_cycles import CycleSets, LeadingTerms, cycle_sets, leading_terms

HIGHEST_LAW = 8
LEADING_ORDER = 3
"""The order in z to which the leading terms of two steps are read off."""

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound="PlanarMap")


def derivation(method: Callable[Concatenate[M, P], R]) -> Callable[Concatenate[M, P], R]:
    """Derive once for each map and arguments.

    The results live on the map itself, not in a table keyed by equality: a subclass that replaces one derived object
    equals the map that it was made from, and must not share its results.
    """
    declared = signature(method)

    @wraps(method)
    def derived(self: M, /, *args: P.args, **kwargs: P.kwargs) -> R:
        bound = declared.bind(self, *args, **kwargs)
        bound.apply_defaults()
        # True equals 1, but is refused as an order
        key = (method.__qualname__, *((type(value), value) for value in list(bound.arguments.values())[1:]))
        known: dict[Any, R] = self.__dict__.setdefault("_derived", {})
        if key not in known:
            known[key] = method(self, *args, **kwargs)
        return known[key]

    return derived


class Origin(Protocol):
    """What a map was made from: it knows how one step closes."""

    def explain_one_step(self, closed: PolynomialMap) -> DerivationLog:
        """The log from the loss to the closed map, which it checks."""


@dataclass(frozen=True, eq=False)
class PlanarMap(PolynomialMap):
    """One step in ``(z, T)``: the residual and the curvature, in units where the edge of stability is ``T = 2``.

    Everything later is derived through the methods of this object and kept on it. So a subclass that replaces the
    nullcline, say, changes all that rests on the nullcline: that is how tests plant a wrong coefficient.

    Attributes:
        variables: ``(z, T)``.
        components: polynomials over Q in variables and parameters.
        parameters: symbols that stay fixed along an orbit; the small one is ``epsilon`` where there are several.
        name: what the map is, for headers and logs.
        origin: the model that it was derived from; None for a map given by hand.

    Raises:
        DomainError: there are not two variables.

    Source:
        Derived here; for the main case Agarwala, Pedregosa, Pennington 2022, the one-step map in rescaled units.

    Example:
        >>> step = es.models.main_case()
        >>> step.components[0]
        -T*epsilon*z**2/2 + T*z**2/2 - T*z + epsilon*z**3 + z
        >>> step.limit_series(2).coefficients
        (2, -1/2, -27/32)
    """

    units = RESCALED
    origin: Origin | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if len(self.variables) != 2:
            raise DomainError.of(
                "PlanarMap()", "two variables (z, T)", self.variables, "Use a model with two distinct eigenvalues."
            )
        super().__post_init__()

    def __eq__(self, other: object) -> bool:
        # a subclass may replace any derived object: only the very same one has the same of everything
        if any(isinstance(m, PlanarMap) and type(m) is not PlanarMap for m in (self, other)):
            return self is other
        return super().__eq__(other)

    def __hash__(self) -> int:
        return super().__hash__()

    @classmethod
    def of(cls, source: PolynomialMap, origin: Origin | None = None) -> Self:
        """Read a polynomial map of two variables as a map of the plane.

        Args:
            source: the map.
            origin: what it was made from.

        Returns:
            The same map with all that follows from it.

        Raises:
            DomainError: there are not two variables.
        """
        made = cls.from_polynomials(source.variables, source.polynomials, source.parameters, source.name)
        object.__setattr__(made, "origin", origin)
        return made

    @property
    def small(self) -> sp.Symbol | None:
        """The small parameter: ``epsilon``, or the only one there is; None where there is none, or no telling."""
        epsilon = symbol("epsilon")
        if epsilon in self.parameters:
            return epsilon
        return self.parameters[0] if len(self.parameters) == 1 else None

    def substitute(self, values: Mapping[sp.Symbol, sp.Expr | int]) -> PlanarMap:
        """Fix some parameters to exact values, see :meth:`PolynomialMap.substitute`."""
        return PlanarMap.of(super().substitute(values))

    @derivation
    def frozen(self) -> PlanarMap:
        """The map with all parameters 0: there the nullcline consists of two-cycles, where it concentrates."""
        return self.substitute(dict.fromkeys(self.parameters, 0))

    @derivation
    def nullcline(self, order: int, parameter_weight: int = 0) -> Nullcline:
        """The branch of ``z'' = z`` through the edge.

        Args:
            order: highest degree in z kept, 1..200.
            parameter_weight: what a parameter counts in that degree; 0 keeps all its powers.

        Returns:
            ``T = f(z)``, exact to the order.

        Raises:
            DomainError: the order is out of range, ``z = 0`` is not fixed, or ``T = 2`` is no simple root.
        """
        return derive_nullcline(self, order, parameter_weight)

    @derivation
    def two_step(self, order: int = 3, weights: tuple[int, int] = (0, 0)) -> Recurrence:
        """The recurrence of ``(z, y)`` over two steps, complete up to an order in z.

        Args:
            order: total truncation degree in z, 1..200.
            weights: what y and a parameter count in that degree; 0 keeps all their powers, ``(2, 2)`` is the scaling
                in which y and epsilon are of the size of z squared.

        Returns:
            The recurrence; ``y = T - f(z)`` is measured from the nullcline. Exact to the order.

        Raises:
            DomainError: the order or a weight is out of range.
        """
        if len(weights) != 2 or any(isinstance(w, bool) or not isinstance(w, int) or w < 0 for w in weights):
            raise DomainError.of("two_step()", "weights >= 0 of y and the parameters", weights, "(2, 2) is usual.")
        return derive_two_step(self.nullcline(order, weights[1]), weights[0])

    @derivation
    def slow_manifold(self, order: int, extra_degree: int = 0) -> SlowManifold:
        """The curve that relaxed orbits follow.

        Args:
            order: highest power of the parameter, 0..60.
            extra_degree: further degrees in z to keep in each row, beyond those that the limit needs.

        Returns:
            The manifold. Its value at ``z = 0`` is exact to the order.

        Raises:
            DomainError: the order is out of range, or the map has not exactly one parameter.
            ProofError: the map has no slow manifold of this kind.
        """
        return derive_slow_manifold(self, order, extra_degree)

    def limit_series(self, order: int) -> LimitSeries:
        """The limit of relaxed orbits as a power series in the parameter; arguments as for :meth:`slow_manifold`."""
        return self.slow_manifold(order).limit()

    @derivation
    def limit_law(self, order: int) -> LimitLaw:
        """Where any start near the edge ends.

        Args:
            order: 1 is the leading law, 2 the next, .. 8.

        Returns:
            The law, exact to weight ``2 order``: u counts 1, p, x and the parameter count 2.

        Raises:
            DomainError: the order is out of range, or the map has not exactly one parameter.
            ProofError: the map has no slow manifold, or no integral of this form.
        """
        if isinstance(order, bool) or not isinstance(order, int) or not 1 <= order <= HIGHEST_LAW:
            raise DomainError.of("limit_law()", f"an order in 1..{HIGHEST_LAW}", order, "2 is the next order.")
        weight = LEADING * order
        return derive_limit_law(self.slow_manifold(manifold_order(weight)), weight)

    @derivation
    def edge_coordinates(self) -> EdgeCoordinates:
        """The affine coordinate that one step moves by ``O(z^2)`` only, and its tilt.

        Returns:
            The coordinate and the exact map in it.

        Raises:
            DomainError: the map moves a point of ``z = 0``, or no affine coordinate will do.
        """
        return derive_edge_coordinates(self)

    @derivation
    def fibre(self, order: int) -> tuple[sp.Expr, ...]:
        """Coefficients ``a_1(T) .. a_order(T)`` of the limit function ``T + sum a_k(T) z^k`` near the line of minima.

        Args:
            order: how many, 1..8.

        Returns:
            Exact rational functions of T and the parameters.

        Raises:
            DomainError: the map moves a point of ``z = 0``, or the order is out of range.
        """
        return derive_fibre(self, order)

    @derivation
    def leading_terms(self) -> LeadingTerms:
        """The terms of two steps that decide whether orbits concentrate: rate, relaxation, drift.

        Raises:
            DomainError: the edge is not simple.
        """
        return leading_terms(self, self.two_step(LEADING_ORDER), self.small)

    @derivation
    def two_cycles(self, order: int = 3) -> CycleSets:
        """What returns to itself after one or two steps near the edge.

        Args:
            order: power of z kept.

        Returns:
            Both sets; the series are at small parameter 0.

        Raises:
            DomainError: the edge is not simple.
        """
        return cycle_sets(self, self.frozen().nullcline(order), self.small, self.leading_terms().drift)

    @derivation
    def slow_flow(self) -> SlowFlow:
        """The leading slow flow of two steps with its energy, for maps whose deviations do not relax.

        Raises:
            DomainError: there is no small parameter, or the flow is not of this form.
        """
        if self.small is None:
            raise DomainError.of("slow_flow()", "a map with a small parameter", self.parameters, "Name it epsilon.")
        return derive_slow_flow(self, self.small, symbol("y"))

    def explain(self) -> DerivationLog:
        """From the loss to the closed map, as its model tells it."""
        return super().explain() if self.origin is None else self.origin.explain_one_step(self)
