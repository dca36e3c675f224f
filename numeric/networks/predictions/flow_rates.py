"""The right-hand side of the central flow, for gradient descent and for RMSProp, from products of derivatives.

In the metric of the preconditioner p (``1 / eta`` for gradient descent) let ``u_i`` be the eigenvectors near the edge,
``H u_i = s_i p u_i`` with ``u_i' p u_j = delta_ij``; the edge is ``s = 2``. Iterates swing about their centre w with
``delta = sum_i xi_i u_i``, ``<xi xi'> = X`` and change sign at every step. Averaged over two steps

    ``<grad L(w + delta)> = grad L + (1/2) sum_ij X_ij D^3L[u_i, u_j, .]``   (to second order in delta),
    ``<(H delta)^2> = sum_ij X_ij (H u_i) (H u_j)``, which is ``4 p^2 sum_ij X_ij u_i u_j`` at the edge, entry by entry,

so, with ``b = (1 - beta_2) / beta_2`` (exactly, as ``nu_t - nu_(t-1) = b (g_t^2 - nu_t)``),

    ``w' = -(grad L + (1/2) <X, D^3L>) / p``,   ``nu' = b (grad L^2 + 4 p^2 diag(U X U') - nu)``,
    ``p = sqrt(nu + floor^2) / eta``.

X is what keeps the block ``U' H U - 2 U' P U`` from rising through zero: a semidefinite complementarity problem in the
rates, with drive ``A`` (their value at ``X = 0``) and response

    ``B[(ij), (kl)] = (1/2) D^3L[u_i, u_j, .] . D^3L[u_k, u_l, .] / p + (4 b / eta^2) sum_n p_n u_in u_jn u_kn u_ln``,

symmetric and positive semidefinite. Instead of switching X on at the edge, the block may rise no faster than
``kappa`` times the room that is left, ``2 - s_i``: at the edge this is the same problem, errors of integration die
out at the rate kappa, and eigenvalues enter smoothly within ``1 / kappa`` steps.

Assumed: displacements change sign at every step, their third moments and the fourth derivative do not matter, and they
are as large as it takes at every moment (no delay while an oscillation grows).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..backends.backend import Array
from ..point import Point
from ..problem import Problem
from .complementarity import pairs, solve_complementarity
from .descent import Rule
from .leading_pairs import LeadingPairs

KAPPA = 1.0
"""Default rate, per step, at which room below the edge may be used up."""

MARGIN = 0.1
"""Eigenvalues above ``2 (1 - MARGIN)`` take part: enough, at kappa = 1, for a rise by a tenth in one step."""


class Rates(NamedTuple):
    """The flow at one point.

    Attributes:
        speed: ``w'``, shape ``(P,)``.
        moment_speed: ``nu'``, shape ``(P,)``; zeros for gradient descent.
        values: eigenvalues s, edge 2, shape ``(k,)``.
        vectors: u, shape ``(P, k)``.
        covariance: X, shape ``(k, k)``; zero rows below the margin.
        residual: of the complementarity problem.
        loss: at the centre.
        drive: ``-grad L . grad S`` and ``|grad S|^2`` of the top eigenvalue S, its gradient taken orthogonal to u;
            nan where the top eigenvalue takes no part.
        products: Hessian products and third-derivative products used.
    """

    speed: Array
    moment_speed: Array
    values: Array
    vectors: Array
    covariance: Array
    residual: float
    loss: float
    drive: tuple[float, float]
    products: int


def flow_rates(problem: Problem, rule: Rule, w: Array, moment: Array, search: LeadingPairs, kappa: float) -> Rates:
    """Evaluate the right-hand side.

    Args:
        problem: model, data and loss.
        rule: gradient descent or RMSProp.
        w: centre, shape ``(P,)``.
        moment: nu, shape ``(P,)``.
        search: for the eigenvalues that are followed.
        kappa: see the module.

    Returns:
        Rates and what they rest on.
    """
    point, p = problem.at(w), rule.metric(moment)
    slope = np.asarray(point.gradient, dtype=np.float64)
    values, u, products = search.at(point, p)
    k = len(values)
    active = int(np.count_nonzero(values > 2 * (1 - MARGIN)))
    speed, moment_speed = -slope / p, rule.forgetting * (slope**2 - moment)
    covariance, residual, drive = np.zeros((k, k)), 0.0, (np.nan, np.nan)
    if active:
        entries = pairs(active)
        weight = np.array([1.0 if i == j else np.sqrt(2.0) for i, j in entries])
        bends = _third_products(point, u, entries) * weight[:, None]
        drive = _drive(slope, bends[0], u[:, 0])
        rise, response = bends @ speed, 0.5 * (bends / p) @ bends.T
        squares = np.stack([u[:, i] * u[:, j] for i, j in entries]) * weight[:, None]
        if rule.beta2 is not None:
            eta2 = rule.step_size**2
            rise = rise - squares @ (moment_speed / p) / eta2
            response = response + 4 * rule.forgetting / eta2 * (squares * p) @ squares.T
        room = np.array([kappa * (2 - values[i]) if i == j else 0.0 for i, j in entries])
        solved = solve_complementarity(_matrix(rise - room, entries, weight, active), response)
        covariance[:active, :active], residual = solved
        vector = np.array([solved.covariance[i, j] for i, j in entries]) * weight
        speed = speed - 0.5 * (vector @ bends) / p
        moment_speed = moment_speed + 4 * rule.forgetting * p**2 * (vector @ squares)
        products += len(entries)
    return Rates(speed, moment_speed, values, u, covariance, residual, point.loss, drive, products)


def _third_products(point: Point, u: Array, entries: list[tuple[int, int]]) -> Array:
    """``D^3L[u_i, u_j, .]`` for the entries, shape ``(m, P)``."""
    return np.stack([np.asarray(point.third_product(u[:, i], u[:, j]), dtype=np.float64) for i, j in entries])


def _matrix(vector: Array, entries: list[tuple[int, int]], weight: Array, k: int) -> Array:
    """A symmetric matrix from its weighted vector."""
    matrix = np.zeros((k, k))
    for value, (i, j) in zip(vector / weight, entries, strict=True):
        matrix[i, j] = matrix[j, i] = value
    return matrix


def _drive(slope: Array, bend: Array, u: Array) -> tuple[float, float]:
    """``alpha`` and ``beta`` of self-stabilisation, for a unit eigenvector."""
    length = u @ u
    gradient = bend / length
    across = gradient - u * (u @ gradient) / length
    return float(-slope @ across), float(across @ across)
