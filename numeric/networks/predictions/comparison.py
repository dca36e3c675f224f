"""A prediction beside its measurement, and for how many steps it stays within a stated error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ....symbolic.algebra.errors import DomainError
from ...runs.limits import check_count
from ..backends.backend import Array


@dataclass(frozen=True, eq=False)
class Comparison:
    """One predicted quantity beside the measured one.

    Attributes:
        name: what is compared: ``"parameters"``, ``"loss"``, ``"sharpness"``, ``"variance"``, ..
        how: what was smoothed, and in which unit the error is; a sentence.
        steps: gradient steps, shape ``(T,)``.
        predicted: shape ``(T,)``; nan where the prediction says nothing.
        measured: shape ``(T,)``.
        error: in the unit that ``how`` says, shape ``(T,)``.

    Raises:
        DomainError: arrays of different lengths.

    Source:
        The protocol of this package.

    Example:
        >>> import numpy as np
        >>> steps, seen = np.arange(5), np.ones(5)
        >>> told = np.array([1.0, 1.01, 1.02, 1.3, 1.0])
        >>> compared = es.networks.Comparison("loss", "relative", steps, told, seen, abs(told - seen))
        >>> compared.holds_for(0.1)
        2
    """

    name: str
    how: str
    steps: Array
    predicted: Array
    measured: Array
    error: Array

    def __post_init__(self) -> None:
        """Refuse arrays of different lengths."""
        shapes = {np.shape(a) for a in (self.steps, self.predicted, self.measured, self.error)}
        if len(shapes) > 1:
            raise DomainError.of("Comparison()", "arrays of one length", sorted(shapes), "One entry for each step.")

    def holds_for(self, tolerance: float, after: int = 0) -> int:
        """For how many steps, from the first compared, the error stays within a tolerance.

        Args:
            tolerance: largest error, above 0.
            after: steps before this one do not count.

        Returns:
            Steps until it is first exceeded or the prediction ends; the whole length if that does not happen; 0 if the
            first one is off already.

        Raises:
            DomainError: a tolerance that is not positive.
        """
        if not tolerance > 0:
            raise DomainError.of("holds_for()", "a tolerance above 0", tolerance, "Raise it.")
        steps, error = self.steps[self.steps >= after], self.error[self.steps >= after]
        if not len(steps):
            return 0
        # a nan is no agreement
        off = np.flatnonzero(~(error <= tolerance))
        last = len(steps) - 1 if not len(off) else max(int(off[0]) - 1, 0)
        return int(steps[last] - steps[0])

    @property
    def worst(self) -> float:
        """The largest error; nan if any is."""
        return float(np.max(self.error)) if len(self.error) else float("nan")

    @property
    def median(self) -> float:
        """The median error where both are known."""
        known = self.error[np.isfinite(self.error)]
        return float(np.median(known)) if len(known) else float("nan")


class Compared:
    """What predictions share: comparisons by name, and for how long they hold.

    Attributes:
        comparisons: by name.
    """

    comparisons: Mapping[str, Comparison]

    def holds_for(self, tolerance: float, of: str | None = None, after: int = 0) -> int:
        """For how many steps the prediction stays within a tolerance.

        Args:
            tolerance: largest error, in the unit that the comparison states.
            of: which comparison; all of them at once by default.
            after: steps before this one do not count.

        Returns:
            Steps.

        Raises:
            DomainError: an unknown comparison, or none was made.
        """
        names = list(self.comparisons) if of is None else [of]
        if not names or any(name not in self.comparisons for name in names):
            known = ", ".join(self.comparisons) or "none: give a run to compare with"
            raise DomainError.of("holds_for()", "a comparison that was made", of, f"There are: {known}.")
        return min(self.comparisons[name].holds_for(tolerance, after) for name in names)


def compare(name: str, how: str, steps: Array, predicted: Array, measured: Array, unit: float | Array) -> Comparison:
    """A comparison whose error is the distance over a unit, at the steps where something was measured.

    Args:
        name: what is compared.
        how: a sentence about smoothing and unit.
        steps: shape ``(T,)``.
        predicted: shape ``(T,)``.
        measured: shape ``(T,)``; steps at which it is nan (ends of a smoothing window) are left out.
        unit: what an error of 1 is.

    Returns:
        The comparison.
    """
    known = np.isfinite(measured)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.abs(predicted - measured) / unit
    return Comparison(name, how, steps[known], predicted[known], measured[known], error[known])


def largest(values: Array) -> float:
    """The largest size among values that are known; 0 if none is."""
    known = np.abs(values[np.isfinite(values)])
    return float(np.max(known, initial=0.0))


def two_step_mean(values: Array) -> Array:
    """Mean over the period of two steps: weights 1/4, 1/2, 1/4 along the first axis; nan at the ends.

    Args:
        values: shape ``(T, ..)``.

    Returns:
        Shape ``(T, ..)``.
    """
    found = np.full(values.shape, np.nan)
    if len(values) > 2:
        found[1:-1] = (values[:-2] + 2 * values[1:-1] + values[2:]) / 4
    return found


def smooth(values: Array, window: int) -> Array:
    """Centred moving mean over ``window`` steps (odd), shorter towards the ends; nan stays out of the mean.

    Args:
        values: shape ``(T,)``.
        window: odd, at least 1.

    Returns:
        Shape ``(T,)``; nan where the value itself is.

    Raises:
        DomainError: an even window.
    """
    if check_count("smooth()", "window", window) % 2 == 0:
        raise DomainError.of("smooth()", "an odd window of at least 1", window, "Add 1.")
    known = np.isfinite(values)
    ones = np.ones(window)
    total = np.convolve(np.where(known, values, 0.0), ones, "full")
    count = np.convolve(known.astype(float), ones, "full")
    half = window // 2
    cut = slice(half, half + len(values))
    with np.errstate(invalid="ignore"):
        return np.where(known, total[cut] / np.maximum(count[cut], 1.0), np.nan)
