"""Names of Theorem 2: means over the random start of NTK eigenvalues, of their motion, and of what changes them."""

from __future__ import annotations

import sympy as sp

from ....symbolic.algebra.symbols import symbols
from ....symbolic.wick.integration_by_parts import contracted
from ....symbolic.wick.tensors import RING
from ...subject import Subject
from .entry import Name

#: The rank of an eigenvalue, counted from the largest.
K = sp.Symbol("k", integer=True)
#: How many times faster than the plain flow a flow is.
SPEED = sp.Symbol("c", positive=True)
#: Mean over the start, and the eigenvalues there.
MEAN, EIGENVALUE = sp.Function("E"), sp.IndexedBase("lambda")
_JACOBIAN = "the entries of J are independent and Gaussian, of mean 0 and variance sigma_J^2"
START = (
    f"z, J and Q are independent; {_JACOBIAN}; z has independent entries of mean 0 and variance sigma_z^2, of any law"
)
_SLICES = "the slices of Q are symmetric with uncorrelated entries of mean 0, of any law, of variance sigma_Q^2 off"
GOE = f"{_SLICES} the diagonal and 2 sigma_Q^2 on it"
_SECOND = "of the k-th largest NTK eigenvalue at the start of the gradient flow d theta/dt = -J' z"


def _first_mean(subject: Subject) -> sp.Expr:
    return RING.to_expr(contracted(subject.acceleration().first_mean))


def _of_the_sum(_: Subject) -> sp.Expr:
    """From the generating function of the cumulants: two independent terms, the argument divided by sqrt 2."""
    order, cumulant = symbols("r kappa_r")
    argument = sp.Dummy("t", positive=True)
    term = cumulant * argument**order
    return sp.powsimp(2 * term.subs(argument, argument / sp.sqrt(2)) / argument**order)


NAMES = (
    Name(
        "E()", f"the mean over the start, where {START}", "edgestab.initialisation.InitialEnsemble", latex=r"\mathbb{E}"
    ),
    Name(
        "lambda()",
        "lambda[k] is the k-th largest eigenvalue of the NTK J J' at the start, J with D rows and P columns",
        "edgestab.wick.exact_wishart_moments",
        latex=r"\lambda",
    ),
    Name(
        "m_1",
        f"the mean of the k-th largest NTK eigenvalue at the start, where {_JACOBIAN}",
        "edgestab.initialisation.largest_eigenvalue_moments",
        lambda _: MEAN(EIGENVALUE[K]),
    ),
    Name(
        "m_2",
        f"the mean square of the k-th largest NTK eigenvalue at the start, where {_JACOBIAN}",
        "edgestab.initialisation.largest_eigenvalue_moments",
        lambda _: MEAN(EIGENVALUE[K] ** 2),
    ),
    Name(
        "v_k",
        f"the mean first derivative {_SECOND}, where {START}; Q has mean 0 and any law",
        "edgestab.wick.Acceleration",
        _first_mean,
    ),
    Name(
        "a_k",
        f"the mean second derivative {_SECOND}, where {START}; {GOE}",
        "edgestab.wick.Acceleration",
        lambda subject: subject.acceleration("goe").closed_form,
    ),
    Name(
        "a_k_iid",
        f"the mean second derivative {_SECOND}, where {START}; {_SLICES} and on the diagonal",
        "edgestab.wick.Acceleration",
        lambda subject: subject.acceleration("iid").closed_form,
        latex=r"\mathbb{E}_{\mathrm{iid}}[\ddot\lambda_k]",
    ),
    Name(
        "m_max()",
        "m_max(D, P) is the mean of the largest NTK eigenvalue at the start, for D outputs and P parameters, where "
        f"{_JACOBIAN}",
        "edgestab.initialisation.largest_eigenvalue_moments",
        latex=r"\mathbb{E}[\lambda_{\max}]",
    ),
    Name(
        "a_max()",
        "a_max(D, P) is the mean second derivative of the largest NTK eigenvalue at the start of the gradient flow "
        f"d theta/dt = -J' z, for D outputs and P parameters, where {START}; {_SLICES} the diagonal and "
        "2 sigma_Q^2 + kappa on it",
        "edgestab.wick.Acceleration",
        latex=r"\mathbb{E}[\ddot\lambda_{\max}]",
    ),
    Name(
        "ratio_c",
        "the leading term of a_max / m_max (kappa = 0), as D and P grow in a fixed ratio, along the flow "
        "d theta/dt = -c J' z, which is c times faster than the plain one",
        "edgestab.wick.Acceleration",
        lambda subject: SPEED**2 * subject.acceleration("goe").leading_ratio(),
        latex=r"\rho_c",
    ),
    Name(
        "Delta_1()",
        "Delta_1(eta) is the mean of lambda_k(1) - lambda_k(0), lambda_k(t) the k-th largest NTK eigenvalue after t "
        "steps eta of gradient descent; z, J and Q are Gaussian, of the second moments of a_k",
        "edgestab.wick.expected_first_difference",
        latex=r"\Delta_1",
    ),
    Name(
        "Delta_2()",
        "Delta_2(eta) is the mean of lambda_k(2) - 2 lambda_k(1) + lambda_k(0), lambda_k(t) the k-th largest NTK "
        "eigenvalue after t steps eta of gradient descent; z, J and Q are Gaussian, of the second moments of a_k",
        "edgestab.wick.expected_second_difference",
        latex=r"\Delta_2",
    ),
    Name(
        "m_1()",
        "m_1(kappa_4) is the mean of the k-th largest NTK eigenvalue at the start, the entries of J independent with a "
        "symmetric law of variance sigma_J^2 and fourth cumulant kappa_4 sigma_J^4, its higher cumulants negligible "
        "beside kappa_4",
        "edgestab.initialisation.InitialEnsemble",
        latex=r"\mathbb{E}[\lambda_k]",
    ),
    Name(
        "a_k()",
        "a_k(kappa_4) is a_k where the entries of J have the law of m_1(kappa_4)",
        "edgestab.initialisation.InitialEnsemble",
        latex=r"\mathbb{E}[\ddot\lambda_k]",
    ),
    Name(
        "kappa_r'",
        "the cumulant of order r of (x + y) / sqrt 2, x and y independent with the cumulant kappa_r of that order",
        value=_of_the_sum,
        latex=r"\kappa_r'",
    ),
    Name(
        "delta_double()",
        "delta_double(D, P) is the larger relative error of m_1 and m_2 of the largest eigenvalue, computed in double "
        "precision, for sigma_J = 1",
        "edgestab.initialisation.largest_eigenvalue_moments",
        latex=r"\delta_{16}",
    ),
    Name(
        "delta_30()",
        "delta_30(D, P) is the larger relative error of m_1 and m_2 of the largest eigenvalue, computed to 30 digits, "
        "for sigma_J = 1",
        "edgestab.initialisation.eigenvalue_moments",
        latex=r"\delta_{30}",
    ),
)
