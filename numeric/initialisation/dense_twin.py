"""The naive twin: full tensors Q and dense linear algebra, to judge the fast sampler and the closed form."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

from ...symbolic.algebra.errors import DomainError
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


def draw(rng: np.random.Generator, entries: str, size: tuple[int, ...]) -> Array:
    """Independent centred entries of unit variance, ``gaussian`` or ``rademacher`` (plus or minus 1)."""
    if entries == "rademacher":
        return np.where(rng.integers(0, 2, size=size) > 0, 1.0, -1.0)
    return rng.standard_normal(size)


def symmetric_slices(
    rng: np.random.Generator, outputs: int, parameters: int, law: str = "goe", entries: str = "gaussian"
) -> Array:
    """Independent symmetric slices ``(A + A') / sqrt 2`` of unit off-diagonal variance.

    Args:
        rng: source of randomness.
        outputs: D.
        parameters: P.
        law: ``goe`` (diagonal variance 2) or ``iid`` (diagonal variance 1).
        entries: of A, ``gaussian`` or ``rademacher``.

    Returns:
        Q, shape ``(D, P, P)``.
    """
    q = draw(rng, entries, (outputs, parameters, parameters))
    for start in range(0, outputs, step := max(1, 100_000 // parameters**2)):
        piece = q[start : start + step]
        piece += piece.swapaxes(1, 2).copy()
        piece /= np.sqrt(2)
    if law == "iid":
        k = np.arange(parameters)
        q[:, k, k] /= np.sqrt(2)
    return q


def motion_of(z: Array, j: Array, q: Array) -> tuple[Array, Array, Array]:
    """All non-zero NTK eigenvalues with their first two derivatives along gradient flow, by perturbation theory.

    Args:
        z: shape ``(batch, D)``.
        j: shape ``(batch, D, P)``.
        q: shape ``(batch, D, P, P)``, symmetric in its last two indices.

    Returns:
        ``lambda``, ``d lambda/dt``, ``d2 lambda/dt2``, each of shape ``(batch, min(D, P))``, the largest first.
    """
    jt = j.swapaxes(1, 2)
    values, vectors = np.linalg.eigh(j @ jt)
    values, vectors = values[:, ::-1], vectors[:, :, ::-1]
    g = np.einsum("bap,ba->bp", j, z)
    j1 = -np.einsum("bapq,bq->bap", q, g)
    g1 = np.einsum("bap,ba->bp", j1, z) - np.einsum("bap,baq,bq->bp", j, j, g, optimize=True)
    j2 = -np.einsum("bapq,bq->bap", q, g1)
    half1, half2 = j1 @ jt, j2 @ jt
    k1 = half1 + half1.swapaxes(1, 2)
    k2 = half2 + half2.swapaxes(1, 2) + 2 * j1 @ j1.swapaxes(1, 2)
    left = vectors.swapaxes(1, 2)
    moved1, moved2 = left @ k1 @ vectors, left @ k2 @ vectors
    n = min(j.shape[1:])
    gaps = values[:, None, :n] - values[:, :, None]
    k = np.arange(n)
    gaps[:, k, k] = np.inf
    first = np.diagonal(moved1, axis1=1, axis2=2)[:, :n]
    second = np.diagonal(moved2, axis1=1, axis2=2)[:, :n] + 2 * np.sum(moved1[:, :, :n] ** 2 / gaps, axis=1)
    return values[:, :n], first, second


def dense_motion(
    law: Ensemble,
    *,
    samples: int,
    seed: int,
    slices: str = "goe",
    entries: str = "gaussian",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Motion]:
    """Dense samples of the motion of every non-zero eigenvalue.

    Args:
        law: the ensemble.
        samples: at least 2.
        seed: of the one stream.
        slices: law of the slices of Q, ``goe`` or ``iid``.
        entries: law of z and of the entries that Q is made from, ``gaussian`` or ``rademacher``; J is Gaussian.
        progress: called with samples done and samples in all.

    Returns:
        One motion for each eigenvalue, the largest first.
    """
    d, p = law.outputs, law.parameters
    check_memory(d, p, "dense_motion()")
    rng = np.random.default_rng(seed)
    batch = max(1, min(5000, 500_000 // (d * p * p)))
    parts: list[tuple[Array, Array, Array]] = []
    for start in range(0, samples, batch):
        count = min(batch, samples - start)
        q = symmetric_slices(rng, count * d, p, slices, entries).reshape(count, d, p, p)
        q *= law.sigma_q
        j = law.sigma_j * rng.standard_normal((count, d, p))
        parts.append(motion_of(law.sigma_z * draw(rng, entries, (count, d)), j, q))
        progress(start + count, samples)
    columns = [np.concatenate(rows) for rows in zip(*parts, strict=True)]
    return [Motion(*(c[:, k] for c in columns)) for k in range(law.rank)]


def dense_ensemble(
    law: Ensemble,
    *,
    samples: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> EnsembleResult:
    """Theorem 2 by dense simulation, for the largest eigenvalue and GOE-like slices.

    Args:
        law: the ensemble.
        samples: at least 2.
        seed: of the one stream.
        progress: called with samples done and samples in all.

    Returns:
        The estimate.
    """
    motion = dense_motion(law, samples=samples, seed=seed, progress=progress)[0]
    return summarise(law, motion, seed, "dense")
