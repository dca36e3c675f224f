"""A box cut into cells, and in each cell what Gappa shows block by block."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...symbolic.algebra.errors import DomainError, ProofError
from .blocks import Block, Rounding
from .script import Entry, Exit, Interval, ask, dyadic
from .terms import Term

Box = Mapping[str, Interval]
SHORT = 24
"""Bits of the bounds that one block hands to the next."""
HUGE = Fraction(2) ** 1000
"""Computed values stay below this, far from the largest double."""
FIGURES = 3
"""Decimal figures of a bound that is written down."""


@dataclass(frozen=True)
class Cell:
    """A box with what is shown of each block there.

    Attributes:
        box: ranges of start and parameters.
        exits: of each block.
    """

    box: Box
    exits: tuple[Exit, ...]

    def entries(self, blocks: Sequence[Block]) -> list[Entry]:
        """What each block begins with."""
        found = [Entry(self.box, {})]
        for block, exit_ in zip(blocks[1:], self.exits, strict=False):
            fixed = {v: self.box[v] for v in block.parameters}
            ranges = dict(zip(block.inputs, exit_.ranges, strict=True))
            found.append(Entry({**ranges, **fixed}, dict(zip(block.inputs, exit_.errors, strict=True))))
        return found


@dataclass(frozen=True)
class Split:
    """A box cut in two.

    Attributes:
        variable: along which.
        at: where.
        low: what lies below.
        high: what lies above.
    """

    variable: str
    at: Fraction
    low: Tree
    high: Tree


Tree = Cell | Split


def cells_of(tree: Tree) -> list[Cell]:
    """The cells in order."""
    return [tree] if isinstance(tree, Cell) else [*cells_of(tree.low), *cells_of(tree.high)]


def follow(blocks: Sequence[Block], box: Box) -> Cell:
    """Ask Gappa about one block after the other.

    Args:
        blocks: of the program.
        box: of start and parameters.

    Returns:
        The cell; its bounds are rounded up to few bits.

    Raises:
        ProofError: Gappa finds no bound.
    """
    cell = Cell(box, ())
    for block in blocks:
        found = ask(block, cell.entries(blocks)[-1])
        short = Exit(
            tuple((dyadic(a, False, SHORT), dyadic(b, True, SHORT)) for a, b in found.ranges),
            tuple(dyadic(e, True, SHORT) for e in found.errors),
        )
        cell = Cell(box, (*cell.exits, short))
    check_magnitudes(blocks, cell)
    return cell


def partition(
    blocks: Sequence[Block], box: Box, most: int, progress: Callable[[float], None] = lambda share: None
) -> Tree:
    """Cut a box where the error bound is worst, each time along the variable that lowers it most.

    Args:
        blocks: of the program.
        box: of start and parameters.
        most: cells at most.
        progress: called with the share done.

    Returns:
        The cells as a tree of cuts.
    """
    first = follow(blocks, box)
    scale = [e or Fraction(1) for e in first.exits[-1].errors]

    def size(cell: Cell) -> Fraction:
        return max(e / s for e, s in zip(cell.exits[-1].errors, scale, strict=True))

    serial = 0
    cuts: dict[int, tuple[str, Fraction, int, int]] = {}
    known = {0: first}
    queue = [(-size(first), 0)]
    while len(queue) < most:
        _, worst = heapq.heappop(queue)
        halves = [_halve(blocks, known[worst].box, v) for v, (a, b) in known[worst].box.items() if a < b]
        if not halves:
            break
        at, variable, pair = min(halves, key=lambda h: max(map(size, h[2])))
        numbers = []
        for cell in pair:
            serial += 1
            known[serial] = cell
            numbers.append(serial)
            heapq.heappush(queue, (-size(cell), serial))
        cuts[worst] = variable, at, numbers[0], numbers[1]
        progress(len(queue) / most)

    def grown(index: int) -> Tree:
        if index not in cuts:
            return known[index]
        variable, at, low, high = cuts[index]
        return Split(variable, at, grown(low), grown(high))

    return grown(0)


def _halve(blocks: Sequence[Block], box: Box, variable: str) -> tuple[Fraction, str, tuple[Cell, Cell]]:
    low, high = box[variable]
    middle = (low + high) / 2
    below = follow(blocks, {**box, variable: (low, middle)})
    return middle, variable, (below, follow(blocks, {**box, variable: (middle, high)}))


def round_up(value: Fraction) -> Fraction:
    """A bound with few decimal figures, not below a value."""
    if value <= 0:
        return Fraction(0)
    power = Fraction(1)
    while value * power < 10 ** (FIGURES - 1):
        power *= 10
    return Fraction(-(-(value * power).numerator // (value * power).denominator)) / power


def bounds_of(tree: Tree) -> tuple[Fraction, ...]:
    """Bounds for the whole box: the largest over its cells, rounded up to few figures."""
    rows = [cell.exits[-1].errors for cell in cells_of(tree)]
    return tuple(round_up(max(column)) for column in zip(*rows, strict=True))


def check_magnitudes(blocks: Sequence[Block], cell: Cell) -> None:
    """Make sure that no rounded value of a cell comes near the largest double, which the proof leaves out.

    Args:
        blocks: of the program.
        cell: with its bounds.

    Raises:
        DomainError: a value may be too large.
    """
    for block, entry in zip(blocks, cell.entries(blocks), strict=True):
        sizes = {v: max(map(abs, entry.computed(v))) for v in (*block.inputs, *block.parameters)}
        for rounding in block.roundings:
            sizes[rounding.result] = _size(rounding, sizes)
            if sizes[rounding.result] >= HUGE:
                raise DomainError.of("round_off()", "values below 2^1000", rounding.result, "Take fewer steps.")


def _size(rounding: Rounding, sizes: Mapping[str, Fraction]) -> Fraction:
    def of(term: Term) -> Fraction:
        if term.kind == "name":
            return sizes[str(term.value)]
        if term.kind == "number":
            return abs(Fraction(term.value))
        parts = [of(part) for part in term.parts]
        if term.kind == "mul":
            return parts[0] * parts[1]
        return sum(parts, Fraction(0))

    # a rounded value exceeds what is rounded by less than its own size
    return dyadic(2 * of(rounding.computed), True, SHORT) or Fraction(1, 2**1000)


def tree_to_json(tree: Tree) -> dict[str, Any]:
    """A tree as data; rationals as text."""
    if isinstance(tree, Split):
        return {
            "variable": tree.variable,
            "at": str(tree.at),
            "low": tree_to_json(tree.low),
            "high": tree_to_json(tree.high),
        }
    blocks = [
        {"errors": [str(e) for e in x.errors], "ranges": [[str(a), str(b)] for a, b in x.ranges]} for x in tree.exits
    ]
    return {"blocks": blocks}


def tree_from_json(data: Mapping[str, Any], box: Box) -> Tree:
    """The inverse of :func:`tree_to_json`.

    Args:
        data: the tree.
        box: that it divides.

    Returns:
        The tree.

    Raises:
        ProofError: the data is no such tree.
    """
    try:
        if "variable" in data:
            variable, at = str(data["variable"]), Fraction(data["at"])
            low, high = box[variable]
            inner = ({**box, variable: (low, at)}, {**box, variable: (at, high)})
            parts = [tree_from_json(data[side], b) for side, b in zip(("low", "high"), inner, strict=True)]
            return Split(variable, at, parts[0], parts[1])
        exits = tuple(
            Exit(
                tuple((Fraction(a), Fraction(b)) for a, b in block["ranges"]),
                tuple(Fraction(e) for e in block["errors"]),
            )
            for block in data["blocks"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ProofError.of(
            "tree_from_json()", "a tree of cells", repr(error), "Write the certificate anew."
        ) from error
    return Cell(box, exits)
