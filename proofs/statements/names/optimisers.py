"""Names of optimisers: moments of what is kept of each weight, multipliers of the linear step, the flip."""

from __future__ import annotations

from .entry import Name

_MODEL = "edgestab.QuadraticModel"
_EDGE = "edgestab.optimisers.derive_edge"


def _radius(letter: str, what: str) -> Name:
    return Name(
        f"modulus_{letter}()",
        f"the largest modulus of a multiplier of the step of {what} along an eigenvector of the Hessian: of h, the "
        "eigenvalue times the step size, and of the optimiser's parameter",
        _EDGE,
        latex=rf"\lvert\mu\rvert_{{\mathrm{{{letter}}}}}",
    )


NAMES = (
    Name("M_0()", "the moment theta' Q^(k+2) theta of the weights theta, in units of step size 1", _MODEL),
    Name("M_1()", "the moment theta' Q^(k+2) v of weights and velocities", _MODEL),
    Name("M_2()", "the moment v' Q^(k+2) v of the velocities", _MODEL),
    Name("M_0'()", "M_0 after one step of the optimiser", _MODEL),
    Name("M_1'()", "M_1 after one step of the optimiser", _MODEL),
    Name("M_2'()", "M_2 after one step of the optimiser", _MODEL),
    Name("closed z'()", "the residual after one step of an optimiser with a parameter, from its closed map", _MODEL),
    Name(
        "closed T'()", "the NTK eigenvalue after one step of an optimiser with a parameter, from its closed map", _MODEL
    ),
    _radius("hb", "heavy ball, v' = beta v - g, theta' = theta + v'"),
    _radius("nag", "Nesterov's momentum: heavy ball with the gradient taken at theta + beta v"),
    _radius("avg", "the running mean of gradients, m' = beta m + (1 - beta) g, theta' = theta - m'"),
    _radius("sam", "SAM without normalisation: the gradient is taken at theta + rho g(theta)"),
    _radius("wd", "weight decay, theta' = (1 - gamma) theta - g"),
    _radius("three", "the running mean of three gradients, theta' = theta - (g_t + g_(t-1) + g_(t-2))/3"),
    _radius("late", "descent on the gradient of the step before, theta' = theta - g_(t-1)"),
    Name("flip_three", "where a multiplier of the running mean of three gradients is -1", _EDGE),
    Name("flip_late", "where a multiplier of descent on the gradient of the step before is -1", _EDGE),
    Name("flip()", "the value of h at which a multiplier of a filter of past gradients is -1", _EDGE),
)
