"""Full-batch gradient descent of a tanh network, with NTK and Hessian eigenvalues and the two-step split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...symbolic.algebra.errors import DomainError
from ..regression.descent import BLOW_UP, count_edge_crossings
from ..runs.status import Status
from .tanh import TanhNetwork

Array = np.ndarray[Any, np.dtype[Any]]

# Up to this many residuals the NTK is diagonalised densely.
DENSE = 400


@dataclass(frozen=True, eq=False)
class NetworkRun:
    """A training run; everything is measured at ``steps``.

    Attributes:
        step_size: step size ``eta``.
        steps: measured steps, shape ``(T,)``.
        loss: loss, shape ``(T,)``.
        ntk: two largest eigenvalues of ``J J' / N``, shape ``(T, 2)``.
        hessian: two largest eigenvalues of the loss Hessian, shape ``(T, 2)``; nan where not measured.
        hessian_bound: residual norms of the Hessian pairs, shape ``(T,)``: each is within this of an eigenvalue.
        linear: part of the two-step change of ``lambda_max`` linear in the residual, predicted at each measured step.
        change: the two-step change itself; nan unless every step is measured.
        status: done or diverged.
        stopped: steps taken.
        theta: final parameters; None if diverged.

    Source:
        Agarwala, Pedregosa and Pennington 2022, "Connection with deep models".

    Example:
        >>> network = es.networks.TanhNetwork([[-1.0], [0.0], [1.0]], [[1.0], [0.0], [1.0]], hidden=(4,))
        >>> run = es.networks.train_network(network, network.initial(seed=0), 0.1, steps=20)
        >>> str(run.status), run.ntk.shape, run.crossings
        ('done', (21, 2), 0)
    """

    step_size: float
    steps: Array
    loss: Array
    ntk: Array
    hessian: Array
    hessian_bound: Array
    linear: Array
    change: Array
    status: Status
    stopped: int
    theta: Array | None

    @property
    def crossings(self) -> int:
        """How often ``eta lambda_1`` crosses 2 between measurements."""
        return int(count_edge_crossings(self.step_size * self.ntk[:, 0]))

    def nonlinear_shares(self, window: int = 10) -> tuple[float, float | None] | None:
        """The sum of the non-linear over that of the linear part: up to the edge, and around the steepest fall.

        Args:
            window: steps on each side of the steepest fall.

        Returns:
            The two shares; None where the run never crosses the edge or was not measured at every step. The second is
            None where the eigenvalue has not come back below the edge within the run: nothing has fallen yet.
        """
        above = np.flatnonzero(self.step_size * self.ntk[:, 0] > 2)
        if not len(above) or above[0] < 2 or not np.isfinite(self.change).any():
            return None
        crossing = int(above[0])
        rest, part = np.abs(self.nonlinear), np.abs(self.linear)
        rising = float(rest[:crossing].sum() / part[:crossing].sum())
        peak = crossing + int(np.argmax(self.ntk[crossing:, 0]))
        if not np.any(self.step_size * self.ntk[peak:, 0] < 2):
            return rising, None
        fall = crossing + int(np.nanargmin(self.change[crossing:-2]))
        around = slice(max(fall - window, crossing), min(fall + window, len(self.change) - 2))
        return rising, float(rest[around].sum() / part[around].sum())

    @property
    def nonlinear(self) -> Array:
        """What the linear part leaves of the two-step change."""
        return np.asarray(self.change - self.linear)


def train_network(
    network: TanhNetwork,
    theta: Array,
    step_size: float,
    steps: int,
    *,
    measure_every: int = 1,
    hessian_every: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> NetworkRun:
    """Train a network by full-batch gradient descent and measure its curvature.

    Args:
        network: network with its data.
        theta: start, shape ``(P,)``.
        step_size: ``eta > 0`` on the loss ``|z|^2 / (2 N)``.
        steps: number of steps, at least 1.
        measure_every: steps between measurements of loss and NTK, default 1; the two-step split needs 1.
        hessian_every: measurements between Hessian eigenvalues (by Lanczos, the dear part); 0, the default, leaves them
            out.
        progress: called with ``(step, steps)``.

    Returns:
        The run, float64.

    Raises:
        DomainError: a step size, count or start out of range.

    Source:
        Agarwala, Pedregosa and Pennington 2022, "Connection with deep models".

    Example:
        >>> network = es.networks.TanhNetwork([[-1.0], [0.0], [1.0]], [[1.0], [0.0], [1.0]], hidden=(4,))
        >>> run = es.networks.train_network(network, network.initial(seed=0), 0.1, steps=20)
        >>> bool(run.loss[-1] < run.loss[0])
        True
    """
    if not (np.isfinite(step_size) and step_size > 0):
        raise DomainError.of("train_network()", "a step size above 0", step_size, "Raise it.")
    if steps < 1 or measure_every < 1 or hessian_every < 0:
        got = (steps, measure_every, hessian_every)
        raise DomainError.of("train_network()", "steps, measure_every >= 1 and hessian_every >= 0", got, "Raise them.")
    if theta.shape != (network.parameters,) or not np.isfinite(theta).all():
        got_shape = f"shape {theta.shape}"
        raise DomainError.of(
            "train_network()", f"finite parameters of shape ({network.parameters},)", got_shape, "Use initial()."
        )
    limit = BLOW_UP * network.loss(theta)
    rows: list[tuple[float, ...]] = []
    vectors: Array | None = None
    status = Status.DONE
    taken = 0
    for step in range(steps + 1):
        taken = step
        with np.errstate(over="ignore", invalid="ignore"):
            loss = network.loss(theta)
        if not loss <= limit:
            status = Status.DIVERGED
            break
        if step % measure_every == 0:
            values, top = ntk_top(network, theta)
            sharp: tuple[float, ...] = (np.nan, np.nan, np.nan)
            if hessian_every and len(rows) % hessian_every == 0:
                found, vectors, bound = hessian_top(network, theta, vectors)
                sharp = (*found, bound)
            rows.append((step, loss, *values, *sharp, _linear_part(network, theta, step_size, top)))
            if progress is not None:
                progress(step, steps)
        theta = theta - step_size * network.gradient(theta)
    table = np.array(rows).reshape(-1, 8)
    change = np.full(len(table), np.nan)
    if measure_every == 1 and len(table) > 2:
        change[:-2] = table[2:, 2] - table[:-2, 2]
    return NetworkRun(
        float(step_size),
        table[:, 0].astype(int),
        table[:, 1],
        table[:, 2:4],
        table[:, 4:6],
        table[:, 6],
        table[:, 7],
        change,
        status,
        taken,
        theta if status is Status.DONE else None,
    )


def ntk_top(network: TanhNetwork, theta: Array) -> tuple[tuple[float, float], Array]:
    """The two largest eigenvalues of ``J J' / N`` and the top eigenvector, shape ``(N C,)``.

    Args:
        network: network with its data.
        theta: parameters, finite.

    Returns:
        Eigenvalues (nan for the second if there is one residual only) and eigenvector.
    """
    from scipy.linalg import eigh

    ntk = network.ntk(theta) / network.examples
    size = len(ntk)
    first = max(size - 2, 0)
    if size <= DENSE:
        values, vectors = eigh(ntk, subset_by_index=(first, size - 1))
    else:
        from scipy.sparse.linalg import eigsh

        values, vectors = eigsh(ntk, k=2, which="LA", v0=np.ones(size), tol=1e-12)
        order = np.argsort(values)
        values, vectors = values[order], vectors[:, order]
    second = float(values[-2]) if size > 1 else float("nan")
    return (float(values[-1]), second), np.asarray(vectors[:, -1])


def hessian_top(
    network: TanhNetwork, theta: Array, start: Array | None = None
) -> tuple[tuple[float, float], Array, float]:
    """The two largest eigenvalues of the loss Hessian by Lanczos on exact products.

    Args:
        network: network with its data, at least 4 parameters.
        theta: parameters, finite.
        start: vector to start from (the last top eigenvector); fixed otherwise.

    Returns:
        Eigenvalues, top eigenvector, and the larger residual norm: each value is within it of an eigenvalue.
    """
    from scipy.sparse.linalg import LinearOperator, eigsh

    size = network.parameters
    begin = np.ones(size) if start is None else start + 1e-3 * np.linalg.norm(start) / np.sqrt(size)
    operator = LinearOperator(
        (size, size), matvec=lambda v: network.hessian_product(theta, v.ravel()), dtype=np.float64
    )
    values, vectors = eigsh(operator, k=2, which="LA", v0=begin, tol=1e-8)
    order = np.argsort(values)[::-1]
    values, vectors = values[order], vectors[:, order]
    rest = [np.linalg.norm(network.hessian_product(theta, vectors[:, k]) - values[k] * vectors[:, k]) for k in range(2)]
    return (float(values[0]), float(values[1])), np.asarray(vectors[:, 0]), float(max(rest))


def _linear_part(network: TanhNetwork, theta: Array, step_size: float, top: Array) -> float:
    """The part of the two-step change of ``lambda_max`` linear in the residual.

    With ``h = eta / N`` it is ``-2 h u'Q(J'(2 - h J J')z, J'u) / N``, as for the general model.
    """
    rate = step_size / network.examples
    slope = network.vjp(theta, network.residual(theta))
    damped = 2 * slope - rate * network.vjp(theta, network.jvp(theta, slope))
    return -2 * rate * network.second_derivative(theta, top, network.vjp(theta, top), damped) / network.examples
