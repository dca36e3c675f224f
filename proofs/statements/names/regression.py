"""Names of the regression model: its state, means over random starts, ends of runs, parts of a change."""

from __future__ import annotations

import sympy as sp

from ..terms import Named
from .entry import Name

#: What a state of the model ranges over, of any number of outputs and parameters.
VECTORS = Named("R^D for any D", r"\mathbb{R}^D")
MATRICES = Named("the D x P matrices for any P", r"\mathbb{R}^{D\times P}")
SLICES = Named("the D symmetric P x P matrices", r"\{Q\in\mathbb{R}^{D\times P\times P}\colon Q_{aij}=Q_{aji}\}")
PARAMETERS = Named("R^P for any P", r"\mathbb{R}^P")
SPECTRUM = Named(
    "the symmetric P x P matrices without other eigenvalues than 1, -epsilon and 0",
    r"\{Q=Q^\top\in\mathbb{R}^{P\times P}\colon \operatorname{spec}Q\subset\{1,-\epsilon,0\}\}",
)
STARTS = Named("the starts (z, J, Q) of any sizes D and P", r"\text{starts }(z,J,Q)")
ALMOST_ALL = Named("almost all starts (z, J, Q) of any sizes D and P", r"\text{almost all starts }(z,J,Q)")

#: The state: matrices and tensors do not commute.
Z, J, J_T, Q = (sp.Symbol(name, commutative=False) for name in ("z_D", "J", "J^T", "Q"))
CONTRACTED, DOT = sp.Function("contracted"), sp.Function("dot")

#: A start, and D / P, kept as D grows.
START, GAMMA = sp.Symbol("S"), sp.Symbol("gamma", positive=True)

#: eta lambda_max at the start, where a step size is chosen by it.
LEVEL = sp.Symbol("T_0", positive=True)

_STATE = "edgestab.regression.RegressionState"
_FLOW = "edgestab.regression.integrate_regression_flow"
_DESCENT = "edgestab.regression.descend_regression"
_CURVE = "edgestab.regression.measure_sharpening"
_SPLIT = "edgestab.regression.split_two_steps"
_LIMIT = "edgestab.regression.mean_field_descent"

_LAW = (
    "the entries of random starts are independent and Gaussian of mean 0, of variance sigma_z^2 in z, 1/P in J, and "
    "1/(2 D P) in Q, twice that on its diagonals"
)
_SIZES = "D outputs and P = D/gamma parameters"
_LARGE = "as D grows with P = D/gamma"
_CHANGE = "two-step changes of eta lambda_max of one run"
_RISE, _FALL = "before it reaches the edge 2/eta", "from its peak through its first fall"
_GAP = "log(lambda_max / (lambda_max(0) (1 + (sigma_Q/sigma_J)^2 |theta - theta(0)|^2)))"
_OVER = f"over runs of gradient descent with step eta = T_0 / lambda_max(0); {_LAW}"


def _sums(letter: str, mark: str, phase: str, parts: str) -> Name:
    """The sizes of some parts of the two-step changes of a run, summed over one of its phases."""
    where = {"rise": _RISE, "fall": _FALL}[phase]
    tag, above = ("_eta", r"^{\eta}") if mark else ("", "")
    meaning = f"the sum of the sizes of the parts {parts} of the {_CHANGE}, {where}"
    return Name(f"{letter}{tag}_{phase}", meaning, _SPLIT, latex=rf"{letter}{above}_{{\mathrm{{{phase}}}}}")


