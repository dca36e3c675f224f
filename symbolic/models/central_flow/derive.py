"""The one way in: the central flow of a model under an optimiser."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from ...algebra.errors import DomainError
from ...optimisers.optimiser import Optimiser
from ...optimisers.piecewise import PiecewiseOptimiser
from ..own_loss.gradient import GradientStep
from ..quadratic import QuadraticModel
from .flow import WHERE, CentralFlow, read_filter
from .own_loss import CentralFlowPoint, central_flow_at, loss_central_flow
from .quadratic import quadratic_central_flow


def derive_central_flow(
    model: QuadraticModel | GradientStep,
    optimiser: Optimiser | PiecewiseOptimiser | None = None,
    *,
    at: Mapping[str | sp.Symbol, object] | None = None,
) -> CentralFlow | CentralFlowPoint:
    """The central flow ``dw/dt = -speed [grad L + (sigma^2/2) grad S]`` with the sigma^2 that keeps S at the edge.

    Args:
        model: quadratic regression with up to four eigenvalues, where the flow closes in ``(z, T, ..)``, or a loss of
            one's own: as formulas for 2 or 3 parameters, at a point for any number.
        optimiser: any linear filter that flips at its edge and keeps minima; the model's own by default, else
            gradient descent. One with an ascent (SAM) needs a point and a number for the step size.
        at: an exact value for each parameter of a loss of one's own.

    Returns:
        The flow, below the edge and on it; or its exact value at the point.

    Raises:
        DomainError: the model or optimiser is of another kind, the top eigenvalue is not simple at the point, or the
            point lies beyond the edge.

    Source:
        Cohen, Damian, Talwalkar, Kolter, Lee 2024; momentum and SAM by their transfer functions, derived here.

    Example:
        >>> flow = es.models.derive_central_flow(es.GradientDescent("x^2*(2 + y)/2 - y", "x,y", step=1))
        >>> flow.at({"x": 0, "y": 0})
        (2, 0, 0)
    """
    own = model.optimiser
    chosen = own if optimiser is None else optimiser
    if isinstance(chosen, PiecewiseOptimiser):
        raise chosen.refuse(WHERE)
    if own is not None and chosen is not None and own != chosen:
        raise DomainError.of(WHERE, "one optimiser", f"{own.name} and {chosen.name}", "Name it once.")
    tuned = read_filter(chosen)
    if isinstance(model, QuadraticModel):
        plain = QuadraticModel(model.eigenvalues, model.target)
        if at is None:
            return quadratic_central_flow(plain, tuned)
        return central_flow_at(GradientStep(plain.loss(), plain.theta, 1), tuned, at)
    plain_step = GradientStep(model.loss, model.parameters, model.step, model.ties, model.region)
    return loss_central_flow(plain_step, tuned) if at is None else central_flow_at(plain_step, tuned, at)
