"""The slow manifold of the main case under any optimiser that keeps minima, and the limit of orbits that follow it.

Eigenvalues ``{1, -epsilon}``, target 0. With the second weight scaled by the root of epsilon, ``b_1 = y_1^2`` and
``b_2 = epsilon y_2^2`` at the query point ``y``, the residual is ``z = (b_1 - b_2)/2`` and ``T = b_1 + epsilon b_2``;
the memory of each weight enters through its ratio to the query, ``xi = x / y``. One step is rational in these and
keeps ``z = 0``; the manifold is a curve over z.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flint import fmpq, fmpq_mat, fmpq_poly

from ..algebra.errors import DomainError, ProofError
from ..algebra.rings import to_fmpq
from ..algebra.series.rows import PARAMETER_WEIGHT, ZERO, RowSeries, compose_low, inverse_low
from .edge import StabilityEdge, derive_edge
from .optimiser import Optimiser

WHERE = "optimiser slow manifold"
Rows = tuple[fmpq_poly, ...]


def require_line_of_minima(optimiser: Optimiser) -> StabilityEdge:
    """The edge of an optimiser for which the main case keeps its line of minima and flips there.

    Args:
        optimiser: any.

    Returns:
        Its edge.

    Raises:
        DomainError: a minimum does not stay where it is, or another multiplier reaches the circle first.
    """
    if not optimiser.keeps_minima:
        raise DomainError.of(
            WHERE, "an optimiser that keeps minima", optimiser.name, "Its decay moves them: no line of minima is left."
        )
    edge = derive_edge(optimiser)
    edge.require_flip(WHERE)
    return edge


@dataclass(frozen=True)
class NumericStep:
    """One step of an optimiser with rational numbers, as a map of ``(z, T, xi_1, xi_2)`` on row series."""

    matrix: tuple[tuple[fmpq, ...], ...]
    gain: tuple[fmpq, ...]
    query: tuple[fmpq, ...]
    ascent: fmpq
    pivot: int = field(init=False)

    def __post_init__(self) -> None:
        # the component of the memory that C xi = 1 gives from the others
        object.__setattr__(self, "pivot", next(i for i, c in enumerate(self.query) if c != 0))

    @property
    def size(self) -> int:
        """Numbers kept for each weight."""
        return len(self.gain)

    @classmethod
    def of(cls, optimiser: Optimiser) -> NumericStep:
        """From an optimiser without symbols.

        Raises:
            DomainError: an entry is not rational.
        """
        rows = [[to_fmpq(e) for e in optimiser.matrix.row(i)] for i in range(optimiser.size)]
        gain, query = ([to_fmpq(e) for e in m] for m in (optimiser.gain, optimiser.query))
        return cls(tuple(map(tuple, rows)), tuple(gain), tuple(query), to_fmpq(optimiser.ascent))

    def ratios(self, free: Sequence[RowSeries], one: RowSeries) -> list[RowSeries]:
        """All components of ``xi`` from the free ones, by ``C xi = 1``."""
        whole = [*free]
        rest = one
        others = [c for i, c in enumerate(self.query) if i != self.pivot]
        for c, xi in zip(others, free, strict=True):
            rest -= one.constant(c) * xi
        whole.insert(self.pivot, one.constant(1 / self.query[self.pivot]) * rest)
        return whole

    def free(self, ratios: Sequence[fmpq_poly]) -> list[fmpq_poly]:
        """The free components of ``xi``."""
        return [xi for i, xi in enumerate(ratios) if i != self.pivot]

    def step(self, z: RowSeries, unknown: Sequence[RowSeries], epsilon: RowSeries) -> tuple[RowSeries, list[RowSeries]]:
        """One step of ``z`` and of ``(T, free xi_1, free xi_2)``."""
        one = z.constant(1)
        half, rho = one.constant(fmpq(1, 2)), one.constant(self.ascent)
        T, rest = unknown[0], unknown[1:]
        inverse = invert(one + epsilon)
        b = [(T + (epsilon + epsilon) * z) * inverse, (T - z - z) * inverse]
        q = [one, -epsilon]
        ascended = [one + rho * qi * z for qi in q]
        residual = half * (b[0] * ascended[0] * ascended[0] - b[1] * ascended[1] * ascended[1])
        parts = (rest[: self.size - 1], rest[self.size - 1 :])
        images: list[RowSeries] = []
        after = []
        for qi, up, bi, part in zip(q, ascended, b, parts, strict=True):
            xi = self.ratios(part, one)
            strength = qi * residual * up
            p = []
            for row, gain in zip(self.matrix, self.gain, strict=True):
                total = -(one.constant(gain) * strength)
                for entry, x in zip(row, xi, strict=True):
                    if entry != 0:
                        total += one.constant(entry) * x
                p.append(total)
            m = RowSeries([], z.height, z.width)
            for c, value in zip(self.query, p, strict=True):
                m += one.constant(c) * value
            after.append(bi * m * m)
            below = invert(m)
            images += [value * below for i, value in enumerate(p) if i != self.pivot]
        return half * (after[0] - after[1]), [after[0] + epsilon * after[1], *images]

    def gain_of(self, z: fmpq_poly, T: fmpq_poly, length: int) -> fmpq_poly:
        """``G`` at epsilon = 0: what multiplies the first weight's query in the gradient."""
        rho = self.ascent
        up = 1 + rho * z
        return (z + (T.mul_low(2 * rho * z + rho**2 * z * z, length)) * fmpq(1, 2)).mul_low(up, length)


