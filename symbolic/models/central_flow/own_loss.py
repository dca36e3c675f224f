"""The central flow of a loss of one's own: as formulas in its parameters, or as exact numbers at one point.

On the edge the flow is the part of the gradient flow that keeps S. With ``P(S, w) = det(S - eta H(w))`` the slope of
a simple eigenvalue is ``grad S = -grad_w P / (dP/dS)``, rational in the weights once S is the edge.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from ...algebra.errors import DomainError
from ...algebra.parsing import model_symbol
from ...algebra.symbols import symbol
from ...explain.derived import Derived
from ...explain.log import DerivationLog
from ...latex.equations import Equation
from ..own_loss.edge_point import kernel_vector, spectrum_of
from ..own_loss.gradient import GradientStep, exact_values
from ..own_loss.numbers import is_zero, normal_form, sign
from .flow import ASSUMED, SIGMA2, TIME, WHERE, CentralFlow, Filter, require_zero

MOST_FREE = 3
"""Parameters of a loss whose flow is written out; at a point there may be any number."""


def loss_central_flow(model: GradientStep, tuned: Filter) -> CentralFlow:
    """The flow as rational functions of the parameters.

    Args:
        model: loss, parameters and step.
        tuned: speed and edge.

    Returns:
        The flow; time counts steps.

    Raises:
        DomainError: the optimiser has an ascent, or the loss is too large or not rational to be written out.
    """
    if tuned.optimiser.ascent != 0:
        raise DomainError.of(WHERE, "an optimiser without ascent", tuned.optimiser.name, "Give a point with at=.")
    if not 2 <= len(model.parameters) <= MOST_FREE or model.transcendental:
        raise DomainError.of(
            WHERE, f"2..{MOST_FREE} parameters and rational coefficients", model.loss, "Give a point with at=."
        )
    h = tuned.edge.curvature
    generators = [*model.parameters, *model.constants, *sorted(h.free_symbols, key=lambda s: s.name)]
    try:
        field = sp.QQ.frac_field(*dict.fromkeys(generators))
        entries = [[field.from_sympy(model.step * e) for e in row] for row in model.hessian().tolist()]
        gradient = [field.from_sympy(model.step * g) for g in model.gradient()]
        edge = field.from_sympy(h)
    except (ValueError, sp.CoercionFailed, NotImplementedError):
        raise DomainError.of(
            WHERE, "coefficients rational in the constants", model.loss, "Give a point: at=."
        ) from None
    coefficients = sp.polys.matrices.DomainMatrix(entries, (len(entries),) * 2, field).charpoly()
    degree = len(coefficients) - 1
    surface = sum((c * edge ** (degree - k) for k, c in enumerate(coefficients)), field.zero)
    slope_in_s = sum(((degree - k) * c * edge ** (degree - k - 1) for k, c in enumerate(coefficients[:-1])), field.zero)
    places = {p: field.from_sympy(p) for p in model.parameters}
    slopes = [surface.diff(places[p]) for p in model.parameters]
    along = sum((a * b for a, b in zip(slopes, gradient, strict=True)), field.zero)
    square = sum((a * a for a in slopes), field.zero)
    if square == 0:
        raise DomainError.of(WHERE, "a sharpness that moves", model.loss, "No flow can hold it at the edge.")
    speed = field.from_sympy(tuned.speed)
    variance = 2 * along * slope_in_s / square
    velocity = [-speed * (g - s * along / square) for g, s in zip(gradient, slopes, strict=True)]
    kept = sum((a * b for a, b in zip(slopes, velocity, strict=True)), field.zero)
    require_zero(kept.as_expr(), "dS/dt")
    ties = model.all_ties
    place = {p: i for i, p in enumerate(model.parameters)}
    shown = [sp.factor(velocity[place[p]].as_expr().subs(ties)) for p in model.free]
    written = sp.factor(surface.as_expr().subs(ties))
    below = [sp.factor(-tuned.speed * model.step * model.gradient()[place[p]].subs(ties)) for p in model.free]
    hessian = model.step * model.hessian() - h * sp.eye(len(model.parameters))
    return CentralFlow(
        name=f"the loss {model.loss}",
        filter=tuned,
        variables=model.free,
        below=tuple(below),
        surface=sp.numer(sp.together(written)),
        curve=None,
        variance=sp.factor(variance.as_expr().subs(ties)),
        along=tuple(shown),
        own=frozenset((*model.parameters, *model.constants)) - {symbol("eta")},
        checks=(
            (
                "The edge",
                "The step size times the Hessian has the edge as an eigenvalue.",
                sp.expand((-1) ** degree * hessian.det(method="berkowitz")),
                sp.expand(surface.as_expr()),
            ),
            (
                "Along the edge",
                "The velocity is orthogonal to the slope of S.",
                sp.numer(sp.together(sum(s.as_expr() * v.as_expr() for s, v in zip(slopes, velocity, strict=True)))),
                sp.S.Zero,
            ),
        ),
    )


@dataclass(frozen=True)
class CentralFlowPoint(Derived):
    """The central flow at one point of a loss, exactly.

    Attributes:
        model: loss, parameters and step.
        filter: speed and edge of the optimiser.
        point: exact value of each parameter.
        step: the step size; where the model leaves it a symbol, the one that puts the point at the edge.
        sharpness: the top eigenvalue of the Hessian; under an ascent that of the map from weights to gradients.
        slope: its gradient.
        pull: ``grad L`` averaged over the vibration is the gradient plus ``sigma^2/2`` times this: the slope, except
            under an ascent.
        regime: ``below`` or ``edge``.
        variance: sigma^2, 0 where the flow is the gradient flow.
        velocity: change of each parameter in one step.

    Source:
        Cohen, Damian, Talwalkar, Kolter, Lee 2024; under an ascent derived here.

    Example:
        >>> model = es.GradientDescent("x^2*(2 + y)/2 - y", "x,y")
        >>> es.models.derive_central_flow(model, at={"x": 0, "y": 0}).variance
        2
    """

    kind = "central-flow"
    model: GradientStep
    filter: Filter
    point: Mapping[sp.Symbol, sp.Expr]
    step: sp.Expr
    sharpness: sp.Expr
    slope: tuple[sp.Expr, ...]
    pull: tuple[sp.Expr, ...]
    regime: str
    variance: sp.Expr
    velocity: tuple[sp.Expr, ...]

    def equations(self) -> tuple[Equation, ...]:
        """Step size, sharpness, sigma^2 and velocity."""
        own = frozenset(self.model.parameters)
        rows = [
            Equation(symbol("eta"), self.step, tag="eta"),
            Equation(model_symbol("S"), self.sharpness, tag="S", own=frozenset({model_symbol("S")})),
            Equation(SIGMA2, self.variance, tag="variance"),
        ]
        rows += [
            Equation(sp.Derivative(p, TIME), v, tag=p.name, own=own)
            for p, v in zip(self.model.parameters, self.velocity, strict=True)
        ]
        return tuple(rows)

    def leading(self) -> None:
        """Right-hand sides are numbers."""

    def remainder(self) -> str:
        """Which of the two flows it is."""
        said = "on the edge" if self.regime == "edge" else "below the edge: gradient flow"
        return f"{said}, exactly; t counts steps"

    def notes(self) -> list[str]:
        """What is assumed."""
        return [ASSUMED]

    def json(self) -> dict[str, Any]:
        """The point as exact strings."""
        named = [p.name for p in self.model.parameters]
        return {
            "loss": str(self.model.loss),
            "optimiser": self.filter.optimiser.name,
            "point": {p.name: str(v) for p, v in self.point.items()},
            "step": str(self.step),
            "sharpness": str(self.sharpness),
            "slope": dict(zip(named, map(str, self.slope), strict=True)),
            "pull": dict(zip(named, map(str, self.pull), strict=True)),
            "regime": self.regime,
            "variance": str(self.variance),
            "velocity": dict(zip(named, map(str, self.velocity), strict=True)),
            "assumed": ASSUMED,
        }

    def explain(self) -> DerivationLog:
        """From the loss to the velocity; that it keeps the sharpness is checked.

        Raises:
            ProofError: a step does not hold.
        """
        log = self.model.explain()
        log.title = "The central flow at one point"
        log.state("What is assumed", f"{ASSUMED[0].upper()}{ASSUMED[1:]}.")
        if self.regime == "edge" and self.variance != 0:
            kept = sp.Add(*(a * b for a, b in zip(self.slope, self.velocity, strict=True)))
            log.identity("Along the edge", "The sharpness does not move.", normal_form(kept), sp.S.Zero)
        log.state("The flow", "Step size, sharpness, sigma^2 and velocity.", *self.equations())
        return log


def central_flow_at(model: GradientStep, tuned: Filter, point: Mapping[str | sp.Symbol, object]) -> CentralFlowPoint:
    """The flow at one point.

    Args:
        model: loss, parameters and step.
        tuned: speed and edge.
        point: an exact value for each free parameter.

    Returns:
        Exact numbers.

    Raises:
        DomainError: the point lies beyond the edge, the top eigenvalue is not simple and positive, or its slope is 0.
    """
    values = exact_values(model, point, WHERE)
    free = model.loss.free_symbols - set(values)
    if free:
        raise DomainError.of(WHERE, "a loss without constants at a point", free, "Give them values first.")
    fixed = not model.step.free_symbols
    rho = tuned.optimiser.ascent
    if rho != 0 and not fixed:
        raise DomainError.of(WHERE, "a number for the step size with an ascent", model.step, "Give the model a step.")
    field = [model.step * g if fixed else g for g in model.gradient()]
    if rho != 0:
        lifted = {p: p + rho * g for p, g in zip(model.parameters, field, strict=True)}
        field = [g.xreplace(lifted) for g in field]
    jacobian = sp.Matrix([[normal_form(sp.diff(g, p).subs(values)) for p in model.parameters] for g in field])
    sharpness, multiplicity = spectrum_of(jacobian)[-1]
    right, left = (
        kernel_vector((m - sharpness * sp.eye(m.rows)).applyfunc(normal_form)) for m in (jacobian, jacobian.T)
    )
    if sign(sharpness) != 1 or multiplicity > 1 or right is None or left is None:
        raise DomainError.of(
            WHERE,
            "a simple positive top eigenvalue",
            f"{sharpness}, {multiplicity} times",
            "Several eigenvalues at the edge vibrate with a covariance matrix, which is not derived here.",
        )
    where = sign(sharpness - tuned.gain) if fixed else 0
    if where is None or where > 0:
        raise DomainError.of(
            WHERE,
            f"a point at the edge {tuned.gain} or below",
            sharpness,
            "The flow is never beyond it: lower the step size.",
        )
    scale = model.step if fixed else normal_form(tuned.gain / sharpness)
    unit = sp.S.One if fixed else scale
    here = [normal_form(unit * g.subs(values)) for g in field]
    # D^2 G [u, .] contracted with the vectors on either side
    second = [
        [
            sum((right[i] * sp.diff(g, p, q).subs(values) for i, p in enumerate(model.parameters)), sp.S.Zero)
            for q in model.parameters
        ]
        for g in field
    ]
    size = range(len(field))
    square = (right.T * right)[0]
    pull = [normal_form(unit * sum((second[k][j] * right[j] for j in size), sp.S.Zero) / square) for k in size]
    paired = (left.T * right)[0]
    slope = [normal_form(unit * sum((left[k] * second[k][j] for k in size), sp.S.Zero) / paired) for j in size]
    drive = normal_form(-sum((s * g for s, g in zip(slope, here, strict=True)), sp.S.Zero))
    brake = normal_form(sum((s * p for s, p in zip(slope, pull, strict=True)), sp.S.Zero))
    variance, regime = sp.S.Zero, "below" if where else "edge"
    if not where:
        if is_zero(brake) is not False:
            raise DomainError.of(WHERE, "a sharpness that moves", slope, "No vibration can hold it at the edge.")
        wanted = normal_form(2 * drive / brake)
        variance = wanted if sign(wanted) == 1 else sp.S.Zero
    speed = tuned.speed
    velocity = tuple(normal_form(-speed * (g + variance * p / 2)) for g, p in zip(here, pull, strict=True))
    own = (normal_form(s / scale) for s in slope)
    pulled = tuple(normal_form(p / scale) for p in pull)
    return CentralFlowPoint(
        model,
        tuned,
        values,
        scale,
        normal_form(sharpness / (scale if fixed else 1)),
        tuple(own),
        pulled,
        regime,
        variance,
        velocity,
    )
