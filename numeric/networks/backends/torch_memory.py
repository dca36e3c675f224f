"""Memory that a computation of PyTorch keeps alive, counted, and foreseen from two small ones."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

SMALL = 8
"""Examples of the smaller of the two runs."""


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of tensors that are made and alive, as they come and go; what was there before is not counted.

    Attributes:
        live: bytes alive.
        history: bytes alive after each operation.
    """

    def __init__(self) -> None:
        """Start at zero."""
        super().__init__()
        self.live = 0
        self.history: list[int] = []
        self._known: set[int] = set()

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        """Run an operation and note what it made."""
        found = function(*arguments, **(named or {}))
        # a view shares the storage of what it is a view of
        given = {leaf.untyped_storage()._cdata for leaf in tree_leaves((arguments, named)) if isinstance(leaf, Tensor)}
        for leaf in tree_leaves(found):
            if isinstance(leaf, Tensor):
                storage = leaf.untyped_storage()
                if storage._cdata not in self._known | given:
                    self._known.add(storage._cdata)
                    self.live += storage.nbytes()
                    weakref.finalize(storage, self._gone, storage._cdata, storage.nbytes())
        self.history.append(self.live)
        return found

    def _gone(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.live -= size


def bytes_alive(run: Callable[[], object]) -> list[int]:
    """Bytes alive after each operation of a computation, workspace inside single operations not counted.

    Args:
        run: the computation.

    Returns:
        Bytes, in the order of the operations.
    """
    with LiveBytes() as counter:
        run()
    return counter.history


def foreseen(alive: Callable[[int], list[int]], examples: int) -> int:
    """The peak over many examples, from runs over 8 and 16.

    After each operation a constant and a share for each example are alive; the largest of these sums is the peak. (The
    peaks of the two runs themselves would mislead: with few examples it is the parameters that fill memory, elsewhere.)

    Args:
        alive: bytes alive after each operation of a run over so many examples.
        examples: how many there will be.

    Returns:
        Bytes; where the two runs differ in their operations, the second peak in proportion, which is too much.
    """
    small, twice = min(SMALL, examples), min(2 * SMALL, examples)
    if small == twice:
        return max(alive(small))
    low, high = alive(small), alive(twice)
    if len(low) != len(high):
        return max(high) * examples // twice
    return max(b + (b - a) * (examples - twice) // (twice - small) for a, b in zip(low, high, strict=True))
