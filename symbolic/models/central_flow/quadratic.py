"""The central flow of the quadratic model: it closes in the squares of the weights, so in the moments.

With ``w_i = theta_i^2`` the sharpness S is the largest root of ``sum_i q_i^2 w_i / (S - z q_i) = 1``: the Hessian is
``J J' + z Q``. Its slopes in w follow by implicit differentiation and are rational once S is given, as it is on the
edge. ``dw_i/dt = -4 w_i (dL/dw_i + sigma^2/2 dS/dw_i)`` is then rational in the state.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy as sp

from ...algebra.errors import DomainError
from ...algebra.symbols import symbol
from ..gradient_flow import GradientFlow
from ..quadratic import QuadraticModel
from .flow import WHERE, CentralFlow, Filter, require_zero

MOST_EIGENVALUES = 4


@dataclass(frozen=True)
class Sharpness:
    """The squares of the weights, and slopes of loss and sharpness in them, in a field of rational functions.

    Attributes:
        field: of rational functions.
        squares: ``w_i``.
        loss_slopes: ``dL/dw_i``.
        slopes: ``dS/dw_i``.
        secular: ``sum_i q_i^2 w_i/(S - z q_i) - 1``.
        bend: ``u' Q u`` for the top eigenvector u, whose square is a third of the fourth derivative along u.
    """

    field: Any
    squares: tuple[Any, ...]
    loss_slopes: tuple[Any, ...]
    slopes: tuple[Any, ...]
    secular: Any
    bend: Any

    def product(self, one: tuple[Any, ...], other: tuple[Any, ...]) -> Any:
        """Inner product of two gradients in the weights, over four: ``d/d theta_i = 2 theta_i d/dw_i``."""
        return sum((w * a * b for w, a, b in zip(self.squares, one, other, strict=True)), self.field.zero)

    def variance(self) -> Any:
        """The sigma^2 that keeps S."""
        return -2 * self.product(self.loss_slopes, self.slopes) / self.product(self.slopes, self.slopes)

    def velocity(self, variance: Any, speed: Any) -> tuple[Any, ...]:
        """Time derivative of each square."""
        return tuple(
            -4 * speed * w * (a + variance * b / 2)
            for w, a, b in zip(self.squares, self.loss_slopes, self.slopes, strict=True)
        )


def sharpness_slopes(field: Any, eigenvalues: tuple[Any, ...], z: Any, squares: tuple[Any, ...], S: Any) -> Sharpness:
    """Slopes of the sharpness by implicit differentiation of its secular equation.

    Args:
        field: of rational functions that holds all the rest.
        eigenvalues: of Q.
        z: the residual.
        squares: of the weights.
        S: the sharpness.

    Returns:
        All that the flow needs.
    """
    inverse = [field.one / (S - z * q) for q in eigenvalues]
    rows = list(zip(eigenvalues, squares, inverse, strict=True))
    secular = sum((q**2 * w * r for q, w, r in rows), field.zero) - 1
    norm = sum((q**2 * w * r**2 for q, w, r in rows), field.zero)
    moment = sum((q**3 * w * r**2 for q, w, r in rows), field.zero)
    # z is half the sum of q w, less the target
    slopes = tuple((q**2 * r + moment * q / 2) / norm for q, _, r in rows)
    return Sharpness(field, squares, tuple(z * q / 2 for q in eigenvalues), slopes, secular, moment / norm)


@lru_cache(maxsize=32)
def quadratic_central_flow(model: QuadraticModel, tuned: Filter) -> CentralFlow:
    """The flow in the state ``(z, T)`` or ``(z, T_0, ..)`` of the model.

    Args:
        model: without an optimiser of its own.
        tuned: speed and edge.

    Returns:
        The flow; for two eigenvalues on the edge as functions of z alone.

    Raises:
        DomainError: the optimiser has an ascent, or there are more eigenvalues than are written out.
    """
    if tuned.optimiser.ascent != 0:
        raise DomainError.of(
            WHERE,
            "an optimiser without ascent for a whole model",
            tuned.optimiser.name,
            "Its vibrating direction is no eigenvector of the Hessian off the minima: give a point with at=.",
        )
    if len(model.eigenvalues) > MOST_EIGENVALUES:
        raise DomainError.of(WHERE, f"at most {MOST_EIGENVALUES} eigenvalues", model.eigenvalues, "Take a point: at=.")
    flow = GradientFlow(model)
    state, h = model.state, tuned.edge.curvature
    constants = sorted({*model.parameters, *h.free_symbols, *tuned.speed.free_symbols}, key=lambda s: s.name)
    field = sp.QQ.frac_field(*state, *constants)
    read = field.from_sympy
    z = read(state[0])
    q = tuple(map(read, model.eigenvalues))
    edge, speed = read(h), read(tuned.speed)
    free = sharpness_slopes(field, q, z, tuple(map(read, flow.squares)), edge)
    surface = sp.numer(free.secular.as_expr())
    at_edge, curve = free, None
    if len(q) == 2:
        curve = _by_powers(sp.solve(surface, state[1])[0], state[0])
        on_it = {state[1]: curve}
        squares = tuple(read(sp.expand(w.subs(on_it))) for w in flow.squares)
        at_edge = sharpness_slopes(field, q, z, squares, edge)
        require_zero(at_edge.secular.as_expr(), "the secular equation on the edge")
    variance = at_edge.variance()
    moved = at_edge.velocity(variance, speed)
    kept = at_edge.product(at_edge.slopes, tuple(m / w for m, w in zip(moved, at_edge.squares, strict=True)))
    require_zero(kept.as_expr(), "dS/dt")
    moments = [
        sum((c ** (k + 2) * m for c, m in zip(q, moved, strict=True)), field.zero) for k in range(-1, len(q) - 1)
    ]
    along = (moments[0] / 2, *moments[1:])
    return CentralFlow(
        name=f"quadratic regression, eigenvalues {{{', '.join(map(str, model.eigenvalues))}}}, E = {model.target}",
        filter=tuned,
        variables=state,
        below=tuple(sp.factor(tuned.speed * f) for f in flow.field),
        surface=sp.expand(surface),
        curve=curve,
        variance=sp.factor(variance.as_expr()),
        along=tuple(sp.factor(e.as_expr()) for e in along),
        checks=_checks(model, surface, h, curve, along),
    )


def _by_powers(expr: sp.Expr, variable: sp.Symbol) -> sp.Expr:
    """A polynomial in a variable with factored coefficients."""
    above, below = sp.fraction(sp.cancel(sp.together(expr)))
    rows = sp.Poly(above, variable).terms()
    return sp.Add(*(sp.expand(sp.factor(c / below)) * variable**k for (k,), c in rows))


def _checks(
    model: QuadraticModel, surface: sp.Expr, h: sp.Expr, curve: sp.Expr | None, along: tuple[Any, ...]
) -> tuple[tuple[str, str, sp.Expr, sp.Expr], ...]:
    """The averaged gradient, the edge as a determinant, and that the flow stays on it."""
    theta = model.theta
    xi = sp.symbols(f"xi_1:{len(theta) + 1}", real=True)
    loss = model.loss()
    shifted = [{t: t + side * x for t, x in zip(theta, xi, strict=True)} for side in (1, -1)]
    tag = sp.symbols(f"r_1:{len(theta) + 1}", real=True)
    mean = sum(
        r * sp.diff(loss, t).subs(s, simultaneous=True) / 2 for s in shifted for r, t in zip(tag, theta, strict=True)
    )
    third = sum(
        r * sp.diff(loss, t, a, b) * x * y / 2
        for r, t in zip(tag, theta, strict=True)
        for a, x in zip(theta, xi, strict=True)
        for b, y in zip(theta, xi, strict=True)
    )
    plain = sum(r * sp.diff(loss, t) for r, t in zip(tag, theta, strict=True))
    places = dict(zip(model.state, model.embedding(), strict=True))
    hessian = sp.hessian(loss, theta) - h * sp.eye(len(theta))
    scale = sp.cancel(hessian.det() / surface.subs(places, simultaneous=True))
    checks = [
        (
            "The mean gradient",
            "Over w + xi and w - xi the gradient has the mean grad L + (1/2) D^3 L[xi, xi, .], here exactly, since the "
            "loss has degree four; with xi = x u that is grad L + (x^2/2) grad S.",
            sp.expand(mean),
            sp.expand(plain + third),
        ),
        (
            "The edge",
            "The sharpness is at the edge where the Hessian less the edge is singular, a polynomial in the state.",
            sp.expand(hessian.det()),
            sp.expand(scale * surface.subs(places, simultaneous=True)),
        ),
    ]
    if curve is not None:
        z = model.state[0]
        checks.append(
            (
                "Along the edge",
                "The flow stays on the edge.",
                sp.cancel(along[1].as_expr()),
                sp.cancel(sp.diff(curve, z) * along[0].as_expr()),
            )
        )
    return tuple(checks)


def main_model(target: object = 0) -> QuadraticModel:
    """Eigenvalues 1 and -epsilon.

    Args:
        target: the regression target.

    Returns:
        The model.
    """
    return QuadraticModel((1, -symbol("epsilon")), target)
