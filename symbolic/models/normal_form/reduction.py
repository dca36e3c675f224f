"""From a minimum to two dimensions: flip, cubic coefficient of the fibre, and the drift along the minima.

About a minimum with top eigenvalue ``S`` and ``eta = 2/S``: ``xi`` along the top eigenvector, ``v`` in the kernel of
the Hessian. On the centre manifold ``xi' = -(1 + eta b.v) xi + c xi^3 + ..`` and ``v' = v - (eta/2) b xi^2 + ..``,
where ``b`` is the gradient of the sharpness along the minima: the third derivative of the loss, twice along the
eigenvector. With ``y = b.v``, the excess of the sharpness, two steps are ``dx = 2 x (eta y - c x^2)`` and
``dy = -eta beta x^2``, ``beta = |b|^2``. What has relaxed follows ``eta y = c x^2 - kappa`` with
``kappa = eta^2 beta / (4 c)``, and ends at ``y = -kappa/eta``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from .centre_manifold import reduce_to_flip
from .critical_point import Problem
from .fields import Element
from .jets import Jet
from .linear import Vector, added, dot, scaled
from .spectrum import Spectrum


@dataclass(frozen=True)
class Reduced:
    """Coefficients for an amplitude ``xi`` measured by length.

    Attributes:
        coefficients: of ``xi'`` by odd power from 3 (only the third along a manifold of minima).
        beta: squared gradient of the sharpness along the minima.
        bending: ``d beta / d S`` along that gradient: twice the second derivative of the sharpness there.
        kappa: ``eta^2 beta / (4 c)``; None where c may be 0.
        rho: ``eta bending / (4 c)``; None where c may be 0.
        fibre: ``w_2``: the fibre bends to ``xi q + w_2 xi^2``.
        slope: the gradient ``b`` of the sharpness along the minima.
        curved: the minima bend to ``s b + m s^2``: ``m``.
    """

    coefficients: dict[int, Element]
    beta: Element
    bending: Element
    kappa: Element | None
    rho: Element | None
    fibre: Vector
    slope: Vector
    curved: Vector


def reduce_isolated(problem: Problem, point: Sequence[Element], spectrum: Spectrum, order: int) -> Reduced:
    """The normal form at a minimum with a regular Hessian.

    Args:
        problem: the loss.
        point: the minimum.
        spectrum: its Hessian, decomposed.
        order: highest power of xi.

    Returns:
        The coefficients; beta is 0.
    """
    field, q = spectrum.field, spectrum.vector
    eta = field.one * 2 / spectrum.top
    norm = dot(q, q, field)
    solve, below = spectrum.solver(), spectrum.below_top()

    def step(jets: list[Jet]) -> list[Jet]:
        there = [Jet(field, [p, *j.c[1:]]) for p, j in zip(point, jets, strict=True)]
        slopes = problem.tape.gradient(field, there)
        moved = [j - g.scaled(eta) for j, g in zip(jets, slopes, strict=True)]
        return [Jet(field, [field.zero, *m.c[1:]]) for m in moved]

    found = reduce_to_flip(
        step,
        q,
        [e / norm for e in q],
        # A - 1 = -eta H, and A + 1 = eta (S - H)
        lambda b: scaled(solve(b), field.zero - field.one / eta),
        lambda b: scaled(below(b), field.one / eta),
        order,
        field,
    )
    lengths = {k: norm ** ((k - 1) // 2) for k in range(3, order + 1, 2)}
    odds = {k: found.coefficients[k] / lengths[k] for k in lengths}
    still = [field.zero] * len(q)
    return Reduced(odds, field.zero, field.zero, None, None, found.terms[2], still, still)


def reduce_along_minima(problem: Problem, point: Sequence[Element], spectrum: Spectrum) -> Reduced:
    """The degenerate form at a minimum with null directions: a fibre, and a drift along the minima.

    Args:
        problem: the loss.
        point: the minimum.
        spectrum: its Hessian, decomposed.

    Returns:
        The coefficients.
    """
    field, q, base = spectrum.field, spectrum.vector, list(point)
    eta = field.one * 2 / spectrum.top
    norm = dot(q, q, field)
    solve = spectrum.solver()

    def coefficient(terms: Sequence[Vector], power: int) -> Vector:
        return [g.c[power] for g in problem.gradient(field, [base, *terms], power + 1)]

    along = coefficient([q], 2)
    second = scaled(solve(along), fmpq(-1))
    third = coefficient([q, second], 3)
    cubic = dot(q, third, field) * eta / (norm * norm) * fmpq(-1)
    slope = scaled(spectrum.on_kernel(along), field.one * 2 / norm)
    beta = dot(slope, slope, field)
    if field.is_zero(beta):
        return Reduced({3: cubic}, beta, field.zero, None, None, second, slope, slope)
    bending, curved = _bending(problem, base, spectrum, slope, along)
    if field.is_zero(cubic) is not False:
        return Reduced({3: cubic}, beta, bending, None, None, second, slope, curved)
    kappa = eta * eta * beta / (cubic * 4)
    return Reduced({3: cubic}, beta, bending, kappa, eta * bending / (cubic * 4), second, slope, curved)


def _bending(
    problem: Problem, base: Vector, spectrum: Spectrum, slope: Vector, along: Vector
) -> tuple[Element, Vector]:
    """Twice the second derivative of the sharpness along the minima, in the direction of its gradient.

    On the minima ``g(s) = theta + s e + s^2 m``, ``H m`` balancing the gradient's second order; then perturbation
    theory of a simple eigenvalue to second order. Mixed derivatives come from four directions, by polarisation.
    The second result is ``m``.
    """
    field, q = spectrum.field, spectrum.vector
    norm, length = dot(q, q, field), dot(slope, slope, field)

    def third(direction: Vector) -> Vector:
        return [g.c[2] for g in problem.gradient(field, [base, direction], 3)]

    def fourth(direction: Vector) -> Element:
        jets = [Jet(field, [b, d, *[field.zero] * 3]) for b, d in zip(base, direction, strict=True)]
        return problem.tape.values(field, jets)[0].c[4]

    both, apart = added(slope, q), added(slope, scaled(q, fmpq(-1)))
    by_slope = third(slope)
    curved = scaled(spectrum.solver()(by_slope), fmpq(-1))
    mixed = [a - b - c for a, b, c in zip(third(both), by_slope, along, strict=True)]
    side = spectrum.off_top(mixed)
    quartic = fourth(both) + fourth(apart) - (fourth(slope) + fourth(q)) * 2
    second = quartic + dot(curved, along, field) * 2 + dot(side, spectrum.below_top()(side), field)
    # second order of the eigenvalue in s, times 2 for the derivative, times 2 for beta = |b|^2, over |e|^2
    return second / norm * 4 / length, curved
