"""Theorem 2 by simulation: means over samples of the largest eigenvalue's motion, beside the exact values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...symbolic.algebra.errors import DomainError
from ..runs.chunk_store import ChunkStore
from ..runs.cluster import map_chunks
from ..runs.limits import check_count, check_seed
from .eigenvalue_motion import Motion, chunk_sizes, join, run_chunk
from .laws import InitialEnsemble

ESTIMATORS = ("sampled", "averaged", "integrated")


@dataclass(frozen=True)
class EnsembleResult:
    """Theorem 2 by simulation against the exact finite-size value, for the largest eigenvalue.

    Attributes:
        law: the ensemble.
        samples: how many.
        seed: of all streams.
        estimator: ``sampled``, ``averaged`` or ``integrated``.
        ratio: estimate of ``E[d2 lambda/dt2] / E[lambda]``.
        standard_error: of the ratio, by the delta method.
        exact: the closed form with the moments of the Wishart law.
        asymptotic: its leading term for large D and P.
        first_derivative: mean of ``d lambda/dt``; the exact value is 0.
        first_derivative_standard_error: of that mean.
        eigenvalue: mean of ``lambda``.

    Source:
        Agarwala, Pedregosa and Pennington 2022, Theorem 2.

    Example:
        >>> result = es.initialisation.simulate_ensemble(es.initialisation.InitialEnsemble(1, 3), samples=500, seed=0)
        >>> result.exact, result.asymptotic, abs(result.z_score) < 4
        (16.0, 6.0, True)
    """

    law: InitialEnsemble
    samples: int
    seed: int
    estimator: str
    ratio: float
    standard_error: float
    exact: float
    asymptotic: float
    first_derivative: float
    first_derivative_standard_error: float
    eigenvalue: float

    @property
    def z_score(self) -> float:
        """How many standard errors the simulated ratio lies from the exact one."""
        return (self.ratio - self.exact) / self.standard_error

    @property
    def first_z_score(self) -> float:
        """How many standard errors the mean first derivative lies from 0."""
        return self.first_derivative / self.first_derivative_standard_error

    def to_json(self) -> dict[str, float | int]:
        """The record that ``edgestab ensemble --json`` writes."""
        law = self.law
        return {
            "outputs": law.outputs,
            "parameters": law.parameters,
            "samples": self.samples,
            "seed": self.seed,
            "sigma_z": law.sigma_z,
            "sigma_j": law.sigma_J,
            "sigma_q": law.sigma_Q,
            "ratio": self.ratio,
            "standard_error": self.standard_error,
            "exact": self.exact,
            "asymptotic": self.asymptotic,
            "first_derivative": self.first_derivative,
            "first_derivative_standard_error": self.first_derivative_standard_error,
        }


def summarise(law: InitialEnsemble, motion: Motion, seed: int, estimator: str) -> EnsembleResult:
    """Means, their errors, and the exact values beside them.

    The error of the ratio of means is that of the mean of ``acceleration - ratio * eigenvalue``. The sampled and the
    averaged acceleration have a tail like ``t^-2``: infinite variance, but in the domain of attraction of the normal
    law, so the self-normalised score is still asymptotically normal (Gine, Goetze and Mason 1997), slowly. The
    integrated one has a finite variance.

    Args:
        law: the ensemble.
        motion: all samples.
        seed: for the record.
        estimator: for the record.

    Returns:
        The result.
    """
    count, mean = len(motion.eigenvalue), float(np.mean(motion.eigenvalue))
    ratio = float(np.mean(motion.acceleration)) / mean
    residual = motion.acceleration - ratio * motion.eigenvalue
    root = math.sqrt(count)
    return EnsembleResult(
        law=law,
        samples=count,
        seed=seed,
        estimator=estimator,
        ratio=ratio,
        standard_error=float(np.std(residual, ddof=1)) / root / mean,
        exact=law.exact_ratio(),
        asymptotic=law.asymptotic_ratio(),
        first_derivative=float(np.mean(motion.velocity)),
        first_derivative_standard_error=float(np.std(motion.velocity, ddof=1)) / root,
        eigenvalue=mean,
    )


def choose_estimator(law: InitialEnsemble, estimator: str | None) -> str:
    """The estimator asked for, or the best one for the size.

    Args:
        law: the ensemble.
        estimator: a name, or None.

    Returns:
        ``integrated`` by default; ``sampled`` for a single non-zero eigenvalue, where integrating leaves no noise.

    Raises:
        DomainError: there is no such estimator, or it needs two eigenvalues.
    """
    if estimator is None:
        return "integrated" if law.rank > 1 else "sampled"
    if estimator not in ESTIMATORS:
        raise DomainError.of("ensemble", f"an estimator among {', '.join(ESTIMATORS)}", estimator, "Pick one of these.")
    if law.rank == 1 and estimator != "sampled":
        raise DomainError.of(
            "ensemble", "two or more outputs and parameters", law.rank, "With one eigenvalue use `sampled`."
        )
    return estimator


def simulate_ensemble(
    law: InitialEnsemble,
    *,
    samples: int,
    seed: int,
    estimator: str | None = None,
    scheduler: str | None = None,
    workers: int | None = 1,
    folder: str | Path | None = None,
    force: bool = False,
    info: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> EnsembleResult:
    """Simulate Theorem 2 by exact-in-law samples in ``O(D + P)`` memory.

    Args:
        law: the ensemble.
        samples: at least 2.
        seed: at least 0; the result depends on it alone.
        estimator: ``sampled`` draws Q and z; ``averaged`` integrates them out; ``integrated`` (default) also integrates
            the largest eigenvalue given the others, which makes the variance finite.
        scheduler: address of a Dask scheduler such as ``tcp://10.0.0.5:8786``; default this machine.
        workers: processes on this machine (1 runs in this one, the default); None takes every core. No result depends
            on it.
        folder: keep finished chunks here, and go on from those that are there.
        force: discard what another run left in the folder.
        info: more data for the folder's ``run.json`` (argv, versions).
        progress: called with samples done and samples in all.

    Returns:
        The estimate with its standard error, beside the exact value.

    Raises:
        DomainError: fewer than two samples, a negative seed, or an unknown estimator.
        OutputError: the folder cannot be written, or holds another run.

    Source:
        Agarwala, Pedregosa and Pennington 2022, Theorem 2; Dumitriu and Edelman 2002, for the bidiagonal model of J.

    Example:
        >>> law = es.initialisation.InitialEnsemble(4, 6)
        >>> result = es.initialisation.simulate_ensemble(law, samples=200, seed=1)
        >>> abs(result.ratio - result.exact) < 4 * result.standard_error
        True
    """
    check_count("simulate_ensemble()", "samples", samples, minimum=2)
    check_count("simulate_ensemble()", "seed", seed, minimum=0)
    chosen = choose_estimator(law, estimator)
    sizes = chunk_sizes(law, samples)
    streams = np.random.SeedSequence(check_seed("simulate_ensemble()", seed)).spawn(len(sizes))
    work = [(law, chosen, count, stream) for count, stream in zip(sizes, streams, strict=True)]
    config = {**asdict(law), "estimator": chosen, "samples": samples, "seed": seed, "sizes": sizes}
    store = None if folder is None else ChunkStore(folder, config, len(sizes), info=info, force=force)
    parts: dict[int, Motion] = {}
    if store is not None:
        parts = {i: Motion(**known) for i in range(len(sizes)) if (known := store.load(i)) is not None}
    todo = [i for i in range(len(sizes)) if i not in parts]
    progress(sum(sizes[i] for i in parts), samples)
    left = [work[i] for i in todo]
    for place, part in map_chunks(_run_packed, left, workers=workers, scheduler=scheduler, backend="processes"):
        parts[todo[place]] = part
        if store is not None:
            store.save(todo[place], asdict(part))
        progress(sum(sizes[i] for i in parts), samples)
    if store is not None:
        store.write_run(finished=True)
    return summarise(law, join([parts[k] for k in range(len(sizes))]), seed, chosen)


def _run_packed(chunk: tuple[InitialEnsemble, str, int, np.random.SeedSequence]) -> Motion:
    return run_chunk(*chunk)
