"""Wick contraction of Gaussian factors, and contraction of what is left into invariants of ``K = J J'``."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import sympy as sp
from flint import fmpq_mpoly

from ..algebra.errors import ProofError
from .tensors import LAMBDA, MU, POWERS, RING, SIGMA_Q, SIGMA_Z, TAU, D, Factor, Index, P, Space, Tensor, Term

Indices = tuple[Index, ...]
#: The covariance of two factors: a sum of coefficient times Kronecker deltas.
Covariance = Callable[[Indices, Indices], tuple[tuple[fmpq_mpoly, tuple[Factor, ...]], ...]]


def delta(left: Index, right: Index) -> Factor:
    """Kronecker's delta."""
    return Factor("delta", (left, right))


def pairings(items: tuple[int, ...]) -> Iterator[tuple[tuple[int, int], ...]]:
    """All ways to split items into pairs; none if their number is odd.

    Args:
        items: distinct items.

    Yields:
        The pairs.
    """
    if not items:
        yield ()
    for place in range(1, len(items)):
        for rest in pairings(items[1:place] + items[place + 1 :]):
            yield ((items[0], items[place]), *rest)


def wick(tensor: Tensor, name: str, covariance: Covariance) -> Tensor:
    """Expectation over a centred Gaussian factor, by Isserlis' theorem: the sum over pairings.

    With exactly two such factors in a term only the covariance is used, so there the result holds for every law.

    Args:
        tensor: a sum of products.
        name: the Gaussian factor.
        covariance: of two such factors, from their indices.

    Returns:
        The expectation, with deltas in place of the factors.
    """
    found = []
    for term in tensor:
        gaussian = [f for f in term.factors if f.name == name]
        rest = tuple(f for f in term.factors if f.name != name)
        for pairs in pairings(tuple(range(len(gaussian)))):
            choices = [covariance(gaussian[a].indices, gaussian[b].indices) for a, b in pairs]
            for choice in itertools.product(*choices):
                scalar, deltas = term.coefficient, rest
                for coefficient, pair in choice:
                    scalar, deltas = scalar * coefficient, deltas + pair
                found.append(Term(scalar, deltas))
    return tuple(found)


def independent(variance: fmpq_mpoly) -> Covariance:
    """Independent entries of one variance: delta of each index with its twin."""

    def covariance(x: Indices, y: Indices) -> tuple[tuple[fmpq_mpoly, tuple[Factor, ...]], ...]:
        return ((variance, tuple(delta(a, b) for a, b in zip(x, y, strict=True))),)

    return covariance


residual_covariance = independent(SIGMA_Z**2)


def orthogonal_slices(x: Indices, y: Indices) -> tuple[tuple[fmpq_mpoly, tuple[Factor, ...]], ...]:
    """GOE-like Q: independent symmetric slices, off-diagonal variance s^2, diagonal 2 s^2."""
    (a, i, j), (b, k, m) = x, y
    same = delta(a, b)
    return ((SIGMA_Q**2, (same, delta(i, k), delta(j, m))), (SIGMA_Q**2, (same, delta(i, m), delta(j, k))))


def averaged_slices(x: Indices, y: Indices) -> tuple[tuple[fmpq_mpoly, tuple[Factor, ...]], ...]:
    """Symmetric slices whose diagonal variance is ``2 s^2 + kappa``, seen by a rotation-invariant J.

    The covariance has the extra term ``kappa * sum_i e_i e_i e_i e_i``; against a law of J that is invariant under
    rotations of the parameters it acts as its rotation average, ``tau`` times the three pairings of deltas, with
    ``tau = kappa * copy_average(P)``.
    """
    (a, i, j), (b, k, m) = x, y
    same = delta(a, b)
    extra = ((i, k, j, m), (i, m, j, k), (i, j, k, m))
    return (
        *orthogonal_slices(x, y),
        *((TAU, (same, delta(p, q), delta(r, s))) for p, q, r, s in extra),
    )


