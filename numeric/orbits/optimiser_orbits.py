"""Where the main case ends under any optimiser, to many digits: the steps of the weights themselves, in MPFR."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from typing import Any

import gmpy2

from ...symbolic.algebra.errors import DomainError
from ...symbolic.algebra.rings import to_fmpq, to_fraction
from ...symbolic.optimisers.limit import OptimiserLimit, derive_limit
from ...symbolic.optimisers.optimiser import Optimiser
from ...symbolic.optimisers.slow_manifold import ManifoldRows, NumericStep, manifold_rows, require_line_of_minima
from ..number_types import bits_for, round_to_mpfr
from ..runs.limits import check_count
from ..runs.status import Status
from .starts import check_epsilon

START_ORDER = 8
CEILING = 1000
WHERE = "iterate_optimiser()"


@dataclass(frozen=True)
class OptimiserOrbit:
    """The end of one run of the main case under an optimiser.

    Attributes:
        status: ``converged``, ``diverged`` or ``max_steps``.
        T: the curvature times the step size at the end; None unless converged.
        steps: steps taken.
        digits: decimal digits asked for; the error of T is a few units of the last of them.

    Source:
        Derived here.

    Example:
        >>> from fractions import Fraction
        >>> es.orbits.iterate_optimiser(es.optimisers.heavy_ball("1/2"), Fraction(1, 50), digits=10).status.value
        'converged'
    """

    status: Status
    T: Any
    steps: int
    digits: int


@dataclass(frozen=True)
class PredictionTest:
    """The limit series held against iteration.

    Attributes:
        series: what was predicted.
        epsilons: where, halving from one to the next.
        ends: the limits reached, as floats.
        misses: distance of the partial sum from each, as floats.
        slopes: how many powers of epsilon each miss fell by from one epsilon to the next: the order of the first
            term left out, where the prediction holds.

    Source:
        Derived here.

    Example:
        >>> len(es.orbits.compare_optimiser_limit(es.optimisers.nesterov("1/2"), 1, digits=12).slopes)
        2
    """

    series: OptimiserLimit
    epsilons: tuple[Fraction, ...]
    ends: tuple[float, ...]
    misses: tuple[float, ...]
    slopes: tuple[float, ...]

    @property
    def holds(self) -> bool:
        """Whether the last slope is that of the first term left out, to a quarter."""
        return abs(self.slopes[-1] - (self.series.order + 1)) < 0.25


def iterate_optimiser(
    optimiser: Optimiser,
    epsilon: Fraction,
    z: Fraction | None = None,
    offset: Fraction = Fraction(0),
    *,
    digits: int = 30,
    max_steps: int = 1_000_000,
) -> OptimiserOrbit:
    """Run an optimiser on the two weights of the main case from its slow manifold, until the residual has died away.

    Args:
        optimiser: without symbols, with a rational edge.
        epsilon: size of the negative eigenvalue, in ``(0, 1/5]``.
        z: residual at the start, ``0 < |z| <= 1/4``; by default small enough for the series of the manifold.
        offset: what T is moved off the manifold by at the start.
        digits: wanted, 10..200.
        max_steps: when to give up.

    Returns:
        The end. Its T is exact to a few units in the last digit asked for; the start lies on the manifold to its series
        of order 8.

    Raises:
        DomainError: an argument is out of its range, the start is no point of the plane of weights, or the optimiser
            has no slow manifold.

    Source:
        Derived here.

    Example:
        >>> from fractions import Fraction
        >>> es.orbits.iterate_optimiser(es.optimisers.heavy_ball("1/2"), Fraction(1, 50), max_steps=9).steps
        9
    """
    if z is None:
        edge = to_fraction(to_fmpq(require_line_of_minima(optimiser).curvature))
        z = -min(edge, edge**2 / 2, Fraction(4)) / 24
    if not (0 < epsilon <= Fraction(1, 5) and 0 < abs(z) <= Fraction(1, 4) and 10 <= digits <= 200 and max_steps > 0):
        raise DomainError.of(
            WHERE, "epsilon in (0, 1/5], 0 < |z| <= 1/4, digits in 10..200", (epsilon, z, digits), "Ask for less."
        )
    rows = manifold_rows(optimiser, START_ORDER)
    with gmpy2.context(gmpy2.get_context(), precision=bits_for(digits + 8)):
        return _run(rows, epsilon, z, offset, digits, max_steps)


def _value(unknown: Any, z: Fraction, epsilon: Fraction) -> Fraction:
    total = Fraction(0)
    for n, row in enumerate(unknown):
        at = Fraction(0)
        for c in reversed(row.coeffs()):
            at = at * z + to_fraction(c)
        total += at * epsilon**n
    return total


def _start(
    rows: ManifoldRows, epsilon: Fraction, z: Fraction, T: Fraction | None, offset: Fraction
) -> Iterator[tuple[Any, Any]]:
    """Residual and curvature at the query point, step by step, from memory on the slow manifold and this z and T."""
    step = rows.step
    on_curve, *free = (_value(u, z, epsilon) for u in rows.unknown)
    T = (on_curve if T is None else T) + offset
    squares = (T + 2 * epsilon * z) / (1 + epsilon), (T - 2 * z) / (1 + epsilon) / epsilon
    if min(squares) <= 0:
        raise DomainError.of(WHERE, "a start that weights can have", (z, T), "Choose z nearer to 0.")
    count = step.size
    memory = []
    for square, part in zip(squares, (free[: count - 1], free[count - 1 :]), strict=True):
        y = gmpy2.sqrt(round_to_mpfr(square))
        memory.append([round_to_mpfr(r) * y for r in _whole(step, part)])
    return _steps(step, [gmpy2.mpfr(1), -round_to_mpfr(epsilon)], memory)


def _steps(step: NumericStep, eigenvalues: list[Any], memory: list[list[Any]]) -> Iterator[tuple[Any, Any]]:
    matrix = [[round_to_mpfr(to_fraction(e)) for e in row] for row in step.matrix]
    gain, query = ([round_to_mpfr(to_fraction(e)) for e in side] for side in (step.gain, step.query))
    rho = round_to_mpfr(to_fraction(step.ascent))
    while True:
        queries = [sum(c * x for c, x in zip(query, weight, strict=True)) for weight in memory]
        residual = sum(q * y * y for q, y in zip(eigenvalues, queries, strict=True)) / 2
        yield residual, sum(q * q * y * y for q, y in zip(eigenvalues, queries, strict=True))
        if rho:
            queries = [y * (1 + rho * q * residual) for q, y in zip(eigenvalues, queries, strict=True)]
            residual = sum(q * y * y for q, y in zip(eigenvalues, queries, strict=True)) / 2
        memory = [
            [
                sum(a * x for a, x in zip(row, weight, strict=True)) - b * (q * residual * y)
                for row, b in zip(matrix, gain, strict=True)
            ]
            for weight, q, y in zip(memory, eigenvalues, queries, strict=True)
        ]


def _run(
    rows: ManifoldRows, epsilon: Fraction, z: Fraction, offset: Fraction, digits: int, max_steps: int
) -> OptimiserOrbit:
    check_count("iterate_optimiser()", "max_steps", max_steps, 0)
    small = gmpy2.mpfr(10) ** -(digits + 2)
    for n, (residual, T) in enumerate(islice(_start(rows, epsilon, z, None, offset), max_steps + 1)):
        if not abs(residual) < CEILING:
            return OptimiserOrbit(Status.DIVERGED, None, n, digits)
        if abs(residual) < small:
            return OptimiserOrbit(Status.CONVERGED, T, n, digits)
    return OptimiserOrbit(Status.MAX_STEPS, None, max_steps, digits)


def follow_optimiser(
    optimiser: Optimiser, epsilon: Fraction, z: Fraction, T: Fraction, steps: int, digits: int = 40
) -> list[tuple[Any, Any]]:
    """Residual and curvature at the query point over some steps of the weights, in MPFR.

    Args:
        optimiser: without symbols, with a rational edge.
        epsilon: size of the negative eigenvalue, in ``(0, 1/5]``.
        z: residual at the start, ``0 < |z| <= 1/4``.
        T: curvature at the start.
        steps: how many.
        digits: of the arithmetic.

    Returns:
        ``(z, T)`` at the start and after each step. The memory starts as on the slow manifold at this z.

    Raises:
        DomainError: the start is no point of the plane of weights, or the optimiser has no slow manifold.

    Source:
        Derived here.

    Example:
        >>> from fractions import Fraction
        >>> path = es.orbits.follow_optimiser(
        ...     es.optimisers.heavy_ball("1/2"), Fraction(1, 50), Fraction(1, 20), Fraction(3), 4
        ... )
        >>> [float(z) > 0 for z, T in path]
        [True, False, True, False, True]
    """
    epsilon, steps = check_epsilon(epsilon, "follow_optimiser()"), check_count("follow_optimiser()", "steps", steps, 0)
    rows = manifold_rows(optimiser, START_ORDER)
    with gmpy2.context(gmpy2.get_context(), precision=bits_for(digits)):
        return list(islice(_start(rows, epsilon, z, T, Fraction(0)), steps + 1))


def _whole(step: Any, free: list[Fraction]) -> list[Fraction]:
    """All ratios of one weight's memory to its query from the free ones."""
    query = [to_fraction(c) for c in step.query]
    others = [c for i, c in enumerate(query) if i != step.pivot]
    whole = list(free)
    whole.insert(step.pivot, (1 - sum(c * r for c, r in zip(others, free, strict=True))) / query[step.pivot])
    return whole


