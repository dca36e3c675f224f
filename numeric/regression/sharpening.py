"""How the top NTK eigenvalue rises under gradient flow, averaged over an ensemble, against three predictions.

With ``lambda(t)`` the mean over samples and ``lambda = lambda(0)``:

* short time: ``lambda (1 + c t^2 / 2)``, c the ratio of Theorem 2;
* fixed kernel: the residual decays under the kernel of the start, which replaces ``t^2`` by
  ``sum_k (1 - exp(-lambda_k t))^2 / lambda_k`` over its trace: leading order in ``sigma_z`` and in size, at every time;
* displacement: ``lambda (1 + (sigma_Q / sigma_J)^2 |theta(t) - theta(0)|^2)``, as if ``J(t) - J(0) = Q(theta(t) -
  theta(0), .)`` were Gaussian noise independent of J, which keeps the law of J up to its scale.

Terms odd in the residual average to zero; each sample is run with ``z`` and ``-z``, which removes them exactly.  The
mean of ``lambda''(0)``, where it is known exactly, is a control variate: near-degenerate starts have huge second
derivatives, and without it they are most of the noise.

The derivatives at one start are exact: with ``K = J J'``, ``K u_k = lambda_k u_k`` and ``dJ/dt = -Q(J'z, .)``::

    lambda_k'  = u_k' K' u_k
    lambda_k'' = u_k' K'' u_k + 2 sum_{j != k} (u_j' K' u_k)^2 / (lambda_k - lambda_j)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..runs.limits import check_count, refuse
from .ensemble import RegressionEnsemble
from .flow import integrate_regression_flow
from .model import RegressionState

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class EigenvalueRates:
    """An NTK eigenvalue with its time derivatives along the gradient flow.

    Attributes:
        value: eigenvalue.
        first: first time derivative.
        second: second time derivative.
        gap: distance to the nearest other eigenvalue; the derivatives lose about ``1e-16 lambda / gap``.

    Source:
        Second-order perturbation theory.

    Example:
        >>> start = es.regression.RegressionEnsemble.normalised(6, 12).sample(seed=0)
        >>> rates = es.regression.eigenvalue_rates(start)
        >>> rates.value > rates.gap > 0
        True
    """

    value: float
    first: float
    second: float
    gap: float


def eigenvalue_rates(state: RegressionState, index: int = 0) -> EigenvalueRates:
    """An NTK eigenvalue and its first two time derivatives at one state.

    Args:
        state: state with float64 arrays.
        index: which eigenvalue, 0 for the largest.

    Returns:
        The value and its derivatives, to rounding over the relative gap.

    Raises:
        DomainError: there is no such eigenvalue, or if it is not simple.

    Source:
        Second-order perturbation theory.

    Example:
        >>> start = es.regression.RegressionEnsemble.normalised(6, 12).sample(seed=0)
        >>> plus, minus = (es.regression.eigenvalue_rates(start.scaled_residual(s)) for s in (1.0, -1.0))
        >>> abs(plus.first + minus.first) < 1e-12  # odd in the residual
        True
    """
    check_count("eigenvalue_rates()", "index", index, minimum=0)
    if index >= state.outputs:
        refuse("eigenvalue_rates()", f"an index below D = {state.outputs}", str(index), "Count from 0.")
    values, vectors = np.linalg.eigh(state.ntk())
    place = state.outputs - 1 - index
    value, vector = float(values[place]), vectors[:, place]
    others = np.delete(np.arange(state.outputs), place)
    distance = value - values[others]
    gap = float(np.abs(distance).min()) if len(others) else np.inf
    if gap <= 1e-13 * abs(values[-1]):
        refuse(
            "eigenvalue_rates()",
            "a simple eigenvalue",
            f"a gap of {gap:.1e}",
            "A multiple eigenvalue has no derivative; perturb the state.",
        )
    gradient = state.gradient()
    velocity = -state.contract(gradient)  # dJ/dt, and the gradient's own derivative moves it
    acceleration = -state.contract(velocity.T @ state.z - state.J.T @ (state.J @ gradient))
    direction, changed = state.J.T @ vector, velocity.T @ vector
    column = velocity @ direction + state.J @ changed  # (dK/dt) u
    first = float(vector @ column)
    second = 2 * float(vector @ (acceleration @ direction)) + 2 * float(changed @ changed)
    if len(others):
        second += 2 * float(np.sum((vectors[:, others].T @ column) ** 2 / distance))
    return EigenvalueRates(value, first, second, gap)


@dataclass(frozen=True, eq=False)
class SharpeningCurve:
    """The mean relative rise ``lambda(t) / lambda(0) - 1`` and what predicts it.

    Attributes:
        ensemble: law of the start.
        samples: number of antithetic pairs.
        times: times, shape ``(T,)``.
        start: mean of ``lambda(0)``.
        rise: mean of ``lambda(t)`` over mean of ``lambda(0)``, less one, shape ``(T,)``.
        rise_error: standard error of ``rise``.
        second: mean over pairs of ``lambda''(0)`` over ``start``.
        second_error: its standard error (its law has heavy tails; read it with care).
        exact_second: its exact value at this size; None for laws where it is not known.
        short_time: ``c t^2 / 2``, c exact where known and ``second`` elsewhere.
        fixed_kernel: the fixed-kernel prediction.
        displacement: the displacement prediction.
        displacement_gap: mean over samples of ``rise - displacement``, paired.
        displacement_gap_error: its standard error.
        energy_error: worst integration error of any flow.

    Source:
        Derived here.

    Example:
        >>> law = es.regression.RegressionEnsemble.normalised(6, 12)
        >>> curve = es.regression.measure_sharpening(law, samples=2, seed=0, times=[0.1, 1.0])
        >>> bool((curve.rise > 0).all())
        True
    """

    ensemble: RegressionEnsemble
    samples: int
    times: Array
    start: float
    rise: Array
    rise_error: Array
    second: float
    second_error: float
    exact_second: float | None
    short_time: Array
    fixed_kernel: Array
    displacement: Array
    displacement_gap: Array
    displacement_gap_error: Array
    energy_error: float

    @property
    def large_size_second(self) -> float:
        """The large-size value ``2 D P sigma_Q^2 sigma_z^2`` of ``second``."""
        law = self.ensemble
        return 2 * law.outputs * law.parameters * law.sigma_Q**2 * law.sigma_z**2

    def range_of(self, prediction: Array, tolerance: float = 0.1) -> float:
        """The last time up to which a prediction is within a relative tolerance of the measured rise.

        Args:
            prediction: one of the three predictions.
            tolerance: relative tolerance.

        Returns:
            A time, interpolated between records; 0 if it fails at the first record.
        """
        error = np.abs(prediction / self.rise - 1)
        beyond = np.flatnonzero(error > tolerance)
        if not len(beyond):
            return float(self.times[-1])
        first = int(beyond[0])
        if first == 0:
            return 0.0
        share = (tolerance - error[first - 1]) / (error[first] - error[first - 1])
        return float(self.times[first - 1] + share * (self.times[first] - self.times[first - 1]))


def measure_sharpening(
    ensemble: RegressionEnsemble,
    samples: int,
    seed: int,
    times: Sequence[float] | Array | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> SharpeningCurve:
    """Run the gradient flow from many starts, each with both signs of the residual.

    Args:
        ensemble: law of the start.
        samples: number of antithetic pairs, at least 2.
        seed: seed.
        times: times; 60 by default, from ``0.02 / lambda`` to ``200 / lambda`` in geometric progression, lambda the
            large-size top eigenvalue.
        progress: called with ``(pairs done, pairs)``.

    Returns:
        The curve with its predictions and standard errors.

    Raises:
        DomainError: a count below 2, or times that do not increase.

    Source:
        Derived here.

    Example:
        >>> law = es.regression.RegressionEnsemble.normalised(6, 12)
        >>> curve = es.regression.measure_sharpening(law, samples=2, seed=0, times=[0.1, 1.0])
        >>> curve.samples, curve.rise.shape
        (2, (2,))
    """
    check_count("measure_sharpening()", "samples", samples, minimum=2)
    times = np.geomspace(0.02, 200, 60) / ensemble.edge if times is None else np.asarray(times, dtype=np.float64)
    paths, moves, kernels, traces, values, seconds, worst = [], [], [], [], [], [], 0.0
    for index in range(samples):
        state = ensemble.sample(seed, index)
        pair = [
            integrate_regression_flow(state.scaled_residual(sign), times=times, rtol=1e-8, atol=1e-11)
            for sign in (1.0, -1.0)
        ]
        paths.append((pair[0].ntk[:, 0] + pair[1].ntk[:, 0]) / 2)
        moves.append((pair[0].displacement ** 2 + pair[1].displacement ** 2) / 2)
        worst = max(worst, pair[0].energy_error, pair[1].energy_error)
        rates = [eigenvalue_rates(state.scaled_residual(sign)) for sign in (1.0, -1.0)]
        values.append(rates[0].value)
        seconds.append((rates[0].second + rates[1].second) / 2)
        spectrum = np.linalg.eigvalsh(state.ntk())
        traces.append(spectrum.sum())
        kernels.append(np.sum(_decayed(spectrum[:, None], times[None, :]), axis=0))
        if progress is not None:
            progress(index + 1, samples)
    tops, path, root = np.array(values), np.array(paths), np.sqrt(samples)
    start = float(tops.mean())
    rise = (path - tops[:, None]) / start
    moved = ensemble.relative_curvature * np.array(moves)
    gap = rise - moved
    seconds_of = np.array(seconds) / start
    second, known = float(seconds_of.mean()), exact_second(ensemble)
    controlled = rise if known is None else _controlled(rise, seconds_of, known)
    rate = second if known is None else known
    kernel = rate / 2 * np.mean(kernels, axis=0) / np.mean(traces)
    return SharpeningCurve(
        ensemble,
        samples,
        times,
        start,
        controlled.mean(axis=0),
        controlled.std(axis=0, ddof=1) / root,
        second,
        float(seconds_of.std(ddof=1) / root),
        known,
        rate * times**2 / 2,
        kernel,
        moved.mean(axis=0),
        gap.mean(axis=0),
        gap.std(axis=0, ddof=1) / root,
        worst,
    )


def exact_second(ensemble: RegressionEnsemble) -> float | None:
    """The exact ``E[lambda''(0)] / E[lambda(0)]``, or None where no closed form is known.

    Args:
        ensemble: law of the start.

    Returns:
        The ratio of Theorem 2 at this size: for Gaussian entries, GOE-like Q, and z independent of J.
    """
    return ensemble.exact_ratio() if ensemble.in_theorem_2 else None


def _controlled(rise: Array, second: Array, known: float) -> Array:
    """The rise of each sample less what its own ``lambda''(0)`` explains, with the same mean."""
    excess = second - second.mean()
    slope = excess @ (rise - rise.mean(axis=0)) / (excess @ excess)
    return np.asarray(rise - (second - known)[:, None] * slope)


def _decayed(eigenvalue: Array, time: Array) -> Array:
    """Return ``(1 - exp(-x t))^2 / x``, 0 at x = 0."""
    positive = np.maximum(eigenvalue, 1e-300)
    return np.asarray(np.expm1(-positive * time) ** 2 / positive)
