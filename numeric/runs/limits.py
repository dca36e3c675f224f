"""Before a run: counts, numbers and memory that it may have, refused with what to do; one thread for each process."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from ...symbolic.algebra.errors import DomainError


def refuse(where: str, expected: str, got: object, fix: str) -> NoReturn:
    """Raise a DomainError in the house form.

    Args:
        where: function that refuses.
        expected: what it needs.
        got: what it was given.
        fix: what the caller can do.

    Raises:
        DomainError: always.
    """
    raise DomainError.of(where, expected, got, fix)


MOST = 10**15
"""The largest count that any argument may have: beyond it sizes leave the machine's integers."""


LARGEST = 1e100
"""The largest number that any argument may have: powers of it are still numbers."""


def check_count(where: str, name: str, value: Any, minimum: int = 1) -> int:
    """An integer no smaller than ``minimum``.

    Args:
        where: function that asks.
        name: of the argument, for the message.
        value: what the user gave.
        minimum: smallest accepted.

    Returns:
        The value as int.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < minimum:
        refuse(where, f"{name} as an integer of at least {minimum}", repr(value), f"Pass {name} >= {minimum}.")
    if int(value) > MOST:
        refuse(where, f"{name} of at most {MOST}", repr(value), "It would take longer than anyone can wait.")
    return int(value)


def check_seed(where: str, seed: Any, name: str = "seed") -> int:
    """A seed (or the number of a sample): an integer that is not negative, of any size.

    Args:
        where: function that asks.
        seed: what the user gave.
        name: of the argument, for the message.

    Returns:
        The value as int.
    """
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral) or seed < 0:
        refuse(where, f"{name} as an integer of at least 0", repr(seed), f"Pass {name} >= 0.")
    return int(seed)


def check_positive(where: str, name: str, value: Any) -> float:
    """A finite positive number as float.

    Args:
        where: function that asks.
        name: of the argument, for the message.
        value: what the user gave.

    Returns:
        The value.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or value <= 0 or not value < math.inf:
        refuse(where, f"{name} as a finite number above 0", repr(value), f"Pass {name} > 0.")
    if not value <= LARGEST:  # integers and fractions beyond all floats are compared as they are
        refuse(where, f"{name} of at most {LARGEST:g}", repr(value), "Its powers would overflow.")
    return float(value)


def check_range(where: str, name: str, value: Any) -> tuple[float, float]:
    """The first and last of an axis: two finite numbers, the first below the last.

    Args:
        where: function that asks.
        name: of the argument, for the message.
        value: what the user gave.

    Returns:
        The two as floats.
    """
    pair = check_pair(where, name, value)
    # integers and fractions beyond all floats are compared as they are
    real = all(isinstance(v, numbers.Real) and v <= LARGEST and not v < -LARGEST for v in pair)
    first, last = map(float, pair) if real else (0.0, 0.0)
    if not first < last:
        refuse(where, f"{name} as two finite numbers, the first below the last", repr(value), f"Change {name}.")
    return first, last


def check_pair(where: str, name: str, value: Any) -> tuple[Any, Any]:
    """Two of anything, which the caller reads.

    Args:
        where: function that asks.
        name: of the argument, for the message.
        value: what the user gave.

    Returns:
        The two.
    """
    if isinstance(value, str) or not hasattr(value, "__len__") or len(value) != 2:
        refuse(where, f"{name} as pairs", repr(value), "Give two values each.")
    first, second = value
    return first, second


def check_points(where: str, value: Any, most: int = 4096) -> int:
    """The number of points of an axis of a grid: at least 2, at most what a figure can use.

    Args:
        where: function that asks.
        value: what the user gave.
        most: largest accepted.

    Returns:
        The value as int.
    """
    points = check_count(where, "points", value, 2)
    if points > most:
        refuse(where, f"at most {most} points", points, "Lower points.")
    return points


def available_memory() -> int:
    """Bytes of memory that can be had without swapping; all of it where the system does not say more."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check_memory(where: str, needed: int, what: str, fix: str, limit: int | None = None) -> None:
    """Refuse before an allocation that cannot fit.

    Args:
        where: function that asks.
        needed: bytes needed.
        what: what needs them.
        fix: what the caller can do.
        limit: bytes; default nine tenths of what is available.

    Raises:
        DomainError: it needs more.
    """
    have = limit or int(0.9 * available_memory())
    if needed > have:
        got = f"{needed / 2**30:.1f} GiB for {what}"
        raise DomainError.of(where, f"at most {have / 2**30:.1f} GiB of memory", got, fix)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Tell the linear algebra of child processes to use one thread, unless the user said otherwise.

    The processes are the parallelism; threads inside them would only wait for one another.
    """
    names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
    unset = [name for name in names if not os.environ.get(name)]
    os.environ.update(dict.fromkeys(unset, "1"))
    try:
        yield
    finally:
        for name in unset:
            os.environ.pop(name, None)
