"""All straight-line programs of a few operations in two state variables, up to the order of independent operations.

An operation is ``a b + c`` (both signs free). It is a **product** where a and b are values that depend on the state,
and **scalar** where one of them is a constant; c is a value or a constant, zero included. A shape says which values an
operation reads; its signs and constants stay letters. Polynomials are in Z[x, y, a_0.., b_0.., c_0..]: operation i is
``a_i u v + b_i w`` or ``a_i u v + c_i``, with ``a_i``, ``b_i`` not zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product

from flint import Ordering, fmpz_mpoly, fmpz_mpoly_ctx

LONGEST = 5
"""Operations that the ring has letters for."""
RING = fmpz_mpoly_ctx.get(["x", "y", *(f"{letter}_{i}" for letter in "abc" for i in range(LONGEST))], Ordering.lex)
X, Y = RING.gens()[:2]
FACTORS, WEIGHTS, CONSTANTS = (RING.gens()[2 + LONGEST * k : 2 + LONGEST * (k + 1)] for k in range(3))
FIRST_CONSTANT = 2 + 2 * LONGEST
"""Letters from here on may be zero."""
Pair = tuple[fmpz_mpoly, fmpz_mpoly]
Support = frozenset[tuple[int, int]]
"""Exponents of x and y that occur; while signs and constants are letters, no two terms cancel."""
VALUES = "xypqrst"


@dataclass(frozen=True, order=True)
class Read:
    """What one operation reads: positions of values, x and y first.

    Attributes:
        left: first factor.
        right: second factor; None where it is a constant.
        addend: what is added; None where it is a constant.
    """

    left: int
    right: int | None
    addend: int | None

    @property
    def key(self) -> tuple[int, int, int]:
        """For an order among operations that do not need each other."""
        return (self.left, -1 if self.right is None else self.right, 99 if self.addend is None else self.addend)

    @property
    def values(self) -> set[int]:
        """Positions read."""
        return {v for v in (self.left, self.right, self.addend) if v is not None}


@dataclass(frozen=True)
class Shape:
    """A program but for its signs and constants.

    Attributes:
        reads: the operations.
        outputs: positions of the values that become x and y.
    """

    reads: tuple[Read, ...]
    outputs: tuple[int, int]

    @property
    def constants(self) -> int:
        """How many constants it has."""
        return sum((read.right is None) + (read.addend is None) for read in self.reads)

    def evaluate(self, signs: list[int], addend_signs: list[int]) -> Pair:
        """The map for given signs; constants, and the constant factor of a scalar operation, stay letters.

        Args:
            signs: of the products.
            addend_signs: of the values added.

        Returns:
            Both components.
        """
        values = [X, Y]
        for i, read in enumerate(self.reads):
            if read.right is None:
                head = FACTORS[i] * values[read.left]
            else:
                head = signs[i] * values[read.left] * values[read.right]
            values.append(head + (CONSTANTS[i] if read.addend is None else addend_signs[i] * values[read.addend]))
        return values[self.outputs[0]], values[self.outputs[1]]

    def leading(self, x: int, y: int, slack: int) -> Pair:
        """The parts of highest weight while all signs and constants are letters.

        Args:
            x: weight of x.
            y: weight of y.
            slack: by how much weights may differ and still be equal.

        Returns:
            The leading forms of both components.
        """
        weights, forms = [x, y], [X, Y]
        for i, read in enumerate(self.reads):
            weight, form = weights[read.left], FACTORS[i] * forms[read.left]
            if read.right is not None:
                weight, form = weight + weights[read.right], form * forms[read.right]
            other, rest = 0, CONSTANTS[i]
            if read.addend is not None:
                other, rest = weights[read.addend], WEIGHTS[i] * forms[read.addend]
            if abs(weight - other) <= slack:
                form = form + rest
            elif other > weight:
                weight, form = other, rest
            weights.append(weight)
            forms.append(form)
        return forms[self.outputs[0]], forms[self.outputs[1]]

    def signed(self) -> Iterator[Pair]:
        """The maps for all signs that matter: those of products inside are absorbed, constants absorb theirs."""
        choices = []
        for i, read in enumerate(self.reads):
            outer = i + 2 in self.outputs and read.right is not None
            choices.append(
                [(s, t) for s in ((1, -1) if outer else (1,)) for t in ((1,) if read.addend is None else (1, -1))]
            )
        for choice in product(*choices):
            yield self.evaluate([s for s, _ in choice], [t for _, t in choice])

    def __str__(self) -> str:
        lines = []
        for i, read in enumerate(self.reads):
            head = f"k*{VALUES[read.left]}" if read.right is None else f"{VALUES[read.left]}*{VALUES[read.right]}"
            lines.append(f"{VALUES[i + 2]} = {head} + {'c' if read.addend is None else VALUES[read.addend]}")
        return "; ".join(lines) + f"; x, y <- {VALUES[self.outputs[0]]}, {VALUES[self.outputs[1]]}"


def shapes(kinds: str, every: int = 1, offset: int = 0) -> Iterator[tuple[Shape, tuple[Support, Support]]]:
    """All shapes whose operations are of given kinds, each with the monomials of its components.

    Every operation is used, and the last one is an output. Exchanging x with y is not counted apart: the last value is
    the next y, and the next x too where the other output is a value that no operation reads (then either may be last).

    Args:
        kinds: for each operation, ``N`` (a product) or ``S`` (scalar).
        every: of what can stand before the last operation, one in so many.
        offset: which of them.

    Yields:
        Shape and monomials.
    """
    start = (frozenset({(1, 0)}), frozenset({(0, 1)}))
    beginnings = _beginnings(kinds, (), start, frozenset())
    for reads, values, used in islice(beginnings, offset % every, None, every):
        yield from _ends(kinds[-1], reads, values, used)


_Begun = tuple[tuple[Read, ...], tuple[Support, ...], frozenset[int]]


def _beginnings(
    kinds: str, reads: tuple[Read, ...], values: tuple[Support, ...], used: frozenset[int]
) -> Iterator[_Begun]:
    """All but the last operation."""
    if len(reads) == len(kinds) - 1:
        yield reads, values, used
        return
    for read in _next(kinds[len(reads)], reads, len(values)):
        yield from _beginnings(kinds, (*reads, read), (*values, _support(read, values)), used | read.values)


def _ends(
    kind: str, reads: tuple[Read, ...], values: tuple[Support, ...], used: frozenset[int]
) -> Iterator[tuple[Shape, tuple[Support, Support]]]:
    """The last operation and the outputs."""
    last = len(values)
    for read in _next(kind, reads, last):
        idle = [v for v in range(2, last) if v not in used and v not in read.values]
        if len(idle) > 1:
            continue
        value = _support(read, values)
        for other in idle or range(last):
            yield Shape((*reads, read), (other, last)), (values[other], value)
        for other in idle:
            yield Shape((*reads, read), (last, other)), (value, values[other])


def _support(read: Read, values: tuple[Support, ...]) -> Support:
    head = values[read.left] if read.right is None else _product(values[read.left], values[read.right])
    return head | (_ONE if read.addend is None else values[read.addend])


_ONE: Support = frozenset({(0, 0)})


@lru_cache(maxsize=1 << 16)
def _product(a: Support, b: Support) -> Support:
    return frozenset((i + k, j + m) for i, j in a for k, m in b)


def _next(kind: str, reads: tuple[Read, ...], count: int) -> Iterator[Read]:
    """What the next operation may read; where it does not need the one before, the smaller of the two comes first."""
    for read in _reads(kind, count):
        if not reads or count - 1 in read.values or read.key >= reads[-1].key:
            yield read


def _reads(kind: str, count: int) -> Iterator[Read]:
    addends: list[int | None] = [*range(count), None]
    for left in range(count):
        if kind == "N":
            yield from (Read(left, right, addend) for right in range(left, count) for addend in addends)
        else:
            yield from (Read(left, None, addend) for addend in addends if addend != left)