def invert(series: RowSeries) -> RowSeries:
    """``1/series`` by Newton's iteration; its constant term is not 0."""
    row = inverse_low(series.rows[0], series.length(0))
    result = RowSeries([row], series.height, series.width)
    two, known = series.constant(2), 1
    while known <= series.height:
        known *= 2
        result = result * (two - series * result)
    return result


@dataclass(frozen=True)
class Frozen:
    """The curve of two-cycles at epsilon = 0.

    Attributes:
        involution: the next z, a power series in z.
        unknown: ``T`` and the free ratios of both weights, power series in z.
    """

    involution: fmpq_poly
    unknown: Rows


def frozen_curve(step: NumericStep, edge: fmpq, flip: fmpq, length: int) -> Frozen:
    """The two-cycles through the edge at epsilon = 0, as power series in z.

    On a cycle the query alternates about its mean, so it is a cycle of gradient descent with the step size scaled by
    ``2 / flip``, and the memory is the fixed part plus the alternating part, both linear in the gradient.

    Args:
        step: the optimiser.
        edge: the curvature at the edge.
        flip: the effective curvature there.
        length: coefficients wanted.

    Returns:
        The curve modulo ``z^length``.

    Raises:
        ProofError: the edge is no simple point of the curve.
    """
    z, kappa = fmpq_poly([0, 1]), 2 / flip
    T, known = fmpq_poly([edge]), 1

    def defect(T: fmpq_poly, length: int) -> tuple[fmpq_poly, fmpq_poly]:
        """``(y' G' + y G) / (y z)`` on a cycle, and the next z."""
        G = step.gain_of(z, T, length)
        m = 1 - kappa * G
        after = ((T.mul_low(m.mul_low(m, length), length)) - T + 2 * z) * fmpq(1, 2)
        top = T.mul_low(m.mul_low(m, length), length)
        G_after = _gain_at(step, after, top, length)
        total = (G_after.mul_low(m, length) + G).truncate(length)
        return total, after.truncate(length)

    # secant by a unit change: the defect is linear in the newest coefficient
    while known < length:
        size = known + 2
        base, _ = defect(T, size)
        moved, _ = defect(T + fmpq_poly([0] * known + [1]), size)
        slope = moved[known + 1] - base[known + 1]
        if slope == 0 or any(base[i] != 0 for i in range(known + 1)):
            raise ProofError.of(WHERE, "a simple curve of two-cycles", str(base), "The edge is degenerate.")
        T += fmpq_poly([0] * known + [-base[known + 1] / slope])
        known += 1
    G = step.gain_of(z, T, length)
    _, after = defect(T, length)
    alternating = _solve(
        [[(1 if i == j else 0) + a for j, a in enumerate(row)] for i, row in enumerate(step.matrix)], step.gain
    )
    fixed = [fmpq(1 if i == 0 else 0) for i in range(step.size)]
    rest = sum((c * e for c, e in zip(step.query, fixed, strict=True)), fmpq(0))
    fixed = [e / rest for e in fixed]
    mean = 1 - kappa * G * fmpq(1, 2)
    first = [(e * mean + a * G).truncate(length) for e, a in zip(fixed, alternating, strict=True)]
    second = [fmpq_poly([e]) for e in fixed]
    return Frozen(after, (T.truncate(length), *step.free(first), *step.free(second)))


