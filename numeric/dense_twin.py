"""The naive twin: full tensors Q and dense linear algebra, to judge the fast sampler and the closed form."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

from ..symbolic.errors import DomainError
from .ensemble import Array, Ensemble, EnsembleResult, Motion, summarise


def available_memory() -> int:
    """Bytes of memory that can be had without swapping."""
    try:
        with open("/proc/meminfo", encoding="ascii") as table:
            for line in table:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def dense_bytes(outputs: int, parameters: int) -> int:
    """Bytes that one dense sample needs: Q itself, a slice to symmetrise it with, and the small matrices."""
    return 8 * (outputs * parameters**2 + 3 * parameters**2 + 8 * outputs * (outputs + parameters))


def check_memory(outputs: int, parameters: int, where: str, limit: int | None = None) -> None:
    """Refuse a dense sample that would not fit, before anything is allocated.

    Args:
        outputs: D.
        parameters: P.
        where: for the message.
        limit: bytes; default nine tenths of what is available.

    Raises:
        DomainError: it needs more.
    """
    need, have = dense_bytes(outputs, parameters), limit or int(0.9 * available_memory())
    if need > have:
        raise DomainError.of(
            where,
            f"a dense Q within {have / 2**30:.1f} GiB of memory",
            f"{need / 2**30:.1f} GiB for D = {outputs}, P = {parameters}",
            "Use simulate_ensemble(), which needs O(D + P).",
        )


def symmetric_slices(rng: np.random.Generator, outputs: int, parameters: int, law: str = "goe") -> Array:
    """Independent symmetric Gaussian slices of unit off-diagonal variance.

    Args:
        rng: source of randomness.
        outputs: D.
        parameters: P.
        law: ``goe`` (diagonal variance 2) or ``iid`` (diagonal variance 1).

    Returns:
        Q, shape ``(D, P, P)``.
    """
    q = rng.standard_normal((outputs, parameters, parameters))
    for piece in q:
        piece += piece.T.copy()
        piece /= np.sqrt(2)
    if law == "iid":
        k = np.arange(parameters)
        q[:, k, k] /= np.sqrt(2)
    return q


def motion_of(z: Array, j: Array, q: Array, which: int = -1) -> tuple[float, float, float]:
    """An NTK eigenvalue with its first two derivatives along gradient flow, by second-order perturbation theory.

    Args:
        z: shape ``(D,)``.
        j: shape ``(D, P)``.
        q: shape ``(D, P, P)``, symmetric in its last two indices.
        which: index of the eigenvalue, ascending.

    Returns:
        ``lambda``, ``d lambda/dt``, ``d2 lambda/dt2``.
    """
    values, vectors = np.linalg.eigh(j @ j.T)
    g = j.T @ z
    j1 = -(q @ g)
    g1 = j1.T @ z - j.T @ (j @ g)
    j2 = -(q @ g1)
    k1 = j1 @ j.T + j @ j1.T
    k2 = j2 @ j.T + j @ j2.T + 2 * j1 @ j1.T
    w = vectors[:, which]
    pushed = vectors.T @ (k1 @ w)
    gaps = values[which] - values
    others = np.arange(len(values)) != which % len(values)
    second = w @ k2 @ w + 2 * np.sum(pushed[others] ** 2 / gaps[others])
    return float(values[which]), float(w @ k1 @ w), float(second)


def dense_ensemble(
    law: Ensemble,
    *,
    samples: int,
    seed: int,
    slices: str = "goe",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> EnsembleResult:
    """Theorem 2 by dense simulation.

    Args:
        law: the ensemble.
        samples: at least 2.
        seed: of the one stream.
        slices: law of the slices of Q, ``goe`` or ``iid``; the exact value of the result is that of ``goe``.
        progress: called with samples done and samples in all.

    Returns:
        The estimate.
    """
    check_memory(law.outputs, law.parameters, "dense_ensemble()")
    rng = np.random.default_rng(seed)
    rows = np.empty((samples, 3))
    for number in range(samples):
        q = law.sigma_q * symmetric_slices(rng, law.outputs, law.parameters, slices)
        j = law.sigma_j * rng.standard_normal((law.outputs, law.parameters))
        rows[number] = motion_of(law.sigma_z * rng.standard_normal(law.outputs), j, q)
        progress(number + 1, samples)
    return summarise(law, Motion(rows[:, 0], rows[:, 1], rows[:, 2]), seed, "dense")
