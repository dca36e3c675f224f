"""Exact-in-law samples of the largest NTK eigenvalue and its motion at initialisation, in ``O(D + P)`` memory.

Only ``A = Q(g, .)`` with ``g = J' z`` enters the first two derivatives of the largest eigenvalue, and one more
contraction of Q with its own top slice. Given g both are Gaussian with known covariance; J is replaced by its
bidiagonal chi matrix. So Q, of ``D P^2`` entries, is never formed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .bidiagonal import Array, Frame, frame, sample_bidiagonal
from .laws import InitialEnsemble

#: Nodes of the integral over the largest eigenvalue given the others.
NODES = 48
#: Entries of a batch of bidiagonal matrices; fixes the chunks, so that results do not depend on workers.
BATCH_ENTRIES = 100_000


@dataclass(frozen=True)
class Motion:
    """Samples of the largest eigenvalue and its derivatives along the gradient flow, each of shape ``(count,)``.

    Attributes:
        eigenvalue: ``lambda`` (or its mean given the others, for the integrated estimator).
        velocity: ``d lambda/dt``, with Q and z sampled.
        acceleration: ``d2 lambda/dt2``, as the estimator has it.
    """

    eigenvalue: Array
    velocity: Array
    acceleration: Array


def _unit(x: Array) -> tuple[Array, Array]:
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.where(length > 0, length, 1.0), length


def _dot(x: Array, y: Array) -> Array:
    product: Array = np.einsum("bi,bi->b", x, y)[:, None]
    return product


def _padded(x: Array, width: int) -> Array:
    return np.pad(x, ((0, 0), (0, width - x.shape[1])))


def sampled_motion(law: InitialEnsemble, f: Frame, rng: np.random.Generator) -> Motion:
    """Draw z and what is needed of Q, exactly in law, and form both derivatives.

    Args:
        law: the ensemble.
        f: a batch of J in a frame.
        rng: source of randomness.

    Returns:
        One sample for each matrix, in units where all standard deviations are 1 (but for their quotient in the part of
        the acceleration that is linear in Q).
    """
    n, d, p, batch = f.size, law.outputs, law.parameters, len(f.largest)
    z = rng.standard_normal((batch, d))
    w, v = _padded(f.left, d), _padded(f.right, p)
    g, length = _unit(_padded(f.apply_transposed(z[:, :n]), p))
    # v = along * g + across * h, and z = (z . w) w + the direction y
    along = _dot(v, g)
    h, across = _unit(v - along * g)
    y, rest = _unit(z - _dot(z, w) * w)
    # the noise N behind A = |g| N (1 + (sqrt 2 - 1) g g'): two of its columns, two of its rows, made consistent
    column_g, column_h = rng.standard_normal((batch, d)), rng.standard_normal((batch, d))

    def row(direction: Array) -> Array:
        fresh = rng.standard_normal((batch, p))
        for column, axis in ((column_g, g), (column_h, h)):
            fresh += (_dot(direction, column) - _dot(fresh, axis)) * axis
        return fresh

    def stretched(x: Array) -> Array:
        return length * (x + (math.sqrt(2) - 1) * _dot(x, g) * g)

    row_w, row_y = row(w), row(y)
    a_v = length * (math.sqrt(2) * along * column_g + across * column_h)
    a_w, a_y = stretched(row_w), stretched(row_y)
    a_z = _dot(z, w) * a_w + rest * a_y
    root = np.sqrt(f.largest)[:, None]
    column = -(root * a_v + _padded(f.apply(a_w[:, :n]), d))  # (dK/dt) w
    velocity = _dot(w, column)
    # w . J'' J' w = root * v . Q_w (A' z + J' J g), with Q_w g = A' w known and the rest of Q_w fresh
    quotient = law.sigma_J**2 / (law.sigma_Q * law.sigma_z)  # the part linear in Q scales differently from the rest
    q = quotient * _padded(f.apply_transposed(f.apply((length * g)[:, :n])), p) + a_z
    q_along = _dot(q, g)
    q_rest = q - q_along * g
    q_across = _dot(q_rest, h)
    spread = np.sqrt(_dot(q_rest, q_rest) + q_across**2)
    known = along * _dot(a_w, q) + across * q_along * _dot(a_w, h)
    curved = known / length + across * spread * rng.standard_normal((batch, 1))
    perturbed = f.resolvent(column[:, :n])[:, None] + _dot(column[:, n:], column[:, n:]) / root**2
    acceleration = 2 * _dot(a_w, a_w) + 2 * root * curved + 2 * perturbed
    return Motion(f.largest, velocity[:, 0], acceleration[:, 0])


def conditional_acceleration(law: InitialEnsemble, largest: Array, total: Array, sums: Array) -> Array:
    """``E[d2 lambda/dt2 | J]`` for unit variances, by second-order perturbation theory with Q and z integrated out.

    Args:
        law: the ensemble.
        largest: ``lambda_1``.
        total: ``tr K``.
        sums: ``sum over j >= 2, j <= D of 1 / (lambda_1 - lambda_j)``.

    Returns:
        The conditional mean, broadcast.
    """
    return conditional_form()(law.outputs, law.parameters, largest, total, sums)


@lru_cache(maxsize=1)
def conditional_form() -> Callable[..., Array]:
    """The contracted conditional mean as a NumPy function of D, P, ``lambda_k``, ``tr K`` and ``R_k``."""
    import sympy as sp

    from ...symbolic.algebra.symbols import symbols
    from ...symbolic.wick.acceleration import Acceleration
    from ...symbolic.wick.tensors import RING

    sigma_Q, sigma_z = symbols("sigma_Q sigma_z")
    expr = RING.to_expr(Acceleration().conditional).subs({sigma_Q: 1, sigma_z: 1})
    return sp.lambdify(symbols("D P lambda_k p_1 R_k"), expr, "numpy")


def sampled_velocity(law: InitialEnsemble, f: Frame, rng: np.random.Generator) -> Array:
    """Draw ``d lambda/dt = -2 sqrt(lambda) Q(w; v, g)``: given g it is Gaussian with known variance.

    Args:
        law: the ensemble.
        f: a batch of J in a frame.
        rng: source of randomness.

    Returns:
        One sample for each J, shape ``(batch,)``, for unit variances.
    """
    g = f.apply_transposed(rng.standard_normal(f.left.shape))
    spread = np.sqrt(np.sum(g * g, axis=1) + np.sum(g * f.right, axis=1) ** 2)
    velocity: Array = -2 * np.sqrt(f.largest) * spread * rng.standard_normal(len(spread))
    return velocity


def averaged_motion(law: InitialEnsemble, f: Frame) -> tuple[Array, Array]:
    """Eigenvalue and conditional acceleration with Q and z integrated out (infinite variance, logarithmically)."""
    top = f.largest[:, None]
    total = np.sum(f.b.diagonal**2, axis=1) + np.sum(f.b.below**2, axis=1)
    # the mean over two points about the eigenvalue, whose own factor is divided out there
    shift = 1e-5 * top * f.size ** (-2 / 3) * np.array([[-1.0, 1.0]])
    sums = f.log_minor(top + shift)[1].mean(axis=1) + (law.outputs - law.rank) / f.largest
    return f.largest, conditional_acceleration(law, f.largest, total, sums)


def integrated_motion(law: InitialEnsemble, f: Frame) -> tuple[Array, Array]:
    """Means of eigenvalue and conditional acceleration given all other eigenvalues: finite variance.

    Given ``lambda_2 > .. > lambda_n`` the largest has the density ``x^((m-n-1)/2) exp(-x/2) prod_j (x - lambda_j)``
    above ``lambda_2``. The product cancels the pole of the conditional acceleration at ``lambda_2``, so the integral
    over x is smooth; it is done by Gauss-Legendre quadrature in ``sqrt(x - lambda_2)``.

    Args:
        law: the ensemble; at least two non-zero eigenvalues.
        f: a batch of J in a frame.

    Returns:
        Both means, shape ``(batch,)``; quadrature error below 1e-6 relative.
    """
    n, m = law.rank, max(law.outputs, law.parameters)
    total = np.sum(f.b.diagonal**2, axis=1, keepdims=True) + np.sum(f.b.below**2, axis=1, keepdims=True)
    t, weights = np.polynomial.legendre.leggauss(NODES)
    s = (t + 1) / 2
    root_n, root_m = math.sqrt(n), math.sqrt(m)
    # from lambda_2 up to far beyond the edge, in units of the width of the edge law
    reach = 22 * (root_n + root_m) * (1 / root_n + 1 / root_m) ** (1 / 3) + 60
    x = f.second[:, None] + reach * s**2
    logs, sums = f.log_minor(x)
    density = (m - n - 1) / 2 * np.log(x) - x / 2 + logs
    w = np.exp(density - density.max(axis=1, keepdims=True)) * weights * s
    w /= w.sum(axis=1, keepdims=True)
    sums += (law.outputs - n) / x
    means = conditional_acceleration(law, x, total - f.largest[:, None] + x, sums)
    return np.sum(w * x, axis=1), np.sum(w * means, axis=1)


def chunk_sizes(law: InitialEnsemble, samples: int) -> list[int]:
    """How samples are split into chunks, each with its own stream of random numbers."""
    size = max(1, min(2048, BATCH_ENTRIES // law.rank))
    return [min(size, samples - start) for start in range(0, samples, size)]


def run_chunk(law: InitialEnsemble, estimator: str, count: int, stream: np.random.SeedSequence) -> Motion:
    """One chunk of samples; the unit of parallel work.

    Args:
        law: the ensemble.
        estimator: ``sampled``, ``averaged`` or ``integrated``.
        count: samples.
        stream: of random numbers.

    Returns:
        The samples in the ensemble's own units.
    """
    rng = np.random.default_rng(stream)
    b = sample_bidiagonal(rng, law.rank, max(law.outputs, law.parameters), count)
    f = frame(b)
    if estimator == "sampled":
        drawn = sampled_motion(law, f, rng)
    else:
        value, second = (averaged_motion if estimator == "averaged" else integrated_motion)(law, f)
        drawn = Motion(value, sampled_velocity(law, f, rng), second)
    # lambda scales with sigma_J^2, and each power of d/dt with sigma_Q sigma_z sigma_J / sigma_J
    unit, speed = law.sigma_J**2, law.sigma_Q * law.sigma_z
    return Motion(unit * drawn.eigenvalue, unit * speed * drawn.velocity, unit * speed**2 * drawn.acceleration)


def join(parts: Sequence[Motion]) -> Motion:
    """Chunks of samples as one."""
    fields = ("eigenvalue", "velocity", "acceleration")
    return Motion(*(np.concatenate([getattr(part, f) for part in parts]) for f in fields))