def compare_optimiser_limit(
    optimiser: Optimiser, order: int, *, largest: Fraction = Fraction(1, 64), halvings: int = 2, digits: int = 30
) -> PredictionTest:
    """Hold the limit series against iteration of the weights, and read the order of its error off the slopes.

    Args:
        optimiser: without symbols, with a rational edge.
        order: of the series.
        largest: epsilon to begin with.
        halvings: how often it is halved.
        digits: of the iteration.

    Returns:
        Ends, misses and slopes.

    Raises:
        DomainError: as for :func:`iterate_optimiser`, or an orbit did not converge.

    Source:
        Derived here.

    Example:
        >>> test = es.orbits.compare_optimiser_limit(es.optimisers.heavy_ball("1/2"), 2, digits=20)
        >>> test.holds
        True
    """
    series = derive_limit(optimiser, order)
    epsilons = tuple(largest / 2**k for k in range(halvings + 1))
    ends, misses = [], []
    with gmpy2.context(gmpy2.get_context(), precision=bits_for(digits + 8)):
        for epsilon in epsilons:
            orbit = iterate_optimiser(optimiser, epsilon, digits=digits)
            if orbit.T is None:
                raise DomainError.of(
                    "compare_optimiser_limit()", "an orbit that converges", orbit.status.value, "Use a smaller epsilon."
                )
            predicted = sum((to_fraction(c) * epsilon**n for n, c in enumerate(series.coefficients)), Fraction(0))
            ends.append(float(orbit.T))
            misses.append(float(abs(orbit.T - round_to_mpfr(predicted))))
    slopes = tuple(float(gmpy2.log2(gmpy2.mpfr(a) / gmpy2.mpfr(b))) for a, b in pairwise(misses))
    return PredictionTest(series, epsilons, tuple(ends), tuple(misses), slopes)
