"""Gradient descent on any polynomial loss, and all that edgestab derives of it."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from ...algebra.errors import DomainError
from ...optimisers.edge import derive_edge
from ...optimisers.optimiser import gradient_descent
from ..normal_form.minimum import reduce_at_minimum
from ..normal_form.minimum_form import MinimumForm
from .closure import Reduction, reduce
from .derivation import StudyDerivation
from .edge_point import EdgePoint, derive_edge_point
from .flip import FlipPoint, derive_flip
from .gradient import GradientStep
from .study import EdgeStudy


class GradientDescent(GradientStep):
    """``theta' = theta - step * grad loss(theta)``, exactly, and what follows from it.

    Attributes:
        loss: polynomial in the parameters; other symbols are constants.
        parameters: the trained parameters, in order.
        step: the step size, a symbol, a number or a formula in constants.
        ties: parameters that start equal to others and stay so, for example ``{z: x}``; proved to be kept.
        region: where the loss is this polynomial: each expression is positive there; empty where it is everywhere.
        optimiser: that moves the parameters, with a memory in the state; None for gradient descent, to which
            :meth:`study`, :meth:`at` and :meth:`flip` are confined.

    Raises:
        DomainError: the loss is not polynomial in the parameters, a tie is not kept by the step, or a name is that of
            a number in the memory (``v_x`` is the velocity of x).

    Source:
        Derived here.

    Example:
        >>> model = es.GradientDescent("(1 - x*y)^2/2", "x,y")
        >>> model.step_map().variables
        (x, y)
    """

    def reduce(self, coordinates: Mapping[str, sp.Expr | str]) -> Reduction:
        """The step in coordinates of the user's choice, if it closes in them.

        Args:
            coordinates: name to formula in the parameters, for example ``{"p": "x*y", "q": "x^2 + y^2"}``.

        Returns:
            The closed map, proved equal to the gradient step.

        Raises:
            DomainError: the step does not close; the message has a witness and a coordinate that might help.
        """
        return reduce(self, coordinates)

    def study(
        self,
        coordinates: Mapping[str, sp.Expr | str],
        at: Mapping[str, object],
        order: int = 3,
        small: str | None = None,
    ) -> EdgeStudy:
        """All that edgestab derives of a model near its edge of stability; see :class:`EdgeStudy`.

        Args:
            coordinates: two reduced coordinates, a residual and a curvature.
            at: the value of the residual coordinate at the minimum, for example ``{"p": 1}``.
            order: orders kept in the small parameter and in the residual, 2..30.
            small: which constant is small, when several are left.

        Returns:
            Hypotheses with verdicts, and every object that they allow.

        Raises:
            DomainError: the order is out of range, ``at`` names no coordinate, or the two-step map is too large.
        """
        return self.begin_study(coordinates, at, order, small).run()

    def begin_study(
        self,
        coordinates: Mapping[str, sp.Expr | str],
        at: Mapping[str, object],
        order: int = 3,
        small: str | None = None,
    ) -> StudyDerivation:
        """The same study, to be derived step by step; arguments as for :meth:`study`.

        Each study that was begun is kept: after an interrupt of :meth:`study`, ``begin_study(..).so_far()`` has what
        was derived, and :meth:`study` goes on from there.

        Returns:
            The derivation, where it stands.

        Raises:
            DomainError: the order is out of range, or the loss has one free parameter: see :meth:`flip`.
        """
        self._require_descent("study()")
        if len(self.free) < 2:
            raise DomainError.of(
                "study()",
                "a loss of two free parameters or more",
                f"the one parameter {self.free[0]}, whose minima are points with a sharpness that cannot move",
                f"Use flip({{'{self.free[0]}': ..}}), on the command line --at {self.free[0]}=.. without --reduce.",
            )
        fresh = StudyDerivation(self, coordinates, at, order, small)
        known: dict[str, StudyDerivation] = self.__dict__.setdefault("_studies", {})
        # the same names with other assumptions are other symbols
        exact = [(name, sp.srepr(v) if isinstance(v, sp.Basic) else v) for name, v in coordinates.items()]
        return known.setdefault(repr((exact, sorted(map(repr, at.items())), order, small)), fresh)

    def at(self, point: Mapping[str | sp.Symbol, object]) -> EdgePoint:
        """The model at one point: Hessian, edge step, and Damian et al.'s self-stabilisation data.

        Args:
            point: a rational value for each free parameter.

        Returns:
            The exact local data, with the hypotheses that hold and fail there.

        Raises:
            DomainError: a value is missing, or the top Hessian eigenvalue is not simple and positive.
        """
        self._require_descent("at()")
        return derive_edge_point(self, point)

    def flip(self, point: Mapping[str | sp.Symbol, object], degree: int | None = None) -> FlipPoint:
        """A loss of one free parameter at its minimum: the flip at the edge of stability, and what lies beyond it.

        Args:
            point: the exact value of the parameter, for example ``{"x": "sqrt(2)"}``.
            degree: to which the loss is known at the point, where it is a Taylor polynomial; 4 or more.

        Returns:
            Edge step, coefficient of the flip's normal form, and whether it is super- or subcritical.

        Raises:
            DomainError: there are several free parameters, the value is missing or no exact number, or the degree is
                too low.
        """
        self._require_descent("flip()")
        return derive_flip(self, point, degree)

    def normal_form(self, point: Mapping[str | sp.Symbol, object], near: bool = False, order: int = 5) -> MinimumForm:
        """The model at a minimum, reduced to one dimension or two; any number of parameters.

        Args:
            point: a value for each free parameter, exact; it may be a formula in symbols.
            near: the point is only near a minimum, which is then enclosed.
            order: highest power of the normal form at an isolated minimum, odd.

        Returns:
            First Lyapunov coefficient, self-stabilisation along a manifold of minima, and the sharpness at convergence
            that they predict, with the hypotheses that hold and fail.

        Raises:
            DomainError: a value is missing, no minimum is found near, or there is an optimiser.
        """
        self._require_descent("normal_form()")
        named = {(k.name if isinstance(k, sp.Symbol) else k): v for k, v in point.items()}
        tied = {kept.name: named[leader.name] for kept, leader in self.ties.items() if leader.name in named}
        return reduce_at_minimum(self.loss, self.parameters, named | tied, near, order)

    def edge_step(self, point: Mapping[str | sp.Symbol, object]) -> sp.Expr:
        """The step size at which a minimum loses stability under the optimiser.

        Args:
            point: a rational value for each free parameter, with a simple positive top Hessian eigenvalue.

        Returns:
            The optimiser's edge over that eigenvalue, exactly: any smaller step is stable there.

        Raises:
            DomainError: the optimiser has no edge or does not keep minima, or the point is refused by :meth:`at`.

        Example:
            >>> heavy = es.optimisers.heavy_ball("1/2")
            >>> es.GradientDescent("(1 - x*y)^2/2", "x,y", optimiser=heavy).edge_step({"x": 1, "y": 1})
            3/2
        """
        optimiser = self.optimiser or gradient_descent()
        if not optimiser.keeps_minima:
            raise DomainError.of(
                "edge_step()", "an optimiser that keeps minima", optimiser.name, "Its fixed points are no minima."
            )
        edge = derive_edge(optimiser).curvature
        plain = GradientDescent(self.loss, self.parameters, self.step, self.ties, self.region)
        return sp.simplify(edge / plain.at(point).sharpness)

    def _require_descent(self, where: str) -> None:
        """What is derived near a point rests on the plain step.

        Raises:
            DomainError: there is an optimiser.
        """
        if self.optimiser is not None:
            raise DomainError.of(
                where, "gradient descent", self.optimiser.name, "Use step_map(), reduce(..) or edge_step(..) with it."
            )
