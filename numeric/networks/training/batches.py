"""Mini-batches as a function of seed and step alone, so that a resumed run draws the same ones."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, examples: int) -> Array:
    # as default_rng has it, without its look at what kind of seed it got
    return np.random.Generator(np.random.PCG64((seed, epoch))).permutation(examples)


def batch_at(seed: int, step: int, examples: int, size: int) -> Array:
    """The batch of one step: each epoch shuffles the examples anew and takes them in turn, a rest is left out.

    Args:
        seed: of the run.
        step: number of the step, from 0.
        examples: N.
        size: of the batch, 1 to N.

    Returns:
        Numbers of examples, shape ``(size,)``.
    """
    epoch, place = divmod(step, examples // size)
    return _order(seed, epoch, examples)[place * size : (place + 1) * size]


def batches_from(seed: int, step: int, count: int, examples: int, size: int) -> Array:
    """The batches of many steps, as ``batch_at`` has them.

    Args:
        seed: of the run.
        step: number of the first step.
        count: how many.
        examples: N.
        size: of a batch.

    Returns:
        Numbers of examples, shape ``(count, size)``.
    """
    each = examples // size
    epochs = range(step // each, (step + count - 1) // each + 1)
    orders = [_order(seed, epoch, examples)[: each * size] for epoch in epochs]
    begin = step - epochs.start * each
    return np.concatenate(orders).reshape(-1, size)[begin : begin + count]
