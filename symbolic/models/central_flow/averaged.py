"""The averaged equations of the main case with the fourth derivative of the loss, and with the vibration let free.

The centre moves by ``grad L + (sigma^2/2) grad S``; the vibration, of size x along u, meets the curvature
``S + x^2 D^4 L[u, u, u, u]/6`` and grows where that is above the edge. The central flow drops the fourth derivative and
binds sigma^2 so that S stays at the edge; here sigma^2 is a variable of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.polys.polyerrors import CoercionFailed

from ...algebra.errors import DomainError
from ...algebra.symbols import symbol
from ...explain.derived import Derived, primed
from ...explain.log import DerivationLog
from ...latex.equations import Equation
from ...optimisers.optimiser import Optimiser
from ..quadratic import QuadraticModel
from .flow import SIGMA2, TIME, Filter, name_factors, read_filter, require_zero
from .quadratic import sharpness_slopes


@dataclass(frozen=True)
class AveragedFlow(Derived):
    """``z``, ``S`` and ``sigma^2`` of the main case, averaged over a vibration of period two.

    Attributes:
        model: two eigenvalues.
        filter: speed and edge of the optimiser.
        z: the residual of the centre.
        S: the sharpness there.
        fourth: ``D^4 L[u, u, u, u]``.
        velocity: time derivatives of z and S, linear in sigma^2.
        growth: ``d ln(sigma^2)/dt``.
        slow: ``b = -q_2 theta_2^2 + 2 E``, which moves as slowly as q_2 is small.

    Source:
        Derived here.

    Example:
        >>> flow = es.models.derive_averaged_flow(es.QuadraticModel((1, "-1/50")))
        >>> flow.growth.subs({flow.z: 0, flow.S: 2})
        2401*sigma2/2500
    """

    kind = "averaged-flow"
    units = "step size 1: weights carry its root, z and S one factor of it; t counts steps"
    model: QuadraticModel
    filter: Filter
    z: sp.Symbol
    S: sp.Symbol
    fourth: sp.Expr
    velocity: tuple[sp.Expr, sp.Expr]
    growth: sp.Expr
    slow: sp.Expr

    @property
    def edge(self) -> sp.Expr:
        """Of the optimiser."""
        return self.filter.edge.curvature

    def equations(self) -> tuple[Equation, ...]:
        """Three time derivatives; long factors have names."""
        return name_factors(self._rows())

    def sides(self) -> list[tuple[str, sp.Expr]]:
        """The same without names for factors."""
        return [(primed(e.lhs), e.rhs) for e in self._rows()]

    def _rows(self) -> tuple[Equation, ...]:
        own = frozenset((self.S,))
        rows = ((self.z, self.velocity[0]), (self.S, self.velocity[1]), (SIGMA2, SIGMA2 * self.growth))
        return tuple(Equation(sp.Derivative(v, TIME), sp.factor(e), tag=v.name, own=own) for v, e in rows)

    def text(self) -> str:
        """The equations for reading in a terminal."""
        lines = [f"# {self.kind} under {self.filter.optimiser.name}; units: {self.units}"]
        lines += [f"d{e.tag}/dt = {e.rhs}".replace("sigma2", "sigma^2") for e in self._rows()]
        lines.append(f"# the vibration grows while S + sigma^2 D^4 L[u, u, u, u]/6 is above {self.edge}")
        return "\n".join([*lines, f"# {self.remainder()}"])

    def remainder(self) -> str:
        """What was dropped, in words."""
        return (
            "left out: how fast u turns, and derivatives of the average itself; measured: claim central-flow-measured"
        )

    def json(self) -> dict[str, Any]:
        """The equations as exact strings."""
        return {
            "optimiser": self.filter.optimiser.name,
            "eigenvalues": [str(q) for q in self.model.eigenvalues],
            "velocity": {e.tag: str(e.rhs) for e in self._rows()},
            "fourth_derivative": str(self.fourth),
            "slow": str(self.slow),
        }

    def explain(self) -> DerivationLog:
        """The mean of the gradient and half its difference along a vibration, each exact for this loss.

        Raises:
            ProofError: a step does not hold.
        """
        log = DerivationLog("The averaged equations", described=frozenset())
        theta, loss = self.model.theta, self.model.loss()
        u = sp.symbols(f"u_1:{len(theta) + 1}", real=True)
        size = symbol("x")
        pairs = list(zip(theta, u, strict=True))
        sides = []
        for side in (1, -1):
            there = {t: t + side * size * a for t, a in pairs}
            sides.append(sum(a * sp.diff(loss, t).subs(there, simultaneous=True) for t, a in pairs))
        rows = [loss]
        for _ in range(4):
            rows.append(sp.expand(sum(a * sp.diff(rows[-1], t) for t, a in pairs)))
        log.identity(
            "The mean gradient along u",
            "Over w + x u and w - x u: the force on the centre, with sigma^2 = x^2.",
            sp.expand((sides[0] + sides[1]) / 2),
            sp.expand(rows[1] + rows[3] * size**2 / 2),
        )
        log.identity(
            "Half the difference along u",
            "What pulls the vibration back: the sharpness times x, and the fourth derivative times x^3/6.",
            sp.expand((sides[0] - sides[1]) / 2),
            sp.expand(rows[2] * size + rows[4] * size**3 / 6),
        )
        bend = sum(q * a**2 for q, a in zip(self.model.eigenvalues, u, strict=True))
        log.identity(
            "The fourth derivative",
            "z is quadratic and L = z^2/2, so it is three times the square of u' Q u.",
            rows[4],
            sp.expand(3 * bend**2),
        )
        log.state(
            "The equations",
            "The centre moves by the mean gradient; the size of the vibration is multiplied by minus the multiplier "
            "that is -1 at the edge, taken at the curvature that the vibration meets.",
            *self.equations(),
        )
        return log

    def bound_rates(self) -> tuple[sp.Expr, sp.Expr]:
        """Trace and determinant, at the end, of the equations in z and S with the vibration bound to grow at rate 0."""
        bound = {SIGMA2: 6 * (self.edge - self.S) / self.fourth}
        end = {self.z: 0, self.S: self.edge}
        rows = [
            [sp.cancel(sp.together(sp.diff(f.subs(bound), v).subs(end))) for v in (self.z, self.S)]
            for f in self.velocity
        ]
        linear = sp.Matrix(rows)
        return sp.factor(linear.trace()), sp.factor(linear.det())


@lru_cache(maxsize=32)
def averaged_flow(model: QuadraticModel, tuned: Filter) -> AveragedFlow:
    """The averaged equations of a model with two eigenvalues.

    Args:
        model: without an optimiser of its own.
        tuned: speed and edge of the optimiser.

    Returns:
        The equations.
    """
    z, S = sp.symbols("z S", real=True)
    h = tuned.edge.curvature
    free = {*model.parameters, *h.free_symbols, *tuned.speed.free_symbols}
    field = sp.QQ.frac_field(z, S, SIGMA2, *sorted(free, key=lambda s: s.name))

    def read(value: sp.Expr) -> Any:
        try:
            return field.from_sympy(value)
        except (ValueError, CoercionFailed):  # an eigenvalue such as sqrt(2) or x**y
            fix = "Name it by a symbol, and put its value in at the end."
            raise DomainError.of("derive_averaged_flow()", "rational functions", str(value), fix) from None

    first, second = q = tuple(map(read, model.eigenvalues))
    here, sharp, target, variance = read(z), read(S), read(model.target), read(SIGMA2)
    total = 2 * (here + target)
    trace = sharp - here * (first + second) + first * second * here * (here + total) / sharp
    squares = (
        (trace - second * total) / (first * (first - second)),
        (trace - first * total) / (second * (second - first)),
    )
    known = sharpness_slopes(field, q, here, squares, sharp)
    require_zero(known.secular.as_expr(), "the secular equation")
    # L = z^2/2 with z quadratic: D^4 L[u, u, u, u] = 3 (u' Q u)^2
    fourth = 3 * known.bend**2
    moved = known.velocity(variance, read(tuned.speed))
    velocity = (
        sum((c * m for c, m in zip(q, moved, strict=True)), field.zero) / 2,
        sum((c * m for c, m in zip(known.slopes, moved, strict=True)), field.zero),
    )
    growth = 2 * read(_leaving(tuned)) * (sharp + variance * fourth / 6 - read(h))
    return AveragedFlow(
        model,
        tuned,
        z,
        S,
        fourth.as_expr(),
        (velocity[0].as_expr(), velocity[1].as_expr()),
        growth.as_expr(),
        (2 * target - second * squares[1]).as_expr(),
    )


def _leaving(tuned: Filter) -> sp.Expr:
    """``d ln|mu|/dh`` of the multiplier mu that is -1 at the edge."""
    h, mu = symbol("h"), symbol("multiplier")
    chi = tuned.optimiser.characteristic(h).as_expr()
    return sp.factor((sp.diff(chi, h) / sp.diff(chi, mu)).subs({mu: -1, h: tuned.edge.curvature}))


def derive_averaged_flow(model: QuadraticModel, optimiser: Optimiser | None = None) -> AveragedFlow:
    """The averaged equations with the fourth derivative of the loss, which the central flow leaves out.

    Args:
        model: two eigenvalues, without an optimiser of its own.
        optimiser: a linear filter that flips at its edge and keeps minima; gradient descent by default.

    Returns:
        Time derivatives of the residual, the sharpness and sigma^2.

    Raises:
        DomainError: the model has not two eigenvalues, or an optimiser of its own; or the optimiser an ascent.

    Source:
        Derived here.

    Example:
        >>> es.models.derive_averaged_flow(es.QuadraticModel((1, "-1/50"))).edge
        2
    """
    where = "derive_averaged_flow()"
    if len(model.eigenvalues) != 2 or model.optimiser is not None:
        raise DomainError.of(where, "two eigenvalues, and the optimiser beside the model", model, "Give optimiser=.")
    if optimiser is not None and optimiser.ascent != 0:
        raise DomainError.of(
            where, "an optimiser without ascent", optimiser.name, "Its vibration is along no eigenvector."
        )
    return averaged_flow(model, read_filter(optimiser))
