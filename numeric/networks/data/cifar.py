"""CIFAR-10 in its binary version, from a folder that the user names; nothing is downloaded or unpickled."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...runs.limits import check_count
from .targets import Array, one_hot

WHERE = "cifar_data()"
PIXELS = 3072
RECORD = 1 + PIXELS
"""Bytes of one image: its label, then 1024 red, 1024 green and 1024 blue values, each 32 rows of 32."""

IMAGES = 10_000
"""Records in each file."""

TRAINING = tuple(f"data_batch_{k}.bin" for k in range(1, 6))
LAYOUT = f"{', '.join(TRAINING)} of {IMAGES * RECORD:,} bytes each"
FIX = "Unpack cifar-10-binary.tar.gz and name the folder cifar-10-batches-bin."


def cifar_data(folder: str | Path, examples: int = 5000) -> tuple[Array, Array]:
    """The first images of CIFAR-10's training set, as Cohen et al. prepare them.

    Each of the 3,072 numbers of an image is centred and divided by its standard deviation over all 50,000 training
    images; a pixel that never varies stays 0.

    Args:
        folder: with the five training files of the binary version.
        examples: how many, from the first on; default 5,000, their "5k subset".

    Returns:
        Inputs ``(N, 3072)``, colours first as in the files, and one-hot targets ``(N, 10)``, float64.

    Raises:
        DomainError: a file is missing, of another size, or holds labels above 9; a count out of range.

    Source:
        Krizhevsky 2009 for the format; Cohen et al. 2021 for the subset and its preparation.

    Example:
        >>> try:
        ...     es.networks.cifar_data("no-such-folder")
        ... except es.DomainError as error:
        ...     print("cifar-10-batches-bin" in str(error))
        True
    """
    if check_count(WHERE, "examples", examples) > len(TRAINING) * IMAGES:
        raise DomainError.of(WHERE, f"1 to {len(TRAINING) * IMAGES:,} examples", examples, "Choose fewer.")
    total, squares = np.zeros(PIXELS), np.zeros(PIXELS)
    kept: list[Array] = []
    wanted = examples
    for name in TRAINING:
        records = read_records_of(Path(folder), name)
        if wanted:
            kept.append(records[:wanted].copy())
            wanted -= len(kept[-1])
        for block in np.array_split(records, 10):  # a block at a time in float64: 25 MB
            values = block[:, 1:] / 255
            total += values.sum(axis=0)
            squares += (values**2).sum(axis=0)
    count = len(TRAINING) * IMAGES
    mean = total / count
    spread = np.sqrt(np.maximum(squares / count - mean**2, 0))
    spread[spread < 1e-7] = np.inf
    chosen = np.concatenate(kept)
    return (chosen[:, 1:] / 255 - mean) / spread, one_hot(WHERE, chosen[:, 0].astype(np.int64), 10)


def read_records_of(folder: Path, name: str) -> Array:
    """The records of one file of the binary version.

    Args:
        folder: where it lies.
        name: of the file.

    Returns:
        Shape ``(10000, 3073)``, bytes, read from the file as they are needed.

    Raises:
        DomainError: it is missing, cannot be read, or is damaged.
    """
    path = folder / name
    # os.path answers False where pathlib raises: a name that is too long, or has a null byte
    if not os.path.isfile(path):
        there = "a folder without it" if os.path.isdir(folder) else f"no folder {folder.name[:60]!r}"
        raise DomainError.of(WHERE, f"{name} beside the others: {LAYOUT}", there, FIX)
    size = path.stat().st_size
    if size != IMAGES * RECORD:
        got = f"{name} of {size:,} bytes"
        fix = f"It is cut short or another version (python, matlab, CIFAR-100). {FIX}"
        raise DomainError.of(WHERE, f"{IMAGES:,} records of {RECORD} bytes, {IMAGES * RECORD:,}", got, fix)
    try:
        records = np.memmap(path, np.uint8, "r", shape=(IMAGES, RECORD))
    except OSError as error:
        raise DomainError.of(WHERE, f"a readable {name}", error.strerror or "no access", "Check it.") from error
    worst = int(np.argmax(records[:, 0]))
    if records[worst, 0] > 9:
        got = f"label {int(records[worst, 0])} in record {worst} of {name}"
        raise DomainError.of(
            WHERE, "labels 0 to 9 as the first byte of each record", got, f"The file is damaged. {FIX}"
        )
    return records
