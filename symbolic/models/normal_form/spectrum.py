"""The Hessian at a minimum: its kernel, its top eigenpair, and solves with it, exact or enclosed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy as sp
from flint import fmpq

from ...algebra.errors import DomainError
from .fields import Balls, Element, Field, to_ball
from .jets import curve
from .linear import (
    Matrix,
    Solver,
    Vector,
    added,
    definite,
    dot,
    enclose_top,
    kernel,
    product,
    projector,
    raised,
    rational_top,
    scaled,
    shifted,
    times,
    transposed,
)
from .tape import Tape


class NoTopEigenvalueError(DomainError):
    """The largest eigenvalue is not in the field: balls hold it."""


@dataclass(frozen=True)
class Spectrum:
    """The Hessian of a minimum, decomposed as far as the reduction needs.

    Attributes:
        field: where its entries live.
        hessian: the matrix.
        nulls: dimension of its kernel; -1 where it is open.
        null_projector: the orthogonal projector on the kernel.
        top: the largest eigenvalue S.
        vector: an eigenvector of S, of any length.
        simple: whether S is proved simple and above the others.
        nonnegative: whether no eigenvalue is negative.
    """

    field: Field
    hessian: Matrix
    nulls: int
    null_projector: Matrix
    top: Element
    vector: Vector
    simple: bool | None
    nonnegative: bool | None

    def on_range(self, vector: Sequence[Element]) -> Vector:
        """The part of a vector orthogonal to the kernel."""
        if not self.nulls:
            return list(vector)
        return added(vector, scaled(times(self.null_projector, vector, self.field), fmpq(-1)))

    def on_kernel(self, vector: Sequence[Element]) -> Vector:
        """The part of a vector in the kernel."""
        return times(self.null_projector, vector, self.field)

    def off_top(self, vector: Sequence[Element]) -> Vector:
        """The part of a vector orthogonal to the top eigenvector."""
        q, field = self.vector, self.field
        share = dot(q, vector, field) / dot(q, q, field)
        return [v - share * e for v, e in zip(vector, q, strict=True)]

    def solver(self) -> Callable[[Sequence[Element]], Vector]:
        """``w`` with ``H w = b`` for b orthogonal to the kernel, w orthogonal to it too."""
        lifted = [
            [a + b for a, b in zip(r, s, strict=True)] for r, s in zip(self.hessian, self.null_projector, strict=True)
        ]
        inverse = Solver(lifted, self.field)
        return lambda vector: self.on_range(inverse(self.on_range(vector)))

    def below_top(self) -> Callable[[Sequence[Element]], Vector]:
        """``w`` with ``(S - H) w = b`` for b orthogonal to the top eigenvector, w orthogonal to it too."""
        q, field = self.vector, self.field
        lifted = raised(shifted(self.hessian, self.top, fmpq(-1)), scaled(q, self.top / dot(q, q, field)), q)
        inverse = Solver(lifted, field)
        return lambda vector: self.off_top(inverse(self.off_top(vector)))


def hessian_at(tape: Tape, point: Sequence[Element], field: Field) -> Matrix:
    """The Hessian of the first output, one direction at a time."""
    rows = []
    for k in range(len(point)):
        unit = [field.one if i == k else field.zero for i in range(len(point))]
        rows.append([g.c[1] for g in tape.gradient(field, curve(field, [list(point), unit], 2))])
    return rows


def jacobian_at(tape: Tape, point: Sequence[Element], field: Field) -> Matrix:
    """The derivatives of every output in every input."""
    jets = curve(field, [list(point)], 1)
    return [[g.c[0] for g in tape.gradient(field, jets, k)] for k in range(len(tape.outputs))]


def analyse(hessian: Matrix, field: Field, known: tuple[Matrix, int] | None) -> Spectrum:
    """The Hessian's kernel and top eigenpair.

    Args:
        hessian: the matrix.
        field: its field.
        known: the projector on the kernel and its dimension, where they are known otherwise (balls tell no zero).

    Returns:
        What is known.

    Raises:
        NoTopEigenvalueError: over the rationals the largest eigenvalue is irrational; ask again with balls.
        DomainError: with symbols there is more than one eigenvalue other than 0.
    """
    size = len(hessian)
    if field.exact:
        basis = kernel(hessian, field)
        null, count = projector(basis, size, field), len(basis)
        top, vector, simple = _exact_top(hessian, field, size - count)
    else:
        null, count = known or ([[field.zero] * size for _ in range(size)], 0)
        top, vector, simple = enclose_top(hessian, field)
    if field.exact and size - count == 1:
        sign = field.sign(top)
        nonnegative = None if sign is None else sign > 0
    else:
        lifted = [[a + b for a, b in zip(r, s, strict=True)] for r, s in zip(hessian, null, strict=True)]
        nonnegative = definite(lifted, field)
    return Spectrum(field, hessian, count, null, top, vector, simple, nonnegative)


def _exact_top(hessian: Matrix, field: Field, rank: int) -> tuple[Element, Vector, bool | None]:
    size = len(hessian)
    trace = sum((hessian[k][k] for k in range(size)), field.zero)
    if rank == 0:
        return field.zero, [field.zero] * size, False
    if rank == 1:
        column = next(k for k in range(size) if not field.is_zero(hessian[k][k]))
        return trace, [row[column] for row in hessian], True
    if getattr(field, "symbols", ()):
        raise DomainError.of(
            "normal form",
            "one eigenvalue of the Hessian other than 0, while constants are symbols",
            f"{rank} of them",
            "Give the constants values.",
        )
    known = rational_top(hessian, field)
    if known is None:
        raise NoTopEigenvalueError.of("normal form", "a rational top eigenvalue", "none", "Balls hold it.")
    top, simple = known
    return top, kernel(shifted(hessian, -top, field.one), field)[0], simple


def range_projector(jacobian: Matrix, field: Field) -> tuple[Matrix, bool]:
    """The projector on the kernel of residuals' derivatives, and whether these are proved independent.

    Args:
        jacobian: one row for each residual.
        field: its field.

    Returns:
        Projector and verdict; the projector is 0 where they are not proved independent.
    """
    size = len(jacobian[0])
    gram = product(jacobian, transposed(jacobian), field)
    if len(jacobian) > size or definite(gram, field) is not True:
        return [[field.zero] * size for _ in range(size)], False
    onto = projector(jacobian, size, field)
    return [[(field.one if i == j else field.zero) - e for j, e in enumerate(row)] for i, row in enumerate(onto)], True


def as_balls(matrix: Matrix) -> Matrix:
    """An exact matrix as balls."""
    return [[to_ball(e) for e in row] for row in matrix]


def balls_of(point: Sequence[sp.Expr], field: Balls) -> Vector:
    """Exact numbers as balls."""
    return [field.read(p) for p in point]
