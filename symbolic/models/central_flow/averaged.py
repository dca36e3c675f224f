"""The averaged equations of the main case with the fourth derivative of the loss, and with the vibration let free.

The centre moves by ``grad L + (sigma^2/2) grad S``; the vibration, of size x along u, meets the curvature
``S + x^2 D^4 L[u, u, u, u]/6`` and grows where that is above the edge. The central flow drops the fourth derivative and
binds sigma^2 so that S stays at the edge; here sigma^2 is a variable of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from ...algebra.symbols import symbol
from ..quadratic import QuadraticModel
from .flow import SIGMA2, Filter, require_zero
from .quadratic import sharpness_slopes


@dataclass(frozen=True)
class AveragedFlow:
    """``z``, ``S`` and ``sigma^2`` of the main case, averaged over a vibration of period two.

    Attributes:
        z: the residual of the centre.
        S: the sharpness there.
        edge: of the optimiser.
        fourth: ``D^4 L[u, u, u, u]``.
        velocity: time derivatives of z and S, linear in sigma^2.
        growth: ``d ln(sigma^2)/dt``.
        slow: ``b = epsilon theta_2^2 + 2 E``.
    """

    z: sp.Symbol
    S: sp.Symbol
    edge: sp.Expr
    fourth: sp.Expr
    velocity: tuple[sp.Expr, sp.Expr]
    growth: sp.Expr
    slow: sp.Expr

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
    read = field.from_sympy
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
        z,
        S,
        h,
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
