"""A point as a proved minimum: the gradient is 0 there by exact algebra, or a zero of it nearby is enclosed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy as sp
from flint import arb, fmpq

from ...algebra.errors import DomainError
from ..own_loss.numbers import all_zero, normal_form
from .fields import Balls, Element, Field, middle
from .jets import Jet, curve
from .linear import Matrix, Solver, added, krawczyk, product, times, transposed
from .spectrum import hessian_at, jacobian_at
from .tape import Tape, squares

FITS = 60
"""Gauss-Newton steps from the given point towards one that fits every residual, before the proof."""


@dataclass(frozen=True)
class Problem:
    """A loss, its parameters, and where it is looked at.

    Attributes:
        loss: the formula.
        parameters: what it is differentiated in.
        values: exact value of each parameter.
        tape: the loss as operations.
        residuals: the residuals of a loss that is written as a sum of squares, as operations; else None.
    """

    loss: sp.Expr
    parameters: tuple[sp.Symbol, ...]
    values: Mapping[sp.Symbol, sp.Expr]
    tape: Tape
    residuals: Tape | None

    @classmethod
    def of(cls, loss: sp.Expr, parameters: Sequence[sp.Symbol], values: Mapping[sp.Symbol, sp.Expr]) -> Problem:
        """Put the loss on tape, and its residuals where it is written as a sum of squares."""
        found = squares(loss, parameters)
        residuals = None if found is None else Tape([r for _, r in found], parameters)
        return cls(loss, tuple(parameters), values, Tape([loss], parameters), residuals)

    def start(self, field: Field) -> list[Element]:
        """The point in a field."""
        return [field.read(self.values[p]) for p in self.parameters]

    def gradient(self, field: Field, terms: Sequence[Sequence[Element]], length: int) -> list[Jet]:
        """The gradient along a curve, given by its vectors of coefficients."""
        return self.tape.gradient(field, curve(field, terms, length))

    def interpolates(self, field: Field, point: Sequence[Element]) -> bool | None:
        """Whether every residual is 0 at the point; False where there are none."""
        if self.residuals is None:
            return False
        rows = [r.c[0] for r in self.residuals.values(field, curve(field, [list(point)], 1))]
        verdicts = [field.is_zero(r) for r in rows]
        if False in verdicts:
            return False
        if None not in verdicts:
            return True
        return all_zero(self._exactly(e) for e in self._residual_formulas())

    def _residual_formulas(self) -> list[sp.Expr]:
        return [r for _, r in squares(self.loss, self.parameters) or []]

    def _exactly(self, expr: sp.Expr) -> sp.Expr:
        return normal_form(expr.subs(self.values))

    def is_critical(self, field: Field, point: Sequence[Element]) -> bool | None:
        """Whether the gradient is 0 at the point."""
        verdicts = [field.is_zero(g.c[0]) for g in self.gradient(field, [list(point)], 1)]
        if False in verdicts:
            return False
        if None not in verdicts or self.interpolates(field, point):
            return True
        return all_zero(self._exactly(sp.diff(self.loss, p)) for p in self.parameters)


def enclose_minimum(problem: Problem, field: Balls) -> tuple[list[arb], bool]:
    """A critical point near the given one, in balls, proved to be there.

    Where the loss is written in squares whose residuals can all vanish, it is such a point: the residuals are solved
    for in the span of their gradients, which moves the given point as little as possible to first order. Else the
    gradient itself is solved for.

    Args:
        problem: the loss and the point near a minimum.
        field: balls.

    Returns:
        The point and whether every residual vanishes there.

    Raises:
        DomainError: no critical point is proved to be near.
    """
    start = [middle(e) for e in problem.start(field)]
    if problem.residuals is not None and len(problem.residuals.outputs) <= len(start):
        tape = problem.residuals
        given, start = start, _fitted(tape, start, field)
        ways = [[middle(e) for e in row] for row in jacobian_at(tape, start, field)]
        across = transposed(ways)

        def moved(shares: list[arb]) -> list[arb]:
            return added(start, times(across, shares, field))

        def residual(shares: list[arb]) -> list[arb]:
            return [r.c[0] for r in tape.values(field, curve(field, [moved(shares)], 1))]

        def slope(shares: list[arb]) -> Matrix:
            return product(jacobian_at(tape, moved(shares), field), across, field)

        try:
            return moved(krawczyk([arb(0)] * len(ways), residual, slope, field)), True
        except DomainError:
            start = given
    try:
        point = krawczyk(
            start,
            lambda x: [g.c[0] for g in problem.gradient(field, [x], 1)],
            lambda x: hessian_at(problem.tape, x, field),
            field,
        )
    except DomainError:
        raise DomainError.of(
            "normal form",
            "a point near a minimum where the residuals' gradients are independent or the Hessian is regular",
            "no critical point that Newton's method is proved to reach",
            "Train longer, or give the exact minimum.",
        ) from None
    return point, False


def _fitted(tape: Tape, start: list[arb], field: Balls) -> list[arb]:
    """Least changes of the parameters that make residuals vanish to first order, shortened while they do not help."""
    point = start

    def residual(at: list[arb]) -> list[arb]:
        return [middle(r.c[0]) for r in tape.values(field, curve(field, [at], 1))]

    now = residual(point)
    for _ in range(FITS):
        size = float(sum((r * r for r in now), field.zero))
        if size < 1e-30:
            break
        ways = [[middle(e) for e in row] for row in jacobian_at(tape, point, field)]
        across = transposed(ways)
        try:
            shares = Solver(product(ways, across, field), field)(now)
        except DomainError:
            break
        move = times(across, shares, field)
        for halved in range(12):
            tried = [middle(p - m * fmpq(1, 2**halved)) for p, m in zip(point, move, strict=True)]
            then = residual(tried)
            if float(sum((r * r for r in then), field.zero)) < size:
                point, now = tried, then
                break
        else:
            break
    return point
