"""The expected second derivative of any NTK eigenvalue under gradient flow, exact at every size (Theorem 2).

The way: perturbation theory, Wick contraction over Q and z, then integration by parts under the Gaussian law of J.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import sympy as sp
from flint import fmpq_mpoly

from ..algebra.errors import ProofError
from ..algebra.rings import poly_terms
from ..algebra.symbols import latex_names, symbol
from .contraction import (
    Covariance,
    averaged_slices,
    copy_average,
    independent,
    orthogonal_slices,
    power_sum,
    residual_covariance,
    split_gaps,
    wick,
)
from .indexed_model import GRADIENT_FLOW, NOISE, eigenvalue_derivatives
from .integration_by_parts import contracted, eigenvalue_moment, laplacian_adjoint, mean_power_sum, reduce_moments
from .tensors import LAMBDA, MOST_POWER, RESOLVENT, RING, D, Tensor, latex_tensor, times


@dataclass(frozen=True)
class SliceLaw:
    """A law of the symmetric slices of Q; only its second moments matter for the second derivative.

    Attributes:
        name: slug.
        meaning: in words.
        covariance: of two entries, up to the rotation average.
        substitution: values of ``tau_Q`` and other symbols that are peculiar to the law.
    """

    name: str
    meaning: str
    covariance: Covariance
    substitution: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)


_SIGMA, _KAPPA = symbol("sigma_Q"), symbol("kappa")
ORTHOGONAL = SliceLaw("goe", "GOE-like: off-diagonal variance sigma_Q^2, diagonal 2 sigma_Q^2", orthogonal_slices)
DIAGONAL_EXCESS = SliceLaw(
    "excess",
    "symmetric, independent entries, diagonal variance 2 sigma_Q^2 + kappa",
    averaged_slices,
    {symbol("tau_Q"): _KAPPA * copy_average(symbol("P"))},
)
IDENTICAL = SliceLaw(
    "iid",
    "symmetric, all entries on and above the diagonal of variance sigma_Q^2",
    averaged_slices,
    {symbol("tau_Q"): -(_SIGMA**2) * copy_average(symbol("P"))},
)
LAWS: Mapping[str, SliceLaw] = {law.name: law for law in (ORTHOGONAL, DIAGONAL_EXCESS, IDENTICAL)}


def sum_over_others(polynomial: fmpq_mpoly) -> fmpq_mpoly:
    """``sum over j != k of N(lambda_k, lambda_j) / (lambda_k - lambda_j)`` in ``R_k``, ``lambda_k`` and power sums.

    ``lambda_j^r / (lambda_k - lambda_j) = lambda_k^r / (lambda_k - lambda_j) - sum_(s<r) lambda_k^(r-1-s) lambda_j^s``.

    Args:
        polynomial: N.

    Returns:
        The sum; j runs over all D eigenvalues but k.
    """
    place = RING.symbols.index(symbol("lambda_j"))
    result = RING.zero
    for exponents, coefficient in poly_terms(polynomial).items():
        power = exponents[place]
        head = RING.from_dict({tuple(0 if n == place else e for n, e in enumerate(exponents)): coefficient})
        whole = LAMBDA**power * RESOLVENT
        for s in range(power):
            others = (power_sum(s) if s else D) - LAMBDA**s
            whole -= LAMBDA ** (power - 1 - s) * others
        result += head * whole
    return result


def split_resolvent(polynomial: fmpq_mpoly) -> tuple[fmpq_mpoly, fmpq_mpoly]:
    """Write a polynomial as ``A + B * lambda_k R_k``.

    Args:
        polynomial: at most linear in ``R_k``.

    Returns:
        A and B.

    Raises:
        ProofError: it is not of that form.
    """
    r, k = (RING.symbols.index(symbol(n)) for n in ("R_k", "lambda_k"))
    plain: dict[tuple[int, ...], object] = {}
    linear: dict[tuple[int, ...], object] = {}
    for exponents, coefficient in poly_terms(polynomial).items():
        if exponents[r] == 0:
            plain[exponents] = coefficient
        elif exponents[r] == 1 and exponents[k] >= 1:
            lowered = tuple(e - (n in {r, k}) for n, e in enumerate(exponents))
            linear[lowered] = coefficient
        else:
            raise ProofError.of("split_resolvent()", "A + B lambda_k R_k", str(exponents), "Check the contraction.")
    return RING.from_dict(plain), RING.from_dict(linear)


def mean_second_derivative(second: Tensor, *laws: tuple[str, Covariance]) -> fmpq_mpoly:
    """Average a second derivative of ``lambda_k`` over Gaussian factors, and sum over the other eigenvalues.

    Args:
        second: from ``eigenvalue_derivatives``.
        *laws: factor names and covariances, in the order of contraction.

    Returns:
        A polynomial in ``lambda_k``, ``R_k`` and power sums.
    """
    for name, covariance in laws:
        second = wick(second, name, covariance)
    plain, gapped = split_gaps(second)
    return contracted(plain) + sum_over_others(contracted(gapped))


class Acceleration:
    """``E[d2 lambda_k / dt2]`` at the start of gradient flow, for Gaussian J, any law of z, and a law of Q.

    Every object is derived from the earlier ones when first asked for; a subclass may replace one to test that checks
    notice.

    Attributes:
        law: of the slices of Q, one of ``LAWS``; default GOE-like (diagonal variance twice the off-diagonal one).
        derivatives: first and second derivative of ``lambda_k`` along the flow, before any average.
        first_mean: ``E[d lambda_k / dt]``, the empty sum.
        conditional: ``E[d2 lambda_k / dt2 | J]``, Q and z integrated out.
        closed_form: ``E[d2 lambda_k / dt2]`` in ``m_1 = E[lambda_k]`` and ``m_2 = E[lambda_k^2]``, exact at any size.
        ratio: ``closed_form / m_1``.

    Raises:
        ProofError: a step of the derivation has not the form that the next one needs.

    Source:
        Agarwala, Pedregosa and Pennington 2022, Theorem 2; the value at finite size is derived here.

    Example:
        >>> found = es.wick.Acceleration()
        >>> found.closed_form
        2*sigma_Q**2*sigma_z**2*(D*P*m_1*sigma_J**2 + m_2)/sigma_J**2
        >>> found.leading_ratio()
        2*D*P*sigma_Q**2*sigma_z**2
    """

    def __init__(self, law: SliceLaw = ORTHOGONAL) -> None:
        self.law = law

    @cached_property
    def derivatives(self) -> tuple[Tensor, Tensor]:
        """First and second derivative of ``lambda_k`` along the flow, before any average."""
        return eigenvalue_derivatives(GRADIENT_FLOW)

    @cached_property
    def first_mean(self) -> Tensor:
        """``E[d lambda_k / dt]``: a sum that is empty when every term is odd in Q."""
        return wick(self.derivatives[0], "Q", self.law.covariance)

    @cached_property
    def conditional(self) -> fmpq_mpoly:
        """``E[d2 lambda_k / dt2 | J]``: Q and z integrated out."""
        laws = (("Q", self.law.covariance), ("z", residual_covariance))
        return mean_second_derivative(self.derivatives[1], *laws)

    @cached_property
    def laplacian(self) -> fmpq_mpoly:
        """The Laplacian of ``lambda_k`` in the entries of J: twice the Ito drift of the Wishart process."""
        return mean_second_derivative(eigenvalue_derivatives(NOISE)[1], ("N", independent(RING.one)))

    @cached_property
    def gradient_square(self) -> fmpq_mpoly:
        """``|grad lambda_k|^2`` in the entries of J."""
        first, again = (eigenvalue_derivatives(NOISE)[0] for _ in range(2))
        return contracted(wick(times(first, again), "N", independent(RING.one)))

    @cached_property
    def closed_form(self) -> sp.Expr:
        """``E[d2 lambda_k / dt2]`` in ``m_1 = E[lambda_k]`` and ``m_2 = E[lambda_k^2]``, at any D and P."""
        plain, linear = split_resolvent(self.conditional)
        drift, slope = split_resolvent(self.laplacian)
        if not slope.is_constant():
            raise ProofError.of("Acceleration", "a Laplacian with constant slope in R_k", str(slope), "Check NOISE.")
        weight = linear / slope.leading_coefficient()
        mean = reduce_moments(plain - weight * drift) + self.mean_with_laplacian(weight)
        return sp.factor(sp.expand(mean).subs(self.law.substitution))

    def mean_with_laplacian(self, weight: fmpq_mpoly) -> sp.Expr:
        """``E[weight * Laplacian(lambda_k)]`` by parts, for a polynomial weight in ``lambda_k`` and power sums.

        ``lambda^a Laplacian(lambda) = Laplacian(lambda^(a+1)) / (a+1) - a lambda^(a-1) |grad lambda|^2``, and the
        Laplacian is moved onto the Gaussian weight times the power sums.

        Args:
            weight: the polynomial.

        Returns:
            The mean in moments of ``lambda_k``.
        """
        k = RING.symbols.index(symbol("lambda_k"))
        mean = sp.Integer(0)
        for exponents, coefficient in poly_terms(weight).items():
            a = exponents[k]
            traces = tuple((r + 1, e) for r, e in enumerate(exponents[-MOST_POWER:]) if e)
            scalar = RING.from_dict({(*self._scalars(exponents, k), *(0,) * MOST_POWER): coefficient})
            mean += reduce_moments(scalar * laplacian_adjoint(traces), a + 1) / (a + 1)
            if a:
                sums = RING.from_dict({tuple(0 if n == k else e for n, e in enumerate(exponents)): coefficient})
                mean -= a * reduce_moments(sums * self.gradient_square, a - 1)
        return mean

    @staticmethod
    def _scalars(exponents: tuple[int, ...], k: int) -> tuple[int, ...]:
        return tuple(0 if n == k else e for n, e in enumerate(exponents[:-MOST_POWER]))

    @property
    def ratio(self) -> sp.Expr:
        """``E[d2 lambda_k / dt2] / E[lambda_k]``."""
        return sp.factor(self.closed_form / eigenvalue_moment(1))

    def leading_ratio(self) -> sp.Expr:
        """The ratio as D and P grow at a fixed quotient, to leading order.

        Returns:
            The term of highest power in the size N (D and P like N); ``E[lambda^2] / (sigma_J^2 E[lambda])`` is put in
            as a bounded factor times ``N^(3/2)``, which ``edge_bound`` derives.
        """
        root, quotient, edge = (sp.Dummy(name, positive=True) for name in ("root", "quotient", "edge"))
        d, p = symbol("D"), symbol("P")
        m1, m2 = eigenvalue_moment(1), eigenvalue_moment(2)
        bounded = self.ratio.subs(m2, edge * root**3 * symbol("sigma_J") ** 2 * m1)
        numerator, denominator = sp.fraction(sp.cancel(bounded.subs({d: quotient * root**2, p: root**2})))
        top, bottom = sp.Poly(numerator, root), sp.Poly(denominator, root)
        power = sp.Rational(top.degree() - bottom.degree(), 2)
        return sp.factor(sp.cancel(top.LC() / bottom.LC()).subs(quotient, d / p) * p**power)

    def steps(self) -> tuple[tuple[str, str], ...]:
        """The derivation as titled LaTeX equations, generated from the objects themselves."""
        names = latex_names()
        first, second = self.derivatives

        def show(expr: sp.Expr) -> str:
            return sp.latex(expr, symbol_names=names)

        others = r"\sum_{j \neq k} \frac{1}{\lambda_k - \lambda_j}"
        plain, gapped = split_gaps(second)
        return (
            ("first derivative along the flow", rf"\dot\lambda_k = {latex_tensor(first)}"),
            ("its mean: every term is odd in Q", rf"\mathbb{{E}}[\dot\lambda_k] = {latex_tensor(self.first_mean)}"),
            ("second derivative, direct part", rf"\ddot\lambda_k^{{(1)}} = {latex_tensor(plain)}"),
            (
                "second derivative, eigenvector part",
                rf"\ddot\lambda_k^{{(2)}} = {others} \bigl( {latex_tensor(gapped)} \bigr)",
            ),
            (
                "Wick contraction over Q, then over z",
                rf"\mathbb{{E}}[\ddot\lambda_k \mid J] = {show(RING.to_expr(self.conditional))}",
            ),
            ("Laplacian in the entries of J", rf"\nabla^2 \lambda_k = {show(RING.to_expr(self.laplacian))}"),
            (
                "square of the gradient",
                rf"\lvert \nabla \lambda_k \rvert^2 = {show(RING.to_expr(self.gradient_square))}",
            ),
            ("integration by parts", rf"\mathbb{{E}}[\ddot\lambda_k] = {show(self.closed_form)}"),
        )


def edge_bound() -> sp.Expr:
    """The square of a bound on ``E[lambda_max^2] / (sigma_J^2 E[lambda_max])``, from exact traces.

    ``E[lambda_max^2]^2 <= E[lambda_max^4] <= E[tr K^4]`` and ``E[lambda_max] >= E[tr K] / min(D, P)``; the traces are
    polynomials that the calculus derives.

    Returns:
        ``E[tr K^4] D^2 / E[tr K]^2`` in units of ``sigma_J``, for ``D <= P``: of degree 3 in the size, so the bound
        grows like the size to the power 3/2, slower than ``D P``.
    """
    squared = mean_power_sum(4) / mean_power_sum(1) ** 2 * symbol("D") ** 2 / symbol("sigma_J") ** 4
    return sp.factor(sp.cancel(squared))
