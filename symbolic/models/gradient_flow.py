"""The gradient flow of the quadratic model: closed field, conserved quantities, and where it ends.

With the step size going to 0 the closed map becomes ``dz/dt = -z T_0``, ``dT_k/dt = -2 z T_(k+1)``. The squares
``w_i = theta_i^2`` of the parameters along the eigenvectors are linear in the state, and ``dw_i/dt = -2 q_i z w_i``.
So ``w_i = w_i(0) exp(-2 q_i s)`` with ``s`` the time integral of z: all invariants are functions of the ratios
``w_i^(1/q_i) / w_1^(1/q_1)``, and the end is where ``sum_i q_i w_i(0) exp(-2 q_i s) = 2 E``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp

from ..algebra.errors import DomainError, ProofError
from ..algebra.rings import PolyRing, poly_terms
from ..algebra.symbols import symbol
from ..explain.derived import Derived
from ..explain.log import DerivationLog
from ..latex.equations import Equation
from .quadratic import QuadraticModel

FLOW_DEGREE = 2
"""Degree of the field: the part of the step that survives when the step size goes to 0, in rescaled units."""


@dataclass(frozen=True)
class GradientFlow(Derived):
    """Gradient flow of a quadratic model with one output.

    Attributes:
        model: eigenvalues and target.

    Source:
        Derived here.

    Example:
        >>> es.models.GradientFlow(es.QuadraticModel((1, -2))).rates()
        (-2*z, 4*z)
    """

    kind = "gradient-flow"
    model: QuadraticModel

    @property
    def state(self) -> tuple[sp.Symbol, ...]:
        """``(z, T)`` or ``(z, T_0, ..)``."""
        return self.model.state

    @cached_property
    def field(self) -> tuple[sp.Expr, ...]:
        """Time derivative of each state variable, derived as the part of the one-step map linear in the step size.

        In rescaled units state and target carry one factor of the step size each, and time another, so the flow is
        the part of the increments of degree two in state and target together.
        """
        if self.model.optimiser is not None:
            raise DomainError.of(
                "GradientFlow()", "a model without an optimiser", self.model.optimiser.name, "The flow has none."
            )
        one_step = self.model.one_step()
        scaled = {*self.state, *self.model.target.free_symbols}
        if not self.model.target.is_Symbol and self.model.target != 0:
            # an explicit target hides its degree: derive with a symbol, then put it in
            name = sp.Dummy("E", real=True)
            inner = GradientFlow(QuadraticModel(self.model.eigenvalues, name)).field
            return tuple(component.subs(name, self.model.target) for component in inner)
        places = [i for i, s in enumerate((*one_step.variables, *one_step.parameters)) if s in scaled]
        components = []
        for variable, polynomial in zip(one_step.variables, one_step.polynomials, strict=True):
            increment = polynomial - one_step.ring.generator(variable)
            kept = {e: c for e, c in poly_terms(increment).items() if sum(e[i] for i in places) == FLOW_DEGREE}
            components.append(one_step.ring.to_expr(one_step.ring.from_dict(dict(kept))))
        return tuple(components)

    @cached_property
    def squares(self) -> tuple[sp.Expr, ...]:
        """``w_i = theta_i^2`` as linear functions of the state, by Lagrange interpolation over the eigenvalues."""
        t = sp.Dummy("t")
        q = self.model.eigenvalues
        moments = [2 * (self.state[0] + self.model.target), *self.state[1:]]
        found = []
        for i, here in enumerate(q):
            others = [other for j, other in enumerate(q) if j != i]
            basis = sp.Poly(sp.prod(t - other for other in others), t)
            scale = here * sp.prod(here - other for other in others)
            weights = reversed(basis.all_coeffs())
            found.append(sp.Add(*(c * m for c, m in zip(weights, moments, strict=True))) / scale)
        return tuple(found)

    def rates(self) -> tuple[sp.Expr, ...]:
        """``(dw_i/dt)/w_i``, proved to be ``-2 q_i z`` by exact algebra.

        Returns:
            The rates.

        Raises:
            ProofError: the field does not act on a square like this.
        """
        z = self.state[0]
        rates = []
        for q, w in zip(self.model.eigenvalues, self.squares, strict=True):
            along = sp.Add(*(sp.diff(w, s) * f for s, f in zip(self.state, self.field, strict=True)))
            rate = -2 * q * z
            if sp.cancel(sp.together(along - rate * w)) != 0:
                raise ProofError.of("GradientFlow.rates()", f"d w/dt = {rate} w", str(along), "Report it.")
            rates.append(rate)
        return tuple(rates)

    def invariants(self) -> tuple[sp.Expr, ...]:
        """The ``m - 1`` conserved quantities ``q_j ln w_1 - q_1 ln w_j``, in the state."""
        first, rest = self.squares[0], self.squares[1:]
        q = self.model.eigenvalues
        return tuple(p * sp.log(first) - q[0] * sp.log(w) for p, w in zip(q[1:], rest, strict=True))

    def squares_at(self, s: sp.Expr) -> tuple[sp.Expr, ...]:
        """The squares once the time integral of z is ``s``: ``w_i exp(-2 q_i s)``, in the state of the start."""
        return tuple(w * sp.exp(-2 * q * s) for q, w in zip(self.model.eigenvalues, self.squares, strict=True))

    def end_equation(self, s: sp.Symbol) -> sp.Expr:
        """Twice the residual after the time integral of z has reached ``s``; it falls with s, and its root is the end.

        Args:
            s: the time integral of the residual.

        Returns:
            ``sum_i q_i w_i exp(-2 q_i s) - 2 E`` with the squares of the start.
        """
        pairs = zip(self.model.eigenvalues, self.squares_at(s), strict=True)
        return sp.Add(*(q * w for q, w in pairs)) - 2 * self.model.target

    def end_eigenvalue(self, s: sp.Expr) -> sp.Expr:
        """The NTK eigenvalue there, ``sum_i q_i^2 w_i exp(-2 q_i s)``."""
        pairs = zip(self.model.eigenvalues, self.squares_at(s), strict=True)
        return sp.Add(*(q**2 * w for q, w in pairs))

    def closed_limit(self) -> sp.Expr:
        """The NTK eigenvalue at the end in closed form, for two eigenvalues of opposite sign and target 0.

        Returns:
            ``(q_1 - q_2) (q_1 w_1)^a (-q_2 w_2)^(1 - a)`` with ``a = q_2/(q_2 - q_1)``, in the state of the start.

        Raises:
            DomainError: another number of eigenvalues, or a target; use :meth:`end_equation`.
        """
        if len(self.model.eigenvalues) != 2 or self.model.target != 0:
            raise DomainError.of(
                "GradientFlow.closed_limit()", "two eigenvalues and target 0", self.model, "Solve end_equation()."
            )
        q1, q2 = self.model.eigenvalues
        w1, w2 = self.squares
        share = sp.cancel(q2 / (q2 - q1))
        return (q1 - q2) * (q1 * w1) ** share * (-q2 * w2) ** (1 - share)

    def json(self) -> dict[str, Any]:
        """The field, the squares and the invariants as text."""
        return {
            "variables": [s.name for s in self.state],
            "field": {s.name: str(f) for s, f in zip(self.state, self.field, strict=True)},
            "squares": [str(w) for w in self.squares],
            "invariants": [str(c) for c in self.invariants()],
        }

    def equations(self) -> tuple[Equation, ...]:
        """The field."""
        time = symbol("t")
        pairs: Sequence[tuple[sp.Symbol, sp.Expr]] = list(zip(self.state, self.field, strict=True))
        return tuple(Equation(sp.Derivative(s, time), f, tag=s.name) for s, f in pairs)

    def explain(self) -> DerivationLog:
        """From the closed map to the flow; the rates of the squares are checked in the state.

        Raises:
            ProofError: a square does not grow at its own rate.
        """
        log = DerivationLog("Gradient flow of the quadratic model")
        log.state("One step", "The exact map, with step size 1.", *self.model.one_step().equations())
        log.state(
            "Small steps",
            "State and target carry one factor of the step size each, and time another: what is of degree two in them "
            "survives.",
            *self.equations(),
        )
        for i, (w, rate) in enumerate(zip(self.squares, self.rates(), strict=True), 1):
            name = sp.Symbol(f"w_{i}", real=True)
            along = sp.Add(*(sp.diff(w, s) * f for s, f in zip(self.state, self.field, strict=True)))
            log.identity(
                f"The square of theta_{i}",
                "Linear in the state; along the flow it grows at a rate of its own.",
                along,
                rate * w,
                Equation(name, w),
                Equation(sp.Derivative(name, symbol("t")), rate * name),
                what="the derivative of the square along the flow and rate times square",
            )
        return log


def squares_are_squares(flow: GradientFlow) -> bool:
    """Whether each ``w_i``, put through the embedding, is ``theta_i^2`` as a polynomial identity in theta."""
    model = flow.model
    places = dict(zip(model.state, model.embedding(), strict=True))
    ring = PolyRing((*model.theta, *model.parameters))
    for w, theta in zip(flow.squares, model.theta, strict=True):
        above, below = sp.fraction(sp.together(w))
        left = ring.from_expr(above.xreplace(places))
        if left != ring.from_expr(below) * ring.from_expr(theta**2):
            return False
    return True
