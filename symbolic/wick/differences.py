"""Gradient descent with a finite step: the expected change of an NTK eigenvalue over one and two steps.

``z' = z - eta J J' z + (eta^2 / 2) Q(J' z, J' z)`` and ``J' = J - eta Q(J' z, .)`` are exact. The eigenvalue of the
changed J is expanded in its Taylor series about J; Q and z are integrated out by Wick contraction; the derivatives are
moved onto the Gaussian weight of J, so that no power of a gap between eigenvalues ever appears (the fourth derivative
of an eigenvalue has an infinite mean, its weak form has not).
"""

from __future__ import annotations

from functools import lru_cache
from math import factorial

import sympy as sp
from flint import fmpq_mpoly

from ..algebra.errors import DomainError
from ..algebra.symbols import symbol
from .contraction import collect, orthogonal_slices, residual_covariance, wick
from .indexed_model import Jacobian, Residual, step_tensors
from .integration_by_parts import adjoint, contracted, reduce_moments
from .tensors import RING, Factor, Tensor, even_in, outputs, parameters, product, scaled, times, truncated

#: The highest order offered; order 4 takes about a second, order 5 a few, order 6 of one step two minutes.
MOST_ORDER = 6


def _start() -> tuple[Residual, Jacobian]:
    return (lambda a: product(Factor("z", (a,)))), (lambda a, i: product(Factor("J", (a, i))))


def _stepped(steps: int, order: int) -> Jacobian:
    residual, jacobian = _start()
    for _ in range(steps):
        residual, jacobian = step_tensors(residual, jacobian, order)
    return jacobian


def _averaged(tensor: Tensor) -> Tensor:
    """Q and z integrated out; equal products of J and derivatives collected."""
    return collect(wick(wick(even_in(tensor, "Q", "z"), "Q", orthogonal_slices), "z", residual_covariance))


@lru_cache(maxsize=8)
def weak_change(steps: int, order: int) -> fmpq_mpoly:
    """The invariant A with ``E[lambda_k(steps) - lambda_k(0)] = E[lambda_k A]``, to an order in eta.

    Args:
        steps: of gradient descent.
        order: in eta.

    Returns:
        A polynomial in eta, the variances, D, P and the power sums.
    """
    jacobian = _stepped(steps, order)
    change = RING.zero
    displaced: Tensor = product()
    for n in range(1, order + 1):
        (a,), (i,) = outputs(1), parameters(1)
        moved = tuple(t for t in jacobian(a, i) if len(t.factors) > 1)  # all but J_ai itself
        displaced = truncated(times(displaced, moved, product(Factor("d", (a, i)))), order)
        change += contracted(adjoint(_averaged(scaled(displaced, RING.constant(sp.Rational(1, factorial(n)))))))
    return change


def _check(steps: int, order: int) -> None:
    if steps not in {1, 2}:
        raise DomainError.of("mean_change()", "1 or 2 steps", steps, "More steps are not derived.")
    if not 1 <= order <= MOST_ORDER:
        raise DomainError.of("mean_change()", f"an order in 1..{MOST_ORDER}", order, "Lower the order.")


@lru_cache(maxsize=8)
def mean_change(steps: int, order: int = 4) -> sp.Expr:
    """``E[lambda_k(steps) - lambda_k(0)]`` for every eigenvalue, at any D and P, to an order in eta.

    Args:
        steps: 1 or 2.
        order: 1..6.

    Returns:
        A polynomial in eta and the moments ``m_j = E[lambda_k^j]``.
    """
    _check(steps, order)
    return reduce_moments(weak_change(steps, order), 1)


def mean_trace_change(steps: int, order: int = 4) -> sp.Expr:
    """``E[tr K(steps) - tr K(0)]`` by contraction alone: no eigenvalue, no derivative, no integration by parts.

    Summed over k, ``mean_change`` must agree with it when each ``m_j`` is replaced by ``E[tr K^j]``.

    Args:
        steps: 1 or 2.
        order: 1..6.

    Returns:
        A polynomial in eta, the variances, D and P.
    """
    _check(steps, order)
    jacobian = _stepped(steps, order)
    (a,), (i,) = outputs(1), parameters(1)
    square = truncated(times(jacobian(a, i), jacobian(a, i)), order)
    start = product(Factor("J", (a, i)), Factor("J", (a, i)))
    return sp.expand(reduce_moments(contracted(_averaged(square)) - contracted(start)))


def expected_first_difference(order: int = 4) -> sp.Expr:
    """``E[lambda_k(1) - lambda_k(0)]`` under gradient descent, collected in eta: even in eta.

    Args:
        order: highest power of eta kept, 1..6; default 4. Order 4 takes about a second, order 6 minutes.

    Returns:
        A polynomial in eta and the moments ``m_j = E[lambda_k^j]``, exact for every eigenvalue at any D and P up to
        ``O(eta^(order + 1))`` (Gaussian z and J, GOE-like Q).

    Raises:
        DomainError: the order is out of range.

    Source:
        Derived here.

    Example:
        >>> es.wick.expected_first_difference(2)
        eta**2*sigma_Q**2*sigma_z**2*(D*P*m_1*sigma_J**2 - P*m_1*sigma_J**2 - m_1*sigma_J**2 + m_2)/sigma_J**2
    """
    return _tidy(mean_change(1, order))


def expected_second_difference(order: int = 4) -> sp.Expr:
    """``E[lambda_k(2) - 2 lambda_k(1) + lambda_k(0)]`` under gradient descent, collected in eta.

    To order ``eta^2`` it is ``eta^2`` times the second derivative of gradient flow; the rest comes of the finite step.

    Args:
        order: highest power of eta kept, 1..6; default 4. Order 4 takes about a second, order 6 minutes.

    Returns:
        A polynomial in eta and the moments ``m_j = E[lambda_k^j]``, exact for every eigenvalue at any D and P up to
        ``O(eta^(order + 1))`` (Gaussian z and J, GOE-like Q).

    Raises:
        DomainError: the order is out of range.

    Source:
        Derived here. Its leading term is that of Agarwala, Pedregosa and Pennington 2022, Theorem 2.

    Example:
        >>> flow = es.wick.Acceleration().closed_form
        >>> (es.wick.expected_second_difference(2) - es.algebra.symbol("eta") ** 2 * flow).expand()
        0
    """
    return _tidy(sp.expand(mean_change(2, order) - 2 * mean_change(1, order)))


def _tidy(expr: sp.Expr) -> sp.Expr:
    eta = symbol("eta")
    poly = sp.Poly(expr, eta)
    return sp.Add(*(sp.factor(c) * eta**k for (k,), c in poly.terms()))
