"""Names of the regression model with D outputs: its state, means over random starts, ends of runs, parts of a change."""

from __future__ import annotations

import sympy as sp

from ..terms import Named
from .entry import Name

#: What a start of the model ranges over.
VECTORS = Named("R^D", r"\mathbb{R}^D")
MATRICES = Named("the D x P matrices", r"\mathbb{R}^{D\times P}")
SLICES = Named("D symmetric P x P matrices", r"\{Q\in\mathbb{R}^{D\times P\times P}\colon Q_{aij}=Q_{aji}\}")
PARAMETERS = Named("R^P, the weights", r"\mathbb{R}^P")
STATES = Named(
    "almost all (z, J, Q), the residual, Jacobian and second derivative of D outputs", r"\text{almost all }(z,J,Q)"
)

#: The state: matrices and tensors do not commute.
Z, J, J_T, Q = (sp.Symbol(name, commutative=False) for name in ("z", "J", "J^T", "Q"))
CONTRACTED = sp.Function("Q")

#: D / P, kept as D grows.
GAMMA = sp.Symbol("gamma", positive=True)

_LAW = (
    "z, J and Q independent and Gaussian of mean 0, Q_a symmetric with twice the variance on its diagonal, in the units "
    "where an entry of J has the variance sigma_J^2 = 1/P and one of Q off the diagonal sigma_Q^2 = 1/(2 D P)"
)
_SIZES = "D outputs and D/gamma parameters"
_LIMIT = f"the limit, as D grows with P = D/gamma, of the mean over random starts ({_LAW})"
_ENSEMBLE = "edgestab.regression.RegressionEnsemble.normalised"
_SPLIT = "edgestab.regression.split_two_steps"
_RISE, _FALL = "before it reaches the edge 2/eta", "from its peak through its first fall"
_PARTS = "two-step changes of eta lambda_max"
_LAW_GAP = "log(lambda_max / (lambda_max(0) (1 + (sigma_Q/sigma_J)^2 |theta - theta(0)|^2)))"


def _sums(mark: str, kind: str) -> tuple[Name, ...]:
    """The parts of the two-step changes of a run, summed by size over its two phases."""
    tag = "_eta" if mark else ""
    words = (("N", "not "), ("L", ""))
    return tuple(
        Name(
            f"{letter}{tag}_{phase}",
            f"of one run, the sum of the sizes of the parts {negation}linear in {kind} of the {_PARTS}, {where}",
            _SPLIT,
            latex=rf"{letter}^{{{mark}}}_{{\mathrm{{{phase}}}}}" if mark else rf"{letter}_{{\mathrm{{{phase}}}}}",
        )
        for letter, negation in words
        for phase, where in (("rise", _RISE), ("fall", _FALL))
    )


