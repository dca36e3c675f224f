"""Names of the central flow: what it says of the main case, and the same of orbits."""

from __future__ import annotations

from .entry import Name

_FLOW = "edgestab.models.derive_central_flow"
_ERROR = "edgestab.models.derive_central_flow_error"
_RUN = "edgestab.orbits.follow_central_flow"

NAMES = (
    Name(
        "T_edge()",
        "T where the largest eigenvalue of the Hessian, times the step size, is 2: of z and epsilon",
        _FLOW,
        latex=r"\tilde T_{\mathrm{edge}}",
    ),
    Name(
        "sigma2_flow()",
        "sigma^2 of the central flow on the edge, 2 <grad S, -grad L>/|grad S|^2 with the largest eigenvalue S of the "
        "Hessian: of z and epsilon, in weights times the root of the step size",
        _FLOW,
        latex=r"\sigma^2",
    ),
    Name("z_dot()", "dz/dt of the central flow on the edge, of z and epsilon", _FLOW, latex=r"\dot{\tilde z}"),
    Name(
        "sigma2_still()",
        "sigma^2 of the central flow at epsilon = 0, of the slow coordinate b = epsilon theta_2^2",
        _ERROR,
        latex=r"\sigma_0^2",
    ),
    Name(
        "x2_still()",
        "a quarter of the squared distance of the two points of a two-cycle of gradient descent at epsilon = 0, of the "
        "slow coordinate b = epsilon theta_2^2",
        _ERROR,
        latex="x_0^2",
    ),
    Name(
        "push_flow()",
        "(db/dt)/(2 epsilon b) along the central flow as epsilon goes to 0, of b",
        _ERROR,
        latex=r"m_{\mathrm{flow}}",
    ),
    Name(
        "push_orbit()",
        "the mean of z over a two-cycle of gradient descent at epsilon = 0, of b, which moves by 2 epsilon b times it",
        _ERROR,
        latex=r"m_{\mathrm{orbit}}",
    ),
    Name(
        "rate_flow()",
        "rate at which sigma^2 dies at the end of the central flow, per step: of epsilon",
        _ERROR,
        latex=r"r_{\mathrm{flow}}",
    ),
    Name(
        "rate_orbit()",
        "-2 ln|1 - T| at the end T = tau(0, epsilon) of relaxed orbits, the rate at which z^2 dies there, per step",
        _ERROR,
        latex=r"r_{\mathrm{orbit}}",
    ),
    *(
        Name(
            f"rate_{which}_{short}()",
            f"rate_{which} under {what}: of its momentum beta and of epsilon",
            _ERROR,
            latex=rf"r_{{\mathrm{{{which}, {short}}}}}",
        )
        for short, what in (("hb", "heavy ball"), ("nag", "Nesterov's momentum"))
        for which in ("flow", "orbit")
    ),
    Name(
        "far_flow()",
        "the largest distance over 6/epsilon steps, in b, of the central flow from the smoothed orbit from z = 1/4 on "
        "the two-cycles of epsilon = 0, where both start at the same b",
        _RUN,
        latex=r"d_{\mathrm{flow}}",
    ),
    Name(
        "far_averaged()",
        "the same of the averaged equations with the fourth derivative of the loss, sigma^2 let free",
        _RUN,
        latex=r"d_{\mathrm{averaged}}",
    ),
    Name(
        "sigma2_one()",
        "sigma^2 of the central flow on a loss of one parameter: where the second derivative is 2/eta, what makes "
        "the mean of the gradient 0; of delta",
        _FLOW,
        latex=r"\sigma_1^2",
    ),
    Name(
        "sigma2_drive",
        "sigma^2 of the central flow at x = v = 0, where the sharpness is 2/eta",
        _FLOW,
        latex=r"\sigma_\alpha^2",
    ),
    Name(
        "x2_one()",
        "a quarter of the squared distance of the two points of the two-cycle of gradient descent near the minimum, of "
        "delta",
        _FLOW,
        latex="x_1^2",
    ),
)
