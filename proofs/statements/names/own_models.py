"""Names of training runs of networks: NTK eigenvalues along a run, and the two parts of their two-step changes."""

from __future__ import annotations

from .entry import Name

_RUN = "edgestab.networks.train_network"
_SHARES = "edgestab.networks.NetworkRun"

NAMES = (
    Name("first lambda_1()", "the largest eigenvalue of the NTK, J J'/N for N residuals, before the first step", _RUN),
    Name("max lambda_1()", "the largest value along the run of the largest NTK eigenvalue", _RUN),
    Name("min lambda_1()", "the least value of the largest NTK eigenvalue after its largest one", _RUN),
    Name("max lambda_2()", "the largest value along the run of the second largest NTK eigenvalue", _RUN),
    Name(
        "rise()",
        "the part of the two-step changes of the largest NTK eigenvalue that is not linear in the residual over the "
        "part that is, both summed in absolute value up to the first step beyond the edge, 2/eta",
        _SHARES,
    ),
    Name(
        "fall()",
        "the same as rise, but summed over the ten steps on each side of the steepest fall of lambda_1 beyond the edge",
        _SHARES,
    ),
)
