"""Names of the reduction of gradient descent at a minimum: the flip's coefficient, and what drives along the minima."""

from __future__ import annotations

from .entry import Name

_FORM = "edgestab.models.MinimumForm"

NAMES = (
    Name(
        "c_1()",
        "the first Lyapunov coefficient of gradient descent at its edge step, 2 over the largest eigenvalue of the "
        "Hessian: c in x' = -x + c x^3 + .. on the centre manifold, or across the manifold that minima fill, x "
        "measured by length along the eigenvector",
        _FORM,
        latex="c_1",
    ),
    Name("S_1()", "the largest eigenvalue of the Hessian of the loss at the minimum", _FORM, latex="S_1"),
    Name(
        "beta_1()",
        "the squared gradient, along the minima, of the largest eigenvalue of the Hessian",
        _FORM,
        latex=r"\beta_1",
    ),
    Name("kappa_1()", "eta^2 beta_1/(4 c_1) at the edge step eta = 2/S_1", _FORM, latex=r"\kappa_1"),
    Name(
        "rho_1()",
        "eta times d beta_1/d S_1 over 4 c_1 at the edge step eta = 2/S_1, the derivative along the gradient of S_1 "
        "on the minima",
        _FORM,
        latex=r"\rho_1",
    ),
)
