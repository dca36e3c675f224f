"""Semidefinite complementarity: the covariance with which oscillations hold several eigenvalues at the edge.

Given a symmetric drive A (how fast the critical block of the curvature would rise, less the room that is left) and a
positive semidefinite response B (how fast a covariance X pushes it down), find symmetric ``X >= 0`` with

    ``W = B X - A >= 0`` and ``<X, W> = 0``,

both in the semidefinite order. It says: no eigenvalue passes the edge, and only those at the edge oscillate. As B is
symmetric these are the optimality conditions of the convex problem ``min <X, B X>/2 - <A, X>`` over ``X >= 0``.
Symmetric matrices are stored as vectors of length ``k (k + 1) / 2`` whose scalar product is that of the matrices.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..backends.backend import Array

ROUNDS = 60
"""Newton steps at most; a handful are needed."""

FALLBACK = 5000
"""Steps of accelerated projected gradient at most, where Newton's method does not get there."""

TOLERANCE = 1e-10
"""The iteration ends where ``|X - P(X - W / |B|)|`` is this small against ``|X| + |A| / |B|``, P the projection."""


class Solution(NamedTuple):
    """A covariance and how well it solves its complementarity problem.

    Attributes:
        covariance: X, shape ``(k, k)``.
        residual: ``|X - P(X - t W)|`` over ``|X| + t |A|``, with P the projection on ``X >= 0`` and ``t = 1 / |B|``;
            zero exactly at a solution.
    """

    covariance: Array
    residual: float


def pairs(k: int) -> list[tuple[int, int]]:
    """The entries ``i <= j`` of a symmetric matrix in the order of its vector."""
    return [(i, j) for i in range(k) for j in range(i, k)]


def to_vector(matrix: Array) -> Array:
    """A symmetric matrix as a vector with the same scalar product."""
    k = len(matrix)
    return np.array([matrix[i, j] * (1.0 if i == j else np.sqrt(2.0)) for i, j in pairs(k)])


def to_matrix(vector: Array, k: int) -> Array:
    """The symmetric matrix of such a vector."""
    matrix = np.zeros((k, k))
    for entry, (i, j) in zip(vector, pairs(k), strict=True):
        matrix[i, j] = matrix[j, i] = entry if i == j else entry / np.sqrt(2.0)
    return matrix


def solve_complementarity(drive: Array, response: Array, tolerance: float = TOLERANCE) -> Solution:
    """Solve the problem: in closed form for one eigenvalue, by semismooth Newton steps for several.

    Args:
        drive: A, symmetric, shape ``(k, k)``.
        response: B as a symmetric positive semidefinite matrix on vectors, shape ``(m, m)`` with ``m = k (k + 1) / 2``.
        tolerance: where the iteration ends; see the module.

    Returns:
        The covariance with its residual; a large residual where there is no solution (B vanishes along a positive A).
    """
    k = len(drive)
    if k == 0:
        return Solution(np.zeros((0, 0)), 0.0)
    size = float(np.linalg.norm(response, 2))
    if size == 0.0:
        top = float(np.linalg.eigvalsh(drive)[-1])
        return Solution(np.zeros((k, k)), 0.0 if top <= 0 else 1.0)
    if k == 1:
        return Solution(np.maximum(drive / response, 0.0), 0.0)
    target, step = to_vector(drive), 1.0 / size
    scale = step * float(np.linalg.norm(target)) or 1.0

    def off(x: Array) -> tuple[Array, Array, Array]:
        """The natural residual, with the eigenvectors and values of what is projected."""
        values, vectors = np.linalg.eigh(to_matrix(x - step * (response @ x - target), k))
        projected = (vectors * np.maximum(values, 0.0)) @ vectors.T
        return x - to_vector(projected), values, vectors

    x = to_vector(_positive(to_matrix(step * target, k)))
    error, values, vectors = off(x)
    for _ in range(ROUNDS):
        worst = float(np.linalg.norm(error))
        if worst <= tolerance * (scale + float(np.linalg.norm(x))):
            break
        slope = _projection_slope(values, vectors)
        jacobian = np.eye(len(x)) - slope @ (np.eye(len(x)) - step * response)
        move = np.linalg.lstsq(jacobian, error, rcond=1e-13)[0]
        for halving in range(12):
            trial = x - 0.5**halving * move
            found = off(trial)
            if np.linalg.norm(found[0]) < (1 - 0.1 * 0.5**halving) * worst:
                break
        else:
            x = _projected_gradient(x, target, response, step, k, tolerance * scale)
            break
        x, (error, values, vectors) = trial, found
    covariance = _positive(to_matrix(x, k))
    return Solution(covariance, _residual(covariance, drive, response))


def _positive(matrix: Array) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)


def _residual(covariance: Array, drive: Array, response: Array) -> float:
    """By how much the two conditions fail, over the size of the drive."""
    size, trace = float(np.linalg.norm(drive, 2)), float(np.trace(covariance))
    if not size:
        return 0.0
    slack = to_matrix(response @ to_vector(covariance) - to_vector(drive), len(drive))
    below = max(-float(np.linalg.eigvalsh(slack)[0]), 0.0)
    apart = abs(float(np.sum(covariance * slack))) / trace if trace else 0.0
    return max(below, apart) / size


def _projection_slope(values: Array, vectors: Array) -> Array:
    """Generalised derivative of the projection on positive semidefinite matrices, on vectors (Sun and Sun 2002)."""
    k = len(values)
    up, both = np.maximum(values, 0.0), np.abs(values)
    weights = (up[:, None] + up[None, :]) / np.maximum(both[:, None] + both[None, :], 1e-300)
    columns = []
    for index in range(k * (k + 1) // 2):
        unit = np.zeros(k * (k + 1) // 2)
        unit[index] = 1.0
        inner = vectors.T @ to_matrix(unit, k) @ vectors
        columns.append(to_vector(vectors @ (weights * inner) @ vectors.T))
    return np.stack(columns, 1)


def _projected_gradient(x: Array, target: Array, response: Array, step: float, k: int, enough: float) -> Array:
    """Accelerated projected gradient with restarts: slow, but it cannot fail."""
    ahead, momentum = x, 1.0
    for _ in range(FALLBACK):
        new = to_vector(_positive(to_matrix(ahead - step * (response @ ahead - target), k)))
        faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        if (ahead - new) @ (new - x) > 0:
            faster, momentum = 1.0, 1.0
        ahead = new + (momentum - 1) / faster * (new - x)
        if np.linalg.norm(new - x) <= 0.1 * enough:
            return new
        x, momentum = new, faster
    return x
