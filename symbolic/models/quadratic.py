"""The quadratic regression model with one output, from its loss.

``f(theta) = theta' Q theta / 2``, residual ``f - E``, loss ``L = (f - E)^2 / 2``. The poster writes ``f`` without
the factor 1/2; only with it are its printed coefficients right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import sympy as sp

from ..algebra.errors import DomainError, ProofError
from ..algebra.parsing import exact_expression, model_symbol
from ..algebra.rings import PolyRing
from ..algebra.symbols import symbol, symbols
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from ..latex.names import later
from ..latex.printer import Order
from ..optimisers.optimiser import Optimiser
from ..optimisers.piecewise import PiecewiseOptimiser
from ..planar.maps import PolynomialMap
from ..planar.planar_map import PlanarMap
from .optimised_quadratic import OptimisedMap, OptimisedQuadratic


@dataclass(frozen=True)
class QuadraticModel:
    """Quadratic regression with one output and given eigenvalues of Q.

    Attributes:
        eigenvalues: distinct non-zero eigenvalues of Q, exact (the paper's main case is ``(1, -epsilon)``).
        target: the regression target E, in units where the step size is 1 (that is, ``eta * E``).
        optimiser: that trains it, polynomial over Q in its symbols; None for gradient descent.

    Raises:
        DomainError: an eigenvalue is zero, repeated or a float, or the optimiser's map does not close over Q.

    Source:
        Agarwala, Pedregosa, Pennington 2022, the quadratic regression model with one datapoint.

    Example:
        >>> es.QuadraticModel((1, -2)).one_step().components[1]
        3*T*z**2 + 2*T*z + T - 4*z**3 - 8*z**2
    """

    eigenvalues: tuple[sp.Expr, ...]
    target: sp.Expr = sp.S.Zero
    optimiser: Optimiser | None = None

    def __init__(
        self, eigenvalues: Sequence[object], target: object = 0, optimiser: Optimiser | PiecewiseOptimiser | None = None
    ) -> None:
        values = tuple(exact_expression(v, "QuadraticModel()") for v in eigenvalues)
        if not values or any(v == 0 for v in values) or len(set(values)) != len(values):
            raise DomainError.of(
                "QuadraticModel()",
                "distinct non-zero eigenvalues",
                values,
                "Multiplicities do not change the map.",
            )
        object.__setattr__(self, "eigenvalues", values)
        object.__setattr__(self, "target", exact_expression(target, "QuadraticModel()"))
        if isinstance(optimiser, PiecewiseOptimiser):
            raise optimiser.refuse("QuadraticModel()")
        object.__setattr__(self, "optimiser", optimiser)
        _ = self._trained

    @cached_property
    def _trained(self) -> OptimisedQuadratic | None:
        """The model with its optimiser; None for gradient descent."""
        o = self.optimiser
        return None if o is None else OptimisedQuadratic(self.eigenvalues, self.target, self.theta, o)

    @property
    def memory(self) -> tuple[tuple[sp.Symbol, ...], ...]:
        """What the optimiser keeps of each weight, row by row: the weights themselves first."""
        return (self.theta,) if self._trained is None else self._trained.memory

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """Symbols of the eigenvalues and the target, sorted by name; then those of the optimiser."""
        if self._trained is not None:
            return self._trained.parameters
        free = set().union(*(v.free_symbols for v in self.eigenvalues), self.target.free_symbols)
        return tuple(sorted(free, key=lambda s: s.name))

    @property
    def theta(self) -> tuple[sp.Symbol, ...]:
        """The parameters of the predictor along the eigenvectors of Q, times the root of the step size."""
        return tuple(model_symbol(f"theta_{i + 1}") for i in range(len(self.eigenvalues)))

    def predictor(self) -> sp.Expr:
        """``f(theta) = sum_i q_i theta_i^2 / 2``."""
        pairs = zip(self.eigenvalues, self.theta, strict=True)
        return sp.Add(*(q * t**2 / 2 for q, t in pairs))

    def loss(self) -> sp.Expr:
        """``L = (f - E)^2 / 2``."""
        return (self.predictor() - self.target) ** 2 / 2

    def theta_step(self) -> PolynomialMap:
        """One step on the loss with step size 1 (it is scaled into theta), by differentiation; with the memory."""
        if self._trained is not None:
            return self._trained.theta_step
        components = tuple(t - sp.diff(self.loss(), t) for t in self.theta)
        return PolynomialMap(self.theta, components, self.parameters, "gradient step")

    def query_step(self) -> PolynomialMap:
        """The step in theta with the point at which the gradient is taken in place of each weight: cheap to compute.

        Returns:
            The map; without look-ahead that of :meth:`theta_step`.

        Raises:
            DomainError: the optimiser's query point does not begin with the weight.
        """
        return self.theta_step() if self._trained is None else self._trained.query_step()

    def preconditioned(self, scales: Sequence[object]) -> QuadraticModel:
        """The model under ``theta' = theta - eta P g`` with a fixed P that commutes with Q, as a model without P.

        In the coordinates ``P^(-1/2) theta`` each eigenvalue is multiplied by that of P, and nothing else changes: z is
        the same, and T becomes the preconditioned sharpness.

        Args:
            scales: the eigenvalue of P along each eigenvector of Q, in the order of :attr:`eigenvalues`; positive.

        Returns:
            The model with scaled eigenvalues and the same target and optimiser.

        Raises:
            DomainError: a scale is not exact and positive, their number is another, or the optimiser has an ascent,
                which is not preconditioned.

        Example:
            >>> es.QuadraticModel((1, -2)).preconditioned((3, "1/2")).eigenvalues
            (3, -1)
        """
        where = "preconditioned()"
        exact = [exact_expression(s, where) for s in scales]
        if len(exact) != len(self.eigenvalues) or not all(s.is_positive for s in exact):
            raise DomainError.of(
                where,
                f"{len(self.eigenvalues)} positive scales",
                tuple(scales),
                "P has to commute with Q, be fixed and positive: one that turns the eigenvectors, or moves with the "
                "gradients as Adam's does, does not close in the moments of Q.",
            )
        if self.optimiser is not None and self.optimiser.ascent != 0:
            raise DomainError.of(
                where, "an optimiser without ascent", self.optimiser.name, "Its ascent is along the plain gradient."
            )
        scaled = [sp.expand(q * s) for q, s in zip(self.eigenvalues, exact, strict=True)]
        return QuadraticModel(scaled, self.target, self.optimiser)

    def moment(self, k: int) -> sp.Expr:
        """``T^(k) = theta' Q^(k+2) theta`` in theta; ``T^(0)`` is the NTK eigenvalue, ``T^(-1) = 2 f``."""
        pairs = zip(self.eigenvalues, self.theta, strict=True)
        return sp.Add(*(q ** (k + 2) * t**2 for q, t in pairs))

    @property
    def state(self) -> tuple[sp.Symbol, ...]:
        """``(z, T)``, or ``(z, T_0, .., T_(m-2))`` for m other than 2 distinct eigenvalues.

        With a memory the same moments of each pair of numbers kept follow: ``f_ab = x_a' Q x_b``, ``T_ab`` or
        ``T_ab_k`` with ``Q^(k+2)`` in the middle.
        """
        if self._trained is not None:
            return self._trained.state
        m = len(self.eigenvalues)
        if m == 2:
            return (symbol("z"), symbol("T"))
        return (symbol("z"), *(sp.Symbol(f"T_{k}", real=True) for k in range(m - 1)))

    def one_step(self) -> PolynomialMap:
        """The closed exact map in :attr:`state` of one step; without an optimiser, of one gradient step.

        ``z' = z - z T0 + z^2 T1 / 2`` and ``Tk' = Tk - 2 z T(k+1) + z^2 T(k+2)``, closed by the minimal polynomial
        of Q, and proved equal to the gradient step in theta before it is returned.

        Returns:
            A polynomial map of :attr:`state`, exact; a :class:`PlanarMap` for two eigenvalues and no memory.

        Raises:
            ProofError: the closed map does not agree with the step in theta.
        """
        return self._one_step

    @cached_property
    def _one_step(self) -> PolynomialMap:
        if self._trained is not None:
            trained = self._trained.closed()
            if len(trained.variables) == 2:
                return PlanarMap.of(trained, self)
            made = OptimisedMap.from_polynomials(
                trained.variables, trained.polynomials, trained.parameters, trained.name
            )
            object.__setattr__(made, "origin", self)
            return made
        z = self.state[0]
        moments = self._closed_moments(len(self.eigenvalues) + 1)
        t = {k - 1: value for k, value in enumerate(moments)}
        images = [z - z * t[0] + z**2 * t[1] / 2]
        images += [t[k] - 2 * z * t[k + 1] + z**2 * t[k + 2] for k in range(len(self.state) - 1)]
        ring = PolyRing((*self.state, *self.parameters))
        closed = PolynomialMap.from_polynomials(
            self.state, tuple(ring.from_expr(image) for image in images), self.parameters, "one step"
        )
        self._prove_closed(closed)
        return PlanarMap.of(closed, self) if len(self.state) == 2 else closed

    def _closed_moments(self, highest: int) -> list[sp.Expr]:
        """``T^(-1), .., T^(highest - 1)`` through the state, by the minimal polynomial ``prod (x - q_i)``."""
        z, *rest = self.state
        x = sp.Dummy("x")
        minimal = sp.Poly(sp.prod(x - q for q in self.eigenvalues), x)
        lower = minimal.all_coeffs()[1:]
        moments: list[sp.Expr] = [2 * (z + self.target), *rest]
        while len(moments) <= highest:
            recent = moments[: -len(self.eigenvalues) - 1 : -1]
            moments.append(sp.expand(-sp.Add(*(c * m for c, m in zip(lower, recent, strict=True)))))
        return moments[: highest + 1]

    def embedding(self) -> tuple[sp.Expr, ...]:
        """The state as functions of theta, and of the rest of the memory."""
        if self._trained is not None:
            return self._trained.embedding()
        moments = (self.moment(k) for k in range(len(self.state) - 1))
        return (self.predictor() - self.target, *moments)

    def _prove_closed(self, closed: PolynomialMap) -> None:
        """Check ``state(gradient step) == closed(state)`` as polynomials in theta."""
        ring = PolyRing((*self.theta, *self.parameters))
        inside = [ring.from_expr(e) for e in self.embedding()]
        fixed = [ring.generator(p) for p in self.parameters]
        stepped = [*(ring.from_expr(c) for c in self.theta_step().components), *fixed]
        for name, embedded, image in zip(self.state, inside, closed.polynomials, strict=True):
            if embedded.compose(*stepped, ctx=ring.context) != image.compose(*inside, *fixed, ctx=ring.context):
                raise ProofError.of("QuadraticModel.one_step()", "the gradient step", f"another {name}'", "Report it.")

    def planar_map(self) -> PlanarMap:
        """One step of a model with two eigenvalues, as the object that everything in the plane follows from.

        Returns:
            The map in ``(z, T)``, exact.

        Raises:
            DomainError: the model has not two distinct eigenvalues, or its optimiser has a memory.
        """
        if len(self.memory) > 1 and self.optimiser is not None:
            raise DomainError.of(
                "QuadraticModel.planar_map()",
                "an optimiser without memory",
                f"{self.optimiser.name}, which keeps {len(self.memory)} numbers for each weight",
                "Its map closes in more than (z, T): use one_step().",
            )
        one_step = self.one_step()
        return one_step if isinstance(one_step, PlanarMap) else PlanarMap.of(one_step, self)

    def explain_one_step(self, closed: PolynomialMap | None = None) -> DerivationLog:
        """From the loss to the closed map; every closed equation is checked as a polynomial identity in theta.

        Args:
            closed: the map in question; the model's own by default.

        Raises:
            ProofError: a step does not hold, or the map is not that of the model.
        """
        if self._trained is not None:
            return self._trained.explain(self.one_step() if closed is None else closed)
        log = DerivationLog("One step of gradient descent, closed")
        theta = self.theta
        f, loss = symbols("f L")
        log.state(
            "Model and loss",
            "Quadratic predictor with the given eigenvalues, squared residual. The step size is scaled into theta, so "
            "that it is 1 here and z is eta times the residual.",
            Equation(f, self.predictor(), order=Order(theta)),
            Equation(loss, (f - self.target) ** 2 / 2),
        )
        step = self.theta_step()
        moved = dict(zip(theta, step.components, strict=True))
        residual = self.predictor() - self.target
        pairs = zip(self.eigenvalues, theta, strict=True)
        factored = [(t, t * (1 - q * residual)) for q, t in pairs]
        log.identity(
            "Gradient step",
            "Each parameter moves against the derivative of the loss; along an eigenvector of Q it is multiplied by "
            "one minus eigenvalue times residual.",
            sp.Add(*(moved[t] * t for t in theta)),
            sp.Add(*(right * t for t, right in factored)),
            *(Equation(later(t, 1), t * (1 - q * self.state[0])) for q, t in zip(self.eigenvalues, theta, strict=True)),
            what="the derivative and the product form",
        )
        embedded = self.embedding()
        log.state(
            "State",
            "The residual and the moments T_k = theta' Q^(k+2) theta; T_0 is the NTK eigenvalue, and it is the "
            "sharpness where the residual is 0.",
            *(Equation(s, e, order=Order(theta)) for s, e in zip(self.state, embedded, strict=True)),
        )
        closed = self.one_step() if closed is None else closed
        inside = dict(zip(self.state, embedded, strict=True))
        for s, e, image in zip(closed.variables, embedded, closed.components, strict=True):
            log.identity(
                f"The next {s}",
                "Put the gradient step into its definition; higher moments are expressed by lower ones through the "
                "minimal polynomial of Q.",
                e.subs(moved, simultaneous=True),
                image.subs(inside, simultaneous=True),
                Equation(later(s, 1), image, order=Order(closed.variables)),
                what="the stepped definition and the closed form, written in theta,",
            )
        return log


@cache
def main_case() -> PlanarMap:
    """The paper's case: one step of the model with eigenvalues ``{1, -epsilon}`` and target 0.

    Returns:
        The map in ``(z, T)``, exact; derived once.

    Source:
        Agarwala, Pedregosa, Pennington 2022, the simplified model of the one-output case.

    Example:
        >>> es.models.main_case().parameters
        (epsilon,)
    """
    return MAIN_MODEL.planar_map()


MAIN_MODEL = QuadraticModel((1, -symbol("epsilon")))
"""The model of the paper's main case."""