NAMES = (
    Name("J^T", "the transpose of J", _STATE, latex=r"J^\top"),
    Name("z_D'", "z_D after the step to theta - eta J^T z_D, against the gradient of |z_D|^2/2", _STATE, latex="z_D'"),
    Name("J'", "J after the same step as z_D'", _STATE, latex="J'"),
    Name(
        "contracted()",
        "contracted(Q, u, v) is the vector of the D numbers sum_ij Q[a, i, j] u[i] v[j], contracted(Q, u) the D x P "
        "matrix of the sum_i Q[a, i, j] u[i]",
        _STATE,
        latex=r"\operatorname{contracted}",
    ),
    Name("dot()", "dot(u, v) is the inner product of two vectors", _STATE, latex=r"\operatorname{dot}"),
    Name(
        "lambda_bar()",
        "lambda_bar(t, S) is the largest eigenvalue of J J^T at time t of the gradient flow d theta/dt = -J^T z, its "
        "mean over the start S = (z, J, Q) and (-z, J, Q)",
        _FLOW,
        latex=r"\bar\lambda",
    ),
    Name(
        "lambda_bar''()",
        "lambda_bar''(S) is the second time derivative of lambda_bar(t, S) at t = 0",
        "edgestab.regression.eigenvalue_rates",
        latex=r"\ddot{\bar\lambda}",
    ),
    Name(
        "lambda_second()", "lambda_second(S) is the second largest eigenvalue of J J^T at S", _STATE, latex=r"\lambda_2"
    ),
    Name(
        "c_median()",
        "c_median(D, gamma) is the median over random starts S of c, where lambda_bar(t, S) = lambda_bar(0, S) + "
        f"lambda_bar''(S) t^2/2 (1 - c t + O(t^2)), for {_SIZES}; {_LAW}",
        _FLOW,
        latex=r"c_{\mathrm{med}}",
    ),
    Name(
        "lambda_edge()",
        f"lambda_edge(gamma) is the limit of the largest eigenvalue of J J^T at the start, {_LARGE}",
        "edgestab.regression.RegressionEnsemble",
        latex=r"\lambda_{\mathrm{edge}}",
    ),
    Name(
        "lambda_mean()",
        "lambda_mean(t, D, gamma, sigma_z) is the mean over random starts of the largest eigenvalue of J J^T at time t "
        f"of the gradient flow, for {_SIZES}; {_LAW}",
        _CURVE,
        latex=r"\bar\lambda",
    ),
    Name(
        "moved_mean()",
        "moved_mean(t, D, gamma, sigma_z) is the mean of |theta(t) - theta(0)|^2 over the same flows",
        _CURVE,
        latex=r"\overline{\lvert\Delta\theta\rvert^2}",
    ),
    Name(
        "lambda_end()",
        "lambda_end(s, D, P) is the mean over random starts of the largest eigenvalue of J J^T at the end of the "
        f"gradient flow, for D outputs and P parameters; {_LAW}, with s for sigma_z",
        _FLOW,
        latex=r"\bar\lambda_{\mathrm{end}}",
    ),
    Name(
        "lambda_settled()",
        "lambda_settled(eta, S) is the limit of the largest eigenvalue of J J^T along gradient descent from S with "
        "step eta; a statement on it is one where it exists",
        _DESCENT,
        latex=r"\lambda_\infty",
    ),
    Name(
        "z_settled()",
        "z_settled(eta, S) is the limit of |z| along the same descent",
        _DESCENT,
        latex=r"\lvert z\rvert_\infty",
    ),
    Name(
        "Prob()",
        f"Prob(..) is the limit, {_LARGE}, of how likely a run is to have .., among those that reach the edge 2/eta "
        f"and fall from it, {_OVER}",
        _SPLIT,
        latex=r"\mathbb{P}",
    ),
    _sums("N", "", "rise", "not linear in the residual"),
    _sums("L", "", "rise", "linear in the residual"),
    _sums("N", "", "fall", "not linear in the residual"),
    _sums("L", "", "fall", "linear in the residual"),
    Name(
        "S_fall",
        f"the sum of the parts linear in the residual of the {_CHANGE}, {_FALL}",
        _SPLIT,
        latex=r"S_{\mathrm{fall}}",
    ),
    _sums("N", "eta", "rise", "not linear in the step size"),
    _sums("L", "eta", "rise", "linear in the step size"),
    *(
        Name(
            f"n_eta_{phase}",
            f"the mean size of the parts not linear in the step size of the {_CHANGE}, {where}",
            _SPLIT,
            latex=rf"n^{{\eta}}_{{\mathrm{{{phase}}}}}",
        )
        for phase, where in (("rise", _RISE), ("fall", _FALL))
    ),
    Name(
        "loss_mean()",
        "loss_mean(t, D, gamma, eta, sigma_z) is the mean over random starts of |z|^2/D after t steps eta of gradient "
        f"descent, for {_SIZES}; {_LAW}",
        _DESCENT,
        latex=r"\overline{\lvert z\rvert^2/D}",
    ),
    Name(
        "spread_mean()",
        "spread_mean(t, D, gamma, eta, sigma_z) is the mean of |theta - theta(0)|^2/P after t steps of the same runs",
        _DESCENT,
        latex=r"\overline{\lvert\Delta\theta\rvert^2/P}",
    ),
    Name(
        "loss_limit()",
        "loss_limit(t, gamma, eta, sigma_z) is the correlation C(t, t) of an output in the two-time equations",
        _LIMIT,
        latex="C",
    ),
    Name(
        "spread_limit()",
        "spread_limit(t, gamma, eta, sigma_z) is the correlation c(t, t) of a displacement in the two-time equations",
        _LIMIT,
        latex="c",
    ),
    *(
        Name(f"R_{where}()", f"R_{where}(gamma, sigma_z, T_0) is {words}", _DESCENT, latex=rf"R_{{\mathrm{{{where}}}}}")
        for where, words in (
            (
                "end",
                f"the limit, {_LARGE}, of the mean of {_GAP} at the end of the runs that come to eta lambda_max > 2 "
                f"and do not diverge, {_OVER}",
            ),
            ("edge", "the same as R_end where these runs first come to eta lambda_max > 2"),
            ("below", "the same as R_end at the end of the runs that never have eta lambda_max > 2"),
        )
    ),
)
