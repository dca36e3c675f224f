"""What outputs, targets and losses have to look like, whatever differentiates the model."""

from __future__ import annotations

import contextlib
import math
import os
from typing import Any

import numpy as np

from ....symbolic.algebra.errors import DomainError


def check_outputs(
    where: str, shape: tuple[int, ...] | str, examples: int, loss_name: str, targets: tuple[int, ...] | None
) -> int:
    """Check outputs and targets by their shapes.

    Args:
        where: for the message.
        shape: of the outputs of all examples; a word where they are no array.
        examples: number of examples N.
        loss_name: ``"mse"``, ``"cross-entropy"`` or ``"own"``.
        targets: shape of the targets; None where they are several arrays.

    Returns:
        The number of outputs of all examples.

    Raises:
        DomainError: outputs without one row for each example, or targets that do not fit the loss.
    """
    if isinstance(shape, str) or shape[:1] != (examples,):
        fix = "Return one row for each example."
        raise DomainError.of(where, f"outputs of shape ({examples}, ..)", str(shape), fix)
    got = f"targets {targets} and outputs {shape}"
    if loss_name == "mse" and targets != shape:
        raise DomainError.of(where, "targets of the outputs' shape", got, "Reshape the targets.")
    if loss_name == "cross-entropy" and (len(shape) != 2 or targets not in {shape, shape[:1]}):
        fix = "Return scores (N, C) and give labels (N,) or probabilities (N, C)."
        raise DomainError.of(where, "scores (N, C) and labels", got, fix)
    return math.prod(shape)


def check_labels(where: str, targets: Any, classes: int) -> None:
    """Check labels of the cross-entropy: integers that name a class.

    Args:
        where: for the message.
        targets: labels ``(N,)``; probabilities ``(N, C)`` pass.
        classes: number of classes C.

    Raises:
        DomainError: labels that are no integers, or name no class.
    """
    labels = np.asarray(targets)
    if labels.ndim != 1:
        return
    if labels.dtype.kind not in "iu":
        raise DomainError.of(where, "integer labels", f"{labels.dtype}", "Round them, or give probabilities (N, C).")
    if labels.min() < 0 or labels.max() >= classes:
        got = f"labels {labels.min()} to {labels.max()}"
        raise DomainError.of(where, f"labels 0 to {classes - 1}", got, "Number the classes from 0, or add outputs.")


def check_one_loss(where: str, shape: tuple[int, ...] | str) -> None:
    """Check that the loss of one example is a number.

    Args:
        where: for the message.
        shape: what it returns for one example.

    Raises:
        DomainError: it is not.
    """
    if shape != ():
        got = f"shape {shape}"
        raise DomainError.of(where, "a loss of one example that is a number", got, "Sum it over outputs.")


def check_chunk(where: str, chunk: int | None, examples: int) -> None:
    """Check the number of examples that are differentiated at once.

    Args:
        where: for the message.
        chunk: the number, or None for all.
        examples: how many there are.

    Raises:
        DomainError: it does not fit.
    """
    if chunk is not None and not (isinstance(chunk, int) and 1 <= chunk <= examples):
        raise DomainError.of(where, f"chunk between 1 and {examples}", chunk, "Choose one that fits.")


def real_array(where: str, name: str, value: Any) -> Any:
    """An array of real numbers in float64.

    Args:
        where: for the message.
        name: of the argument.
        value: what the user gave.

    Returns:
        The array.

    Raises:
        DomainError: it holds something else, or rows of unequal length.
    """
    found = None
    with contextlib.suppress(TypeError, ValueError):  # rows of unequal length
        found = np.asarray(value)
    if found is None or found.dtype.kind not in "fiub":
        got = f"{type(value).__name__} {value!r}"[:80]
        raise DomainError.of(where, f"{name} as an array of real numbers", got, "Pass floats.")
    return found.astype(np.float64, copy=False)


def free_memory() -> int | None:
    """Memory of the machine that is free, in bytes; None where the system does not say."""
    with contextlib.suppress(ValueError, OSError, AttributeError):
        return int(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return None
