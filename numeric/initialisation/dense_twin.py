"""The naive twin of the sampler: full tensors Q and dense linear algebra.

It is kept apart on purpose. Claims judge the fast sampler and the closed form by it, so it shares with them neither the
frames, nor the reduction of Q to what is needed, nor a line of perturbation theory; only the law of the entries.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..runs.limits import check_seed
from .eigenvalue_motion import Motion
from .laws import Array, CurvatureLaw, Entries, InitialEnsemble, check_dense, draw_entries, draw_slices
from .simulation import EnsembleResult, summarise


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
    law: InitialEnsemble,
    *,
    samples: int,
    seed: int,
    curvature: CurvatureLaw = "symmetrised",
    entries: Entries = "gaussian",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Motion]:
    """Dense samples of the motion of every non-zero eigenvalue.

    Args:
        law: the ensemble.
        samples: at least 2.
        seed: of the one stream.
        curvature: law of the slices of Q; ``symmetrised`` is GOE-like for Gaussian entries.
        entries: law of z and of the entries that Q is made from; J is Gaussian.
        progress: called with samples done and samples in all.

    Returns:
        One motion for each eigenvalue, the largest first.
    """
    d, p = law.outputs, law.parameters
    check_dense("dense_motion()", d, p)
    rng = np.random.default_rng(check_seed("dense_motion()", seed))
    batch = max(1, min(5000, 500_000 // (d * p * p)))
    parts: list[tuple[Array, Array, Array]] = []
    for start in range(0, samples, batch):
        count = min(batch, samples - start)
        q = draw_slices(rng, count * d, p, curvature, entries).reshape(count, d, p, p)
        q *= law.sigma_Q
        j = law.sigma_J * rng.standard_normal((count, d, p))
        parts.append(motion_of(law.sigma_z * draw_entries(rng, entries, (count, d)), j, q))
        progress(start + count, samples)
    columns = [np.concatenate(rows) for rows in zip(*parts, strict=True)]
    return [Motion(*(c[:, k] for c in columns)) for k in range(law.rank)]


def dense_ensemble(
    law: InitialEnsemble,
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
