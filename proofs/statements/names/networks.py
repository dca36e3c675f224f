"""Names of training runs of networks: curvature along a run against an edge, and the two parts of two-step changes."""

from __future__ import annotations

from .entry import Name

_RUN = "edgestab.networks.train"
_FLOW = "edgestab.networks.central_flow"
_MONITOR = "edgestab.networks.Monitor"
_SPLIT = "edgestab.networks.two_step_prediction"

CURVATURES = {
    "h": "the largest eigenvalue of the loss Hessian",
    "p": "the largest eigenvalue of D^(-1/2) H D^(-1/2), for the loss Hessian H and the step theta' = theta - eta m/D",
    "b": "the batch sharpness, the mean of g' H g over that of |g|^2 for gradient g and loss Hessian H of a batch,",
}
WHEN = {
    "first": "at the first measured step",
    "late": "its median over the measured steps in the last half of the run",
    "low": "its lowest decile over the measured steps in the last half of the run",
    "high": "its highest decile over the measured steps in the last half of the run",
}


def _along(letter: str, when: str) -> Name:
    """A curvature over an edge, at some time of a run."""
    meaning = f"{letter}_{when}(theta_0, s) is {CURVATURES[letter]} over s along the run from theta_0, {WHEN[when]}"
    return Name(f"{letter}_{when}()", meaning, _MONITOR, latex=rf"{letter}_{{\mathrm{{{when}}}}}")


NAMES = (
    Name("Med()", "Med(x) is the median of x over the random theta_0", _RUN, latex=r"\operatorname{Med}"),
    *(_along(letter, when) for letter in "hp" for when in WHEN),
    *(_along("b", when) for when in ("first", "late")),
    Name(
        "b_share()",
        "b_share(theta_0, s) is h_late(theta_0, s)/b_late(theta_0, s)",
        _MONITOR,
        latex=r"b_{\mathrm{share}}",
    ),
    Name(
        "c_flow()",
        "the distance at the end of the central flow from the two-step mean of the run, over the way that this went",
        _FLOW,
        latex=r"c_{\mathrm{flow}}",
    ),
    Name(
        "c_ratio()",
        "that distance over the distance of the gradient flow from the same point, in place of the central flow",
        _FLOW,
        latex=r"c_{\mathrm{ratio}}",
    ),
    Name(
        "c_variance()",
        "the mean over these steps of the squared displacement that the central flow predicts, over that of the run "
        "from its two-step mean",
        _FLOW,
        latex=r"c_{\mathrm{variance}}",
    ),
    Name("first lambda_1()", "the largest eigenvalue of the NTK, J J'/N of N examples, before the first step", _SPLIT),
    Name("max lambda_1()", "the largest value along the run of the largest NTK eigenvalue", _SPLIT),
    Name("min lambda_1()", "the least value of the largest NTK eigenvalue after its largest one", _SPLIT),
    Name("max lambda_2()", "the largest value along the run of the second largest NTK eigenvalue", _SPLIT),
    Name(
        "rise()",
        "the part of the two-step changes of the largest NTK eigenvalue that is not linear in the residual over the "
        "part that is, both summed in absolute value up to the first step beyond the edge, 2/eta",
        _SPLIT,
    ),
    Name(
        "fall()",
        "the part that is linear in the residual over the part that is not, summed in absolute value over the ten "
        "steps on each side of the steepest fall of lambda_1 beyond the edge",
        _SPLIT,
    ),
)