def _gain_at(step: NumericStep, z: fmpq_poly, T: fmpq_poly, length: int) -> fmpq_poly:
    rho = step.ascent
    up = 1 + rho * z
    square = (z.mul_low(z, length) * rho + 2 * z) * rho
    return ((z + T.mul_low(square, length) * fmpq(1, 2)).truncate(length)).mul_low(up, length)


def _solve(matrix: list[list[fmpq]], right: Sequence[fmpq]) -> list[fmpq]:
    solved = fmpq_mat(matrix).solve(fmpq_mat([[r] for r in right]))
    return [solved[i, 0] for i in range(len(right))]


@dataclass(frozen=True)
class ManifoldRows:
    """The slow manifold with rational numbers.

    Attributes:
        step: the optimiser's step.
        unknown: ``T`` and the free ratios of both weights, each as rows in epsilon of power series in z.
        relaxation: two steps shrink a deviation from the manifold by ``1 - relaxation z^2`` at epsilon = 0, to leading
            order: the manifold attracts where it is positive.
    """

    step: NumericStep
    unknown: tuple[Rows, ...]
    relaxation: fmpq


def manifold_rows(optimiser: Optimiser, order: int) -> ManifoldRows:
    """The slow manifold of the main case under an optimiser, order by order in epsilon.

    Args:
        optimiser: without symbols, with a rational edge.
        order: highest power of epsilon.

    Returns:
        The manifold; row n of T is exact to degree ``2 (order - n)`` and more.

    Raises:
        DomainError: the optimiser has no line of minima, no flip, or no rational edge.
        ProofError: there is no slow manifold of this kind.
    """
    edge = require_line_of_minima(optimiser)
    width = PARAMETER_WEIGHT * (order + 1)
    step = NumericStep.of(optimiser)
    h, k = to_fmpq(edge.curvature), to_fmpq(optimiser.effective(edge.curvature))
    frozen = frozen_curve(step, h, k, width + 2)
    length = width + 1
    iota = frozen.involution.truncate(length)
    rows: list[list[fmpq_poly]] = [[u] for u in frozen.unknown]
    stepped, images = _at(step, rows, 0, width, [])
    back = [compose_low(u, iota, length) for u in frozen.unknown]
    if stepped.rows[0] != iota or any(i.rows[0] != b for i, b in zip(images, back, strict=True)):
        raise ProofError.of(WHERE, "a curve of two-cycles that the step keeps", "another", "Report it.")
    slopes = [compose_low(u.derivative(), iota, length) for u in frozen.unknown]
    count = len(rows)
    matrix = [[ZERO] * count for _ in range(count)]
    for j in range(count):
        moved = [[*r, fmpq_poly([1])] if i == j else list(r) for i, r in enumerate(rows)]
        # a unit change of unknown j as row 1: row 1 of the image is its derivative, to all degrees that row 0 keeps
        z_row, out = _at(step, moved, 1, width + PARAMETER_WEIGHT, None)
        for i in range(count):
            matrix[i][j] = (out[i].rows[1] - slopes[i].mul_low(z_row.rows[1], length)).truncate(length)
    around = [[compose_low(e, iota, length) for e in row] for row in matrix]
    system = [
        [
            (1 if i == j else 0)
            - _dot([around[i][k] for k in range(count)], [matrix[k][j] for k in range(count)], length)
            for j in range(count)
        ]
        for i in range(count)
    ]
    solver = SingularSystem(system, length)
    for n in range(1, order + 1):
        stepped, images = _at(step, rows, n, width, [])
        size = width - PARAMETER_WEIGHT * n + 1
        defect = []
        for image, r in zip(images, rows, strict=True):
            curve = RowSeries(r, n, width).compose(stepped)
            defect.append((image - curve).rows[n].truncate(size))
        right = [
            (_dot(around[i], defect, size) + compose_low(defect[i], iota, size)).truncate(size) for i in range(count)
        ]
        for r, value in zip(rows, solver.solve(right, size), strict=True):
            r.append(value)
    return ManifoldRows(step, tuple(tuple(r) for r in rows), solver.slow_rate())


def _dot(left: Sequence[fmpq_poly], right: Sequence[fmpq_poly], length: int) -> fmpq_poly:
    return sum((a.mul_low(b, length) for a, b in zip(left, right, strict=True)), ZERO)


