"""Names of the statements that Coq proves: points of the plane and of R^P, gradients, moments, limits."""

from __future__ import annotations

from .entry import Name

_MODEL = "edgestab.QuadraticModel"
_STEP = "edgestab.GradientDescent"
_RUN = "edgestab.orbits.simulate"
_MANY = "of the quadratic model with P parameters, theta by its coordinates along eigenvectors of Q"


def _plane() -> tuple[Name, ...]:
    partials = (
        Name(
            f"d{what}/dtheta_{number}",
            f"the partial derivative of {what} in theta_{number}, as the limit of difference quotients",
            _MODEL,
            latex=rf"\partial {latex}/\partial\theta_{number}",
        )
        for what, latex in (("L", r"\mathcal L"), ("f", "f"))
        for number in (1, 2)
    )
    stepped = (
        Name(
            f"theta_{number}'",
            f"theta_{number} after one gradient step with step size eta",
            _STEP,
            latex=rf"\theta_{number}'",
        )
        for number in (1, 2)
    )
    return (*partials, *stepped)


NAMES = (
    # the plane, eigenvalues {1, -epsilon}, target 0
    Name("f", "the output of the model, eigenvalues {1, -epsilon}, at (theta_1, theta_2)", _MODEL),
    Name("L", "the loss at (theta_1, theta_2)", _MODEL, latex=r"\mathcal L"),
    Name("lambda", "the NTK eigenvalue at (theta_1, theta_2)", _MODEL),
    *_plane(),
    Name(
        "f_infinity",
        "the limit of the output along gradient descent with step size eta from theta_0; the statement includes that "
        "it exists",
        _RUN,
        latex=r"f_\infty",
    ),
    # any number of parameters
    Name("P", "the number of parameters, of coordinates of theta", _MODEL),
    Name("theta_i", "coordinate i of theta", _MODEL, latex=r"\theta_i"),
    Name("q_i", "the eigenvalue of Q that belongs to coordinate i", _MODEL),
    Name("M()", "M(k) = theta^T Q^k theta, the sum of q_i^k theta_i^2 over all coordinates", _MODEL),
    Name("M'()", "M(k) after one gradient step with step size eta and target E", _STEP, latex="M'"),
    Name("f(theta)", f"the output {_MANY}: M(1)/2", _MODEL, latex=r"f(\theta)"),
    Name("f(theta')", "the output after one gradient step with step size eta and target E", _STEP, latex=r"f(\theta')"),
    Name("L(theta)", f"the loss {_MANY}", _MODEL, latex=r"\mathcal L(\theta)"),
    Name("theta_i'", "coordinate i after one gradient step with step size eta", _STEP, latex=r"\theta_i'"),
    Name(
        "dL/dtheta_i",
        "the partial derivative of L in coordinate i, as the limit of difference quotients",
        _MODEL,
        latex=r"\partial\mathcal L/\partial\theta_i",
    ),
    Name(
        "df/dtheta_i",
        "the partial derivative of f in coordinate i, as the limit of difference quotients",
        _MODEL,
        latex=r"\partial f/\partial\theta_i",
    ),
    Name(
        "lambda_infinity(theta)",
        "the limit of M(2), the NTK eigenvalue, along gradient descent with step size eta and target E from theta; the "
        "statement includes that it exists",
        _RUN,
        latex=r"\lambda_\infty(\theta)",
    ),
    Name(
        "f_infinity(theta)",
        "the limit of the output along the same run; the statement includes that it exists",
        _RUN,
        latex=r"f_\infty(\theta)",
    ),
    # two steps from the cut nullcline
    Name("f_2()", "the two-step nullcline of z, cut at order 2 in z", "edgestab.planar.Nullcline", latex="f_2"),
)
