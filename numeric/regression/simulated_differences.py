"""Theorem 2 off the gradient flow: expected differences of the largest eigenvalue under gradient descent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..initialisation.laws import Array, InitialEnsemble, check_dense, draw_slices
from ..runs.limits import check_count, check_positive, check_seed
from .model import descent_step


@lru_cache(maxsize=16)
def _coefficients(which: int, order: int) -> dict[int, object]:
    """Coefficients of powers of eta in the first or second difference, as SymPy expressions."""
    import sympy as sp

    from ...symbolic.algebra.symbols import symbol
    from ...symbolic.wick.differences import expected_first_difference, expected_second_difference

    expr = expected_first_difference(order) if which == 1 else expected_second_difference(order)
    return {k: c for (k,), c in sp.Poly(expr, symbol("eta")).terms()}


def difference_coefficients(law: InitialEnsemble, which: int, order: int = 4) -> dict[int, float]:
    """The derived series in eta of an expected difference of the largest eigenvalue, as numbers.

    Args:
        law: the ensemble.
        which: 1 for ``E[lambda(1) - lambda(0)]``, 2 for ``E[lambda(2) - 2 lambda(1) + lambda(0)]``.
        order: highest power of eta.

    Returns:
        Power of eta to coefficient, with the moments of the Wishart law put in.
    """
    values = law.values()
    return {k: float(c.subs(values)) for k, c in _coefficients(which, order).items()}  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Differences:
    """Simulated differences at one step size, beside the derived series.

    Attributes:
        eta: step size.
        samples: pairs of runs, with Q and with -Q.
        simulated: means of the first and the second difference, divided by ``eta^2``.
        standard_errors: of these.
        flow: the leading coefficients (for the second difference: the second derivative of gradient flow).
        derived: the series to the order asked for, divided by ``eta^2``.
    """

    eta: float
    samples: int
    simulated: tuple[float, float]
    standard_errors: tuple[float, float]
    flow: tuple[float, float]
    derived: tuple[float, float]

    @property
    def z_scores(self) -> tuple[float, float]:
        """Standard errors between simulation and the derived series."""
        rows = zip(self.simulated, self.derived, self.standard_errors, strict=True)
        first, second = ((s - d) / e for s, d, e in rows)
        return first, second


def descend_twice(z: Array, j: Array, q: Array, eta: float) -> Array:
    """The largest NTK eigenvalue before, after one and after two steps of gradient descent, for a batch of models.

    Args:
        z: shape ``(batch, D)``.
        j: shape ``(batch, D, P)``.
        q: shape ``(batch, D, P, P)``.
        eta: step size.

    Returns:
        Shape ``(3, batch)``.
    """
    values = [np.linalg.eigvalsh(j @ j.swapaxes(1, 2))[:, -1]]
    for _ in range(2):
        gradient = np.einsum("bap,ba->bp", j, z)
        z, j = descent_step(z, j, gradient, np.einsum("bapq,bq->bap", q, gradient), eta)
        values.append(np.linalg.eigvalsh(j @ j.swapaxes(1, 2))[:, -1])
    return np.array(values)


def simulate_eigenvalue_differences(
    law: InitialEnsemble, *, eta: float, samples: int, seed: int, order: int = 4
) -> Differences:
    """Run two steps of gradient descent from random starts and compare with the derived series.

    Args:
        law: the ensemble; Q is dense, so this is for small sizes.
        eta: step size above 0; the series is asymptotic, good while ``eta lambda_max`` is well below 1.
        samples: at least 2; each is run with Q and with -Q, which cancels all terms odd in Q.
        seed: at least 0.
        order: of the series, 1..6; default 4.

    Returns:
        Simulated differences of the largest eigenvalue with their standard errors, and derived ones.

    Raises:
        DomainError: a step size that is not positive and finite, fewer than two samples, or too little memory.

    Source:
        Derived here (`edgestab.wick.expected_second_difference`).

    Example:
        >>> law = es.initialisation.InitialEnsemble(1, 2)
        >>> found = es.regression.simulate_eigenvalue_differences(law, eta=0.01, samples=2000, seed=1)
        >>> found.flow, all(abs(score) < 4 for score in found.z_scores)
        ((6.0, 24.0), True)
    """
    where = "simulate_eigenvalue_differences()"
    check_positive(where, "eta", eta)
    check_count(where, "samples", samples, minimum=2)
    check_dense(where, law.outputs, law.parameters)
    d, p = law.outputs, law.parameters
    rng = np.random.default_rng(check_seed("simulate_eigenvalue_differences()", seed))
    batch = max(1, min(20_000, 2_000_000 // (d * p * p)))
    rows = []
    for start in range(0, samples, batch):
        count = min(batch, samples - start)
        z = law.sigma_z * rng.standard_normal((count, d))
        j = law.sigma_J * rng.standard_normal((count, d, p))
        q = law.sigma_Q * draw_slices(rng, count * d, p, "symmetrised").reshape(count, d, p, p)
        before, one, two = (descend_twice(z, j, q, eta) + descend_twice(z, j, -q, eta)) / 2
        rows.append(np.array([one - before, two - 2 * one + before]))
    table = np.concatenate(rows, axis=1) / eta**2
    series = [difference_coefficients(law, which, order) for which in (1, 2)]
    means, errors = table.mean(axis=1), table.std(axis=1, ddof=1) / math.sqrt(samples)
    derived = [sum(c * eta ** (k - 2) for k, c in terms.items()) for terms in series]
    return Differences(
        eta,
        samples,
        (float(means[0]), float(means[1])),
        (float(errors[0]), float(errors[1])),
        (series[0][2], series[1][2]),
        (derived[0], derived[1]),
    )