def _at(
    step: NumericStep, rows: Sequence[Sequence[fmpq_poly]], height: int, width: int, free: list[fmpq_poly] | None
) -> tuple[RowSeries, list[RowSeries]]:
    """One step from the curve; ``free`` None freezes epsilon at 0."""
    z = RowSeries([fmpq_poly([0, 1])], height, width)
    parameter = RowSeries([] if free is None else [ZERO, fmpq_poly([1])], height, width)
    return step.step(z, [RowSeries(list(r), height, width) for r in rows], parameter)


class SingularSystem:
    """A square linear system over power series whose determinant is of order ``z^2``, solved by elimination.

    Args:
        matrix: entries modulo ``z^length``; regular at ``z = 0`` but for one direction.
        length: coefficients kept.

    Raises:
        ProofError: more than one direction is singular at 0, or one to another order than 2.
    """

    def __init__(self, matrix: Sequence[Sequence[fmpq_poly]], length: int) -> None:
        self.count, self.length = len(matrix), length
        work = [list(row) for row in matrix]
        self.operations: list[tuple[int, int, fmpq_poly]] = []
        columns = list(range(self.count))
        rows = list(range(self.count))
        self.order: list[tuple[int, int]] = []
        for _ in range(self.count - 1):
            found = next(((i, j) for i in rows for j in columns if work[i][j][0] != 0), None)
            if found is None:
                raise ProofError.of(WHERE, "one slow direction", "several", "The edge is degenerate.")
            i, j = found
            inverse = inverse_low(work[i][j], length)
            for k in rows:
                if k != i and not work[k][j].is_zero():
                    factor = work[k][j].mul_low(inverse, length)
                    for c in columns:
                        work[k][c] = (work[k][c] - factor.mul_low(work[i][c], length)).truncate(length)
                    self.operations.append((k, i, factor))
            rows.remove(i)
            columns.remove(j)
            self.order.append((i, j))
        last = (rows[0], columns[0])
        pivot = work[last[0]][last[1]]
        if pivot[0] != 0 or pivot[1] != 0 or pivot[2] == 0:
            raise ProofError.of(
                WHERE, "a slow direction of order z^2", str(pivot.truncate(3)), "The edge is degenerate."
            )
        self.order.append(last)
        self.work = work
        self.matrix = [list(row) for row in matrix]

    def slow_rate(self) -> fmpq:
        """``c`` of the one eigenvalue ``c z^2 + ..`` that vanishes at 0: second order of det over the trace of adj."""
        product = fmpq(1)
        for i, j in self.order[:-1]:
            product *= self.work[i][j][0]
        i, j = self.order[-1]
        signature = _signature([r for r, _ in self.order]) * _signature([c for _, c in self.order])
        determinant = product * self.work[i][j][2] * signature
        minors = fmpq(0)
        for k in range(self.count):
            kept = [r for r in range(self.count) if r != k]
            minors += fmpq_mat([[self.matrix[r][c][0] for c in kept] for r in kept]).det() if kept else fmpq(1)
        return determinant / minors

    def solve(self, right: Sequence[fmpq_poly], size: int) -> list[fmpq_poly]:
        """The solution modulo ``z^(size - 2)``.

        Args:
            right: right side modulo ``z^size``.
            size: coefficients known.

        Raises:
            ProofError: the right side leaves a remainder in the slow direction.
        """
        value = [r.truncate(size) for r in right]
        for k, i, factor in self.operations:
            value[k] = (value[k] - factor.mul_low(value[i], size)).truncate(size)
        kept = size - PARAMETER_WEIGHT
        i, j = self.order[-1]
        if value[i][0] != 0 or value[i][1] != 0:
            raise ProofError.of(WHERE, "a solvable order", str(value[i].truncate(2)), "No slow manifold.")
        solution = [ZERO] * self.count
        pivot = self.work[i][j].right_shift(PARAMETER_WEIGHT)
        solution[j] = (
            value[i].right_shift(PARAMETER_WEIGHT).mul_low(inverse_low(pivot, kept), kept) if kept > 0 else ZERO
        )
        done = [j]
        for i, j in reversed(self.order[:-1]):
            total = value[i].truncate(kept)
            for c in done:
                total = (total - self.work[i][c].mul_low(solution[c], kept)).truncate(kept)
            solution[j] = total.mul_low(inverse_low(self.work[i][j], kept), kept) if kept > 0 else ZERO
            done.append(j)
        return solution


def _signature(permutation: Sequence[int]) -> int:
    inversions = sum(a > b for n, b in enumerate(permutation) for a in permutation[:n])
    return -1 if inversions % 2 else 1