NAMES = (
    Name("J^T", "the transpose of J", "edgestab.regression.RegressionState", latex=r"J^\top"),
    Name(
        "Q()",
        "Q(u, v) is the vector of the D numbers sum_ij Q[a, i, j] u[i] v[j], Q(u) the D x P matrix of the "
        "sum_i Q[a, i, j] u[i]",
        "edgestab.regression.RegressionState",
    ),
    Name(
        "lambda_bar()",
        "lambda_bar(t) is the largest eigenvalue of J J' at time t of the gradient flow d theta/dt = -J' z, averaged over "
        "the starts (z, J, Q) and (-z, J, Q)",
        "edgestab.regression.integrate_regression_flow",
        latex=r"\bar\lambda",
    ),
    Name(
        "lambda_bar''",
        "the second time derivative of lambda_bar at the start",
        "edgestab.numeric.regression.sharpening.eigenvalue_rates",
        latex=r"\ddot{\bar\lambda}(0)",
    ),
    Name(
        "lambda_second",
        "the second largest eigenvalue of J J' at the start",
        "edgestab.numeric.regression.sharpening.eigenvalue_rates",
        latex=r"\lambda_2(0)",
    ),
    Name(
        "c_median()",
        "c_median(D) is the median over random starts of c, where lambda_bar(t) = lambda_bar(0) + lambda_bar'' t^2 / 2 "
        f"(1 - c t + O(t^2)); {_SIZES}; {_LAW}",
        "edgestab.regression.integrate_regression_flow",
        latex=r"c_{\mathrm{med}}",
    ),
    Name(
        "lambda_edge",
        "the limit of the largest eigenvalue of J J' at the start, as D grows with P = D/gamma",
        "edgestab.regression.RegressionEnsemble",
        latex=r"\lambda_{\mathrm{edge}}",
    ),
    Name(
        "lambda_mean()",
        "lambda_mean(t, D) is the mean over random starts of the largest eigenvalue of J J' at time t of the gradient "
        f"flow; {_SIZES}; {_LAW}; sigma_z is the standard deviation of an entry of z",
        "edgestab.numeric.regression.sharpening.measure_sharpening",
        latex=r"\mathbb{E}\lambda_{\max}",
    ),
    Name(
        "moved_mean()",
        "moved_mean(t, D) is the mean of |theta(t) - theta(0)|^2 over the same flows",
        "edgestab.numeric.regression.sharpening.measure_sharpening",
        latex=r"\mathbb{E}\lvert\Delta\theta\rvert^2",
    ),
    Name(
        "lambda_end()",
        "lambda_end(s) is the mean over random starts of the largest eigenvalue of J J' at the end of the gradient flow, "
        f"s the standard deviation of an entry of z; {_LAW}",
        "edgestab.regression.integrate_regression_flow",
        latex=r"\mathbb{E}\lambda_{\mathrm{end}}",
    ),
    Name(
        "lambda_settled",
        "the limit of the largest eigenvalue of J J' along gradient descent with step eta; it exists",
        "edgestab.regression.descend_regression",
        latex=r"\lambda_\infty",
    ),
    Name(
        "z_settled",
        "the limit of |z| along gradient descent with step eta; it exists",
        "edgestab.regression.descend_regression",
        latex=r"\lvert z\rvert_\infty",
    ),
    Name(
        "Prob()",
        "Prob(..) is the limit, as D grows with P = D/gamma, of the chance of .. in a run of gradient descent that reaches "
        "the edge 2/eta and falls from it, eta = T_0 / lambda_max(0), from a random start: "
        f"{_LAW}, sigma_z the standard deviation of an entry of z",
        _SPLIT,
        latex=r"\mathbb{P}",
    ),
    *_sums("", "the residual"),
    *_sums(r"\eta", "the step size"),
    Name(
        "S_fall",
        f"of one run, the sum of the parts linear in the residual of the {_PARTS}, {_FALL}",
        _SPLIT,
        latex=r"S_{\mathrm{fall}}",
    ),
    Name(
        "n_eta_rise",
        f"of one run, the mean size of the parts not linear in the step size of the {_PARTS}, {_RISE}",
        _SPLIT,
        latex=r"n^{\eta}_{\mathrm{rise}}",
    ),
    Name(
        "n_eta_fall",
        f"of one run, the mean size of the parts not linear in the step size of the {_PARTS}, {_FALL}",
        _SPLIT,
        latex=r"n^{\eta}_{\mathrm{fall}}",
    ),
    Name(
        "loss_mean()",
        f"loss_mean(t, D) is the mean over random starts of |z|^2/D after t steps eta of gradient descent; {_SIZES}; {_LAW}; "
        "sigma_z is the standard deviation of an entry of z",
        "edgestab.regression.descend_regression",
        latex=r"\mathbb{E}\tfrac1D\lvert z\rvert^2",
    ),
    Name(
        "spread_mean()",
        "spread_mean(t, D) is the mean of |theta(t) - theta(0)|^2/P over the same runs",
        "edgestab.regression.descend_regression",
        latex=r"\mathbb{E}\tfrac1P\lvert\Delta\theta\rvert^2",
    ),
    Name(
        "C()",
        "C(t, t) is the correlation of an output with itself in the solution of the two-time equations",
        "edgestab.regression.mean_field_descent",
    ),
    Name(
        "c()",
        "c(t, t) is the correlation of a displacement with itself in the solution of the two-time equations",
        "edgestab.regression.mean_field_descent",
    ),
    Name(
        "R_edge",
        f"{_LIMIT} of {_LAW_GAP} where a run of gradient descent first has eta lambda_max > 2, over the runs that do and "
        "do not diverge",
        "edgestab.regression.descend_regression",
        latex=r"R_{\mathrm{edge}}",
    ),
    Name(
        "R_end",
        f"{_LIMIT} of {_LAW_GAP} at the end of the same runs",
        "edgestab.regression.descend_regression",
        latex=r"R_{\mathrm{end}}",
    ),
    Name(
        "R_below",
        f"{_LIMIT} of {_LAW_GAP} at the end of the runs that never have eta lambda_max > 2",
        "edgestab.regression.descend_regression",
        latex=r"R_{\mathrm{below}}",
    ),
)
