"""Wick contraction of Gaussian factors, and contraction of what is left into invariants of ``K = J J'``.

Products that still hold derivatives are collected as necklaces: cyclic words up to rotation and reflection.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import sympy as sp
from flint import fmpq_mpoly

from ..algebra.errors import ProofError
from .tensors import (
    LAMBDA,
    MU,
    POWERS,
    RING,
    SIGMA_Q,
    SIGMA_Z,
    TAU,
    D,
    Factor,
    Index,
    P,
    Space,
    Tensor,
    Term,
    outputs,
    parameters,
)

Indices = tuple[Index, ...]
#: Letters of a cycle of J and derivatives, alternately passed from output to parameter index and back: a necklace.
Word = tuple[str, ...]
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
    rotations of the parameters it acts as its rotation average, ``tau_Q`` times the three pairings of deltas, with
    ``tau_Q = kappa * copy_average(P)``.
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


def chains(factors: Sequence[Factor]) -> Iterator[list[Factor]]:
    """A product without free indices as chains between eigenvectors, and cycles.

    Args:
        factors: eigenvectors hold one index, all others two.

    Yields:
        The factors of each chain in order, eigenvectors at both ends; then those of each cycle, which is entered by the
        first index of a factor that is no delta, if it holds one.

    Raises:
        ProofError: an index does not occur exactly twice.
    """
    where: dict[Index, list[tuple[int, int]]] = {}
    for number, factor in enumerate(factors):
        for slot, index in enumerate(factor.indices):
            where.setdefault(index, []).append((number, slot))
    if any(len(places) != 2 for places in where.values()):
        raise ProofError.of("chains()", "every index twice", factors, "Sum over free indices first.")
    seen: set[int] = set()
    for start in sorted(range(len(factors)), key=lambda n: (len(factors[n].indices) > 1, factors[n].name == "delta")):
        if start in seen:
            continue
        chain, number, leave = [factors[start]], start, len(factors[start].indices) - 1
        seen.add(start)
        while True:
            first, second = where[factors[number].indices[leave]]
            number, entered = second if first == (number, leave) else first
            if number == start:
                break
            seen.add(number)
            chain.append(factors[number])
            if len(factors[number].indices) == 1:
                break
            leave = 1 - entered
        yield chain


def contract(term: Term) -> fmpq_mpoly:
    """A product without free indices as a polynomial in the invariants.

    Cycles of J become ``D``, ``P`` or power sums ``p_r = tr K^r``; chains between eigenvectors become powers of the
    eigenvalue (same eigenvector) or 0 (different ones).

    Args:
        term: factors ``delta``, ``J``, ``w`` (eigenvector of lambda_k), ``u`` (another one, of lambda_j).

    Returns:
        The polynomial.
    """
    result = term.coefficient
    for chain in chains(term.factors):
        power = sum(f.name == "J" for f in chain) // 2
        if len(chain[0].indices) == 1:
            if chain[0].name != chain[-1].name:
                return RING.zero
            result = result * (LAMBDA if chain[0].name == "w" else MU) ** power
        else:
            result = result * (power_sum(power) if power else _dimension(chain[0]))
    return result


def _dimension(factor: Factor) -> fmpq_mpoly:
    return D if factor.indices[0].space is Space.OUTPUT else P


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


def canonical(word: Word) -> Word:
    """The least of a word's even rotations and their reflections, which all stand for the same product."""
    both = (word, word[::-1])
    return min(w[k:] + w[:k] for w in both for k in range(0, len(word), 2))


def necklaces(term: Term) -> tuple[fmpq_mpoly, tuple[Word, ...]]:
    """A product without free indices as a scalar times cycles.

    Args:
        term: factors ``delta``, ``J`` and ``d``.

    Returns:
        The coefficient, with D or P for each closed chain of deltas, and the canonical words.
    """
    scalar, words = term.coefficient, []
    for chain in chains(term.factors):
        letters = tuple(f.name for f in chain if f.name != "delta")
        if letters:
            words.append(canonical(letters))
        else:
            scalar = scalar * _dimension(chain[0])
    return scalar, tuple(sorted(words))


def spell(words: tuple[Word, ...]) -> tuple[Factor, ...]:
    """Words as factors with fresh indices."""
    factors = []
    for word in words:
        half = len(word) // 2
        tops, bottoms = outputs(half), parameters(half)
        for n in range(half):
            factors.append(Factor(word[2 * n], (tops[n], bottoms[n])))
            factors.append(Factor(word[2 * n + 1], (tops[(n + 1) % half], bottoms[n])))
    return tuple(factors)


def collect(tensor: Tensor) -> Tensor:
    """Add up equal products.

    Args:
        tensor: a sum without free indices.

    Returns:
        The same sum with one term for each multiset of necklaces.
    """
    sums: dict[tuple[Word, ...], fmpq_mpoly] = {}
    for term in tensor:
        scalar, words = necklaces(term)
        sums[words] = sums.get(words, RING.zero) + scalar
    return tuple(Term(scalar, spell(words)) for words, scalar in sums.items() if scalar != RING.zero)
