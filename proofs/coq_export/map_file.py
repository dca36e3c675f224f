"""``Map.v``: the model and its one-step map as Coq definitions."""

from __future__ import annotations

import sympy as sp

from ...symbolic.algebra.rings import PolyRing
from ...symbolic.trapping.lyapunov import derive_lyapunov
from ..subject import Subject
from .terms import definition, header, join, real_polynomial


def map_file(subject: Subject) -> str:
    """Write the definitions that every other Coq file speaks about.

    Args:
        subject: the exact objects.

    Returns:
        The text of ``Map.v``.
    """
    model, one_step = subject.model, subject.map
    norm = one_step.ring.from_expr(derive_lyapunov(one_step).value)
    theta = model.theta
    ring = PolyRing((*theta, *model.parameters))
    step = subject.theta_step
    in_theta = {
        "predictor": model.predictor(),
        "loss": model.loss(),
        # the gradient as the derived step takes it (step size 1), not as it is differentiated anew
        "loss_x": theta[0] - step.components[0],
        "loss_v": theta[1] - step.components[1],
        "predictor_x": sp.diff(model.predictor(), theta[0]),
        "predictor_v": sp.diff(model.predictor(), theta[1]),
        "ntk": model.moment(0),
    }
    in_state = dict(zip(("z_step", "T_step", "weight_norm"), (*one_step.polynomials, norm), strict=True))
    blocks = [
        header(
            "The model with eigenvalues {1, -eps}, theta = (x, v), and its closed one-step map in (z, T).",
            f"one-step map {one_step.digest()}",
            "From Coq Require Import Reals.",
        )
    ]
    for name, expr in in_theta.items():
        body = real_polynomial(ring.from_expr(expr), ("x", "v", "e"))
        blocks.append(definition(name, "(e x v : R)", "R", body))
    for name, poly in in_state.items():
        blocks.append(definition(name, "(e z T : R)", "R", real_polynomial(poly, ("z", "T", "e"))))
    return join(blocks)
