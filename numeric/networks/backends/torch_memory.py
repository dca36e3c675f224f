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
    """Counts the bytes of tensors that are alive, as they come and go.

    Attributes:
        live: bytes alive.
        peak: the most there were.
    """

    def __init__(self) -> None:
        """Start at zero."""
        super().__init__()
        self.live = self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        """Run an operation and note what it made."""
        found = function(*arguments, **(named or {}))
        for leaf in tree_leaves(found):
            if isinstance(leaf, Tensor):
                storage = leaf.untyped_storage()
                if storage._cdata not in self._known:
                    self._known.add(storage._cdata)
                    self.live += storage.nbytes()
                    self.peak = max(self.peak, self.live)
                    weakref.finalize(storage, self._gone, storage._cdata, storage.nbytes())
        return found

    def _gone(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.live -= size


def peak_of(run: Callable[[], object]) -> int:
    """The most bytes alive during a computation, workspace inside single operations not counted.

    Args:
        run: the computation.

    Returns:
        Bytes.
    """
    with LiveBytes() as counter:
        run()
    return counter.peak


def foreseen(peak: Callable[[int], int | None], examples: int) -> int | None:
    """The peak over many examples: a constant and a share for each example, from runs over 8 and 16.

    Args:
        peak: bytes at the peak of a run over so many examples.
        examples: how many there will be.

    Returns:
        Bytes; None where a run gives none.
    """
    small, twice = min(SMALL, examples), min(2 * SMALL, examples)
    low, high = peak(small), peak(twice)
    if low is None or high is None or small == twice:
        return high
    return high + (high - low) * (examples - twice) // (twice - small)
