"""Closed products of J and derivatives as multisets of necklaces, so that equal products can be collected."""

from __future__ import annotations

from flint import fmpq_mpoly

from ..algebra.errors import ProofError
from .tensors import RING, D, Factor, Index, P, Space, Tensor, Term, outputs, parameters

#: Letters of a cycle, alternately passed from output to parameter index and back.
Word = tuple[str, ...]


def canonical(word: Word) -> Word:
    """The least of a word's even rotations and their reflections, which all stand for the same product."""
    turned = (word, word[::-1])
    return min(w[k:] + w[:k] for w in turned for k in range(0, len(word), 2))


def necklaces(term: Term) -> tuple[fmpq_mpoly, tuple[Word, ...]]:
    """A product without free indices as a scalar times cycles.

    Args:
        term: factors ``delta``, ``J`` and ``d``.

    Returns:
        The coefficient, with D or P for each closed chain of deltas, and the canonical words.

    Raises:
        ProofError: an index does not occur exactly twice.
    """
    factors = term.factors
    where: dict[Index, list[tuple[int, int]]] = {}
    for number, factor in enumerate(factors):
        for slot, index in enumerate(factor.indices):
            where.setdefault(index, []).append((number, slot))
    if any(len(places) != 2 for places in where.values()):
        raise ProofError.of("necklaces()", "every index twice", term.factors, "Sum over free indices first.")
    scalar, words, seen = term.coefficient, [], set()
    # cycles that hold a J or d are entered there, by its output index
    order = sorted(range(len(factors)), key=lambda n: factors[n].name == "delta")
    for start in order:
        if start in seen:
            continue
        number, slot, letters = start, 0, []
        while True:
            seen.add(number)
            if factors[number].name != "delta":
                letters.append(factors[number].name)
            slot = 1 - slot
            first, second = where[factors[number].indices[slot]]
            number, slot = second if first == (number, slot) else first
            if number == start and slot == 0:
                break
        if letters:
            words.append(canonical(tuple(letters)))
        else:
            scalar = scalar * (D if factors[start].indices[0].space is Space.OUTPUT else P)
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