@cache
def copy_average(dimension: sp.Expr) -> sp.Expr:
    """The factor c in ``average of sum_i e_i^(x4) over rotations = c * (three pairings of deltas)``.

    The average is invariant and totally symmetric, so it is a multiple of the three pairings; tracing out both pairs
    of indices fixes the multiple.

    Args:
        dimension: of the space.

    Returns:
        c, from the trace condition.
    """
    i = Index(Space.PARAMETER, -1)
    j = Index(Space.PARAMETER, -2)
    full = [((i, i), (j, j)), ((i, j), (i, j)), ((i, j), (j, i))]
    traced = sum(
        (RING.to_expr(contract(Term(RING.one, tuple(delta(*pair) for pair in pairs)))) for pairs in full), sp.Integer(0)
    )
    p_symbol = RING.symbols[1]
    return sp.cancel(dimension / traced.subs(p_symbol, dimension))


def contract(term: Term) -> fmpq_mpoly:
    """A product without free indices as a polynomial in the invariants.

    Cycles of J become ``D``, ``P`` or power sums ``p_r = tr K^r``; chains between eigenvectors become powers of the
    eigenvalue (same eigenvector) or 0 (different ones).

    Args:
        term: factors ``delta``, ``J``, ``w`` (eigenvector of lambda_k), ``u`` (another one, of lambda_j).

    Returns:
        The polynomial.

    Raises:
        ProofError: an index does not occur exactly twice, or a power sum exceeds what the ring carries.
    """
    factors = term.factors
    where: dict[Index, list[tuple[int, int]]] = {}
    for number, factor in enumerate(factors):
        for slot, index in enumerate(factor.indices):
            where.setdefault(index, []).append((number, slot))
    if any(len(places) != 2 for places in where.values()):
        raise ProofError.of("contract()", "every index twice", term.factors, "Sum over free indices first.")
    result = term.coefficient
    seen: set[int] = set()

    def walk(number: int, slot: int) -> tuple[int, int]:
        """Follow the contraction out of a slot to an eigenvector, or back to the start; count the J on the way."""
        start, jacobians = (number, slot), 0
        while True:
            first, second = where[factors[number].indices[slot]]
            number, slot = second if first == (number, slot) else first
            seen.add(number)
            jacobians += factors[number].name == "J"
            if len(factors[number].indices) == 1:
                return number, jacobians
            slot = 1 - slot
            if (number, slot) == start:
                return number, jacobians

    for number, factor in enumerate(factors):
        if len(factor.indices) == 1 and number not in seen:
            seen.add(number)
            end, count = walk(number, 0)
            if factors[end].name != factor.name:
                return RING.zero
            result = result * (LAMBDA if factor.name == "w" else MU) ** (count // 2)
    for number, factor in enumerate(factors):
        if number not in seen:
            _, count = walk(number, 1)
            result = result * (power_sum(count // 2) if count else D if factor.indices[0].space is Space.OUTPUT else P)
    return result


def power_sum(power: int) -> fmpq_mpoly:
    """``tr K^power`` as a generator of the ring.

    Args:
        power: at least 1.

    Returns:
        The generator.

    Raises:
        ProofError: the ring does not carry it.
    """
    if not 1 <= power <= len(POWERS):
        raise ProofError.of("power_sum()", f"a power in 1..{len(POWERS)}", power, "Raise MOST_POWER.")
    return POWERS[power - 1]


def split_gaps(tensor: Sequence[Term]) -> tuple[Tensor, Tensor]:
    """Terms without and with the factor ``1 / (lambda_k - lambda_j)``, that factor taken out.

    Args:
        tensor: a sum whose terms hold the factor at most once.

    Returns:
        Both parts.

    Raises:
        ProofError: a term holds the factor more than once.
    """
    plain: list[Term] = []
    gapped: list[Term] = []
    for term in tensor:
        gaps = sum(f.name == "gap" for f in term.factors)
        if gaps > 1:
            raise ProofError.of("split_gaps()", "at most one gap", gaps, "Only second order is meant.")
        bare = Term(term.coefficient, tuple(f for f in term.factors if f.name != "gap"))
        (gapped if gaps else plain).append(bare)
    return tuple(plain), tuple(gapped)
