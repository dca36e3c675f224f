"""How the benches time: contenders take turns in short rounds, and a ratio is that of two of one round.

Two sides measured at different moments can give any ratio on a busy machine, even one above a physical limit. Within a
round both meet the same machine; the median over rounds is the figure, and the spread says how far to trust it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

NOISY = 0.1
"""A spread above this marks a figure as noisy: it then neither passes nor fails."""


@dataclass(frozen=True)
class Ratio:
    """A figure measured several times.

    Attributes:
        median: the figure.
        spread: interquartile range over the median.
        rounds: how many rounds it comes from.
    """

    median: float
    spread: float
    rounds: int

    @classmethod
    def of(cls, samples: Iterable[float]) -> Ratio:
        """From its value in each round."""
        values = np.array(list(samples), dtype=float)
        low, middle, high = np.percentile(values, [25, 50, 75])
        return cls(float(middle), float((high - low) / abs(middle)), len(values))

    def __rtruediv__(self, number: float) -> Ratio:
        """A number over this figure; the spread stays the same to first order."""
        return Ratio(number / self.median, self.spread, self.rounds)

    def __mul__(self, number: float) -> Ratio:
        """This figure in other units."""
        return Ratio(number * self.median, self.spread, self.rounds)

    @property
    def noisy(self) -> bool:
        """Whether the rounds disagree too much to judge by it; one round tells nothing about that."""
        return self.rounds > 1 and self.spread > NOISY


@dataclass(frozen=True)
class Rounds:
    """Seconds of each contender in each round."""

    seconds: dict[str, np.ndarray[Any, np.dtype[np.float64]]]

    def ratio(self, above: str, below: str | Iterable[str]) -> Ratio:
        """Seconds of one contender over those of another (or of the fastest of several) in the same round."""
        names = [below] if isinstance(below, str) else list(below)
        return Ratio.of(self.seconds[above] / np.min([self.seconds[name] for name in names], axis=0))

    def taken(self, names: str | Iterable[str]) -> Ratio:
        """Seconds of one contender, or of the fastest of several."""
        return Ratio.of(np.min([self.seconds[name] for name in ([names] if isinstance(names, str) else names)], axis=0))


def take_turns(contenders: Mapping[str, Callable[[], object]], rounds: int = 7, warm: bool = True) -> Rounds:
    """Time contenders round after round, in turns.

    Args:
        contenders: name to what is timed.
        rounds: how many rounds.
        warm: whether each runs once before, untimed.

    Returns:
        Their seconds. Every other round goes backwards, so that no contender always follows the same one.
    """
    if warm:
        for run in contenders.values():
            run()
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name, run in list(contenders.items())[:: -1 if number % 2 else 1]:
            begun = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - begun)
    return Rounds({name: np.array(values) for name, values in seconds.items()})
